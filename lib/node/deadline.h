/* deadline.h: moments at which something is due, many of them on one timer of the loop.
 *
 * A timer of libwebsockets 4.1 costs a walk over all others when it is set; with a deadline
 * for each of ten thousand connections that would be most of the work. These stand in a
 * heap. */
#ifndef HAIL_NODE_DEADLINE_H
#define HAIL_NODE_DEADLINE_H

#include <libwebsockets.h>
#include <stdint.h>

/* Embedded in what waits. Zeroed but for `due`: not set. */
struct deadline {
	uint64_t at_ns;
	void (*due)(struct deadline *d);    /* it is not set any more, and may be again */
	uint32_t place;                     /* in the heap, from 1; 0: not set */
};

struct deadlines {
	struct lws_context *lws;
	lws_sorted_usec_list_t timer;
	struct deadline **heap;
	uint32_t count, size;
};

void deadlines_init(struct deadlines *all, struct lws_context *lws);

/* Forgets all of them. */
void deadlines_release(struct deadlines *all);

/* Sets or moves it. -1: no memory, it is not set. */
int deadline_set(struct deadlines *all, struct deadline *d, uint64_t at_ns);

/* Harmless when it is not set. */
void deadline_clear(struct deadlines *all, struct deadline *d);

#endif
