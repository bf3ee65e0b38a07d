/* document.h: the results document, hail-result/1 (hail-results(5)), made from what was planned,
 * what was counted and what was judged.
 *
 * Its keys are a contract with whoever reads saved results: they are added, never renamed. A
 * section or key that does not apply is absent; that includes a dist of nothing. */
#ifndef HAIL_REPORT_DOCUMENT_H
#define HAIL_REPORT_DOCUMENT_H

#include <jansson.h>

struct hist;
struct plan;
struct tally;
struct verdict;

#define DOCUMENT_SCHEMA "hail-result/1"

/* `started`: when the run began, as clock_wall_text writes it. The document is the caller's, to
 * be freed by json_decref. Requirements are added by require_judge. NULL: no memory. */
json_t *document_make(const struct plan *p, const struct tally *t, const struct verdict *v,
    const char *started);

/* A dist, {count, min, mean, p50, p90, p99, p999, max, hist} in ms; NULL when nothing was
 * recorded, or without memory. */
json_t *document_dist(const struct hist *h);

/* Adds what the `hist` of a dist holds to *h, as hist_merge adds the original: merging two
 * documents is reading both into one. -1 when the dist has no sound hist; *h may then hold a
 * part of it. */
int document_hist(const json_t *dist, struct hist *h);

/* The value at a dotted path ("latency_ms.delivery.p99"), lent; NULL where there is none. */
json_t *document_at(const json_t *document, const char *path);

#endif
