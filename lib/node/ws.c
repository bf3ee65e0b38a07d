#include "lib/node/ws.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/node/broker.h"
#include "lib/node/core.h"
#include "lib/node/hub.h"
#include "lib/node/outbox.h"
#include "lib/node/route.h"

enum {
	CLOSE_SECONDS = 5,              /* for one that does not read to take the close */
	ECHO_BACKLOG = 256 * 1024,      /* an echo that is not read stops being fed */
	TRY_AGAIN_LATER = 1013,         /* not in the enum of libwebsockets */
};

struct ws {
	struct member member;           /* the first member */
	struct node *node;
	struct lws *wsi;
	struct ws *next, *previous;     /* of all in the node */
	struct ws *next_choked;
	uint64_t number;
	struct buf partial;             /* of a message that is not complete */
	struct outbox outbox;
	struct held_list held;
	enum message_form form;
	bool echo;
	bool binary;                    /* the message coming in is */
	bool closing;
	bool choked;                    /* not read from */
	enum lws_close_status code;
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
	lws_rx_flow_control(w->wsi, !choked);
}

void
ws_close(struct ws *w, enum lws_close_status code)
{
	if (w->closing)
		return;
	w->closing = true;
	w->code = code;
	lws_set_timeout(w->wsi, PENDING_TIMEOUT_USER_OK, CLOSE_SECONDS);
	lws_callback_on_writable(w->wsi);
}

/* Queues a message; a receiver that is too far behind is closed. */
static void
enqueue(struct ws *w, struct message *m, bool replayed)
{
	struct outbox_item item = {m, w->form, false};

	if (w->closing)
		return;
	if (!replayed && w->outbox.bytes + m->data.len > w->node->params.max_backlog) {
		w->node->metrics.slow_closed++;
		outbox_clear(&w->outbox);
		held_clear(&w->node->held, &w->held);
		ws_close(w, (enum lws_close_status)TRY_AGAIN_LATER);
		return;
	}
	if (outbox_push(&w->outbox, item) != 0) {
		ws_close(w, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
		return;
	}
	if (w->outbox.count == 1)
		lws_callback_on_writable(w->wsi);
}

static void
fault(struct ws *w, enum chaos_action action, const struct message *m)
{
	metrics_fault(&w->node->metrics, action, m->node);
}

/* Sends a message, and behind it what was held until it came. */
static void
send_with_held(struct ws *w, struct message *m)
{
	struct message *held = held_take(&w->node->held, &w->held, m->source);

	enqueue(w, m, false);
	if (held != NULL && !w->closing)
		fault(w, CHAOS_SWAP, held);
	if (held != NULL)
		enqueue(w, held, false);
	message_unref(held);
}

static void
deliver(struct member *member, struct message *m, bool replayed)
{
	struct ws *w = (struct ws *)member;
	enum chaos_action action;

	if (w->closing)
		return;
	action = replayed ? CHAOS_NONE : chaos_next(&w->node->chaos);
	/* What releases a held message is not held itself. */
	if (action == CHAOS_SWAP && held_has(&w->held, m->source))
		action = CHAOS_NONE;
	switch (action) {
	case CHAOS_CLOSE:
		fault(w, action, m);
		ws_close(w, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
		break;
	case CHAOS_DROP:
		fault(w, action, m);
		break;
	case CHAOS_DUP:
		fault(w, action, m);
		enqueue(w, m, false);
		send_with_held(w, m);
		break;
	case CHAOS_SWAP:
		if (held_add(&w->node->held, &w->held, m) != 0)
			send_with_held(w, m);
		break;
	case CHAOS_NONE:
	case CHAOS_ACTIONS:
		if (replayed)
			enqueue(w, m, true);
		else
			send_with_held(w, m);
		break;
	}
}

static void
release_held(struct held_list *l, struct message *m)
{
	enqueue(lws_container_of(l, struct ws, held), m, false);
}

static bool
has_room(const struct member *member)
{
	const struct ws *w = (const struct ws *)member;

	return !w->closing && w->outbox.bytes < w->node->params.max_backlog / 4;
}

static const struct member_ops member_ops = {
	.deliver = deliver,
	.has_room = has_room,
};

static int
write_item(struct ws *w, struct outbox_item *item)
{
	size_t len;
	uint8_t *bytes = message_bytes(item->message, item->form, &len);
	int written = -1;

	if (bytes != NULL)
		written = lws_write(w->wsi, bytes, len, item->binary ? LWS_WRITE_BINARY :
		    LWS_WRITE_TEXT);
	message_unref(item->message);
	if (!w->echo)
		w->node->metrics.deliveries++;
	return written < 0 ? -1 : 0;
}

static int
finish_closing(struct ws *w)
{
	hub_leave(w->node->hub, &w->member);
	lws_close_reason(w->wsi, w->code, NULL, 0);
	return -1;
}

int
ws_writable(struct ws *w)
{
	struct outbox_item item;

	while (outbox_pop(&w->outbox, &item)) {
		if (write_item(w, &item) != 0)
			return -1;
		if (w->outbox.count > 0 && lws_send_pipe_choked(w->wsi))
			break;
	}
	if (w->outbox.count > 0)
		lws_callback_on_writable(w->wsi);
	else if (w->closing)
		return finish_closing(w);
	if (w->echo)
		choke(w, w->outbox.bytes > ECHO_BACKLOG);
	else if (has_room(&w->member))
		hub_more(w->node->hub, &w->member);
	return 0;
}

/* --- in ----------------------------------------------------------------------------------- */

static int
refuse(struct ws *w, enum lws_close_status code)
{
	buf_release(&w->partial);
	w->closing = true;
	w->code = code;
	outbox_clear(&w->outbox);
	return finish_closing(w);
}

static int
echo(struct ws *w, struct slice data)
{
	struct message *m = message_new((struct stream_id){0, 0}, slice_of("echo"),
	    slice_of("echo/0/0/0"), data);
	struct outbox_item item = {m, MESSAGE_RAW, w->binary};
	int failed = m == NULL || outbox_push(&w->outbox, item) != 0;

	message_unref(m);
	if (failed)
		return refuse(w, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
	if (w->outbox.count == 1)
		lws_callback_on_writable(w->wsi);
	choke(w, w->outbox.bytes > ECHO_BACKLOG);
	return 0;
}

static int
publish(struct ws *w, struct slice data)
{
	const struct slice topic = {w->topic, w->topic_len};
	struct node *n = w->node;

	if (node_publish(n, w->number, topic, data, NULL) != 0)
		return refuse(w, (enum lws_close_status)TRY_AGAIN_LATER);
	if (n->broker->ops->strained(n->broker) && !w->choked) {
		choke(w, true);
		w->next_choked = n->choked;
		n->choked = w;
	}
	return 0;
}

static int
complete(struct ws *w, struct slice data)
{
	return w->echo ? echo(w, data) : publish(w, data);
}

int
ws_received(struct ws *w, const char *data, size_t len)
{
	bool first = lws_is_first_fragment(w->wsi), last = lws_is_final_fragment(w->wsi);
	int result;

	if (w->closing)
		return 0;
	if (first)
		w->binary = lws_frame_is_binary(w->wsi);
	if (w->binary && !w->echo)
		return refuse(w, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
	if (w->partial.len + len > w->partial.max)
		return refuse(w, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
	last = last && lws_remaining_packet_payload(w->wsi) == 0;
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

static void
link_ws(struct ws *w)
{
	struct node *n = w->node;

	w->next = n->sockets;
	if (w->next != NULL)
		w->next->previous = w;
	n->sockets = w;
	n->metrics.connections++;
}

static void
unlink_ws(struct ws *w)
{
	struct node *n = w->node;
	struct ws **at = &n->choked;

	*(w->previous != NULL ? &w->previous->next : &n->sockets) = w->next;
	if (w->next != NULL)
		w->next->previous = w->previous;
	n->metrics.connections--;
	while (w->choked && *at != NULL && *at != w)
		at = &(*at)->next_choked;
	if (w->choked && *at == w)
		*at = w->next_choked;
}

struct ws *
ws_new(struct node *n, struct lws *wsi, const struct ws_params *params)
{
	const struct route *route = params->route;
	struct ws *w = calloc(1, sizeof *w + route->topic_len);

	if (w == NULL)
		return NULL;
	w->member.ops = &member_ops;
	w->node = n;
	w->wsi = wsi;
	w->number = ++n->connections;
	w->form = params->raw ? MESSAGE_RAW : MESSAGE_JSON;
	w->echo = route->kind == ROUTE_ECHO;
	w->held.expired = release_held;
	buf_init(&w->partial, n->params.max_message);
	w->topic_len = route->topic_len;
	memcpy(w->topic, route->topic, route->topic_len);
	link_ws(w);
	if (w->echo)
		return w;
	if (hub_join(n->hub, (struct slice){w->topic, w->topic_len}, &w->member,
	    params->since) != 0) {
		ws_free(w);
		return NULL;
	}
	node_opened(n);
	return w;
}

void
ws_free(struct ws *w)
{
	if (w == NULL)
		return;
	hub_leave(w->node->hub, &w->member);
	unlink_ws(w);
	held_clear(&w->node->held, &w->held);
	outbox_clear(&w->outbox);
	buf_release(&w->partial);
	free(w);
}

void
ws_close_all(struct node *n)
{
	for (struct ws *w = n->sockets; w != NULL; w = w->next)
		ws_close(w, LWS_CLOSE_STATUS_GOINGAWAY);
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
	for (struct ws *w = n->sockets; w != NULL; w = w->next)
		if (w->number == connection)
			ws_close(w, (enum lws_close_status)TRY_AGAIN_LATER);
}
