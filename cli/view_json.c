#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_line.h"
#include "cli/output.h"
#include "cli/view.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/utf8.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_frame.h"
#include "lib/transport/stream.h"
#include "lib/transport/tls.h"

#define LINE_MAX_BYTES (SIZE_MAX / 4)    /* some times --max-message */

struct view_json {
	struct view view;
	struct view_params params;
	uint64_t start;              /* clock_ns; "t" counts from here */
	const char *where;           /* what is being connected to */
	bool open;
	unsigned redirect;
	struct buf line;
};

/* --- one line ---------------------------------------------------------------------------- */

static void
begin(struct view_json *j, const char *type, uint64_t at)
{
	json_line_begin(&j->line, type, at > j->start ? at - j->start : 0);
}

static void
finish(struct view_json *j)
{
	json_line_end(&j->line);
	output_add(j->params.out, j->line.data, j->line.len);
	buf_release(&j->line);
}

/* --- events ------------------------------------------------------------------------------ */

static void
connecting(struct view *v, const char *where, unsigned redirect)
{
	struct view_json *j = (struct view_json *)v;

	j->where = where;
	j->redirect = redirect;
}

static void
add_phase(struct view_json *j, const char *name, uint64_t from, uint64_t to, bool *some)
{
	if (from == 0 || to < from)
		return;
	buf_addf(&j->line, "%s\"%s\":%.3f", *some ? "," : "", name, (double)(to - from) / 1e6);
	*some = true;
}

/* Phase times as in the results document: each from the end of the one before. */
static void
add_phases(struct view_json *j, const struct channel_opened *o)
{
	const struct stream_times *t = o->times;
	uint64_t before = t->connected;
	bool some = false;

	buf_add_text(&j->line, ",\"phases_ms\":{");
	add_phase(j, "resolve", t->start, t->resolved, &some);
	add_phase(j, "connect", t->resolved != 0 ? t->resolved : t->start, t->connected, &some);
	if (t->proxied != 0) {
		add_phase(j, "proxy", before, t->proxied, &some);
		before = t->proxied;
	}
	if (t->secured != 0) {
		add_phase(j, "tls", before, t->secured, &some);
		before = t->secured;
	}
	add_phase(j, "upgrade", before, o->at, &some);
	add_phase(j, "total", t->start, o->at, &some);
	buf_add_text(&j->line, "}");
}

static void
add_tls(struct view_json *j, const struct stream *s)
{
	struct tls_info info;

	if (s == NULL || stream_tls_info(s, &info) != 0)
		return;
	buf_add_text(&j->line, ",\"tls\":{\"protocol\":");
	json_quote(&j->line, info.protocol, strlen(info.protocol));
	json_line_words(&j->line, "cipher", info.cipher);
	if (utf8_valid(info.subject, strlen(info.subject)))
		json_line_words(&j->line, "subject", info.subject);
	if (utf8_valid(info.issuer, strlen(info.issuer)))
		json_line_words(&j->line, "issuer", info.issuer);
	json_line_words(&j->line, "expires", info.expires);
	buf_addf(&j->line, ",\"verified\":%s,\"resumed\":%s}", info.verified ? "true" : "false",
	    info.resumed ? "true" : "false");
}

static void
opened(struct view *v, const struct channel_opened *o)
{
	struct view_json *j = (struct view_json *)v;

	begin(j, "open", o->at);
	if (o->head != NULL) {
		buf_addf(&j->line, ",\"status\":%d", o->head->status);
		json_line_slice(&j->line, "subprotocol",
		    http_head_field(o->head, "Sec-WebSocket-Protocol"));
		json_line_slice(&j->line, "extensions",
		    http_head_field(o->head, "Sec-WebSocket-Extensions"));
	}
	j->open = true;
	add_phases(j, o);
	add_tls(j, o->stream);
	finish(j);
}

static void
message(struct view *v, const struct message *m, bool out)
{
	struct view_json *j = (struct view_json *)v;

	if (j->params.hide_messages)
		return;
	begin(j, "message", out ? clock_ns() : m->at);
	json_line_words(&j->line, "dir", out ? "out" : "in");
	json_line_message(&j->line, m);
	finish(j);
}

static void
pong(struct view *v, uint64_t round_trip_ns)
{
	(void)v;                     /* the frame itself was told already */
	(void)round_trip_ns;
}

static void
wire_head(struct view_json *j, const struct channel_wire *w)
{
	/* A poll is one request after the other: without -v the first will do. */
	if (j->params.verbose == 0 && (!w->out || j->open))
		return;
	begin(j, "request", w->at);
	json_line_words(&j->line, "dir", w->out ? "out" : "in");
	if (w->out)
		json_line_words(&j->line, "url", j->where);
	if (w->out && j->redirect > 0)
		buf_addf(&j->line, ",\"redirect\":%u", j->redirect);
	if (j->params.verbose > 0)
		json_line_bytes(&j->line, w->data, w->len);
	finish(j);
}

static void
wire_frame(struct view_json *j, const struct channel_wire *w)
{
	if (w->frame->opcode != WS_PING && w->frame->opcode != WS_PONG)
		return;
	begin(j, w->frame->opcode == WS_PING ? "ping" : "pong", w->at);
	json_line_words(&j->line, "dir", w->out ? "out" : "in");
	json_line_bytes(&j->line, w->data, w->len);
	buf_addf(&j->line, ",\"size\":%llu", (unsigned long long)w->frame->length);
	finish(j);
}

static void
wire(struct view *v, const struct channel_wire *w)
{
	if (w->kind == WIRE_FRAME)
		wire_frame((struct view_json *)v, w);
	else
		wire_head((struct view_json *)v, w);
}

static void
closing(struct view *v, const struct channel_end *end)
{
	(void)v;
	(void)end;
}

static void
add_refusal(struct view_json *j, const struct channel_refusal *r)
{
	bool some = false;

	buf_add_text(&j->line, ",\"headers\":[");
	for (size_t i = 0; i < r->head->count; i++) {
		struct http_field f = r->head->fields[i];

		if (!utf8_valid(f.name.data, f.name.len) || !utf8_valid(f.value.data, f.value.len))
			continue;
		buf_add_text(&j->line, some ? ",[" : "[");
		some = true;
		json_quote(&j->line, f.name.data, f.name.len);
		buf_add_text(&j->line, ",");
		json_quote(&j->line, f.value.data, f.value.len);
		buf_add_text(&j->line, "]");
	}
	buf_add_text(&j->line, "]");
	json_line_bytes(&j->line, r->body.data, r->body.len);
	buf_addf(&j->line, ",\"size\":%zu", r->body.len);
}

static void
tell_close(struct view_json *j, const struct channel_end *end)
{
	begin(j, "close", clock_ns());
	json_line_words(&j->line, "dir", end->by_peer ? "in" : "out");
	if (end->code != 0)
		buf_addf(&j->line, ",\"code\":%u", end->code);
	if (end->reason.len > 0 && utf8_valid(end->reason.data, end->reason.len))
		json_line_text(&j->line, "reason", end->reason.data, end->reason.len);
	if (end->why.class != ERR_NONE)
		json_line_why(&j->line, end);
	finish(j);
}

static void
retrying(struct view *v, const struct conversation_retry *r)
{
	struct view_json *j = (struct view_json *)v;

	begin(j, "retry", clock_ns());
	j->open = false;
	buf_addf(&j->line, ",\"attempt\":%u,\"wait_ms\":%.3f", r->attempt,
	    (double)r->wait_ns / 1e6);
	if (r->why->code != 0)
		buf_addf(&j->line, ",\"code\":%u", r->why->code);
	if (r->why->why.class != ERR_NONE)
		json_line_why(&j->line, r->why);
	finish(j);
}

static void
refused(struct view *v, const struct channel_end *end)
{
	struct view_json *j = (struct view_json *)v;

	begin(j, "error", clock_ns());
	json_line_why(&j->line, end);
	if (end->refusal != NULL)
		add_refusal(j, end->refusal);
	finish(j);
}

/* An end without a connection, or by a fault, is an error first; what was open is also closed. */
static void
ended(struct view *v, const struct channel_end *end)
{
	if (end->why.class != ERR_NONE)
		refused(v, end);
	tell_close((struct view_json *)v, end);
}

static void
complain(struct view *v, const struct err *e)
{
	struct view_json *j = (struct view_json *)v;

	begin(j, "error", clock_ns());
	json_line_words(&j->line, "class", err_class_name(e->class));
	json_line_words(&j->line, "message", e->text);
	finish(j);
}

static void
json_free(struct view *v)
{
	buf_release(&((struct view_json *)v)->line);
	free(v);
}

static const struct view_ops ops = {connecting, opened, message, pong, retrying, wire, closing,
    ended, refused, complain, json_free};

struct view *
view_json_new(const struct view_params *p)
{
	struct view_json *j = calloc(1, sizeof *j);

	if (j == NULL)
		return NULL;
	j->view = (struct view){&ops, true};
	j->params = *p;
	j->start = clock_ns();
	buf_init(&j->line, LINE_MAX_BYTES);
	return &j->view;
}
