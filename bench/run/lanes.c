/*   lanes ── conns[i] ──► the connection of publisher i, which sends itself, or …
 *         └─ list[i] ──┬─ publisher ──► requests, one after the other; made with the first
 *                      │                message. fates: the messages it has not told of yet
 *                      └─ session ────► a WebSocket of its own
 *
 * What lanes to one target share is in requests[target] or sockets[target]. */
#include "bench/run/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/run/fleet.h"
#include "bench/run/names.h"
#include "bench/run/payloads.h"
#include "lib/base/buf.h"
#include "lib/loop/loop.h"
#include "lib/session/publisher.h"

enum {
	OPENING_MAX = 100,                   /* as many as the fleet opens at once */
};

enum lane_state {
	LANE_WAITING,                        /* its turn has not come */
	LANE_OPENING,
	LANE_UP,                             /* what sends by requests is from the start */
	LANE_DOWN,
};

struct lane {
	struct lanes *lanes;
	uint32_t conn;                       /* whose publisher it serves */
	enum lane_state state;
	struct publisher *publisher;         /* NULL before its first message */
	struct buf fates;                    /* numbers of messages, u64, from `told` on */
	size_t told;
	struct session *session;
};

struct lanes {
	struct lanes_params params;
	struct payloads payloads;
	uint32_t *conns;
	struct lane *list;
	uint64_t count;                      /* 0: publishers use their connections */
	struct publisher_params *requests;
	struct session_params *sockets;
	uint64_t next, opening;              /* WebSockets */
	uint64_t opened;
	uint64_t gone_in, gone_out;          /* bytes of WebSockets that are over */
	bool told_ready, closing;
	struct lanes_trouble trouble;
	struct loop_timer turn;
};

static void turn_fired(evutil_socket_t fd, short events, void *ctx);

/* --- life -------------------------------------------------------------------------------- */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for the publishers");
}

static void
make_request(struct publisher_params *r, const struct client_target *t,
    const struct lanes_params *params)
{
	const struct dialect *d = &params->plan->dialect;

	*r = (struct publisher_params){.peer = &t->peer,
	    .method = dialect_method(d), .type = d->post.type,
	    .limit = params->limit};
}

/* What the target has for its own transport, as a WebSocket; an Origin is then among the headers
 * already. */
static void
make_socket(struct session_params *s, const struct client_target *t)
{
	*s = t->params;
	s->transport = TRANSPORT_WS;
	if (t->params.transport != TRANSPORT_WS)
		s->ws.origin = NULL;
}

static int
make_list(struct lanes *l, struct err *e)
{
	const struct plan *p = l->params.plan;
	size_t targets = p->target_count;
	bool sockets = p->publish_by == PLAN_BY_WS;

	l->list = calloc(p->publishers, sizeof *l->list);
	l->requests = calloc(targets, sizeof *l->requests);
	l->sockets = calloc(targets, sizeof *l->sockets);
	if (l->list == NULL || l->requests == NULL || l->sockets == NULL)
		return no_memory(e);
	l->count = p->publishers;
	for (uint64_t i = 0; i < l->count; i++) {
		const struct client_target *t = fleet_target(l->params.fleet, l->conns[i]);
		size_t target = plan_target_of(p, l->conns[i]);

		l->list[i] = (struct lane){.lanes = l, .conn = l->conns[i],
		    .state = sockets ? LANE_WAITING : LANE_UP};
		buf_init(&l->list[i].fates, SIZE_MAX);
		make_request(&l->requests[target], t, &l->params);
		make_socket(&l->sockets[target], t);
	}
	return 0;
}

struct lanes *
lanes_new(const struct lanes_params *params, struct err *e)
{
	const struct plan *p = params->plan;
	struct lanes *l = calloc(1, sizeof *l);

	if (l == NULL) {
		no_memory(e);
		return NULL;
	}
	l->params = *params;
	loop_timer_init(&l->turn, params->loop, turn_fired, l);
	l->conns = calloc(p->publishers, sizeof *l->conns);
	if (l->conns == NULL) {
		no_memory(e);
		lanes_free(l);
		return NULL;
	}
	plan_publishers(p, l->conns);
	if ((p->publish_by == PLAN_BY_SOCKET || make_list(l, e) == 0) &&
	    payloads_make(&l->payloads, p, params->fleet, l->conns, (uint32_t)p->publishers,
	    e) == 0)
		return l;
	lanes_free(l);
	return NULL;
}

/* Gives up whatever a lane has open. */
static void
abandon(struct lane *lane)
{
	publisher_free(lane->publisher);
	session_free(lane->session, false);
	lane->publisher = NULL;
	lane->session = NULL;
	lane->state = LANE_DOWN;
}

void
lanes_free(struct lanes *l)
{
	if (l == NULL)
		return;
	loop_timer_clear(&l->turn);
	for (uint64_t i = 0; i < l->count; i++) {
		abandon(&l->list[i]);
		buf_release(&l->list[i].fates);
	}
	loop_settle(l->params.loop);         /* they still need what goes next */
	payloads_release(&l->payloads);
	free(l->sockets);
	free(l->requests);
	free(l->list);
	free(l->conns);
	free(l);
}

/* --- where a lane leads ------------------------------------------------------------------ */

static void
note(struct err *first, const struct err *why)
{
	if (first->class == ERR_NONE)
		*first = *why;
}

static void
go_down(struct lane *lane, const struct err *why)
{
	struct lanes_trouble *t = &lane->lanes->trouble;

	lane->state = LANE_DOWN;
	if (lane->lanes->closing)
		return;
	t->down++;
	note(&t->why_down, why);
}

typedef int open_fn(struct lane *lane, const struct place *place, struct err *e);

/* Opens a lane at its place: the dialect's path, the publisher's own token. */
static int
open_at_place(struct lane *lane, open_fn *open, struct err *e)
{
	struct lanes *l = lane->lanes;
	const struct plan *p = l->params.plan;
	const struct client *client = fleet_client(l->params.fleet);
	const struct client_target *t = fleet_target(l->params.fleet, lane->conn);
	struct names names;
	struct place place;
	int result;

	if (names_make(&names, p, client, t, lane->conn, e) != 0)
		return -1;
	result = names_place(&names, client, p->dialect.post.path, &place, e);
	if (result == 0)
		result = open(lane, &place, e);
	names_release(&names);
	return result;
}

/* --- by requests ------------------------------------------------------------------------- */

/* The first of those that were not told of. */
static void
tell_fate(struct lane *lane, enum lanes_fate fate)
{
	struct lanes *l = lane->lanes;
	uint64_t n;

	memcpy(&n, lane->fates.data + lane->told, sizeof n);
	lane->told += sizeof n;
	if (lane->told > lane->fates.len / 2) {
		buf_drop(&lane->fates, lane->told);
		lane->told = 0;
	}
	l->params.events->fate(l->params.ctx, n, fate);
}

static void
published(void *ctx, uint64_t tag, uint64_t at)
{
	(void)tag;
	(void)at;
	tell_fate(ctx, LANES_PUBLISHED);
}

static void
refused(void *ctx, uint64_t tag, const struct err *why, const struct channel_refusal *refusal)
{
	struct lane *lane = ctx;
	bool answered = why->class == ERR_HTTP;
	struct lanes_trouble *t = &lane->lanes->trouble;

	(void)tag;
	(void)refusal;
	note(answered ? &t->why_refused : &t->why_unknown, why);
	tell_fate(lane, answered ? LANES_REFUSED : LANES_UNKNOWN);
}

static void
publisher_drained(void *ctx)
{
	(void)ctx;
}

static int
open_publisher(struct lane *lane, const struct place *place, struct err *e)
{
	static const struct publisher_events events = {publisher_drained, published, refused,
	    NULL};
	struct lanes *l = lane->lanes;
	size_t target = plan_target_of(l->params.plan, lane->conn);

	lane->publisher = publisher_new(l->params.loop, &l->requests[target], place, &events,
	    lane);
	return lane->publisher != NULL ? 0 : no_memory(e);
}

static int
send_request(struct lane *lane, const struct payload *payload, uint64_t n)
{
	size_t len = lane->fates.len;
	int result;

	if (buf_add(&lane->fates, &n, sizeof n) != 0)
		return -1;
	result = publisher_send(lane->publisher, MESSAGE_TEXT, payload->data, payload->len, n);
	if (result < 0)
		lane->fates.len = len;
	return result;
}

/* --- by a WebSocket of their own --------------------------------------------------------- */

static void
socket_over(struct lane *lane, const struct channel_end *end)
{
	struct err why = fleet_why_lost(end);

	go_down(lane, &why);
}

static void
socket_opened(void *ctx, const struct channel_opened *o)
{
	struct lane *lane = ctx;

	(void)o;
	lane->state = LANE_UP;
	lane->lanes->opened++;
	lane->lanes->opening--;
	loop_timer_set(&lane->lanes->turn, 1);
}

/* What comes in is for those who subscribed. */
static void
socket_message(void *ctx, const struct message *m)
{
	(void)ctx;
	(void)m;
}

static void
socket_pong(void *ctx, uint64_t round_trip_ns)
{
	(void)ctx;
	(void)round_trip_ns;
}

static void
socket_drained(void *ctx)
{
	(void)ctx;
}

static void
socket_closing(void *ctx, const struct channel_end *end)
{
	socket_over(ctx, end);
}

static void
socket_closed(void *ctx, const struct channel_end *end)
{
	struct lane *lane = ctx;
	struct lanes *l = lane->lanes;
	enum lane_state state = lane->state;

	l->gone_in += session_bytes_in(lane->session);
	l->gone_out += session_bytes_out(lane->session);
	session_free(lane->session, false);
	lane->session = NULL;
	if (state != LANE_DOWN)
		socket_over(lane, end);
	if (state == LANE_OPENING) {
		l->opening--;
		loop_timer_set(&l->turn, 1);
	}
}

static const struct session_events socket_events = {socket_opened, socket_message, socket_pong,
    socket_drained, socket_closing, socket_closed, NULL, NULL};

static int
open_socket(struct lane *lane, const struct place *place, struct err *e)
{
	struct lanes *l = lane->lanes;
	size_t target = plan_target_of(l->params.plan, lane->conn);

	lane->session = session_open(l->params.loop, &l->sockets[target], place, &socket_events,
	    lane, e);
	if (lane->session == NULL)
		return -1;
	lane->state = LANE_OPENING;
	l->opening++;
	return 0;
}

static void
open_more(struct lanes *l)
{
	struct err e = {0};

	while (l->next < l->count && l->opening < OPENING_MAX) {
		struct lane *lane = &l->list[l->next++];

		if (open_at_place(lane, open_socket, &e) != 0)
			go_down(lane, &e);
	}
}

static void
turn_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct lanes *l = ctx;
	bool sockets = l->params.plan->publish_by == PLAN_BY_WS;

	(void)fd;
	(void)events;
	if (sockets && !l->closing)
		open_more(l);
	if (l->told_ready || l->closing || l->opening > 0)
		return;
	l->told_ready = true;
	l->params.events->ready(l->params.ctx);
}

void
lanes_open(struct lanes *l)
{
	loop_timer_set(&l->turn, 1);
}

/* --- sending ----------------------------------------------------------------------------- */

uint32_t
lanes_connection(const struct lanes *l, uint32_t i)
{
	return l->conns[i];
}

bool
lanes_is_up(const struct lanes *l, uint32_t i)
{
	return fleet_at(l->params.fleet, l->conns[i])->state == FLEET_OPEN &&
	    (l->count == 0 || l->list[i].state == LANE_UP);
}

/* A lane that cannot even be made is down from then on; what it should have sent first is held
 * back. */
static int
send_by_lane(struct lane *lane, const struct payload *payload, uint64_t n)
{
	struct tally *t = lane->lanes->params.tally;
	struct err e = {0};
	uint64_t backlog;
	int result;

	if (lane->publisher == NULL && lane->session == NULL &&
	    open_at_place(lane, open_publisher, &e) != 0) {
		go_down(lane, &e);
		return -1;
	}
	if (lane->publisher != NULL)
		result = send_request(lane, payload, n);
	else
		result = session_send(lane->session, MESSAGE_TEXT, payload->data, payload->len);
	backlog = result != 0 ? 0 : lane->publisher != NULL ?
	    publisher_backlog(lane->publisher) : session_backlog(lane->session);
	if (backlog > t->backlog_peak)
		t->backlog_peak = backlog;
	return result;
}

int
lanes_send(struct lanes *l, uint32_t i, uint64_t n, const struct stamp *s)
{
	const struct payload *payload = payloads_stamp(&l->payloads, i, s);

	if (l->count > 0)
		return send_by_lane(&l->list[i], payload, n);
	return fleet_send(fleet_at(l->params.fleet, l->conns[i]), payload->data, payload->len);
}

/* --- the end ----------------------------------------------------------------------------- */

void
lanes_settle(struct lanes *l)
{
	for (uint64_t i = 0; i < l->count; i++) {
		struct lane *lane = &l->list[i];
		bool asked = true;           /* the first one's request is on its way */

		for (; lane->fates.len > lane->told; asked = false)
			tell_fate(lane, asked ? LANES_UNKNOWN : LANES_UNSENT);
	}
}

void
lanes_close(struct lanes *l)
{
	l->closing = true;
	for (uint64_t i = 0; i < l->count; i++) {
		struct lane *lane = &l->list[i];

		if (lane->session != NULL)
			session_close(lane->session, 1000, NULL);
		else
			abandon(lane);
	}
}

void
lanes_bytes(const struct lanes *l, uint64_t *in, uint64_t *out)
{
	*in = l->gone_in;
	*out = l->gone_out;
	for (uint64_t i = 0; i < l->count; i++) {
		const struct lane *lane = &l->list[i];

		if (lane->publisher != NULL) {
			*in += publisher_bytes_in(lane->publisher);
			*out += publisher_bytes_out(lane->publisher);
		} else if (lane->session != NULL) {
			*in += session_bytes_in(lane->session);
			*out += session_bytes_out(lane->session);
		}
	}
}

uint64_t
lanes_connections(const struct lanes *l)
{
	uint64_t sum = l->opened;

	for (uint64_t i = 0; i < l->count; i++)
		if (l->list[i].publisher != NULL)
			sum += publisher_connections(l->list[i].publisher);
	return sum;
}

const struct lanes_trouble *
lanes_trouble(const struct lanes *l)
{
	return &l->trouble;
}
