/* hist_test.c: the histogram against exact quantiles, and its borders. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "bench/ledger/hist.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "tests/unit/tap.h"

enum { VALUES = 20000 };

static int
ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* --- buckets -------------------------------------------------------------------------- */

static void
test_buckets(void)
{
	size_t wrong = 0;

	for (uint64_t us = 0; us < 2048; us++)
		wrong += hist_bucket(us) != us || hist_lowest_us(us) != us ||
		    hist_highest_us(us) != us;
	tap_int((long long)wrong, 0, "below 2048 us every microsecond has its own bucket");
	wrong = 0;
	for (size_t i = 0; i + 1 < HIST_BUCKETS; i++)
		wrong += hist_bucket(hist_lowest_us(i)) != i ||
		    hist_bucket(hist_highest_us(i)) != i ||
		    hist_highest_us(i) + 1 != hist_lowest_us(i + 1);
	tap_int((long long)wrong, 0, "buckets follow each other without gap or overlap");
	wrong = 0;
	for (size_t i = 2048; i < HIST_BUCKETS; i++)
		wrong += (double)(hist_highest_us(i) - hist_lowest_us(i)) >
		    0.001 * (double)hist_lowest_us(i);
	tap_int((long long)wrong, 0, "a bucket is at most 0.1 % wide");
	tap_ok(hist_bucket(HIST_MAX_US) < HIST_BUCKETS, "an hour has a bucket");
}

/* --- quantiles ------------------------------------------------------------------------ */

static double
exact_ms(const uint64_t *sorted, double quantile)
{
	size_t rank = (size_t)ceil(quantile * VALUES);

	return (double)sorted[rank > 0 ? rank - 1 : 0] / 1e6;
}

/* `scale_us` moves the values through the powers of two. */
static void
test_quantiles(struct hist *h, double scale_us)
{
	static const double quantiles[] = {0, 0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
	static uint64_t values[VALUES];
	double worst = 0, sum_us = 0;
	struct rng rng;

	rng_init(&rng, (uint64_t)scale_us);
	hist_clear(h);
	for (size_t i = 0; i < VALUES; i++) {
		values[i] = (uint64_t)((1 + rng_exponential(&rng)) * scale_us) * NS_PER_US;
		sum_us += (double)(values[i] / NS_PER_US);
		hist_record(h, values[i]);
	}
	qsort(values, VALUES, sizeof *values, ascending);
	for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
		double exact = exact_ms(values, quantiles[i]);
		double error = (hist_quantile_ms(h, quantiles[i]) - exact) / exact;

		worst = error < 0 ? 1 : error > worst ? error : worst;
	}
	tap_ok(worst <= 0.001,
	    "around %.0f us: quantiles are never low, and at most 0.1 %% high", scale_us);
	tap_ok(fabs(hist_mean_ms(h) - sum_us / VALUES / 1e3) < 1e-9, "… the mean is exact");
	tap_ok(hist_min_ms(h) == (double)values[0] / 1e6 &&
		   hist_max_ms(h) == (double)values[VALUES - 1] / 1e6,
	    "… least and greatest are exact");
}

static void
test_edges(struct hist *h)
{
	hist_clear(h);
	tap_ok(hist_quantile_ms(h, 0.5) == 0 && hist_min_ms(h) == 0 && hist_max_ms(h) == 0 &&
	    hist_mean_ms(h) == 0, "empty: all zero");
	hist_record(h, 999);
	tap_int((long long)h->buckets[0], 1, "shorter than a microsecond counts as 0");
	tap_ok(
	    hist_quantile_ms(h, 1) == 0 && hist_max_ms(h) == 0.000999, "… but max is exact");
	hist_clear(h);
	hist_record(h, 5 * NS_PER_MS);
	tap_ok(hist_quantile_ms(h, 0) == 5 && hist_quantile_ms(h, 1) == 5,
	    "a single value is every quantile, not its bucket's end");
}

static void
test_overflow(struct hist *h)
{
	hist_clear(h);
	hist_record(h, HIST_MAX_US * NS_PER_US);
	tap_int((long long)h->overflow, 0, "an hour to the microsecond is no overflow");
	hist_record(h, HIST_MAX_US * NS_PER_US + NS_PER_US);
	hist_record(h, UINT64_MAX);
	tap_int((long long)h->overflow, 2, "what is longer is");
	tap_int((long long)h->count, 3, "… and counts");
	tap_int((long long)h->buckets[hist_bucket(HIST_MAX_US)], 3, "… in the last bucket");
	tap_ok(h->max_ns == UINT64_MAX, "… while max is what it was");
	tap_int((long long)h->sum_us, 3 * (long long)HIST_MAX_US, "… and the sum is clamped");
}

/* --- merging -------------------------------------------------------------------------- */

static bool
same(const struct hist *a, const struct hist *b)
{
	if (a->count != b->count || a->overflow != b->overflow || a->sum_us != b->sum_us ||
	    a->min_ns != b->min_ns || a->max_ns != b->max_ns)
		return false;
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		if (a->buckets[i] != b->buckets[i])
			return false;
	return true;
}

static void
test_merge(struct hist *all)
{
	struct hist *parts[3] = {hist_new(), hist_new(), hist_new()}, *sum = hist_new();
	struct rng rng;

	rng_init(&rng, 5);
	hist_clear(all);
	for (size_t i = 0; i < VALUES; i++) {
		uint64_t ns = (uint64_t)(rng_exponential(&rng) * 40e6);

		hist_record(all, ns);
		hist_record(parts[i % 2], ns);         /* the third stays empty */
	}
	for (size_t i = 0; i < 3; i++)
		hist_merge(sum, parts[i]);
	tap_ok(same(sum, all), "parts merge into the whole");
	hist_merge(sum, parts[2]);
	tap_ok(same(sum, all), "merging nothing changes nothing");
	hist_clear(sum);
	hist_merge(sum, parts[2]);
	tap_ok(hist_min_ms(sum) == 0 && sum->count == 0, "nothing and nothing is nothing");
	hist_add_us(sum, 1500, 3);
	hist_add_us(sum, HIST_MAX_US + 1, 2);
	tap_ok(sum->count == 5 && sum->buckets[1500] == 3 && sum->overflow == 2 &&
	    sum->sum_us == 4500 + 2 * HIST_MAX_US, "whole buckets can be put in");
	for (size_t i = 0; i < 3; i++)
		hist_free(parts[i]);
	hist_free(sum);
}

int
main(void)
{
	struct hist *h = hist_new();

	test_buckets();
	for (double scale = 3; scale < 4e8; scale *= 17)
		test_quantiles(h, scale);
	test_edges(h);
	test_overflow(h);
	test_merge(h);
	hist_free(h);
	hist_free(NULL);
	return tap_done();
}
