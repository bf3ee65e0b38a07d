/* asking.h: what event streams and polls have in common: a channel that asks a server by HTTP, and
 * only receives. Each of them begins with a struct asking. For no one else. */
#ifndef HAIL_CHANNEL_ASKING_H
#define HAIL_CHANNEL_ASKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/channel/channel.h"
#include "lib/channel/http_link.h"
#include "lib/channel/peer.h"
#include "lib/loop/loop.h"

struct asking;
struct err;
struct refusal;

enum asking_state {
	ASKING_STARTING,             /* the first request waits for the end of the turn */
	ASKING_REQUEST,              /* a request is under way */
	ASKING_REFUSED,              /* the body of a refusal is read */
	ASKING_ANSWERED,             /* a stream is read; polls rest until the next request */
	ASKING_OVER,                 /* `closed` is on its way */
	ASKING_DEAD,
};

struct asking_ops {
	/* The turn in which it was opened is over: asks for the first time. */
	void (*start)(struct asking *a);
	/* A pause is over, of a channel that was open: goes on, and unpauses the link. */
	void (*go_on)(struct asking *a);
	/* Whether a second attempt cannot help after that refusal. */
	bool (*is_final)(const struct asking *a, const struct err *why);
	/* It is over, which may add to *end, or freed (NULL): stops its timers, keeps its place. */
	void (*leave)(struct asking *a, struct channel_end *end);
	/* Gives back what is its own, and *a. */
	void (*release)(struct asking *a);
};

struct asking {
	struct channel channel;      /* the first member */
	const struct asking_ops *ops;
	struct loop *loop;
	struct http_link_params link_params;
	struct http_link *link;
	struct refusal *refusal;     /* in ASKING_REFUSED, and after it */
	struct channel_end *end;     /* in ASKING_OVER; NULL: there was no memory */
	enum asking_state state;
	bool opened;                 /* it was told */
	bool paused, freed, deferring;
	struct loop_deferred deferred;
};

/* What asking_init is given. */
struct asking_params {
	const struct asking_ops *ops;
	const struct channel_ops *channel_ops;
	const struct http_link_events *link_events;
	struct loop *loop;
	const struct peer *peer;
	const struct place *place;
	const struct channel_events *events;
	void *ctx;
};

/* *a is all zero. `start` follows at the end of the turn. -1 with ERR_MEMORY: nothing was made. */
int asking_init(struct asking *a, const struct asking_params *params, struct err *e);

/* Sends a request, or fails. 0; -1: it has failed. */
int asking_request(struct asking *a);

/* Tells that it is open; head NULL as in struct channel_opened. */
void asking_opened(struct asking *a, const struct http_head *head, uint64_t at);

/* The one way to `closed`, which comes at the end of the turn, so that channel_close never calls
 * it. Nothing else is told any more. */
void asking_finish(struct asking *a, const struct channel_end *end);
void asking_fail(struct asking *a, const struct err *why, bool final);
void asking_fail_memory(struct asking *a);

/* An answer that is a refusal: its head, and why. What asking_refusal_took is given is its body. */
void asking_refuse(struct asking *a, struct slice raw, const struct err *why);
void asking_refusal_took(struct asking *a, struct slice piece);

/* No more of its body will come: all is told. `cut`: there should be more. */
void asking_refused(struct asking *a, bool cut);

/* Functions of struct channel_ops and struct http_link_events that are the same for both. */
int asking_send(struct channel *c, enum message_kind kind, const void *data, size_t len);
void asking_close(struct channel *c, unsigned code, const char *reason);
void asking_free(struct channel *c, bool reset);
void asking_pause(struct channel *c, bool pause);
size_t asking_backlog(const struct channel *c);
uint64_t asking_bytes_in(const struct channel *c);
uint64_t asking_bytes_out(const struct channel *c);
const char *asking_stage(const struct channel *c);
void asking_compression(const struct channel *c, struct channel_compression *out);
void asking_wire(void *ctx, const struct channel_wire *w);

#endif
