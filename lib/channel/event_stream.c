/*   STARTING ──end of the turn──► OPENING
 *   OPENING ──200, text/event-stream──► OPEN ──its end, close()──► OVER
 *      ├──other answer──► REFUSED ──its body──────────────────────────┤
 *      └──204, error──────────────────────────────────────────────────┘
 *
 *   OVER calls closed at the end of the loop's turn, so that channel_close never does. */
#include "lib/channel/event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/channel/http_link.h"
#include "lib/channel/http_verdict.h"
#include "lib/channel/kept_place.h"
#include "lib/channel/refusal.h"
#include "lib/channel/resume.h"
#include "lib/codec/http_coding.h"
#include "lib/codec/http_head.h"
#include "lib/codec/http_request.h"
#include "lib/codec/sse.h"
#include "lib/loop/loop.h"

enum event_stream_state {
	STREAM_STARTING,             /* the request waits for the end of the turn */
	STREAM_OPENING,
	STREAM_REFUSED,
	STREAM_OPEN,
	STREAM_OVER,                 /* `closed` is on its way */
	STREAM_DEAD,
};

/* A reconnection time beyond this is taken for this. */
#define RETRY_MAX_MS (UINT64_C(24) * 3600 * 1000)

/* What is only needed until the stream is open. */
struct opening {
	struct kept_place place;
	struct refusal *refusal;
};

struct event_stream {
	struct channel channel;
	struct loop *loop;
	const struct event_stream_params *params;
	struct http_link_params link_params;
	struct http_link *link;
	struct opening *opening;     /* NULL when open */
	struct resume *resume;
	struct sse_reader reader;
	enum event_stream_state state;
	bool paused, freed, deferring;
	bool answered;
	bool complete;               /* the answer has ended while something was held */
	struct err *broke;           /* … or has broken; NULL: not so */
	struct buf held;             /* bytes that came before a pause and were not told yet */
	struct channel_end *end;     /* in STREAM_OVER; NULL: there was no memory */
	struct loop_deferred deferred;
};

static const char *const stage_names[] = {
	[STREAM_STARTING] = "connecting",
	[STREAM_OPENING] = "connecting",
	[STREAM_REFUSED] = "refused",
	[STREAM_OPEN] = "open",
	[STREAM_OVER] = "closing",
	[STREAM_DEAD] = "closed",
};

/* --- life -------------------------------------------------------------------------------- */

static void
release_opening(struct event_stream *s)
{
	struct opening *o = s->opening;

	s->opening = NULL;
	if (o == NULL)
		return;
	kept_place_release(&o->place);
	refusal_free(o->refusal);
	free(o);
}

static void
release(struct event_stream *s)
{
	release_opening(s);
	buf_release(&s->held);
	sse_release(&s->reader);
	free(s->broke);
	free(s->end);
	free(s);
}

static void ask(struct event_stream *s);
static void go_on(struct event_stream *s);

/* The end of the turn: what was put off, or the memory. */
static void
turn_over(struct loop_deferred *d)
{
	struct event_stream *s = (struct event_stream *)((char *)d -
	    offsetof(struct event_stream, deferred));

	s->deferring = false;
	if (s->freed) {
		release(s);
	} else if (s->state == STREAM_OVER) {
		s->state = STREAM_DEAD;
		s->channel.events->closed(s->channel.ctx,
		    s->end != NULL ? s->end : &channel_end_no_memory);
	} else if (s->state == STREAM_STARTING) {
		ask(s);
	} else if (!s->paused) {
		go_on(s);
	}
}

static void
defer(struct event_stream *s)
{
	if (!s->deferring)
		loop_defer(s->loop, &s->deferred, turn_over);
	s->deferring = true;
}

static void
keep_place(struct event_stream *s)
{
	if (s->resume != NULL)
		resume_set(&s->resume->last_id, sse_last_id(&s->reader));
}

static void
event_stream_free(struct channel *c, bool reset)
{
	struct event_stream *s = (struct event_stream *)c;

	if (s->freed)
		return;
	if (s->state < STREAM_OVER)
		keep_place(s);
	s->freed = true;
	s->state = STREAM_DEAD;
	http_link_free(s->link, reset);
	defer(s);
}

/* The one way to `closed`. */
static void
finish(struct event_stream *s, const struct channel_end *end)
{
	if (s->state >= STREAM_OVER)
		return;
	keep_place(s);
	s->state = STREAM_OVER;
	http_link_drop(s->link);
	s->end = malloc(sizeof *s->end);
	if (s->end != NULL) {
		*s->end = *end;
		if (s->resume != NULL)
			s->end->retry_ns = s->resume->retry_ns;
		if (s->opening != NULL && s->opening->refusal != NULL)
			s->end->refusal = refusal_view(s->opening->refusal);
	}
	defer(s);
}

static void
fail(struct event_stream *s, const struct err *why, bool final)
{
	struct channel_end end = {.why = *why, .final = final, .by_peer = true};

	finish(s, &end);
}

/* --- events ------------------------------------------------------------------------------ */

static void
set_retry(struct event_stream *s, uint64_t ms)
{
	if (s->resume != NULL)
		s->resume->retry_ns = ms > RETRY_MAX_MS ? RETRY_MAX_MS * NS_PER_MS :
		    ms > 0 ? ms * NS_PER_MS : 1;
}

/* A stream is UTF-8, and what of it is not comes as U+FFFD (9.2.6): few need the memory. */
static struct slice
decoded(struct slice text, struct buf *into)
{
	if (utf8_valid(text.data, text.len) || utf8_repair(into, text.data, text.len) != 0)
		return text;
	return (struct slice){(const char *)into->data, into->len};
}

static void
tell(struct event_stream *s, const struct sse_item *item, uint64_t now)
{
	struct message m = {.kind = MESSAGE_TEXT, .at = now};
	struct buf text, type, id;
	struct slice data;

	buf_init(&text, SIZE_MAX);
	buf_init(&type, SIZE_MAX);
	buf_init(&id, SIZE_MAX);
	data = decoded(item->text, &text);
	m.data = (const uint8_t *)data.data;
	m.len = data.len;
	m.event = decoded(item->type, &type);
	m.id = decoded(item->id, &id);
	s->channel.events->message(s->channel.ctx, &m);
	buf_release(&text);
	buf_release(&type);
	buf_release(&id);
}

/* Returns how many bytes it took: in a pause no message is told. */
static size_t
read_events(struct event_stream *s, const uint8_t *data, size_t len, uint64_t now)
{
	struct sse_item item;
	struct err why = {0};
	size_t at = 0;
	ssize_t used;

	do {
		used = sse_next(&s->reader, data + at, len - at, &item, &why);
		if (used < 0) {
			fail(s, &why, true);
			return len;
		}
		at += (size_t)used;
		if (item.kind == SSE_ITEM_EVENT)
			tell(s, &item, now);
		else if (item.kind == SSE_ITEM_RETRY)
			set_retry(s, item.retry_ms);
	} while (item.kind != SSE_ITEM_NONE && s->state == STREAM_OPEN && !s->paused);
	return s->state == STREAM_OPEN ? at : len;
}

/* The server has ended the stream. */
static void
stream_over(struct event_stream *s)
{
	finish(s, &(struct channel_end){.again = true, .by_peer = true});
}

/* There will be no more of it. */
static void
stream_broke(struct event_stream *s, const struct err *why)
{
	struct err told = *why;

	if (why->class == ERR_CLOSED && sse_within_event(&s->reader))
		err_set(&told, ERR_CLOSED, why->code, "%.150s, in the middle of an event",
		    why->text);
	fail(s, &told, why->class == ERR_PROTOCOL || why->class == ERR_LIMIT);
}

/* A pause is over: what was held comes first. It lies apart, since telling it may cause another. */
static void
go_on(struct event_stream *s)
{
	struct buf held = s->held;
	size_t used;

	buf_init(&s->held, held.max);
	used = read_events(s, held.data, held.len, clock_ns());
	if (s->state == STREAM_OPEN && used < held.len &&
	    buf_add(&s->held, held.data + used, held.len - used) != 0)
		fail(s, &(struct err){.class = ERR_MEMORY, .text = "no memory in a pause"},
		    true);
	buf_release(&held);
	if (s->state != STREAM_OPEN || s->paused)
		return;
	http_link_pause(s->link, false);
	if (s->broke != NULL)
		stream_broke(s, s->broke);
	else if (s->complete)
		stream_over(s);
}

/* --- what the link tells ----------------------------------------------------------------- */

static int
write_request(void *ctx, struct buf *into, struct slice *body)
{
	static const char *const defaults[] = {"Accept: text/event-stream",
	    "Cache-Control: no-cache",
	    HTTP_USER_AGENT, HTTP_CODINGS_ACCEPTED};
	struct event_stream *s = ctx;
	const struct peer *p = s->params->peer;
	char id[sizeof "Last-Event-ID: " + SSE_ID_MAX];
	const struct kept_place *place = &s->opening->place;
	const char *more[KEPT_HEADERS_MAX + 1];
	struct http_request r = {.method = "GET", .target = place->target,
	    .authority = p->authority, .headers = p->headers, .header_count = p->header_count,
	    .more_headers = more, .more_header_count = place->header_count,
	    .defaults = defaults, .default_count = s->params->compress ? 4 : 3};
	struct slice last = sse_last_id(&s->reader);

	(void)body;
	for (size_t i = 0; i < place->header_count; i++)
		more[i] = place->headers[i];
	if (last.len > 0) {
		stpcpy(mempcpy(stpcpy(id, "Last-Event-ID: "), last.data, last.len), "");
		more[r.more_header_count++] = id;
	}
	return http_request_write(into, &r);
}

static void
begin_refused(struct event_stream *s, struct slice raw, const struct err *why)
{
	s->opening->refusal = refusal_new(raw.data, raw.len, s->params->peer->max_refusal,
	    false, why);
	if (s->opening->refusal == NULL || s->params->peer->max_refusal == 0)
		fail(s, why, http_verdict_is_final(why));
	else
		s->state = STREAM_REFUSED;
}

static void
refused(struct event_stream *s)
{
	const struct err *why = refusal_why(s->opening->refusal);

	fail(s, why, http_verdict_is_final(why));
}

static void
open_stream(struct event_stream *s, const struct http_head *head, uint64_t at)
{
	struct channel_opened opened = {.head = head, .times = http_link_times(s->link),
	    .stream = http_link_stream(s->link), .at = at};

	s->state = STREAM_OPEN;
	release_opening(s);
	s->channel.events->opened(s->channel.ctx, &opened);
}

/* HTML Living Standard, 9.2.2: what a response has to be. */
static void
head_came(void *ctx, const struct http_head *head, struct slice raw, uint64_t at)
{
	struct event_stream *s = ctx;
	struct slice type = http_head_field(head, "Content-Type");
	struct err why = {0};

	if (s->state != STREAM_OPENING)
		return;
	s->answered = true;
	if (head->status == 204) {
		finish(s, &(struct channel_end){.final = true, .by_peer = true});
		return;
	}
	if (head->status != 200)
		http_verdict_refuse(head, &why);
	else if (!http_verdict_is_type(type, "text/event-stream"))
		err_set(&why, ERR_HANDSHAKE, 0,
		    "Content-Type is '%.*s': expected text/event-stream",
		    type.len < 80 ? (int)type.len : 80, type.len > 0 ? type.data : "");
	if (why.class == ERR_NONE)
		open_stream(s, head, at);
	else
		begin_refused(s, raw, &why);
}

static void
data_came(void *ctx, struct slice piece, uint64_t at)
{
	struct event_stream *s = ctx;
	size_t used = 0;

	if (s->state == STREAM_REFUSED && !refusal_add(s->opening->refusal, piece))
		refused(s);
	if (s->state != STREAM_OPEN)
		return;
	if (!s->paused && s->held.len == 0)
		used = read_events(s, (const uint8_t *)piece.data, piece.len, at);
	if (s->state == STREAM_OPEN && used < piece.len &&
	    buf_add(&s->held, piece.data + used, piece.len - used) != 0)
		fail(s, &(struct err){.class = ERR_MEMORY, .text = "no memory in a pause"},
		    true);
}

static void
done(void *ctx, uint64_t at)
{
	struct event_stream *s = ctx;

	(void)at;
	if (s->state == STREAM_REFUSED)
		refused(s);
	else if (s->state == STREAM_OPEN && (s->paused || s->held.len > 0))
		s->complete = true;
	else if (s->state == STREAM_OPEN)
		stream_over(s);
}

static void
failed(void *ctx, const struct err *why)
{
	struct event_stream *s = ctx;

	if (s->state == STREAM_REFUSED) {
		refusal_cut(s->opening->refusal);
		refused(s);
		return;
	}
	if (s->state == STREAM_OPEN && (s->paused || s->held.len > 0) &&
	    (s->broke = malloc(sizeof *s->broke)) != NULL)
		*s->broke = *why;
	else
		stream_broke(s, why);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct event_stream *s = ctx;

	if (s->channel.events->wire != NULL && s->state < STREAM_OVER)
		s->channel.events->wire(s->channel.ctx, w);
}

static const struct http_link_events link_events = {write_request, head_came, data_came, done,
    failed, wire};

/* --- the channel ------------------------------------------------------------------------- */

static int
event_stream_send(struct channel *c, enum message_kind kind, const void *data, size_t len)
{
	(void)c;
	(void)kind;
	(void)data;
	(void)len;
	return -1;
}

static void
event_stream_close(struct channel *c, unsigned code, const char *reason)
{
	struct event_stream *s = (struct event_stream *)c;

	(void)code;
	(void)reason;
	if (s->state == STREAM_REFUSED) {
		refusal_cut(s->opening->refusal);
		refused(s);
	} else {
		finish(s, &(struct channel_end){0});
	}
}

static void
event_stream_pause(struct channel *c, bool pause)
{
	struct event_stream *s = (struct event_stream *)c;

	if (s->state >= STREAM_OVER)
		return;
	s->paused = pause;
	if (pause || s->state != STREAM_OPEN)
		http_link_pause(s->link, pause);
	else
		defer(s);
}

static size_t
event_stream_backlog(const struct channel *c)
{
	(void)c;
	return 0;
}

static uint64_t
event_stream_bytes_in(const struct channel *c)
{
	return http_link_bytes_in(((const struct event_stream *)c)->link);
}

static uint64_t
event_stream_bytes_out(const struct channel *c)
{
	return http_link_bytes_out(((const struct event_stream *)c)->link);
}

static const char *
event_stream_stage(const struct channel *c)
{
	const struct event_stream *s = (const struct event_stream *)c;

	return s->state == STREAM_OPENING ? http_link_stage(s->link) : stage_names[s->state];
}

static void
event_stream_compression(const struct channel *c, struct channel_compression *out)
{
	(void)c;
	*out = (struct channel_compression){0};
}

static void
event_stream_polling(const struct channel *c, struct channel_polling *out)
{
	const struct event_stream *s = (const struct event_stream *)c;

	*out = (struct channel_polling){.requests = s->answered,
	    .connections = http_link_connections(s->link)};
}

static const struct channel_ops event_stream_ops = {event_stream_send, NULL, event_stream_close,
    event_stream_free, event_stream_pause, event_stream_backlog, event_stream_bytes_in,
    event_stream_bytes_out, event_stream_stage, event_stream_compression, event_stream_polling};

/* --- opening ----------------------------------------------------------------------------- */

static void
ask(struct event_stream *s)
{
	struct err why = {0};

	s->state = STREAM_OPENING;
	if (http_link_ask(s->link, &(struct http_exchange){.repeatable = true}, &why) != 0)
		fail(s, &why, why.class == ERR_LIMIT);
}

static int
prepare(struct event_stream *s, const struct place *place, struct err *e)
{
	struct slice last = {NULL, 0};

	if (s->resume != NULL)
		last = resume_text(&s->resume->last_id);
	if (sse_init(&s->reader, s->params->peer->max_message, last) == 0 &&
	    (s->opening = calloc(1, sizeof *s->opening)) != NULL &&
	    kept_place_init(&s->opening->place, place) == 0 &&
	    (s->link = http_link_new(s->loop, &s->link_params, &link_events, s)) != NULL)
		return 0;
	return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
}

struct channel *
event_stream_open(struct loop *l, const struct event_stream_params *params,
    const struct place *place, const struct channel_events *events, void *ctx, struct err *e)
{
	struct event_stream *s = calloc(1, sizeof *s);

	if (s == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a connection");
		return NULL;
	}
	s->channel = (struct channel){&event_stream_ops, events, ctx};
	s->loop = l;
	s->params = params;
	s->link_params = (struct http_link_params){params->peer, place->source,
	    place->source_len};
	s->resume = place->resume;
	buf_init(&s->held, SIZE_MAX);
	if (prepare(s, place, e) == 0) {
		defer(s);
		return &s->channel;
	}
	http_link_free(s->link, false);
	release(s);
	return NULL;
}
