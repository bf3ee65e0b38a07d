/* node.c: one node: its parts, and the callbacks of libwebsockets that tie them together. */
#include "lib/node/node.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/node/broker.h"
#include "lib/node/core.h"
#include "lib/node/delay.h"
#include "lib/node/guard.h"
#include "lib/node/http.h"
#include "lib/node/hub.h"
#include "lib/node/identity.h"
#include "lib/node/limiter.h"
#include "lib/node/listener.h"
#include "lib/node/memory_broker.h"
#include "lib/node/message.h"
#include "lib/node/receiver.h"
#include "lib/node/redis_broker.h"
#include "lib/node/route.h"
#include "lib/node/ws.h"

enum {
	SERVICE_BUFFER = 64 * 1024,     /* one read from a socket */
	RECEIVE_BUFFER = 4096,          /* kept for each WebSocket */
	HEADERS_MAX = 8192,
	HANDSHAKE_SECONDS = 10,
	KEEPALIVE_SECONDS = 30,
	DESCRIPTORS_MAX = 1 << 20,
	PAGE_MOST = 512 * 1024,         /* bytes of history read at a time */
	QUERY_BYTES = 96,               /* for a value; no good one is longer */
	ACCEPTS = 64,                   /* in a row, before others get their turn */
};

#define STOP_NS (2 * NS_PER_S)
#define ACCEPT_PAUSE_US (100 * 1000)

/* One run of a node: what only this file needs, around what its parts share. */
struct run {
	struct node node;
	struct delay *delay;
	struct lws *listening;
	struct lws *signals;
	struct lws *watch;
	int listen_fd, signal_fd;
	bool done;
	bool opened;                    /* the first member of a topic has come */
	lws_sorted_usec_list_t stall, stop, accept_again;
	char cookie[96];
	struct lws_protocol_vhost_options fields[2];
};

/* What libwebsockets keeps for a connection: a request (each has its own), or a WebSocket. */
struct session {
	struct http_request request;
	struct ws *ws;
};

static struct run *
run_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

void
node_log(struct node *n, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	n->params.log(n->params.arg, text);
}

/* --- publishing --------------------------------------------------------------------------- */

int
node_publish(struct node *n, uint64_t connection, struct slice topic, struct slice data,
    struct receipt *r)
{
	char origin[BROKER_ORIGIN_MAX];
	int len = snprintf(origin, sizeof origin, "%s/%s/%" PRIu64 "/%" PRIu64, n->params.name,
	    n->boot, connection, ++n->publications);

	if (n->broker->ops->publish(n->broker, topic, (struct slice){origin, (size_t)len},
	    data, r) != 0)
		return 1;
	n->metrics.published++;
	return 0;
}

static void
on_delayed(void *arg, struct slice topic, struct stream_id id, struct slice origin,
    struct slice data)
{
	struct run *run = arg;

	hub_live(run->node.hub, topic, id, origin, data);
}

static void
on_live(void *arg, struct slice topic, struct stream_id id, struct slice origin,
    struct slice data)
{
	struct run *run = arg;

	if (run->node.chaos.delay_ns == 0 ||
	    delay_add(run->delay, topic, id, origin, data) != 0)
		hub_live(run->node.hub, topic, id, origin, data);
}

static void
on_interrupted(void *arg)
{
	struct run *run = arg;

	hub_interrupted(run->node.hub);
}

static void
on_resumed(void *arg)
{
	struct run *run = arg;

	hub_resumed(run->node.hub);
}

static void
on_relieved(void *arg)
{
	struct run *run = arg;

	ws_read_all(&run->node);
}

static void
on_refused(void *arg, struct slice origin)
{
	struct run *run = arg;
	const char *last = memrchr(origin.data, '/', origin.len);
	const char *before = memrchr(origin.data, '/', (size_t)(last - origin.data));

	ws_refuse(&run->node, strtoull(before + 1, NULL, 10));
}

/* --- connections coming in ---------------------------------------------------------------- */

static void
accept_again(lws_sorted_usec_list_t *timer)
{
	struct run *run = lws_container_of(timer, struct run, accept_again);

	lws_rx_flow_control(run->listening, 1);
}

static void
accept_some(struct run *run)
{
	struct node *n = &run->node;

	for (int i = 0; i < ACCEPTS; i++) {
		lws_sock_file_fd_type fd = {.sockfd = listener_accept(run->listen_fd)};

		if (fd.sockfd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			lws_rx_flow_control(run->listening, 0);
			lws_sul_schedule(n->lws, 0, &run->accept_again, accept_again,
			    ACCEPT_PAUSE_US);
		}
		if (fd.sockfd < 0)
			return;
		/* On failure libwebsockets has closed it. */
		lws_adopt_descriptor_vhost(n->vhost, LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP |
		    (n->params.tls_cert != NULL ? LWS_ADOPT_ALLOW_SSL : 0), fd, NULL, NULL);
	}
}

/* --- an end, and a pause ------------------------------------------------------------------ */

static void
stop_now(lws_sorted_usec_list_t *timer)
{
	struct run *run = lws_container_of(timer, struct run, stop);

	run->done = true;
	lws_cancel_service(run->node.lws);
}

static void
stop(struct run *run)
{
	struct node *n = &run->node;

	if (n->stopping)
		return;
	n->stopping = true;
	lws_sul_cancel(&run->accept_again);
	lws_set_timeout(run->listening, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	receiver_end_all(n);
	lws_sul_schedule(n->lws, 0, &run->stop, stop_now, STOP_NS / NS_PER_US);
}

static void
read_signal(struct run *run)
{
	struct signalfd_siginfo info;

	if (read(run->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		stop(run);
}

/* Stands still, deliberately: neither reads nor writes anything. */
static void
stall(lws_sorted_usec_list_t *timer)
{
	struct run *run = lws_container_of(timer, struct run, stall);
	uint64_t ns = run->node.chaos.stall_ns;
	struct timespec left = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

void
node_opened(struct node *n)
{
	struct run *run = lws_container_of(n, struct run, node);

	if (run->opened)
		return;
	run->opened = true;
	if (n->chaos.stall_ns > 0)
		lws_sul_schedule(n->lws, 0, &run->stall, stall,
		    (lws_usec_t)(n->chaos.stall_after_ns / NS_PER_US));
}

/* --- callbacks ---------------------------------------------------------------------------- */

/* An upgrade was asked for. 0: it may go on; 1: it was refused; -1: the connection is
 * broken. */
static int
check_upgrade(struct node *n, struct lws *wsi)
{
	struct http_refusal why;
	struct route route;
	const char *method = http_route(wsi, &route);
	char since[QUERY_BYTES];
	struct stream_id id;
	double expires;

	if (!http_acceptable(wsi, &route, method, &why) ||
	    !guard_admit(n, wsi, &route, &expires, &why))
		return http_refuse(wsi, &why) == 0 ? 1 : -1;
	if (!route_upgrades(route.kind))
		why = (struct http_refusal){400, "", "this is not for WebSocket"};
	else if (http_query(wsi, "since=", since, sizeof since) &&
	    !stream_id_parse(&id, since, strlen(since)))
		why = (struct http_refusal){400, "",
		    "since is the id of a message, as 1700000000000-0"};
	else
		return 0;
	return http_refuse(wsi, &why) == 0 ? 1 : -1;
}

static int
established(struct run *run, struct lws *wsi, struct session *s)
{
	struct route route;
	char text[QUERY_BYTES];
	struct stream_id since;
	struct ws_params params = {.route = &route};

	http_route(wsi, &route);
	if (http_query(wsi, "since=", text, sizeof text) &&
	    stream_id_parse(&since, text, strlen(text)))
		params.since = &since;
	params.expires = guard_expiry(&run->node, wsi);
	params.raw = http_query(wsi, "raw=", text, sizeof text) && strcmp(text, "1") == 0;
	s->ws = ws_new(&run->node, wsi, &params);
	return s->ws != NULL ? 0 : -1;
}

static int
add_fields(struct run *run, struct lws *wsi, struct lws_process_html_args *args)
{
	uint8_t *at = (uint8_t *)args->p, *end = at + args->max_len;

	for (int i = 0; i < 2; i++)
		if (lws_add_http_header_by_name(wsi, (const unsigned char *)run->fields[i].name,
		    (const unsigned char *)run->fields[i].value,
		    (int)strlen(run->fields[i].value), &at, end) != 0)
			return -1;
	args->p = (char *)at;
	return 0;
}

static int
on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct session *s = user;

	switch ((int)reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return check_upgrade(&run_of(wsi)->node, wsi);
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		SSL_CTX_set_mode(user, SSL_MODE_RELEASE_BUFFERS);
		return 0;
	case LWS_CALLBACK_ADD_HEADERS:
		return add_fields(run_of(wsi), wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		return established(run_of(wsi), wsi, s);
	case LWS_CALLBACK_RECEIVE:
		return s->ws != NULL ? ws_received(s->ws, in, len) : -1;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return s->ws != NULL ? ws_writable(s->ws) : 0;
	case LWS_CALLBACK_CLOSED:
		ws_free(s->ws);
		s->ws = NULL;
		return 0;
	case LWS_CALLBACK_HTTP:
		return http_begin(&run_of(wsi)->node, wsi, &s->request);
	case LWS_CALLBACK_HTTP_BODY:
		return http_body(wsi, &s->request, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return http_received(&run_of(wsi)->node, wsi, &s->request);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return http_writable(wsi, &s->request);
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (s != NULL)
			http_end(&s->request);
		return 0;
	default:
		return 0;
	}
}

/* The listening socket, the signals and the epoll, adopted as plain descriptors. */
static int
on_file(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct run *run = run_of(wsi);

	(void)user;
	(void)in;
	(void)len;
	if (reason == LWS_CALLBACK_RAW_RX_FILE && wsi == run->listening)
		accept_some(run);
	else if (reason == LWS_CALLBACK_RAW_RX_FILE && wsi == run->signals)
		read_signal(run);
	else if (reason == LWS_CALLBACK_RAW_RX_FILE && wsi == run->watch)
		receiver_watched(&run->node);
	return 0;
}

static const struct lws_protocols protocols[] = {
	{.name = "hail", .callback = on_http, .per_session_data_size = sizeof(struct session),
	    .rx_buffer_size = RECEIVE_BUFFER},
	{.name = "file", .callback = on_file},
	REDIS_LINK_PROTOCOL,
	{.name = NULL},
};

/* --- start and end ------------------------------------------------------------------------ */

static int
check_params(const struct node_params *p, struct err *e)
{
	if (!message_node_valid(slice_of(p->name)))
		return err_set(e, ERR_USAGE, 0,
		    "--node: '%.80s' is not 1 to 64 letters, digits, '.', '_' and '-'",
		    p->name);
	if (p->history < 1 || p->history > 100 * 1000 * 1000)
		return err_set(e, ERR_USAGE, 0, "--history: between 1 and 100m messages");
	if (p->max_message < 1 || p->max_message > 256 << 20)
		return err_set(e, ERR_USAGE, 0, "--max-message: between 1 B and 256 MiB");
	if (p->max_backlog < 1024)
		return err_set(e, ERR_USAGE, 0, "--max-backlog: at least 1 KiB");
	if (p->heartbeat_ns < 10 * NS_PER_MS || p->heartbeat_ns > 3600 * NS_PER_S)
		return err_set(e, ERR_USAGE, 0, "--heartbeat: between 10 ms and 1 h");
	if (p->auth_secret != NULL && p->auth_secret[0] == '\0')
		return err_set(e, ERR_USAGE, 0, "--auth-secret: the secret is empty");
	if (p->rate_limit != 0 && (p->rate_limit < 1.0 / 3600 || p->rate_limit > 1e6))
		return err_set(e, ERR_USAGE, 0,
		    "--rate-limit: between 1/h and 1m/s, or 0 for no limit");
	return 0;
}

/* libwebsockets finds a connection by its descriptor, in a table as long as the limit. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int
open_signals(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		err_set(e, ERR_IO, errno, "no descriptor for signals: %s", strerror(errno));
	return fd;
}

static void
prepare_fields(struct run *run)
{
	snprintf(run->cookie, sizeof run->cookie, "hail_node=%s; Path=/",
	    run->node.params.name);
	run->fields[0] = (struct lws_protocol_vhost_options){.next = &run->fields[1],
	    .name = "X-Served-By:", .value = run->node.params.name};
	run->fields[1] = (struct lws_protocol_vhost_options){.name = "Set-Cookie:",
	    .value = run->cookie};
}

/* The loop is libwebsockets' own, on poll(2). In 4.1 the libev plugin costs half as much
 * with thousands of connections, but runs no timers; the libuv plugin costs more. */
static int
start_lws(struct run *run, struct err *e)
{
	struct node *n = &run->node;
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.user = run,
		.pt_serv_buf_size = SERVICE_BUFFER,
		.max_http_header_data = HEADERS_MAX,
		.timeout_secs = HANDSHAKE_SECONDS,
		.keepalive_timeout = KEEPALIVE_SECONDS,
		.vhost_name = "hail",
		.headers = run->fields,
		.server_string = "hail",
		.alpn = "http/1.1",
		.ssl_cert_filepath = n->params.tls_cert,
		.ssl_private_key_filepath = n->params.tls_key,
	};

	if (n->params.tls_cert != NULL)
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	lws_set_log_level(n->params.trace ? LLL_ERR | LLL_WARN : 0, NULL);
	n->lws = lws_create_context(&info);
	if (n->lws == NULL)
		return err_set(e, ERR_IO, 0, "libwebsockets could not start");
	n->vhost = lws_create_vhost(n->lws, &info);
	if (n->vhost == NULL)
		return err_set(e, ERR_IO, 0, "libwebsockets could not start a host");
	deadlines_init(&n->deadlines, n->lws);
	return 0;
}

static int
adopt(struct run *run, int fd, struct lws **wsi, struct err *e)
{
	lws_sock_file_fd_type desc = {.filefd = (lws_filefd_type)(intptr_t)fd};

	*wsi = lws_adopt_descriptor_vhost(run->node.vhost, LWS_ADOPT_RAW_FILE_DESC, desc,
	    "file", NULL);
	if (*wsi == NULL)
		return err_set(e, ERR_MEMORY, 0, "libwebsockets could not take a descriptor");
	return 0;
}

static int
start_parts(struct run *run, struct err *e)
{
	struct node *n = &run->node;
	const struct broker_events events = {on_live, on_interrupted, on_resumed, on_refused,
	    on_relieved, run};
	struct hub_params hub_params = {.broker = &n->broker, .log = n->params.log,
	    .arg = n->params.arg};
	uint64_t boot;

	/* A page fits into what may be queued for a receiver that has room for one. */
	n->page_bytes = n->params.max_backlog / 2 < PAGE_MOST ?
	    (size_t)n->params.max_backlog / 2 : PAGE_MOST;
	hub_params.page_bytes = n->page_bytes;
	rng_secret(&boot, sizeof boot);
	snprintf(n->boot, sizeof n->boot, "%016" PRIx64, boot);
	n->started_ns = clock_ns();
	run->delay = delay_new(n->lws, n->chaos.delay_ns, on_delayed, run);
	n->hub = hub_new(&hub_params);
	if (n->params.redis != NULL)
		n->broker = redis_broker_new(n, &events, e);
	else
		n->broker = memory_broker_new(n->params.history, &events);
	if (n->params.redis != NULL && n->broker == NULL)
		return -1;
	if (n->broker == NULL || n->hub == NULL || run->delay == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory to start with");
	return 0;
}

static int
start_guard(struct node *n, struct err *e)
{
	if (n->params.auth_secret != NULL)
		n->secret = slice_of(n->params.auth_secret);
	if (n->params.rate_limit == 0)
		return 0;
	n->rate = bucket_rate_of(n->params.rate_limit);
	n->limiter = limiter_new(&n->rate);
	return n->limiter != NULL ? 0 : err_set(e, ERR_MEMORY, 0, "no memory for the rate limit");
}

static int
start(struct run *run, struct err *e)
{
	struct node *n = &run->node;

	if (check_params(&n->params, e) != 0 || start_guard(n, e) != 0)
		return -1;
	if (n->params.chaos != NULL && chaos_parse(&n->chaos, n->params.chaos, e) != 0)
		return -1;
	if (identity_check(n->params.tls_cert, n->params.tls_key, e) != 0)
		return -1;
	raise_descriptor_limit();
	prepare_fields(run);
	run->listen_fd = listener_open(n->params.listen, e);
	if (run->listen_fd < 0)
		return -1;
	run->signal_fd = open_signals(e);
	if (run->signal_fd < 0 || start_lws(run, e) != 0 || start_parts(run, e) != 0)
		return -1;
	if (adopt(run, run->listen_fd, &run->listening, e) != 0)
		return -1;
	if (adopt(run, run->signal_fd, &run->signals, e) != 0)
		return -1;
	if (receiver_watch(n) != 0)
		return err_set(e, ERR_IO, errno, "no epoll: %s", strerror(errno));
	return adopt(run, n->watch_fd, &run->watch, e);
}

/* The descriptors that were adopted are closed with the context. */
static void
release(struct run *run)
{
	struct node *n = &run->node;

	lws_sul_cancel(&run->stall);
	lws_sul_cancel(&run->stop);
	lws_sul_cancel(&run->accept_again);
	if (n->broker != NULL)
		n->broker->ops->free(n->broker);
	delay_free(run->delay);
	deadlines_release(&n->deadlines);
	if (n->lws != NULL)
		lws_context_destroy(n->lws);
	hub_free(n->hub);
	limiter_free(n->limiter);
	if (run->listening == NULL && run->listen_fd >= 0)
		close(run->listen_fd);
	if (run->signals == NULL && run->signal_fd >= 0)
		close(run->signal_fd);
	if (run->watch == NULL && n->watch_fd >= 0)
		close(n->watch_fd);
}

int
node_run(const struct node_params *params, struct err *e)
{
	struct run run = {.node = {.params = *params, .watch_fd = -1}, .listen_fd = -1,
	    .signal_fd = -1};
	char url[96];
	int failed = start(&run, e);

	if (!failed) {
		snprintf(url, sizeof url, "%s://", params->tls_cert != NULL ? "https" : "http");
		listener_address(run.listen_fd, url + strlen(url), sizeof url - strlen(url));
		params->ready(params->arg, url);
	}
	while (!failed && !run.done && !(run.node.stopping && run.node.receivers == NULL))
		if (lws_service(run.node.lws, 0) < 0)
			break;
	release(&run);
	return failed;
}
