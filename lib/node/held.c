#include "lib/node/held.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"

#define HELD_NS NS_PER_S

struct held {
	struct message *message;
	struct held_list *list;
	struct held *next_in_list;
	struct held *older, *newer;
	uint64_t due_ns;
};

static void expire(lws_sorted_usec_list_t *timer);

static void
schedule(struct held_queue *q)
{
	uint64_t now = clock_ns(), wait;

	if (q->oldest == NULL) {
		lws_sul_cancel(&q->timer);
		return;
	}
	wait = q->oldest->due_ns > now ? q->oldest->due_ns - now : 0;
	lws_sul_schedule(q->lws, 0, &q->timer, expire, (lws_usec_t)(wait / NS_PER_US) + 1);
}

/* Takes it out of its list and of the queue; returns its message, with the reference. */
static struct message *
unlink_held(struct held_queue *q, struct held **at)
{
	struct held *h = *at;
	struct message *m = h->message;

	*at = h->next_in_list;
	*(h->older != NULL ? &h->older->newer : &q->oldest) = h->newer;
	*(h->newer != NULL ? &h->newer->older : &q->newest) = h->older;
	free(h);
	return m;
}

static void
expire(lws_sorted_usec_list_t *timer)
{
	struct held_queue *q = lws_container_of(timer, struct held_queue, timer);
	uint64_t now = clock_ns();

	while (q->oldest != NULL && q->oldest->due_ns <= now) {
		struct held_list *l = q->oldest->list;
		struct held **at = &l->first;
		struct message *m;

		while (*at != q->oldest)
			at = &(*at)->next_in_list;
		m = unlink_held(q, at);
		l->expired(l, m);
		message_unref(m);
	}
	schedule(q);
}

void
held_init(struct held_queue *q, struct lws_context *lws)
{
	*q = (struct held_queue){.lws = lws};
}

int
held_add(struct held_queue *q, struct held_list *l, struct message *m)
{
	struct held *h = calloc(1, sizeof *h), **at = &l->first;

	if (h == NULL)
		return -1;
	h->message = message_ref(m);
	h->list = l;
	h->due_ns = clock_ns() + HELD_NS;
	while (*at != NULL)
		at = &(*at)->next_in_list;
	*at = h;
	h->older = q->newest;
	*(q->newest != NULL ? &q->newest->newer : &q->oldest) = h;
	q->newest = h;
	if (q->oldest == h)
		schedule(q);
	return 0;
}

static struct held **
find(struct held_list *l, struct slice source)
{
	struct held **at = &l->first;

	for (; *at != NULL; at = &(*at)->next_in_list) {
		struct slice held = (*at)->message->source;

		if (held.len == source.len && memcmp(held.data, source.data, held.len) == 0)
			break;
	}
	return at;
}

bool
held_has(const struct held_list *l, struct slice source)
{
	struct held_list copy = *l;

	return *find(&copy, source) != NULL;
}

struct message *
held_take(struct held_queue *q, struct held_list *l, struct slice source)
{
	struct held **at = find(l, source);

	return *at != NULL ? unlink_held(q, at) : NULL;
}

struct message *
held_take_first(struct held_queue *q, struct held_list *l)
{
	return l->first != NULL ? unlink_held(q, &l->first) : NULL;
}

void
held_clear(struct held_queue *q, struct held_list *l)
{
	while (l->first != NULL)
		message_unref(unlink_held(q, &l->first));
}
