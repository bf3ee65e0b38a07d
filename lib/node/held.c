#include "lib/node/held.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"

#define HELD_NS NS_PER_S

struct held {
	struct message *message;
	struct held_list *list;
	struct held *next;
	struct deadline over;            /* it was held long enough */
};

/* Takes it out of its list, once its deadline is not set any more; returns its message, with
 * the reference. */
static struct message *
unlink_held(struct held **at)
{
	struct held *h = *at;
	struct message *m = h->message;

	*at = h->next;
	free(h);
	return m;
}

static struct message *
take(struct deadlines *all, struct held **at)
{
	deadline_clear(all, &(*at)->over);
	return unlink_held(at);
}

static void
expire(struct deadline *d)
{
	struct held *h = lws_container_of(d, struct held, over), **at = &h->list->first;
	struct held_list *l = h->list;
	struct message *m;

	while (*at != h)
		at = &(*at)->next;
	m = unlink_held(at);
	l->expired(l, m);
	message_unref(m);
}

int
held_add(struct deadlines *all, struct held_list *l, struct message *m)
{
	struct held *h = calloc(1, sizeof *h), **at = &l->first;

	if (h == NULL)
		return -1;
	h->over.due = expire;
	if (deadline_set(all, &h->over, clock_ns() + HELD_NS) != 0) {
		free(h);
		return -1;
	}
	h->message = message_ref(m);
	h->list = l;
	while (*at != NULL)
		at = &(*at)->next;
	*at = h;
	return 0;
}

static struct held **
find(struct held_list *l, struct slice source)
{
	struct held **at = &l->first;

	for (; *at != NULL; at = &(*at)->next) {
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
held_take(struct deadlines *all, struct held_list *l, struct slice source)
{
	struct held **at = find(l, source);

	return *at != NULL ? take(all, at) : NULL;
}

struct message *
held_take_first(struct deadlines *all, struct held_list *l)
{
	return l->first != NULL ? take(all, &l->first) : NULL;
}

void
held_clear(struct deadlines *all, struct held_list *l)
{
	struct message *m;

	while ((m = held_take_first(all, l)) != NULL)
		message_unref(m);
}
