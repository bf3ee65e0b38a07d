#include "bench/report/script_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "bench/report/document.h"
#include "bench/report/figure.h"
#include "bench/report/wrap.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum {
	ROWS = 32,               /* so that a document cannot flood a terminal */
	COLUMN = 10,
	COUNT = 9,               /* columns of one */
	NAME = 24, PLACE = 40,   /* the most columns of one */
};

static const char *const quantiles[] = {"p50", "p90", "p99", "max"};

static const char *
word_at(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static double
number_at(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

/* --- labels --------------------------------------------------------------------------- */

/* So that all names of the table have room. */
static int
widest(const json_t *steps)
{
	size_t columns = 4;

	for (size_t i = 0; i < json_array_size(steps) && i < ROWS; i++) {
		struct figure_name name =
		    figure_name(word_at(json_array_get(steps, i), "label"), NAME);

		columns = name.columns > columns ? name.columns : columns;
	}
	return (int)columns;
}

static void
put_row(FILE *into, const char *label, const json_t *dist, int width)
{
	struct figure_name name = figure_name(label, NAME);

	fprintf(into, "  %s%*s%*s", name.text, width - (int)name.columns, "", COLUMN,
	    figure_count(number_at(dist, "count")).text);
	for (size_t i = 0; i < COUNT_OF(quantiles); i++)
		fprintf(into, "%*s", COLUMN, json_is_number(json_object_get(dist, quantiles[i])) ?
		    figure_ms(number_at(dist, quantiles[i])).text : "-");
	fputc('\n', into);
}

static void
put_labels(FILE *into, const json_t *script, int label)
{
	const json_t *steps = json_object_get(script, "steps");
	const json_t *play = json_object_get(script, "play_ms");
	int width = widest(steps);

	if (json_array_size(steps) == 0 && !json_is_object(play))
		return;
	width = width > label - 2 ? width : label - 2;
	fprintf(into, "\n%-*s%*s%*s%*s%*s%*s\n", width + 2, "labels", COLUMN, "count", COLUMN,
	    "p50", COLUMN, "p90", COLUMN, "p99", COLUMN, "max");
	if (json_is_object(play))
		put_row(into, "(play)", play, width);
	for (size_t i = 0; i < json_array_size(steps) && i < ROWS; i++)
		put_row(into, word_at(json_array_get(steps, i), "label"),
		    json_object_get(json_array_get(steps, i), "latency_ms"), width);
}

/* --- failures ------------------------------------------------------------------------- */

static void
put_failure(FILE *into, const char *head, const json_t *f, int label)
{
	struct figure_name file = figure_name(word_at(f, "file"), PLACE);
	struct figure_name class = figure_name(word_at(f, "class"), NAME);
	int indent = label + COUNT + 2;

	fprintf(into, "%-*s%*s  %s", label, head, COUNT, figure_count(number_at(f, "count")).text,
	    file.text);
	if (json_is_integer(json_object_get(f, "line")))
		fprintf(into, ":%" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(f, "line")));
	fprintf(into, " (%s)\n%*s", class.text, indent, "");
	wrap_text(into, word_at(f, "message"), (size_t)indent, (size_t)indent);
}

/* Whether the i-th comes behind the k-th: those that ended the most plays come first. */
static bool
is_behind(const json_t *list, size_t i, size_t k)
{
	double a = number_at(json_array_get(list, i), "count");
	double b = number_at(json_array_get(list, k), "count");

	return a < b || (a == b && i > k);
}

/* The one that comes next behind the last; as many as there are: none. */
static size_t
next_failure(const json_t *list, size_t last)
{
	size_t count = json_array_size(list), next = count;

	for (size_t i = 0; i < count; i++)
		if ((last == count || is_behind(list, i, last)) &&
		    (next == count || is_behind(list, next, i)))
			next = i;
	return next;
}

static void
put_failures(FILE *into, const json_t *list, int label)
{
	size_t count = json_array_size(list), at = next_failure(list, count);

	if (count > 0)
		fputc('\n', into);
	for (int row = 0; row < ROWS && at < count; row++) {
		put_failure(into, row == 0 ? "failures" : "", json_array_get(list, at), label);
		at = next_failure(list, at);
	}
}

void
script_text(FILE *into, const json_t *script, int label)
{
	put_labels(into, script, label);
	put_failures(into, json_object_get(script, "failures"), label);
}
