#include "bench/run/script_run.h"

#include <stdbool.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/run/course.h"
#include "bench/run/crowd.h"
#include "bench/run/rig.h"
#include "bench/run/run.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/loop/loop.h"
#include "lib/script/player.h"
#include "lib/script/script.h"
#include "lib/script/text.h"
#include "lib/session/client.h"

struct script_run {
	struct course course;
	const struct plan *plan;
	struct rng rng;
	struct stage *stage;
	struct crowd *crowd;
};

/* --- what it takes ----------------------------------------------------------------------- */

static bool
has_url(const struct text *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->parts[i].kind == TEXT_URL)
			return true;
	return false;
}

/* Parties that open twice count twice, but no more often than there are parties: it is a bound. */
static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void
script_run_plan(struct plan *p, const struct script *s)
{
	uint64_t requests = 0, commands = 0, targeted = 0, targeted_requests = 0;

	for (size_t i = 0; i < s->step_count; i++) {
		const struct step *step = s->steps[i];

		requests += step->verb == VERB_HTTP;
		commands += step->verb == VERB_EXEC;
		targeted += step->verb == VERB_OPEN && has_url(step->open.url);
		targeted_requests += step->verb == VERB_HTTP && has_url(step->http.url);
	}
	p->script = s->name;
	p->connections_each = s->party_count + least(requests, 1) + least(commands, 1);
	p->targeted_each = least(targeted, s->party_count) + least(targeted_requests, 1);
}

/* --- what the course asks for ------------------------------------------------------------ */

static void
begin(void *ctx)
{
	struct script_run *r = ctx;

	crowd_begin(r->crowd);
}

static uint64_t
look(void *ctx)
{
	struct script_run *r = ctx;

	return crowd_look(r->crowd);
}

static uint64_t
worst(void *ctx)
{
	struct script_run *r = ctx;

	return crowd_worst(r->crowd);
}

static void
bytes(void *ctx, uint64_t *in, uint64_t *out)
{
	struct script_run *r = ctx;

	crowd_bytes(r->crowd, in, out);
}

static void
count(void *ctx)
{
	struct script_run *r = ctx;

	crowd_count(r->crowd);
}

static void
drain(void *ctx)
{
	struct script_run *r = ctx;

	crowd_drain(r->crowd);
}

static int
settle(void *ctx, struct err *e)
{
	struct script_run *r = ctx;

	(void)e;
	crowd_settle(r->crowd);
	return 0;
}

static void
stop(void *ctx)
{
	struct script_run *r = ctx;

	crowd_stop(r->crowd);
}

static const struct course_ops course_ops = {begin, look, worst, bytes, count, drain, settle,
    stop, true};

/* --- what the crowd tells ---------------------------------------------------------------- */

static void
settled(void *ctx)
{
	struct script_run *r = ctx;

	if (crowd_is_in_vain(r->crowd))
		course_close(&r->course);
	else
		course_schedule(&r->course, clock_ns());
}

static void
idle(void *ctx)
{
	struct script_run *r = ctx;

	if (r->course.phase == RUN_CLOSING)
		course_end(&r->course);
	else
		course_quiet(&r->course);
}

static void
broken(void *ctx, const struct err *why)
{
	struct script_run *r = ctx;

	course_fail(&r->course, why);
}

static const struct crowd_events crowd_events = {settled, idle, broken};

/* --- making and running ------------------------------------------------------------------ */

/* The options make sense, and there is room for all. */
static int
admit(const struct script_run *r, struct err *e)
{
	struct client *client = client_new(r->course.params->client, e);
	int result = client != NULL ? rig_admit(r->plan, client, e) : -1;

	client_free(client);
	return result;
}

static int
prepare(struct script_run *r, struct err *e)
{
	const struct run_params *p = r->course.params;
	struct stage_params stage = {.loop = r->course.loop, .rng = &r->rng, .client = p->client,
	    .limit_ns = p->client->open_timeout};
	struct crowd_params crowd = {.plan = r->plan, .script = p->script,
	    .limit_ns = p->client->open_timeout, .tally = p->tally, .loop = r->course.loop,
	    .events = &crowd_events, .ctx = r};
	uint64_t seed;

	rng_secret(&seed, sizeof seed);
	rng_init(&r->rng, seed);
	if (admit(r, e) != 0 || (r->stage = stage_new(&stage, e)) == NULL)
		return -1;
	crowd.stage = r->stage;
	r->crowd = crowd_new(&crowd, e);
	return r->crowd != NULL ? 0 : -1;
}

static void
release(struct script_run *r)
{
	crowd_free(r->crowd);
	if (r->course.loop != NULL)
		loop_settle(r->course.loop);         /* it still needs what goes next */
	stage_free(r->stage);
	course_release(&r->course);
}

int
script_run(const struct run_params *params, struct run_outcome *outcome, struct err *e)
{
	struct script_run r = {.plan = params->plan};
	int result = -1;

	/* Without a warm-up, all that is played counts. */
	if (course_init(&r.course, params, &course_ops, &r, outcome, e) == 0 &&
	    prepare(&r, e) == 0)
		result = course_run(&r.course, params->plan->warmup == 0, e);
	release(&r);
	return result;
}
