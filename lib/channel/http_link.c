/*   NONE ──ask──► OPENING ──opened──► ASKED ──answer complete──► IDLE ──ask──► ASKED …
 *     ▲              │                  │                          │
 *     └── failed ────┴──── ended ───────┘◄── ended by the server ──┘
 *
 *   A kept connection may have been ended by the server before a request reaches it. One that is
 *   repeatable is then sent once more, over a new connection (RFC 9112, 9.3.1). */
#include "lib/channel/http_link.h"

#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/channel/peer.h"
#include "lib/codec/http_head.h"
#include "lib/codec/http_reader.h"
#include "lib/loop/loop.h"
#include "lib/transport/stream.h"

enum link_state {
	LINK_NONE,           /* no connection */
	LINK_OPENING,
	LINK_ASKED,          /* an answer is on its way */
	LINK_IDLE,           /* kept for the next request */
	LINK_FREED,
};

struct http_link {
	struct loop *loop;
	const struct http_link_params *params;
	const struct http_link_events *events;
	void *ctx;
	struct stream *stream;               /* NULL in LINK_NONE */
	struct http_reader reader;
	struct http_exchange exchange;
	enum link_state state;
	bool reused;                         /* the exchange goes over a kept connection */
	bool paused;
	uint64_t gone_in, gone_out;          /* bytes of connections that are over */
	uint64_t connections;
	struct stream_times times;
	struct loop_deferred deferred;
};

static int open_stream(struct http_link *h, struct err *e);

/* --- the connection ---------------------------------------------------------------------- */

static void
end_stream(struct http_link *h, bool reset)
{
	if (h->stream == NULL)
		return;
	h->gone_in += stream_bytes_in(h->stream);
	h->gone_out += stream_bytes_out(h->stream);
	h->times = *stream_times(h->stream);
	if (reset)
		stream_reset(h->stream);
	else
		stream_close(h->stream);
	h->stream = NULL;
	http_reader_release(&h->reader);
	if (h->state != LINK_FREED)
		h->state = LINK_NONE;
}

static void
fail(struct http_link *h, const struct err *why)
{
	struct err copy = *why;

	end_stream(h, false);
	h->events->failed(h->ctx, &copy);
}

/* --- asking ------------------------------------------------------------------------------ */

static void
tell_head(struct http_link *h, bool out, struct slice head, uint64_t at)
{
	struct channel_wire w = {.kind = out ? WIRE_REQUEST : WIRE_RESPONSE, .out = out,
	    .data = (const uint8_t *)head.data, .len = head.len, .at = at};

	if (h->events->wire != NULL)
		h->events->wire(h->ctx, &w);
}

/* The head and a body that fits behind it go out in one piece. */
static int
send_request(struct http_link *h, struct err *e)
{
	struct buf request = {.data = loop_write_buffer(h->loop), .cap = LOOP_BUFFER,
	    .max = HTTP_LINK_REQUEST_MAX};
	struct slice body = {NULL, 0};
	size_t head_len;

	if (h->events->write(h->ctx, &request, &body) != 0)
		return err_set(e, ERR_LIMIT, 0, "the request would exceed %d bytes",
		    HTTP_LINK_REQUEST_MAX);
	head_len = request.len;
	tell_head(h, true, (struct slice){(const char *)request.data, head_len}, clock_ns());
	request.max = LOOP_BUFFER;
	if (buf_add(&request, body.data, body.len) == 0)
		body.len = 0;
	http_reader_begin(&h->reader, h->exchange.to_head);
	h->state = LINK_ASKED;
	if (stream_write(h->stream, request.data, request.len) < 0 ||
	    (body.len > 0 && stream_write(h->stream, body.data, body.len) < 0))
		return err_set(e, ERR_LIMIT, 0,
		    "the request is larger than what may wait to be sent");
	return 0;
}

int
http_link_ask(struct http_link *h, const struct http_exchange *exchange, struct err *e)
{
	h->exchange = *exchange;
	h->reused = h->state == LINK_IDLE;
	if (!h->reused)
		return open_stream(h, e);
	if (send_request(h, e) == 0)
		return 0;
	end_stream(h, false);
	return -1;
}

/* --- what the stream tells --------------------------------------------------------------- */

/* `more` came behind the answer: nobody has asked for it, and it must not be taken for the answer
 * to the next request (RFC 9112, 9.2 and 11.2). */
static void
complete(struct http_link *h, bool more, uint64_t now)
{
	if (http_reader_persists(&h->reader) && !more)
		h->state = LINK_IDLE;
	else
		end_stream(h, false);
	h->events->done(h->ctx, now);
}

static void
handle_item(struct http_link *h, const struct http_item *item, const struct http_head *head,
    bool more, uint64_t now)
{
	switch (item->kind) {
	case HTTP_ITEM_NONE:
		break;
	case HTTP_ITEM_INTERIM:
		tell_head(h, false, item->bytes, now);
		break;
	case HTTP_ITEM_HEAD:
		tell_head(h, false, item->bytes, now);
		h->events->head(h->ctx, head, item->bytes, now);
		break;
	case HTTP_ITEM_DATA:
		h->events->data(h->ctx, item->bytes, now);
		break;
	case HTTP_ITEM_END:
		complete(h, more, now);
		break;
	}
}

/* Bytes that nobody asked for, often a 408 to a connection that was idle, end it. */
static size_t
refuse_unasked(struct http_link *h, size_t len)
{
	end_stream(h, false);
	return len;
}

static size_t
received(void *ctx, const uint8_t *data, size_t len, uint64_t now)
{
	struct http_link *h = ctx;
	const struct stream *stream = h->stream;
	struct http_head head;
	struct http_item item;
	struct err why = {0};
	size_t used = 0;
	ssize_t n;

	do {
		if (h->state == LINK_IDLE)
			return used < len ? refuse_unasked(h, len) : len;
		n = http_reader_next(&h->reader, data + used, len - used, &head, &item, &why);
		if (n < 0) {
			fail(h, &why);
			return len;
		}
		used += (size_t)n;
		handle_item(h, &item, &head, used < len, now);
		if (h->stream != stream)     /* it is gone, and what followed with it */
			return len;
		/* In a pause the end of an answer that is all there is still told. */
	} while (item.kind != HTTP_ITEM_NONE && (!h->paused || used == len));
	return used;
}

static void
opened(void *ctx)
{
	struct http_link *h = ctx;
	struct err why = {0};

	h->times = *stream_times(h->stream);
	if (send_request(h, &why) != 0)
		fail(h, &why);
}

static void
drained(void *ctx)
{
	(void)ctx;
}

/* Whether the request may be sent once more. */
static bool
is_worth_repeating(const struct http_link *h)
{
	return h->state == LINK_ASKED && h->reused && h->exchange.repeatable &&
	    http_reader_untouched(&h->reader);
}

/* Gives the end of the connection within an exchange its sentence. */
static void
lose(struct http_link *h, const struct err *why)
{
	struct err lost = *why, cut = {0};

	if (h->state == LINK_ASKED && why->class == ERR_NONE) {
		if (http_reader_end(&h->reader, &cut) == 1) {
			complete(h, false, clock_ns());
			return;
		}
		lost = cut;
		if (http_reader_untouched(&h->reader))
			err_set(&lost, ERR_CLOSED, 0,
		    "the server closed the connection instead of "
			    "answering%s", h->params->peer->tls == NULL && !h->reused ?
			    "; if it speaks TLS, the URL is https://" : "");
	} else if (h->state == LINK_ASKED && why->class == ERR_CLOSED) {
		err_set(&lost, ERR_CLOSED, why->code, "the connection broke %s: %.160s",
		    http_reader_untouched(&h->reader) ? "before it was answered" :
		    "within the answer", why->text);
	}
	fail(h, &lost);
}

static void
ended(void *ctx, const struct err *why)
{
	struct http_link *h = ctx;
	struct err e = {0};

	if (h->state == LINK_IDLE) {
		end_stream(h, false);
	} else if (is_worth_repeating(h)) {
		end_stream(h, false);
		h->reused = false;
		if (open_stream(h, &e) != 0)
			fail(h, &e);
	} else {
		lose(h, why);
	}
}

static const struct stream_events stream_events = {opened, received, drained, ended};

static int
open_stream(struct http_link *h, struct err *e)
{
	const struct peer *p = h->params->peer;
	struct stream_params to = {
	    .dial = {p->endpoint, h->params->source, h->params->source_len}, .proxy = p->proxy,
	    .tls = p->tls, .max_backlog = p->max_backlog};
	int result;

	if (to.max_backlog < SIZE_MAX - HTTP_LINK_REQUEST_MAX)
		to.max_backlog += HTTP_LINK_REQUEST_MAX;
	h->state = LINK_OPENING;
	h->connections++;
	result = stream_open(&h->stream, h->loop, &to, &stream_events, h, e);
	if (result == 1) {
		h->times = *stream_times(h->stream);
		result = send_request(h, e);
	}
	if (result < 0) {
		end_stream(h, false);
		h->state = LINK_NONE;
		return -1;
	}
	if (h->paused)
		stream_pause(h->stream, true);
	return 0;
}

/* --- the rest ---------------------------------------------------------------------------- */

struct http_link *
http_link_new(struct loop *l, const struct http_link_params *params,
    const struct http_link_events *events, void *ctx)
{
	struct http_link *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->loop = l;
	h->params = params;
	h->events = events;
	h->ctx = ctx;
	return h;
}

static void
release(struct loop_deferred *d)
{
	free((char *)d - offsetof(struct http_link, deferred));
}

void
http_link_free(struct http_link *h, bool reset)
{
	if (h == NULL || h->state == LINK_FREED)
		return;
	h->state = LINK_FREED;
	end_stream(h, reset);
	loop_defer(h->loop, &h->deferred, release);
}

void
http_link_drop(struct http_link *h)
{
	end_stream(h, false);
}

void
http_link_pause(struct http_link *h, bool pause)
{
	h->paused = pause;
	if (h->stream != NULL)
		stream_pause(h->stream, pause);
}

bool
http_link_is_busy(const struct http_link *h)
{
	return h->state == LINK_OPENING || h->state == LINK_ASKED;
}

bool
http_link_is_asked(const struct http_link *h)
{
	return h->state == LINK_ASKED;
}

const char *
http_link_stage(const struct http_link *h)
{
	switch (h->state) {
	case LINK_OPENING:
		return h->stream != NULL ? stream_stage(h->stream) : "connecting";
	case LINK_ASKED:
		return "waiting for the answer";
	case LINK_NONE:
	case LINK_IDLE:
	case LINK_FREED:
		break;
	}
	return "idle";
}

uint64_t
http_link_bytes_in(const struct http_link *h)
{
	return h->gone_in + (h->stream != NULL ? stream_bytes_in(h->stream) : 0);
}

uint64_t
http_link_bytes_out(const struct http_link *h)
{
	return h->gone_out + (h->stream != NULL ? stream_bytes_out(h->stream) : 0);
}

uint64_t
http_link_connections(const struct http_link *h)
{
	return h->connections;
}

const struct stream *
http_link_stream(const struct http_link *h)
{
	return h->stream;
}

const struct stream_times *
http_link_times(const struct http_link *h)
{
	return &h->times;
}
