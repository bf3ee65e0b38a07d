/* What a message, or an answer, has to be. */
#include <string.h>

#include "lib/base/json_pointer.h"
#include "lib/script/parse.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"
#include "lib/script/verb.h"

static struct tokens *
tokens_of(const struct expecting *x)
{
	return &x->p->reading->tokens;
}

/* --- parts ------------------------------------------------------------------------------- */

const char *
parse_pointer(struct parser *p, struct token *k)
{
	const char *pointer = parse_constant(p, k, "a JSON Pointer such as /a/0");
	struct err e;

	if (pointer == NULL || json_pointer_check(pointer, &e) == 0)
		return pointer;
	parse_error(p, k->spot, "%s", e.text);
	return NULL;
}

static bool
is_token(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f ||
		    strchr("()<>@,;:\\\"/[]?={}", name.data[i]) != NULL)
			return false;
	return name.len > 0;
}

const char *
parse_field(struct parser *p, struct token *k)
{
	const char *name = parse_constant(p, k, "the name of a header field");
	char quote[PARSE_QUOTE];

	if (name == NULL || is_token(slice_of(name)))
		return name;
	parse_error(p, k->spot, "%s: expected the name of a header field, or a string such as "
	    "\"Name: value\"", parse_quote(quote, k->whole));
	return NULL;
}

struct text *
parse_string(struct parser *p, struct token *k, const char *what)
{
	struct err e;

	if (!tokens_more(&p->reading->tokens)) {
		parse_error_here(p, "expected %s", what);
		return NULL;
	}
	if (token_string(&p->reading->tokens, k, &e) != 0) {
		parse_error_token(p, &e);
		return NULL;
	}
	return parse_text(p, k, TEXT_PLAIN, 0);
}

static bool
at_quote(const struct tokens *t)
{
	return *t->at == '"' || *t->at == '\'';
}

/* --- conditions -------------------------------------------------------------------------- */

static int
take_any(struct expecting *x, struct condition *c)
{
	(void)x;
	(void)c;
	return 0;
}

/* text, contains, event, id */
static int
take_string(struct expecting *x, struct condition *c)
{
	struct token k;

	c->text = parse_string(x->p, &k, "a string");
	return c->text != NULL ? 0 : -1;
}

/* /…/ */
static int
take_slashes(struct expecting *x, struct condition *c)
{
	struct token k;
	struct err e;

	if (token_regex(tokens_of(x), &k, &e) != 0)
		return parse_error_token(x->p, &e);
	c->regex_flags = k.flags | REGEX_UNICODE;
	c->regex = parse_text(x->p, &k, TEXT_REGEX, 0);
	return c->regex == NULL ? -1 : parse_regex(x->p, &k, c, x->defines);
}

static int
take_regex(struct expecting *x, struct condition *c)
{
	struct token k;
	struct err e;

	if (!tokens_more(tokens_of(x)))
		return parse_error_here(x->p, "expected a regex such as /^a+$/i");
	if (*tokens_of(x)->at == '/')
		return take_slashes(x, c);
	if (token_string(tokens_of(x), &k, &e) != 0)
		return parse_error_token(x->p, &e);
	c->regex_flags = REGEX_UNICODE;
	c->regex = parse_text(x->p, &k, TEXT_REGEX, 0);
	return c->regex == NULL ? -1 : parse_regex(x->p, &k, c, x->defines);
}

static int
take_pattern(struct expecting *x, struct condition *c)
{
	struct token k;
	struct err e;

	if (!tokens_more(tokens_of(x)))
		return parse_error_here(x->p, "expected a JSON value or pattern");
	if (token_pattern(tokens_of(x), &k, &e) != 0)
		return parse_error_token(x->p, &e);
	c->text = parse_text(x->p, &k, TEXT_JSON, PARSE_PATTERN);
	return c->text == NULL ? -1 : parse_pattern(x->p, &k, c, x->defines);
}

static int
take_snapshot(struct expecting *x, struct condition *c)
{
	struct parser *p = x->p;
	struct token k;

	c->snapshot = parse_snapshot(p, &k);
	return c->snapshot != NULL ? 0 : -1;
}

static int
take_json(struct expecting *x, struct condition *c)
{
	c->exactly |= parse_word(x->p, "exactly");
	if (tokens_more(tokens_of(x)) && *tokens_of(x)->at == '@')
		return take_snapshot(x, c);
	return take_pattern(x, c);
}

static int
take_relation(struct expecting *x, struct condition *c)
{
	static const char *const words[] = {"=", "!=", "<", "<=", ">", ">="};
	char quote[PARSE_QUOTE];
	struct token k = {0};

	if (tokens_more(tokens_of(x)))
		token_word(tokens_of(x), &k);
	else
		return parse_error_here(x->p, "expected =, !=, <, <=, > or >=");
	for (int i = 0; i < 6; i++)
		if (slice_eq(k.whole, words[i])) {
			c->relation = (enum relation)i;
			return 0;
		}
	return parse_error(x->p, k.spot, "%s: expected =, !=, <, <=, > or >=",
	    parse_quote(quote, k.whole));
}

static int
take_path(struct expecting *x, struct condition *c)
{
	struct token k;

	c->pointer = parse_pointer(x->p, &k);
	if (c->pointer == NULL || take_relation(x, c) != 0)
		return -1;
	return take_pattern(x, c);
}

static int
take_hex(struct expecting *x, struct condition *c)
{
	c->text = parse_hex(x->p);
	return c->text != NULL ? 0 : -1;
}

static int
take_status(struct expecting *x, struct condition *c)
{
	struct parser *p = x->p;

	if (parse_codes(p, parse_is_status, "a status from 100 to 999") != 0)
		return -1;
	c->code_count = p->codes.count;
	c->codes = parse_gathered(p, &p->codes, 0);
	return c->codes != NULL ? 0 : -1;
}

/* "Name: value" in one string. */
static int
take_line(struct expecting *x, struct condition *c, const struct token *k, const char *colon)
{
	struct parser *p = x->p;
	struct token value = *k;
	struct slice name = {k->body.data, (size_t)(colon - k->body.data)};
	char quote[PARSE_QUOTE];

	if (!is_token(name))
		return parse_error(p, k->spot, "%s: expected the name of a header field, a colon "
		    "and its value", parse_quote(quote, k->whole));
	c->pointer = arena_text(&p->script->arena, name);
	if (c->pointer == NULL)
		return parse_error_memory(p);
	value.body = (struct slice){colon + 1, k->body.len - name.len - 1};
	value.body = slice_trim(value.body);
	c->text = parse_text(p, &value, TEXT_PLAIN, 0);
	return c->text != NULL ? 0 : -1;
}

static int
take_header(struct expecting *x, struct condition *c)
{
	struct tokens *t = tokens_of(x), before;
	const char *colon;
	struct token k;
	struct err e;

	if (!tokens_more(t))
		return parse_error_here(x->p, "expected \"Name: value\", or the name of a header "
		    "field");
	before = *t;
	if (token_string(t, &k, &e) != 0)
		return parse_error_token(x->p, &e);
	colon = k.quoted ? memchr(k.body.data, ':', k.body.len) : NULL;
	if (colon != NULL)
		return take_line(x, c, &k, colon);
	*t = before;
	if ((c->pointer = parse_field(x->p, &k)) == NULL)
		return -1;
	if (tokens_more(t) && *t->at == '/')
		return take_slashes(x, c);
	return tokens_more(t) && at_quote(t) ? take_string(x, c) : 0;
}

static const struct condition_word {
	const char *word;
	enum condition_kind kind;
	unsigned about;
	int (*take)(struct expecting *x, struct condition *c);
} condition_words[] = {
	{"any", CONDITION_ANY, ABOUT_MESSAGE | ABOUT_BODY, take_any},
	{"text", CONDITION_TEXT, ABOUT_MESSAGE | ABOUT_BODY, take_string},
	{"contains", CONDITION_CONTAINS, ABOUT_MESSAGE | ABOUT_BODY, take_string},
	{"regex", CONDITION_REGEX, ABOUT_MESSAGE | ABOUT_BODY, take_regex},
	{"json", CONDITION_JSON, ABOUT_MESSAGE | ABOUT_BODY, take_json},
	{"json-path", CONDITION_PATH, ABOUT_MESSAGE | ABOUT_BODY, take_path},
	{"hex", CONDITION_HEX, ABOUT_MESSAGE | ABOUT_BODY, take_hex},
	{"event", CONDITION_EVENT, ABOUT_MESSAGE, take_string},
	{"id", CONDITION_ID, ABOUT_MESSAGE, take_string},
	{"status", CONDITION_STATUS, ABOUT_ANSWER, take_status},
	{"header", CONDITION_HEADER, ABOUT_ANSWER, take_header},
};
enum { CONDITION_WORDS = sizeof condition_words / sizeof *condition_words };

static const struct condition_word *
find_condition(struct slice word)
{
	for (int i = 0; i < CONDITION_WORDS; i++)
		if (slice_eq(word, condition_words[i].word))
			return &condition_words[i];
	return NULL;
}

bool
parse_is_clause(struct slice word)
{
	for (const struct verb_row *r = verb_clauses; r->word != NULL; r++)
		if (slice_eq(word, r->word))
			return true;
	return slice_eq(word, "for");
}

/* --- what is none ------------------------------------------------------------------------ */

/* The closest of all that could stand there; data NULL: none is close. */
static struct slice
guess(struct slice word)
{
	const struct verb_row *const tables[] = {verb_matchers, verb_clauses};
	struct slice closest = {NULL, 0};
	size_t best = symbols_near(word) + 1, d;

	for (int i = 0; i < 2; i++)
		for (const struct verb_row *r = tables[i]; r->word != NULL; r++) {
			d = symbols_distance(word, slice_of(r->word));
			if (d < best) {
				best = d;
				closest = slice_of(r->word);
			}
		}
	return closest;
}

const char *
parse_expected(const struct expecting *x)
{
	if (x->about == ABOUT_ANSWER)
		return "status, header, within, as, save or the end of the line";
	if ((x->about & ABOUT_BODY) != 0)
		return "status, header, any, a \"string\", contains, regex, json, json-path, "
		    "hex, within, as, save or the end of the line";
	return "any, a \"string\", contains, regex, json, json-path, hex, event, id, none, "
	    "close, status, header, failed, within, as, save or the end of the line";
}

static int
unexpected(struct expecting *x, const struct token *k)
{
	char quote[PARSE_QUOTE], meant[PARSE_MEANT];
	struct slice closest = guess(k->whole);

	parse_quote(quote, k->whole);
	if (closest.data != NULL && !slice_eq(k->whole, closest.data))
		return parse_error(x->p, k->spot, "%s is nothing to expect%s", quote,
		    parse_meant(meant, "", closest, ""));
	return parse_error(x->p, k->spot, "%s: expected %s", quote, parse_expected(x));
}

static int
misplaced(struct expecting *x, const struct token *k, const struct condition_word *w)
{
	if (x->about == ABOUT_MESSAGE)
		return parse_error(x->p, k->spot, "%s is about the answer to opening and stands "
		    "with status and header only, not with what a message is", w->word);
	if (x->about == ABOUT_ANSWER)
		return parse_error(x->p, k->spot, "%s is about a message: expected status or "
		    "header here, which are about the answer to opening", w->word);
	return parse_error(x->p, k->spot, "the answer to a request has no %s: expected %s",
	    w->word,
	    parse_expected(x));
}

/* --- all conditions of a line ------------------------------------------------------------ */

/* 1: one was read; 0: something else stands here. */
static int
take_symbol(struct expecting *x, struct condition *c)
{
	char first = *tokens_of(x)->at;

	if ((x->about & (ABOUT_MESSAGE | ABOUT_BODY)) == 0 || strchr("{[/\"'", first) == NULL)
		return 0;
	c->kind = first == '/' ? CONDITION_REGEX :
	    first == '{' || first == '[' ? CONDITION_JSON : CONDITION_TEXT;
	return (first == '/' ? take_slashes(x, c) : c->kind == CONDITION_JSON ?
	    take_pattern(x, c) : take_string(x, c)) == 0 ? 1 : -1;
}

/* The same at a word. */
static int
take_word(struct expecting *x, struct condition *c)
{
	struct tokens *t = tokens_of(x), before = *t;
	const struct condition_word *w;
	struct token k;

	token_word(t, &k);
	if (parse_is_clause(k.whole)) {
		*t = before;
		return 0;
	}
	if (slice_eq(k.whole, "exactly") && x->about != ABOUT_ANSWER) {
		c->kind = CONDITION_JSON;
		c->exactly = true;
		return take_json(x, c) == 0 ? 1 : -1;
	}
	w = find_condition(k.whole);
	if (w == NULL)
		return unexpected(x, &k);
	if ((w->about & x->about) == 0)
		return misplaced(x, &k, w);
	c->kind = w->kind;
	return w->take(x, c) == 0 ? 1 : -1;
}

int
parse_conditions(struct expecting *x, struct expect *expect)
{
	struct parser *p = x->p;
	struct tokens *t = &p->reading->tokens;
	struct condition *c, one;
	int taken = 0;

	p->conditions.count = 0;
	while (tokens_more(t)) {
		one = (struct condition){.spot = {t->file, t->line,
		    (unsigned)(t->at - t->line_start) + 1}};
		taken = take_symbol(x, &one);
		if (taken == 0)
			taken = take_word(x, &one);
		if (taken <= 0)
			break;
		if ((c = pile_add(&p->conditions)) == NULL)
			return parse_error(p, one.spot, "more than %zu conditions in one line",
			    p->conditions.max);
		*c = one;
	}
	if (taken < 0)
		return -1;
	expect->condition_count = p->conditions.count;
	expect->conditions = parse_gathered(p, &p->conditions, 0);
	return p->stop ? -1 : 0;
}
