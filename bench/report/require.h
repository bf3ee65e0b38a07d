/* require.h: conditions on the results: `--require p99<200ms` (hail-bench(1)).
 *
 * Checked as text before the run, against the document after it. A name is a short one ("p99",
 * "lost"), a whole path ("latency_ms.rtt.p99"), or the end of a path that no other path has
 * ("rtt.p99"); or "compare.ROW.FIGURE", a row of a comparison, its name with '-' for the space
 * ("compare.poll-250ms.p99"); or "LABEL.p99", what a script labels so. Only known paths are taken,
 * so that a slip of the pen cannot pass for a promise kept. */
#ifndef HAIL_REPORT_REQUIRE_H
#define HAIL_REPORT_REQUIRE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct figure;

enum { REQUIRE_EXPR = 96, REQUIRE_PATH = 64 };

enum require_operator {
	REQUIRE_LESS,
	REQUIRE_AT_MOST,
	REQUIRE_MORE,
	REQUIRE_AT_LEAST,
	REQUIRE_EQUAL,
	REQUIRE_OTHER,
};

enum require_unit {
	REQUIRE_COUNT,
	REQUIRE_RATE,        /* per second */
	REQUIRE_MS,
	REQUIRE_US,
	REQUIRE_SECONDS,
	REQUIRE_SIZE,        /* bytes */
	REQUIRE_PERCENT,
};

/* What a path begins in. */
enum require_place {
	REQUIRE_DOCUMENT,
	REQUIRE_COMPARED,    /* a row of a comparison, by its name */
	REQUIRE_LABELLED,    /* what a script labels, by the label */
};

/* One condition. */
struct require {
	char expr[REQUIRE_EXPR];         /* as it was written */
	char path[REQUIRE_PATH];
	enum require_place place;
	char row[REQUIRE_EXPR];          /* the name or label there; "": the document */
	bool by_workload;                /* path is a field of the latency that the workload
	                                  * measures: delivery, round trip or ping */
	char whole[REQUIRE_PATH];        /* of which the value is a share in percent; else "" */
	enum require_operator operator;
	enum require_unit unit;
	double value;
};

/* The labels are given before anything is added, when a script is played, and lent: they come
 * before all other names, and no latency has another one then; "failed" are plays then. */
struct require_list {
	struct require *items;
	size_t count;
	const char *const *labels;       /* NULL: no script is played */
	size_t label_count;
};

/* Adds the conditions of one option's argument, separated by commas. -1 with class ERR_USAGE and
 * a sentence that names the expression, the place in it and what was expected; or ERR_MEMORY.
 * The list is released by the caller in any case. */
int require_add(struct require_list *list, const char *text, struct err *e);
void require_release(struct require_list *list);

/* Checks the conditions against what will be there: with rows, of these names, the figures of one
 * of them or what all have in common; without (0), no row's. -1 with class ERR_USAGE. */
int require_suits(const struct require_list *list, const char *const *rows, size_t row_count,
    struct err *e);

/* Judges all of them and adds `requirements` to the document; without any there is none. What is
 * absent has the value null and fails, but for classes of connections.errors, which count 0. When
 * not `counted`, a run that was over before anything counted, all is absent.
 * Returns how many failed, or -1 without memory. */
int require_judge(const struct require_list *list, json_t *document, bool counted);

/* A value of the condition, with its unit. */
struct figure require_figure(const struct require *r, double value);

#endif
