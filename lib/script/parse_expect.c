/* What stands behind '<'. */
#include <stdio.h>

#include "lib/script/parse.h"

static int
take_none(struct expecting *x, struct step *step)
{
	struct expect *expect = &step->expect;

	expect->kind = EXPECT_NONE;
	x->defines = false;
	if (parse_conditions(x, expect) != 0)
		return -1;
	if (!parse_word(x->p, "for"))
		return parse_error_here(x->p, "expected conditions, or for and a time such as "
		    "200ms: how long none may come");
	if (parse_time(x->p, &expect->window_ns, "for") != 0)
		return -1;
	return parse_clauses(x->p, step, CLAUSE_AS);
}

static bool
is_lost(unsigned code)
{
	return code == 1006;
}

static int
take_close_codes(struct expecting *x, struct expect *expect, const struct known_party *party)
{
	struct parser *p = x->p;
	bool plain = party->known && party->transport != TRANSPORT_WS;
	char what[100];

	snprintf(what, sizeof what, "1006, which means that it was lost: %s has no close codes",
	    transport_name(party->transport));
	if (parse_codes(p, plain ? is_lost : parse_is_close_code, plain ? what :
	    "a close code: 1000 to 1015 or 3000 to 4999") != 0)
		return -1;
	expect->code_count = p->codes.count;
	expect->codes = parse_gathered(p, &p->codes, 0);
	return expect->codes != NULL ? 0 : -1;
}

static int
take_close(struct expecting *x, struct step *step, const struct known_party *party)
{
	struct tokens *t = &x->p->reading->tokens;
	struct expect *expect = &step->expect;
	struct token k;

	expect->kind = EXPECT_CLOSE;
	if (tokens_more(t) && *t->at >= '0' && *t->at <= '9' &&
	    take_close_codes(x, expect, party) != 0)
		return -1;
	if (tokens_more(t) && (*t->at == '"' || *t->at == '\'') &&
	    (expect->reason = parse_string(x->p, &k, "the reason")) == NULL)
		return -1;
	return parse_clauses(x->p, step, CLAUSE_WITHIN | CLAUSE_AS);
}

/* How opening can fail. */
static const enum err_class failures[] = {ERR_RESOLVE, ERR_CONNECT, ERR_TLS, ERR_HANDSHAKE,
    ERR_HTTP, ERR_PROTOCOL, ERR_CLOSED, ERR_TIMEOUT, ERR_LIMIT};
enum { FAILURES = sizeof failures / sizeof *failures };

static int
take_failed(struct expecting *x, struct step *step)
{
	struct tokens *t = &x->p->reading->tokens, before;
	char quote[PARSE_QUOTE];
	struct token k;

	step->expect.kind = EXPECT_FAILED;
	before = *t;
	if (!tokens_more(t))
		return 0;
	token_word(t, &k);
	for (int i = 0; i < FAILURES; i++)
		if (slice_eq(k.whole, err_class_name(failures[i]))) {
			step->expect.class = failures[i];
			return parse_clauses(x->p, step, CLAUSE_WITHIN | CLAUSE_AS);
		}
	if (!parse_is_clause(k.whole))
		return parse_error(x->p, k.spot, "%s: expected resolve, connect, tls, handshake, "
		    "http, protocol, closed, timeout, limit or the end of the line",
		    parse_quote(quote, k.whole));
	*t = before;
	return parse_clauses(x->p, step, CLAUSE_WITHIN | CLAUSE_AS);
}

static int
take_message(struct expecting *x, struct step *step)
{
	if (parse_conditions(x, &step->expect) != 0)
		return -1;
	if (step->expect.condition_count == 0)
		return parse_error_here(x->p, "expected %s", parse_expected(x));
	return parse_clauses(x->p, step, CLAUSE_WITHIN | CLAUSE_AS | CLAUSE_SAVE);
}

/* Whether it is the answer that the line is about. */
static bool
at_answer(struct tokens t)
{
	struct token k;

	token_word(&t, &k);
	return slice_eq(k.whole, "status") || slice_eq(k.whole, "header");
}

int
parse_expect(struct parser *p, struct step *step, const struct known_party *party)
{
	struct expecting x = {p, ABOUT_MESSAGE, true};

	if (!tokens_more(&p->reading->tokens))
		return parse_error_here(p, "expected what is to come: any, a \"string\", "
		    "contains, regex, json, json-path, hex, event, id, none, close, status, "
		    "header or failed");
	if (parse_word(p, "none"))
		return take_none(&x, step);
	if (parse_word(p, "close"))
		return take_close(&x, step, party);
	if (parse_word(p, "failed"))
		return take_failed(&x, step);
	if (!at_answer(p->reading->tokens))
		return take_message(&x, step);
	x.about = ABOUT_ANSWER;
	step->expect.kind = EXPECT_ANSWER;
	if (parse_conditions(&x, &step->expect) != 0)
		return -1;
	return parse_clauses(p, step, CLAUSE_WITHIN | CLAUSE_AS | CLAUSE_SAVE |
	    CLAUSE_SAVE_HEADER);
}

int
parse_answer(struct parser *p, struct step *step)
{
	struct expecting x = {p, ABOUT_ANSWER | ABOUT_BODY, true};

	return parse_conditions(&x, &step->http.expect);
}
