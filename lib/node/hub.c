#include "lib/node/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/node/message.h"
#include "lib/node/table.h"

struct hub {
	struct hub_params params;
	struct table topics;
	bool interrupted;           /* live messages may be missing: topics have to catch up */
	bool asking;                /* inside the broker's history */
};

struct hub_topic {
	struct table_entry entry;       /* the first member, for table_find */
	struct member *members;
	struct stream_id last;          /* delivered; zero: nothing yet */
	struct stream_id base;          /* what stood last when the first member came */
	bool based;                     /* the broker said so; else base is a guess */
	struct stream_id caught_to;     /* the highest id that the pages of catching up held */
	bool catching;                  /* up, with what was missed */
	struct stream_id passed;        /* while catching: the highest live id let pass */
	struct stream_id restart;       /* while catching: the first live id not above last */
	struct hub_page *page;          /* catching up, under way */
	struct hub_page *newest;        /* asking for base, under way */
	char name[];
};

enum page_purpose {
	PAGE_REPLAY,      /* for one member */
	PAGE_CATCH_UP,    /* for all members of a topic */
	PAGE_BASE,        /* only to know where the topic stands */
};

struct hub_page {
	struct history_request request;     /* the first member */
	enum page_purpose purpose;
	struct hub *hub;
	struct hub_topic *topic;            /* NULL: nobody is interested any more */
	struct member *member;              /* of PAGE_REPLAY; NULL as above */
	struct stream_id passed;            /* by then: the highest live id let pass */
	size_t entries;
	char name[];
};

static void member_replay(struct hub *h, struct member *m);
static void topic_catch_up(struct hub *h, struct hub_topic *t);

static void
settle(struct member *m)
{
	if (m->settled)
		return;
	m->settled = true;
	if (m->ops->settled != NULL)
		m->ops->settled(m);
}

static void
strand(struct member *m)
{
	if (m->locating)
		m->locating = m->replaying = false;
	if (m->ops->stranded != NULL)
		m->ops->stranded(m);
}

/* --- fan-out ------------------------------------------------------------------------------ */

static void
deliver(struct member *m, struct message *message, bool replayed)
{
	if (stream_id_compare(message->id, m->cursor) <= 0)
		return;
	m->cursor = message->id;
	m->ops->deliver(m, message, replayed);
}

static void
fan_out(struct hub *h, struct hub_topic *t, struct stream_id id, struct slice origin,
    struct slice data)
{
	struct message *message = NULL;

	for (struct member *m = t->members; m != NULL; m = m->next) {
		if (m->replaying) {
			m->passed = id;
			continue;
		}
		if (message == NULL)
			message = message_new(id, t->entry.key, origin, data);
		if (message == NULL) {
			h->params.log(h->params.arg, "a message was lost for want of memory");
			return;
		}
		deliver(m, message, false);
	}
	message_unref(message);
}

/* The broker numbers from below again: nothing known about ids holds any more. */
static void
topic_start_over(struct hub *h, struct hub_topic *t, struct stream_id first)
{
	char text[STREAM_ID_TEXT], line[BROKER_TOPIC_MAX + 120];

	stream_id_text(first, text);
	snprintf(line, sizeof line,
	    "the ids of topic %.*s went back to %s: starting over with it",
	    (int)t->entry.key.len, t->entry.key.data, text);
	h->params.log(h->params.arg, line);
	t->last = t->caught_to = stream_id_previous(first);
	for (struct member *m = t->members; m != NULL; m = m->next)
		m->cursor = m->passed = (struct stream_id){0, 0};
}

void
hub_live(struct hub *h, struct slice topic, struct stream_id id, struct slice origin,
    struct slice data)
{
	struct hub_topic *t = (struct hub_topic *)table_find(&h->topics, topic);

	if (t == NULL)
		return;
	if (t->catching) {
		if (stream_id_compare(id, t->last) <= 0 && stream_id_is_zero(t->restart) &&
		    stream_id_compare(id, t->caught_to) > 0)
			t->restart = id;
		t->passed = id;
		return;
	}
	if (stream_id_compare(id, t->caught_to) <= 0)
		return;
	if (stream_id_compare(id, t->last) <= 0)
		topic_start_over(h, t, id);
	t->last = id;
	fan_out(h, t, id, origin, data);
}

/* --- pages of history --------------------------------------------------------------------- */

static void
page_entry(struct history_request *r, struct stream_id id, struct slice origin,
    struct slice data)
{
	struct hub_page *page = (struct hub_page *)r;
	struct message *message = NULL;
	struct slice node, source;
	bool foreign = !message_origin_split(origin, &node, &source);

	page->entries++;
	if (page->topic == NULL)
		return;
	switch (page->purpose) {
	case PAGE_BASE:
		page->topic->base = id;
		break;
	case PAGE_CATCH_UP:
		page->topic->last = page->topic->caught_to = id;
		if (!foreign)
			fan_out(page->hub, page->topic, id, origin, data);
		break;
	case PAGE_REPLAY:
		/* The first page begins with the id asked for, if it is still there. */
		if (stream_id_compare(id, page->member->cursor) <= 0)
			break;
		if (!foreign)
			message = message_new(id, page->topic->entry.key, origin, data);
		if (message != NULL)
			deliver(page->member, message, true);
		page->member->cursor = id;
		message_unref(message);
		break;
	}
}

/* Whether the history has been read to where live messages began. A live message that
 * passed before the page was asked for, and is in no page, has been trimmed: waiting
 * would not help. */
static bool
page_meets_live(const struct hub_page *page, struct stream_id reached, struct stream_id passed,
    bool more)
{
	if (more)
		return false;
	if (stream_id_compare(reached, passed) >= 0)
		return true;
	return page->entries == 0 && stream_id_compare(reached, page->passed) < 0;
}

/* Nothing could be read. If the broker is there nonetheless, waiting would not help. */
static bool
hopeless(struct hub *h)
{
	return (*h->params.broker)->ops->state(*h->params.broker) != BROKER_DOWN;
}

/* A member's page is complete: is it live now? */
static void
member_paged(struct member *m, const struct hub_page *page, bool more)
{
	/* It asked for what comes after an id that is not reached yet, or belongs to a
	 * history that is gone: then any live message is new to it. */
	if (!m->started && page->entries == 0)
		m->cursor = (struct stream_id){0, 0};
	m->started = true;
	if (!page_meets_live(page, m->cursor, m->passed, more))
		return;
	m->replaying = false;
	settle(m);
}

/* A member's page could not be read. */
static void
member_unpaged(struct hub *h, struct member *m)
{
	if (hopeless(h))
		m->replaying = false;
	strand(m);
}

/* It begins at `at`: what came live while it waited is in the history behind. */
static void
member_located(struct hub *h, struct member *m, struct stream_id at)
{
	m->locating = false;
	m->started = true;
	m->cursor = at;
	if (stream_id_compare(m->passed, at) > 0) {
		member_replay(h, m);
		return;
	}
	m->replaying = false;
	settle(m);
}

/* The broker has told where the topic stands, or could not. */
static void
topic_based(struct hub *h, struct hub_topic *t, const struct hub_page *page, bool ok)
{
	if (ok && page->entries == 0)
		t->base = (struct stream_id){0, 0};
	t->based |= ok;
	for (struct member *m = t->members; m != NULL; m = m->next) {
		if (m->locating && ok)
			member_located(h, m, t->base);
		else if (m->locating)
			strand(m);
	}
}

/* The topic is live again: those who came meanwhile learn where it stands. */
static void
topic_caught_up(struct hub_topic *t)
{
	t->catching = false;
	if (stream_id_is_zero(t->last))
		return;
	for (struct member *m = t->members; m != NULL; m = m->next) {
		if (m->replaying || m->settled || m->ops->settled == NULL)
			continue;
		if (stream_id_is_zero(m->cursor))
			m->cursor = t->last;
		settle(m);
	}
}

/* A page of catching up is complete: is the topic live again? */
static void
topic_paged(struct hub *h, struct hub_topic *t, const struct hub_page *page, bool more)
{
	if (!stream_id_is_zero(t->restart)) {
		topic_start_over(h, t, t->restart);
		t->restart = (struct stream_id){0, 0};
		return;
	}
	if (page_meets_live(page, t->last, t->passed, more))
		topic_caught_up(t);
}

/* Whether a live member could take another page; the fastest sets the pace, so that one
 * slow receiver does not keep the others from catching up. */
static bool
topic_has_room(const struct hub_topic *t)
{
	bool any_live = false;

	for (const struct member *m = t->members; m != NULL; m = m->next) {
		if (!m->replaying && m->ops->has_room(m))
			return true;
		any_live |= !m->replaying;
	}
	return !any_live;
}

static void
page_done(struct history_request *r, bool ok, bool more)
{
	struct hub_page *page = (struct hub_page *)r;
	struct hub *h = page->hub;
	struct hub_topic *t = page->topic;
	struct member *m = page->member;

	switch (page->purpose) {
	case PAGE_BASE:
		if (t == NULL)
			break;
		t->newest = NULL;
		topic_based(h, t, page, ok);
		break;
	case PAGE_CATCH_UP:
		if (t == NULL)
			break;
		t->page = NULL;
		if (ok)
			topic_paged(h, t, page, more);
		else if (hopeless(h))
			t->catching = false;
		if (ok && t->catching && topic_has_room(t))
			topic_catch_up(h, t);
		break;
	case PAGE_REPLAY:
		if (m == NULL)
			break;
		m->page = NULL;
		if (ok)
			member_paged(m, page, more);
		else
			member_unpaged(h, m);
		if (ok && !h->asking)
			member_replay(h, m);
		break;
	}
	free(page);
}

static struct hub_page *
page_new(struct hub *h, struct hub_topic *t, enum page_purpose purpose, struct stream_id from)
{
	struct hub_page *page = calloc(1, sizeof *page + t->entry.key.len);

	if (page == NULL)
		return NULL;
	memcpy(page->name, t->entry.key.data, t->entry.key.len);
	page->hub = h;
	page->topic = t;
	page->purpose = purpose;
	page->request = (struct history_request){
		.topic = {page->name, t->entry.key.len},
		.from = from,
		.bytes = h->params.page_bytes,
		.newest = purpose == PAGE_BASE,
		.entry = page_entry,
		.done = page_done,
	};
	return page;
}

static void
page_ask(struct hub *h, struct hub_page *page)
{
	bool nested = h->asking;

	h->asking = true;
	(*h->params.broker)->ops->history(*h->params.broker, &page->request);
	h->asking = nested;
}

/* Reads on for a member while it has room and the answers come at once. */
static void
member_replay(struct hub *h, struct member *m)
{
	while (m->replaying && !m->locating && m->page == NULL && m->ops->has_room(m)) {
		struct stream_id before = m->cursor;
		bool started = m->started;

		m->page = page_new(h, m->topic, PAGE_REPLAY,
		    started ? stream_id_next(m->cursor) : m->cursor);
		if (m->page == NULL)
			return;
		m->page->member = m;
		m->page->passed = m->passed;
		page_ask(h, m->page);
		if (started == m->started && stream_id_compare(before, m->cursor) == 0)
			return;    /* still under way, or the broker is away */
	}
}

/* The id that the topic stands at, as far as that is known. */
static struct stream_id
topic_position(const struct hub_topic *t)
{
	return stream_id_is_zero(t->last) ? t->base : t->last;
}

/* Asks for the next page of what a topic missed. */
static void
topic_catch_up(struct hub *h, struct hub_topic *t)
{
	if (t->page != NULL)
		return;
	t->page = page_new(h, t, PAGE_CATCH_UP, stream_id_next(topic_position(t)));
	if (t->page == NULL) {
		t->catching = false;
		return;
	}
	t->page->passed = t->passed;
	page_ask(h, t->page);
}

static void
topic_interrupt(struct hub_topic *t)
{
	if (t->page != NULL)
		t->page->topic = NULL;
	t->page = NULL;
	t->catching = true;
	t->caught_to = t->passed = t->restart = (struct stream_id){0, 0};
	for (struct member *m = t->members; m != NULL; m = m->next)
		strand(m);
}

void
hub_interrupted(struct hub *h)
{
	struct table_entry *e = NULL;

	h->interrupted = true;
	while ((e = table_next(&h->topics, e)) != NULL)
		topic_interrupt((struct hub_topic *)e);
}

void
hub_resumed(struct hub *h)
{
	struct table_entry *e = NULL;

	h->interrupted = false;
	while ((e = table_next(&h->topics, e)) != NULL) {
		struct hub_topic *t = (struct hub_topic *)e;

		if (t->catching)
			topic_catch_up(h, t);
		for (struct member *m = t->members; m != NULL; m = m->next)
			member_replay(h, m);
	}
}

/* --- members ------------------------------------------------------------------------------ */

/* Asks where the topic stands. */
static void
topic_ask_base(struct hub *h, struct hub_topic *t)
{
	if (t->newest != NULL)
		return;
	t->newest = page_new(h, t, PAGE_BASE, t->base);
	if (t->newest != NULL)
		page_ask(h, t->newest);
}

static struct hub_topic *
topic_new(struct hub *h, struct slice name)
{
	struct hub_topic *t = calloc(1, sizeof *t + name.len);
	struct timespec now;

	if (t == NULL)
		return NULL;
	memcpy(t->name, name.data, name.len);
	t->entry.key = (struct slice){t->name, name.len};
	t->catching = h->interrupted;
	if (table_add(&h->topics, &t->entry) != 0) {
		free(t);
		return NULL;
	}
	/* Ids are milliseconds of the broker's clock; ours has to do until it has
	 * answered. */
	clock_gettime(CLOCK_REALTIME, &now);
	t->base.ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	topic_ask_base(h, t);
	return t;
}

static void
topic_free(struct hub *h, struct hub_topic *t)
{
	if (t->page != NULL)
		t->page->topic = NULL;
	if (t->newest != NULL)
		t->newest->topic = NULL;
	table_remove(&h->topics, &t->entry);
	free(t);
}

/* The member begins where its topic stands. */
static void
member_locate(struct hub *h, struct member *m)
{
	struct hub_topic *t = m->topic;

	if (!stream_id_is_zero(t->last) || t->based) {
		m->cursor = topic_position(t);
		settle(m);
		return;
	}
	if (h->interrupted)
		return;
	m->locating = m->replaying = true;
	topic_ask_base(h, t);
	if (m->locating && t->newest == NULL)
		strand(m);
}

int
hub_join(struct hub *h, struct slice topic, struct member *m, const struct stream_id *since)
{
	struct hub_topic *t = (struct hub_topic *)table_find(&h->topics, topic);

	if (t == NULL)
		t = topic_new(h, topic);
	if (t == NULL)
		return -1;
	m->topic = t;
	m->next = t->members;
	m->previous = NULL;
	if (m->next != NULL)
		m->next->previous = m;
	t->members = m;
	if (since != NULL) {
		m->replaying = true;
		m->cursor = *since;
		member_replay(h, m);
	} else if (m->ops->settled != NULL) {
		member_locate(h, m);
	}
	if (h->interrupted)
		strand(m);
	return 0;
}

void
hub_leave(struct hub *h, struct member *m)
{
	struct hub_topic *t = m->topic;

	if (t == NULL)
		return;
	if (m->page != NULL) {
		m->page->member = NULL;
		m->page->topic = NULL;
	}
	*(m->previous != NULL ? &m->previous->next : &t->members) = m->next;
	if (m->next != NULL)
		m->next->previous = m->previous;
	m->topic = NULL;
	m->page = NULL;
	if (t->members == NULL)
		topic_free(h, t);
	else if (t->catching && !h->interrupted && topic_has_room(t))
		topic_catch_up(h, t);    /* it may have been the one waited for */
}

void
hub_more(struct hub *h, struct member *m)
{
	if (m->topic == NULL)
		return;
	if (m->topic->catching)
		topic_catch_up(h, m->topic);
	member_replay(h, m);
}

struct hub *
hub_new(const struct hub_params *params)
{
	struct hub *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->params = *params;
	table_init(&h->topics);
	return h;
}

void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	table_release(&h->topics);
	free(h);
}
