/* scope.h: what the names in a script stand for, in one play. Small: thousands play at once. */
#ifndef HAIL_SCRIPT_SCOPE_H
#define HAIL_SCRIPT_SCOPE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct rng;
struct scope;
struct script;

enum { SCOPE_VALUE_MAX = 1 << 20 };      /* bytes of a value */

struct scope_params {
	const struct script *script;     /* lent, as are the rest */
	struct rng *rng;
	uint64_t conn;
	const char *url;                 /* {url}; NULL: none */

	/* The last event id of a party; empty: none. */
	struct slice (*last_id)(void *ctx, size_t party);
	void *ctx;
};

/* NULL: no memory. */
struct scope *scope_new(const struct scope_params *params);
void scope_free(struct scope *s);

/* A play begins: all values are those that the script begins with, uuids are new ones. */
void scope_begin(struct scope *s, uint64_t iteration);

/* Gives a variable a value, which is copied. -1: longer than SCOPE_VALUE_MAX, or no memory. */
int scope_set(struct scope *s, size_t slot, struct slice value);

/* data NULL: it has none yet. */
struct slice scope_get(const struct scope *s, size_t slot);

/* For text.c. */
const struct scope_params *scope_params(const struct scope *s);
uint64_t scope_iteration(const struct scope *s);
uint64_t scope_next(struct scope *s);                        /* {seq} */
const char *scope_uuid(struct scope *s, size_t number);      /* version 4 (RFC 9562, 5.4); NULL: no
                                                              * memory */

#endif
