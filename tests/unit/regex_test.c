/* regex_test.c: regular expressions: what is found, what is no regex, and that nothing hangs. */
#include "lib/script/regex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- what is found ----------------------------------------------------------------------- */

struct vector {
	const char *pattern;
	unsigned flags;
	const char *subject;
	int found;
};

static void
test_found(void)
{
	static const struct vector vectors[] = {
		{"", 0, "", 1},
		{"", 0, "a", 1},
		{"a", 0, "", 0},
		{"b", 0, "abc", 1},
		{"^b", 0, "abc", 0},
		{"A", 0, "a", 0},
		{"A", REGEX_NOCASE, "a", 1},
		{"a.b", 0, "a\nb", 0},
		{"a.b", REGEX_DOTALL, "a\nb", 1},
		{"^b$", 0, "a\nb", 0},
		{"^b$", REGEX_MULTILINE, "a\nb", 1},
		{"^b$", 0, "b\n", 1},
		{"^..$", REGEX_UNICODE, "\xc3\xa9\xc3\xa9", 1},
		{"^....$", 0, "\xc3\xa9\xc3\xa9", 1},
		{"\xc3\x89", REGEX_NOCASE | REGEX_UNICODE, "\xc3\xa9", 1},
		{"\xc3\x89", REGEX_NOCASE, "\xc3\xa9", 0},
		{"\\p{L}", REGEX_UNICODE, "\xc3\xa9", 1},
		{"a", REGEX_UNICODE, "a\xff", 0},
		{"a", 0, "a\xff", 1},
		{"\\xff", 0, "a\xff", 1},
		{"[0-9]{3}-\\d", 0, "x 123-4", 1},
		{"\\/", 0, "/", 1},
		{"(a)\\1", 0, "aa", 1},
		{"(?<=x)y", 0, "xy", 1},
		{"a(?!b)", 0, "ab", 0},
		{"(?i)A", 0, "a", 1},
		{"\\Gb", 0, "ab", 0},
		{"(?C1)a", 0, "a", 1},
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct err e = {0};
		struct regex *r = regex_new(slice_of(v->pattern), v->flags, &e);
		char *subject = tap_guard(v->subject, strlen(v->subject));
		char name[120];

		snprintf(name, sizeof name, "vector %zu: /%s/ with flags %u", i, v->pattern,
		    v->flags);
		if (tap_ok(r != NULL, "%s is one", name))
			tap_int(regex_match(r, (struct slice){subject, strlen(v->subject)}, NULL,
			    &e), v->found, name);
		tap_guard_free(subject, strlen(v->subject));
		regex_free(r);
	}
}

static void
test_nothing(void)
{
	struct regex *r = regex_new((struct slice){NULL, 0}, 0, NULL);

	tap_ok(r != NULL && regex_match(r, (struct slice){NULL, 0}, NULL, NULL) == 1,
	    "no pattern is found in no subject");
	regex_free(r);
	regex_free(NULL);
	r = regex_new((struct slice){"a\0b", 3}, 0, NULL);
	tap_ok(r != NULL && regex_match(r, (struct slice){"xa\0b", 4}, NULL, NULL) == 1,
	    "a NUL is a byte like any other");
	tap_ok(regex_match(r, slice_of("xa"), NULL, NULL) == 0, "and has to be there");
	regex_free(r);
}

/* --- named groups ------------------------------------------------------------------------ */

static bool
took(const struct regex *r, const struct slice *groups, const char *name, const char *want)
{
	for (size_t i = 0; i < regex_names(r); i++)
		if (strcmp(regex_name(r, i), name) == 0)
			return want == NULL ? groups[i].data == NULL :
			    groups[i].data != NULL && slice_eq(groups[i], want);
	return false;
}

static void
test_groups(void)
{
	struct regex *r = regex_new(slice_of("(?<year>\\d+)-(?P<month>\\d*)(x)?(?'rest'y)?"),
	    0, NULL);
	struct slice groups[3] = {{"old", 3}, {"old", 3}, {"old", 3}};

	tap_int((long long)regex_names(r), 3, "three groups have names");
	tap_int(regex_match(r, slice_of("on 2026-"), groups, NULL), 1, "it is found");
	tap_ok(took(r, groups, "year", "2026"), "a group takes what it matched");
	tap_ok(took(r, groups, "month", ""), "one that matched nothing takes an empty text");
	tap_ok(took(r, groups, "rest", NULL), "one that did not take part takes nothing");
	tap_int(regex_match(r, slice_of("1-2xy"), groups, NULL), 1, "again");
	tap_ok(took(r, groups, "rest", "y") && took(r, groups, "month", "2"), "and anew");
	regex_free(r);

	r = regex_new(slice_of("(?J)(?<n>a+)|(?<n>b+)|(?<m>c)"), 0, NULL);
	tap_int((long long)regex_names(r), 2, "groups that share a name count once");
	tap_int(regex_match(r, slice_of("bb"), groups, NULL), 1, "the second is found");
	tap_ok(took(r, groups, "n", "bb") && took(r, groups, "m", NULL),
	    "and the name has what it took");
	regex_free(r);

	r = regex_new(slice_of("(?|(?<n>a)|(?<n>b))"), 0, NULL);
	tap_ok(regex_names(r) == 1 && regex_match(r, slice_of("b"), groups, NULL) == 1 &&
	    took(r, groups, "n", "b"), "so do groups that share a number");
	regex_free(r);
}

/* --- what is none ------------------------------------------------------------------------ */

static void
test_wrong(void)
{
	static const struct {
		const char *pattern;
		unsigned flags;
		int at;
	} wrong[] = {
		{"(", 0, 1}, {")", 0, 0}, {"a[", 0, 2}, {"a+**", 0, 2}, {"*", 0, 0},
		{"\\", 0, 1}, {"(?<n>a)(?<n>b)", 0, 12}, {"(?<1>a)", 0, 3}, {"\\2", 0, 1},
		{"ab\\C", 0, 4}, {"\xff", REGEX_UNICODE, 0}, {"(*UTF)a", 0, 6}, {"(?<=a*)b", 0, -1},
		{"a{99999}", 0, 7}, {"(?z)", 0, 2}, {"[[:what:]]", 0, -1},
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err e = {0};
		struct regex *r = regex_new(slice_of(wrong[i].pattern), wrong[i].flags, &e);

		tap_ok(r == NULL && e.class == ERR_USAGE && strstr(e.text, "no regex") != NULL,
		    "/%zu/ is none: %s", i, e.text);
		if (wrong[i].at >= 0)
			tap_int(e.code, wrong[i].at, "and it is told where");
		regex_free(r);
	}
}

static char *
repeated(const char *unit, size_t count)
{
	size_t len = strlen(unit);
	char *text = malloc(len * count + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * len, unit, len);
	text[len * count] = '\0';
	return text;
}

static void
refuse(const char *front, const char *unit, size_t count, const char *name)
{
	char *middle = repeated(unit, count), *all = malloc(strlen(front) + strlen(middle) + 1);
	struct err e = {0};
	struct regex *r;

	snprintf(all, strlen(front) + strlen(middle) + 1, "%s%s", front, middle);
	r = regex_new(slice_of(all), 0, &e);
	tap_ok(r == NULL && e.class == ERR_USAGE, "%s: %s", name, e.text);
	regex_free(r);
	free(all);
	free(middle);
}

static void
test_size(void)
{
	char *text = repeated("a", REGEX_MAX);
	struct err e = {0};
	struct regex *r = regex_new((struct slice){text, 5000}, 0, &e);

	tap_ok(r != NULL, "a long one is fine");
	regex_free(r);
	free(text);
	refuse("", "a", REGEX_MAX + 1, "one that is too long is none");
	refuse("", "(", 300, "nor one that is nested too deep");
	refuse("", "(?:a{1000}){1000}", 100, "nor one that would take too much memory");
}

/* --- what would take too long ------------------------------------------------------------ */

struct hostile {
	const char *pattern, *unit;
	size_t count;
	const char *tail;
	const char *name;
};

/* The bound is on the processor's time, and the sanitizers' builds are slower by far. */
static void
test_hostile(void)
{
	static const struct hostile all[] = {
		{"(a+)+$", "a", 65536, "b", "nested repetition"},
		{"^(a|aa)+$", "a", 65536, "b", "alternatives that overlap"},
		{"^(([a-z])+.)+[A-Z]([a-z])+$", "a", 65536, "", "three of them"},
		{"(x+x+)+[yz]", "x", 1 << 20, "", "a megabyte"},
		{"a+[bc]", "a", 1 << 20, "", "as many places as bytes"},
		{"[^,]*[;:]", "a", 1 << 20, "", "the same with a class"},
		{"\\w+\\s*[:=]", "a", 1 << 20, ";", "the same without backtracking"},
		{".*.*.*[=;]", "a", 65536, "", "three times all"},
		{"(?:(?:a?){50}){50}[bc]", "a", 4096, "", "nothing, again and again"},
		{"^(?:a?b?c?)*?$", "a", 65536, "!", "lazy"},
		{"(?=(a+))\\1*[bc]", "a", 1 << 18, "", "back references"},
		{"(a(?1)?b?)+[cd]", "a", 65536, "", "recursion"},
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		struct regex *r = regex_new(slice_of(all[i].pattern), 0, NULL);
		char *front = repeated(all[i].unit, all[i].count);
		size_t len = strlen(front);
		char *text = malloc(len + 2);
		uint64_t begun, took_ns;
		struct err e = {0};
		int found;

		snprintf(text, len + 2, "%s%s", front, all[i].tail);
		begun = clock_cpu_ns();
		found = r != NULL ? regex_match(r, slice_of(text), NULL, &e) : 1;
		took_ns = clock_cpu_ns() - begun;
		tap_ok(r != NULL && found <= 0, "%s: %s", all[i].name, found < 0 ? e.text : "no");
		tap_ok(found == 0 || e.class == ERR_LIMIT, "it is told that it was given up");
		tap_ok(took_ns < 900 * NS_PER_MS, "within %u ms", (unsigned)(took_ns / NS_PER_MS));
		tap_ok(regex_match(r, slice_of("abc"), NULL, NULL) >= 0, "it is usable again");
		free(text);
		free(front);
		regex_free(r);
	}
}

static void
test_memory(void)
{
	struct regex *r = regex_new(slice_of("^(?:a|b)*(?<last>c)$"), 0, NULL);
	char *text = repeated("ab", 4 << 20);
	struct slice group = {NULL, 0};
	struct err e = {0};

	text[100000] = 'c';
	tap_ok(regex_match(r, (struct slice){text, 100001}, &group, &e) == 1 &&
	    slice_eq(group, "c"), "a search may take some memory");
	tap_ok(regex_match(r, slice_of("abc"), &group, NULL) == 1 && slice_eq(group, "c"),
	    "after which the next one is fine");
	text[100000] = 'a';
	tap_ok(regex_match(r, slice_of(text), &group, &e) == -1 && e.class == ERR_LIMIT,
	    "but not all: %s", e.text);
	tap_ok(regex_match(r, slice_of("bc"), &group, NULL) == 1, "it is usable again");
	free(text);
	regex_free(r);
}

int
main(void)
{
	test_found();
	test_nothing();
	test_groups();
	test_wrong();
	test_size();
	test_hostile();
	test_memory();
	return tap_done();
}
