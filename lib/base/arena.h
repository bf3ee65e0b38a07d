/* arena.h: memory that is given back all at once: for what is built once and then only read. */
#ifndef HAIL_BASE_ARENA_H
#define HAIL_BASE_ARENA_H

#include <stddef.h>

#include "lib/base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used;             /* bytes handed out, all in all */
	size_t max;              /* never more than that */
};

void arena_init(struct arena *a, size_t max);
void arena_release(struct arena *a);

/* Zeroed bytes, aligned for anything. NULL: beyond max, or no memory. */
void *arena_take(struct arena *a, size_t size);

/* A copy with a NUL behind it. NULL as above. */
char *arena_text(struct arena *a, struct slice text);

#endif
