/* One JSON object a line for everything that happens, "file" naming the script (hail-run(1)). */
#include <stdlib.h>
#include <string.h>

#include "cli/json_line.h"
#include "cli/output.h"
#include "cli/run_view.h"
#include "lib/base/buf.h"
#include "lib/base/utf8.h"
#include "lib/codec/http_head.h"

#define LINE_MAX_BYTES (SIZE_MAX / 4)

struct run_json {
	struct run_view view;
	struct run_view_params params;
	struct buf line;
};

static void
begin(struct run_json *j, const struct run_play *p, const char *type, uint64_t at)
{
	json_line_begin(&j->line, type, at > p->began ? at - p->began : 0);
	json_line_slice(&j->line, "file", slice_of(p->script->name));
}

static void
finish(struct run_json *j)
{
	json_line_end(&j->line);
	output_add(j->params.out, j->line.data, j->line.len);
	buf_release(&j->line);
}

static void
add_ms(struct buf *into, const char *key, uint64_t ns)
{
	buf_addf(into, ",\"%s\":%.6f", key, (double)ns / 1e6);
}

static void
add_step(struct buf *into, const struct script *s, const struct step *step)
{
	if (step->spot.file > 0)
		json_line_slice(into, "included", slice_of(s->files[step->spot.file].name));
	buf_addf(into, ",\"line\":%u", step->spot.line);
	if (step->label != NULL)
		json_line_words(into, "label", step->label);
}

/* --- what is told ------------------------------------------------------------------------- */

static void
add_end(struct buf *into, const struct channel_end *end)
{
	json_line_words(into, "dir", end->by_peer ? "in" : "out");
	if (end->code != 0)
		buf_addf(into, ",\"code\":%u", end->code);
	if (end->reason.len > 0)
		json_line_slice(into, "reason", end->reason);
	if (end->why.class != ERR_NONE)
		json_line_why(into, end);
}

static void
add_details(struct buf *into, const struct run_play *p, const struct player_told *t)
{
	switch (t->act) {
	case PLAYER_STEP:
	case PLAYER_DONE:
	case PLAYER_MATCHED:
		if (t->step != NULL)
			add_step(into, p->script, t->step);
		if (t->act != PLAYER_STEP)
			add_ms(into, "took_ms", t->took_ns);
		break;
	case PLAYER_OPENED:
	case PLAYER_ANSWER:
		if (t->head != NULL)
			buf_addf(into, ",\"status\":%d", t->head->status);
		if (t->message != NULL)
			json_line_message(into, t->message);
		if (t->act == PLAYER_ANSWER)
			add_ms(into, "took_ms", t->took_ns);
		break;
	case PLAYER_SENT:
	case PLAYER_RECEIVED:
		json_line_words(into, "dir", t->act == PLAYER_SENT ? "out" : "in");
		json_line_message(into, t->message);
		break;
	case PLAYER_PONG:
		add_ms(into, "took_ms", t->took_ns);
		break;
	case PLAYER_REFUSED:
	case PLAYER_ENDED:
		add_end(into, t->end);
		break;
	case PLAYER_RETRYING:
		add_ms(into, "wait_ms", t->took_ns);
		json_line_why(into, t->end);
		break;
	case PLAYER_CONNECTING:
		json_line_slice(into, "url", t->text);
		break;
	case PLAYER_REQUEST:
		json_line_slice(into, "request", t->text);
		if (t->message != NULL)
			json_line_message(into, t->message);
		break;
	case PLAYER_RAN:
		buf_addf(into, ",\"status\":%d", t->code);
		json_line_bytes(into, t->text.data, t->text.len);
		break;
	case PLAYER_NOTICE:
		json_line_slice(into, "message", t->text);
		break;
	}
}

static void
told(struct run_view *view, const struct run_play *p, const struct player_told *t)
{
	static const char *const types[] = {
		[PLAYER_STEP] = "step", [PLAYER_DONE] = "done", [PLAYER_CONNECTING] = "connect",
		[PLAYER_OPENED] = "open", [PLAYER_REFUSED] = "error", [PLAYER_SENT] = "message",
		[PLAYER_RECEIVED] = "message", [PLAYER_MATCHED] = "match", [PLAYER_PONG] = "pong",
		[PLAYER_ENDED] = "close", [PLAYER_RETRYING] = "retry",
		[PLAYER_REQUEST] = "request", [PLAYER_ANSWER] = "answer", [PLAYER_RAN] = "exec",
		[PLAYER_NOTICE] = "notice",
	};
	struct run_json *j = (struct run_json *)view;

	if (j->params.quiet)
		return;
	begin(j, p, types[t->act], t->at);
	if (t->party >= 0)
		json_line_words(&j->line, "party", p->script->parties[t->party]);
	add_details(&j->line, p, t);
	finish(j);
}

/* --- how it ended ------------------------------------------------------------------------- */

static void
add_skipped(struct buf *into, const struct run_play *p, const struct player_skipped *m)
{
	struct message cut = {.kind = m->kind, .data = (const uint8_t *)m->data.data,
	    .len = m->data.len, .event = m->event, .id = m->id};

	buf_addf(into, "{\"t\":%.6f", m->at > p->began ? (double)(m->at - p->began) / 1e9 : 0.0);
	json_line_message(into, &cut);
	buf_addf(into, ",\"of\":%zu", m->len);
	json_line_slice(into, "why", slice_of(m->why));
	buf_add_text(into, "}");
}

static void
add_failure(struct buf *into, const struct run_play *p)
{
	const struct player_failure *f = p->failure;

	if (f->step != NULL)
		add_step(into, p->script, f->step);
	if (f->party >= 0)
		json_line_words(into, "party", p->script->parties[f->party]);
	json_line_words(into, "class", err_class_name(f->why.class));
	json_line_words(into, "message", f->why.text);
	if (f->expected != NULL)
		json_line_slice(into, "expected", slice_of(f->expected));
	if (f->state != NULL)
		json_line_slice(into, "state", slice_of(f->state));
	add_ms(into, "waited_ms", f->waited_ns);
	buf_addf(into, ",\"skipped_all\":%zu,\"skipped\":[", f->skipped_all);
	for (size_t i = 0; i < f->skipped_count; i++) {
		buf_add_text(into, i > 0 ? "," : "");
		add_skipped(into, p, &f->skipped[i]);
	}
	buf_add_text(into, "]");
}

static void
over(struct run_view *view, const struct run_play *p)
{
	struct run_json *j = (struct run_json *)view;

	begin(j, p, "result", p->ended);
	buf_addf(&j->line, ",\"passed\":%s,\"steps\":%zu", p->failure == NULL ? "true" : "false",
	    p->steps);
	if (p->failure != NULL)
		add_failure(&j->line, p);
	finish(j);
}

static void
end(struct run_view *view, const struct run_summary *s)
{
	struct run_json *j = (struct run_json *)view;

	json_line_begin(&j->line, "summary", s->took_ns);
	buf_addf(&j->line, ",\"scripts\":%zu,\"passed\":%zu,\"failed\":%zu,\"not_run\":%zu",
	    s->scripts, s->passed, s->failed, s->not_run);
	finish(j);
}

static void
json_free(struct run_view *view)
{
	buf_release(&((struct run_json *)view)->line);
	free(view);
}

static const struct run_view_ops ops = {NULL, NULL, told, over, end, json_free};

struct run_view *
run_json_new(const struct run_view_params *p)
{
	struct run_json *j = calloc(1, sizeof *j);

	if (j == NULL)
		return NULL;
	j->view.ops = &ops;
	j->params = *p;
	buf_init(&j->line, LINE_MAX_BYTES);
	return &j->view;
}
