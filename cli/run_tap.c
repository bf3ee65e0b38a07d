/* TAP, version 13: a point for each script; what is wrong stands below it in YAML. */
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/run_failure.h"
#include "cli/run_view.h"
#include "cli/show.h"
#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#define TEXT_MAX (SIZE_MAX / 4)

struct run_tap {
	struct run_view view;
	struct run_view_params params;
	struct show show;
};

static void
give(struct run_tap *v, struct buf *text)
{
	output_add(v->params.out, text->data, text->len);
	buf_release(text);
}

static void
view_begin(struct run_view *view, size_t scripts)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_addf(&text, "TAP version 13\n1..%zu\n", scripts);
	give((struct run_tap *)view, &text);
}

/* "#" begins a directive, and must not stand in a description as it is. */
static void
add_description(struct buf *into, const struct show *s, const char *name)
{
	struct buf plain;

	buf_init(&plain, TEXT_MAX);
	show_text(s, &plain, TONE_PLAIN, name, strlen(name));
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.data[i] == '#' || plain.data[i] == '\\')
			buf_add_text(into, "\\");
		buf_add(into, plain.data + i, 1);
	}
	buf_release(&plain);
}

static void
add_quoted(struct buf *into, const char *key, struct buf *text)
{
	buf_addf(into, "  %s: ", key);
	json_quote(into, text->data != NULL ? (char *)text->data : "", text->len);
	buf_add_text(into, "\n");
	text->len = 0;
}

/* Text over lines, as a literal block. */
static void
add_block(struct buf *into, const char *key, const struct buf *text)
{
	struct slice rest = {(const char *)text->data, text->len};

	buf_addf(into, "  %s: |\n", key);
	while (rest.len > 0) {
		struct slice line = slice_cut(&rest, '\n');

		buf_addf(into, "    %.*s\n", (int)line.len, line.data);
	}
}

static void
add_failure(struct run_tap *v, struct buf *into, const struct run_play *p)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_add_text(into, "  ---\n");
	run_failure_head(&text, p);
	add_quoted(into, "message", &text);
	buf_addf(into, "  severity: fail\n  duration_ms: %.3f\n",
	    (double)(p->ended - p->began) / (double)NS_PER_MS);
	run_failure_text(&v->show, &text, p);
	add_block(into, "output", &text);
	buf_add_text(into, "  ...\n");
	buf_release(&text);
}

static void
over(struct run_view *view, const struct run_play *p)
{
	struct run_tap *v = (struct run_tap *)view;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_addf(&text, "%s %zu - ", p->failure == NULL ? "ok" : "not ok", p->number + 1);
	add_description(&text, &v->show, p->script->name);
	buf_add_text(&text, "\n");
	if (p->failure != NULL)
		add_failure(v, &text, p);
	give(v, &text);
}

static void
end(struct run_view *view, const struct run_summary *s)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	if (s->not_run > 0)
		buf_add_text(&text, "Bail out! Interrupted\n");
	give((struct run_tap *)view, &text);
}

static void
tap_free(struct run_view *view)
{
	free(view);
}

static const struct run_view_ops ops = {view_begin, NULL, NULL, over, end, tap_free};

struct run_view *
run_tap_new(const struct run_view_params *p)
{
	struct run_tap *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->view.ops = &ops;
	v->params = *p;
	v->show = (struct show){.raw_json = true, .time = SHOW_NO_TIME};
	return &v->view;
}
