/* json_text_test.c: values cut out of JSON, each text in memory that ends at a guard page. */
#include "lib/base/json_text.h"

#include <string.h>

#include "lib/base/buf.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { PLENTY = 1 << 16 };

static void
check_buf(const struct buf *got, const char *want, const char *name)
{
	if (!tap_bytes(got->data, got->len, want, strlen(want), name))
		tap_ok(false, "got '%.*s'", (int)got->len, (const char *)got->data);
}

static void
test_values(void)
{
	static const struct {
		const char *text, *want;
	} vectors[] = {
		{"1", "1"}, {" 1\n", "1"}, {"\t-1.5e+3 ", "-1.5e+3"}, {" [1 , 2] ", "[1 , 2]"},
		{"{}", "{}"}, {"\"a\\\"b\" ", "\"a\\\"b\""}, {"\"\\\\\" ", "\"\\\\\""},
		{"[\"]\"]\r\n", "[\"]\"]"}, {"{\"}\":{\"a\":[{}]}}", "{\"}\":{\"a\":[{}]}}"},
		{"", ""}, {" \r\n\t", ""}, {"true ", "true"},
		/* Not JSON: whatever comes out is within the text. */
		{"\"a", "\"a"}, {"\"a\\", "\"a\\"}, {"[1", "[1"}, {"{\"a", "{\"a"}, {"]", ""},
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		size_t len = strlen(vectors[i].text);
		char *guarded = tap_guard(vectors[i].text, len);
		struct slice got = json_text_value((struct slice){guarded, len});

		tap_bytes(got.data, got.len, vectors[i].want, strlen(vectors[i].want),
		    vectors[i].text[0] != '\0' && strchr(vectors[i].text, '\n') == NULL ?
		    vectors[i].text : "white space");
		tap_guard_free(guarded, len);
	}
}

/* What is in it, as "key=value;…". */
static void
check_steps(const char *text, const char *want)
{
	size_t len = strlen(text);
	char *guarded = tap_guard(text, len);
	struct slice rest = {guarded, len}, key, value;
	struct buf got;

	buf_init(&got, PLENTY);
	while (json_text_next(&rest, &key, &value)) {
		if (key.data != NULL) {
			buf_add(&got, key.data, key.len);
			buf_add_text(&got, "=");
		}
		buf_add(&got, value.data, value.len);
		buf_add_text(&got, ";");
	}
	check_buf(&got, want, text);
	buf_release(&got);
	tap_guard_free(guarded, len);
}

static void
test_steps(void)
{
	check_steps("[]", "");
	check_steps("[ ]", "");
	check_steps("{}", "");
	check_steps("[1]", "1;");
	check_steps("[ 1 ,2, [3,4] , {\"a\":5} ,\"6,7\",null ]",
	    "1;2;[3,4];{\"a\":5};\"6,7\";null;");
	check_steps("[\"a\",\"b\"]", "\"a\";\"b\";");
	check_steps("{\"a\":1}", "\"a\"=1;");
	check_steps("{ \"a\" : \"b\" , \"c:\":{\"d\":[]},\"\" :\":\"}",
	    "\"a\"=\"b\";\"c:\"={\"d\":[]};\"\"=\":\";");
	check_steps("", "");
	check_steps("[1,", "1;");
	check_steps("{\"a\":", "");
}

static void
check_compact(const char *text, const char *want)
{
	size_t len = strlen(text);
	char *guarded = tap_guard(text, len);
	struct buf got;

	buf_init(&got, PLENTY);
	tap_ok(json_text_compact(&got, (struct slice){guarded, len}) == 0, "there is room for it");
	check_buf(&got, want, want);
	buf_release(&got);
	tap_guard_free(guarded, len);
}

static void
test_compact(void)
{
	struct buf small;

	check_compact("1", "1");
	check_compact("{ \"z\" : 1 ,\r\n\t\"a\" : [ 0.1 , 1e3 , 18446744073709551616 ] }",
	    "{\"z\":1,\"a\":[0.1,1e3,18446744073709551616]}");
	check_compact("[ \" a \\\" b \" , \"\\\\\" , \"\\u00e9 \\/\" ]",
	    "[\" a \\\" b \",\"\\\\\",\"\\u00e9 \\/\"]");
	check_compact("[\n]", "[]");
	buf_init(&small, 2);
	tap_ok(json_text_compact(&small, slice_of("[ 1 ]")) == -1, "a buf that is too small");
	buf_release(&small);
}

static void
check_string(const char *text, const char *want, size_t want_len, bool lent)
{
	size_t len = strlen(text);
	char *guarded = tap_guard(text, len);
	struct slice said = {NULL, 0};
	struct buf into;

	buf_init(&into, len);
	tap_ok(json_text_string(&into, (struct slice){guarded, len}, &said) == 0, "%s is a string",
	    text);
	tap_bytes(said.data, said.len, want, want_len, "what it says");
	tap_ok((into.data == NULL) == lent, "it is %s", lent ? "lent" : "decoded");
	buf_release(&into);
	tap_guard_free(guarded, len);
}

static void
test_strings(void)
{
	struct slice said;
	struct buf into;

	check_string("\"\"", "", 0, true);
	check_string("\"a b\"", "a b", 3, true);
	check_string("\"\xc3\xa9\"", "\xc3\xa9", 2, true);
	check_string("\"\\\"\\\\\\/\\n\"", "\"\\/\n", 4, false);
	check_string("\"\\u00e9\\ud83d\\ude00\"", "\xc3\xa9\xf0\x9f\x98\x80", 6, false);
	check_string("\"a\\u0000b\"", "a\0b", 3, false);
	buf_init(&into, 2);
	tap_ok(json_text_string(&into, slice_of("\"ab\\n\""), &said) == -1,
	    "a buf that is too small");
	buf_release(&into);
}

int
main(void)
{
	test_values();
	test_steps();
	test_compact();
	test_strings();
	return tap_done();
}
