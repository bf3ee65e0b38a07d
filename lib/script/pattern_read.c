/* pattern_read.c: a pattern from its text, by recursive descent. Only what is around scalars is
 * read here: strings, numbers and words are jansson's, each for itself. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/script/pattern_parts.h"
#include "lib/script/regex.h"
#include "lib/script/shown.h"

enum {
	MEMORY_MAX = 256 << 20,          /* of nodes */
	REGEXES_MAX = 1000,              /* each takes some KiB */
};

struct reader {
	struct pattern *pattern;
	const char *start, *at, *end;
	unsigned depth;
	struct err *e;
};

/* --- errors ------------------------------------------------------------------------------ */

static int wrong(struct reader *r, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
wrong(struct reader *r, const char *at, const char *format, ...)
{
	char text[sizeof r->e->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_set(r->e, ERR_USAGE, (int)(at - r->start), "%s", text);
}

static int
no_memory(struct reader *r)
{
	return err_set(r->e, ERR_MEMORY, 0, "no memory for a pattern");
}

/* What stands at a place, for a sentence: a whole character, or the end. */
static const char *
what_stands(const struct reader *r, const char *at, char into[16])
{
	int len = 1;

	if (at == r->end)
		return "its end";
	while (len < 4 && at + len < r->end && ((unsigned char)at[len] & 0xc0) == 0x80)
		len++;
	snprintf(into, 16, "'%.*s'", len, at);
	return into;
}

static int
unexpected(struct reader *r, const char *expected)
{
	char found[16];

	return wrong(r, r->at, "expected %s, got %s", expected, what_stands(r, r->at, found));
}

/* --- bytes ------------------------------------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '_' || c == '-' || c == '+' || c == '.';
}

/* The next byte that is no white space; 0 at the end, and for a NUL, which is fine nowhere. */
static char
peek(struct reader *r)
{
	while (r->at < r->end && is_space(*r->at))
		r->at++;
	return r->at < r->end ? *r->at : '\0';
}

static bool
take(struct reader *r, char c)
{
	if (peek(r) != c)
		return false;
	r->at++;
	return true;
}

/* The length of what begins and ends with a quote or a slash, in one line; 0: it has no end. */
static size_t
quoted_length(struct slice text)
{
	for (size_t i = 1; i < text.len && text.data[i] != '\n'; i++) {
		if (text.data[i] == text.data[0])
			return i + 1;
		if (text.data[i] == '\\' && i + 1 < text.len && text.data[i + 1] != '\n')
			i++;
	}
	return 0;
}

static size_t
word_length(struct slice text, size_t from)
{
	size_t at = from;

	while (at < text.len && is_word(text.data[at]))
		at++;
	return at - from;
}

static struct slice
rest_of(const struct reader *r)
{
	return (struct slice){r->at, (size_t)(r->end - r->at)};
}

/* --- scalars ----------------------------------------------------------------------------- */

/* What jansson makes of one token. It lives as long as the pattern. */
static json_t *
decode(struct reader *r, size_t len, json_error_t *why)
{
	json_t *value = json_loadb(r->at, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, why);

	if (value == NULL && json_error_code(why) == json_error_out_of_memory)
		no_memory(r);
	else if (value != NULL && json_array_append_new(r->pattern->kept, value) != 0) {
		no_memory(r);
		why->text[0] = '\0';
		return NULL;
	}
	return value;
}

static bool
lacks_memory(const struct reader *r)
{
	return r->e->class == ERR_MEMORY;
}

/* NULL with the error. */
static json_t *
read_string(struct reader *r)
{
	size_t len = quoted_length(rest_of(r));
	json_error_t why;
	json_t *string;

	if (len == 0) {
		wrong(r, r->at, "this string has no closing quote in its line");
		return NULL;
	}
	string = decode(r, len, &why);
	if (string == NULL && !lacks_memory(r))
		wrong(r, r->at + (why.position > 0 && (size_t)why.position <= len ?
		    why.position - 1 : 0), "expected a JSON string: %s", why.text);
	r->at += string != NULL ? len : 0;
	return string;
}

static bool
is_number(const char *word, int len)
{
	int at = word[0] == '-' && len > 1;

	return word[at] >= '0' && word[at] <= '9';
}

static int
bad_word(struct reader *r, int len, const json_error_t *why)
{
	if (len == 0)
		return unexpected(r, "a value");
	if (json_error_code(why) == json_error_numeric_overflow)
		return wrong(r, r->at, "%.*s is too large: expected an integer of 64 bits at "
		    "most, or a double; *number stands for any", len, r->at);
	return wrong(r, r->at, "expected %s, got '%.*s'", is_number(r->at, len) ?
	    "a JSON number" : "a value (text needs quotes)", len, r->at);
}

static int
read_word(struct reader *r, struct node *n)
{
	size_t len = word_length(rest_of(r), 0);
	json_error_t why;

	n->kind = NODE_SCALAR;
	n->scalar = len > 0 ? decode(r, len, &why) : NULL;
	if (n->scalar == NULL)
		return lacks_memory(r) ? -1 : bad_word(r, len < 40 ? (int)len : 40, &why);
	r->at += len;
	return 0;
}

/* --- holes ------------------------------------------------------------------------------- */

static int
read_form(struct reader *r, struct node *n)
{
	size_t len = 1 + word_length(rest_of(r), 1);
	struct slice word = {r->at, len};

	for (int kind = NODE_ANY; kind <= NODE_NONE; kind++)
		if (slice_eq(word, node_forms[kind].word)) {
			n->kind = (enum node_kind)kind;
			r->at += len;
			return 0;
		}
	return wrong(r, r->at, "there is no %.*s: expected *, *string, *number, *boolean, "
	    "*object, *array, *null, *uuid, *time or *none", len < 40 ? (int)len : 40, r->at);
}

/* The letters behind a regex. JSON is UTF-8, and so are the regexes. */
static int
read_flags(struct reader *r, unsigned *flags)
{
	*flags = REGEX_UNICODE;
	for (; r->at < r->end && is_word(*r->at); r->at++)
		if (*r->at == 'i')
			*flags |= REGEX_NOCASE;
		else if (*r->at == 's')
			*flags |= REGEX_DOTALL;
		else if (*r->at == 'm')
			*flags |= REGEX_MULTILINE;
		else
			return unexpected(r, "i, s or m behind the regex");
	return 0;
}

/* Gives the regex to the pattern. */
static int
keep_regex(struct reader *r, struct node *n, struct regex *regex)
{
	struct pattern *p = r->pattern;
	struct regex_item *item = arena_take(&p->arena, sizeof *item);

	if (item == NULL) {
		regex_free(regex);
		return no_memory(r);
	}
	item->regex = regex;
	*p->last_regex = item;
	p->last_regex = &item->next;
	n->regex = regex;
	n->group = p->name_count;
	p->name_count += regex_names(regex);
	return 0;
}

static int
read_regex(struct reader *r, struct node *n)
{
	size_t len = quoted_length(rest_of(r));
	const char *start = r->at;
	struct regex *regex;
	unsigned flags;

	if (len == 0)
		return wrong(r, r->at, "this regex has no closing / in its line");
	if (r->pattern->regex_count++ == REGEXES_MAX)
		return wrong(r, r->at, "more than %d regexes in one pattern", REGEXES_MAX);
	r->at += len;
	if (read_flags(r, &flags) != 0)
		return -1;
	regex = regex_new((struct slice){start + 1, len - 2}, flags, r->e);
	if (regex == NULL) {
		r->e->code += (int)(start + 1 - r->start);
		return -1;
	}
	n->kind = NODE_REGEX;
	n->source = (struct slice){start, (size_t)(r->at - start)};
	n->source.data = arena_text(&r->pattern->arena, n->source);
	if (n->source.data == NULL) {
		regex_free(regex);
		return no_memory(r);
	}
	return keep_regex(r, n, regex);
}

/* --- nested ------------------------------------------------------------------------------ */

static int read_value(struct reader *r, struct node *n);

static int
enter(struct reader *r)
{
	if (r->depth == PATTERN_DEPTH)
		return wrong(r, r->at, "nested more than %d deep", PATTERN_DEPTH);
	r->depth++;
	r->at++;
	return 0;
}

/* Appends a node to the members or elements of another; NULL with the error. */
static struct node *
add_node(struct reader *r, struct node *to, struct node ***last)
{
	struct node *n = arena_take(&r->pattern->arena, sizeof *n);

	if (n == NULL) {
		no_memory(r);
		return NULL;
	}
	**last = n;
	*last = &n->next;
	to->count++;
	return n;
}

/* The name of a member, put into the set; NULL with the error. */
static const char *
read_name(struct reader *r, json_t *names)
{
	const char *at, *name;
	struct slice said;
	json_t *string;

	if (peek(r) != '"') {
		unexpected(r, "the name of a member in quotes");
		return NULL;
	}
	at = r->at;
	string = read_string(r);
	if (string == NULL)
		return NULL;
	name = json_string_value(string);
	said = (struct slice){name, json_string_length(string)};
	if (memchr(name, '\0', said.len) != NULL)
		wrong(r, at, "expected a name without a NUL");
	else if (json_object_get(names, name) != NULL)
		wrong(r, at, "the name \"%.80s\" is there twice", name);
	else if (json_object_set_new(names, name, json_null()) != 0)
		no_memory(r);
	else
		return name;
	return NULL;
}

static int
read_member(struct reader *r, struct node *n, struct node ***last)
{
	const char *name = read_name(r, n->names);
	struct node *member;

	if (name == NULL)
		return -1;
	if (!take(r, ':'))
		return unexpected(r, "':' behind the name");
	member = add_node(r, n, last);
	if (member == NULL)
		return -1;
	member->name = name;
	return read_value(r, member);
}

static int
read_members(struct reader *r, struct node *n)
{
	struct node **last = &n->first;

	if (enter(r) != 0)
		return -1;
	n->kind = NODE_MEMBERS;
	n->names = json_object();
	if (n->names == NULL || json_array_append_new(r->pattern->kept, n->names) != 0)
		return no_memory(r);
	if (peek(r) != '}')
		do
			if (read_member(r, n, &last) != 0)
				return -1;
		while (take(r, ','));
	if (!take(r, '}'))
		return unexpected(r, "',' or '}'");
	r->depth--;
	return 0;
}

static bool
at_dots(struct reader *r)
{
	return peek(r) == '.' && r->end - r->at >= 3 && memcmp(r->at, "...", 3) == 0;
}

static int
read_element(struct reader *r, struct node *n, struct node ***last)
{
	struct node *element;

	n->open = at_dots(r);
	if (n->open) {
		r->at += 3;
		return peek(r) == ']' ? 0 : unexpected(r,
		    "']', as ... stands for the rest of an array");
	}
	element = add_node(r, n, last);
	if (element == NULL || read_value(r, element) != 0)
		return -1;
	if (element->kind == NODE_NONE)
		return wrong(r, r->at - 5, "*none stands for a member of an object only");
	return 0;
}

static int
read_elements(struct reader *r, struct node *n)
{
	struct node **last = &n->first;

	if (enter(r) != 0)
		return -1;
	n->kind = NODE_ELEMENTS;
	if (peek(r) != ']')
		do
			if (read_element(r, n, &last) != 0)
				return -1;
		while (take(r, ','));
	if (!take(r, ']'))
		return unexpected(r, "',' or ']'");
	r->depth--;
	return 0;
}

/* Into a zeroed node. */
static int
read_value(struct reader *r, struct node *n)
{
	switch (peek(r)) {
	case '{':
		return read_members(r, n);
	case '[':
		return read_elements(r, n);
	case '*':
		return read_form(r, n);
	case '/':
		return read_regex(r, n);
	case '"':
		n->kind = NODE_SCALAR;
		return (n->scalar = read_string(r)) != NULL ? 0 : -1;
	default:
		return read_word(r, n);
	}
}

/* --- all of it --------------------------------------------------------------------------- */

static int
list_names(struct reader *r)
{
	struct pattern *p = r->pattern;
	size_t n = 0;

	p->names = arena_take(&p->arena, p->name_count * sizeof *p->names);
	if (p->names == NULL)
		return no_memory(r);
	for (struct regex_item *item = p->regexes; item != NULL; item = item->next)
		for (size_t i = 0; i < regex_names(item->regex); i++)
			p->names[n++] = regex_name(item->regex, i);
	return 0;
}

static int
read_all(struct reader *r)
{
	struct pattern *p = r->pattern;

	arena_init(&p->arena, MEMORY_MAX);
	p->last_regex = &p->regexes;
	p->kept = json_array();
	p->root = arena_take(&p->arena, sizeof *p->root);
	if (p->kept == NULL || p->root == NULL)
		return no_memory(r);
	if (read_value(r, p->root) != 0)
		return -1;
	if (peek(r) != '\0' || r->at < r->end)
		return unexpected(r, "the end of the pattern");
	return list_names(r);
}

struct pattern *
pattern_new(struct slice text, struct err *e)
{
	struct pattern *p = calloc(1, sizeof *p);
	const char *start = text.data != NULL ? text.data : "";
	struct err own = {.class = ERR_NONE};
	struct reader r = {.pattern = p, .start = start, .at = start, .end = start + text.len,
	    .e = &own};

	if ((p != NULL ? read_all(&r) : no_memory(&r)) == 0)
		return p;
	pattern_free(p);
	if (e != NULL)
		*e = own;
	return NULL;
}

/* --- where it ends ----------------------------------------------------------------------- */

static size_t
scalar_length(struct slice text)
{
	size_t at = 0;

	if (text.len > 0 && text.data[0] == '"')
		return quoted_length(text);
	if (text.len > 0 && text.data[0] == '/') {
		at = quoted_length(text);
		return at > 0 ? at + word_length(text, at) : 0;
	}
	while (at < text.len && !is_space(text.data[at]))
		at++;
	return at;
}

size_t
pattern_length(struct slice text)
{
	size_t depth = 0, at = 0, len;

	if (text.len == 0 || (text.data[0] != '{' && text.data[0] != '['))
		return scalar_length(text);
	while (at < text.len) {
		char c = text.data[at];

		len = 1;
		if (c == '"' || c == '/')
			len = quoted_length((struct slice){text.data + at, text.len - at});
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return at + 1;
		if (len == 0)
			return 0;
		at += len;
	}
	return 0;
}
