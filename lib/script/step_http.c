/* step_http.c: `http`: a request, and what is expected of its answer. */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/script/answer.h"
#include "lib/script/call.h"
#include "lib/script/failure.h"
#include "lib/script/match.h"
#include "lib/script/play.h"

enum {
	URL_SHOWN = 1024,
	LINE_MAX = 512,
};

static bool
fail(struct strand *s, const struct err *why, bool connecting)
{
	struct failure *f = player_fail(s, NULL, why);

	if (f != NULL)
		f->f.connecting = connecting;
	return false;
}

/* --- connections ------------------------------------------------------------------------- */

/* One that is kept and leads there, or a new one; takes the seat. */
static struct call *
take_call(struct player *p, struct seat *seat, const struct call_events *events, struct err *e)
{
	struct call_params params = {p->stage, p->host.number, &p->totals, events};

	for (int i = 0; i < PLAYER_CALLS; i++) {
		struct call *c = p->calls[i];

		if (c != NULL && call_serves(c, seat)) {
			p->calls[i] = NULL;
			return c;
		}
	}
	return call_new(&params, seat, e);
}

static void
give_back(struct player *p, struct call *call)
{
	for (int i = 0; i < PLAYER_CALLS; i++)
		if (p->calls[i] == NULL) {
			p->calls[i] = call;
			return;
		}
	call_free(p->calls[0]);
	memmove(&p->calls[0], &p->calls[1], (PLAYER_CALLS - 1) * sizeof *p->calls);
	p->calls[PLAYER_CALLS - 1] = call;
}

/* --- the answer -------------------------------------------------------------------------- */

static bool
asks_status(const struct expect *expect)
{
	for (size_t i = 0; i < expect->condition_count; i++)
		if (expect->conditions[i].kind == CONDITION_STATUS)
			return true;
	return false;
}

static void
fail_answer(struct strand *s, const struct subject *subject, uint64_t at, const struct buf *reason)
{
	const struct http_head *head = subject->head;
	struct player_skipped told = {.at = at, .data = subject->data, .len = subject->data.len};
	struct failure *f;
	struct err why;

	err_set(&why, ERR_MATCH, head->status, "the server answered %d %.*s", head->status,
	    head->reason.len < 100 ? (int)head->reason.len : 100, head->reason.data);
	f = player_fail(s, NULL, &why);
	failure_expected_match(f, asks_status(&s->step->http.expect) ? "" : "status 200 to 299, ",
	    s->match, "");
	failure_skip(f, &told, (struct slice){(const char *)reason->data, reason->len});
}

/* Whether it is as it should be; if not, why. */
static bool
fits(struct strand *s, struct subject *subject, struct buf *why)
{
	int status = subject->head->status;

	if (!asks_status(&s->step->http.expect) && (status < 200 || status > 299)) {
		buf_addf(why, "status: expected 200 to 299, got %d", status);
		return false;
	}
	return match_fits(s->match, subject, why);
}

static void
judge(struct strand *s, struct subject *subject, uint64_t at)
{
	const struct expect *expect = &s->step->http.expect;
	struct player *p = s->player;
	struct buf text;
	struct err why;

	buf_init(&text, LINE_MAX);
	if (!fits(s, subject, &text))
		fail_answer(s, subject, at, &text);
	else if (match_save(s->match, subject, expect->saves, expect->save_count, p->scope,
	    &why) != 0)
		fail(s, &why, false);
	else
		player_done(s, at > s->began ? at - s->began : 0);
	buf_release(&text);
}

static void
answered(void *ctx, const struct answer *a, uint64_t at)
{
	struct strand *s = ctx;
	struct player *p = s->player;
	struct subject subject = {.data = answer_body(a)};
	struct message body = {.data = (const uint8_t *)subject.data.data, .len = subject.data.len,
	    .at = at};
	struct http_head head;
	struct player_told t = {.act = PLAYER_ANSWER, .at = at, .party = -1, .head = &head,
	    .message = &body, .took_ns = at > s->began ? at - s->began : 0};

	answer_head(a, &head);
	subject.head = &head;
	give_back(p, s->call);
	s->call = NULL;
	player_tell(p, s, &t);
	if (p->state == PLAYER_PLAYING)
		judge(s, &subject, at);
	subject_release(&subject);
	player_run(p);
}

static void
failed(void *ctx, const struct err *why, bool connecting)
{
	fail(ctx, why, connecting);
}

void
step_http_timeout(struct strand *s)
{
	char text[LIMIT_TEXT];
	struct err why;

	err_set(&why, ERR_TIMEOUT, 0, "no answer within %s (still %s)", strand_within(s, text),
	    call_stage(s->call));
	fail(s, &why, !call_is_asked(s->call));
}

/* --- asking ------------------------------------------------------------------------------ */

static void
tell_request(struct strand *s, const struct seat *seat, const struct buf *body)
{
	char text[URL_SHOWN], url[URL_SHOWN - 64];
	struct message m = {.data = body->data, .len = body->len};
	struct player_told t = {.act = PLAYER_REQUEST, .party = -1};
	int len;

	if (!player_is_watched(s->player))
		return;
	len = snprintf(text, sizeof text, "%.48s %s", s->step->http.method,
	    url_text(&seat->url, url, sizeof url));
	t.text = (struct slice){text, (size_t)len};
	if (s->step->http.body != NULL)
		t.message = &m;
	player_tell(s->player, s, &t);
}

static int
fill_body(struct strand *s, struct buf *body, struct err *e)
{
	struct player *p = s->player;
	struct slice filled = {"", 0};

	buf_init(body, STAGE_TEXT_MAX);
	if (s->step->http.body == NULL)
		return 0;
	if (stage_fill(p->stage, s->step->http.body, p->scope, &filled, e) != 0)
		return -1;
	return buf_add(body, filled.data, filled.len) == 0 ? 0 :
	    err_set(e, ERR_MEMORY, 0, "no memory for a request");
}

/* RFC 9110, 8.6: these say that they have no body. */
static bool
has_body(const struct http_step *http)
{
	return http->body != NULL || strcmp(http->method, "POST") == 0 ||
	    strcmp(http->method, "PUT") == 0 || strcmp(http->method, "PATCH") == 0;
}

/* Takes both. */
static int
ask(struct strand *s, struct seat *seat, struct buf *body, struct err *e)
{
	static const struct call_events events = {answered, failed};
	const struct http_step *http = &s->step->http;
	struct call_request request = {http->method, http->type, has_body(http)};
	uint64_t limit = seat->client->open_timeout;
	struct player *p = s->player;

	s->call = take_call(p, seat, &events, e);
	if (s->call == NULL) {
		buf_release(body);
		return -1;
	}
	player_sends(p);
	p->totals.requests++;
	p->stage->totals.plays.requests++;
	if (call_ask(s->call, &request, body, s, e) != 0)
		return -1;
	strand_wait(s, WAIT_CALL, limit);
	return 0;
}

bool
step_http(struct strand *s)
{
	const struct http_step *http = &s->step->http;
	struct player *p = s->player;
	struct seat seat;
	struct buf body;
	struct err why;

	s->match = match_new(p->script, http->expect.conditions, http->expect.condition_count,
	    p->scope, &why);
	if (s->match == NULL || stage_seat_http(p->stage, http, strand_limit(s), p->scope, &seat,
	    &why) != 0)
		return fail(s, &why, false);
	if (fill_body(s, &body, &why) != 0) {
		buf_release(&body);
		stage_leave(p->stage, &seat, NULL);
		return fail(s, &why, false);
	}
	tell_request(s, &seat, &body);
	if (ask(s, &seat, &body, &why) != 0)
		return fail(s, &why, why.class != ERR_USAGE && why.class != ERR_MEMORY &&
		    why.class != ERR_LIMIT);
	return false;
}
