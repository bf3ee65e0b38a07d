/* hub.h: topics and their members, independent of how a member is reached.
 *
 * A member receives each message of its topic once, in the order of their ids: first what
 * the history holds beyond the id it asked for, page by page as it has room, then what
 * comes live. The two meet without a gap because a live message is in the history before
 * it is announced: while a member still reads history, the hub only remembers the highest
 * live id it let pass, and the member goes live once its pages have reached that.
 *
 * The same holds for a whole topic after the broker's connection was lost: live messages
 * pass by until the history has been read to where they began. Afterwards a live message
 * is a duplicate only if those pages held it. One that stands lower than what was
 * delivered before, though no page held it, means that the broker started over with
 * smaller ids (a failover): the topic and its members start over with it, so that no
 * topic falls silent.
 *
 * Members may not leave from inside `deliver`, `settled` and `stranded`. */
#ifndef HAIL_NODE_HUB_H
#define HAIL_NODE_HUB_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/node/broker.h"
#include "lib/node/stream_id.h"

struct hub;
struct hub_page;
struct hub_topic;
struct member;
struct message;

struct member_ops {
	/* Takes what it keeps by message_ref. `replayed`: from the history, not live. */
	void (*deliver)(struct member *m, struct message *message, bool replayed);

	/* Whether it has room for another page of history; if not it calls hub_more
	 * later. */
	bool (*has_room)(const struct member *m);

	/* Optional. All it asked for that was there has been delivered; what comes from now
	 * on was not there before. Once, perhaps before hub_join returns. A member that has
	 * this and joins without an id begins where the topic stands by then: its cursor
	 * says where (0-0: nothing was ever published). */
	void (*settled)(struct member *m);

	/* Optional. The broker is away: what was asked for cannot be read, or messages may
	 * be missing, until it is back. Perhaps several times, and before hub_join
	 * returns. A member that did not know by then where the topic stands may never be
	 * settled. */
	void (*stranded)(struct member *m);
};

/* Embedded in what receives. Zeroed but for ops before it joins; the rest is the hub's. */
struct member {
	const struct member_ops *ops;
	struct hub_topic *topic;        /* NULL when it is in none */
	struct member *next, *previous;
	struct hub_page *page;          /* the page of history under way */
	bool replaying;
	bool started;                   /* a page has come */
	bool locating;                  /* replaying: from where the topic stands, once known */
	bool settled;
	struct stream_id cursor;        /* the highest id delivered, or known from before */
	struct stream_id passed;        /* the highest live id let pass while replaying */
};

struct hub_params {
	struct broker **broker;      /* where history is read from, once somebody joins */
	size_t page_bytes;           /* of history, to be read at a time */
	void (*log)(void *arg, const char *text);     /* sentences worth showing */
	void *arg;
};

/* NULL: no memory. */
struct hub *hub_new(const struct hub_params *params);

/* All members have left. */
void hub_free(struct hub *h);

/* `since`: replay what came after that id; NULL: only what comes from now on. -1: no
 * memory, it is in no topic. */
int hub_join(struct hub *h, struct slice topic, struct member *m,
    const struct stream_id *since);

void hub_leave(struct hub *h, struct member *m);

/* The member has room again; harmless when it is not replaying. */
void hub_more(struct hub *h, struct member *m);

/* For the broker's events of the same names. */
void hub_live(struct hub *h, struct slice topic, struct stream_id id, struct slice origin,
    struct slice data);
void hub_interrupted(struct hub *h);
void hub_resumed(struct hub *h);

#endif
