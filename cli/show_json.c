/* JSON is laid out anew but never rewritten: every token is shown as it came, so that numbers
 * keep their digits, objects their order and their duplicates, strings their escapes. */
#include <string.h>

#include "cli/show_line.h"
#include "lib/base/buf.h"

enum {
	DEPTH_MAX = 128,
	INDENT = 2,
};

enum token_kind {
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_COLON,
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_WORD,
	TOKEN_END,
	TOKEN_BAD,
};

struct token {
	enum token_kind kind;
	const char *at;
	size_t len;
};

struct scan {
	const char *at, *end;
};

/* --- tokens ------------------------------------------------------------------------------ */

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static size_t
count_digits(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return (size_t)(at - start);
}

/* RFC 8259, 6; 0: none. */
static size_t
number_length(const char *start, const char *end)
{
	const char *at = start;
	size_t digits;

	if (at < end && *at == '-')
		at++;
	digits = count_digits(at, end);
	if (digits == 0 || (digits > 1 && *at == '0'))
		return 0;
	at += digits;
	if (at < end && *at == '.') {
		digits = count_digits(++at, end);
		if (digits == 0)
			return 0;
		at += digits;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		digits = count_digits(at, end);
		if (digits == 0)
			return 0;
		at += digits;
	}
	return (size_t)(at - start);
}

/* RFC 8259, 7; 0: none, or without an end. */
static size_t
string_length(const char *start, const char *end)
{
	const char *at = start + 1;

	for (; at < end && *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			return 0;
		if (*at != '\\')
			continue;
		if (++at == end || !is_in(*at, "\"\\/bfnrtu"))
			return 0;
		for (int i = 0; *at == 'u' && i < 4; i++)
			if (at + 1 + i >= end || !is_in(at[1 + i], "0123456789abcdefABCDEF"))
				return 0;
	}
	return at < end ? (size_t)(at + 1 - start) : 0;
}

static size_t
word_length(const char *start, const char *end)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(end - start) >= len && memcmp(start, words[i], len) == 0)
			return len;
	}
	return 0;
}

static struct token
next_token(struct scan *s)
{
	struct token t = {.kind = TOKEN_END};

	while (s->at < s->end && is_in(*s->at, " \t\r\n"))
		s->at++;
	t.at = s->at;
	if (s->at == s->end)
		return t;
	t.len = 1;
	if (*s->at == '{' || *s->at == '[')
		t.kind = TOKEN_OPEN;
	else if (*s->at == '}' || *s->at == ']')
		t.kind = TOKEN_CLOSE;
	else if (*s->at == ',')
		t.kind = TOKEN_COMMA;
	else if (*s->at == ':')
		t.kind = TOKEN_COLON;
	else if (*s->at == '"') {
		t.kind = TOKEN_STRING;
		t.len = string_length(s->at, s->end);
	} else if (is_in(*s->at, "-0123456789")) {
		t.kind = TOKEN_NUMBER;
		t.len = number_length(s->at, s->end);
	} else {
		t.kind = TOKEN_WORD;
		t.len = word_length(s->at, s->end);
	}
	if (t.len == 0)
		t.kind = TOKEN_BAD;
	s->at += t.len;
	return t;
}

/* --- is it JSON? ------------------------------------------------------------------------- */

enum state {
	WANT_VALUE,
	WANT_VALUE_OR_CLOSE,         /* behind '[' */
	WANT_KEY,
	WANT_KEY_OR_CLOSE,           /* behind '{' */
	WANT_COLON,
	WANT_COMMA_OR_CLOSE,
};

struct check {
	enum state state;
	unsigned depth;
	char open[DEPTH_MAX];        /* what each level was opened with */
};

static bool
check_close(struct check *c, char close)
{
	if (c->depth == 0 || c->open[c->depth - 1] != (close == '}' ? '{' : '['))
		return false;
	c->depth--;
	if (c->state != WANT_COMMA_OR_CLOSE && c->state != WANT_VALUE_OR_CLOSE &&
	    c->state != WANT_KEY_OR_CLOSE)
		return false;
	c->state = WANT_COMMA_OR_CLOSE;
	return true;
}

static bool
check_open(struct check *c, char open)
{
	if (c->depth == DEPTH_MAX || (c->state != WANT_VALUE && c->state != WANT_VALUE_OR_CLOSE))
		return false;
	c->open[c->depth++] = open;
	c->state = open == '{' ? WANT_KEY_OR_CLOSE : WANT_VALUE_OR_CLOSE;
	return true;
}

static bool
check_scalar(struct check *c, bool string)
{
	if (c->state == WANT_KEY || c->state == WANT_KEY_OR_CLOSE) {
		c->state = WANT_COLON;
		return string;
	}
	if (c->state != WANT_VALUE && c->state != WANT_VALUE_OR_CLOSE)
		return false;
	c->state = WANT_COMMA_OR_CLOSE;
	return true;
}

static bool
check_token(struct check *c, const struct token *t)
{
	switch (t->kind) {
	case TOKEN_OPEN:
		return check_open(c, *t->at);
	case TOKEN_CLOSE:
		return check_close(c, *t->at);
	case TOKEN_COMMA:
		if (c->state != WANT_COMMA_OR_CLOSE)
			return false;
		c->state = c->open[c->depth - 1] == '{' ? WANT_KEY : WANT_VALUE;
		return true;
	case TOKEN_COLON:
		if (c->state != WANT_COLON)
			return false;
		c->state = WANT_VALUE;
		return true;
	case TOKEN_STRING:
		return check_scalar(c, true);
	case TOKEN_NUMBER:
	case TOKEN_WORD:
		return check_scalar(c, false);
	case TOKEN_END:
	case TOKEN_BAD:
		break;
	}
	return false;
}

/* The digits of an Engine.IO packet: "42[…]". */
static size_t
prefix_length(const char *data, size_t len)
{
	return count_digits(data, data + (len < 4 ? len : 4));
}

bool
show_is_json(const void *data, size_t len)
{
	size_t prefix = len > 0 ? prefix_length(data, len) : 0;
	struct scan s = {(const char *)data + prefix, (const char *)data + len};
	struct check c = {.state = WANT_VALUE};
	struct token t = next_token(&s);

	if (t.kind != TOKEN_OPEN)
		return false;
	do {
		if (!check_token(&c, &t))
			return false;
		t = next_token(&s);
	} while (c.depth > 0);
	return t.kind == TOKEN_END;
}

/* --- showing it -------------------------------------------------------------------------- */

/* Whether the string that ends where the scan stands is the key of a member. */
static bool
is_key(struct scan s)
{
	return next_token(&s).kind == TOKEN_COLON;
}

static void
show_token(const struct show *s, struct buf *into, const struct token *t, struct scan rest)
{
	enum tone tone = TONE_PLAIN;

	if (t->kind == TOKEN_STRING)
		tone = is_key(rest) ? TONE_KEY : TONE_STRING;
	else if (t->kind == TOKEN_NUMBER)
		tone = TONE_NUMBER;
	else if (t->kind == TOKEN_WORD)
		tone = TONE_WORD;
	show_text(s, into, tone, t->at, t->len);
}

/* With the white space that came between the tokens. */
static void
show_as_it_came(const struct show *s, struct buf *into, struct scan scan)
{
	const char *before = scan.at;
	struct token t;

	while ((t = next_token(&scan)).kind != TOKEN_END) {
		show_text(s, into, TONE_PLAIN, before, (size_t)(t.at - before));
		show_token(s, into, &t, scan);
		before = scan.at;
	}
}

/* Whether what was just opened fits, up to where it is closed, into so many columns. */
static bool
fits(struct scan scan, size_t room)
{
	unsigned depth = 1;
	size_t width = 1;
	struct token t;

	while (depth > 0 && width <= room) {
		t = next_token(&scan);
		if (t.kind == TOKEN_OPEN)
			depth++;
		else if (t.kind == TOKEN_CLOSE)
			depth--;
		else if (t.kind == TOKEN_END)
			return false;
		width += show_width(t.at, t.len, room) +
		    (t.kind == TOKEN_COMMA || t.kind == TOKEN_COLON);
	}
	return width + 1 <= room;    /* and a comma */
}

struct layout {
	const struct show *show;
	struct buf *into;
	size_t room, column;
	unsigned depth;
	unsigned flat;               /* depth of what stands on one line; 0: nothing */
};

static void
new_line(struct layout *l)
{
	size_t indent = (size_t)INDENT * l->depth;

	if (indent > l->room / 2)
		indent = l->room / 2;
	show_continue(l->show, l->into);
	buf_addf(l->into, "%*s", (int)indent, "");
	l->column = indent;
}

static void
lay_out(struct layout *l, const struct token *t, struct scan rest)
{
	struct scan ahead = rest;
	bool empty = t->kind == TOKEN_OPEN && next_token(&ahead).kind == TOKEN_CLOSE;

	if (t->kind == TOKEN_CLOSE) {
		if (l->flat == 0) {
			l->depth--;
			new_line(l);
			l->depth++;
		}
		if (l->flat == l->depth)
			l->flat = 0;
		l->depth--;
	}
	show_token(l->show, l->into, t, rest);
	l->column += show_width(t->at, t->len, l->room);
	if (t->kind == TOKEN_OPEN) {
		l->depth++;
		if (l->flat == 0 && (empty ||
		    (l->column <= l->room && fits(rest, l->room - l->column))))
			l->flat = l->depth;
		else if (l->flat == 0)
			new_line(l);
	} else if (t->kind == TOKEN_COMMA && l->flat == 0) {
		new_line(l);
	} else if (t->kind == TOKEN_COMMA || t->kind == TOKEN_COLON) {
		buf_add_text(l->into, " ");
		l->column++;
	}
}

void
show_json(const struct show *s, struct buf *into, const char *data, size_t len)
{
	size_t prefix = prefix_length(data, len), room = show_room(s, true), end = len;
	size_t max = s->max_bytes > 0 ? s->max_bytes : SIZE_MAX;
	struct scan scan = {data + prefix, NULL};
	struct layout l = {.show = s, .into = into, .room = show_room(s, false)};
	struct token t;

	while (end > 0 && is_in(data[end - 1], " \t\r\n"))
		end--;
	scan.end = data + end;
	show_text(s, into, TONE_DIM, data, prefix);
	if (memchr(data, '\n', end) == NULL && show_width(data, end, room) <= room) {
		show_as_it_came(s, into, scan);
		return;
	}
	l.column = prefix;
	while ((t = next_token(&scan)).kind != TOKEN_END &&
	    (size_t)(t.at - data) + t.len <= max)
		lay_out(&l, &t, scan);
	if (t.kind == TOKEN_END)
		return;
	if (t.kind == TOKEN_STRING && max > (size_t)(t.at - data))
		show_text(s, into, TONE_STRING, t.at, max - (size_t)(t.at - data));
	show_cut(s, into, 0, len);
}
