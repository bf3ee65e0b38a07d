/* rig.h: the load generator looking at itself: what it may open, what it uses, how late it is. */
#ifndef HAIL_RUN_RIG_H
#define HAIL_RUN_RIG_H

#include <stdint.h>

#include "lib/loop/loop.h"

struct client;
struct err;
struct hist;
struct plan;

/* Raises the soft descriptor limit to the hard one and checks that the plan fits descriptors
 * and local ports, what publishes included. -1 with class ERR_USAGE: the number that would work
 * and how to get there. */
int rig_admit(const struct plan *p, const struct client *c, struct err *e);

/* Resident memory of this process now, in bytes. */
uint64_t rig_resident(void);

/* Lag of the loop: an alarm every 50 ms whose lateness is recorded. */
struct rig_lag {
	struct loop_alarm alarm;
	struct hist *lag;
	uint64_t due_ns;
};

int rig_lag_start(struct rig_lag *r, struct loop *l, struct hist *lag, struct err *e);
void rig_lag_stop(struct rig_lag *r);

#endif
