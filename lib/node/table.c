#include "lib/node/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/rng.h"

/* FNV-1a from a secret start, then stirred: the low bits choose the slot. */
static uint64_t
hash_of(const struct table *t, struct slice key)
{
	uint64_t h = hash_bytes(t->seed, key.data, key.len);

	h ^= h >> 32;
	h *= UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

void
table_init(struct table *t)
{
	*t = (struct table){0};
	rng_secret(&t->seed, sizeof t->seed);
}

void
table_release(struct table *t)
{
	free(t->slots);
	t->slots = NULL;
	t->size = t->count = 0;
}

struct table_entry *
table_find(const struct table *t, struct slice key)
{
	uint64_t hash = hash_of(t, key);
	struct table_entry *e;

	if (t->size == 0)
		return NULL;
	for (e = t->slots[hash & (t->size - 1)]; e != NULL; e = e->next)
		if (e->hash == hash && e->key.len == key.len &&
		    memcmp(e->key.data, key.data, key.len) == 0)
			return e;
	return NULL;
}

static bool
grow(struct table *t)
{
	size_t size = t->size > 0 ? t->size * 2 : 64;
	struct table_entry **slots = calloc(size, sizeof(struct table_entry *)), *e, *next;

	if (slots == NULL)
		return false;
	for (size_t i = 0; i < t->size; i++)
		for (e = t->slots[i]; e != NULL; e = next) {
			next = e->next;
			e->next = slots[e->hash & (size - 1)];
			slots[e->hash & (size - 1)] = e;
		}
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

int
table_add(struct table *t, struct table_entry *e)
{
	struct table_entry **slot;

	if (t->count >= t->size && !grow(t) && t->size == 0)
		return -1;
	e->hash = hash_of(t, e->key);
	slot = &t->slots[e->hash & (t->size - 1)];
	e->next = *slot;
	*slot = e;
	t->count++;
	return 0;
}

void
table_remove(struct table *t, struct table_entry *e)
{
	struct table_entry **at = &t->slots[e->hash & (t->size - 1)];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	t->count--;
}

struct table_entry *
table_next(const struct table *t, const struct table_entry *e)
{
	size_t slot = 0;

	if (e != NULL && e->next != NULL)
		return e->next;
	if (e != NULL)
		slot = (e->hash & (t->size - 1)) + 1;
	for (; slot < t->size; slot++)
		if (t->slots[slot] != NULL)
			return t->slots[slot];
	return NULL;
}
