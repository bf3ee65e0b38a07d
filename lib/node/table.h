/* table.h: finds things by name. Intrusive: the entry lies inside the thing, nothing is
 * allocated per entry. The hash is seeded, so that names chosen by a stranger do not
 * collide. */
#ifndef HAIL_NODE_TABLE_H
#define HAIL_NODE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct table_entry {
	struct table_entry *next;
	uint64_t hash;
	struct slice key;       /* lent by the thing, for as long as it is in the table */
};

struct table {
	struct table_entry **slots;
	size_t size;            /* a power of two, 0 while nothing was ever added */
	size_t count;
	uint64_t seed;
};

void table_init(struct table *t);

/* Frees the slots, not the things. */
void table_release(struct table *t);

struct table_entry *table_find(const struct table *t, struct slice key);

/* Adds; e->key is set and not yet in the table. -1: no memory. */
int table_add(struct table *t, struct table_entry *e);

void table_remove(struct table *t, struct table_entry *e);

/* Any entry after `e` in no particular order, the first for NULL; NULL at the end. Adding
 * ends the validity of a walk, removing the entry last returned does not if its next was
 * fetched. */
struct table_entry *table_next(const struct table *t, const struct table_entry *e);

#endif
