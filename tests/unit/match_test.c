/* match_test.c: conditions against messages and answers, what is told when they are not fulfilled,
 * what is saved, and snapshots. */
#include "lib/script/match.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/replace_file.h"
#include "lib/base/rng.h"
#include "lib/codec/http_head.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"
#include "lib/script/scope.h"
#include "lib/script/text.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- a script of one line ---------------------------------------------------------------- */

enum { SLOT_NAME, SLOT_OTHER, SLOT_EMPTY, SLOTS };

static struct script_slot slots[SLOTS] = {
	[SLOT_NAME] = {.name = "name", .value = "va\"l", .len = 4},
	[SLOT_OTHER] = {.name = "other", .value = "7", .len = 1},
	[SLOT_EMPTY] = {.name = "empty", .value = NULL},
};
static struct script script = {.name = "test", .slot_count = SLOTS, .slots = slots,
    .root = "/tmp"};

/* What a condition's text is made of: "front", a variable, "back". */
struct line {
	struct text text;
	struct text_part parts[3];
};

static struct text *
constant(struct line *l, const char *bytes)
{
	l->parts[0] = (struct text_part){.kind = TEXT_BYTES, .bytes = slice_of(bytes)};
	l->text = (struct text){.form = TEXT_PLAIN, .count = 1, .parts = l->parts};
	return &l->text;
}

static struct text *
with_variable(struct line *l, enum text_form form, const char *front, size_t slot, bool quoted,
    const char *back)
{
	l->parts[0] = (struct text_part){.kind = TEXT_BYTES, .bytes = slice_of(front)};
	l->parts[1] = (struct text_part){.kind = TEXT_VARIABLE, .number = slot, .quoted = quoted};
	l->parts[2] = (struct text_part){.kind = TEXT_BYTES, .bytes = slice_of(back)};
	l->text = (struct text){.form = form, .count = 3, .parts = l->parts};
	return &l->text;
}

static struct scope *
new_scope(void)
{
	static struct rng rng;
	struct scope *s = scope_new(&(struct scope_params){.script = &script, .rng = &rng});

	scope_begin(s, 0);
	return s;
}

static struct match *
new_match(const struct condition *conditions, size_t count)
{
	struct scope *scope = new_scope();
	struct err e = {0};
	struct match *m = match_new(&script, conditions, count, scope, &e);

	if (m == NULL)
		tap_ok(false, "the conditions are ready: %s", e.text);
	scope_free(scope);
	return m;
}

/* --- against a subject ------------------------------------------------------------------- */

static void
check_fits(struct match *m, struct subject subject, const char *want, const char *name)
{
	struct subject again = subject;
	struct buf why;
	bool fits;

	buf_init(&why, 4096);
	fits = match_fits(m, &subject, &why);
	tap_ok(fits == (want == NULL), "%s", name);
	tap_ok(match_fits(m, &again, NULL) == fits, "also when not asked why");
	buf_add(&why, "", 1);
	tap_text((char *)why.data, want != NULL ? want : "", "and says so");
	buf_release(&why);
	subject_release(&again);
	subject_release(&subject);
}

static void
check_text(const struct match *m, const char *want)
{
	struct buf text;

	buf_init(&text, 4096);
	match_text(m, &text);
	buf_add(&text, "", 1);
	tap_text((char *)text.data, want, "what was expected");
	buf_release(&text);
}

/* One condition on a message of these bytes. */
static void
check(const struct condition *c, const char *text, const char *message, const char *why)
{
	struct match *m = new_match(c, 1);
	char *bytes = tap_guard(message, strlen(message));

	if (m != NULL) {
		check_text(m, text);
		check_fits(m, (struct subject){.data = {bytes, strlen(message)}}, why, message);
	}
	match_free(m);
	tap_guard_free(bytes, strlen(message));
}

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static void
test_bytes(void)
{
	struct line l;
	struct condition text = {.kind = CONDITION_TEXT, .text = constant(&l, "hello")};
	struct condition contains = {.kind = CONDITION_CONTAINS, .text = &l.text};
	struct condition hex = {.kind = CONDITION_HEX, .text = &l.text};
	struct condition any = {.kind = CONDITION_ANY};

	check(&any, "any", "", NULL);
	check(&any, "any", "x", NULL);
	check(&text, "text \"hello\"", "hello", NULL);
	check(&text, "text \"hello\"", "hallo", "expected \"hello\", got \"hallo\"");
	check(&text, "text \"hello\"", "hello ", "expected \"hello\", got \"hello \"");
	check(&text, "text \"hello\"", "", "expected \"hello\", got \"\"");
	check(&text, "text \"hello\"", "\xff\n\x1b",
	    "expected \"hello\", got \"\xef\xbf\xbd\\n\\u001b\"");
	check(&contains, "contains \"hello\"", "say hello", NULL);
	check(&contains, "contains \"hello\"", "say hell",
	    "expected \"hello\" in it, got \"say hell\"");
	check(&contains, "contains \"hello\"", FIFTY TEN TEN,
	    "expected \"hello\" in it, got \"" FIFTY TEN "…\"");
	check(&hex, "hex 68 65 6c 6c 6f", "hello", NULL);
	check(&hex, "hex 68 65 6c 6c 6f", "hexlo", "differ at byte 2: expected 6c, got 78");
	check(&hex, "hex 68 65 6c 6c 6f", "hel", "expected 5 bytes, got 3");
	check(&hex, "hex 68 65 6c 6c 6f", "hello!", "expected 5 bytes, got 6");
	constant(&l, "");
	check(&text, "text \"\"", "", NULL);
	check(&text, "text \"\"", "a", "expected \"\", got \"a\"");
	check(&contains, "contains \"\"", "", NULL);
	check(&hex, "hex", "", NULL);
	constant(&l, FIFTY FIFTY TEN TEN "hello");
	check(&text, "text \"" FIFTY TEN "…\"", FIFTY FIFTY TEN TEN "hallo",
	    "differ at byte 121: expected \"…123456789" TEN "hello\", got \"…123456789" TEN
	    "hallo\"");
	check(&hex, "hex 30 31 32 33 34 35 36 37 38 39 30 31 32 33 34 35 36 37 38 39 30 31 32 33 …",
	    FIFTY FIFTY TEN TEN "hello", NULL);
}

static void
test_nothing(void)
{
	struct match *m = new_match(NULL, 0);

	check_text(m, "any");
	check_fits(m, (struct subject){.data = {NULL, 0}}, NULL, "no condition is fulfilled");
	match_free(m);
	match_free(NULL);
}

static void
test_regex(void)
{
	struct line l;
	struct condition c = {.kind = CONDITION_REGEX, .regex = constant(&l, "^a+$"),
	    .regex_flags = REGEX_UNICODE | REGEX_NOCASE | REGEX_MULTILINE};
	struct regex *ready = regex_new(slice_of("b"), 0, NULL);

	check(&c, "/^a+$/im", "AA", NULL);
	check(&c, "/^a+$/im", "ab", "expected /^a+$/im, got \"ab\"");
	check(&c, "/^a+$/im", "a\xff", "expected /^a+$/im, got \"a\xef\xbf\xbd\"");
	c.ready_regex = ready;
	check(&c, "/^a+$/im", "b", NULL);
	c.ready_regex = NULL;
	c.regex = with_variable(&l, TEXT_REGEX, "^", SLOT_NAME, false, "$");
	check(&c, "/^va\\\"l$/im", "va\"l", NULL);
	regex_free(ready);
}

static void
test_hostile(void)
{
	struct line l;
	struct condition c = {.kind = CONDITION_REGEX, .regex = constant(&l, "(a+)+$")};
	struct match *m = new_match(&c, 1);
	char *text = malloc(65537);

	memset(text, 'a', 65536);
	text[65536] = 'b';
	check_fits(m, (struct subject){.data = {text, 65537}},
	    "this regex takes too long with these 65537 bytes", "a search that never ends");
	match_free(m);
	free(text);
}

/* --- JSON -------------------------------------------------------------------------------- */

static void
test_json(void)
{
	struct line l;
	struct condition c = {.kind = CONDITION_JSON,
	    .text = constant(&l, "{\n\t\"text\": \"hi\",  \n  \"id\": *\n}")};
	struct pattern *ready = pattern_new(slice_of("[]"), NULL);
	static const char shown[] = "json { \"text\": \"hi\", \"id\": * }";

	check(&c, shown, "{\"id\":1,\"x\":2,\"text\":\"hi\"}", NULL);
	check(&c, shown, "{\"id\":1,\"text\":\"ho\"}", "/text: expected \"hi\", got \"ho\"");
	check(&c, shown, " [] ", "the message: expected an object, got []");
	check(&c, shown, "hello", "no JSON: \"hello\"");
	check(&c, shown, "", "no JSON: \"\"");
	check(&c, shown, "{\"id\":1,\"text\":\"hi\"} x",
	    "no JSON: \"{\\\"id\\\":1,\\\"text\\\":\\\"hi\\\"} x\"");
	check(&c, shown, "\xff\xfe", "no JSON: \"\xef\xbf\xbd\xef\xbf\xbd\"");
	c.exactly = true;
	check(&c, "json exactly { \"text\": \"hi\", \"id\": * }",
	    "{\"id\":1,\"x\":2,\"text\":\"hi\"}", "/x: not expected");
	c.ready_pattern = ready;
	check(&c, "json exactly { \"text\": \"hi\", \"id\": * }", "[]", NULL);
	c = (struct condition){.kind = CONDITION_JSON,
	    .text = with_variable(&l, TEXT_JSON, "{\"a\":\"", SLOT_NAME, true, "\"}")};
	check(&c, "json {\"a\":\"va\\\"l\"}", "{\"a\":\"va\\\"l\"}", NULL);
	c.text = with_variable(&l, TEXT_JSON, "[", SLOT_OTHER, false, "]");
	check(&c, "json [7]", "[7]", NULL);
	check(&c, "json [7]", "[8]", "/0: expected 7, got 8");
	pattern_free(ready);
}

/* What jansson alone would refuse. */
static void
test_large(void)
{
	struct line l;
	struct condition c = {.kind = CONDITION_JSON, .text = constant(&l, "{\"a\":1,\"b\":*number,"
	    "\"c\":9223372036854775807,\"d\":9007199254740993,\"e\":\"18446744073709551615\"}")};
	struct match *m = new_match(&c, 1);
	static const char *const fine[] = {
		"{\"a\":1,\"b\":18446744073709551615,\"c\":9223372036854775807,"
		    "\"d\":9007199254740993,\"e\":\"18446744073709551615\"}",
		"{\"e\":\"18446744073709551615\",\"a\":1,\"b\":-99999999999999999999999,"
		    "\"c\":9223372036854775807,\"d\":9007199254740993,"
		    "\"\\\\\\\"18446744073709551615\":[18446744073709551615,1e5]}",
	}, *const no_json[] = {"[1e999,18446744073709551615]", "18446744073709551615e999",
	    "[18446744073709551615", "{\"a\":18446744073709551615-}", "018446744073709551615",
	    "\"\\", "[18446744073709551615,\"\\"};

	for (size_t i = 0; i < COUNT(fine); i++)
		check_fits(m, (struct subject){.data = slice_of(fine[i])}, NULL, fine[i]);
	for (size_t i = 0; i < COUNT(no_json); i++) {
		char *bytes = tap_guard(no_json[i], strlen(no_json[i]));
		struct subject s = {.data = {bytes, strlen(no_json[i])}};

		tap_ok(subject_json(&s) == NULL && subject_json(&s) == NULL, "%s is no JSON",
		    no_json[i]);
		subject_release(&s);
		tap_guard_free(bytes, strlen(no_json[i]));
	}
	match_free(m);
}

static const struct path {
	const char *pointer;
	enum relation relation;
	const char *pattern, *message, *why;
} paths[] = {
	{"/a", RELATION_EQUAL, "5", "{\"a\":5.0}", NULL},
	{"/a", RELATION_EQUAL, "5", "{\"a\":6}", "/a: expected 5, got 6"},
	{"/a", RELATION_EQUAL, "5", "{\"b\":6}", "/a: not there"},
	{"/a", RELATION_EQUAL, "*none", "{\"b\":6}", NULL},
	{"/a", RELATION_EQUAL, "*none", "{\"a\":6}", "/a: not expected"},
	{"/a", RELATION_EQUAL, "{\"b\":[*,2]}", "{\"a\":{\"b\":[1,3]}}",
	    "/a/b/1: expected 2, got 3"},
	{"", RELATION_EQUAL, "{}", "[]", "the message: expected an object, got []"},
	{"/a/-1", RELATION_EQUAL, "/x/", "{\"a\":[\"y\",\"x\"]}", NULL},
	{"/a", RELATION_UNEQUAL, "5", "{\"a\":6}", NULL},
	{"/a", RELATION_UNEQUAL, "5", "{\"a\":5}", "/a: expected != 5, got 5"},
	{"/a", RELATION_UNEQUAL, "5", "{}", "/a: not there"},
	{"/a", RELATION_UNEQUAL, "*none", "{\"a\":1}", NULL},
	{"/a", RELATION_UNEQUAL, "*none", "{}", "/a: not there"},
	{"/a", RELATION_UNEQUAL, "/^x/", "{\"a\":\"xy\"}", "/a: expected != /^x/, got \"xy\""},
	{"/a", RELATION_LESS, "5", "{\"a\":4.9}", NULL},
	{"/a", RELATION_LESS, "5", "{\"a\":5}", "/a: expected < 5, got 5"},
	{"/a", RELATION_AT_MOST, "5", "{\"a\":5}", NULL},
	{"/a", RELATION_AT_MOST, "5", "{\"a\":5.1}", "/a: expected <= 5, got 5.1"},
	{"/a", RELATION_MORE, "5", "{\"a\":6}", NULL},
	{"/a", RELATION_MORE, "5", "{\"a\":5}", "/a: expected > 5, got 5"},
	{"/a", RELATION_AT_LEAST, "5", "{\"a\":5}", NULL},
	{"/a", RELATION_AT_LEAST, "5", "{\"a\":\"5\"}", "/a: expected >= 5, got \"5\""},
	{"/a", RELATION_AT_LEAST, "5", "{\"a\":null}", "/a: expected >= 5, got null"},
	{"/a", RELATION_AT_LEAST, "5", "{}", "/a: not there"},
	{"/a", RELATION_LESS, "\"b\"", "{\"a\":\"abc\"}", NULL},
	{"/a", RELATION_LESS, "\"b\"", "{\"a\":\"b\"}", "/a: expected < \"b\", got \"b\""},
	{"", RELATION_LESS, "5", "7", "the message: expected < 5, got 7"},
	{"/a", RELATION_LESS, "5", "no", "no JSON: \"no\""},
};

static void
test_paths(void)
{
	static const char *const signs[] = {"=", "!=", "<", "<=", ">", ">="};

	for (size_t i = 0; i < COUNT(paths); i++) {
		struct line l;
		struct condition c = {.kind = CONDITION_PATH, .pointer = paths[i].pointer,
		    .relation = paths[i].relation, .text = constant(&l, paths[i].pattern)};
		char text[100];

		snprintf(text, sizeof text, "json-path %s %s %s",
		    paths[i].pointer[0] != '\0' ? paths[i].pointer : "\"\"",
		    signs[paths[i].relation], paths[i].pattern);
		check(&c, text, paths[i].message, paths[i].why);
	}
}

/* --- event, id; status, header ----------------------------------------------------------- */

static void
test_names(void)
{
	struct line l;
	struct condition event = {.kind = CONDITION_EVENT, .text = constant(&l, "update")};
	struct condition id = {.kind = CONDITION_ID, .text = &l.text};
	struct http_head head = {.status = 200};
	struct match *e = new_match(&event, 1), *i = new_match(&id, 1);

	check_text(e, "event update");
	check_text(i, "id update");
	check_fits(e, (struct subject){.event = slice_of("update")}, NULL, "the event");
	check_fits(e, (struct subject){.event = slice_of("other")},
	    "event: expected \"update\", got \"other\"", "another event");
	check_fits(e, (struct subject){.id = slice_of("update")},
	    "event: expected \"update\", got none", "no event");
	check_fits(i, (struct subject){.id = slice_of("update")}, NULL, "the id");
	check_fits(i, (struct subject){.id = slice_of("")}, "id: expected \"update\", got \"\"",
	    "an empty id");
	check_fits(i, (struct subject){.id = slice_of("update"), .head = &head},
	    "id: an answer has none", "an answer's id");
	match_free(e);
	match_free(i);
	constant(&l, "two words");
	e = new_match(&event, 1);
	check_text(e, "event \"two words\"");
	match_free(e);
}

static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
    "Set-Cookie: a=1\r\nset-cookie: b=2\r\nX-Empty:\r\n\r\n";

static void
test_answers(void)
{
	static const unsigned codes[] = {200, 201, 404};
	struct condition c = {.kind = CONDITION_STATUS, .codes = codes, .code_count = 3};
	struct http_head head;
	struct subject s = {.head = &head, .data = slice_of("{\"error\":1}")};
	struct condition both[2] = {c, {.kind = CONDITION_JSON}};
	struct line l;
	struct match *m;

	http_head_parse(&head, answer, strlen(answer), 0, NULL);
	m = new_match(&c, 1);
	check_text(m, "status 200,201,404");
	check_fits(m, s, NULL, "one of the codes");
	check_fits(m, (struct subject){.data = slice_of("x")},
	    "expected status 200, 201 or 404, got a message", "no answer");
	match_free(m);
	c.code_count = 2;
	m = new_match(&c, 1);
	check_fits(m, s, "expected status 200 or 201, got 404", "another code");
	match_free(m);
	c.code_count = 1;
	m = new_match(&c, 1);
	check_text(m, "status 200");
	check_fits(m, s, "expected status 200, got 404", "not the code");
	match_free(m);
	both[1].text = constant(&l, "{\"error\":2}");
	m = new_match(both, 2);
	check_text(m, "status 200,201,404 json {\"error\":2}");
	check_fits(m, s, "/error: expected 2, got 1", "the first that is not fulfilled explains");
	match_free(m);
}

static void
check_header(struct condition c, const char *text, const char *why)
{
	struct http_head head;
	struct match *m = new_match(&c, 1);

	http_head_parse(&head, answer, strlen(answer), 0, NULL);
	check_text(m, text);
	check_fits(m, (struct subject){.head = &head}, why, text);
	match_free(m);
}

static void
test_headers(void)
{
	struct condition c = {.kind = CONDITION_HEADER, .pointer = "CONTENT-TYPE"};
	struct line l;
	struct match *m = new_match(&c, 1);

	check_fits(m, (struct subject){.data = slice_of("x")}, "header CONTENT-TYPE: a message has "
	    "none", "no answer");
	match_free(m);
	check_header(c, "header CONTENT-TYPE", NULL);
	c.pointer = "X-Other";
	check_header(c, "header X-Other", "header X-Other: not there");
	c.pointer = "X-Empty";
	check_header(c, "header X-Empty", NULL);
	c.text = constant(&l, "");
	check_header(c, "header X-Empty \"\"", NULL);
	c.text = constant(&l, "x");
	check_header(c, "header X-Empty \"x\"", "header X-Empty: expected \"x\", got \"\"");
	c.pointer = "Set-Cookie";
	c.text = constant(&l, "b=2");
	check_header(c, "header Set-Cookie \"b=2\"", NULL);
	c.text = constant(&l, "c=3");
	check_header(c, "header Set-Cookie \"c=3\"",
	    "header Set-Cookie: expected \"c=3\", got \"a=1\"");
	c.text = NULL;
	c.regex = constant(&l, "^b=\\d$");
	check_header(c, "header Set-Cookie /^b=\\d$/", NULL);
	c.regex = constant(&l, "^c");
	c.regex_flags = REGEX_NOCASE;
	check_header(c, "header Set-Cookie /^c/i",
	    "header Set-Cookie: expected /^c/i, got \"a=1\"");
}

/* --- what cannot be made ready ----------------------------------------------------------- */

static void
refuse(struct condition c, enum err_class class, const char *says)
{
	struct scope *scope = new_scope();
	struct err e = {0};
	struct match *m = match_new(&script, (struct condition[]){{.kind = CONDITION_ANY}, c}, 2,
	    scope, &e);

	tap_ok(m == NULL && e.class == class, "it cannot be made ready");
	tap_text(e.text, says, "and it is told why");
	match_free(m);
	scope_free(scope);
}

static void
test_refused(void)
{
	struct line l;
	struct condition json = {.kind = CONDITION_JSON, .text = &l.text};
	struct condition path = {.kind = CONDITION_PATH, .pointer = "/a", .text = &l.text,
	    .relation = RELATION_LESS};
	struct condition regex = {.kind = CONDITION_REGEX, .regex = &l.text};
	struct condition text = {.kind = CONDITION_TEXT, .text = &l.text};
	struct scope *scope = new_scope();
	struct err e = {0};

	with_variable(&l, TEXT_PLAIN, "a", SLOT_EMPTY, false, "b");
	tap_ok(match_new(&script, &text, 1, scope, &e) == NULL && e.class == ERR_MATCH &&
	    strstr(e.text, "empty") != NULL, "a variable without a value: %s", e.text);
	scope_free(scope);
	with_variable(&l, TEXT_JSON, "{\"a\":", SLOT_NAME, false, "}");
	refuse(json, ERR_MATCH, "with its variables filled in: expected a value (text needs "
	    "quotes), got 'va', at byte 5, near {\"a\":va\"l}");
	with_variable(&l, TEXT_PLAIN, "(", SLOT_OTHER, false, "");
	refuse(regex, ERR_MATCH, "with its variables filled in: this is no regex: missing closing "
	    "parenthesis, at byte 2, near (7");
	constant(&l, "true");
	refuse(path, ERR_MATCH,
	    "true is neither a number nor a string: nothing is less or more than that");
	constant(&l, "*number");
	refuse(path, ERR_MATCH,
	    "*number is neither a number nor a string: nothing is less or more than that");
}

static void
test_long_text(void)
{
	struct line l;
	struct condition c[3] = {{.kind = CONDITION_EVENT, .text = constant(&l, "two words")}};
	struct match *m;
	struct buf text;

	c[1] = c[2] = (struct condition){.kind = CONDITION_JSON,
	    .text = &(struct text){.count = 1, .parts = &(struct text_part){.kind = TEXT_BYTES,
	    .bytes = slice_of("[\"" FIFTY FIFTY FIFTY FIFTY "\"]")}}};
	m = new_match(c, 3);
	buf_init(&text, 4096);
	match_text(m, &text);
	tap_ok(text.len > 100 && text.len <= 210, "what was expected is cut: %zu bytes", text.len);
	tap_ok(memcmp(text.data, "event \"two words\" json [\"0123", 28) == 0, "at its end");
	buf_release(&text);
	match_free(m);
}

/* --- saving ------------------------------------------------------------------------------ */

static void
check_slot(struct scope *scope, size_t slot, const char *want)
{
	struct slice got = scope_get(scope, slot);

	tap_ok(got.data != NULL, "{%s} has a value", slots[slot].name);
	tap_bytes(got.data, got.len, want, strlen(want), want);
}

static void
test_groups(void)
{
	struct line first, second, third;
	struct condition c[] = {
		{.kind = CONDITION_JSON,
		    .text = constant(&first, "{\"a\":/^(?<name>.)(?<nobody>.)/}")},
		{.kind = CONDITION_REGEX,
		    .regex = constant(&second, "\"b\":(?<other>\\d+)(?<empty>x)?")},
		{.kind = CONDITION_PATH, .pointer = "/a", .relation = RELATION_UNEQUAL,
		    .text = constant(&third, "/(?<name>zzz)/")},
	};
	struct scope *scope = new_scope();
	struct match *m = match_new(&script, c, COUNT(c), scope, NULL);
	struct subject s = {.data = slice_of("{\"a\":\"xyz\",\"b\":12}")};
	struct err e = {0};

	tap_ok(match_fits(m, &s, NULL), "all are fulfilled");
	check_slot(scope, SLOT_OTHER, "7");
	tap_int(match_save(m, &s, NULL, 0, scope, &e), 0, "groups are saved");
	check_slot(scope, SLOT_NAME, "x");
	check_slot(scope, SLOT_OTHER, "12");
	check_slot(scope, SLOT_EMPTY, "");
	subject_release(&s);
	match_free(m);
	scope_free(scope);
}

static const struct saved {
	enum save_kind kind;
	const char *what, *want;         /* want NULL: it cannot be */
} saved[] = {
	{SAVE_WHOLE, NULL, "{ \"s\": \"a\\n\\u00e9\", \"n\": 1.50, \"o\" : {\"x\": [1, \"y z\"]},"
	    " \"b\": 18446744073709551615, \"\": null, \"e\": \"\" }"},
	{SAVE_POINTER, "/s", "a\n\xc3\xa9"},
	{SAVE_POINTER, "/n", "1.50"},
	{SAVE_POINTER, "/o", "{\"x\":[1,\"y z\"]}"},
	{SAVE_POINTER, "/o/x/-1", "y z"},
	{SAVE_POINTER, "/b", "18446744073709551615"},
	{SAVE_POINTER, "/", "null"},
	{SAVE_POINTER, "/e", ""},
	{SAVE_POINTER, "/missing", NULL},
	{SAVE_POINTER, "/s/0", NULL},
	{SAVE_HEADER, "content-type", "text/plain"},
	{SAVE_HEADER, "Set-Cookie", "a=1"},
	{SAVE_HEADER, "X-Empty", ""},
	{SAVE_HEADER, "X-Missing", NULL},
};

static void
test_saves(void)
{
	struct scope *scope = new_scope();
	struct match *m = match_new(&script, NULL, 0, scope, NULL);
	struct http_head head;
	struct subject s = {.head = &head, .data = slice_of(saved[0].want)};
	struct err e = {0};

	http_head_parse(&head, answer, strlen(answer), 0, NULL);
	for (size_t i = 0; i < COUNT(saved); i++) {
		struct save save = {.kind = saved[i].kind, .slot = SLOT_EMPTY,
		    .what = saved[i].what};
		int rc = match_save(m, &s, &save, 1, scope, &e);

		if (saved[i].want != NULL) {
			tap_int(rc, 0, "it is saved");
			check_slot(scope, SLOT_EMPTY, saved[i].want);
		} else
			tap_ok(rc == -1 && e.class == ERR_MATCH, "not there: %s", e.text);
	}
	subject_release(&s);
	match_free(m);
	scope_free(scope);
}

static void
test_bad_saves(void)
{
	struct scope *scope = new_scope();
	struct match *m = match_new(&script, NULL, 0, scope, NULL);
	struct subject s = {.data = slice_of("hello")};
	struct save pointer = {.kind = SAVE_POINTER, .what = "/a"};
	struct save header = {.kind = SAVE_HEADER, .what = "A"}, whole = {.kind = SAVE_WHOLE};
	char *large = calloc(1, SCOPE_VALUE_MAX + 1);
	struct err e = {0};

	tap_ok(match_save(m, &s, &pointer, 1, scope, &e) == -1 && e.class == ERR_MATCH,
	    "no JSON: %s", e.text);
	tap_ok(match_save(m, &s, &header, 1, scope, &e) == -1 && e.class == ERR_MATCH,
	    "no answer: %s", e.text);
	subject_release(&s);
	s = (struct subject){.data = {large, SCOPE_VALUE_MAX + 1}};
	tap_ok(match_save(m, &s, &whole, 1, scope, &e) == -1 && e.class == ERR_MATCH,
	    "too long: %s", e.text);
	s = (struct subject){.data = {NULL, 0}};
	tap_int(match_save(m, &s, &whole, 1, scope, &e), 0, "nothing is an empty text");
	check_slot(scope, SLOT_NAME, "");
	free(large);
	match_free(m);
	scope_free(scope);
}

/* --- snapshots --------------------------------------------------------------------------- */

static char folder[] = "/tmp/hail-match-XXXXXX";

static const char *
in_folder(const char *name)
{
	static char paths_made[4][100];
	static unsigned next;
	char *path = paths_made[next++ % 4];

	snprintf(path, 100, "%s/%s", folder, name);
	return path;
}

static void
put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static void
check_file(const char *path, const char *want)
{
	char text[1000] = "";
	FILE *f = fopen(path, "r");
	size_t len = f != NULL ? fread(text, 1, sizeof text, f) : 0;

	tap_bytes(text, len, want, strlen(want), "the file says what it should");
	if (f != NULL)
		fclose(f);
}

static void
refuse_snapshot(const char *path, const char *says, bool updating)
{
	struct condition c = {.kind = CONDITION_JSON, .snapshot = path};
	struct scope *scope = new_scope();
	struct err e = {0};
	struct match *m = updating ? match_new_updating(&script, &c, 1, scope, &e) :
	    match_new(&script, &c, 1, scope, &e);

	tap_ok(m == NULL && e.class == ERR_IO && strstr(e.text, says) != NULL &&
	    strstr(e.text, path) != NULL, "%s", e.text);
	match_free(m);
	scope_free(scope);
}

static void
test_bad_snapshots(void)
{
	const char *path = in_folder("bad.json");

	refuse_snapshot(in_folder("missing.json"), "--update-snapshots", false);
	refuse_snapshot(in_folder("no/folder.json"), "--update-snapshots", false);
	refuse_snapshot(folder, "folder", false);
	refuse_snapshot(folder, "folder", true);
	put_file(path, "{\n  \"a\": 1,\n  \"b\": x\n}\n");
	refuse_snapshot(path, "bad.json:3:8: expected a value", false);
	refuse_snapshot(path, "bad.json:3:8: expected a value", true);
	unlink(path);
	if (mkfifo(path, 0600) == 0)
		refuse_snapshot(path, "plain file", false);
	refuse_snapshot(path, "plain file", true);
	unlink(path);
}

/* Its folder was there when the script was read, and is a link to elsewhere now. */
static void
test_moved_snapshot(void)
{
	const char *in = in_folder("in"), *out = in_folder("out");
	const char *path = in_folder("in/sub/s.json"), *link = in_folder("in/sub");
	struct condition c = {.kind = CONDITION_JSON, .snapshot = path};
	struct subject s = {.data = slice_of("5")};
	struct scope *scope = new_scope();
	char root[100];
	struct match *m;
	struct err e = {0};

	snprintf(root, sizeof root, "%s", in);
	script.root = root;
	tap_ok(mkdir(in, 0700) == 0 && mkdir(out, 0700) == 0 && mkdir(link, 0700) == 0, "folders");
	m = match_new_updating(&script, &c, 1, scope, &e);
	tap_ok(rmdir(link) == 0 && symlink(out, link) == 0, "one becomes a link");
	tap_ok(match_write_snapshot(m, &s, &e) == -1 && e.class == ERR_USAGE &&
	    access(path, F_OK) != 0, "nothing is written elsewhere: %s", e.text);
	match_free(m);
	subject_release(&s);
	put_file(path, "5");
	tap_ok(match_new(&script, &c, 1, scope, &e) == NULL && e.class == ERR_USAGE &&
	    strstr(e.text, "lies outside of") != NULL, "nor read there: %s", e.text);
	unlink(path);
	unlink(link);
	rmdir(in);
	rmdir(out);
	scope_free(scope);
	script.root = "/tmp";
}

static void
test_snapshot(void)
{
	const char *path = in_folder("snapshot.json");
	struct condition c[] = {{.kind = CONDITION_ANY},
	    {.kind = CONDITION_JSON, .snapshot = path, .exactly = true}};
	struct scope *scope = new_scope();
	struct match *m = match_new(&script, NULL, 0, scope, NULL);
	char shown[100];

	snprintf(shown, sizeof shown, "any json exactly @%s", path);
	tap_ok(match_snapshot(m) == NULL, "there is none");
	match_free(m);
	put_file(path, "{\n  \"a\": *\n}\n");
	m = match_new(&script, c, 2, scope, NULL);
	tap_ok(match_snapshot(m) == &c[1], "there is one");
	check_text(m, shown);
	check_fits(m, (struct subject){.data = slice_of("{\"a\":1}")}, NULL, "it matches");
	check_fits(m, (struct subject){.data = slice_of("{\"a\":1,\"b\":2}")}, "/b: not expected",
	    "it does not");
	match_free(m);
	scope_free(scope);
}

static void
write_snapshot(struct match *m, const char *message, const char *path, const char *want)
{
	struct subject s = {.data = slice_of(message)};
	struct err e = {0};

	tap_ok(match_fits(m, &s, NULL), "any JSON fulfils one that is written");
	tap_ok(match_write_snapshot(m, &s, &e) == 0, "it is written%s", e.text);
	check_file(path, want);
	subject_release(&s);
}

static void
test_update(void)
{
	const char *path = in_folder("snapshot.json"), *link = in_folder("link.json");
	struct condition c = {.kind = CONDITION_JSON, .snapshot = link};
	struct subject text = {.data = slice_of("hello")};
	struct scope *scope = new_scope();
	struct match *m;
	struct stat st;
	struct err e = {0};

	put_file(path, "{\"id\":*,\"a\":*}");
	chmod(path, 0640);
	tap_int(symlink(path, link), 0, "there is a link");
	m = match_new_updating(&script, &c, 1, scope, &e);
	check_fits(m, text, "no JSON: \"hello\"", "no JSON does not fulfil it");
	tap_ok(match_write_snapshot(m, &text, &e) == -1 && e.class == ERR_MATCH,
	    "nor is it written: %s", e.text);
	check_file(path, "{\"id\":*,\"a\":*}");
	write_snapshot(m, "{\"b\":[1],\"id\":5}", path,
	    "{\n  \"b\": [\n    1\n  ],\n  \"id\": *\n}\n");
	tap_ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640, "with the old rights");
	tap_ok(lstat(link, &st) == 0 && S_ISLNK(st.st_mode), "the link is still one");
	match_free(m);
	unlink(link);
	scope_free(scope);
}

static void
test_same(void)
{
	const char *path = in_folder("same.json");
	struct condition c = {.kind = CONDITION_JSON, .snapshot = path};
	struct scope *scope = new_scope();
	struct stat before, after;
	struct match *m;

	umask(027);
	m = match_new_updating(&script, &c, 1, scope, NULL);
	write_snapshot(m, "[5]", path, "[\n  5\n]\n");
	tap_ok(stat(path, &before) == 0 && (before.st_mode & 0777) == 0640,
	    "a new one has the rights of new files");
	write_snapshot(m, " [5.0e0]", path, "[\n  5.0\n]\n");
	tap_ok(stat(path, &before) == 0, "it is another");
	write_snapshot(m, "[5.0]", path, "[\n  5.0\n]\n");
	tap_ok(stat(path, &after) == 0 && before.st_ino == after.st_ino,
	    "one that is the same is left alone");
	match_free(m);
	unlink(path);
	scope_free(scope);
}

static void
test_unwritable(void)
{
	struct condition c = {.kind = CONDITION_JSON, .snapshot = in_folder("no/folder.json")};
	struct scope *scope = new_scope();
	struct match *m = match_new_updating(&script, &c, 1, scope, NULL);
	struct subject s = {.data = slice_of("5")};
	struct err e = {0};

	tap_ok(match_write_snapshot(m, &s, &e) == -1 && e.class == ERR_IO &&
	    strstr(e.text, "no/folder.json") != NULL, "no such folder: %s", e.text);
	subject_release(&s);
	match_free(m);
	scope_free(scope);
}

/* --- replace_file ------------------------------------------------------------------------ */

static void
test_replace(void)
{
	const char *path = in_folder("snapshot.json");
	struct replace_file *f = replace_file_new(path, NULL);
	struct err e = {0};

	fputs("half", replace_file_stream(f));
	fflush(replace_file_stream(f));
	check_file(path, "{\n  \"b\": [\n    1\n  ],\n  \"id\": *\n}\n");
	replace_file_abandon(f);
	replace_file_abandon(NULL);
	check_file(path, "{\n  \"b\": [\n    1\n  ],\n  \"id\": *\n}\n");
	f = replace_file_new("/dev/full", &e);
	if (f != NULL) {
		fputs("x", replace_file_stream(f));
		tap_ok(replace_file_commit(f, &e) == -1 && e.class == ERR_IO, "no space: %s",
		    e.text);
	}
	f = replace_file_new(path, &e);
	fputs("new", replace_file_stream(f));
	tap_int(replace_file_commit(f, &e), 0, "it is replaced");
	check_file(path, "new");
	unlink(path);
	tap_ok(replace_file_new(folder, &e) == NULL && e.class == ERR_IO, "a folder: %s", e.text);
	tap_int(rmdir(folder), 0, "nothing is left behind");
}

int
main(void)
{
	tap_ok(mkdtemp(folder) != NULL, "there is a folder");
	test_bytes();
	test_nothing();
	test_regex();
	test_hostile();
	test_json();
	test_large();
	test_paths();
	test_names();
	test_answers();
	test_headers();
	test_refused();
	test_long_text();
	test_groups();
	test_saves();
	test_bad_saves();
	test_bad_snapshots();
	test_moved_snapshot();
	test_snapshot();
	test_update();
	test_same();
	test_unwritable();
	test_replace();
	return tap_done();
}
