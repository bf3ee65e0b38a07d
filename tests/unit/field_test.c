/* field_test.c: the values of request fields: Prefer and If-None-Match. */
#include "lib/node/field.h"

#include <string.h>

#include "tests/unit/tap.h"

static void
test_prefer(void)
{
	static const struct {
		const char *field;
		long long seconds;       /* -1: none */
	} rows[] = {
		{"wait=25", 25},
		{"wait=0", 0},
		{"WAIT=25", 25},
		{"wait = 25", 25},
		{"wait=\"25\"", 25},
		{"respond-async, wait=10", 10},
		{"wait=10, respond-async", 10},
		{"wait=10;x=y", 10},
		{"respond-async;wait=3, wait=4", 4},
		{"wait=1, wait=2", 1},
		{"x=\"wait=3, wait=4\", wait=5", 5},
		{"x=\"\\\", wait=4\", wait=5", 5},
		{"wait=99999999999999999999999", 9999999999},
		{"", -1},
		{"wait", -1},
		{"wait=", -1},
		{"wait=x", -1},
		{"wait=5s", -1},
		{"wait=-1", -1},
		{"wait=1.5", -1},
		{"await=5", -1},
		{"waiting=5", -1},
		{",,;=,", -1},
		{"x=\"wait=3", -1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = strlen(rows[i].field);
		char *guarded = tap_guard(rows[i].field, len);
		uint64_t seconds = 0;
		bool found = field_prefer_wait((struct slice){guarded, len}, &seconds);

		tap_int(found ? (long long)seconds : -1, rows[i].seconds, rows[i].field);
		tap_guard_free(guarded, len);
	}
}

static void
test_entity_tag(void)
{
	static const struct {
		const char *field;
		const char *tag;         /* NULL: none */
	} rows[] = {
		{"\"17-0\"", "17-0"},
		{" \"17-0\" ", "17-0"},
		{"W/\"17-0\"", "17-0"},
		{"\"\"", ""},
		{"", NULL},
		{"\"", NULL},
		{"*", NULL},
		{"17-0", NULL},
		{"\"17-0", NULL},
		{"17-0\"", NULL},
		{"w/\"17-0\"", NULL},
		{"W/", NULL},
		{"W/\"", NULL},
		{"\"1-0\", \"2-0\"", NULL},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = strlen(rows[i].field);
		char *guarded = tap_guard(rows[i].field, len);
		struct slice tag;
		bool found = field_entity_tag((struct slice){guarded, len}, &tag);

		tap_ok(found == (rows[i].tag != NULL), "'%s' is %s tag", rows[i].field,
		    rows[i].tag != NULL ? "a" : "no");
		if (found && rows[i].tag != NULL)
			tap_bytes(tag.data, tag.len, rows[i].tag, strlen(rows[i].tag),
			    rows[i].field);
		tap_guard_free(guarded, len);
	}
}

int
main(void)
{
	test_prefer();
	test_entity_tag();
	return tap_done();
}
