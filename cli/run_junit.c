/* A JUnit report: a suite for the run, a test case for each script. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run_failure.h"
#include "cli/run_view.h"
#include "cli/show.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/replace_file.h"
#include "lib/base/utf8.h"

#define TEXT_MAX (SIZE_MAX / 4)

struct run_junit {
	struct run_view view;
	const char *path;
	struct buf cases;
	size_t failures, errors;
	struct err failed;               /* why it could not be written */
};

/* XML 1.0, 2.2: most control characters can stand nowhere, not even escaped. */
static void
add_escaped(struct buf *into, const void *text, size_t len)
{
	const char *at = text;
	struct buf repaired;

	buf_init(&repaired, TEXT_MAX);
	if (!utf8_valid(text, len) && utf8_repair(&repaired, text, len) == 0) {
		at = (const char *)repaired.data;
		len = repaired.len;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)at[i];

		if (c == '&')
			buf_add_text(into, "&amp;");
		else if (c == '<')
			buf_add_text(into, "&lt;");
		else if (c == '>')
			buf_add_text(into, "&gt;");
		else if (c == '"')
			buf_add_text(into, "&quot;");
		else if (c < ' ' && c != '\n' && c != '\t')
			buf_add_text(into, "?");
		else
			buf_add(into, &at[i], 1);
	}
	buf_release(&repaired);
}

/* An error is what kept the script from being played to its end, a failure a broken promise. */
static void
add_failure(struct run_junit *j, const struct run_play *p)
{
	const struct show show = {.raw_json = true, .time = SHOW_NO_TIME};
	bool broken = p->failure->why.class == ERR_MATCH;
	const char *element = broken ? "failure" : "error";
	struct buf *into = &j->cases, text;

	j->failures += broken;
	j->errors += !broken;
	buf_init(&text, TEXT_MAX);
	run_failure_head(&text, p);
	buf_addf(into, "\n    <%s type=\"%s\" message=\"", element,
	    err_class_name(p->failure->why.class));
	add_escaped(into, text.data, text.len);
	buf_add_text(into, "\">");
	text.len = 0;
	run_failure_text(&show, &text, p);
	add_escaped(into, text.data, text.len);
	buf_addf(into, "</%s>\n  ", element);
	buf_release(&text);
}

static void
over(struct run_view *view, const struct run_play *p)
{
	struct run_junit *j = (struct run_junit *)view;

	buf_add_text(&j->cases, "  <testcase classname=\"hail\" name=\"");
	add_escaped(&j->cases, p->script->name, strlen(p->script->name));
	buf_addf(&j->cases, "\" time=\"%.6f\">", (double)(p->ended - p->began) / (double)NS_PER_S);
	if (p->failure != NULL)
		add_failure(j, p);
	buf_add_text(&j->cases, "</testcase>\n");
}

static void
end(struct run_view *view, const struct run_summary *s)
{
	struct run_junit *j = (struct run_junit *)view;
	struct replace_file *target = replace_file_new(j->path, &j->failed);
	FILE *f;

	if (target == NULL)
		return;
	f = replace_file_stream(target);
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuite name=\"hail run\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
	    "time=\"%.6f\">\n", s->scripts - s->not_run, j->failures, j->errors,
	    (double)s->took_ns / (double)NS_PER_S);
	fwrite(j->cases.data != NULL ? (char *)j->cases.data : "", 1, j->cases.len, f);
	fputs("</testsuite>\n", f);
	replace_file_commit(target, &j->failed);
}

bool
run_junit_failed(const struct run_view *view, struct err *e)
{
	const struct run_junit *j = (const struct run_junit *)view;

	if (j->failed.class != ERR_NONE)
		*e = j->failed;
	return j->failed.class != ERR_NONE;
}

static void
junit_free(struct run_view *view)
{
	buf_release(&((struct run_junit *)view)->cases);
	free(view);
}

static const struct run_view_ops ops = {NULL, NULL, NULL, over, end, junit_free};

struct run_view *
run_junit_new(const char *path)
{
	struct run_junit *j = calloc(1, sizeof *j);

	if (j == NULL)
		return NULL;
	j->view.ops = &ops;
	j->path = path;
	buf_init(&j->cases, TEXT_MAX);
	return &j->view;
}
