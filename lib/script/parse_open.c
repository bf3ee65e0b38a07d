#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/url.h"
#include "lib/script/parse.h"
#include "lib/script/verb.h"

/* --- options ----------------------------------------------------------------------------- */

static bool
ends_options(struct slice word, bool http)
{
	for (const struct verb_row *r = verb_clauses; r->word != NULL; r++)
		if (slice_eq(word, r->word))
			return true;
	return http && (slice_eq(word, "body") || slice_eq(word, "<"));
}

static struct slice
guess_option(struct slice word)
{
	struct slice closest = {NULL, 0};
	size_t best = symbols_near(word) + 1, d;

	for (const struct script_option *o = script_options; o->name != NULL; o++) {
		d = symbols_distance(word, slice_of(o->name));
		if (d < best) {
			best = d;
			closest = slice_of(o->name);
		}
	}
	return closest;
}

static int
unknown_option(struct parser *p, const struct token *k, bool http)
{
	struct slice name = k->whole, closest;
	char quote[PARSE_QUOTE], meant[PARSE_MEANT];

	while (name.len > 1 && *name.data == '-') {
		name.data++;
		name.len--;
	}
	closest = guess_option(name);
	parse_quote(quote, k->whole);
	if (closest.data != NULL)
		return parse_error(p, k->spot, "there is no option %s%s", quote,
		    parse_meant(meant, "", closest, ""));
	return parse_error(p, k->spot, "%s: expected an option such as header, %swithin, as%s or "
	    "the end of the line", quote, http ? "body, <, " : "", http ? ", save" : "");
}

/* A file is meant where it stands, whatever the links in its path are later. NULL: told. */
static const char *
find_file(struct parser *p, struct setting *s, const struct token *k, const char *value)
{
	struct err e;
	char *place = script_option_place(s->option, p->script, k->spot.file, value, &e), *copy;

	if (place == NULL) {
		parse_error(p, k->spot, "%s: %s", s->option->name, e.text);
		return NULL;
	}
	copy = arena_text(&p->script->arena, slice_of(place));
	free(place);
	if (copy == NULL)
		parse_error_memory(p);
	else if ((s->value = parse_bytes(p, slice_of(copy))) == NULL)
		return NULL;
	return copy;
}

/* What a value comes to is known when it has no variables. */
static int
try_value(struct parser *p, struct setting *s, const struct token *k)
{
	const struct script_option *o = s->option;
	struct slice bytes = text_constant(s->value);
	const char *copy;
	struct err e;

	if (!text_is_constant(s->value))
		return 0;
	if (memchr(bytes.data, '\0', bytes.len) != NULL)
		return parse_error(p, k->spot, "%s: expected a value without NUL", o->name);
	if ((copy = arena_text(&p->script->arena, bytes)) == NULL)
		return parse_error_memory(p);
	if (s->names != NULL && (copy = find_file(p, s, k, copy)) == NULL)
		return -1;
	if (o->apply(&p->set, copy, &e) != 0)
		return parse_error(p, k->spot, "%s: %s", o->name, e.text);
	return 0;
}

static int
take_value(struct parser *p, const struct script_option *o, struct setting *s)
{
	struct tokens *t = &p->reading->tokens;
	struct token k;
	struct err e;

	if (o->argument == NULL)
		return o->apply(&p->set, NULL, &e) == 0 ? 0 :
		    parse_error(p, s->spot, "%s: %s", o->name, e.text);
	if (!tokens_more(t))
		return parse_error_here(p, "%s needs %s", o->name, o->argument);
	if (token_string(t, &k, &e) != 0)
		return parse_error_token(p, &e);
	s->value = parse_text(p, &k, TEXT_PLAIN, 0);
	return s->value == NULL ? -1 : try_value(p, s, &k);
}

static size_t
count_of(const struct parser *p, const struct script_option *o)
{
	const struct setting *items = p->settings.items;
	size_t count = 0;

	for (size_t i = 0; i < p->settings.count; i++)
		count += items[i].option == o;
	return count;
}

static int
take_option(struct parser *p, const struct token *k, bool http, struct settings *settings)
{
	const struct script_option *o = script_option_find(k->whole);
	struct setting one = {.option = o, .spot = k->spot}, *place;
	size_t count;

	if (o == NULL)
		return unknown_option(p, k, http);
	if (http && !o->of_http)
		return parse_error(p, k->spot, "%s is an option of open, not of http", o->name);
	count = count_of(p, o);
	if (count > 0 && !o->many)
		return parse_error(p, k->spot, "%s stands here twice: expected it once", o->name);
	if (o->other != NULL && count_of(p, script_option_find(slice_of(o->other))) > 0)
		return parse_error(p, k->spot, "%s and %s exclude each other", o->other, o->name);
	if (count == OPTION_LIST_MAX)
		return parse_error(p, k->spot, "expected at most %d times %s", OPTION_LIST_MAX,
		    o->name);
	if (script_option_names(o))
		one.names = p->script;
	if (take_value(p, o, &one) != 0)
		return -1;
	if ((place = pile_add(&p->settings)) == NULL)
		return parse_error_memory(p);
	*place = one;
	if (one.value != NULL && !text_is_constant(one.value))
		settings->constant = false;
	return 0;
}

static int
take_options(struct parser *p, bool http, struct settings *settings)
{
	struct tokens *t = &p->reading->tokens, before;
	struct token k;

	p->settings.count = 0;
	p->set = (struct option_set){.lists = &p->lists};
	p->lists.cookie_count = 0;
	settings->constant = true;
	while (tokens_more(t)) {
		before = *t;
		token_word(t, &k);
		if (ends_options(k.whole, http)) {
			*t = before;
			break;
		}
		if (take_option(p, &k, http, settings) != 0)
			return -1;
	}
	settings->count = p->settings.count;
	settings->items = parse_gathered(p, &p->settings, 0);
	return p->stop ? -1 : 0;
}

/* --- URLs -------------------------------------------------------------------------------- */

static bool
begins(struct slice text, const char *front)
{
	struct slice start = {text.data, strlen(front)};

	return text.len >= start.len && slice_eq_nocase(start, front);
}

enum scheme {
	SCHEME_UNKNOWN,                  /* a variable */
	SCHEME_WS,
	SCHEME_HTTP,
	SCHEME_WRONG,
};

/* As far as the URL is known. */
static enum scheme
scheme_of(const struct text *url)
{
	struct slice front = {"", 0};

	if (url->count > 0 && url->parts[0].kind != TEXT_BYTES)
		return SCHEME_UNKNOWN;
	if (url->count > 0)
		front = url->parts[0].bytes;
	if (begins(front, "ws://") || begins(front, "wss://"))
		return SCHEME_WS;
	if (begins(front, "http://") || begins(front, "https://"))
		return SCHEME_HTTP;
	return !text_is_constant(url) && memmem(front.data, front.len, "://", 3) == NULL &&
	    memchr(front.data, ':', front.len) == NULL ? SCHEME_UNKNOWN : SCHEME_WRONG;
}

/* All of it, when it is known. */
static int
try_url(struct parser *p, const struct token *k, const struct text *text)
{
	enum transport transport = TRANSPORT_WS;
	struct slice bytes = text_constant(text);
	char *copy;
	struct url u;
	struct err e;
	int failed;

	if (!text_is_constant(text))
		return 0;
	if (memchr(bytes.data, '\0', bytes.len) != NULL)
		return parse_error(p, k->spot, "expected a URL without NUL");
	if ((copy = strndup(bytes.data, bytes.len)) == NULL)
		return parse_error_memory(p);
	failed = client_url_parse(&u, copy, false, &transport, &e);
	free(copy);
	if (failed)
		return parse_error(p, k->spot, "%s", e.text);
	url_release(&u);
	return 0;
}

static int
take_url(struct parser *p, struct token *k, struct text **url, unsigned flags,
    const char *expected)
{
	struct tokens *t = &p->reading->tokens;
	char quote[PARSE_QUOTE];
	struct err e;

	if (!tokens_more(t))
		return parse_error_here(p, "expected %s", expected);
	if (token_string(t, k, &e) != 0)
		return parse_error_token(p, &e);
	if ((*url = parse_text(p, k, TEXT_PLAIN, flags)) == NULL)
		return -1;
	if (scheme_of(*url) == SCHEME_WRONG)
		return parse_error(p, k->spot, "%s: expected %s", parse_quote(quote, k->whole),
		    expected);
	return try_url(p, k, *url);
}

/* --- open -------------------------------------------------------------------------------- */

/* The word for a transport, if it is one. */
static bool
take_transport(struct parser *p, struct open_step *open)
{
	for (int i = 0; i < TRANSPORTS; i++)
		if (parse_word(p, transport_name((enum transport)i))) {
			open->transport_given = true;
			open->transport = (enum transport)i;
			return true;
		}
	return false;
}

/* With a transport that is said the scheme may be either, as on the command line. */
static void
decide(const struct open_step *open, struct known_party *party)
{
	enum scheme scheme = scheme_of(open->url);

	*party = (struct known_party){.known = open->transport_given || scheme != SCHEME_UNKNOWN,
	    .transport = open->transport};
	if (!open->transport_given)
		party->transport = scheme == SCHEME_WS ? TRANSPORT_WS : TRANSPORT_SSE;
}

/* The number of a party. From here on it is known, whatever else is wrong with the line. */
static long
take_party(struct parser *p)
{
	struct known_party *facts;
	struct token k;
	long number;

	if (parse_name(p, &k, "the name of a party") != 0) {
		p->unsure = true;
		return -1;
	}
	number = symbols_find(&p->parties, k.whole);
	if (number < 0 && ((facts = pile_add(&p->party_facts)) == NULL ||
	    (number = symbols_add(&p->parties, k.whole)) < 0)) {
		p->stop = true;
		return parse_error(p, k.spot, "expected a script of at most %d parties",
		    SCRIPT_PARTIES);
	}
	return number;
}

static bool
publishes(const struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].option->name, "publish") == 0)
			return true;
	return false;
}

static int
parse_opening(struct parser *p, struct step *step, struct known_party *party)
{
	bool given = take_transport(p, &step->open);
	struct token url;

	*party = (struct known_party){0};
	if (take_url(p, &url, &step->open.url, PARSE_OPEN_URL, given ?
	    "a URL such as ws://host/path or http://host/path" :
	    "ws, sse, longpoll, poll or a URL such as ws://host/path or http://host/path") != 0)
		return -1;
	decide(&step->open, party);
	if (take_options(p, false, &step->open.settings) != 0)
		return -1;
	party->publishes = publishes(&step->open.settings);
	return parse_clauses(p, step, CLAUSE_WITHIN | CLAUSE_AS);
}

int
parse_open(struct parser *p, struct step *step)
{
	long number = take_party(p);
	struct known_party *party;
	int failed;

	if (number < 0)
		return -1;
	step->party = (int)number;
	party = &((struct known_party *)p->party_facts.items)[number];
	failed = parse_opening(p, step, party);
	/* Nothing follows from what is wrong. */
	party->publishes |= failed != 0;
	return failed;
}

/* --- http -------------------------------------------------------------------------------- */

static int
take_method(struct parser *p, struct step *step)
{
	char quote[PARSE_QUOTE];
	struct token k;
	const char *method = parse_constant(p, &k, "a method such as GET or POST");

	if (method == NULL)
		return -1;
	for (const char *at = method; *at != '\0' || at == method; at++)
		if (*at <= ' ' || *at >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *at) != NULL)
			return parse_error(p, k.spot, "%s: expected a method such as GET or POST",
			    parse_quote(quote, k.whole));
	step->http.method = method;
	return 0;
}

static int
take_target(struct parser *p, struct step *step)
{
	static const char expected[] = "a URL such as http://host/path";
	struct token k;

	return take_url(p, &k, &step->http.url, 0, expected);
}

static int
take_body(struct parser *p, struct step *step)
{
	struct payload payload;

	if (!parse_word(p, "body"))
		return 0;
	if (!tokens_more(&p->reading->tokens))
		return parse_error_here(p, "expected a body: a \"string\", JSON, text, json, "
		    "hex, binary, @FILE or <<END");
	if (parse_payload(p, &payload, false) != 0)
		return -1;
	step->http.body = payload.text;
	step->http.type = payload.type;
	return 0;
}

int
parse_http(struct parser *p, struct step *step)
{
	struct http_step *http = &step->http;

	http->expect.kind = EXPECT_ANSWER;
	if (take_method(p, step) != 0 || take_target(p, step) != 0 ||
	    take_options(p, true, &http->settings) != 0 || take_body(p, step) != 0)
		return -1;
	if (parse_word(p, "<") && parse_answer(p, step) != 0)
		return -1;
	return parse_clauses(p, step, CLAUSE_WITHIN | CLAUSE_AS | CLAUSE_SAVE |
	    CLAUSE_SAVE_HEADER);
}
