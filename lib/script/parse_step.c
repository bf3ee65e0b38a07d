#include "lib/script/parse.h"
#include "lib/script/scope.h"
#include "lib/script/verb.h"

static int
parse_set(struct parser *p, struct step *step)
{
	struct payload payload;
	struct token k;

	if (parse_name(p, &k, "the name of a variable") != 0) {
		p->unsure = true;
		return -1;
	}
	if (parse_define(p, k.whole, k.spot, &step->set.slot) != 0)
		return -1;
	if (!parse_has_payload(p))
		return parse_error_here(p, "expected a value; an empty one is \"\"");
	if (parse_payload(p, &payload, true) != 0)
		return -1;
	step->set.value = payload.text;
	if (text_is_constant(payload.text) && text_constant(payload.text).len > SCOPE_VALUE_MAX)
		return parse_error(p, k.spot, "expected a value of at most %d KiB",
		    SCOPE_VALUE_MAX >> 10);
	return parse_end(p, "the end of the line, or quotes around all of the value");
}

static int
parse_wait(struct parser *p, struct step *step)
{
	if (parse_time(p, &step->wait_ns, "wait") != 0)
		return -1;
	return parse_end(p, "the end of the line");
}

/* Behind a string or a heredoc clauses may follow. */
static int
take_command(struct parser *p, struct step *step)
{
	struct tokens *t = &p->reading->tokens;
	bool heredoc = tokens_at_heredoc(t);
	struct token k;
	struct err e;

	if ((heredoc ? token_heredoc(t, &k, &e) : token_string(t, &k, &e)) != 0)
		return parse_error_token(p, &e);
	step->exec.command = parse_text(p, &k, TEXT_PLAIN, 0);
	if (step->exec.command == NULL)
		return -1;
	return parse_clauses(p, step, CLAUSE_WITHIN | CLAUSE_AS | CLAUSE_SAVE);
}

static int
parse_exec(struct parser *p, struct step *step)
{
	struct tokens *t = &p->reading->tokens;
	struct token k;

	p->script->executes = true;
	if (!p->params->allow_exec)
		return parse_error(p, step->spot, "this script runs commands: expected "
		    "--allow-exec, if it is trusted");
	if (!tokens_more(t))
		return parse_error_here(p, "expected a command of the shell");
	if (*t->at == '"' || *t->at == '\'' || tokens_at_heredoc(t))
		return take_command(p, step);
	token_rest(t, &k);
	step->exec.command = parse_text(p, &k, TEXT_PLAIN, 0);
	return step->exec.command != NULL ? 0 : -1;
}

static int
parse_timeout(struct parser *p, struct step *step)
{
	uint64_t ns;

	if (parse_time(p, &ns, "timeout") != 0)
		return -1;
	if (ns == 0)
		return parse_error(p, step->spot, "timeout: expected more than no time");
	p->reading->timeout_ns = ns;
	return parse_end(p, "the end of the line");
}

static int
parse_included(struct parser *p)
{
	struct tokens *t = &p->reading->tokens;
	struct token k;
	struct err e;

	if (!tokens_more(t))
		return parse_error_here(p, "expected the path of a file");
	if (token_string(t, &k, &e) != 0)
		return parse_error_token(p, &e);
	if (parse_end(p, "the end of the line, or quotes around the path") != 0)
		return -1;
	return parse_include(p, &k);
}

/* --- which statement it is --------------------------------------------------------------- */

static int
parse_first(struct parser *p, struct step *step, const struct token *word)
{
	switch (step->verb) {
	case VERB_OPEN:
		return parse_open(p, step);
	case VERB_HTTP:
		return parse_http(p, step);
	case VERB_SET:
		return parse_set(p, step);
	case VERB_WAIT:
		return parse_wait(p, step);
	case VERB_EXEC:
		return parse_exec(p, step);
	case VERB_REPEAT:
	case VERB_PARALLEL:
	case VERB_DO:
		return parse_block(p, step, word);
	case VERB_TIMEOUT:
		return parse_timeout(p, step);
	case VERB_INCLUDE:
		return parse_included(p);
	case VERB_SEND:
	case VERB_EXPECT:
	case VERB_PING:
	case VERB_CLOSE:
	case VERB_DROP:
	case VERB_RECONNECT:
	case VERB_RESUME:
	case VERB_PAUSE:
	case VERB_CONTINUE:
	case VERB_CLEAR:
	case VERB_NO_MORE:
	case VERB_BARRIER:
	case VERBS:
		break;
	}
	return -1;
}

/* Once it is known to be one: it gets its number before those of the steps in it. */
static int
add_step(struct parser *p, struct step *step, const struct token *word)
{
	const struct verb_row *row = verb_find(VERB_FIRST, word->whole);
	struct step *place;
	int failed;

	if (row == NULL)
		failed = parse_party(p, step, word);
	else {
		step->verb = row->verb;
		failed = parse_first(p, step, word);
	}
	if (failed != 0 || step->verb == VERB_TIMEOUT || step->verb == VERB_INCLUDE)
		return failed;
	if ((place = pile_add(&p->steps)) == NULL) {
		p->stop = true;
		return parse_error(p, step->spot, "expected a script of at most %d steps",
		    SCRIPT_STEPS);
	}
	*place = *step;
	return 0;
}

int
parse_statement(struct parser *p)
{
	struct tokens *t = &p->reading->tokens;
	struct step step = {.party = -1, .limit_ns = p->reading->timeout_ns,
	    .line = tokens_shown(t)};
	struct token word;

	token_word(t, &word);
	step.spot = word.spot;
	step.number = p->step_number;
	p->step_number += !slice_eq(word.whole, "timeout") && !slice_eq(word.whole, "include");
	return add_step(p, &step, &word);
}
