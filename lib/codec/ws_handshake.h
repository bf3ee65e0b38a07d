/* ws_handshake.h: the opening handshake of the WebSocket protocol, client side
 * (RFC 6455, section 4). */
#ifndef HAIL_CODEC_WS_HANDSHAKE_H
#define HAIL_CODEC_WS_HANDSHAKE_H

#include <stddef.h>

struct buf;
struct err;
struct http_head;
struct rng;
struct ws_deflate_offer;
struct ws_deflate_params;

enum {
	WS_KEY_LENGTH = 24,        /* base64 of 16 bytes */
	WS_ACCEPT_LENGTH = 28,     /* base64 of a SHA-1 digest */
};

struct ws_request {
	const char *target;                /* "/path?query" */
	const char *authority;             /* the value of Host */
	const char *key;                   /* WS_KEY_LENGTH characters */
	const char *origin;                /* NULL: none */
	const char *const *subprotocols;   /* in order of preference */
	size_t subprotocol_count;
	const struct ws_deflate_offer *deflate;    /* NULL: no extension is offered */
	const char *const *headers;        /* "Name: value" lines; a Host here replaces authority */
	size_t header_count;
	const char *const *more_headers;   /* the same, behind them */
	size_t more_header_count;
};

/* Whether "Name: value" may go into a request: a token, a colon, no control characters, and
 * none of the fields that the handshake itself owns (Upgrade, Connection, Sec-WebSocket-Key,
 * -Version, -Accept, -Extensions, -Protocol). -1 with class ERR_USAGE and what was expected. */
int ws_header_check(const char *line, struct err *e);

/* Appends the request. Every header must have passed ws_header_check. -1: buf full. */
int ws_request_write(struct buf *into, const struct ws_request *request);

/* Makes a key out of 16 random bytes (4.1, 7); `key` holds WS_KEY_LENGTH + 1. It is a nonce, not
 * a secret: a generator that was seeded with secret bytes will do. */
void ws_key_make(char *key, struct rng *rng);

/* The answer that `key` demands (4.2.2, 5.4); `accept` holds WS_ACCEPT_LENGTH + 1. */
void ws_accept_make(char *accept, const char *key);

/* Judges a response (4.1): status 101, Upgrade, Connection, the accept key, no extension that
 * was not offered, a subprotocol only from those offered. 1: permessage-deflate was agreed on,
 * as *deflate says; 0: no extension. -1 with class ERR_HTTP and the status as code when the
 * upgrade was refused, ERR_HANDSHAKE when it was accepted wrongly; the sentence names the field
 * and what was expected. `deflate` may be NULL when nothing was offered. */
int ws_response_check(const struct http_head *head, const struct ws_request *request,
    struct ws_deflate_params *deflate, struct err *e);

#endif
