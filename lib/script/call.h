/* call.h: requests of HTTP to one server, one after the other, on a connection that is kept. For
 * the files that play, nobody else. */
#ifndef HAIL_SCRIPT_CALL_H
#define HAIL_SCRIPT_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct answer;
struct call;
struct err;
struct player_totals;
struct seat;
struct stage;

struct call_events {
	/* Either of them, once for each request; both may free the call, or ask anew. The answer is
	 * lent. `connecting`: the server was not reached. */
	void (*answered)(void *ctx, const struct answer *a, uint64_t at);
	void (*failed)(void *ctx, const struct err *why, bool connecting);
};

struct call_params {
	struct stage *stage;
	uint64_t number;                 /* which connection it is */
	struct player_totals *totals;
	const struct call_events *events;
};

/* Takes the seat, in any case. Nothing is opened yet. NULL with *e. */
struct call *call_new(const struct call_params *params, struct seat *seat, struct err *e);

/* NULL is fine. */
void call_free(struct call *c);

/* Whether the same connection serves a request with that seat, and, if so, takes that. None may be
 * under way. */
bool call_serves(struct call *c, struct seat *seat);

struct call_request {
	const char *method;              /* lent until it is over */
	const char *type;                /* of a body: unless a header says it; NULL: none */
	bool has_body;
};

/* Asks; takes the body, in any case. -1 with *e: failed at once. */
int call_ask(struct call *c, const struct call_request *request, struct buf *body, void *ctx,
    struct err *e);

/* For a sentence: what it waits for. */
const char *call_stage(const struct call *c);

/* Whether the server was reached. */
bool call_is_asked(const struct call *c);

#endif
