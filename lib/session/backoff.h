/* backoff.h: how long to wait before trying again: exponential with full jitter. Pure. */
#ifndef HAIL_SESSION_BACKOFF_H
#define HAIL_SESSION_BACKOFF_H

#include <stdint.h>

struct err;
struct rng;

struct backoff {
	uint64_t min, max;       /* ns, min <= max */
};

/* The wait before attempt number `attempt` (0: the first retry): uniform in [0, min·2^attempt],
 * the bound never beyond max. */
uint64_t backoff_wait(const struct backoff *b, unsigned attempt, struct rng *rng);

/* "500ms..30s". -1 with class ERR_USAGE. */
int backoff_parse(struct backoff *b, const char *text, struct err *e);

#endif
