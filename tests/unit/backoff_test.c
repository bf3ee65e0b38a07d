/* backoff_test.c: exponential waits with full jitter, and how they are written. */
#include "lib/session/backoff.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "tests/unit/tap.h"

enum { DRAWS = 2000 };

static void
test_bounds(void)
{
	const struct backoff b = {100, 1000};
	static const uint64_t bounds[] = {100, 200, 400, 800, 1000, 1000};
	struct rng rng;

	rng_init(&rng, 7);
	for (unsigned attempt = 0; attempt < 6; attempt++) {
		uint64_t most = 0, least = UINT64_MAX, sum = 0;

		for (int i = 0; i < DRAWS; i++) {
			uint64_t wait = backoff_wait(&b, attempt, &rng);

			most = wait > most ? wait : most;
			least = wait < least ? wait : least;
			sum += wait;
		}
		tap_ok(most <= bounds[attempt] && most > bounds[attempt] * 9 / 10,
		    "attempt %u: never beyond %llu, nearly all of it used", attempt,
		    (unsigned long long)bounds[attempt]);
		tap_ok(least < bounds[attempt] / 10, "attempt %u: down to nothing", attempt);
		tap_ok(sum / DRAWS > bounds[attempt] * 4 / 10 &&
		    sum / DRAWS < bounds[attempt] * 6 / 10, "attempt %u: even", attempt);
	}
}

static void
test_extremes(void)
{
	const struct backoff huge = {1, UINT64_MAX}, none = {0, 1000}, same = {500, 500};
	struct rng rng;
	bool fine = true;

	rng_init(&rng, 1);
	for (unsigned attempt = 0; attempt < 200; attempt++)
		fine = fine && backoff_wait(&huge, attempt, &rng) <= huge.max;
	tap_ok(fine, "no overflow");
	backoff_wait(&huge, UINT32_MAX, &rng);
	tap_int((long long)backoff_wait(&none, UINT32_MAX, &rng), 0, "nothing doubles to nothing");
	tap_ok(backoff_wait(&same, 9, &rng) <= 500, "MIN may be MAX");
}

static void
test_parse(void)
{
	static const char *const bad[] = {"", "..", "1s", "1s..", "..1s", "1s...2s", "2s..1s",
	    "0..1s", "1s-2s", "1s..2x", "a..b", "1s..2s..3s",
	    "1111111111111111111111111111111111111s..2s"};
	struct backoff b = {0};
	struct err e = {0};

	tap_ok(backoff_parse(&b, "500ms..30s", &e) == 0, "500ms..30s: %s", e.text);
	tap_int((long long)b.min, 500 * NS_PER_MS, "its minimum");
	tap_int((long long)b.max, 30 * (long long)NS_PER_S, "its maximum");
	tap_ok(backoff_parse(&b, "1.5s..2m", &e) == 0, "a point before the dots");
	tap_int((long long)b.min, 1500 * NS_PER_MS, "belongs to the number");
	tap_ok(backoff_parse(&b, "1s..1s", &e) == 0, "both the same");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e = (struct err){0};
		tap_ok(backoff_parse(&b, bad[i], &e) == -1 && e.class == ERR_USAGE,
		    "refused: '%s' (%s)", bad[i], e.text);
	}
	tap_int((long long)b.min, NS_PER_S, "what is refused changes nothing");
}

int
main(void)
{
	test_bounds();
	test_extremes();
	test_parse();
	return tap_done();
}
