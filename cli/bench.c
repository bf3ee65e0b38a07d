/* bench.c: `hail bench`: from a plan to runs, from runs to a report. */
#include <stdio.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/report/document.h"
#include "bench/report/require.h"
#include "bench/report/save.h"
#include "bench/report/text.h"
#include "bench/report/verdict.h"
#include "bench/run/run.h"
#include "bench/run/server_cpu.h"
#include "cli/bench_compare.h"
#include "cli/bench_plan.h"
#include "cli/bench_script.h"
#include "cli/client.h"
#include "cli/cmd.h"
#include "cli/progress.h"
#include "cli/script_options.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

static struct opt_list require, server_pids;
static const char *out;
static bool no_tui, quiet;
static int verbose;
static struct server_cpu servers;
static struct bench_compare compared;        /* no rows: nothing is compared */
static struct bench_script played;

static const struct opt rows[] = {
	{"server-pid", 0, OPT_LIST, &server_pids, "PID",
	    "tell the processor time of this process here, too; repeatable", 0},
	{"require", 0, OPT_LIST, &require, "EXPR", "fail unless: p99<200ms, lost==0, …", 0},
	{"out", 'o', OPT_TEXT, &out, "FILE.json", "write the results document; '-': to stdout", 0},
	{"no-tui", 0, OPT_FLAG, &no_tui, NULL, "no progress line", 0},
	{"quiet", 'q', OPT_FLAG, &quiet, NULL, "only errors", 0},
	{"verbose", 'v', OPT_TALLY, &verbose, NULL, "say what is planned", 0},
	{0},
};

static const struct opt *const groups[] = {bench_plan_rows, rows, script_options_rows, client_rows,
    NULL};

/* --- the report -------------------------------------------------------------------------- */

static void
explain_errors(const struct tally *t, const struct run_outcome *outcome)
{
	for (int i = ERR_NONE + 1; i < ERR_CLASSES; i++)
		if (t->errors[i] > 0)
			cmd_complain("%llu × %s, the first: %s",
			    (unsigned long long)t->errors[i], err_class_name((enum err_class)i),
			    outcome->first[i].text);
}

static void
explain_publishing(const struct plan *p, const struct tally *t,
    const struct lanes_trouble *trouble)
{
	if (trouble->why_refused.class != ERR_NONE)
		cmd_complain("%llu × not published, the first: %s",
		    (unsigned long long)t->post_refused, trouble->why_refused.text);
	if (trouble->why_unknown.class != ERR_NONE)
		cmd_complain("%llu × perhaps published, the first: %s",
		    (unsigned long long)t->post_unknown, trouble->why_unknown.text);
	if (trouble->down > 0)
		cmd_complain("%llu × no %s to publish by, the first: %s",
		    (unsigned long long)trouble->down,
		    p->publish_by == PLAN_BY_WS ? "WebSocket" : "connection",
		    trouble->why_down.text);
}

static int
exit_code(const struct tally *t, bool interrupted, const struct verdict *v, int failed)
{
	if (interrupted)
		return EXIT_INTERRUPTED;
	if (!v->valid)
		return EXIT_INVALID;
	if (t->script == NULL && t->opened > 0 && t->dropped == t->opened)
		return EXIT_CONNECTION;      /* nobody was left to finish the run */
	return failed > 0 ? EXIT_CHECK : EXIT_FINE;
}

/* Takes the document, NULL if there was no memory for it. Returns how many requirements failed, or
 * -1 with *e. */
static int
publish_results(json_t *document, const struct tally *t, const struct verdict *v,
    const struct require_list *list, struct save *save, struct err *e)
{
	bool to_stdout = out != NULL && strcmp(out, "-") == 0;
	struct document_server used[SERVER_CPU_MAX];
	size_t count = server_cpu_used(&servers, true, used);
	int failed = -1, result;

	if (document != NULL && document_add_servers(document, used, count, t->received) == 0)
		failed = require_judge(list, document, !v->uncounted);
	if (failed < 0) {
		json_decref(document);
		return err_set(e, ERR_MEMORY, 0, "no memory for the results");
	}
	if (!quiet)
		text_render(to_stdout ? stderr : stdout, document);
	result = save->file != NULL ? save_commit(save, document, e) : 0;
	json_decref(document);
	return result != 0 ? -1 : failed;
}

/* --- the runs ---------------------------------------------------------------------------- */

/* How the service answers polls, but for what options say. */
static void
take_polling(struct client_options *o, const struct plan *p)
{
	const struct dialect_poll *d = p->transport == TRANSPORT_POLL ? &p->dialect.poll :
	    &p->dialect.longpoll;
	struct poll_shape *s = &o->shape;

	if (!transport_polls(p->transport))
		return;
	o->poll_grace = d->answered ? POLL_NEVER : 0;
	if (s->items == NULL)
		client_poll_items(s, d->items);
	if (s->id == NULL)
		s->id = d->id;
	if (s->data == NULL)
		s->data = d->data;
	if (s->cursor == NULL)
		s->cursor = d->cursor;
}

static void
follow(void *ctx, const struct run_progress *p)
{
	(void)ctx;
	server_cpu_follow(&servers, p);
	if (!quiet && !no_tui)
		progress_show(p);
}

/* One run; `name` tells those of a comparison apart. */
static int
perform(const struct plan *p, const char *name, struct tally *t, struct run_outcome *outcome,
    struct err *e)
{
	struct client_options client = p->script != NULL ? script_options_client() :
	    client_options_taken();
	struct run_params params = {.plan = p, .script = played.script, .client = &client,
	    .tally = t, .progress = follow};
	int result;

	client.transport = p->transport;
	client.poll_interval = p->poll_interval_ns;
	client.spread_pings = true;
	take_polling(&client, p);
	if (client.compress_offer == NULL)
		client.compress_offer = CLIENT_OFFER_BOUNDED;
	if (name != NULL && !quiet && !no_tui)
		fprintf(stderr, "hail: over %s\n", name);
	server_cpu_ready(&servers);
	result = run_bench(&params, outcome, e);
	progress_end();
	if (result == 0 && t->script != NULL) {
		bench_script_explain(t);
	} else if (result == 0) {
		explain_errors(t, outcome);
		explain_publishing(p, t, &outcome->publishing);
	}
	return result;
}

static int
measure(const struct plan *p, const struct require_list *list, struct save *save,
    struct err *e)
{
	struct tally *t = tally_new();
	struct run_outcome outcome;
	struct verdict verdict;
	char started[32];
	int failed = -1;

	if (t == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for the results");
	clock_wall_text(started, sizeof started);
	if (perform(p, NULL, t, &outcome, e) == 0) {
		verdict_judge(p, t, outcome.interrupted, &verdict);
		server_cpu_judge(&servers, &verdict);
		failed = publish_results(document_make(p, t, &verdict, started), t, &verdict, list,
		    save, e);
	}
	if (failed >= 0)
		failed = exit_code(t, outcome.interrupted, &verdict, failed);
	tally_free(t);
	return failed;
}

static int
measure_all(const struct plan *p, const struct require_list *list, struct save *save,
    struct err *e)
{
	struct compare all;
	struct bench_compare_runs runs = {.what = &compared, .plan = p, .perform = perform,
	    .servers = &servers, .into = &all};
	char started[32];
	int failed = -1;

	clock_wall_text(started, sizeof started);
	if (compare_init(&all) != 0)
		err_set(e, ERR_MEMORY, 0, "no memory for the results");
	else if (bench_compare_run(&runs, e) == 0)
		failed = publish_results(compare_document(&all, p, compared.rows, compared.count,
		    started), all.total, &all.verdict, list, save, e);
	if (failed >= 0)
		failed = exit_code(all.total, runs.interrupted, &all.verdict, failed);
	compare_release(&all);
	return failed;
}

/* What can be known to be in vain, before anything is opened. */
static int
prepare(struct require_list *list, struct err *e)
{
	const char *names[COMPARE_ROWS];

	for (size_t i = 0; i < require.count; i++)
		if (require_add(list, require.items[i], e) != 0)
			return -1;
	for (size_t i = 0; i < compared.count; i++)
		names[i] = compared.names[i];
	if (require_suits(list, names, compared.count, e) != 0)
		return -1;
	for (size_t i = 0; i < server_pids.count; i++)
		if (server_cpu_add(&servers, server_pids.items[i], e) != 0)
			return -1;
	return 0;
}

static int
run(int argc, char **argv, char **rest)
{
	static struct plan plan;
	struct require_list list = {0};
	struct save save = {0};
	struct err e = {0};
	int result;

	(void)rest;
	result = bench_plan_make(&plan, &compared, argc, argv, &e);
	if (result == 0)
		result = bench_script_read(&played, &plan, &list, &e);
	if (result == 0)
		result = prepare(&list, &e);
	if (result == 0 && out != NULL)
		result = save_open(&save, out, &e);
	if (result == 0 && verbose > 0)
		bench_plan_say(&plan);
	if (result == 0)
		result = (compared.count > 0 ? measure_all : measure)(&plan, &list, &save, &e);
	if (result < 0) {
		cmd_complain("%s", e.text);
		result = err_exit_code(e.class);
	}
	save_abandon(&save);
	require_release(&list);
	bench_plan_release(&plan);
	bench_script_release(&played);
	return result;
}

const struct cmd cmd_bench = {
	"bench", "WORKLOAD URL...", "Loads real-time endpoints and measures what arrives", groups,
	"Workloads:\n"
	"  echo      round trips: each connection sends and waits for the same back\n"
	"  fanout    publishers, topics, subscribers: who got what, when, once, in order\n"
	"  hold      connections that only stay: memory, keepalive\n"
	"  compare   the same fanout over WebSocket, server-sent events, long polls and polls\n"
	"  script    each connection plays a script, again and again: `script FILE [URL...]`",
	run,
};
