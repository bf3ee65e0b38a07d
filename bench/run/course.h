/* course.h: the course of a run: its phases and what ends each, what they cost, what every second
 * brought, the signals that end it early. What happens in them is whoever's run it is.
 *
 *   OPENING ─ course_schedule ─► WARMUP ─ --warmup ─► LOADING ─ --duration ─► DRAINING
 *      │ course_close, interrupted   │ interrupted ──────────┘                    │ --drain, or
 *      │                             │                                            │ course_quiet
 *      └─────────────────────────────┴──────────► CLOSING ◄───────────────────────┘
 *                                                    └─ course_end, or in vain ─► OVER
 *
 * Where what counts need not wait until all is open, LOADING comes first, and course_schedule
 * says when it ends. */
#ifndef HAIL_RUN_COURSE_H
#define HAIL_RUN_COURSE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/ledger/tally.h"
#include "bench/run/rig.h"
#include "bench/run/run.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"

struct course_ops {
	/* The first connections are opened. */
	void (*begin)(void *ctx);

	/* Brings the counts of the tally up to date; returns how many connections are open. Once a
	 * second and when a phase begins. */
	uint64_t (*look)(void *ctx);

	/* The longest delivery or round trip since the last call, ns. */
	uint64_t (*worst)(void *ctx);

	/* Bytes on the wire so far. */
	void (*bytes)(void *ctx, uint64_t *in, uint64_t *out);

	/* What was until now does not count: the warm-up is over, or nothing more will come of
	 * it; NULL: nothing of it was counted. */
	void (*count)(void *ctx);

	/* Nothing new is begun from now on. */
	void (*drain)(void *ctx);

	/* The end of the accounting. -1: *e. */
	int (*settle)(void *ctx, struct err *e);

	/* Ends what is open; course_end when that is done. */
	void (*close)(void *ctx);

	/* DRAINING is time that counts, too: what was begun goes on as before. */
	bool drain_counts;
};

struct course {
	const struct run_params *params;
	const struct course_ops *ops;
	void *ctx;
	struct loop *loop;
	struct run_outcome *outcome;
	enum run_phase phase;
	uint64_t phase_began;
	uint64_t begun[TALLY_PHASES], cpu_begun[TALLY_PHASES];   /* 0: not yet */
	uint64_t start;                      /* of the schedule; 0: not known yet */
	uint64_t load_began, load_ended;     /* of the time that counts */
	uint64_t in_before, out_before;      /* bytes, before that */
	uint64_t resident_before;
	uint64_t last_sent, last_received, last_plays, last_at;
	struct tally_point pending;          /* of the series: seconds not yet a whole point */
	uint64_t pending_ns;
	struct loop_timer phase_timer, second_timer;
	struct event interrupt, terminate;
	struct rig_lag lag;
	struct err broken;
};

/* Makes the loop; nothing is begun. What is given must stay. -1: *e; to be released in any case. */
int course_init(struct course *c, const struct run_params *params,
    const struct course_ops *ops, void *ctx, struct run_outcome *outcome, struct err *e);

/* What lives in the loop must be gone. */
void course_release(struct course *c);

/* From the first connection to the last close. `counts`: what counts begins at once. -1: *e. */
int course_run(struct course *c, bool counts, struct err *e);

/* All are there: the warm-up, and the time that counts, last from `start` (clock_ns) on. Weighs
 * what has been opened. */
void course_schedule(struct course *c, uint64_t start);

/* In DRAINING: there is nothing to wait for. */
void course_quiet(struct course *c);

/* The end of the accounting is now. */
void course_close(struct course *c);

/* The run cannot go on. */
void course_fail(struct course *c, const struct err *why);

/* In CLOSING: nothing is left. */
void course_end(struct course *c);

/* Whether there is load, be it that of the warm-up or its remains. */
bool course_loads(const struct course *c);

#endif
