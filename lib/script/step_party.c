/* step_party.c: the steps of parties, but for expectations. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/script/failure.h"
#include "lib/script/play.h"
#include "lib/script/text.h"
#include "lib/session/conversation.h"

enum {
	REASON_MAX = 123,                /* bytes, of a close frame */
	OPEN_GRACE_MS = 200,             /* the session has the limit itself, and knows better what
	                                  * it waited for; this is for many attempts in a row */
};

static bool
fail(struct strand *s, struct party *party, const struct err *why)
{
	player_fail(s, party, why);
	return false;
}

static bool
fail_usage(struct strand *s, struct party *party, const char *what)
{
	struct err why;

	err_set(&why, ERR_USAGE, 0, "%.64s %s", player_name(s->player, party), what);
	return fail(s, party, &why);
}

/* --- a party that is not open ------------------------------------------------------------ */

/* What the step wanted of it; for a sentence. */
static const char *
wanted(const struct strand *s)
{
	switch (s->wait) {
	case WAIT_MESSAGE:
		return " while a message was expected";
	case WAIT_NONE:
		return " while nothing was to come";
	case WAIT_PONG:
		return " while a pong was expected";
	case WAIT_LINE:
	case WAIT_ROOM:
		return " before the message could be sent";
	case WAIT_NOTHING:
	case WAIT_TIME:
	case WAIT_STRANDS:
	case WAIT_BARRIER:
	case WAIT_CHILD:
	case WAIT_CALL:
	case WAIT_CLOSED:
	case WAIT_OPENING:
	case WAIT_END:
		break;
	}
	return "";
}

static void
why_not_open(const struct strand *s, const struct party *party, struct err *why)
{
	const char *name = player_name(s->player, party);
	const struct channel_end *end = party->end != NULL ? &party->end->end : NULL;

	if (party->state != PARTY_OVER)
		err_set(why, ERR_CLOSED, 0, "%.64s's connection is being closed", name);
	else if (end == NULL)
		err_set(why, ERR_USAGE, 0, "%.64s is not open", name);
	else if (party->end->refused)
		err_set(why, end->why.class, end->why.code, "%.64s could not be opened: %.160s",
		    name, end->why.text);
	else if (end->why.class != ERR_NONE)
		err_set(why, end->why.class, end->why.code, "%.64s's connection was lost%s: %.120s",
		    name, wanted(s), end->why.text);
	else if (end->code != 0)
		err_set(why, ERR_CLOSED, (int)end->code,
		    "%.64s's connection was closed with %u%s%s%s%s", name, end->code,
		    *party->end->reason != '\0' ? " '" : "", party->end->reason,
		    *party->end->reason != '\0' ? "'" : "", wanted(s));
	else
		err_set(why, ERR_CLOSED, 0, "%.64s's connection was %s%s", name, end->by_peer ?
		    "ended by the server" : "closed", wanted(s));
}

void
step_not_open(struct strand *s, struct party *party)
{
	struct failure *f;
	struct err why;

	party_count_loss(party);
	why_not_open(s, party, &why);
	f = player_fail(s, party, &why);
	if (s->match != NULL) {
		expect_tell(f, s);
		failure_skip_all(f, &party->inbox, s->match, s->began);
	}
}

static bool
not_open(struct strand *s, struct party *party)
{
	step_not_open(s, party);
	return false;
}

/* --- opening ----------------------------------------------------------------------------- */

/* Opening came to nothing: unless the next line is about that, the play is over. */
void
step_opening_failed(struct strand *s, struct party *party, const struct err *why)
{
	struct failure *f;

	if (s->step->open.refusable) {
		player_done(s, clock_ns() - s->began);
		return;
	}
	f = player_fail(s, party, why);
	if (f != NULL)
		f->f.connecting = true;
}

static bool
open_party(struct strand *s, struct party *party, const struct open_step *open)
{
	enum verb verb = s->step->verb;
	struct party_opening o = {.step = open, .scope = s->player->scope,
	    .limit = strand_limit(s), .refusable = s->step->open.refusable,
	    .again = verb != VERB_OPEN, .resume = verb == VERB_RESUME};
	uint64_t limit;
	struct err why;

	if (party_open(party, &o, &limit, &why) != 0)
		return fail(s, party, &why);
	strand_wait_for(s, party, WAIT_OPENING, limit + OPEN_GRACE_MS * NS_PER_MS);
	return false;
}

static bool
step_open(struct strand *s, struct party *party)
{
	if (party->state == PARTY_CLOSING) {
		strand_wait_for(s, party, WAIT_CLOSED, strand_limit(s));
		return false;
	}
	if (party->state != PARTY_OVER)
		return fail_usage(s, party, "is open already");
	if (party->lost)
		return not_open(s, party);
	return open_party(s, party, &s->step->open);
}

static void
drop(struct player *p, struct party *party)
{
	struct player_told t = {.act = PLAYER_ENDED, .party = party->number};

	party_drop(party);
	if (party->end != NULL) {
		t.end = &party->end->end;
		player_tell(p, NULL, &t);
	}
	hear_over(p, party);
}

/* reconnect and resume: that the connection may be gone already is what they are for. */
static bool
step_again(struct strand *s, struct party *party)
{
	if (party->opener == NULL)
		return not_open(s, party);
	if (party->state != PARTY_OVER)
		drop(s->player, party);
	if (s->player->state != PLAYER_PLAYING)
		return false;
	return open_party(s, party, party->opener);
}

/* --- sending ----------------------------------------------------------------------------- */

/* Keeps what waits to be sent: variables are filled in once. */
static bool
keep(struct strand *s, struct slice data)
{
	struct err why;

	if (s->data.cap > 0)
		return true;
	buf_init(&s->data, STAGE_TEXT_MAX);
	if (buf_reserve(&s->data, data.len + 1) != NULL &&
	    buf_add(&s->data, data.data, data.len) == 0)
		return true;
	err_set(&why, ERR_MEMORY, 0, "no memory for a message");
	return fail(s, NULL, &why);
}

static bool
wait_to_send(struct strand *s, struct party *party, enum wait wait, struct slice data)
{
	if (keep(s, data))
		strand_wait_for(s, party, wait, strand_limit(s));
	return false;
}

static void
tell_sent(struct strand *s, struct party *party, struct slice data)
{
	struct message m = {.kind = s->step->send.kind, .data = (const uint8_t *)data.data,
	    .len = data.len, .at = s->player->sent_at};
	struct player_told t = {.act = PLAYER_SENT, .at = m.at, .party = party->number,
	    .message = &m};

	player_tell(s->player, s, &t);
}

static bool
step_send(struct strand *s, struct party *party)
{
	struct player *p = s->player;
	struct slice data = {(const char *)s->data.data, s->data.len};
	struct err why;
	int sent;

	if (s->data.cap == 0 &&
	    stage_fill(p->stage, s->step->send.data, p->scope, &data, &why) != 0)
		return fail(s, party, &why);
	if (party->state == PARTY_RETRYING || party->state == PARTY_OPENING)
		return wait_to_send(s, party, WAIT_LINE, data);
	if (party->state != PARTY_OPEN)
		return not_open(s, party);
	player_sends(p);
	sent = party_send(party, s->step->send.kind, data, &why);
	if (sent < 0)
		return fail(s, party, &why);
	if (sent == 0)
		return wait_to_send(s, party, WAIT_ROOM, data);
	party->sender = s->step;
	tell_sent(s, party, data);
	return true;
}

/* If a ping of the session's own is on its way already, its pong will do. */
static bool
step_ping(struct strand *s, struct party *party)
{
	if (party->state == PARTY_RETRYING || party->state == PARTY_OPENING) {
		strand_wait_for(s, party, WAIT_LINE, strand_limit(s));
		return false;
	}
	if (party->state != PARTY_OPEN)
		return not_open(s, party);
	if (party_transport(party) != TRANSPORT_WS)
		return fail_usage(s, party, "cannot be pinged: only a WebSocket has pings");
	player_sends(s->player);
	conversation_ping(party->conversation);
	strand_wait_for(s, party, WAIT_PONG, strand_limit(s));
	return false;
}

/* --- the rest ---------------------------------------------------------------------------- */

static bool
step_close(struct strand *s, struct party *party)
{
	const struct close_step *close = &s->step->close;
	char reason[REASON_MAX + 1] = "";
	struct slice filled = {"", 0};
	struct err why;

	if (party->state == PARTY_OVER || party->state == PARTY_CLOSING)
		return not_open(s, party);
	if (close->reason != NULL && stage_fill(s->player->stage, close->reason, s->player->scope,
	    &filled, &why) != 0)
		return fail(s, party, &why);
	if (filled.len > REASON_MAX || !utf8_valid(filled.data, filled.len)) {
		err_set(&why, ERR_MATCH, 0, "a reason of %zu bytes: expected at most %d bytes of "
		    "UTF-8", filled.len, REASON_MAX);
		return fail(s, party, &why);
	}
	if (filled.len > 0)
		memcpy(reason, filled.data, filled.len);
	reason[filled.len] = '\0';
	player_sends(s->player);
	party_close(party, close->code, reason);
	return true;
}

static bool
step_no_more(struct strand *s, struct party *party)
{
	struct failure *f;
	struct err why;

	party->no_more = s->step;
	if (party->inbox.count == 0)
		return true;
	err_set(&why, ERR_MATCH, 0, "%.64s has unread messages, and none was to come any more",
	    player_name(s->player, party));
	f = player_fail(s, party, &why);
	failure_skip_all(f, &party->inbox, NULL, s->began);
	return false;
}

/* Those that want it to be open, or at least not over. */
static bool
step_while_open(struct strand *s, struct party *party)
{
	if (party->state == PARTY_OVER)
		return not_open(s, party);
	if (s->step->verb == VERB_DROP)
		drop(s->player, party);
	else
		party_pause(party, s->step->verb == VERB_PAUSE);
	return true;
}

bool
step_of_party(struct strand *s)
{
	struct party *party = player_party(s);

	if (party == NULL)
		return false;
	switch (s->step->verb) {
	case VERB_OPEN:
		return step_open(s, party);
	case VERB_RECONNECT:
	case VERB_RESUME:
		return step_again(s, party);
	case VERB_SEND:
		return step_send(s, party);
	case VERB_PING:
		return step_ping(s, party);
	case VERB_CLOSE:
		return step_close(s, party);
	case VERB_DROP:
	case VERB_PAUSE:
	case VERB_CONTINUE:
		return step_while_open(s, party);
	case VERB_CLEAR:
		inbox_clear(&party->inbox);
		return true;
	case VERB_NO_MORE:
		return step_no_more(s, party);
	case VERB_EXPECT:
	case VERB_BARRIER:
	case VERB_HTTP:
	case VERB_SET:
	case VERB_WAIT:
	case VERB_EXEC:
	case VERB_REPEAT:
	case VERB_PARALLEL:
	case VERB_DO:
	case VERB_TIMEOUT:
	case VERB_INCLUDE:
	case VERBS:
		break;
	}
	return true;
}

/* --- time is up -------------------------------------------------------------------------- */

static void
opening_timeout(struct strand *s, struct party *party)
{
	struct player_told t = {.act = PLAYER_REFUSED, .party = party->number};
	uint64_t limit = s->until - s->began - OPEN_GRACE_MS * NS_PER_MS;
	char text[LIMIT_TEXT];
	struct err why;

	err_set(&why, ERR_TIMEOUT, 0, "not open within %s", strand_time_text(text, limit));
	party_give_up(party, &why);
	if (party->end != NULL) {
		t.end = &party->end->end;
		player_tell(s->player, s, &t);
	}
	if (s->player->state == PLAYER_PLAYING)
		step_opening_failed(s, party, &why);
}

void
step_party_timeout(struct strand *s)
{
	struct party *party = s->party;
	const char *name = player_name(s->player, party);
	char text[LIMIT_TEXT];
	struct err why;

	strand_within(s, text);
	if (s->wait == WAIT_OPENING) {
		opening_timeout(s, party);
		return;
	}
	if (s->wait == WAIT_CLOSED)
		err_set(&why, ERR_TIMEOUT, 0, "%.64s's connection did not end within %s, so it "
		    "cannot be opened again", name, text);
	else if (s->wait == WAIT_LINE)
		err_set(&why, ERR_TIMEOUT, 0, "%.64s was not open again within %s", name, text);
	else if (s->wait == WAIT_ROOM)
		err_set(&why, ERR_TIMEOUT, 0, "%.64s could not send within %s: the server takes "
		    "nothing, and too much waits already", name, text);
	else
		err_set(&why, ERR_TIMEOUT, 0, "no pong came within %s", text);
	player_fail(s, party, &why);
}
