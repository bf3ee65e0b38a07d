#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/prompt.h"
#include "cli/show.h"
#include "cli/slash.h"
#include "cli/talk.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/utf8.h"
#include "lib/codec/http_head.h"
#include "lib/loop/loop.h"

enum {
	TEXT_MAX = 4 << 20,          /* bytes of what is shown at once */
	MESSAGE_SHOWN = 16 * 1024,   /* bytes of a message; more is cut */
	FILE_MAX = 64 << 20,         /* bytes of a file for /send */
	COUNTDOWN_MS = 500,
};

static const char label_open[] = "> ";

struct terminal {
	struct view view;
	struct loop *loop;
	struct terminal_params params;
	struct prompt *prompt;
	struct talk *talk;
	struct show show;
	struct buf text;             /* what is about to be shown */
	char *answer;                /* head of the last answer, for /headers */
	const char *where;           /* what is being connected to */
	uint64_t opened_at, last_rtt;
	uint64_t sent, received, sent_bytes, received_bytes;
	uint64_t retry_at;           /* clock_ns; 0: nothing is being waited for */
	bool asked_ping;             /* by /ping, not by the keepalive */
	bool ended;                  /* the conversation is over; what is typed goes nowhere */
	struct loop_timer countdown;
};

/* --- showing ----------------------------------------------------------------------------- */

static void
flush(struct terminal *t)
{
	if (t->text.len > 0)
		prompt_print(t->prompt, (const char *)t->text.data, t->text.len);
	buf_release(&t->text);
}

static void
complain(struct view *v, const struct err *e)
{
	struct terminal *t = (struct terminal *)v;

	show_error(&t->show, &t->text, "%s", e->text);
	flush(t);
}

static void
connecting(struct view *v, const char *where, unsigned redirect)
{
	struct terminal *t = (struct terminal *)v;

	t->where = where;
	t->retry_at = 0;
	loop_timer_clear(&t->countdown);
	prompt_label(t->prompt, "… ");
	if (redirect > 0)
		show_notice(&t->show, &t->text, "redirected to %s", t->where);
	else if (!t->params.quiet && t->opened_at == 0)
		show_notice(&t->show, &t->text, "connecting to %s", t->where);
	flush(t);
}

static void
keep_answer(struct terminal *t, const struct http_head *head)
{
	struct buf text;

	buf_init(&text, HTTP_HEAD_MAX * 2);
	buf_addf(&text, "HTTP/1.%d %d %.*s\n", head->minor, head->status, (int)head->reason.len,
	    head->reason.data);
	for (size_t i = 0; i < head->count; i++)
		buf_addf(&text, "%.*s: %.*s\n", (int)head->fields[i].name.len,
		    head->fields[i].name.data, (int)head->fields[i].value.len,
		    head->fields[i].value.data);
	free(t->answer);
	t->answer = strndup(text.len > 0 ? (const char *)text.data : "", text.len);
	buf_release(&text);
}

static void
opened(struct view *v, const struct channel_opened *o)
{
	struct terminal *t = (struct terminal *)v;

	t->opened_at = o->at;
	if (o->head != NULL)
		keep_answer(t, o->head);
	if (!t->params.quiet)
		show_opened(&t->show, &t->text, o, t->where, true, t->params.verbose > 0);
	prompt_label(t->prompt, label_open);
	flush(t);
}

static void
message(struct view *v, const struct message *m, bool out)
{
	struct terminal *t = (struct terminal *)v;

	*(out ? &t->sent : &t->received) += 1;
	*(out ? &t->sent_bytes : &t->received_bytes) += m->len;
	t->show.columns = prompt_columns(t->prompt);
	show_message(&t->show, &t->text, m, out);
	flush(t);
}

static void
pong(struct view *v, uint64_t round_trip_ns)
{
	struct terminal *t = (struct terminal *)v;
	char text[32];

	t->last_rtt = round_trip_ns;
	if (!t->asked_ping)
		return;              /* it was the keepalive's */
	t->asked_ping = false;
	show_notice(&t->show, &t->text, "pong after %s", show_time_text(text, round_trip_ns));
	flush(t);
}

static void
show_countdown(struct terminal *t)
{
	uint64_t now = clock_ns();
	unsigned seconds = 0;
	char label[64];

	if (t->retry_at > now)
		seconds = (unsigned)((t->retry_at - now + NS_PER_S - 1) / NS_PER_S);
	snprintf(label, sizeof label, "(again in %u s) > ", seconds);
	prompt_label(t->prompt, label);
	loop_timer_set(&t->countdown, COUNTDOWN_MS * NS_PER_MS);
}

static void
countdown_fired(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	show_countdown(ctx);
}

static void
show_why(struct terminal *t, const struct channel_end *end)
{
	if (end->refusal != NULL) {
		keep_answer(t, end->refusal->head);
		show_refusal(&t->show, &t->text, end);
	} else if (!t->params.quiet || end->why.class != ERR_NONE) {
		show_end(&t->show, &t->text, end);
	}
}

static void
retrying(struct view *v, const struct conversation_retry *r)
{
	struct terminal *t = (struct terminal *)v;
	char wait[32];

	show_why(t, r->why);
	show_notice(&t->show, &t->text, "attempt %u follows in %s (/reconnect: now)", r->attempt,
	    show_time_text(wait, r->wait_ns));
	flush(t);
	t->retry_at = clock_ns() + r->wait_ns;
	show_countdown(t);
}

static void
wire(struct view *v, const struct channel_wire *w)
{
	struct terminal *t = (struct terminal *)v;

	if (w->kind == WIRE_FRAME && t->params.verbose < 2)
		return;
	show_wire(&t->show, &t->text, w);
	flush(t);
}

static void
closing(struct view *v, const struct channel_end *end)
{
	struct terminal *t = (struct terminal *)v;

	(void)end;
	prompt_label(t->prompt, "… ");
}

static void
ended(struct view *v, const struct channel_end *end)
{
	struct terminal *t = (struct terminal *)v;
	struct conversation_totals c;

	t->ended = true;
	loop_timer_clear(&t->countdown);
	show_why(t, end);
	if (t->params.verbose > 0) {
		conversation_totals(talk_conversation(t->talk), &c);
		show_compression(&t->show, &t->text, &c.compression);
		show_polling(&t->show, &t->text, &c.polling);
	}
	flush(t);
}

static void
refused(struct view *v, const struct channel_end *end)
{
	struct terminal *t = (struct terminal *)v;

	show_why(t, end);
	flush(t);
}

static void
terminal_free(struct view *v)
{
	struct terminal *t = (struct terminal *)v;

	loop_timer_clear(&t->countdown);
	prompt_free(t->prompt);
	buf_release(&t->text);
	free(t->answer);
	free(t);
}

static const struct view_ops ops = {connecting, opened, message, pong, retrying, wire, closing,
    ended, refused, complain, terminal_free};

/* --- slash commands ---------------------------------------------------------------------- */

static void
refuse(struct terminal *t)
{
	if (t->params.mute != NULL) {
		show_error(&t->show, &t->text, "%s only receives: nothing was sent; --publish "
		    "'POST /path' sends by requests", t->params.mute);
		flush(t);
		return;
	}
	show_error(&t->show, &t->text, "not connected: nothing was sent");
	flush(t);
}

static void
ask_ping(struct terminal *t)
{
	t->asked_ping = talk_ping(t->talk);
	if (t->asked_ping)
		return;
	if (!t->params.no_pings) {
		refuse(t);
		return;
	}
	show_error(&t->show, &t->text, "only a WebSocket has pings");
	flush(t);
}

static void
say(struct terminal *t, const char *text, size_t len)
{
	if (!utf8_valid(text, len)) {
		show_error(&t->show, &t->text, "that is not UTF-8, so it cannot be sent as text");
		flush(t);
	} else if (!talk_say(t->talk, text, len)) {
		refuse(t);
	}
}

/* A regular file, whole; -1 with *e. */
static int
read_file(const char *path, struct buf *into, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	uint8_t *room;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err_set(e, ERR_IO, errno, "cannot read %.150s: %s", path,
		    fd < 0 ? strerror(errno) : "it is not a regular file");
	} else {
		while ((room = buf_reserve(into, 65536)) != NULL &&
		    (n = read(fd, room, 65536)) > 0)
			into->len += (size_t)n;
		if (room == NULL)
			err_set(e, ERR_LIMIT, 0, "%.150s is longer than %d MiB", path,
			    FILE_MAX >> 20);
		else if (n < 0)
			err_set(e, ERR_IO, errno, "cannot read %.150s: %s", path, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return e->class == ERR_NONE ? 0 : -1;
}

static void
send_file(struct terminal *t, const char *path)
{
	struct err e = {0};
	struct buf bytes;

	buf_init(&bytes, FILE_MAX + 65536);
	if (read_file(path, &bytes, &e) != 0)
		complain(&t->view, &e);
	else if (!talk_send(t->talk, utf8_valid(bytes.data, bytes.len) ? MESSAGE_TEXT :
	    MESSAGE_BINARY, bytes.data, bytes.len))
		refuse(t);
	buf_release(&bytes);
}

static void
show_stats(struct terminal *t)
{
	struct conversation_totals c;
	char a[32], b[32];

	conversation_totals(talk_conversation(t->talk), &c);
	show_notice(&t->show, &t->text, "messages  %llu sent (%s), %llu received (%s)",
	    (unsigned long long)t->sent, show_size(a, t->sent_bytes),
	    (unsigned long long)t->received, show_size(b, t->received_bytes));
	show_notice(&t->show, &t->text, "wire      %s out, %s in, connected %llu×",
	    show_size(a, c.bytes_out), show_size(b, c.bytes_in),
	    (unsigned long long)c.connections);
	show_compression(&t->show, &t->text, &c.compression);
	show_polling(&t->show, &t->text, &c.polling);
	if (t->last_rtt > 0)
		show_notice(&t->show, &t->text, "ping      %s", show_time_text(a, t->last_rtt));
	if (t->opened_at > 0 && conversation_is_open(talk_conversation(t->talk)))
		show_notice(&t->show, &t->text, "open for  %s",
		    show_time_text(a, clock_ns() - t->opened_at));
	flush(t);
}

static void
show_headers(struct terminal *t)
{
	char *rest = t->answer, *line;

	if (t->answer == NULL || *t->answer == '\0')
		show_notice(&t->show, &t->text, "no answer yet");
	while (rest != NULL && *rest != '\0') {
		line = rest;
		rest = strchr(line, '\n');
		show_notice(&t->show, &t->text, "%.*s",
		    (int)(rest != NULL ? (size_t)(rest - line) : strlen(line)), line);
		rest = rest != NULL ? rest + 1 : NULL;
	}
	flush(t);
}

static void
record(struct terminal *t, const char *path)
{
	struct err e = {0};

	if (talk_record(t->talk, *path != '\0' ? path : NULL, &e) != 0)
		complain(&t->view, &e);
	else if (*path != '\0')
		show_notice(&t->show, &t->text, "recording to %s; /record alone ends it", path);
	else
		show_notice(&t->show, &t->text, "nothing is recorded now");
	flush(t);
}

static void
toggle_json(struct terminal *t)
{
	t->show.raw_json = !t->show.raw_json;
	show_notice(&t->show, &t->text, "JSON is shown %s",
	    t->show.raw_json ? "as it came" : "in lines");
	flush(t);
}

static void
obey(struct terminal *t, const struct slash *s)
{
	switch (s->verb) {
	case SLASH_NONE:
		say(t, s->text, s->len);
		break;
	case SLASH_PING:
		ask_ping(t);
		break;
	case SLASH_CLOSE:
		talk_close(t->talk, s->code != 0 ? s->code : 1000, s->reason);
		break;
	case SLASH_BINARY:
		if (!talk_send(t->talk, MESSAGE_BINARY, s->bytes, s->byte_count))
			refuse(t);
		break;
	case SLASH_SEND:
		send_file(t, s->text);
		break;
	case SLASH_HEADERS:
		show_headers(t);
		break;
	case SLASH_STATS:
		show_stats(t);
		break;
	case SLASH_RECORD:
		record(t, s->text);
		break;
	case SLASH_JSON:
		toggle_json(t);
		break;
	case SLASH_RECONNECT:
		if (t->retry_at == 0) {
			show_notice(&t->show, &t->text, "no attempt is being waited for");
			flush(t);
		}
		conversation_hurry(talk_conversation(t->talk));
		break;
	case SLASH_HELP:
		slash_help(&t->text);
		flush(t);
		break;
	case SLASH_QUIT:
		talk_close(t->talk, 1000, NULL);
		break;
	}
}

static void
line_entered(void *ctx, const char *text, size_t len)
{
	struct terminal *t = ctx;
	struct slash s = {0};
	struct err e = {0};
	char *line = strndup(text, len);

	if (t->ended || line == NULL || len == 0) {
		free(line);
		return;
	}
	if (slash_parse(&s, line, &e) != 0)
		complain(&t->view, &e);
	else
		obey(t, &s);
	free(s.bytes);
	free(line);
}

/* What was pasted is one message when it is JSON as a whole, else a message a line. */
static void
text_pasted(void *ctx, const char *text, size_t len)
{
	struct terminal *t = ctx;
	json_t *json = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	struct slice rest = {text, len}, line;

	if (t->ended)
		return;
	if (json != NULL) {
		json_decref(json);
		say(t, text, len);
		return;
	}
	while (rest.data != NULL) {
		line = slice_cut(&rest, '\n');
		if (line.len > 0)
			say(t, line.data, line.len);
	}
}

static void
input_ended(void *ctx)
{
	struct terminal *t = ctx;

	if (!t->ended)
		talk_close(t->talk, 1000, NULL);
}

static void
terminal_slow(void *ctx, bool slow)
{
	struct terminal *t = ctx;

	talk_hold(t->talk, slow);
}

static const struct prompt_events prompt_events = {line_entered, text_pasted, input_ended,
    terminal_slow};

/* --- the rest ---------------------------------------------------------------------------- */

struct terminal *
terminal_new(struct loop *l, const struct terminal_params *p, struct err *e)
{
	struct terminal *t = calloc(1, sizeof *t);

	if (t == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a terminal");
		return NULL;
	}
	t->view = (struct view){&ops, p->verbose > 0};
	t->loop = l;
	t->params = *p;
	t->show = (struct show){.color = p->color, .raw_json = p->raw_json,
	    .time = p->delta ? SHOW_DELTA : SHOW_CLOCK, .max_bytes = MESSAGE_SHOWN};
	buf_init(&t->text, TEXT_MAX);
	loop_timer_init(&t->countdown, l, countdown_fired, t);
	t->prompt = prompt_new(l, STDIN_FILENO, STDOUT_FILENO, p->history, &prompt_events, t, e);
	if (t->prompt == NULL) {
		free(t);
		return NULL;
	}
	t->show.columns = prompt_columns(t->prompt);
	return t;
}

struct view *
terminal_view(struct terminal *t)
{
	return &t->view;
}

void
terminal_attach(struct terminal *t, struct talk *talk)
{
	t->talk = talk;
}
