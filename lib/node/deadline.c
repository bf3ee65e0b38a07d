#include "lib/node/deadline.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/clock.h"

static void ring(lws_sorted_usec_list_t *timer);

static void
schedule(struct deadlines *all)
{
	uint64_t now = clock_ns(), wait;

	if (all->count == 0) {
		lws_sul_cancel(&all->timer);
		return;
	}
	wait = all->heap[0]->at_ns > now ? all->heap[0]->at_ns - now : 0;
	lws_sul_schedule(all->lws, 0, &all->timer, ring, (lws_usec_t)(wait / NS_PER_US) + 1);
}

static void
put(struct deadlines *all, uint32_t i, struct deadline *d)
{
	all->heap[i] = d;
	d->place = i + 1;
}

/* Moves d from the hole at i to where it belongs. */
static void
settle(struct deadlines *all, uint32_t i, struct deadline *d)
{
	uint32_t child;

	for (; i > 0 && all->heap[(i - 1) / 2]->at_ns > d->at_ns; i = (i - 1) / 2)
		put(all, i, all->heap[(i - 1) / 2]);
	while ((child = 2 * i + 1) < all->count) {
		if (child + 1 < all->count &&
		    all->heap[child + 1]->at_ns < all->heap[child]->at_ns)
			child++;
		if (all->heap[child]->at_ns >= d->at_ns)
			break;
		put(all, i, all->heap[child]);
		i = child;
	}
	put(all, i, d);
}

static void
take_out(struct deadlines *all, struct deadline *d)
{
	uint32_t i = d->place - 1;
	struct deadline *last = all->heap[--all->count];

	d->place = 0;
	if (last != d)
		settle(all, i, last);
}

static void
ring(lws_sorted_usec_list_t *timer)
{
	struct deadlines *all = lws_container_of(timer, struct deadlines, timer);
	uint64_t now = clock_ns();

	while (all->count > 0 && all->heap[0]->at_ns <= now) {
		struct deadline *d = all->heap[0];

		take_out(all, d);
		d->due(d);
	}
	schedule(all);
}

void
deadlines_init(struct deadlines *all, struct lws_context *lws)
{
	*all = (struct deadlines){.lws = lws};
}

void
deadlines_release(struct deadlines *all)
{
	lws_sul_cancel(&all->timer);
	for (uint32_t i = 0; i < all->count; i++)
		all->heap[i]->place = 0;
	free(all->heap);
	*all = (struct deadlines){0};
}

int
deadline_set(struct deadlines *all, struct deadline *d, uint64_t at_ns)
{
	struct deadline *first = all->count > 0 ? all->heap[0] : NULL;

	if (d->place == 0 && all->count == all->size) {
		uint32_t size = all->size == 0 ? 64 : all->size * 2;
		struct deadline **heap = realloc(all->heap, size * sizeof *heap);

		if (heap == NULL)
			return -1;
		all->heap = heap;
		all->size = size;
	}
	d->at_ns = at_ns;
	settle(all, d->place == 0 ? all->count++ : d->place - 1, d);
	if (first == d || all->heap[0] == d)
		schedule(all);
	return 0;
}

void
deadline_clear(struct deadlines *all, struct deadline *d)
{
	bool first = d->place == 1;

	if (d->place == 0)
		return;
	take_out(all, d);
	if (first)
		schedule(all);
}
