/* compare.h: several runs of one schedule, each over another transport, made one document.
 *
 *     compare_init → compare_add (once for each run) … → compare_document → compare_release
 *
 * Counts of all runs add up, so that what is required of lost holds for every row. Delivery times
 * of different transports do not add up: only rows have them. */
#ifndef HAIL_REPORT_COMPARE_H
#define HAIL_REPORT_COMPARE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/document.h"
#include "bench/report/verdict.h"
#include "lib/base/transport.h"

struct plan;
struct tally;

enum {
	COMPARE_INTERVALS = 16,
	COMPARE_ROWS = TRANSPORTS - 1 + COMPARE_INTERVALS,
	COMPARE_NAME = 32,
};

/* What is compared: the transports in their order, poll once for each interval. */
struct compare_row {
	enum transport transport;
	uint64_t poll_interval_ns;       /* of poll */
};

/* "ws", "sse", "longpoll", "poll 250ms": the interval in the largest unit that it is a whole number
 * of. `into` holds COMPARE_NAME bytes. */
const char *compare_name(const struct compare_row *row, char *into);

struct compare {
	struct tally *total;
	struct verdict verdict;
	json_t *rows;
};

/* -1: no memory; compare_release is due in any case. */
int compare_init(struct compare *c);
void compare_release(struct compare *c);

/* Adds a run, with the servers' processes that were watched. -1: no memory. */
int compare_add(struct compare *c, const struct compare_row *row, const struct tally *t,
    const struct verdict *v, const struct document_server *servers, size_t server_count);

/* As document_make. `p`: the plan of all rows, a fan-out; `rows`: what was to be compared.
 * rig.servers is the caller's to add. */
json_t *compare_document(const struct compare *c, const struct plan *p,
    const struct compare_row *rows, size_t row_count, const char *started);

#endif
