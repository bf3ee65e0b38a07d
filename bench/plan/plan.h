/* plan.h: what a bench run shall do, once and for all decided before anything is opened. Pure
 * arithmetic: which connection goes where, who publishes, when. */
#ifndef HAIL_PLAN_PLAN_H
#define HAIL_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/plan/dialect.h"
#include "bench/plan/pacer.h"
#include "lib/base/transport.h"
#include "lib/base/url.h"

struct err;

enum plan_workload {
	PLAN_ECHO,
	PLAN_FANOUT,
	PLAN_HOLD,
	PLAN_SCRIPT,             /* connections are players, each with those of its script */
};

enum plan_node_from {
	PLAN_NODE_TARGET,        /* the URL's host:port */
	PLAN_NODE_HEADER,        /* a field of the server's answer */
	PLAN_NODE_COOKIE,        /* a cookie set by the server's answer */
};

enum plan_publish {
	PLAN_BY_SOCKET,          /* over the WebSocket that the publisher receives by */
	PLAN_BY_REQUEST,         /* POST or PUT, one after the other on a connection that is kept */
	PLAN_BY_WS,              /* over a WebSocket of its own */
};

enum {
	PLAN_TARGETS = 256,
	/* Connections under way at once: fewer than the shortest usual listen backlog; with a
	 * rate that is what bounds them. */
	PLAN_OPENING = 100,
	PLAN_OPENING_PACED = 1000,
	PLAN_SIZE_MIN = 27,      /* bytes of a stamp */
};

#define PLAN_DRAIN_DEFAULT UINT64_MAX

struct plan {
	enum plan_workload workload;
	const char *label;               /* NULL: none */
	enum transport transport;        /* by which the connections receive */
	uint64_t poll_interval_ns;       /* of short polls */
	enum plan_publish publish_by;    /* decided by plan_settle */
	struct url targets[PLAN_TARGETS];
	const char *target_texts[PLAN_TARGETS];
	size_t target_count;
	uint64_t connections;
	const char *script;              /* the file that is played; NULL: none */
	uint64_t connections_each;       /* of a player: the most it may have at once, … */
	uint64_t targeted_each;          /* … and those of them that go to its target */
	uint64_t topics;
	uint64_t publishers;             /* 0 for hold, and for echo without a rate */
	bool closed_loop;                /* echo without --rate: one message in flight each */
	struct pacer pacer;              /* rate of all publishers together */
	double connect_rate;             /* 0: as fast as possible */
	uint64_t size;                   /* bytes of {stamp} with its padding */
	uint64_t duration, warmup, drain, late;      /* ns; drain PLAN_DRAIN_DEFAULT: as plan_settle
	                                  * thinks best */
	bool unlinked;
	bool self;                       /* publishers receive their own messages */
	struct dialect dialect;
	enum plan_node_from node_from;
	const char *node_name;           /* of the header or cookie */
	uint64_t seed;
	uint64_t workers;
};

/* The connection's target and topic (design, bench): i mod n and (i / n) mod topics; unlinked:
 * topic i mod topics, target topic mod n. echo: a topic each. */
size_t plan_target_of(const struct plan *p, uint64_t connection);
uint64_t plan_topic_of(const struct plan *p, uint64_t connection);

/* The first `publishers` connections in the order of publishing: the first of each topic, then
 * the second of each, … `list` holds plan->publishers numbers. */
void plan_publishers(const struct plan *p, uint32_t *list);

/* How many connections there are beside those that receive. */
uint64_t plan_lanes(const struct plan *p);

/* How many connections may have been begun so long after the first. */
uint64_t plan_due(const struct plan *p, uint64_t elapsed_ns);

/* How many may be under way at once. */
uint64_t plan_opening_max(const struct plan *p);

/* What publishes beside the connections that receive, by the dialect's post. */
enum plan_publish plan_publish_beside(const struct dialect *d);

/* Checks what options alone cannot: publishers against connections, size against the stamp,
 * the transport against the workload and the dialect, … -1 with class ERR_USAGE. Fills in
 * defaults that depend on others (publishers, publish_by, drain). */
int plan_settle(struct plan *p, struct err *e);

#endif
