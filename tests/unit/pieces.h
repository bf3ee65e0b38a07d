/* pieces.h: for what takes bytes however reads cut them. A vector is bytes and the trace that they
 * must leave: it is played whole, growing by a byte and in two parts cut at every place, each time
 * in memory that ends at a guard page and is gone before more comes. In a header since a unit test
 * is linked with nothing but tap.o. */
#ifndef HAIL_TESTS_PIECES_H
#define HAIL_TESTS_PIECES_H

#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"
#include "tests/unit/tap.h"

enum {
	PIECES_SHORT = 400,          /* up to this length bytes are cut everywhere, … */
	PIECES_LONG = 20000,         /* … beyond this one they grow by PIECES_STEP */
	PIECES_STEP = 61,
};

/* How bytes come: so many, then so many at a time. */
struct pieces {
	size_t first, then;
};

/* Takes what can be taken of these bytes and returns how many, or -1: no more of them. */
typedef ssize_t pieces_feed_fn(void *ctx, const char *data, size_t len);

/* One time: feeds all to something new, by pieces_feed, and appends to *trace what it came to. */
typedef void pieces_play_fn(const void *ctx, struct slice bytes, struct pieces how,
    struct buf *trace);

/* Bytes that were not taken are shown again, with those that follow; the first piece may be empty.
 * Returns whether `feed` wanted them all. */
static bool
pieces_feed(struct slice bytes, struct pieces how, pieces_feed_fn *feed, void *ctx)
{
	size_t taken = 0, shown = 0, n = how.first;

	for (;;) {
		char *guarded;
		size_t len;
		ssize_t used;

		shown = n < bytes.len - shown ? shown + n : bytes.len;
		n = how.then;
		len = shown - taken;
		guarded = tap_guard(bytes.data + taken, len);
		used = feed(ctx, guarded, len);
		tap_guard_free(guarded, len);
		if (used < 0)
			return false;
		taken += (size_t)used;
		if (shown == bytes.len)
			return true;
	}
}

static bool
pieces_leave(pieces_play_fn *play, const void *ctx, struct slice bytes, struct pieces how,
    const char *want)
{
	struct buf trace;
	bool ok;

	buf_init(&trace, 1 << 24);
	play(ctx, bytes, how, &trace);
	ok = slice_eq((struct slice){(char *)trace.data, trace.len}, want);
	if (!ok)
		printf("# %zu bytes, then %zu at a time: got '%.*s', want '%.200s'\n", how.first,
		    how.then, trace.len < 200 ? (int)trace.len : 200,
		    trace.len > 0 ? (char *)trace.data : "", want);
	buf_release(&trace);
	return ok;
}

/* One point: however they come. */
static void
pieces_check(pieces_play_fn *play, const void *ctx, struct slice bytes, const char *want,
    const char *name)
{
	size_t len = bytes.len, step = len > PIECES_LONG ? PIECES_STEP : 1;
	bool ok = pieces_leave(play, ctx, bytes, (struct pieces){len, 1}, want) &&
	    pieces_leave(play, ctx, bytes, (struct pieces){0, step}, want);

	for (size_t cut = 1; ok && len <= PIECES_SHORT && cut < len; cut++)
		ok = pieces_leave(play, ctx, bytes, (struct pieces){cut, len}, want);
	tap_ok(ok, "%s", name);
}

/* The same of `before`, `count` times 'x' and `after`. */
static inline void
pieces_check_long(pieces_play_fn *play, const void *ctx, const char *before, size_t count,
    const char *after, const char *want, const char *name)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_add_text(&b, before);
	memset(buf_reserve(&b, count), 'x', count);
	b.len += count;
	buf_add_text(&b, after);
	pieces_check(play, ctx, (struct slice){(char *)b.data, b.len}, want, name);
	buf_release(&b);
}

#endif
