#include "lib/node/receiver.h"

#include <math.h>
#include <sys/epoll.h>

#include "lib/node/core.h"
#include "lib/node/guard.h"

#define LOOK_NS (3600 * NS_PER_S)        /* at the wall clock at least so often: it may be set */

/* --- into the outbox ---------------------------------------------------------------------- */

void
receiver_end(struct receiver *r, enum receiver_end why)
{
	if (r->ended)
		return;
	r->ended = true;
	r->why = why;
	r->ops->end(r);
}

/* Queues a message; a receiver that is too far behind is closed. */
static void
enqueue(struct receiver *r, struct message *m, bool replayed)
{
	if (r->ended)
		return;
	if (!replayed && r->ops->bounded &&
	    r->outbox.bytes + m->data.len > r->node->params.max_backlog) {
		r->node->metrics.slow_closed++;
		outbox_clear(&r->outbox);
		held_clear(&r->node->deadlines, &r->held);
		receiver_end(r, RECEIVER_SLOW);
		return;
	}
	if (outbox_push(&r->outbox, (struct outbox_item){m, r->form, false}) != 0) {
		receiver_end(r, RECEIVER_BROKEN);
		return;
	}
	if (r->outbox.count == 1)
		receiver_wake(r);
}

static void
fault(struct receiver *r, enum chaos_action action, const struct message *m)
{
	metrics_fault(&r->node->metrics, action, m->node);
}

/* Sends a message, and behind it what was held until it came. */
static void
send_with_held(struct receiver *r, struct message *m)
{
	struct message *held = held_take(&r->node->deadlines, &r->held, m->source);

	enqueue(r, m, false);
	if (held != NULL && !r->ended)
		fault(r, CHAOS_SWAP, held);
	if (held != NULL)
		enqueue(r, held, false);
	message_unref(held);
}

static void
deliver_live(struct receiver *r, struct message *m)
{
	enum chaos_action action = chaos_next(&r->node->chaos);

	/* What releases a held message is not held itself. */
	if (action == CHAOS_SWAP && held_has(&r->held, m->source))
		action = CHAOS_NONE;
	switch (action) {
	case CHAOS_CLOSE:
		fault(r, action, m);
		receiver_end(r, RECEIVER_BROKEN);
		break;
	case CHAOS_DROP:
		fault(r, action, m);
		break;
	case CHAOS_DUP:
		fault(r, action, m);
		enqueue(r, m, false);
		send_with_held(r, m);
		break;
	case CHAOS_SWAP:
		if (held_add(&r->node->deadlines, &r->held, m) != 0)
			send_with_held(r, m);
		break;
	case CHAOS_NONE:
	case CHAOS_ACTIONS:
		send_with_held(r, m);
		break;
	}
}

void
receiver_deliver(struct member *member, struct message *m, bool replayed)
{
	struct receiver *r = (struct receiver *)member;

	if (r->ended)
		return;
	if (replayed)
		enqueue(r, m, true);
	else
		deliver_live(r, m);
}

bool
receiver_has_room(const struct member *member)
{
	const struct receiver *r = (const struct receiver *)member;

	return !r->ended && r->outbox.bytes < r->node->params.max_backlog / 4;
}

static void
release_held(struct held_list *l, struct message *m)
{
	enqueue(lws_container_of(l, struct receiver, held), m, false);
}

void
receiver_let_go(struct receiver *r)
{
	struct message *m;

	while ((m = held_take_first(&r->node->deadlines, &r->held)) != NULL) {
		outbox_push(&r->outbox, (struct outbox_item){m, r->form, false});
		message_unref(m);
	}
}

/* --- out of the outbox -------------------------------------------------------------------- */

static int
send_item(struct receiver *r, const struct outbox_item *item)
{
	size_t len;
	uint8_t *bytes = message_bytes(item->message, item->form, &len);
	int written = -1;

	if (bytes != NULL)
		written = lws_write(r->wsi, bytes, len, item->binary ? LWS_WRITE_BINARY :
		    r->ops->protocol);
	message_unref(item->message);
	/* What is echoed was never published. */
	if (r->ops->route != METRICS_ECHO)
		r->node->metrics.deliveries[r->ops->route]++;
	return written < 0 ? -1 : 0;
}

int
receiver_send(struct receiver *r)
{
	struct outbox_item item;

	while (outbox_pop(&r->outbox, &item)) {
		if (send_item(r, &item) != 0)
			return -1;
		if (r->outbox.count > 0 && lws_send_pipe_choked(r->wsi))
			break;
	}
	return 0;
}

/* --- turns to write, and held requests ---------------------------------------------------- */

void
receiver_stay(struct receiver *r)
{
	lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
	lws_http_headers_detach(r->wsi);
}

static void
read_on(struct receiver *r)
{
	if (r->unread)
		lws_rx_flow_control(r->wsi, 1);
	r->unread = false;
}

void
receiver_wake(struct receiver *r)
{
	if (r->joining)
		return;
	read_on(r);
	r->waking = true;
	r->probed = false;
	lws_callback_on_writable(r->wsi);
}

bool
receiver_woken(struct receiver *r)
{
	bool asked = !r->probed;

	r->waking = r->probed = false;
	return asked;
}

static void
stop_reading(struct receiver *r)
{
	if (!r->unread)
		lws_rx_flow_control(r->wsi, 0);
	r->unread = true;
}

static bool
watch(struct receiver *r)
{
	struct epoll_event event = {
		.events = EPOLLRDHUP | EPOLLONESHOT | (r->ops->silent ? EPOLLIN : 0),
		.data.ptr = r,
	};

	return epoll_ctl(r->node->watch_fd, EPOLL_CTL_ADD, lws_get_socket_fd(r->wsi),
	    &event) == 0;
}

static void
probe(struct receiver *r)
{
	r->probed = true;
	stop_reading(r);
	read_on(r);
}

static void
hold(struct receiver *r)
{
	r->probed = false;
	r->watched = watch(r);
	if (r->watched)
		stop_reading(r);
	else
		receiver_end(r, RECEIVER_BROKEN);
}

bool
receiver_enter(struct receiver *r)
{
	if (r->watched)
		return false;
	/* A turn that was asked for tells nothing: then not yet. */
	if (r->probed)
		hold(r);
	else if (!r->waking)
		probe(r);
	return true;
}

void
receiver_rest(struct receiver *r)
{
	if (r->watched && !r->waking)
		stop_reading(r);
}

int
receiver_watch(struct node *n)
{
	n->watch_fd = epoll_create1(EPOLL_CLOEXEC);
	return n->watch_fd < 0 ? -1 : 0;
}

void
receiver_watched(struct node *n)
{
	struct epoll_event events[64];
	int count = epoll_wait(n->watch_fd, events, sizeof events / sizeof *events, 0);

	for (int i = 0; i < count; i++) {
		struct receiver *r = events[i].data.ptr;

		r->ended = true;
		r->why = RECEIVER_BROKEN;
		read_on(r);
		lws_set_timeout(r->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	}
}

/* --- until its token expires -------------------------------------------------------------- */

/* A millisecond is added, so that it has expired then. */
static int
await_expiry(struct receiver *r)
{
	double left = (r->expires - guard_now()) * (double)NS_PER_S;
	uint64_t ns = left < (double)LOOK_NS ? (uint64_t)fmax(left, 0) : LOOK_NS;

	return deadline_set(&r->node->deadlines, &r->expiry, clock_ns() + ns + NS_PER_MS);
}

static void
look_at_expiry(struct deadline *d)
{
	struct receiver *r = lws_container_of(d, struct receiver, expiry);

	if (r->ended || (guard_now() < r->expires && await_expiry(r) == 0))
		return;
	r->node->metrics.unauthorized++;
	receiver_end(r, RECEIVER_EXPIRED);
}

int
receiver_expire(struct receiver *r, double expires)
{
	r->expires = expires;
	r->expiry.due = look_at_expiry;
	return expires == INFINITY ? 0 : await_expiry(r);
}

/* --- life --------------------------------------------------------------------------------- */

void
receiver_begin(struct receiver *r, struct node *n, struct lws *wsi,
    const struct receiver_ops *ops)
{
	r->member.ops = &ops->member;
	r->ops = ops;
	r->node = n;
	r->wsi = wsi;
	r->held.expired = release_held;
	r->next = n->receivers;
	if (r->next != NULL)
		r->next->previous = r;
	n->receivers = r;
	n->metrics.connections[ops->route]++;
}

int
receiver_join(struct receiver *r, struct slice topic, const struct stream_id *since)
{
	int failed;

	r->joining = r->ops->held;
	failed = hub_join(r->node->hub, topic, &r->member, since);
	r->joining = false;
	if (failed)
		return -1;
	node_opened(r->node);
	return 0;
}

void
receiver_release(struct receiver *r)
{
	struct node *n = r->node;

	if (r->watched)
		epoll_ctl(n->watch_fd, EPOLL_CTL_DEL, lws_get_socket_fd(r->wsi), NULL);
	hub_leave(n->hub, &r->member);
	*(r->previous != NULL ? &r->previous->next : &n->receivers) = r->next;
	if (r->next != NULL)
		r->next->previous = r->previous;
	n->metrics.connections[r->ops->route]--;
	held_clear(&n->deadlines, &r->held);
	deadline_clear(&n->deadlines, &r->expiry);
	outbox_clear(&r->outbox);
}

void
receiver_end_all(struct node *n)
{
	for (struct receiver *r = n->receivers; r != NULL; r = r->next)
		receiver_end(r, RECEIVER_STOPPED);
}
