#include "bench/report/compare_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "bench/report/document.h"
#include "bench/report/figure.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum { ROWS = 32 };              /* so that a document cannot flood a terminal */

static const char head[] = "compare", polls[] = "wasted_pct",
    servers[] = "server_cpu_us_per_delivery";

static const struct column {
	const char *path, *head;
	struct figure (*figure)(double);
	const char *beside;          /* a second figure behind a slash */
	int width;
} columns[] = {
	{"latency_ms.p50", "p50", figure_ms, NULL, 9},
	{"latency_ms.p99", "p99", figure_ms, NULL, 9},
	{"lost", "lost/dup", figure_count, "duplicate", 9},
	{"requests", "requests", figure_count, NULL, 10},
	{polls, "wasted", figure_percent, NULL, 7},
	{"bytes_sent_per_delivery", "up/msg", figure_size, NULL, 9},
	{"bytes_received_per_delivery", "down/msg", figure_size, NULL, 9},
	{"connections_opened", "conns", figure_count, NULL, 6},
	{"client_cpu_us_per_delivery", "client", figure_us, NULL, 9},
	{servers, "server", figure_us, NULL, 9},
};

/* A column that no row has is left out. */
static bool
any_has(const json_t *rows, const char *path)
{
	for (size_t i = 0; i < json_array_size(rows) && i < ROWS; i++)
		if (json_is_number(document_at(json_array_get(rows, i), path)))
			return true;
	return false;
}

static void
put_cell(FILE *into, const json_t *row, const struct column *c)
{
	const json_t *value = document_at(row, c->path), *beside;
	char text[2 * sizeof(struct figure) + 2];

	if (!json_is_number(value)) {
		fprintf(into, "%*s", c->width, "-");
		return;
	}
	snprintf(text, sizeof text, "%s", c->figure(json_number_value(value)).text);
	if (c->beside != NULL) {
		size_t len = strlen(text);

		beside = document_at(row, c->beside);
		snprintf(text + len, sizeof text - len, "/%s",
		    c->figure(json_number_value(beside)).text);
	}
	fprintf(into, "%*s", c->width, text);
}

static void
put_row(FILE *into, const json_t *rows, const json_t *row, int label)
{
	struct figure_name name =
	    figure_name(json_string_value(json_object_get(row, "name")), (size_t)label - 3);

	fprintf(into, "  %s%*s", name.text, label - 2 - (int)name.columns, "");
	for (size_t k = 0; k < COUNT_OF(columns); k++)
		if (any_has(rows, columns[k].path))
			put_cell(into, row, &columns[k]);
	fputs(json_is_false(json_object_get(row, "valid")) ? "  NOT VALID\n" : "\n", into);
}

/* How to read it. */
static void
explain(FILE *into, bool polled, bool watched)
{
	fputs("\n  p50 and p99 are the age of a message when a receiver has it", into);
	if (polled)
		fputs("; a poll's is how stale it is,\n"
		    "  on average half the interval. wasted: polls that brought nothing", into);
	fprintf(into, ".\n  up and down: bytes on the wire, client%s: processor time, for each"
	    " message received.\n", watched ? " and server" : "");
}

void
compare_text(FILE *into, const json_t *rows, int label)
{
	if (json_array_size(rows) == 0)
		return;
	fprintf(into, "\n%-*s", label, head);
	for (size_t k = 0; k < COUNT_OF(columns); k++)
		if (any_has(rows, columns[k].path))
			fprintf(into, "%*s", columns[k].width, columns[k].head);
	fputc('\n', into);
	for (size_t i = 0; i < json_array_size(rows) && i < ROWS; i++)
		put_row(into, rows, json_array_get(rows, i), label);
	explain(into, any_has(rows, polls), any_has(rows, servers));
}
