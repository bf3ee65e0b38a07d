/* dialect_key.h: every key that a dialect may have: where it stands, what it may be, and where in
 * struct dialect it goes. */
#ifndef HAIL_PLAN_DIALECT_KEY_H
#define HAIL_PLAN_DIALECT_KEY_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum dialect_type {
	DIALECT_TEXT,            /* a string: char * */
	DIALECT_FLAG,            /* true or false: bool */
	DIALECT_FIRST,           /* "answered" or "held": bool */
	DIALECT_LIST,            /* a list of strings: on_open */
};

/* Whether a string may stand there. -1 with class ERR_USAGE; `place` is the front of the sentence:
 * "dialect NAME: longpoll.path". */
typedef int dialect_check_fn(const char *value, const char *place, struct err *e);

struct dialect_key {
	const char *group, *name;    /* the object that it stands in, "" for the outermost */
	enum dialect_type type;
	size_t at;                   /* in struct dialect; 0 for a list */
	dialect_check_fn *check;     /* of each string; NULL: it may be any */
};

/* Ended by one without a name. */
extern const struct dialect_key dialect_keys[];

/* NULL: there is no such key. */
const struct dialect_key *dialect_key_find(const char *group, const char *name);

/* Whether `name` is an object that holds keys. */
bool dialect_key_is_group(const char *name);

#endif
