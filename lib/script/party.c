#include "lib/script/party.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/units.h"
#include "lib/channel/resume.h"
#include "lib/codec/http_head.h"
#include "lib/script/answer.h"
#include "lib/session/client.h"
#include "lib/session/cookies.h"
#include "lib/session/conversation.h"

enum { URL_SHOWN = 512 };

static void
enter(struct party *p, enum party_state state)
{
	p->state = state;
	p->since = clock_ns();
}

/* --- counting ---------------------------------------------------------------------------- */

static void
count_open(struct party *p, bool open)
{
	if (open == p->counted)
		return;
	p->counted = open;
	if (open)
		p->host->totals->open++;
	else
		p->host->totals->open--;
	stage_count_open(p->host->stage, open);
}

static void
add_failure(struct player_totals *t, enum err_class class, bool dropped)
{
	t->dropped += dropped;
	t->failed += !dropped;
	t->errors[class]++;
}

static void
count_failure(struct party *p, const struct err *why, bool dropped)
{
	add_failure(p->host->totals, why->class, dropped);
	add_failure(&p->host->stage->totals.plays, why->class, dropped);
}

void
party_count_loss(struct party *p)
{
	if (p->uncounted && p->end != NULL)
		count_failure(p, &p->end->end.why, true);
	p->uncounted = false;
}

/* --- the end of a connection ------------------------------------------------------------- */

static void
keep_end(struct party *p, const struct channel_end *end, bool refused)
{
	struct party_end *kept = p->end != NULL ? p->end : malloc(sizeof *kept);
	size_t len = end->reason.len;

	p->end = kept;
	if (kept == NULL)
		return;
	if (len >= sizeof kept->reason)
		len = sizeof kept->reason - 1;
	kept->end = *end;
	kept->refused = refused;
	if (len > 0)
		memcpy(kept->reason, end->reason.data, len);
	kept->reason[len] = '\0';
	kept->end.reason = (struct slice){kept->reason, len};
	kept->end.refusal = NULL;
}

void
party_add_bytes(const struct party *p, struct player_totals *t)
{
	struct conversation_totals moved;

	if (p->conversation == NULL)
		return;
	conversation_totals(p->conversation, &moved);
	t->bytes_in += moved.bytes_in;
	t->bytes_out += moved.bytes_out;
}

/* The conversation is done with; what is lent from it must not be needed any more. */
static void
leave(struct party *p, bool reset, const struct err *why)
{
	party_add_bytes(p, p->host->totals);
	count_open(p, false);
	conversation_free(p->conversation, reset);
	p->conversation = NULL;
	stage_leave(p->host->stage, &p->seat, why);
	enter(p, PARTY_OVER);
}

/* --- what the conversation tells --------------------------------------------------------- */

static void
keep_answer(struct party *p, const struct http_head *head, struct slice body)
{
	answer_free(p->answer);
	p->answer = answer_new(head, body.len);
	if (p->answer != NULL)
		buf_add(&p->answer->body, body.data, body.len);
}

static void
connecting(void *ctx, const struct url *to, unsigned redirect)
{
	struct party *p = ctx;
	char text[URL_SHOWN];

	(void)redirect;
	if (p->host->events->connecting != NULL)
		p->host->events->connecting(p->host->ctx, p, url_text(to, text, sizeof text));
}

static void
opened(void *ctx, const struct channel_opened *o)
{
	struct party *p = ctx;

	p->was_open = true;
	p->host->totals->opened++;
	p->host->stage->totals.plays.opened++;
	count_open(p, true);
	if (p->keeps_answer && o->head != NULL)
		keep_answer(p, o->head, (struct slice){"", 0});
	enter(p, PARTY_OPEN);
	p->host->events->opened(p->host->ctx, p, o);
}

static void
message(void *ctx, const struct message *m)
{
	struct party *p = ctx;

	p->host->totals->received++;
	p->host->stage->totals.plays.received++;
	p->host->events->message(p->host->ctx, p, m);
}

static void
pong(void *ctx, uint64_t round_trip_ns)
{
	struct party *p = ctx;

	p->host->events->pong(p->host->ctx, p, round_trip_ns);
}

static void
drained(void *ctx)
{
	struct party *p = ctx;

	p->host->events->drained(p->host->ctx, p);
}

static void
closing(void *ctx, const struct channel_end *end)
{
	struct party *p = ctx;

	(void)end;
	enter(p, PARTY_CLOSING);
}

static void
retrying(void *ctx, const struct conversation_retry *r)
{
	struct party *p = ctx;

	count_failure(p, &r->why->why, p->counted);
	count_open(p, false);
	enter(p, PARTY_RETRYING);
	p->host->events->retrying(p->host->ctx, p, r);
}

/* What `end` lends lives until this turn of the loop is over, so that whoever is told finds the
 * party free for another opening. */
static void
closed(void *ctx, const struct channel_end *end)
{
	struct party *p = ctx;
	bool refused = !p->was_open, fine = p->closing || end->why.class == ERR_NONE;
	struct channel_end nothing = *end;

	if (refused && end->why.class == ERR_NONE) {
		err_set(&nothing.why, ERR_HTTP, 204,
		    "the server answered 204: it has nothing to say");
		end = &nothing;
	}
	if (end->refusal != NULL)
		keep_answer(p, end->refusal->head, end->refusal->body);
	if (!p->counted && !p->closing)
		count_failure(p, &end->why, false);
	p->lost = !refused && !fine;
	p->uncounted = p->lost && p->counted;
	keep_end(p, end, refused);
	leave(p, false, &end->why);
	if (refused)
		p->host->events->refused(p->host->ctx, p, end);
	else
		p->host->events->ended(p->host->ctx, p, end);
}

static void
notice(void *ctx, const struct channel_notice *n)
{
	struct party *p = ctx;

	p->host->events->notice(p->host->ctx, p, n->what.text);
}

static void
unpublished(void *ctx, const struct err *why, const struct channel_refusal *refusal)
{
	struct party *p = ctx;

	(void)refusal;
	p->host->events->unpublished(p->host->ctx, p, why);
}

static const struct conversation_events events = {connecting, opened, message, pong, drained,
    closing, retrying, closed, NULL, notice, unpublished};

/* --- opening ----------------------------------------------------------------------------- */

/* What the opening before left. */
static int
forget(struct party *p, const struct party_opening *o, struct err *e)
{
	bool has_id = p->seat.client->transport != TRANSPORT_WS;

	answer_free(p->answer);
	p->answer = NULL;
	free(p->end);
	p->end = NULL;
	p->closing = p->was_open = p->lost = p->uncounted = p->paused = false;
	if (!o->again) {
		cookies_free(p->cookies);
		p->cookies = NULL;
	}
	if (p->resume != NULL && !(o->resume && has_id)) {
		resume_release(p->resume);
		free(p->resume);
		p->resume = NULL;
	}
	if (p->resume == NULL && has_id && (p->resume = malloc(sizeof *p->resume)) != NULL)
		resume_init(p->resume);
	if (p->cookies == NULL)
		p->cookies = cookies_new();
	return p->cookies != NULL && (p->resume != NULL || !has_id) ? 0 :
	    err_set(e, ERR_MEMORY, 0, "no memory for a connection");
}

/* As hail-connect(1) does: an upgrade is not redirected. */
static int
redirects(const struct party *p, const struct party_opening *o)
{
	bool follows = p->seat.client->transport != TRANSPORT_WS && !o->refusable;

	return follows ? CONVERSATION_REDIRECTS : 0;
}

static int
begin(struct party *p, const struct party_opening *o, struct err *e)
{
	const struct stage_client *client = p->seat.client;
	struct conversation_params params = {.client = client->client, .url = &p->seat.url,
	    .resolver = p->host->stage->resolver, .rng = p->host->stage->params.rng,
	    .number = p->host->number, .redirects = redirects(p, o), .retries = client->retries,
	    .publish = client->publish.method != NULL ? &client->publish : NULL,
	    .backoff = {100 * NS_PER_MS, 2 * NS_PER_S}, .resume = p->resume,
	    .cookies = p->cookies,
	    .target = p->seat.target != NULL ? p->seat.target->target : NULL};

	p->conversation = conversation_open(p->host->stage->params.loop, &params, &events, p, e);
	if (p->conversation == NULL)
		return -1;
	enter(p, PARTY_OPENING);
	return 0;
}

int
party_open(struct party *p, const struct party_opening *o, uint64_t *limit, struct err *e)
{
	if (stage_seat_open(p->host->stage, o->step, o->limit, o->scope, &p->seat, e) != 0)
		return -1;
	p->opener = o->step;
	*limit = p->seat.client->open_timeout;
	if (forget(p, o, e) == 0 && begin(p, o, e) == 0)
		return 0;
	stage_leave(p->host->stage, &p->seat, NULL);
	return -1;
}

/* --- while it is open -------------------------------------------------------------------- */

void
party_close(struct party *p, unsigned code, const char *reason)
{
	if (p->state == PARTY_OVER)
		return;
	p->closing = true;
	conversation_close(p->conversation, code, reason);
	if (p->state == PARTY_RETRYING)
		p->state = PARTY_CLOSING;
	else if (p->state != PARTY_CLOSING)
		enter(p, PARTY_CLOSING);
}

void
party_drop(struct party *p)
{
	struct channel_end end = {0};

	if (p->state == PARTY_OVER)
		return;
	end.code = p->seat.client->transport == TRANSPORT_WS ? 1006 : 0;
	err_set(&end.why, ERR_CLOSED, (int)end.code, "dropped");
	p->closing = true;
	keep_end(p, &end, !p->was_open);
	leave(p, true, NULL);
}

void
party_give_up(struct party *p, const struct err *why)
{
	struct channel_end end = {.why = *why};

	if (p->state == PARTY_OVER)
		return;
	end.code = p->seat.client->transport == TRANSPORT_WS ? 1006 : 0;
	count_failure(p, why, false);
	keep_end(p, &end, true);
	leave(p, false, why);
}

int
party_send(struct party *p, enum message_kind kind, struct slice data, struct err *e)
{
	if (conversation_send(p->conversation, kind, data.data, data.len) >= 0) {
		p->host->totals->sent++;
		p->host->stage->totals.plays.sent++;
		return 1;
	}
	if (p->seat.client->transport != TRANSPORT_WS && p->seat.client->publish.method == NULL)
		return err_set(e, ERR_USAGE, 0, "nothing can be sent there: expected the option "
		    "publish, or a WebSocket");
	if (conversation_backlog(p->conversation) == 0)
		return err_set(e, ERR_LIMIT, 0, "%zu bytes are more than may wait to be sent",
		    data.len);
	return 0;
}

void
party_pause(struct party *p, bool pause)
{
	if (p->conversation == NULL || p->paused == pause)
		return;
	p->paused = pause;
	conversation_pause(p->conversation, pause);
}

bool
party_listens(const struct party *p)
{
	return p->state != PARTY_OVER;
}

enum transport
party_transport(const struct party *p)
{
	return p->seat.client != NULL ? p->seat.client->transport : TRANSPORT_WS;
}

struct slice
party_last_id(const struct party *p)
{
	return p->resume != NULL && p->resume->last_id.len > 0 ? resume_text(&p->resume->last_id) :
	    (struct slice){"", 0};
}

/* --- words ------------------------------------------------------------------------------- */

static void
end_text(const struct party_end *end, struct buf *into)
{
	const struct channel_end *e = &end->end;

	if (end->refused)
		buf_addf(into, "not opened: %s", e->why.text);
	else if (e->why.class != ERR_NONE)
		buf_addf(into, "lost: %s", e->why.text);
	else if (e->code == 0)
		buf_add_text(into, e->by_peer ? "ended by the server" : "closed");
	else if (end->reason[0] != '\0')
		buf_addf(into, "closed with %u '%s'", e->code, end->reason);
	else
		buf_addf(into, "closed with %u", e->code);
}

void
party_state_text(const struct party *p, struct buf *into)
{
	char text[32];

	units_duration_text(text, sizeof text, (double)(clock_ns() - p->since) / 1e6);
	switch (p->state) {
	case PARTY_OVER:
		if (p->end != NULL)
			end_text(p->end, into);
		else
			buf_add_text(into, "not open");
		break;
	case PARTY_OPENING:
		buf_addf(into, "being opened for %s", text);
		break;
	case PARTY_OPEN:
		buf_addf(into, "open for %s%s", text, p->paused ? ", paused" : "");
		break;
	case PARTY_RETRYING:
		buf_addf(into, "between two connections for %s", text);
		break;
	case PARTY_CLOSING:
		buf_addf(into, "closing for %s", text);
		break;
	}
}

/* --- life -------------------------------------------------------------------------------- */

struct party *
party_new(const struct party_host *host, int number)
{
	struct party *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->host = host;
	p->number = number;
	return p;
}

void
party_free(struct party *p)
{
	if (p == NULL)
		return;
	if (p->conversation != NULL)
		leave(p, false, NULL);
	inbox_clear(&p->inbox);
	answer_free(p->answer);
	cookies_free(p->cookies);
	if (p->resume != NULL)
		resume_release(p->resume);
	free(p->resume);
	free(p->end);
	free(p);
}
