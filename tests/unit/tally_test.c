/* tally_test.c: partial results and how they are joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ledger/hist.h"
#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "lib/base/clock.h"
#include "tests/unit/tap.h"

/* --- nodes and cells ------------------------------------------------------------------ */

static void
test_nodes(void)
{
	struct tally *t = tally_new();
	char name[TALLY_NODE_NAME + 32];
	size_t last = 0;

	tap_int((long long)tally_node(t, "n1"), 0, "the first node is 0");
	tap_int((long long)tally_node(t, "n2"), 1, "a new one is the next");
	tap_int((long long)tally_node(t, "n1"), 0, "a known one keeps its index");
	for (int i = 2; i < TALLY_NODES + 10; i++) {
		snprintf(name, sizeof name, "node %d", i);
		last = tally_node(t, name);
	}
	tap_int((long long)t->nodes, TALLY_NODES, "there are only so many");
	tap_int((long long)last, TALLY_NODES - 1, "the rest share the last index");
	tap_text(t->node_names[TALLY_NODES - 1], "others", "… which is called others");
	tap_int((long long)tally_node(t, "n2"), 1, "known ones are still found");
	tally_free(t);

	t = tally_new();
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	tap_int((long long)tally_node(t, name), 0, "a name that is too long is taken");
	tap_int((long long)tally_node(t, name), 0, "… and found again");
	tap_int((long long)strlen(t->node_names[0]), TALLY_NODE_NAME - 1, "… and cut");
	tally_free(t);
	tally_free(NULL);
}

static void
test_sum(void)
{
	struct tally *t = tally_new();
	struct tally_cell sum = tally_sum(t);

	tap_ok(sum.expected == 0 && sum.delivered == 0, "without cells all sums are zero");
	*tally_cell(t, 0, 1) = (struct tally_cell){1, 2, 3, 4, 5, 6, 7, 8, 9, NULL};
	*tally_cell(t, 1, 0) = (struct tally_cell){10, 20, 30, 40, 50, 60, 70, 80, 90, NULL};
	sum = tally_sum(t);
	tap_ok(sum.expected == 11 && sum.delivered == 22 && sum.lost == 33 &&
	    sum.duplicate == 44 && sum.reordered == 55 && sum.late == 66 &&
	    sum.missed_while_away == 77 && sum.recovered == 88 && sum.lost_for_good == 99,
	    "each term is summed on its own");
	tally_free(t);
}

/* --- merging -------------------------------------------------------------------------- */

static void
fill(struct tally *t, uint64_t unit)
{
	t->requested = 100 * unit;
	t->opened = 90 * unit;
	t->failed = 10 * unit;
	t->peak = 80 * unit;
	t->open_ns = 7 * unit;
	t->errors[ERR_CONNECT] = 6 * unit;
	t->errors[ERR_HTTP] = 4 * unit;
	t->sent = 1000 * unit;
	t->received = 2000 * unit;
	t->stray = unit;
	t->polling.requests = 50 * unit;
	t->polling.empty = 20 * unit;
	t->polling.not_modified = 10 * unit;
	t->polling.connections = 5 * unit;
	t->post_requests = 400 * unit;
	t->post_refused = 3 * unit;
	t->post_unknown = 2 * unit;
	t->post_connections = 7 * unit;
	t->transports_opened = 12 * unit;
	t->load_bytes_sent = 600 * unit;
	t->load_bytes_received = 700 * unit;
	t->load_ns = 10 * NS_PER_S + unit;
	t->workers = 1;
	t->wall_ns[TALLY_LOADING] = 20 * unit;
	t->cpu_ns[TALLY_LOADING] = 5 * unit;
	t->backlog_peak = 300 * unit;
	t->rss_bytes = 1000 * unit;
	hist_record(t->delivery, unit * NS_PER_MS);
	hist_record(t->loop_lag, unit * NS_PER_US);
}

static void
test_counts(void)
{
	struct tally *sum = tally_new(), *part = tally_new();

	for (uint64_t unit = 1; unit <= 3; unit += 2) {
		tally_free(part);
		part = tally_new();
		fill(part, unit);
		tap_int(tally_merge(sum, part), 0, "merge");
	}
	tap_ok(sum->requested == 400 && sum->opened == 360 && sum->failed == 40 &&
	    sum->sent == 4000 && sum->received == 8000 && sum->stray == 4, "counts add up");
	tap_ok(sum->polling.requests == 200 && sum->polling.empty == 80 &&
	    sum->polling.not_modified == 40 && sum->polling.connections == 20,
	    "… and what polling took");
	tap_ok(sum->post_requests == 1600 && sum->post_refused == 12 && sum->post_unknown == 8 &&
	    sum->post_connections == 28 && sum->transports_opened == 48, "… and publishing");
	tap_ok(sum->load_bytes_sent == 2400 && sum->load_bytes_received == 2800,
	    "… and bytes both ways");
	tap_ok(sum->errors[ERR_CONNECT] == 24 && sum->errors[ERR_HTTP] == 16 &&
	    sum->errors[ERR_TLS] == 0, "errors add up by class");
	tap_int((long long)sum->peak, 320, "peaks of connections add up");
	tap_ok(sum->workers == 2 && sum->rss_bytes == 4000, "workers and their memory add up");
	tap_ok(sum->open_ns == 21 && sum->load_ns == 10 * NS_PER_S + 3 &&
	    sum->wall_ns[TALLY_LOADING] == 60, "times take the longest");
	tap_int((long long)sum->cpu_ns[TALLY_LOADING], 20, "processor time adds up");
	tap_int((long long)sum->backlog_peak, 900, "the greatest backlog stays");
	tap_ok(sum->delivery->count == 2 && sum->delivery->max_ns == 3 * NS_PER_MS &&
	    sum->loop_lag->count == 2 && sum->rtt->count == 0, "histograms join");
	tally_free(sum);
	tally_free(part);
}

static struct tally *
with_cell(const char *from, const char *to, uint64_t count)
{
	struct tally *t = tally_new();
	size_t sender = tally_node(t, from), receiver = tally_node(t, to);
	struct tally_cell *c = tally_cell(t, sender, receiver);

	c->expected = c->delivered = count;
	c->latency = hist_new();
	hist_record(c->latency, count * NS_PER_MS);
	return t;
}

/* Two workers may meet the nodes in another order, or other nodes. */
static void
test_cells(void)
{
	struct tally *sum = with_cell("n1", "n2", 10), *other = with_cell("n2", "n1", 20);
	struct tally *third = with_cell("n1", "n2", 5), *none = tally_new();
	const struct tally_cell *c;

	tap_ok(tally_merge(sum, other) == 0 && tally_merge(sum, third) == 0 &&
	    tally_merge(sum, none) == 0, "merge cells");
	tap_int((long long)sum->nodes, 2, "nodes join by name");
	c = tally_cell(sum, tally_node(sum, "n1"), tally_node(sum, "n2"));
	tap_ok(c->expected == 15 && c->delivered == 15, "n1 to n2 has both its parts");
	tap_ok(
	    c->latency->count == 2 && c->latency->max_ns == 10 * NS_PER_MS, "… and latencies");
	c = tally_cell(sum, tally_node(sum, "n2"), tally_node(sum, "n1"));
	tap_ok(c->expected == 20 && c->latency->count == 1, "n2 to n1 is not n1 to n2");
	tap_int((long long)tally_sum(sum).expected, 35, "nothing is counted twice");
	tally_free(sum);
	tally_free(other);
	tally_free(third);
	tally_free(none);
}

/* --- the series ----------------------------------------------------------------------- */

static uint64_t
all_sent(const struct tally *t)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->points; i++)
		sum += t->series[i].sent;
	return sum;
}

static void
add_points(struct tally *t, size_t count, uint64_t width_ns)
{
	t->point_ns = width_ns;
	for (size_t i = 0; i < count; i++)
		tally_point(t, &(struct tally_point){i, 2, 3, i});
}

static void
test_series(void)
{
	struct tally *t = tally_new();

	add_points(t, TALLY_POINTS, NS_PER_S);
	tap_ok(t->points == TALLY_POINTS && t->point_ns == NS_PER_S,
	    "a full series is as it was");
	tally_point(t, &(struct tally_point){TALLY_POINTS, 2, 3, TALLY_POINTS});
	tap_int((long long)t->points, TALLY_POINTS / 2 + 1, "one more halves it");
	tap_int((long long)t->point_ns, 2 * (long long)NS_PER_S, "… doubling the width");
	tap_ok(
	    t->series[0].sent == 4 && t->series[0].received == 6, "… two points become one");
	tap_ok(t->series[0].open == 1 && t->series[0].max_ns == 1,
	    "… with what was open at its end, and the longest");
	tap_int((long long)all_sent(t), 2 * (TALLY_POINTS + 1), "… and nothing is lost");
	tally_free(t);
}

static void
test_series_merge(void)
{
	struct tally *a = tally_new(), *b = tally_new(), *c = tally_new();

	add_points(a, 3, NS_PER_S);
	add_points(b, 5, NS_PER_S);
	tap_int(tally_merge(a, b), 0, "merge series of one width");
	tap_ok(a->points == 5 && a->series[0].sent == 4 && a->series[4].sent == 2,
	    "points join by time, the longer one goes on alone");
	tap_ok(a->series[2].open == 4, "open connections add up");
	add_points(c, 3, 2 * NS_PER_S);
	tap_int(tally_merge(a, c), 0, "merge a coarser series");
	tap_int(
	    (long long)a->point_ns, 2 * (long long)NS_PER_S, "the finer one is made coarser");
	tap_int((long long)a->series[0].sent, 2 + 2 + 2 + 2 + 2, "… joined by time");
	tap_int((long long)all_sent(a), 2 * (3 + 5 + 3), "… and nothing is lost");
	tally_free(a);
	tally_free(b);
	tally_free(c);
}

/* --- scripts -------------------------------------------------------------------------- */

static const struct tally_line line_3 = {"a.hail", 3}, line_9 = {"b.hail", 9};

static void
fail_at(struct tally_script *s, size_t step, struct tally_line at, enum err_class class,
    const char *text)
{
	struct err why;

	err_set(&why, class, 0, "%s", text);
	if (tally_script_failed(s, step, at, &why) != 0)
		abort();
}

static bool
is_failure(const struct tally_failure *f, size_t step, unsigned line, uint64_t count,
    const char *text)
{
	return f != NULL && f->step == step && f->at.line == line && f->count == count &&
	    strcmp(f->first.text, text) == 0;
}

static void
test_labels(void)
{
	struct tally_script *s = tally_script_new("a.hail");
	char name[24];

	tap_text(s->file, "a.hail", "a script has a name");
	tap_int(tally_script_label(s, "rtt", line_3), 0, "the first label is 0");
	tap_int(tally_script_label(s, "open", line_9), 1, "a new one is the next");
	tap_int(tally_script_label(s, "rtt", line_9), 0, "the same on another line is the same");
	tap_ok(s->labels[0].first.line == 3 && strcmp(s->labels[1].first.file, "b.hail") == 0,
	    "… which stands where it stood first");
	tap_ok(s->labels[0].latency == NULL, "nothing was measured, nothing is kept for it");
	tally_script_measured(s, 0, NS_PER_MS);
	tally_script_measured(s, 0, 3 * NS_PER_MS);
	tap_ok(s->labels[0].latency->count == 2 && s->labels[1].latency == NULL,
	    "what one measures is its own");
	for (int i = 2; i < TALLY_LABELS; i++) {
		snprintf(name, sizeof name, "label %d", i);
		tally_script_label(s, name, line_3);
	}
	tap_int(tally_script_label(s, "one more", line_3), -1, "there are only so many");
	tap_int(tally_script_label(s, "open", line_3), 1, "known ones are still found");
	tally_script_free(s);
	tally_script_free(NULL);
}

static void
test_script_failures(void)
{
	struct tally_script *s = tally_script_new("a.hail");
	const struct tally_failure *f;

	tap_ok(tally_script_worst(s) == NULL, "nothing failed");
	fail_at(s, 8, line_9, ERR_CLOSED, "closed 1");
	fail_at(s, 2, line_3, ERR_MATCH, "match 1");
	fail_at(s, 8, line_9, ERR_MATCH, "match 2");
	fail_at(s, 8, line_9, ERR_CLOSED, "closed 2");
	f = s->failures;
	tap_ok(is_failure(f, 2, 3, 1, "match 1"), "failures are in the order of the lines");
	tap_ok(is_failure(f->next, 8, 9, 2, "closed 1"), "one line, one class: the first tells");
	tap_ok(is_failure(f->next->next, 8, 9, 1, "match 2") && f->next->next->next == NULL,
	    "another class is another one");
	tap_ok(tally_script_worst(s) == f->next, "the worst ended the most plays");
	tap_int((long long)s->failed, 4, "each is a failed play");
	tally_script_label(s, "rtt", line_3);
	tally_script_measured(s, 0, NS_PER_MS);
	hist_record(s->play, NS_PER_S);
	s->begun = s->completed = s->unfinished = s->unconnected = s->requests = 5;
	tally_script_clear(s);
	tap_ok(s->begun + s->completed + s->failed + s->unfinished + s->unconnected + s->requests ==
	    0 && s->failures == NULL && s->play->count == 0 && s->labels[0].latency->count == 0 &&
	    s->label_count == 1, "all is forgotten but the labels");
	tally_script_free(s);
}

/* One of two workers; the other has the labels in another order. */
static struct tally *
with_script(const char *first, const char *second, uint64_t unit)
{
	struct tally *t = tally_new();
	struct tally_script *s = t->script = tally_script_new("a.hail");

	tally_script_label(s, first, line_3);
	tally_script_label(s, second, line_9);
	tally_script_measured(s, 0, unit * NS_PER_MS);
	hist_record(s->play, unit * NS_PER_S);
	s->begun = 10 * unit;
	s->completed = 7 * unit;
	s->unfinished = unit;
	s->unconnected = unit;
	s->requests = 3 * unit;
	fail_at(s, 5, line_9, ERR_CONNECT, first);
	fail_at(s, 6 + unit, line_9, ERR_MATCH, first);
	return t;
}

static void
test_script_merge(void)
{
	struct tally *sum = tally_new(), *a = with_script("rtt", "open", 1);
	struct tally *b = with_script("open", "rtt", 3), *none = tally_new();
	const struct tally_script *s;

	tap_ok(tally_merge(sum, none) == 0 && sum->script == NULL, "no script, none after merging");
	tap_ok(tally_merge(sum, a) == 0 && tally_merge(sum, b) == 0 && tally_merge(sum, none) == 0,
	    "merge scripts");
	s = sum->script;
	tap_text(s->file, "a.hail", "… of that name");
	tap_ok(s->begun == 40 && s->completed == 28 && s->failed == 4 && s->unfinished == 4 &&
	    s->unconnected == 4 && s->requests == 12, "plays add up");
	tap_ok(s->play->count == 2 && s->play->max_ns == 3 * NS_PER_S, "… and their times join");
	tap_ok(s->label_count == 2 && strcmp(s->labels[0].name, "rtt") == 0 &&
	    s->labels[0].latency->max_ns == NS_PER_MS &&
	    s->labels[1].latency->max_ns == 3 * NS_PER_MS, "labels join by name");
	tap_ok(is_failure(s->failures, 5, 9, 2, "rtt"), "failures join by step, the first tells");
	tap_ok(is_failure(s->failures->next, 7, 9, 1, "rtt") &&
	    is_failure(s->failures->next->next, 9, 9, 1, "open"), "… others stay apart");
	tally_free(a);
	tally_free(b);
	tap_text(s->labels[1].name, "open", "nothing of it was lent");
	tally_free(sum);
	tally_free(none);
}

int
main(void)
{
	test_nodes();
	test_sum();
	test_counts();
	test_cells();
	test_series();
	test_series_merge();
	test_labels();
	test_script_failures();
	test_script_merge();
	return tap_done();
}
