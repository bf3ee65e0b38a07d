/* crowd.h: all players of a worker: begun at a pace, each plays the script again and again, and
 * what becomes of it is counted.
 *
 *     crowd_new → crowd_begin → (settled) → crowd_drain → (idle) → crowd_settle → crowd_stop
 *         → (idle) → crowd_free
 *
 * Who has failed waits for about a second before the next play, so that a server that is down is
 * not hammered by everyone. */
#ifndef HAIL_RUN_CROWD_H
#define HAIL_RUN_CROWD_H

#include <stdbool.h>
#include <stdint.h>

struct crowd;
struct err;
struct loop;
struct plan;
struct script;
struct stage;
struct tally;

struct crowd_events {
	/* Every player has begun, and its first connection is open or has failed. Called once. */
	void (*settled)(void *ctx);
	/* After crowd_drain or crowd_stop: nobody plays. */
	void (*idle)(void *ctx);
	/* It cannot go on (memory). */
	void (*broken)(void *ctx, const struct err *why);
};

struct crowd_params {
	const struct plan *plan;
	const struct script *script;
	struct stage *stage;
	uint64_t limit_ns;           /* that the first connection of a player is waited for */
	struct tally *tally;         /* its script part is made by crowd_new */
	struct loop *loop;
	const struct crowd_events *events;
	void *ctx;
};

/* Nothing is begun. NULL: *e. */
struct crowd *crowd_new(const struct crowd_params *params, struct err *e);

/* At the plan's pace. */
void crowd_begin(struct crowd *c);

/* What was played, measured, sent and received until now does not count; plays under way do. */
void crowd_count(struct crowd *c);

/* Begins no more plays. Those under way go on, but for a script that would never end: that is
 * stopped. */
void crowd_drain(struct crowd *c);

/* The end of the accounting: plays under way are unfinished, or, if they have come to what never
 * ends, completed. */
void crowd_settle(struct crowd *c);

/* Stops what still plays. */
void crowd_stop(struct crowd *c);

/* Ends at once what is left. NULL is fine. */
void crowd_free(struct crowd *c);

/* Brings the tally up to date; returns how many connections are open. */
uint64_t crowd_look(struct crowd *c);

/* On the wire so far; asks every player. */
void crowd_bytes(const struct crowd *c, uint64_t *in, uint64_t *out);

/* The longest time that a label took since the last call, ns. */
uint64_t crowd_worst(struct crowd *c);

/* Whether everyone has tried, and nobody could connect. */
bool crowd_is_in_vain(const struct crowd *c);

#endif
