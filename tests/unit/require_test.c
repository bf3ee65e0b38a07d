/* require_test.c: conditions on results: how they are written, what they see. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/document.h"
#include "bench/report/figure.h"
#include "bench/report/require.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- forms ---------------------------------------------------------------------------- */

static const struct {
	const char *text, *path;
	enum require_operator operator;
	enum require_unit unit;
	double value;
} good[] = {
    {"p99<200ms", "p99", REQUIRE_LESS, REQUIRE_MS, 200},
    {"p999<=1.5s", "p999", REQUIRE_AT_MOST, REQUIRE_MS, 1500},
    {"max<5", "max", REQUIRE_LESS, REQUIRE_MS, 5},
    {"mean>250us", "mean", REQUIRE_MORE, REQUIRE_MS, 0.25},
    {"lost==0", "delivery.lost", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"delivery.lost == 0", "delivery.lost", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"  lost==0  ", "delivery.lost", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"lost<0.1%", "delivery.lost", REQUIRE_LESS, REQUIRE_PERCENT, 0.1},
    {"latency_ms.rtt.p99<=5", "latency_ms.rtt.p99", REQUIRE_AT_MOST, REQUIRE_MS, 5},
    {"rtt.p99<=5ms", "latency_ms.rtt.p99", REQUIRE_AT_MOST, REQUIRE_MS, 5},
    {"complete.max<1s", "latency_ms.complete.max", REQUIRE_LESS, REQUIRE_MS, 1000},
    {"upgrade.p50<1m", "connections.phases_ms.upgrade.p50", REQUIRE_LESS, REQUIRE_MS, 60000},
    {"open_per_s>1000", "connections.open_per_s", REQUIRE_MORE, REQUIRE_RATE, 1000},
    {"received_per_s>=10k", "messages.received_per_s", REQUIRE_AT_LEAST, REQUIRE_RATE, 10000},
    {"sent_per_s>6k/m", "messages.sent_per_s", REQUIRE_MORE, REQUIRE_RATE, 100},
    {"failed==0", "connections.failed", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"opened>=99.5%", "connections.opened", REQUIRE_AT_LEAST, REQUIRE_PERCENT, 99.5},
    {"errors.http==0", "connections.errors.http", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"sent!=0", "messages.sent", REQUIRE_OTHER, REQUIRE_COUNT, 0},
    {"received>2m", "messages.received", REQUIRE_MORE, REQUIRE_COUNT, 2e6},
    {"bytes.sent<1MiB", "bytes.sent", REQUIRE_LESS, REQUIRE_SIZE, 1 << 20},
    {"bytes_per_connection<=1KiB", "rig.bytes_per_connection", REQUIRE_AT_MOST, REQUIRE_SIZE,
	1024},
    {"cpu_pct<80%", "rig.cpu_pct", REQUIRE_LESS, REQUIRE_PERCENT, 80},
    {"cpu_pct<80", "rig.cpu_pct", REQUIRE_LESS, REQUIRE_PERCENT, 80},
    {"cpu_us_per_message<9us", "rig.cpu_us_per_message", REQUIRE_LESS, REQUIRE_US, 9},
    {"rig.cpu_s.loading<2s", "rig.cpu_s.loading", REQUIRE_LESS, REQUIRE_SECONDS, 2},
    {"wasted_pct<80%", "polling.wasted_pct", REQUIRE_LESS, REQUIRE_PERCENT, 80},
    {"polling.requests<2k", "polling.requests", REQUIRE_LESS, REQUIRE_COUNT, 2000},
    {"empty<10%", "polling.empty", REQUIRE_LESS, REQUIRE_PERCENT, 10},
    {"sent_per_delivery<1KiB", "bytes.sent_per_delivery", REQUIRE_LESS, REQUIRE_SIZE, 1024},
    {"post.refused==0", "messages.post.refused", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"unknown<1%", "messages.post.unknown", REQUIRE_LESS, REQUIRE_PERCENT, 1},
    {"loop_lag_ms.p99<1ms", "rig.loop_lag_ms.p99", REQUIRE_LESS, REQUIRE_MS, 1},
    {"plays.failed==0", "script.plays.failed", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"plays.failed<1%", "script.plays.failed", REQUIRE_LESS, REQUIRE_PERCENT, 1},
    {"completed>1k", "script.plays.completed", REQUIRE_MORE, REQUIRE_COUNT, 1000},
    {"unfinished==0", "script.plays.unfinished", REQUIRE_EQUAL, REQUIRE_COUNT, 0},
    {"plays.per_s>=10/s", "script.plays.per_s", REQUIRE_AT_LEAST, REQUIRE_RATE, 10},
    {"play_ms.p99<2s", "script.play_ms.p99", REQUIRE_LESS, REQUIRE_MS, 2000},
};

static void
test_good(void)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		struct require_list list = {0};
		struct err e = {0};
		bool taken = require_add(&list, good[i].text, &e) == 0 && list.count == 1;
		const struct require *r = list.items;

		if (!tap_ok(taken && strcmp(r->path, good[i].path) == 0 &&
		    r->operator == good[i].operator && r->unit == good[i].unit &&
		    r->value == good[i].value, "%s", good[i].text))
			printf("# %s; %s %g\n", e.text, taken ? r->path : "",
			    taken ? r->value : 0);
		require_release(&list);
	}
}

static const struct {
	const char *text, *says;
} bad[] = {
	{"", "--require '', at character 1: expected a name"},
	{"<5", "at character 1: expected a name"},
	{"p99", "--require 'p99', at character 4: expected one of < <= > >= == !="},
	{"p99=5ms", "at character 4: expected one of"},
	{"p99 => 5ms", "at character 5: expected one of"},
	{"p99<", "at character 5: expected a value"},
	{"p99 < ", "at character 6: expected a value"},
	{"p99<20x", "at character 5: '20x' is not a duration such as"},
	{"p99<fast", "at character 5: 'fast' is not a duration"},
	{"p99<-1", "at character 5: '-1' is not a duration"},
	{"p99<<5", "at character 5: '<5' is not"},
	{"p99<5ms 6", "at character 5: '5ms 6' is not a duration"},
	{"p99<5%", "p99 has no percentage"},
	{"lost<1ms", "'1ms' is not a whole number such as"},
	{"lost==%", "'%' is not a whole number"},
	{"received_per_s>10/y", "is not a rate such as"},
	{"bytes.sent<1XB", "is not a size such as"},
	{"cpu_pct<80ms", "is not a percentage such as"},
	{"p98<5ms", "'p98' is not known, the nearest is"},
	{"delivery.lsot==0", "the nearest is delivery.lost"},
	{"latency_ms.rtt.p98<5", "the nearest is latency_ms.rtt.p9"},
	{"open_per_sec>5", "the nearest is connections.open_per_s"},
	{"count>5", "'count' may be latency_ms.delivery.count or"},
	{"delivery.matrix==0", "is not known"},
	{"P99<5ms", "at character 1: expected a name"},
	{"lost==0,", "--require '', at character 1: expected a name"},
	{",lost==0", "expected a name"},
	{"lost==0,p99<x", "--require 'p99<x', at character 5: 'x' is not"},
	{"requests>5", "'requests' may be messages.post.requests or polling.requests"},
	{"compare<5", "'compare' is not known"},
	{"compare.sse<5", "expected compare.ROW.FIGURE"},
	{"compare.<5", "expected compare.ROW.FIGURE"},
	{"compare.udp.lost<5", "at character 1: 'udp' is no row; expected ws, sse, longpoll or"},
	{"compare.poll.lost<5", "'poll' is no row"},
	{"compare.poll-.lost<5", "'poll-' is no row"},
	{"compare.poll-5x.lost<5", "'poll-5x' is no row"},
	{"compare.sse.lsot<5", "'lsot' is no figure of a row; expected p99, lost"},
	{"compare.sse.latency_ms.p98<5", "'latency_ms.p98' is no figure of a row"},
	{"compare.sse.requests<5%", "requests has no percentage"},
	{"l\303\266st==0", "at character 1: 'l' is not known"},
};

static void
test_bad(void)
{
	struct require_list list = {0};
	struct err e = {0};
	char longest[300];

	for (size_t i = 0; i < COUNT(bad); i++) {
		int result = require_add(&list, bad[i].text, &e);

		if (!tap_ok(result == -1 && e.class == ERR_USAGE &&
		    strstr(e.text, bad[i].says) != NULL, "refused: '%s'", bad[i].text))
			printf("# %d: %s\n", result, e.text);
	}
	memset(longest, '9', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	tap_ok(require_add(&list, longest, &e) == -1 && strstr(e.text, "longer than") != NULL,
	    "refused: one that is too long");
	memcpy(longest, "p99<", 4);
	longest[REQUIRE_EXPR - 1] = '\0';
	require_add(&list, longest, &e);
	tap_ok(strlen(e.text) < sizeof e.text, "a long value");
	require_release(&list);
}

static void
test_lists(void)
{
	struct require_list list = {0};

	tap_int(require_add(&list, "p99<200ms, lost==0,failed == 0", NULL), 0, "a list");
	tap_int(require_add(&list, "late<1%", NULL), 0, "… and one more option");
	tap_int((long long)list.count, 4, "… make four");
	tap_text(
	    list.items[1].expr, "lost==0", "each as it was written, without spaces around it");
	tap_text(list.items[2].expr, "failed == 0", "… but with those inside");
	require_release(&list);
	tap_ok(list.items == NULL && list.count == 0, "released");
	require_release(&list);
}

/* --- judging -------------------------------------------------------------------------- */

static const char fanout[] =
    "{\"workload\": \"fanout\","
    "\"connections\": {\"requested\": 200, \"opened\": 199, \"failed\": 1, \"errors\": "
    "{\"http\": 1}},"
    "\"latency_ms\": {\"delivery\": {\"p99\": 12.5}, \"rtt\": {\"p99\": 99}},"
    "\"delivery\": {\"expected\": 1000, \"delivered\": 998, \"lost\": 2}}";

static const struct {
	const char *text;
	bool ok;
	double value;        /* -1: null */
} judged[] = {
	{"p99<12.6ms", true, 12.5},
	{"p99<12.5ms", false, 12.5},
	{"p99<=12.5ms", true, 12.5},
	{"p99>12.5", false, 12.5},
	{"p99>=12.5", true, 12.5},
	{"rtt.p99==99ms", true, 99},
	{"lost==0", false, 2},
	{"lost!=0", true, 2},
	{"lost<0.3%", true, 0.2},
	{"lost<=0.1%", false, 0.2},
	{"opened>=99.5%", true, 99.5},
	{"errors.http==1", true, 1},
	{"errors.timeout==0", true, 0},
	{"duplicate==0", false, -1},
	{"sent>0", false, -1},
	{"sent>50%", false, -1},
	{"max<1h", false, -1},
};

static void
test_judging(void)
{
	json_t *document = json_loads(fanout, 0, NULL), *array;
	struct require_list list = {0};
	int failed = 0;

	tap_int(require_judge(&list, document, true), 0, "nothing required, nothing failed");
	tap_ok(json_object_get(document, "requirements") == NULL, "… and nothing said");
	for (size_t i = 0; i < COUNT(judged); i++) {
		require_add(&list, judged[i].text, NULL);
		failed += !judged[i].ok;
	}
	tap_int(require_judge(&list, document, true), failed, "the failed ones are counted");
	array = json_object_get(document, "requirements");
	for (size_t i = 0; i < COUNT(judged); i++) {
		const json_t *r = json_array_get(array, i), *value = json_object_get(r, "value");
		double got = json_is_null(value) ? -1 : json_number_value(value);

		if (!tap_ok(strcmp(json_string_value(json_object_get(r, "expr")),
				judged[i].text) == 0 &&
				json_is_true(json_object_get(r, "ok")) == judged[i].ok &&
				got == judged[i].value,
			"%s is %s", judged[i].text, judged[i].ok ? "kept" : "broken"))
			printf("# value %g\n", got);
	}
	require_release(&list);
	json_decref(document);
}

/* --- rows of a comparison ------------------------------------------------------------- */

static const struct {
	const char *text, *row, *path;
	enum require_unit unit;
} in_rows[] = {
	{"compare.ws.lost==0", "ws", "lost", REQUIRE_COUNT},
	{"compare.sse.p99<200ms", "sse", "latency_ms.p99", REQUIRE_MS},
	{"compare.longpoll.latency_ms.max<1s", "longpoll", "latency_ms.max", REQUIRE_MS},
	{"compare.poll-250ms.wasted_pct<50%", "poll 250ms", "wasted_pct", REQUIRE_PERCENT},
	{"compare.poll-0.25s.lost<1%", "poll 250ms", "lost", REQUIRE_PERCENT},
	{"compare.poll-60s.count>1", "poll 1m", "latency_ms.count", REQUIRE_COUNT},
	{"compare.ws.client_cpu_us_per_delivery<9us", "ws", "client_cpu_us_per_delivery",
	    REQUIRE_US},
	{"compare.ws.bytes_sent_per_delivery<1KiB", "ws", "bytes_sent_per_delivery",
	    REQUIRE_SIZE},
};

static void
test_row_names(void)
{
	for (size_t i = 0; i < COUNT(in_rows); i++) {
		struct require_list list = {0};
		struct err e = {0};

		if (!tap_ok(require_add(&list, in_rows[i].text, &e) == 0 &&
		    strcmp(list.items[0].row, in_rows[i].row) == 0 &&
		    strcmp(list.items[0].path, in_rows[i].path) == 0 &&
		    list.items[0].unit == in_rows[i].unit, "%s", in_rows[i].text))
			printf("# %s\n", e.text);
		require_release(&list);
	}
}

static void
test_rows(void)
{
	static const char text[] = "{\"workload\": \"compare\", \"delivery\": {\"expected\": 1000,"
	    "\"lost\": 4}, \"compare\": [7, {\"name\": 5}, {\"name\": \"ws\", \"lost\": 0},"
	    "{\"name\": \"poll 1s\", \"expected\": 100, \"lost\": 3, \"latency_ms\": {\"p50\":"
	    " 480.5}}]}";
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
		{"lost<=4", true}, {"compare.ws.lost==0", true},
		{"compare.poll-1s.lost==0", false}, {"compare.poll-1s.lost==3", true},
		{"compare.poll-1s.lost<=3%", true}, {"compare.poll-1s.lost<3%", false},
		{"compare.poll-1000ms.p50<=480.5ms", true}, {"compare.sse.lost==0", false},
		{"compare.ws.p50<1h", false},
	};
	json_t *document = json_loads(text, 0, NULL), *array;
	struct require_list list = {0};

	for (size_t i = 0; i < COUNT(rows); i++)
		require_add(&list, rows[i].text, NULL);
	tap_int(require_judge(&list, document, true), 4,
	    "rows are judged, what is not there fails");
	array = json_object_get(document, "requirements");
	for (size_t i = 0; i < COUNT(rows); i++)
		tap_ok(json_is_true(json_object_get(json_array_get(array, i), "ok")) ==
		    rows[i].ok, "%s is %s", rows[i].text, rows[i].ok ? "kept" : "broken");
	require_release(&list);
	json_decref(document);
}

static void
test_suits(void)
{
	static const char *const rows[] = {"ws", "poll 1s"};
	static const struct {
		const char *text, *says, *says_alone;    /* with rows, without; NULL: fine */
	} cases[] = {
		{"lost==0", NULL, NULL},
		{"compare.ws.p99<1s", NULL, "--require 'compare.ws.p99<1s': only bench"},
		{"compare.poll-1000ms.lost==0", NULL, "only bench compare"},
		{"compare.sse.lost==0", "sse is not among what is compared", "only bench compare"},
		{"compare.poll-2s.lost==0", "poll 2s is not among", "only bench compare"},
		{"p99<1s", "--require 'p99<1s': each row of a comparison has its own, such as"
		    " compare.ws.p99", NULL},
		{"complete.p99<1s", "each row of a comparison", NULL},
		{"loop_lag_ms.p99<1s", NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const says[] = {cases[i].says_alone, cases[i].says};
		struct require_list list = {0};

		require_add(&list, cases[i].text, NULL);
		for (size_t with = 0; with < 2; with++) {
			struct err e = {0};
			int result = require_suits(&list, rows, with ? COUNT(rows) : 0, &e);

			if (!tap_ok(says[with] == NULL ? result == 0 : result == -1 &&
			    e.class == ERR_USAGE && strstr(e.text, says[with]) != NULL,
			    "%s, with%s rows", cases[i].text, with ? "" : "out"))
				printf("# %s\n", e.text);
		}
		require_release(&list);
	}
}

/* --- labels of a script --------------------------------------------------------------- */

static const char *const labels[] = {"rtt", "Room.join", "rtt.p50", "a/b", "messages",
    "gr\303\274\303\237e"};

static const struct {
	const char *text, *label, *path; /* label "": it is none */
	enum require_unit unit;
} labelled[] = {
	{"rtt.p99<50ms", "rtt", "latency_ms.p99", REQUIRE_MS},
	{"rtt.count >= 10", "rtt", "latency_ms.count", REQUIRE_COUNT},
	{"rtt.p50<1s", "rtt", "latency_ms.p50", REQUIRE_MS},
	{"rtt.p50.max<1s", "rtt.p50", "latency_ms.max", REQUIRE_MS},
	{"Room.join.mean<1s", "Room.join", "latency_ms.mean", REQUIRE_MS},
	{"a/b.min>0", "a/b", "latency_ms.min", REQUIRE_MS},
	{"gr\303\274\303\237e.p999<1s", "gr\303\274\303\237e", "latency_ms.p999", REQUIRE_MS},
	{"messages.sent>5", "", "messages.sent", REQUIRE_COUNT},
	{"messages.p50>5", "messages", "latency_ms.p50", REQUIRE_MS},
	{"plays.failed==0", "", "script.plays.failed", REQUIRE_COUNT},
	{"play_ms.p99<1s", "", "script.play_ms.p99", REQUIRE_MS},
	{"failed==0", "", "script.plays.failed", REQUIRE_COUNT},
	{"failed<1%", "", "script.plays.failed", REQUIRE_PERCENT},
	{"connections.failed==0", "", "connections.failed", REQUIRE_COUNT},
	{"sent>5", "", "messages.sent", REQUIRE_COUNT},
};

static const struct {
	const char *text, *says;
} not_labelled[] = {
	{"rtx.p99<5ms", "at character 1: 'rtx.p99': what a script measures is called by a label,"
	    " and this one has rtt, Room.join, rtt.p50, a/b, messages, gr"},
	{"delivery.p99<5ms", "and this one has rtt"},
	{"p99<5ms", "and this one has rtt"},
	{"rtt<5ms", "'rtt' is not known"},
	{"rtt.p98<5ms", "'rtt.p98' is not known"},
	{"rtt.p99<5%", "latency_ms.p99 has no percentage"},
	{"plays.faild==0", "the nearest is script.plays.failed"},
	{"<5", "expected a name"},
};

static void
test_labels(void)
{
	struct require_list list = {.labels = labels, .label_count = COUNT(labels)};
	struct err e = {0};

	for (size_t i = 0; i < COUNT(labelled); i++) {
		int result = require_add(&list, labelled[i].text, &e);
		const struct require *r = &list.items[i];

		if (!tap_ok(result == 0 && strcmp(r->row, labelled[i].label) == 0 &&
		    strcmp(r->path, labelled[i].path) == 0 && r->unit == labelled[i].unit &&
		    (r->place == REQUIRE_LABELLED) == (labelled[i].label[0] != '\0'), "%s",
		    labelled[i].text))
			printf("# %s\n", e.text);
	}
	tap_int(require_suits(&list, NULL, 0, &e), 0, "they suit a run without rows");
	for (size_t i = 0; i < COUNT(not_labelled); i++)
		if (!tap_ok(require_add(&list, not_labelled[i].text, &e) == -1 &&
		    strstr(e.text, not_labelled[i].says) != NULL, "refused: %s",
		    not_labelled[i].text))
			printf("# %s\n", e.text);
	require_release(&list);
	list.label_count = 0;
	list.labels = labels;
	tap_ok(require_add(&list, "rtt.p99<5ms", &e) == -1 &&
	    strstr(e.text, "no line of this one has one") != NULL, "a script without labels");
	require_release(&list);
}

static void
test_judging_labels(void)
{
	static const char text[] = "{\"workload\": \"script\", \"script\": {\"plays\": {\"begun\":"
	    " 200, \"failed\": 1}, \"steps\": [5, {\"label\": 7}, {\"label\": \"open\"},"
	    " {\"label\": \"rtt\", \"latency_ms\": {\"p99\": 12.5, \"count\": 30}}]}}";
	static const char *const those[] = {"open", "rtt"};
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{"rtt.p99<12.6ms", true}, {"rtt.p99<12.5ms", false}, {"rtt.count==30", true},
		{"open.p99<1h", false}, {"plays.failed<=0.5%", true}, {"plays.failed==0", false},
	};
	json_t *document = json_loads(text, 0, NULL), *array;
	struct require_list list = {.labels = those, .label_count = 2};

	for (size_t i = 0; i < COUNT(cases); i++)
		require_add(&list, cases[i].text, NULL);
	tap_int(require_judge(&list, document, true), 3,
	    "labels are judged, what was not measured fails");
	array = json_object_get(document, "requirements");
	for (size_t i = 0; i < COUNT(cases); i++)
		tap_ok(json_is_true(json_object_get(json_array_get(array, i), "ok")) ==
		    cases[i].ok, "%s is %s", cases[i].text, cases[i].ok ? "kept" : "broken");
	require_release(&list);
	json_decref(document);
}

static void
test_uncounted(void)
{
	json_t *document = json_loads(fanout, 0, NULL);
	struct require_list list = {0};

	require_add(&list, "lost<=0.2%,errors.timeout==0", NULL);
	tap_int(require_judge(&list, document, true), 0, "two that hold");
	tap_int(require_judge(&list, document, false), 2, "… not when nothing counted");
	for (size_t i = 0; i < 2; i++)
		tap_ok(json_is_null(json_object_get(json_array_get(json_object_get(document,
		    "requirements"), i), "value")), "… there is no value then");
	require_release(&list);
	json_decref(document);
}

/* Short names mean what the workload measures. */
static void
test_workloads(void)
{
	static const struct {
		const char *document, *name;
	} cases[] = {
	    {"{\"workload\": \"echo\", \"latency_ms\": {\"rtt\": {\"p50\": 7}}}", "echo"},
	    {"{\"workload\": \"hold\", \"latency_ms\": {\"ping\": {\"p50\": 7}}}", "hold"},
	    {"{\"workload\": \"fanout\", \"latency_ms\": {\"delivery\": {\"p50\": 7}}}",
		"fanout"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *document = json_loads(cases[i].document, 0, NULL);
		struct require_list list = {0};

		require_add(&list, "p50==7ms", NULL);
		tap_int(require_judge(&list, document, true), 0, cases[i].name);
		require_release(&list);
		json_decref(document);
	}
}

static void
test_figures(void)
{
	static const struct {
		const char *text, *shown;
		double value;
	} cases[] = {
	    {"p99<1", "1.25 s", 1250},
	    {"lost==0", "12,345", 12345},
	    {"open_per_s>1", "714/s", 714},
	    {"bytes.sent<1", "2.00 KiB", 2048},
	    {"lost<1%", "0.25%", 0.25},
	    {"cpu_us_per_message<1", "4.50 us", 4.5},
	    {"cpu_s.loading<1", "2.00 s", 2},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct require_list list = {0};

		require_add(&list, cases[i].text, NULL);
		tap_text(require_figure(&list.items[0], cases[i].value).text, cases[i].shown,
		    cases[i].text);
		require_release(&list);
	}
}

int
main(void)
{
	test_good();
	test_bad();
	test_lists();
	test_judging();
	test_row_names();
	test_rows();
	test_suits();
	test_labels();
	test_judging_labels();
	test_workloads();
	test_uncounted();
	test_figures();
	return tap_done();
}
