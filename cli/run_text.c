/* The transcript: what happened, when, to whom.
 *
 *      0.000 chat.hail
 *      0.001 ann * ws://127.0.0.1:9001/ws/42
 *      0.004 ann * open: 101, 2.91 ms
 *      0.004 ann > {"text":"hello"}
 *      0.005 bob < {"id":"1700000000000-0","data":"hello"}
 *      0.005     . delivery 812 us
 *     passed chat.hail, 9 steps in 5.20 ms
 *
 * Of scripts that are played together each is printed as a whole, when it has ended. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/run_failure.h"
#include "cli/run_view.h"
#include "cli/show.h"
#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/utf8.h"
#include "lib/codec/http_head.h"

enum {
	SHOWN = 240,                     /* bytes of a message without -v, … */
	SHOWN_VERBOSE = 16384,           /* … and with it */
	TEXT_MAX = 256 << 20,
	HELD_MAX = 4 << 20,              /* of a script that is played with others; then its first
	                                  * lines make room */
};

struct run_text {
	struct run_view view;
	struct run_view_params params;
	struct show show;
	struct buf *held;                /* one for each script, while they are played together */
	size_t held_count;
};

static size_t
shown_bytes(const struct run_text *v)
{
	return v->params.verbose > 0 ? SHOWN_VERBOSE : SHOWN;
}

/* --- lines ------------------------------------------------------------------------------- */

/* The bytes of a line come together in `line`; then they go out, or wait for their script's. */
static void
give(struct run_text *v, const struct run_play *p, struct buf *line)
{
	struct buf *held = v->held != NULL ? &v->held[p->number] : NULL;

	if (held == NULL) {
		output_add(v->params.out, line->data, line->len);
	} else {
		if (held->len + line->len > HELD_MAX)
			buf_drop(held, held->len / 2);
		buf_add(held, line->data, line->len);
	}
	buf_release(line);
}

static void
begin(const struct run_text *v, struct buf *line, const struct run_play *p, uint64_t at, int party)
{
	char stamp[32];
	size_t widest = 0;

	buf_init(line, TEXT_MAX);
	for (size_t i = 0; i < p->script->party_count; i++)
		if (strlen(p->script->parties[i]) > widest)
			widest = strlen(p->script->parties[i]);
	snprintf(stamp, sizeof stamp, "%9.3f ",
	    (double)(at > p->began ? at - p->began : 0) / 1e9);
	show_words(&v->show, line, TONE_DIM, stamp);
	buf_addf(line, "%-*s ", (int)(widest < 16 ? widest : 16),
	    party >= 0 ? p->script->parties[party] : "");
}

static void
add_data(const struct run_text *v, struct buf *line, enum tone tone, const struct message *m)
{
	size_t len = m->len < shown_bytes(v) ? m->len : shown_bytes(v);

	if (m->event.len > 0 && !slice_eq(m->event, "message")) {
		show_text(&v->show, line, TONE_KEY, m->event.data, m->event.len);
		buf_add_text(line, " ");
	}
	if (m->kind == MESSAGE_BINARY && !utf8_valid(m->data, m->len)) {
		buf_add_text(line, "hex");
		for (size_t i = 0; i < m->len && i < 32; i++)
			buf_addf(line, " %02x", m->data[i]);
		len = m->len < 32 ? m->len : 32;
	} else {
		while (len > 0 && len < m->len && (m->data[len] & 0xc0) == 0x80)
			len--;
		show_text(&v->show, line, tone, m->data, len);
	}
	if (len < m->len)
		buf_addf(line, " \xe2\x80\xa6 (%zu bytes)", m->len);
}

static void
say_message(struct run_text *v, const struct run_play *p, const struct player_told *t, bool out)
{
	enum tone tone = out ? TONE_OUT : TONE_IN;
	struct buf line;

	begin(v, &line, p, t->at, t->party);
	show_words(&v->show, &line, tone, out ? "> " : "< ");
	add_data(v, &line, tone, t->message);
	buf_add_text(&line, "\n");
	give(v, p, &line);
}

static void say(struct run_text *v, const struct run_play *p, const struct player_told *t,
    enum tone tone, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A line about the play itself. */
static void
say(struct run_text *v, const struct run_play *p, const struct player_told *t, enum tone tone,
    const char *format, ...)
{
	char words[1024];
	struct buf line;
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	begin(v, &line, p, t->at, t->party);
	show_words(&v->show, &line, tone, "* ");
	show_text(&v->show, &line, tone, words, strlen(words));
	buf_add_text(&line, "\n");
	give(v, p, &line);
}

/* --- what is told ------------------------------------------------------------------------- */

static void
say_opened(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	if (t->head == NULL)
		say(v, p, t, TONE_NOTE, "open, the server holds the request");
	else
		say(v, p, t, TONE_NOTE, "open: %d %.*s", t->head->status,
		    (int)t->head->reason.len, t->head->reason.data);
}

/* What a server says about a refusal, as far as one line goes. */
static void
say_refusal(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	struct slice body = t->end->refusal != NULL ? t->end->refusal->body :
	    (struct slice){"", 0}, line = slice_trim(slice_cut(&body, '\n'));
	struct buf shown;

	if (line.len == 0)
		return;
	begin(v, &shown, p, t->at, t->party);
	show_words(&v->show, &shown, TONE_IN, "< ");
	show_text(&v->show, &shown, TONE_IN, line.data, line.len < SHOWN ? line.len : SHOWN);
	buf_add_text(&shown, "\n");
	give(v, p, &shown);
}

static void
say_ended(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	const struct channel_end *end = t->end;

	if (end->why.class != ERR_NONE) {
		say(v, p, t, TONE_BAD, "%s", end->why.text);
		say_refusal(v, p, t);
	} else if (end->code == 0)
		say(v, p, t, TONE_NOTE, "%s", end->by_peer ? "the server ended it" : "closed");
	else
		say(v, p, t, TONE_NOTE, "closed%s with %u%s%.*s",
		    end->by_peer ? " by the server" : "", end->code,
		    end->reason.len > 0 ? " " : "", (int)end->reason.len,
		    end->reason.len > 0 ? end->reason.data : "");
}

static void
say_answer(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	char took[32];
	struct message body = t->message != NULL ? *t->message : (struct message){.data = NULL};
	struct buf line;

	while (body.len > 0 && strchr("\r\n", body.data[body.len - 1]) != NULL)
		body.len--;
	begin(v, &line, p, t->at, t->party);
	show_words(&v->show, &line, TONE_IN, "< ");
	buf_addf(&line, "%d ", t->head->status);
	add_data(v, &line, TONE_IN, &body);
	buf_addf(&line, " (%s)\n", show_time_text(took, t->took_ns));
	give(v, p, &line);
}

static void
say_request(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	struct buf line;

	begin(v, &line, p, t->at, t->party);
	show_words(&v->show, &line, TONE_OUT, "> ");
	show_text(&v->show, &line, TONE_OUT, t->text.data, t->text.len);
	if (t->message != NULL && t->message->len > 0) {
		buf_add_text(&line, " ");
		add_data(v, &line, TONE_PLAIN, t->message);
	}
	buf_add_text(&line, "\n");
	give(v, p, &line);
}

static void
say_step(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	struct buf line;

	if (v->params.verbose == 0 || t->step == NULL)
		return;
	begin(v, &line, p, t->at, -1);
	buf_addf(&line, "%u: ", t->step->spot.line);
	show_text(&v->show, &line, TONE_DIM, t->step->line.data, t->step->line.len);
	buf_add_text(&line, "\n");
	give(v, p, &line);
}

static void
say_done(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	char took[32];

	if (t->step != NULL && t->step->label != NULL)
		say(v, p, t, TONE_KEY, "%s: %s", t->step->label,
		    show_time_text(took, t->took_ns));
}

static void
say_ran(struct run_text *v, const struct run_play *p, const struct player_told *t)
{
	if (t->text.len > 0)
		say(v, p, t, TONE_NOTE, "%.*s", (int)(t->text.len < SHOWN ? t->text.len : SHOWN),
		    t->text.data);
}

static void
told(struct run_view *view, const struct run_play *p, const struct player_told *t)
{
	struct run_text *v = (struct run_text *)view;
	char time[32];

	if (v->params.quiet)
		return;
	switch (t->act) {
	case PLAYER_STEP:
		say_step(v, p, t);
		break;
	case PLAYER_DONE:
		say_done(v, p, t);
		break;
	case PLAYER_CONNECTING:
		say(v, p, t, TONE_NOTE, "%.*s", (int)t->text.len, t->text.data);
		break;
	case PLAYER_OPENED:
		say_opened(v, p, t);
		break;
	case PLAYER_REFUSED:
	case PLAYER_ENDED:
		say_ended(v, p, t);
		break;
	case PLAYER_SENT:
	case PLAYER_RECEIVED:
		say_message(v, p, t, t->act == PLAYER_SENT);
		break;
	case PLAYER_MATCHED:
		break;
	case PLAYER_PONG:
		say(v, p, t, TONE_NOTE, "pong after %s", show_time_text(time, t->took_ns));
		break;
	case PLAYER_RETRYING:
		say(v, p, t, TONE_NOTE, "lost: %s; the next attempt follows in %s",
		    t->end->why.text, show_time_text(time, t->took_ns));
		break;
	case PLAYER_REQUEST:
		say_request(v, p, t);
		break;
	case PLAYER_ANSWER:
		say_answer(v, p, t);
		break;
	case PLAYER_RAN:
		say_ran(v, p, t);
		break;
	case PLAYER_NOTICE:
		say(v, p, t, TONE_NOTE, "%.*s", (int)t->text.len, t->text.data);
		break;
	}
}

/* --- plays -------------------------------------------------------------------------------- */

static void
view_begin(struct run_view *view, size_t scripts)
{
	struct run_text *v = (struct run_text *)view;

	if (!v->params.together || scripts < 2)
		return;
	v->held = calloc(scripts, sizeof *v->held);
	for (size_t i = 0; v->held != NULL && i < scripts; i++)
		buf_init(&v->held[i], TEXT_MAX);
	v->held_count = v->held != NULL ? scripts : 0;
}

static void
play(struct run_view *view, const struct run_play *p)
{
	struct run_text *v = (struct run_text *)view;
	struct buf line;

	if (v->params.quiet)
		return;
	buf_init(&line, TEXT_MAX);
	show_text(&v->show, &line, TONE_PLAIN, p->script->name, strlen(p->script->name));
	buf_add_text(&line, "\n");
	give(v, p, &line);
}

static void
over(struct run_view *view, const struct run_play *p)
{
	struct run_text *v = (struct run_text *)view;
	bool stopped = p->failure != NULL && p->failure->why.class == ERR_INTERRUPTED;
	struct buf line;
	char took[32];

	buf_init(&line, TEXT_MAX);
	if (p->failure != NULL && !stopped)
		run_failure_text(&v->show, &line, p);
	if (!v->params.quiet) {
		show_words(&v->show, &line, p->failure != NULL ? TONE_BAD : TONE_STRING,
		    stopped ? "stopped " : p->failure != NULL ? "failed " : "passed ");
		show_text(&v->show, &line, TONE_PLAIN, p->script->name, strlen(p->script->name));
		buf_addf(&line, ", %zu step%s in %s\n", p->steps, p->steps == 1 ? "" : "s",
		    show_time_text(took, p->ended - p->began));
	}
	give(v, p, &line);
	if (v->held == NULL)
		return;
	output_add(v->params.out, v->held[p->number].data, v->held[p->number].len);
	buf_release(&v->held[p->number]);
}

static void
end(struct run_view *view, const struct run_summary *s)
{
	struct run_text *v = (struct run_text *)view;
	char took[32], words[160];
	struct buf line;

	if (v->params.quiet && s->passed == s->scripts)
		return;
	buf_init(&line, TEXT_MAX);
	snprintf(words, sizeof words, "%zu passed, %zu failed", s->passed, s->failed);
	show_words(&v->show, &line, s->passed == s->scripts ? TONE_STRING : TONE_BAD, words);
	if (s->not_run > 0)
		buf_addf(&line, ", %zu not run", s->not_run);
	buf_addf(&line, " in %s\n", show_time_text(took, s->took_ns));
	output_add(v->params.out, line.data, line.len);
	buf_release(&line);
}

static void
text_free(struct run_view *view)
{
	struct run_text *v = (struct run_text *)view;

	for (size_t i = 0; i < v->held_count; i++)
		buf_release(&v->held[i]);
	free(v->held);
	free(v);
}

static const struct run_view_ops ops = {view_begin, play, told, over, end, text_free};

struct run_view *
run_text_new(const struct run_view_params *p)
{
	struct run_text *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->view.ops = &ops;
	v->params = *p;
	v->show = (struct show){.color = p->color, .raw_json = true, .time = SHOW_NO_TIME};
	return &v->view;
}
