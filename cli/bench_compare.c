#include "cli/bench_compare.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/report/verdict.h"
#include "bench/run/run.h"
#include "bench/run/server_cpu.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/units.h"
#include "lib/session/client.h"

/* --- what is compared -------------------------------------------------------------------- */

/* The next part of a list, cut to what fits; false: there is none. */
static bool
next_part(const char **at, char *into, size_t size)
{
	size_t len = strcspn(*at, ",");

	if (**at == '\0')
		return false;
	snprintf(into, size, "%.*s", (int)len, *at);
	*at += len + ((*at)[len] == ',' && (*at)[len + 1] != '\0');
	return true;
}

static int
take_transports(bool wanted[TRANSPORTS], const char *text, struct err *e)
{
	char part[COMPARE_NAME];
	int t;

	while (next_part(&text, part, sizeof part)) {
		for (t = 0; t < TRANSPORTS; t++)
			if (strcmp(part, transport_name((enum transport)t)) == 0)
				break;
		if (t == TRANSPORTS || wanted[t])
			return err_set(e, ERR_USAGE, 0, "--transports: '%s' is %s", part,
			    t == TRANSPORTS ? "not one of ws, sse, longpoll and poll" :
			    "named twice");
		wanted[t] = true;
	}
	return 0;
}

static void
add_row(struct bench_compare *c, enum transport t, uint64_t interval_ns)
{
	c->rows[c->count] = (struct compare_row){t, interval_ns};
	compare_name(&c->rows[c->count], c->names[c->count]);
	c->count++;
}

static int
add_polls(struct bench_compare *c, const char *text, struct err *e)
{
	size_t before = c->count;
	char part[COMPARE_NAME];
	uint64_t ns;

	while (next_part(&text, part, sizeof part)) {
		struct err why;

		if (c->count - before == COMPARE_INTERVALS)
			return err_set(e, ERR_USAGE, 0, "--intervals: at most %d",
			    COMPARE_INTERVALS);
		if (units_duration(part, &ns, &why) != 0)
			return err_set(e, ERR_USAGE, 0, "--intervals: %s", why.text);
		if (ns == 0)
			return err_set(e, ERR_USAGE, 0, "--intervals: expected more than nothing");
		for (size_t i = before; i < c->count; i++)
			if (c->rows[i].poll_interval_ns == ns)
				return err_set(e, ERR_USAGE, 0, "--intervals: '%s' is named twice",
				    part);
		add_row(c, TRANSPORT_POLL, ns);
	}
	return c->count > before ? 0 : err_set(e, ERR_USAGE, 0,
	    "--intervals: expected intervals, such as in 250ms,1s");
}

int
bench_compare_take(struct bench_compare *c, const char *transports, const char *intervals,
    struct err *e)
{
	bool wanted[TRANSPORTS] = {false};

	*c = (struct bench_compare){0};
	if (take_transports(wanted, transports != NULL ? transports : "ws,sse,longpoll,poll",
	    e) != 0)
		return -1;
	for (int t = 0; t < TRANSPORTS; t++)
		if (wanted[t] && t != TRANSPORT_POLL)
			add_row(c, (enum transport)t, 0);
	if (intervals != NULL && !wanted[TRANSPORT_POLL])
		return err_set(e, ERR_USAGE, 0, "--intervals: poll is not among --transports");
	if (wanted[TRANSPORT_POLL] &&
	    add_polls(c, intervals != NULL ? intervals : "250ms,1s,5s", e) != 0)
		return -1;
	return c->count > 0 ? 0 : err_set(e, ERR_USAGE, 0,
	    "--transports: expected some of ws, sse, longpoll and poll");
}

/* --- the plan ---------------------------------------------------------------------------- */

static int
check_path(const struct plan *p, enum transport t, struct err *e)
{
	if (dialect_path(&p->dialect, t) != NULL)
		return 0;
	for (size_t i = 0; i < p->target_count; i++)
		if (strcmp(p->targets[i].target, "/") == 0)
			return err_set(e, ERR_USAGE, 0, "the dialect %.80s has no path for %s, "
			    "nor has %.100s: expected one in the URL, or --transports without %s",
			    p->dialect.name, transport_name(t), p->target_texts[i],
			    transport_name(t));
	return 0;
}

/* The plan of a row. What the copy points to stays the original's. */
static void
make_row(const struct plan *p, const struct compare_row *row, struct plan *copy)
{
	*copy = *p;
	copy->transport = row->transport;
	copy->poll_interval_ns = row->poll_interval_ns;
	for (size_t i = 0; i < copy->target_count; i++)
		client_url_adapt(&copy->targets[i], row->transport);
}

static int
settle_drains(struct bench_compare *c, struct plan *p, struct err *e)
{
	static struct plan row;
	uint64_t longest = 0;

	for (size_t i = 0; i < c->count; i++) {
		make_row(p, &c->rows[i], &row);
		if (plan_settle(&row, e) != 0)
			return -1;
		c->drains[i] = row.drain;
		if (row.drain > longest)
			longest = row.drain;
	}
	p->drain = longest;
	return 0;
}

int
bench_compare_settle(struct bench_compare *c, struct plan *p, struct err *e)
{
	for (size_t i = 0; i < c->count; i++)
		if (check_path(p, c->rows[i].transport, e) != 0)
			return -1;
	if (p->dialect.post.path == NULL)
		return err_set(e, ERR_USAGE, 0, "compare publishes by requests, whatever the "
		    "transport, and the dialect %.80s has no post: expected --publish 'POST /path'",
		    p->dialect.name);
	if (settle_drains(c, p, e) != 0 || plan_settle(p, e) != 0)
		return -1;
	p->publish_by = plan_publish_beside(&p->dialect);
	return 0;
}

/* --- the runs ---------------------------------------------------------------------------- */

static int
run_row(struct bench_compare_runs *runs, size_t row, struct tally *t, struct err *e)
{
	static struct plan plan;
	const struct bench_compare *what = runs->what;
	struct document_server used[SERVER_CPU_MAX];
	struct run_outcome outcome;
	struct verdict verdict;
	size_t count;

	make_row(runs->plan, &what->rows[row], &plan);
	plan.drain = what->drains[row];
	if (runs->perform(&plan, what->names[row], t, &outcome, e) != 0)
		return -1;
	runs->interrupted = outcome.interrupted;
	verdict_judge(&plan, t, outcome.interrupted, &verdict);
	server_cpu_judge(runs->servers, &verdict);
	count = server_cpu_used(runs->servers, false, used);
	if (compare_add(runs->into, &what->rows[row], t, &verdict, used, count) != 0)
		return err_set(e, ERR_MEMORY, 0, "no memory for the results");
	return 0;
}

int
bench_compare_run(struct bench_compare_runs *runs, struct err *e)
{
	runs->interrupted = false;
	for (size_t i = 0; i < runs->what->count && !runs->interrupted; i++) {
		struct tally *t = tally_new();
		int result;

		if (t == NULL)
			return err_set(e, ERR_MEMORY, 0, "no memory for the results");
		malloc_trim(0);        /* what the last row left would hide what this one takes */
		result = run_row(runs, i, t, e);
		tally_free(t);
		if (result != 0)
			return -1;
	}
	return 0;
}
