/* run.c: a run of connections that a workload loads: the fleet opens them, the lanes publish
 * beside them; see course.h for its course. */
#include "bench/run/run.h"

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/run/course.h"
#include "bench/run/fleet.h"
#include "bench/run/lanes.h"
#include "bench/run/payloads.h"
#include "bench/run/rig.h"
#include "bench/run/script_run.h"
#include "bench/run/workload.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/loop/loop.h"

struct run {
	struct course course;
	const struct plan *plan;
	struct tally *tally;
	struct fleet *fleet;
	struct lanes *lanes;                 /* NULL unless there is a schedule */
	struct workload *workload;
	struct loop_timer next_timer;
};

/* --- what the course asks for ------------------------------------------------------------ */

static void
begin(void *ctx)
{
	struct run *r = ctx;

	fleet_open(r->fleet);
}

static uint64_t
look(void *ctx)
{
	const struct run *r = ctx;

	return fleet_open_count(r->fleet);
}

static uint64_t
worst(void *ctx)
{
	struct run *r = ctx;

	return r->workload->ops->worst(r->workload);
}

static void
bytes(void *ctx, uint64_t *in, uint64_t *out)
{
	const struct run *r = ctx;
	uint64_t lanes_in = 0, lanes_out = 0;

	fleet_bytes(r->fleet, in, out);
	if (r->lanes != NULL)
		lanes_bytes(r->lanes, &lanes_in, &lanes_out);
	*in += lanes_in;
	*out += lanes_out;
}

static void
drain(void *ctx)
{
	struct run *r = ctx;

	r->workload->ops->stop(r->workload);
}

static void
account_asking(struct run *r)
{
	struct tally *t = r->tally;
	struct channel_polling polling;

	fleet_polling(r->fleet, &polling);
	t->polling.requests = polling.requests;
	t->polling.empty = polling.empty;
	t->polling.not_modified = polling.not_modified;
	t->polling.connections = polling.connections;
	t->post_connections = r->lanes != NULL ? lanes_connections(r->lanes) : 0;
	t->transports_opened = t->post_connections +
	    (r->plan->transport == TRANSPORT_WS ? t->opened : polling.connections);
}

static int
settle(void *ctx, struct err *e)
{
	struct run *r = ctx;

	if (r->lanes != NULL)
		lanes_settle(r->lanes);
	account_asking(r);
	return r->workload->ops->settle(r->workload, e);
}

static void
close_all(void *ctx)
{
	struct run *r = ctx;

	if (r->lanes != NULL)
		lanes_close(r->lanes);
	fleet_close(r->fleet);
}

static const struct course_ops course_ops = {begin, look, worst, bytes, NULL, drain, settle,
    close_all, false};

/* --- what the fleet, the lanes and the workload tell ------------------------------------- */

static bool
is_opening(const struct run *r)
{
	return r->course.phase == RUN_OPENING;
}

static void
begin_load(struct run *r)
{
	uint64_t start = clock_ns() + NS_PER_MS;
	struct err e = {0};

	course_schedule(&r->course, start);
	if (course_loads(&r->course) && r->workload->ops->start(r->workload, start, &e) != 0)
		course_fail(&r->course, &e);
}

static void
opened(void *ctx, struct fleet_conn *c)
{
	struct run *r = ctx;
	struct err e = {0};

	if (payloads_greet(r->plan, r->fleet, c, &e) != 0)
		course_fail(&r->course, &e);
}

static void
settled(void *ctx)
{
	struct run *r = ctx;

	if (!is_opening(r))
		return;
	if (fleet_open_count(r->fleet) == 0)
		course_close(&r->course);
	else
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
		course_close(&r->course);
	else if (is_opening(r) && r->lanes != NULL)
		lanes_open(r->lanes);
	else if (is_opening(r))
		begin_load(r);
}

static void
message(void *ctx, struct fleet_conn *c, const struct message *m)
{
	struct run *r = ctx;

	if (course_loads(&r->course))
		r->workload->ops->message(r->workload, c, m);
}

static void
lost(void *ctx, struct fleet_conn *c)
{
	struct run *r = ctx;

	if (!course_loads(&r->course))
		return;
	r->workload->ops->lost(r->workload, c);
	if (fleet_open_count(r->fleet) == 0)
		loop_timer_set(&r->next_timer, 1);
}

static void
emptied(void *ctx)
{
	struct run *r = ctx;

	course_end(&r->course);
}

static const struct fleet_events fleet_events = {opened, settled, message, lost, emptied};

static void
ready(void *ctx)
{
	struct run *r = ctx;

	if (!is_opening(r))
		return;
	if (fleet_open_count(r->fleet) > 0)
		begin_load(r);
	else
		course_close(&r->course);
}

static void
fate(void *ctx, uint64_t n, enum lanes_fate fate)
{
	struct run *r = ctx;

	r->workload->ops->fate(r->workload, n, fate);
}

static const struct lanes_events lanes_events = {ready, fate};

static void
quiet(void *ctx)
{
	struct run *r = ctx;

	course_quiet(&r->course);
}

static void
broken(void *ctx, const struct err *why)
{
	struct run *r = ctx;

	course_fail(&r->course, why);
}

/* --- making and running ------------------------------------------------------------------ */

static struct workload *
new_open_loop(struct run *r, struct workload_params *params, struct err *e)
{
	struct lanes_params lanes = {.plan = r->plan, .fleet = r->fleet, .tally = r->tally,
	    .loop = r->course.loop, .limit = r->course.params->client->open_timeout,
	    .events = &lanes_events, .ctx = r};

	params->lanes = r->lanes = lanes_new(&lanes, e);
	return r->lanes != NULL ? open_loop_new(params, e) : NULL;
}

static struct workload *
new_workload(struct run *r, struct err *e)
{
	struct workload_params params = {.plan = r->plan, .tally = r->tally,
	    .loop = r->course.loop, .fleet = r->fleet, .quiet = quiet, .broken = broken,
	    .ctx = r};

	rng_secret(&params.tag, sizeof params.tag);
	if (r->plan->workload == PLAN_HOLD)
		return hold_new(&params, e);
	return r->plan->closed_loop ? closed_loop_new(&params, e) : new_open_loop(r, &params, e);
}

static int
prepare(struct run *r, struct err *e)
{
	struct fleet_params fleet = {.plan = r->plan, .client = r->course.params->client,
	    .tally = r->tally, .loop = r->course.loop, .events = &fleet_events, .ctx = r};

	r->fleet = fleet_new(&fleet, e);
	if (r->fleet == NULL || rig_admit(r->plan, fleet_client(r->fleet), e) != 0)
		return -1;
	loop_timer_init(&r->next_timer, r->course.loop, next_fired, r);
	r->workload = new_workload(r, e);
	return r->workload != NULL ? 0 : -1;
}

/* What the fleet and the lanes know beside the tally. */
static void
tell(const struct run *r, struct run_outcome *outcome)
{
	for (int i = 0; i < ERR_CLASSES; i++)
		outcome->first[i] = *fleet_first_error(r->fleet, i);
	if (r->lanes != NULL)
		outcome->publishing = *lanes_trouble(r->lanes);
}

static void
release(struct run *r)
{
	if (r->workload != NULL)
		r->workload->ops->free(r->workload);
	lanes_free(r->lanes);
	fleet_free(r->fleet);
	course_release(&r->course);
}

static int
fleet_run(const struct run_params *params, struct run_outcome *outcome, struct err *e)
{
	struct run r = {.plan = params->plan, .tally = params->tally};
	int result = -1;

	if (course_init(&r.course, params, &course_ops, &r, outcome, e) == 0 &&
	    prepare(&r, e) == 0) {
		result = course_run(&r.course, false, e);
		loop_timer_clear(&r.next_timer);
		tell(&r, outcome);
	}
	release(&r);
	return result;
}

int
run_bench(const struct run_params *params, struct run_outcome *outcome, struct err *e)
{
	return params->plan->workload == PLAN_SCRIPT ? script_run(params, outcome, e) :
	    fleet_run(params, outcome, e);
}
