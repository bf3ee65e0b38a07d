#include "lib/node/memory_broker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/node/table.h"

enum {
	TOPICS_MAX = 10000,
};

struct record {
	struct stream_id id;
	size_t origin_len;
	size_t data_len;
	char bytes[];            /* origin, then data */
};

/* A topic's history. Records stand at (first + i) mod size, i from 0 to count - 1. */
struct past {
	struct table_entry entry;
	struct past *newer, *older;      /* by last use */
	struct record **ring;
	size_t size, first, count;
	char name[];
};

struct memory_broker {
	struct broker broker;
	size_t history;
	struct stream_id last;
	struct table topics;
	struct past *newest, *oldest;
};

static struct memory_broker *
of(struct broker *b)
{
	return (struct memory_broker *)b;
}

static void
past_unlink(struct memory_broker *mb, struct past *p)
{
	*(p->newer != NULL ? &p->newer->older : &mb->newest) = p->older;
	*(p->older != NULL ? &p->older->newer : &mb->oldest) = p->newer;
	p->newer = p->older = NULL;
}

static void
past_link(struct memory_broker *mb, struct past *p)
{
	p->older = mb->newest;
	*(mb->newest != NULL ? &mb->newest->newer : &mb->oldest) = p;
	mb->newest = p;
}

static void
past_free(struct memory_broker *mb, struct past *p)
{
	table_remove(&mb->topics, &p->entry);
	past_unlink(mb, p);
	for (size_t i = 0; i < p->count; i++)
		free(p->ring[(p->first + i) % p->size]);
	free(p->ring);
	free(p);
}

static struct past *
past_find(struct memory_broker *mb, struct slice topic)
{
	/* the entry is the first member */
	struct past *p = (struct past *)table_find(&mb->topics, topic);

	if (p != NULL && p != mb->newest) {
		past_unlink(mb, p);
		past_link(mb, p);
	}
	return p;
}

static struct past *
past_new(struct memory_broker *mb, struct slice topic)
{
	struct past *p;

	if (mb->topics.count >= TOPICS_MAX)
		past_free(mb, mb->oldest);
	p = calloc(1, sizeof *p + topic.len);
	if (p == NULL)
		return NULL;
	memcpy(p->name, topic.data, topic.len);
	p->entry.key = (struct slice){p->name, topic.len};
	if (table_add(&mb->topics, &p->entry) != 0) {
		free(p);
		return NULL;
	}
	past_link(mb, p);
	return p;
}

/* Makes the ring larger, up to the history wanted; false: no memory. */
static bool
past_grow(struct past *p, size_t most)
{
	size_t size = p->size == 0 ? 16 : p->size * 2;
	struct record **ring;

	if (size > most)
		size = most;
	ring = calloc(size, sizeof(struct record *));
	if (ring == NULL)
		return false;
	for (size_t i = 0; i < p->count; i++)
		ring[i] = p->ring[(p->first + i) % p->size];
	free(p->ring);
	p->ring = ring;
	p->size = size;
	p->first = 0;
	return true;
}

/* Takes over the record. */
static void
past_add(struct past *p, struct record *r, size_t most)
{
	if (p->count == p->size && p->size < most && !past_grow(p, most) && p->size == 0) {
		free(r);
		return;
	}
	if (p->count == p->size) {
		free(p->ring[p->first]);
		p->first = (p->first + 1) % p->size;
		p->count--;
	}
	p->ring[(p->first + p->count++) % p->size] = r;
}

static struct record *
record_new(struct stream_id id, struct slice origin, struct slice data)
{
	struct record *r = malloc(sizeof *r + origin.len + data.len);

	if (r == NULL)
		return NULL;
	r->id = id;
	r->origin_len = origin.len;
	r->data_len = data.len;
	memcpy(r->bytes, origin.data, origin.len);
	memcpy(r->bytes + origin.len, data.data, data.len);
	return r;
}

static struct stream_id
new_id(struct memory_broker *mb)
{
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	mb->last = ms > mb->last.ms ? (struct stream_id){ms, 0} : stream_id_next(mb->last);
	return mb->last;
}

static int
publish(struct broker *b, struct slice topic, struct slice origin, struct slice data,
    struct receipt *r)
{
	struct memory_broker *mb = of(b);
	struct past *p = past_find(mb, topic);
	struct stream_id id = new_id(mb);
	struct record *record;

	if (p == NULL)
		p = past_new(mb, topic);
	record = record_new(id, origin, data);
	if (p == NULL || record == NULL) {
		free(record);
		return 1;
	}
	past_add(p, record, mb->history);
	b->events.live(b->events.arg, topic, id, origin, data);
	if (r != NULL)
		r->done(r, &id);
	return 0;
}

/* The index of the first record that is not below `from`; count when all are. */
static size_t
past_search(const struct past *p, struct stream_id from)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stream_id_compare(p->ring[(p->first + middle) % p->size]->id, from) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
history(struct broker *b, struct history_request *r)
{
	struct past *p = past_find(of(b), r->topic);
	size_t at = 0, end = p != NULL ? p->count : 0, bytes = 0;

	if (p != NULL)
		at = r->newest ? end - (end > 0) : past_search(p, r->from);
	for (; at < end && bytes < r->bytes; at++) {
		const struct record *record = p->ring[(p->first + at) % p->size];

		r->entry(r, record->id, (struct slice){record->bytes, record->origin_len},
		    (struct slice){record->bytes + record->origin_len, record->data_len});
		bytes += record->data_len + BROKER_ENTRY_COST;
	}
	r->done(r, true, at < end);
}

static enum broker_state
state(const struct broker *b)
{
	(void)b;
	return BROKER_NONE;
}

static uint64_t
reconnects(const struct broker *b)
{
	(void)b;
	return 0;
}

static bool
strained(const struct broker *b)
{
	(void)b;
	return false;
}

static void
release(struct broker *b)
{
	struct memory_broker *mb = of(b);

	while (mb->newest != NULL)
		past_free(mb, mb->newest);
	table_release(&mb->topics);
	free(mb);
}

static const struct broker_ops ops = {
	.publish = publish,
	.history = history,
	.state = state,
	.reconnects = reconnects,
	.strained = strained,
	.free = release,
};

struct broker *
memory_broker_new(uint64_t kept, const struct broker_events *events)
{
	struct memory_broker *mb = calloc(1, sizeof *mb);

	if (mb == NULL)
		return NULL;
	mb->broker = (struct broker){&ops, *events};
	mb->history = (size_t)kept;
	table_init(&mb->topics);
	return &mb->broker;
}
