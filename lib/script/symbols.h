/* symbols.h: the names of a script by number, in the order in which they were met: its parties, its
 * variables. The names themselves are lent. */
#ifndef HAIL_SCRIPT_SYMBOLS_H
#define HAIL_SCRIPT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

enum {
	SYMBOL_LENGTH = 64,                /* bytes of a name */
	SYMBOLS_MAX = 100000,              /* of a kind */
};

struct symbols {
	struct slice *items;
	size_t count, cap;
	size_t *table;                   /* numbers plus one; 0: free */
	size_t size;                     /* of the table, a power of two */
	uint64_t seed;                   /* nobody chooses names that meet in the table */
};

void symbols_init(struct symbols *n, uint64_t seed);
void symbols_release(struct symbols *n);

/* -1: it is not there. */
long symbols_find(const struct symbols *n, struct slice name);

/* The number of a name that is not there yet. -1: no memory, or there are SYMBOLS_MAX. */
long symbols_add(struct symbols *n, struct slice name);

/* The name closest to what was written, among the first 2000; data NULL: none is close. */
struct slice symbols_guess(const struct symbols *n, struct slice name);

/* Whether it is letters, digits, '_' and '-', not too many, the first one no digit and no '-'. */
bool symbols_valid(struct slice name);

/* How many letters one word is from the other (distance.h). More than what counts as misspelt may
 * be told as less than it is. */
size_t symbols_distance(struct slice a, struct slice b);

/* Up to which distance a word of that length counts as misspelt. */
size_t symbols_near(struct slice name);

#endif
