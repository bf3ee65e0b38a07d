/* bench_script.h: `hail bench script`: the script, and what of it a run and its requirements
 * know. */
#ifndef HAIL_CLI_BENCH_SCRIPT_H
#define HAIL_CLI_BENCH_SCRIPT_H

#include <stddef.h>

struct err;
struct plan;
struct require_list;
struct script;
struct tally;

struct bench_script {
	struct script *script;           /* NULL: none is played */
	const char **labels;
	size_t label_count;
};

/* Reads the script that the plan names, if it names one, completes the plan by it, and lends its
 * labels to the requirements, which are to be added then. -1: *e; or the exit code when what is
 * wrong with the script was told on stderr. Released by the caller in any case. */
int bench_script_read(struct bench_script *b, struct plan *p, struct require_list *list,
    struct err *e);
void bench_script_release(struct bench_script *b);

/* Says on stderr what ended most plays, if any failed. */
void bench_script_explain(const struct tally *t);

#endif
