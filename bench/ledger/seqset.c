#include "bench/ledger/seqset.h"

#include <stdlib.h>
#include <string.h>

struct range {
	uint32_t from, to;               /* missing: from <= number < to */
};

struct seqset_holes {
	uint32_t count, capacity;
	struct range ranges[];
};

void
seqset_init(struct seqset *s, uint32_t first)
{
	*s = (struct seqset){.next = first};
}

void
seqset_release(struct seqset *s)
{
	free(s->holes);
	s->holes = NULL;
}

/* Room for one more range; NULL without memory. */
static struct seqset_holes *
grown(struct seqset *s)
{
	struct seqset_holes *h = s->holes;
	uint32_t capacity = h != NULL ? h->capacity : 0;

	if (h != NULL && h->count < capacity)
		return h;
	capacity = capacity > 0 ? capacity * 2 : 4;
	h = realloc(h, sizeof *h + capacity * sizeof *h->ranges);
	if (h == NULL)
		return NULL;
	if (s->holes == NULL)
		h->count = 0;
	h->capacity = capacity;
	s->holes = h;
	return h;
}

/* The hole with that number in it; NULL: the number is there already. */
static struct range *
hole_with(struct seqset_holes *h, uint32_t number)
{
	uint32_t low = 0, high = h != NULL ? h->count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (number >= h->ranges[middle].to)
			low = middle + 1;
		else if (number < h->ranges[middle].from)
			high = middle;
		else
			return &h->ranges[middle];
	}
	return NULL;
}

static void
remove_range(struct seqset_holes *h, struct range *r)
{
	size_t after = (size_t)(h->ranges + h->count - (r + 1));

	memmove(r, r + 1, after * sizeof *r);
	h->count--;
}

/* Takes the number out of its hole, which may split it. */
static enum seqset_arrival
fill(struct seqset *s, struct range *r, uint32_t number)
{
	size_t index = (size_t)(r - s->holes->ranges), after;
	struct seqset_holes *h;

	if (number == r->from && number + 1 == r->to) {
		remove_range(s->holes, r);
	} else if (number == r->from) {
		r->from++;
	} else if (number + 1 == r->to) {
		r->to--;
	} else {
		h = grown(s);
		if (h == NULL)
			return SEQSET_FULL;
		r = &h->ranges[index];
		after = h->count - index;
		memmove(r + 1, r, after * sizeof *r);
		h->count++;
		r[0].to = number;
		r[1].from = number + 1;
	}
	return SEQSET_REORDERED;
}

enum seqset_arrival
seqset_add_slowly(struct seqset *s, uint32_t number)
{
	struct seqset_holes *h;
	struct range *r;

	if (number < s->next) {
		r = hole_with(s->holes, number);
		return r != NULL ? fill(s, r, number) : SEQSET_DUPLICATE;
	}
	if (number > s->next) {
		h = grown(s);
		if (h == NULL)
			return SEQSET_FULL;
		h->ranges[h->count++] = (struct range){s->next, number};
	}
	s->next = number + 1;
	return SEQSET_FIRST;
}

uint64_t
seqset_missing(const struct seqset *s)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; s->holes != NULL && i < s->holes->count; i++)
		sum += s->holes->ranges[i].to - s->holes->ranges[i].from;
	return sum;
}
