/* event_test.c: messages as events of a stream: which lines data has, and the chunk around. */
#include "lib/node/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/node/message.h"
#include "tests/unit/tap.h"

#define ID "id: 7-3\n"

static const struct stream_id id = {7, 3};

/* Writes an event whose data ends at a guard page. */
static void
check_event(const char *data, size_t len, const char *want, const char *name)
{
	char *guarded = tap_guard(data, len);
	struct buf b;

	buf_init(&b, 4096);
	tap_ok(event_write(&b, id, (struct slice){guarded, len}) == 0, "%s: written", name);
	tap_bytes(b.data, b.len, want, strlen(want), name);
	buf_release(&b);
	tap_guard_free(guarded, len);
}

static void
test_lines(void)
{
	static const struct {
		const char *data, *want, *name;
	} rows[] = {
		{"hello", ID "data: hello\n\n", "one line"},
		{"", ID "data: \n\n", "nothing is still an event"},
		{" two spaces ", ID "data:  two spaces \n\n", "spaces are kept"},
		{"a\nb", ID "data: a\ndata: b\n\n", "LF"},
		{"a\rb", ID "data: a\ndata: b\n\n", "CR"},
		{"a\r\nb", ID "data: a\ndata: b\n\n", "CR LF"},
		{"a\n\rb", ID "data: a\ndata: \ndata: b\n\n", "LF CR are two"},
		{"a\r\r\nb", ID "data: a\ndata: \ndata: b\n\n", "CR, CR LF"},
		{"a\n", ID "data: a\ndata: \n\n", "LF at the end"},
		{"a\r", ID "data: a\ndata: \n\n", "CR at the end"},
		{"a\r\n", ID "data: a\ndata: \n\n", "CR LF at the end"},
		{"\n\n", ID "data: \ndata: \ndata: \n\n", "only line ends"},
		{"data: x\nid: 9", ID "data: data: x\ndata: id: 9\n\n", "no field gets through"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_event(rows[i].data, strlen(rows[i].data), rows[i].want, rows[i].name);
}

static void
test_nul(void)
{
	struct buf b;

	buf_init(&b, 100);
	tap_ok(event_write(&b, id, (struct slice){"a\0\nb", 4}) == 0, "with a NUL");
	tap_bytes(b.data, b.len, ID "data: a\0\ndata: b\n\n", sizeof ID - 1 + 18,
	    "a NUL is no line end");
	buf_release(&b);
}

static void
test_position(void)
{
	struct buf b;

	buf_init(&b, 100);
	tap_ok(event_write_position(&b, id) == 0, "a position");
	tap_bytes(b.data, b.len, ID "\n", sizeof ID, "an id, and nothing to dispatch");
	buf_release(&b);
}

static void
test_full(void)
{
	struct buf b;

	buf_init(&b, 20);
	tap_ok(event_write(&b, id, slice_of("longer than that")) != 0, "too small for an event");
	buf_release(&b);
	buf_init(&b, 5);
	tap_ok(event_write_position(&b, id) != 0, "too small for a position");
	buf_release(&b);
}

/* A megabyte of line ends becomes seven, and in one pass. */
static void
test_many_lines(void)
{
	size_t len = 1 << 20;
	char *data = malloc(len);
	struct buf b;

	memset(data, '\r', len);
	buf_init(&b, 16 << 20);
	tap_ok(event_write(&b, id, (struct slice){data, len}) == 0, "a megabyte of CR");
	tap_int((long long)b.len, (long long)(sizeof ID - 1 + 7 * (len + 1) + 1),
	    "a line for each, and one");
	buf_release(&b);
	free(data);
}

static void
check_forms(const char *data, const char *chunk_head)
{
	struct message *m = message_new(id, slice_of("room"), slice_of("n1/a/1/1"),
	    slice_of(data));
	size_t chunk_len, event_len, head_len = strlen(chunk_head);
	const uint8_t *event = message_bytes(m, MESSAGE_EVENT, &event_len);
	const uint8_t *chunk = message_bytes(m, MESSAGE_CHUNK, &chunk_len);

	tap_int((long long)chunk_len, (long long)(head_len + event_len + 2), "size of the chunk");
	tap_bytes(chunk, head_len, chunk_head, head_len, "its head");
	tap_ok(chunk + head_len == event, "the event is within the chunk");
	tap_bytes(event + event_len, 2, "\r\n", 2, "its end");
	tap_int(strtol((const char *)chunk, NULL, 16), (long long)event_len, "the size it tells");
	message_unref(m);
}

static void
test_forms(void)
{
	char long_data[5001];

	check_forms("hi", "12\r\n");
	check_forms("", "10\r\n");
	memset(long_data, 'x', sizeof long_data - 1);
	long_data[sizeof long_data - 1] = '\0';
	check_forms(long_data, "1398\r\n");
	memset(long_data, '\n', sizeof long_data - 1);
	check_forms(long_data, "88c8\r\n");
}

int
main(void)
{
	test_lines();
	test_nul();
	test_position();
	test_full();
	test_many_lines();
	test_forms();
	return tap_done();
}
