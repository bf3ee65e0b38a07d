/* pattern_test.c: JSON with holes: what it matches, how it says that it does not, what is no
 * pattern, where one ends, and the snapshots that are made of one. */
#include "lib/script/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* From memory of its own size. */
static struct pattern *
read_pattern(const char *text, struct err *e)
{
	char *guarded = tap_guard(text, strlen(text));
	struct pattern *p = pattern_new((struct slice){guarded, strlen(text)}, e);

	tap_guard_free(guarded, strlen(text));
	return p;
}

static json_t *
read_json(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	if (value == NULL)
		tap_ok(false, "the test's own JSON: %s", text);
	return value;
}

/* --- what it matches, and how it says so ------------------------------------------------- */

struct vector {
	const char *pattern, *value;
	const char *why;                 /* NULL: it matches */
};

static void
check_one(const struct vector *v, bool exactly)
{
	struct err e = {0};
	struct pattern *p = read_pattern(v->pattern, &e);
	json_t *value = read_json(v->value);
	struct buf why;
	bool matches;

	buf_init(&why, 4096);
	if (p == NULL) {
		tap_ok(false, "%s is a pattern: %s at %d", v->pattern, e.text, e.code);
		json_decref(value);
		return;
	}
	matches = pattern_match(p, value, exactly, NULL, &why);
	tap_ok(matches == (v->why == NULL), "%.60s %s %.60s%s", v->pattern,
	    v->why == NULL ? "matches" : "does not match", v->value, exactly ? " exactly" : "");
	tap_ok(pattern_match(p, value, exactly, NULL, NULL) == matches, "also when not asked why");
	buf_add(&why, "", 1);
	tap_text((char *)why.data, v->why != NULL ? v->why : "", "and says so");
	buf_release(&why);
	json_decref(value);
	pattern_free(p);
}

static void
test_scalars(void)
{
	static const struct vector vectors[] = {
		{"1", "1", NULL},
		{" \t\r\n1\n", "1", NULL},
		{"1", "1.0", NULL},
		{"1.0", "1", NULL},
		{"1e2", "100", NULL},
		{"-0", "0", NULL},
		{"-0.0", "0", NULL},
		{"0", "-0.0", NULL},
		{"0.1", "1e-1", NULL},
		{"1", "2", "the message: expected 1, got 2"},
		{"1", "1.5", "the message: expected 1, got 1.5"},
		{"0.1", "0.10000000000000002",
		    "the message: expected 0.1, got 0.10000000000000002"},
		{"9223372036854775807", "9223372036854775807", NULL},
		{"9223372036854775807", "9223372036854775806",
		    "the message: expected 9223372036854775807, got 9223372036854775806"},
		{"9223372036854775807", "9223372036854775807.0",
		    "the message: expected 9223372036854775807, got 9.223372036854776e18"},
		{"-9223372036854775808", "-9223372036854775808.0", NULL},
		{"9007199254740993", "9007199254740993", NULL},
		{"9007199254740993", "9007199254740992.0",
		    "the message: expected 9007199254740993, got 9007199254740992.0"},
		{"9007199254740993.0", "9007199254740992", NULL},
		{"1e300", "1e300", NULL},
		{"1", "\"1\"", "the message: expected 1, got \"1\""},
		{"true", "true", NULL},
		{"true", "false", "the message: expected true, got false"},
		{"null", "null", NULL},
		{"null", "0", "the message: expected null, got 0"},
		{"false", "null", "the message: expected false, got null"},
		{"\"a\"", "\"a\"", NULL},
		{"\"\\u00e9\"", "\"\xc3\xa9\"", NULL},
		{"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", NULL},
		{"\"a\\u0000b\"", "\"a\\u0000b\"", NULL},
		{"\"a\\u0000b\"", "\"a\\u0000c\"",
		    "the message: expected \"a\\u0000b\", got \"a\\u0000c\""},
		{"\"\"", "\"a\"", "the message: expected \"\", got \"a\""},
		{"\"*\"", "\"*\"", NULL},
		{"\"*\"", "\"a\"", "the message: expected \"*\", got \"a\""},
		{"\"...\"", "\"...\"", NULL},
		{"\"/a/\"", "\"/a/\"", NULL},
		{"\"/a/\"", "\"a\"", "the message: expected \"/a/\", got \"a\""},
		{"\"hello\"", "{\"a\":1}", "the message: expected \"hello\", got {\"a\":1}"},
		{"\"a\\nb\x7f\xc2\x85\"", "1",
		    "the message: expected \"a\\nb\\u007f\\u0085\", got 1"},
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check_one(&vectors[i], false);
}

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define E_ACUTE "\xc3\xa9"

static void
test_long(void)
{
	static const struct vector vectors[] = {
		{"\"" FIFTY TEN "\"", "1", "the message: expected \"" FIFTY TEN "\", got 1"},
		{"\"" FIFTY TEN "a\"", "1", "the message: expected \"" FIFTY TEN "…\", got 1"},
		{"1", "\"x" E_ACUTE E_ACUTE E_ACUTE E_ACUTE E_ACUTE TEN TEN TEN TEN "789456123"
		    E_ACUTE "\"", "the message: expected 1, got \"x" E_ACUTE E_ACUTE E_ACUTE E_ACUTE
		    E_ACUTE TEN TEN TEN TEN "789456123…\""},
		{"\"" FIFTY FIFTY "a\"", "\"" FIFTY FIFTY "b\"",
		    "the message: differ at byte 100: expected \"…" TEN TEN "a\", got \"…" TEN TEN
		    "b\""},
		{"\"" FIFTY "\"", "\"" FIFTY FIFTY "\"",
		    "the message: differ at byte 50: expected \"…" TEN TEN "\", got \"…" TEN TEN
		    TEN TEN TEN TEN "…\""},
		{"\"a" FIFTY TEN "\"", "\"b" FIFTY TEN "\"", "the message: expected \"a" FIFTY
		    "012345678…\", got \"b" FIFTY "012345678…\""},
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check_one(&vectors[i], false);
	check_one(&(struct vector){"1", "[\"" FIFTY TEN "\"]",
	    "the message: expected 1, got [\"" FIFTY "01234567…"}, false);
}

static void
test_objects(void)
{
	static const struct vector vectors[] = {
		{"{}", "{}", NULL},
		{"{}", "{\"a\":1}", NULL},
		{"{}", "[]", "the message: expected an object, got []"},
		{"{\"a\":1}", "{\"a\":1,\"b\":2}", NULL},
		{"{\"b\":2,\"a\":1}", "{\"a\":1,\"b\":2}", NULL},
		{"{\"a\":1}", "{}", "/a: not there"},
		{"{\"a\":null}", "{}", "/a: not there"},
		{"{\"a\":null}", "{\"a\":null}", NULL},
		{"{\"text\":\"hello\"}", "{\"text\":\"hallo\"}",
		    "/text: expected \"hello\", got \"hallo\""},
		{"{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":2}}}",
		    "/a/b/c: expected 1, got 2"},
		{"{\"a\":{\"b\":1}}", "{\"a\":5}", "/a: expected an object, got 5"},
		{"{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"b\":3,\"c\":4}",
		    "/b: expected 2, got 3 (and 1 more)"},
		{"{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", "{\"d\":5}", "/a: not there (and 3 more)"},
		{"{\"a/b\":{\"~\":1}}", "{\"a/b\":{\"~\":2}}", "/a~1b/~0: expected 1, got 2"},
		{"{\"\":1}", "{\"\":2}", "/: expected 1, got 2"},
		{"{\"a\\nb\":1}", "{}", "/a b: not there"},
		{"{\"error\":*none}", "{}", NULL},
		{"{\"error\":*none}", "{\"error\":null}", "/error: not expected"},
		{"{\"error\":*none,\"a\":*}", "{\"a\":0}", NULL},
		{"{\"a\":*}", "{}", "/a: not there"},
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check_one(&vectors[i], false);
}

static void
test_exactly(void)
{
	static const struct vector vectors[] = {
		{"{}", "{}", NULL},
		{"{}", "{\"x\":1}", "/x: not expected"},
		{"{\"a\":1}", "{\"x\":1,\"a\":1}", "/x: not expected"},
		{"{\"a\":1}", "{\"x\":1,\"a\":2,\"y\":3}",
		    "/a: expected 1, got 2 (and 2 more)"},
		{"{\"a\":{\"b\":*}}", "{\"a\":{\"b\":{\"c\":1},\"d\":2}}", "/a/d: not expected"},
		{"[{}]", "[{\"a\":1}]", "/0/a: not expected"},
		{"{\"a\":*none}", "{}", NULL},
		{"{\"a\":*none}", "{\"a\":1}", "/a: not expected"},
		{"{\"a\":*none}", "{\"b\":1}", "/b: not expected"},
		{"{\"a\":1}", "{\"b\":1}", "/a: not there (and 1 more)"},
		{"*object", "{\"a\":1}", NULL},
		{"[1,...]", "[1,2]", NULL},
		{"1", "1.0", NULL},
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check_one(&vectors[i], true);
}

static void
test_arrays(void)
{
	static const struct vector vectors[] = {
		{"[]", "[]", NULL},
		{"[]", "[1]", "the message: expected 0 elements, got 1"},
		{"[1]", "{}", "the message: expected an array, got {}"},
		{"[1,2]", "[1,2]", NULL},
		{"[1,2]", "[2,1]", "/0: expected 1, got 2 (and 1 more)"},
		{"{\"tags\":[1,2]}", "{\"tags\":[1,2,3]}", "/tags: expected 2 elements, got 3"},
		{"[1]", "[]", "the message: expected 1 element, got 0"},
		{"[...]", "[]", NULL},
		{"[...]", "[1,2,3]", NULL},
		{"[ ... ]", "5", "the message: expected an array, got 5"},
		{"[1, ...]", "[1]", NULL},
		{"[1, ...]", "[1,2,3]", NULL},
		{"[1, ...]", "[2,2,3]", "/0: expected 1, got 2"},
		{"[1,2,...]", "[1]", "the message: expected at least 2 elements, got 1"},
		{"[[1,...],...]", "[[1,2],3]", NULL},
		{"[*,*]", "[null,{}]", NULL},
		{"[{\"a\":[0,{\"b\":1}]}]", "[{\"a\":[0,{\"b\":2}]}]",
		    "/0/a/1/b: expected 1, got 2"},
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check_one(&vectors[i], false);
}

static void
test_holes(void)
{
	static const struct vector vectors[] = {
		{"*", "null", NULL},
		{"*", "{\"a\":[1]}", NULL},
		{"*string", "\"\"", NULL},
		{"*string", "5", "the message: expected a string, got 5"},
		{"*number", "5", NULL},
		{"*number", "5.5", NULL},
		{"*number", "\"5\"", "the message: expected a number, got \"5\""},
		{"*boolean", "true", NULL},
		{"*boolean", "false", NULL},
		{"*boolean", "0", "the message: expected a boolean, got 0"},
		{"*object", "{}", NULL},
		{"*object", "[]", "the message: expected an object, got []"},
		{"*array", "[1]", NULL},
		{"*array", "{\"a\":1}", "the message: expected an array, got {\"a\":1}"},
		{"*null", "null", NULL},
		{"*null", "false", "the message: expected null, got false"},
		{"{\"id\": *, \"text\": \"hi\", \"at\": *time, \"tags\": [\"a\", ...],"
		    " \"n\": /^[0-9]+$/, \"error\": *none}",
		    "{\"id\":7,\"text\":\"hi\",\"at\":\"2026-01-31T23:59:59Z\","
		    "\"tags\":[\"a\",\"b\"],\"n\":\"12\"}", NULL},
		{"/a/", "\"bab\"", NULL},
		{"/^a$/", "\"bab\"", "the message: expected /^a$/, got \"bab\""},
		{"/A/i", "\"a\"", NULL},
		{"/a.b/s", "\"a\\nb\"", NULL},
		{"/^b$/m", "\"a\\nb\"", NULL},
		{"/^b$/smi", "\"a\\nB\"", NULL},
		{"/^.$/", "\"\xc3\xa9\"", NULL},
		{"/a\\/b/", "\"a/b\"", NULL},
		{"/\\\\/", "\"a\\\\\"", NULL},
		{"/a/", "5", "the message: expected a string with /a/, got 5"},
		{"{\"a\":/,/,\"b\":/\"/ ,\"c\":/}/}", "{\"a\":\",\",\"b\":\"\\\"\",\"c\":\"}\"}",
		    NULL},
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check_one(&vectors[i], false);
}

/* --- *uuid, *time ------------------------------------------------------------------------ */

static void
check_forms(const char *hole, const char *const *values, size_t count, bool fits)
{
	struct pattern *p = read_pattern(hole, NULL);

	for (size_t i = 0; i < count; i++) {
		json_t *value = read_json(values[i]);

		tap_ok(pattern_match(p, value, false, NULL, NULL) == fits, "%s is %s%s", values[i],
		    fits ? "" : "not ", hole);
		json_decref(value);
	}
	pattern_free(p);
}

static void
test_forms(void)
{
	static const char *const uuids[] = {
		"\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"",
		"\"F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6\"",
		"\"00000000-0000-0000-0000-000000000000\"",
	}, *const no_uuids[] = {
		"\"f81d4fae-7dec-11d0-a765-00a0c91e6bf\"",
		"\"f81d4fae-7dec-11d0-a765-00a0c91e6bf67\"",
		"\"f81d4fae-7dec-11d0-a765+00a0c91e6bf6\"",
		"\"f81d4fae-7dec-11d0-a765-00a0c91e6bg6\"",
		"\"f81d4fae7dec11d0a76500a0c91e6bf60000\"",
		"\"{f81d4fae-7dec-11d0-a765-00a0c91e6b}\"", "\"\"", "5", "null",
	}, *const times[] = {
		"\"2026-01-31T23:59:59Z\"", "\"2026-01-31t23:59:59z\"", "\"2026-01-31 23:59:59Z\"",
		"\"2026-01-31T23:59:59.123456789Z\"", "\"2026-01-31T23:59:59+05:30\"",
		"\"2026-01-31T23:59:59.5-00:00\"", "\"2016-12-31T23:59:60Z\"",
		"\"2024-02-29T00:00:00Z\"", "\"2000-02-29T00:00:00Z\"", "\"0000-01-01T00:00:00Z\"",
		"946684800", "946684800000", "1790000000", "1790000000.25", "1790000000123",
		"4102444799", "4102444799999", "4102444799.999",
	}, *const no_times[] = {
		"\"2026-01-31\"", "\"2026-01-31T23:59:59\"", "\"2026-01-31T23:59Z\"",
		"\"2026-02-29T00:00:00Z\"", "\"2100-02-29T00:00:00Z\"", "\"2026-00-01T00:00:00Z\"",
		"\"2026-13-01T00:00:00Z\"", "\"2026-04-31T00:00:00Z\"", "\"2026-01-00T00:00:00Z\"",
		"\"2026-01-31T24:00:00Z\"", "\"2026-01-31T23:60:00Z\"", "\"2026-01-31T23:59:61Z\"",
		"\"2026-01-31T23:59:59.Z\"", "\"2026-01-31T23:59:59+0530\"",
		"\"2026-01-31T23:59:59+24:00\"", "\"2026-01-31T23:59:59Z \"",
		"\" 2026-01-31T23:59:59Z\"", "\"2026-1-31T23:59:59Z\"", "\"26-01-31T23:59:59Z\"",
		"\"2026-01-31T23:59:59\\u0000\"", "\"2026-01-31\\u000023:59:59Z\"", "\"\"",
		"\"now\"", "946684799", "4102444800", "946684799999", "4102444800000", "0",
		"-946684800", "1e20", "true", "null",
	};

	check_forms("*uuid", uuids, COUNT(uuids), true);
	check_forms("*uuid", no_uuids, COUNT(no_uuids), false);
	check_forms("*time", times, COUNT(times), true);
	check_forms("*time", no_times, COUNT(no_times), false);
	check_one(&(struct vector){"*time", "5", "the message: expected a time, got 5"}, false);
	check_one(&(struct vector){"*uuid", "\"x\"",
	    "the message: expected a UUID, got \"x\""}, false);
}

/* --- groups ------------------------------------------------------------------------------ */

static void
test_groups(void)
{
	struct pattern *p = read_pattern("{\"a\":/(?<one>\\d)(?<two>x)?/,\"b\":[/-(?<three>.*)/]}",
	    NULL);
	json_t *value = read_json("{\"b\":[\"-\xc3\xa9\"],\"a\":\"5\"}");
	json_t *other = read_json("{\"b\":[\"+\"],\"a\":\"5x\"}");
	struct slice groups[3] = {{"old", 3}, {"old", 3}, {"old", 3}};

	tap_int((long long)pattern_names(p), 3, "all groups have names");
	tap_text(pattern_name(p, 0), "one", "in their order: the first");
	tap_text(pattern_name(p, 1), "two", "the second");
	tap_text(pattern_name(p, 2), "three", "the third");
	tap_ok(pattern_match(p, value, false, groups, NULL), "it matches");
	tap_ok(slice_eq(groups[0], "5") && groups[1].data == NULL &&
	    slice_eq(groups[2], "\xc3\xa9"), "the groups have what they took");
	tap_ok(!pattern_match(p, other, false, groups, NULL) && groups[2].data == NULL,
	    "nothing is left from before");
	tap_ok(pattern_names(p) == 3 && pattern_match(p, value, false, NULL, NULL),
	    "groups need not be wanted");
	json_decref(other);
	json_decref(value);
	pattern_free(p);
	pattern_free(NULL);
}

/* --- values within a message, scalars, order --------------------------------------------- */

static void
test_at(void)
{
	struct pattern *p = read_pattern("{\"a\":1}", NULL), *none = read_pattern("*none", NULL);
	json_t *value = read_json("{\"a\":2}");
	struct buf why;

	buf_init(&why, 1000);
	tap_ok(!pattern_match_at(p, "/x/0", value, false, NULL, &why), "it differs");
	tap_bytes(why.data, why.len, "/x/0/a: expected 1, got 2", 25, "the place begins there");
	why.len = 0;
	tap_ok(!pattern_match_at(p, "/x", NULL, false, NULL, &why), "nothing is there");
	tap_bytes(why.data, why.len, "/x: not there", 13, "and that is told");
	tap_ok(pattern_match_at(none, "/x", NULL, false, NULL, NULL), "*none is nothing");
	why.len = 0;
	tap_ok(!pattern_match_at(none, "/x", value, false, NULL, &why), "and not something");
	tap_bytes(why.data, why.len, "/x: not expected", 16, "which is told, too");
	buf_release(&why);
	json_decref(value);
	pattern_free(none);
	pattern_free(p);
}

static void
test_order(void)
{
	static const struct {
		const char *a, *b;
		int order;               /* 9: none */
	} vectors[] = {
		{"1", "2", -1}, {"2", "2", 0}, {"3", "2", 1}, {"1", "1.5", -1}, {"1.5", "1", 1},
		{"1", "1.0", 0}, {"-1.5", "-1", -1}, {"-1", "-1.5", 1}, {"0", "-0.0", 0},
		{"9007199254740993", "9007199254740992.0", 1},
		{"9223372036854775807", "9223372036854775808.0", -1},
		{"-9223372036854775808", "-9223372036854775808.0", 0},
		{"-9223372036854775808", "-9.3e18", 1}, {"1e300", "9223372036854775807", 1},
		{"\"a\"", "\"b\"", -1}, {"\"a\"", "\"a\"", 0}, {"\"a\"", "\"\"", 1},
		{"\"a\"", "\"a\\u0000\"", -1}, {"\"Z\"", "\"a\"", -1}, {"\"10\"", "\"9\"", -1},
		{"\"\xc3\xa9\"", "\"z\"", 1},
		{"1", "\"1\"", 9}, {"true", "true", 9}, {"null", "null", 9}, {"[]", "[]", 9},
		{"{}", "1", 9},
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		json_t *a = read_json(vectors[i].a), *b = read_json(vectors[i].b);
		int order = 9;
		bool ordered = pattern_order(a, b, &order);

		order = !ordered ? 9 : order < 0 ? -1 : order > 0;
		tap_int(order, vectors[i].order, vectors[i].a);
		ordered = pattern_order(b, a, &order);
		order = !ordered ? 9 : order < 0 ? 1 : -(order > 0);
		tap_int(order, vectors[i].order, "and the other way round");
		json_decref(a);
		json_decref(b);
	}
}

static void
test_scalar(void)
{
	static const char *const scalars[] = {"1", "\"a\"", "true", "null"},
	    *const others[] = {"*", "*string", "/a/", "[]", "{}", "[1]", "*none"};

	for (size_t i = 0; i < COUNT(scalars); i++) {
		struct pattern *p = read_pattern(scalars[i], NULL);
		json_t *value = read_json(scalars[i]);

		tap_ok(json_equal((json_t *)pattern_scalar(p), value), "%s is one scalar",
		    scalars[i]);
		json_decref(value);
		pattern_free(p);
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		struct pattern *p = read_pattern(others[i], NULL);

		tap_ok(p != NULL && pattern_scalar(p) == NULL, "%s is none", others[i]);
		pattern_free(p);
	}
}

/* --- what is no pattern ------------------------------------------------------------------ */

static const struct wrong {
	const char *text;
	int at;
	const char *says;
} wrong[] = {
	{"", 0, "expected a value, got its end"},
	{"  ", 2, "expected a value, got its end"},
	{"{", 1, "expected the name of a member in quotes, got its end"},
	{"[", 1, "expected a value, got its end"},
	{"}", 0, "expected a value, got '}'"},
	{"{\"a\"}", 4, "expected ':' behind the name, got '}'"},
	{"{\"a\" 1}", 5, "expected ':' behind the name, got '1'"},
	{"{\"a\":}", 5, "expected a value, got '}'"},
	{"{\"a\":1", 6, "expected ',' or '}', got its end"},
	{"{\"a\":1 \"b\":2}", 7, "expected ',' or '}', got '\"'"},
	{"{\"a\":1,}", 7, "expected the name of a member in quotes, got '}'"},
	{"{a:1}", 1, "expected the name of a member in quotes, got 'a'"},
	{"{*:1}", 1, "expected the name of a member in quotes, got '*'"},
	{"{1:1}", 1, "expected the name of a member in quotes, got '1'"},
	{"{\"a\":1,\"a\":2}", 7, "the name \"a\" is there twice"},
	{"{\"a\":1,\"\\u0061\":2}", 7, "the name \"a\" is there twice"},
	{"{\"a\\u0000\":1}", 1, "expected a name without a NUL"},
	{"[1,]", 3, "expected a value, got ']'"},
	{"[,1]", 1, "expected a value, got ','"},
	{"[1 2]", 3, "expected ',' or ']', got '2'"},
	{"[1}", 2, "expected ',' or ']', got '}'"},
	{"{\"a\":1]", 6, "expected ',' or '}', got ']'"},
	{"[..., 1]", 4, "expected ']', as ... stands for the rest of an array, got ','"},
	{"[1, ..., ...]", 7, "expected ']', as ... stands for the rest of an array, got ','"},
	{"[1 ...]", 3, "expected ',' or ']', got '.'"},
	{"[..]", 1, "expected a value (text needs quotes), got '..'"},
	{"[....]", 4, "expected ']', as ... stands for the rest of an array, got '.'"},
	{"...", 0, "expected a value (text needs quotes), got '...'"},
	{"{\"a\":...}", 5, "expected a value (text needs quotes), got '...'"},
	{"{...}", 1, "expected the name of a member in quotes, got '.'"},
	{"1 2", 2, "expected the end of the pattern, got '2'"},
	{"{} {}", 3, "expected the end of the pattern, got '{'"},
	{"1,", 1, "expected the end of the pattern, got ','"},
	{"* *", 2, "expected the end of the pattern, got '*'"},
	{"hello", 0, "expected a value (text needs quotes), got 'hello'"},
	{"True", 0, "expected a value (text needs quotes), got 'True'"},
	{"nul", 0, "expected a value (text needs quotes), got 'nul'"},
	{"NaN", 0, "expected a value (text needs quotes), got 'NaN'"},
	{"-", 0, "expected a value (text needs quotes), got '-'"},
	{"01", 0, "expected a JSON number, got '01'"},
	{"+1", 0, "expected a value (text needs quotes), got '+1'"},
	{"1.", 0, "expected a JSON number, got '1.'"},
	{".5", 0, "expected a value (text needs quotes), got '.5'"},
	{"0x10", 0, "expected a JSON number, got '0x10'"},
	{"[1, 2e]", 4, "expected a JSON number, got '2e'"},
	{"[9223372036854775808]", 1, "9223372036854775808 is too large: expected an integer of 64 "
	    "bits at most, or a double; *number stands for any"},
	{"-9223372036854775809", 0, "-9223372036854775809 is too large: expected an integer of 64 "
	    "bits at most, or a double; *number stands for any"},
	{"1e999", 0, "1e999 is too large: expected an integer of 64 bits at most, or a double; "
	    "*number stands for any"},
	{"\"a", 0, "this string has no closing quote in its line"},
	{"[\"a\n\"]", 1, "this string has no closing quote in its line"},
	{"[\"a\\\n\"]", 1, "this string has no closing quote in its line"},
	{"\"a\\", 0, "this string has no closing quote in its line"},
	{"'a'", 0, "expected a value, got '''"},
	{"*strng", 0, "there is no *strng: expected *, *string, *number, *boolean, *object, "
	    "*array, *null, *uuid, *time or *none"},
	{"[1,*5]", 3, "there is no *5: expected *, *string, *number, *boolean, *object, *array, "
	    "*null, *uuid, *time or *none"},
	{"*String", 0, "there is no *String: expected *, *string, *number, *boolean, *object, "
	    "*array, *null, *uuid, *time or *none"},
	{"**", 1, "expected the end of the pattern, got '*'"},
	{"[*none]", 1, "*none stands for a member of an object only"},
	{"[1, {\"a\":[*none, ...]}]", 10, "*none stands for a member of an object only"},
	{"/a", 0, "this regex has no closing / in its line"},
	{"/a\n/", 0, "this regex has no closing / in its line"},
	{"/a\\/", 0, "this regex has no closing / in its line"},
	{"/a/x", 3, "expected i, s or m behind the regex, got 'x'"},
	{"/a/ i", 4, "expected the end of the pattern, got 'i'"},
	{"{\"a\":/b(/}", 8, "this is no regex: missing closing parenthesis"},
	{"\xc3\xa9", 0, "expected a value, got '\xc3\xa9'"},
	{"[1\xc2\xa0,2]", 2, "expected ',' or ']', got '\xc2\xa0'"},
};

static void
test_wrong(void)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err e = {0};
		struct pattern *p = read_pattern(wrong[i].text, &e);

		tap_ok(p == NULL && e.class == ERR_USAGE, "%s is none", wrong[i].text);
		tap_text(e.text, wrong[i].says, "that is told");
		tap_int(e.code, wrong[i].at, "and where");
		pattern_free(p);
	}
}

/* jansson words these. */
static void
test_wrong_strings(void)
{
	static const struct {
		const char *text;
		int from, to;
	} strings[] = {
		{"\"a\\q\"", 0, 4}, {"[1, \"\\u12\"]", 4, 10}, {"\"\\ud800\"", 0, 8},
		{"\"\\udc00\\ud800\"", 0, 14}, {"\"a\tb\"", 0, 4}, {"\"\xff\"", 0, 3},
		{"\"\xc3\"", 0, 3}, {"\"\xed\xa0\x80\"", 0, 5}, {"{\"\xff\":1}", 1, 4},
	};

	for (size_t i = 0; i < COUNT(strings); i++) {
		struct err e = {0};
		struct pattern *p = read_pattern(strings[i].text, &e);

		tap_ok(p == NULL && e.class == ERR_USAGE &&
		    strstr(e.text, "expected a JSON string: ") != NULL, "string %zu: %s", i,
		    e.text);
		tap_ok(e.code >= strings[i].from && e.code <= strings[i].to,
		    "and the place is within it: %d", e.code);
		pattern_free(p);
	}
	tap_ok(read_pattern("[", NULL) == NULL, "nobody needs to ask why");
	tap_ok(pattern_new((struct slice){NULL, 0}, NULL) == NULL, "nothing is no pattern");
	tap_ok(pattern_new((struct slice){"1\0", 2}, NULL) == NULL, "nor is a NUL behind one");
	tap_ok(pattern_new((struct slice){"[\0]", 3}, NULL) == NULL, "or in one");
}

static char *
nest(const char *open, const char *middle, const char *close, size_t depth)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < depth; i++)
		buf_add_text(&text, open);
	buf_add_text(&text, middle);
	for (size_t i = 0; i < depth; i++)
		buf_add_text(&text, close);
	buf_add(&text, "", 1);
	return (char *)text.data;
}

static void
check_depth(const char *open, const char *close)
{
	char *fine = nest(open, "1", close, PATTERN_DEPTH);
	char *deep = nest(open, "1", close, PATTERN_DEPTH + 1);
	char *open_only = nest(open, "", "", 100000);
	struct err e = {0};
	struct pattern *p = read_pattern(fine, &e);
	json_t *value = read_json(fine);

	tap_ok(p != NULL && pattern_match(p, value, true, NULL, NULL), "%d deep is fine",
	    PATTERN_DEPTH);
	json_decref(value);
	pattern_free(p);
	p = read_pattern(deep, &e);
	tap_ok(p == NULL && e.class == ERR_USAGE, "deeper is not: %s", e.text);
	tap_int(e.code, (long long)(PATTERN_DEPTH * strlen(open)), "which is told where it is");
	p = read_pattern(open_only, &e);
	tap_ok(p == NULL && strstr(e.text, "deep") != NULL, "nor is what never ends");
	tap_int((long long)pattern_length(slice_of(open_only)), 0, "it has no length");
	tap_int((long long)pattern_length(slice_of(deep)), (long long)strlen(deep),
	    "the other has one");
	free(open_only);
	free(deep);
	free(fine);
}

static void
test_depth(void)
{
	json_t *value;
	struct pattern *p = read_pattern("[[[...]]]", NULL);
	char *deep = nest("[", "1", "]", 2000);

	check_depth("[", "]");
	check_depth("{\"a\":", "}");
	value = read_json(deep);
	tap_ok(pattern_match(p, value, true, NULL, NULL), "a value may be deeper than patterns");
	json_decref(value);
	pattern_free(p);
	free(deep);
}

/* --- where it ends ----------------------------------------------------------------------- */

static void
test_length(void)
{
	static const struct {
		const char *text;
		size_t length;
	} vectors[] = {
		{"", 0}, {" 1", 0}, {"\n", 0}, {"1", 1}, {"1 2", 1}, {"1\t", 1}, {"1\n2", 1},
		{"*time within", 5}, {"*", 1}, {"true}", 5}, {"}", 1}, {"]]", 2},
		{"\"a b\" c", 5}, {"\"a\\\" b\"x", 7}, {"\"a", 0}, {"\"a\n\"", 0}, {"\"a\\", 0},
		{"/a b/i c", 6}, {"/a\\/b/ c", 6}, {"/a", 0}, {"/a\n/", 0}, {"//", 2},
		{"{}", 2}, {"{} {}", 2}, {"{}}", 2}, {"[]x", 2},
		{"[1, [2], {\"a\": 3}] within", 18},
		{"{\"a\":\"}\"} b", 9}, {"{\"a\":\"\\\"}\"} b", 11}, {"{\"a\":/}/}", 9},
		{"{\"a\":/\\/}/}", 11}, {"{\"a\":/\"/} \"", 9}, {"{\"a\":\"/\"} /", 9},
		{"{\n  \"a\": 1\n}\nx", 12}, {"[", 0}, {"{\"a\":1", 0}, {"[\"a]", 0}, {"[/a]", 0},
		{"[}", 2}, {"[1, ...] 5s", 8}, {"{\"a\": {x}}", 10},
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *text = vectors[i].text;
		char *guarded = tap_guard(text, strlen(text));

		tap_int((long long)pattern_length((struct slice){guarded, strlen(text)}),
		    (long long)vectors[i].length, text);
		tap_guard_free(guarded, strlen(text));
	}
}

/* --- snapshots --------------------------------------------------------------------------- */

struct snapshot {
	const char *old, *value;         /* old NULL: none */
	const char *want;
};

static void
check_snapshot(const struct snapshot *v)
{
	struct pattern *old = v->old != NULL ? read_pattern(v->old, NULL) : NULL, *again;
	json_t *value = read_json(v->value);
	struct err e = {0};
	struct buf text;

	buf_init(&text, 1 << 20);
	tap_int(pattern_snapshot(old, value, &text, &e), 0, "a snapshot is made");
	again = pattern_new((struct slice){(char *)text.data, text.len}, &e);
	tap_ok(again != NULL && pattern_match(again, value, true, NULL, NULL),
	    "it matches what it was made of");
	buf_add(&text, "", 1);
	tap_text((char *)text.data, v->want, v->old != NULL ? v->old : v->value);
	buf_release(&text);
	pattern_free(again);
	json_decref(value);
	pattern_free(old);
}

static void
test_snapshots(void)
{
	static const struct snapshot vectors[] = {
		{NULL, "1", "1\n"},
		{NULL, "\"a\\u0000\\n\xc3\xa9/\"", "\"a\\u0000\\n\xc3\xa9/\"\n"},
		{NULL, "[true,false,null,0.1,1.0,-0.0,1e300,9223372036854775807]",
		    "[\n  true,\n  false,\n  null,\n  0.1,\n  1.0,\n  -0.0,\n  1e300,\n"
		    "  9223372036854775807\n]\n"},
		{NULL, "0.30000000000000004", "0.30000000000000004\n"},
		{NULL, "{}", "{}\n"},
		{NULL, "[]", "[]\n"},
		{NULL, "{\"b\":{},\"a\":[[],{\"x\":\"*\"}]}",
		    "{\n  \"b\": {},\n  \"a\": [\n    [],\n    {\n      \"x\": \"*\"\n    }\n"
		    "  ]\n}\n"},
		{"*", "{\"a\":1}", "*\n"},
		{"*string", "5", "5\n"},
		{"{\"id\":*uuid,\"at\":*time,\"n\":/^[0-9]+$/i,\"t\":\"old\"}",
		    "{\"t\":\"new\",\"id\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\","
		    "\"at\":\"soon\",\"n\":\"12\",\"more\":1}",
		    "{\n  \"t\": \"new\",\n  \"id\": *uuid,\n  \"at\": \"soon\",\n"
		    "  \"n\": /^[0-9]+$/i,\n  \"more\": 1\n}\n"},
		{"{\"error\":*none,\"a\":1}", "{\"a\":2}",
		    "{\n  \"a\": 2,\n  \"error\": *none\n}\n"},
		{"{\"error\":*none}", "{}", "{\n  \"error\": *none\n}\n"},
		{"{\"error\":*none}", "{\"error\":5}", "{\n  \"error\": 5\n}\n"},
		{"[1,*,...]", "[2,3,4,5]", "[\n  2,\n  *,\n  ...\n]\n"},
		{"[1,*,3,...]", "[2]", "[\n  2,\n  ...\n]\n"},
		{"[...]", "[2]", "[\n  ...\n]\n"},
		{"[...]", "{}", "{}\n"},
		{"[*,*]", "[1,2,3]", "[\n  *,\n  *,\n  3\n]\n"},
		{"{\"a\":{\"b\":*}}", "{\"a\":[1]}", "{\n  \"a\": [\n    1\n  ]\n}\n"},
		{"{\"a\":{\"b\":*,\"c\":*}}", "{\"a\":{\"c\":1,\"b\":2,\"d\":3}}",
		    "{\n  \"a\": {\n    \"c\": *,\n    \"b\": *,\n    \"d\": 3\n  }\n}\n"},
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check_snapshot(&vectors[i]);
}

static void
test_bad_snapshots(void)
{
	char *deep = nest("[", "1", "]", PATTERN_DEPTH + 1);
	json_t *value = read_json(deep), *small = read_json("\"" FIFTY "\"");
	struct err e = {0};
	struct buf text, little;

	buf_init(&text, 1 << 20);
	buf_init(&little, 30);
	tap_ok(pattern_snapshot(NULL, value, &text, &e) == -1 && e.class == ERR_MATCH,
	    "too deep: %s", e.text);
	tap_ok(pattern_snapshot(NULL, small, &little, &e) == -1 && e.class == ERR_LIMIT,
	    "too long: %s", e.text);
	buf_release(&little);
	buf_release(&text);
	json_decref(small);
	json_decref(value);
	free(deep);
}

/* --- what would take too long ------------------------------------------------------------ */

static void
test_hostile(void)
{
	struct buf text, why;
	struct pattern *p;
	json_t *value, *member;
	uint64_t begun = clock_cpu_ns(), took_ns;
	char *long_text = nest("a", "!", "", 60000);

	buf_init(&text, 1 << 20);
	buf_init(&why, 1000);
	buf_add_text(&text, "[");
	for (int i = 0; i < 50; i++)
		buf_add_text(&text, "/(a+)+$/,");
	buf_add_text(&text, "...]");
	p = pattern_new((struct slice){(char *)text.data, text.len}, NULL);
	value = json_array();
	member = json_string(long_text);
	for (int i = 0; i < 50; i++)
		json_array_append(value, member);
	tap_ok(!pattern_match(p, value, false, NULL, &why), "searches that never end");
	took_ns = clock_cpu_ns() - begun;
	buf_add(&why, "", 1);
	tap_text((char *)why.data, "/0: this regex takes too long with these 60001 bytes",
	    "are given up, all of them");
	tap_ok(took_ns < 1500 * NS_PER_MS, "after the first");
	json_decref(member);
	json_decref(value);
	pattern_free(p);
	buf_release(&why);
	buf_release(&text);
	free(long_text);
}

static void
test_many(void)
{
	struct err e = {0};
	struct buf text;
	struct pattern *p;

	buf_init(&text, 8 << 20);
	buf_add_text(&text, "[");
	for (int i = 0; i < 1001; i++)
		buf_add_text(&text, "/a/,");
	buf_add_text(&text, "1]");
	p = pattern_new((struct slice){(char *)text.data, text.len}, &e);
	tap_ok(p == NULL && e.class == ERR_USAGE && e.code == 1 + 4 * 1000, "too many regexes: %s",
	    e.text);
	pattern_free(p);
	text.len = 1;
	for (int i = 0; i < 1000000; i++)
		buf_add_text(&text, "*,");
	buf_add_text(&text, "...]");
	p = pattern_new((struct slice){(char *)text.data, text.len}, &e);
	tap_ok(p != NULL, "a million elements are fine");
	pattern_free(p);
	buf_release(&text);
}

int
main(void)
{
	test_scalars();
	test_long();
	test_objects();
	test_exactly();
	test_arrays();
	test_holes();
	test_forms();
	test_groups();
	test_at();
	test_order();
	test_scalar();
	test_wrong();
	test_wrong_strings();
	test_depth();
	test_length();
	test_snapshots();
	test_bad_snapshots();
	test_hostile();
	test_many();
	return tap_done();
}
