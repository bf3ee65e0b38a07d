#include "lib/base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 8192 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

void
arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){.max = max};
}

void
arena_release(struct arena *a)
{
	struct arena_block *next;

	for (struct arena_block *b = a->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
	a->used = 0;
}

static struct arena_block *
add_block(struct arena *a, size_t size)
{
	struct arena_block *b = calloc(1, sizeof *b + size);

	if (b == NULL)
		return NULL;
	b->size = size;
	b->next = a->blocks;
	return a->blocks = b;
}

void *
arena_take(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	size_t unit = alignof(max_align_t), whole;
	void *taken;

	if (size > a->max - a->used || a->max - a->used - size < unit)
		return NULL;
	whole = (size + unit - 1) / unit * unit;
	if ((b == NULL || b->size - b->used < whole) &&
	    (b = add_block(a, whole > BLOCK ? whole : BLOCK)) == NULL)
		return NULL;
	taken = b->bytes + b->used;
	b->used += whole;
	a->used += whole;
	return taken;
}

char *
arena_text(struct arena *a, struct slice text)
{
	char *copy = arena_take(a, text.len + 1);

	if (copy != NULL && text.len > 0)
		memcpy(copy, text.data, text.len);
	return copy;
}
