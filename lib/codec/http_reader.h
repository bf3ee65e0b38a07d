/* http_reader.h: the answers on one HTTP/1.x connection, one after the other: head, body
 * without its framing and content coding, end. Bytes in, slices out; no I/O. An answer
 * without a content coding costs no memory. */
#ifndef HAIL_CODEC_HTTP_READER_H
#define HAIL_CODEC_HTTP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/slice.h"
#include "lib/codec/http_body.h"

struct err;
struct http_coding;
struct http_head;

enum { HTTP_INTERIM_MAX = 16 };          /* answers before the answer (RFC 9110, 15.2) */

enum http_item_kind {
	HTTP_ITEM_NONE,                  /* all bytes are taken (or kept back, see below) */
	HTTP_ITEM_INTERIM,               /* a head of 1xx, not 101; bytes: as it came */
	HTTP_ITEM_HEAD,                  /* bytes: the head as it came */
	HTTP_ITEM_DATA,                  /* bytes: of the body, decoded; never empty */
	HTTP_ITEM_END,                   /* the answer is complete */
};

struct http_item {
	enum http_item_kind kind;
	struct slice bytes;              /* lent until the next call; may lie within `data` */
};

/* For its owner opaque. All zero is a reader without an answer to wait for. */
struct http_reader {
	struct http_body body;
	struct http_coding *coding;      /* NULL: none */
	uint32_t seen;                   /* bytes of a head that were searched */
	uint8_t state;
	uint8_t interim;
	bool to_head;
	bool persists;
};

/* A request went out, and its answer is what comes next. `to_head`: it was HEAD, so there
 * will be no body. What was left of an answer before is forgotten. */
void http_reader_begin(struct http_reader *r, bool to_head);

void http_reader_release(struct http_reader *r);

/* Takes bytes from the front up to the next item; call until it is HTTP_ITEM_NONE. Returns
 * how many it took, which may be 0 with an item. Of a head that is not complete nothing is
 * taken: those bytes have to be shown again with what follows them. *head is filled with
 * HTTP_ITEM_INTERIM and _HEAD, and its slices lie within `data`.
 *
 * -1: class ERR_PROTOCOL for what is not HTTP/1.x, cannot be framed for sure
 * (http_body.h), an answer nobody asked for, a 101, a body in a coding that is not known or
 * broken; ERR_LIMIT beyond a maximum; ERR_MEMORY. Nothing can be read after that: no answer
 * is waited for any more. */
ssize_t http_reader_next(struct http_reader *r, const uint8_t *data, size_t len,
    struct http_head *head, struct http_item *item, struct err *e);

/* The connection has ended. 1: that completes the answer, which only the connection could
 * end; 0: no answer was under way; -1: it was cut, class ERR_CLOSED with a sentence that
 * says where: before its first byte (http_reader_untouched still tells that), in its head,
 * in its body, or in the content coding of a body that only the connection could end. */
int http_reader_end(struct http_reader *r, struct err *e);

/* Whether an answer is waited for of which no byte has come yet. */
bool http_reader_untouched(const struct http_reader *r);

/* Whether the connection may carry another request (RFC 9112, 9.3); for after
 * HTTP_ITEM_END. */
bool http_reader_persists(const struct http_reader *r);

#endif
