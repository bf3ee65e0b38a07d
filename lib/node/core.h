/* core.h: what the parts of one node share. For lib/node only; node.h is for the others.
 *
 *     listener ─▶ libwebsockets ─▶ node.c (callbacks) ─┬─▶ http.c   requests and answers
 *                                                      │     ├─▶ sse.c    event streams
 *                                                      │     └─▶ poll.c   long and short
 *                                                      └─▶ ws.c     WebSockets, or echo
 *                                                                │
 *       redis_link ◀─ redis_broker ◀─ broker ◀─ hub ◀─ receiver ◀┘  members of topics
 */
#ifndef HAIL_NODE_CORE_H
#define HAIL_NODE_CORE_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/node/bucket.h"
#include "lib/node/chaos.h"
#include "lib/node/deadline.h"
#include "lib/node/metrics.h"
#include "lib/node/node.h"

struct broker;
struct hub;
struct limiter;
struct receipt;
struct receiver;
struct ws;

struct node {
	struct node_params params;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	struct hub *hub;
	struct broker *broker;
	struct chaos chaos;
	struct slice secret;         /* that tokens are signed with; empty: none are asked for */
	struct bucket_rate rate;     /* of messages on one WebSocket */
	struct limiter *limiter;     /* of requests from one address; NULL: no limit */
	struct deadlines deadlines;
	int watch_fd;                /* see receiver_enter */
	struct metrics metrics;
	struct receiver *receivers;  /* all that are open */
	struct ws *choked;           /* those not read from until the broker is relieved */
	uint64_t started_ns;
	size_t page_bytes;           /* of history read at a time, or of an answer to a poll */
	uint64_t connections;        /* numbered so far */
	uint64_t publications;       /* numbered so far */
	char boot[17];               /* tells this run of the node from the one before */
	bool stopping;
};

/* Tells whoever watches. */
void node_log(struct node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Publishes for the connection of that number. As broker's publish: 0 accepted, 1
 * refused. */
int node_publish(struct node *n, uint64_t connection, struct slice topic, struct slice data,
    struct receipt *r);

/* Somebody became a member of a topic: the first one starts the clock of a stall. */
void node_opened(struct node *n);

#endif
