/* metrics.h: what a node counts, and how it tells (Prometheus text format 0.0.4). */
#ifndef HAIL_NODE_METRICS_H
#define HAIL_NODE_METRICS_H

#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/node/chaos.h"

struct buf;

enum {
	METRICS_NODES = 64,      /* publishers' nodes told apart; the rest are "other" */
	METRICS_NAME = 65,
};

/* How a receiver is reached. */
enum metrics_route {
	METRICS_WS,
	METRICS_ECHO,
	METRICS_SSE,
	METRICS_POLL,
	METRICS_ROUTES,          /* how many there are */
};

/* Faults injected into deliveries of messages from one node. */
struct metrics_faults {
	char from[METRICS_NAME];
	uint64_t injected[CHAOS_ACTIONS];
};

struct metrics {
	uint64_t connections[METRICS_ROUTES];    /* open now; polls that are under way */
	uint64_t published;
	uint64_t deliveries[METRICS_ROUTES];     /* messages written to receivers */
	uint64_t slow_closed;
	uint64_t unauthorized;       /* refused for want of a token, or ended when it expired */
	uint64_t rate_limited;       /* requests refused and WebSockets closed */
	int redis_up;                /* 1 or 0; -1: there is none, so the metric is absent */
	uint64_t redis_reconnects;
	unsigned fault_nodes;
	struct metrics_faults faults[METRICS_NODES];
};

/* The connections of all routes. */
uint64_t metrics_connections(const struct metrics *m);

/* Counts one injected fault in a delivery of a message published on node `from`. */
void metrics_fault(struct metrics *m, enum chaos_action action, struct slice from);

/* Appends the whole text. -1: `into` is full. */
int metrics_write(const struct metrics *m, struct buf *into);

#endif
