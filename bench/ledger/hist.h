/* hist.h: the mergeable histogram of durations: 1 us to 1 h with three significant digits.
 *
 * Buckets are laid out as Gil Tene's HDR histogram lays them out: exact below 2048 us, then every
 * power of two is cut into 1024. Longer than an hour is clamped into the last bucket and
 * counted as overflow; shorter than 1 us counts as 0. */
#ifndef HAIL_LEDGER_HIST_H
#define HAIL_LEDGER_HIST_H

#include <stddef.h>
#include <stdint.h>

enum {
	HIST_HALF = 1024,                      /* buckets a power of two, above the first two */
	HIST_BUCKETS = 23 * HIST_HALF,
};

#define HIST_MAX_US UINT64_C(3600000000)

struct hist {
	uint64_t count;
	uint64_t overflow;
	uint64_t sum_us;
	uint64_t min_ns, max_ns;               /* exact; max_ns is not clamped */
	uint64_t buckets[HIST_BUCKETS];
};

/* An empty one; NULL without memory. */
struct hist *hist_new(void);
void hist_free(struct hist *h);
void hist_clear(struct hist *h);

static inline size_t
hist_bucket(uint64_t us)
{
	unsigned shift;

	if (us < 2 * HIST_HALF)
		return (size_t)us;
	shift = 53 - (unsigned)__builtin_clzll(us);    /* leaves eleven bits */
	return (size_t)shift * HIST_HALF + (size_t)(us >> shift);
}

static inline void
hist_record(struct hist *h, uint64_t ns)
{
	uint64_t us = ns / 1000;

	if (us > HIST_MAX_US) {
		us = HIST_MAX_US;
		h->overflow++;
	}
	h->count++;
	h->sum_us += us;
	if (ns < h->min_ns)
		h->min_ns = ns;
	if (ns > h->max_ns)
		h->max_ns = ns;
	h->buckets[hist_bucket(us)]++;
}

/* Adds all of `from`. */
void hist_merge(struct hist *into, const struct hist *from);

/* The lowest and the highest value of a bucket, in microseconds. */
uint64_t hist_lowest_us(size_t bucket);
uint64_t hist_highest_us(size_t bucket);

/* The value, in milliseconds, that `quantile` (0..1) of all are not above: the highest value of
 * its bucket, but never above the greatest recorded. 0 when empty. */
double hist_quantile_ms(const struct hist *h, double quantile);

double hist_min_ms(const struct hist *h);
double hist_max_ms(const struct hist *h);
double hist_mean_ms(const struct hist *h);

/* Puts `count` values of `us` in, as a saved histogram is read back. */
void hist_add_us(struct hist *h, uint64_t us, uint64_t count);

#endif
