/* ws.h: a WebSocket as a channel (RFC 6455, client side). */
#ifndef HAIL_CHANNEL_WS_H
#define HAIL_CHANNEL_WS_H

#include <stdint.h>

#include "lib/channel/channel.h"
#include "lib/transport/stream.h"

struct err;
struct loop;
struct proxy;
struct rng;
struct tls_target;
struct ws_deflate_offer;
struct ws_deflate_pool;

/* Wrong on purpose, to see what a server does. */
enum ws_fault {
	WS_FAULT_NONE,
	WS_FAULT_UNMASKED,                 /* frames are sent without a mask */
	WS_FAULT_RSV,                      /* messages have RSV2 and RSV3 set */
	WS_FAULT_OPCODE,                   /* messages have the reserved opcode 3 */
	WS_FAULT_BAD_UTF8,                 /* text messages end in a byte that UTF-8 has not */
	WS_FAULT_FRAGMENTED,               /* every message is cut into fragments of 1 byte, a
	                                    * ping between; legal, but few are ready for it */
	WS_FAULT_OVERSIZE_CONTROL,         /* pings have 126 bytes; each message is preceded by
	                                    * one */
	WS_FAULT_NO_CLOSE,                 /* close frames are neither sent nor answered */
};

/* What many connections share. */
struct ws_params {
	struct endpoint *endpoint;         /* of the proxy, where there is one */
	const struct proxy *proxy;         /* NULL: none */
	struct tls_target *tls;            /* NULL: plain */
	size_t max_backlog;                /* bytes that may wait to be sent */
	const char *authority;             /* the value of Host */
	const char *origin;                /* NULL: none */
	const char *const *subprotocols;
	size_t subprotocol_count;
	const char *const *headers;        /* lines that passed ws_header_check */
	size_t header_count;
	const struct ws_deflate_offer *deflate;    /* permessage-deflate to offer; NULL: none */
	struct ws_deflate_pool *deflate_pool;      /* for connections without context takeover to
	                                    * share, on one loop; NULL: see ws_deflate_new */
	size_t max_refusal;                /* bytes to keep of a refusal's body; 0: the head will
	                                    * do */
	enum ws_fault fault;
	uint64_t max_message;              /* bytes a received message may have, decompressed */
	struct rng *rng;                   /* for masks, seeded with secret bytes */
};

/* What is a connection's own; only needed until ws_open returns, but for source. */
struct ws_place {
	const char *target;                /* "/path?query" */
	const struct sockaddr *source;     /* local address, port 0; NULL: the kernel's choice */
	socklen_t source_len;
	const char *const *headers;        /* lines of its own (Cookie, Authorization), behind … */
	size_t header_count;               /* … those of the params */
};

/* Opens. *params and what it points to must outlive the channel. NULL with *e when it failed at
 * once. */
struct channel *ws_open(struct loop *l, const struct ws_params *params,
    const struct ws_place *place, const struct channel_events *events, void *ctx,
    struct err *e);

#endif
