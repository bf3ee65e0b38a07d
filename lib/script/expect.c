/* expect.c: expectations. One of a message looks at those that are there, then at each that comes,
 * before that is kept. What counts is when a message came, not when the loop got round to it. */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/script/answer.h"
#include "lib/script/failure.h"
#include "lib/script/match.h"
#include "lib/script/play.h"
#include "lib/script/text.h"

enum { LINE_MAX = 512 };

static bool
fail(struct strand *s, struct party *party, const struct err *why)
{
	player_fail(s, party, why);
	return false;
}

static bool
new_match(struct strand *s, struct party *party)
{
	const struct expect *expect = &s->step->expect;
	struct player *p = s->player;
	struct err why;

	s->match = (p->stage->params.new_snapshots ? match_new_updating : match_new)(p->script,
	    expect->conditions, expect->condition_count, p->scope, &why);
	return s->match != NULL || fail(s, party, &why);
}

/* A snapshot is written anew from the next message, whatever that says. */
static bool
writes_snapshot(const struct strand *s)
{
	return s->player->stage->params.new_snapshots && match_snapshot(s->match) != NULL;
}

static bool
wants_next(const struct strand *s)
{
	return s->step->expect.next || writes_snapshot(s);
}

/* --- failures ---------------------------------------------------------------------------- */

void
expect_tell(struct failure *f, const struct strand *s)
{
	char window[LIMIT_TEXT], back[48];

	if (s->step->expect.kind != EXPECT_NONE) {
		failure_expected_match(f, "", s->match, "");
		return;
	}
	strand_time_text(window, s->step->expect.window_ns);
	if (s->step->expect.condition_count > 0) {
		snprintf(back, sizeof back, " for %s", window);
		failure_expected_match(f, "none ", s->match, back);
	} else {
		snprintf(back, sizeof back, "none for %s", window);
		failure_expected(f, back);
	}
}

/* One message breaks the promise. */
static void
fail_by(struct strand *s, struct party *party, const struct player_skipped *m, struct slice reason)
{
	bool none = s->step->expect.kind == EXPECT_NONE;
	struct failure *f;
	struct err why;

	if (none)
		err_set(&why, ERR_MATCH, 0, "a message came to %.64s that was not to come",
		    player_name(s->player, party));
	else
		err_set(&why, ERR_MATCH, 0, "the next message of %.64s is another one",
		    player_name(s->player, party));
	f = player_fail(s, party, &why);
	expect_tell(f, s);
	failure_skip(f, m, reason);
	if (f != NULL)
		f->f.passed_over = m->at < s->began;
}

static void
fail_in_vain(struct strand *s, struct party *party)
{
	const char *name = player_name(s->player, party);
	struct failure *f;
	char text[LIMIT_TEXT];
	struct err why;

	err_set(&why, ERR_MATCH, 0, "nothing %scame to %.64s within %s",
	    party->inbox.count > 0 ? "that fits " : "", name, strand_within(s, text));
	f = player_fail(s, party, &why);
	expect_tell(f, s);
	failure_skip_all(f, &party->inbox, s->match, s->began);
}

/* --- messages ---------------------------------------------------------------------------- */

/* The message is the one: what is asked of it is saved. False: the play is broken. */
static bool
take(struct strand *s, struct party *party, struct subject *subject, uint64_t at)
{
	const struct expect *expect = &s->step->expect;
	struct player *p = s->player;
	struct player_told t = {.act = PLAYER_MATCHED, .party = party->number,
	    .took_ns = at > s->began ? at - s->began : 0};
	struct err why;

	if ((writes_snapshot(s) && match_write_snapshot(s->match, subject, &why) != 0) ||
	    match_save(s->match, subject, expect->saves, expect->save_count, p->scope, &why) != 0)
		return fail(s, party, &why);
	player_tell(p, s, &t);
	return p->state == PLAYER_PLAYING;
}

/* Whether the message fulfils what is expected; or, for `none`, what is not. */
static bool
fits(const struct strand *s, struct subject *subject, struct buf *why)
{
	if (s->step->expect.kind == EXPECT_NONE && s->step->expect.condition_count == 0)
		return true;
	return match_fits(s->match, subject, why);
}

enum look {
	LOOK_PASSED,
	LOOK_TAKEN,                      /* it is done */
	LOOK_BROKEN,
};

static enum look
look_at(struct strand *s, struct party *party, struct subject *subject,
    const struct player_skipped *m)
{
	static const char unwanted[] = "it is what was not to come";
	struct buf why;
	bool fit;

	buf_init(&why, LINE_MAX);
	fit = fits(s, subject, wants_next(s) ? &why : NULL);
	if (fit && s->step->expect.kind == EXPECT_NONE)
		fail_by(s, party, m, slice_of(unwanted));
	else if (fit && take(s, party, subject, m->at))
		player_done_at(s, m->at);
	else if (!fit && wants_next(s))
		fail_by(s, party, m, (struct slice){why.len > 0 ? (char *)why.data : "", why.len});
	buf_release(&why);
	if (s->player->state != PLAYER_PLAYING)
		return LOOK_BROKEN;
	return fit ? LOOK_TAKEN : LOOK_PASSED;
}

/* Looks at those that are there. */
static enum look
look_through(struct strand *s, struct party *party)
{
	const struct expect *expect = &s->step->expect;
	bool only_new = expect->kind == EXPECT_NONE && expect->condition_count == 0;
	enum look result = LOOK_PASSED;
	struct mail *before = NULL, *mail = party->inbox.first;

	for (; mail != NULL && result == LOOK_PASSED; mail = mail->next) {
		struct player_skipped told = failure_skipped(mail);
		struct subject subject = {.data = mail->data, .event = mail->event,
		    .id = mail->id};

		if (!only_new || !mail->passed)
			result = look_at(s, party, &subject, &told);
		subject_release(&subject);
		if (result == LOOK_TAKEN)
			break;
		mail->passed = true;
		before = mail;
	}
	if (result == LOOK_TAKEN)
		inbox_drop(&party->inbox, before);
	return result;
}

static bool
begin_message(struct strand *s, struct party *party)
{
	bool none = s->step->expect.kind == EXPECT_NONE;
	uint64_t window = s->step->expect.window_ns > 0 ? s->step->expect.window_ns : 1;

	if (!new_match(s, party) || look_through(s, party) != LOOK_PASSED)
		return false;
	if (party->state == PARTY_OVER)
		step_not_open(s, party);
	else if (none)
		strand_wait_for(s, party, WAIT_NONE, window);
	else
		strand_wait_for(s, party, WAIT_MESSAGE, strand_limit(s));
	return false;
}

/* A strand that waits gets to see a message that came. */
static enum look
offer(struct strand *s, struct party *party, struct subject *subject,
    const struct player_skipped *m, bool *passed)
{
	bool late = s->until != 0 && m->at > s->until;

	if (late && s->wait == WAIT_NONE) {
		player_done(s, m->at - s->began);
		return LOOK_PASSED;
	}
	if (late) {
		fail_in_vain(s, party);
		return LOOK_BROKEN;
	}
	*passed = true;
	return look_at(s, party, subject, m);
}

bool
expect_offer(struct party *party, const struct message *m, bool *passed)
{
	struct slice data = {(const char *)m->data, m->len};
	struct player_skipped told = {.at = m->at, .kind = m->kind, .data = data,
	    .event = m->event, .id = m->id, .len = m->len};
	struct subject subject = {.data = data, .event = m->event};
	enum look result = LOOK_PASSED;
	struct strand *next;

	if (m->id.len > 0)
		subject.id = m->id;
	for (struct strand *s = party->waiting; s != NULL && result == LOOK_PASSED; s = next) {
		next = s->next_waiting;
		if (s->wait == WAIT_MESSAGE || s->wait == WAIT_NONE)
			result = offer(s, party, &subject, &told, passed);
	}
	subject_release(&subject);
	return result != LOOK_PASSED;
}

/* --- the end of a connection ------------------------------------------------------------- */

static void
add_codes(struct buf *into, const struct expect *expect)
{
	buf_add_text(into, "close");
	for (size_t i = 0; i < expect->code_count; i++)
		buf_addf(into, "%s%u", i == 0 ? " " : ",", expect->codes[i]);
}

static bool
has_code(const struct expect *expect, unsigned code)
{
	for (size_t i = 0; i < expect->code_count; i++)
		if (expect->codes[i] == code)
			return true;
	return expect->code_count == 0;
}

static void
fail_end(struct strand *s, struct party *party, const char *how, struct slice reason)
{
	const struct expect *expect = &s->step->expect;
	struct buf text, state;
	struct failure *f;
	struct err why;

	buf_init(&text, LINE_MAX);
	buf_init(&state, LINE_MAX);
	add_codes(&text, expect);
	if (expect->reason != NULL)
		buf_addf(&text, " '%.*s'", reason.len < 150 ? (int)reason.len : 150, reason.data);
	buf_add(&text, "", 1);
	party_state_text(party, &state);
	err_set(&why, how != NULL ? ERR_TIMEOUT : ERR_MATCH, 0, "%.64s's connection %s%.*s",
	    player_name(s->player, party), how != NULL ? how : "ended in another way: ",
	    how != NULL ? 0 : (int)state.len, (const char *)state.data);
	f = player_fail(s, party, &why);
	failure_expected(f, (const char *)text.data);
	buf_release(&text);
	buf_release(&state);
}

/* However it ended, a line has noticed. */
void
expect_end(struct strand *s, struct party *party)
{
	const struct expect *expect = &s->step->expect;
	const struct party_end *end = party->end;
	struct slice reason = {"", 0};
	struct err why;

	if (end == NULL || end->refused) {
		step_not_open(s, party);
		return;
	}
	party->lost = party->uncounted = false;
	if (expect->reason != NULL && stage_fill(s->player->stage, expect->reason,
	    s->player->scope, &reason, &why) != 0)
		player_fail(s, party, &why);
	else if (!has_code(expect, end->end.code) || (expect->reason != NULL &&
	    (reason.len != end->end.reason.len ||
	    memcmp(reason.data, end->reason, reason.len) != 0)))
		fail_end(s, party, NULL, reason);
	else
		player_done_at(s, party->since);
}

static bool
begin_end(struct strand *s, struct party *party)
{
	if (party->state == PARTY_OVER)
		expect_end(s, party);
	else
		strand_wait_for(s, party, WAIT_END, strand_limit(s));
	return false;
}

/* --- how opening went -------------------------------------------------------------------- */

static void
fail_no_answer(struct strand *s, struct party *party)
{
	const char *name = player_name(s->player, party);
	bool refused = party->end != NULL && party->end->refused;
	struct failure *f;
	struct err why;

	if (refused)
		why = party->end->end.why;
	else if (party->state == PARTY_OPEN)
		err_set(&why, ERR_MATCH, 0, "there is no answer to %.64s yet: the server holds the "
		    "request", name);
	else
		err_set(&why, ERR_MATCH, 0, "there was no answer to %.64s", name);
	f = player_fail(s, party, &why);
	failure_expected_match(f, "", s->match, "");
	if (f != NULL)
		f->f.connecting = refused;
}

static bool
judge_answer(struct strand *s, struct party *party)
{
	struct subject subject = {.data = answer_body(party->answer)};
	struct player_skipped told = {.at = party->since, .data = subject.data,
	    .len = subject.data.len};
	struct http_head head;
	struct failure *f;
	struct err why;
	struct buf text;
	bool fit;

	answer_head(party->answer, &head);
	subject.head = &head;
	buf_init(&text, LINE_MAX);
	fit = match_fits(s->match, &subject, &text);
	if (!fit) {
		err_set(&why, ERR_MATCH, 0, "the server answered %.64s with %d %.*s",
		    player_name(s->player, party), head.status,
		    head.reason.len < 100 ? (int)head.reason.len : 100, head.reason.data);
		f = player_fail(s, party, &why);
		failure_expected_match(f, "", s->match, "");
		failure_skip(f, &told, (struct slice){(char *)text.data, text.len});
	}
	fit = fit && take(s, party, &subject, party->since);
	buf_release(&text);
	subject_release(&subject);
	return fit;
}

static bool
begin_answer(struct strand *s, struct party *party)
{
	if (!new_match(s, party))
		return false;
	if (party->answer != NULL)
		return judge_answer(s, party);
	fail_no_answer(s, party);
	return false;
}

static bool
begin_failed(struct strand *s, struct party *party)
{
	enum err_class class = s->step->expect.class;
	const struct err *got;
	struct failure *f;
	struct err why;
	char text[64];

	if (party->end == NULL || !party->end->refused) {
		err_set(&why, ERR_MATCH, 0, "%.64s was opened, and should not have been",
		    player_name(s->player, party));
		return fail(s, party, &why);
	}
	got = &party->end->end.why;
	if (class == ERR_NONE || got->class == class)
		return true;
	err_set(&why, ERR_MATCH, 0, "opening failed in another way (%s): %.180s",
	    err_class_name(got->class), got->text);
	f = player_fail(s, party, &why);
	snprintf(text, sizeof text, "failed %s", err_class_name(class));
	failure_expected(f, text);
	return false;
}

/* --- all of them ------------------------------------------------------------------------- */

bool
step_expect(struct strand *s)
{
	struct party *party = player_party(s);

	if (party == NULL)
		return false;
	switch (s->step->expect.kind) {
	case EXPECT_MESSAGE:
	case EXPECT_NONE:
		return begin_message(s, party);
	case EXPECT_CLOSE:
		return begin_end(s, party);
	case EXPECT_ANSWER:
		return begin_answer(s, party);
	case EXPECT_FAILED:
		return begin_failed(s, party);
	}
	return true;
}

void
expect_timeout(struct strand *s)
{
	struct party *party = s->party;
	char text[LIMIT_TEXT], how[64];

	if (s->wait == WAIT_NONE) {
		player_done(s, s->until - s->began);
	} else if (s->wait == WAIT_MESSAGE) {
		fail_in_vain(s, party);
	} else {
		snprintf(how, sizeof how, "did not end within %s", strand_within(s, text));
		fail_end(s, party, how, (struct slice){"", 0});
	}
}
