/* cluster.c: `hail cluster`: N nodes, Redis and a load balancer on this machine, for the time
 * that a command runs. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cluster_part.h"
#include "cli/cluster_stack.h"
#include "cli/cluster_watch.h"
#include "cli/cmd.h"
#include "cli/opt.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum {
	LINES_SHOWN = 20,
	ENVIRONMENT_MAX = 64 << 10,
};

enum lb { LB_HAPROXY, LB_NONE };

static struct {
	uint64_t nodes, base_port;
	const char *redis;
	int lb;
	struct opt_list node_args, chaos_nodes;
	bool quiet;
} options = {.nodes = 3, .lb = LB_HAPROXY};

static const struct opt rows[] = {
	{"nodes", 'n', OPT_COUNT, &options.nodes, "N", "how many nodes (3)", NULL},
	{"redis", 0, OPT_TEXT, &options.redis, "URL",
	    "use this Redis instead of an own one; none: unlinked nodes", NULL},
	{"lb", 0, OPT_CHOICE, &options.lb, "haproxy|none", "load balancer (haproxy)", NULL},
	{"base-port", 0, OPT_COUNT, &options.base_port, "P",
	    "nodes on P.., then lb, lb-sticky, Redis (free ports)", NULL},
	{"node-arg", 0, OPT_LIST, &options.node_args, "ARG",
	    "pass ARG to every `hail serve` (repeatable)", NULL},
	{"chaos-node", 0, OPT_LIST, &options.chaos_nodes, "K=SPEC",
	    "node K gets --chaos SPEC (repeatable)", NULL},
	{"quiet", 'q', OPT_FLAG, &options.quiet, NULL, "print nothing but errors", NULL},
	{NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

static const struct opt *const groups[] = {rows, NULL};

/* --- what was asked for ------------------------------------------------------------------ */

/* "K=SPEC": node K gets --chaos SPEC. */
static int
add_chaos(struct cluster_params *params, const char *text, struct err *e)
{
	char *end;
	unsigned long node = strtoul(text, &end, 10);

	if (end == text || *end != '=' || node < 1 || node > params->nodes)
		return err_set(e, ERR_USAGE, 0,
		    "--chaos-node: '%s' is not K=SPEC with K from 1 to %zu", text,
		    params->nodes);
	params->chaos[node - 1] = end + 1;
	return 0;
}

static int
make_params(struct cluster_params *params, struct err *e)
{
	if (options.nodes < 1 || options.nodes > CLUSTER_NODES_MAX)
		return err_set(e, ERR_USAGE, 0, "--nodes: from 1 to %d", CLUSTER_NODES_MAX);
	if (options.base_port + options.nodes + 2 > UINT16_MAX)
		return err_set(e, ERR_USAGE, 0, "--base-port: the last port is above 65535");
	*params = (struct cluster_params){
	    .nodes = (size_t)options.nodes,
	    .own_redis = options.redis == NULL,
	    .haproxy = options.lb == LB_HAPROXY,
	    .base_port = (uint16_t)options.base_port,
	    .node_args = options.node_args.items,
	    .node_arg_count = options.node_args.count,
	};
	if (options.redis != NULL && strcmp(options.redis, "none") != 0)
		params->redis_url = options.redis;
	for (size_t i = 0; i < options.chaos_nodes.count; i++)
		if (add_chaos(params, options.chaos_nodes.items[i], e) != 0)
			return -1;
	return 0;
}

/* Named all at once, before anything is started. */
static int
check_packages(const struct cluster_params *params)
{
	static const char *const packages[] = {"redis-server", "haproxy"};   /* and programs */
	const bool needed[] = {params->own_redis, params->haproxy};
	char path[PATH_MAX];
	int missing = 0;

	for (size_t i = 0; i < 2; i++)
		if (needed[i] && !cluster_find_program(packages[i], path, sizeof path)) {
			cmd_complain("%s is not installed: apt install %s", packages[i],
			    packages[i]);
			missing++;
		}
	return missing == 0 ? 0 : -1;
}

/* --- telling ----------------------------------------------------------------------------- */

static void
tell_part(FILE *to, const char *name, const char *url, const struct cluster_part *part)
{
	if (part->pid != 0)
		fprintf(to, "%-10s %-28s pid %ld\n", name, url, (long)part->pid);
	else
		fprintf(to, "%-10s %s\n", name, url);
}

static const char *
ws_url(char *into, size_t size, uint16_t port)
{
	snprintf(into, size, "ws://127.0.0.1:%u", port);
	return into;
}

/* With a command stdout is the command's, so the list goes to stderr. */
static void
tell(const struct cluster_stack *s, FILE *to)
{
	char url[64];

	if (s->redis_url[0] != '\0')
		tell_part(to, "redis", s->redis_url, s->redis);
	for (size_t i = 0; i < s->params->nodes; i++)
		tell_part(to, s->node[i].name, ws_url(url, sizeof url, s->node_ports[i]),
		    &s->node[i]);
	if (s->params->haproxy) {
		tell_part(to, "lb", ws_url(url, sizeof url, s->lb_ports[0]), s->lb);
		tell_part(to, "lb-sticky", ws_url(url, sizeof url, s->lb_ports[1]), s->lb);
	}
	fflush(to);
}

static void
set_path(const struct cluster_stack *s, struct buf *text)
{
	const char *path = getenv("PATH");
	const char *slash = strrchr(s->self, '/');

	text->len = 0;
	if (buf_addf(text, "%.*s%s%s", (int)(slash - s->self), s->self,
	    path != NULL ? ":" : "", path != NULL ? path : "") == 0)
		setenv("PATH", (char *)text->data, 1);
}

/* The environment of the command (hail-cluster(1), ENVIRONMENT). What does not apply is unset,
 * lest a cluster inside a cluster should use the outer one's. */
static void
set_environment(const struct cluster_stack *s)
{
	struct buf urls, pids;
	char url[64];

	buf_init(&urls, ENVIRONMENT_MAX);
	buf_init(&pids, ENVIRONMENT_MAX);
	for (size_t i = 0; i < s->params->nodes; i++) {
		buf_addf(&urls, "%s%s", i > 0 ? " " : "",
		    ws_url(url, sizeof url, s->node_ports[i]));
		buf_addf(&pids, "%s%ld", i > 0 ? " " : "", (long)s->node[i].pid);
	}
	setenv("HAIL_NODES", (char *)urls.data, 1);
	setenv("HAIL_NODE_PIDS", (char *)pids.data, 1);
	unsetenv("HAIL_LB");
	unsetenv("HAIL_LB_STICKY");
	unsetenv("HAIL_REDIS");
	if (s->params->haproxy) {
		setenv("HAIL_LB", ws_url(url, sizeof url, s->lb_ports[0]), 1);
		setenv("HAIL_LB_STICKY", ws_url(url, sizeof url, s->lb_ports[1]), 1);
	}
	if (s->redis_url[0] != '\0')
		setenv("HAIL_REDIS", s->redis_url, 1);
	set_path(s, &urls);
	buf_release(&urls);
	buf_release(&pids);
}

/* --- running ----------------------------------------------------------------------------- */

static int
run_command(struct cluster_stack *s, char **argv)
{
	pid_t supervisor = getpid();
	pid_t pid = fork();

	if (pid < 0) {
		cmd_complain("cannot start %s: %s", argv[0], strerror(errno));
		return EXIT_LOCAL;
	}
	if (pid == 0) {
		cluster_child_begin(supervisor, &s->watch.mask, SIGTERM);
		set_environment(s);
		execvp(argv[0], argv);
		cmd_complain("cannot run %s: %s", argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	s->watch.command = pid;
	return cluster_watch_command(&s->watch);
}

static int
run_until_stopped(struct cluster_stack *s)
{
	if (!options.quiet)
		fputs("hail: the cluster is up; Ctrl-C ends it\n", stderr);
	while (s->watch.stop == 0)
		cluster_watch_step(&s->watch, -1);
	return EXIT_FINE;
}

static int
complain(const struct cluster_stack *s, const struct err *e)
{
	cmd_complain("%s", e->text);
	if (s->culprit != NULL && e->class != ERR_INTERRUPTED)
		cluster_part_show(s->culprit, LINES_SHOWN);
	/* A part that does not answer is a local failure, not a connection under test. */
	return e->class == ERR_TIMEOUT ? EXIT_LOCAL : err_exit_code(e->class);
}

static int
run_cluster(struct cluster_stack *s, const struct cluster_params *params, char **command)
{
	struct err e = {0};
	int code;

	if (cluster_stack_init(s, params, &e) != 0)
		return complain(s, &e);
	if (cluster_stack_start(s, &e) != 0) {
		code = complain(s, &e);
	} else {
		if (!options.quiet)
			tell(s, command[0] != NULL ? stderr : stdout);
		code = command[0] != NULL ? run_command(s, command) : run_until_stopped(s);
	}
	cluster_stack_end(s);
	cluster_stack_release(s);
	return code;
}

static int
run(int argc, char **argv, char **rest)
{
	struct cluster_params params;
	struct cluster_stack *s;
	struct err e = {0};
	int code;

	if (argc > 0)
		err_set(&e, ERR_USAGE, 0, "'%s': a command stands behind --", argv[0]);
	if (argc > 0 || make_params(&params, &e) != 0) {
		cmd_complain("%s (see `hail cluster --help`)", e.text);
		return EXIT_USAGE;
	}
	if (check_packages(&params) != 0)
		return EXIT_LOCAL;
	s = calloc(1, sizeof *s);
	if (s == NULL) {
		cmd_complain("no memory");
		return EXIT_LOCAL;
	}
	code = run_cluster(s, &params, rest);
	free(s);
	opt_list_release(&options.node_args);
	opt_list_release(&options.chaos_nodes);
	return code;
}

const struct cmd cmd_cluster = {
	.name = "cluster",
	.operands = "[-- COMMAND [ARG...]]",
	.summary = "Runs several nodes, Redis and a load balancer on this machine",
	.options = groups,
	.epilogue = "COMMAND finds URLs in HAIL_NODES, HAIL_LB, HAIL_LB_STICKY, HAIL_REDIS,\n"
	    "and process ids in HAIL_NODE_PIDS.",
	.run = run,
};
