/* pattern.h: JSON with holes: what a message must hold, which need not be all it holds.
 *
 *     {"id": *, "text": "hi", "at": *time, "tags": ["a", ...], "n": /^[0-9]+$/, "error": *none}
 *
 * An object matches one that has its members and maybe others (exactly: no others); an array one
 * with the same elements in the same order, and with "..." at its end maybe more behind. Numbers
 * are equal by value. In the place of a value stand
 *     *          anything that is there
 *     *string *number *boolean *object *array *null
 *     *uuid *time        a string of that form: RFC 9562; RFC 3339, or a number of seconds or ms
 *                        since 1970 between the years 2000 and 2100
 *     *none      a member that is not there
 *     /regex/i   a string, found by that; named groups become variables */
#ifndef HAIL_SCRIPT_PATTERN_H
#define HAIL_SCRIPT_PATTERN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"

struct buf;
struct err;
struct pattern;

enum { PATTERN_DEPTH = 100 };

/* Reads one; it must be the whole text. NULL with class ERR_USAGE: what was expected, and at which
 * byte of the text in e->code, from 0; or ERR_MEMORY. */
struct pattern *pattern_new(struct slice text, struct err *e);
void pattern_free(struct pattern *p);

/* How many bytes the pattern at the front of `text` takes: brackets balanced, strings and regexes
 * skipped, of anything else up to white space. 0: nothing is there, or it never ends. For who does
 * not know where it ends; whether it is right, pattern_new says. */
size_t pattern_length(struct slice text);

/* Names of all groups of all regexes, for variables; in the order of pattern_match's groups. */
size_t pattern_names(const struct pattern *p);
const char *pattern_name(const struct pattern *p, size_t index);

/* Whether it matches. `groups` as with regex_match, pattern_names of them, lent from `value`.
 * Otherwise, with `why` not NULL, appends what differs first, as one line:
 *     /text: expected "hello", got "hallo"        /at: not there        /error: not expected
 * with values cut to 60 bytes, and " (and 2 more)" when more differs. */
bool pattern_match(const struct pattern *p, const json_t *value, bool exactly,
    struct slice *groups, struct buf *why);

/* The same for a value within a message: `base` is the JSON Pointer to it, with which places begin.
 * value NULL: nothing is there, which is what *none alone stands for. */
bool pattern_match_at(const struct pattern *p, const char *base, const json_t *value,
    bool exactly, struct slice *groups, struct buf *why);

/* For json-path and its relations: compares two scalars: <0, 0, >0; false: they are not of a kind
 * (numbers, or strings by bytes). */
bool pattern_order(const json_t *a, const json_t *b, int *order);

/* The one scalar that a pattern is, lent; NULL: it is none, or has holes. */
const json_t *pattern_scalar(const struct pattern *p);

/* A new snapshot: the value as indented JSON, with a newline at its end, in which what the old
 * pattern (NULL: none) has holes for, and what fits them, is still a hole; so is "..." behind the
 * elements that it stands behind, and a member that is *none. -1 with class ERR_MATCH: it is
 * nested more than PATTERN_DEPTH deep; ERR_LIMIT: longer than the buf may be, or no memory. */
int pattern_snapshot(const struct pattern *old, const json_t *value, struct buf *into,
    struct err *e);

#endif
