#include "lib/node/poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/units.h"
#include "lib/node/core.h"
#include "lib/node/field.h"
#include "lib/node/guard.h"
#include "lib/node/http.h"
#include "lib/node/receiver.h"

enum {
	VALUE_BYTES = 128,       /* of an argument or a field; no good one is longer */
};

#define WAIT_MOST (300 * NS_PER_S)
#define BROKER_NS (5 * NS_PER_S)         /* for the broker to say what is there */

struct poll {
	struct receiver receiver;        /* the first member */
	struct http_request *request;
	struct deadline over;            /* of the wait, or for receiver_enter */
	uint64_t due_ns;
	struct stream_id reached;        /* the highest id considered, or what was asked with */
	bool asked;                      /* with an id */
	bool waited;                     /* long enough for a message */
	bool settled;                    /* what is there is known */
	bool stranded;                   /* without the broker: no more will be known */
};

/* What a request asks for. */
struct question {
	bool asked;
	struct stream_id since;
	uint64_t wait_ns;
};

/* What a poll comes to, as things stand. */
enum outcome {
	HOLD,
	CUT,             /* close the connection instead */
	MESSAGES,
	NOTHING,
	UNKNOWN,         /* the broker is away, so nobody knows */
	EXPIRED,         /* its token is good no longer */
};

/* --- the question ------------------------------------------------------------------------- */

/* If-None-Match tells where a client stands, even if its URL stays the same. */
static const char *
read_cursor(struct lws *wsi, struct question *q)
{
	char text[VALUE_BYTES];
	struct slice tag;
	int cursor;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH) <= 0) {
		cursor = http_since(wsi, &q->since);
		q->asked = cursor > 0;
		return cursor < 0 ? "since is the id of a message, as 1700000000000-0" : NULL;
	}
	q->asked = true;
	if (lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_HTTP_IF_NONE_MATCH) <= 0 ||
	    !field_entity_tag(slice_of(text), &tag) ||
	    !stream_id_parse(&q->since, tag.data, tag.len))
		return "If-None-Match is the ETag of an answer, as \"1700000000000-0\"";
	return NULL;
}

static const char *
read_wait(struct lws *wsi, struct question *q)
{
	char text[VALUE_BYTES];
	uint64_t seconds;

	if (http_query(wsi, "wait=", text, sizeof text)) {
		if (units_duration(text, &q->wait_ns, NULL) != 0)
			return "wait is a duration, as 25s";
	} else if (http_field(wsi, "prefer:", text, sizeof text) &&
	    field_prefer_wait(slice_of(text), &seconds)) {
		q->wait_ns = seconds * NS_PER_S;
	}
	if (q->wait_ns > WAIT_MOST)
		q->wait_ns = WAIT_MOST;
	return NULL;
}

/* --- the answer --------------------------------------------------------------------------- */

static enum outcome
outcome(const struct poll *p)
{
	const struct receiver *r = &p->receiver;
	bool at_once = p->stranded || r->ended;

	if (r->outbox.count > 0)
		return MESSAGES;
	if (r->ended && r->why == RECEIVER_EXPIRED)
		return EXPIRED;
	if (r->ended && r->why != RECEIVER_STOPPED)
		return CUT;
	if (!p->settled)
		return at_once ? UNKNOWN : HOLD;
	return at_once || p->waited ? NOTHING : HOLD;
}

static int
add_item(struct buf *body, struct outbox_item *item, bool first)
{
	size_t len;
	const uint8_t *bytes = message_bytes(item->message, item->form, &len);

	if (bytes == NULL || (!first && buf_add(body, ",\n", 2) != 0))
		return -1;
	return buf_add(body, bytes, len);
}

static int
add_messages(struct poll *p, struct buf *body)
{
	struct outbox_item item;
	bool first = true;
	int failed = buf_add_text(body, "[");

	while (outbox_pop(&p->receiver.outbox, &item)) {
		failed = failed || add_item(body, &item, first) != 0;
		first = false;
		message_unref(item.message);
		p->receiver.node->metrics.deliveries[METRICS_POLL]++;
	}
	return failed || buf_add_text(body, "]\n") != 0 ? -1 : 0;
}

/* Ends the poll, and then the request; and the connection, if it should be closed. */
static int
send_answer(struct poll *p, unsigned status, const struct buf *body)
{
	char id[STREAM_ID_TEXT], tag[STREAM_ID_TEXT + 16];
	struct lws *wsi = p->receiver.wsi;
	bool last = p->receiver.ended || p->receiver.node->stopping;
	struct http_answer a = {.status = status, .fields = {tag, "Cache-Control: no-store"}};

	stream_id_text(p->reached, id);
	snprintf(tag, sizeof tag, "ETag: \"%s\"", id);
	if (body != NULL) {
		a.type = "application/json";
		a.body = (struct slice){(const char *)body->data, body->len};
	}
	p->request->poll = NULL;
	poll_free(p);
	return http_answer(wsi, &a) != 0 || last ? -1 : 0;
}

/* What is held back on purpose has no other time to come. */
static int
answer_messages(struct poll *p)
{
	struct buf body;
	int result = -1;

	receiver_let_go(&p->receiver);
	buf_init(&body, SIZE_MAX / 2);
	if (add_messages(p, &body) == 0)
		result = send_answer(p, 200, &body);
	buf_release(&body);
	return result;
}

static int
answer_unknown(struct poll *p)
{
	struct lws *wsi = p->receiver.wsi;
	bool stopping = p->receiver.node->stopping;

	p->request->poll = NULL;
	poll_free(p);
	if (stopping)
		return http_fail_for_now(wsi, "the node is about to stop");
	return http_answer(wsi, &(struct http_answer){.status = 503,
	    .type = "text/plain; charset=utf-8",
	    .fields = {"Retry-After: 1", "Cache-Control: no-store"},
	    .body = slice_of("the broker does not answer\n")});
}

static int
answer_expired(struct poll *p)
{
	struct lws *wsi = p->receiver.wsi;
	struct http_refusal why;

	p->request->poll = NULL;
	poll_free(p);
	guard_expired(&why);
	http_refuse(wsi, &why);
	return -1;
}

/* Answers it if there is an answer. */
static int
advance(struct poll *p)
{
	switch (outcome(p)) {
	case HOLD:
		receiver_rest(&p->receiver);
		return 0;
	case CUT:
		return -1;
	case MESSAGES:
		return answer_messages(p);
	case NOTHING:
		if (p->receiver.held.first != NULL)
			return answer_messages(p);
		return send_answer(p, 204, NULL);
	case UNKNOWN:
		return answer_unknown(p);
	case EXPIRED:
		return answer_expired(p);
	}
	return -1;
}

/* A poll with another request behind it is not held: whoever sends them in a row wants the
 * answers. */
int
poll_writable(struct poll *p)
{
	if (!receiver_woken(&p->receiver))
		p->waited = true;
	return advance(p);
}

/* --- what happens to it ------------------------------------------------------------------- */

/* Each message is new to whoever polls, no matter where it comes from: chaos counts all.
 * What does not fit into the answer is the next one's. */
static void
deliver(struct member *m, struct message *message, bool replayed)
{
	struct poll *p = (struct poll *)m;

	if (!replayed && p->receiver.outbox.bytes >= p->receiver.node->page_bytes)
		return;
	receiver_deliver(m, message, false);
	if (!p->receiver.ended)
		p->reached = message->id;
}

/* One page is an answer. */
static bool
has_room(const struct member *m)
{
	const struct receiver *r = (const struct receiver *)m;

	return !r->ended && r->outbox.count == 0;
}

static void
settled(struct member *m)
{
	struct poll *p = (struct poll *)m;

	p->settled = true;
	if (!p->asked)
		p->reached = m->cursor;
	receiver_wake(&p->receiver);
}

static void
stranded(struct member *m)
{
	struct poll *p = (struct poll *)m;

	p->stranded = true;
	receiver_wake(&p->receiver);
}

static const struct receiver_ops ops = {
	.member = {
		.deliver = deliver,
		.has_room = has_room,
		.settled = settled,
		.stranded = stranded,
	},
	.route = METRICS_POLL,
	.held = true,
	.end = receiver_wake,
};

/* Of one that still waits for the broker to say what is there, the wait is not over: the
 * broker gets some time in any case. */
static void
wait_over(struct poll *p, uint64_t now)
{
	if (!p->settled && p->waited)
		p->stranded = true;
	else if (!p->settled)
		p->due_ns = now + BROKER_NS;
	p->waited = true;
	receiver_wake(&p->receiver);
}

static void
over(struct deadline *d)
{
	struct poll *p = lws_container_of(d, struct poll, over);
	uint64_t now = clock_ns(), at = now + RECEIVER_STEP_NS;

	if (now >= p->due_ns)
		wait_over(p, now);
	if (!receiver_enter(&p->receiver) || at > p->due_ns)
		at = p->due_ns;
	if (at > now)
		deadline_set(&p->receiver.node->deadlines, d, at);
}

/* --- life --------------------------------------------------------------------------------- */

static struct poll *
poll_new(struct node *n, struct lws *wsi, struct http_request *r, const struct question *q)
{
	struct poll *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->request = r;
	p->over.due = over;
	p->asked = q->asked;
	p->reached = q->asked ? q->since : (struct stream_id){0, 0};
	p->waited = q->wait_ns == 0;
	p->receiver.form = MESSAGE_JSON;
	receiver_begin(&p->receiver, n, wsi, &ops);
	return p;
}

static int
hold(struct poll *p, uint64_t wait_ns)
{
	uint64_t now = clock_ns();

	receiver_stay(&p->receiver);
	if (receiver_expire(&p->receiver, p->request->expires) != 0)
		return -1;
	p->due_ns = now + (wait_ns > 0 ? wait_ns : BROKER_NS);
	return deadline_set(&p->receiver.node->deadlines, &p->over, now);
}

int
poll_begin(struct node *n, struct lws *wsi, struct http_request *r)
{
	const struct slice topic = {r->route.topic, r->route.topic_len};
	struct question q = {0};
	const char *bad = read_cursor(wsi, &q);
	struct poll *p;

	if (bad == NULL)
		bad = read_wait(wsi, &q);
	if (bad != NULL)
		return http_fail(wsi, 400, bad);
	p = r->poll = poll_new(n, wsi, r, &q);
	if (p == NULL || receiver_join(&p->receiver, topic, q.asked ? &q.since : NULL) != 0)
		return -1;
	/* An empty answer would only make it come again at once. */
	if (p->stranded)
		p->settled = false;
	if (outcome(p) == HOLD)
		return hold(p, q.wait_ns);
	return advance(p);
}

void
poll_free(struct poll *p)
{
	if (p == NULL)
		return;
	deadline_clear(&p->receiver.node->deadlines, &p->over);
	receiver_release(&p->receiver);
	free(p);
}
