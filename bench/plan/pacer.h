/* pacer.h: when each message is due. Pure: (profile, number) → due time. There is no clock in
 * here, so that a receiver in another process can tell when any number was due, and tests need
 * not wait. */
#ifndef HAIL_PLAN_PACER_H
#define HAIL_PLAN_PACER_H

#include <stdint.h>

#include "lib/base/rng.h"

enum pacer_arrival {
	PACER_CONSTANT,          /* evenly spaced */
	PACER_POISSON,           /* independent arrivals: gaps are exponential */
};

/* The profile: parameters only. */
struct pacer {
	enum pacer_arrival arrival;
	double rate;             /* messages a second, > 0 */
	uint64_t seed;           /* for PACER_POISSON */
};

/* A place in the schedule, to walk it in order at constant cost. */
struct pacer_cursor {
	uint64_t number;         /* of the next message */
	uint64_t due_ns;         /* when that is due, ns since the start */
	double sum;              /* of exponential gaps of mean 1 so far */
	struct rng rng;
};

/* At number 0. */
void pacer_start(const struct pacer *p, struct pacer_cursor *c);

/* On to the next number. */
void pacer_step(const struct pacer *p, struct pacer_cursor *c);

/* When `number` is due, ns since the start. Constant cost for PACER_CONSTANT, else linear. */
uint64_t pacer_due(const struct pacer *p, uint64_t number);

/* How many numbers are due before `ns`. */
uint64_t pacer_count(const struct pacer *p, uint64_t ns);

#endif
