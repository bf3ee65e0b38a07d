/* ws.h: one WebSocket (RFC 6455): a member of a topic, or an echo.
 *
 * ws_received and ws_writable return what the callback of libwebsockets has to: 0, or -1 to
 * close, after the close code has been set. */
#ifndef HAIL_NODE_WS_H
#define HAIL_NODE_WS_H

#include <libwebsockets.h>
#include <stddef.h>

#include "lib/node/stream_id.h"

struct node;
struct route;
struct ws;

struct ws_params {
	const struct route *route;       /* lent for the call; ROUTE_WS or ROUTE_ECHO */
	const struct stream_id *since;   /* replay what came after; NULL: only what is new */
	bool raw;                        /* data only, not the JSON around it */
	double expires;                  /* its token, in seconds since 1970; or INFINITY */
};

/* NULL: no memory. */
struct ws *ws_new(struct node *n, struct lws *wsi, const struct ws_params *params);

/* The connection is gone; NULL is fine. */
void ws_free(struct ws *w);

/* A piece of a message came in. */
int ws_received(struct ws *w, const char *data, size_t len);

/* The socket takes more. */
int ws_writable(struct ws *w);

/* The broker is relieved: publishers are read from again. */
void ws_read_all(struct node *n);

/* The publication of the connection of that number was refused: closes it with 1013. */
void ws_refuse(struct node *n, uint64_t connection);

#endif
