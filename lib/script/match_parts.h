/* match_parts.h: what a match is made of, for match.c and its parts.
 *
 *     match.c          conditions, made ready
 *     match_fits.c     each of them against a subject
 *     match_save.c     what variables get of a subject
 *     match_text.c     what was expected, as a line
 *     match_snapshot.c the files of json @FILE
 *     subject.c        what is looked at
 */
#ifndef HAIL_SCRIPT_MATCH_PARTS_H
#define HAIL_SCRIPT_MATCH_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"
#include "lib/script/match.h"

struct pattern;
struct regex;

/* A condition for which everything is there. */
struct ready {
	const struct condition *c;
	struct buf filled;               /* a text with variables in it */
	struct slice text;               /* of c->text or c->regex */
	const struct regex *regex;       /* NULL: it has none */
	const struct pattern *pattern;   /* NULL: it has none, or its snapshot is a new one */
	struct regex *own_regex;         /* when it is not the condition's */
	struct pattern *own_pattern;
	size_t group_count;
	struct slice *groups;            /* of the regex or pattern, lent from the subject */
};

struct match {
	const struct script *script;
	bool updating;                   /* snapshots are written, not looked at */
	size_t count;
	struct ready items[];
};

/* Reads what the condition's file holds; when snapshots are written: if it is there. -1 with class
 * ERR_IO; ERR_USAGE: it is not within the script's root. */
int match_read_snapshot(const struct match *m, struct ready *r, struct err *e);

/* Whether one condition is fulfilled. */
bool match_one(const struct match *m, struct ready *r, struct subject *s, struct buf *why);

/* "<=" and so on. */
const char *match_sign(enum relation relation);

/* Appends the regex between slashes, and its flags; on one line, cut. */
void match_put_regex(struct buf *into, const struct ready *r);

#endif
