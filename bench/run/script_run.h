/* script_run.h: a run of players that play a script, see crowd.h for them and course.h for its
 * course. */
#ifndef HAIL_RUN_SCRIPT_RUN_H
#define HAIL_RUN_SCRIPT_RUN_H

struct err;
struct plan;
struct run_outcome;
struct run_params;
struct script;

/* What playing it takes: fills in the plan's script, connections_each and targeted_each. */
void script_run_plan(struct plan *p, const struct script *s);

/* As run_bench, which calls it. */
int script_run(const struct run_params *params, struct run_outcome *outcome, struct err *e);

#endif
