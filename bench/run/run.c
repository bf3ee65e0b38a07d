/*   OPENING ─ all open or failed ─► WARMUP ─ --warmup ─► LOADING ─ --duration ─► DRAINING
 *      │ nothing open, interrupted        │ interrupted ──────────────┘             │ --drain, or
 *      │                                  │ none left                               │ quiet
 *      └──────────────────────────────────┴──────────► CLOSING ◄────────────────────┘
 *                                                          └─ all closed, or in vain ─► OVER
 */
#include "bench/run/run.h"

#include <signal.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/run/fleet.h"
#include "bench/run/lanes.h"
#include "bench/run/payloads.h"
#include "bench/run/rig.h"
#include "bench/run/workload.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/codec/ws_handshake.h"
#include "lib/loop/loop.h"

enum { CLOSE_LIMIT_S = 5 };

struct run {
	const struct run_params *params;
	const struct plan *plan;
	struct tally *tally;
	struct run_outcome *outcome;
	struct loop *loop;
	struct fleet *fleet;
	struct lanes *lanes;                 /* NULL unless there is a schedule */
	struct workload *workload;
	enum run_phase phase;
	uint64_t phase_began;
	uint64_t begun[TALLY_PHASES], cpu_begun[TALLY_PHASES];   /* 0: not yet */
	uint64_t start;                      /* of the schedule */
	uint64_t load_began, load_ended;     /* of the time that counts */
	uint64_t in_before, out_before;      /* bytes, before that */
	uint64_t resident_before;
	uint64_t last_sent, last_received, last_at;
	struct tally_point pending;          /* of the series: seconds not yet a whole point */
	uint64_t pending_ns;
	struct loop_timer phase_timer, second_timer, next_timer;
	struct event interrupt, terminate;
	struct rig_lag lag;
	struct err broken;
};

static const char *const phase_names[] = {
	[RUN_OPENING] = "opening",
	[RUN_WARMUP] = "warming up",
	[RUN_LOADING] = "running",
	[RUN_DRAINING] = "draining",
	[RUN_CLOSING] = "closing",
	[RUN_OVER] = "over",
};

const char *
run_phase_name(enum run_phase phase)
{
	return phase_names[phase];
}

/* --- bookkeeping ------------------------------------------------------------------------- */

static enum tally_phase
account_of(enum run_phase phase)
{
	switch (phase) {
	case RUN_OPENING:
		return TALLY_OPENING;
	case RUN_WARMUP:
	case RUN_LOADING:
	case RUN_DRAINING:
		return TALLY_LOADING;
	case RUN_CLOSING:
	case RUN_OVER:
		return TALLY_CLOSING;
	}
	return TALLY_CLOSING;
}

static void
charge_phase(struct run *r, enum run_phase next)
{
	enum tally_phase old = account_of(r->phase), new = account_of(next);
	uint64_t now = clock_ns(), cpu = clock_cpu_ns();

	if (old != new || next == RUN_OVER) {
		r->tally->wall_ns[old] += now - r->begun[old];
		r->tally->cpu_ns[old] += cpu - r->cpu_begun[old];
	}
	if (old != new) {
		r->begun[new] = now;
		r->cpu_begun[new] = cpu;
	}
}

static void
sample(struct run *r)
{
	uint64_t resident = rig_resident();

	if (resident > r->tally->rss_bytes)
		r->tally->rss_bytes = resident;
}

/* What was sent may be taken back, as refused: no second shows that before later ones made up
 * for it. */
static uint64_t
sent_since(const struct run *r)
{
	return r->tally->sent > r->last_sent ? r->tally->sent - r->last_sent : 0;
}

static void
show_progress(struct run *r, bool begins, double seconds, uint64_t worst)
{
	const struct tally *t = r->tally;
	struct run_progress p = {.phase = r->phase, .begins = begins,
	    .phase_ns = clock_ns() - r->phase_began,
	    .open = fleet_open_count(r->fleet), .opened = t->opened, .failed = t->failed,
	    .dropped = t->dropped, .sent = t->sent, .received = t->received, .worst_ns = worst};

	if (seconds > 0) {
		p.sent_per_s = (double)sent_since(r) / seconds;
		p.received_per_s = (double)(t->received - r->last_received) / seconds;
	}
	if (r->params->progress != NULL)
		r->params->progress(r->params->ctx, &p);
}

/* A point may have become wider than a second: then several seconds make one. */
static void
add_to_series(struct run *r, const struct tally_point *second)
{
	r->pending.open = second->open;
	r->pending.sent += second->sent;
	r->pending.received += second->received;
	if (second->max_ns > r->pending.max_ns)
		r->pending.max_ns = second->max_ns;
	r->pending_ns += NS_PER_S;
	if (r->pending_ns < r->tally->point_ns)
		return;
	tally_point(r->tally, &r->pending);
	r->pending = (struct tally_point){0};
	r->pending_ns = 0;
}

static void
take_second(struct run *r)
{
	uint64_t now = clock_ns(), worst = r->workload->ops->worst(r->workload);
	double seconds = (double)(now - r->last_at) / (double)NS_PER_S;
	struct tally_point point = {.open = fleet_open_count(r->fleet), .sent = sent_since(r),
	    .received = r->tally->received - r->last_received, .max_ns = worst};

	if (account_of(r->phase) == TALLY_LOADING)
		add_to_series(r, &point);
	show_progress(r, false, seconds, worst);
	r->last_sent += point.sent;
	r->last_received = r->tally->received;
	r->last_at = now;
}

static void
second_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)events;
	sample(r);
	take_second(r);
	loop_timer_set(&r->second_timer, NS_PER_S);
}

/* --- phases ------------------------------------------------------------------------------ */

static void
enter(struct run *r, enum run_phase phase, uint64_t limit_ns)
{
	charge_phase(r, phase);
	r->phase = phase;
	r->phase_began = clock_ns();
	loop_timer_set(&r->phase_timer, limit_ns);
	show_progress(r, true, 0, 0);
}

static void
finish(struct run *r)
{
	if (r->phase == RUN_OVER)
		return;
	sample(r);
	enter(r, RUN_OVER, 0);
	loop_timer_clear(&r->phase_timer);
	loop_stop(r->loop);
}

/* Bytes on the wire so far. */
static void
count_bytes(const struct run *r, uint64_t *in, uint64_t *out)
{
	uint64_t lanes_in = 0, lanes_out = 0;

	fleet_bytes(r->fleet, in, out);
	if (r->lanes != NULL)
		lanes_bytes(r->lanes, &lanes_in, &lanes_out);
	*in += lanes_in;
	*out += lanes_out;
}

static void
account_wire(struct run *r)
{
	struct tally *t = r->tally;
	struct channel_polling polling;

	count_bytes(r, &t->bytes_received, &t->bytes_sent);
	if (r->load_began > 0) {
		t->load_ns = r->load_ended - r->load_began;
		t->load_bytes_received = t->bytes_received - r->in_before;
		t->load_bytes_sent = t->bytes_sent - r->out_before;
	}
	fleet_polling(r->fleet, &polling);
	t->polling.requests = polling.requests;
	t->polling.empty = polling.empty;
	t->polling.not_modified = polling.not_modified;
	t->polling.connections = polling.connections;
	t->post_connections = r->lanes != NULL ? lanes_connections(r->lanes) : 0;
	t->transports_opened = t->post_connections +
	    (r->plan->transport == TRANSPORT_WS ? t->opened : polling.connections);
}

/* The end of the accounting. */
static void
close_all(struct run *r)
{
	struct err e = {0};

	if (r->phase >= RUN_CLOSING)
		return;
	if (r->load_began > 0 && r->load_ended == 0)
		r->load_ended = clock_ns();
	if (r->lanes != NULL)
		lanes_settle(r->lanes);
	take_second(r);
	if (r->pending_ns > 0)
		tally_point(r->tally, &r->pending);
	loop_timer_clear(&r->second_timer);
	rig_lag_stop(&r->lag);
	if (r->broken.class == ERR_NONE && r->workload->ops->settle(r->workload, &e) != 0)
		r->broken = e;
	account_wire(r);
	enter(r, RUN_CLOSING, CLOSE_LIMIT_S * NS_PER_S);
	if (r->lanes != NULL)
		lanes_close(r->lanes);
	fleet_close(r->fleet);
}

static void
drain(struct run *r)
{
	if (r->phase == RUN_LOADING)
		r->load_ended = clock_ns();
	enter(r, RUN_DRAINING, r->plan->drain);
	r->workload->ops->stop(r->workload);
}

static uint64_t
until(uint64_t moment)
{
	uint64_t now = clock_ns();

	return moment > now ? moment - now : 0;
}

static void
load(struct run *r)
{
	count_bytes(r, &r->in_before, &r->out_before);
	r->load_began = clock_ns();
	enter(r, RUN_LOADING, until(r->start + r->plan->warmup + r->plan->duration));
}

/* Whether so much of the schedule is over; libevent's clock is coarse, and may be early. */
static bool
in_time(struct run *r, uint64_t since_start)
{
	uint64_t left = until(r->start + since_start);

	if (left > 0)
		loop_timer_set(&r->phase_timer, left + NS_PER_US);
	return left == 0;
}

static void
phase_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)events;
	switch (r->phase) {
	case RUN_WARMUP:
		if (in_time(r, r->plan->warmup))
			load(r);
		break;
	case RUN_LOADING:
		if (in_time(r, r->plan->warmup + r->plan->duration))
			drain(r);
		break;
	case RUN_DRAINING:
		close_all(r);
		break;
	case RUN_CLOSING:
		finish(r);
		break;
	case RUN_OPENING:
	case RUN_OVER:
		break;
	}
}

static void
fail(void *ctx, const struct err *why)
{
	struct run *r = ctx;

	if (r->broken.class == ERR_NONE)
		r->broken = *why;
	close_all(r);
}

static void
quiet(void *ctx)
{
	struct run *r = ctx;

	if (r->phase == RUN_DRAINING)
		loop_timer_set(&r->phase_timer, 0);
}

static void
begin_load(struct run *r)
{
	struct err e = {0};

	r->start = clock_ns() + NS_PER_MS;
	sample(r);
	if (r->tally->rss_bytes > r->resident_before)
		r->tally->connection_bytes = r->tally->rss_bytes - r->resident_before;
	r->tally->point_ns = NS_PER_S;
	r->last_at = clock_ns();
	loop_timer_set(&r->second_timer, NS_PER_S);
	if (r->plan->warmup > 0)
		enter(r, RUN_WARMUP, until(r->start + r->plan->warmup));
	else
		load(r);
	if (rig_lag_start(&r->lag, r->loop, r->tally->loop_lag, &e) != 0 ||
	    r->workload->ops->start(r->workload, r->start, &e) != 0)
		fail(r, &e);
}

static void
settled(void *ctx)
{
	struct run *r = ctx;

	if (r->phase != RUN_OPENING)
		return;
	if (fleet_open_count(r->fleet) == 0) {
		close_all(r);
		return;
	}
	loop_timer_set(&r->next_timer, 1);
}

/* What a connection's callback set off, in a turn of its own. */
static void
next_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)events;
	if (fleet_open_count(r->fleet) == 0)
		close_all(r);
	else if (r->phase == RUN_OPENING && r->lanes != NULL)
		lanes_open(r->lanes);
	else if (r->phase == RUN_OPENING)
		begin_load(r);
}

/* --- what the lanes tell ----------------------------------------------------------------- */

static void
ready(void *ctx)
{
	struct run *r = ctx;

	if (r->phase != RUN_OPENING)
		return;
	if (fleet_open_count(r->fleet) > 0)
		begin_load(r);
	else
		close_all(r);
}

static void
fate(void *ctx, uint64_t n, enum lanes_fate fate)
{
	struct run *r = ctx;

	r->workload->ops->fate(r->workload, n, fate);
}

static const struct lanes_events lanes_events = {ready, fate};

/* --- what the fleet tells ---------------------------------------------------------------- */

static void
opened(void *ctx, struct fleet_conn *c)
{
	struct run *r = ctx;
	struct err e = {0};

	if (payloads_greet(r->plan, r->fleet, c, &e) != 0)
		fail(r, &e);
}

static void
message(void *ctx, struct fleet_conn *c, const struct message *m)
{
	struct run *r = ctx;

	if (account_of(r->phase) == TALLY_LOADING)
		r->workload->ops->message(r->workload, c, m);
}

static void
lost(void *ctx, struct fleet_conn *c)
{
	struct run *r = ctx;

	if (account_of(r->phase) != TALLY_LOADING)
		return;
	r->workload->ops->lost(r->workload, c);
	if (fleet_open_count(r->fleet) == 0)
		loop_timer_set(&r->next_timer, 1);
}

static void
emptied(void *ctx)
{
	finish(ctx);
}

static const struct fleet_events fleet_events = {opened, settled, message, lost, emptied};

static void
interrupted(evutil_socket_t signal_number, short events, void *ctx)
{
	struct run *r = ctx;

	(void)signal_number;
	(void)events;
	r->outcome->interrupted = true;
	switch (r->phase) {
	case RUN_WARMUP:
	case RUN_LOADING:
		drain(r);
		break;
	case RUN_OPENING:
	case RUN_DRAINING:
		close_all(r);
		break;
	case RUN_CLOSING:
	case RUN_OVER:
		finish(r);
		break;
	}
}

/* --- making and running ------------------------------------------------------------------ */

static struct workload *
new_open_loop(struct run *r, struct workload_params *params, struct err *e)
{
	struct lanes_params lanes = {.plan = r->plan, .fleet = r->fleet, .tally = r->tally,
	    .loop = r->loop, .limit = r->params->client->open_timeout, .events = &lanes_events,
	    .ctx = r};

	params->lanes = r->lanes = lanes_new(&lanes, e);
	return r->lanes != NULL ? open_loop_new(params, e) : NULL;
}

static struct workload *
new_workload(struct run *r, struct err *e)
{
	struct workload_params params = {.plan = r->plan, .tally = r->tally, .loop = r->loop,
	    .fleet = r->fleet, .quiet = quiet, .broken = fail, .ctx = r};

	rng_secret(&params.tag, sizeof params.tag);
	if (r->plan->workload == PLAN_HOLD)
		return hold_new(&params, e);
	return r->plan->closed_loop ? closed_loop_new(&params, e) : new_open_loop(r, &params, e);
}

static int
prepare(struct run *r, struct err *e)
{
	struct fleet_params fleet = {.plan = r->plan, .client = r->params->client,
	    .tally = r->tally, .events = &fleet_events, .ctx = r};

	r->loop = fleet.loop = loop_new(e);
	if (r->loop == NULL || (r->fleet = fleet_new(&fleet, e)) == NULL ||
	    rig_admit(r->plan, fleet_client(r->fleet), e) != 0)
		return -1;
	r->workload = new_workload(r, e);
	return r->workload != NULL ? 0 : -1;
}

static void
arm(struct run *r)
{
	loop_timer_init(&r->phase_timer, r->loop, phase_fired, r);
	loop_timer_init(&r->second_timer, r->loop, second_fired, r);
	loop_timer_init(&r->next_timer, r->loop, next_fired, r);
	evsignal_assign(&r->interrupt, loop_base(r->loop), SIGINT, interrupted, r);
	evsignal_assign(&r->terminate, loop_base(r->loop), SIGTERM, interrupted, r);
	evsignal_add(&r->interrupt, NULL);
	evsignal_add(&r->terminate, NULL);
}

static void
disarm(struct run *r)
{
	loop_timer_clear(&r->phase_timer);
	loop_timer_clear(&r->second_timer);
	loop_timer_clear(&r->next_timer);
	evsignal_del(&r->interrupt);
	evsignal_del(&r->terminate);
	rig_lag_stop(&r->lag);
}

static void
release(struct run *r)
{
	if (r->workload != NULL)
		r->workload->ops->free(r->workload);
	lanes_free(r->lanes);
	fleet_free(r->fleet);
	loop_free(r->loop);
}

/* What is used anyway, the shared buffers and libcrypto with its tables, is there before the
 * connections are weighed and timed. */
static void
weigh(struct run *r)
{
	char accept[WS_ACCEPT_LENGTH + 1];

	ws_accept_make(accept, "dGhlIHNhbXBsZSBub25jZQ==");
	memset(loop_read_buffer(r->loop), 0, LOOP_BUFFER);
	memset(loop_write_buffer(r->loop), 0, LOOP_BUFFER);
	r->resident_before = rig_resident();
}

int
run_bench(const struct run_params *params, struct run_outcome *outcome, struct err *e)
{
	struct run r = {.params = params, .plan = params->plan, .tally = params->tally,
	    .outcome = outcome};
	int result;

	*outcome = (struct run_outcome){0};
	if (prepare(&r, e) != 0) {
		release(&r);
		return -1;
	}
	arm(&r);
	weigh(&r);
	r.tally->workers = 1;
	r.phase_began = r.last_at = r.begun[TALLY_OPENING] = clock_ns();
	r.cpu_begun[TALLY_OPENING] = clock_cpu_ns();
	loop_timer_set(&r.second_timer, NS_PER_S);
	fleet_open(r.fleet);
	result = loop_run(r.loop, e);
	for (int i = 0; i < ERR_CLASSES; i++)
		outcome->first[i] = *fleet_first_error(r.fleet, i);
	if (r.lanes != NULL)
		outcome->publishing = *lanes_trouble(r.lanes);
	disarm(&r);
	if (result == 0 && r.broken.class != ERR_NONE) {
		*e = r.broken;
		result = -1;
	}
	release(&r);
	return result;
}
