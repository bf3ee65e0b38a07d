/* publisher.h: messages sent by requests (POST /pub/x), one after the other on a connection that is
 * kept: how one speaks where the transport only receives. */
#ifndef HAIL_SESSION_PUBLISHER_H
#define HAIL_SESSION_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/channel/channel.h"

struct err;
struct loop;
struct peer;
struct place;
struct publisher;

/* Must outlive the publisher, with what it points to. */
struct publisher_params {
	const struct peer *peer;     /* max_backlog: bytes of messages that may wait */
	const char *method;          /* "POST", "PUT" */
	const char *type;            /* Content-Type; NULL: text or bytes, as the message is. A
	                              * header of the peer's comes before both */
	uint64_t limit;              /* ns for an answer, connecting included */
};

struct publisher_events {
	/* Nothing waits any more. */
	void (*drained)(void *ctx);
	/* An answer of 2xx to the message with that tag. May be NULL. */
	void (*published)(void *ctx, uint64_t tag, uint64_t at);
	/* It was not published (ERR_HTTP, with the answer), or nobody knows (any other class; then
	 * `refusal` is NULL). Those behind it go on. */
	void (*refused)(void *ctx, uint64_t tag, const struct err *why,
	    const struct channel_refusal *refusal);
	void (*wire)(void *ctx, const struct channel_wire *w);       /* may be NULL */
};

/* Nothing is opened before there is something to send. Of *place all but `source` is copied. NULL:
 * no memory. */
struct publisher *publisher_new(struct loop *l, const struct publisher_params *params,
    const struct place *place, const struct publisher_events *events, void *ctx);

/* Sends one message; `tag` comes back with its fate. 1: on its way; 0: it waits for those before
 * it; -1: too much waits already, nothing was taken. Never calls back before it returns. */
int publisher_send(struct publisher *p, enum message_kind kind, const void *data, size_t len,
    uint64_t tag);

/* What was not answered yet is given up. NULL is fine. */
void publisher_free(struct publisher *p);

/* Bytes of messages that were not answered yet. */
size_t publisher_backlog(const struct publisher *p);

uint64_t publisher_bytes_in(const struct publisher *p);
uint64_t publisher_bytes_out(const struct publisher *p);
uint64_t publisher_connections(const struct publisher *p);

#endif
