#include "cli/show.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/units.h"
#include "lib/channel/channel.h"
#include "lib/codec/ws_frame.h"

enum {
	NOTICE_MAX = 4096,
	NAMES = 32,                  /* what the texts of show_size and show_time_text hold */
};

const char *
show_size(char *into, uint64_t bytes)
{
	return units_size_text(into, NAMES, (double)bytes);
}

const char *
show_time_text(char *into, uint64_t ns)
{
	return units_duration_text(into, NAMES, (double)ns / (double)NS_PER_MS);
}

const char *
show_code_name(unsigned code)
{
	static const char *const names[] = {
		"normal", "going away", "protocol error", "unsupported data", "reserved",
		"no code", "abnormal", "invalid data", "policy violation", "message too big",
		"missing extension", "internal error", "service restart", "try again later",
		"bad gateway", "TLS handshake",
	};

	if (code >= 1000 && code < 1000 + sizeof names / sizeof *names)
		return names[code - 1000];
	return code == 3000 ? "unauthorized" : code == 3003 ? "forbidden" :
	    code == 3008 ? "timeout" : "";
}

/* --- messages ---------------------------------------------------------------------------- */

/* As much of a text as may be shown, without half a character. */
static size_t
text_length(const struct show *s, const struct message *m)
{
	size_t len = m->len;

	if (s->max_bytes > 0 && len > s->max_bytes) {
		len = s->max_bytes;
		while (len > 0 && (m->data[len] & 0xc0) == 0x80)
			len--;
	}
	return len;
}

static void
show_plain(const struct show *s, struct buf *into, const struct message *m)
{
	size_t len = text_length(s, m);

	show_lines(s, into, TONE_PLAIN, m->data, len);
	show_cut(s, into, len, m->len);
}

static void
show_binary(const struct show *s, struct buf *into, const struct message *m)
{
	size_t len = m->len;
	char size[NAMES], text[64];

	if (s->max_bytes > 0 && len > s->max_bytes)
		len = s->max_bytes;
	snprintf(text, sizeof text, "(binary, %s)", show_size(size, m->len));
	if (m->len > 16) {
		show_words(s, into, TONE_DIM, text);
		show_hex(s, into, m->data, len);
		show_cut(s, into, len, m->len);
		return;
	}
	show_hex(s, into, m->data, len);
	buf_add_text(into, "  ");
	show_words(s, into, TONE_DIM, text);
}

/* The name of an event, unless it is the one that all have. */
static void
show_event(const struct show *s, struct buf *into, const struct message *m)
{
	if (m->event.len == 0 || slice_eq(m->event, "message"))
		return;
	show_text(s, into, TONE_KEY, m->event.data, m->event.len < 64 ? m->event.len : 64);
	show_words(s, into, TONE_KEY, ": ");
}

void
show_message(struct show *s, struct buf *into, const struct message *m, bool out)
{
	show_begin(s, into, m->at != 0 ? m->at : clock_ns(), out ? '>' : '<',
	    out ? TONE_OUT : TONE_IN);
	show_event(s, into, m);
	if (m->len == 0)
		show_words(s, into, TONE_DIM, m->kind == MESSAGE_TEXT ? "(empty)" :
		    "(binary, empty)");
	else if (m->kind == MESSAGE_BINARY)
		show_binary(s, into, m);
	else if (!s->raw_json && show_is_json(m->data, m->len))
		show_json(s, into, (const char *)m->data, m->len);
	else
		show_plain(s, into, m);
	buf_add_text(into, "\n");
}

/* --- notices ----------------------------------------------------------------------------- */

/* Breaks a sentence of ours at spaces, where it does not fit on a line. */
static void
break_lines(const struct show *s, char *text)
{
	size_t room = show_room(s, true), width;
	char *start = text, *space = NULL, *at;

	if (s->columns == 0)
		return;
	for (at = text; *at != '\0'; at++) {
		if (*at == '\n') {
			start = at + 1;
			space = NULL;
		}
		if (*at != ' ')
			continue;
		width = show_width(start, (size_t)(at - start), room);
		if (width > room && space != NULL) {
			*space = '\n';
			start = space + 1;
			room = show_room(s, false);
		}
		space = at;
	}
	if (space != NULL && show_width(start, (size_t)(at - start), room) > room)
		*space = '\n';
}

static void
show_formatted(struct show *s, struct buf *into, bool bad, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void
show_formatted(struct show *s, struct buf *into, bool bad, const char *format, va_list args)
{
	char text[NOTICE_MAX];
	int len = vsnprintf(text, sizeof text, format, args);

	if (len < 0)
		return;
	show_begin(s, into, clock_ns(), bad ? '!' : '*', bad ? TONE_BAD : TONE_NOTE);
	break_lines(s, text);
	show_lines(s, into, bad ? TONE_BAD : TONE_PLAIN, text, strlen(text));
	buf_add_text(into, "\n");
}

void
show_notice(struct show *s, struct buf *into, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	show_formatted(s, into, false, format, args);
	va_end(args);
}

void
show_error(struct show *s, struct buf *into, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	show_formatted(s, into, true, format, args);
	va_end(args);
}

/* --- the end ----------------------------------------------------------------------------- */

void
show_end(struct show *s, struct buf *into, const struct channel_end *end)
{
	const char *name = show_code_name(end->code), *who = end->by_peer ? " by the server" : "";
	bool said = end->code != 0 && end->code != WS_CLOSE_NO_STATUS;
	int len = end->reason.len < 125 ? (int)end->reason.len : 125;

	if (end->why.class != ERR_NONE && (!said || end->code == WS_CLOSE_ABNORMAL))
		show_error(s, into, "%s", end->why.text);
	else if (end->why.class != ERR_NONE)
		show_error(s, into, "%s (code %u%s%s)", end->why.text, end->code,
		    *name != '\0' ? ", " : "", name);
	else if (end->code == 0 && end->again)
		show_notice(s, into, "the server ended the stream");
	else if (end->code == 0)
		show_notice(s, into, "%s", end->final ? "the server has nothing (more) to say" :
		    "closed");
	else if (!said)
		show_notice(s, into, "closed%s, without a code", who);
	else
		show_notice(s, into, "closed%s: %u%s%s%s%.*s%s", who, end->code,
		    *name != '\0' ? " " : "", name, len > 0 ? " \"" : "", len,
		    len > 0 ? end->reason.data : "", len > 0 ? "\"" : "");
}

static void
show_ratio(struct show *s, struct buf *into, const char *way, uint64_t plain, uint64_t wire)
{
	char a[32], b[32];

	if (plain > 0)
		show_notice(s, into, "deflate   %s %s became %s, %.0f %%", way, show_size(a, plain),
		    show_size(b, wire), 100.0 * (double)wire / (double)plain);
}

void
show_compression(struct show *s, struct buf *into, const struct channel_compression *c)
{
	show_ratio(s, into, "out", c->out_plain, c->out_wire);
	show_ratio(s, into, "in", c->in_plain, c->in_wire);
}

void
show_polling(struct show *s, struct buf *into, const struct channel_polling *p)
{
	if (p->requests > 1)
		show_notice(s, into, "requests  %llu: %llu empty, %llu not modified; "
		    "connections opened: %llu", (unsigned long long)p->requests,
		    (unsigned long long)p->empty, (unsigned long long)p->not_modified,
		    (unsigned long long)p->connections);
}
