/* document.h: the results document, hail-result/1 (hail-results(5)), made from what was planned,
 * what was counted and what was judged.
 *
 * Its keys are a contract with whoever reads saved results: they are added, never renamed. A
 * section or key that does not apply is absent; that includes a dist of nothing. */
#ifndef HAIL_REPORT_DOCUMENT_H
#define HAIL_REPORT_DOCUMENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct hist;
struct plan;
struct tally;
struct tally_cell;
struct verdict;

#define DOCUMENT_SCHEMA "hail-result/1"

/* `started`: when the run began, as clock_wall_text writes it. The document is the caller's, to
 * be freed by json_decref. Requirements are added by require_judge. NULL: no memory. */
json_t *document_make(const struct plan *p, const struct tally *t, const struct verdict *v,
    const char *started);

/* A dist, {count, min, mean, p50, p90, p99, p999, max, hist} in ms; NULL when nothing was
 * recorded, or without memory. */
json_t *document_dist(const struct hist *h);

/* The terms of the ledger, in its order. */
json_t *document_ledger(const struct tally_cell *c);

/* `total` for each of `count`, rounded to that many steps of one; NULL when there are none. */
json_t *document_share(double total, uint64_t count, double steps);

/* So many in that time, a second; NULL when no time passed. */
json_t *document_per_second(uint64_t count, uint64_t ns);

/* What came from a server or the command line need not be UTF-8, as JSON must be: then what is not
 * ASCII becomes '?'. */
json_t *document_string(const char *text);

/* Polls that brought nothing, of all; NULL when there were none. */
json_t *document_wasted_pct(const struct tally *t);

/* A server's process, and the processor time that it used while the load lasted. */
struct document_server {
	int64_t pid;
	char name[64];
	uint64_t cpu_ns;
};

/* `received`: the messages to share their time among. NULL when there are none. */
json_t *document_servers(const struct document_server *list, size_t count, uint64_t received);

/* Adds them as rig.servers. -1: no memory. */
int document_add_servers(json_t *document, const struct document_server *list, size_t count,
    uint64_t received);

/* Adds what the `hist` of a dist holds to *h, as hist_merge adds the original: merging two
 * documents is reading both into one. -1 when the dist has no sound hist; *h may then hold a
 * part of it. */
int document_hist(const json_t *dist, struct hist *h);

/* The value at a dotted path ("latency_ms.delivery.p99"), lent; NULL where there is none. */
json_t *document_at(const json_t *document, const char *path);

#endif
