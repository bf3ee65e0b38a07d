/* tally_script.h: what playing a script counted: plays, how long what it labels took, and which of
 * its lines were not kept. A part of the partial results (tally.h), and joined with them. */
#ifndef HAIL_LEDGER_TALLY_SCRIPT_H
#define HAIL_LEDGER_TALLY_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

struct hist;

enum { TALLY_LABELS = 1000 };    /* each has a histogram once it was measured */

/* Where a line stands. */
struct tally_line {
	const char *file;
	unsigned line;           /* 0: the end of the script */
};

/* What stands behind `as`; lines with the same label are one. */
struct tally_label {
	const char *name;
	struct tally_line first; /* of its lines */
	struct hist *latency;    /* NULL until it was measured */
};

/* Plays that ended at one line for one reason. */
struct tally_failure {
	struct tally_failure *next;  /* a later line, or another class */
	size_t step;                 /* its number; the script's step count: its end */
	struct tally_line at;
	uint64_t count;
	struct err first;            /* of them; its class is that of all */
};

struct tally_script {
	const char *file;
	/* begun = completed + failed + unfinished, once all is over */
	uint64_t begun, completed, failed, unfinished;
	uint64_t unconnected;            /* of the failed ones: could not connect */
	uint64_t requests;               /* `http` */
	struct hist *play;               /* of those that were completed by themselves */
	size_t label_count;
	struct tally_label labels[TALLY_LABELS];
	struct tally_failure *failures;  /* in the order of the lines */
	struct arena arena;              /* what of it is text, and the failures */
};

/* All zero. NULL: no memory. What is handed over is copied, here and below. */
struct tally_script *tally_script_new(const char *file);
void tally_script_free(struct tally_script *s);

/* The number of a label, which is added when it is new. -1: no memory, or TALLY_LABELS are
 * there. */
int tally_script_label(struct tally_script *s, const char *name, struct tally_line at);

/* That label took so long once. -1: no memory. */
int tally_script_measured(struct tally_script *s, size_t label, uint64_t took_ns);

/* One more play failed, at that step. -1: no memory. */
int tally_script_failed(struct tally_script *s, size_t step, struct tally_line at,
    const struct err *why);

/* The failure that ended the most plays; NULL: none did. */
const struct tally_failure *tally_script_worst(const struct tally_script *s);

/* Forgets what was counted; labels stay. */
void tally_script_clear(struct tally_script *s);

/* Adds all of `from`: labels join by name, failures by step and class. -1: no memory. */
int tally_script_merge(struct tally_script *into, const struct tally_script *from);

#endif
