/* chaos_test.c: what a spec means, and that faults come by count. */
#include "lib/node/chaos.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

static void
test_parse(void)
{
	struct chaos c;
	struct err e = {0};
	static const char all[] = "drop=1/100,dup=1/200,swap=1/50,delay=5ms,stall=1s@10s,"
	    "close=1/1k";

	tap_ok(chaos_parse(&c, all, &e) == 0, "every word is taken: %s", e.text);
	tap_int((long long)c.every[CHAOS_DROP], 100, "drop");
	tap_int((long long)c.every[CHAOS_DUP], 200, "dup");
	tap_int((long long)c.every[CHAOS_SWAP], 50, "swap");
	tap_int((long long)c.every[CHAOS_CLOSE], 1000, "close, with a unit");
	tap_int((long long)c.delay_ns, 5 * NS_PER_MS, "delay");
	tap_int((long long)c.stall_ns, 1 * NS_PER_S, "stall: how long");
	tap_int((long long)c.stall_after_ns, 10 * NS_PER_S, "stall: when");
	tap_ok(chaos_parse(&c, "drop=1/1", &e) == 0, "one word alone");
	tap_int((long long)c.every[CHAOS_DUP], 0, "what is not named never happens");
	tap_int((long long)c.delay_ns, 0, "no delay");
}

static void
test_refuse(void)
{
	static const struct {
		const char *spec;
		const char *said;        /* a part of the sentence */
	} bad[] = {
		{"", "WORD=VALUE"},
		{"drop", "'drop'"},
		{"drop=", "1/N"},
		{"drop=1", "1/N"},
		{"drop=2/3", "'2/3'"},
		{"drop=1/0", "1/N"},
		{"drop=1/-5", "1/N"},
		{"drop=1/x", "1/N"},
		{"drop=1/100,", "WORD=VALUE"},
		{",drop=1/100", "WORD=VALUE"},
		{"drop=1/5,drop=1/6", "twice"},
		{"delay=1ms,delay=2ms", "twice"},
		{"stall=1s@1s,stall=1s@1s", "twice"},
		{"lose=1/10", "'lose'"},
		{"DROP=1/10", "'DROP'"},
		{"none=1/10", "'none'"},
		{"delay=fast", "fast"},
		{"delay=0", "between"},
		{"delay=11s", "between"},
		{"stall=1s", "LENGTH@AFTER"},
		{"stall=61s@1s", "between"},
		{"stall=@1s", ""},
		{"delay=1111111111111111111111111111111111111111ms", "duration"},
	};
	struct chaos c;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = {0};

		tap_ok(chaos_parse(&c, bad[i].spec, &e) == -1 && e.class == ERR_USAGE &&
		    strstr(e.text, bad[i].said) != NULL, "refused: '%s' (%s)", bad[i].spec,
		    e.text);
	}
}

static void
count(const char *spec, int deliveries, int counts[CHAOS_ACTIONS])
{
	struct chaos c;

	memset(counts, 0, CHAOS_ACTIONS * sizeof *counts);
	chaos_parse(&c, spec, NULL);
	for (int i = 0; i < deliveries; i++)
		counts[chaos_next(&c)]++;
}

static void
test_counts(void)
{
	int counts[CHAOS_ACTIONS];

	count("drop=1/10", 1000, counts);
	tap_int(counts[CHAOS_DROP], 100, "each 10th of 1000");
	tap_int(counts[CHAOS_NONE], 900, "and nothing else");
	count("drop=1/10", 9, counts);
	tap_int(counts[CHAOS_DROP], 0, "none before the 10th");
	count("drop=1/1", 7, counts);
	tap_int(counts[CHAOS_DROP], 7, "1/1 is all of them");
	count("delay=5ms,stall=1s@1s", 100, counts);
	tap_int(counts[CHAOS_NONE], 100, "delay and stall choose no delivery");
}

static void
test_order(void)
{
	int counts[CHAOS_ACTIONS];
	struct chaos c;

	/* 100 deliveries: 20 by 5, 50 by 2 of which 10 are by 10 */
	count("drop=1/2,close=1/5", 100, counts);
	tap_int(counts[CHAOS_CLOSE], 20, "close comes before drop");
	tap_int(counts[CHAOS_DROP], 40, "drop gets the rest");
	count("dup=1/2,drop=1/2", 100, counts);
	tap_int(counts[CHAOS_DROP], 50, "drop comes before dup");
	tap_int(counts[CHAOS_DUP], 0, "dup gets nothing");
	count("swap=1/3,dup=1/6", 60, counts);
	tap_int(counts[CHAOS_DUP], 10, "dup comes before swap");
	tap_int(counts[CHAOS_SWAP], 10, "swap gets the rest");

	chaos_parse(&c, "swap=1/3", NULL);
	tap_ok(chaos_next(&c) == CHAOS_NONE && chaos_next(&c) == CHAOS_NONE &&
	    chaos_next(&c) == CHAOS_SWAP && chaos_next(&c) == CHAOS_NONE,
	    "it is the third that is hit");
}

static void
test_names(void)
{
	tap_text(chaos_name(CHAOS_CLOSE), "close", "name of close");
	tap_text(chaos_name(CHAOS_DROP), "drop", "name of drop");
	tap_text(chaos_name(CHAOS_DUP), "dup", "name of dup");
	tap_text(chaos_name(CHAOS_SWAP), "swap", "name of swap");
}

int
main(void)
{
	test_parse();
	test_refuse();
	test_counts();
	test_order();
	test_names();
	return tap_done();
}
