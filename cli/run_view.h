/* run_view.h: where `hail run` shows what it plays: as a transcript, as JSON, by TAP. A view
 * prints; what is played when, run.c decides. */
#ifndef HAIL_CLI_RUN_VIEW_H
#define HAIL_CLI_RUN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/script/player.h"

struct output;
struct run_view;

/* One script of a run. */
struct run_play {
	size_t number;                           /* from 0, as they stand on the command line */
	const struct script *script;
	uint64_t began, ended;                   /* clock_ns; ended 0: it plays */
	const struct player_failure *failure;    /* once it has ended; lent for the call */
	size_t steps;                            /* that are done */
};

struct run_summary {
	size_t scripts, passed, failed, not_run;
	uint64_t took_ns;
};

/* The first three may be NULL. */
struct run_view_ops {
	/* Before anything is played. */
	void (*begin)(struct run_view *v, size_t scripts);
	void (*play)(struct run_view *v, const struct run_play *p);
	void (*told)(struct run_view *v, const struct run_play *p, const struct player_told *t);
	/* The script has ended. */
	void (*over)(struct run_view *v, const struct run_play *p);
	void (*end)(struct run_view *v, const struct run_summary *s);
	void (*free)(struct run_view *v);
};

/* The head of every view's own struct. */
struct run_view {
	const struct run_view_ops *ops;
};

struct run_view_params {
	struct output *out;          /* standard output */
	bool color, quiet, together; /* together: several are played at once */
	int verbose;
};

/* NULL: no memory. */
struct run_view *run_text_new(const struct run_view_params *p);
struct run_view *run_json_new(const struct run_view_params *p);
struct run_view *run_tap_new(const struct run_view_params *p);

/* A JUnit report, which `end` writes to the file; then run_junit_failed says whether that failed:
 * class ERR_IO. */
struct run_view *run_junit_new(const char *path);
bool run_junit_failed(const struct run_view *v, struct err *e);

#endif
