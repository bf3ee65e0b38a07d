/* open_loop.c: publishers that follow a schedule whatever happens, and receivers that account
 * for every message: fan-out, and echo with a rate (where each connection is a topic of its
 * own). */
#include <stdlib.h>

#include "bench/ledger/ledger.h"
#include "bench/ledger/tally.h"
#include "bench/load/stamp.h"
#include "bench/run/lanes.h"
#include "bench/run/workload.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"

enum {
	BURST = 256,                         /* messages sent in one go, then others have a turn */
	COALESCE_NS = 50000,                 /* the alarm is not set for less than this */
};

struct open_loop {
	struct workload workload;
	struct ledger *ledger;
	struct pacer_cursor cursor;
	struct loop_alarm alarm;
	uint64_t start_ns;
	uint64_t first;                      /* number of the first message that counts */
	uint64_t end_due;                    /* messages due from here on are not sent */
	bool running, alarm_made;
	struct err broken;                   /* the ledger could not take a fate */
};

static struct open_loop *
self_of(struct workload *w)
{
	return (struct open_loop *)w;
}

/* --- publishing -------------------------------------------------------------------------- */

static int
publish(struct open_loop *o, uint64_t now, struct err *e)
{
	const struct plan *plan = o->workload.params.plan;
	struct tally *t = o->workload.params.tally;
	uint64_t n = o->cursor.number, due = o->cursor.due_ns;
	uint32_t publisher = (uint32_t)(n % plan->publishers);
	struct lanes *lanes = o->workload.params.lanes;
	struct stamp stamp = {.run = o->workload.params.tag, .publisher = publisher,
	    .number = (uint32_t)(n / plan->publishers), .due_ns = due};
	bool counts = n >= o->first;

	t->scheduled += counts;
	if (!lanes_is_up(lanes, publisher)) {
		t->unsent_down += counts;
		return ledger_unsent(o->ledger, n, e);
	}
	if (lanes_send(lanes, publisher, n, &stamp) < 0) {
		t->send_refused += counts;
		return ledger_unsent(o->ledger, n, e);
	}
	t->sent += counts;
	if (counts)
		hist_record(t->schedule_lag, now - due);
	return ledger_sent(o->ledger, n, now - due, e);
}

/* What was not published after all is taken back. */
static void
fate(struct workload *w, uint64_t n, enum lanes_fate fate)
{
	struct open_loop *o = self_of(w);
	struct tally *t = w->params.tally;
	bool counts = n >= o->first, answered = fate != LANES_UNSENT;
	int undone = 0;

	if (fate == LANES_REFUSED || fate == LANES_UNSENT)
		undone = ledger_refused(o->ledger, n, &o->broken);
	if (!counts || undone < 0)
		return;
	t->post_requests += answered;
	t->post_refused += answered && undone == 1;
	t->post_unknown += fate == LANES_UNKNOWN || (fate == LANES_REFUSED && undone == 0);
	t->sent -= undone == 1;
	t->send_refused += undone == 1;
}

/* ns since the start; 0 before it. */
static uint64_t
elapsed(const struct open_loop *o)
{
	uint64_t now = clock_ns();

	return now > o->start_ns ? now - o->start_ns : 0;
}

/* Publishes what is due, at most `burst` messages. */
static void
publish_due(struct open_loop *o, uint64_t burst)
{
	uint64_t now = elapsed(o);
	struct err e = {0};

	while (o->running && burst-- > 0 && o->cursor.due_ns <= now &&
	    o->cursor.due_ns < o->end_due) {
		if (publish(o, now, &e) != 0) {
			o->running = false;
			o->workload.params.broken(o->workload.params.ctx, &e);
			return;
		}
		pacer_step(&o->workload.params.plan->pacer, &o->cursor);
		now = elapsed(o);
	}
}

static void
alarm_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct open_loop *o = ctx;
	uint64_t now, next;

	(void)fd;
	(void)events;
	publish_due(o, BURST);
	now = elapsed(o);
	if (!o->running || o->cursor.due_ns >= o->end_due) {
		loop_alarm_clear(&o->alarm);
		return;
	}
	next = o->cursor.due_ns <= now ? now : o->cursor.due_ns;
	if (next > now && next < now + COALESCE_NS)
		next = now + COALESCE_NS;
	loop_alarm_set(&o->alarm, o->start_ns + next);
}

/* --- the ledger -------------------------------------------------------------------------- */

static int
fill_ledger(struct open_loop *o, struct err *e)
{
	const struct plan *plan = o->workload.params.plan;
	struct fleet *f = o->workload.params.fleet;

	for (uint64_t i = 0; i < plan->connections; i++)
		ledger_receiver(o->ledger, (uint32_t)i, (uint32_t)plan_topic_of(plan, i));
	for (uint64_t i = 0; i < plan->connections; i++)
		if (fleet_at(f, i)->state == FLEET_OPEN)
			ledger_join(o->ledger, (uint32_t)i, fleet_at(f, i)->node);
	for (uint32_t i = 0; i < plan->publishers; i++)
		ledger_publisher(o->ledger, i, lanes_connection(o->workload.params.lanes, i));
	return ledger_start(o->ledger, e);
}

static int
make_ledger(struct open_loop *o, struct err *e)
{
	const struct plan *plan = o->workload.params.plan;
	struct tally *t = o->workload.params.tally;
	bool echo = plan->workload == PLAN_ECHO;
	struct ledger_params params = {.tally = t,
	    .corrected = echo ? t->rtt : t->delivery,
	    .uncorrected = echo ? t->rtt_uncorrected : t->delivery_uncorrected,
	    .complete = echo ? NULL : t->complete,
	    .publishers = (uint32_t)plan->publishers, .receivers = (uint32_t)plan->connections,
	    .topics = (uint32_t)plan->topics, .self = plan->self, .late_ns = plan->late,
	    .first = o->first};

	o->ledger = ledger_new(&params, e);
	return o->ledger != NULL ? fill_ledger(o, e) : -1;
}

/* --- the workload ------------------------------------------------------------------------ */

static int
start(struct workload *w, uint64_t start_ns, struct err *e)
{
	struct open_loop *o = self_of(w);
	const struct plan *plan = w->params.plan;

	o->start_ns = start_ns;
	o->first = pacer_count(&plan->pacer, plan->warmup);
	o->end_due = plan->warmup + plan->duration;
	if (make_ledger(o, e) != 0 ||
	    loop_alarm_init(&o->alarm, w->params.loop, alarm_fired, o, e) != 0)
		return -1;
	o->alarm_made = true;
	pacer_start(&plan->pacer, &o->cursor);
	o->running = true;
	loop_alarm_set(&o->alarm, start_ns + o->cursor.due_ns);
	return 0;
}

static void
message(struct workload *w, struct fleet_conn *c, const struct message *m)
{
	struct open_loop *o = self_of(w);
	struct tally *t = w->params.tally;
	struct stamp s;

	if (!stamp_find(&s, m->data, m->len)) {
		t->unstamped++;
		return;
	}
	if (s.run != w->params.tag || o->ledger == NULL) {
		t->foreign++;
		return;
	}
	switch (ledger_receive(o->ledger, c->index, s.publisher, s.number, s.due_ns,
	    m->at - o->start_ns)) {
	case LEDGER_COUNTED:
		t->received++;
		break;
	case LEDGER_WARMUP:
		break;
	case LEDGER_IMPOSSIBLE:
		t->foreign++;
		break;
	case LEDGER_STRAY:
		t->stray++;
		break;
	}
}

static void
lost(struct workload *w, struct fleet_conn *c)
{
	struct open_loop *o = self_of(w);

	if (o->ledger != NULL)
		ledger_leave(o->ledger, c->index);
}

/* What a generator that fell behind still owes is not sent: it was scheduled, no more. */
static void
give_up_rest(struct open_loop *o)
{
	uint64_t now = elapsed(o), until = now < o->end_due ? now : o->end_due, owed;
	uint64_t from = o->cursor.number > o->first ? o->cursor.number : o->first;

	if (o->cursor.due_ns >= until)
		return;
	owed = pacer_count(&o->workload.params.plan->pacer, until);
	if (owed > from)
		o->workload.params.tally->scheduled += owed - from;
}

static void
stop(struct workload *w)
{
	struct open_loop *o = self_of(w);

	publish_due(o, BURST);               /* what was due until this very moment */
	if (o->running)
		give_up_rest(o);
	o->running = false;
	if (o->alarm_made)
		loop_alarm_clear(&o->alarm);
}

static int
settle(struct workload *w, struct err *e)
{
	struct open_loop *o = self_of(w);

	if (o->broken.class != ERR_NONE) {
		*e = o->broken;
		return -1;
	}
	return o->ledger != NULL ? ledger_settle(o->ledger, e) : 0;
}

static uint64_t
worst(struct workload *w)
{
	struct open_loop *o = self_of(w);

	return o->ledger != NULL ? ledger_worst(o->ledger) : 0;
}

static void
release(struct workload *w)
{
	struct open_loop *o = self_of(w);

	if (o->alarm_made)
		loop_alarm_release(&o->alarm);
	ledger_free(o->ledger);
	free(o);
}

static const struct workload_ops ops = {start, message, lost, fate, stop, settle, worst,
    release};

struct workload *
open_loop_new(const struct workload_params *params, struct err *e)
{
	struct open_loop *o = calloc(1, sizeof *o);

	if (o == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for the workload");
		return NULL;
	}
	o->workload = (struct workload){&ops, *params};
	return &o->workload;
}
