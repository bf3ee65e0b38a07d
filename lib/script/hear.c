/* hear.c: what parties tell: it is told on, and wakes the strands that wait for it. */
#include "lib/base/err.h"
#include "lib/script/failure.h"
#include "lib/script/play.h"
#include "lib/session/conversation.h"

static void
connecting(void *ctx, struct party *party, const char *url)
{
	struct player_told t = {.act = PLAYER_CONNECTING, .party = party->number,
	    .text = slice_of(url)};

	player_tell(ctx, NULL, &t);
}

/* All that wait for that of the party; `next` before something happens to the strand. */
static void
wake_waiting(struct party *party, enum wait wait)
{
	struct strand *next;

	for (struct strand *s = party->waiting; s != NULL; s = next) {
		next = s->next_waiting;
		if (s->wait == wait)
			strand_try_again(s);
	}
}

static void
opened(void *ctx, struct party *party, const struct channel_opened *o)
{
	struct player *p = ctx;
	struct player_told t = {.act = PLAYER_OPENED, .at = o->at, .party = party->number,
	    .head = o->head};
	struct strand *next;

	player_tell(p, NULL, &t);
	if (p->state != PLAYER_PLAYING)
		return;
	for (struct strand *s = party->waiting; s != NULL; s = next) {
		next = s->next_waiting;
		if (s->wait == WAIT_OPENING)
			player_done(s, o->at > s->began ? o->at - s->began : 0);
	}
	wake_waiting(party, WAIT_LINE);
	player_run(p);
}

/* One that waits for a party whose connection is over. */
static void
strand_over(struct strand *s, struct party *party)
{
	switch (s->wait) {
	case WAIT_CLOSED:
		strand_try_again(s);
		break;
	case WAIT_OPENING:
		if (party->end != NULL)
			step_opening_failed(s, party, &party->end->end.why);
		else
			step_not_open(s, party);
		break;
	case WAIT_LINE:
	case WAIT_ROOM:
	case WAIT_PONG:
	case WAIT_MESSAGE:
	case WAIT_NONE:
		step_not_open(s, party);
		break;
	case WAIT_END:
		expect_end(s, party);
		break;
	case WAIT_NOTHING:
	case WAIT_TIME:
	case WAIT_STRANDS:
	case WAIT_BARRIER:
	case WAIT_CHILD:
	case WAIT_CALL:
		break;
	}
}

void
hear_over(struct player *p, struct party *party)
{
	struct strand *next;

	for (struct strand *s = party->waiting; s != NULL && p->state == PLAYER_PLAYING; s = next) {
		next = s->next_waiting;
		strand_over(s, party);
	}
}

static void
over(struct player *p, struct party *party, enum player_act act, const struct channel_end *end)
{
	struct player_told t = {.act = act, .party = party->number, .end = end};

	player_tell(p, NULL, &t);
	hear_over(p, party);
	player_run(p);
	player_check_end(p);
}

static void
refused(void *ctx, struct party *party, const struct channel_end *end)
{
	over(ctx, party, PLAYER_REFUSED, end);
}

static void
ended(void *ctx, struct party *party, const struct channel_end *end)
{
	over(ctx, party, PLAYER_ENDED, end);
}

static void
drained(void *ctx, struct party *party)
{
	wake_waiting(party, WAIT_ROOM);
	player_run(ctx);
}

/* Those to the pings of the connection itself are nobody's business. */
static void
pong(void *ctx, struct party *party, uint64_t round_trip_ns)
{
	struct player *p = ctx;
	struct player_told t = {.act = PLAYER_PONG, .party = party->number,
	    .took_ns = round_trip_ns};
	struct strand *next;

	for (struct strand *s = party->waiting; s != NULL && p->state == PLAYER_PLAYING; s = next) {
		next = s->next_waiting;
		if (s->wait != WAIT_PONG)
			continue;
		player_tell(p, s, &t);
		if (p->state == PLAYER_PLAYING)
			player_done(s, round_trip_ns);
	}
	player_run(p);
}

static void
retrying(void *ctx, struct party *party, const struct conversation_retry *r)
{
	struct player *p = ctx;
	struct player_told t = {.act = PLAYER_RETRYING, .party = party->number, .end = r->why,
	    .took_ns = r->wait_ns};

	player_tell(p, NULL, &t);
	/* Their pongs will not come any more; nor will there be room. */
	wake_waiting(party, WAIT_PONG);
	wake_waiting(party, WAIT_ROOM);
	player_run(p);
}

static void
notice(void *ctx, struct party *party, const char *text)
{
	struct player_told t = {.act = PLAYER_NOTICE, .party = party->number,
	    .text = slice_of(text)};

	player_tell(ctx, NULL, &t);
}

static void
unpublished(void *ctx, struct party *party, const struct err *why)
{
	struct player *p = ctx;
	struct err told;

	err_set(&told, why->class, why->code, "%.64s's message was not published: %.150s",
	    player_name(p, party), why->text);
	player_fail_at(p, party->sender, party, &told);
}

/* What a message is when nobody has taken it. */
static void
keep_message(struct player *p, struct party *party, const struct message *m, bool passed)
{
	struct err why;
	bool forgot;

	if (inbox_add(&party->inbox, m, passed, &forgot) != 0) {
		err_set(&why, ERR_LIMIT, 0, "%.64s has %zu unread messages: `%.64s clear` forgets "
		    "them", player_name(p, party), party->inbox.count, player_name(p, party));
		player_fail_at(p, NULL, party, &why);
	} else if (forgot && !party->forgetful) {
		party->forgetful = true;
		notice(p, party, "has too many unread messages: the oldest that lines have passed "
		    "over are forgotten");
	}
}

/* Behind expect-no-more. */
static void
unwanted(struct player *p, struct party *party, const struct message *m)
{
	static const char sentence[] = "it came, and none was to come any more";
	struct player_skipped told = {.at = m->at, .kind = m->kind,
	    .data = {(const char *)m->data, m->len}, .event = m->event, .id = m->id, .len = m->len};
	struct failure *f;
	struct err why;

	err_set(&why, ERR_MATCH, 0, "a message came to %.64s, and none was to come any more",
	    player_name(p, party));
	f = player_fail_at(p, party->no_more, party, &why);
	failure_skip(f, &told, slice_of(sentence));
}

static void
message(void *ctx, struct party *party, const struct message *m)
{
	struct player *p = ctx;
	struct player_told t = {.act = PLAYER_RECEIVED, .at = m->at, .party = party->number,
	    .message = m};
	bool passed = false;

	player_tell(p, NULL, &t);
	if (p->state != PLAYER_PLAYING)
		return;
	if (party->no_more != NULL)
		unwanted(p, party, m);
	else if (!expect_offer(party, m, &passed))
		keep_message(p, party, m, passed);
	player_run(p);
}

const struct party_events hear_events = {connecting, opened, refused, message, pong, drained,
    ended, retrying, notice, unpublished};
