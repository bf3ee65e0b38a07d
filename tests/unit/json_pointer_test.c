/* json_pointer_test.c: JSON Pointers (RFC 6901), over trees and over texts, which must agree. */
#include "lib/base/json_pointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct vector {
	const char *pointer, *want;          /* NULL: nothing is there */
};

static void
check(const char *text, const struct vector *v)
{
	json_t *root = json_loads(text, JSON_DECODE_ANY, NULL);
	char *got = json_dumps(json_pointer_get(root, v->pointer), JSON_COMPACT | JSON_ENCODE_ANY);
	char *guarded = tap_guard(text, strlen(text));
	struct slice at = json_pointer_text((struct slice){guarded, strlen(text)}, v->pointer);
	json_t *there = at.data == NULL ? NULL :
	    json_loadb(at.data, at.len, JSON_DECODE_ANY, NULL);
	char *standing = json_dumps(there, JSON_COMPACT | JSON_ENCODE_ANY);
	char name[200];

	snprintf(name, sizeof name, "'%s' of %.40s", v->pointer, text);
	tap_ok(json_pointer_check(v->pointer, NULL) == 0, "'%s' is one", v->pointer);
	tap_text(got, v->want, name);
	snprintf(name, sizeof name, "'%s' of the text", v->pointer);
	tap_text(standing, v->want, name);
	free(standing);
	json_decref(there);
	tap_guard_free(guarded, strlen(text));
	free(got);
	json_decref(root);
}

static void
check_all(const char *text, const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(text, &vectors[i]);
}

/* RFC 6901, section 5. */
static void
test_examples(void)
{
	static const char text[] =
	    "{ \"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3,\n"
	    "  \"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8 }\n";
	static const struct vector vectors[] = {
		{"", "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
		    "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}"},
		{"/foo", "[\"bar\",\"baz\"]"},
		{"/foo/0", "\"bar\""},
		{"/", "0"},
		{"/a~1b", "1"},
		{"/c%d", "2"},
		{"/e^f", "3"},
		{"/g|h", "4"},
		{"/i\\j", "5"},
		{"/k\"l", "6"},
		{"/ ", "7"},
		{"/m~0n", "8"},
	};

	check_all(text, vectors, COUNT(vectors));
}

static void
test_objects(void)
{
	static const char text[] =
	    "{\"a\":{\"b\":{\"\":{\"\":1}}},\"~1\":2,\"/\":3,\"~\":4,\"0\":5,\"-1\":6,"
	    "\"\\u00e9\\u0041\":7,\"null\":null,\"e\":{},\"str\":\"x}y]z\\\"\",\"last\":[9 , 8]}";
	static const struct vector vectors[] = {
		{"/a/b", "{\"\":{\"\":1}}"},
		{"/a/b//", "1"},
		{"/a/b///", NULL},
		{"/a/c", NULL},
		{"/a/b/c/d", NULL},
		{"/~01", "2"},
		{"/~1", "3"},
		{"/~0", "4"},
		{"/~0~1", NULL},
		{"/0", "5"},
		{"/-1", "6"},
		{"/-", NULL},
		{"/\xc3\xa9" "A", "7"},
		{"/null", "null"},
		{"/null/a", NULL},
		{"/e", "{}"},
		{"/e/", NULL},
		{"/e/0", NULL},
		{"/str", "\"x}y]z\\\"\""},
		{"/str/0", NULL},
		{"/last/1", "8"},
		{"/las", NULL},
		{"/lastly", NULL},
	};

	check_all(text, vectors, COUNT(vectors));
}

static void
test_arrays(void)
{
	static const char text[] = "[10, [] ,[20,[30]],{\"a\":[\"]\",\"}\"]}, \"x,y\" ,null]";
	static const struct vector vectors[] = {
		{"/0", "10"},
		{"/1", "[]"},
		{"/2/1/0", "30"},
		{"/3/a/1", "\"}\""},
		{"/4", "\"x,y\""},
		{"/5", "null"},
		{"/6", NULL},
		{"/1/0", NULL},
		{"/1/-1", NULL},
		{"/-1", "null"},
		{"/-2", "\"x,y\""},
		{"/-6", "10"},
		{"/-7", NULL},
		{"/-4/-1/-1", "30"},
		{"/-", NULL},
		{"/-0", NULL},
		{"/00", NULL},
		{"/01", NULL},
		{"/-01", NULL},
		{"/+1", NULL},
		{"/ 1", NULL},
		{"/1 ", NULL},
		{"/1.0", NULL},
		{"/1e0", NULL},
		{"/a", NULL},
		{"/", NULL},
		{"/0/0", NULL},
		{"/--1", NULL},
		{"/18446744073709551616", NULL},
		{"/18446744073709551621", NULL},
		{"/-18446744073709551615", NULL},
	};

	check_all(text, vectors, COUNT(vectors));
}

static void
test_scalars(void)
{
	check("5", &(struct vector){"", "5"});
	check("5", &(struct vector){"/", NULL});
	check(" \"a\" ", &(struct vector){"", "\"a\""});
	check("null", &(struct vector){"", "null"});
	check("{\"a\":1,\"b\":2,\"a\":3}", &(struct vector){"/a", "3"});
	tap_ok(json_pointer_get(NULL, "") == NULL, "there is nothing in no tree");
	tap_ok(json_pointer_text((struct slice){"", 0}, "").data == NULL, "nor in no text");
	tap_ok(slice_eq(json_pointer_text(slice_of("[ 1.50e0 ,2]"), "/0"), "1.50e0"),
	    "a number keeps its digits");
}

static void
test_check(void)
{
	static const char *const wrong[] = {"a", "a/b", " /a", "#/a", "~0", "/~", "/a~", "/~2",
	    "/~/a", "/a/~0~b", "/~~0"};
	static const char *const right[] = {"", "/", "//", "/~0", "/~1", "/~01", "/a b", "/-",
	    "/01", "/%7E", "/#"};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct err e = {0};

		tap_ok(json_pointer_check(wrong[i], &e) == -1 && e.class == ERR_USAGE &&
		    strstr(e.text, "JSON Pointer") != NULL, "'%s' is none", wrong[i]);
	}
	for (size_t i = 0; i < COUNT(right); i++)
		tap_ok(json_pointer_check(right[i], NULL) == 0, "'%s' is one", right[i]);
}

int
main(void)
{
	test_examples();
	test_objects();
	test_arrays();
	test_scalars();
	test_check();
	return tap_done();
}
