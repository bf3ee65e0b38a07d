#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/show.h"
#include "cli/view.h"
#include "lib/base/buf.h"

enum {
	TEXT_MAX = 1 << 20,
	MESSAGE_SHOWN = 4096,        /* bytes of a frame's or a refusal's text on stderr */
};

struct view_lines {
	struct view view;
	struct view_params params;
	struct show show;            /* of standard error, … */
	struct show out_show;        /* … and of output, when that is a terminal */
	const char *where;
};

/* Everything but messages goes here: a line at once, so that it stands in order with theirs. */
static void
tell(struct view_lines *w, struct buf *text)
{
	output_add(w->params.err, text->data, text->len);
	output_flush(w->params.err);
	buf_release(text);
}

static void
complain_of(struct view_lines *w, const struct err *e)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_addf(&text, "hail: %s\n", e->text);
	tell(w, &text);
}

static void
connecting(struct view *v, const char *where, unsigned redirect)
{
	struct view_lines *w = (struct view_lines *)v;
	struct buf text;

	w->where = where;
	if (w->params.quiet || redirect == 0)
		return;
	buf_init(&text, TEXT_MAX);
	show_notice(&w->show, &text, "redirected to %s", w->where);
	tell(w, &text);
}

static void
opened(struct view *v, const struct channel_opened *o)
{
	struct view_lines *w = (struct view_lines *)v;
	struct buf text;

	if (w->params.quiet)
		return;
	buf_init(&text, TEXT_MAX);
	show_opened(&w->show, &text, o, w->where, w->params.verbose > 0, w->params.verbose > 0);
	tell(w, &text);
}

/* Nothing that a server sends reaches a terminal as it is. */
static void
show_on_terminal(struct view_lines *w, const struct message *m)
{
	struct buf text;

	buf_init(&text, SIZE_MAX / 4);
	show_message(&w->out_show, &text, m, false);
	output_add(w->params.out, text.data, text.len);
	buf_release(&text);
}

static void
message(struct view *v, const struct message *m, bool out)
{
	struct view_lines *w = (struct view_lines *)v;

	if (out || w->params.hide_messages)
		return;
	if (w->params.columns > 0) {
		show_on_terminal(w, m);
		return;
	}
	output_add(w->params.out, m->data, m->len);
	output_add(w->params.out, &w->params.separator, 1);
}

static void
pong(struct view *v, uint64_t round_trip_ns)
{
	(void)v;
	(void)round_trip_ns;
}

/* What ended it: a refusal in full, else one line. */
static void
tell_end(struct view_lines *w, const struct channel_end *end)
{
	bool failed = end->why.class != ERR_NONE;
	bool in_full = end->refusal != NULL && !w->params.quiet;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	if (failed) {
		if (!in_full || end->why.class != ERR_HANDSHAKE)
			complain_of(w, &end->why);
		if (in_full)
			show_refusal(&w->show, &text, end);   /* has the words of ERR_HANDSHAKE */
	} else if (!w->params.quiet || (end->by_peer && end->code != 0 && end->code != 1000 &&
	    end->code != 1005)) {
		show_end(&w->show, &text, end);
	}
	tell(w, &text);
}

static void
retrying(struct view *v, const struct conversation_retry *r)
{
	struct view_lines *w = (struct view_lines *)v;
	char wait[32];
	struct buf text;

	tell_end(w, r->why);
	if (w->params.quiet)
		return;
	buf_init(&text, TEXT_MAX);
	show_notice(&w->show, &text, "attempt %u follows in %s", r->attempt,
	    show_time_text(wait, r->wait_ns));
	tell(w, &text);
}

static void
wire(struct view *v, const struct channel_wire *wire)
{
	struct view_lines *w = (struct view_lines *)v;
	struct buf text;

	if (wire->kind == WIRE_FRAME && w->params.verbose < 2)
		return;
	buf_init(&text, TEXT_MAX);
	show_wire(&w->show, &text, wire);
	tell(w, &text);
}

static void
closing(struct view *v, const struct channel_end *end)
{
	(void)v;
	(void)end;
}

static void
ended(struct view *v, const struct channel_end *end)
{
	tell_end((struct view_lines *)v, end);
}

static void
refused(struct view *v, const struct channel_end *end)
{
	tell_end((struct view_lines *)v, end);
}

static void
complain(struct view *v, const struct err *e)
{
	complain_of((struct view_lines *)v, e);
}

static void
lines_free(struct view *v)
{
	free(v);
}

static const struct view_ops ops = {connecting, opened, message, pong, retrying, wire, closing,
    ended, refused, complain, lines_free};

struct view *
view_lines_new(const struct view_params *p)
{
	struct view_lines *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->view = (struct view){&ops, p->verbose > 0};
	w->params = *p;
	w->out_show = (struct show){.color = p->out_color, .raw_json = p->raw_json,
	    .time = p->quiet ? SHOW_NO_TIME : SHOW_CLOCK, .columns = p->columns,
	    .max_bytes = SIZE_MAX};
	w->show = (struct show){.color = p->color, .raw_json = true,
	    .time = p->verbose > 0 ? SHOW_CLOCK : SHOW_NO_TIME, .max_bytes = MESSAGE_SHOWN};
	return &w->view;
}
