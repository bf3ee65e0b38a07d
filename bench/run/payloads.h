/* payloads.h: the payloads of all senders of a run. A template that does not tell senders apart
 * is expanded once for all. */
#ifndef HAIL_RUN_PAYLOADS_H
#define HAIL_RUN_PAYLOADS_H

#include <stdint.h>

#include "bench/load/payload.h"

struct err;
struct fleet;
struct fleet_conn;
struct plan;

struct payloads {
	struct payload *list;
	uint32_t count;              /* 1: shared */
};

/* `senders[i]` is the connection of sender i; NULL: sender i is connection i. */
int payloads_make(struct payloads *p, const struct plan *plan, const struct fleet *f,
    const uint32_t *senders, uint32_t count, struct err *e);
void payloads_release(struct payloads *p);

/* Sender i's payload with that stamp; until the next call. */
const struct payload *payloads_stamp(struct payloads *p, uint32_t i, const struct stamp *s);

/* Sends what the dialect says first: on_open messages, then subscribe. -1: *e. */
int payloads_greet(const struct plan *plan, const struct fleet *f, struct fleet_conn *c,
    struct err *e);

#endif
