#include "lib/node/outbox.h"

#include <stdlib.h>

enum {
	SIZE_FIRST = 8,
	SIZE_KEPT = 64,          /* a larger ring is given back when it is empty */
	ITEM_COST = 64,          /* so that empty messages cost something, too */
};

static size_t
cost_of(const struct outbox_item *item)
{
	return item->message->data.len + ITEM_COST;
}

static bool
grow(struct outbox *o)
{
	uint32_t size = o->size == 0 ? SIZE_FIRST : o->size * 2;
	struct outbox_item *ring = malloc(size * sizeof *ring);

	if (ring == NULL)
		return false;
	for (uint32_t i = 0; i < o->count; i++)
		ring[i] = o->ring[(o->first + i) & (o->size - 1)];
	free(o->ring);
	o->ring = ring;
	o->size = size;
	o->first = 0;
	return true;
}

int
outbox_push(struct outbox *o, struct outbox_item item)
{
	if (o->count == o->size && !grow(o))
		return -1;
	message_ref(item.message);
	o->ring[(o->first + o->count++) & (o->size - 1)] = item;
	o->bytes += cost_of(&item);
	return 0;
}

static void
release(struct outbox *o)
{
	free(o->ring);
	*o = (struct outbox){0};
}

bool
outbox_pop(struct outbox *o, struct outbox_item *item)
{
	if (o->count == 0)
		return false;
	*item = o->ring[o->first];
	o->first = (o->first + 1) & (o->size - 1);
	o->count--;
	o->bytes -= cost_of(item);
	if (o->count == 0 && o->size > SIZE_KEPT)
		release(o);
	return true;
}

void
outbox_clear(struct outbox *o)
{
	struct outbox_item item;

	while (outbox_pop(o, &item))
		message_unref(item.message);
	release(o);
}
