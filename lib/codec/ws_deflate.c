/* ws_deflate.c: the two directions.
 *
 *     message ── deflate, sync flush ── without 00 00 ff ff ──► payload
 *     payload, 00 00 ff ff ── inflate ──► message
 *
 * With context takeover a direction keeps its z_stream from its first message on; without, it
 * takes one from the pool for as long as a message lasts. */
#include "lib/codec/ws_deflate.h"

#define ZLIB_CONST
#include <stdlib.h>
#include <sys/types.h>
#include <zlib.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/ws_frame.h"

static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff};

enum {
	WINDOW_MAX = 15,
	NO_WINDOW = 8,             /* zlib's deflate cannot do with 256 bytes */
	PIECE_MAX = 1 << 30,       /* zlib counts in 32 bits */
	DEFLATE_ROOM = 64,         /* deflate wants more than six bytes of room (zlib.h) */
	INFLATE_GUESS = 4,         /* times the payload, that a message may at first have */
};

struct ws_deflate_pool {
	z_stream *out, *in;        /* idle; NULL mostly while in use */
	uint8_t out_bits;          /* what `out` was made for */
};

struct ws_deflate {
	struct ws_deflate_params params;
	struct ws_deflate_pool *pool;
	z_stream *out, *in;        /* without context takeover only while a message lasts */
	bool whole;                /* in: no byte since the message began or a final block ended */
	bool between;              /* in: between two blocks */
	struct ws_deflate_counts counts;
};

/* --- streams ----------------------------------------------------------------------------- */

static void
free_out(z_stream *z)
{
	if (z != NULL)
		deflateEnd(z);
	free(z);
}

static void
free_in(z_stream *z)
{
	if (z != NULL)
		inflateEnd(z);
	free(z);
}

/* The window is as large as agreed and the tables grow with it, as zlib's own do at 15. */
static z_stream *
new_out(unsigned bits)
{
	z_stream *z = calloc(1, sizeof *z);
	bool none = bits == NO_WINDOW;
	int window = none ? NO_WINDOW + 1 : (int)bits;

	if (z == NULL || deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window, window - 7,
	    none ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static z_stream *
new_in(unsigned bits)
{
	z_stream *z = calloc(1, sizeof *z);

	if (z == NULL || inflateInit2(z, -(int)bits) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

struct ws_deflate_pool *
ws_deflate_pool_new(void)
{
	return calloc(1, sizeof(struct ws_deflate_pool));
}

void
ws_deflate_pool_free(struct ws_deflate_pool *pool)
{
	if (pool == NULL)
		return;
	free_out(pool->out);
	free_in(pool->in);
	free(pool);
}

struct ws_deflate *
ws_deflate_new(const struct ws_deflate_params *p, struct ws_deflate_pool *pool)
{
	struct ws_deflate *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->params = *p;
	d->pool = pool;
	d->whole = d->between = true;
	return d;
}

void
ws_deflate_free(struct ws_deflate *d)
{
	if (d == NULL)
		return;
	free_out(d->out);
	free_in(d->in);
	free(d);
}

struct ws_deflate_counts
ws_deflate_counts(const struct ws_deflate *d)
{
	return d->counts;
}

/* --- out --------------------------------------------------------------------------------- */

/* Without back references there is no context to take over. */
static bool
keeps_out(const struct ws_deflate *d)
{
	return !d->params.client_no_context_takeover &&
	    d->params.client_max_window_bits > NO_WINDOW;
}

static int
borrow_out(struct ws_deflate *d)
{
	unsigned bits = d->params.client_max_window_bits;
	struct ws_deflate_pool *pool = keeps_out(d) ? NULL : d->pool;

	if (d->out != NULL)
		return 0;
	if (pool != NULL && pool->out != NULL && pool->out_bits == bits) {
		d->out = pool->out;
		pool->out = NULL;
	} else {
		d->out = new_out(bits);
	}
	return d->out != NULL ? 0 : -1;
}

static void
give_back_out(struct ws_deflate *d)
{
	if (keeps_out(d))
		return;
	if (d->pool != NULL && deflateReset(d->out) == Z_OK) {
		free_out(d->pool->out);
		d->pool->out = d->out;
		d->pool->out_bits = d->params.client_max_window_bits;
	} else {
		free_out(d->out);
	}
	d->out = NULL;
}

/* Runs what the stream was given through it. -1: `into` is full. */
static int
drain_out(z_stream *z, int flush, struct buf *into)
{
	do {
		size_t left = into->max - into->len, want = z->avail_in / 2 + DEFLATE_ROOM;
		uint8_t *at = buf_reserve(into, want < left ? want : left);
		size_t room = into->cap - into->len;

		if (at == NULL || left < DEFLATE_ROOM)
			return -1;
		room = room < left ? room : left;
		room = room < PIECE_MAX ? room : PIECE_MAX;
		z->next_out = at;
		z->avail_out = (uInt)room;
		deflate(z, flush);
		into->len += room - z->avail_out;
	} while (z->avail_out == 0);
	return 0;
}

static int
compress_all(z_stream *z, const uint8_t *data, size_t len, struct buf *into)
{
	size_t piece;

	for (size_t done = 0; done < len; done += piece) {
		piece = len - done < PIECE_MAX ? len - done : PIECE_MAX;
		z->next_in = data + done;
		z->avail_in = (uInt)piece;
		if (drain_out(z, done + piece < len ? Z_NO_FLUSH : Z_SYNC_FLUSH, into) != 0)
			return -1;
	}
	into->len -= sizeof tail;
	return 0;
}

static int
count_out(struct ws_deflate *d, size_t plain, size_t wire)
{
	d->counts.out_plain += plain;
	d->counts.out_wire += wire;
	return 1;
}

int
ws_deflate_out(struct ws_deflate *d, const void *data, size_t len, struct buf *into)
{
	size_t before = into->len;
	int result;

	if (len == 0 && !keeps_out(d))
		return 0;
	if (len == 0)
		return buf_add(into, "", 1) == 0 ? count_out(d, 0, 1) : -1;
	if (borrow_out(d) != 0)
		return -1;
	result = compress_all(d->out, data, len, into);
	if (result != 0)
		deflateReset(d->out);
	give_back_out(d);
	if (result == 0 && (keeps_out(d) || into->len - before < len))
		return count_out(d, len, into->len - before);
	into->len = before;
	return result;
}

/* --- in ---------------------------------------------------------------------------------- */

static int
borrow_in(struct ws_deflate *d)
{
	struct ws_deflate_pool *pool = d->pool;
	bool keeps = !d->params.server_no_context_takeover;

	if (d->in != NULL)
		return 0;
	if (!keeps && pool != NULL && pool->in != NULL) {
		d->in = pool->in;
		pool->in = NULL;
	} else {
		/* That of the pool serves any window. */
		d->in = new_in(keeps ? d->params.server_max_window_bits : WINDOW_MAX);
	}
	return d->in != NULL ? 0 : -1;
}

/* More messages than one may be under way, but only one of their streams is kept. */
static void
give_back_in(struct ws_deflate *d)
{
	if (!d->params.server_no_context_takeover || d->in == NULL)
		return;
	if (d->pool != NULL && d->pool->in == NULL && inflateReset(d->in) == Z_OK)
		d->pool->in = d->in;
	else
		free_in(d->in);
	d->in = NULL;
}

/* Room behind what is there, as much as is allocated anyway; 0: the message is as long as it may
 * be. -1: no memory. */
static ssize_t
room_in(struct buf *into, size_t payload)
{
	size_t left = into->max - into->len, room = into->cap - into->len;

	if (left == 0)
		return 0;
	if (room == 0) {
		/* A first guess, then buf's own doubling. */
		room = into->cap == 0 ? payload * INFLATE_GUESS + 1 : 1;
		if (buf_reserve(into, room < left ? room : left) == NULL)
			return -1;
		room = into->cap - into->len;
	}
	room = room < left ? room : left;
	return room < PIECE_MAX ? (ssize_t)room : PIECE_MAX;
}

static int
bad_data(const z_stream *z, struct err *e)
{
	return err_set(e, ERR_PROTOCOL, WS_CLOSE_BAD_DATA,
	    "a compressed message that is no deflate data (%s) (RFC 7692, 7.2.2)",
	    z->msg != NULL ? z->msg : "a preset dictionary");
}

/* A final block ends a deflate stream, but not a message: what follows is decompressed with the
 * same window, which inflateReset would drop (7.2.1). */
static int
begin_again(struct ws_deflate *d)
{
	d->whole = d->between = true;
	return inflateResetKeep(d->in) == Z_OK ? 0 : -1;
}

/* One call of inflate. 1: it wants to be called again; 0: all was taken and nothing is due. */
static int
step_in(struct ws_deflate *d, struct buf *into, struct err *e)
{
	z_stream *z = d->in;
	ssize_t room = room_in(into, z->avail_in);
	uInt given = room > 0 ? (uInt)room : 1, in = z->avail_in;
	uint8_t beyond;
	int status;

	if (room < 0)
		return err_set(e, ERR_MEMORY, 0, "no memory for a message");
	z->next_out = room > 0 ? into->data + into->len : &beyond;
	z->avail_out = given;
	d->whole = d->whole && in == 0;
	status = inflate(z, Z_SYNC_FLUSH);
	if (room == 0 && z->avail_out == 0)
		return err_set(e, ERR_LIMIT, WS_CLOSE_TOO_BIG,
		    "a message of more than %zu bytes, decompressed", into->max);
	into->len += given - z->avail_out;
	if (z->avail_in < in || z->avail_out < given)
		d->between = z->data_type & 128;     /* see inflate in zlib.h */
	if (status == Z_STREAM_END)
		status = begin_again(d) == 0 ? Z_OK : Z_MEM_ERROR;
	if (status == Z_MEM_ERROR)
		return err_set(e, ERR_MEMORY, 0, "no memory to decompress");
	if (status != Z_OK && status != Z_BUF_ERROR)
		return bad_data(z, e);
	return z->avail_in > 0 || z->avail_out == 0;
}

static int
decompress(struct ws_deflate *d, const uint8_t *data, size_t len, struct buf *into,
    struct err *e)
{
	size_t piece;

	for (size_t done = 0; done < len; done += piece) {
		int more = 1;

		piece = len - done < PIECE_MAX ? len - done : PIECE_MAX;
		d->in->next_in = data + done;
		d->in->avail_in = (uInt)piece;
		while (more == 1)
			more = step_in(d, into, e);
		if (more < 0)
			return -1;
	}
	return 0;
}

/* Where no block is open there is nothing for the tail to close: an empty payload, or one that
 * ends with a final block and lacks the zero byte behind it (7.2.3.5). */
static int
end_in(struct ws_deflate *d, struct buf *into, struct err *e)
{
	if (!d->whole && decompress(d, tail, sizeof tail, into, e) != 0)
		return -1;
	if (!d->between)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_BAD_DATA,
		    "a compressed message that ends within a block (RFC 7692, 7.2.2)");
	d->whole = true;
	give_back_in(d);
	return 0;
}

int
ws_deflate_in(struct ws_deflate *d, const uint8_t *data, size_t len, bool last,
    struct buf *into, struct err *e)
{
	size_t before = into->len;
	int result;

	if (len > 0 && borrow_in(d) != 0)
		return err_set(e, ERR_MEMORY, 0, "no memory to decompress");
	result = decompress(d, data, len, into, e);
	if (result == 0 && last)
		result = end_in(d, into, e);
	d->counts.in_wire += len;
	d->counts.in_plain += into->len - before;
	return result;
}
