#include "lib/node/sse.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/node/core.h"
#include "lib/node/event.h"
#include "lib/node/http.h"
#include "lib/node/receiver.h"

enum {
	CUT_SECONDS = 5,         /* for one that does not read to take what is queued */
	BLOCK_MAX = 128,         /* a position or a heartbeat */
};

struct sse {
	struct receiver receiver;        /* the first member */
	struct deadline beat;            /* or, at first, receiver_enter */
	uint64_t written_ns;
	struct stream_id position;
	bool may_begin;                  /* whoever sees the head now misses nothing */
	bool begun;                      /* the head is out */
	bool locates;                    /* it asked for nothing old: tell it the position */
	bool position_due;
	bool sent;                       /* a message, which tells the position as well */
	bool beat_due;
};

static bool
chunked(const struct sse *s)
{
	return s->receiver.form == MESSAGE_CHUNK;
}

/* --- out ---------------------------------------------------------------------------------- */

/* Begins with what libwebsockets may write upon. */
static int
begin_block(struct buf *b, size_t most)
{
	static const uint8_t room[LWS_PRE];

	buf_init(b, LWS_PRE + most);
	return buf_add(b, room, sizeof room);
}

/* Writes and releases it, unless it `failed`. */
static int
write_block(struct sse *s, struct buf *b, int failed)
{
	if (!failed)
		failed = lws_write(s->receiver.wsi, b->data + LWS_PRE, b->len - LWS_PRE,
		    LWS_WRITE_HTTP) < 0;
	buf_release(b);
	return failed ? -1 : 0;
}

/* Adds a part of the stream, as one chunk if need be. */
static int
add_part(struct sse *s, struct buf *b, const struct buf *part)
{
	if (!chunked(s))
		return buf_add(b, part->data, part->len);
	if (buf_addf(b, "%zx\r\n", part->len) != 0 || buf_add(b, part->data, part->len) != 0)
		return -1;
	return buf_add_text(b, "\r\n");
}

static int
add_head(struct sse *s, struct buf *b)
{
	const struct http_answer head = {.status = 200, .fields = {
		"Content-Type: text/event-stream",
		"Cache-Control: no-store",
		"X-Accel-Buffering: no",
		chunked(s) ? "Transfer-Encoding: chunked" : NULL,
	}};
	uint8_t *start = buf_reserve(b, HTTP_HEAD_MAX), *at = start;

	if (start == NULL ||
	    http_add_head(s->receiver.wsi, &head, &at, start + HTTP_HEAD_MAX) != 0)
		return -1;
	b->len += (size_t)(at - start);
	return 0;
}

static int
add_position(struct sse *s, struct buf *b)
{
	struct buf part;
	int failed;

	buf_init(&part, BLOCK_MAX);
	failed = event_write_position(&part, s->position) != 0 || add_part(s, b, &part) != 0;
	buf_release(&part);
	return failed ? -1 : 0;
}

static int
add_beat(struct sse *s, struct buf *b)
{
	static uint8_t comment[] = ": \n\n";

	return add_part(s, b, &(const struct buf){.data = comment, .len = sizeof comment - 1});
}

/* What goes out before any message: the head, and the position. */
static int
write_beginning(struct sse *s)
{
	struct buf b;
	int failed;

	if (s->begun && !s->position_due)
		return 0;
	failed = begin_block(&b, HTTP_HEAD_MAX + BLOCK_MAX);
	if (!failed && !s->begun)
		failed = add_head(s, &b);
	if (!failed && s->position_due)
		failed = add_position(s, &b);
	s->begun = true;
	s->position_due = false;
	return write_block(s, &b, failed);
}

static int
write_beat(struct sse *s)
{
	struct buf b;
	int failed;

	if (!s->beat_due)
		return 0;
	s->beat_due = false;
	failed = begin_block(&b, BLOCK_MAX);
	return write_block(s, &b, failed ? failed : add_beat(s, &b));
}

static int
finish(struct sse *s)
{
	struct buf b;
	int failed;

	hub_leave(s->receiver.node->hub, &s->receiver.member);
	if ((s->receiver.why != RECEIVER_STOPPED && s->receiver.why != RECEIVER_EXPIRED) ||
	    !chunked(s))
		return -1;
	failed = begin_block(&b, BLOCK_MAX);
	write_block(s, &b, failed ? failed : buf_add_text(&b, "0\r\n\r\n"));
	return -1;
}

/* Writes what there is to write. */
static int
advance(struct sse *s)
{
	struct receiver *r = &s->receiver;

	if (!s->may_begin) {
		receiver_rest(r);
		return r->ended ? -1 : 0;
	}
	s->sent |= r->outbox.count > 0;
	if (write_beginning(s) != 0 || receiver_send(r) != 0)
		return -1;
	s->written_ns = clock_ns();
	if (r->outbox.count > 0 || lws_partial_buffered(r->wsi)) {
		receiver_wake(r);
		return 0;
	}
	if (r->ended)
		return finish(s);
	if (write_beat(s) != 0)
		return -1;
	if (receiver_has_room(&r->member))
		hub_more(r->node->hub, &r->member);
	receiver_rest(r);
	return 0;
}

int
sse_writable(struct sse *s)
{
	return receiver_woken(&s->receiver) ? advance(s) : -1;
}

/* --- what happens to it ------------------------------------------------------------------- */

static void
settled(struct member *m)
{
	struct sse *s = (struct sse *)m;

	s->may_begin = true;
	if (s->locates && !s->sent && s->receiver.outbox.count == 0) {
		s->position = m->cursor;
		s->position_due = true;
	}
	receiver_wake(&s->receiver);
}

/* The broker is away: it is a member all the same, but nobody knows the position. */
static void
stranded(struct member *m)
{
	struct sse *s = (struct sse *)m;

	if (s->may_begin)
		return;
	s->may_begin = true;
	receiver_wake(&s->receiver);
}

static void
end(struct receiver *r)
{
	lws_set_timeout(r->wsi, PENDING_TIMEOUT_USER_OK, CUT_SECONDS);
	receiver_wake(r);
}

static const struct receiver_ops ops = {
	.member = {
		.deliver = receiver_deliver,
		.has_room = receiver_has_room,
		.settled = settled,
		.stranded = stranded,
	},
	.route = METRICS_SSE,
	.protocol = LWS_WRITE_HTTP,
	.bounded = true,
	.held = true,
	.silent = true,
	.end = end,
};

/* Whoever was silent for so long shows that it is still there. */
static void
beat(struct deadline *d)
{
	struct sse *s = lws_container_of(d, struct sse, beat);
	struct node *n = s->receiver.node;
	uint64_t now = clock_ns(), at = s->written_ns + n->params.heartbeat_ns;

	if (receiver_enter(&s->receiver))
		at = now + RECEIVER_STEP_NS;
	else if (at <= now) {
		s->beat_due = s->begun;
		receiver_wake(&s->receiver);
		at = now + n->params.heartbeat_ns;
	}
	deadline_set(&n->deadlines, d, at);
}

/* --- life --------------------------------------------------------------------------------- */

/* 1: after which message it wants to begin; 0: it does not say; -1: that is no id. */
static int
read_cursor(struct lws *wsi, struct stream_id *since)
{
	char text[STREAM_ID_TEXT + 1];

	if (http_field(wsi, "last-event-id:", text, sizeof text) && text[0] != '\0')
		return stream_id_parse(since, text, strlen(text)) ? 1 : -1;
	return http_since(wsi, since);
}

static struct sse *
sse_new(struct node *n, struct lws *wsi)
{
	struct sse *s = calloc(1, sizeof *s);
	char version[16];

	if (s == NULL)
		return NULL;
	s->receiver.form = lws_hdr_copy(wsi, version, sizeof version, WSI_TOKEN_HTTP) > 0 &&
	    strcmp(version, "HTTP/1.0") == 0 ? MESSAGE_EVENT : MESSAGE_CHUNK;
	s->beat.due = beat;
	s->written_ns = clock_ns();
	receiver_begin(&s->receiver, n, wsi, &ops);
	return s;
}

int
sse_begin(struct node *n, struct lws *wsi, struct http_request *r)
{
	const struct slice topic = {r->route.topic, r->route.topic_len};
	struct stream_id since;
	int cursor = read_cursor(wsi, &since);
	struct sse *s;

	if (cursor < 0)
		return http_fail(wsi, 400,
		    "Last-Event-ID and since are the id of a message, as 1700000000000-0");
	s = r->sse = sse_new(n, wsi);
	if (s == NULL)
		return -1;
	s->locates = cursor == 0;
	s->may_begin = !s->locates;
	receiver_stay(&s->receiver);
	if (deadline_set(&n->deadlines, &s->beat, s->written_ns) != 0 ||
	    receiver_expire(&s->receiver, r->expires) != 0 ||
	    receiver_join(&s->receiver, topic, s->locates ? NULL : &since) != 0)
		return -1;
	return advance(s);
}

void
sse_free(struct sse *s)
{
	if (s == NULL)
		return;
	deadline_clear(&s->receiver.node->deadlines, &s->beat);
	receiver_release(&s->receiver);
	free(s);
}
