/* slash_test.c: what may be typed among messages. */
#include "cli/slash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct slash s;
static struct err e;
static char line[512];

static int
parse(const char *text)
{
	free(s.bytes);
	e = (struct err){0};
	snprintf(line, sizeof line, "%s", text);
	return slash_parse(&s, line, &e);
}

static void
test_messages(void)
{
	tap_ok(parse("hello") == 0 && s.verb == SLASH_NONE, "a line is a message");
	tap_text(s.text, "hello", "its text");
	tap_int((long long)s.len, 5, "its length");
	tap_ok(parse("//ping") == 0 && s.verb == SLASH_NONE, "two slashes are a message");
	tap_text(s.text, "/ping", "with one of them");
	tap_int((long long)s.len, 5, "and its length");
	tap_ok(parse("") == 0 && s.verb == SLASH_NONE && s.len == 0, "an empty line");
	tap_ok(parse(" /ping") == 0 && s.verb == SLASH_NONE, "a space before it: a message");
}

static void
test_verbs(void)
{
	static const struct {
		const char *text;
		enum slash_verb verb;
	} verbs[] = {
		{"/ping", SLASH_PING}, {"/ping  ", SLASH_PING}, {"/close", SLASH_CLOSE},
		{"/headers", SLASH_HEADERS}, {"/stats", SLASH_STATS}, {"/json", SLASH_JSON},
		{"/reconnect", SLASH_RECONNECT}, {"/help", SLASH_HELP}, {"/quit", SLASH_QUIT},
		{"/record", SLASH_RECORD}, {"/send @x", SLASH_SEND}, {"/binary 00", SLASH_BINARY},
	};

	for (size_t i = 0; i < COUNT(verbs); i++)
		tap_ok(parse(verbs[i].text) == 0 && s.verb == verbs[i].verb, "%s", verbs[i].text);
}

static void
test_close(void)
{
	char text[200];

	tap_ok(parse("/close") == 0 && s.code == 0 && s.reason == NULL, "close alone");
	tap_ok(parse("/close 1000") == 0 && s.code == 1000 && s.reason == NULL, "with a code");
	tap_ok(parse("/close 4001  bye bye ") == 0 && s.code == 4001, "with a reason");
	tap_text(s.reason, "bye bye", "the reason");
	tap_ok(parse("/close 1016") == 0 && s.code == 1016, "a code without a meaning");
	tap_ok(parse("/close 1005") != 0 && e.class == ERR_USAGE, "1005 is never sent");
	tap_ok(parse("/close 1006") != 0 && parse("/close 1015") != 0, "nor are 1006 and 1015");
	tap_ok(parse("/close 999") != 0 && parse("/close 5000") != 0, "codes out of range");
	tap_ok(parse("/close bye") != 0, "a reason without a code");
	tap_ok(parse("/close 1000bye") != 0, "a reason that sticks to the code");
	snprintf(text, sizeof text, "/close 1000 %0123d", 0);
	tap_ok(parse(text) == 0 && strlen(s.reason) == 123, "a reason of 123 bytes");
	snprintf(text, sizeof text, "/close 1000 %0124d", 0);
	tap_ok(parse(text) != 0, "a reason of 124 bytes");
}

static void
test_arguments(void)
{
	tap_ok(parse("/send @/tmp/a b") == 0, "a path with a space");
	tap_text(s.text, "/tmp/a b", "which is kept");
	tap_ok(parse("/send /tmp/a") != 0 && parse("/send") != 0, "a path without the @");
	tap_ok(parse("/record talk.hail") == 0 && strcmp(s.text, "talk.hail") == 0, "a record");
	tap_ok(parse("/record") == 0 && *s.text == '\0', "the end of a record");
	tap_ok(parse("/ping x") != 0, "an argument too many");
	tap_ok(parse("/binary 48 65:6c6C\t6f") == 0, "hex");
	tap_bytes(s.bytes, s.byte_count, "Hello", 5, "its bytes");
	tap_ok(parse("/binary") == 0 && s.byte_count == 0, "no bytes at all");
	tap_ok(parse("/binary 4") != 0 && s.bytes == NULL, "half a byte");
	tap_ok(parse("/binary 4 8") != 0, "halves apart");
	tap_ok(parse("/binary xy") != 0 && strstr(e.text, "'xy'") != NULL, "no hex: it is named");
}

static void
test_unknown(void)
{
	tap_ok(parse("/pign") != 0 && e.class == ERR_USAGE, "an unknown command");
	tap_ok(strstr(e.text, "did you mean /ping?") != NULL, "the closest is named");
	tap_ok(parse("/rec") != 0 && strstr(e.text, "/record?") != NULL, "by its beginning");
	tap_ok(parse("/frobnicate") != 0 && strstr(e.text, "/help") != NULL, "nothing is close");
	tap_ok(parse("/") != 0, "no name");
	tap_ok(parse("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") != 0,
	    "a very long name");
}

static void
test_complete(void)
{
	const char *rest;
	bool whole;

	tap_int((long long)slash_complete("pi", 2, &rest, &whole), 2, "/pi");
	tap_ok(whole && strcmp(rest, "ng") == 0, "becomes /ping");
	tap_int((long long)slash_complete("h", 1, &rest, &whole), 1, "/h");
	tap_ok(!whole && strncmp(rest, "e", 1) == 0, "may be two");
	tap_ok(slash_complete("x", 1, &rest, &whole) == 0 && rest == NULL, "/x is none");
	tap_ok(slash_complete("ping", 4, &rest, &whole) == 0 && whole, "/ping is whole");
}

static void
test_help(void)
{
	struct buf text;

	buf_init(&text, 10000);
	slash_help(&text);
	buf_add(&text, "", 1);
	tap_ok(strstr((char *)text.data, "  /close [CODE [REASON]]      close") != NULL,
	    "help has a row for /close");
	tap_ok(strstr((char *)text.data, "  //TEXT                      send") != NULL,
	    "and one for the escape");
	buf_release(&text);
}

int
main(void)
{
	test_messages();
	test_verbs();
	test_close();
	test_arguments();
	test_unknown();
	test_complete();
	test_help();
	free(s.bytes);
	return tap_done();
}
