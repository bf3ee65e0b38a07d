#include "bench/report/matrix.h"

#include <stdbool.h>
#include <string.h>

#include "bench/report/figure.h"

enum {
	NODES = 64,              /* names beyond that are not told apart */
	NAME_COLUMNS = 16,
	GAP = 2,
};

struct matrix {
	FILE *into;
	int label;
	const json_t *rows;
	size_t nodes;
	const char *names[NODES];
	const json_t *cells[NODES][NODES];       /* publisher, receiver; NULL: no such row */
	int width;               /* of a column, with its gap */
	int name_width;
};

static double
number_in(const json_t *row, const char *key)
{
	return json_number_value(json_object_get(row, key));
}

static const char *
word_in(const json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

static bool
is_row(const json_t *row)
{
	return word_in(row, "from") != NULL && word_in(row, "to") != NULL;
}

/* The index of a name, added when new; NODES when there is no room for it. */
static size_t
node_of(struct matrix *m, const char *name)
{
	int columns = (int)figure_name(name, NAME_COLUMNS).columns;

	for (size_t i = 0; i < m->nodes; i++)
		if (strcmp(m->names[i], name) == 0)
			return i;
	if (m->nodes == NODES)
		return NODES;
	m->names[m->nodes] = name;
	if (columns > m->name_width)
		m->name_width = columns;
	return m->nodes++;
}

/* Nodes in the order of the document, publishers and receivers alike. */
static void
collect(struct matrix *m)
{
	for (size_t i = 0; i < json_array_size(m->rows); i++) {
		const json_t *row = json_array_get(m->rows, i);
		size_t from, to;

		if (!is_row(row))
			continue;
		from = node_of(m, word_in(row, "from"));
		to = node_of(m, word_in(row, "to"));
		if (from < NODES && to < NODES)
			m->cells[from][to] = row;
	}
}

static bool
publishes(const struct matrix *m, size_t from)
{
	for (size_t i = 0; i < m->nodes; i++)
		if (m->cells[from][i] != NULL)
			return true;
	return false;
}

/* --- a few nodes: a square ------------------------------------------------------------ */

static void
name_left(const struct matrix *m, const char *name)
{
	struct figure_name shown = figure_name(name, NAME_COLUMNS);

	fprintf(m->into, "%s%*s", shown.text, m->name_width - (int)shown.columns, "");
}

static void
head(const struct matrix *m)
{
	fprintf(m->into, "%*s%-*s", m->label, "", m->name_width + 12, "from \\ to");
	for (size_t i = 0; i < m->nodes; i++) {
		struct figure_name shown = figure_name(m->names[i], NAME_COLUMNS);

		fprintf(m->into, "%*s%s", m->width - (int)shown.columns, "", shown.text);
	}
	fputc('\n', m->into);
}

static struct figure
figure_of(const json_t *row, const char *key)
{
	size_t len = strlen(key);
	bool is_time = len > 3 && strcmp(key + len - 3, "_ms") == 0;

	if (!json_is_number(json_object_get(row, key)))
		return (struct figure){"-"};
	return is_time ? figure_ms(number_in(row, key)) : figure_count(number_in(row, key));
}

/* One figure of each cell of a publisher's row. */
static void
line(const struct matrix *m, size_t from, const char *key, const char *word, bool first)
{
	fprintf(m->into, "%*s", m->label, "");
	if (first)
		name_left(m, m->names[from]);
	else
		fprintf(m->into, "%*s", m->name_width, "");
	fprintf(m->into, "  %-10s", word);
	for (size_t i = 0; i < m->nodes; i++)
		fprintf(m->into, "%*s", m->width, figure_of(m->cells[from][i], key).text);
	fputc('\n', m->into);
}

static bool
any_in_row(const struct matrix *m, size_t from, const char *key)
{
	for (size_t i = 0; i < m->nodes; i++)
		if (number_in(m->cells[from][i], key) > 0)
			return true;
	return false;
}

/* What is as it should be takes two lines; what is not is shown, too. */
static void
square(struct matrix *m)
{
	static const char *const troubles[] = {"lost", "duplicate", "reordered", "late"};

	m->width = (m->name_width > 9 ? m->name_width : 9) + GAP;
	head(m);
	for (size_t from = 0; from < m->nodes; from++) {
		if (!publishes(m, from))
			continue;
		line(m, from, "delivered", "delivered", true);
		line(m, from, "p99_ms", "p99", false);
		for (size_t k = 0; k < sizeof troubles / sizeof *troubles; k++)
			if (any_in_row(m, from, troubles[k]))
				line(m, from, troubles[k], troubles[k], false);
	}
}

/* --- many nodes: the worst cells ------------------------------------------------------ */

/* Lost messages count more than any disorder, and that more than any delay. */
static bool
worse(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"lost", "duplicate", "reordered", "p99_ms"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (number_in(a, keys[i]) != number_in(b, keys[i]))
			return number_in(a, keys[i]) > number_in(b, keys[i]);
	return false;
}

static void
insert(const json_t **worst, size_t *count, const json_t *row)
{
	size_t at = *count;

	while (at > 0 && worse(row, worst[at - 1]))
		at--;
	if (at == MATRIX_WORST)
		return;
	if (*count < MATRIX_WORST)
		++*count;
	memmove(worst + at + 1, worst + at, (*count - at - 1) * sizeof *worst);
	worst[at] = row;
}

static void
worst_cells(struct matrix *m)
{
	static const char *const keys[] = {
	    "delivered", "lost", "duplicate", "reordered", "p99_ms"};
	const json_t *worst[MATRIX_WORST];
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(m->rows); i++)
		if (is_row(json_array_get(m->rows, i)))
			insert(worst, &count, json_array_get(m->rows, i));
	fprintf(m->into, "%*s%-*s %10s %9s %10s %10s %10s\n", m->label, "",
	    2 * m->name_width + 4, "the worst cells", "delivered", "lost", "duplicate",
	    "reordered", "p99");
	for (size_t i = 0; i < count; i++) {
		fprintf(m->into, "%*s", m->label, "");
		name_left(m, word_in(worst[i], "from"));
		fputs(" \xe2\x86\x92 ", m->into);
		name_left(m, word_in(worst[i], "to"));
		for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
			fprintf(m->into, " %*s", k == 0 ? 11 : k == 1 ? 9 : 10,
			    figure_of(worst[i], keys[k]).text);
		fputc('\n', m->into);
	}
}

void
matrix_render(FILE *into, const json_t *matrix, int label)
{
	struct matrix m = {.into = into, .label = label, .rows = matrix};

	collect(&m);
	if (m.nodes < 2)
		return;
	if (m.nodes <= MATRIX_ACROSS)
		square(&m);
	else
		worst_cells(&m);
}
