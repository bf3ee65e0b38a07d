/* receiver.h: one who is sent the messages of a topic, however it is reached: what waits to
 * be sent to it, and the promises that are broken to it on purpose (chaos.h).
 *
 *     hub ── deliver ──▶ receiver ── outbox ──▶ ws.c | sse.c | poll.c ──▶ libwebsockets
 *
 * Once it has ended nothing is delivered to it any more. */
#ifndef HAIL_NODE_RECEIVER_H
#define HAIL_NODE_RECEIVER_H

#include <libwebsockets.h>
#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/slice.h"
#include "lib/node/deadline.h"
#include "lib/node/held.h"
#include "lib/node/hub.h"
#include "lib/node/message.h"
#include "lib/node/metrics.h"
#include "lib/node/outbox.h"

struct node;
struct receiver;

#define RECEIVER_STEP_NS (10 * NS_PER_MS)

enum receiver_end {
	RECEIVER_SLOW,           /* too much waits for it; what did is gone */
	RECEIVER_REFUSED,        /* the broker did not take what it published */
	RECEIVER_BROKEN,         /* chaos, no memory, or the client is gone */
	RECEIVER_STOPPED,        /* the node stops */
	RECEIVER_EXPIRED,        /* its token is good no longer */
	RECEIVER_LIMITED,        /* it sends more than --rate-limit allows */
};

struct receiver_ops {
	struct member_ops member;        /* its deliver is receiver_deliver, or ends in it */
	enum metrics_route route;
	enum lws_write_protocol protocol;        /* of what receiver_send writes as text */
	bool bounded;                    /* slow when more than --max-backlog waits */
	bool held;                       /* it is a request */
	bool silent;                     /* whose client has nothing to say meanwhile */

	/* It has ended: let the connection know. Once, from anywhere; not to be freed
	 * here. */
	void (*end)(struct receiver *r);
};

/* The first member of each kind. Zeroed before it is begun. */
struct receiver {
	struct member member;            /* the first member */
	const struct receiver_ops *ops;
	struct node *node;
	struct lws *wsi;
	struct receiver *next, *previous;        /* of all in the node */
	struct outbox outbox;
	struct held_list held;
	struct deadline expiry;
	double expires;
	enum message_form form;          /* in which it is sent messages */
	bool ended;
	enum receiver_end why;           /* once it has ended */
	bool waking;                     /* a turn to write is due */
	bool probed;                     /* a turn now means that something waits to be read */
	bool watched;                    /* by the epoll: it is held */
	bool unread;                     /* nothing is read from its connection */
	bool joining;                    /* not to be woken */
};

/* Counts it among the receivers of the node. */
void receiver_begin(struct receiver *r, struct node *n, struct lws *wsi,
    const struct receiver_ops *ops);

/* Becomes a member of the topic, as hub_join. What is held is not woken by what happens
 * meanwhile: the caller looks at it then. -1: no memory. */
int receiver_join(struct receiver *r, struct slice topic, const struct stream_id *since);

/* Ends it as expired at that time, in seconds since 1970, INFINITY for never. -1: no memory. */
int receiver_expire(struct receiver *r, double expires);

/* Asks for a turn to write. */
void receiver_wake(struct receiver *r);

/* The turn has come. False: nobody asked for it, see receiver_enter. */
bool receiver_woken(struct receiver *r);

/* Sends what waits, as far as the socket takes it. -1: the connection is broken. */
int receiver_send(struct receiver *r);

/* It is a request that may take as long as it likes: its fields, which take up much more than
 * it does, cannot be read any more. */
void receiver_stay(struct receiver *r);

/* While a request is held, that is, not answered in full, libwebsockets 4.1 neither reads
 * what its client sends nor sees that it is gone, and its loop does not rest for it. So
 * nothing is to be read from the connection meanwhile, and an epoll of the node watches it,
 * which stands in that loop as a plain descriptor: it closes the connection once the client
 * is gone or, if it should be silent, says something.
 *
 * The same goes for what a client sent together with its request, only that this cannot be
 * seen. But to stop reading and read on asks for a turn to write, if something waits
 * already: then one comes that nobody asked for, and the request had better not be held.
 *
 * This takes a step on the way, to be called after RECEIVER_STEP_NS each, outside of the
 * connection's own turns. False: there is none left. */
bool receiver_enter(struct receiver *r);

/* The turn to write is over, and the request is held on, if it was: from a connection that
 * is not read libwebsockets also keeps the turns to write, so that receiver_wake ends it. */
void receiver_rest(struct receiver *r);

/* Opens the epoll, in n->watch_fd. -1 with errno. */
int receiver_watch(struct node *n);

/* The epoll is readable. */
void receiver_watched(struct node *n);

/* Leaves everything and gives up what waits; it is not freed. */
void receiver_release(struct receiver *r);

/* Ends it, unless it has ended. */
void receiver_end(struct receiver *r, enum receiver_end why);

/* Ends all of the node, as stopped. */
void receiver_end_all(struct node *n);

/* For member_ops. Messages that are replayed are neither counted nor broken by chaos, and
 * do not make a receiver slow: has_room sees to it. */
void receiver_deliver(struct member *m, struct message *message, bool replayed);
bool receiver_has_room(const struct member *m);

/* What is held back for it, on purpose, goes into the outbox after all, even if it has
 * ended. */
void receiver_let_go(struct receiver *r);

#endif
