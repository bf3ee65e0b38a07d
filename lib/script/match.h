/* match.h: whether a message, or an answer, fulfils the conditions of an expectation. */
#ifndef HAIL_SCRIPT_MATCH_H
#define HAIL_SCRIPT_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/script/script.h"

struct buf;
struct err;
struct http_head;
struct match;
struct scope;

/* What is looked at. Its JSON is decoded when the first condition asks for it. */
struct subject {
	struct slice data;
	struct slice event, id;          /* data NULL: none */
	const struct http_head *head;    /* of an answer; NULL: it is a message */
	json_t *json;                    /* NULL: not decoded yet, or it is none; owned */
	bool decoded;
};

void subject_release(struct subject *s);

/* NULL: it is no JSON. An integer beyond 64 bits, which patterns cannot name, is a double. */
const json_t *subject_json(struct subject *s);

/* Makes the conditions of an expectation ready: variables are filled in, snapshots read. It holds
 * for this moment: a variable that changes later changes nothing. NULL with class ERR_MATCH (a
 * variable without a value; what a variable made of a pattern is none), ERR_IO (a snapshot cannot
 * be read), ERR_MEMORY. */
struct match *match_new(const struct script *script, const struct condition *conditions,
    size_t count, struct scope *scope, struct err *e);

/* The same with --update-snapshots: a snapshot need not exist, and any JSON fulfils it. */
struct match *match_new_updating(const struct script *script,
    const struct condition *conditions, size_t count, struct scope *scope, struct err *e);
void match_free(struct match *m);

/* Whether all conditions are fulfilled. If not, and with `why` not NULL, appends one line about
 * the first that is not. A condition on the status or a header is never fulfilled by a message,
 * nor event and id by an answer. Nothing is saved. */
bool match_fits(struct match *m, struct subject *s, struct buf *why);

/* After match_fits was true for the same subject: gives the named groups of its regexes to the
 * variables of these names, and what `saves` say. -1 with class ERR_MATCH: a pointer points to
 * nothing, a header is not there. Strings are saved as what they say, other JSON as it stands,
 * compact. */
int match_save(struct match *m, struct subject *s, const struct save *saves, size_t save_count,
    struct scope *scope, struct err *e);

/* Appends what was expected, variables filled in, as one line of at most 200 bytes or so:
 * `json {"text":"hello"}`, `event update json {…}`. */
void match_text(const struct match *m, struct buf *into);

/* The expectation's snapshot (json @FILE), if it has one; NULL: none. */
const struct condition *match_snapshot(const struct match *m);

/* Writes the subject as the new snapshot, through a file that then replaces the old one, unless
 * that says the same already. -1 with class ERR_IO; ERR_MATCH: it is no JSON, or nested too
 * deep; ERR_LIMIT: more than SCRIPT_FILE_MAX bytes. */
int match_write_snapshot(struct match *m, struct subject *s, struct err *e);

#endif
