#include <math.h>

#include "bench/plan/pacer.h"
#include "lib/base/clock.h"
#include "tests/unit/tap.h"

static void
test_constant(void)
{
	struct pacer p = {PACER_CONSTANT, 1000, 0};

	tap_int((long long)pacer_due(&p, 0), 0, "the first is due at once");
	tap_int((long long)pacer_due(&p, 1), (long long)NS_PER_MS, "the second a gap later");
	tap_int((long long)pacer_due(&p, 3600000), 3600 * (long long)NS_PER_S,
	    "no drift in an hour");
	tap_int((long long)pacer_count(&p, 10 * NS_PER_S), 10000, "ten seconds hold 10,000");
	tap_int((long long)pacer_count(&p, 10 * NS_PER_S + 1), 10001, "and a moment one more");
	tap_int((long long)pacer_count(&p, 0), 0, "no time holds none");
}

static void
test_poisson(void)
{
	struct pacer p = {PACER_POISSON, 500, 42}, other = {PACER_POISSON, 500, 43};
	struct pacer_cursor c;
	double mean = 0, squares = 0, last = 0;
	const int count = 20000;
	int backwards = 0;

	pacer_start(&p, &c);
	for (int i = 0; i < count; i++) {
		double gap = (double)c.due_ns - last;

		backwards += gap < 0;
		mean += gap / count;
		squares += gap * gap / count;
		last = (double)c.due_ns;
		pacer_step(&p, &c);
	}
	tap_int(backwards, 0, "due times never go back");
	tap_ok(fabs(mean / 2e6 - 1) < 0.03, "gaps are 2 ms on average (%.3f ms)", mean / 1e6);
	tap_ok(fabs(sqrt(squares - mean * mean) / mean - 1) < 0.05,
	    "and deviate as an exponential does");
	tap_ok(pacer_due(&p, 1234) == pacer_due(&p, 1234) && pacer_due(&p, 1234) !=
	    pacer_due(&other, 1234), "the seed alone decides");
	pacer_start(&p, &c);
	while (c.number < 777)
		pacer_step(&p, &c);
	tap_ok(c.due_ns == pacer_due(&p, 777), "walking and asking agree");
	tap_int((long long)pacer_count(&p, c.due_ns), 777, "and so does counting");
}

int
main(void)
{
	test_constant();
	test_poisson();
	return tap_done();
}
