/* http_link.h: a connection to an HTTP/1.1 server that carries one exchange after another, and is
 * opened anew when the server has ended it. No exchange is begun before the last one is complete
 * (there is no pipelining).
 *
 *     http_link_ask → write → head → data … → done → http_link_ask …
 *                       └──────────────────────────► failed
 *
 * `write` may be called before http_link_ask returns, nothing else. Any callback may free the
 * link, drop the exchange or, in `done` and `failed`, ask anew. */
#ifndef HAIL_CHANNEL_HTTP_LINK_H
#define HAIL_CHANNEL_HTTP_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/slice.h"
#include "lib/channel/channel.h"

struct buf;
struct err;
struct http_head;
struct http_link;
struct loop;
struct peer;
struct stream;
struct stream_times;

enum { HTTP_LINK_REQUEST_MAX = 65536 };      /* bytes of a request's head */

struct http_link_events {
	/* The connection stands: appends the head of the request, and sets *body, which is empty,
	 * when there is one; it is lent until this turn of the loop is over. -1: it does not fit,
	 * which fails the exchange. Called once more when the request is repeated. */
	int (*write)(void *ctx, struct buf *into, struct slice *body);
	void (*head)(void *ctx, const struct http_head *head, struct slice raw, uint64_t at);
	void (*data)(void *ctx, struct slice piece, uint64_t at);    /* of the body, decoded */
	void (*done)(void *ctx, uint64_t at);
	/* There will be no (more) answer. */
	void (*failed)(void *ctx, const struct err *why);
	/* Heads, as struct channel_events has it; may be NULL. */
	void (*wire)(void *ctx, const struct channel_wire *w);
};

/* All of it must outlive the link. */
struct http_link_params {
	const struct peer *peer;
	const struct sockaddr *source;       /* NULL: the kernel's choice */
	socklen_t source_len;
};

struct http_exchange {
	bool to_head;                        /* HEAD: the answer has no body */
	bool repeatable;                     /* may be sent again when a kept connection turns out
	                                      * to be gone (RFC 9110, 9.2.2) */
};

/* NULL: no memory. Nothing is opened yet. */
struct http_link *http_link_new(struct loop *l, const struct http_link_params *params,
    const struct http_link_events *events, void *ctx);

/* Begins an exchange; none may be under way. -1: failed at once with *e. */
int http_link_ask(struct http_link *h, const struct http_exchange *exchange, struct err *e);

/* Gives up the exchange under way, and the connection with it. */
void http_link_drop(struct http_link *h);

/* `reset`: the peer sees a TCP reset. NULL is fine. */
void http_link_free(struct http_link *h, bool reset);

/* Reads nothing until told otherwise; what is being told is the last. */
void http_link_pause(struct http_link *h, bool pause);

/* Whether an exchange is under way. */
bool http_link_is_busy(const struct http_link *h);

/* Whether the request has left, and its answer is waited for or read. */
bool http_link_is_asked(const struct http_link *h);

/* "resolving", "connecting", …, "waiting for the answer". */
const char *http_link_stage(const struct http_link *h);

/* Of all connections so far. */
uint64_t http_link_bytes_in(const struct http_link *h);
uint64_t http_link_bytes_out(const struct http_link *h);
uint64_t http_link_connections(const struct http_link *h);

/* Of the connection under way; NULL when there is none. */
const struct stream *http_link_stream(const struct http_link *h);

/* When the steps to the latest connection ended. */
const struct stream_times *http_link_times(const struct http_link *h);

#endif
