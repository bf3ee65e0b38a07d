/* closed_loop.c: every connection sends, waits for the echo, sends again. One message is in
 * flight on each, so a slow server is asked less: round trips are what they are, without a due
 * time that could correct them. */
#include <stdlib.h>

#include "bench/ledger/tally.h"
#include "bench/load/stamp.h"
#include "bench/run/payloads.h"
#include "bench/run/workload.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

struct closed_loop {
	struct workload workload;
	struct payloads payloads;
	uint64_t start_ns, count_from_ns;
	uint64_t in_flight;
	uint64_t worst_ns;
	bool running, told_quiet;
};

enum { NOTHING_IN_FLIGHT = UINT32_MAX };

static struct closed_loop *
self_of(struct workload *w)
{
	return (struct closed_loop *)w;
}

static void
send_next(struct closed_loop *l, struct fleet_conn *c, uint32_t number, uint64_t now)
{
	struct tally *t = l->workload.params.tally;
	struct stamp stamp = {.run = l->workload.params.tag, .publisher = c->index,
	    .number = number, .due_ns = now - l->start_ns};
	const struct payload *payload = payloads_stamp(&l->payloads, c->index, &stamp);
	bool counts = now >= l->count_from_ns;

	if (fleet_send(c, payload->data, payload->len) < 0) {
		t->scheduled += counts;
		t->send_refused += counts;
		return;
	}
	c->number = number;
	c->sent_at = now;
	l->in_flight++;
	t->scheduled += counts;
	t->sent += counts;
}

static int
start(struct workload *w, uint64_t start_ns, struct err *e)
{
	struct closed_loop *l = self_of(w);
	const struct plan *plan = w->params.plan;

	/* There is no schedule to be in step with: it begins now. */
	(void)start_ns;
	l->start_ns = clock_ns();
	l->count_from_ns = l->start_ns + plan->warmup;
	if (payloads_make(&l->payloads, plan, w->params.fleet, NULL,
	    (uint32_t)plan->connections, e) != 0)
		return -1;
	l->running = true;
	for (uint64_t i = 0; i < plan->connections; i++) {
		struct fleet_conn *c = fleet_at(w->params.fleet, i);

		c->number = (uint32_t)NOTHING_IN_FLIGHT;
		if (c->state == FLEET_OPEN)
			send_next(l, c, 0, clock_ns());
	}
	return 0;
}

static void
tell_quiet(struct closed_loop *l)
{
	if (l->running || l->in_flight > 0 || l->told_quiet)
		return;
	l->told_quiet = true;
	l->workload.params.quiet(l->workload.params.ctx);
}

static void
message(struct workload *w, struct fleet_conn *c, const struct message *m)
{
	struct closed_loop *l = self_of(w);
	struct tally *t = w->params.tally;
	uint32_t number = c->number;
	uint64_t took;
	struct stamp s;

	if (!stamp_find(&s, m->data, m->len)) {
		t->unstamped++;
		return;
	}
	if (number == (uint32_t)NOTHING_IN_FLIGHT || s.run != w->params.tag ||
	    s.publisher != c->index || s.number != number) {
		t->foreign++;
		return;
	}
	c->number = (uint32_t)NOTHING_IN_FLIGHT;
	l->in_flight--;
	if (c->sent_at >= l->count_from_ns) {
		took = m->at - c->sent_at;
		hist_record(t->rtt, took);
		if (took > l->worst_ns)
			l->worst_ns = took;
		t->received++;
	}
	if (l->running)
		send_next(l, c, (number + 1) % (uint32_t)NOTHING_IN_FLIGHT, m->at);
	else
		tell_quiet(l);
}

static void
lost(struct workload *w, struct fleet_conn *c)
{
	struct closed_loop *l = self_of(w);

	if (c->number == (uint32_t)NOTHING_IN_FLIGHT || l->start_ns == 0)
		return;
	c->number = (uint32_t)NOTHING_IN_FLIGHT;
	l->in_flight--;
	tell_quiet(l);
}

static void
stop(struct workload *w)
{
	struct closed_loop *l = self_of(w);

	l->running = false;
	tell_quiet(l);
}

static int
settle(struct workload *w, struct err *e)
{
	(void)w;
	(void)e;
	return 0;
}

static uint64_t
worst(struct workload *w)
{
	struct closed_loop *l = self_of(w);
	uint64_t ns = l->worst_ns;

	l->worst_ns = 0;
	return ns;
}

static void
release(struct workload *w)
{
	struct closed_loop *l = self_of(w);

	payloads_release(&l->payloads);
	free(l);
}

static const struct workload_ops ops = {start, message, lost, NULL, stop, settle, worst,
    release};

struct workload *
closed_loop_new(const struct workload_params *params, struct err *e)
{
	struct closed_loop *l = calloc(1, sizeof *l);

	if (l == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for the workload");
		return NULL;
	}
	l->workload = (struct workload){&ops, *params};
	return &l->workload;
}
