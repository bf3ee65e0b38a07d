/* pattern_parts.h: what a pattern is made of, for pattern.c and its parts.
 *
 *     pattern_read.c   text → nodes
 *     pattern.c        nodes against a value
 *     pattern_form.c   the holes that are more than a kind: *uuid, *time
 *     pattern_why.c    what differs, as a sentence
 *     pattern_snapshot.c   a value, with the holes of a pattern → text
 */
#ifndef HAIL_SCRIPT_PATTERN_PARTS_H
#define HAIL_SCRIPT_PATTERN_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/slice.h"
#include "lib/script/pattern.h"

struct buf;
struct regex;

/* In the order of the rows of pattern_form.c; those behind NODE_NONE are in no row. */
enum node_kind {
	NODE_ANY,                /* * */
	NODE_STRING,             /* *string and so on: anything of that kind */
	NODE_NUMBER,
	NODE_BOOLEAN,
	NODE_OBJECT,
	NODE_ARRAY,
	NODE_NULL,
	NODE_UUID,
	NODE_TIME,
	NODE_NONE,
	NODE_REGEX,
	NODE_SCALAR,             /* that value */
	NODE_MEMBERS,            /* {…} */
	NODE_ELEMENTS,           /* […] */
};

struct node {
	enum node_kind kind;
	bool open;               /* of elements: "..." at their end */
	struct node *next;       /* the next member or element */
	const char *name;        /* of a member */
	union {
		json_t *scalar;
		struct {                         /* of a regex */
			const struct regex *regex;
			size_t group;            /* its first of the pattern's groups */
			struct slice source;     /* as it stood there: /…/i */
		};
		struct {                         /* of members and elements */
			struct node *first;
			size_t count;
			json_t *names;           /* of members: a set */
		};
	};
};

struct regex_item {
	struct regex_item *next;
	struct regex *regex;
};

struct pattern {
	struct arena arena;      /* nodes and texts */
	json_t *kept;            /* an array: the scalars, names and sets that nodes lend */
	struct regex_item *regexes, **last_regex;        /* as they stand in the text */
	size_t regex_count;
	size_t name_count;
	const char **names;
	struct node *root;
};

struct node_form {
	const char *word;        /* "*uuid" */
	const char *what;        /* "a UUID" */
};
extern const struct node_form node_forms[NODE_NONE + 1];

/* Whether a value is what a hole stands for; of kinds up to NODE_TIME. */
bool pattern_form_fits(enum node_kind kind, const json_t *value);

/* Where in a value one is; the outermost has `up` NULL. */
struct place {
	const struct place *up;
	const char *name;        /* NULL: an element */
	size_t index;
};

/* Appends the JSON Pointer of a place that is `base` and then the way to it; "the message" when
 * both are empty. */
void pattern_put_place(struct buf *into, const char *base, const struct place *at);

/* Appends what was expected instead of a value: `expected a string, got 5`, `not there`. */
void pattern_put_mismatch(struct buf *into, const struct node *n, const json_t *value);

/* One walk over a pattern and a value. */
struct walk {
	bool exactly;
	struct slice *groups;    /* NULL: not wanted */
	struct buf *why;         /* NULL: the first difference ends it */
	const char *base;
	size_t differences;
	bool gave_up;            /* a regex took too long */
};

/* Whether the value (NULL: nothing is there) fits the node. */
bool pattern_walk(struct walk *w, const struct node *n, const json_t *value,
    const struct place *at);

#endif
