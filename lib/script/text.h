/* text.h: texts of a script with variables in them, compiled once, filled in for each play.
 *
 * In braces: a variable of the script, {env:NAME} (which is filled in when the script is read),
 * {uuid} and {uuid:NAME} (the same during one play), {now} (ms since 1970), {seq} (1, 2, 3, … in
 * this play), {rand:N} (0 to N - 1), {conn}, {iteration}, {url} (of this connection of a load) and
 * {PARTY.last_id}. Any other brace is itself. */
#ifndef HAIL_SCRIPT_TEXT_H
#define HAIL_SCRIPT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct buf;
struct err;
struct scope;

enum text_form {
	TEXT_PLAIN,              /* values go in as they are */
	TEXT_JSON,               /* within JSON strings (between quotes) values are escaped, within
	                          * regexes of patterns quoted, elsewhere they go in as they are */
	TEXT_REGEX,              /* values are quoted, so that each matches itself */
};

enum text_part_kind {
	TEXT_BYTES,
	TEXT_VARIABLE,           /* `number`: the slot */
	TEXT_UUID,               /* `number`: which of the script's uuids */
	TEXT_NOW,
	TEXT_SEQ,
	TEXT_RAND,               /* `number`: N */
	TEXT_CONN,
	TEXT_ITERATION,
	TEXT_URL,
	TEXT_LAST_ID,            /* `number`: the party */
};

struct text_part {
	enum text_part_kind kind;
	bool quoted;             /* of TEXT_JSON: within a string */
	bool in_regex;           /* of TEXT_JSON: within a regex of a pattern */
	uint64_t number;
	struct slice bytes;      /* of TEXT_BYTES */
};

/* Part of a script (script.h), and immutable. */
struct text {
	enum text_form form;
	size_t count;
	struct text_part *parts;
};

/* Whether it is the same each time: at most one part, of bytes. */
bool text_is_constant(const struct text *t);

/* The bytes of a constant text. */
struct slice text_constant(const struct text *t);

/* Appends the text with everything filled in. -1: class ERR_MATCH, naming a variable that has no
 * value yet; ERR_LIMIT: the buf is full; ERR_MEMORY. */
int text_fill(const struct text *t, struct scope *s, struct buf *into, struct err *e);

#endif
