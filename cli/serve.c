/* serve.c: `hail serve`, the reference node. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cmd.h"
#include "cli/opt.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/secret.h"
#include "lib/node/node.h"

static struct node_params params = {
	.listen = "127.0.0.1:9001",
	.name = "n1",
	.history = 10000,
	.max_message = 1 << 20,
	.max_backlog = 1 << 20,
	.heartbeat_ns = 15 * NS_PER_S,
};

static bool quiet;
static int verbose;

static const struct opt rows[] = {
	{"listen", 0, OPT_TEXT, &params.listen, "HOST:PORT",
	    "where to listen (127.0.0.1:9001); port 0: any free one", NULL},
	{"node", 0, OPT_TEXT, &params.name, "NAME", "the name of this node (n1)", NULL},
	{"redis", 0, OPT_TEXT, &params.redis, "URL",
	    "link nodes: redis://[user:password@]host[:port][/db]", NULL},
	{"history", 0, OPT_COUNT, &params.history, "N",
	    "messages kept for each topic (10000)", NULL},
	{"max-message", 0, OPT_SIZE, &params.max_message, "SIZE",
	    "longest message taken (1MiB)", NULL},
	{"max-backlog", 0, OPT_SIZE, &params.max_backlog, "SIZE",
	    "close a receiver with more than this queued (1MiB)", NULL},
	{"heartbeat", 0, OPT_DURATION, &params.heartbeat_ns, "TIME",
	    "a silent event stream shows that it is alive (15s)", NULL},
	{"auth-secret", 0, OPT_TEXT, &params.auth_secret, "SECRET|@FILE",
	    "ask for a token (JWT, HS256) signed with it", NULL},
	{"rate-limit", 0, OPT_RATE, &params.rate_limit, "RATE",
	    "messages of a WebSocket, or requests of an address (none)", NULL},
	{"chaos", 0, OPT_TEXT, &params.chaos, "SPEC",
	    "break promises: drop=1/100,dup=1/200,swap=1/50,...", NULL},
	{"tls-cert", 0, OPT_TEXT, &params.tls_cert, "FILE",
	    "speak TLS, with this certificate and its chain (PEM)", NULL},
	{"tls-key", 0, OPT_TEXT, &params.tls_key, "FILE", "the certificate's key (PEM)", NULL},
	{"quiet", 'q', OPT_FLAG, &quiet, NULL, "say nothing on stderr while serving", NULL},
	{"verbose", 'v', OPT_TALLY, &verbose, NULL, "show what libwebsockets warns of", NULL},
	{NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

static const struct opt *const groups[] = {rows, NULL};

/* The first line on stdout: whoever started the node waits for it. */
static void
ready(void *arg, const char *url)
{
	(void)arg;
	printf("hail serve: %s listening on %s\n", params.name, url);
	fflush(stdout);
}

static void
report(void *arg, const char *text)
{
	(void)arg;
	if (!quiet)
		fprintf(stderr, "hail serve: %s: %s\n", params.name, text);
}

static int
run(int argc, char **argv, char **rest)
{
	struct err e = {0};
	char *owned = NULL;
	bool failed;

	(void)rest;
	if (argc > 0) {
		cmd_complain("serve takes no operand '%s'", argv[0]);
		return EXIT_USAGE;
	}
	params.ready = ready;
	params.log = report;
	params.trace = verbose > 0;
	failed = secret_read(&params.auth_secret, &owned, "--auth-secret", &e) != 0 ||
	    node_run(&params, &e) != 0;
	free(owned);
	if (!failed)
		return EXIT_FINE;
	cmd_complain("%s", e.text);
	return err_exit_code(e.class);
}

const struct cmd cmd_serve = {
	.name = "serve",
	.operands = "",
	.summary = "The reference node: topics by WebSocket, SSE and polls, linked through Redis",
	.options = groups,
	.epilogue = "Routes: /ws/{topic} /sse/{topic} /poll/{topic} /echo /pub/{topic} /healthz\n"
	    "/metrics; hail-serve(1) has the rest.",
	.run = run,
};
