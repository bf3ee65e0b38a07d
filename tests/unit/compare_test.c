/* compare_test.c: runs over several transports made one document. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/report/compare.h"
#include "lib/base/clock.h"
#include "tests/unit/json_keys.h"
#include "tests/unit/tap.h"

static const char started[] = "2026-01-31T23:59:59.123Z";

static const struct compare_row rows[] = {
	{TRANSPORT_WS, 0}, {TRANSPORT_SSE, 0}, {TRANSPORT_POLL, 250 * NS_PER_MS},
	{TRANSPORT_POLL, NS_PER_S},
};

static double
number(const json_t *document, const char *path)
{
	return json_number_value(document_at(document, path));
}

/* --- names ---------------------------------------------------------------------------- */

static void
test_names(void)
{
	static const struct {
		struct compare_row row;
		const char *name;
	} cases[] = {
		{{TRANSPORT_WS, 0}, "ws"}, {{TRANSPORT_SSE, NS_PER_S}, "sse"},
		{{TRANSPORT_LONGPOLL, 0}, "longpoll"},
		{{TRANSPORT_POLL, 250 * NS_PER_MS}, "poll 250ms"},
		{{TRANSPORT_POLL, NS_PER_S}, "poll 1s"},
		{{TRANSPORT_POLL, 1500 * NS_PER_MS}, "poll 1500ms"},
		{{TRANSPORT_POLL, 90 * NS_PER_S}, "poll 90s"},
		{{TRANSPORT_POLL, 120 * NS_PER_S}, "poll 2m"},
		{{TRANSPORT_POLL, 3600 * NS_PER_S}, "poll 1h"},
		{{TRANSPORT_POLL, 1}, "poll 1ns"},
		{{TRANSPORT_POLL, UINT64_MAX}, "poll 18446744073709551615ns"},
	};
	char name[COMPARE_NAME];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		tap_text(compare_name(&cases[i].row, name), cases[i].name, cases[i].name);
}

/* --- runs ----------------------------------------------------------------------------- */

static struct plan
plan_made(void)
{
	struct plan p = {.workload = PLAN_FANOUT, .transport = TRANSPORT_POLL,
	    .poll_interval_ns = NS_PER_S, .publish_by = PLAN_BY_REQUEST, .connections = 10,
	    .topics = 1, .publishers = 2, .pacer = {PACER_CONSTANT, 50, 7}, .size = 64,
	    .duration = 2 * NS_PER_S, .late = NS_PER_S, .self = true, .seed = 7, .workers = 1};

	dialect_load(&p.dialect, "hail", NULL);
	p.target_count = 1;
	url_parse(&p.targets[0], "http://h1:9001/", NULL);
	return p;
}

/* A run of 100 messages to 10 receivers, of which `lost` deliveries went missing. */
static struct tally *
run_of(uint64_t lost, uint64_t ms)
{
	struct tally *t = tally_new();
	struct tally_cell *c = tally_cell(t, tally_node(t, "n1"), tally_node(t, "n1"));

	t->requested = t->opened = t->peak = 10;
	t->open_ns = NS_PER_S / 2;
	t->workers = 1;
	t->wall_ns[TALLY_LOADING] = 2 * NS_PER_S;
	t->cpu_ns[TALLY_LOADING] = 20 * NS_PER_MS;
	t->load_ns = 2 * NS_PER_S;
	t->rss_bytes = 1 << 20;
	t->connection_bytes = 10240;
	t->scheduled = t->sent = 100;
	t->received = c->delivered = 1000 - lost;
	c->expected = 1000;
	c->lost = lost;
	c->latency = hist_new();
	hist_record(c->latency, ms * NS_PER_MS);
	hist_record(t->delivery, ms * NS_PER_MS);
	hist_record(t->upgrade, NS_PER_MS);
	hist_record(t->connect, NS_PER_MS);
	t->load_bytes_sent = 5000;
	t->load_bytes_received = 100000;
	t->transports_opened = 12;
	t->post_connections = 2;
	t->point_ns = NS_PER_S;
	tally_point(t, &(struct tally_point){10, 50, 250, NS_PER_MS});
	return t;
}

static void
add(struct compare *c, size_t row, struct tally *t, const struct verdict *v,
    const struct document_server *servers, size_t count)
{
	if (rows[row].transport == TRANSPORT_SSE)
		t->polling.requests = 10;
	if (rows[row].transport == TRANSPORT_POLL) {
		t->polling.requests = 80;
		t->polling.empty = 20;
	}
	tap_int(compare_add(c, &rows[row], t, v, servers, count), 0, "a run");
	tally_free(t);
}

static void
check_rows(const json_t *list)
{
	const json_t *ws = json_array_get(list, 0), *sse = json_array_get(list, 1);
	const json_t *poll = json_array_get(list, 2);

	tap_int((long long)json_array_size(list), 3, "as many rows as runs");
	tap_text(json_keys(ws), "name transport valid expected delivered lost duplicate reordered"
	    " late missed_while_away recovered lost_for_good latency_ms connections_opened requests"
	    " bytes_sent_per_delivery bytes_received_per_delivery client_cpu_us_per_delivery"
	    " bytes_per_connection", "keys of ws");
	tap_text(json_keys(poll), "name transport valid poll_interval_ms expected delivered lost"
	    " duplicate reordered late missed_while_away recovered lost_for_good latency_ms"
	    " connections_opened requests wasted_pct bytes_sent_per_delivery"
	    " bytes_received_per_delivery client_cpu_us_per_delivery server_cpu_us_per_delivery"
	    " servers bytes_per_connection", "keys of poll, with servers");
	tap_text(json_string_value(json_object_get(poll, "name")), "poll 250ms", "its name");
	tap_ok(number(poll, "poll_interval_ms") == 250 && number(poll, "requests") == 80 &&
	    number(poll, "wasted_pct") == 25 && number(ws, "requests") == 0, "polls");
	tap_ok(number(sse, "requests") == 10 && json_object_get(sse, "wasted_pct") == NULL,
	    "a stream is asked for once, and never in vain");
	tap_ok(number(ws, "connections_opened") == 10, "connections, without those that publish");
	tap_ok(number(ws, "bytes_sent_per_delivery") == 5 &&
	    number(ws, "bytes_received_per_delivery") == 100 &&
	    number(ws, "client_cpu_us_per_delivery") == 20 &&
	    number(ws, "bytes_per_connection") == 1024, "costs");
	tap_ok(number(poll, "server_cpu_us_per_delivery") == 299.9,
	    "of all servers");
	tap_ok(number(ws, "latency_ms.p50") == 1 && number(poll, "latency_ms.p50") == 125,
	    "each with its own delivery times");
}

static void
check_document(const json_t *d)
{
	tap_text(json_keys(d), "schema hail started workload transport config targets connections"
	    " messages bytes delivery rig compare", "sections");
	tap_text(json_string_value(document_at(d, "workload")), "compare", "workload");
	tap_text(json_string_value(document_at(d, "transport")), "compare", "transport");
	tap_text(json_string_value(document_at(d, "config.workload")), "compare",
	    "config.workload");
	tap_int((long long)json_array_size(document_at(d, "config.transports")), 3,
	    "each transport once");
	tap_int((long long)json_array_size(document_at(d, "config.intervals_ms")), 2,
	    "all intervals that were asked for");
	tap_ok(document_at(d, "config.poll_interval_ms") == NULL, "… and no single one");
	tap_text(json_keys(document_at(d, "connections.phases_ms")), "connect",
	    "what opens differently is not added up");
	tap_ok(document_at(json_array_get(document_at(d, "delivery.matrix"), 0), "p50_ms") ==
	    NULL, "… nor what arrives differently");
}

static void
check_totals(const json_t *d)
{
	tap_ok(number(d, "connections.requested") == 30 && number(d, "connections.peak") == 10,
	    "connections of all runs, of which ten were open at once");
	tap_ok(number(d, "delivery.expected") == 3000 && number(d, "delivery.lost") == 5 &&
	    number(d, "delivery.delivered") == 2995, "delivery");
	tap_ok(number(d, "messages.sent") == 300 && number(d, "messages.sent_per_s") == 50,
	    "one run after the other: at the rate of one");
	tap_ok(number(d, "rig.workers") == 1 && number(d, "rig.cpu_pct") == 1 &&
	    number(d, "rig.rss_bytes") == 1 << 20, "the rig");
}

static void
test_document(void)
{
	static const struct document_server servers[] = {
		{7, "hail", 199 * NS_PER_MS}, {8, "redis", 100 * NS_PER_MS}};
	struct plan p = plan_made();
	struct verdict fine = {.valid = true}, bad = {.valid = false};
	struct compare c;
	json_t *d;

	snprintf(bad.reasons.text[bad.reasons.count++], VERDICT_TEXT, "it fell behind");
	tap_int(compare_init(&c), 0, "a comparison");
	add(&c, 0, run_of(0, 1), &fine, NULL, 0);
	add(&c, 1, run_of(2, 2), &bad, NULL, 0);
	add(&c, 2, run_of(3, 125), &fine, servers, 2);
	d = compare_document(&c, &p, rows, 4, started);
	check_document(d);
	check_rows(document_at(d, "compare"));
	check_totals(d);
	tap_ok(json_is_false(document_at(d, "rig.valid")), "not valid: one is not");
	tap_text(json_string_value(json_array_get(document_at(d, "rig.reasons"), 0)),
	    "sse: it fell behind", "… and which");
	json_decref(d);
	compare_release(&c);
	url_release(&p.targets[0]);
	dialect_release(&p.dialect);
}

/* Interrupted before anything was delivered. */
static void
test_nothing(void)
{
	struct plan p = plan_made();
	struct verdict fine = {.valid = true};
	struct tally *t = tally_new();
	struct compare c;
	json_t *d;

	compare_init(&c);
	tap_int(compare_add(&c, &rows[3], t, &fine, NULL, 0), 0, "a run of nothing");
	d = compare_document(&c, &p, rows, 4, started);
	tap_text(json_keys(json_array_get(document_at(d, "compare"), 0)), "name transport valid"
	    " poll_interval_ms expected delivered lost duplicate reordered late"
	    " missed_while_away recovered lost_for_good connections_opened requests",
	    "… has no shares");
	json_decref(d);
	compare_release(&c);
	tally_free(t);
	url_release(&p.targets[0]);
	dialect_release(&p.dialect);
}

int
main(void)
{
	test_names();
	test_document();
	test_nothing();
	return tap_done();
}
