/* workload.h: what the connections of a run say to each other. Three kinds, one face. */
#ifndef HAIL_RUN_WORKLOAD_H
#define HAIL_RUN_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/run/fleet.h"
#include "bench/run/lanes.h"

struct err;
struct ledger;
struct loop;
struct plan;
struct tally;

struct workload;

struct workload_params {
	const struct plan *plan;
	struct tally *tally;
	struct loop *loop;
	struct fleet *fleet;
	struct lanes *lanes;         /* of an open loop; else NULL */
	uint16_t tag;                /* of this run, in stamps */

	/* Told once when nothing that was sent is still to be answered, after `stop`. Only the
	 * closed loop knows that. */
	void (*quiet)(void *ctx);

	/* The workload cannot go on (memory). */
	void (*broken)(void *ctx, const struct err *why);
	void *ctx;
};

struct workload_ops {
	/* The first publishing moment is start_ns (clock_ns); messages due from there to
	 * start_ns + warmup do not count. -1: *e. */
	int (*start)(struct workload *w, uint64_t start_ns, struct err *e);
	void (*message)(struct workload *w, struct fleet_conn *c, const struct message *m);
	void (*lost)(struct workload *w, struct fleet_conn *c);
	/* Of message n, see lanes.h; NULL where there are no lanes. */
	void (*fate)(struct workload *w, uint64_t n, enum lanes_fate fate);
	/* Nothing more is sent from now on. */
	void (*stop)(struct workload *w);
	/* The end of the accounting. -1: *e. */
	int (*settle)(struct workload *w, struct err *e);
	/* The longest delivery or round trip since the last call, ns. */
	uint64_t (*worst)(struct workload *w);
	void (*free)(struct workload *w);
};

struct workload {
	const struct workload_ops *ops;
	struct workload_params params;
};

/* Each returns NULL with *e when it cannot be made. */
struct workload *open_loop_new(const struct workload_params *params, struct err *e);
struct workload *closed_loop_new(const struct workload_params *params, struct err *e);
struct workload *hold_new(const struct workload_params *params, struct err *e);

#endif
