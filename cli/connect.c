/* connect.c: `hail connect`: from options to a talk, on a terminal or in a pipe. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/record_open.h"
#include "cli/show.h"
#include "cli/signals.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "cli/tty.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/base/url.h"
#include "lib/base/utf8.h"
#include "lib/codec/ws_deflate.h"
#include "lib/loop/loop.h"
#include "lib/script/option.h"
#include "lib/transport/endpoint.h"

enum {
	REFUSAL_MAX = 16 * 1024,     /* bytes of a refusal's body that are read and shown */
	BACKLOG_MAX = 256 << 20,     /* bytes that may wait to be sent */
	INPUT_BACKLOG = 1 << 20,     /* with more than this waiting, input is not read */
	LINE_MAX_BYTES = BACKLOG_MAX / 16,   /* of a line in fragments of a byte, each framed */
	LAST_WORDS_MS = 2000,        /* for the outputs after an interrupt; else they have time */
};

static struct opt_list messages, on_open;
static bool binary, echo, receive, nul, json, quiet, location, delta, raw;
static bool wait_given, count_given, backoff_given;
static uint64_t count, wait_ns = 5 * NS_PER_S, linger, reconnect;
static const char *backoff_text, *record_path, *publish;
static bool reconnect_given;
static int verbose, color, fault;

static const struct opt rows[] = {
	{"message", 'm', OPT_LIST, &messages, "TEXT",
	    "send this instead of reading input; repeatable", 0},
	{"on-open", 0, OPT_LIST, &on_open, "TEXT",
	    "send this first, whenever it opens; repeatable", 0},
	{"count", 'n', OPT_COUNT, &count, "N", "end after N messages; fewer are a failure",
	    &count_given},
	{"wait", 0, OPT_DURATION, &wait_ns, "TIME",
	    "limit for the next reply once the input has ended (5s; -n: none)", &wait_given},
	{"linger", 0, OPT_DURATION, &linger, "TIME",
	    "stay open so long once the input has ended, replies or not", 0},
	{"echo", 0, OPT_FLAG, &echo, NULL, "send every message back; read no input", 0},
	{"receive", 0, OPT_FLAG, &receive, NULL, "only receive; read no input", 0},
	{"binary", 0, OPT_FLAG, &binary, NULL, "send binary messages instead of text", 0},
	{"null", '0', OPT_FLAG, &nul, NULL, "messages end in NUL instead of newline", 0},
	{"json", 0, OPT_FLAG, &json, NULL, "print each event as a JSON object, one a line", 0},
	{"location", 'L', OPT_FLAG, &location, NULL,
	    "follow redirects of the upgrade; other requests do so anyway", 0},
	{"publish", 0, OPT_TEXT, &publish, "'METHOD PATH'",
	    "send messages by requests: 'POST /pub/x', or to a URL", 0},
	{"reconnect", 0, OPT_MAYBE, &reconnect, "N",
	    "connect again when the connection is lost, N times in a row", &reconnect_given},
	{"backoff", 0, OPT_TEXT, &backoff_text, "MIN..MAX",
	    "bounds of the wait before that (500ms..30s)", &backoff_given},
	{"fault", 0, OPT_CHOICE, &fault,
	    "none|unmasked|rsv|opcode|bad-utf8|fragmented|oversize-control|no-close",
	    "do this wrong on purpose", 0},
	{"record", 0, OPT_TEXT, &record_path, "FILE", "write what is said as a script", 0},
	{"raw", 0, OPT_FLAG, &raw, NULL, "on a terminal: JSON as it came", 0},
	{"delta", 0, OPT_FLAG, &delta, NULL, "on a terminal: times since the line before", 0},
	{"color", 0, OPT_CHOICE, &color, "auto|always|never", "colours (auto)", 0},
	{"quiet", 'q', OPT_FLAG, &quiet, NULL, "only messages and errors", 0},
	{"verbose", 'v', OPT_TALLY, &verbose, NULL,
	    "show the heads and how long each step took; -vv: every frame", 0},
	{0},
};

static const struct opt *const groups[] = {rows, client_rows, NULL};

/* Standard output or error. */
struct outlet {
	struct connect *connect;
	struct output *output;       /* NULL: a terminal has both */
	bool full;
};

/* What one run of the command holds. */
struct connect {
	struct loop *loop;
	struct resolver *resolver;
	struct client *client;
	struct url url;
	struct rng rng;
	struct outlet output, errors;
	bool output_gone;            /* nothing can be written any more, */
	bool output_failed;          /* and not because the reader went away */
	struct input *input;         /* NULL: nothing is read */
	struct terminal *terminal;   /* NULL: not on one */
	struct view *view;
	struct talk *talk;
	char *publish_text;
	struct conversation_publish publish;
	struct record_params record;
	struct signals signals;
};

/* --- options ----------------------------------------------------------------------------- */

/* What is sent as text has to be UTF-8. */
static int
check_texts(const struct opt_list *list, const char *option, struct err *e)
{
	for (size_t i = 0; i < list->count && !binary; i++)
		if (!utf8_valid(list->items[i], strlen(list->items[i])))
			return err_set(e, ERR_USAGE, 0, "%s: '%.100s' is not UTF-8; --binary sends "
			    "it", option, list->items[i]);
	return 0;
}

static bool
is_websocket(void)
{
	return client_transport() == TRANSPORT_WS;
}

/* Whether nothing can be sent. */
static bool
is_mute(void)
{
	return !is_websocket() && publish == NULL;
}

/* What only some transports can do. */
static int
check_ways(struct err *e)
{
	const char *name = transport_name(client_transport());
	const char *sends = messages.count > 0 ? "--message" : on_open.count > 0 ? "--on-open" :
	    echo ? "--echo" : NULL;

	if (is_mute() && sends != NULL)
		return err_set(e, ERR_USAGE, 0, "%s: %s only receives; --publish 'POST /path' "
		    "sends by requests", sends, name);
	if (!is_websocket() && fault != 0)
		return err_set(e, ERR_USAGE, 0, "--fault: only a WebSocket can be spoken wrongly");
	return 0;
}

/* "POST /pub/x": what to send messages by. `text` is cut in two. */
static int
take_publish(struct conversation_publish *p, char *text, struct err *e)
{
	char *space = strchr(text, ' ');

	*p = (struct conversation_publish){.method = text};
	if (space != NULL) {
		*space = '\0';
		p->target = space + 1 + strspn(space + 1, " ");
	}
	if (space == NULL || (strcmp(text, "POST") != 0 && strcmp(text, "PUT") != 0 &&
	    strcmp(text, "PATCH") != 0))
		return err_set(e, ERR_USAGE, 0, "--publish: expected POST, PUT or PATCH, a space "
		    "and a path, not '%.100s'", publish);
	if (*p->target != '/' && strncmp(p->target, "http://", 7) != 0 &&
	    strncmp(p->target, "https://", 8) != 0)
		return err_set(e, ERR_USAGE, 0, "--publish: expected a path that begins with "
		    "'/', or a URL, not '%.100s'", p->target);
	return 0;
}

static int
check_options(struct err *e)
{
	if (messages.count > 0 && (echo || receive))
		return err_set(e, ERR_USAGE, 0, "--message and --%s: one or the other",
		    echo ? "echo" : "receive");
	if (echo && receive)
		return err_set(e, ERR_USAGE, 0, "--echo and --receive: one or the other");
	if (check_ways(e) != 0)
		return -1;
	if (count_given && count == 0)
		return err_set(e, ERR_USAGE, 0, "--count: expected more than nothing");
	if (backoff_given && reconnect == 0)
		return err_set(e, ERR_USAGE, 0, "--backoff needs --reconnect");
	if (check_texts(&messages, "--message", e) != 0)
		return -1;
	return check_texts(&on_open, "--on-open", e);
}

/* A prompt needs both ends to be a terminal, and somebody to type. */
static bool
is_interactive(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && messages.count == 0 && !echo &&
	    !receive && !json && !nul;
}

/* $XDG_STATE_HOME/hail/history, where the XDG Base Directory Specification puts such things. */
static const char *
history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	static char path[1024];

	if (state != NULL && *state == '/')
		snprintf(path, sizeof path, "%s/hail/history", state);
	else if (home != NULL && *home == '/')
		snprintf(path, sizeof path, "%s/.local/state/hail/history", home);
	else
		return NULL;
	return path;
}

/* --- input and output -------------------------------------------------------------------- */

/* Input is read while the conversation is open and keeps up. */
static void
ready(void *ctx)
{
	struct connect *c = ctx;

	if (c->input != NULL)
		input_resume(c->input);
}

static void
busy(void *ctx)
{
	struct connect *c = ctx;

	if (c->input != NULL)
		input_pause(c->input);
}

static bool
was_open(const struct connect *c)
{
	struct conversation_totals totals;

	if (talk_conversation(c->talk) == NULL)
		return false;
	conversation_totals(talk_conversation(c->talk), &totals);
	return totals.connections > 0;
}

static void
over(void *ctx)
{
	struct connect *c = ctx;
	int code = talk_exit_code(c->talk);

	if (c->input != NULL && input_left(c->input) && !count_given && !c->output_gone &&
	    (code == EXIT_FINE || code == EXIT_CONNECTION) && was_open(c))
		cmd_complain("it ended before all of the input was sent");
	if (talk_conversation(c->talk) == NULL)      /* nobody may ask for it any more */
		event_base_loopbreak(loop_base(c->loop));
	else
		loop_stop(c->loop);
}

static const struct talk_events talk_events = {ready, busy, over};

static bool
line_read(void *ctx, const char *text, size_t len, uint64_t number)
{
	struct connect *c = ctx;
	struct err e;

	if (!binary && !utf8_valid(text, len)) {
		err_set(&e, ERR_USAGE, 0, "line %llu of the input is not UTF-8; --binary sends it",
		    (unsigned long long)number);
		talk_stop(c->talk, &e);
		return false;
	}
	if (fault == WS_FAULT_FRAGMENTED && len > LINE_MAX_BYTES) {
		err_set(&e, ERR_USAGE, 0, "line %llu of the input is longer than %d MiB, which is "
		    "too much in fragments", (unsigned long long)number, LINE_MAX_BYTES >> 20);
		talk_stop(c->talk, &e);
		return false;
	}
	if (!talk_say(c->talk, text, len))
		return false;
	if (conversation_backlog(talk_conversation(c->talk)) > INPUT_BACKLOG)
		input_pause(c->input);
	return true;
}

static void
input_over(void *ctx, const struct err *why)
{
	struct connect *c = ctx;

	if (why != NULL)
		talk_stop(c->talk, why);
	else
		talk_input_ended(c->talk);
}

static const struct input_events input_events = {line_read, input_over};

static void
update_hold(struct connect *c)
{
	if (c->talk != NULL)
		talk_hold(c->talk, c->output.full || c->errors.full);
}

static void
outlet_full(void *ctx)
{
	struct outlet *o = ctx;

	o->full = true;
	update_hold(o->connect);
}

static void
outlet_drained(void *ctx)
{
	struct outlet *o = ctx;

	o->full = false;
	update_hold(o->connect);
}

/* A reader that has seen enough (head(1)) is no failure. */
static void
output_broken(void *ctx, int code)
{
	struct connect *c = ((struct outlet *)ctx)->connect;
	struct err e;

	outlet_drained(ctx);
	c->output_failed = code != EPIPE;
	c->output_gone = true;
	if (c->talk == NULL)
		return;
	err_set(&e, ERR_IO, code, "cannot write to standard output: %s", strerror(code));
	talk_stop(c->talk, code == EPIPE ? NULL : &e);
}

static void
errors_broken(void *ctx, int code)
{
	(void)code;
	outlet_drained(ctx);
}

static const struct output_events output_events = {outlet_full, outlet_drained, output_broken};
static const struct output_events errors_events = {outlet_full, outlet_drained, errors_broken};

static void
signalled(evutil_socket_t number, short events, void *ctx)
{
	struct connect *c = ctx;

	(void)number;
	(void)events;
	talk_interrupt(c->talk);
}

/* --- one run ----------------------------------------------------------------------------- */

static unsigned
columns_of(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static int
make_outlet(struct connect *c, struct outlet *o, int fd, const struct output_events *events,
    struct err *e)
{
	o->connect = c;
	o->output = output_new(c->loop, fd, events, o, e);
	return o->output != NULL ? 0 : -1;
}

static int
make_view(struct connect *c, struct err *e)
{
	struct terminal_params t = {.color = tty_wants_color(STDOUT_FILENO, color), .quiet = quiet,
	    .verbose = verbose, .delta = delta, .raw_json = raw, .history = history_path(),
	    .mute = is_mute() ? transport_name(client_transport()) : NULL,
	    .no_pings = !is_websocket()};
	struct view_params p = {.quiet = quiet, .color = tty_wants_color(STDERR_FILENO, color),
	    .verbose = verbose, .separator = nul ? '\0' : '\n', .hide_messages = echo && quiet,
	    .out_color = tty_wants_color(STDOUT_FILENO, color), .raw_json = raw};

	if (isatty(STDOUT_FILENO) && !nul && !json)
		p.columns = columns_of(STDOUT_FILENO);
	if (is_interactive()) {
		c->terminal = terminal_new(c->loop, &t, e);
		if (c->terminal == NULL)
			return -1;
		c->view = terminal_view(c->terminal);
		return 0;
	}
	if (make_outlet(c, &c->output, STDOUT_FILENO, &output_events, e) != 0 ||
	    make_outlet(c, &c->errors, STDERR_FILENO, &errors_events, e) != 0)
		return -1;
	p.out = c->output.output;
	p.err = c->errors.output;
	c->view = json ? view_json_new(&p) : view_lines_new(&p);
	return c->view != NULL ? 0 : err_set(e, ERR_MEMORY, 0, "no memory for output");
}

static int
make_input(struct connect *c, struct err *e)
{
	if (c->terminal != NULL || messages.count > 0 || echo || receive || is_mute())
		return 0;
	c->input = input_new(c->loop, STDIN_FILENO, nul ? '\0' : '\n', &input_events, c, e);
	return c->input != NULL ? 0 : -1;
}

static int
make_client(struct connect *c, struct err *e)
{
	struct client_options o = client_options_taken();
	uint64_t seed;

	rng_secret(&seed, sizeof seed);
	rng_init(&c->rng, seed);
	o.compress = o.compress || !client_compress_given();
	if (echo && !client_pings_given())
		o.ping_interval = 0;         /* nothing goes out but what came in */
	o.fault = (enum ws_fault)fault;
	o.max_refusal = REFUSAL_MAX;
	o.max_backlog = BACKLOG_MAX;
	c->client = client_new(&o, e);
	return c->client != NULL ? 0 : -1;
}

static bool
script_takes(const char *name)
{
	return script_option_find(slice_of(name)) != NULL;
}

/* What a script that is recorded says about connecting. */
static struct record_params
record_params_taken(const struct connect *c)
{
	struct record_params p = {.transport = transport_polls(client_transport()) ?
	    transport_name(client_transport()) : NULL, .takes = script_takes,
	    .user = c->url.user != NULL};

	p.uses = opt_uses(&p.use_count);
	return p;
}

static int
start_talk(struct connect *c, struct err *e)
{
	bool listens = echo || receive || is_mute();
	struct talk_params p = {
	    .conversation = {.client = c->client, .url = &c->url, .resolver = c->resolver,
	    .rng = &c->rng, .redirects = location || !is_websocket() ? CONVERSATION_REDIRECTS : 0,
	    .continues = reconnect_given ? reconnect > 0 : count_given || c->terminal != NULL,
	    .publish = publish != NULL ? &c->publish : NULL,
	    .retries = reconnect > INT_MAX ? CONVERSATION_FOREVER : (int)reconnect,
	    .backoff = {500 * NS_PER_MS, 30 * NS_PER_S}},
	    .record = &c->record,
	    .on_open = on_open.items, .on_open_count = on_open.count, .messages = messages.items,
	    .message_count = messages.count, .binary = binary, .echo = echo,
	    .listens = listens, .stays = c->terminal != NULL ||
	    (listens && !wait_given && linger == 0), .count = count,
	    .wait = wait_given || !count_given ? wait_ns : TALK_NO_LIMIT, .linger = linger};
	struct err why = {0};

	c->record = record_params_taken(c);
	if (publish != NULL && take_publish(&c->publish, c->publish_text, e) != 0)
		return -1;
	if (backoff_text != NULL && backoff_parse(&p.conversation.backoff, backoff_text, &why) != 0)
		return err_set(e, why.class, 0, "--backoff: %.200s", why.text);
	c->talk = talk_new(c->loop, &p, c->view, &talk_events, c, e);
	if (c->talk == NULL)
		return -1;
	if (c->terminal != NULL)
		terminal_attach(c->terminal, c->talk);
	return record_path != NULL ? talk_record(c->talk, record_path, e) : 0;
}

/* What compression was good for, and what polling took, with -v; a terminal has said it already. */
static void
tell_totals(struct connect *c)
{
	struct show show = {.color = tty_wants_color(STDERR_FILENO, color)};
	struct conversation_totals totals;
	struct buf text;

	if (verbose == 0 || c->errors.output == NULL || talk_conversation(c->talk) == NULL || json)
		return;
	buf_init(&text, 4096);
	conversation_totals(talk_conversation(c->talk), &totals);
	show_compression(&show, &text, &totals.compression);
	show_polling(&show, &text, &totals.polling);
	output_add(c->errors.output, text.data, text.len);
	buf_release(&text);
}

/* What came is not lost because its reader takes its time; a signal ends it as it ends others. */
static int
finish(struct connect *c, struct err *e)
{
	int code = talk_exit_code(c->talk), recorded = talk_record(c->talk, NULL, e);
	int limit = code == EXIT_INTERRUPTED ? LAST_WORDS_MS : -1;

	signals_leave(&c->signals);
	tell_totals(c);
	output_finish(c->output.output, limit);
	output_finish(c->errors.output, limit);
	if (recorded != 0)
		return -1;
	return code == EXIT_FINE && c->output_failed ? EXIT_LOCAL : code;
}

static int
converse(struct connect *c, char *url, struct err *e)
{
	if (client_url(&c->url, url, e) != 0 || check_options(e) != 0 || make_client(c, e) != 0)
		return -1;
	if (publish != NULL && (c->publish_text = strdup(publish)) == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for options");
	c->loop = loop_new(e);
	if (c->loop == NULL)
		return -1;
	c->resolver = resolver_new(c->loop, e);
	if (c->resolver == NULL || make_view(c, e) != 0 || make_input(c, e) != 0 ||
	    start_talk(c, e) != 0)
		return -1;
	signals_take(&c->signals, c->loop, signalled, c);
	return loop_run(c->loop, e) != 0 ? -1 : finish(c, e);
}

static void
release(struct connect *c)
{
	signals_leave(&c->signals);
	if (c->view != NULL)
		c->view->ops->free(c->view);         /* nobody talks any more */
	input_free(c->input);
	output_free(c->output.output);
	output_free(c->errors.output);
	talk_free(c->talk);
	resolver_free(c->resolver);
	if (c->loop != NULL)
		loop_free(c->loop);
	client_free(c->client);
	url_release(&c->url);
	free(c->publish_text);
	opt_list_release(&messages);
	opt_list_release(&on_open);
}

static int
run(int argc, char **argv, char **rest)
{
	struct connect c = {0};
	struct err e = {0};
	int result;

	if (argc == 0 && *rest != NULL)
		argv = rest++;
	else if (argc == 0) {
		cmd_complain("expected a URL (see `hail connect --help`)");
		return EXIT_USAGE;
	}
	if (argc > 1 || *rest != NULL) {
		cmd_complain("expected one URL, not '%s' as well", argc > 1 ? argv[1] : *rest);
		return EXIT_USAGE;
	}
	result = converse(&c, argv[0], &e);
	release(&c);
	if (result >= 0)
		return result;
	cmd_complain("%s", e.text);
	return err_exit_code(e.class);
}

const struct cmd cmd_connect = {
	"connect", "URL", "Talks to an endpoint: interactive on a terminal, a filter in a pipe",
	groups,
	"On a terminal, /help lists what else can be typed. In a pipe a line in is a message out\n"
	"and messages go to standard output; exit status 0 is a normal close, 3 a refused,\n"
	"broken or lost connection.",
	run,
};
