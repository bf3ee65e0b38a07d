/* http_coding.c: zlib's inflate, a piece at a time.
 *
 * * Inflate may have taken its last byte and still owe output, or owe an error behind
 * output. Then the last byte is taken for inflate but not for the caller, who has to show
 * it again: so nobody has to ask for what a byte stands for without a byte. */
#include "lib/codec/http_coding.h"

#define ZLIB_CONST
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "lib/base/err.h"

enum {
	PIECE = 8192,              /* bytes that come out at a time */
	GIVEN_MAX = 1 << 30,       /* zlib counts in 32 bits */
	WINDOW = 15,
	WRAP_GZIP = 16,            /* see inflateInit2 in zlib.h */
};

struct http_coding {
	z_stream z;
	bool gzip;                 /* else deflate */
	bool begun;                /* a byte was taken */
	bool ended;                /* and none since a member, or the stream, was complete */
	bool again;                /* gzip: a member was complete before */
	bool held;                 /* the first byte shown next was given to inflate already */
	uint8_t first[2];          /* deflate: tell one kind of it from the other */
	uint8_t first_count;
	uint8_t out[PIECE];
};

/* --- which ------------------------------------------------------------------------------- */

static int
unknown(struct slice name, struct err *e)
{
	return err_set(e, ERR_PROTOCOL, 0,
	    "Content-Encoding is '%.*s': expected gzip or deflate",
	    name.len < 60 ? (int)name.len : 60, name.data);
}

/* The one coding in the list; empty when there is none but "identity". */
static int
find_name(struct slice list, struct slice *name, struct err *e)
{
	struct slice rest = list;

	*name = (struct slice){NULL, 0};
	while (rest.data != NULL) {
		struct slice one = slice_trim(slice_cut(&rest, ','));

		if (one.len == 0 || slice_eq_nocase(one, "identity"))
			continue;
		if (name->len > 0)
			return unknown(list, e);
		*name = one;
	}
	return 0;
}

int
http_coding_new(struct http_coding **c, struct slice list, struct err *e)
{
	struct slice name;
	bool gzip;

	*c = NULL;
	if (find_name(list, &name, e) != 0)
		return -1;
	if (name.len == 0)
		return 0;
	gzip = slice_eq_nocase(name, "gzip") || slice_eq_nocase(name, "x-gzip");
	if (!gzip && !slice_eq_nocase(name, "deflate"))
		return unknown(list, e);
	*c = calloc(1, sizeof **c);
	if (*c == NULL || inflateInit2(&(*c)->z, gzip ? WINDOW + WRAP_GZIP : WINDOW) != Z_OK) {
		free(*c);
		*c = NULL;
		return err_set(e, ERR_MEMORY, 0, "no memory to decompress");
	}
	(*c)->gzip = gzip;
	return 0;
}

void
http_coding_free(struct http_coding *c)
{
	if (c == NULL)
		return;
	inflateEnd(&c->z);
	free(c);
}

/* --- decoding ---------------------------------------------------------------------------- */

static const char *
name_of(const struct http_coding *c)
{
	return c->gzip ? "gzip" : "deflate";
}

static int
bad_data(const struct http_coding *c, int status, struct err *e)
{
	if (status == Z_MEM_ERROR)
		return err_set(e, ERR_MEMORY, 0, "no memory to decompress");
	return err_set(e, ERR_PROTOCOL, 0, "a body that is no %s data%s (%s)", name_of(c),
	    c->again ? " behind a complete member" : "",
	    status == Z_NEED_DICT ? "a preset dictionary" :
	    c->z.msg != NULL ? c->z.msg : "zlib gives no reason");
}

/* There is a byte behind the end: a further member of gzip begins, of deflate there is
 * none. */
static int
begin_again(struct http_coding *c, struct err *e)
{
	if (!c->gzip)
		return err_set(e, ERR_PROTOCOL, 0,
		    "bytes behind the end of a body's deflate data");
	c->ended = false;
	c->again = true;
	return inflateReset(&c->z) == Z_OK ? 0 : bad_data(c, Z_MEM_ERROR, e);
}

/* All members that the input holds, until input or room is used up. */
static int
inflate_all(struct http_coding *c, struct err *e)
{
	int status;

	do {
		if (c->ended && begin_again(c, e) != 0)
			return -1;
		status = inflate(&c->z, Z_SYNC_FLUSH);
		c->ended = status == Z_STREAM_END;
	} while (c->ended && c->z.avail_in > 0);
	if (c->ended || status == Z_OK || status == Z_BUF_ERROR)
		return 0;
	return bad_data(c, status, e);
}

/* RFC 1950, 2.2: method 8, a window of up to 32 KiB, a multiple of 31. As RFC 1951 these
 * two bytes would begin a stored block with bits set that every compressor leaves 0. */
static bool
is_zlib(const uint8_t *first)
{
	return (first[0] & 0x0f) == 8 && first[0] >> 4 <= 7 &&
	    (first[0] * 256 + first[1]) % 31 == 0;
}

/* Takes up to two bytes; once both are there, inflate gets them. */
static int
begin_deflate(struct http_coding *c, struct err *e)
{
	const uint8_t *rest;
	uInt left;
	int result;

	while (c->first_count < sizeof c->first && c->z.avail_in > 0) {
		c->first[c->first_count++] = *c->z.next_in++;
		c->z.avail_in--;
	}
	if (c->first_count < sizeof c->first)
		return 0;
	if (!is_zlib(c->first) && inflateReset2(&c->z, -WINDOW) != Z_OK)
		return bad_data(c, Z_MEM_ERROR, e);
	rest = c->z.next_in;
	left = c->z.avail_in;
	c->z.next_in = c->first;
	c->z.avail_in = sizeof c->first;
	result = inflate_all(c, e);
	c->z.next_in = rest;
	c->z.avail_in = left;
	return result;
}

static int
decode(struct http_coding *c, struct err *e)
{
	if (!c->gzip && c->first_count < sizeof c->first) {
		if (begin_deflate(c, e) != 0)
			return -1;
		if (c->z.avail_in == 0)
			return 0;
	}
	return inflate_all(c, e);
}

ssize_t
http_coding_next(struct http_coding *c, const void *data, size_t len, struct slice *piece,
    struct err *e)
{
	const uint8_t *at = data;
	int result;

	*piece = (struct slice){(const char *)c->out, 0};
	if (len == 0)
		return 0;
	c->z.next_in = at + c->held;
	c->z.avail_in = (uInt)(len < GIVEN_MAX ? len : GIVEN_MAX) - c->held;
	c->z.next_out = c->out;
	c->z.avail_out = PIECE;
	c->held = false;
	c->begun = true;
	result = decode(c, e);
	piece->len = PIECE - c->z.avail_out;
	if (result != 0 && piece->len == 0)
		return -1;
	c->held = result != 0 || (c->z.avail_out == 0 && !c->ended);
	return c->z.next_in - at - c->held;
}

int
http_coding_end(const struct http_coding *c, struct err *e)
{
	if (c->ended || !c->begun)
		return 0;
	return err_set(e, ERR_PROTOCOL, 0, "the body ends within its %s data", name_of(c));
}
