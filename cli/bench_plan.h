/* bench_plan.h: the options of `hail bench` that say what is to be run, and the plan that they and
 * the operands make. */
#ifndef HAIL_CLI_BENCH_PLAN_H
#define HAIL_CLI_BENCH_PLAN_H

#include "cli/opt.h"

struct bench_compare;
struct err;
struct plan;

extern const struct opt bench_plan_rows[];

/* Makes the plan of the workload and the URLs (or the script, and URLs) in argv, once client_rows
 * are parsed, too. *compared gets its rows when the workload is compare. The plan lends what argv
 * and the options say; it is zero before, and released by the caller in any case. -1: *e. */
int bench_plan_make(struct plan *p, struct bench_compare *compared, int argc, char **argv,
    struct err *e);
void bench_plan_release(struct plan *p);

/* What is planned, on stderr. */
void bench_plan_say(const struct plan *p);

#endif
