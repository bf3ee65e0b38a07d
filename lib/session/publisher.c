/* publisher.c: a queue of messages, the first of which is being sent:
 *
 *     queue:  header, bytes | header, bytes | …
 *             └ on its way    └ waits
 */
#include "lib/session/publisher.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/channel/http_link.h"
#include "lib/channel/http_verdict.h"
#include "lib/channel/kept_place.h"
#include "lib/channel/peer.h"
#include "lib/channel/refusal.h"
#include "lib/codec/http_head.h"
#include "lib/codec/http_request.h"
#include "lib/loop/loop.h"

/* What stands in the queue in front of a message's bytes. */
struct waiting {
	uint64_t tag;
	size_t len;
	enum message_kind kind;
};

struct publisher {
	struct loop *loop;
	const struct publisher_params *params;
	const struct publisher_events *events;
	void *ctx;
	struct http_link_params link_params;
	struct http_link *link;
	struct kept_place place;
	struct buf queue;
	size_t at;                   /* where the first message stands: what is before it is done */
	struct refusal *refusal;     /* of the message under way, */
	bool accepted;               /* or it was published: the rest of the answer says nothing */
	bool busy;                   /* one is under way */
	bool deferring, freed;
	struct loop_timer timer;
	struct loop_deferred deferred;
};

static struct waiting
first(const struct publisher *p)
{
	struct waiting w;

	memcpy(&w, p->queue.data + p->at, sizeof w);
	return w;
}

static bool
is_empty(const struct publisher *p)
{
	return p->at == p->queue.len;
}

/* --- the queue --------------------------------------------------------------------------- */

/* Bytes that are done are dropped when they are most of it, so that each moves but once. */
static void
drop_first(struct publisher *p)
{
	p->at += sizeof(struct waiting) + first(p).len;
	if (p->at == p->queue.len)
		p->at = p->queue.len = 0;
	if (p->at > p->queue.len / 2) {
		buf_drop(&p->queue, p->at);
		p->at = 0;
	}
}

static int
add(struct publisher *p, const struct waiting *w, const void *data)
{
	size_t len = p->queue.len;

	if (sizeof *w + w->len > p->params->peer->max_backlog - (len - p->at) ||
	    buf_add(&p->queue, w, sizeof *w) != 0)
		return -1;
	if (buf_add(&p->queue, data, w->len) == 0)
		return 0;
	p->queue.len = len;
	return -1;
}

/* --- sending ----------------------------------------------------------------------------- */

static void failed(void *ctx, const struct err *why);

static void
send_first(struct publisher *p)
{
	static const struct http_exchange exchange = {0};
	struct err why = {0};

	p->busy = true;
	p->accepted = false;
	loop_timer_set(&p->timer, p->params->limit);
	if (http_link_ask(p->link, &exchange, &why) != 0)
		failed(p, &why);
}

static void
turn_over(struct loop_deferred *d)
{
	struct publisher *p = (struct publisher *)((char *)d -
	    offsetof(struct publisher, deferred));

	p->deferring = false;
	if (p->freed) {
		kept_place_release(&p->place);
		buf_release(&p->queue);
		refusal_free(p->refusal);
		free(p);
		return;
	}
	if (!p->busy && !is_empty(p))
		send_first(p);
}

static void
defer(struct publisher *p)
{
	if (!p->deferring)
		loop_defer(p->loop, &p->deferred, turn_over);
	p->deferring = true;
}

int
publisher_send(struct publisher *p, enum message_kind kind, const void *data, size_t len,
    uint64_t tag)
{
	struct waiting w = {tag, len, kind};

	if (add(p, &w, data) != 0)
		return -1;
	if (p->busy)
		return 0;
	defer(p);
	return 1;
}

/* The message under way has met its fate. */
static void
settle(struct publisher *p, const struct err *why, uint64_t at)
{
	struct refusal *refusal = p->refusal;
	uint64_t tag = first(p).tag;

	loop_timer_clear(&p->timer);
	p->refusal = NULL;
	p->busy = false;
	drop_first(p);
	if (!is_empty(p))
		defer(p);
	if (why != NULL)
		p->events->refused(p->ctx, tag, why,
		    refusal != NULL ? refusal_view(refusal) : NULL);
	else if (p->events->published != NULL)
		p->events->published(p->ctx, tag, at);
	refusal_free(refusal);
	if (!p->freed && is_empty(p) && !p->busy)
		p->events->drained(p->ctx);
}

/* There will be no more of the answer: what has come of it decides, or else *why. */
static void
settle_cut(struct publisher *p, const struct err *why)
{
	struct err told;

	if (p->refusal != NULL) {
		told = *refusal_why(p->refusal);
		refusal_cut(p->refusal);
		why = &told;
	}
	settle(p, p->accepted ? NULL : why, clock_ns());
}

static void
timer_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct publisher *p = ctx;
	struct err why;

	(void)fd;
	(void)events;
	err_set(&why, ERR_TIMEOUT, 0, "no answer to a %s within %.3g s (still %s)",
	    p->params->method, (double)p->params->limit / (double)NS_PER_S,
	    http_link_stage(p->link));
	http_link_drop(p->link);
	settle_cut(p, &why);
}

/* --- what the link tells ----------------------------------------------------------------- */

static int
write_request(void *ctx, struct buf *into, struct slice *body)
{
	struct publisher *p = ctx;
	const struct peer *peer = p->params->peer;
	struct waiting w = first(p);
	char type[1024];
	const char *more[KEPT_HEADERS_MAX], *defaults[] = {"Accept: */*", HTTP_USER_AGENT, type};
	struct http_request r = {.method = p->params->method, .target = p->place.target,
	    .authority = peer->authority, .headers = peer->headers,
	    .header_count = peer->header_count, .more_headers = more, .defaults = defaults,
	    .default_count = 3, .has_body = true, .body_length = w.len};

	*body = (struct slice){(const char *)p->queue.data + p->at + sizeof w, w.len};
	if ((size_t)snprintf(type, sizeof type, "Content-Type: %s", p->params->type != NULL ?
	    p->params->type : w.kind == MESSAGE_TEXT ? "text/plain; charset=utf-8" :
	    "application/octet-stream") >= sizeof type)
		return -1;
	for (size_t i = 0; i < p->place.header_count; i++)
		more[r.more_header_count++] = p->place.headers[i];
	return http_request_write(into, &r);
}

static void
head_came(void *ctx, const struct http_head *head, struct slice raw, uint64_t at)
{
	struct publisher *p = ctx;
	struct err why;

	(void)at;
	p->accepted = head->status >= 200 && head->status < 300;
	if (p->accepted)
		return;
	http_verdict_refuse(head, &why);
	p->refusal = refusal_new(raw.data, raw.len, p->params->peer->max_refusal, false, &why);
	if (p->refusal == NULL) {
		http_link_drop(p->link);
		settle(p, &why, 0);
	}
}

static void
data_came(void *ctx, struct slice piece, uint64_t at)
{
	struct publisher *p = ctx;

	(void)at;
	if (p->refusal == NULL || refusal_add(p->refusal, piece))
		return;
	http_link_drop(p->link);
	settle_cut(p, NULL);
}

static void
done(void *ctx, uint64_t at)
{
	struct publisher *p = ctx;
	struct err why;

	if (p->refusal == NULL) {
		settle(p, NULL, at);
		return;
	}
	why = *refusal_why(p->refusal);
	settle(p, &why, at);
}

static void
failed(void *ctx, const struct err *why)
{
	settle_cut(ctx, why);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct publisher *p = ctx;

	if (p->events->wire != NULL)
		p->events->wire(p->ctx, w);
}

static const struct http_link_events link_events = {write_request, head_came, data_came, done,
    failed, wire};

/* --- life -------------------------------------------------------------------------------- */

struct publisher *
publisher_new(struct loop *l, const struct publisher_params *params, const struct place *place,
    const struct publisher_events *events, void *ctx)
{
	struct publisher *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->loop = l;
	p->params = params;
	p->events = events;
	p->ctx = ctx;
	p->link_params = (struct http_link_params){params->peer, place->source,
	    place->source_len};
	buf_init(&p->queue, SIZE_MAX);
	loop_timer_init(&p->timer, l, timer_fired, p);
	if (kept_place_init(&p->place, place) == 0 &&
	    (p->link = http_link_new(l, &p->link_params, &link_events, p)) != NULL)
		return p;
	kept_place_release(&p->place);
	free(p);
	return NULL;
}

void
publisher_free(struct publisher *p)
{
	if (p == NULL || p->freed)
		return;
	p->freed = true;
	loop_timer_clear(&p->timer);
	http_link_free(p->link, false);
	defer(p);
}

size_t
publisher_backlog(const struct publisher *p)
{
	return p->queue.len - p->at;
}

uint64_t
publisher_bytes_in(const struct publisher *p)
{
	return http_link_bytes_in(p->link);
}

uint64_t
publisher_bytes_out(const struct publisher *p)
{
	return http_link_bytes_out(p->link);
}

uint64_t
publisher_connections(const struct publisher *p)
{
	return http_link_connections(p->link);
}
