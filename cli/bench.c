/* bench.c: `hail bench`: from options to a plan, from a run to a report. */
#include <stdio.h>
#include <stdlib.h>
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
#include "bench/run/server_cpu.h"
#include "cli/bench_compare.h"
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
static uint64_t drain = PLAN_DRAIN_DEFAULT;
static uint64_t late = NS_PER_S;
static uint64_t workers = 1;
static const char *dialect_name = "hail";
static const char *subscribe;
static struct opt_list publish, on_open;
static int self;
static bool self_given, unlinked;
static const char *node_from = "target";
static struct opt_list require;
static const char *out;
static uint64_t seed;
static bool seed_given;
static const char *label;
static struct opt_list server_pids;
static struct server_cpu servers;
static const char *transports, *intervals;
static struct bench_compare compared;        /* no rows: nothing is compared */
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
	    "how to subscribe and publish: hail, nchan, plain, a file (hail)", 0},
	{"subscribe", 0, OPT_TEXT, &subscribe, "TEMPLATE",
	    "message that subscribes, or a path: /ws/{topic}", 0},
	{"publish", 0, OPT_LIST, &publish, "TEMPLATE|'POST /PATH'",
	    "message that publishes, with {stamp}; POST, PUT or WS: by what, and where", 0},
	{"on-open", 0, OPT_LIST, &on_open, "TEMPLATE", "send this first; repeatable", 0},
	{"self", 0, OPT_CHOICE, &self, "yes|no", "publishers receive their own messages",
	    &self_given},
	{"unlinked", 0, OPT_FLAG, &unlinked, NULL, "the targets share nothing", 0},
	{"node-from", 0, OPT_TEXT, &node_from, "target|header:NAME|cookie:NAME",
	    "what names the node behind a connection (target)", 0},
	{"transports", 0, OPT_TEXT, &transports, "LIST",
	    "compare: some of ws,sse,longpoll,poll (all)", 0},
	{"intervals", 0, OPT_TEXT, &intervals, "LIST",
	    "compare: those of poll (250ms,1s,5s)", 0},
	{"server-pid", 0, OPT_LIST, &server_pids, "PID",
	    "tell the processor time of this process here, too; repeatable", 0},
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

static const char workload_names[] = "echo, fanout, hold or compare";

/* --- the plan ---------------------------------------------------------------------------- */

static int
take_comparison(struct err *e)
{
	if (client_transport_given())
		return err_set(e, ERR_USAGE, 0,
		    "-t: compare speaks several: expected --transports");
	if (subscribe != NULL)
		return err_set(e, ERR_USAGE, 0, "--subscribe: each transport has its own: "
		    "expected a dialect that names them");
	return bench_compare_take(&compared, transports, intervals, e);
}

static int
take_workload(struct plan *p, const char *name, struct err *e)
{
	if (strcmp(name, "compare") == 0) {
		p->workload = PLAN_FANOUT;
		return take_comparison(e);
	}
	if (transports != NULL || intervals != NULL)
		return err_set(e, ERR_USAGE, 0, "--transports and --intervals: only compare has "
		    "several");
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

/* Of URLs and paths to subscribe at; for after the first URL. */
static enum template_kind
path_kind(void)
{
	enum transport t = client_transport();

	return t == TRANSPORT_LONGPOLL || t == TRANSPORT_POLL ? TEMPLATE_POLL : TEMPLATE_PLAIN;
}

/* What is compared may be written either way. */
static int
take_url(struct url *u, const char *text, struct err *e)
{
	enum transport either;

	return compared.count > 0 ? client_url_parse(u, text, false, &either, e) :
	    client_url(u, text, e);
}

static int
take_urls(struct plan *p, int count, char **texts, struct err *e)
{
	if (count == 0)
		return err_set(e, ERR_USAGE, 0, "expected at least one URL after the workload");
	if (count > PLAN_TARGETS)
		return err_set(e, ERR_USAGE, 0, "at most %d URLs", PLAN_TARGETS);
	for (int i = 0; i < count; i++) {
		if (take_url(&p->targets[i], texts[i], e) != 0)
			return -1;
		p->target_texts[p->target_count++] = texts[i];
		if (template_check(p->targets[i].target, "URL", path_kind(), e) != 0)
			return -1;
	}
	p->transport = compared.count > 0 ? TRANSPORT_WS : client_transport();
	return 0;
}

static int
override(char **text, const char *value, const char *option, enum template_kind kind,
    struct err *e)
{
	if (value == NULL)
		return 0;
	if (template_check(value, option, kind, e) != 0)
		return -1;
	return dialect_set(text, value) == 0 ? 0 :
	    err_set(e, ERR_MEMORY, 0, "no memory for options");
}

/* --subscribe: a path of the transport, or a message. */
static int
take_subscribe(struct plan *p, struct err *e)
{
	struct dialect *d = &p->dialect;
	char **const paths[TRANSPORTS] = {&d->path, &d->sse_path, &d->longpoll.path,
	    &d->poll.path};

	if (subscribe == NULL)
		return 0;
	if (*subscribe == '/')
		return override(paths[p->transport], subscribe, "--subscribe", path_kind(), e);
	if (p->transport != TRANSPORT_WS)
		return err_set(e, ERR_USAGE, 0, "--subscribe: only a WebSocket takes a message; "
		    "expected a path for %s", transport_name(p->transport));
	return override(&d->subscribe, subscribe, "--subscribe", TEMPLATE_PLAIN, e);
}

/* The path in "POST /path"; NULL: the text is a message. */
static const char *
request_path(const char *text, char method[8])
{
	static const char *const methods[] = {"POST", "PUT", "WS"};
	size_t len = strcspn(text, " ");

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strlen(methods[i]) == len && memcmp(text, methods[i], len) == 0 &&
		    text[len] == ' ' && text[len + 1] == '/') {
			snprintf(method, 8, "%s", methods[i]);
			return text + len + 1;
		}
	return NULL;
}

/* What was a message is a body from now on. */
static int
publish_by_request(struct dialect *d, const char *method, const char *path, struct err *e)
{
	if (override(&d->post.path, path, "--publish", TEMPLATE_PLAIN, e) != 0 ||
	    override(&d->post.method, method, "--publish", TEMPLATE_PLAIN, e) != 0)
		return -1;
	if (d->post.body == NULL)
		d->post.body = d->publish;
	else
		free(d->publish);
	d->publish = NULL;
	return 0;
}

/* --publish: what is published, and by what: "POST /path". */
static int
take_publish(struct dialect *d, struct err *e)
{
	const char *what = NULL, *path = NULL;
	char method[8];

	for (size_t i = 0; i < publish.count; i++) {
		const char *at = request_path(publish.items[i], method);

		if (at != NULL ? path != NULL : what != NULL)
			return err_set(e, ERR_USAGE, 0, "--publish: expected one %s, not two",
			    at != NULL ? "path" : "message");
		if (at != NULL)
			path = at;
		else
			what = publish.items[i];
	}
	if (what != NULL && strstr(what, "{stamp}") == NULL)
		return err_set(e, ERR_USAGE, 0, "--publish: expected {stamp} in '%.150s', or POST, "
		    "PUT or WS and a path", what);
	if (override(&d->publish, what, "--publish", TEMPLATE_PUBLISH, e) != 0 ||
	    override(&d->post.body, what, "--publish", TEMPLATE_PUBLISH, e) != 0)
		return -1;
	return path != NULL ? publish_by_request(d, method, path, e) : 0;
}

static int
take_on_open(struct plan *p, struct err *e)
{
	struct dialect *d = &p->dialect;

	if (on_open.count > 0 && p->transport != TRANSPORT_WS)
		return err_set(e, ERR_USAGE, 0,
		    "--on-open: only a WebSocket takes messages, not %s",
		    transport_name(p->transport));
	if (d->on_open_count + on_open.count > DIALECT_ON_OPEN)
		return err_set(e, ERR_USAGE, 0, "--on-open: at most %d messages", DIALECT_ON_OPEN);
	for (size_t i = 0; i < on_open.count; i++)
		if (override(&d->on_open[d->on_open_count++], on_open.items[i], "--on-open",
		    TEMPLATE_PLAIN, e) != 0)
			return -1;
	return 0;
}

static int
take_dialect(struct plan *p, struct err *e)
{
	struct dialect *d = &p->dialect;

	if (dialect_load(d, dialect_name, e) != 0 || take_subscribe(p, e) != 0 ||
	    take_publish(d, e) != 0 || take_on_open(p, e) != 0)
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
	p->poll_interval_ns = client_options_taken().poll_interval;
	p->late = late;
	p->unlinked = unlinked;
	p->seed = seed;
	p->workers = workers;
	return compared.count > 0 ? bench_compare_settle(&compared, p, e) : plan_settle(p, e);
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
	fprintf(stderr, ", by %s", transport_name(p->transport));
	if (p->publish_by != PLAN_BY_SOCKET)
		fprintf(stderr, ", published by %s %s",
		    p->dialect.post.method != NULL ? p->dialect.post.method : "POST",
		    p->dialect.post.path);
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
	if (t->opened > 0 && t->dropped == t->opened)
		return EXIT_CONNECTION;      /* nobody was left to finish the run */
	return failed > 0 ? EXIT_CHECK : EXIT_FINE;
}

/* Takes the document, NULL if there was no memory for it. Returns how many requirements failed, or
 * -1 with *e. */
static int
publish_results(json_t *document, const struct tally *t, const struct require_list *list,
    struct save *save, struct err *e)
{
	bool to_stdout = out != NULL && strcmp(out, "-") == 0;
	struct document_server used[SERVER_CPU_MAX];
	size_t count = server_cpu_used(&servers, true, used);
	int failed = -1, result;

	if (document != NULL && document_add_servers(document, used, count, t->received) == 0)
		failed = require_judge(list, document);
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

	if (p->transport != TRANSPORT_LONGPOLL && p->transport != TRANSPORT_POLL)
		return;
	o->poll_grace = d->answered ? POLL_NEVER : 0;
	if (s->items == NULL && d->items != NULL && strcmp(d->items, "auto") != 0) {
		s->unpack = strcmp(d->items, "none") == 0 ? POLL_ITEMS_NONE : POLL_ITEMS_POINTER;
		s->items = d->items;
	}
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
	server_cpu_follow(&servers, p);
	if (!quiet && !no_tui)
		progress_show(ctx, p);
}

/* One run; `name` tells those of a comparison apart. */
static int
perform(const struct plan *p, const char *name, struct tally *t, struct run_outcome *outcome,
    struct err *e)
{
	struct client_options client = client_options_taken();
	struct run_params params = {.plan = p, .client = &client, .tally = t, .progress = follow};
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
	if (result == 0) {
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
		failed = publish_results(document_make(p, t, &verdict, started), t, list, save, e);
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
		    started), all.total, list, save, e);
	if (failed >= 0)
		failed = exit_code(all.total, runs.interrupted, &all.verdict, failed);
	compare_release(&all);
	return failed;
}

/* What can be known to be in vain, before anything is opened. */
static int
prepare(const struct require_list *list, struct err *e)
{
	const char *names[COMPARE_ROWS];

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
	int result = 0;

	(void)rest;
	for (size_t i = 0; i < require.count && result == 0; i++)
		result = require_add(&list, require.items[i], &e);
	if (result == 0)
		result = make_plan(&plan, argc, argv, &e);
	if (result == 0)
		result = prepare(&list, &e);
	if (result == 0 && out != NULL)
		result = save_open(&save, out, &e);
	if (result == 0 && verbose > 0)
		say_plan(&plan);
	if (result == 0)
		result = (compared.count > 0 ? measure_all : measure)(&plan, &list, &save, &e);
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
	"  hold      connections that only stay: memory, keepalive\n"
	"  compare   the same fanout over WebSocket, server-sent events, long polls and polls",
	run,
};
