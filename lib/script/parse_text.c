/* Texts: escapes are undone and variables found in one go, since an escaped brace is none of a
 * variable. What lies between is lent from the file's text where that is possible. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/script/parse.h"
#include "lib/script/text_compile.h"

/* A text being compiled. */
struct compiling {
	struct parser *p;
	const struct token *token;
	enum text_form form;
	unsigned flags;
	const char *at, *end;
	const char *from;                /* where the bytes begin that are not in a piece yet */
	struct buf undone;               /* the same with escapes undone; used with `escaped` */
	bool in_string, in_regex;        /* of JSON */
};

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_name(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

static struct spot
place(const struct compiling *c, const char *at)
{
	return token_place(&c->p->reading->tokens, c->token, at);
}

/* --- pieces ------------------------------------------------------------------------------ */

static struct piece *
add_piece(struct compiling *c, enum text_part_kind kind, const char *source)
{
	struct piece *piece = pile_add(&c->p->pieces);

	if (piece == NULL) {
		parse_error(c->p, place(c, source), "more than %zu variables in one text",
		    c->p->pieces.max / 2);
		return NULL;
	}
	piece->part = (struct text_part){.kind = kind, .quoted = c->in_string,
	    .in_regex = c->in_regex};
	piece->source = source;
	return piece;
}

/* What was passed becomes a piece. */
static int
flush(struct compiling *c)
{
	struct slice bytes = {c->from, (size_t)(c->at - c->from)};
	struct piece *piece;

	if (c->token->escaped)
		bytes = (struct slice){(char *)c->undone.data, c->undone.len};
	if (bytes.len == 0)
		return 0;
	if ((piece = add_piece(c, TEXT_BYTES, c->from)) == NULL)
		return -1;
	piece->part.bytes = bytes;
	if (!c->token->escaped)
		return 0;
	piece->part.bytes.data = arena_text(&c->p->script->arena, bytes);
	buf_drop(&c->undone, c->undone.len);
	return piece->part.bytes.data != NULL ? 0 : parse_error_memory(c->p);
}

/* --- variables --------------------------------------------------------------------------- */

/* What stands between braces. */
struct braces {
	struct slice whole;              /* "{rand:10}" */
	struct slice name;               /* "rand" */
	struct slice argument;           /* "10"; data NULL: none */
	bool last_id;                    /* {NAME.last_id} */
};

/* false: they are no variable, whatever there is. */
static bool
find_braces(const struct compiling *c, struct braces *b)
{
	static const char suffix[] = ".last_id}";
	const char *at = c->at + 1;

	*b = (struct braces){.name = {at, 0}};
	if (at == c->end || !is_letter(*at))
		return false;
	while (at < c->end && is_name(*at))
		at++;
	b->name.len = (size_t)(at - b->name.data);
	if (c->end - at >= 9 && memcmp(at, suffix, 9) == 0) {
		b->last_id = true;
		at += 8;
	} else if (at < c->end && *at == ':') {
		b->argument.data = ++at;
		while (at < c->end && (is_name(*at) || *at == '.'))
			at++;
		b->argument.len = (size_t)(at - b->argument.data);
		if (b->argument.len == 0)
			return false;
	}
	b->whole = (struct slice){c->at, (size_t)(at - c->at) + 1};
	return at < c->end && *at == '}';
}

bool
parse_is_variable(const char *at, const char *end)
{
	struct compiling c = {.at = at, .end = end};
	struct braces b;

	return find_braces(&c, &b);
}

static bool
stays(const struct compiling *c, const struct braces *b)
{
	return (c->flags & PARSE_OPEN_URL) != 0 && b->argument.data == NULL && !b->last_id &&
	    (slice_eq(b->name, "last_id") || slice_eq(b->name, "wait") ||
	    slice_eq(b->name, "wait_ms"));
}

static int
fill_environment(struct compiling *c, const struct braces *b)
{
	const struct script_params *params = c->p->params;
	char *name = strndup(b->argument.data, b->argument.len);
	const char *value = name != NULL && params->environment != NULL ?
	    params->environment(name) : NULL;
	struct piece *piece;
	struct buf filled;
	int failed = -1;

	free(name);
	if (value == NULL)
		return parse_error(c->p, place(c, b->whole.data),
		    "{env:%.*s} is not set in the environment",
		    (int)(b->argument.len < 100 ? b->argument.len : 100), b->argument.data);
	if ((piece = add_piece(c, TEXT_BYTES, b->whole.data)) == NULL)
		return -1;
	piece->filled = true;
	buf_init(&filled, SCRIPT_FILE_MAX);
	if (text_add(&filled, text_way(c->form, &piece->part), slice_of(value)) == 0) {
		piece->part.bytes = (struct slice){(char *)filled.data, filled.len};
		piece->part.bytes.data = arena_text(&c->p->script->arena, piece->part.bytes);
		failed = piece->part.bytes.data != NULL ? 0 : parse_error_memory(c->p);
	} else
		parse_error(c->p, place(c, b->whole.data), "{env:%.*s} is not UTF-8, or too long",
		    (int)(b->argument.len < 100 ? b->argument.len : 100), b->argument.data);
	buf_release(&filled);
	return failed;
}

/* Which of the script's uuids it is, by a name that may be empty. */
static int
fill_uuid(struct compiling *c, struct piece *piece, struct slice name)
{
	struct symbols *uuids = &c->p->uuids;
	long number;

	name = name.data != NULL ? name : (struct slice){"", 0};
	number = symbols_find(uuids, name);
	if (number < 0 && (number = symbols_add(uuids, name)) < 0) {
		c->p->stop = true;
		return parse_error(c->p, place(c, c->at), "expected at most %d uuids by name",
		    SYMBOLS_MAX);
	}
	piece->part.number = (uint64_t)number;
	return 0;
}

static int
fill_rand(struct compiling *c, struct piece *piece, const struct braces *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->argument.len && n <= UINT64_MAX / 100; i++) {
		char digit = b->argument.data[i];

		n = digit >= '0' && digit <= '9' ? n * 10 + (uint64_t)(digit - '0') : UINT64_MAX;
	}
	if (n == 0 || n > UINT64_MAX / 100)
		return parse_error(c->p, place(c, b->whole.data),
		    "expected {rand:N}, a number from 0 to N - 1 such as {rand:100}");
	piece->part.number = n;
	return 0;
}

static const struct {
	const char *name;
	enum text_part_kind kind;
	bool argument;                   /* it may have one */
} built_in[] = {
	{"uuid", TEXT_UUID, true}, {"now", TEXT_NOW, false}, {"seq", TEXT_SEQ, false},
	{"rand", TEXT_RAND, true}, {"conn", TEXT_CONN, false},
	{"iteration", TEXT_ITERATION, false}, {"url", TEXT_URL, false},
};
enum { BUILT_IN = sizeof built_in / sizeof *built_in };

static int
fill_built_in(struct compiling *c, const struct braces *b, size_t which)
{
	struct piece *piece;

	if (b->argument.data != NULL && !built_in[which].argument)
		return parse_error(c->p, place(c, b->whole.data),
		    "{%s} takes nothing behind a colon", built_in[which].name);
	if ((piece = add_piece(c, built_in[which].kind, b->whole.data)) == NULL)
		return -1;
	if (built_in[which].kind == TEXT_UUID)
		return fill_uuid(c, piece, b->argument);
	return built_in[which].kind == TEXT_RAND ? fill_rand(c, piece, b) : 0;
}

static size_t
find_built_in(const struct braces *b)
{
	size_t i;

	for (i = 0; i < BUILT_IN; i++)
		if (slice_eq(b->name, built_in[i].name))
			break;
	return b->last_id ? BUILT_IN : i;
}

static int
unknown(struct compiling *c, const struct braces *b)
{
	struct symbols *names = b->last_id ? &c->p->parties : &c->p->variables;
	const char *after = b->last_id ? ".last_id}" : "}", *kind = b->last_id ? "party" : "var"
	    "iable";
	char quote[PARSE_QUOTE], meant[PARSE_MEANT];

	if (c->p->unsure)
		return 0;
	if (b->argument.data != NULL)
		return parse_error(c->p, place(c, b->whole.data), "%s: no such variable; "
		    "expected {NAME}, {env:NAME}, {uuid:NAME} or {rand:N}; in a string a brace "
		    "that is none is \\u007b", parse_quote(quote, b->whole));
	return parse_error(c->p, place(c, b->whole.data), "%s: no such %s above%s",
	    parse_quote(quote, b->whole), kind, parse_meant(meant, "{",
	    parse_guess(c->p, names, b->name), after));
}

static bool
is_known(const struct compiling *c, const struct braces *b)
{
	if (b->last_id)
		return symbols_find(&c->p->parties, b->name) >= 0;
	if (b->argument.data != NULL)
		return slice_eq(b->name, "env") || find_built_in(b) < BUILT_IN;
	return find_built_in(b) < BUILT_IN || symbols_find(&c->p->variables, b->name) >= 0;
}

static int
fill_named(struct compiling *c, const struct braces *b)
{
	struct symbols *names = b->last_id ? &c->p->parties : &c->p->variables;
	long number = symbols_find(names, b->name);
	struct piece *piece;

	piece = add_piece(c, b->last_id ? TEXT_LAST_ID : TEXT_VARIABLE, b->whole.data);
	if (piece == NULL)
		return -1;
	piece->part.number = number >= 0 ? (uint64_t)number : 0;
	return 0;
}

/* At a brace. 1: it was a variable, and is passed; 0: it is a brace. */
static int
take_variable(struct compiling *c, bool in_regex)
{
	struct braces b;
	size_t which;
	int failed;

	if (!find_braces(c, &b) || stays(c, &b) || (in_regex && !is_known(c, &b)))
		return 0;
	if (flush(c) != 0)
		return -1;
	which = find_built_in(&b);
	if (slice_eq(b.name, "env") && !b.last_id)
		failed = b.argument.data != NULL ? fill_environment(c, &b) :
		    parse_error(c->p, place(c, b.whole.data), "expected {env:NAME}");
	else if (which < BUILT_IN)
		failed = fill_built_in(c, &b, which);
	else
		failed = is_known(c, &b) || unknown(c, &b) == 0 ? fill_named(c, &b) : -1;
	c->at = c->from = b.whole.data + b.whole.len;
	return failed != 0 ? -1 : 1;
}

/* --- a whole text ------------------------------------------------------------------------ */

/* At a backslash in a string in double quotes. */
static int
take_escape(struct compiling *c)
{
	const char *at = c->at;
	char bytes[4];
	struct err e;
	size_t n = token_escape(&c->at, c->end, bytes, &e);

	if (n == 0)
		return parse_error(c->p, place(c, at), "%s", e.text);
	return buf_add(&c->undone, bytes, n) == 0 ? 0 : parse_error_memory(c->p);
}

static int
take_byte(struct compiling *c)
{
	if (c->token->escaped && buf_add(&c->undone, c->at, 1) != 0)
		return parse_error_memory(c->p);
	c->at++;
	return 0;
}

/* In a regex what follows a backslash is never a variable: neither \{ nor the braces of \p{L},
 * \x{2028} or \k{name}. */
static int
take_backslash(struct compiling *c)
{
	if (take_byte(c) != 0 || c->at == c->end)
		return 0;
	if (strchr("pPxgkoNu", *c->at) != NULL && c->end - c->at > 1 && c->at[1] == '{' &&
	    take_byte(c) != 0)
		return -1;
	return take_byte(c);
}

/* Which part of JSON is left or entered at a byte. */
static void
follow_json(struct compiling *c)
{
	char byte = *c->at;

	if (byte == '"' && !c->in_regex)
		c->in_string = !c->in_string;
	else if (byte == '/' && !c->in_string && (c->flags & PARSE_PATTERN) != 0)
		c->in_regex = !c->in_regex;
	else if (byte == '\n')
		c->in_regex = c->in_string = false;
}

static int
take_next(struct compiling *c)
{
	bool in_regex = c->form == TEXT_REGEX || c->in_regex;
	int taken;

	if (*c->at == '{' && !c->token->plain && (taken = take_variable(c, in_regex)) != 0)
		return taken < 0 ? -1 : 0;
	if (*c->at == '\\' && c->token->escaped)
		return take_escape(c);
	if (*c->at == '\\' && (in_regex || c->in_string))
		return take_backslash(c);
	if (c->form == TEXT_JSON)
		follow_json(c);
	return take_byte(c);
}

static struct slice
joined(struct parser *p, const struct piece *first, size_t count)
{
	size_t len = 0;
	char *into, *at;

	if (count == 1)
		return first->part.bytes;
	for (size_t i = 0; i < count; i++)
		len += first[i].part.bytes.len;
	into = at = parse_take(p, len + 1);
	for (size_t i = 0; i < count && into != NULL; i++) {
		memcpy(at, first[i].part.bytes.data, first[i].part.bytes.len);
		at += first[i].part.bytes.len;
	}
	return (struct slice){into, len};
}

/* Makes the text of the pieces: bytes beside bytes become one part. */
static struct text *
finish(struct parser *p, enum text_form form)
{
	const struct piece *pieces = p->pieces.items;
	struct text *t = parse_take(p, sizeof *t);
	size_t run;

	if (t == NULL)
		return NULL;
	t->form = form;
	t->parts = parse_take(p, (p->pieces.count + 1) * sizeof *t->parts);
	for (size_t i = 0; i < p->pieces.count && t->parts != NULL; i += run) {
		run = 1;
		t->parts[t->count] = pieces[i].part;
		while (pieces[i].part.kind == TEXT_BYTES && i + run < p->pieces.count &&
		    pieces[i + run].part.kind == TEXT_BYTES)
			run++;
		if (pieces[i].part.kind == TEXT_BYTES)
			t->parts[t->count].bytes = joined(p, &pieces[i], run);
		t->count++;
	}
	return p->stop ? NULL : t;
}

struct text *
parse_text(struct parser *p, const struct token *k, enum text_form form, unsigned flags)
{
	struct compiling c = {.p = p, .token = k, .form = form, .flags = flags,
	    .at = k->body.data, .from = k->body.data, .end = k->body.data + k->body.len};
	int failed = 0;

	p->pieces.count = 0;
	buf_init(&c.undone, SCRIPT_FILE_MAX);
	while (c.at < c.end && failed == 0)
		failed = take_next(&c);
	if (failed == 0)
		failed = flush(&c);
	buf_release(&c.undone);
	return failed == 0 ? finish(p, form) : NULL;
}

struct text *
parse_bytes(struct parser *p, struct slice bytes)
{
	struct text *t = parse_take(p, sizeof *t);
	struct text_part *part = parse_take(p, sizeof *part);

	if (t == NULL || part == NULL)
		return NULL;
	*part = (struct text_part){.kind = TEXT_BYTES, .bytes = bytes};
	*t = (struct text){TEXT_PLAIN, bytes.len > 0, part};
	return t;
}

/* --- trying it out ----------------------------------------------------------------------- */

/* What is JSON with a number there is JSON with most other things, too. */
static struct slice
stand_in(enum text_form form, const struct text_part *part)
{
	if (part->kind == TEXT_BYTES)
		return part->bytes;
	return slice_of(text_way(form, part) == TEXT_AS_IT_IS ? "0" : "x");
}

int
parse_stand_in(struct parser *p, const struct text *t, struct buf *into)
{
	for (size_t i = 0; i < t->count; i++) {
		struct slice bytes = stand_in(t->form, &t->parts[i]);

		if (buf_add(into, bytes.data, bytes.len) != 0)
			return parse_error_memory(p);
	}
	return 0;
}

/* Where the escaped text is that stands for the byte of that number. */
static const char *
undo_up_to(const struct token *k, const char *at, size_t count)
{
	const char *end = k->body.data + k->body.len;
	char bytes[4];
	size_t n;

	while (count > 0 && at < end) {
		const char *from = at;

		n = *at == '\\' ? token_escape(&at, end, bytes, NULL) : 1;
		if (n > count)
			return from;
		at += from == at;
		count -= n;
	}
	return at;
}

struct spot
parse_source(struct parser *p, const struct token *k, const struct text *t, size_t at)
{
	const struct piece *pieces = p->pieces.items;
	const char *source = k->body.data + k->body.len;

	for (size_t i = 0; i < p->pieces.count; i++) {
		size_t len = stand_in(t->form, &pieces[i].part).len;

		if (at >= len) {
			at -= len;
			continue;
		}
		source = pieces[i].source;
		if (pieces[i].part.kind == TEXT_BYTES && !pieces[i].filled)
			source = k->escaped ? undo_up_to(k, source, at) : source + at;
		break;
	}
	return token_place(&p->reading->tokens, k, source);
}
