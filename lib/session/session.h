/* session.h: a channel of any transport, plus patience: how long opening may take, how often the
 * peer must prove that it is alive, how long closing may take.
 *
 * Life: session_open → (opened) → message, pong, drained … → (closing) → closed, as for a
 * channel: nothing before session_open returns, `closed` exactly once and last. Any callback may
 * session_free; after `closed` that is all that is left to do. */
#ifndef HAIL_SESSION_SESSION_H
#define HAIL_SESSION_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/transport.h"
#include "lib/channel/channel.h"
#include "lib/channel/event_stream.h"
#include "lib/channel/poll.h"
#include "lib/channel/ws.h"

struct err;
struct loop;
struct session;

/* Shared by many sessions; must outlive them. */
struct session_params {
	enum transport transport;    /* says which of the next three counts */
	struct ws_params ws;
	struct event_stream_params sse;
	struct poll_params poll;
	uint64_t open_timeout;       /* ns from the start until the connection is open */
	uint64_t ping_interval;      /* ns between pings, 0: none; only where there are pings */
	uint64_t idle_timeout;       /* ns without any byte until the peer is lost, found out at
	                              * most a quarter later; 0: none */
	bool spread_pings;           /* the first comes at a random moment within the interval, so
	                              * that many sessions do not ping at once */
	uint64_t ping_timeout;       /* ns without any byte after a ping until the peer is lost */
	uint64_t close_timeout;      /* ns for the closing handshake */
};

struct session_events {
	void (*opened)(void *ctx, const struct channel_opened *o);
	void (*message)(void *ctx, const struct message *m);
	void (*pong)(void *ctx, uint64_t round_trip_ns);
	void (*drained)(void *ctx);
	void (*closing)(void *ctx, const struct channel_end *end);
	void (*closed)(void *ctx, const struct channel_end *end);
	void (*wire)(void *ctx, const struct channel_wire *w);       /* may be NULL */
	void (*notice)(void *ctx, const struct channel_notice *n);   /* may be NULL */
};

/* NULL with *e when it failed at once. Of *place `source` and `resume` must outlive the session. */
struct session *session_open(struct loop *l, const struct session_params *params,
    const struct place *place, const struct session_events *events, void *ctx,
    struct err *e);

/* As channel_send. */
int session_send(struct session *s, enum message_kind kind, const void *data, size_t len);

/* Asks for a pong now; `pong` brings the round trip, or the session is given up after
 * ping_timeout. -1: not open, one is on its way, or the transport has none. */
int session_ping(struct session *s);

/* Begins an orderly end; `closed` follows within close_timeout. Before the connection is open it
 * ends at once, with `closed` in the next turn. */
void session_close(struct session *s, unsigned code, const char *reason);

/* Ends at once, without `closed`; `reset` by TCP reset. NULL is fine. */
void session_free(struct session *s, bool reset);

/* Reads nothing until told otherwise. The peer is not given up for silence meanwhile. */
void session_pause(struct session *s, bool pause);

size_t session_backlog(const struct session *s);
uint64_t session_bytes_in(const struct session *s);
uint64_t session_bytes_out(const struct session *s);
void session_polling(const struct session *s, struct channel_polling *out);
void session_compression(const struct session *s, struct channel_compression *out);

#endif
