/* paste_test.c: what a terminal sends, cut in every way; and the characters it is made of. */
#include "cli/paste.h"

#include <stdint.h>
#include <string.h>

#include "cli/rune.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BEGIN "\033[200~"
#define END "\033[201~"


static void
add_paste(struct paste *p, struct buf *into)
{
	struct buf text;

	buf_init(&text, 3 * PASTE_MAX);
	buf_add_text(into, paste_take(p, &text) == 0 ? "<" : "<too long");
	buf_add(into, text.data, text.len);
	buf_add_text(into, ">");
	buf_release(&text);
}

/* Feeds `len` bytes in pieces of `piece`; keys come out as they are, a paste as <…>. The
 * caller releases the result. */
static struct buf
fed(const char *data, size_t len, size_t piece)
{
	struct paste p;
	struct buf keys;
	bool done;

	paste_init(&p);
	buf_init(&keys, 1 << 20);
	for (size_t at = 0; at < len;) {
		size_t end = at + piece < len ? at + piece : len;
		uint8_t *guarded = tap_guard(data + at, end - at);
		size_t n = paste_feed(&p, guarded, end - at, &keys, &done);

		tap_guard_free(guarded, end - at);
		at += n;
		if (done)
			add_paste(&p, &keys);
	}
	paste_let_go(&p, &keys);
	if (p.open)
		buf_add_text(&keys, "<open");
	paste_release(&p);
	return keys;
}

static const struct {
	const char *name, *sent, *want;
} cases[] = {
	{"keys alone", "abc\r", "abc\r"},
	{"nothing but a paste", BEGIN "abc" END, "<abc>"},
	{"keys around it", "a" BEGIN "b" END "c", "a<b>c"},
	{"two in a row", BEGIN "a" END BEGIN "b" END, "<a><b>"},
	{"an empty one", BEGIN END "x", "<>x"},
	{"carriage returns are newlines", BEGIN "a\rb\r\nc\nd" END, "<a\nb\nc\nd>"},
	{"newlines at the end go", BEGIN "a\r\r\n" END, "<a>"},
	{"newlines at the front stay", BEGIN "\ra" END, "<\na>"},
	{"an empty line stays", BEGIN "a\r\rb" END, "<a\n\nb>"},
	{"no control character survives", BEGIN "\003a\032\033[A\004\x7f\tb" END, "<a[A\tb>"},
	{"C1 controls neither", BEGIN "a\xc2\x9b" "b" END, "<ab>"},
	{"a begin inside is text", BEGIN "a" BEGIN "b" END, "<a[200~b>"},
	{"an end outside is keys", "a" END "b", "a" END "b"},
	{"bytes that are no UTF-8", BEGIN "a\xff" "b" END, "<a\xef\xbf\xbd" "b>"},
	{"UTF-8", BEGIN "h\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80" END,
	    "<h\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80>"},
	{"half a mark, then keys", "\033[200x", "\033[200x"},
	{"half a mark, then a whole one", "\033[20" BEGIN "a" END, "\033[20<a>"},
	{"half an end, then a whole one", BEGIN "a\033[20" END, "<a[20>"},
	{"an Escape by itself", "\033", "\033"},
	{"an arrow", "\033[A", "\033[A"},
	{"no end", BEGIN "abc", "<open"},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece <= 64; piece = piece == 1 ? 3 : piece == 3 ? 64 : 65) {
			struct buf got = fed(cases[i].sent, strlen(cases[i].sent), piece);

			buf_add(&got, "", 1);
			tap_text((char *)got.data, cases[i].want, cases[i].name);
			buf_release(&got);
		}
}

static void
test_too_long(void)
{
	static char data[PASTE_MAX + 64];
	struct buf got;

	memset(data, 'x', sizeof data);
	memcpy(data, BEGIN, 6);
	memcpy(data + sizeof data - 7, END "k", 7);
	got = fed(data, sizeof data, sizeof data);
	buf_add(&got, "", 1);
	tap_text((char *)got.data, "<too long>k", "a paste that is too long is lost as a whole");
	buf_release(&got);
}

static void
test_holding(void)
{
	struct paste p;
	struct buf keys;
	bool done;

	paste_init(&p);
	buf_init(&keys, 100);
	paste_feed(&p, (const uint8_t *)"\033", 1, &keys, &done);
	tap_ok(paste_holds(&p) && keys.len == 0, "an Escape is kept back at first");
	paste_let_go(&p, &keys);
	tap_ok(!paste_holds(&p) && keys.len == 1 && keys.data[0] == '\033', "and let go");
	paste_feed(&p, (const uint8_t *)BEGIN "x", 7, &keys, &done);
	tap_ok(p.open && !paste_holds(&p), "a paste is open");
	paste_abandon(&p);
	keys.len = 0;
	paste_feed(&p, (const uint8_t *)"y", 1, &keys, &done);
	tap_ok(keys.len == 1 && keys.data[0] == 'y', "after it was abandoned, keys are keys");
	buf_release(&keys);
	paste_release(&p);
}

/* --- characters -------------------------------------------------------------------------- */

static void
test_runes(void)
{
	static const struct {
		const char *bytes;
		size_t len, takes;
		uint32_t rune;
		bool cut;
	} runes[] = {
		{"", 0, 0, RUNE_BAD, false}, {"a", 1, 1, 'a', false},
		{"\xc3\xa4", 2, 2, 0xe4, false}, {"\xe2\x82\xac", 3, 3, 0x20ac, false},
		{"\xf0\x9f\x98\x80", 4, 4, 0x1f600, false},
		{"\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff, false},
		{"\xff", 1, 1, RUNE_BAD, false}, {"\xc3", 1, 1, RUNE_BAD, true},
		{"\xf0\x9f\x98", 3, 1, RUNE_BAD, true}, {"\xc3(", 2, 1, RUNE_BAD, false},
		{"\xc0\x80", 2, 1, RUNE_BAD, false}, {"\xed\xa0\x80", 3, 1, RUNE_BAD, false},
		{"\x80", 1, 1, RUNE_BAD, false},
	};
	char back[RUNE_BYTES];
	uint32_t rune;

	for (size_t i = 0; i < COUNT(runes); i++) {
		char *guarded = tap_guard(runes[i].bytes, runes[i].len);

		tap_int((long long)rune_get(&rune, guarded, runes[i].len),
		    (long long)runes[i].takes, "bytes of a character");
		tap_int(rune, runes[i].rune, "its number");
		tap_ok(rune_is_cut(guarded, runes[i].len) == runes[i].cut, "whether it is cut");
		if (rune != RUNE_BAD)
			tap_bytes(back, rune_put(back, rune), guarded, runes[i].len, "and back");
		tap_guard_free(guarded, runes[i].len);
	}
	tap_int((long long)rune_put(back, 0xd800), 3,
	    "a surrogate is written as another character");
	tap_ok(memcmp(back, "\xef\xbf\xbd", 3) == 0, "namely U+FFFD");
	tap_ok(rune_is_hidden(0x1b) && rune_is_hidden(0x9b) && rune_is_hidden(0x202e) &&
	    rune_is_hidden(0xe0041) && rune_is_hidden(RUNE_BAD), "what must not be shown");
	tap_ok(!rune_is_hidden('a') && !rune_is_hidden(0x200d) && !rune_is_hidden(0x1f600),
	    "what may");
}

int
main(void)
{
	test_cases();
	test_too_long();
	test_holding();
	test_runes();
	return tap_done();
}
