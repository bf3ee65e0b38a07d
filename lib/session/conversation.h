/* conversation.h: what a user calls a connection: it follows redirects, is opened again when it
 * was lost, keeps its cookies and mints its tokens anew. Below it each connection is a session.
 *
 * Life: conversation_open → connecting → (opened → message … → lost | refused) → retrying →
 * connecting … → closed. Nothing is called before conversation_open returns. `closed` comes
 * exactly once, last; any callback but `wire`, `notice` and `refused` may
 * conversation_free.
 *
 * What is tried again: everything but an end in order by the server (a close frame with 1000) and
 * what no second attempt can cure (class ERR_USAGE, ERR_MEMORY, channel_end.final). Where messages
 * have ids or cursors, the next connection goes on from the last one. An event stream that ended
 * in order is opened again as its standard has it, when that is wanted. Every attempt begins at
 * the original URL; its name is resolved anew when the last one did not get through to it. What was
 * dropped on the way to another origin (see client_target_new) stays so for the rest of that
 * chain of redirects, as the Fetch standard has it. */
#ifndef HAIL_SESSION_CONVERSATION_H
#define HAIL_SESSION_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/session/backoff.h"
#include "lib/session/session.h"

struct client;
struct client_target;
struct conversation;
struct cookies;
struct err;
struct loop;
struct resolver;
struct resume;
struct rng;
struct url;

enum {
	CONVERSATION_REDIRECTS = 10,
	CONVERSATION_FOREVER = -1,
};

/* Messages go to the URL's server, unless the target is a whole URL. */
struct conversation_publish {
	const char *method;              /* "POST" */
	const char *target;              /* "/pub/x", or "http://host/pub/x" */
	const char *type;                /* Content-Type; NULL: as publisher.h has it */
};

struct conversation_params {
	const struct client *client;     /* lent, as are the next three */
	const struct url *url;
	struct resolver *resolver;
	struct rng *rng;
	uint64_t number;                 /* which one it is: chooses the source, fills {conn} */
	int redirects;                   /* how many to follow in a row; 0: none */
	bool continues;                  /* an event stream that ended in order goes on, whatever
	                                  * `retries` says */
	const struct conversation_publish *publish;      /* how messages are sent by requests; NULL:
	                                  * by the transport, if it can. Lent */
	int retries;                     /* attempts in a row before giving up, where only a
	                                  * connection that lasted 10 s ends the row; 0: never tried
	                                  * again, CONVERSATION_FOREVER: without end */
	struct backoff backoff;          /* Retry-After of a refusal makes a wait longer */

	/* All NULL: its own. For who opens again what is over, or opens many; lent. */
	struct resume *resume;           /* where the stream goes on; kept up */
	struct cookies *cookies;
	const struct client_target *target;      /* of the URL. It makes its own when it has cookies
	                                  * to send, and when that leads nowhere */
};

struct conversation_retry {
	const struct channel_end *why;
	uint64_t wait_ns;
	unsigned attempt;                /* 1: the first */
};

struct conversation_events {
	/* An attempt begins, or goes on at another place: where to, and 0 for the first, then how
	 * many redirects were followed. */
	void (*connecting)(void *ctx, const struct url *to, unsigned redirect);
	void (*opened)(void *ctx, const struct channel_opened *o);
	void (*message)(void *ctx, const struct message *m);
	void (*pong)(void *ctx, uint64_t round_trip_ns);
	void (*drained)(void *ctx);
	void (*closing)(void *ctx, const struct channel_end *end);
	/* The connection is gone, or was not had; the next attempt follows after the wait. */
	void (*retrying)(void *ctx, const struct conversation_retry *r);
	void (*closed)(void *ctx, const struct channel_end *end);
	void (*wire)(void *ctx, const struct channel_wire *w);       /* may be NULL */
	void (*notice)(void *ctx, const struct channel_notice *n);
	/* What was sent by a request was not published, or nobody knows; as publisher.h has it. */
	void (*refused)(void *ctx, const struct err *why, const struct channel_refusal *refusal);
};

/* NULL with *e: the URL or an option makes no sense, or no memory. */
struct conversation *conversation_open(struct loop *l, const struct conversation_params *params,
    const struct conversation_events *events, void *ctx, struct err *e);

/* As session_send; -1 while it is not open. */
int conversation_send(struct conversation *c, enum message_kind kind, const void *data,
    size_t len);

/* Asks for a pong now; the `pong` event brings the round trip. -1: not open, or one is on its
 * way. */
int conversation_ping(struct conversation *c);

/* Reads nothing until told otherwise, on this connection and those that follow. */
void conversation_pause(struct conversation *c, bool pause);

/* Ends it in order; `closed` follows, nothing is retried any more. */
void conversation_close(struct conversation *c, unsigned code, const char *reason);

/* Tries again now instead of after the wait; nothing when none is under way. */
void conversation_hurry(struct conversation *c);

void conversation_free(struct conversation *c, bool reset);

bool conversation_is_open(const struct conversation *c);
size_t conversation_backlog(const struct conversation *c);

/* Totals over all its connections. */
struct conversation_totals {
	uint64_t bytes_in, bytes_out;    /* on the wire, TLS excluded */
	uint64_t connections;            /* that were open */
	struct channel_polling polling;
	struct channel_compression compression;
};
void conversation_totals(const struct conversation *c, struct conversation_totals *t);

#endif
