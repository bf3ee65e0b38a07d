/* sse_test.c: event streams (HTML Living Standard, 9.2.6).
 *
 * A vector is a stream and the trace it must leave, such as
 *     "message{first}#1 | :{ a comment} | retry{3000} | add{x} | within | last#1"
 * where # is the id that is in force with an event, "within" an event that was cut, and "last" the
 * id that a reconnection would name; a NUL is shown as '^'. Each comes in every way of pieces.h. */
#include "lib/codec/sse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "tests/unit/pieces.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MAX = 5000 };               /* the maximum unless a test is about it */

struct run {
	struct sse_reader reader;
	struct buf *trace;
	bool sound;                /* no promise of the header was broken on the way */
};

static void
trace_part(struct run *run, const char *before, struct slice part, const char *after)
{
	buf_add_text(run->trace, before);
	if (part.len <= 200)
		buf_add(run->trace, part.data, part.len);
	else
		buf_addf(run->trace, "%.3s*%zu", part.data, part.len);
	buf_add_text(run->trace, after);
}

static void
trace_item(struct run *run, const struct sse_item *item)
{
	if (run->trace->len > 0)
		buf_add_text(run->trace, " | ");
	switch (item->kind) {
	case SSE_ITEM_NONE:
		break;
	case SSE_ITEM_EVENT:
		trace_part(run, "", item->type, "");
		trace_part(run, "{", item->text, "}");
		if (item->id.len > 0)
			trace_part(run, "#", item->id, "");
		break;
	case SSE_ITEM_COMMENT:
		trace_part(run, ":{", item->text, "}");
		break;
	case SSE_ITEM_RETRY:
		buf_addf(run->trace, "retry{%llu}", (unsigned long long)item->retry_ms);
		break;
	}
}

static bool
same_slice(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static ssize_t
feed(void *ctx, const char *bytes, size_t len)
{
	struct run *run = ctx;
	const uint8_t *data = (const uint8_t *)bytes;
	size_t left = len;
	struct sse_item item;
	struct err e = {0};

	do {
		ssize_t n = sse_next(&run->reader, data, left, &item, &e);

		if (n < 0) {
			buf_addf(run->trace, "%s%s", run->trace->len > 0 ? " | " : "",
			    err_class_name(e.class));
			return -1;
		}
		run->sound = run->sound && (size_t)n <= left && (n > 0 || left == 0) &&
		    (item.kind != SSE_ITEM_NONE || (size_t)n == left);
		if (item.kind != SSE_ITEM_NONE) {
			trace_item(run, &item);
			run->sound = run->sound &&
			    same_slice(item.id, sse_last_id(&run->reader));
		}
		data += n;
		left -= (size_t)n;
	} while (item.kind != SSE_ITEM_NONE);
	return (ssize_t)len;
}

/* ctx: the id of a connection before. */
static void
play(const void *ctx, struct slice stream, struct pieces how, struct buf *trace)
{
	struct run run = {.trace = trace, .sound = true};

	if (sse_init(&run.reader, MAX, slice_of(ctx)) != 0)
		run.sound = false;
	if (pieces_feed(stream, how, feed, &run) && sse_within_event(&run.reader))
		buf_addf(trace, "%swithin", trace->len > 0 ? " | " : "");
	if (sse_last_id(&run.reader).len > 0)
		trace_part(&run, trace->len > 0 ? " | last#" : "last#",
		    sse_last_id(&run.reader), "");
	for (size_t i = 0; i < trace->len; i++)
		if (trace->data[i] == '\0')
			trace->data[i] = '^';
	if (!run.sound)
		buf_addf(trace, " (a promise broken)");
	sse_release(&run.reader);
}

static void
check_bytes(const char *data, size_t len, const char *id, const char *want, const char *name)
{
	pieces_check(play, id, (struct slice){data, len}, want, name);
}

struct vector {
	const char *name, *data, *want;
	size_t len;                /* 0: up to the NUL */
};

static void
check_all(const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_bytes(vectors[i].data, vectors[i].len > 0 ? vectors[i].len :
		    strlen(vectors[i].data), "", vectors[i].want, vectors[i].name);
}

/* A stream with NULs in it. */
#define BYTES(name, data, want) {name, data, want, sizeof(data) - 1}

static void
test_examples(void)
{
	static const struct vector vectors[] = {
		{"the standard: a message, lines joined",
		    "data: YHOO\ndata: +2\ndata: 10\n\n", "message{YHOO\n+2\n10}", 0},
		{"the standard: four blocks, the last without its blank line",
		    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
		    "data:  third event\n",
		    ":{ test stream} | message{first event}#1 | message{second event} | within",
		    0},
		{"the standard: four blocks, complete",
		    ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
		    "data:  third event\n\n",
		    ":{ test stream} | message{first event}#1 | message{second event} | "
		    "message{ third event}",
		    0},
		{"the standard: no data, an LF for data, and one that is cut",
		    "data\n\ndata\ndata\n\ndata:", "message{} | message{\n} | within", 0},
		{"the standard: one space is dropped", "data:test\n\ndata: test\n\n",
		    "message{test} | message{test}", 0},
		{"the introduction: one, two lines",
		    "data: This is the first message.\n\ndata: This is the second message, it\n"
		    "data: has two lines.\n\ndata: This is the third message.\n\n",
		    "message{This is the first message.} | "
		    "message{This is the second message, it\nhas two lines.} | "
		    "message{This is the third message.}",
		    0},
		{"the introduction: types",
		    "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"
		    "event: add\ndata: 113411\n\n",
		    "add{73857293} | remove{2153} | add{113411}", 0},
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_lines(void)
{
	static const struct vector vectors[] = {
		{"nothing at all", "", "", 0},
		{"blank lines only", "\n\r\r\n\n\r\n", "", 0},
		{"lines end in CR LF", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
		    "message{a\nb} | message{c}", 0},
		{"lines end in CR", "data: a\rdata: b\r\rdata: c\r\r",
		    "message{a\nb} | message{c}", 0},
		{"all ends in one stream", "data:a\r\ndata\ndata:b\r\n\r\rdata:c\n\rdata:d\r\r\n",
		    "message{a\n\nb} | message{c} | message{d}", 0},
		{"LF CR is two ends", "data:a\n\rdata:b\n\r", "message{a} | message{b}", 0},
		{"CR CR LF is two ends", "data:a\r\r\ndata:b\r\r\n", "message{a} | message{b}", 0},
		{"CR LF LF is two ends", "data:a\r\n\ndata:b\r\n\n", "message{a} | message{b}", 0},
		{"CR LF is one end", "data:a\r\ndata:b\r\n", "within", 0},
		{"an event is complete with its last CR", "data:a\r\r", "message{a}", 0},
		{"or with the CR of a CR LF", "data:a\r\n\r", "message{a}", 0},
		{"an LF at the start is a blank line", "\ndata:a\n\n", "message{a}", 0},
		{"a vertical tab, a form feed and U+2028 end nothing",
		    "data:a\vb\fc\xe2\x80\xa8" "d\xc2\x85" "e\n\n",
		    "message{a\vb\fc\xe2\x80\xa8" "d\xc2\x85" "e}", 0},
		{"many blank lines", "\n\n\ndata:a\n\n\n\n\ndata:b\n\n\n",
		    "message{a} | message{b}", 0},
		{"a line that is cut", "data:a\n\nda", "message{a}", 0},
		{"a field of data that is cut in its name", "data", "within", 0},
		{"a line that only looks like data so far", "database", "", 0},
		{"an event that is cut behind its line", "data:a\n\ndata:b\r",
		    "message{a} | within", 0},
		{"a comment that is cut", "data:a\n\n:b", "message{a}", 0},
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_start(void)
{
	static const struct vector vectors[] = {
		{"a byte order mark", "\xef\xbb\xbf" "data:a\n\n", "message{a}", 0},
		{"a byte order mark and nothing", "\xef\xbb\xbf", "", 0},
		{"a byte order mark and a comment", "\xef\xbb\xbf:a\n", ":{a}", 0},
		{"a second byte order mark is part of the line",
		    "\xef\xbb\xbf\xef\xbb\xbf" "data:a\n\ndata:b\n\ndata:c\n\n",
		    "message{b} | message{c}", 0},
		{"a byte order mark later is part of the line",
		    "\xef\xbb\xbf" "data:a\n\n\xef\xbb\xbf" "data:b\n\ndata:c\n\n",
		    "message{a} | message{c}", 0},
		{"a byte order mark behind a blank line", "\n\xef\xbb\xbf" "data:a\n\n", "", 0},
		{"a byte order mark in data", "data:\xef\xbb\xbf" "a\n\n",
		    "message{\xef\xbb\xbf" "a}", 0},
		{"half a byte order mark", "\xef\xbb" "data:a\ndata:b\n\n", "message{b}", 0},
		{"a third of one", "\xef" "data:a\ndata:b\n\n", "message{b}", 0},
		{"half of one, then a blank line", "\xef\xbb\n\ndata:b\n\n", "message{b}", 0},
		{"half of one, then a whole one", "\xef\xbb\xef\xbb\xbf" "data:a\n\ndata:b\n\n",
		    "message{b}", 0},
		{"the mark of UTF-16", "\xfe\xff" "data:a\n\ndata:b\n\n", "message{b}", 0},
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_fields(void)
{
	static const struct vector vectors[] = {
		{"data, empty in three ways", "data:\n\ndata\n\ndata: \n\n",
		    "message{} | message{} | message{}", 0},
		{"data, without and with a colon", "data\ndata:\ndata: \ndata:x\n\n",
		    "message{\n\n\nx}", 0},
		{"only one space is dropped", "data:   a \n\n", "message{  a }", 0},
		{"a tab is kept", "data:\ta\ndata: \tb\n\n", "message{\ta\n\tb}", 0},
		{"a no-break space is kept", "data:\xc2\xa0" "a\n\n", "message{\xc2\xa0" "a}", 0},
		{"the value may have colons", "data:a:b\ndata::\ndata: :c\n\n",
		    "message{a:b\n:\n:c}", 0},
		{"names have case", "Data:a\nDATA:b\ndata:c\nEvent:d\nID:e\nRetry:5\n\n",
		    "message{c}", 0},
		{"names are taken as they stand",
		    " data:a\ndata :b\nda-ta:c\ndata_d\ndatae:f\ndat:g\n\ndata:h\n\n",
		    "message{h}", 0},
		{"unknown fields",
		    "data:a\nfoo:bar\njust words\nfoo\n{}\ndata\nidx:1\ni:2\nevents:3\ndata:b\n\n",
		    "message{a\n\nb}", 0},
		{"fields in another order", "data:a\nevent:b\nid:c\n\n", "b{a}#c | last#c", 0},
		{"event", "event:a\ndata:b\n\ndata:c\n\n", "a{b} | message{c}", 0},
		{"event, empty in three ways",
		    "event:\ndata:a\n\nevent\ndata:b\n\nevent: \ndata:c\n\n",
		    "message{a} | message{b} | message{c}", 0},
		{"the last event of an event counts", "event:a\nevent:b\ndata:c\n\n", "b{c}", 0},
		{"an empty event takes the one before back", "event:a\ndata:c\nevent\n\n",
		    "message{c}", 0},
		{"event is reset by a blank line without data", "event:a\n\ndata:b\n\n",
		    "message{b}", 0},
		{"event keeps its spaces but one", "event:  a b \ndata:c\n\n", " a b {c}", 0},
		{"an event named message", "event:message\ndata:a\n\n", "message{a}", 0},
		{"no data, no event", "event:a\nid:1\n\n:b\n", ":{b} | last#1", 0},
		{"an event between comments", ":\ndata:a\n:b\ndata:c\n: d \n\n::e\n",
		    ":{} | :{b} | :{ d } | message{a\nc} | :{:e}", 0},
		{"a comment that looks like data", "data:a\n:data:b\n\n", ":{data:b} | message{a}",
		    0},
		{"names and comments apart", "event:x\n:b\nid:1\n:c\ndata:d\n:e\n\n",
		    ":{b} | :{c} | :{e} | x{d}#1 | last#1", 0},
		{"events one after the other without type or id",
		    "event:x\nid:7\ndata:1\n\ndata:2\n\nevent:y\ndata:3\n\n",
		    "x{1}#7 | message{2}#7 | y{3}#7 | last#7", 0},
		BYTES("NULs in data", "data:\0\n\n\n\n", "message{^}"),
		BYTES("NULs in names and values",
		    "data:\0\ndata:  2\rdata\0:2\ndata:1\r\0data:4\ndata:\r\n data:3\ndata:4\n\n",
		    "message{^\n 2\n1\n\n4}"),
		BYTES("NULs in a type and a comment", "event:a\0b\ndata:c\n:\0\n\n",
		    ":{^} | a^b{c}"),
		{"UTF-8", "data:ok\xe2\x80\xa6\nevent:\xf0\x9f\x98\x80\nid:\xc3\xa9\n\n",
		    "\xf0\x9f\x98\x80{ok\xe2\x80\xa6}#\xc3\xa9 | last#\xc3\xa9", 0},
		{"bytes that are not UTF-8 are kept", "data:\xff\xc3(\x80\n\n",
		    "message{\xff\xc3(\x80}", 0},
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_ids(void)
{
	static const struct vector vectors[] = {
		{"an id stays in force", "id:1\ndata:a\n\ndata:b\n\n",
		    "message{a}#1 | message{b}#1 | last#1", 0},
		{"an id of more than digits", "id:  a:\"b \ndata:a\n\n",
		    "message{a}# a:\"b  | last# a:\"b ", 0},
		{"id, empty in three ways",
		    "id:1\ndata:a\n\nid\ndata:b\n\nid:2\ndata:c\n\nid:\ndata:d\n\nid:3\ndata:e\n\n"
		    "id: \ndata:f\n\n",
		    "message{a}#1 | message{b} | message{c}#2 | message{d} | message{e}#3 | "
		    "message{f}", 0},
		{"the last id of an event counts", "id:1\nid:2\ndata:a\n\n",
		    "message{a}#2 | last#2", 0},
		{"an id without data counts", "id:1\n\ndata:a\n\n", "message{a}#1 | last#1", 0},
		{"an id alone counts", "id:1\n\n", "last#1", 0},
		{"an id of an event that is cut does not", "id:1\ndata:a\n\nid:2\ndata:b\n",
		    "message{a}#1 | within | last#1", 0},
		{"nor one before its blank line", "id:1\n", "", 0},
		{"nor does it count early for a comment", "id:1\n:a\n\nid:2\nretry:5\n",
		    ":{a} | retry{5} | last#1", 0},
		BYTES("an id with a NUL is ignored", "id:1\ndata:a\n\nid:2\0\ndata:b\n\n",
		    "message{a}#1 | message{b}#1 | last#1"),
		BYTES("an id that is a NUL is ignored", "id:\0\ndata:b\n\n", "message{b}"),
		BYTES("an id with a NUL does not take another back", "id:1\nid:\0002\ndata:a\n\n",
		    "message{a}#1 | last#1"),
	};

	check_all(vectors, COUNT(vectors));
	check_bytes("data:a\n\n", 8, "before", "message{a}#before | last#before",
	    "the id of a connection before stays in force");
	check_bytes("data:a\n", 7, "before", "within | last#before", "also if all is cut");
	check_bytes("id:2\ndata:a\n\n", 13, "before", "message{a}#2 | last#2",
	    "until the server names another");
	check_bytes("id\ndata:a\n\n", 11, "before", "message{a}", "or takes it back");
	check_bytes("id:2\ndata:a\n", 12, "before", "within | last#before", "with a blank line");
}

static void
test_retry(void)
{
	static const struct vector vectors[] = {
		{"retry", "retry:3000\n\nretry: 03\n", "retry{3000} | retry{3}", 0},
		{"retry within an event", "data:a\nretry:1\ndata:b\nretry:2\n\n",
		    "retry{1} | retry{2} | message{a\nb}", 0},
		{"retry needs no blank line", "retry:0\n", "retry{0}", 0},
		{"retry needs the end of its line", "retry:10", "", 0},
		{"retry, empty in three ways", "retry:\nretry\nretry: \ndata:a\n\n",
		    "message{a}", 0},
		{"retry that is no number",
		    "retry:1000x\nretry:-1\nretry:+1\nretry:1.5\nretry:1e3\nretry:0x1\nretry:1 \n"
		    "retry:  1\nretry:\t1\nretry:\xd9\xa1\n",
		    "", 0},
		{"retry beyond all measure",
		    "retry:18446744073709\nretry:18446744073710\nretry:18446744073709551617\n"
		    "retry:100000000000000000000000000000000000000000000000\n",
		    "retry{18446744073709} | retry{18446744073709} | retry{18446744073709} | "
		    "retry{18446744073709}", 0},
		{"retry beyond all measure that is no number",
		    "retry:100000000000000000000000000000000000000000000000x\n", "", 0},
		BYTES("retry with a NUL", "retry:10\0\n", ""),
	};

	check_all(vectors, COUNT(vectors));
}

static void
check_long(const char *before, size_t count, const char *after, const char *want,
    const char *name)
{
	pieces_check_long(play, "", before, count, after, want, name);
}

static void
test_limits(void)
{
	check_long("data: ", MAX, "\n\n", "message{xxx*5000}", "the longest event");
	check_long("data: ", MAX + 1, "\n\n", "limit", "a longer one");
	check_long("data:", MAX + 1, "\n\n", "limit", "a longer one without a space");
	check_long("data:a\n\ndata: ", MAX + 2, "", "message{a} | limit",
	    "a line without an end");
	check_long("data:\ndata: ", MAX - 1, "\n\n", "message{\nxx*5000}",
	    "the longest event of two lines");
	check_long("data:\ndata: ", MAX, "\n\n", "limit", "a longer one");
	check_long("data:a\n\ndata:", MAX, "\n\ndata:b\n\n",
	    "message{a} | message{xxx*5000} | message{b}", "each event has its own maximum");
	check_long("data:a\n:", MAX, "\nfoo:b\n\n", ":{xxx*5000} | message{a}",
	    "a long comment within an event");
	check_long(":", MAX + 7, "\n", "limit", "a longer comment");
	check_long(":", MAX + 7, "", "limit", "a longer comment without an end");
	check_long("event: ", MAX, "\ndata:a\n\n", "xxx*5000{a}", "the longest type");
	check_long("event: ", MAX + 1, "\ndata:a\n\n", "limit", "a longer one");
	check_long("foo:", MAX + 3, "\ndata:a\n\n", "message{a}", "the longest unknown field");
	check_long("foo:", MAX + 4, "\ndata:a\n\n", "limit", "a longer one");
	check_long("", MAX + 8, "", "limit", "no field at all, without an end");
}

static void
test_long_ids(void)
{
	struct sse_reader r;
	struct sse_item item;
	struct err e = {0};
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_add_text(&b, "id:");
	memset(buf_reserve(&b, SSE_ID_MAX + 2), 'x', SSE_ID_MAX + 2);
	b.len += SSE_ID_MAX;
	buf_add_text(&b, "\ndata:a\n\n");
	tap_ok(sse_init(&r, 1 << 20, slice_of("")) == 0 &&
	    sse_next(&r, b.data, b.len, &item, &e) == (ssize_t)b.len &&
	    item.kind == SSE_ITEM_EVENT && item.id.len == SSE_ID_MAX, "the longest id");
	sse_release(&r);
	memset(b.data + 3, 'x', SSE_ID_MAX + 1);
	tap_ok(sse_init(&r, 1 << 20, slice_of("")) == 0 &&
	    sse_next(&r, b.data, b.len, &item, &e) == -1 && e.class == ERR_LIMIT, "a longer one");
	sse_release(&r);
	b.data[b.len - 30] = '\0';
	tap_ok(sse_init(&r, 1 << 20, slice_of("")) == 0 &&
	    sse_next(&r, b.data, b.len, &item, &e) > 0, "a longer one with a NUL is ignored");
	sse_release(&r);
	tap_ok(sse_init(&r, 100, (struct slice){(char *)b.data, SSE_ID_MAX + 1}) == -1,
	    "a longer one from before");
	sse_release(&r);
	buf_release(&b);
}

/* A line that never ends, in pieces: it fails in time and holds no more than it may. */
static void
check_bounded(const char *start, size_t max, const char *name)
{
	struct sse_reader r;
	struct sse_item item;
	struct err e = {0};
	uint8_t piece[100];
	size_t fed = 0, held = 0;
	ssize_t n;

	sse_init(&r, max, slice_of(""));
	sse_next(&r, (const uint8_t *)start, strlen(start), &item, &e);
	memset(piece, 'x', sizeof piece);
	do {
		n = sse_next(&r, piece, sizeof piece, &item, &e);
		fed += n > 0 ? (size_t)n : 0;
		held = r.line.cap > held ? r.line.cap : held;
	} while (n > 0 && fed < 1 << 20);
	tap_ok(n == -1 && e.class == ERR_LIMIT && fed <= max + 7 && held <= max + 7,
	    "%s without an end fails in time (%zu bytes fed, %zu held)", name, fed, held);
	sse_release(&r);
}

static bool
holds_nothing(const struct sse_reader *r)
{
	return r->line.data == NULL && r->data.data == NULL && r->type.data == NULL;
}

static void
test_memory(void)
{
	static const char two[] = "event:a\nid:1\ndata:b\n\ndata:c\ndata:d\n\ndata:e";
	const uint8_t *data = (const uint8_t *)two;
	struct sse_reader r;
	struct sse_item item;
	ssize_t n;

	sse_init(&r, 100, slice_of(""));
	tap_ok(sizeof r <= 192, "a reader is small: %zu bytes", sizeof r);
	n = sse_next(&r, data, sizeof two - 1, &item, NULL);
	tap_ok(n == 21 && item.text.data == two + 18 && item.type.data == two + 6 &&
	    holds_nothing(&r), "an event that lies whole in the bytes is lent from there");
	data += n;
	sse_next(&r, data, 15, &item, NULL);
	tap_ok(slice_eq(item.text, "c\nd") && !holds_nothing(&r), "lines are joined");
	sse_next(&r, data, 0, &item, NULL);
	tap_ok(item.kind == SSE_ITEM_NONE && holds_nothing(&r),
	    "which is given back with the next call");
	sse_next(&r, data + 15, 6, &item, NULL);
	tap_ok(!holds_nothing(&r) && sse_within_event(&r), "a line that is cut is kept");
	sse_next(&r, (const uint8_t *)"\n\n", 2, &item, NULL);
	tap_ok(slice_eq(item.text, "e") && !sse_within_event(&r), "until its event is told");
	sse_next(&r, (const uint8_t *)"event:x\n", 8, &item, NULL);
	tap_ok(!holds_nothing(&r), "so is a type");
	sse_next(&r, (const uint8_t *)"\n:", 2, &item, NULL);
	sse_next(&r, (const uint8_t *)"\n", 1, &item, NULL);
	sse_next(&r, NULL, 0, &item, NULL);
	tap_ok(holds_nothing(&r), "between events nothing is held");
	sse_release(&r);
	check_bounded("data:", 1000, "data");
	check_bounded("data:a\ndata:", 1000, "more data");
	check_bounded(":", 1000, "a comment");
	check_bounded("id:", 1000, "an id");
	check_bounded("", 1000, "a line");
	check_bounded("", 0, "a line where none may be");
}

int
main(void)
{
	test_examples();
	test_lines();
	test_start();
	test_fields();
	test_ids();
	test_retry();
	test_limits();
	test_long_ids();
	test_memory();
	return tap_done();
}
