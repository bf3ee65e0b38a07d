#include "bench/run/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/run/names.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/codec/http_head.h"
#include "lib/loop/loop.h"
#include "lib/transport/endpoint.h"
#include "lib/transport/stream.h"

/* Closed in one turn, so that a turn stays short. */
enum { CLOSING_BATCH = 256 };

struct fleet {
	struct fleet_params params;
	struct client *client;
	struct resolver *resolver;
	struct rng rng;
	struct client_target **targets;
	size_t target_count;
	struct fleet_conn *conns;
	uint64_t count, next, opening, open;
	uint64_t closing_next;               /* index from which fleet_close goes on */
	bool closing, settled, emptied;
	uint64_t started_at;                 /* clock_ns of the first attempt */
	uint64_t gone_in, gone_out;          /* bytes of connections that are over, … */
	struct channel_polling gone_polling; /* … and what asking cost them */
	struct loop_timer pace;              /* next batch of opens or closes */
	struct err first[ERR_CLASSES];
};

static void opened(void *ctx, const struct channel_opened *o);
static void message(void *ctx, const struct message *m);
static void pong(void *ctx, uint64_t round_trip_ns);
static void drained(void *ctx);
static void closing(void *ctx, const struct channel_end *end);
static void closed(void *ctx, const struct channel_end *end);
static void pace(evutil_socket_t fd, short events, void *ctx);

static const struct session_events session_events = {opened, message, pong, drained,
    closing, closed, NULL, NULL};

/* --- life -------------------------------------------------------------------------------- */

static int
make_targets(struct fleet *f, struct err *e)
{
	const struct plan *p = f->params.plan;

	f->targets = calloc(p->target_count, sizeof *f->targets);
	if (f->targets == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for the targets");
	for (; f->target_count < p->target_count; f->target_count++) {
		const struct url *u = &p->targets[f->target_count];
		struct client_target *t = client_target_new(f->client, u, false, f->resolver,
		    &f->rng, e);

		if (t == NULL)
			return -1;
		f->targets[f->target_count] = t;
		if (p->node_from == PLAN_NODE_TARGET)
			tally_node(f->params.tally, t->authority);
	}
	return 0;
}

static int
make_conns(struct fleet *f, struct err *e)
{
	f->conns = calloc(f->count, sizeof *f->conns);
	return f->conns != NULL ? 0 :
	    err_set(e, ERR_MEMORY, 0, "no memory for the connections");
}

struct fleet *
fleet_new(const struct fleet_params *params, struct err *e)
{
	struct fleet *f = calloc(1, sizeof *f);
	uint64_t seed;

	if (f == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for the connections");
		return NULL;
	}
	rng_secret(&seed, sizeof seed);
	rng_init(&f->rng, seed);
	f->params = *params;
	f->count = params->plan->connections;
	loop_timer_init(&f->pace, params->loop, pace, f);
	if (make_conns(f, e) == 0 && (f->client = client_new(params->client, e)) != NULL &&
	    (f->resolver = resolver_new(params->loop, e)) != NULL && make_targets(f, e) == 0)
		return f;
	fleet_free(f);
	return NULL;
}

void
fleet_free(struct fleet *f)
{
	if (f == NULL)
		return;
	loop_timer_clear(&f->pace);
	for (uint64_t i = 0; f->conns != NULL && i < f->next; i++)
		session_free(f->conns[i].session, false);
	loop_settle(f->params.loop);         /* they still need what goes next */
	for (size_t i = 0; i < f->target_count; i++)
		client_target_free(f->targets[i]);
	free(f->targets);
	resolver_free(f->resolver);
	client_free(f->client);
	free(f->conns);
	free(f);
}

/* --- opening ----------------------------------------------------------------------------- */

static void
note_error(struct fleet *f, const struct err *why)
{
	f->params.tally->errors[why->class]++;
	if (f->first[why->class].class == ERR_NONE)
		f->first[why->class] = *why;
}

static void
failed(struct fleet_conn *c, const struct err *why)
{
	struct fleet *f = c->fleet;

	c->state = FLEET_OVER;
	f->opening--;
	f->params.tally->failed++;
	note_error(f, why);
}

/* The path: the URL's own, or the dialect's when the URL has none. */
static const char *
path_template(const struct fleet *f, const struct url *u)
{
	const struct plan *p = f->params.plan;
	const char *path = p->workload == PLAN_ECHO ? p->dialect.echo_path :
	    dialect_path(&p->dialect, p->transport);

	return strcmp(u->target, "/") == 0 && path != NULL ? path : u->target;
}

const struct client_target *
fleet_target(const struct fleet *f, uint64_t index)
{
	return f->targets[plan_target_of(f->params.plan, index)];
}

/* The session of a connection; it stays NULL when that failed at once. */
static void
open_session(struct fleet *f, struct fleet_conn *c, struct err *e)
{
	const struct plan *p = f->params.plan;
	const struct client_target *t = fleet_target(f, c->index);
	const char *template = path_template(f, &p->targets[plan_target_of(p, c->index)]);
	struct names names;
	struct place place;

	if (names_make(&names, p, f->client, t, c->index, e) != 0)
		return;
	if (names_place(&names, f->client, template, &place, e) == 0)
		c->session = session_open(f->params.loop, &t->params, &place, &session_events, c,
		    e);
	names_release(&names);
}

static void
open_one(struct fleet *f)
{
	uint64_t index = f->next++;
	struct fleet_conn *c = &f->conns[index];
	struct err e = {0};

	c->fleet = f;
	c->index = (uint32_t)index;
	c->state = FLEET_OPENING;
	f->opening++;
	open_session(f, c, &e);
	if (c->session == NULL)
		failed(c, &e);
}

static bool
more_to_open(const struct fleet *f)
{
	return !f->closing && f->next < f->count;
}

static void
open_more(struct fleet *f)
{
	bool paced = f->params.plan->connect_rate > 0;
	uint64_t most = plan_opening_max(f->params.plan), until, begun = 0;

	if (!more_to_open(f))
		return;
	until = plan_due(f->params.plan, clock_ns() - f->started_at);
	/* The bound on what one turn begins also bounds a server that refuses at once. */
	while (f->next < until && f->opening < most && begun++ < most)
		open_one(f);
	if (more_to_open(f) && (paced || f->opening == 0))
		loop_timer_set(&f->pace, paced ? NS_PER_MS : 1);
}

/* Looks whether a milestone was reached; called whenever the counts have changed. */
static void
check_milestones(struct fleet *f)
{
	if (f->emptied)
		return;
	if (!f->settled && !f->closing && f->next == f->count && f->opening == 0) {
		f->settled = true;
		f->params.events->settled(f->params.ctx);
	}
	if (f->closing && f->open == 0 && f->opening == 0) {
		f->emptied = true;
		f->params.events->emptied(f->params.ctx);
	}
}

void
fleet_open(struct fleet *f)
{
	f->params.tally->requested = f->count;
	f->started_at = clock_ns();
	loop_timer_set(&f->pace, 1);
}

static void
close_more(struct fleet *f)
{
	int batch = CLOSING_BATCH;

	while (f->closing_next < f->next && batch > 0) {
		struct fleet_conn *c = &f->conns[f->closing_next++];

		if (c->session == NULL)
			continue;
		session_close(c->session, 1000, NULL);
		batch--;
	}
	if (f->closing_next < f->next)
		loop_timer_set(&f->pace, 1);
}

static void
pace(evutil_socket_t fd, short events, void *ctx)
{
	struct fleet *f = ctx;

	(void)fd;
	(void)events;
	if (f->closing)
		close_more(f);
	else
		open_more(f);
	check_milestones(f);
}

void
fleet_close(struct fleet *f)
{
	f->closing = true;
	loop_timer_set(&f->pace, 1);
}

/* --- which node answered ----------------------------------------------------------------- */

/* The value of cookie `name` among the answer's Set-Cookie fields (RFC 6265, 4.1.1). */
static struct slice
set_cookie(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++) {
		struct slice rest = head->fields[i].value, pair = slice_cut(&rest, ';');

		if (slice_eq_nocase(head->fields[i].name, "set-cookie") &&
		    slice_eq(slice_trim(slice_cut(&pair, '=')), name))
			return slice_trim(pair);
	}
	return (struct slice){NULL, 0};
}

/* A long poll that the server holds has no answer yet, so no header or cookie names its node. */
static uint16_t
node_of(const struct fleet *f, uint64_t index, const struct http_head *head)
{
	const struct plan *p = f->params.plan;
	struct slice name = {NULL, 0};
	char text[TALLY_NODE_NAME];

	switch (p->node_from) {
	case PLAN_NODE_TARGET:
		name = slice_of(fleet_target(f, index)->authority);
		break;
	case PLAN_NODE_HEADER:
		if (head != NULL)
			name = http_head_field(head, p->node_name);
		break;
	case PLAN_NODE_COOKIE:
		if (head != NULL)
			name = set_cookie(head, p->node_name);
		break;
	}
	if (name.len == 0)
		name = slice_of("unnamed");
	snprintf(text, sizeof text, "%.*s", (int)name.len, name.data);
	return (uint16_t)tally_node(f->params.tally, text);
}

/* --- events of one connection ------------------------------------------------------------ */

/* Records how long a step took that ended at `end`, and returns when the next one began; without
 * such a step there is nothing to record. */
static uint64_t
record_step(struct hist *h, uint64_t begun, uint64_t end)
{
	if (end == 0)
		return begun;
	hist_record(h, end - begun);
	return end;
}

/* The way through a proxy is part of connecting: until the server itself is reached. */
static void
record_phases(struct tally *t, const struct channel_opened *o)
{
	const struct stream_times *at = o->times;
	uint64_t begun = record_step(t->resolve, at->start, at->resolved);

	begun = record_step(t->connect, begun, at->proxied > 0 ? at->proxied : at->connected);
	begun = record_step(t->tls, begun, at->secured);
	hist_record(t->upgrade, o->at - begun);
	hist_record(t->total, o->at - at->start);
}

static void
opened(void *ctx, const struct channel_opened *o)
{
	struct fleet_conn *c = ctx;
	struct fleet *f = c->fleet;
	struct tally *t = f->params.tally;

	c->state = FLEET_OPEN;
	c->node = node_of(f, c->index, o->head);
	f->opening--;
	f->open++;
	t->opened++;
	if (f->open > t->peak)
		t->peak = f->open;
	t->open_ns = o->at - f->started_at;
	record_phases(t, o);
	if (f->closing) {
		session_close(c->session, 1000, NULL);
	} else {
		f->params.events->opened(f->params.ctx, c);
		open_more(f);
	}
	check_milestones(f);
}

static void
message(void *ctx, const struct message *m)
{
	struct fleet_conn *c = ctx;

	c->fleet->params.events->message(c->fleet->params.ctx, c, m);
}

static void
pong(void *ctx, uint64_t round_trip_ns)
{
	struct fleet_conn *c = ctx;

	hist_record(c->fleet->params.tally->ping, round_trip_ns);
}

static void
drained(void *ctx)
{
	(void)ctx;
}

struct err
fleet_why_lost(const struct channel_end *end)
{
	struct err why = end->why;

	if (why.class == ERR_NONE && end->code == 0)
		err_set(&why, ERR_CLOSED, 0, "the server ended the stream%s",
		    end->final ? " for good" : "");
	else if (why.class == ERR_NONE)
		err_set(&why, ERR_CLOSED, (int)end->code, "the server closed with %u%s%.*s",
		    end->code, end->reason.len > 0 ? " " : "", (int)end->reason.len,
		    end->reason.len > 0 ? end->reason.data : "");
	return why;
}

static void
lost(struct fleet_conn *c, const struct channel_end *end)
{
	struct fleet *f = c->fleet;
	struct err why = fleet_why_lost(end);

	c->state = FLEET_OVER;
	f->open--;
	if (f->closing)
		return;
	f->params.tally->dropped++;
	note_error(f, &why);
	f->params.events->lost(f->params.ctx, c);
}

/* It is lost from the server's word on, not only when the connection has ended. */
static void
closing(void *ctx, const struct channel_end *end)
{
	struct fleet_conn *c = ctx;

	lost(c, end);
	check_milestones(c->fleet);
}

static void
add_polling(struct channel_polling *into, const struct session *s)
{
	struct channel_polling p;

	session_polling(s, &p);
	into->requests += p.requests;
	into->empty += p.empty;
	into->not_modified += p.not_modified;
	into->connections += p.connections;
}

static void
closed(void *ctx, const struct channel_end *end)
{
	struct fleet_conn *c = ctx;
	struct fleet *f = c->fleet;
	struct err why;

	f->gone_in += session_bytes_in(c->session);
	f->gone_out += session_bytes_out(c->session);
	add_polling(&f->gone_polling, c->session);
	session_free(c->session, false);
	c->session = NULL;
	if (c->state == FLEET_OPEN) {
		lost(c, end);
	} else if (c->state == FLEET_OPENING && f->closing) {
		c->state = FLEET_OVER;       /* given up by us: neither opened nor failed */
		f->opening--;
	} else if (c->state == FLEET_OPENING) {
		why = fleet_why_lost(end);   /* 204 to an event stream is in order */
		failed(c, &why);
		open_more(f);
	}
	check_milestones(f);
}

/* --- what others ask --------------------------------------------------------------------- */

struct fleet_conn *
fleet_at(struct fleet *f, uint64_t index)
{
	return &f->conns[index];
}

int
fleet_send(struct fleet_conn *c, const void *data, size_t len)
{
	struct tally *t = c->fleet->params.tally;
	int result = session_send(c->session, MESSAGE_TEXT, data, len);
	uint64_t backlog;

	if (result == 0 && (backlog = session_backlog(c->session)) > t->backlog_peak)
		t->backlog_peak = backlog;
	return result;
}

uint64_t
fleet_open_count(const struct fleet *f)
{
	return f->open;
}

void
fleet_bytes(const struct fleet *f, uint64_t *in, uint64_t *out)
{
	*in = f->gone_in;
	*out = f->gone_out;
	for (uint64_t i = 0; i < f->next; i++)
		if (f->conns[i].session != NULL) {
			*in += session_bytes_in(f->conns[i].session);
			*out += session_bytes_out(f->conns[i].session);
		}
}

void
fleet_polling(const struct fleet *f, struct channel_polling *out)
{
	*out = f->gone_polling;
	for (uint64_t i = 0; f->params.plan->transport != TRANSPORT_WS && i < f->next; i++)
		if (f->conns[i].session != NULL)
			add_polling(out, f->conns[i].session);
}

const struct err *
fleet_first_error(const struct fleet *f, int class)
{
	return &f->first[class];
}

const struct client *
fleet_client(const struct fleet *f)
{
	return f->client;
}
