#include "bench/run/course.h"

#include <signal.h>
#include <string.h>

#include "bench/ledger/tally_script.h"
#include "bench/plan/plan.h"
#include "lib/base/clock.h"
#include "lib/codec/ws_handshake.h"

enum { CLOSE_LIMIT_S = 5 };

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

bool
course_loads(const struct course *c)
{
	return account_of(c->phase) == TALLY_LOADING;
}

static void
charge_phase(struct course *c, enum run_phase next)
{
	enum tally_phase old = account_of(c->phase), new = account_of(next);
	struct tally *t = c->params->tally;
	uint64_t now = clock_ns(), cpu = clock_cpu_ns();

	if (old != new || next == RUN_OVER) {
		t->wall_ns[old] += now - c->begun[old];
		t->cpu_ns[old] += cpu - c->cpu_begun[old];
	}
	if (old != new) {
		c->begun[new] = now;
		c->cpu_begun[new] = cpu;
	}
}

static void
sample(struct course *c)
{
	uint64_t resident = rig_resident();

	if (resident > c->params->tally->rss_bytes)
		c->params->tally->rss_bytes = resident;
}

/* What was sent may be taken back, as refused: no second shows that before later ones made up
 * for it. */
static uint64_t
since(uint64_t now, uint64_t last)
{
	return now > last ? now - last : 0;
}

static uint64_t
plays(const struct tally *t)
{
	return t->script != NULL ? t->script->completed : 0;
}

static void
show_progress(struct course *c, bool begins, double seconds, uint64_t open, uint64_t worst)
{
	const struct tally *t = c->params->tally;
	struct run_progress p = {.phase = c->phase, .begins = begins,
	    .phase_ns = clock_ns() - c->phase_began, .open = open, .opened = t->opened,
	    .failed = t->failed, .dropped = t->dropped, .sent = t->sent,
	    .received = t->received, .worst_ns = worst, .script = t->script};

	if (seconds > 0) {
		p.sent_per_s = (double)since(t->sent, c->last_sent) / seconds;
		p.received_per_s = (double)since(t->received, c->last_received) / seconds;
		p.plays_per_s = (double)since(plays(t), c->last_plays) / seconds;
	}
	if (c->params->progress != NULL)
		c->params->progress(c->params->ctx, &p);
}

/* A point may have become wider than a second: then several seconds make one. */
static void
add_to_series(struct course *c, const struct tally_point *second)
{
	c->pending.open = second->open;
	c->pending.sent += second->sent;
	c->pending.received += second->received;
	if (second->max_ns > c->pending.max_ns)
		c->pending.max_ns = second->max_ns;
	c->pending_ns += NS_PER_S;
	if (c->pending_ns < c->params->tally->point_ns)
		return;
	tally_point(c->params->tally, &c->pending);
	c->pending = (struct tally_point){0};
	c->pending_ns = 0;
}

static void
take_second(struct course *c)
{
	const struct tally *t = c->params->tally;
	uint64_t open = c->ops->look(c->ctx), worst = c->ops->worst(c->ctx), now = clock_ns();
	double seconds = (double)(now - c->last_at) / (double)NS_PER_S;
	struct tally_point point = {.open = open, .sent = since(t->sent, c->last_sent),
	    .received = since(t->received, c->last_received), .max_ns = worst};

	if (course_loads(c))
		add_to_series(c, &point);
	show_progress(c, false, seconds, open, worst);
	c->last_sent += point.sent;
	c->last_received += point.received;
	c->last_plays = plays(t);
	c->last_at = now;
}

static void
second_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct course *c = ctx;

	(void)fd;
	(void)events;
	sample(c);
	take_second(c);
	loop_timer_set(&c->second_timer, NS_PER_S);
}

/* --- phases ------------------------------------------------------------------------------ */

static void
enter(struct course *c, enum run_phase phase, uint64_t limit_ns)
{
	charge_phase(c, phase);
	c->phase = phase;
	c->phase_began = clock_ns();
	loop_timer_set(&c->phase_timer, limit_ns);
	show_progress(c, true, 0, c->ops->look(c->ctx), 0);
}

void
course_end(struct course *c)
{
	if (c->phase == RUN_OVER)
		return;
	sample(c);
	enter(c, RUN_OVER, 0);
	loop_timer_clear(&c->phase_timer);
	loop_stop(c->loop);
}

static void
account_wire(struct course *c)
{
	struct tally *t = c->params->tally;

	c->ops->bytes(c->ctx, &t->bytes_received, &t->bytes_sent);
	if (c->load_began == 0)
		return;
	t->load_ns = c->load_ended - c->load_began;
	t->load_bytes_received = t->bytes_received - c->in_before;
	t->load_bytes_sent = t->bytes_sent - c->out_before;
}

/* Interrupted before the time that counts: what was until now must not pass for it. */
static void
forget_warmup(struct course *c)
{
	if (c->outcome->interrupted && c->load_began == 0 && c->ops->count != NULL)
		c->ops->count(c->ctx);
}

void
course_close(struct course *c)
{
	struct err e = {0};

	if (c->phase >= RUN_CLOSING)
		return;
	forget_warmup(c);
	if (c->load_began > 0 && c->load_ended == 0)
		c->load_ended = clock_ns();
	if (c->broken.class == ERR_NONE && c->ops->settle(c->ctx, &e) != 0)
		c->broken = e;
	take_second(c);
	if (c->pending_ns > 0)
		tally_point(c->params->tally, &c->pending);
	loop_timer_clear(&c->second_timer);
	rig_lag_stop(&c->lag);
	account_wire(c);
	enter(c, RUN_CLOSING, CLOSE_LIMIT_S * NS_PER_S);
	c->ops->close(c->ctx);
}

static void
drain(struct course *c)
{
	if (c->phase == RUN_LOADING && !c->ops->drain_counts)
		c->load_ended = clock_ns();
	enter(c, RUN_DRAINING, c->params->plan->drain);
	c->ops->drain(c->ctx);
}

static uint64_t
until(uint64_t moment)
{
	uint64_t now = clock_ns();

	return moment > now ? moment - now : 0;
}

/* When LOADING ends. */
static uint64_t
load_end(const struct course *c)
{
	return c->start + c->params->plan->warmup + c->params->plan->duration;
}

static void
load(struct course *c)
{
	const struct tally *t = c->params->tally;

	c->ops->bytes(c->ctx, &c->in_before, &c->out_before);
	if (c->ops->count != NULL) {
		c->ops->count(c->ctx);
		c->last_sent = t->sent;
		c->last_received = t->received;
		c->last_plays = plays(t);
	}
	c->load_began = clock_ns();
	enter(c, RUN_LOADING, c->start > 0 ? until(load_end(c)) : 0);
	if (c->start == 0)
		loop_timer_clear(&c->phase_timer);
}

/* Whether that moment has come; libevent's clock is coarse, and may be early. */
static bool
in_time(struct course *c, uint64_t moment)
{
	uint64_t left = until(moment);

	if (left > 0)
		loop_timer_set(&c->phase_timer, left + NS_PER_US);
	return left == 0;
}

static void
phase_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct course *c = ctx;

	(void)fd;
	(void)events;
	switch (c->phase) {
	case RUN_WARMUP:
		if (in_time(c, c->start + c->params->plan->warmup))
			load(c);
		break;
	case RUN_LOADING:
		if (in_time(c, load_end(c)))
			drain(c);
		break;
	case RUN_DRAINING:
		course_close(c);
		break;
	case RUN_CLOSING:
		course_end(c);
		break;
	case RUN_OPENING:
	case RUN_OVER:
		break;
	}
}

void
course_fail(struct course *c, const struct err *why)
{
	if (c->broken.class == ERR_NONE)
		c->broken = *why;
	course_close(c);
}

void
course_quiet(struct course *c)
{
	if (c->phase == RUN_DRAINING)
		loop_timer_set(&c->phase_timer, 0);
}

static void
begin_series(struct course *c)
{
	struct err e = {0};

	c->params->tally->point_ns = NS_PER_S;
	c->last_at = clock_ns();
	loop_timer_set(&c->second_timer, NS_PER_S);
	if (rig_lag_start(&c->lag, c->loop, c->params->tally->loop_lag, &e) != 0)
		course_fail(c, &e);
}

void
course_schedule(struct course *c, uint64_t start)
{
	struct tally *t = c->params->tally;

	c->start = start;
	sample(c);
	if (t->rss_bytes > c->resident_before)
		t->connection_bytes = t->rss_bytes - c->resident_before;
	if (c->phase == RUN_LOADING) {
		loop_timer_set(&c->phase_timer, until(load_end(c)));
		return;
	}
	if (c->params->plan->warmup > 0)
		enter(c, RUN_WARMUP, until(start + c->params->plan->warmup));
	else
		load(c);
	begin_series(c);
}

static void
interrupted(evutil_socket_t signal_number, short events, void *ctx)
{
	struct course *c = ctx;

	(void)signal_number;
	(void)events;
	c->outcome->interrupted = true;
	switch (c->phase) {
	case RUN_WARMUP:
	case RUN_LOADING:
		drain(c);
		break;
	case RUN_OPENING:
	case RUN_DRAINING:
		course_close(c);
		break;
	case RUN_CLOSING:
	case RUN_OVER:
		course_end(c);
		break;
	}
}

/* --- making and running ------------------------------------------------------------------ */

int
course_init(struct course *c, const struct run_params *params,
    const struct course_ops *ops, void *ctx, struct run_outcome *outcome, struct err *e)
{
	*c = (struct course){.params = params, .ops = ops, .ctx = ctx, .outcome = outcome};
	*outcome = (struct run_outcome){0};
	c->loop = loop_new(e);
	return c->loop != NULL ? 0 : -1;
}

void
course_release(struct course *c)
{
	loop_free(c->loop);
}

static void
arm(struct course *c)
{
	loop_timer_init(&c->phase_timer, c->loop, phase_fired, c);
	loop_timer_init(&c->second_timer, c->loop, second_fired, c);
	evsignal_assign(&c->interrupt, loop_base(c->loop), SIGINT, interrupted, c);
	evsignal_assign(&c->terminate, loop_base(c->loop), SIGTERM, interrupted, c);
	evsignal_add(&c->interrupt, NULL);
	evsignal_add(&c->terminate, NULL);
}

static void
disarm(struct course *c)
{
	loop_timer_clear(&c->phase_timer);
	loop_timer_clear(&c->second_timer);
	evsignal_del(&c->interrupt);
	evsignal_del(&c->terminate);
	rig_lag_stop(&c->lag);
}

/* What is used anyway, the shared buffers and libcrypto with its tables, is there before the
 * connections are weighed and timed. */
static void
weigh(struct course *c)
{
	char accept[WS_ACCEPT_LENGTH + 1];

	ws_accept_make(accept, "dGhlIHNhbXBsZSBub25jZQ==");
	memset(loop_read_buffer(c->loop), 0, LOOP_BUFFER);
	memset(loop_write_buffer(c->loop), 0, LOOP_BUFFER);
	c->resident_before = rig_resident();
}

int
course_run(struct course *c, bool counts, struct err *e)
{
	int result;

	arm(c);
	weigh(c);
	c->params->tally->workers = 1;
	c->phase_began = c->last_at = c->begun[TALLY_OPENING] = clock_ns();
	c->cpu_begun[TALLY_OPENING] = clock_cpu_ns();
	loop_timer_set(&c->second_timer, NS_PER_S);
	if (counts) {
		load(c);
		begin_series(c);
	}
	c->ops->begin(c->ctx);
	result = loop_run(c->loop, e);
	disarm(c);
	if (result != 0 || c->broken.class == ERR_NONE)
		return result;
	*e = c->broken;
	return -1;
}
