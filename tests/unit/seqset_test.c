/* Against a plain array of flags, on random orders with losses and repeats. */
#include <stdlib.h>
#include <string.h>

#include "bench/ledger/seqset.h"
#include "lib/base/rng.h"
#include "tests/unit/tap.h"

enum { NUMBERS = 500 };

static enum seqset_arrival
expected(const bool *there, uint32_t number, uint32_t highest)
{
	if (there[number])
		return SEQSET_DUPLICATE;
	return number < highest ? SEQSET_REORDERED : SEQSET_FIRST;
}

static bool
agrees(uint64_t seed, uint32_t first)
{
	bool there[NUMBERS] = {false};
	struct seqset s;
	struct rng r;
	uint32_t highest = first;
	uint64_t missing = 0;
	bool ok = true;

	rng_init(&r, seed);
	seqset_init(&s, first);
	for (int i = 0; i < 3 * NUMBERS && ok; i++) {
		/* mostly a window that moves on, now and then anything */
		uint32_t number = rng_u64(&r) % 8 == 0 ? (uint32_t)(rng_u64(&r) % NUMBERS) :
		    (uint32_t)((unsigned)i / 3 + rng_u64(&r) % 20) % NUMBERS;

		if (number < first)
			continue;
		ok = seqset_add(&s, number) == expected(there, number, highest);
		there[number] = true;
		highest = number + 1 > highest ? number + 1 : highest;
	}
	for (uint32_t n = first; n < highest; n++)
		missing += !there[n];
	ok = ok && seqset_missing(&s) == missing && s.next == highest;
	seqset_release(&s);
	return ok;
}

int
main(void)
{
	struct seqset s;
	int failed = 0;

	for (uint64_t seed = 0; seed < 2000; seed++)
		failed += !agrees(seed, (uint32_t)(seed % 3 * 10));
	tap_int(failed, 0, "2,000 random orders are told as an array of flags tells them");

	seqset_init(&s, 0);
	for (uint32_t n = 0; n < 1000000; n++)
		seqset_add(&s, n);
	tap_ok(s.holes == NULL, "a million in order hold no memory");
	tap_int(sizeof s, 16, "but sixteen bytes");
	tap_int(seqset_add(&s, UINT32_MAX - 1), SEQSET_FIRST, "the far end is within reach");
	tap_int(seqset_add(&s, 1000000), SEQSET_REORDERED, "and what was skipped still counts");
	seqset_release(&s);
	return tap_done();
}
