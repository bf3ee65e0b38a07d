#include "cli/show_line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/rune.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"

enum {
	NARROW = 60,                 /* columns below which stamps are short and little indented */
	NARROW_INDENT = 2,
	LEAST_ROOM = 8,
	UNLIMITED_ROOM = 100,
	STAMP_MAX = 32,
};

void
show_tone(const struct show *s, struct buf *into, enum tone tone)
{
	static const char *const codes[] = {
		[TONE_PLAIN] = "0", [TONE_DIM] = "2", [TONE_IN] = "1;36", [TONE_OUT] = "1;32",
		[TONE_NOTE] = "1;34", [TONE_BAD] = "31", [TONE_KEY] = "36",
		[TONE_STRING] = "32", [TONE_NUMBER] = "33", [TONE_WORD] = "35",
		[TONE_ESCAPE] = "7",
	};

	if (s->color)
		buf_addf(into, "\033[%sm", codes[tone]);
}

void
show_words(const struct show *s, struct buf *into, enum tone tone, const char *words)
{
	if (tone != TONE_PLAIN)
		show_tone(s, into, tone);
	buf_add_text(into, words);
	if (tone != TONE_PLAIN)
		show_tone(s, into, TONE_PLAIN);
}

/* --- stamps ------------------------------------------------------------------------------ */

static bool
is_narrow(const struct show *s)
{
	return s->columns > 0 && s->columns < NARROW;
}

/* The time of day when the monotonic clock said `at`. */
static void
clock_stamp(const struct show *s, char *into, uint64_t at)
{
	struct timespec wall;
	uint64_t now, ns;
	time_t seconds;
	struct tm day;

	clock_gettime(CLOCK_REALTIME, &wall);
	now = (uint64_t)wall.tv_sec * NS_PER_S + (uint64_t)wall.tv_nsec;
	ns = now - (clock_ns() - at);
	seconds = (time_t)(ns / NS_PER_S);
	localtime_r(&seconds, &day);
	if (is_narrow(s))
		snprintf(into, STAMP_MAX, "%02d:%02d:%02d", day.tm_hour, day.tm_min, day.tm_sec);
	else
		snprintf(into, STAMP_MAX, "%02d:%02d:%02d.%03d", day.tm_hour, day.tm_min,
		    day.tm_sec, (int)(ns % NS_PER_S / NS_PER_MS));
}

static void
delta_stamp(const struct show *s, char *into, uint64_t at)
{
	uint64_t ns = s->last != 0 && at > s->last ? at - s->last : 0;

	snprintf(into, STAMP_MAX, is_narrow(s) ? "+%7.2f" : "+%10.3fs", (double)ns / 1e9);
}

static unsigned
stamp_width(const struct show *s)
{
	return s->time == SHOW_NO_TIME ? 0 : is_narrow(s) ? 9 : 13;
}

void
show_begin(struct show *s, struct buf *into, uint64_t at, char mark, enum tone tone)
{
	char stamp[STAMP_MAX] = "", marks[2] = {mark, '\0'};

	switch (s->time) {
	case SHOW_CLOCK:
		clock_stamp(s, stamp, at);
		break;
	case SHOW_DELTA:
		delta_stamp(s, stamp, at);
		break;
	case SHOW_NO_TIME:
		break;
	}
	s->last = at;
	if (s->time != SHOW_NO_TIME) {
		show_words(s, into, TONE_DIM, stamp);
		buf_add_text(into, " ");
	}
	show_words(s, into, tone, marks);
	buf_add_text(into, " ");
}

unsigned
show_indent(const struct show *s)
{
	return is_narrow(s) ? NARROW_INDENT : stamp_width(s) + 2;
}

void
show_continue(const struct show *s, struct buf *into)
{
	buf_addf(into, "\n%*s", (int)show_indent(s), "");
}

unsigned
show_room(const struct show *s, bool begins)
{
	unsigned taken = begins ? stamp_width(s) + 2 : show_indent(s);

	if (s->columns == 0)
		return UNLIMITED_ROOM;
	return s->columns > taken + LEAST_ROOM ? s->columns - taken : LEAST_ROOM;
}

/* --- the text of a peer ------------------------------------------------------------------ */

/* What stands for a character that must not be shown; `into` holds 16 bytes. Control characters
 * have pictures, all others are named. */
static const char *
escape(char *into, uint32_t rune, uint8_t byte)
{
	if (rune < 0x20)
		into[rune_put(into, 0x2400 + rune)] = '\0';
	else if (rune == 0x7f)
		into[rune_put(into, 0x2421)] = '\0';
	else if (rune >= RUNE_BAD)
		snprintf(into, 16, "\\x%02x", byte);
	else
		snprintf(into, 16, rune < 0x10000 ? "\\u%04x" : "\\u{%x}", (unsigned)rune);
	return into;
}

static void
show_escape(const struct show *s, struct buf *into, enum tone tone, const char *text)
{
	show_words(s, into, TONE_ESCAPE, text);
	if (tone != TONE_PLAIN)
		show_tone(s, into, tone);
}

static void
show_runes(const struct show *s, struct buf *into, enum tone tone, const char *at, size_t len,
    bool newlines)
{
	size_t plain = 0, i = 0, n;
	uint32_t rune;
	char text[16];

	while (i < len) {
		n = rune_get(&rune, at + i, len - i);
		if (newlines && rune == '\r' && i + 1 < len && at[i + 1] == '\n') {
			buf_add(into, at + plain, i - plain);
			plain = i += n;
			continue;
		}
		if (rune == '\t' || !rune_is_hidden(rune)) {
			i += n;
			continue;
		}
		buf_add(into, at + plain, i - plain);
		if (newlines && rune == '\n')
			show_continue(s, into);
		else
			show_escape(s, into, tone, escape(text, rune, (uint8_t)at[i]));
		plain = i += n;
	}
	buf_add(into, at + plain, len - plain);
}

static void
show_toned(const struct show *s, struct buf *into, enum tone tone, const void *data, size_t len,
    bool newlines)
{
	if (len == 0)
		return;
	if (tone != TONE_PLAIN)
		show_tone(s, into, tone);
	show_runes(s, into, tone, data, len, newlines);
	if (tone != TONE_PLAIN)
		show_tone(s, into, TONE_PLAIN);
}

void
show_text(const struct show *s, struct buf *into, enum tone tone, const void *data, size_t len)
{
	show_toned(s, into, tone, data, len, false);
}

void
show_lines(const struct show *s, struct buf *into, enum tone tone, const void *data, size_t len)
{
	show_toned(s, into, tone, data, len, true);
}

size_t
show_width(const void *data, size_t len, size_t max)
{
	const char *at = data;
	size_t width = 0, n;
	uint32_t rune;
	char text[16];

	for (; len > 0 && width <= max; at += n, len -= n) {
		n = rune_get(&rune, at, len);
		if (rune == '\t')
			width += 8;
		else if (!rune_is_hidden(rune))
			width += rune_width(rune);
		else
			width += rune < ' ' || rune == 0x7f ? 1 :
			    strlen(escape(text, rune, (uint8_t)*at));
	}
	return width;
}

void
show_cut(const struct show *s, struct buf *into, size_t shown, size_t len)
{
	char size[32], text[64];

	if (shown >= len)
		return;
	snprintf(text, sizeof text, "… %s in all", show_size(size, len));
	show_continue(s, into);
	show_words(s, into, TONE_DIM, text);
}
