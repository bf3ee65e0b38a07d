/* Lines that begin with the name of a party. */
#include <string.h>

#include "lib/script/parse.h"
#include "lib/script/verb.h"

enum { REASON_MAX = 123 };               /* bytes, of a close frame (RFC 6455, 5.5) */

static bool
is_other(const struct known_party *party)
{
	return party->known && party->transport != TRANSPORT_WS;
}

static int
do_send(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	struct payload payload;

	if (is_other(party) && !party->publishes)
		return parse_error(p, verb->spot, "%s only receives: expected publish 'POST "
		    "/path' where it is opened", transport_name(party->transport));
	if (!parse_has_payload(p))
		return parse_error_here(p, "expected a message; an empty one is \"\"");
	if (parse_payload(p, &payload, true) != 0)
		return -1;
	step->send.kind = payload.kind;
	step->send.data = payload.text;
	return parse_end(p, "the end of the line, or quotes around all of the text");
}

static int
do_expect(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	step->expect.next = slice_eq(verb->whole, "<!");
	return parse_expect(p, step, party);
}

static int
do_ping(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	if (is_other(party))
		return parse_error(p, verb->spot, "%s has no pings: expected them of a WebSocket "
		    "only", transport_name(party->transport));
	return parse_clauses(p, step, CLAUSE_WITHIN | CLAUSE_AS);
}

/* What may stand in a close frame (RFC 6455, 7.4). */
static bool
is_sendable(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	    (code >= 3000 && code <= 4999);
}

static int
take_reason(struct parser *p, struct step *step)
{
	struct token k;
	struct err e;

	if (token_string(&p->reading->tokens, &k, &e) != 0)
		return parse_error_token(p, &e);
	step->close.reason = parse_text(p, &k, TEXT_PLAIN, 0);
	if (step->close.reason == NULL)
		return -1;
	if (text_is_constant(step->close.reason) &&
	    text_constant(step->close.reason).len > REASON_MAX)
		return parse_error(p, k.spot, "expected a reason of at most %d bytes",
		    REASON_MAX);
	return 0;
}

static int
do_close(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	struct tokens *t = &p->reading->tokens;

	(void)verb;
	if (!tokens_more(t))
		return 0;
	if (is_other(party))
		return parse_error_here(p, "%s has no close codes: expected the end of the line",
		    transport_name(party->transport));
	if (parse_codes(p, is_sendable, "a code that can be sent: 1000 to 1003, 1007 to 1014 or "
	    "3000 to 4999") != 0)
		return -1;
	if (p->codes.count > 1)
		return parse_error_here(p, "expected one code to close with");
	step->close.code = *(unsigned *)p->codes.items;
	if (tokens_more(t) && take_reason(p, step) != 0)
		return -1;
	return parse_end(p, "the end of the line, or quotes around the reason");
}

static int
do_plain(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	(void)step;
	(void)party;
	(void)verb;
	return parse_end(p, "the end of the line");
}

static int
do_reconnect(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	(void)party;
	(void)verb;
	return parse_clauses(p, step, CLAUSE_WITHIN | CLAUSE_AS);
}

static int
do_resume(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	if (party->known && party->transport == TRANSPORT_WS)
		return parse_error(p, verb->spot, "a WebSocket has no last id to go on from: "
		    "expected reconnect");
	return parse_clauses(p, step, CLAUSE_WITHIN | CLAUSE_AS);
}

static int
do_barrier(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb)
{
	(void)party;
	(void)verb;
	return parse_barrier(p, step);
}

/* --- who it is and what it does ---------------------------------------------------------- */

typedef int party_fn(struct parser *p, struct step *step, const struct known_party *party,
    const struct token *verb);

static party_fn *const party_verbs[VERBS] = {
	[VERB_SEND] = do_send, [VERB_EXPECT] = do_expect, [VERB_PING] = do_ping,
	[VERB_CLOSE] = do_close, [VERB_DROP] = do_plain, [VERB_RECONNECT] = do_reconnect,
	[VERB_RESUME] = do_resume, [VERB_PAUSE] = do_plain, [VERB_CONTINUE] = do_plain,
	[VERB_CLEAR] = do_plain, [VERB_NO_MORE] = do_plain, [VERB_BARRIER] = do_barrier,
};

static int
unknown_statement(struct parser *p, const struct token *word)
{
	const struct verb_row *near = verb_guess(VERB_FIRST, word->whole);
	char quote[PARSE_QUOTE];

	parse_quote(quote, word->whole);
	if (near != NULL)
		return parse_error(p, word->spot, "%s begins no statement; did you mean %s?",
		    quote, near->word);
	return parse_error(p, word->spot, "%s begins no statement: expected open, http, set, "
	    "wait, exec, repeat, parallel, do, timeout, include, or a party and what it does",
	    quote);
}

static int
unknown_party_verb(struct parser *p, const struct token *name, const struct token *verb)
{
	const struct verb_row *near = verb_guess(VERB_OF_PARTY, verb->whole);
	char quote[PARSE_QUOTE];

	parse_quote(quote, verb->whole);
	if (near != NULL)
		return parse_error(p, verb->spot, "%s is nothing that %.*s can do; did you mean "
		    "%s?", quote, (int)name->whole.len, name->whole.data, near->word);
	if (verb->whole.len > 1 && (*verb->whole.data == '>' || *verb->whole.data == '<'))
		return parse_error(p, verb->spot, "%s: expected a blank behind the %c", quote,
		    *verb->whole.data);
	return parse_error(p, verb->spot, "%s: expected what %.*s does: >, <, <!, ping, close, "
	    "drop, reconnect, resume, pause, continue, clear, expect-no-more or barrier", quote,
	    (int)name->whole.len, name->whole.data);
}

static int
unknown_party(struct parser *p, const struct token *name)
{
	char meant[PARSE_MEANT];

	if (p->unsure)
		return -1;
	return parse_error(p, name->spot, "nobody of the name %.*s is opened above%s",
	    (int)name->whole.len, name->whole.data,
	    parse_meant(meant, "", parse_guess(p, &p->parties, name->whole), ""));
}

/* A line that begins with what should be a party's name. */
int
parse_party(struct parser *p, struct step *step, const struct token *name)
{
	struct tokens *t = &p->reading->tokens;
	long party = symbols_find(&p->parties, name->whole);
	const struct verb_row *row;
	struct token verb = {.spot = {t->file, t->line, (unsigned)(t->at - t->line_start) + 1}};

	if (tokens_more(t))
		token_word(t, &verb);
	row = verb_find(VERB_OF_PARTY, verb.whole);
	if (row == NULL && party >= 0)
		return unknown_party_verb(p, name, &verb);
	if (row == NULL || !symbols_valid(name->whole)) {
		unknown_statement(p, name);
		return parse_lost_block(p, name);
	}
	if (party < 0)
		return unknown_party(p, name);
	step->verb = row->verb;
	step->party = (int)party;
	tokens_more(t);
	return party_verbs[row->verb](p, step, &((struct known_party *)p->party_facts.items)[party],
	    &verb);
}
