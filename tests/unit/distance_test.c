/* distance_test.c: how far words are from each other. */
#include "lib/base/distance.h"

#include <stdint.h>
#include <string.h>

#include "tests/unit/tap.h"

static const struct {
	const char *a, *b;
	size_t most, distance;
} cases[] = {
	{"", "", 9, 0}, {"open", "open", 9, 0}, {"", "open", 9, 4}, {"open", "oben", 9, 1},
	{"open", "opens", 9, 1}, {"open", "pen", 9, 1}, {"open", "opne", 9, 1},
	{"lost", "lsot", 9, 1}, {"ab", "ba", 9, 1}, {"ca", "abc", 9, 3},
	{"kitten", "sitting", 9, 3}, {"abcdef", "badcfe", 9, 3}, {"abc", "xyz", 9, 3},
	{"open", "opened-again", 3, 4}, {"a", "abcd", 3, 3}, {"a", "abcde", 3, 4},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice a = slice_of(cases[i].a), b = slice_of(cases[i].b);

		tap_int((long long)distance_between(a, b, cases[i].most),
		    (long long)cases[i].distance, cases[i].b);
		tap_ok(distance_between(b, a, cases[i].most) == cases[i].distance,
		    "'%s' and '%s', the other way round", cases[i].a, cases[i].b);
	}
}

static void
test_limits(void)
{
	char a[DISTANCE_MAX + 2], b[DISTANCE_MAX + 2];

	memset(a, 'a', sizeof a);
	memset(b, 'b', sizeof b);
	tap_int((long long)distance_between((struct slice){a, DISTANCE_MAX},
	    (struct slice){b, DISTANCE_MAX}, DISTANCE_MAX), DISTANCE_MAX, "the longest words");
	tap_ok(distance_between((struct slice){a, DISTANCE_MAX + 1}, slice_of("a"), 3) ==
	    SIZE_MAX && distance_between(slice_of("a"), (struct slice){b, DISTANCE_MAX + 1}, 3) ==
	    SIZE_MAX, "longer ones are not compared");
}

int
main(void)
{
	test_cases();
	test_limits();
	return tap_done();
}
