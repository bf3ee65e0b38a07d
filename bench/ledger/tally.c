#include "bench/ledger/tally.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ledger/tally_script.h"

/* Every hist by its place, so that making, merging and freeing cannot forget one. */
static const size_t hists[] = {
	offsetof(struct tally, resolve), offsetof(struct tally, connect),
	offsetof(struct tally, tls), offsetof(struct tally, upgrade),
	offsetof(struct tally, total), offsetof(struct tally, delivery),
	offsetof(struct tally, delivery_uncorrected), offsetof(struct tally, complete),
	offsetof(struct tally, rtt), offsetof(struct tally, rtt_uncorrected),
	offsetof(struct tally, ping), offsetof(struct tally, loop_lag),
	offsetof(struct tally, schedule_lag),
};

/* Counts that simply add up. */
static const size_t sums[] = {
	offsetof(struct tally, requested), offsetof(struct tally, opened),
	offsetof(struct tally, failed), offsetof(struct tally, dropped),
	offsetof(struct tally, peak), offsetof(struct tally, scheduled),
	offsetof(struct tally, sent), offsetof(struct tally, received),
	offsetof(struct tally, foreign), offsetof(struct tally, stray),
	offsetof(struct tally, unstamped), offsetof(struct tally, bytes_sent),
	offsetof(struct tally, bytes_received), offsetof(struct tally, load_bytes_sent),
	offsetof(struct tally, load_bytes_received), offsetof(struct tally, transports_opened),
	offsetof(struct tally, polling.requests), offsetof(struct tally, polling.empty),
	offsetof(struct tally, polling.not_modified),
	offsetof(struct tally, polling.connections), offsetof(struct tally, post_requests),
	offsetof(struct tally, post_refused), offsetof(struct tally, post_unknown),
	offsetof(struct tally, post_connections),
	offsetof(struct tally, workers), offsetof(struct tally, rss_bytes),
	offsetof(struct tally, connection_bytes), offsetof(struct tally, send_refused),
	offsetof(struct tally, unsent_down),
};

static struct hist **
hist_at(const struct tally *t, size_t i)
{
	return (struct hist **)(void *)((char *)(uintptr_t)t + hists[i]);
}

static uint64_t *
sum_at(const struct tally *t, size_t i)
{
	return (uint64_t *)(void *)((char *)(uintptr_t)t + sums[i]);
}

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

struct tally *
tally_new(void)
{
	struct tally *t = calloc(1, sizeof *t);
	bool complete = t != NULL;

	for (size_t i = 0; t != NULL && i < COUNT_OF(hists); i++)
		complete = (*hist_at(t, i) = hist_new()) != NULL && complete;
	if (complete)
		return t;
	tally_free(t);
	return NULL;
}

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < COUNT_OF(hists); i++)
		hist_free(*hist_at(t, i));
	for (size_t i = 0; t->cells != NULL && i < TALLY_NODES * TALLY_NODES; i++)
		hist_free(t->cells[i].latency);
	free(t->cells);
	tally_script_free(t->script);
	free(t);
}

size_t
tally_node(struct tally *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->nodes; i++)
		if (strncmp(t->node_names[i], name, TALLY_NODE_NAME - 1) == 0)
			return i;
	if (i == TALLY_NODES)
		return TALLY_NODES - 1;
	snprintf(t->node_names[i], TALLY_NODE_NAME, "%s", i < TALLY_NODES - 1 ? name : "others");
	t->nodes++;
	return i;
}

struct tally_cell *
tally_cell(struct tally *t, size_t from, size_t to)
{
	if (t->cells == NULL)
		t->cells = calloc(TALLY_NODES * TALLY_NODES, sizeof *t->cells);
	return t->cells != NULL ? &t->cells[from * TALLY_NODES + to] : NULL;
}

static void
add_cell(struct tally_cell *into, const struct tally_cell *from)
{
	into->expected += from->expected;
	into->delivered += from->delivered;
	into->lost += from->lost;
	into->duplicate += from->duplicate;
	into->reordered += from->reordered;
	into->late += from->late;
	into->missed_while_away += from->missed_while_away;
	into->recovered += from->recovered;
	into->lost_for_good += from->lost_for_good;
}

struct tally_cell
tally_sum(const struct tally *t)
{
	struct tally_cell sum = {0};

	for (size_t i = 0; t->cells != NULL && i < TALLY_NODES * TALLY_NODES; i++)
		add_cell(&sum, &t->cells[i]);
	return sum;
}

static void
add_point(struct tally_point *into, const struct tally_point *from)
{
	into->sent += from->sent;
	into->received += from->received;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
}

static void
halve(struct tally *t)
{
	for (size_t i = 0; 2 * i < t->points; i++) {
		struct tally_point pair = t->series[2 * i];

		if (2 * i + 1 < t->points) {
			add_point(&pair, &t->series[2 * i + 1]);
			pair.open = t->series[2 * i + 1].open;
		}
		t->series[i] = pair;
	}
	t->points = (t->points + 1) / 2;
	t->point_ns *= 2;
}

void
tally_point(struct tally *t, const struct tally_point *p)
{
	if (t->points == TALLY_POINTS)
		halve(t);
	t->series[t->points++] = *p;
}

static int
merge_cells(struct tally *into, const struct tally *from)
{
	for (size_t i = 0; i < from->nodes * from->nodes; i++) {
		size_t a = i / from->nodes, b = i % from->nodes;
		const struct tally_cell *cell = &from->cells[a * TALLY_NODES + b];
		struct tally_cell *sum = tally_cell(into, tally_node(into, from->node_names[a]),
		    tally_node(into, from->node_names[b]));

		if (sum == NULL)
			return -1;
		add_cell(sum, cell);
		if (cell->latency == NULL)
			continue;
		if (sum->latency == NULL && (sum->latency = hist_new()) == NULL)
			return -1;
		hist_merge(sum->latency, cell->latency);
	}
	return 0;
}

/* Both series begin with the run; the finer one is brought to the width of the other. */
static void
merge_series(struct tally *into, const struct tally *from)
{
	uint64_t width = from->point_ns;

	if (from->points == 0)
		return;
	if (into->points == 0)
		into->point_ns = width;
	while (into->point_ns < width)
		halve(into);
	for (size_t i = 0; i < from->points; i++) {
		size_t at = (size_t)((i + 1) * width / into->point_ns);
		struct tally_point *p;

		at = at > 0 ? at - 1 : 0;
		while (at >= into->points)
			into->series[into->points++] = (struct tally_point){0};
		p = &into->series[at];
		add_point(p, &from->series[i]);
		p->open += (i + 1) * width % into->point_ns == 0 ? from->series[i].open : 0;
	}
}

static void
keep_longest(uint64_t *into, uint64_t from)
{
	if (from > *into)
		*into = from;
}

static int
merge_script(struct tally *into, const struct tally_script *from)
{
	if (into->script == NULL && (into->script = tally_script_new(from->file)) == NULL)
		return -1;
	return tally_script_merge(into->script, from);
}

int
tally_merge(struct tally *into, const struct tally *from)
{
	for (size_t i = 0; i < COUNT_OF(hists); i++)
		hist_merge(*hist_at(into, i), *hist_at(from, i));
	for (size_t i = 0; i < COUNT_OF(sums); i++)
		*sum_at(into, i) += *sum_at(from, i);
	for (size_t i = 0; i < ERR_CLASSES; i++)
		into->errors[i] += from->errors[i];
	for (size_t i = 0; i < TALLY_PHASES; i++) {
		keep_longest(&into->wall_ns[i], from->wall_ns[i]);
		into->cpu_ns[i] += from->cpu_ns[i];
	}
	keep_longest(&into->open_ns, from->open_ns);
	keep_longest(&into->load_ns, from->load_ns);
	keep_longest(&into->backlog_peak, from->backlog_peak);
	merge_series(into, from);
	if (from->script != NULL && merge_script(into, from->script) != 0)
		return -1;
	return from->cells != NULL ? merge_cells(into, from) : 0;
}
