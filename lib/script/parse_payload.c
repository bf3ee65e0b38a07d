#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/hex.h"
#include "lib/base/utf8.h"
#include "lib/script/json_check.h"
#include "lib/script/parse.h"

static const char TEXT_TYPE[] = "text/plain; charset=utf-8";
static const char JSON_TYPE[] = "application/json";
static const char BINARY_TYPE[] = "application/octet-stream";

static int
set(struct payload *payload, enum message_kind kind, struct text *text, const char *type)
{
	*payload = (struct payload){kind, text, type};
	return text != NULL ? 0 : -1;
}

/* --- hex --------------------------------------------------------------------------------- */

static bool
is_hex(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (hex_value(word.data[i]) < 0)
			return false;
	return word.len > 0;
}

static int
add_hex(struct buf *bytes, struct slice word)
{
	for (size_t i = 0; i + 1 < word.len; i += 2) {
		char byte = (char)(hex_value(word.data[i]) << 4 | hex_value(word.data[i + 1]));

		if (buf_add(bytes, &byte, 1) != 0)
			return -1;
	}
	return 0;
}

static struct text *
bytes_text(struct parser *p, const struct buf *bytes)
{
	char *copy = arena_text(&p->script->arena,
	    (struct slice){(const char *)bytes->data, bytes->len});

	if (copy == NULL) {
		parse_error_memory(p);
		return NULL;
	}
	return parse_bytes(p, (struct slice){copy, bytes->len});
}

/* Words of hexadecimal digits; the first other one ends them. -1: one has half a pair. */
static int
gather_hex(struct parser *p, struct buf *bytes)
{
	struct tokens *t = &p->reading->tokens, before;
	char quote[PARSE_QUOTE];
	struct token k;

	while (tokens_more(t)) {
		before = *t;
		token_word(t, &k);
		if (!is_hex(k.whole)) {
			*t = before;
			break;
		}
		if (k.whole.len % 2 != 0)
			return parse_error(p, k.spot, "%s: expected pairs of hexadecimal digits",
			    parse_quote(quote, k.whole));
		if (add_hex(bytes, k.whole) != 0)
			return parse_error_memory(p);
	}
	if (bytes->len > 0)
		return 0;
	k.whole = (struct slice){t->at, 0};
	if (tokens_more(t))
		token_word(t, &k);
	else
		return parse_error_here(p, "expected pairs of hexadecimal digits such as 00 ff");
	return parse_error(p, k.spot, "%s: expected pairs of hexadecimal digits such as 00 ff",
	    parse_quote(quote, k.whole));
}

struct text *
parse_hex(struct parser *p)
{
	struct text *text = NULL;
	struct buf bytes;

	buf_init(&bytes, SCRIPT_FILE_MAX);
	if (gather_hex(p, &bytes) == 0)
		text = bytes_text(p, &bytes);
	buf_release(&bytes);
	return text;
}

/* --- files ------------------------------------------------------------------------------- */

static struct text *
text_file(struct parser *p, const struct token *k)
{
	struct slice bytes;

	if (parse_file(p, k, &bytes) != 0)
		return NULL;
	if (utf8_valid(bytes.data, bytes.len))
		return parse_bytes(p, bytes);
	parse_error(p, k->spot, "this file is not UTF-8, as text has to be: expected binary "
	    "in front of it");
	return NULL;
}

static struct text *
json_file(struct parser *p, const struct token *k)
{
	char quote[PARSE_QUOTE];
	const char *wrong;
	struct slice bytes;
	unsigned line = 1;
	size_t at;

	if (parse_file(p, k, &bytes) != 0)
		return NULL;
	wrong = json_check(bytes, &at);
	if (wrong == NULL && utf8_valid(bytes.data, bytes.len))
		return parse_bytes(p, bytes);
	for (size_t i = 0; wrong != NULL && i < at; i++)
		line += bytes.data[i] == '\n';
	if (wrong == NULL)
		parse_error(p, k->spot, "this file is not UTF-8, as JSON has to be");
	else
		parse_error(p, k->spot, "%s is no JSON: %s in line %u",
		    parse_quote(quote, k->whole), wrong, line);
	return NULL;
}

/* Digits in pairs, with white space between them. */
static bool
decode_hex(struct buf *into, struct slice bytes)
{
	size_t from, at = 0;

	do {
		while (at < bytes.len && bytes.data[at] != '\0' &&
		    strchr(" \t\r\n", bytes.data[at]) != NULL)
			at++;
		for (from = at; at < bytes.len && hex_value(bytes.data[at]) >= 0; at++)
			continue;
		if (add_hex(into, (struct slice){bytes.data + from, at - from}) != 0)
			return false;
	} while (at > from && (at - from) % 2 == 0);
	return at == bytes.len && (at - from) % 2 == 0;
}

static struct text *
hex_file(struct parser *p, const struct token *k)
{
	struct text *text = NULL;
	struct slice bytes;
	struct buf decoded;

	if (parse_file(p, k, &bytes) != 0)
		return NULL;
	buf_init(&decoded, SCRIPT_FILE_MAX);
	if (decode_hex(&decoded, bytes))
		text = bytes_text(p, &decoded);
	else
		parse_error(p, k->spot, "expected a file of pairs of hexadecimal digits");
	buf_release(&decoded);
	return text;
}

/* "@path" or @"path with blanks", at the '@'. The body of the token is the path. */
static int
file_token(struct parser *p, struct token *k)
{
	struct tokens *t = &p->reading->tokens;
	struct token path;
	struct err e;

	k->spot = (struct spot){t->file, t->line, (unsigned)(t->at - t->line_start) + 1};
	t->at++;
	if (token_string(t, &path, &e) != 0)
		return parse_error_token(p, &e);
	if (path.body.len == 0)
		return parse_error(p, k->spot, "expected the path of a file behind the @");
	path.spot = k->spot;
	path.whole.data--;
	path.whole.len++;
	*k = path;
	return 0;
}

const char *
parse_snapshot(struct parser *p, struct token *k)
{
	const char *path = NULL;
	char *place;

	if (file_token(p, k) != 0 ||
	    (place = parse_place(p, k, p->params->new_snapshots,
	    "; --update-snapshots makes it")) == NULL)
		return NULL;
	if ((path = arena_text(&p->script->arena, slice_of(place))) == NULL)
		parse_error_memory(p);
	free(place);
	return path;
}

/* --- payloads ---------------------------------------------------------------------------- */

static int
text_payload(struct parser *p, struct payload *payload)
{
	struct token k;
	struct err e;

	if (*p->reading->tokens.at == '@')
		return file_token(p, &k) != 0 ? -1 :
		    set(payload, MESSAGE_TEXT, text_file(p, &k), TEXT_TYPE);
	if (tokens_at_heredoc(&p->reading->tokens))
		return parse_error_here(p, "a heredoc is text by itself: expected nothing in "
		    "front of it");
	if (token_string(&p->reading->tokens, &k, &e) != 0)
		return parse_error_token(p, &e);
	return set(payload, MESSAGE_TEXT, parse_text(p, &k, TEXT_PLAIN, 0), TEXT_TYPE);
}

static int
binary_payload(struct parser *p, struct payload *payload)
{
	struct token k;
	struct slice bytes;
	int failed;

	if (*p->reading->tokens.at != '@') {
		failed = text_payload(p, payload);
		payload->kind = MESSAGE_BINARY;
		payload->type = BINARY_TYPE;
		return failed;
	}
	if (file_token(p, &k) != 0 || parse_file(p, &k, &bytes) != 0)
		return -1;
	return set(payload, MESSAGE_BINARY, parse_bytes(p, bytes), BINARY_TYPE);
}

static int
hex_payload(struct parser *p, struct payload *payload)
{
	struct token k;

	if (*p->reading->tokens.at != '@')
		return set(payload, MESSAGE_BINARY, parse_hex(p), BINARY_TYPE);
	if (file_token(p, &k) != 0)
		return -1;
	return set(payload, MESSAGE_BINARY, hex_file(p, &k), BINARY_TYPE);
}

static int
json_text(struct parser *p, struct payload *payload, const char *hint)
{
	struct token k;
	struct err why, e;

	if (token_json(&p->reading->tokens, &k, &why) != 0) {
		err_set(&e, ERR_USAGE, 0, "%.150s%s", why.text, hint);
		return parse_error_token(p, &e);
	}
	if (set(payload, MESSAGE_TEXT, parse_text(p, &k, TEXT_JSON, 0), JSON_TYPE) != 0)
		return -1;
	return parse_json(p, &k, payload->text, hint);
}

static int
json_payload(struct parser *p, struct payload *payload)
{
	struct token k;

	if (*p->reading->tokens.at == '@')
		return file_token(p, &k) != 0 ? -1 :
		    set(payload, MESSAGE_TEXT, json_file(p, &k), JSON_TYPE);
	return json_text(p, payload, "");
}

static int
heredoc_payload(struct parser *p, struct payload *payload)
{
	struct token k;
	struct err e;

	if (token_heredoc(&p->reading->tokens, &k, &e) != 0)
		return parse_error_token(p, &e);
	return set(payload, MESSAGE_TEXT, parse_text(p, &k, TEXT_PLAIN, 0), TEXT_TYPE);
}

static int
rest_payload(struct parser *p, struct payload *payload)
{
	struct token k;

	token_rest(&p->reading->tokens, &k);
	return set(payload, MESSAGE_TEXT, parse_text(p, &k, TEXT_PLAIN, 0), TEXT_TYPE);
}

/* A message that looks like JSON has to be some, since what is nearly JSON is a slip more often
 * than text. */
static int
bare_json(struct parser *p, struct payload *payload, bool bare)
{
	if (json_text(p, payload, "; text that begins with { or [ stands in quotes") != 0)
		return -1;
	if (bare && tokens_more(&p->reading->tokens))
		return parse_error_here(p, "a message that begins with { or [ has to be JSON: "
		    "expected nothing behind it, or quotes around all of it");
	return 0;
}

static const struct {
	const char *word;
	int (*parse)(struct parser *p, struct payload *payload);
	const char *expected;
} kinds[] = {
	{"text", text_payload, "a string or @FILE"},
	{"json", json_payload, "JSON or @FILE"},
	{"hex", hex_payload, "pairs of hexadecimal digits such as 00 ff"},
	{"binary", binary_payload, "a string or @FILE"},
};

/* Whether a word that names a kind stands here, with something behind it in the line. */
static int
find_kind(const struct tokens *t)
{
	for (int i = 0; i < 4; i++) {
		size_t len = strlen(kinds[i].word);

		if ((size_t)(t->end - t->at) > len && memcmp(t->at, kinds[i].word, len) == 0 &&
		    (t->at[len] == ' ' || t->at[len] == '\t'))
			return i;
	}
	return -1;
}

static int
kind_payload(struct parser *p, struct payload *payload, int kind, bool bare)
{
	struct tokens *t = &p->reading->tokens;
	char quote[PARSE_QUOTE];
	struct token k;

	t->at += strlen(kinds[kind].word);
	if (!tokens_more(t))
		return parse_error_here(p, "expected %s behind %s", kinds[kind].expected,
		    kinds[kind].word);
	if (kinds[kind].parse(p, payload) != 0)
		return -1;
	if (!bare || !tokens_more(t) || kinds[kind].parse != hex_payload)
		return 0;
	token_word(t, &k);
	return parse_error(p, k.spot, "%s: expected %s", parse_quote(quote, k.whole),
	    kinds[kind].expected);
}

int
parse_payload(struct parser *p, struct payload *payload, bool bare)
{
	struct tokens *t = &p->reading->tokens;
	char quote[PARSE_QUOTE];
	int kind = find_kind(t);
	struct token k;

	if (kind >= 0)
		return kind_payload(p, payload, kind, bare);
	if (*t->at == '"' || *t->at == '\'' || *t->at == '@')
		return text_payload(p, payload);
	if ((*t->at == '{' && !(bare && parse_is_variable(t->at, t->end))) || *t->at == '[')
		return bare_json(p, payload, bare);
	if (t->at[0] == '<' && t->at[1] == '<')
		return heredoc_payload(p, payload);
	if (bare)
		return rest_payload(p, payload);
	token_word(t, &k);
	return parse_error(p, k.spot, "%s: expected a \"string\", JSON, text, json, hex, binary, "
	    "@FILE or <<END", parse_quote(quote, k.whole));
}

bool
parse_has_payload(struct parser *p)
{
	struct tokens *t = &p->reading->tokens;

	return tokens_more(t) || *t->at == '#';
}
