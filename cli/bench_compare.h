/* bench_compare.h: `hail bench compare`: the same fan-out over several transports, one after the
 * other, published by the same requests in all. */
#ifndef HAIL_CLI_BENCH_COMPARE_H
#define HAIL_CLI_BENCH_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/compare.h"

struct err;
struct plan;
struct run_outcome;
struct server_cpu;
struct tally;

struct bench_compare {
	struct compare_row rows[COMPARE_ROWS];
	size_t count;
	char names[COMPARE_ROWS][COMPARE_NAME];
	uint64_t drains[COMPARE_ROWS];   /* ns; settled */
};

/* From the options' texts, both separated by commas; NULL: every transport, and 250ms,1s,5s. The
 * order is the transports' own, intervals as they were given. -1: ERR_USAGE. */
int bench_compare_take(struct bench_compare *c, const char *transports, const char *intervals,
    struct err *e);

/* Settles the plan of all rows, a fan-out, in place of plan_settle: what publishes, and how long
 * each is drained; the longest is the plan's. -1: ERR_USAGE, also when a transport has no path. */
int bench_compare_settle(struct bench_compare *c, struct plan *p, struct err *e);

/* Makes the run of one row: as run_bench, and says what went wrong. */
typedef int bench_perform(const struct plan *p, const char *name, struct tally *t,
    struct run_outcome *outcome, struct err *e);

struct bench_compare_runs {
	const struct bench_compare *what;
	const struct plan *plan;
	bench_perform *perform;
	const struct server_cpu *servers;
	struct compare *into;
	bool interrupted;            /* one of them was, so the rest is missing */
};

/* Runs one after the other. -1: *e. */
int bench_compare_run(struct bench_compare_runs *runs, struct err *e);

#endif
