#include "lib/script/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/channel/http_link.h"
#include "lib/channel/peer.h"
#include "lib/codec/http_coding.h"
#include "lib/codec/http_request.h"
#include "lib/script/answer.h"
#include "lib/script/stage.h"
#include "lib/session/client.h"
#include "lib/session/redirect.h"

enum { TYPE_MAX = 1024 };

/* A server may have ended a connection that was silent for so long, and what may not be sent twice
 * must not be lost by that. */
#define FRESH_NS NS_PER_S

struct call {
	struct call_params params;
	void *ctx;
	struct seat seat;
	struct client_target *own;       /* NULL: the seat has one */
	const struct peer *peer;
	struct http_link_params link_params;
	struct http_link *link;
	struct call_request request;
	struct buf body;
	char *token;                     /* a line; NULL: none */
	struct answer *answer;
	bool written;                    /* the request */
	uint64_t bytes_in, bytes_out;    /* that are counted */
	uint64_t idle_since;
};

static void
count_bytes(struct call *c)
{
	uint64_t in = http_link_bytes_in(c->link), out = http_link_bytes_out(c->link);

	c->params.totals->bytes_in += in - c->bytes_in;
	c->params.totals->bytes_out += out - c->bytes_out;
	c->bytes_in = in;
	c->bytes_out = out;
}

/* --- the end of a request ---------------------------------------------------------------- */

static void
forget(struct call *c)
{
	count_bytes(c);
	buf_release(&c->body);
	free(c->token);
	c->token = NULL;
	answer_free(c->answer);
	c->answer = NULL;
	c->idle_since = clock_ns();
}

static void
fail(struct call *c, const struct err *why)
{
	const struct err kept = *why;
	bool connecting = !c->written;

	forget(c);
	c->params.events->failed(c->ctx, &kept, connecting);
}

/* --- what the link tells ----------------------------------------------------------------- */

static int
write_request(void *ctx, struct buf *into, struct slice *body)
{
	struct call *c = ctx;
	char type[TYPE_MAX];
	const char *defaults[4] = {"Accept: */*", HTTP_USER_AGENT};
	const char *const *own = (const char *const *)&c->token;
	struct http_request r = {.method = c->request.method, .target = c->seat.url.target,
	    .authority = c->peer->authority, .headers = c->peer->headers,
	    .header_count = c->peer->header_count, .more_headers = own,
	    .more_header_count = c->token != NULL, .defaults = defaults, .default_count = 2,
	    .has_body = c->request.has_body, .body_length = c->body.len};

	c->written = true;
	*body = (struct slice){(const char *)c->body.data, c->body.len};
	if (c->request.has_body && c->request.type != NULL) {
		if ((size_t)snprintf(type, sizeof type, "Content-Type: %s", c->request.type) >=
		    sizeof type)
			return -1;
		defaults[r.default_count++] = type;
	}
	if (c->seat.client->compress)
		defaults[r.default_count++] = HTTP_CODINGS_ACCEPTED;
	return http_request_write(into, &r);
}

static void
head_came(void *ctx, const struct http_head *head, struct slice raw, uint64_t at)
{
	struct call *c = ctx;
	struct err why;

	(void)raw;
	(void)at;
	answer_free(c->answer);
	c->answer = answer_new(head, c->seat.client->max_message);
	if (c->answer != NULL)
		return;
	http_link_drop(c->link);
	err_set(&why, ERR_MEMORY, 0, "no memory for an answer");
	fail(c, &why);
}

static void
data_came(void *ctx, struct slice piece, uint64_t at)
{
	struct call *c = ctx;
	struct err why;

	(void)at;
	if (buf_add(&c->answer->body, piece.data, piece.len) == 0)
		return;
	http_link_drop(c->link);
	err_set(&why, ERR_LIMIT, 0, "the answer has more than %llu bytes (max-message)",
	    (unsigned long long)c->seat.client->max_message);
	fail(c, &why);
}

static void
done(void *ctx, uint64_t at)
{
	struct call *c = ctx;
	struct answer *answer = c->answer;

	c->answer = NULL;
	forget(c);
	c->params.events->answered(c->ctx, answer, at);
	answer_free(answer);
}

static void
failed(void *ctx, const struct err *why)
{
	fail(ctx, why);
}

static const struct http_link_events link_events = {write_request, head_came, data_came, done,
    failed, NULL};

/* --- asking ------------------------------------------------------------------------------ */

/* RFC 9110, 9.2.2. */
static bool
is_idempotent(const char *method)
{
	static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

int
call_ask(struct call *c, const struct call_request *request, struct buf *body, void *ctx,
    struct err *e)
{
	struct http_exchange exchange = {.to_head = strcmp(request->method, "HEAD") == 0,
	    .repeatable = is_idempotent(request->method)};
	struct err why = {0};

	c->ctx = ctx;
	c->request = *request;
	c->body = *body;
	buf_init(body, body->max);
	c->written = false;
	c->token = client_token_line(c->seat.client->client, c->params.number, time(NULL), &why);
	if (why.class == ERR_NONE) {
		if (!exchange.repeatable && clock_ns() - c->idle_since > FRESH_NS)
			http_link_drop(c->link);
		if (http_link_ask(c->link, &exchange, &why) == 0)
			return 0;
	}
	forget(c);
	*e = why;
	return -1;
}

const char *
call_stage(const struct call *c)
{
	return http_link_stage(c->link);
}

bool
call_is_asked(const struct call *c)
{
	return c->written;
}

/* --- life -------------------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The target stays that of the first seat. */
bool
call_serves(struct call *c, struct seat *seat)
{
	if (c->seat.client != seat->client || c->seat.target != seat->target ||
	    !redirect_same_origin(&c->seat.url, &seat->url) ||
	    !same_text(c->seat.url.user, seat->url.user) ||
	    !same_text(c->seat.url.password, seat->url.password))
		return false;
	stage_leave(c->params.stage, &c->seat, NULL);
	c->seat = *seat;
	*seat = (struct seat){0};
	return true;
}

static int
make_link(struct call *c, struct err *e)
{
	struct place place = client_place(c->seat.client->client, c->params.number, "/");
	struct stage *stage = c->params.stage;

	if (c->seat.target == NULL) {
		c->own = client_target_new(c->seat.client->client, &c->seat.url, false,
		    stage->resolver, stage->params.rng, e);
		if (c->own == NULL)
			return -1;
	}
	c->peer = c->own != NULL ? &c->own->peer : &c->seat.target->target->peer;
	c->link_params = (struct http_link_params){c->peer, place.source, place.source_len};
	c->link = http_link_new(stage->params.loop, &c->link_params, &link_events, c);
	return c->link != NULL ? 0 : err_set(e, ERR_MEMORY, 0, "no memory for a request");
}

struct call *
call_new(const struct call_params *params, struct seat *seat, struct err *e)
{
	struct call *c = calloc(1, sizeof *c);

	if (c == NULL) {
		stage_leave(params->stage, seat, NULL);
		err_set(e, ERR_MEMORY, 0, "no memory for a request");
		return NULL;
	}
	c->params = *params;
	c->seat = *seat;
	*seat = (struct seat){0};
	if (make_link(c, e) != 0) {
		call_free(c);
		return NULL;
	}
	return c;
}

/* The link's own memory goes at the end of this turn, what it was lent is not looked at then. */
void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	if (c->link != NULL) {
		forget(c);
		http_link_free(c->link, false);
	}
	client_target_free(c->own);
	stage_leave(c->params.stage, &c->seat, NULL);
	free(c);
}
