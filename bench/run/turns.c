#include "bench/run/turns.h"

#include "lib/base/clock.h"

enum { BATCH = 256 };            /* let in in one turn, so that it stays short */

static void
queue_init(struct turn_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

static void
queue_add(struct turn_queue *q, struct turn *who)
{
	who->next = NULL;
	*q->last = who;
	q->last = &who->next;
}

/* NULL: it is empty. */
static struct turn *
queue_take(struct turn_queue *q)
{
	struct turn *who = q->first;

	if (who == NULL)
		return NULL;
	q->first = who->next;
	if (q->first == NULL)
		q->last = &q->first;
	return who;
}

void
turns_next(struct turns *t, struct turn *who)
{
	if (t->ready.first == NULL)
		loop_timer_set(&t->turn, 0);
	queue_add(&t->ready, who);
}

void
turns_pause(struct turns *t, struct turn *who)
{
	size_t ticks = TURNS_PAUSE / 2 + (size_t)(rng_double(&t->rng) * TURNS_PAUSE) + 1;

	if (t->pausing++ == 0)
		loop_timer_set(&t->tick, TURNS_TICK_MS * NS_PER_MS);
	queue_add(&t->slots[(t->slot + ticks) % TURNS_SLOTS], who);
}

static void
turn_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct turns *t = ctx;

	(void)fd;
	(void)events;
	for (int i = 0; i < BATCH && t->ready.first != NULL; i++)
		t->take(t->ctx, queue_take(&t->ready));
	if (t->ready.first != NULL)
		loop_timer_set(&t->turn, 0);
}

static void
tick_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct turns *t = ctx;
	struct turn *who;

	(void)fd;
	(void)events;
	t->slot = (t->slot + 1) % TURNS_SLOTS;
	while ((who = queue_take(&t->slots[t->slot])) != NULL) {
		t->pausing--;
		turns_next(t, who);
	}
	if (t->pausing > 0)
		loop_timer_set(&t->tick, TURNS_TICK_MS * NS_PER_MS);
}

void
turns_init(struct turns *t, struct loop *l, void (*take)(void *ctx, struct turn *t), void *ctx)
{
	uint64_t seed;

	*t = (struct turns){.take = take, .ctx = ctx};
	rng_secret(&seed, sizeof seed);
	rng_init(&t->rng, seed);
	queue_init(&t->ready);
	for (size_t i = 0; i < TURNS_SLOTS; i++)
		queue_init(&t->slots[i]);
	loop_timer_init(&t->turn, l, turn_fired, t);
	loop_timer_init(&t->tick, l, tick_fired, t);
}

void
turns_clear(struct turns *t)
{
	loop_timer_clear(&t->turn);
	loop_timer_clear(&t->tick);
}
