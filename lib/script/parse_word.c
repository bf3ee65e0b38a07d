/* The words that all statements are made of. */
#include <string.h>

#include "lib/base/units.h"
#include "lib/script/parse.h"
#include "lib/script/verb.h"

/* --- names ------------------------------------------------------------------------------- */

static bool
is_reserved(struct slice name)
{
	static const char *const words[] = {"uuid", "now", "seq", "rand", "conn", "iteration",
	    "url", "env"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_eq(name, words[i]))
			return true;
	return false;
}

/* NULL: it can be the name of a variable. */
static const char *
wrong_with(struct slice name)
{
	if (!symbols_valid(name))
		return "a name has up to 64 letters, digits, _ and -, and begins with a letter "
		    "or _";
	if (verb_find(VERB_FIRST, name) != NULL)
		return "expected a name that is no word which begins a line";
	return is_reserved(name) ? "it has a meaning of its own, expected another name" : NULL;
}

int
parse_define(struct parser *p, struct slice name, struct spot spot, size_t *slot)
{
	const char *wrong = wrong_with(name);
	const struct slice *defined = p->defined.items;
	long known = symbols_find(&p->variables, name);
	char quote[PARSE_QUOTE];
	struct slice *place;
	size_t i = 0;

	if (wrong != NULL)
		return parse_error(p, spot, "%s cannot be set: %s", parse_quote(quote, name),
		    wrong);
	*slot = (size_t)known;
	if (known >= 0)
		return 0;
	while (i < p->defined.count && (defined[i].len != name.len ||
	    memcmp(defined[i].data, name.data, name.len) != 0))
		i++;
	*slot = p->variables.count + i;
	if (i < p->defined.count)
		return 0;
	if (*slot >= SYMBOLS_MAX || (place = pile_add(&p->defined)) == NULL) {
		p->stop = true;
		return parse_error(p, spot, "expected a script of at most %d variables, and %zu "
		    "in one line", SYMBOLS_MAX, p->defined.max);
	}
	*place = name;
	return 0;
}

void
parse_known(struct parser *p)
{
	const struct slice *defined = p->defined.items;

	for (size_t i = 0; i < p->defined.count && !p->stop; i++)
		if (symbols_add(&p->variables, defined[i]) < 0)
			parse_error_memory(p);
	p->defined.count = 0;
}

void
parse_defines(struct parser *p)
{
	const struct script_params *params = p->params;

	for (size_t i = 0; i < params->define_count; i++) {
		struct slice name = slice_of(params->defines[i].name);
		const char *wrong = wrong_with(name);
		char quote[PARSE_QUOTE];
		struct err e;

		if (wrong != NULL) {
			err_set(&e, ERR_USAGE, 0, "-D: %s cannot be set: %s",
			    parse_quote(quote, name), wrong);
			parse_error_file(p, p->script->name, e.text);
		} else if (symbols_find(&p->variables, name) < 0 &&
		    symbols_add(&p->variables, name) < 0)
			parse_error_memory(p);
	}
}

/* --- words ------------------------------------------------------------------------------- */

bool
parse_word(struct parser *p, const char *word)
{
	struct tokens *t = &p->reading->tokens, before;
	struct token k;

	if (!tokens_more(t))
		return false;
	before = *t;
	token_word(t, &k);
	if (slice_eq(k.whole, word))
		return true;
	*t = before;
	return false;
}

int
parse_bare(struct parser *p, struct token *k, const char *what)
{
	if (!tokens_more(&p->reading->tokens))
		return parse_error_here(p, "expected %s", what);
	return token_word(&p->reading->tokens, k);
}

const char *
parse_constant(struct parser *p, struct token *k, const char *what)
{
	char quote[PARSE_QUOTE];
	struct slice bytes;
	struct text *text;
	struct err e;
	char *copy;

	if (!tokens_more(&p->reading->tokens)) {
		parse_error_here(p, "expected %s", what);
		return NULL;
	}
	if (token_string(&p->reading->tokens, k, &e) != 0) {
		parse_error_token(p, &e);
		return NULL;
	}
	if ((text = parse_text(p, k, TEXT_PLAIN, 0)) == NULL)
		return NULL;
	bytes = text_constant(text);
	if (!text_is_constant(text) || memchr(bytes.data, '\0', bytes.len) != NULL) {
		parse_error(p, k->spot, "%s: expected %s, without variables or NUL",
		    parse_quote(quote, k->whole), what);
		return NULL;
	}
	if ((copy = arena_text(&p->script->arena, bytes)) == NULL)
		parse_error_memory(p);
	return copy;
}

int
parse_time(struct parser *p, uint64_t *ns, const char *what)
{
	static const char units[] = "a time with its unit such as 200ms, 5s or 1m30s "
	    "(us, ms, s, m, h)";
	char text[40] = "", quote[PARSE_QUOTE];
	struct token k = {0};
	char last;

	if (!tokens_more(&p->reading->tokens))
		return parse_error_here(p, "%s: expected %s", what, units);
	token_word(&p->reading->tokens, &k);
	if (k.whole.len < sizeof text)
		memcpy(text, k.whole.data, k.whole.len);
	last = k.whole.data[k.whole.len - 1];
	if (last >= '0' && last <= '9' && units_duration(text, ns, NULL) == 0)
		return parse_error(p, k.spot, "%s has no unit: expected %s",
		    parse_quote(quote, k.whole), units);
	if (units_duration(text, ns, NULL) == 0)
		return 0;
	return parse_error(p, k.spot, "%s: expected %s, of at most 366 days",
	    parse_quote(quote, k.whole), units);
}

int
parse_name(struct parser *p, struct token *k, const char *what)
{
	char quote[PARSE_QUOTE];

	if (parse_bare(p, k, what) != 0)
		return -1;
	if (!symbols_valid(k->whole))
		return parse_error(p, k->spot, "%s: expected %s: up to %d letters, digits, _ "
		    "and -, the first one a letter or _", parse_quote(quote, k->whole), what,
		    SYMBOL_LENGTH);
	if (verb_find(VERB_FIRST, k->whole) != NULL)
		return parse_error(p, k->spot, "%s begins a line: expected another name",
		    parse_quote(quote, k->whole));
	return 0;
}

int
parse_end(struct parser *p, const char *what)
{
	struct tokens *t = &p->reading->tokens;
	char quote[PARSE_QUOTE];
	struct token k;

	if (!tokens_more(t))
		return 0;
	token_word(t, &k);
	return parse_error(p, k.spot, "%s: expected %s", parse_quote(quote, k.whole), what);
}
