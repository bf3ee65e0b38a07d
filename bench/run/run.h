/* run.h: one bench run of one worker, from the first connection to the last close. */
#ifndef HAIL_RUN_RUN_H
#define HAIL_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/run/lanes.h"
#include "lib/base/err.h"

struct client_options;
struct plan;
struct script;
struct tally;
struct tally_script;

enum run_phase {
	RUN_OPENING,
	RUN_WARMUP,
	RUN_LOADING,
	RUN_DRAINING,
	RUN_CLOSING,
	RUN_OVER,
};

/* What a progress line shows; rates are those of the last second. */
struct run_progress {
	enum run_phase phase;
	bool begins;                 /* the phase has just begun */
	uint64_t phase_ns;           /* how long the phase has lasted */
	uint64_t open, opened, failed, dropped;
	uint64_t sent, received;
	double sent_per_s, received_per_s;
	uint64_t worst_ns;           /* longest delivery or round trip */
	const struct tally_script *script;   /* NULL: none is played */
	double plays_per_s;          /* completed */
};

struct run_params {
	const struct plan *plan;
	const struct script *script; /* of PLAN_SCRIPT; else NULL */
	const struct client_options *client;
	struct tally *tally;         /* filled, also when the run ends early */

	/* Called about every second and when a phase begins; NULL: never. */
	void (*progress)(void *ctx, const struct run_progress *p);
	void *ctx;
};

struct run_outcome {
	bool interrupted;            /* by SIGINT or SIGTERM */
	/* Of a script none of these: the tally says more. */
	struct err first[ERR_CLASSES];   /* the first connection error of each class */
	struct lanes_trouble publishing;
};

const char *run_phase_name(enum run_phase phase);

/* Runs. SIGINT and SIGTERM end it early, in order; a second one at once. -1 with *e: the run
 * could not begin (options, descriptors, memory); the tally is empty then. */
int run_bench(const struct run_params *params, struct run_outcome *outcome, struct err *e);

#endif
