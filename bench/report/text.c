/* text.c: how a summary looks:
 *
 *     hail bench fanout    what was asked for
 *
 *     plays         figures and their words, three to a line
 *     connections   …
 *     messages      …
 *     polling       what asking took
 *     times         a table: quantiles across, what was measured down
 *     labels        a table of what a script measures, and which of its lines were not kept
 *                   (script_text.c)
 *     compare       a table: transports down (compare_text.c)
 *     delivery      the ledger, then the matrix (matrix.c)
 *     rig           what the run cost
 *     verdict       whether it counts
 *     require       one a line
 */
#include "bench/report/text.h"

#include <stdbool.h>
#include <string.h>

#include "bench/report/compare_text.h"
#include "bench/report/document.h"
#include "bench/report/figure.h"
#include "bench/report/matrix.h"
#include "bench/report/require.h"
#include "bench/report/script_text.h"
#include "bench/report/wrap.h"
#include "lib/base/err.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum {
	LABEL = 13,              /* columns in front of everything */
	PER_LINE = 3,
	FIGURE = 9, WORD = 13,   /* columns of an item */
	SENTENCES = 32,          /* of a list, so that a document cannot flood a terminal */
};

static double
number_at(const json_t *section, const char *path)
{
	return json_number_value(document_at(section, path));
}

static bool
has_number(const json_t *section, const char *path)
{
	return json_is_number(document_at(section, path));
}

static const char *
word_at(const json_t *section, const char *path)
{
	return json_string_value(document_at(section, path));
}

/* --- figures and their words, three to a line ----------------------------------------- */

struct grid {
	FILE *into;
	const char *label;       /* of the section */
	int items;
	int padding;             /* owed after the last word; lines do not end in spaces */
};

static void
grid_put(struct grid *g, struct figure figure, const char *word)
{
	int len = (int)strlen(word);

	if (g->items % PER_LINE == 0)
		fprintf(g->into, "%s%-*s", g->items > 0 ? "\n" : "", LABEL,
		    g->items == 0 ? g->label : "");
	else
		fprintf(g->into, "%*s", g->padding, "");
	fprintf(g->into, "%*s %s", FIGURE, figure.text, word);
	g->padding = len < WORD ? WORD - len : 1;
	g->items++;
}

static void
grid_count(struct grid *g, const json_t *section, const char *path, const char *word)
{
	if (has_number(section, path))
		grid_put(g, figure_count(number_at(section, path)), word);
}

/* What is worth a word only when there was any. */
static void
grid_exception(struct grid *g, const json_t *section, const char *path, const char *word)
{
	if (number_at(section, path) > 0)
		grid_count(g, section, path, word);
}

/* A figure in its unit. */
static void
grid_figure(struct grid *g, const json_t *section, const char *path,
    struct figure (*figure)(double), const char *word)
{
	if (has_number(section, path))
		grid_put(g, figure(number_at(section, path)), word);
}

static void
grid_end(struct grid *g)
{
	if (g->items > 0)
		fputc('\n', g->into);
}

/* --- sentences ------------------------------------------------------------------------ */

static void
sentences(FILE *into, const char *label, const char *lead, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && i < SENTENCES; i++) {
		fprintf(into, "%-*s%s", LABEL, i == 0 ? label : "", lead);
		wrap_text(into, json_string_value(json_array_get(list, i)),
		    LABEL + strlen(lead), LABEL + 2);
	}
}

static bool
word_is(const json_t *section, const char *path, const char *word)
{
	const char *found = word_at(section, path);

	return found != NULL && strcmp(found, word) == 0;
}

/* --- what was asked for --------------------------------------------------------------- */

static void
title(FILE *into, const json_t *document)
{
	const char *label = word_at(document, "label");

	fprintf(into, "hail bench %s", figure_name(word_at(document, "workload"), 40).text);
	if (label != NULL)
		fprintf(into, ", %s", figure_name(label, 100).text);
	if (word_at(document, "started") != NULL)
		fprintf(into, ", %s", figure_name(word_at(document, "started"), 40).text);
	fputc('\n', into);
}

static bool
is_comparison(const json_t *document)
{
	return json_is_array(document_at(document, "compare"));
}

/* "90 publishers" */
static void
how_many(FILE *into, const char *comma, double count, const char *noun)
{
	fprintf(into, "%s%s %s%s", comma, figure_count(count).text, noun, count == 1 ? "" : "s");
}

static bool
is_script(const json_t *document)
{
	return json_is_object(document_at(document, "script"));
}

/* " over poll every 250 ms" */
static void
spoken(FILE *into, const json_t *document)
{
	const json_t *config = document_at(document, "config");

	if (is_script(document))
		fprintf(into, ", playing %s", figure_name(word_at(document, "script.file"),
		    60).text);
	if (is_comparison(document) || is_script(document))
		return;
	fprintf(into, " over %s", figure_name(word_at(document, "transport"), 20).text);
	if (has_number(config, "poll_interval_ms"))
		fprintf(into, " every %s",
		    figure_seconds(number_at(config, "poll_interval_ms") / 1e3).text);
}

static void
published(FILE *into, const json_t *config)
{
	if (word_is(config, "publish_by", "request"))
		fputs(", published by requests", into);
	else if (word_is(config, "publish_by", "ws"))
		fputs(", published by WebSockets", into);
}

static void
asked(FILE *into, const json_t *document)
{
	const json_t *config = document_at(document, "config");
	const char *dialect = word_at(config, "dialect");

	size_t targets = json_array_size(document_at(document, "targets"));

	how_many(into, "", number_at(config, "connections"),
	    is_script(document) ? "player" : "connection");
	if (targets > 0 || !is_script(document))
		how_many(into, " to ", (double)targets, "target");
	spoken(into, document);
	if (dialect != NULL)
		fprintf(into, ", dialect %s", figure_name(dialect, 60).text);
	published(into, config);
	fputc('\n', into);
	if (has_number(config, "topics")) {
		how_many(into, "", number_at(config, "topics"), "topic");
		how_many(into, ", ", number_at(config, "publishers"), "publisher");
		fputs(", ", into);
	}
	if (has_number(config, "rate"))
		fprintf(into, "%s in all%s, ", figure_rate(number_at(config, "rate")).text,
		    word_is(config, "arrival", "poisson") ? " (poisson)" : "");
	else if (has_number(config, "size"))
		fputs("one message in flight each, ", into);
	if (has_number(config, "size"))
		fprintf(into, "%s a message, ", figure_size(number_at(config, "size")).text);
	fprintf(into, "for %s\n", figure_seconds(number_at(config, "duration_s")).text);
}

/* --- connections and messages --------------------------------------------------------- */

static void
connections(FILE *into, const json_t *document)
{
	const json_t *c = document_at(document, "connections");
	json_t *errors = document_at(c, "errors"), *count;
	struct grid g = {.into = into, .label = "connections"};
	const char *class;
	int told = 0;

	grid_count(&g, c, "opened", "opened");
	grid_count(&g, c, "failed", "failed");
	grid_count(&g, c, "dropped", "dropped");
	grid_figure(&g, c, "open_per_s", figure_rate, "opening");
	json_object_foreach(errors, class, count) {
		char word[64];

		snprintf(word, sizeof word, "(%.60s)", figure_name(class, 15).text);
		if (told++ < ERR_CLASSES)
			grid_put(&g, figure_count(json_number_value(count)), word);
	}
	grid_end(&g);
}

static void
messages(FILE *into, const json_t *document)
{
	const json_t *m = document_at(document, "messages");
	struct grid g = {.into = into, .label = "messages"};

	grid_count(&g, m, "scheduled", "scheduled");
	grid_count(&g, m, "sent", "sent");
	grid_count(&g, m, "received", "received");
	grid_figure(&g, m, "sent_per_s", figure_rate, "sent");
	grid_figure(&g, m, "received_per_s", figure_rate, "received");
	grid_exception(&g, m, "stray", "stray");
	grid_exception(&g, m, "foreign", "foreign");
	grid_exception(&g, m, "unstamped", "unstamped");
	grid_exception(&g, m, "post.refused", "posts refused");
	grid_exception(&g, m, "post.unknown", "posts unknown");
	grid_end(&g);
}

static bool
is_echo(const json_t *document)
{
	return word_is(document, "workload", "echo");
}

static void
bytes(FILE *into, const json_t *document)
{
	const json_t *b = document_at(document, "bytes");
	struct grid g = {.into = into, .label = "bytes"};

	grid_figure(&g, b, "sent", figure_size, "sent");
	grid_figure(&g, b, "received", figure_size, "received");
	grid_figure(&g, b, "per_delivery", figure_size, is_echo(document) ? "an answer" :
	    is_script(document) ? "a message" : "a delivery");
	grid_end(&g);
}

static void
plays(FILE *into, const json_t *document)
{
	const json_t *p = document_at(document, "script.plays");
	struct grid g = {.into = into, .label = "plays"};

	grid_count(&g, p, "begun", "begun");
	grid_count(&g, p, "completed", "completed");
	grid_count(&g, p, "failed", "failed");
	grid_exception(&g, p, "unfinished", "unfinished");
	grid_figure(&g, p, "per_s", figure_rate, "completed");
	grid_exception(&g, document_at(document, "script"), "requests", "requests");
	grid_end(&g);
}

/* By polling a delivery also costs bytes that are sent. */
static void
polling(FILE *into, const json_t *document)
{
	const json_t *p = document_at(document, "polling");
	struct grid g = {.into = into, .label = "polling"};

	grid_count(&g, p, "requests", "requests");
	grid_count(&g, p, "empty", "empty");
	grid_count(&g, p, "not_modified", "not modified");
	grid_figure(&g, p, "wasted_pct", figure_percent, "wasted");
	grid_count(&g, p, "connections", "connections");
	if (json_is_object(p))
		grid_figure(&g, document, "bytes.sent_per_delivery", figure_size, "up/delivery");
	grid_end(&g);
}

/* --- times ---------------------------------------------------------------------------- */

static const struct {
	const char *path, *name, *note;
} times[] = {
	{"connections.phases_ms.resolve", "resolve", NULL},
	{"connections.phases_ms.connect", "connect", NULL},
	{"connections.phases_ms.tls", "tls", NULL},
	{"connections.phases_ms.upgrade", "upgrade", NULL},
	{"connections.phases_ms.total", "open", "all of opening"},
	{"latency_ms.delivery", "delivery", "since it was due"},
	{"latency_ms.delivery_uncorrected", "uncorrected", "since it was sent"},
	{"latency_ms.complete", "complete", "the last member had it"},
	{"latency_ms.rtt", "round trip", NULL},
	{"latency_ms.rtt_uncorrected", "uncorrected", "since it was sent"},
	{"latency_ms.ping", "ping", NULL},
};

static const char *const quantiles[] = {"p50", "p90", "p99", "p999", "max"};

static void
time_row(FILE *into, const json_t *dist, const char *name, const char *note)
{
	fprintf(into, "  %-*s", LABEL - 2, name);
	for (size_t k = 0; k < COUNT_OF(quantiles); k++)
		fprintf(into, " %*s", FIGURE - 1, has_number(dist, quantiles[k]) ?
		    figure_ms(number_at(dist, quantiles[k])).text : "-");
	fprintf(into, "%s%s\n", note != NULL ? "   " : "", note != NULL ? note : "");
}

/* Nothing is looked up in an address, nothing is worth a line that took no time at all. */
static bool
is_shown(const json_t *dist)
{
	return json_is_object(dist) && number_at(dist, "max") >= 0.001;
}

/* Only a WebSocket is upgraded to. */
static const char *
name_of(const json_t *document, size_t row)
{
	return strcmp(times[row].name, "upgrade") == 0 && !word_is(document, "transport", "ws") ?
	    "answer" : times[row].name;
}

/* A round trip has a due time only when there is a schedule. */
static const char *
note_of(const json_t *document, size_t row)
{
	if (strcmp(times[row].path, "latency_ms.rtt") == 0)
		return has_number(document, "config.rate") ? "since it was due" :
		    "since it was sent";
	return times[row].note;
}

static void
all_times(FILE *into, const json_t *document)
{
	bool begun = false;

	for (size_t i = 0; i < COUNT_OF(times); i++) {
		const json_t *dist = document_at(document, times[i].path);

		if (!is_shown(dist))
			continue;
		if (!begun)
			fprintf(into, "\n%-*s%*s%*s%*s%*s%*s\n", LABEL, "times", FIGURE, "p50",
			    FIGURE, "p90", FIGURE, "p99", FIGURE, "p99.9", FIGURE, "max");
		begun = true;
		time_row(into, dist, name_of(document, i), note_of(document, i));
	}
}

/* --- delivery ------------------------------------------------------------------------- */

static void
delivery(FILE *into, const json_t *document)
{
	const json_t *d = document_at(document, "delivery");
	struct grid g = {.into = into, .label = "delivery"};

	if (!json_is_object(d))
		return;
	fputc('\n', into);
	grid_count(&g, d, "expected", "expected");
	grid_count(&g, d, "delivered", "delivered");
	grid_count(&g, d, "lost", "lost");
	grid_count(&g, d, "duplicate", "duplicate");
	grid_count(&g, d, "reordered", "reordered");
	grid_count(&g, d, "late", "late");
	grid_exception(&g, d, "missed_while_away", "missed away");
	grid_exception(&g, d, "recovered", "recovered");
	grid_exception(&g, d, "lost_for_good", "lost for good");
	grid_end(&g);
	if (!is_echo(document) && !is_comparison(document))
		matrix_render(into, document_at(d, "matrix"), LABEL);
}

/* --- rig and requirements ------------------------------------------------------------- */

static void
costs(FILE *into, const json_t *rig, const char *holder)
{
	struct grid g = {.into = into, .label = "rig"};
	char cores[32];

	snprintf(cores, sizeof cores, "of %.0f core%s", number_at(rig, "workers"),
	    number_at(rig, "workers") == 1 ? "" : "s");
	grid_figure(&g, rig, "cpu_pct", figure_percent, cores);
	grid_figure(&g, rig, "cpu_us_per_message", figure_us, "cpu/message");
	grid_figure(&g, rig, "cpu_us_per_connection", figure_us, "cpu/opening");
	grid_figure(&g, rig, "rss_bytes", figure_size, "memory");
	grid_figure(&g, rig, "bytes_per_connection", figure_size, holder);
	if (number_at(rig, "backlog_peak_bytes") > 0)
		grid_figure(&g, rig, "backlog_peak_bytes", figure_size, "send backlog");
	grid_figure(&g, rig, "loop_lag_ms.p99", figure_ms, "loop lag p99");
	grid_figure(&g, rig, "schedule_lag_ms.p99", figure_ms, "send lag p99");
	grid_exception(&g, rig, "send_refused", "held back");
	grid_exception(&g, rig, "unsent_down", "not sent");
	grid_end(&g);
}

static void
servers(FILE *into, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && i < SENTENCES; i++) {
		const json_t *s = json_array_get(list, i);
		struct figure_name name = figure_name(word_at(s, "name"), 30);

		fprintf(into, "%-*s%*s cpu of %s (%.0f)", LABEL, i == 0 ? "servers" : "", FIGURE,
		    figure_ms(number_at(s, "cpu_ms")).text, name.text, number_at(s, "pid"));
		if (has_number(s, "cpu_us_per_message"))
			fprintf(into, ", %s a message",
			    figure_us(number_at(s, "cpu_us_per_message")).text);
		fputc('\n', into);
	}
}

static void
rig(FILE *into, const json_t *document)
{
	const json_t *r = document_at(document, "rig");

	if (!json_is_object(r))
		return;
	fputc('\n', into);
	costs(into, r, is_script(document) ? "/player" : "/connection");
	servers(into, document_at(r, "servers"));
	if (json_is_true(document_at(r, "valid")))
		fprintf(into, "%-*svalid\n", LABEL, "verdict");
	sentences(into, "verdict", "NOT VALID: ", document_at(r, "reasons"));
	sentences(into, "", "warning: ", document_at(r, "warnings"));
}

/* The label that an expression begins with; NULL: none does. */
static const char *
label_of(const json_t *document, const char *expr)
{
	const json_t *steps = document_at(document, "script.steps");
	const char *longest = NULL;

	for (size_t i = 0; expr != NULL && i < json_array_size(steps); i++) {
		const char *label = word_at(json_array_get(steps, i), "label");
		size_t len = label != NULL ? strlen(label) : 0;

		if (len > 0 && strncmp(expr, label, len) == 0 && expr[len] == '.' &&
		    (longest == NULL || len > strlen(longest)))
			longest = label;
	}
	return longest;
}

/* The expression says in which unit its value is. */
static struct figure
value_of(const json_t *document, const char *expr, const json_t *value)
{
	const char *label = label_of(document, expr);
	struct require_list list = {.labels = &label, .label_count = label != NULL};
	struct figure f = {"no value"};

	if (!json_is_number(value))
		return f;
	f = figure_count(json_number_value(value));
	if (label == NULL)
		list.labels = NULL;
	if (expr != NULL && require_add(&list, expr, NULL) == 0 && list.count == 1)
		f = require_figure(&list.items[0], json_number_value(value));
	require_release(&list);
	return f;
}

/* Of the longest expression, so that the values line up. */
static size_t
expr_columns(const json_t *list)
{
	size_t columns = 0;

	for (size_t i = 0; i < json_array_size(list) && i < SENTENCES; i++) {
		struct figure_name expr =
		    figure_name(word_at(json_array_get(list, i), "expr"), 48);

		if (expr.columns > columns)
			columns = expr.columns;
	}
	return columns;
}

static void
requirements(FILE *into, const json_t *document)
{
	const json_t *list = document_at(document, "requirements");
	size_t columns = expr_columns(list);

	for (size_t i = 0; i < json_array_size(list) && i < SENTENCES; i++) {
		const json_t *r = json_array_get(list, i);
		const char *expr = word_at(r, "expr");
		struct figure_name shown = figure_name(expr, 48);

		fprintf(into, "%-*s%-6s  %s%*s  %9s\n", LABEL, i == 0 ? "require" : "",
		    json_is_true(document_at(r, "ok")) ? "ok" : "FAILED", shown.text,
		    (int)(columns - shown.columns), "",
		    value_of(document, expr, document_at(r, "value")).text);
	}
}

static void
one_transport(FILE *into, const json_t *document)
{
	fputc('\n', into);
	plays(into, document);
	connections(into, document);
	messages(into, document);
	bytes(into, document);
	polling(into, document);
	all_times(into, document);
	script_text(into, document_at(document, "script"), LABEL);
}

void
text_render(FILE *into, const json_t *document)
{
	title(into, document);
	asked(into, document);
	if (is_comparison(document))
		compare_text(into, document_at(document, "compare"), LABEL);
	else
		one_transport(into, document);
	delivery(into, document);
	rig(into, document);
	requirements(into, document);
}
