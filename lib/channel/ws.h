/* ws.h: a WebSocket as a channel (RFC 6455, client side). */
#ifndef HAIL_CHANNEL_WS_H
#define HAIL_CHANNEL_WS_H

#include <stdint.h>

#include "lib/channel/channel.h"
#include "lib/channel/peer.h"

struct err;
struct loop;
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
	const struct peer *peer;
	const char *origin;                /* NULL: none */
	const char *const *subprotocols;
	size_t subprotocol_count;
	const struct ws_deflate_offer *deflate;    /* permessage-deflate to offer; NULL: none */
	struct ws_deflate_pool *deflate_pool;      /* for connections without context takeover to
	                                    * share, on one loop; NULL: see ws_deflate_new */
	enum ws_fault fault;
};

/* Opens. *params and what it points to must outlive the channel; of *place only `source` must.
 * NULL with *e when it failed at once. */
struct channel *ws_open(struct loop *l, const struct ws_params *params,
    const struct place *place, const struct channel_events *events, void *ctx,
    struct err *e);

#endif
