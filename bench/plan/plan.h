/* plan.h: what a bench run shall do, once and for all decided before anything is opened. Pure
 * arithmetic: which connection goes where, who publishes, when. */
#ifndef HAIL_PLAN_PLAN_H
#define HAIL_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/plan/dialect.h"
#include "bench/plan/pacer.h"
#include "lib/base/url.h"

struct err;

enum plan_workload {
	PLAN_ECHO,
	PLAN_FANOUT,
	PLAN_HOLD,
};

enum plan_node_from {
	PLAN_NODE_TARGET,        /* the URL's host:port */
	PLAN_NODE_HEADER,        /* a field of the server's answer */
	PLAN_NODE_COOKIE,        /* a cookie set by the server's answer */
};

enum {
	PLAN_TARGETS = 256,
	PLAN_SIZE_MIN = 27,      /* bytes of a stamp */
};

struct plan {
	enum plan_workload workload;
	const char *label;               /* NULL: none */
	struct url targets[PLAN_TARGETS];
	const char *target_texts[PLAN_TARGETS];
	size_t target_count;
	uint64_t connections;
	uint64_t topics;
	uint64_t publishers;             /* 0 for hold, and for echo without a rate */
	bool closed_loop;                /* echo without --rate: one message in flight each */
	struct pacer pacer;              /* rate of all publishers together */
	double connect_rate;             /* 0: as fast as possible */
	uint64_t size;                   /* bytes of {stamp} with its padding */
	uint64_t duration, warmup, drain, late;      /* ns */
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

/* Checks what options alone cannot: publishers against connections, size against the stamp,
 * topics against the dialect, … -1 with class ERR_USAGE. Fills in defaults that depend on
 * others (publishers, drain). */
int plan_settle(struct plan *p, struct err *e);

#endif
