/* broker.h: what numbers the messages, keeps their history and hands them to every node.
 *
 *        hub ── publish, history ──▶ broker ── live, resumed ──▶ hub
 *
 * Two of them: memory_broker (one node) and redis_broker (many). Everything happens on the
 * thread of the libwebsockets loop. */
#ifndef HAIL_NODE_BROKER_H
#define HAIL_NODE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/node/stream_id.h"

enum {
	BROKER_TOPIC_MAX = 200,      /* bytes of a topic's name */
	BROKER_ORIGIN_MAX = 160,     /* bytes of an origin, see message.h */
	BROKER_ENTRY_COST = 64,      /* bytes a message counts for in a page beside its data */
};

/* What a broker tells its node. All slices are lent for the call. */
struct broker_events {
	/* A message was published, here or elsewhere; for one topic in the order of their
	 * ids, as long as nothing was missed. */
	void (*live)(void *arg, struct slice topic, struct stream_id id, struct slice origin,
	    struct slice data);

	/* Live messages may be missing from now on; those that come have nothing missing
	 * among them. Also the first event of all, unless live messages flow from the
	 * start. */
	void (*interrupted)(void *arg);

	/* History can be read again, for instance for what was missed. The queue of
	 * publications goes out after this returns. */
	void (*resumed)(void *arg);

	/* A publication without a receipt was refused after all. */
	void (*refused)(void *arg, struct slice origin);

	/* The queue was long enough for broker->strained and now is not. */
	void (*relieved)(void *arg);

	void *arg;
};

/* Somebody waits for the id of one publication. Belongs to whoever made it, until `done`,
 * which comes exactly once if publish returned 0, and may come before it returns. NULL
 * id: refused. */
struct receipt {
	void (*done)(struct receipt *r, const struct stream_id *id);
};

/* One page of a topic's history. Belongs to whoever made it, until `done`, which comes
 * exactly once and may come before `history` returns. `entry` comes for each message, in
 * order; one whose origin is none (see message.h) is not for delivery. */
struct history_request {
	struct slice topic;          /* must live until done */
	struct stream_id from;       /* the first id wanted */
	size_t bytes;                /* of data, after which the page ends; it may go beyond */
	bool newest;                 /* only the very last message, whatever `from` says */
	void (*entry)(struct history_request *r, struct stream_id id, struct slice origin,
	    struct slice data);

	/* `more`: the page ended before the history did. */
	void (*done)(struct history_request *r, bool ok, bool more);
};

enum broker_state {
	BROKER_NONE,     /* there is nothing that could be lost */
	BROKER_UP,
	BROKER_DOWN,
};

struct broker;

struct broker_ops {
	/* 0: accepted, 1: refused, because there is no room to keep it. Copies what it
	 * keeps. */
	int (*publish)(struct broker *b, struct slice topic, struct slice origin,
	    struct slice data, struct receipt *r);
	void (*history)(struct broker *b, struct history_request *r);
	enum broker_state (*state)(const struct broker *b);
	uint64_t (*reconnects)(const struct broker *b);

	/* Whether publishers should be read more slowly, until `relieved`. */
	bool (*strained)(const struct broker *b);

	/* Ends all that is under way (receipts and requests are done, as refused). */
	void (*free)(struct broker *b);
};

/* The first member of each implementation. */
struct broker {
	const struct broker_ops *ops;
	struct broker_events events;
};

#endif
