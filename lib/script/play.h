/* play.h: a play from the inside: for the files that play, nobody else.
 *
 *     player ─ runs ─► strand ─ begins ─► step, step_party, step_http, expect
 *        ▲                ▲                   │ done at once, or the strand waits
 *        │ fail           └── wakes ──────────┤
 *        └────────────────────────────────────┘ what a party tells (hear), a timer */
#ifndef HAIL_SCRIPT_PLAY_H
#define HAIL_SCRIPT_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/loop/loop.h"
#include "lib/script/party.h"
#include "lib/script/player.h"
#include "lib/script/script.h"
#include "lib/script/stage.h"

struct answer;
struct call;
struct child;
struct failure;
struct match;
struct scope;

/* --- strands ------------------------------------------------------------------------------ */

/* What a strand waits for; of a party what stands behind the dash. */
enum wait {
	WAIT_NOTHING,                    /* it runs, or will */
	WAIT_TIME,
	WAIT_STRANDS,                    /* those of a parallel block */
	WAIT_BARRIER,
	WAIT_CHILD,
	WAIT_CALL,
	WAIT_CLOSED,                     /* — to be over, so that it can be opened again */
	WAIT_OPENING,                    /* — to be open, or refused */
	WAIT_LINE,                       /* — to be open again, to send or to ping */
	WAIT_ROOM,                       /* — to take one more message */
	WAIT_PONG,
	WAIT_MESSAGE,
	WAIT_NONE,                       /* … that it says nothing */
	WAIT_END,
};

/* A block that a strand is in. */
struct frame {
	const struct block *block;
	const struct step *of;           /* the step that has the block; NULL: the strand's */
	size_t at;                       /* of the block: the next step */
	uint64_t round;                  /* of repeat, from 1 */
	uint64_t began;                  /* clock_ns, of the step */
};

struct strand {
	struct player *player;
	struct strand *next;             /* of all of a player's */
	struct strand *next_ready;
	bool ready;                      /* it is in that list */
	struct strand *parent;           /* that waits for it; NULL: the first */
	size_t children;                 /* that it waits for */
	struct frame *frames;            /* the innermost last */
	unsigned depth, room;
	const struct step *step;         /* under way; NULL: none */
	uint64_t began;                  /* clock_ns, of the step */
	enum wait wait;
	uint64_t until;                  /* clock_ns: not longer; 0: endless */
	struct strand *next_waiting;     /* for the same party */
	struct party *party;             /* NULL: for none */
	bool tries_again;                /* its step is begun once more */
	struct match *match;             /* of an expectation, an answer */
	struct call *call;
	struct child *child;
	struct buf data;                 /* to be sent; cap 0: not filled in yet */
	struct loop_timer timer;
};

/* In the block. NULL: no memory. */
struct strand *strand_new(struct player *p, struct strand *parent, const struct block *block);
void strand_free(struct strand *s);

/* -1: no memory. */
int strand_enter(struct strand *s, const struct step *of, const struct block *block);

/* The strand waits; limit in ns from the beginning of the step, 0: endless. */
void strand_wait(struct strand *s, enum wait wait, uint64_t limit);
void strand_wait_for(struct strand *s, struct party *party, enum wait wait, uint64_t limit);

/* It goes on as soon as the player runs: behind its step, … */
void strand_wake(struct strand *s);

/* … or with the same step once more, whose limit goes on, too. */
void strand_try_again(struct strand *s);

/* It is the one that runs, and does not any more. */
void strand_unready(struct strand *s);

/* What the step made goes. */
void strand_tidy(struct strand *s);

/* How long its step may take: `within`, `timeout`, --timeout. */
uint64_t strand_limit(const struct strand *s);

enum { LIMIT_TEXT = 32 };

/* A time as somebody may have written it: "500 ms". */
const char *strand_time_text(char into[LIMIT_TEXT], uint64_t ns);

/* How long it waits: "within 500 ms". */
const char *strand_within(const struct strand *s, char into[LIMIT_TEXT]);

/* --- the player --------------------------------------------------------------------------- */

enum player_state {
	PLAYER_IDLE,
	PLAYER_PLAYING,
	PLAYER_ENDING,                   /* what is left is to be closed … */
	PLAYER_CLOSING,                  /* … and is */
};

enum { PLAYER_CALLS = 4 };               /* connections that are kept for `http` */

struct player {
	struct stage *stage;
	const struct script *script;
	const struct stage_cast *cast;
	const struct player_events *events;
	void *ctx;
	struct scope *scope;
	struct party_host host;
	struct party **parties;          /* NULL: never opened */
	struct call *calls[PLAYER_CALLS];        /* idle; NULL: none */
	struct strand *strands;          /* all of them */
	struct strand *ready, **last_ready;
	enum player_state state;
	bool running;
	unsigned stops;                  /* how often it was told to stop */
	bool broken;
	bool endless;                    /* a repeat forever has begun */
	struct failure *failure;         /* NULL: not broken, or no memory */
	uint64_t sent_at, sent_before;   /* clock_ns of the last thing sent by anybody, and of the
	                                  * one before; 0: none */
	struct player_totals totals;
	struct loop_timer turn;          /* what is not done at once */
};

/* Runs what is ready; for those who have woken a strand. */
void player_run(struct player *p);

/* The step of the strand is done, after so long. */
void player_done(struct strand *s, uint64_t took_ns);

/* The same with what came at that time: measured from the last thing that was sent. */
void player_done_at(struct strand *s, uint64_t at);

/* Something is sent now. */
void player_sends(struct player *p);

/* Whether somebody watches. */
static inline bool
player_is_watched(const struct player *p)
{
	return p->events->told != NULL;
}

/* Fills in when; `step` is the strand's, whose step may be NULL, as may be the strand. */
void player_tell(struct player *p, const struct strand *s, struct player_told *t);

/* The play is broken: nothing runs any more. What is returned may be added to, and is NULL if it
 * was broken before. `s`: whose step it was; `party` may be NULL. */
struct failure *player_fail(struct strand *s, struct party *party, const struct err *why);
struct failure *player_fail_at(struct player *p, const struct step *step, struct party *party,
    const struct err *why);

/* A connection is over: perhaps it was the last. */
void player_check_end(struct player *p);

/* The party of the strand's step, made if need be. NULL: no memory, and the play is broken. */
struct party *player_party(struct strand *s);

/* "ann" */
const char *player_name(const struct player *p, const struct party *party);

/* --- steps -------------------------------------------------------------------------------- */

/* True: done at once. False: it waits, has told that it is done, or has broken the play. */
bool step_begin(struct strand *s);

bool step_exec(struct strand *s);
bool step_http(struct strand *s);
bool step_of_party(struct strand *s);
bool step_expect(struct strand *s);

/* A round of a repeat begins. */
void step_round(struct strand *s, uint64_t round);

/* Its time is up. */
void step_timeout(struct strand *s);
void step_http_timeout(struct strand *s);
void step_party_timeout(struct strand *s);
void expect_timeout(struct strand *s);

/* Of the strands of a parallel block one is over: whoever waits for it at a barrier waits in
 * vain. */
void step_check_barriers(struct strand *parent);

/* Opening came to nothing: unless the next line is about that, the play is broken. */
void step_opening_failed(struct strand *s, struct party *party, const struct err *why);

/* The connection of a party is over: all that wait for it hear of it. */
void hear_over(struct player *p, struct party *party);

/* A message has come. True: it is taken, or the play is broken. *passed: somebody looked at it. */
bool expect_offer(struct party *party, const struct message *m, bool *passed);

/* What the strand's expectation is about, in words. */
void expect_tell(struct failure *f, const struct strand *s);

/* A party is not open, though the step needs that: the play is broken. */
void step_not_open(struct strand *s, struct party *party);

/* The connection of a party is over; judges a `< close`. */
void expect_end(struct strand *s, struct party *party);

extern const struct party_events hear_events;

#endif
