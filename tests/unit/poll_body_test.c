/* poll_body_test.c: messages in the bodies of answers to polls.
 *
 * A vector is a shape, a body and the trace it must leave: "message#id | message = N", N being what
 * was returned, or the class of an error in its place; "@cursor" where one was found, "list" where
 * the messages stood in an array. Each body ends at a guard page. */
#include "lib/channel/poll_body.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/channel/resume.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct trace {
	struct buf text;
	int left;                    /* messages until it is enough; 0: never */
};

static int
tell(void *ctx, struct slice data, struct slice id)
{
	struct trace *t = ctx;

	if (t->text.len > 0)
		buf_add_text(&t->text, " | ");
	buf_add(&t->text, data.data, data.len);
	if (id.len > 0) {
		buf_add_text(&t->text, "#");
		buf_add(&t->text, id.data, id.len);
	}
	return t->left > 0 && --t->left == 0;
}

/* Reads and writes down; the trace is the caller's to release. */
static void
read_body(struct trace *t, const struct poll_shape *shape, const char *type, const char *body,
    size_t len, struct err *e)
{
	char *guarded = tap_guard(body, len);
	struct buf into;
	struct poll_cursor cursor = {.into = &into};
	long told;

	buf_init(&t->text, 1 << 16);
	buf_init(&into, 20);
	resume_set(&into, slice_of("old"));
	told = poll_body_read(shape, type != NULL ? slice_of(type) : (struct slice){NULL, 0},
	    (struct slice){guarded, len}, tell, t, &cursor, e);
	if (told < 0)
		buf_addf(&t->text, " = %s", err_class_name(e->class));
	else
		buf_addf(&t->text, " = %ld", told);
	if (cursor.list)
		buf_add_text(&t->text, " list");
	if (cursor.found) {
		buf_add_text(&t->text, " @");
		buf_add(&t->text, into.data, into.len);
	} else if (!slice_eq(resume_text(&into), "old")) {
		buf_add_text(&t->text, " the cursor was touched");
	}
	for (size_t i = 0; i < t->text.len; i++)
		if (t->text.data[i] == '\0')
			t->text.data[i] = '^';
	buf_release(&into);
	tap_guard_free(guarded, len);
}

static void
check(const struct poll_shape *shape, const char *type, const char *body, const char *want,
    const char *name)
{
	struct err e = {0};
	struct trace t = {.left = 0};

	read_body(&t, shape, type, body, strlen(body), &e);
	if (!tap_ok(t.text.len == strlen(want) && memcmp(t.text.data, want, t.text.len) == 0, "%s",
	    name))
		printf("# got '%.*s' (%s), want '%s'\n", (int)t.text.len, (char *)t.text.data,
		    e.text, want);
	buf_release(&t.text);
}

struct vector {
	const char *name, *body, *want;
};

static void
check_all(const struct poll_shape *shape, const char *type, const struct vector *vectors,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(shape, type, vectors[i].body, vectors[i].want, vectors[i].name);
}

static void
test_auto(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_AUTO};
	static const struct vector vectors[] = {
		{"messages with ids", "[{\"id\":1,\"data\":\"a\"},{\"id\":2,\"data\":\"b\"}]",
		    "{\"id\":1,\"data\":\"a\"}#1 | {\"id\":2,\"data\":\"b\"}#2 = 2 list"},
		{"white space goes, order stays",
		    " [ { \"z\" : [ 1 , 2 ] ,\n \"id\" : \"x 1\" } ,\n\t\"a b\" ]\r\n",
		    "{\"z\":[1,2],\"id\":\"x 1\"}#x 1 | a b = 2 list"},
		{"strings are their text", "[\"a\",\"\",\"\\u00e9\\n\\\"\",\"\\u0000\"]",
		    "a |  | \xc3\xa9\n\" | ^ = 4 list"},
		{"anything else", "[1,-2.50,true,null,[],{},[[3 ]]]",
		    "1 | -2.50 | true | null | [] | {} | [[3]] = 7 list"},
		{"numbers keep their digits",
		    "[{\"id\":18446744073709551616,\"x\":0.1},{\"id\":-9223372036854775809},"
		    "{\"id\":1e3},{\"id\":100000000000000000000000000000000000001}]",
		    "{\"id\":18446744073709551616,\"x\":0.1}#18446744073709551616 | "
		    "{\"id\":-9223372036854775809}#-9223372036854775809 | {\"id\":1e3}#1e3 | "
		    "{\"id\":100000000000000000000000000000000000001}"
		    "#100000000000000000000000000000000000001 = 4 list"},
		{"ids that are none",
		    "[{\"id\":null},{\"id\":true},{\"id\":{}},{\"id\":[1]},{\"id\":\"\"},"
		    "{\"ID\":1}]",
		    "{\"id\":null} | {\"id\":true} | {\"id\":{}} | {\"id\":[1]} | {\"id\":\"\"} | "
		    "{\"ID\":1} = 6 list"},
		{"an id with escapes", "[{\"\\u0069d\":\"\\u00e9\"}]",
		    "{\"\\u0069d\":\"\\u00e9\"}#\xc3\xa9 = 1 list"},
		{"an id within is no id", "[{\"a\":{\"id\":1}}]", "{\"a\":{\"id\":1}} = 1 list"},
		{"an empty array", "[]", " = 0 list"},
		{"an empty array with white space", " [\n] ", " = 0 list"},
		{"null", "null", " = 0"},
		{"an empty body", "", " = 0"},
		{"a body of white space", " \n", " = 0"},
		{"an object", "{ \"id\" : 7, \"a\" : [] }\n", "{\"id\":7,\"a\":[]}#7 = 1"},
		{"a string", "\"hello\"", "hello = 1"},
		{"a number", " 42\n", "42 = 1"},
		{"a byte order mark", "\xef\xbb\xbf[1]", "1 = 1 list"},
		{"a byte order mark alone", "\xef\xbb\xbf", " = 0"},
		{"an array that is cut", "[{\"id\":1},", " = protocol"},
		{"no JSON", "<html>", " = protocol"},
		{"more than one value", "[1]\n[2]\n", " = protocol"},
		{"no UTF-8", "[\"\xff\"]", " = protocol"},
	};

	check_all(&shape, "application/json", vectors, COUNT(vectors));
}

static void
test_types(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_AUTO};
	static const char *const json[] = {"application/json", "application/json; charset=utf-8",
	    "Application/JSON ;charset=utf-8", "text/json", "application/problem+json",
	    "application/vnd.api+json;v=1"};
	static const char *const other[] = {NULL, "", "text/plain", "application/x-ndjson",
	    "application/jsonp", "json", "+json", "text/plain; a=application/json"};

	for (size_t i = 0; i < COUNT(json); i++)
		check(&shape, json[i], "[1, 2]", "1 | 2 = 2 list", json[i]);
	for (size_t i = 0; i < COUNT(other); i++)
		check(&shape, other[i], "[1, 2]\n", "[1, 2]\n = 1",
		    other[i] != NULL ? other[i] : "no Content-Type");
	check(&shape, "text/plain", " \n", " \n = 1", "white space is a message");
	check(&shape, "text/plain", "\xff\xfe", "\xff\xfe = 1", "so is what is no UTF-8");
	check(&shape, "text/plain", "null", "null = 1", "so is a word");
	check(&shape, NULL, "", " = 0", "nothing is none");
}

static void
test_none(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_NONE},
	    by_id = {.unpack = POLL_ITEMS_NONE, .id = "/n"},
	    by_data = {.unpack = POLL_ITEMS_NONE, .id = "/n", .data = "/d"};
	static const struct vector plain[] = {
		{"none: a body as it came", "[ 1, {\"id\":2} ]\n", "[ 1, {\"id\":2} ]\n = 1"},
		{"none: no id unless asked for", "{\"id\":2}", "{\"id\":2} = 1"},
		{"none: null is a message", "null", "null = 1"},
		{"none: an empty body is none", "", " = 0"},
		{"none: what is not JSON", "[1", "[1 = 1"},
	};

	check_all(&shape, "application/json", plain, COUNT(plain));
	check(&by_id, "text/plain", "{ \"n\": 5 }\n", "{ \"n\": 5 }\n#5 = 1", "none: with an id");
	check(&by_id, "text/plain", "[ 1 ]", "[ 1 ] = 1", "none: with an id that is not there");
	check(&by_id, "text/plain", "hello", " = protocol", "none: with an id, but no JSON");
	check(&by_data, NULL, "{ \"n\": 5, \"d\" : [ 1 ] }", "[1]#5 = 1", "none: with data");
	check(&by_data, NULL, "{ \"n\": 5 }", " = protocol", "none: with data that is not there");
}

static void
test_pointer(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_POINTER, .items = "/r/list"},
	    whole = {.unpack = POLL_ITEMS_POINTER, .items = "", .id = "/seq", .data = "/m/text"},
	    last = {.unpack = POLL_ITEMS_POINTER, .items = "/-1", .id = ""};
	static const struct vector vectors[] = {
		{"pointer: an array within", "{\"r\":{\"list\":[{\"id\":1},\"a\"]}}",
		    "{\"id\":1}#1 | a = 2 list"},
		{"pointer: an empty array", "{\"r\":{\"list\":[]}}", " = 0 list"},
		{"pointer: null", "{\"r\":{\"list\":null}}", " = 0"},
		{"pointer: an empty body", "", " = 0"},
		{"pointer: nothing there", "{\"r\":{}}", " = protocol"},
		{"pointer: null above it", "{\"r\":null}", " = protocol"},
		{"pointer: an array above it", "[]", " = protocol"},
		{"pointer: no array", "{\"r\":{\"list\":{}}}", " = protocol"},
		{"pointer: no JSON", "r", " = protocol"},
	};
	static const struct vector wholes[] = {
		{"pointer: id and data", "[{\"seq\":1,\"m\":{\"text\":\"a\"}},"
		    "{\"m\":{\"text\":{\"b\": 1}}},{\"seq\":\"x\",\"m\":{\"text\":null}}]",
		    "a#1 | {\"b\":1} | null#x = 3 list"},
		{"pointer: nothing is told when one has no data",
		    "[{\"seq\":1,\"m\":{\"text\":\"a\"}},{\"seq\":2}]", " = protocol"},
		{"pointer: an object where the array is all", "{}", " = protocol"},
	};

	check_all(&shape, "text/html", vectors, COUNT(vectors));
	check_all(&whole, NULL, wholes, COUNT(wholes));
	check(&last, NULL, "[1,[2,\"b\"]]", "2#2 | b#b = 2 list",
	    "pointer: the last element, items that are their ids");
}

static void
test_auto_pointers(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_AUTO, .id = "/seq",
	    .data = "/d"};
	static const struct vector vectors[] = {
		{"auto: id and data of an array",
		    "[{\"seq\":1,\"d\":\"a\",\"id\":9}]", "a#1 = 1 list"},
		{"auto: of an object", "{\"seq\":1,\"d\":\"a\"}", "a#1 = 1"},
		{"auto: nothing", "null", " = 0"},
		{"auto: no data", "{\"seq\":1}", " = protocol"},
		{"auto: no JSON", "hello", " = protocol"},
	};

	check_all(&shape, "text/plain", vectors, COUNT(vectors));
}

static void
test_cursor(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_POINTER, .items = "/m",
	    .cursor = "/next"}, of_list = {.unpack = POLL_ITEMS_AUTO, .cursor = "/-1/at"},
	    of_none = {.unpack = POLL_ITEMS_NONE, .cursor = "/next"};
	static const struct vector vectors[] = {
		{"cursor: a string", "{\"next\":\"a\\tb\",\"m\":[1]}", "1 = 1 list @a\tb"},
		{"cursor: a number", "{\"m\":[],\"next\":12345678901234567890}",
		    " = 0 list @12345678901234567890"},
		{"cursor: with null for messages", "{\"m\":null,\"next\":5}", " = 0 @5"},
		{"cursor: not there", "{\"m\":[1]}", "1 = 1 list"},
		{"cursor: null", "{\"m\":[1],\"next\":null}", "1 = 1 list"},
		{"cursor: empty", "{\"m\":[1],\"next\":\"\"}", "1 = 1 list"},
		{"cursor: no text", "{\"m\":[1],\"next\":{\"a\":1}}", "1 = 1 list"},
		{"cursor: too long", "{\"m\":[1],\"next\":\"123456789012345678901\"}",
		    "1 = limit list"},
		{"cursor: with a NUL", "{\"m\":[1],\"next\":\"a\\u0000\"}", "1 = limit list"},
		{"cursor: of an empty body", "", " = 0"},
	};

	check_all(&shape, "application/json", vectors, COUNT(vectors));
	check(&of_list, NULL, "[{\"at\":1},{\"at\":2}]", "{\"at\":1} | {\"at\":2} = 2 list @2",
	    "cursor: of the last item");
	check(&of_none, NULL, "{ \"next\": 3 }", "{ \"next\": 3 } = 1 @3",
	    "cursor: of a body that is one message");
	check(&of_none, NULL, "hello", " = protocol", "cursor: no JSON");
}

static void
test_enough(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_POINTER, .items = "/m",
	    .cursor = "/next"};
	static const char body[] = "{\"m\":[1,2,3],\"next\":9}";
	struct err e = {0};
	struct trace t = {.left = 2};

	read_body(&t, &shape, NULL, body, sizeof body - 1, &e);
	tap_ok(t.text.len == 14 && memcmp(t.text.data, "1 | 2 = 2 list", 14) == 0,
	    "enough is enough, and the cursor stays");
	buf_release(&t.text);
	t = (struct trace){.left = 3};
	read_body(&t, &shape, NULL, body, sizeof body - 1, &e);
	tap_ok(t.text.len == 18 && memcmp(t.text.data, "1 | 2 | 3 = 3 list", 18) == 0,
	    "also with the last one");
	buf_release(&t.text);
}

static void
check_error(const struct poll_shape *shape, const char *body, const char *want)
{
	struct err e = {0};
	struct trace t = {.left = 0};

	read_body(&t, shape, NULL, body, strlen(body), &e);
	if (!tap_ok(strstr(e.text, want) != NULL, "the error says: %s", want))
		printf("# got '%s'\n", e.text);
	buf_release(&t.text);
}

static void
test_errors(void)
{
	static const struct poll_shape shape = {.unpack = POLL_ITEMS_POINTER, .items = "/m",
	    .data = "/d"}, one = {.unpack = POLL_ITEMS_NONE, .data = "/d"};
	static const char nul[] = "[\"a\"\0]";
	struct err e = {0};
	struct trace t = {.left = 0};

	check_error(&shape, "{\"m\":\n  x}", "not JSON: line 2, column 3");
	check_error(&shape, "{}", "nothing at '/m'");
	check_error(&shape, "{\"m\":1}", "at '/m' is no array");
	check_error(&shape, "{\"m\":[{\"d\":1},{}]}", "nothing at '/m/1/d'");
	check_error(&one, "{}", "nothing at '/d'");
	read_body(&t, &shape, NULL, nul, sizeof nul - 1, &e);
	tap_ok(e.class == ERR_PROTOCOL, "a NUL between values is no JSON");
	buf_release(&t.text);
	tap_ok(poll_body_read(&(struct poll_shape){.unpack = POLL_ITEMS_NONE}, slice_of(""),
	    (struct slice){NULL, 0}, tell, NULL, NULL, NULL) == 0, "no body and no cursor");
}

int
main(void)
{
	test_auto();
	test_types();
	test_none();
	test_pointer();
	test_auto_pointers();
	test_cursor();
	test_enough();
	test_errors();
	return tap_done();
}
