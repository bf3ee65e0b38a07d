/* sse_fuzz.c: an event stream gives the items that a slow reader by the letter of the standard
 * finds in it, however reads cut it, and every item keeps the promises of sse.h.
 *
 * The first byte seeds the cuts, the second is the maximum (0: as good as none); the rest is the
 * stream. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/sse.h"
#include "tests/fuzz/fuzz.h"

enum { PLENTY = 1 << 20 };

/* --- what the stream comes to, as a log -------------------------------------------------- */

static void
log_part(struct buf *log, const void *data, size_t len)
{
	buf_addf(log, " %zu:", len);
	buf_add(log, data, len);
}

static void
log_event(struct buf *log, struct slice type, struct slice text, struct slice id)
{
	buf_addf(log, "event");
	log_part(log, type.data, type.len);
	log_part(log, text.data, text.len);
	log_part(log, id.data, id.len);
	buf_addf(log, "\n");
}

static void
log_comment(struct buf *log, struct slice text)
{
	buf_addf(log, "comment");
	log_part(log, text.data, text.len);
	buf_addf(log, "\n");
}

static void
log_retry(struct buf *log, uint64_t ms)
{
	buf_addf(log, "retry %llu\n", (unsigned long long)ms);
}

static void
log_end(struct buf *log, struct slice last_id, bool has_data)
{
	buf_addf(log, "end %d", has_data);
	log_part(log, last_id.data, last_id.len);
}

/* --- by the letter ----------------------------------------------------------------------- */

struct letter {
	struct buf *log;
	struct buf data, type, id, last_id;
	size_t max;
	bool over;                 /* something is beyond its maximum */
};

static struct slice
text_of(const struct buf *b)
{
	return (struct slice){b->data != NULL ? (char *)b->data : "", b->len};
}

static void
assign(struct buf *to, struct slice value)
{
	to->len = 0;
	buf_add(to, value.data, value.len);
}

/* "Dispatch the event". */
static void
letter_dispatch(struct letter *l)
{
	assign(&l->last_id, text_of(&l->id));
	if (l->data.len > 0) {
		l->data.len--;             /* the LF at its end */
		log_event(l->log, l->type.len > 0 ? text_of(&l->type) : slice_of("message"),
		    text_of(&l->data), text_of(&l->last_id));
	}
	l->data.len = 0;
	l->type.len = 0;
}

static void
letter_retry(struct letter *l, struct slice value)
{
	long double ms = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (strchr("0123456789", value.data[i]) == NULL || value.data[i] == '\0')
			return;
		ms = ms * 10 + (value.data[i] - '0');
	}
	if (value.len > 0)
		log_retry(l->log, ms < (long double)SSE_RETRY_MAX ? (uint64_t)ms :
		    SSE_RETRY_MAX);
}

/* "Process the field". */
static void
letter_field(struct letter *l, struct slice name, struct slice value)
{
	if (slice_eq(name, "event")) {
		assign(&l->type, value);
	} else if (slice_eq(name, "data")) {
		l->over = l->data.len + value.len > l->max;
		buf_add(&l->data, value.data, value.len);
		buf_add(&l->data, "\n", 1);
	} else if (slice_eq(name, "id") && memchr(value.data, 0, value.len) == NULL) {
		assign(&l->id, value);
	} else if (slice_eq(name, "retry")) {
		letter_retry(l, value);
	}
}

static void
letter_line(struct letter *l, struct slice line)
{
	size_t colon = 0, value;

	while (colon < line.len && line.data[colon] != ':')
		colon++;
	value = colon < line.len ? colon + 1 : colon;
	if (line.len == 0) {
		letter_dispatch(l);
	} else if (colon == 0) {
		log_comment(l->log, (struct slice){line.data + 1, line.len - 1});
	} else {
		if (value < line.len && line.data[value] == ' ')
			value++;
		letter_field(l, (struct slice){line.data, colon},
		    (struct slice){line.data + value, line.len - value});
	}
}

static void
letter_read(struct buf *log, size_t max, const char *data, size_t len)
{
	struct letter l = {.log = log, .max = max};
	size_t at = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, start = at;

	buf_init(&l.data, PLENTY);
	buf_init(&l.type, PLENTY);
	buf_init(&l.id, PLENTY);
	buf_init(&l.last_id, PLENTY);
	buf_add_text(&l.id, "0");
	buf_add_text(&l.last_id, "0");
	for (; at < len && !l.over; at++) {
		l.over = data[at] != '\r' && data[at] != '\n' && at + 1 - start > max + 7;
		if (l.over || (data[at] != '\r' && data[at] != '\n'))
			continue;
		letter_line(&l, (struct slice){data + start, at - start});
		if (data[at] == '\r' && at + 1 < len && data[at + 1] == '\n')
			at++;
		start = at + 1;
	}
	if (l.over)
		buf_addf(log, "limit");
	else
		log_end(log, text_of(&l.last_id), l.data.len > 0 ||
		    (len - start == 4 && memcmp(data + start, "data", 4) == 0) ||
		    (len - start > 4 && memcmp(data + start, "data:", 5) == 0));
	buf_release(&l.data);
	buf_release(&l.type);
	buf_release(&l.id);
	buf_release(&l.last_id);
}

/* --- as it is ---------------------------------------------------------------------------- */

static void
log_item(struct buf *log, const struct sse_item *item)
{
	switch (item->kind) {
	case SSE_ITEM_NONE:
		return;
	case SSE_ITEM_EVENT:
		log_event(log, item->type, item->text, item->id);
		return;
	case SSE_ITEM_COMMENT:
		log_comment(log, item->text);
		return;
	case SSE_ITEM_RETRY:
		log_retry(log, item->retry_ms);
		return;
	}
}

/* Feeds one piece; false after an error. */
static bool
feed(struct sse_reader *r, const uint8_t *data, size_t len, struct buf *log)
{
	struct sse_item item;
	struct err e;

	do {
		ssize_t n = sse_next(r, data, len, &item, &e);

		if (n < 0) {
			require(e.class == ERR_LIMIT);
			buf_addf(log, "limit");
			return false;
		}
		require((size_t)n <= len && (n > 0 || len == 0));
		require(item.kind != SSE_ITEM_NONE || (size_t)n == len);
		require(item.kind == SSE_ITEM_NONE || item.id.len == sse_last_id(r).len);
		require(r->line.len <= r->max + 7 && r->data.len <= r->max);
		log_item(log, &item);
		data += n;
		len -= (size_t)n;
	} while (item.kind != SSE_ITEM_NONE);
	return true;
}

static void
read_pieces(struct buf *log, size_t max, const uint8_t *data, size_t len, struct rng *cuts)
{
	struct sse_reader r;
	bool fine = true;

	require(sse_init(&r, max, slice_of("0")) == 0);
	for (size_t at = 0, n; at < len && fine; at += n) {
		uint8_t *piece;

		n = next_piece(cuts, len - at);
		piece = copy_of(data + at, n);
		fine = feed(&r, piece, n, log);
		free(piece);
	}
	if (fine)
		log_end(log, sse_last_id(&r), sse_within_event(&r));
	sse_release(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf letter, whole, pieces;
	struct rng cuts;
	size_t max;

	if (size < 2)
		return 0;
	max = data[1] > 0 ? data[1] : PLENTY;
	rng_init(&cuts, data[0]);
	buf_init(&letter, PLENTY);
	buf_init(&whole, PLENTY);
	buf_init(&pieces, PLENTY);
	letter_read(&letter, max, (const char *)data + 2, size - 2);
	read_pieces(&whole, max, data + 2, size - 2, NULL);
	read_pieces(&pieces, max, data + 2, size - 2, &cuts);
	require_same(&letter, &whole);
	require_same(&letter, &pieces);
	buf_release(&letter);
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
