/* redis_broker.h: a broker that links nodes through Redis (5.0 or later).
 *
 * A publication is one script, so that it happens whole or not at all: XADD to the stream
 * "hail:topic:TOPIC" numbers it and keeps it, PUBLISH to "hail:live:TOPIC" hands it to
 * every node. One connection takes commands, the other is subscribed to "hail:live:*".
 *
 * While Redis is away publications wait, at most 10,000 or 16 MiB of them; then they are
 * refused. Once it is back the node subscribes, then lets its hub fetch what it missed,
 * then sends what waited, in order. A publication that was sent but not answered is sent
 * again marked as a retry: the script then first looks for its origin, which is unique,
 * among the last 1,000 entries of the stream. What came back by the subscription before
 * the connection was lost counts as answered.
 *
 * What Redis itself forgets is lost: without appendonly a Redis that is killed loses its
 * streams, and what it had accepted but not yet sent to every node. A stream nobody
 * publishes to for a day expires. */
#ifndef HAIL_NODE_REDIS_BROKER_H
#define HAIL_NODE_REDIS_BROKER_H

#include "lib/node/broker.h"
#include "lib/node/redis_link.h"

struct err;
struct node;

/* For the node's --redis and --history. NULL with *e set. */
struct broker *redis_broker_new(struct node *n, const struct broker_events *events,
    struct err *e);

#endif
