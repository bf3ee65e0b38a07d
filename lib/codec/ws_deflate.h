/* ws_deflate.h: permessage-deflate (RFC 7692) over zlib: what is offered, what was agreed, and
 * the two directions.
 *
 * Compressing with context takeover holds a window for each connection; without it, one
 * compressor serves them all: memory is the caller's choice by what it offers. */
#ifndef HAIL_CODEC_WS_DEFLATE_H
#define HAIL_CODEC_WS_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct buf;
struct err;
struct http_head;

/* The offer that stands in Sec-WebSocket-Extensions (RFC 7692, 7.1). */
struct ws_deflate_offer {
	bool server_no_context_takeover, client_no_context_takeover;
	uint8_t server_max_window_bits;    /* 8..15; 0: not named */
	uint8_t client_max_window_bits;    /* 8..15; 0: not named; WS_WINDOW_ANY: without a value */
};

enum { WS_WINDOW_ANY = 255 };

/* "server_no_context_takeover; client_max_window_bits=10" as a user writes it; "" is the bare
 * extension. -1 with class ERR_USAGE. */
int ws_deflate_offer_parse(struct ws_deflate_offer *o, const char *text, struct err *e);

/* Appends "permessage-deflate; …". */
int ws_deflate_offer_write(struct buf *into, const struct ws_deflate_offer *o);

/* What the answer agreed to; every member is decided. For our own direction that is the least of
 * what the answer allows and the offer promised (7.1.1.2, 7.1.2.2). */
struct ws_deflate_params {
	bool server_no_context_takeover, client_no_context_takeover;
	uint8_t server_max_window_bits, client_max_window_bits;      /* 8..15 */
};

/* Judges the answer's Sec-WebSocket-Extensions against the offer (NULL: none was made).
 * 1: agreed, *p is filled; 0: no extension; -1 with class ERR_HANDSHAKE: an extension that was
 * not offered, one twice, an unknown, repeated or bad parameter, or one the offer rules out
 * (7.1.1.1 to 7.1.2.2). What was asked of the server must stand in its answer. */
int ws_deflate_agreed(struct ws_deflate_params *p, const struct http_head *head,
    const struct ws_deflate_offer *o, struct err *e);

/* --- the two directions ------------------------------------------------------------------ */

struct ws_deflate;

/* The compressor and the decompressor that all connections without context takeover share, one
 * message at a time. For one thread; must outlive the connections. Allocates nothing large
 * before a message needs it. NULL without memory. */
struct ws_deflate_pool;
struct ws_deflate_pool *ws_deflate_pool_new(void);
void ws_deflate_pool_free(struct ws_deflate_pool *pool);

/* For one connection. Allocates nothing large before the first message needs it. NULL without
 * memory. Without a pool (NULL) a direction without context takeover is made for each message
 * and freed behind it, which costs time but no memory either. */
struct ws_deflate *ws_deflate_new(const struct ws_deflate_params *p,
    struct ws_deflate_pool *pool);
void ws_deflate_free(struct ws_deflate *d);

/* Compresses a whole message and appends it to `into`, without the tail of four bytes (7.2.1).
 * 1: done; 0: nothing was appended, since the message is not smaller compressed and may as well
 * go as it is (only without context takeover, where that loses nothing); -1: no memory, or
 * `into` is full: as if there had been no message, but what was learnt from earlier ones is
 * forgotten. An empty message becomes one zero byte (7.2.3.6). A peer that wants a window of
 * 256 bytes gets data without back references: zlib has no such window. */
int ws_deflate_out(struct ws_deflate *d, const void *data, size_t len, struct buf *into);

/* Decompresses a piece of a message's payload and appends to `into`, whose max is what a
 * message may have; `last` ends the message (the tail is added here, 7.2.2). -1: class
 * ERR_PROTOCOL with 1007 for bytes that are no deflate data or end within a block, ERR_LIMIT
 * with 1009 as soon as `into` would exceed its max, ERR_MEMORY; `into` then holds what came
 * before, and *d is only good to be freed. Blocks behind a final one are taken (7.2.1), as is a
 * message that ends with one or has no bytes at all. With context takeover no more history is
 * kept than the window agreed on: a server that reaches further back is found out where that
 * lies in an earlier piece, which is most of the time. */
int ws_deflate_in(struct ws_deflate *d, const uint8_t *data, size_t len, bool last,
    struct buf *into, struct err *e);

/* Payload bytes on both sides of the compressor so far, of compressed messages only; those of a
 * message under way are in it. */
struct ws_deflate_counts {
	uint64_t out_plain, out_wire, in_plain, in_wire;
};

struct ws_deflate_counts ws_deflate_counts(const struct ws_deflate *d);

#endif
