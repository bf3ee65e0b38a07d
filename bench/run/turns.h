/* turns.h: who waits to be let in again: in the next turn of the loop, or after a pause of about a
 * second that is each time another one, so that those who failed together do not come back
 * together. */
#ifndef HAIL_RUN_TURNS_H
#define HAIL_RUN_TURNS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/rng.h"
#include "lib/loop/loop.h"

enum {
	TURNS_TICK_MS = 25,
	TURNS_PAUSE = 40,                        /* ticks; half of that more or less */
	TURNS_SLOTS = TURNS_PAUSE * 3 / 2 + 1,
};

/* A member of whoever waits, in one place at a time. */
struct turn {
	struct turn *next;
};

/* First in, first out. */
struct turn_queue {
	struct turn *first, **last;
};

struct turns {
	/* It is its turn; waiting again is fine. */
	void (*take)(void *ctx, struct turn *t);
	void *ctx;
	struct rng rng;
	struct turn_queue ready;                 /* theirs is the next turn */
	struct turn_queue slots[TURNS_SLOTS];    /* theirs is that tick */
	size_t slot;                             /* of the last tick */
	uint64_t pausing;
	struct loop_timer turn, tick;
};

void turns_init(struct turns *t, struct loop *l, void (*take)(void *ctx, struct turn *t),
    void *ctx);

/* Nobody's turn comes any more. */
void turns_clear(struct turns *t);

void turns_next(struct turns *t, struct turn *who);
void turns_pause(struct turns *t, struct turn *who);

#endif
