/* bench.c: `hail bench`: from options to a plan, from a run to a report. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/report/document.h"
#include "bench/report/require.h"
#include "bench/report/save.h"
#include "bench/report/text.h"
#include "bench/report/verdict.h"
#include "bench/run/run.h"
#include "cli/client.h"
#include "cli/cmd.h"
#include "cli/progress.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"

static uint64_t connections = 100;
static uint64_t duration = 10 * NS_PER_S;
static uint64_t topics = 1;
static uint64_t publishers;
static double rate;
static bool rate_given, topics_given;
static int arrival;
static double connect_rate;
static uint64_t size = 64;
static uint64_t warmup;
static uint64_t drain = 2 * NS_PER_S;
static uint64_t late = NS_PER_S;
static uint64_t workers = 1;
static const char *dialect_name = "hail";
static const char *subscribe, *publish;
static struct opt_list on_open;
static int self;
static bool self_given, unlinked;
static const char *node_from = "target";
static struct opt_list require;
static const char *out;
static uint64_t seed;
static bool seed_given;
static const char *label;
static bool no_tui, quiet;
static int verbose;

static const struct opt rows[] = {
	{"connections", 'c', OPT_COUNT, &connections, "N", "connections to open (100)", 0},
	{"duration", 'd', OPT_DURATION, &duration, "TIME", "how long the load lasts (10s)", 0},
	{"topics", 0, OPT_COUNT, &topics, "N", "topics that connections are spread over (1)",
	    &topics_given},
	{"publishers", 0, OPT_COUNT, &publishers, "N",
	    "connections that publish (one a topic on each target)", 0},
	{"rate", 0, OPT_RATE, &rate, "RATE",
	    "messages published in all (fanout 100/s; echo: none, a closed loop)", &rate_given},
	{"arrival", 0, OPT_CHOICE, &arrival, "constant|poisson", "how messages are spaced", 0},
	{"connect-rate", 0, OPT_RATE, &connect_rate, "RATE",
	    "connections begun a second (as fast as they open)", 0},
	{"size", 0, OPT_SIZE, &size, "SIZE", "bytes of a message's {stamp} with padding (64)", 0},
	{"warmup", 0, OPT_DURATION, &warmup, "TIME", "load that does not count, before (0s)", 0},
	{"drain", 0, OPT_DURATION, &drain, "TIME", "wait for late messages, after (2s)", 0},
	{"late", 0, OPT_DURATION, &late, "TIME", "count deliveries later than this (1s)", 0},
	{"workers", 'w', OPT_COUNT, &workers, "N", "processes that make the load (1)", 0},
	{"dialect", 0, OPT_TEXT, &dialect_name, "NAME|FILE",
	    "how to subscribe and publish: hail, plain, a file (hail)", 0},
	{"subscribe", 0, OPT_TEXT, &subscribe, "TEMPLATE",
	    "message that subscribes, or a path: /ws/{topic}", 0},
	{"publish", 0, OPT_TEXT, &publish, "TEMPLATE", "message that publishes, with {stamp}", 0},
	{"on-open", 0, OPT_LIST, &on_open, "TEMPLATE", "send this first; repeatable", 0},
	{"self", 0, OPT_CHOICE, &self, "yes|no", "publishers receive their own messages",
	    &self_given},
	{"unlinked", 0, OPT_FLAG, &unlinked, NULL, "the targets share nothing", 0},
	{"node-from", 0, OPT_TEXT, &node_from, "target|header:NAME|cookie:NAME",
	    "what names the node behind a connection (target)", 0},
	{"require", 0, OPT_LIST, &require, "EXPR", "fail unless: p99<200ms, lost==0, …", 0},
	{"out", 'o', OPT_TEXT, &out, "FILE.json", "write the results document; '-': to stdout", 0},
	{"seed", 0, OPT_COUNT, &seed, "N", "of the Poisson arrivals (random)", &seed_given},
	{"label", 0, OPT_TEXT, &label, "TEXT", "a name for the results", 0},
	{"no-tui", 0, OPT_FLAG, &no_tui, NULL, "no progress line", 0},
	{"quiet", 'q', OPT_FLAG, &quiet, NULL, "only errors", 0},
	{"verbose", 'v', OPT_TALLY, &verbose, NULL, "say what is planned", 0},
	{0},
};

static const struct opt *const groups[] = {rows, client_rows, NULL};

static const char workload_names[] = "echo, fanout or hold";

/* --- the plan ---------------------------------------------------------------------------- */

static int
take_workload(struct plan *p, const char *name, struct err *e)
{
	if (strcmp(name, "echo") == 0)
		p->workload = PLAN_ECHO;
	else if (strcmp(name, "fanout") == 0)
		p->workload = PLAN_FANOUT;
	else if (strcmp(name, "hold") == 0)
		p->workload = PLAN_HOLD;
	else
		return err_set(e, ERR_USAGE, 0, "no workload '%s': expected %s", name,
		    workload_names);
	return 0;
}

static int
take_urls(struct plan *p, int count, char **texts, struct err *e)
{
	if (count == 0)
		return err_set(e, ERR_USAGE, 0, "expected at least one URL after the workload");
	if (count > PLAN_TARGETS)
		return err_set(e, ERR_USAGE, 0, "at most %d URLs", PLAN_TARGETS);
	for (int i = 0; i < count; i++) {
		if (client_url(&p->targets[i], texts[i], e) != 0)
			return -1;
		p->target_texts[p->target_count++] = texts[i];
		if (template_check(p->targets[i].target, "URL", false, e) != 0)
			return -1;
	}
	return 0;
}

static int
override(char **text, const char *value, const char *option, bool stamp, struct err *e)
{
	if (value == NULL)
		return 0;
	if (template_check(value, option, stamp, e) != 0)
		return -1;
	return dialect_set(text, value) == 0 ? 0 :
	    err_set(e, ERR_MEMORY, 0, "no memory for options");
}

static int
take_dialect(struct plan *p, struct err *e)
{
	struct dialect *d = &p->dialect;
	bool path = subscribe != NULL && *subscribe == '/';

	if (dialect_load(d, dialect_name, e) != 0 ||
	    override(path ? &d->path : &d->subscribe, subscribe, "--subscribe", false, e) != 0 ||
	    override(&d->publish, publish, "--publish", true, e) != 0)
		return -1;
	if (strstr(d->publish, "{stamp}") == NULL)
		return err_set(e, ERR_USAGE, 0, "--publish: expected {stamp} in '%.150s'",
		    d->publish);
	if (d->on_open_count + on_open.count > DIALECT_ON_OPEN)
		return err_set(e, ERR_USAGE, 0, "--on-open: at most %d messages", DIALECT_ON_OPEN);
	for (size_t i = 0; i < on_open.count; i++)
		if (override(&d->on_open[d->on_open_count++], on_open.items[i], "--on-open", false,
		    e) != 0)
			return -1;
	p->self = self_given ? self == 0 : d->self;
	return 0;
}

static int
take_node_from(struct plan *p, struct err *e)
{
	if (strncmp(node_from, "header:", 7) == 0 && node_from[7] != '\0') {
		p->node_from = PLAN_NODE_HEADER;
		p->node_name = node_from + 7;
	} else if (strncmp(node_from, "cookie:", 7) == 0 && node_from[7] != '\0') {
		p->node_from = PLAN_NODE_COOKIE;
		p->node_name = node_from + 7;
	} else if (strcmp(node_from, "target") == 0) {
		p->node_from = PLAN_NODE_TARGET;
	} else {
		return err_set(e, ERR_USAGE, 0,
		    "--node-from: '%s' is not target, header:NAME or cookie:NAME", node_from);
	}
	return 0;
}

static int
take_numbers(struct plan *p, struct err *e)
{
	if (rate_given && rate <= 0)
		return err_set(e, ERR_USAGE, 0, "--rate: expected more than nothing");
	if (workers != 1)
		return err_set(e, ERR_USAGE, 0, "--workers %llu: one process for now",
		    (unsigned long long)workers);
	if (!seed_given)
		rng_secret(&seed, sizeof seed), seed &= UINT32_MAX;
	p->label = label;
	p->connections = connections;
	p->topics = topics;
	p->publishers = publishers;
	p->closed_loop = p->workload == PLAN_ECHO && !rate_given;
	p->pacer = (struct pacer){arrival == 1 ? PACER_POISSON : PACER_CONSTANT,
	    rate_given ? rate : 100, seed};
	p->connect_rate = connect_rate;
	p->size = size;
	p->duration = duration;
	p->warmup = warmup;
	p->drain = drain;
	p->late = late;
	p->unlinked = unlinked;
	p->seed = seed;
	p->workers = workers;
	return plan_settle(p, e);
}

static int
make_plan(struct plan *p, int argc, char **argv, struct err *e)
{
	if (argc == 0)
		return err_set(e, ERR_USAGE, 0, "expected a workload: %s", workload_names);
	if (take_workload(p, argv[0], e) != 0 || take_urls(p, argc - 1, argv + 1, e) != 0 ||
	    take_dialect(p, e) != 0 || take_node_from(p, e) != 0)
		return -1;
	return take_numbers(p, e);
}

static void
release_plan(struct plan *p)
{
	for (size_t i = 0; i < p->target_count; i++)
		url_release(&p->targets[i]);
	dialect_release(&p->dialect);
}

static void
say_plan(const struct plan *p)
{
	fprintf(stderr, "hail: %llu connections over %zu target(s)",
	    (unsigned long long)p->connections, p->target_count);
	if (p->workload == PLAN_FANOUT)
		fprintf(stderr, ", %llu topics, %llu publishers, %g messages/s, seed %llu",
		    (unsigned long long)p->topics, (unsigned long long)p->publishers,
		    p->pacer.rate, (unsigned long long)p->seed);
	fputc('\n', stderr);
}

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

static int
exit_code(const struct tally *t, const struct run_outcome *outcome, const struct verdict *v,
    int failed)
{
	if (outcome->interrupted)
		return EXIT_INTERRUPTED;
	if (!v->valid)
		return EXIT_INVALID;
	if (t->opened > 0 && t->dropped == t->opened)
		return EXIT_CONNECTION;      /* nobody was left to finish the run */
	return failed > 0 ? EXIT_CHECK : EXIT_FINE;
}

static int
report(const struct plan *p, const struct tally *t, const struct run_outcome *outcome,
    const struct require_list *list, struct save *save, const char *started, struct err *e)
{
	bool to_stdout = out != NULL && strcmp(out, "-") == 0;
	struct verdict verdict;
	json_t *document;
	int failed, result;

	verdict_judge(p, t, outcome->interrupted, &verdict);
	document = document_make(p, t, &verdict, started);
	failed = document != NULL ? require_judge(list, document) : -1;
	if (failed < 0) {
		json_decref(document);
		return err_set(e, ERR_MEMORY, 0, "no memory for the results");
	}
	explain_errors(t, outcome);
	if (!quiet)
		text_render(to_stdout ? stderr : stdout, document);
	result = save->file != NULL ? save_commit(save, document, e) : 0;
	json_decref(document);
	return result != 0 ? -1 : exit_code(t, outcome, &verdict, failed);
}

static int
measure(const struct plan *p, const struct require_list *list, struct save *save,
    struct err *e)
{
	struct client_options client = client_options_taken();
	struct run_params params = {.plan = p, .client = &client, .tally = tally_new()};
	struct run_outcome outcome;
	char started[32];
	int result;

	if (params.tally == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for the results");
	client.spread_pings = true;
	if (client.compress_offer == NULL)
		client.compress_offer = CLIENT_OFFER_BOUNDED;
	if (!quiet && !no_tui)
		params.progress = progress_show;
	clock_wall_text(started, sizeof started);
	result = run_bench(&params, &outcome, e);
	progress_end();
	if (result == 0)
		result = report(p, params.tally, &outcome, list, save, started, e);
	tally_free(params.tally);
	return result;
}

static int
run(int argc, char **argv, char **rest)
{
	static struct plan plan;
	struct require_list list = {0};
	struct save save = {0};
	struct err e = {0};
	int result = 0;

	(void)rest;
	for (size_t i = 0; i < require.count && result == 0; i++)
		result = require_add(&list, require.items[i], &e);
	if (result == 0)
		result = make_plan(&plan, argc, argv, &e);
	if (result == 0 && out != NULL)
		result = save_open(&save, out, &e);
	if (result == 0 && verbose > 0)
		say_plan(&plan);
	if (result == 0)
		result = measure(&plan, &list, &save, &e);
	if (result < 0) {
		cmd_complain("%s", e.text);
		result = err_exit_code(e.class);
	}
	save_abandon(&save);
	require_release(&list);
	release_plan(&plan);
	return result;
}

const struct cmd cmd_bench = {
	"bench", "WORKLOAD URL...", "Loads real-time endpoints and measures what arrives", groups,
	"Workloads:\n"
	"  echo      round trips: each connection sends and waits for the same back\n"
	"  fanout    publishers, topics, subscribers: who got what, when, once, in order\n"
	"  hold      connections that only stay: memory, keepalive",
	run,
};
