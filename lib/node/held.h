/* held.h: messages that are sent after their successor, on purpose (chaos "swap").
 *
 * Each receiver has a list of what is held for it; all of them stand in one queue by age,
 * since all are held equally long. What has no successor by then is released as it is. */
#ifndef HAIL_NODE_HELD_H
#define HAIL_NODE_HELD_H

#include <libwebsockets.h>
#include <stdint.h>

#include "lib/node/message.h"

struct held;

struct held_queue {
	struct lws_context *lws;
	lws_sorted_usec_list_t timer;
	struct held *oldest, *newest;
};

/* What is held for one receiver, the oldest first. Zeroed: nothing. */
struct held_list {
	struct held *first;

	/* A message was held too long; the callee keeps what it needs by message_ref. */
	void (*expired)(struct held_list *l, struct message *m);
};

void held_init(struct held_queue *q, struct lws_context *lws);

/* Takes a reference. -1: no memory, nothing is held. */
int held_add(struct held_queue *q, struct held_list *l, struct message *m);

/* Whether something of that source is held. */
bool held_has(const struct held_list *l, struct slice source);

/* What is held of that source, its reference now the caller's; NULL: nothing. */
struct message *held_take(struct held_queue *q, struct held_list *l, struct slice source);

/* The oldest that is held, its reference now the caller's; NULL: nothing. */
struct message *held_take_first(struct held_queue *q, struct held_list *l);

/* Gives up all that is held for this receiver. */
void held_clear(struct held_queue *q, struct held_list *l);

#endif
