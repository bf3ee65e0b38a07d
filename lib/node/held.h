/* held.h: messages that are sent after their successor, on purpose (chaos "swap").
 *
 * Each receiver has a list of what is held for it. What has no successor within a second is
 * released as it is. */
#ifndef HAIL_NODE_HELD_H
#define HAIL_NODE_HELD_H

#include "lib/node/deadline.h"
#include "lib/node/message.h"

struct held;

/* What is held for one receiver, the oldest first. Zeroed: nothing. */
struct held_list {
	struct held *first;

	/* A message was held too long; the callee keeps what it needs by message_ref. */
	void (*expired)(struct held_list *l, struct message *m);
};

/* Takes a reference. -1: no memory, nothing is held. */
int held_add(struct deadlines *all, struct held_list *l, struct message *m);

/* Whether something of that source is held. */
bool held_has(const struct held_list *l, struct slice source);

/* What is held of that source, its reference now the caller's; NULL: nothing. */
struct message *held_take(struct deadlines *all, struct held_list *l, struct slice source);

/* The oldest that is held, its reference now the caller's; NULL: nothing. */
struct message *held_take_first(struct deadlines *all, struct held_list *l);

/* Gives up all that is held for this receiver. */
void held_clear(struct deadlines *all, struct held_list *l);

#endif
