#include <string.h>

#include "lib/base/utf8.h"
#include "lib/script/match_parts.h"
#include "lib/script/regex.h"
#include "lib/script/shown.h"

enum {
	LINE_MAX = 200,
	PART_MAX = 120,
	LONGEST = 16 << 10,      /* before it is cut */
	HEX_MAX = 24,            /* bytes */
};

const char *
match_sign(enum relation relation)
{
	static const char *const signs[] = {
		[RELATION_EQUAL] = "=", [RELATION_UNEQUAL] = "!=", [RELATION_LESS] = "<",
		[RELATION_AT_MOST] = "<=", [RELATION_MORE] = ">", [RELATION_AT_LEAST] = ">=",
	};

	return signs[relation];
}

void
match_put_regex(struct buf *into, const struct ready *r)
{
	unsigned flags = r->c->regex_flags;

	buf_add_text(into, "/");
	shown_line(into, r->text, SHOWN_MAX);
	buf_addf(into, "/%s%s%s", flags & REGEX_NOCASE ? "i" : "",
	    flags & REGEX_DOTALL ? "s" : "", flags & REGEX_MULTILINE ? "m" : "");
}

static bool
is_plain(struct slice word)
{
	for (size_t i = 0; i < word.len; i++) {
		char c = word.data[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    c != '-' && c != '_' && c != '.')
			return false;
	}
	return word.len > 0;
}

static void
put_word(struct buf *into, struct slice word)
{
	if (is_plain(word))
		shown_line(into, word, SHOWN_MAX);
	else
		shown_text(into, word);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A pattern may go over lines, which only end where white space means nothing. */
static void
put_pattern(struct buf *into, struct slice text)
{
	size_t max = text.len < LONGEST ? text.len : LONGEST;
	struct buf line;

	buf_init(&line, LONGEST);
	for (size_t i = 0; i < max; i++) {
		if (text.data[i] != '\n') {
			buf_add(&line, text.data + i, 1);
			continue;
		}
		while (line.len > 0 && is_space((char)line.data[line.len - 1]))
			line.len--;
		while (i + 1 < max && is_space(text.data[i + 1]))
			i++;
		buf_add_text(&line, " ");
	}
	shown_line(into, (struct slice){(char *)line.data, line.len}, PART_MAX);
	buf_release(&line);
}

static void
put_json(struct buf *into, const struct ready *r)
{
	buf_addf(into, "json %s", r->c->exactly ? "exactly " : "");
	if (r->c->snapshot != NULL) {
		buf_add_text(into, "@");
		shown_line(into, slice_of(r->c->snapshot), PART_MAX);
	} else
		put_pattern(into, r->text);
}

static void
put_path(struct buf *into, const struct ready *r)
{
	buf_add_text(into, "json-path ");
	if (r->c->pointer[0] == '\0')
		buf_add_text(into, "\"\"");
	shown_line(into, slice_of(r->c->pointer), PART_MAX);
	buf_addf(into, " %s ", match_sign(r->c->relation));
	put_pattern(into, r->text);
}

static void
put_hex(struct buf *into, struct slice bytes)
{
	buf_add_text(into, "hex");
	for (size_t i = 0; i < bytes.len && i < HEX_MAX; i++)
		buf_addf(into, " %02x", (unsigned char)bytes.data[i]);
	if (bytes.len > HEX_MAX)
		buf_add_text(into, " …");
}

static void
put_status(struct buf *into, const struct condition *c)
{
	for (size_t i = 0; i < c->code_count; i++)
		buf_addf(into, "%s%u", i == 0 ? "status " : ",", c->codes[i]);
}

static void
put_header(struct buf *into, const struct ready *r)
{
	buf_addf(into, "header %.60s", r->c->pointer);
	if (r->regex != NULL) {
		buf_add_text(into, " ");
		match_put_regex(into, r);
	} else if (r->c->text != NULL) {
		buf_add_text(into, " ");
		shown_text(into, r->text);
	}
}

static void
put_string(struct buf *into, const char *word, struct slice text)
{
	buf_add_text(into, word);
	shown_text(into, text);
}

static void
put_condition(struct buf *into, const struct ready *r)
{
	switch (r->c->kind) {
	case CONDITION_ANY:
		buf_add_text(into, "any");
		break;
	case CONDITION_TEXT:
		put_string(into, "text ", r->text);
		break;
	case CONDITION_CONTAINS:
		put_string(into, "contains ", r->text);
		break;
	case CONDITION_REGEX:
		match_put_regex(into, r);
		break;
	case CONDITION_JSON:
		put_json(into, r);
		break;
	case CONDITION_PATH:
		put_path(into, r);
		break;
	case CONDITION_HEX:
		put_hex(into, r->text);
		break;
	case CONDITION_EVENT:
	case CONDITION_ID:
		buf_add_text(into, r->c->kind == CONDITION_EVENT ? "event " : "id ");
		put_word(into, r->text);
		break;
	case CONDITION_STATUS:
		put_status(into, r->c);
		break;
	case CONDITION_HEADER:
		put_header(into, r);
		break;
	}
}

/* Values of variables may hold bytes that are no UTF-8. */
void
match_text(const struct match *m, struct buf *into)
{
	struct buf line, cut;

	buf_init(&line, LONGEST);
	buf_init(&cut, LONGEST);
	for (size_t i = 0; i < m->count && line.len <= LINE_MAX; i++) {
		if (i > 0)
			buf_add_text(&line, " ");
		put_condition(&line, &m->items[i]);
	}
	if (m->count == 0)
		buf_add_text(&line, "any");
	shown_line(&cut, (struct slice){(char *)line.data, line.len}, LINE_MAX);
	utf8_repair(into, cut.data, cut.len);
	buf_release(&cut);
	buf_release(&line);
}
