/*   OPENING ──opened──► UPGRADING ──101──► OPEN ──close()──► CLOSING ──close frame──► ENDING
 *                                           └── close frame of the peer, answered ──────┘
 *   ENDING waits for the server to end the TCP connection (RFC 6455, 7.1.1). Any state goes to
 *   DEAD by an error, which calls closed. */
#include "lib/channel/ws.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rng.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_frame.h"
#include "lib/codec/ws_handshake.h"
#include "lib/codec/ws_message.h"
#include "lib/loop/loop.h"

enum ws_state {
	WS_OPENING,
	WS_UPGRADING,
	WS_OPEN,
	WS_CLOSING,
	WS_ENDING,
	WS_DEAD,
};

static const char *const stage_names[] = {
	[WS_OPENING] = "connecting",
	[WS_UPGRADING] = "upgrading",
	[WS_OPEN] = "open",
	[WS_CLOSING] = "closing",
	[WS_ENDING] = "closing",
	[WS_DEAD] = "closed",
};

enum {
	REQUEST_MAX = 65536,
	PONG_BACKLOG_MAX = 65536,    /* with more than this waiting, pings are not answered */
	FRAME_PIECE = LOOP_BUFFER - WS_HEAD_MAX,
};

/* What is only needed until the connection is open. */
struct opening {
	struct buf request;          /* empty once it is sent */
	size_t seen;                 /* bytes of the answer that were searched for its end */
	char key[WS_KEY_LENGTH + 1];
};

struct ws {
	struct channel channel;
	struct loop *loop;
	const struct ws_params *params;
	struct stream *stream;
	struct opening *opening;
	struct ws_reader reader;
	enum ws_state state;
	bool by_peer;
	bool freed;
	uint16_t code;               /* of the peer's close frame, or ours while there is none */
	char *reason;                /* of the peer's close frame; NULL when it gave none */
	uint64_t bytes_in, bytes_out;    /* when the stream is gone */
	struct loop_deferred deferred;
};

static void
release_opening(struct ws *w)
{
	if (w->opening == NULL)
		return;
	buf_release(&w->opening->request);
	free(w->opening);
	w->opening = NULL;
}

static void
release(struct loop_deferred *d)
{
	struct ws *w = (struct ws *)((char *)d - offsetof(struct ws, deferred));

	free(w->reason);
	ws_reader_release(&w->reader);
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
	release_opening(w);
	if (reset)
		stream_reset(w->stream);
	else
		stream_close(w->stream);
	loop_defer(w->loop, &w->deferred, release);
}

/* The one way to `closed`. */
static void
finish(struct ws *w, const struct err *why, unsigned code)
{
	struct channel_end end = {.why = *why, .code = code, .by_peer = w->by_peer};

	if (w->reason != NULL)
		end.reason = slice_of(w->reason);
	w->state = WS_DEAD;
	release_opening(w);
	w->bytes_in = stream_bytes_in(w->stream);
	w->bytes_out = stream_bytes_out(w->stream);
	stream_close(w->stream);
	w->stream = NULL;
	w->channel.events->closed(w->channel.ctx, &end);
}

/* --- sending ----------------------------------------------------------------------------- */

static int
send_frame(struct ws *w, enum ws_opcode opcode, const void *data, size_t len)
{
	struct ws_frame frame = {.opcode = opcode, .fin = true, .masked = true, .length = len};
	uint8_t *out = loop_write_buffer(w->loop);
	uint32_t mask = (uint32_t)rng_u64(w->params->rng);
	const uint8_t *from = data;
	size_t head, piece, done;
	int result;

	memcpy(frame.mask, &mask, sizeof frame.mask);
	head = ws_frame_write(out, &frame);
	if (head + len > w->params->max_backlog - stream_backlog(w->stream))
		return -1;
	piece = len < FRAME_PIECE ? len : FRAME_PIECE;
	ws_mask(out + head, from, piece, frame.mask, 0);
	result = stream_write(w->stream, out, head + piece);
	for (done = piece; done < len && result >= 0; done += piece) {
		piece = len - done < FRAME_PIECE ? len - done : FRAME_PIECE;
		ws_mask(out, from + done, piece, frame.mask, done);
		result = stream_write(w->stream, out, piece);
	}
	return result;
}

static int
ws_send(struct channel *c, enum message_kind kind, const void *data, size_t len)
{
	struct ws *w = (struct ws *)c;

	if (w->state != WS_OPEN)
		return -1;
	return send_frame(w, kind == MESSAGE_TEXT ? WS_TEXT : WS_BINARY, data, len);
}

static int
ws_ping(struct channel *c, const void *data, size_t len)
{
	struct ws *w = (struct ws *)c;

	if (w->state != WS_OPEN || len > WS_CONTROL_MAX)
		return -1;
	return send_frame(w, WS_PING, data, len);
}

/* A code that must not be on the wire (1005, 1006, 0) is sent as an empty close frame. */
static void
send_close(struct ws *w, unsigned code, const char *reason)
{
	uint8_t payload[WS_CONTROL_MAX];
	uint16_t wire = htons((uint16_t)code);
	size_t len = 0;

	if (ws_close_code_ok(code)) {
		memcpy(payload, &wire, 2);
		len = reason != NULL ? strnlen(reason, WS_CONTROL_MAX - 2) : 0;
		if (len > 0)
			memcpy(payload + 2, reason, len);
		len += 2;
	}
	send_frame(w, WS_CLOSE, payload, len);
}

static void
ws_close(struct channel *c, unsigned code, const char *reason)
{
	struct ws *w = (struct ws *)c;

	if (w->state != WS_OPEN)
		return;
	w->state = WS_CLOSING;
	w->code = (uint16_t)code;
	send_close(w, code, reason);
}

/* --- receiving --------------------------------------------------------------------------- */

/* RFC 6455, 7.1.7: the peer is told why, then the connection is failed. */
static void
fail(struct ws *w, const struct err *why)
{
	if (w->state == WS_OPEN && why->class != ERR_MEMORY)
		send_close(w, (unsigned)why->code, NULL);
	finish(w, why, WS_CLOSE_ABNORMAL);
}

static void
handle_close(struct ws *w, const struct ws_item *item)
{
	struct channel_end end = {.by_peer = true};

	w->code = (uint16_t)item->code;
	if (item->len > 0)
		w->reason = strndup((const char *)item->data, item->len);
	if (w->state != WS_OPEN) {
		w->state = WS_ENDING;
		return;
	}
	w->by_peer = true;
	send_close(w, item->code, NULL);
	w->state = WS_ENDING;
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
		if (w->state == WS_OPEN && stream_backlog(w->stream) < PONG_BACKLOG_MAX)
			send_frame(w, WS_PONG, item->data, item->len);
		break;
	case WS_ITEM_PONG:
		w->channel.events->pong(w->channel.ctx, item->data, item->len, now);
		break;
	case WS_ITEM_CLOSE:
		handle_close(w, item);
		break;
	}
}

static size_t
receive_frames(struct ws *w, const uint8_t *data, size_t len, uint64_t now)
{
	struct ws_item item;
	struct err why = {0};
	size_t at = 0;
	ssize_t used;

	/* After the peer's close frame the rest is only waited out. */
	while (at < len && w->state != WS_DEAD && w->state != WS_ENDING) {
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
		ws_reader_next(&w->reader, data + len, 0, &item, &why);
	return len;
}

static size_t
receive_answer(struct ws *w, const uint8_t *data, size_t len, uint64_t now)
{
	struct ws_request request = {.key = w->opening->key,
	    .subprotocols = w->params->subprotocols,
	    .subprotocol_count = w->params->subprotocol_count};
	struct channel_opened opened = {.times = stream_times(w->stream), .at = now};
	struct http_head head;
	struct err why = {0};
	ssize_t used;

	used = http_head_parse(&head, (const char *)data, len, w->opening->seen, &why);
	if (used == 0) {
		w->opening->seen = len;
		return 0;
	}
	if (used < 0 || ws_response_check(&head, &request, &why) != 0) {
		finish(w, &why, WS_CLOSE_ABNORMAL);
		return len;
	}
	w->state = WS_OPEN;
	release_opening(w);
	opened.head = &head;
	w->channel.events->opened(w->channel.ctx, &opened);
	return (size_t)used;
}

static size_t
received(void *ctx, const uint8_t *data, size_t len, uint64_t now)
{
	struct ws *w = ctx;
	size_t used = 0;

	if (w->state == WS_UPGRADING) {
		used = receive_answer(w, data, len, now);
		if (w->state == WS_UPGRADING)
			return 0;
	}
	if (used < len)
		receive_frames(w, data + used, len - used, now);
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

static void
ended(void *ctx, const struct err *why)
{
	struct ws *w = ctx;
	struct err lost = *why;

	if (w->state == WS_ENDING) {
		lost = (struct err){0};
		finish(w, &lost, w->code);
		return;
	}
	if (w->state == WS_UPGRADING && why->class == ERR_NONE)
		err_set(&lost, ERR_HANDSHAKE, 0,
		    "the server closed the connection instead of answering the upgrade");
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
	finish(w, &lost, WS_CLOSE_ABNORMAL);
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

static const struct channel_ops ws_ops = {ws_send, ws_ping, ws_close, ws_free, ws_backlog,
    ws_bytes_in, ws_bytes_out, ws_stage};

static int
write_request(struct ws *w, const char *target, struct buf *into)
{
	const struct ws_params *p = w->params;
	struct ws_request request = {.target = target, .authority = p->authority,
	    .key = w->opening->key, .origin = p->origin, .subprotocols = p->subprotocols,
	    .subprotocol_count = p->subprotocol_count, .headers = p->headers,
	    .header_count = p->header_count};

	ws_key_make(w->opening->key, p->rng);
	return ws_request_write(into, &request);
}

/* The request is written into the loop's buffer, and only kept when it cannot go out at once. */
static int
begin(struct ws *w, const struct ws_place *place, struct err *e)
{
	struct stream_params to = {.dial = {w->params->endpoint, place->source, place->source_len},
	    .max_backlog = w->params->max_backlog};
	struct buf request = {.data = loop_write_buffer(w->loop), .cap = LOOP_BUFFER,
	    .max = REQUEST_MAX};
	int result;

	buf_init(&w->opening->request, REQUEST_MAX);
	if (write_request(w, place->target, &request) != 0)
		return err_set(e, ERR_USAGE, 0, "the request would exceed %d bytes", REQUEST_MAX);
	result = stream_open(&w->stream, w->loop, &to, &stream_events, w, e);
	if (result == 1)
		send_request(w, &request);
	if (result == 0 && buf_add(&w->opening->request, request.data, request.len) != 0) {
		stream_close(w->stream);
		return err_set(e, ERR_MEMORY, 0, "no memory for a request");
	}
	return result;
}

struct channel *
ws_open(struct loop *l, const struct ws_params *params, const struct ws_place *place,
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
	ws_reader_init(&w->reader, params->max_message);
	if (begin(w, place, e) < 0) {
		release_opening(w);
		free(w);
		return NULL;
	}
	return &w->channel;
}
