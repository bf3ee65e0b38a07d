/* delay.h: live messages held back for a while, all equally long (chaos "delay").
 *
 * What is held is bounded: beyond 10,000 messages or 16 MiB the oldest go out early. */
#ifndef HAIL_NODE_DELAY_H
#define HAIL_NODE_DELAY_H

#include <libwebsockets.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/node/stream_id.h"

struct delay;

typedef void delay_release(void *arg, struct slice topic, struct stream_id id,
    struct slice origin, struct slice data);

/* NULL: no memory. */
struct delay *delay_new(struct lws_context *lws, uint64_t ns, delay_release *release,
    void *arg);

/* Forgets what is held. NULL is fine. */
void delay_free(struct delay *d);

/* Copies the message and releases it later. -1: no memory. */
int delay_add(struct delay *d, struct slice topic, struct stream_id id, struct slice origin,
    struct slice data);

#endif
