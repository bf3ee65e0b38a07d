/*   OPENING ──opened──► UPGRADING ──101──► OPEN ──close()──► CLOSING ──close frame──► ENDING
 *                         │                 ├── close frame of the peer, answered ──────┘
 *                         └──other──► REFUSED                └── broken protocol ──► FAILING
 *
 *   REFUSED reads the body of the refusal. ENDING waits for the server to end the TCP connection
 *   (RFC 6455, 7.1.1). FAILING does so too, for a while: closing a socket with bytes unread makes
 *   the kernel reset it, and the close frame that says why might never be read (7.1.7). Any state
 *   goes to DEAD by an error, which calls closed. */
#include "lib/channel/ws.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/channel/refusal.h"
#include "lib/channel/ws_conn.h"
#include "lib/codec/ws_deflate.h"

static const char *const stage_names[] = {
	[WS_OPENING] = "connecting",
	[WS_UPGRADING] = "upgrading",
	[WS_REFUSED] = "refused",
	[WS_OPEN] = "open",
	[WS_CLOSING] = "closing",
	[WS_ENDING] = "ending",
	[WS_FAILING] = "closing",
	[WS_DEAD] = "closed",
};

enum {
	REQUEST_MAX = 65536,
	PONG_BACKLOG_MAX = 65536,    /* with more than this waiting, pings are not answered */
	DISCARD_MAX = 64 << 20,      /* bytes that are read from a peer that broke the protocol … */
};

#define FAILING_NS NS_PER_S          /* … and for how long */

/* --- life -------------------------------------------------------------------------------- */

void
ws_release_opening(struct ws *w)
{
	if (w->opening == NULL)
		return;
	refusal_free(w->opening->refusal);
	buf_release(&w->opening->request);
	free(w->opening);
	w->opening = NULL;
}

static void
release_failing(struct ws *w)
{
	struct ws_failing *f = w->special != NULL ? w->special->failing : NULL;

	if (f == NULL)
		return;
	loop_timer_clear(&f->timer);
	free(f);
	w->special->failing = NULL;
}

static void
release_special(struct ws *w)
{
	if (w->special != NULL)
		ws_deflate_free(w->special->reader.deflate);
	free(w->special);
}

static void
release(struct loop_deferred *d)
{
	struct ws *w = (struct ws *)((char *)d - offsetof(struct ws, deferred));

	free(w->reason);
	ws_reader_release(&w->reader);
	release_special(w);
	free(w);
}

static void
ws_free(struct channel *c, bool reset)
{
	struct ws *w = (struct ws *)c;

	if (w->freed)
		return;
	w->freed = true;
	w->state = WS_DEAD;
	ws_release_opening(w);
	release_failing(w);
	if (reset)
		stream_reset(w->stream);
	else
		stream_close(w->stream);
	loop_defer(w->loop, &w->deferred, release);
}

void
ws_finish(struct ws *w, const struct err *why, unsigned code)
{
	struct channel_end end = {.why = *why, .code = code, .by_peer = w->by_peer};
	struct refusal *refusal = NULL;

	if (w->reason != NULL)
		end.reason = slice_of(w->reason);
	if (w->opening != NULL) {
		refusal = w->opening->refusal;
		w->opening->refusal = NULL;
	}
	if (refusal != NULL)
		end.refusal = refusal_view(refusal);
	w->state = WS_DEAD;
	ws_release_opening(w);
	release_failing(w);
	w->bytes_in = stream_bytes_in(w->stream);
	w->bytes_out = stream_bytes_out(w->stream);
	stream_close(w->stream);
	w->stream = NULL;
	w->channel.events->closed(w->channel.ctx, &end);
	refusal_free(refusal);
}

static void
frame_came(void *ctx, const struct ws_frame *frame, const uint8_t *data, size_t len)
{
	const struct ws *w = ctx;
	struct channel_wire wire = {.kind = WIRE_FRAME, .frame = frame, .data = data, .len = len,
	    .at = w->special->now};

	ws_tell(w, &wire);
}

int
ws_need_special(struct ws *w, struct err *e)
{
	if (w->special != NULL)
		return 0;
	w->special = calloc(1, sizeof *w->special);
	if (w->special == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
	if (w->channel.events->wire != NULL)
		w->special->reader.frame = frame_came;
	w->special->reader.ctx = w;
	ws_reader_extend(&w->reader, &w->special->reader);
	return 0;
}

/* --- sending ----------------------------------------------------------------------------- */

static int
ws_send(struct channel *c, enum message_kind kind, const void *data, size_t len)
{
	struct ws *w = (struct ws *)c;

	if (w->state != WS_OPEN)
		return -1;
	return ws_out_message(w, kind == MESSAGE_TEXT ? WS_TEXT : WS_BINARY, data, len);
}

static int
ws_ping(struct channel *c, const void *data, size_t len)
{
	struct ws *w = (struct ws *)c;

	if (w->state != WS_OPEN || len > WS_CONTROL_MAX)
		return -1;
	return ws_out_control(w, WS_PING, data, len);
}

static void
ws_close(struct channel *c, unsigned code, const char *reason)
{
	static const struct err fine;
	struct ws *w = (struct ws *)c;

	if (w->state == WS_REFUSED)
		ws_refusal_end(w, false);
	if (w->state == WS_ENDING)
		ws_finish(w, &fine, w->code);
	if (w->state != WS_OPEN)
		return;
	w->state = WS_CLOSING;
	w->code = (uint16_t)code;
	ws_out_close(w, code, reason);
}

/* Nothing that comes means anything any more but its end, so a pause is over too. */
static void
wait_for_end(struct ws *w, enum ws_state state)
{
	w->state = state;
	w->paused = false;
	stream_pause(w->stream, false);
}

/* --- a peer that broke the protocol ------------------------------------------------------ */

/* The peer has ended, or was waited for long enough. */
static void
finish_failing(struct ws *w)
{
	ws_finish(w, &w->special->failing->why, WS_CLOSE_ABNORMAL);
}

static void
time_is_up(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	finish_failing(ctx);
}

static struct ws_failing *
new_failing(struct ws *w, const struct err *why)
{
	struct ws_failing *f;

	if (why->class == ERR_MEMORY || ws_need_special(w, NULL) != 0)
		return NULL;
	f = calloc(1, sizeof *f);
	if (f == NULL)
		return NULL;
	w->special->failing = f;
	f->why = *why;
	loop_timer_init(&f->timer, w->loop, time_is_up, w);
	return f;
}

/* RFC 6455, 7.1.7: the peer is told why, then the connection is failed. */
static void
fail(struct ws *w, const struct err *why)
{
	struct ws_failing *f = new_failing(w, why);

	if (f == NULL) {
		ws_finish(w, why, WS_CLOSE_ABNORMAL);
		return;
	}
	if (w->state == WS_OPEN)
		ws_out_close(w, (unsigned)why->code, NULL);
	wait_for_end(w, WS_FAILING);
	loop_timer_set(&f->timer, FAILING_NS);
}

static void
discard(struct ws *w, size_t len)
{
	w->special->failing->discarded += len;
	if (w->special->failing->discarded > DISCARD_MAX)
		finish_failing(w);
}

/* --- receiving --------------------------------------------------------------------------- */

static void
handle_close(struct ws *w, const struct ws_item *item)
{
	struct channel_end end = {.by_peer = true};

	w->code = (uint16_t)item->code;
	if (item->len > 0)
		w->reason = strndup((const char *)item->data, item->len);
	if (w->state != WS_OPEN) {
		wait_for_end(w, WS_ENDING);
		return;
	}
	w->by_peer = true;
	ws_out_close(w, item->code, NULL);
	wait_for_end(w, WS_ENDING);
	end.code = w->code;
	if (w->reason != NULL)
		end.reason = slice_of(w->reason);
	w->channel.events->closing(w->channel.ctx, &end);
}

static void
handle_item(struct ws *w, const struct ws_item *item, uint64_t now)
{
	struct message m = {.data = item->data, .len = item->len, .at = now};

	switch (item->kind) {
	case WS_ITEM_NONE:
		break;
	case WS_ITEM_TEXT:
	case WS_ITEM_BINARY:
		m.kind = item->kind == WS_ITEM_TEXT ? MESSAGE_TEXT : MESSAGE_BINARY;
		w->channel.events->message(w->channel.ctx, &m);
		break;
	case WS_ITEM_PING:
		if (stream_backlog(w->stream) < PONG_BACKLOG_MAX)
			ws_out_control(w, WS_PONG, item->data, item->len);
		break;
	case WS_ITEM_PONG:
		w->channel.events->pong(w->channel.ctx, item->data, item->len, now);
		break;
	case WS_ITEM_CLOSE:
		handle_close(w, item);
		break;
	}
}

/* Whether frames still mean anything: after the peer's close frame the rest is only waited out. */
static bool
takes_frames(const struct ws *w)
{
	return w->state == WS_OPEN || w->state == WS_CLOSING;
}

/* Returns how many bytes it took: in a pause no message is told. */
static size_t
receive_frames(struct ws *w, const uint8_t *data, size_t len, uint64_t now)
{
	struct ws_item item;
	struct err why = {0};
	size_t at = 0;
	ssize_t used;

	if (w->special != NULL)
		w->special->now = now;
	while (at < len && takes_frames(w) && !w->paused) {
		used = ws_reader_next(&w->reader, data + at, len - at, &item, &why);
		if (used < 0) {
			fail(w, &why);
			return len;
		}
		at += (size_t)used;
		handle_item(w, &item, now);
	}
	/* A message that was put together is given back now, not with the next one. */
	if (w->reader.lent && w->state != WS_DEAD)
		ws_reader_next(&w->reader, data + at, 0, &item, &why);
	return takes_frames(w) ? at : len;
}

/* --- what the stream tells --------------------------------------------------------------- */

static size_t
received(void *ctx, const uint8_t *data, size_t len, uint64_t now)
{
	struct ws *w = ctx;
	size_t used = 0;

	while (w->state == WS_UPGRADING && used < len) {
		size_t n = ws_answer(w, data + used, len - used, now);

		if (n == 0)
			return used;
		used += n;
	}
	if (w->state == WS_REFUSED)
		ws_refusal(w, data + used, len - used);
	else if (w->state == WS_FAILING)
		discard(w, len - used);
	else if (used < len)
		return used + receive_frames(w, data + used, len - used, now);
	return len;
}

static void
send_request(struct ws *w, const struct buf *request)
{
	w->state = WS_UPGRADING;
	stream_write(w->stream, request->data, request->len);
}

static void
opened(void *ctx)
{
	struct ws *w = ctx;

	ws_tell_head(w, true, w->opening->request.data, w->opening->request.len, clock_ns());
	send_request(w, &w->opening->request);
	buf_release(&w->opening->request);
}

static void
drained(void *ctx)
{
	struct ws *w = ctx;

	if (w->state == WS_OPEN)
		w->channel.events->drained(w->channel.ctx);
}

/* Gives the end of the stream in a state where it should not end its sentence. */
static void
lose(struct ws *w, const struct err *why)
{
	struct err lost = *why;

	if (w->state == WS_UPGRADING && why->class == ERR_NONE)
		err_set(&lost, ERR_HANDSHAKE, 0,
		    "the server closed the connection instead of answering the upgrade%s",
		    w->params->peer->tls == NULL ? "; if it speaks TLS, the URL is wss://" : "");
	else if (w->state == WS_UPGRADING && why->class == ERR_CLOSED)
		err_set(&lost, ERR_HANDSHAKE, why->code,
		    "the connection broke before the upgrade was answered: %.120s", why->text);
	else if (why->class == ERR_NONE)
		err_set(&lost, ERR_CLOSED, WS_CLOSE_ABNORMAL,
		    "the server closed the connection without a close frame");
	else if (why->class == ERR_CLOSED)
		err_set(&lost, ERR_CLOSED, WS_CLOSE_ABNORMAL, "the connection broke: %.160s",
		    why->text);
	w->by_peer = w->state >= WS_OPEN;
	ws_finish(w, &lost, WS_CLOSE_ABNORMAL);
}

static void
ended(void *ctx, const struct err *why)
{
	static const struct err fine;
	struct ws *w = ctx;

	switch (w->state) {
	case WS_REFUSED:
		ws_refusal_end(w, why->class == ERR_NONE);
		break;
	case WS_ENDING:
		ws_finish(w, &fine, w->code);
		break;
	case WS_FAILING:
		finish_failing(w);
		break;
	case WS_OPENING:
	case WS_UPGRADING:
	case WS_OPEN:
	case WS_CLOSING:
		lose(w, why);
		break;
	case WS_DEAD:
		break;
	}
}

static const struct stream_events stream_events = {opened, received, drained, ended};

/* --- the rest ---------------------------------------------------------------------------- */

static size_t
ws_backlog(const struct channel *c)
{
	const struct ws *w = (const struct ws *)c;

	return w->stream != NULL ? stream_backlog(w->stream) : 0;
}

static uint64_t
ws_bytes_in(const struct channel *c)
{
	const struct ws *w = (const struct ws *)c;

	return w->stream != NULL ? stream_bytes_in(w->stream) : w->bytes_in;
}

static uint64_t
ws_bytes_out(const struct channel *c)
{
	const struct ws *w = (const struct ws *)c;

	return w->stream != NULL ? stream_bytes_out(w->stream) : w->bytes_out;
}

static const char *
ws_stage(const struct channel *c)
{
	const struct ws *w = (const struct ws *)c;

	return w->state == WS_OPENING ? stream_stage(w->stream) : stage_names[w->state];
}

static void
ws_compression(const struct channel *c, struct channel_compression *out)
{
	const struct ws *w = (const struct ws *)c;
	struct ws_deflate_counts n = {0};

	if (w->special != NULL && w->special->reader.deflate != NULL)
		n = ws_deflate_counts(w->special->reader.deflate);
	*out = (struct channel_compression){n.out_plain, n.out_wire, n.in_plain, n.in_wire};
}

/* It is told, and does not ask. */
static void
ws_polling(const struct channel *c, struct channel_polling *out)
{
	(void)c;
	*out = (struct channel_polling){0};
}

static void
ws_pause(struct channel *c, bool pause)
{
	struct ws *w = (struct ws *)c;

	if (w->state > WS_CLOSING)
		return;
	w->paused = pause;
	stream_pause(w->stream, pause);
}

static const struct channel_ops ws_ops = {ws_send, ws_ping, ws_close, ws_free, ws_pause,
    ws_backlog, ws_bytes_in, ws_bytes_out, ws_stage, ws_compression, ws_polling};

/* --- opening ----------------------------------------------------------------------------- */

/* A request that went out before ws_open returned is told when it has. */
struct told {
	struct loop_deferred deferred;
	struct ws *ws;               /* freed at the end of a turn, so not before this has run */
	struct buf request;
	uint64_t at;
};

static void
tell_request(struct loop_deferred *d)
{
	struct told *t = (struct told *)((char *)d - offsetof(struct told, deferred));

	if (!t->ws->freed)
		ws_tell_head(t->ws, true, t->request.data, t->request.len, t->at);
	buf_release(&t->request);
	free(t);
}

static void
tell_request_later(struct ws *w, const struct buf *request)
{
	struct told *t = w->channel.events->wire != NULL ? calloc(1, sizeof *t) : NULL;

	if (t == NULL)
		return;
	t->ws = w;
	t->at = clock_ns();
	buf_init(&t->request, REQUEST_MAX);
	buf_add(&t->request, request->data, request->len);
	loop_defer(w->loop, &t->deferred, tell_request);
}

static int
write_request(struct ws *w, const struct place *place, struct buf *into)
{
	const struct ws_params *p = w->params;
	struct ws_request request = {.target = place->target,
	    .authority = p->peer->authority,
	    .key = w->opening->key, .origin = p->origin, .subprotocols = p->subprotocols,
	    .subprotocol_count = p->subprotocol_count, .deflate = p->deflate,
	    .headers = p->peer->headers, .header_count = p->peer->header_count,
	    .more_headers = place->headers, .more_header_count = place->header_count};

	ws_key_make(w->opening->key, p->peer->rng);
	return ws_request_write(into, &request);
}

/* The request is written into the loop's buffer, and only kept when it cannot go out at once. */
static int
begin(struct ws *w, const struct place *place, struct err *e)
{
	const struct peer *p = w->params->peer;
	struct stream_params to = {.dial = {p->endpoint, place->source, place->source_len},
	    .proxy = p->proxy, .tls = p->tls, .max_backlog = p->max_backlog};
	struct buf request = {.data = loop_write_buffer(w->loop), .cap = LOOP_BUFFER,
	    .max = REQUEST_MAX};
	int result;

	if (to.max_backlog < SIZE_MAX - WS_OUT_CLOSE_ROOM)
		to.max_backlog += WS_OUT_CLOSE_ROOM;
	buf_init(&w->opening->request, REQUEST_MAX);
	if (write_request(w, place, &request) != 0)
		return err_set(e, ERR_USAGE, 0, "the request would exceed %d bytes", REQUEST_MAX);
	result = stream_open(&w->stream, w->loop, &to, &stream_events, w, e);
	if (result == 1) {
		send_request(w, &request);
		tell_request_later(w, &request);
	}
	if (result == 0 && buf_add(&w->opening->request, request.data, request.len) != 0) {
		stream_close(w->stream);
		return err_set(e, ERR_MEMORY, 0, "no memory for a request");
	}
	return result;
}

struct channel *
ws_open(struct loop *l, const struct ws_params *params, const struct place *place,
    const struct channel_events *events, void *ctx, struct err *e)
{
	struct ws *w = calloc(1, sizeof *w);

	if (w == NULL || (w->opening = calloc(1, sizeof *w->opening)) == NULL) {
		free(w);
		err_set(e, ERR_MEMORY, 0, "no memory for a connection");
		return NULL;
	}
	w->channel = (struct channel){&ws_ops, events, ctx};
	w->loop = l;
	w->params = params;
	ws_reader_init(&w->reader, params->peer->max_message);
	if (((events->wire != NULL || params->fault != WS_FAULT_NONE) &&
	    ws_need_special(w, e) != 0) || begin(w, place, e) < 0) {
		ws_release_opening(w);
		release_special(w);
		free(w);
		return NULL;
	}
	return &w->channel;
}
