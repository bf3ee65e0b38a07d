#include "bench/ledger/hist.h"

#include <math.h>
#include <stdlib.h>

struct hist *
hist_new(void)
{
	struct hist *h = calloc(1, sizeof *h);

	if (h != NULL)
		h->min_ns = UINT64_MAX;
	return h;
}

void
hist_free(struct hist *h)
{
	free(h);
}

void
hist_clear(struct hist *h)
{
	*h = (struct hist){.min_ns = UINT64_MAX};
}

void
hist_merge(struct hist *into, const struct hist *from)
{
	into->count += from->count;
	into->overflow += from->overflow;
	into->sum_us += from->sum_us;
	if (from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

uint64_t
hist_lowest_us(size_t bucket)
{
	size_t shift;

	if (bucket < 2 * HIST_HALF)
		return bucket;
	shift = bucket / HIST_HALF - 1;
	return (uint64_t)(bucket - shift * HIST_HALF) << shift;
}

uint64_t
hist_highest_us(size_t bucket)
{
	return hist_lowest_us(bucket + 1) - 1;
}

double
hist_quantile_ms(const struct hist *h, double quantile)
{
	uint64_t wanted = (uint64_t)ceil(quantile * (double)h->count), seen = 0;
	double ms;

	if (wanted == 0)
		wanted = 1;
	for (size_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->buckets[i];
		if (seen >= wanted) {
			ms = (double)hist_highest_us(i) / 1e3;
			return ms < hist_max_ms(h) ? ms : hist_max_ms(h);
		}
	}
	return 0;
}

double
hist_min_ms(const struct hist *h)
{
	return h->count > 0 ? (double)h->min_ns / 1e6 : 0;
}

double
hist_max_ms(const struct hist *h)
{
	return (double)h->max_ns / 1e6;
}

double
hist_mean_ms(const struct hist *h)
{
	return h->count > 0 ? (double)h->sum_us / (double)h->count / 1e3 : 0;
}

void
hist_add_us(struct hist *h, uint64_t us, uint64_t count)
{
	if (us > HIST_MAX_US) {
		us = HIST_MAX_US;
		h->overflow += count;
	}
	h->count += count;
	h->sum_us += us * count;
	h->buckets[hist_bucket(us)] += count;
}
