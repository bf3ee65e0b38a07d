#include "lib/script/symbols.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/distance.h"
#include "lib/base/hash.h"

void
symbols_init(struct symbols *n, uint64_t seed)
{
	*n = (struct symbols){.seed = seed};
}

void
symbols_release(struct symbols *n)
{
	free(n->items);
	free(n->table);
	symbols_init(n, n->seed);
}

enum {
	GUESSED_MAX = 2000,
	FAR = 3,                         /* no word that is so far is meant */
};

/* --- the table --------------------------------------------------------------------------- */

static bool
is_same(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Where a name is, or would be. */
static size_t *
place(const struct symbols *n, struct slice name)
{
	size_t i = (size_t)hash_bytes(HASH_START ^ n->seed, name.data, name.len), *at;

	do
		at = &n->table[i++ & (n->size - 1)];
	while (*at != 0 && !is_same(n->items[*at - 1], name));
	return at;
}

long
symbols_find(const struct symbols *n, struct slice name)
{
	return n->size == 0 ? -1 : (long)*place(n, name) - 1;
}

/* At most half full. */
static int
grow(struct symbols *n)
{
	size_t size = n->size == 0 ? 16 : n->size * 2;
	struct slice *items = realloc(n->items, size / 2 * sizeof *items);
	size_t *table = calloc(size, sizeof *table);

	if (items != NULL)
		n->items = items;
	if (items == NULL || table == NULL) {
		free(table);
		return -1;
	}
	free(n->table);
	n->table = table;
	n->size = size;
	n->cap = size / 2;
	for (size_t i = 0; i < n->count; i++)
		*place(n, n->items[i]) = i + 1;
	return 0;
}

long
symbols_add(struct symbols *n, struct slice name)
{
	size_t *at;

	if (n->count >= SYMBOLS_MAX || (n->count == n->cap && grow(n) != 0))
		return -1;
	at = place(n, name);
	n->items[n->count] = name;
	*at = ++n->count;
	return (long)n->count - 1;
}

/* --- what a name is ---------------------------------------------------------------------- */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool
symbols_valid(struct slice name)
{
	if (name.len == 0 || name.len > SYMBOL_LENGTH || !is_letter(name.data[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!is_letter(name.data[i]) && name.data[i] != '-' &&
		    !(name.data[i] >= '0' && name.data[i] <= '9'))
			return false;
	return true;
}

/* --- what was meant ---------------------------------------------------------------------- */

size_t
symbols_distance(struct slice a, struct slice b)
{
	return distance_between(a, b, FAR - 1);
}

size_t
symbols_near(struct slice name)
{
	return name.len < 3 ? 0 : name.len < 6 ? 1 : 2;
}

struct slice
symbols_guess(const struct symbols *n, struct slice name)
{
	struct slice closest = {NULL, 0};
	size_t best = symbols_near(name), d;

	for (size_t i = 0; i < n->count && i < GUESSED_MAX; i++) {
		d = symbols_distance(name, n->items[i]);
		if (d <= best && (closest.data == NULL || d < best)) {
			best = d;
			closest = n->items[i];
		}
	}
	return closest;
}
