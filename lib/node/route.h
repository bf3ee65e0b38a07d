/* route.h: which resource a request means. Pure. */
#ifndef HAIL_NODE_ROUTE_H
#define HAIL_NODE_ROUTE_H

#include <stdbool.h>

#include "lib/base/slice.h"
#include "lib/node/broker.h"

enum route_kind {
	ROUTE_NONE,
	ROUTE_WS,
	ROUTE_ECHO,
	ROUTE_SSE,
	ROUTE_POLL,
	ROUTE_PUB,
	ROUTE_HEALTHZ,
	ROUTE_METRICS,
};

struct route {
	enum route_kind kind;
	bool bad_topic;                  /* it names a topic that cannot be */
	size_t topic_len;
	char topic[BROKER_TOPIC_MAX];    /* not ended by a NUL */
};

/* `path` is percent-decoded and has no query. A topic is 1 to 200 bytes of visible
 * characters in UTF-8, without '/'. */
void route_find(struct route *r, struct slice path);

/* The only method of the route ("GET", "POST"), for an Allow field. */
const char *route_method(enum route_kind kind);

/* Whether the route is an upgrade to WebSocket and nothing else. */
bool route_upgrades(enum route_kind kind);

#endif
