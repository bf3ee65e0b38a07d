/* http_coding.h: the content codings gzip and deflate (RFC 9110, 8.4.1), decoded as they
 * come. */
#ifndef HAIL_CODEC_HTTP_CODING_H
#define HAIL_CODEC_HTTP_CODING_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/slice.h"

struct err;
struct http_coding;

/* What a client sends that takes them. */
#define HTTP_CODINGS_ACCEPTED "Accept-Encoding: gzip, deflate"

/* For a body with that Content-Encoding, a list; data NULL, empty or "identity": *c is
 * NULL, there is nothing to decode. gzip, x-gzip and deflate (RFC 1950 as it should be, RFC
 * 1951 as some send it) are known. -1 with class ERR_PROTOCOL for others or several at
 * once, ERR_MEMORY. About 48 KiB each, however much comes out. */
int http_coding_new(struct http_coding **c, struct slice list, struct err *e);
void http_coding_free(struct http_coding *c);

/* Takes bytes and gives what they stand for: *piece is lent until the next call, and may be
 * empty. Returns how many it took; when less than all, call again with the rest, whose
 * first byte may be one that was used already: 0 with a piece is possible. When all were
 * taken there is no more to be had from them, so that a stream which is flushed comes
 * through at once. Several gzip members in a row are one body. -1 with class ERR_PROTOCOL:
 * the bytes are not of that coding, or go on behind its end; what they stood for up to
 * there was given by the calls before. ERR_MEMORY. */
ssize_t http_coding_next(struct http_coding *c, const void *data, size_t len,
    struct slice *piece, struct err *e);

/* The body has ended: 0, or -1 with class ERR_PROTOCOL when the coded bytes have not. An empty
 * body is fine. */
int http_coding_end(const struct http_coding *c, struct err *e);

#endif
