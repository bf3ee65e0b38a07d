/* party.h: one party of a play: its connection, if it has one, and the messages that no line has
 * taken yet. For the files that play, nobody else.
 *
 *     OVER ─ party_open ─► OPENING ─► OPEN ◄─────────► RETRYING      (with the option reconnect)
 *       ▲                     │         │ party_close,     │
 *       │                     │         ▼ or the server    │
 *       │                     │      CLOSING               │
 *       └─ refused ───────────┴─────────┴── ended ─────────┘     party_drop: from any of them */
#ifndef HAIL_SCRIPT_PARTY_H
#define HAIL_SCRIPT_PARTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/channel/channel.h"
#include "lib/script/inbox.h"
#include "lib/script/player.h"
#include "lib/script/stage.h"

struct answer;
struct buf;
struct conversation;
struct cookies;
struct party;
struct resume;
struct strand;

enum party_state {
	PARTY_OVER,                      /* or it never was open */
	PARTY_OPENING,
	PARTY_OPEN,
	PARTY_RETRYING,                  /* the connection is lost, but another one will come */
	PARTY_CLOSING,
};

/* Any but connecting, notice and unpublished may open, drop or free the party. */
struct party_events {
	void (*connecting)(void *ctx, struct party *p, const char *url);
	void (*opened)(void *ctx, struct party *p, const struct channel_opened *o);
	void (*refused)(void *ctx, struct party *p, const struct channel_end *end);
	void (*message)(void *ctx, struct party *p, const struct message *m);
	void (*pong)(void *ctx, struct party *p, uint64_t round_trip_ns);
	void (*drained)(void *ctx, struct party *p);
	void (*ended)(void *ctx, struct party *p, const struct channel_end *end);
	void (*retrying)(void *ctx, struct party *p, const struct conversation_retry *r);
	void (*notice)(void *ctx, struct party *p, const char *text);
	void (*unpublished)(void *ctx, struct party *p, const struct err *why);
};

/* What the parties of a play have in common. */
struct party_host {
	struct stage *stage;
	uint64_t number;                 /* of the connections: {conn} */
	struct player_totals *totals;
	const struct party_events *events;
	void *ctx;
};

/* How a connection ended. */
struct party_end {
	struct channel_end end;          /* without `refusal`; the reason stands in … */
	char reason[128];
	bool refused;                    /* it was never open */
};

struct party {
	const struct party_host *host;
	int number;
	enum party_state state;
	bool closing;                    /* by us: however it ends is fine */
	bool was_open;                   /* this connection, or one before it */
	bool lost;                       /* it ended not in order, and no line knows yet; … */
	bool uncounted;                  /* … nor do the totals: it may have been expected */
	bool counted;                    /* the totals have it among those that are open */
	bool paused;
	bool keeps_answer;               /* a line looks at it */
	bool forgetful;                  /* it was told that messages are forgotten */
	struct conversation *conversation;       /* NULL: OVER */
	struct seat seat;
	const struct open_step *opener;  /* of the last opening; NULL: never */
	const struct step *sender;       /* the last line that sent; NULL: none */
	const struct step *no_more;      /* from that line on no message may come; NULL: none */
	uint64_t since;                  /* clock_ns: in this state */
	struct inbox inbox;
	struct strand *waiting;          /* those that wait for it, the first one first */
	struct resume *resume;           /* of the last opening; NULL: a WebSocket has none */
	struct cookies *cookies;         /* the same; NULL: none */
	struct answer *answer;           /* to the last opening, if kept */
	struct party_end *end;           /* of the last connection; NULL: none, or no memory */
};

/* NULL: no memory. */
struct party *party_new(const struct party_host *host, int number);

/* Ends what is open at once. NULL is fine. */
void party_free(struct party *p);

struct party_opening {
	const struct open_step *step;
	struct scope *scope;
	uint64_t limit;
	bool refusable;                  /* so no redirect is followed */
	bool again;                      /* cookies are kept */
	bool resume;                     /* it goes on from the last id */
};

/* Opens; it must be OVER. *limit is how long it may take in all. -1 with *e: failed at once. */
int party_open(struct party *p, const struct party_opening *o, uint64_t *limit, struct err *e);

/* Ends it in order; `ended`, or `refused`, follows. Nothing when it is OVER. */
void party_close(struct party *p, unsigned code, const char *reason);

/* Ends it at once with a reset; without `ended`. */
void party_drop(struct party *p);

/* It is not waited for any longer: not opened, for that reason; without `refused`. */
void party_give_up(struct party *p, const struct err *why);

/* 1: sent; 0: it has to wait until `drained`; -1: never. */
int party_send(struct party *p, enum message_kind kind, struct slice data, struct err *e);

void party_pause(struct party *p, bool pause);

/* Whether messages can come, now or later. */
bool party_listens(const struct party *p);

/* What it speaks, of the last opening. */
enum transport party_transport(const struct party *p);

/* Appends a sentence's end: "open for 1.23 s", "closed with 1001 'going away'". */
void party_state_text(const struct party *p, struct buf *into);

/* The last event id; empty: none. */
struct slice party_last_id(const struct party *p);

/* It was lost, and nobody had expected that: the totals take notice. */
void party_count_loss(struct party *p);

/* Adds what its connection has moved so far. */
void party_add_bytes(const struct party *p, struct player_totals *t);

#endif
