#include "cli/bench_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/plan.h"
#include "cli/bench_compare.h"
#include "cli/client.h"
#include "cli/script_options.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"

static uint64_t connections = 100;
static uint64_t duration = 10 * NS_PER_S;
static uint64_t topics = 1;
static uint64_t publishers;
static double rate;
static bool rate_given;
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
static uint64_t seed;
static bool seed_given;
static const char *label;
static const char *transports, *intervals;

const struct opt bench_plan_rows[] = {
	{"connections", 'c', OPT_COUNT, &connections, "N", "connections to open (100)", 0},
	{"duration", 'd', OPT_DURATION, &duration, "TIME", "how long the load lasts (10s)", 0},
	{"topics", 0, OPT_COUNT, &topics, "N", "topics that connections are spread over (1)", 0},
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
	{"seed", 0, OPT_COUNT, &seed, "N", "of the Poisson arrivals (random)", &seed_given},
	{"label", 0, OPT_TEXT, &label, "TEXT", "a name for the results", 0},
	{0},
};

static const char workload_names[] = "echo, fanout, hold, compare or script";

/* --- what is run, and where -------------------------------------------------------------- */

static int
take_comparison(struct bench_compare *compared, struct err *e)
{
	if (client_transport_given())
		return err_set(e, ERR_USAGE, 0,
		    "-t: compare speaks several: expected --transports");
	if (subscribe != NULL)
		return err_set(e, ERR_USAGE, 0, "--subscribe: each transport has its own: "
		    "expected a dialect that names them");
	return bench_compare_take(compared, transports, intervals, e);
}

static int
take_workload(struct plan *p, struct bench_compare *compared, const char *name, struct err *e)
{
	if (strcmp(name, "compare") == 0) {
		p->workload = PLAN_FANOUT;
		return take_comparison(compared, e);
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
	return transport_polls(client_transport()) ? TEMPLATE_POLL : TEMPLATE_PLAIN;
}

/* What is compared may be written either way. */
static int
take_url(struct url *u, bool comparison, const char *text, struct err *e)
{
	enum transport either;

	return comparison ? client_url_parse(u, text, false, &either, e) : client_url(u, text, e);
}

static int
add_url(struct plan *p, bool either, const char *text, struct err *e)
{
	if (p->target_count == PLAN_TARGETS)
		return err_set(e, ERR_USAGE, 0, "at most %d URLs", PLAN_TARGETS);
	if (take_url(&p->targets[p->target_count], either, text, e) != 0)
		return -1;
	p->target_texts[p->target_count++] = text;
	return 0;
}

static int
take_urls(struct plan *p, bool comparison, int count, char **texts, struct err *e)
{
	if (count == 0)
		return err_set(e, ERR_USAGE, 0, "expected at least one URL after the workload");
	for (int i = 0; i < count; i++) {
		if (add_url(p, comparison, texts[i], e) != 0 || template_check(p->targets[i].target,
		    "URL", path_kind(), e) != 0)
			return -1;
	}
	p->transport = comparison ? TRANSPORT_WS : client_transport();
	return 0;
}

/* --- how it is said ---------------------------------------------------------------------- */

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

/* --- all of it --------------------------------------------------------------------------- */

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
	return 0;
}

/* Refuses every option of these rows that was said, unless it is among `but`. */
static int
refuse_options(const struct opt *rows, const char *const *but, const char *why, struct err *e)
{
	size_t count;
	const struct opt_use *uses = opt_uses(&count);

	for (size_t i = 0; i < count; i++)
		for (const struct opt *row = rows; row->name != NULL; row++) {
			size_t k = 0;

			while (but[k] != NULL && strcmp(but[k], row->name) != 0)
				k++;
			if (uses[i].row == row && but[k] == NULL)
				return err_set(e, ERR_USAGE, 0, "--%s: %s", row->name, why);
		}
	return 0;
}

/* FILE [URL...]; what is said, and to whom, stands in the file. */
static int
take_script(struct plan *p, int count, char **operands, struct err *e)
{
	static const char *const numbers[] = {"connections", "duration", "connect-rate",
	    "warmup", "drain", "workers", "label", NULL};

	if (count == 0)
		return err_set(e, ERR_USAGE, 0, "expected a file after the workload: the script");
	if (refuse_options(bench_plan_rows, numbers, "that is up to the script", e) != 0)
		return -1;
	if (client_transport_given())
		return err_set(e, ERR_USAGE, 0, "-t: each `open` of a script says what it speaks");
	p->workload = PLAN_SCRIPT;
	p->script = operands[0];
	for (int i = 1; i < count; i++)
		if (add_url(p, true, operands[i], e) != 0)
			return -1;
	return take_numbers(p, e) != 0 ? -1 : plan_settle(p, e);
}

int
bench_plan_make(struct plan *p, struct bench_compare *compared, int argc, char **argv,
    struct err *e)
{
	static const char *const none[] = {NULL};

	if (argc == 0)
		return err_set(e, ERR_USAGE, 0, "expected a workload: %s", workload_names);
	if (strcmp(argv[0], "script") == 0)
		return take_script(p, argc - 1, argv + 1, e);
	if (refuse_options(script_options_rows, none, "only bench script plays one", e) != 0 ||
	    take_workload(p, compared, argv[0], e) != 0 ||
	    take_urls(p, compared->count > 0, argc - 1, argv + 1, e) != 0 ||
	    take_dialect(p, e) != 0 || take_node_from(p, e) != 0 || take_numbers(p, e) != 0)
		return -1;
	return compared->count > 0 ? bench_compare_settle(compared, p, e) : plan_settle(p, e);
}

void
bench_plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->target_count; i++)
		url_release(&p->targets[i]);
	dialect_release(&p->dialect);
}

void
bench_plan_say(const struct plan *p)
{
	if (p->script != NULL) {
		fprintf(stderr, "hail: %llu players of %s, %llu connection(s) each, %zu URL(s)\n",
		    (unsigned long long)p->connections, p->script,
		    (unsigned long long)p->connections_each, p->target_count);
		return;
	}
	fprintf(stderr, "hail: %llu connections over %zu target(s)",
	    (unsigned long long)p->connections, p->target_count);
	if (p->workload == PLAN_FANOUT)
		fprintf(stderr, ", %llu topics, %llu publishers, %g messages/s, seed %llu",
		    (unsigned long long)p->topics, (unsigned long long)p->publishers,
		    p->pacer.rate, (unsigned long long)p->seed);
	fprintf(stderr, ", by %s", transport_name(p->transport));
	if (p->publish_by != PLAN_BY_SOCKET)
		fprintf(stderr, ", published by %s %s",
		    dialect_method(&p->dialect), p->dialect.post.path);
	fputc('\n', stderr);
}
