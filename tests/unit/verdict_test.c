/* verdict_test.c: each reason, each warning, and what must not be either. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "bench/plan/plan.h"
#include "bench/report/verdict.h"
#include "lib/base/clock.h"
#include "tests/unit/tap.h"

static struct plan plan;
static struct tally *tally;
static struct verdict verdict;

/* A fan-out of two nodes in which all went well. */
static void
begin(enum plan_workload workload)
{
	tally_free(tally);
	tally = tally_new();
	plan = (struct plan){.workload = workload};
	tally->requested = tally->opened = 100;
	tally->scheduled = tally->sent = 1000;
	tally->received = 4000;
	tally->workers = 1;
	tally->load_ns = 10 * NS_PER_S;
	tally->wall_ns[TALLY_LOADING] = 10 * NS_PER_S;
	tally->cpu_ns[TALLY_LOADING] = 3 * NS_PER_S;
	for (size_t i = 0; workload == PLAN_FANOUT && i < 4; i++)
		*tally_cell(tally, tally_node(tally, i / 2 ? "n2" : "n1"),
		    tally_node(tally, i % 2 ? "n2" : "n1")) =
		    (struct tally_cell){.expected = 1000, .delivered = 1000};
}

static void
lag(struct hist *h, uint64_t count, uint64_t ms)
{
	for (uint64_t i = 0; i < count; i++)
		hist_record(h, ms * NS_PER_MS);
}

static bool
has(const struct verdict_list *list, const char *part)
{
	for (size_t i = 0; i < list->count; i++)
		if (strstr(list->text[i], part) != NULL)
			return true;
	return false;
}

static void
show(void)
{
	for (size_t i = 0; i < verdict.reasons.count; i++)
		printf("# reason: %s\n", verdict.reasons.text[i]);
	for (size_t i = 0; i < verdict.warnings.count; i++)
		printf("# warning: %s\n", verdict.warnings.text[i]);
}

/* Judged valid, with exactly so many warnings. */
static void
expect_valid(size_t warnings, const char *name)
{
	verdict_judge(&plan, tally, false, &verdict);
	if (!tap_ok(verdict.valid && verdict.reasons.count == 0 &&
	    verdict.warnings.count == warnings, "valid: %s", name))
		show();
}

/* Judged invalid for this reason alone. */
static void
expect_reason(const char *part)
{
	verdict_judge(&plan, tally, false, &verdict);
	if (!tap_ok(!verdict.valid && verdict.reasons.count == 1 && has(&verdict.reasons, part),
	    "not valid: %s", part))
		show();
}

static void
expect_warning(const char *part)
{
	expect_valid(1, part);
	if (!tap_ok(has(&verdict.warnings, part), "… is the warning"))
		show();
}

/* --- reasons -------------------------------------------------------------------------- */

static void
test_connections(void)
{
	begin(PLAN_HOLD);
	tally->opened = 0;
	tally->failed = 100;
	tally->errors[ERR_HTTP] = 30;
	tally->errors[ERR_CONNECT] = 70;
	expect_reason("nothing connected: 100 of 100 connections failed: connect 70, http 30");
	begin(PLAN_FANOUT);
	tally->failed = 3;
	tally->errors[ERR_TIMEOUT] = 3;
	expect_warning("3 of 100 connections failed: timeout 3");
	begin(PLAN_FANOUT);
	tally->dropped = 4;
	expect_warning("4 of 100 connections dropped");
}

static void
test_schedule(void)
{
	begin(PLAN_FANOUT);
	lag(tally->schedule_lag, 980, 1);
	lag(tally->schedule_lag, 20, 51);
	expect_reason(
	    "the generator fell behind its schedule: messages left p50 1.00 ms, p99 51.0");
	begin(PLAN_FANOUT);
	lag(tally->schedule_lag, 1000, 11);
	expect_reason("p50 11.0 ms");
	begin(PLAN_FANOUT);
	lag(tally->schedule_lag, 992, 9);
	lag(tally->schedule_lag, 8, 900);
	expect_valid(0, "9 ms behind, and a few far more");
}

static void
test_processor(void)
{
	begin(PLAN_FANOUT);
	tally->cpu_ns[TALLY_LOADING] = 9700 * NS_PER_MS;
	expect_valid(0, "a busy processor alone");
	lag(tally->loop_lag, 100, 25);
	expect_reason("the generator was saturated: it used 97% of 1 core and");
	tally->workers = 2;
	expect_warning("event loop lagged: p99 25.0 ms");
	begin(PLAN_ECHO);
	plan.closed_loop = true;
	tally->cpu_ns[TALLY_LOADING] = 9900 * NS_PER_MS;
	tally->received = 1000;
	lag(tally->loop_lag, 100, 30);
	lag(tally->schedule_lag, 100, 300);
	expect_warning("the generator used 99%");
	begin(PLAN_HOLD);
	tally->cpu_ns[TALLY_LOADING] = 9900 * NS_PER_MS;
	lag(tally->loop_lag, 100, 30);
	expect_warning("event loop lagged");
}

static void
test_sending(void)
{
	begin(PLAN_FANOUT);
	tally->sent = 998;
	tally->send_refused = 2;
	expect_reason("2 of 1000 messages were held back");
	begin(PLAN_FANOUT);
	tally->sent = 990;
	tally->send_refused = tally->post_refused = 10;
	tally->post_requests = 1000;
	expect_warning("10 of 1000 messages were not published: the server refused them");
	tally->sent = 988;
	tally->send_refused = 12;
	verdict_judge(&plan, tally, false, &verdict);
	tap_ok(has(&verdict.reasons, "2 of 1000 messages were held back"),
	    "what was refused was not held back");
	begin(PLAN_FANOUT);
	tally->post_requests = 1000;
	tally->post_unknown = 4;
	expect_warning("nobody knows whether 4 of 1000 messages were published");
	begin(PLAN_FANOUT);
	tally->sent = 900;
	tally->unsent_down = 100;
	expect_warning(
	    "100 of 1000 messages were not published: their publisher was not connected");
	begin(PLAN_FANOUT);
	tally->sent = 0;
	tally->received = 0;
	expect_reason("nothing was published: 1000 messages were scheduled");
	begin(PLAN_FANOUT);
	tally->sent = 800;
	expect_reason("200 of 1000 scheduled messages were never sent");
	tally->sent = 995;
	expect_warning("5 of 1000 scheduled messages were never sent");
	tally->sent = 300;
	verdict_judge(&plan, tally, true, &verdict);
	tap_ok(verdict.valid && verdict.warnings.count == 1 &&
	    has(&verdict.warnings, "interrupted"), "an interrupted run need not send all");
}

/* Whatever there seems to be. */
static void
test_uncounted(void)
{
	struct verdict all = {.valid = true};

	begin(PLAN_FANOUT);
	tally->load_ns = 0;
	verdict_judge(&plan, tally, true, &verdict);
	if (!tap_ok(!verdict.valid && verdict.uncounted && verdict.reasons.count == 1 &&
	    has(&verdict.reasons, "interrupted before anything counted") &&
	    verdict.warnings.count == 0, "interrupted before anything counted"))
		show();
	tally->failed = 3;
	verdict_judge(&plan, tally, true, &verdict);
	tap_ok(has(&verdict.warnings, "3 of 100 connections failed"), "… connections are told");
	verdict_merge(&all, "ws", &verdict);
	tap_ok(!all.valid && all.uncounted, "… and merged");
	verdict_judge(&plan, tally, false, &verdict);
	tap_ok(!verdict.uncounted, "… not unless it was interrupted");
	begin(PLAN_SCRIPT);
	tally->load_ns = 0;
	tally->script = tally_script_new("chat.hail");
	verdict_judge(&plan, tally, true, &verdict);
	tap_ok(!verdict.valid && verdict.reasons.count == 1 && verdict.warnings.count == 0,
	    "… of a script");
}

static void
test_arrivals(void)
{
	begin(PLAN_FANOUT);
	tally->stray = 7;
	expect_reason("7 messages arrived where they do not belong");
	begin(PLAN_FANOUT);
	tally_cell(tally, 1, 0)->delivered = 1001;
	expect_reason("more was delivered than expected: n2 to n1 1001 of 1000");
	begin(PLAN_FANOUT);
	tally_cell(tally, 0, 1)->delivered = 990;
	expect_reason("a bug in hail: the ledger does not add up from n1 to n2");
	tally_cell(tally, 0, 1)->lost = 4;
	tally_cell(tally, 0, 1)->missed_while_away = 3;
	tally_cell(tally, 0, 1)->recovered = 2;
	tally_cell(tally, 0, 1)->lost_for_good = 1;
	expect_valid(0, "lost messages that add up are the server's");
	tally_cell(tally, 0, 1)->duplicate = 50;
	tally_cell(tally, 0, 1)->reordered = 50;
	tally_cell(tally, 0, 1)->late = 50;
	expect_valid(0, "duplicates, disorder and delay, too");
}

/* --- warnings ------------------------------------------------------------------------- */

static void
test_warnings(void)
{
	begin(PLAN_FANOUT);
	tally->unstamped = 5;
	expect_warning("5 messages without a stamp");
	begin(PLAN_HOLD);
	tally->unstamped = 5;
	expect_valid(0, "what a server tells idle connections");
	begin(PLAN_FANOUT);
	tally->foreign = 6;
	expect_warning("6 messages of another run");
	begin(PLAN_ECHO);
	plan.closed_loop = true;
	tally->received = 900;
	expect_warning("100 of 1000 messages were not answered");
	begin(PLAN_ECHO);
	tally->received = 0;
	expect_warning("nothing was received though 1000 messages were sent");
}

static void
test_crossing(void)
{
	begin(PLAN_FANOUT);
	*tally_cell(tally, 0, 1) = *tally_cell(tally, 1, 0) =
	    (struct tally_cell){.expected = 500, .lost = 500};
	expect_warning("nothing crossed between nodes: 0 of 1000 messages");
	plan.unlinked = true;
	expect_valid(0, "… which is fine when they are not linked");
	begin(PLAN_FANOUT);
	*tally_cell(tally, 0, 1) = *tally_cell(tally, 1, 0) = (struct tally_cell){0};
	expect_warning("nothing had to cross between nodes");
	begin(PLAN_ECHO);
	tally_node(tally, "n1");
	tally_node(tally, "n2");
	tally_cell(tally, 0, 0)->expected = tally_cell(tally, 0, 0)->delivered = 10;
	expect_valid(0, "an echo crosses nothing");
}

/* --- plays ---------------------------------------------------------------------------- */

/* Everyone played, nobody failed. */
static struct tally_script *
begin_plays(uint64_t completed)
{
	begin(PLAN_SCRIPT);
	plan.closed_loop = true;
	tally->scheduled = 0;
	tally->script = tally_script_new("chat.hail");
	tally->script->begun = tally->script->completed = completed;
	return tally->script;
}

/* Each of these was begun, too. */
static void
fail_plays(struct tally_script *s, uint64_t count, unsigned line, enum err_class class)
{
	struct err why;

	err_set(&why, class, 0, "it was not kept");
	for (uint64_t i = 0; i < count; i++)
		tally_script_failed(s, line, (struct tally_line){"chat.hail", line}, &why);
	s->begun += count;
	s->unconnected += class == ERR_CONNECT ? count : 0;
	tally->errors[class] += count;
}

static void
test_plays(void)
{
	struct tally_script *s = begin_plays(20);

	tally->received = 0;
	tally->failed = 3;
	tally->dropped = 4;
	expect_valid(0, "plays tell, whatever becomes of connections and messages");
	fail_plays(s, 2, 4, ERR_MATCH);
	fail_plays(s, 5, 7, ERR_CLOSED);
	expect_warning("7 of 27 plays failed, most of them (5) at chat.hail:7: it was not kept");
	begin_plays(0);
	expect_reason("nothing was played to its end: 0 plays were begun");
	s = begin_plays(0);
	s->begun = s->unfinished = 8;
	expect_reason("nothing was played to its end: 8 plays were begun");
	s = begin_plays(5);
	s->begun += s->unfinished = 8;
	expect_warning("8 of 13 plays were not over by the end of --drain");
	fail_plays(s = begin_plays(0), 3, 0, ERR_MATCH);
	expect_warning("3 of 3 plays failed, most of them (3) at chat.hail: it was");
}

static void
test_unconnected(void)
{
	struct tally_script *s = begin_plays(0);

	tally->opened = 0;
	fail_plays(s, 9, 1, ERR_CONNECT);
	expect_reason("nothing connected: all of 9 plays failed: connect 9");
	fail_plays(s, 1, 2, ERR_MATCH);
	expect_warning("10 of 10 plays failed, most of them (9) at chat.hail:1");
	begin_plays(5);
	tally->cpu_ns[TALLY_LOADING] = 9900 * NS_PER_MS;
	lag(tally->loop_lag, 100, 30);
	expect_warning("the generator used 99%");
}

static void
test_merging(void)
{
	struct verdict all = {.valid = true};

	begin(PLAN_FANOUT);
	verdict_judge(&plan, tally, false, &verdict);
	verdict_merge(&all, "ws", &verdict);
	tap_ok(all.valid && all.reasons.count == 0 && all.warnings.count == 0,
	    "merged: as good as its parts");
	verdict_warn(&verdict, "process %d ended", 5);
	verdict_merge(&all, "sse", &verdict);
	tap_ok(all.valid && all.warnings.count == 1 && has(&all.warnings, "sse: process 5 ended"),
	    "merged: a warning says whose it is");
	tally->stray = 7;
	verdict_judge(&plan, tally, false, &verdict);
	verdict_merge(&all, "poll 1s", &verdict);
	tap_ok(!all.valid && has(&all.reasons, "poll 1s: 7 messages arrived where"),
	    "merged: one that is not valid is enough");
	for (int i = 0; i < 2 * VERDICT_SENTENCES; i++)
		verdict_merge(&all, "ws", &verdict);
	tap_int((long long)all.reasons.count, VERDICT_SENTENCES, "merged: no more than fits");
	begin(PLAN_FANOUT);
	verdict_judge(&plan, tally, false, &verdict);
	verdict_merge(&all, "ws", &verdict);
	tap_ok(!all.valid, "merged: nothing makes it valid again");
}

/* More sentences than there is room for. */
static void
test_all_at_once(void)
{
	begin(PLAN_FANOUT);
	tally->failed = tally->dropped = tally->stray = tally->unstamped = tally->foreign =
	    tally->send_refused = tally->unsent_down = UINT64_MAX / 2;
	for (size_t i = 0; i < ERR_CLASSES; i++)
		tally->errors[i] = UINT64_MAX - i;
	memset(tally->node_names[0], 'x', TALLY_NODE_NAME - 1);
	tally_cell(tally, 0, 0)->delivered = UINT64_MAX;
	tally_cell(tally, 0, 1)->delivered = 0;
	lag(tally->schedule_lag, 10, UINT64_MAX / NS_PER_MS);
	lag(tally->loop_lag, 10, UINT64_MAX / NS_PER_MS);
	lag(tally->delivery, 10, UINT64_MAX / NS_PER_MS);
	verdict_judge(&plan, tally, true, &verdict);
	tap_ok(!verdict.valid && verdict.reasons.count <= VERDICT_SENTENCES &&
	    verdict.warnings.count <= VERDICT_SENTENCES, "everything wrong at once fits");
}

int
main(void)
{
	begin(PLAN_FANOUT);
	expect_valid(0, "all went well");
	test_connections();
	test_schedule();
	test_processor();
	test_sending();
	test_uncounted();
	test_arrivals();
	test_warnings();
	test_crossing();
	test_plays();
	test_unconnected();
	test_merging();
	test_all_at_once();
	tally_free(tally);
	return tap_done();
}
