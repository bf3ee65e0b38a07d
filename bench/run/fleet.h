/* fleet.h: all connections of a worker: opened at a pace, named by the node that serves them,
 * counted, closed, whatever the transport. What they say is the workload's business. */
#ifndef HAIL_RUN_FLEET_H
#define HAIL_RUN_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/plan/plan.h"
#include "lib/base/err.h"
#include "lib/session/client.h"
#include "lib/session/session.h"

struct channel_end;
struct channel_polling;
struct fleet;
struct loop;
struct tally;

enum fleet_state {
	FLEET_WAITING,               /* its turn has not come */
	FLEET_OPENING,
	FLEET_OPEN,
	FLEET_OVER,                  /* failed, lost or closed */
};

struct fleet_conn {
	struct fleet *fleet;
	struct session *session;     /* NULL while waiting and when over */
	uint32_t index;
	uint16_t node;               /* tally_node of the server that answered */
	uint8_t state;               /* enum fleet_state */
	uint32_t number;             /* the closed loop's: message in flight */
	uint64_t sent_at;            /* the closed loop's: clock_ns */
};

struct fleet_events {
	/* One more is open; what it must say first may be sent. */
	void (*opened)(void *ctx, struct fleet_conn *c);
	/* Every connection is open or has failed. Called once, never from fleet_open. */
	void (*settled)(void *ctx);
	void (*message)(void *ctx, struct fleet_conn *c, const struct message *m);
	/* An open connection went away by itself. */
	void (*lost)(void *ctx, struct fleet_conn *c);
	/* After fleet_close: none is left. */
	void (*emptied)(void *ctx);
};

struct fleet_params {
	const struct plan *plan;
	const struct client_options *client;
	struct tally *tally;         /* connections, errors, phase times, pings are counted in */
	struct loop *loop;
	const struct fleet_events *events;
	void *ctx;
};

/* Checks the options and prepares the targets; nothing is opened. NULL with *e. */
struct fleet *fleet_new(const struct fleet_params *params, struct err *e);

/* Opens them, at the plan's pace. */
void fleet_open(struct fleet *f);

/* Opens no more and closes what is open, in order; `emptied` follows, later. */
void fleet_close(struct fleet *f);

/* Ends at once what is left. NULL is fine. */
void fleet_free(struct fleet *f);

struct fleet_conn *fleet_at(struct fleet *f, uint64_t index);
uint64_t fleet_open_count(const struct fleet *f);

/* Sends a text on an open connection and keeps the tally's backlog_peak; as session_send. */
int fleet_send(struct fleet_conn *c, const void *data, size_t len);

/* Bytes on the wire of all connections so far. */
void fleet_bytes(const struct fleet *f, uint64_t *in, uint64_t *out);

/* What asking has cost all connections so far; nothing, where they are WebSockets. */
void fleet_polling(const struct fleet *f, struct channel_polling *out);

/* The first error of a class, ERR_NONE in it when there was none. */
const struct err *fleet_first_error(const struct fleet *f, int class);

/* Why a connection is lost: an end in order is none to those who wanted to stay. */
struct err fleet_why_lost(const struct channel_end *end);

const struct client *fleet_client(const struct fleet *f);

/* Where a connection goes to. */
const struct client_target *fleet_target(const struct fleet *f, uint64_t index);

#endif
