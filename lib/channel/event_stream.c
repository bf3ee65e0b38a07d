/*   STARTING ──end of the turn──► REQUEST
 *   REQUEST ──200, text/event-stream──► ANSWERED ──its end, close()──► OVER
 *      ├──other answer──► REFUSED ──its body──────────────────────────┤
 *      └──204, error──────────────────────────────────────────────────┘ */
#include "lib/channel/event_stream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/channel/asking.h"
#include "lib/channel/http_verdict.h"
#include "lib/channel/kept_place.h"
#include "lib/channel/resume.h"
#include "lib/codec/http_coding.h"
#include "lib/codec/http_head.h"
#include "lib/codec/http_request.h"
#include "lib/codec/sse.h"

/* A reconnection time beyond this is taken for this. */
#define RETRY_MAX_MS (UINT64_C(24) * 3600 * 1000)

struct event_stream {
	struct asking asking;        /* the first member */
	const struct event_stream_params *params;
	struct kept_place *place;    /* NULL when open */
	struct resume *resume;
	struct sse_reader reader;
	bool answered;
	bool complete;               /* the answer has ended while something was held */
	struct err *broke;           /* … or has broken; NULL: not so */
	struct buf held;             /* bytes that came before a pause and were not told yet */
};

/* --- life -------------------------------------------------------------------------------- */

static void
release_place(struct event_stream *s)
{
	if (s->place != NULL)
		kept_place_release(s->place);
	free(s->place);
	s->place = NULL;
}

static void
release(struct asking *a)
{
	struct event_stream *s = (struct event_stream *)a;

	release_place(s);
	buf_release(&s->held);
	sse_release(&s->reader);
	free(s->broke);
	free(s);
}

/* Every end says how long to wait before the next beginning. */
static void
leave(struct asking *a, struct channel_end *end)
{
	struct event_stream *s = (struct event_stream *)a;

	if (s->resume == NULL)
		return;
	resume_set(&s->resume->last_id, sse_last_id(&s->reader));
	if (end != NULL)
		end->retry_ns = s->resume->retry_ns;
}

static bool
is_open(const struct event_stream *s)
{
	return s->asking.state == ASKING_ANSWERED;
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
	s->asking.channel.events->message(s->asking.channel.ctx, &m);
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
			asking_fail(&s->asking, &why, true);
			return len;
		}
		at += (size_t)used;
		if (item.kind == SSE_ITEM_EVENT)
			tell(s, &item, now);
		else if (item.kind == SSE_ITEM_RETRY)
			set_retry(s, item.retry_ms);
	} while (item.kind != SSE_ITEM_NONE && is_open(s) && !s->asking.paused);
	return is_open(s) ? at : len;
}

/* The server has ended the stream. */
static void
stream_over(struct event_stream *s)
{
	asking_finish(&s->asking, &(struct channel_end){.again = true, .by_peer = true});
}

/* There will be no more of it. */
static void
stream_broke(struct event_stream *s, const struct err *why)
{
	struct err told = *why;

	if (why->class == ERR_CLOSED && sse_within_event(&s->reader))
		err_set(&told, ERR_CLOSED, why->code, "%.150s, in the middle of an event",
		    why->text);
	asking_fail(&s->asking, &told, why->class == ERR_PROTOCOL || why->class == ERR_LIMIT);
}

/* Keeps what a pause left untold. */
static void
hold(struct event_stream *s, const void *data, size_t len)
{
	if (is_open(s) && buf_add(&s->held, data, len) != 0)
		asking_fail_memory(&s->asking);
}

/* A pause is over: what was held comes first. It lies apart, since telling it may cause another. */
static void
go_on(struct asking *a)
{
	struct event_stream *s = (struct event_stream *)a;
	struct buf held = s->held;
	size_t used;

	buf_init(&s->held, held.max);
	used = read_events(s, held.data, held.len, clock_ns());
	if (used < held.len)
		hold(s, held.data + used, held.len - used);
	buf_release(&held);
	if (!is_open(s) || a->paused)
		return;
	http_link_pause(a->link, false);
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
	const struct kept_place *place = s->place;
	const char *more[KEPT_HEADERS_MAX];
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
		r.instead = id;              /* the user's, too: it said where to begin */
	}
	return http_request_write(into, &r);
}

/* HTML Living Standard, 9.2.2: what a response has to be. */
static void
head_came(void *ctx, const struct http_head *head, struct slice raw, uint64_t at)
{
	struct event_stream *s = ctx;
	struct slice type = http_head_field(head, "Content-Type");
	struct err why = {0};

	if (s->asking.state != ASKING_REQUEST)
		return;
	s->answered = true;
	if (head->status == 204) {
		asking_finish(&s->asking, &(struct channel_end){.final = true, .by_peer = true});
		return;
	}
	if (head->status != 200)
		http_verdict_refuse(head, &why);
	else if (!http_verdict_is_type(type, "text/event-stream"))
		err_set(&why, ERR_HANDSHAKE, 0,
		    "Content-Type is '%.*s': expected text/event-stream",
		    type.len < 80 ? (int)type.len : 80, type.len > 0 ? type.data : "");
	if (why.class != ERR_NONE) {
		asking_refuse(&s->asking, raw, &why);
		return;
	}
	s->asking.state = ASKING_ANSWERED;
	release_place(s);
	asking_opened(&s->asking, head, at);
}

/* Whether what comes has to wait for what is held. */
static bool
waits(const struct event_stream *s)
{
	return s->asking.paused || s->held.len > 0;
}

static void
data_came(void *ctx, struct slice piece, uint64_t at)
{
	struct event_stream *s = ctx;
	size_t used = 0;

	if (s->asking.state == ASKING_REFUSED)
		asking_refusal_took(&s->asking, piece);
	if (!is_open(s))
		return;
	if (!waits(s))
		used = read_events(s, (const uint8_t *)piece.data, piece.len, at);
	if (used < piece.len)
		hold(s, piece.data + used, piece.len - used);
}

static void
done(void *ctx, uint64_t at)
{
	struct event_stream *s = ctx;

	(void)at;
	if (s->asking.state == ASKING_REFUSED)
		asking_refused(&s->asking, false);
	else if (is_open(s) && waits(s))
		s->complete = true;
	else if (is_open(s))
		stream_over(s);
}

static void
failed(void *ctx, const struct err *why)
{
	struct event_stream *s = ctx;

	if (s->asking.state == ASKING_REFUSED)
		asking_refused(&s->asking, true);
	else if (is_open(s) && waits(s) && (s->broke = malloc(sizeof *s->broke)) != NULL)
		*s->broke = *why;
	else
		stream_broke(s, why);
}

static const struct http_link_events link_events = {write_request, head_came, data_came, done,
    failed, asking_wire};

/* --- the channel ------------------------------------------------------------------------- */

static void
event_stream_polling(const struct channel *c, struct channel_polling *out)
{
	const struct event_stream *s = (const struct event_stream *)c;

	*out = (struct channel_polling){.requests = s->answered,
	    .connections = http_link_connections(s->asking.link)};
}

static const struct channel_ops channel_ops = {asking_send, NULL, asking_close, asking_free,
    asking_pause, asking_backlog, asking_bytes_in, asking_bytes_out, asking_stage,
    asking_compression, event_stream_polling};

/* --- opening ----------------------------------------------------------------------------- */

static void
start(struct asking *a)
{
	asking_request(a);
}

static bool
is_final(const struct asking *a, const struct err *why)
{
	(void)a;
	return http_verdict_is_final(why);
}

static const struct asking_ops asking_ops = {start, go_on, is_final, leave, release};

static int
prepare(struct event_stream *s, const struct place *place, struct err *e)
{
	struct slice last = {NULL, 0};

	if (s->resume != NULL)
		last = resume_text(&s->resume->last_id);
	if (sse_init(&s->reader, s->params->peer->max_message, last) == 0 &&
	    (s->place = calloc(1, sizeof *s->place)) != NULL &&
	    kept_place_init(s->place, place) == 0)
		return 0;
	return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
}

struct channel *
event_stream_open(struct loop *l, const struct event_stream_params *params,
    const struct place *place, const struct channel_events *events, void *ctx, struct err *e)
{
	const struct asking_params asking = {&asking_ops, &channel_ops, &link_events, l,
	    params->peer, place, events, ctx};
	struct event_stream *s = calloc(1, sizeof *s);

	if (s == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a connection");
		return NULL;
	}
	s->params = params;
	s->resume = place->resume;
	buf_init(&s->held, SIZE_MAX);
	if (prepare(s, place, e) == 0 && asking_init(&s->asking, &asking, e) == 0)
		return &s->asking.channel;
	release(&s->asking);
	return NULL;
}
