/* Text that a reader of scripts could take for something else is quoted as a JSON string; so is
 * a brace that could begin a variable. */
#include "cli/record_text.h"

#include <jansson.h>
#include <string.h>

#include "cli/rune.h"
#include "cli/said.h"
#include "cli/volatile.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json_text.h"
#include "lib/base/utf8.h"
#include "lib/channel/channel.h"
#include "lib/script/pattern.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
	FACTOR = 10,                 /* how much longer than in the record things may take */
	HOUR_S = 3600,
	LONGEST_H = 366 * 24,        /* that a duration may have */
	STRING_MAX = 1 << 20,        /* bytes of a string or a key with escapes */
	REGEX_KEPT = 4 << 10,        /* bytes of a text that a regex is made of */
};

/* --- limits ------------------------------------------------------------------------------ */

static uint64_t
round_up_s(uint64_t s)
{
	static const uint64_t steps[] = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800,
	    HOUR_S, 2 * HOUR_S, 5 * HOUR_S, 10 * HOUR_S, 20 * HOUR_S};
	uint64_t hours = (s + HOUR_S - 1) / HOUR_S;

	for (size_t i = 0; i < COUNT(steps); i++)
		if (s <= steps[i])
			return steps[i];
	return (hours < LONGEST_H ? hours : LONGEST_H) * HOUR_S;
}

const char *
record_limit(char *into, uint64_t observed_ns)
{
	uint64_t per_s = NS_PER_S / FACTOR;
	uint64_t s = round_up_s(observed_ns / per_s + (observed_ns % per_s > 0));

	if (s % HOUR_S == 0)
		snprintf(into, RECORD_LIMIT, "%uh", (unsigned)(s / HOUR_S));
	else if (s % 60 == 0)
		snprintf(into, RECORD_LIMIT, "%um", (unsigned)(s / 60));
	else
		snprintf(into, RECORD_LIMIT, "%us", (unsigned)s);
	return into;
}

/* --- words and strings ------------------------------------------------------------------- */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_of_word(char c, const char *besides)
{
	return is_letter(c) || (c >= '0' && c <= '9') || (c != '\0' && strchr(besides, c) != NULL);
}

/* "{name}", "{ann.last_id}"; "{env:" is enough, whatever follows. */
bool
record_is_variable(struct slice text)
{
	size_t i = 1;

	if (text.len < 2 || text.data[0] != '{' || (!is_letter(text.data[1]) &&
	    text.data[1] != '_'))
		return false;
	while (i < text.len && is_of_word(text.data[i], "_-."))
		i++;
	return i < text.len && (text.data[i] == '}' || text.data[i] == ':');
}

static bool
has_variable(struct slice text)
{
	for (; text.len > 0; text.data++, text.len--)
		if (record_is_variable(text))
			return true;
	return false;
}

/* A character of a string, of which `json` is the text already. */
static void
put_rune(FILE *f, uint32_t rune, struct slice bytes, bool is_variable, bool json)
{
	if (!json && (rune == '"' || rune == '\\'))
		fprintf(f, "\\%c", (int)rune);
	else if (rune == '\n')
		fputs("\\n", f);
	else if (rune == '\t')
		fputs("\\t", f);
	else if (rune == RUNE_BAD)
		fputs("\\ufffd", f);
	else if (rune >= 0x10000 && rune_is_hidden(rune))
		fprintf(f, "\\u%04x\\u%04x", 0xd800 + ((rune - 0x10000) >> 10),
		    0xdc00 + ((rune - 0x10000) & 0x3ff));
	else if (is_variable || rune_is_hidden(rune))
		fprintf(f, "\\u%04x", rune);
	else
		fwrite(bytes.data, 1, bytes.len, f);
}

static void
put_runes(FILE *f, struct slice text, bool json)
{
	uint32_t rune;
	size_t n;

	for (; (n = rune_get(&rune, text.data, text.len)) > 0; text.data += n, text.len -= n)
		put_rune(f, rune, (struct slice){text.data, n}, record_is_variable(text), json);
}

void
record_put_text(FILE *f, struct slice text)
{
	put_runes(f, text, false);
}

void
record_put_string(FILE *f, struct slice text)
{
	fputc('"', f);
	record_put_text(f, text);
	fputc('"', f);
}

void
record_put_word(FILE *f, struct slice text)
{
	bool plain = text.len > 0 && is_of_word(text.data[0], "/");

	for (size_t i = 1; i < text.len && plain; i++)
		plain = is_of_word(text.data[i], "_-./:=,+~%@?&!$*;[]");
	if (plain)
		fwrite(text.data, 1, text.len, f);
	else
		record_put_string(f, text);
}

/* --- what kind of message it is ---------------------------------------------------------- */

static struct slice
slice_of_message(const struct message *m)
{
	return (struct slice){(const char *)m->data, m->len};
}

static bool
is_text(const struct message *m)
{
	return m->kind == MESSAGE_TEXT && utf8_valid(m->data, m->len);
}

/* Deeper than a pattern may be. */
static bool
is_deep(struct slice json)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.data[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '[') && ++depth > PATTERN_DEPTH)
			return true;
		else if (!quoted && (c == '}' || c == ']'))
			depth--;
	}
	return false;
}

/* Of two members of the same name each reader takes another one, so that is text. */
bool
record_is_json(const struct message *m)
{
	json_t *json;

	if (!is_text(m))
		return false;
	json = json_loadb((const char *)m->data, m->len, JSON_REJECT_DUPLICATES, NULL);
	json_decref(json);
	return json != NULL && !is_deep(slice_of_message(m));
}

/* --- what is sent ------------------------------------------------------------------------ */

static bool
begins(struct slice text, const char *word)
{
	size_t n = strlen(word);

	return text.len >= n && memcmp(text.data, word, n) == 0 &&
	    (text.len == n || text.data[n] == ' ');
}

static bool
begins_like_a_form(struct slice text)
{
	return strchr("\"'@", text.data[0]) != NULL || begins(text, "text") ||
	    begins(text, "json") || begins(text, "hex") || begins(text, "binary") ||
	    (text.len > 1 && memcmp(text.data, "<<", 2) == 0);
}

/* Whether it may stand behind '>' as it is. */
static bool
is_bare(struct slice text, bool json)
{
	uint32_t rune;
	size_t n;

	if (text.len == 0 || text.data[0] == ' ' || text.data[text.len - 1] == ' ' ||
	    has_variable(text))
		return false;
	if (!json && (strchr("{[", text.data[0]) != NULL || begins_like_a_form(text)))
		return false;
	for (; (n = rune_get(&rune, text.data, text.len)) > 0; text.data += n, text.len -= n)
		if (rune_is_hidden(rune) || (!json && (rune == '#' || rune == '\\')))
			return false;
	return true;
}

static void
put_hex(FILE *f, const uint8_t *data, size_t len)
{
	fputs("hex", f);
	for (size_t i = 0; i < len; i++)
		fprintf(f, " %02x", data[i]);
}

void
record_put_payload(FILE *f, const struct message *m)
{
	struct slice text = slice_of_message(m);

	if (!is_text(m) && m->len == 0) {
		fputs("binary \"\"", f);
	} else if (!is_text(m)) {
		put_hex(f, m->data, m->len);
	} else if (is_bare(text, record_is_json(m))) {
		fwrite(text.data, 1, text.len, f);
	} else {
		fputs("text ", f);
		record_put_string(f, text);
	}
}

/* --- what is expected: text -------------------------------------------------------------- */

/* The next volatile part that was not said. */
static bool
find_unsaid(struct slice text, size_t from, const struct said *said, int64_t now_ms,
    struct volatile_part *part)
{
	while (volatile_find(text, from, now_ms, part)) {
		if (!said_text(said, (struct slice){text.data + part->at, part->len}))
			return true;
		from = part->at + part->len;
	}
	return false;
}

/* As a regex that matches that. Behind a backslash no brace begins a variable. */
static void
put_literal(FILE *f, struct slice text)
{
	uint32_t rune;
	size_t n;

	for (; (n = rune_get(&rune, text.data, text.len)) > 0; text.data += n, text.len -= n) {
		if (rune == '\n')
			fputs("\\n", f);
		else if (rune_is_hidden(rune))
			fprintf(f, rune < 0x80 ? "\\x%02x" : "\\x{%x}", rune);
		else if (rune < 0x80 && strchr("\\^$.|?*+()[]{}/", (int)rune) != NULL)
			fprintf(f, "\\%c", (int)rune);
		else
			fwrite(text.data, 1, n, f);
	}
}

/* A regex must not be too long: of a long text it has the front. */
static void
put_regex(FILE *f, struct slice text, const struct said *said, int64_t now_ms)
{
	struct volatile_part part;
	size_t from = 0, len = text.len < REGEX_KEPT ? text.len : REGEX_KEPT;

	while (len < text.len && (text.data[len] & 0xc0) == 0x80)
		len--;
	fputs("/^", f);
	while (from < len && find_unsaid(text, from, said, now_ms, &part) && part.at < len) {
		put_literal(f, (struct slice){text.data + from, part.at - from});
		fputs(part.regex, f);
		from = part.at + part.len;
	}
	if (from < len)
		put_literal(f, (struct slice){text.data + from, len - from});
	fputs(len == text.len ? "$/" : "/", f);
}

/* --- what is expected: JSON -------------------------------------------------------------- */

/* What it takes to write JSON as a pattern. */
struct pattern_writer {
	FILE *file;
	const struct said *said;
	int64_t now_ms;
	struct buf key, text;        /* that had escapes */
};

static void
put_json_string(FILE *f, struct slice raw)
{
	put_runes(f, raw, true);
}

static enum volatile_kind
kind_of(struct pattern_writer *w, struct slice key, struct slice value)
{
	struct slice text;

	if (value.data[0] == '"')
		return json_text_string(&w->text, value, &text) != 0 || said_text(w->said, text) ?
		    VOLATILE_NOT : volatile_string(key, text, w->now_ms);
	if (value.data[0] != '-' && (value.data[0] < '0' || value.data[0] > '9'))
		return VOLATILE_NOT;         /* true, false, null */
	return said_number(w->said, key, value) ? VOLATILE_NOT :
	    volatile_number(key, value, w->now_ms);
}

/* `raw_key` with its quotes; data NULL: in an array. */
static void
put_scalar(struct pattern_writer *w, struct slice raw_key, struct slice value)
{
	struct slice key = {NULL, 0}, text;
	struct volatile_part part;
	const char *hole;

	if (raw_key.data != NULL && json_text_string(&w->key, raw_key, &key) != 0)
		key.len = 0;
	hole = volatile_hole(kind_of(w, key, value));
	if (hole != NULL)
		fputs(hole, w->file);
	else if (value.data[0] == '"' && json_text_string(&w->text, value, &text) == 0 &&
	    find_unsaid(text, 0, w->said, w->now_ms, &part))
		put_regex(w->file, text, w->said, w->now_ms);
	else
		put_json_string(w->file, value);
}

/* Without white space. It is not deeper than PATTERN_DEPTH. */
static void
put_pattern(struct pattern_writer *w, struct slice raw_key, struct slice value)
{
	struct slice rest = value, key, inner;
	bool first = true;

	if (value.data[0] != '{' && value.data[0] != '[') {
		put_scalar(w, raw_key, value);
		return;
	}
	fputc(value.data[0], w->file);
	while (json_text_next(&rest, &key, &inner)) {
		if (!first)
			fputc(',', w->file);
		first = false;
		if (key.data != NULL) {
			put_json_string(w->file, key);
			fputc(':', w->file);
		}
		put_pattern(w, key, inner);
	}
	fputc(value.data[value.len - 1], w->file);
}

static void
put_json(FILE *f, struct slice json, const struct said *said, int64_t now_ms)
{
	struct pattern_writer w = {.file = f, .said = said, .now_ms = now_ms};
	struct slice none = {NULL, 0};

	buf_init(&w.key, STRING_MAX);
	buf_init(&w.text, STRING_MAX);
	fputs("json ", f);
	put_pattern(&w, none, json_text_value(json));
	buf_release(&w.key);
	buf_release(&w.text);
}

void
record_put_conditions(FILE *f, const struct message *m, const struct said *said, int64_t now_ms)
{
	struct slice text = slice_of_message(m);
	struct volatile_part part;

	if (m->event.data != NULL && !slice_eq(m->event, "message")) {
		fputs("event ", f);
		record_put_word(f, m->event);
		fputc(' ', f);
	}
	if (!is_text(m) && m->len > 0) {
		put_hex(f, m->data, m->len);
	} else if (record_is_json(m)) {
		put_json(f, text, said, now_ms);
	} else if (is_text(m) && find_unsaid(text, 0, said, now_ms, &part)) {
		put_regex(f, text, said, now_ms);
	} else {
		fputs("text ", f);
		record_put_string(f, text);
	}
}
