/* outbox.h: what one receiver still has to be sent: references to shared messages, and
 * how many bytes they come to. Empty it holds no memory. */
#ifndef HAIL_NODE_OUTBOX_H
#define HAIL_NODE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/node/message.h"

struct outbox_item {
	struct message *message;
	enum message_form form;
	bool binary;             /* a binary frame, not a text frame */
};

struct outbox {
	struct outbox_item *ring;
	uint32_t size, first, count;
	size_t bytes;            /* of the payloads, and some for each item */
};

/* Takes a reference of its own. -1: no memory, nothing was taken. */
int outbox_push(struct outbox *o, struct outbox_item item);

/* The oldest item, its reference now the caller's; false when there is none. */
bool outbox_pop(struct outbox *o, struct outbox_item *item);

/* Gives up all items. */
void outbox_clear(struct outbox *o);

#endif
