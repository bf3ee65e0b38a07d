#include "lib/node/ws.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/node/broker.h"
#include "lib/node/core.h"
#include "lib/node/hub.h"
#include "lib/node/receiver.h"
#include "lib/node/route.h"

enum {
	CLOSE_SECONDS = 5,              /* for one that does not read to take the close */
	ECHO_BACKLOG = 256 * 1024,      /* an echo that is not read stops being fed */
	TRY_AGAIN_LATER = 1013,         /* not in the enum of libwebsockets */
};

struct ws {
	struct receiver receiver;       /* the first member */
	struct ws *next_choked;
	uint64_t number;
	struct buf partial;             /* of a message that is not complete */
	bool echo;
	bool binary;                    /* the message coming in is */
	bool choked;                    /* not read from */
	bool closing;                   /* the close frame is with libwebsockets */
	struct bucket bucket;           /* of messages coming in */
	enum lws_close_status code;
	const char *reason;             /* for the close frame; NULL: none */
	size_t topic_len;
	char topic[];
};

/* --- out ---------------------------------------------------------------------------------- */

static void
choke(struct ws *w, bool choked)
{
	if (w->choked == choked)
		return;
	w->choked = choked;
	lws_rx_flow_control(w->receiver.wsi, !choked);
}

static void
unlink_choked(struct ws *w)
{
	struct ws **at = &w->receiver.node->choked;

	if (!w->choked)
		return;
	while (*at != NULL && *at != w)
		at = &(*at)->next_choked;
	if (*at == w)
		*at = w->next_choked;
}

/* What a client still sends is read, and thrown away: a socket that is closed with something
 * unread is reset, and then the client may not see why. */
static void
read_on(struct ws *w)
{
	unlink_choked(w);
	choke(w, false);
}

/* Closes once what is queued has been sent, but soon in any case. Nothing is received or
 * delivered any more. */
static void
end(struct receiver *r)
{
	struct ws *w = (struct ws *)r;

	read_on(w);
	switch (r->why) {
	case RECEIVER_SLOW:
	case RECEIVER_REFUSED:
		w->code = (enum lws_close_status)TRY_AGAIN_LATER;
		break;
	case RECEIVER_BROKEN:
		w->code = LWS_CLOSE_STATUS_UNEXPECTED_CONDITION;
		break;
	case RECEIVER_STOPPED:
		w->code = LWS_CLOSE_STATUS_GOINGAWAY;
		break;
	case RECEIVER_EXPIRED:
		w->code = LWS_CLOSE_STATUS_POLICY_VIOLATION;
		w->reason = "token expired";
		break;
	case RECEIVER_LIMITED:
		w->code = LWS_CLOSE_STATUS_POLICY_VIOLATION;
		w->reason = "rate limit";
		break;
	}
	lws_set_timeout(r->wsi, PENDING_TIMEOUT_USER_OK, CLOSE_SECONDS);
	receiver_wake(r);
}

static const struct receiver_ops member_of_topic = {
	.member = {.deliver = receiver_deliver, .has_room = receiver_has_room},
	.route = METRICS_WS,
	.protocol = LWS_WRITE_TEXT,
	.bounded = true,
	.end = end,
};

static const struct receiver_ops echoes = {
	.route = METRICS_ECHO,
	.protocol = LWS_WRITE_TEXT,
	.end = end,
};

/* libwebsockets sends the close frame and then waits, 5 s at most, for that of the client. Until
 * then it may have turns to write, and would take a second -1 for the end of the patience. */
static int
finish_closing(struct ws *w)
{
	read_on(w);
	w->closing = true;
	hub_leave(w->receiver.node->hub, &w->receiver.member);
	lws_close_reason(w->receiver.wsi, w->code, (unsigned char *)w->reason,
	    w->reason != NULL ? strlen(w->reason) : 0);
	return -1;
}

int
ws_writable(struct ws *w)
{
	struct receiver *r = &w->receiver;

	if (w->closing)
		return 0;
	if (receiver_send(r) != 0)
		return -1;
	if (r->outbox.count > 0)
		lws_callback_on_writable(r->wsi);
	else if (r->ended)
		return finish_closing(w);
	if (r->ended)
		return 0;
	if (w->echo)
		choke(w, r->outbox.bytes > ECHO_BACKLOG);
	else if (receiver_has_room(&r->member))
		hub_more(r->node->hub, &r->member);
	return 0;
}

/* --- in ----------------------------------------------------------------------------------- */

static int
refuse(struct ws *w, enum lws_close_status code)
{
	buf_release(&w->partial);
	w->receiver.ended = true;
	w->code = code;
	outbox_clear(&w->receiver.outbox);
	return finish_closing(w);
}

static int
echo(struct ws *w, struct slice data)
{
	struct message *m = message_new((struct stream_id){0, 0}, slice_of("echo"),
	    slice_of("echo/0/0/0"), data);
	struct outbox_item item = {m, MESSAGE_RAW, w->binary};
	struct outbox *outbox = &w->receiver.outbox;
	int failed = m == NULL || outbox_push(outbox, item) != 0;

	message_unref(m);
	if (failed)
		return refuse(w, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
	if (outbox->count == 1)
		lws_callback_on_writable(w->receiver.wsi);
	choke(w, outbox->bytes > ECHO_BACKLOG);
	return 0;
}

static int
publish(struct ws *w, struct slice data)
{
	const struct slice topic = {w->topic, w->topic_len};
	struct node *n = w->receiver.node;

	if (node_publish(n, w->number, topic, data, NULL) != 0)
		return refuse(w, (enum lws_close_status)TRY_AGAIN_LATER);
	if (n->broker->ops->strained(n->broker) && !w->choked) {
		choke(w, true);
		w->next_choked = n->choked;
		n->choked = w;
	}
	return 0;
}

/* What came before is echoed or published all the same. */
static bool
is_too_much(struct ws *w)
{
	const struct bucket_rate *rate = &w->receiver.node->rate;

	if (rate->cost_ns == 0 || bucket_take(&w->bucket, rate, clock_ns()) == 0)
		return false;
	w->receiver.node->metrics.rate_limited++;
	receiver_end(&w->receiver, RECEIVER_LIMITED);
	return true;
}

static int
complete(struct ws *w, struct slice data)
{
	if (is_too_much(w))
		return 0;
	return w->echo ? echo(w, data) : publish(w, data);
}

int
ws_received(struct ws *w, const char *data, size_t len)
{
	struct lws *wsi = w->receiver.wsi;
	bool first = lws_is_first_fragment(wsi), last = lws_is_final_fragment(wsi);
	int result;

	if (w->receiver.ended)
		return 0;
	if (first)
		w->binary = lws_frame_is_binary(wsi);
	if (w->binary && !w->echo)
		return refuse(w, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
	if (w->partial.len + len > w->partial.max)
		return refuse(w, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
	last = last && lws_remaining_packet_payload(wsi) == 0;
	if (first && last)
		return complete(w, (struct slice){data, len});
	if (buf_add(&w->partial, data, len) != 0)
		return refuse(w, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
	if (!last)
		return 0;
	result = complete(w, (struct slice){(const char *)w->partial.data, w->partial.len});
	buf_release(&w->partial);
	return result;
}

/* --- life --------------------------------------------------------------------------------- */

struct ws *
ws_new(struct node *n, struct lws *wsi, const struct ws_params *params)
{
	const struct route *route = params->route;
	struct ws *w = calloc(1, sizeof *w + route->topic_len);

	if (w == NULL)
		return NULL;
	w->echo = route->kind == ROUTE_ECHO;
	w->number = ++n->connections;
	w->topic_len = route->topic_len;
	memcpy(w->topic, route->topic, route->topic_len);
	buf_init(&w->partial, n->params.max_message);
	w->receiver.form = params->raw ? MESSAGE_RAW : MESSAGE_JSON;
	receiver_begin(&w->receiver, n, wsi, w->echo ? &echoes : &member_of_topic);
	if (receiver_expire(&w->receiver, params->expires) != 0 || (!w->echo &&
	    receiver_join(&w->receiver, (struct slice){w->topic, w->topic_len},
	    params->since) != 0)) {
		ws_free(w);
		return NULL;
	}
	if (n->stopping)
		receiver_end(&w->receiver, RECEIVER_STOPPED);
	return w;
}

void
ws_free(struct ws *w)
{
	if (w == NULL)
		return;
	unlink_choked(w);
	receiver_release(&w->receiver);
	buf_release(&w->partial);
	free(w);
}

void
ws_read_all(struct node *n)
{
	struct ws *w;

	while ((w = n->choked) != NULL) {
		n->choked = w->next_choked;
		choke(w, false);
	}
}

void
ws_refuse(struct node *n, uint64_t connection)
{
	for (struct receiver *r = n->receivers; r != NULL; r = r->next) {
		struct ws *w = (struct ws *)r;

		if (r->ops == &member_of_topic && w->number == connection)
			receiver_end(r, RECEIVER_REFUSED);
	}
}
