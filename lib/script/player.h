/* player.h: plays a script: opens, sends, waits for what is expected, and stops at the first
 * broken promise.
 *
 *     player_new → player_play → told … → over → player_play … → player_free
 *
 * Many players share one stage and one script. Nothing is told before player_play returns; from
 * `told` and `over` the player may be stopped, from `over` also played again or freed. */
#ifndef HAIL_SCRIPT_PLAYER_H
#define HAIL_SCRIPT_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/channel/channel.h"
#include "lib/script/script.h"
#include "lib/session/client.h"
#include "lib/session/conversation.h"

struct loop;
struct player;
struct rng;
struct stage;

/* --- the stage: what all players of a process share --------------------------------------- */

struct stage_params {
	struct loop *loop;
	struct rng *rng;                         /* seeded with secret bytes */
	const struct client_options *client;     /* what the command line says; `open` adds to it.
	                                          * open_timeout is --timeout */
	uint64_t limit_ns;                       /* of expectations: --timeout */
	bool new_snapshots;                      /* --update-snapshots */
};

/* NULL with *e. All it is given is lent. Scripts that were played must outlive it, too. */
struct stage *stage_new(const struct stage_params *params, struct err *e);

/* All players must be gone. NULL is fine. */
void stage_free(struct stage *s);

/* --- what is told ------------------------------------------------------------------------- */

enum player_act {
	PLAYER_STEP,             /* a step begins */
	PLAYER_DONE,             /* it is done; `took_ns` */
	PLAYER_CONNECTING,       /* party; `text`: the URL */
	PLAYER_OPENED,           /* party; `head`: the answer, or NULL */
	PLAYER_REFUSED,          /* party; opening failed: `end` */
	PLAYER_SENT,             /* party; `message` */
	PLAYER_RECEIVED,         /* party; `message`, when it came */
	PLAYER_MATCHED,          /* party; the step's message was found; `took_ns` */
	PLAYER_PONG,             /* party; `took_ns` */
	PLAYER_ENDED,            /* party; its connection has ended: `end` */
	PLAYER_RETRYING,         /* party; `end`, `took_ns`: the wait */
	PLAYER_REQUEST,          /* `text`: "POST http://…"; `message`: the body, if any */
	PLAYER_ANSWER,           /* `head`, `message`: the body; `took_ns` */
	PLAYER_RAN,              /* exec: `text`: what it printed; `code`: its status */
	PLAYER_NOTICE,           /* party or not; `text` */
};

struct player_told {
	enum player_act act;
	uint64_t at;                             /* clock_ns */
	int party;                               /* -1: none */
	const struct step *step;                 /* NULL: none in particular */
	const struct message *message;
	const struct http_head *head;
	const struct channel_end *end;
	struct slice text;
	int code;
	/* of PLAYER_DONE, PLAYER_MATCHED, PLAYER_ANSWER, PLAYER_PONG. Of PLAYER_DONE of a step with
	 * a label: what is measured: of an expectation from the last thing that was sent by anybody
	 * in this play (or from when the wait began, if that was earlier and nothing was sent) to
	 * the arrival; of open, http, ping, exec how long they took. */
	uint64_t took_ns;
};

/* A message that came while something else was expected, or was there already. */
struct player_skipped {
	uint64_t at;                             /* clock_ns of its arrival */
	enum message_kind kind;
	struct slice data, event, id;            /* data cut to SCRIPT_TOLD bytes or so: `len` has
	                                          * all */
	size_t len;
	const char *why;                         /* it does not match; one line */
};

enum { PLAYER_SKIPPED = 20 };                    /* told of one failure; `skipped_all` counts */

/* The broken promise. */
struct player_failure {
	const struct step *step;                 /* NULL: the script's end */
	int party;
	struct err why;                          /* ERR_MATCH: a promise was broken; else what kept
	                                          * the step from being done (ERR_CONNECT, …) */
	bool connecting;                         /* opening failed that should not have: exit 3 */
	uint64_t at, waited_ns;
	const char *expected;                    /* one line, or NULL */
	size_t skipped_count, skipped_all, passed_over;      /* `passed_over`: of all, those that
	                                          * were there before the wait began */
	struct player_skipped skipped[PLAYER_SKIPPED];
	const char *state;                       /* of the party: "open for 1.23 s", "closed with
	                                          * 1001 going away", …; or NULL */
};

struct player_events {
	/* NULL: nobody watches, which is cheaper. */
	void (*told)(void *ctx, const struct player_told *t);

	/* A step with a label is done, or an expectation failed; comes with `told` NULL, too. */
	void (*measured)(void *ctx, const struct step *step, uint64_t took_ns);

	/* It is over; NULL: in order. All connections are gone, those that were open having been
	 * closed in order if that was possible; but for those of `http`, which the next play may
	 * use. */
	void (*over)(void *ctx, const struct player_failure *f);
};

struct player_params {
	struct stage *stage;
	const struct script *script;
	uint64_t conn;                           /* {conn}; chooses the source, too */
	const char *url;                         /* {url}; NULL: none */
	const struct player_events *events;
	void *ctx;
};

/* NULL: no memory. */
struct player *player_new(const struct player_params *params);

/* Begins with the first line; not while it plays. */
void player_play(struct player *p, uint64_t iteration);

/* Ends it soon: connections are closed in order, children are killed; `over` follows, with class
 * ERR_INTERRUPTED, unless it is over already. The second time: at once. */
void player_stop(struct player *p);

/* Ends what is left at once, without `over`. NULL is fine. */
void player_free(struct player *p);

/* Of all its plays so far. */
struct player_totals {
	uint64_t opened, failed, dropped;        /* connections; dropped: lost while they were
	                                          * needed */
	uint64_t open;                           /* now */
	uint64_t sent, received;                 /* messages, requests and answers not included */
	uint64_t requests;
	uint64_t bytes_in, bytes_out;            /* on the wire, without TLS */
	uint64_t errors[ERR_CLASSES];            /* why connections failed or were dropped */
};
void player_totals(const struct player *p, struct player_totals *t);

/* Whether a repeat forever has begun in this play, or the last one. */
bool player_is_endless(const struct player *p);

/* Of all players of a stage so far. */
struct stage_totals {
	struct player_totals plays;              /* without bytes: players know theirs */
	uint64_t peak;                           /* the most connections open at once */
	uint64_t opened_at;                      /* clock_ns, of the last one; 0: none */
};
const struct stage_totals *stage_totals(const struct stage *s);

#endif
