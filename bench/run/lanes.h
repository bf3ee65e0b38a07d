/* lanes.h: the ways that what is published takes (plan->publish_by): publisher i's over the
 * WebSocket that it receives by, by requests, or over a WebSocket of its own.
 *
 *     lanes_new → lanes_open → (ready) → lanes_send … (fate) … → lanes_settle → lanes_close
 *         → lanes_free */
#ifndef HAIL_RUN_LANES_H
#define HAIL_RUN_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct fleet;
struct lanes;
struct loop;
struct plan;
struct stamp;
struct tally;

/* What became of a message that was sent by a request. */
enum lanes_fate {
	LANES_PUBLISHED,             /* an answer of 2xx */
	LANES_REFUSED,               /* any other: it was not published */
	LANES_UNKNOWN,               /* no answer */
	LANES_UNSENT,                /* it still waited for its turn when the accounting ended */
};

struct lanes_events {
	/* Every lane is open or has failed. Called once, never from lanes_open. */
	void (*ready)(void *ctx);
	/* Once for each message that lanes_send took, if it goes by a request; in order for each
	 * publisher, never from lanes_send. */
	void (*fate)(void *ctx, uint64_t n, enum lanes_fate fate);
};

struct lanes_params {
	const struct plan *plan;
	struct fleet *fleet;
	struct tally *tally;         /* its backlog_peak is kept */
	struct loop *loop;
	uint64_t limit;              /* ns for the answer to a request */
	const struct lanes_events *events;
	void *ctx;
};

/* What went wrong with lanes of their own. */
struct lanes_trouble {
	uint64_t down;               /* lanes that did not open, or were lost */
	struct err why_down, why_refused, why_unknown;   /* the first of each, or ERR_NONE */
};

/* One for each publisher of the plan; nothing is opened. NULL with *e. */
struct lanes *lanes_new(const struct lanes_params *params, struct err *e);

/* Opens WebSockets of their own; connections for requests are opened when there is something to
 * send. `ready` follows, later. */
void lanes_open(struct lanes *l);

/* The connection of publisher i. */
uint32_t lanes_connection(const struct lanes *l, uint32_t i);

/* Whether publisher i can send: its connection is open, and so is its lane. */
bool lanes_is_up(const struct lanes *l, uint32_t i);

/* Sends message n, which is publisher i's. >= 0: it was taken; -1: too much waits already. */
int lanes_send(struct lanes *l, uint32_t i, uint64_t n, const struct stamp *s);

/* The end of the accounting: the fates of what waits for its turn or an answer are told now. */
void lanes_settle(struct lanes *l);

/* Ends what is open; nothing is told any more. */
void lanes_close(struct lanes *l);

/* NULL is fine. The fleet must still be there. */
void lanes_free(struct lanes *l);

/* Of lanes of their own, so far. */
void lanes_bytes(const struct lanes *l, uint64_t *in, uint64_t *out);
uint64_t lanes_connections(const struct lanes *l);
const struct lanes_trouble *lanes_trouble(const struct lanes *l);

#endif
