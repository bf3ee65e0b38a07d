/* ws.h: a WebSocket as a channel (RFC 6455, client side). */
#ifndef HAIL_CHANNEL_WS_H
#define HAIL_CHANNEL_WS_H

#include <stdint.h>

#include "lib/channel/channel.h"
#include "lib/transport/stream.h"

struct err;
struct loop;
struct rng;

/* What many connections share. */
struct ws_params {
	struct endpoint *endpoint;
	size_t max_backlog;                /* bytes that may wait to be sent */
	const char *authority;             /* the value of Host */
	const char *origin;                /* NULL: none */
	const char *const *subprotocols;
	size_t subprotocol_count;
	const char *const *headers;        /* lines that passed ws_header_check */
	size_t header_count;
	uint64_t max_message;              /* bytes a received message may have */
	struct rng *rng;                   /* for masks, seeded with secret bytes */
};

/* What is a connection's own; only needed until ws_open returns, but for source. */
struct ws_place {
	const char *target;                /* "/path?query" */
	const struct sockaddr *source;     /* local address, port 0; NULL: the kernel's choice */
	socklen_t source_len;
};

/* Opens. *params and what it points to must outlive the channel. NULL with *e when it failed at
 * once. */
struct channel *ws_open(struct loop *l, const struct ws_params *params,
    const struct ws_place *place, const struct channel_events *events, void *ctx,
    struct err *e);

#endif
