/* volatile_test.c: what will be different the next time, and what was said and so will not. */
#include "cli/volatile.h"

#include <stdio.h>
#include <string.h>

#include "cli/said.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define NOW INT64_C(1767225600000)       /* 2026-01-01T00:00:00Z */
#define UUID "0190163d-8694-739b-aea5-966c26f8ad91"

static const struct {
	const char *key, *text, *want;       /* NULL: it stays */
} strings[] = {
	{"name", "ann", NULL},
	{"name", "", NULL},
	{"name", UUID, "*uuid"},
	{"id", UUID, "*uuid"},
	{"", UUID, "*uuid"},
	{"name", "0190163D-8694-739B-AEA5-966C26F8AD91", "*uuid"},
	{"name", "0190163d-8694-739b-aea5-966c26f8ad9", NULL},
	{"name", "0190163d-8694-739b-aea5-966c26f8ad9g", NULL},
	{"name", UUID "0", NULL},
	{"name", "2025-12-31T23:59:59Z", "*time"},
	{"name", "2025-12-31t23:59:60.123456z", "*time"},
	{"name", "2025-12-31T23:59:59.5+01:00", "*time"},
	{"name", "2025-12-31T23:59:59-01:30", "*time"},
	{"name", "2025-12-31T23:59:59", "*string"},
	{"name", "2025-12-31 23:59:59.123", "*string"},
	{"name", "2025-12-31 23:59:59Z", "*time"},
	{"name", "2025-13-31T23:59:59Z", NULL},
	{"name", "2025-12-31T24:59:59Z", NULL},
	{"name", "2025-12-31T23:59:59.Z", NULL},
	{"name", "2025-12-31T23:59:59Zulu", NULL},
	{"name", "2025-12-31", NULL},
	{"name", "1767225599999-0", "*string"},
	{"name", "1767225599999-", NULL},
	{"name", "176722559999-0", NULL},
	{"name", "1767225599999-0x", NULL},
	{"name", "1767225599999", "*string"},
	{"name", "1567225599999", NULL},
	{"date", "2025-12-31", "*"},
	{"date", "2025-12-31T00:00:00Z", "*time"},
	{"createdAt", "just now", "*"},
	{"ts", "1767225600", "*"},
	{"id", "7", "*string"},
	{"id", "", "*string"},
	{"ID", "x", "*string"},
	{"_id", "x", "*string"},
	{"userId", "x", "*string"},
	{"userID", "x", "*string"},
	{"user_id", "x", "*string"},
	{"user-id", "x", "*string"},
	{"user.id", "x", "*string"},
	{"valid", "x", NULL},
	{"GRID", "x", NULL},
	{"ids", "x", NULL},
	{"identity", "x", NULL},
	{"sid", "x", "*string"},
	{"uuid", "x", "*string"},
	{"guid", "x", "*string"},
	{"etag", "x", "*string"},
	{"ETag", "x", "*string"},
	{"nonce", "x", "*string"},
	{"token", "x", "*string"},
	{"accessToken", "x", "*string"},
	{"tokens", "x", NULL},
	{"session", "x", "*string"},
	{"next_cursor", "x", "*string"},
	{"trace", "x", "*string"},
};

static const struct {
	const char *key, *digits, *want;
} numbers[] = {
	{"n", "7", NULL},
	{"n", "-1.5e3", NULL},
	{"n", "1767225600000", "*time"},
	{"", "1767225600000", "*time"},
	{"n", "1767225600000.25", "*time"},
	{"n", "1767139200000", "*time"},
	{"n", "1767139199000", NULL},
	{"n", "1767225600", NULL},
	{"ts", "1767225600", "*time"},
	{"time", "946684800", "*time"},
	{"time", "946684799", "*"},
	{"time", "4102444800", "*"},
	{"timestamp", "4102444799999", "*time"},
	{"timestamp", "4102444800000", "*"},
	{"timestamp", "0.25", "*"},
	{"updated_at", "1", "*"},
	{"updatedAt", "1767225600", "*time"},
	{"date", "1", "*"},
	{"format", "1", NULL},
	{"candidate", "1", NULL},
	{"timeout", "30", NULL},
	{"expires", "1767229200", "*time"},
	{"expires", "3600", NULL},
	{"exp", "1767229200", "*time"},
	{"lastSeen", "1760000000123", "*time"},
	{"lastSeen", "1600000000123", NULL},
	{"validUntil", "1801000000", "*time"},
	{"validUntil", "1812000000", NULL},
	{"id", "7", "*number"},
	{"messageId", "7", "*number"},
	{"cursor", "1e3", "*number"},
	{"count", "7", NULL},
};

static struct slice
guarded(const char *text)
{
	return (struct slice){tap_guard(text, strlen(text)), strlen(text)};
}

static void
unguard(struct slice s)
{
	tap_guard_free((void *)(uintptr_t)s.data, s.len);
}

/* Nothing is read behind the ends of what is judged. */
static void
check_scalar(bool number, const char *key, const char *text, const char *want)
{
	struct slice k = guarded(key), t = guarded(text);
	const char *hole = volatile_hole((number ? volatile_number : volatile_string)(k, t, NOW));
	char name[160];

	snprintf(name, sizeof name, "%s %s \"%s\"", number ? "a number" : "a string", key, text);
	tap_text(hole != NULL ? hole : "stays", want != NULL ? want : "stays", name);
	unguard(k);
	unguard(t);
}

#define DATE_TIME "\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[-+]\\d\\d:\\d\\d)?"

static const struct {
	const char *text, *part, *regex;     /* NULL: there is none */
} texts[] = {
	{"", NULL, NULL},
	{"hello there", NULL, NULL},
	{UUID, UUID, "[-0-9A-Fa-f]{36}"},
	{"user " UUID " joined", UUID, "[-0-9A-Fa-f]{36}"},
	{"x-" UUID ".", UUID, "[-0-9A-Fa-f]{36}"},
	{"x" UUID, NULL, NULL},
	{UUID "x", NULL, NULL},
	{"at 2025-12-31T23:59:59Z!", "2025-12-31T23:59:59Z", DATE_TIME},
	{"[2025-12-31 23:59:59.123]", "2025-12-31 23:59:59.123", DATE_TIME},
	{"2025-12-31T23:59:59", "2025-12-31T23:59:59", DATE_TIME},
	{"2025-12-31T23:59:59Zulu", NULL, NULL},
	{"2025-12-31", NULL, NULL},
	{"id=1767225599999-12;", "1767225599999-12", "\\d{13}-\\d+"},
	{"ping 1767225600123", "1767225600123", "\\d{13}"},
	{"ping 1767225600123ms", NULL, NULL},
	{"ping 1567225600123", NULL, NULL},
	{"ping 17672256001234", NULL, NULL},
};

static void
test_texts(void)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct slice text = guarded(texts[i].text);
		struct volatile_part part;
		bool found = volatile_find(text, 0, NOW, &part);

		tap_ok(found == (texts[i].part != NULL), "in \"%s\"", texts[i].text);
		if (found && texts[i].part != NULL) {
			tap_bytes(text.data + part.at, part.len, texts[i].part,
			    strlen(texts[i].part), "the part");
			tap_text(part.regex, texts[i].regex, "its regex");
			tap_ok(!volatile_find(text, part.at + part.len, NOW, &part),
			    "the only one");
		}
		unguard(text);
	}
}

static void
add(struct said *s, const char *text, bool json)
{
	struct slice t = guarded(text);

	said_add(s, t, json);
	unguard(t);
}

static bool
has(const struct said *s, const char *text)
{
	return said_text(s, slice_of(text));
}

static bool
has_number(const struct said *s, const char *key, const char *digits)
{
	return said_number(s, slice_of(key), slice_of(digits));
}

static void
test_said(void)
{
	struct said s = {0};

	tap_ok(!has(&s, "") && !has_number(&s, "id", "7"), "nothing was said");
	add(&s, "{\"id\":7,\"to\":[\"a\\nb\",12345678],\"text\":\"order ab-1234 c\"}", true);
	tap_ok(has(&s, "a\nb"), "a string of an array, decoded");
	tap_ok(has(&s, "order ab-1234 c"), "a string as a whole");
	tap_ok(has(&s, "ab-1234"), "a word of a string");
	tap_ok(!has(&s, "c") && !has(&s, "order"), "a short word says nothing");
	tap_ok(has_number(&s, "id", "7"), "a number under its key");
	tap_ok(!has_number(&s, "n", "7") && !has_number(&s, "id", "8"), "not another one");
	tap_ok(has_number(&s, "n", "12345678"), "a long number under any key");
	add(&s, "get " UUID ", 2025-12-31T23:59:59Z a+/b==", false);
	tap_ok(has(&s, UUID), "a UUID in a text");
	tap_ok(has(&s, "2025-12-31T23:59:59Z"), "a time in a text");
	tap_ok(has(&s, "a+/b=="), "a token in a text");
	add(&s, "x", false);
	tap_ok(has(&s, "x"), "a short text as a whole");
	add(&s, "ws://127.0.0.1/ws?room=lobby-17", false);
	tap_ok(has(&s, "lobby-17"), "a word of a URL");
	for (int i = 0; i < 5000; i++) {
		char text[32];

		snprintf(text, sizeof text, "%d", i);
		add(&s, text, false);
	}
	tap_ok(has(&s, "0") && has(&s, "4999") && !has(&s, "5000") && has(&s, UUID),
	    "much that was said");
	said_release(&s);
	tap_ok(!has(&s, "x"), "forgotten");
}

int
main(void)
{
	for (size_t i = 0; i < COUNT(strings); i++)
		check_scalar(false, strings[i].key, strings[i].text, strings[i].want);
	for (size_t i = 0; i < COUNT(numbers); i++)
		check_scalar(true, numbers[i].key, numbers[i].digits, numbers[i].want);
	test_texts();
	test_said();
	return tap_done();
}
