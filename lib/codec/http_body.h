/* http_body.h: the body of an HTTP/1.x response (RFC 9112, sections 6 and 7), as bytes in and
 * pieces of body out. No I/O, no memory, nothing copied.
 *
 *     http_body_begin(&b, &head, false, &e);
 *     while (!http_body_done(&b) && len > 0) {
 *             used = http_body_next(&b, data, len, &piece, &e);
 *             …                                    // piece lies within data, or is empty
 *             data += used, len -= used;
 *     }
 *     at the end of the connection: http_body_end(&b, &e) */
#ifndef HAIL_CODEC_HTTP_BODY_H
#define HAIL_CODEC_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/slice.h"

struct err;
struct http_head;

enum {
	HTTP_CHUNK_LINE_MAX = 4096,    /* bytes of a chunk's size and extensions */
	HTTP_TRAILERS_MAX = 32768,     /* bytes of all trailer fields */
};

/* Opaque but for its size. */
struct http_body {
	uint64_t left;             /* bytes to come of the body or of the chunk */
	uint32_t line;             /* bytes of the chunk's line or of the trailers so far */
	uint8_t state;
	uint8_t digits;            /* of the chunk's size so far */
};

/* Finds out how the body ends (RFC 9112, 6.3): there is none (1xx, 204, 304, or the request was
 * HEAD), chunked, Content-Length, or with the connection. -1 with class ERR_PROTOCOL when that
 * cannot be told for sure: both fields, lengths that differ or are no number, a coding other than
 * a single "chunked", or one in HTTP/1.0. */
int http_body_begin(struct http_body *b, const struct http_head *head, bool to_head,
    struct err *e);

/* Takes bytes up to the end of the next piece of body. Returns how many, at least one when there
 * are any and the body is not done; *piece is lent from `data`, or empty. Extensions of chunks
 * and trailer fields are taken and dropped. -1: class ERR_PROTOCOL for bytes that are not the
 * chunked coding (7.1; lines end in CR LF, and in nothing else), ERR_LIMIT beyond a maximum. */
ssize_t http_body_next(struct http_body *b, const char *data, size_t len, struct slice *piece,
    struct err *e);

/* Whether it is complete: bytes that follow are no part of it. Never, where the connection ends
 * it. */
bool http_body_done(const struct http_body *b);

/* The connection has ended: 0 when the body is complete with that, -1 with class ERR_CLOSED when
 * it was cut. */
int http_body_end(const struct http_body *b, struct err *e);

#endif
