#include "lib/node/delay.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"

enum {
	HELD_MOST = 10000,
	HELD_BYTES = 16 * 1024 * 1024,
};

struct late {
	struct late *next;
	uint64_t due_ns;
	struct stream_id id;
	size_t topic_len, origin_len, data_len;
	char bytes[];                /* topic, origin, data */
};

struct delay {
	struct lws_context *lws;
	lws_sorted_usec_list_t timer;
	uint64_t ns;
	delay_release *release;
	void *arg;
	struct late *first, **end;
	size_t count, bytes;
};

static void expire(lws_sorted_usec_list_t *timer);

struct delay *
delay_new(struct lws_context *lws, uint64_t ns, delay_release *release, void *arg)
{
	struct delay *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->lws = lws;
	d->ns = ns;
	d->release = release;
	d->arg = arg;
	d->end = &d->first;
	return d;
}

static struct late *
take_first(struct delay *d)
{
	struct late *l = d->first;

	d->first = l->next;
	if (d->first == NULL)
		d->end = &d->first;
	d->count--;
	d->bytes -= l->data_len;
	return l;
}

static void
release_first(struct delay *d)
{
	struct late *l = take_first(d);
	const char *at = l->bytes;

	d->release(d->arg, (struct slice){at, l->topic_len}, l->id,
	    (struct slice){at + l->topic_len, l->origin_len},
	    (struct slice){at + l->topic_len + l->origin_len, l->data_len});
	free(l);
}

static void
schedule(struct delay *d)
{
	uint64_t now = clock_ns();

	if (d->first == NULL)
		return;
	lws_sul_schedule(d->lws, 0, &d->timer, expire, d->first->due_ns > now ?
	    (lws_usec_t)((d->first->due_ns - now) / NS_PER_US) + 1 : 1);
}

static void
expire(lws_sorted_usec_list_t *timer)
{
	struct delay *d = lws_container_of(timer, struct delay, timer);
	uint64_t now = clock_ns();

	while (d->first != NULL && d->first->due_ns <= now)
		release_first(d);
	schedule(d);
}

int
delay_add(struct delay *d, struct slice topic, struct stream_id id, struct slice origin,
    struct slice data)
{
	struct late *l = malloc(sizeof *l + topic.len + origin.len + data.len);

	if (l == NULL)
		return -1;
	*l = (struct late){NULL, clock_ns() + d->ns, id, topic.len, origin.len, data.len};
	memcpy(l->bytes, topic.data, topic.len);
	memcpy(l->bytes + topic.len, origin.data, origin.len);
	memcpy(l->bytes + topic.len + origin.len, data.data, data.len);
	*d->end = l;
	d->end = &l->next;
	d->count++;
	d->bytes += l->data_len;
	if (d->first == l)
		schedule(d);
	while (d->count > HELD_MOST || d->bytes > HELD_BYTES)
		release_first(d);
	return 0;
}

void
delay_free(struct delay *d)
{
	if (d == NULL)
		return;
	lws_sul_cancel(&d->timer);
	while (d->first != NULL)
		free(take_first(d));
	free(d);
}
