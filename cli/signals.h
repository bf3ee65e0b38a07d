/* signals.h: what tells a command to end: SIGINT, SIGTERM and SIGHUP, taken on its loop. SIGPIPE is
 * ignored from then on: whoever writes sees that nobody reads. */
#ifndef HAIL_CLI_SIGNALS_H
#define HAIL_CLI_SIGNALS_H

#include <stddef.h>

#include "lib/loop/loop.h"

/* All zero: none is taken. */
struct signals {
	struct event events[3];
	size_t count;                        /* of them that were taken */
};

/* `fire` gets the signal's number in the place of a descriptor. */
void signals_take(struct signals *s, struct loop *l, event_callback_fn fire, void *ctx);

/* They are what they were before, but for SIGPIPE; harmless when none is taken. */
void signals_leave(struct signals *s);

#endif
