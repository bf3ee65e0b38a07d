#include "bench/report/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/ledger/hist.h"
#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "bench/plan/plan.h"
#include "lib/base/err.h"
#include "lib/base/units.h"

/* From here on the generator's own lag shows in the figures. */
static const double schedule_p50_ms = 10, schedule_p99_ms = 50;
static const double loop_p99_ms = 20;
static const double cpu_full = 0.95;          /* of one core for each worker */
static const double unsent_share = 0.01;      /* of what was scheduled */

enum { UNIT_TEXT = 32 };

static void __attribute__((format(printf, 2, 0)))
add_args(struct verdict_list *list, const char *format, va_list args)
{
	if (list->count < VERDICT_SENTENCES)
		vsnprintf(list->text[list->count++], VERDICT_TEXT, format, args);
}

static void __attribute__((format(printf, 2, 3)))
add(struct verdict_list *list, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_args(list, format, args);
	va_end(args);
}

void
verdict_warn(struct verdict *v, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_args(&v->warnings, format, args);
	va_end(args);
}

/* "connect 12, http 3": what connections failed with, the most frequent first. */
static const char *
error_text(const struct tally *t, char *into, size_t size)
{
	bool told[ERR_CLASSES] = {false};
	size_t len = 0;

	into[0] = '\0';
	for (;;) {
		int most = ERR_NONE;

		for (int class = ERR_NONE + 1; class < ERR_CLASSES; class++)
			if (!told[class] && t->errors[class] > 0 &&
			    (most == ERR_NONE || t->errors[class] > t->errors[most]))
				most = class;
		if (most == ERR_NONE || len >= size)
			return into;
		told[most] = true;
		len += (size_t)snprintf(into + len, size - len, "%s%s %" PRIu64,
		    len > 0 ? ", " : "", err_class_name((enum err_class)most), t->errors[most]);
	}
}

/* --- connections ---------------------------------------------------------------------- */

static void
judge_connections(const struct tally *t, struct verdict *v)
{
	char errors[128];

	error_text(t, errors, sizeof errors);
	if (t->requested > 0 && t->opened == 0)
		add(&v->reasons, "nothing connected: %" PRIu64 " of %" PRIu64
		    " connections failed%s%s", t->failed, t->requested,
		    errors[0] != '\0' ? ": " : "", errors);
	else if (t->failed > 0)
		add(&v->warnings, "%" PRIu64 " of %" PRIu64 " connections failed%s%s", t->failed,
		    t->requested, errors[0] != '\0' ? ": " : "", errors);
	if (t->dropped > 0)
		add(&v->warnings,
		    "%" PRIu64 " of %" PRIu64 " connections dropped during the run",
		    t->dropped, t->opened);
}

/* --- the generator -------------------------------------------------------------------- */

/* The share of its cores, one for each worker, that the process used under load. */
static double
cpu_share(const struct tally *t)
{
	uint64_t workers = t->workers > 0 ? t->workers : 1;

	if (t->wall_ns[TALLY_LOADING] == 0)
		return 0;
	return (double)t->cpu_ns[TALLY_LOADING] / (double)t->wall_ns[TALLY_LOADING] /
	    (double)workers;
}

/* Lag of loop and processor: a reason in an open loop. Elsewhere it is how a closed loop runs,
 * or harmless, but one should know. */
static void
judge_load(const struct plan *p, const struct tally *t, struct verdict *v)
{
	bool open_loop = p->workload != PLAN_HOLD && !p->closed_loop;
	double share = cpu_share(t), lag = hist_quantile_ms(t->loop_lag, 0.99);
	char text[UNIT_TEXT];

	units_duration_text(text, sizeof text, lag);
	if (share > cpu_full && open_loop && lag > loop_p99_ms)
		add(&v->reasons, "the generator was saturated: it used %.0f%% of %" PRIu64
		    " core%s and its event loop lagged (p99 %s)", share * 100,
		    t->workers > 0 ? t->workers : 1, t->workers > 1 ? "s" : "", text);
	else if (share > cpu_full && p->closed_loop)
		add(&v->warnings,
		    "the generator used %.0f%% of its processor time: round trips may"
		    " be limited by hail, not by the server",
		    share * 100);
	else if (lag > loop_p99_ms)
		add(&v->warnings, "the generator's event loop lagged: p99 %s", text);
}

static void
judge_schedule(const struct tally *t, struct verdict *v)
{
	double p50 = hist_quantile_ms(t->schedule_lag, 0.5);
	double p99 = hist_quantile_ms(t->schedule_lag, 0.99);
	char p50_text[UNIT_TEXT], p99_text[UNIT_TEXT];

	if (p50 <= schedule_p50_ms && p99 <= schedule_p99_ms)
		return;
	add(&v->reasons, "the generator fell behind its schedule: messages left p50 %s, p99 %s"
	    " after they were due",
	    units_duration_text(p50_text, sizeof p50_text, p50),
	    units_duration_text(p99_text, sizeof p99_text, p99));
}

/* What was scheduled but not sent, and why. */
static void
judge_sending(const struct tally *t, bool interrupted, struct verdict *v)
{
	uint64_t accounted = t->sent + t->send_refused + t->unsent_down;
	uint64_t missing = t->scheduled > accounted ? t->scheduled - accounted : 0;
	uint64_t held = t->send_refused - t->post_refused;

	if (held > 0)
		add(&v->reasons,
		    "%" PRIu64 " of %" PRIu64 " messages were held back: too much waited on"
		    " their connection", held, t->scheduled);
	if (t->unsent_down > 0)
		add(&v->warnings, "%" PRIu64 " of %" PRIu64 " messages were not published: their"
		    " publisher was not connected", t->unsent_down, t->scheduled);
	if (t->scheduled > 0 && t->sent == 0)
		add(&v->reasons, "nothing was published: %" PRIu64 " messages were scheduled",
		    t->scheduled);
	else if (missing > 0 && !interrupted)
		add((double)missing > unsent_share * (double)t->scheduled ? &v->reasons :
		    &v->warnings, "%" PRIu64 " of %" PRIu64
		    " scheduled messages were never sent", missing, t->scheduled);
}

/* What the server refused was not published, and nobody is expected to have it; what is unknown
 * counts as published. */
static void
judge_posts(const struct tally *t, struct verdict *v)
{
	if (t->post_refused > 0)
		add(&v->warnings, "%" PRIu64 " of %" PRIu64 " messages were not published: the"
		    " server refused them", t->post_refused, t->scheduled);
	if (t->post_unknown > 0)
		add(&v->warnings, "nobody knows whether %" PRIu64 " of %" PRIu64 " messages were"
		    " published: they count as if they were", t->post_unknown, t->scheduled);
}

/* --- what arrived --------------------------------------------------------------------- */

static bool
adds_up(const struct tally_cell *c)
{
	return c->expected == c->delivered + c->lost + c->missed_while_away + c->recovered +
	    c->lost_for_good;
}

static const struct tally_cell *
cell_at(const struct tally *t, size_t from, size_t to)
{
	return &t->cells[from * TALLY_NODES + to];
}

/* The first cell of each kind speaks for all: one sentence each is enough. */
static void
judge_cells(const struct tally *t, struct verdict *v)
{
	bool surplus = false, broken = false;

	for (size_t i = 0; t->cells != NULL && i < t->nodes * t->nodes; i++) {
		size_t from = i / t->nodes, to = i % t->nodes;
		const struct tally_cell *c = cell_at(t, from, to);

		if (c->delivered > c->expected && !surplus) {
			surplus = true;
			add(&v->reasons,
			    "more was delivered than expected: %.40s to %.40s %" PRIu64
			    " of %" PRIu64,
			    t->node_names[from], t->node_names[to], c->delivered, c->expected);
		} else if (c->delivered <= c->expected && !adds_up(c) && !broken) {
			broken = true;
			add(&v->reasons,
			    "a bug in hail: the ledger does not add up from %.40s to"
			    " %.40s: %" PRIu64 " expected, %" PRIu64 " delivered, %" PRIu64
			    " lost",
			    t->node_names[from], t->node_names[to], c->expected, c->delivered,
			    c->lost);
		}
	}
}

/* Several nodes, yet each only ever reached its own members: they are not linked, or every
 * topic lives on one node alone. */
static void
judge_crossing(const struct plan *p, const struct tally *t, struct verdict *v)
{
	uint64_t inside = 0, across = 0, across_expected = 0;

	if (p->workload != PLAN_FANOUT || p->unlinked || t->nodes < 2 || t->cells == NULL)
		return;
	for (size_t i = 0; i < t->nodes * t->nodes; i++) {
		const struct tally_cell *c = cell_at(t, i / t->nodes, i % t->nodes);

		if (i / t->nodes == i % t->nodes) {
			inside += c->delivered;
		} else {
			across += c->delivered;
			across_expected += c->expected;
		}
	}
	if (inside == 0 || across > 0)
		return;
	if (across_expected > 0)
		add(&v->warnings,
		    "nothing crossed between nodes: 0 of %" PRIu64 " messages; are they"
		    " linked? (--unlinked if they are not meant to be)",
		    across_expected);
	else
		add(&v->warnings,
		    "nothing had to cross between nodes: each topic had members on one"
		    " of the %zu nodes only",
		    t->nodes);
}

static void
judge_arrivals(const struct plan *p, const struct tally *t, struct verdict *v)
{
	if (t->stray > 0)
		add(&v->reasons,
		    "%" PRIu64 " messages arrived where they do not belong: the server"
		    " does not keep topics apart, or --self is wrong",
		    t->stray);
	judge_cells(t, v);
	judge_crossing(p, t, v);
	if (t->unstamped > 0 && p->workload != PLAN_HOLD)
		add(&v->warnings, "%" PRIu64 " messages without a stamp were ignored",
		    t->unstamped);
	if (t->foreign > 0)
		add(&v->warnings, "%" PRIu64 " messages of another run were ignored",
		    t->foreign);
	if (p->workload != PLAN_HOLD && t->sent > 0 && t->received == 0)
		add(&v->warnings, "nothing was received though %" PRIu64 " messages were sent",
		    t->sent);
	else if (p->closed_loop && t->sent > t->received)
		add(&v->warnings, "%" PRIu64 " of %" PRIu64 " messages were not answered",
		    t->sent - t->received, t->sent);
}

/* --- plays ---------------------------------------------------------------------------- */

static void
judge_failed_plays(const struct tally_script *s, struct verdict *v)
{
	const struct tally_failure *worst = tally_script_worst(s);
	char line[16];

	snprintf(line, sizeof line, ":%u", worst->at.line);
	add(&v->warnings, "%" PRIu64 " of %" PRIu64 " plays failed, most of them (%" PRIu64
	    ") at %.60s%s: %.100s", s->failed, s->begun, worst->count, worst->at.file,
	    worst->at.line > 0 ? line : "", worst->first.text);
}

/* That a connection fails may be what the script expects: plays tell. */
static void
judge_plays(const struct tally *t, struct verdict *v)
{
	const struct tally_script *s = t->script;
	char errors[128];

	error_text(t, errors, sizeof errors);
	if (s->failed > 0 && s->unconnected == s->begun)
		add(&v->reasons, "nothing connected: all of %" PRIu64 " plays failed%s%s",
		    s->failed, errors[0] != '\0' ? ": " : "", errors);
	else if (s->completed == 0 && s->failed == 0)
		add(&v->reasons, "nothing was played to its end: %" PRIu64 " plays were begun",
		    s->begun);
	else if (s->failed > 0)
		judge_failed_plays(s, v);
	if (s->unfinished > 0 && v->reasons.count == 0)
		add(&v->warnings, "%" PRIu64 " of %" PRIu64 " plays were not over by the end of"
		    " --drain: nobody knows how they would have ended", s->unfinished, s->begun);
}

static void
judge_conversations(const struct plan *p, const struct tally *t, bool interrupted,
    struct verdict *v)
{
	judge_connections(t, v);
	judge_load(p, t, v);
	if (p->workload != PLAN_HOLD && !p->closed_loop)
		judge_schedule(t, v);
	judge_sending(t, interrupted, v);
	judge_posts(t, v);
	judge_arrivals(p, t, v);
	if (p->workload != PLAN_HOLD && t->delivery->overflow + t->rtt->overflow > 0)
		add(&v->warnings, "%" PRIu64 " latencies above one hour count as one hour",
		    t->delivery->overflow + t->rtt->overflow);
}

/* Connections were made all the same. */
static void
judge_uncounted(const struct tally *t, struct verdict *v)
{
	add(&v->reasons, "interrupted before anything counted");
	if (t->script == NULL)
		judge_connections(t, v);
}

static void
judge_figures(const struct plan *p, const struct tally *t, bool interrupted, struct verdict *v)
{
	if (interrupted)
		add(&v->warnings, "interrupted: the figures are of what was done until then");
	if (t->script != NULL) {
		judge_load(p, t, v);
		judge_plays(t, v);
	} else {
		judge_conversations(p, t, interrupted, v);
	}
}

void
verdict_judge(const struct plan *p, const struct tally *t, bool interrupted, struct verdict *v)
{
	*v = (struct verdict){.uncounted = interrupted && t->load_ns == 0};
	if (v->uncounted)
		judge_uncounted(t, v);
	else
		judge_figures(p, t, interrupted, v);
	v->valid = v->reasons.count == 0;
}

static void
merge_list(struct verdict_list *into, const char *name, const struct verdict_list *from)
{
	for (size_t i = 0; i < from->count; i++)
		add(into, "%s: %s", name, from->text[i]);
}

void
verdict_merge(struct verdict *into, const char *name, const struct verdict *from)
{
	into->valid = into->valid && from->valid;
	into->uncounted = into->uncounted || from->uncounted;
	merge_list(&into->reasons, name, &from->reasons);
	merge_list(&into->warnings, name, &from->warnings);
}
