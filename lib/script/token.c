#include "lib/script/token.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"
#include "lib/script/verb.h"

enum { UNCLOSED_MAX = 20 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_continued(const struct tokens *t, const char *at)
{
	return at[0] == '\\' && (at[1] == '\n' || at + 1 == t->end) && t->resume == NULL;
}

/* Whether a word ends here. */
static bool
is_edge(const struct tokens *t, const char *at)
{
	return at == t->end || is_blank(*at) || *at == '\n' || is_continued(t, at);
}

static const char *
line_end(const struct tokens *t, const char *at)
{
	const char *end = memchr(at, '\n', (size_t)(t->end - at));

	return end != NULL ? end : t->end;
}

/* Moves on and counts the lines. */
static void
advance(struct tokens *t, const char *to)
{
	const char *at;

	while ((at = memchr(t->at, '\n', (size_t)(to - t->at))) != NULL) {
		t->at = t->line_start = at + 1;
		t->line++;
	}
	t->at = to;
}

static int
fault(struct tokens *t, const char *at, struct err *e, const char *text)
{
	t->fault = at;
	return err_set(e, ERR_USAGE, 0, "%s", text);
}

/* --- lines ------------------------------------------------------------------------------- */

void
tokens_init(struct tokens *t, unsigned file, struct slice text)
{
	*t = (struct tokens){.file = file, .at = text.data, .end = text.data + text.len,
	    .line = 1, .line_start = text.data};
}

static void
skip_blanks(struct tokens *t)
{
	while (t->at < t->end && is_blank(*t->at))
		t->at++;
}

bool
tokens_line(struct tokens *t)
{
	for (;;) {
		skip_blanks(t);
		if (t->at == t->end)
			return false;
		if (*t->at != '\n' && *t->at != '#')
			return true;
		tokens_skip(t);
	}
}

bool
tokens_more(struct tokens *t)
{
	skip_blanks(t);
	while (t->at < t->end && is_continued(t, t->at)) {
		advance(t, t->at + 1 < t->end ? t->at + 2 : t->end);
		skip_blanks(t);
	}
	return t->at < t->end && *t->at != '\n' && *t->at != '#';
}

void
tokens_skip(struct tokens *t)
{
	const char *end = line_end(t, t->at);

	if (t->resume != NULL) {
		t->at = t->line_start = t->resume;
		t->line = t->resume_line;
		t->resume = NULL;
	} else
		advance(t, end < t->end ? end + 1 : end);
}

struct slice
tokens_shown(const struct tokens *t)
{
	const char *end = line_end(t, t->at);

	return slice_trim((struct slice){t->at, (size_t)(end - t->at)});
}

/* --- after an error ---------------------------------------------------------------------- */

static struct slice
word_at(const struct tokens *t, const char **at)
{
	struct slice word;

	while (*at < t->end && is_blank(**at))
		++*at;
	word = (struct slice){*at, 0};
	while (!is_edge(t, *at))
		++*at;
	word.len = (size_t)(*at - word.data);
	return word;
}

bool
tokens_opens_block(const struct tokens *t)
{
	const char *at = t->at;
	struct slice last = {at, 0}, word;

	while ((word = word_at(t, &at)).len > 0 && *word.data != '#')
		last = word;
	return slice_eq(last, "{");
}

static bool
looks_like_statement(const struct tokens *t)
{
	const char *at = t->at;
	struct slice first = word_at(t, &at), second = word_at(t, &at);

	return verb_find(VERB_FIRST, first) != NULL ||
	    verb_find(VERB_OF_PARTY, second) != NULL || slice_eq(first, "}");
}

/* Once a heredoc has begun, the lines that follow are its own. Nor is it looked ahead where that
 * was in vain again and again, since each time all of the file is gone through. */
static struct slice
ahead(const struct tokens *t)
{
	bool near = t->resume != NULL || t->unclosed >= UNCLOSED_MAX;
	const char *stop = near ? line_end(t, t->at) : t->end;

	return (struct slice){t->at, (size_t)(stop - t->at)};
}

/* At a word that nobody has read. */
static void
recover_word(struct tokens *t)
{
	bool brackets = *t->at == '{' || *t->at == '[';
	struct token k;
	size_t len;

	if (tokens_at_heredoc(t) && t->unclosed < UNCLOSED_MAX &&
	    token_heredoc(t, &k, NULL) == 0)
		return;
	len = brackets && t->unclosed < UNCLOSED_MAX ? pattern_length(ahead(t)) : 0;
	t->unclosed += brackets && len == 0;
	advance(t, t->at + len);
	while (!is_edge(t, t->at))
		t->at++;
}

void
tokens_recover(struct tokens *t, bool unclosed)
{
	bool cut = t->cut;

	if (unclosed) {
		do
			tokens_skip(t);
		while (tokens_line(t) && !looks_like_statement(t));
		return;
	}
	while (tokens_more(t))
		recover_word(t);
	/* A heredoc that was only guessed takes nothing. */
	if (t->cut && !cut) {
		t->unclosed++;
		t->cut = false;
		t->resume = NULL;
	}
	tokens_skip(t);
}

/* --- words ------------------------------------------------------------------------------- */

static void
begin(struct tokens *t, struct token *k)
{
	*k = (struct token){.spot = {t->file, t->line, (unsigned)(t->at - t->line_start) + 1},
	    .whole = {t->at, 0}, .body = {t->at, 0}, .body_line = t->line,
	    .body_line_start = t->line_start};
}

/* The token ends here, and its body `less` bytes before. */
static void
end(struct tokens *t, struct token *k, const char *at, size_t less)
{
	k->whole.len = (size_t)(at - k->whole.data);
	k->body.len = (size_t)(at - k->body.data) - less;
	advance(t, at);
}

int
token_word(struct tokens *t, struct token *k)
{
	const char *at = t->at;

	begin(t, k);
	while (!is_edge(t, at))
		at++;
	end(t, k, at, 0);
	return 0;
}

static int
read_quoted(struct tokens *t, struct token *k, struct err *e)
{
	char quote = *t->at;
	const char *at = t->at + 1;

	begin(t, k);
	k->quoted = true;
	k->escaped = quote == '"';
	k->plain = quote == '\'';
	k->body.data++;
	for (; at < t->end && *at != '\n' && *at != quote; at++)
		if (k->escaped && *at == '\\' && at + 1 < t->end && at[1] != '\n')
			at++;
	if (at == t->end || *at != quote)
		return fault(t, t->at, e, "this string has no closing quote in its line");
	if (!is_edge(t, at + 1))
		return fault(t, at + 1, e, "expected a blank behind the string");
	end(t, k, at + 1, 1);
	return 0;
}

int
token_string(struct tokens *t, struct token *k, struct err *e)
{
	if (*t->at == '"' || *t->at == '\'')
		return read_quoted(t, k, e);
	return token_word(t, k);
}

int
token_rest(struct tokens *t, struct token *k)
{
	struct slice shown = tokens_shown(t);

	begin(t, k);
	end(t, k, shown.data + shown.len, 0);
	return 0;
}

/* --- JSON -------------------------------------------------------------------------------- */

/* The length of a string with its quotes; 0: it is not closed in its line. */
static size_t
string_length(struct slice text)
{
	for (size_t i = 1; i < text.len && text.data[i] != '\n'; i++) {
		if (text.data[i] == '"')
			return i + 1;
		if (text.data[i] == '\\')
			i++;
	}
	return 0;
}

static size_t
to_line_end(struct slice text, size_t from)
{
	const char *stop = memchr(text.data + from, '\n', text.len - from);

	return stop != NULL ? (size_t)(stop - text.data) - from : text.len - from;
}

/* As pattern_length, for JSON without holes. A string that is not closed ends with its line. */
static size_t
json_length(struct slice text)
{
	size_t depth = 0, len;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '"') {
			len = string_length((struct slice){text.data + i, text.len - i});
			if (depth == 0)
				return len > 0 ? i + len : 0;
			i += len > 0 ? len - 1 : to_line_end(text, i) - 1;
		} else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0 && --depth == 0)
			return i + 1;
		else if (depth == 0 && (is_blank(c) || c == '\n'))
			return i;
	}
	return depth == 0 ? text.len : 0;
}

static int
take_run(struct tokens *t, struct token *k, size_t len, struct err *e)
{
	begin(t, k);
	t->unclosed += len == 0;
	if (len == 0)
		return fault(t, t->at, e, *t->at == '{' ? "this { is never closed: expected a }" :
		    *t->at == '[' ? "this [ is never closed: expected a ]" :
		    *t->at == '"' ? "this string has no closing quote in its line" :
		    "expected JSON");
	if (!is_edge(t, t->at + len))
		return fault(t, t->at + len, e, "expected a blank behind the JSON");
	end(t, k, t->at + len, 0);
	return 0;
}

int
token_json(struct tokens *t, struct token *k, struct err *e)
{
	return take_run(t, k, json_length(ahead(t)), e);
}

int
token_pattern(struct tokens *t, struct token *k, struct err *e)
{
	return take_run(t, k, pattern_length(ahead(t)), e);
}

/* --- regexes ----------------------------------------------------------------------------- */

static int
take_flags(struct tokens *t, struct token *k, const char *at, struct err *e)
{
	for (; !is_edge(t, at); at++) {
		if (*at == 'i')
			k->flags |= REGEX_NOCASE;
		else if (*at == 's')
			k->flags |= REGEX_DOTALL;
		else if (*at == 'm')
			k->flags |= REGEX_MULTILINE;
		else
			return fault(t, at, e, "expected a blank behind the regex, or its flags: "
			    "i, s and m");
	}
	k->whole.len = (size_t)(at - k->whole.data);
	t->at = at;
	return 0;
}

int
token_regex(struct tokens *t, struct token *k, struct err *e)
{
	const char *at = t->at + 1;

	begin(t, k);
	k->quoted = true;
	k->body.data++;
	for (; at < t->end && *at != '\n' && *at != '/'; at++)
		if (*at == '\\' && at + 1 < t->end && at[1] != '\n')
			at++;
	if (at == t->end || *at != '/')
		return fault(t, t->at, e, "this regex has no closing / in its line");
	k->body.len = (size_t)(at - k->body.data);
	return take_flags(t, k, at + 1, e);
}

/* --- heredocs ---------------------------------------------------------------------------- */

static bool
is_tag(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '-';
}

/* The word behind "<<"; len 0: there is none. */
static struct slice
tag_at(const struct tokens *t, const char *at, bool *quoted)
{
	struct slice tag;

	*quoted = at < t->end && *at == '\'';
	tag = (struct slice){at + *quoted, 0};
	while (tag.data + tag.len < t->end && is_tag(tag.data[tag.len]))
		tag.len++;
	if (*quoted && (tag.data + tag.len == t->end || tag.data[tag.len] != '\''))
		tag.len = 0;
	if (tag.len > 0 && !is_edge(t, tag.data + tag.len + *quoted))
		tag.len = 0;
	return tag;
}

bool
tokens_at_heredoc(const struct tokens *t)
{
	return t->end - t->at > 2 && t->at[0] == '<' && t->at[1] == '<' &&
	    (is_tag(t->at[2]) || t->at[2] == '\'');
}

static bool
is_last_line(struct slice line, struct slice tag)
{
	line = slice_trim(line);
	return line.len == tag.len && memcmp(line.data, tag.data, tag.len) == 0;
}

/* Finds the line that is the tag alone. */
static int
find_end(struct tokens *t, struct token *k, struct slice tag)
{
	const char *from = t->resume, *at, *stop;
	unsigned line = t->resume_line;

	if (from == NULL) {
		stop = line_end(t, t->at);
		from = stop < t->end ? stop + 1 : stop;
		line = t->line + 1;
	}
	k->body = (struct slice){from, 0};
	k->body_line = line;
	k->body_line_start = from;
	for (at = from; at < t->end; at = stop + 1, line++) {
		stop = line_end(t, at);
		if (is_last_line((struct slice){at, (size_t)(stop - at)}, tag)) {
			k->body.len = at > from ? (size_t)(at - from) - 1 : 0;
			t->resume = stop < t->end ? stop + 1 : stop;
			t->resume_line = line + 1;
			return 0;
		}
		if (stop == t->end)
			break;
	}
	t->resume = t->end;
	t->resume_line = line;
	t->cut = true;
	return -1;
}

int
token_heredoc(struct tokens *t, struct token *k, struct err *e)
{
	bool quoted;
	struct slice tag = tag_at(t, t->at + 2, &quoted);

	begin(t, k);
	if (tag.len == 0)
		return fault(t, t->at, e, "expected a heredoc such as <<END, whose text is in "
		    "the lines that follow");
	k->quoted = true;
	k->plain = quoted;
	k->whole.len = (size_t)(tag.data + tag.len + quoted - t->at);
	if (find_end(t, k, tag) != 0) {
		t->fault = t->at;
		return err_set(e, ERR_USAGE, 0, "this heredoc never ends: expected a line that "
		    "is %.*s alone", (int)(tag.len < 60 ? tag.len : 60), tag.data);
	}
	t->at += k->whole.len;
	return 0;
}
