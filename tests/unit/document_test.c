/* document_test.c: the results document: its keys, its histograms, its file. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "bench/plan/plan.h"
#include "bench/report/document.h"
#include "bench/report/save.h"
#include "bench/report/verdict.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "tests/unit/json_keys.h"
#include "tests/unit/tap.h"

static const char started[] = "2026-01-31T23:59:59.123Z";

static struct plan
plan_of(enum plan_workload workload)
{
	struct plan p = {.workload = workload, .connections = 12, .topics = 2, .publishers = 4,
	    .pacer = {PACER_POISSON, 50.5, 7}, .size = 64, .duration = 10 * NS_PER_S,
	    .drain = 2 * NS_PER_S, .late = NS_PER_S, .self = true, .seed = 7, .workers = 1};

	dialect_load(&p.dialect, "hail", NULL);
	p.target_count = 2;
	url_parse(&p.targets[0], "ws://ann:secret@h1:9001/ws/{topic}?since=0", NULL);
	url_parse(&p.targets[1], "ws://[::1]/", NULL);
	return p;
}

static void
release(struct plan *p, struct tally *t, json_t *document)
{
	for (size_t i = 0; i < p->target_count; i++)
		url_release(&p->targets[i]);
	dialect_release(&p->dialect);
	tally_free(t);
	json_decref(document);
}

static struct tally *
tally_of(enum plan_workload workload)
{
	struct tally *t = tally_new();
	bool hold = workload == PLAN_HOLD;

	t->requested = 12;
	t->opened = 10;
	t->failed = 2;
	t->open_ns = NS_PER_S / 2;
	t->errors[ERR_CONNECT] = t->errors[ERR_HTTP] = 1;
	hist_record(t->connect, NS_PER_MS);
	hist_record(t->total, 2 * NS_PER_MS);
	t->workers = 1;
	t->wall_ns[TALLY_LOADING] = 10 * NS_PER_S;
	t->cpu_ns[TALLY_LOADING] = NS_PER_S;
	t->load_ns = 10 * NS_PER_S;
	if (hold)
		return t;
	t->scheduled = t->sent = 500;
	t->received = 2500;
	t->load_bytes_received = 250000;
	t->load_bytes_sent = 5000;
	t->point_ns = NS_PER_S;
	tally_point(t, &(struct tally_point){10, 50, 250, NS_PER_MS});
	return t;
}

static json_t *
document_of(const struct plan *p, const struct tally *t)
{
	struct verdict v;

	verdict_judge(p, t, false, &v);
	return document_make(p, t, &v, started);
}

/* --- sections ------------------------------------------------------------------------- */

static void
fill_cells(struct tally *t)
{
	size_t n1 = tally_node(t, "n1"), n2 = tally_node(t, "n2");
	struct tally_cell *c = tally_cell(t, n1, n2);

	c->expected = 2500;
	c->delivered = 2490;
	c->lost = 10;
	c->late = 3;
	c->latency = hist_new();
	hist_record(c->latency, 4 * NS_PER_MS);
	tally_cell(t, n2, n1)->expected = tally_cell(t, n2, n1)->lost = 5;
	hist_record(t->delivery, 4 * NS_PER_MS);
}

static void
test_fanout(void)
{
	struct plan p = plan_of(PLAN_FANOUT);
	struct tally *t = tally_of(PLAN_FANOUT);
	json_t *d, *matrix;

	p.label = "spring";
	p.connect_rate = 500;
	fill_cells(t);
	d = document_of(&p, t);
	tap_text(json_keys(d),
	    "schema hail label started workload transport config targets connections "
	    "messages bytes latency_ms delivery rig series",
	    "fan-out: sections");
	tap_text(json_keys(document_at(d, "config")),
	    "workload connections duration_s warmup_s drain_s "
	    "topics publishers loop rate arrival size late_ms dialect publish_by self unlinked "
	    "node_from connect_rate seed workers",
	    "config");
	tap_text(json_keys(document_at(d, "connections")), "requested opened failed dropped peak "
	    "open_per_s errors phases_ms", "connections");
	tap_text(json_keys(document_at(d, "connections.errors")), "connect http",
	    "only classes that occurred");
	tap_text(json_keys(document_at(d, "connections.phases_ms")), "connect total",
	    "only phases that occurred");
	tap_text(json_keys(document_at(d, "messages")),
	    "scheduled sent received foreign stray unstamped "
	    "sent_per_s received_per_s",
	    "messages");
	tap_text(json_keys(document_at(d, "bytes")), "sent received per_delivery sent_per_delivery",
	    "bytes");
	tap_text(json_keys(document_at(d, "latency_ms")), "delivery",
	    "only latencies that were measured");
	tap_text(json_keys(document_at(d, "latency_ms.delivery")),
	    "count min mean p50 p90 p99 p999 max hist", "dist");
	tap_text(json_keys(document_at(d, "delivery")),
	    "expected delivered lost duplicate reordered late "
	    "missed_while_away recovered lost_for_good matrix",
	    "delivery");
	tap_text(json_keys(document_at(d, "rig")), "valid reasons warnings workers cpu_pct cpu_s "
	    "cpu_us_per_message cpu_us_per_connection rss_bytes bytes_per_connection "
	    "backlog_peak_bytes send_refused unsent_down", "rig");
	matrix = document_at(d, "delivery.matrix");
	tap_int((long long)json_array_size(matrix), 2,
	    "matrix: only cells with something in them");
	tap_text(json_keys(json_array_get(matrix, 0)),
	    "from to expected delivered lost duplicate reordered "
	    "late missed_while_away recovered lost_for_good p50_ms p99_ms max_ms",
	    "cell");
	tap_text(json_keys(json_array_get(matrix, 1)),
	    "from to expected delivered lost duplicate reordered "
	    "late missed_while_away recovered lost_for_good",
	    "a cell without deliveries has no times");
	release(&p, t, d);
}

static void
test_values(void)
{
	struct plan p = plan_of(PLAN_FANOUT);
	struct tally *t = tally_of(PLAN_FANOUT);
	json_t *d;

	fill_cells(t);
	p.node_from = PLAN_NODE_HEADER;
	p.node_name = "X-Served-By";
	d = document_of(&p, t);
	tap_text(json_string_value(document_at(d, "schema")), "hail-result/1", "schema");
	tap_text(json_string_value(document_at(d, "started")), started, "started");
	tap_text(json_string_value(json_array_get(document_at(d, "targets"), 0)),
	    "ws://h1:9001/ws/{topic}?since=0", "a target, without user and password");
	tap_text(json_string_value(json_array_get(document_at(d, "targets"), 1)), "ws://[::1]/",
	    "a target with the scheme's own port");
	tap_text(json_string_value(document_at(d, "config.node_from")), "header:X-Served-By",
	    "node_from");
	tap_text(json_string_value(document_at(d, "config.arrival")), "poisson", "arrival");
	tap_ok(json_real_value(document_at(d, "config.rate")) == 50.5, "rate");
	tap_ok(json_real_value(document_at(d, "config.duration_s")) == 10, "duration_s");
	tap_ok(document_at(d, "config.connect_rate") == NULL,
	    "no connect_rate when there was none");
	tap_ok(json_number_value(document_at(d, "connections.open_per_s")) == 20, "open_per_s");
	tap_ok(json_number_value(document_at(d, "messages.sent_per_s")) == 50, "sent_per_s");
	tap_ok(json_number_value(document_at(d, "messages.received_per_s")) == 250,
	    "received_per_s");
	tap_ok(json_number_value(document_at(d, "bytes.per_delivery")) == 100, "per_delivery");
	tap_ok(json_number_value(document_at(d, "bytes.sent_per_delivery")) == 2,
	    "sent_per_delivery");
	tap_text(json_string_value(document_at(d, "transport")), "ws", "transport");
	tap_text(json_string_value(document_at(d, "config.publish_by")), "socket", "publish_by");
	tap_ok(json_number_value(document_at(d, "rig.cpu_pct")) == 10, "cpu_pct");
	tap_ok(json_number_value(document_at(d, "rig.cpu_us_per_message")) == 400,
	    "cpu_us_per_message");
	tap_int(json_integer_value(document_at(d, "delivery.expected")), 2505,
	    "all cells together");
	tap_ok(json_number_value(document_at(d, "latency_ms.delivery.p99")) == 4, "p99");
	tap_ok(document_at(d, "latency_ms.delivery.p98") == NULL &&
		   document_at(d, "latency_ms.delivery.p99.x") == NULL &&
		   document_at(d, "no.such") == NULL,
	    "paths that lead nowhere");
	release(&p, t, d);
}

static void
test_other_workloads(void)
{
	struct plan p = plan_of(PLAN_HOLD);
	struct tally *t = tally_of(PLAN_HOLD);
	json_t *d = document_of(&p, t);

	tap_text(json_keys(d),
	    "schema hail started workload transport config targets connections bytes rig",
	    "hold: no messages, no delivery");
	tap_text(json_keys(document_at(d, "config")),
	    "workload connections duration_s warmup_s dialect "
	    "node_from seed workers",
	    "hold: config");
	release(&p, t, d);

	p = plan_of(PLAN_ECHO);
	p.closed_loop = true;
	t = tally_of(PLAN_ECHO);
	hist_record(t->rtt, NS_PER_MS);
	d = document_of(&p, t);
	tap_text(json_keys(d),
	    "schema hail started workload transport config targets connections messages "
	    "bytes latency_ms rig series",
	    "closed echo: no delivery");
	tap_ok(document_at(d, "messages.scheduled") == NULL &&
		   document_at(d, "config.rate") == NULL,
	    "… and no schedule");
	release(&p, t, d);

	p = plan_of(PLAN_ECHO);
	t = tally_of(PLAN_ECHO);
	d = document_of(&p, t);
	tap_ok(
	    document_at(d, "delivery.matrix") != NULL && document_at(d, "config.rate") != NULL,
	    "open echo: a schedule and its ledger");
	release(&p, t, d);
}

static void
test_polling(void)
{
	static const enum transport polled[] = {TRANSPORT_LONGPOLL, TRANSPORT_POLL};
	struct plan p = plan_of(PLAN_FANOUT);
	struct tally *t = tally_of(PLAN_FANOUT);
	json_t *d;

	p.transport = TRANSPORT_SSE;
	p.publish_by = PLAN_BY_REQUEST;
	p.poll_interval_ns = 250 * NS_PER_MS;
	t->polling.requests = 7;
	t->post_requests = 500;
	t->post_connections = 4;
	d = document_of(&p, t);
	tap_text(json_string_value(document_at(d, "transport")), "sse", "over sse");
	tap_ok(document_at(d, "polling") == NULL && document_at(d, "config.poll_interval_ms") ==
	    NULL, "… nothing is polled");
	tap_text(json_string_value(document_at(d, "config.publish_by")), "request",
	    "published by requests");
	tap_text(json_keys(document_at(d, "messages.post")), "requests refused unknown connections",
	    "… which are counted");
	json_decref(d);
	t->polling.empty = 2;
	t->polling.not_modified = 1;
	t->polling.connections = 12;
	for (size_t i = 0; i < 2; i++) {
		p.transport = polled[i];
		d = document_of(&p, t);
		tap_text(json_keys(document_at(d, "polling")),
		    "requests empty not_modified wasted_pct connections", "polling");
		tap_ok(json_number_value(document_at(d, "polling.wasted_pct")) == 42.86,
		    "wasted: empty or not modified");
		tap_ok((document_at(d, "config.poll_interval_ms") != NULL) == (i == 1),
		    "only poll has an interval");
		json_decref(d);
	}
	p.publish_by = PLAN_BY_WS;
	t->polling.requests = 0;
	d = document_of(&p, t);
	tap_text(json_keys(document_at(d, "messages.post")), "connections",
	    "published by WebSockets");
	tap_ok(document_at(d, "polling.wasted_pct") == NULL, "no polls, no share of them");
	tap_ok(json_number_value(document_at(d, "config.poll_interval_ms")) == 250,
	    "poll_interval_ms");
	release(&p, t, d);
}

/* Two labels of which one was measured, two lines that failed, one of them the end. */
static void
fill_script(struct tally *t)
{
	struct tally_script *s = t->script = tally_script_new("chat.hail");
	struct tally_line line = {"rooms.hail", 7}, end = {"chat.hail", 0};
	struct err why;

	s->begun = 60;
	s->completed = 50;
	s->unfinished = 6;
	s->requests = 9;
	hist_record(s->play, 20 * NS_PER_MS);
	tally_script_label(s, "rtt", line);
	tally_script_label(s, "gr\xfc\xdf", end);
	tally_script_measured(s, 0, 3 * NS_PER_MS);
	err_set(&why, ERR_MATCH, 0, "nothing came");
	for (int i = 0; i < 3; i++)
		tally_script_failed(s, 4, line, &why);
	err_set(&why, ERR_CLOSED, 0, "lost");
	tally_script_failed(s, 9, end, &why);
	t->connection_bytes = 12000;
}

static void
test_script(void)
{
	struct plan p = plan_of(PLAN_SCRIPT);
	struct tally *t = tally_of(PLAN_SCRIPT);
	json_t *d, *list;

	p.closed_loop = true;
	p.script = "chat.hail";
	fill_script(t);
	d = document_of(&p, t);
	tap_text(json_keys(d), "schema hail started workload transport config targets connections "
	    "messages bytes script rig series", "script: sections");
	tap_text(json_keys(document_at(d, "config")), "workload script connections duration_s "
	    "warmup_s drain_s dialect workers", "… nothing of a schedule in config");
	tap_text(json_string_value(document_at(d, "transport")), "script", "transport");
	tap_text(json_keys(document_at(d, "messages")), "sent received sent_per_s received_per_s",
	    "messages without stamps");
	tap_text(json_keys(document_at(d, "script")), "file plays requests play_ms steps failures",
	    "script");
	tap_text(json_keys(document_at(d, "script.plays")), "begun completed failed unfinished "
	    "per_s", "plays");
	tap_ok(json_number_value(document_at(d, "script.plays.per_s")) == 5 &&
	    json_integer_value(document_at(d, "script.plays.failed")) == 4, "… counted");
	tap_ok(document_at(d, "rig.cpu_us_per_connection") == NULL &&
	    json_number_value(document_at(d, "rig.bytes_per_connection")) == 1000,
	    "memory is shared among players");
	list = document_at(d, "script.steps");
	tap_text(json_keys(json_array_get(list, 0)), "file line label latency_ms", "a label");
	tap_ok(json_number_value(document_at(json_array_get(list, 0), "latency_ms.p50")) == 3,
	    "… with what it measured");
	tap_text(json_keys(json_array_get(list, 1)), "file label", "one that measured nothing");
	tap_text(json_string_value(document_at(json_array_get(list, 1), "label")), "gr??",
	    "… and is not UTF-8");
	list = document_at(d, "script.failures");
	tap_text(json_keys(json_array_get(list, 0)), "file line class message count", "a failure");
	tap_ok(json_integer_value(document_at(json_array_get(list, 0), "count")) == 3 &&
	    json_integer_value(document_at(json_array_get(list, 0), "line")) == 7, "… counted");
	tap_text(json_keys(json_array_get(list, 1)), "file class message count",
	    "one at the end has no line");
	release(&p, t, d);
}

static void
test_servers(void)
{
	static const struct document_server list[] = {
		{12, "hail", 125 * NS_PER_MS}, {13, "\xff odd) (", 0}};
	json_t *servers = document_servers(list, 2, 1000);

	tap_int((long long)json_array_size(servers), 2, "servers");
	tap_text(json_keys(json_array_get(servers, 0)), "pid name cpu_ms cpu_us_per_message",
	    "server");
	tap_ok(json_number_value(document_at(json_array_get(servers, 0), "cpu_ms")) == 125 &&
	    json_number_value(document_at(json_array_get(servers, 0), "cpu_us_per_message")) ==
	    125, "… with its time");
	tap_text(json_string_value(document_at(json_array_get(servers, 1), "name")), "? odd) (",
	    "… and its name, whatever it is");
	json_decref(servers);
	servers = document_servers(list, 1, 0);
	tap_text(json_keys(json_array_get(servers, 0)), "pid name cpu_ms",
	    "nothing received, nothing a message");
	json_decref(servers);
	tap_ok(document_servers(list, 0, 5) == NULL, "no servers");
}

/* Nothing that a peer or a user says may stop a document from being made. */
static void
test_odd_texts(void)
{
	struct plan p = plan_of(PLAN_FANOUT);
	struct tally *t = tally_of(PLAN_FANOUT);
	json_t *d;

	p.label = "gr\xfc\xdf" "e\x1b";
	tally_cell(t, tally_node(t, "\xff\xfe node"), 0)->expected = 1;
	tally_cell(t, 0, 0)->lost = 1;
	d = document_of(&p, t);
	tap_text(json_string_value(document_at(d, "label")), "gr??e\x1b",
	    "a label that is not UTF-8");
	tap_text(json_string_value(document_at(
		     json_array_get(document_at(d, "delivery.matrix"), 0), "from")),
	    "?? node", "a node that is not UTF-8");
	release(&p, t, d);
}

/* --- histograms ----------------------------------------------------------------------- */

static bool
same(const struct hist *a, const struct hist *b)
{
	return a->count == b->count && a->overflow == b->overflow && a->sum_us == b->sum_us &&
	    a->min_ns == b->min_ns && a->max_ns == b->max_ns &&
	    memcmp(a->buckets, b->buckets, sizeof a->buckets) == 0;
}

/* As it comes out of a file. */
static json_t *
written_and_read(json_t *value)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	json_t *copy;

	save_json(value, f);
	fclose(f);
	copy = json_loads(text, 0, NULL);
	free(text);
	return copy;
}

static void
test_hist(void)
{
	struct hist *parts[3] = {hist_new(), hist_new(), hist_new()};
	struct hist *merged = hist_new(), *read = hist_new();
	struct rng rng;
	bool good = true;

	rng_init(&rng, 3);
	for (size_t i = 0; i < 30000; i++)
		hist_record(parts[i % 2], (uint64_t)(rng_exponential(&rng) * 5e7));
	hist_record(parts[2], UINT64_C(5000) * NS_PER_S);
	hist_record(parts[2], 1);
	for (size_t i = 0; i < 3; i++) {
		json_t *dist = document_dist(parts[i]), *copy = written_and_read(dist);

		hist_clear(read);
		tap_ok(document_hist(copy, read) == 0 && same(read, parts[i]),
		    "histogram %zu comes back as it was", i);
		json_decref(dist);
		json_decref(copy);
	}
	hist_clear(read);
	for (size_t i = 0; i < 3; i++) {
		json_t *dist = document_dist(parts[i]);

		good = document_hist(dist, read) == 0 && good;
		hist_merge(merged, parts[i]);
		json_decref(dist);
	}
	tap_ok(good && same(read, merged), "merging what was read is merging the originals");
	hist_clear(merged);
	tap_ok(document_dist(merged) == NULL && document_dist(NULL) == NULL,
	    "nothing has no dist");
	for (size_t i = 0; i < 3; i++)
		hist_free(parts[i]);
	hist_free(merged);
	hist_free(read);
}

static void
test_unsound_hist(void)
{
	static const struct {
		const char *min, *max, *hist;
	} unsound[] = {
		{"1", "1", "5"},
		{"1", "1", "{}"},
		{"1", "1", "{'overflow': 0, 'sum_us': 1, 'values': 5}"},
		{"1", "1", "{'overflow': -1, 'sum_us': 1, 'values': []}"},
		{"1", "1", "{'overflow': 0, 'values': []}"},
		{"-1", "1", "{'overflow': 0, 'sum_us': 1, 'values': []}"},
		{"1", "1e300", "{'overflow': 0, 'sum_us': 1, 'values': []}"},
		{"1", "[]", "{'overflow': 0, 'sum_us': 1, 'values': []}"},
		{"1", "1", "{'overflow': 0, 'sum_us': 1, 'values': [1]}"},
		{"1", "1", "{'overflow': 0, 'sum_us': 1, 'values': [[1]]}"},
		{"1", "1", "{'overflow': 0, 'sum_us': 1, 'values': [[1, -1]]}"},
		{"1", "1", "{'overflow': 0, 'sum_us': 1, 'values': [[1, 1.5]]}"},
		{"1", "1", "{'overflow': 0, 'sum_us': 1, 'values': [[3600000001, 1]]}"},
		{"1", "1", "{'overflow': 0, 'sum_us': 1, 'values': [['1', 1]]}"},
	};
	struct hist *h = hist_new();

	tap_int(document_hist(NULL, h), -1, "no dist");
	for (size_t i = 0; i < sizeof unsound / sizeof *unsound; i++) {
		char text[256];
		json_t *dist;

		snprintf(text, sizeof text, "{'min': %s, 'max': %s, 'hist': %s}", unsound[i].min,
		    unsound[i].max, unsound[i].hist);
		for (char *at = text; (at = strchr(at, '\'')) != NULL;)
			*at = '"';
		dist = json_loads(text, 0, NULL);
		tap_ok(dist != NULL && document_hist(dist, h) == -1, "unsound: %s", text);
		json_decref(dist);
	}
	hist_free(h);
}

/* --- files ---------------------------------------------------------------------------- */

static char directory[] = "/tmp/hail-document.XXXXXX";

static const char *
in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

/* Whether a file holds exactly that. */
static bool
holds(const char *path, const char *text)
{
	char got[256];
	FILE *f = fopen(path, "r");
	size_t len = f != NULL ? fread(got, 1, sizeof got - 1, f) : 0;

	if (f != NULL)
		fclose(f);
	got[len] = '\0';
	return f != NULL && strcmp(got, text) == 0;
}

static void
test_save(void)
{
	json_t *d = json_pack("{s:i}", "a", 1);
	struct save s;
	struct err e = {0};
	struct stat st;
	char path[128];

	snprintf(path, sizeof path, "%s", in_directory("new.json"));
	tap_int(save_open(&s, path, &e), 0, "save: a new file");
	tap_ok(access(path, F_OK) != 0, "… is not there before the results are");
	tap_int(save_commit(&s, d, &e), 0, "… then it is");
	tap_ok(holds(path, "{\"a\": 1}\n"), "… with the document");
	tap_ok(access(in_directory("new.json.tmp"), F_OK) != 0, "… and nothing else");

	write_text(path, "old");
	chmod(path, 0640);
	tap_int(save_open(&s, path, &e), 0, "save: over an old file");
	tap_ok(holds(path, "old"), "… which stays as it was");
	save_abandon(&s);
	tap_ok(holds(path, "old") && access(in_directory("new.json.tmp"), F_OK) != 0,
	    "… also when there are no results");
	save_abandon(&s);
	save_open(&s, path, &e);
	tap_int(save_commit(&s, d, &e), 0, "… until there are");
	tap_ok(
	    holds(path, "{\"a\": 1}\n") && stat(path, &st) == 0 && (st.st_mode & 0777) == 0640,
	    "… and keeps its mode");
	json_decref(d);
}

static void
test_save_places(void)
{
	json_t *d = json_pack("{s:i}", "a", 1);
	struct save s;
	struct err e = {0};
	struct stat st;
	char path[128], link[128];

	snprintf(path, sizeof path, "%s", in_directory("old.json"));
	snprintf(link, sizeof link, "%s", in_directory("link.json"));
	write_text(path, "old");
	tap_int(symlink("old.json", link), 0, "a link");
	tap_ok(save_open(&s, link, &e) == 0 && save_commit(&s, d, &e) == 0,
	    "save: through a link");
	tap_ok(holds(path, "{\"a\": 1}\n") && lstat(link, &st) == 0 && S_ISLNK(st.st_mode),
	    "… to the file it points at");
	symlink("old.json", in_directory("out.json.tmp"));
	write_text(path, "old");
	tap_ok(save_open(&s, in_directory("out.json"), &e) == 0 && save_commit(&s, d, &e) == 0 &&
	    holds(path, "old"), "save: a planted link is not followed");
	tap_ok(save_open(&s, "/dev/null", &e) == 0 && s.temporary == NULL &&
	    save_commit(&s, d, &e) == 0, "save: what is no regular file is written directly");
	tap_int(save_open(&s, in_directory("no/such/file"), &e), -1, "save: no such directory");
	tap_ok(e.class == ERR_IO && e.code == ENOENT && strstr(e.text, "no/such/file") != NULL,
	    "… is said with its name");
	save_abandon(&s);
	tap_int(save_open(&s, directory, &e), -1, "save: a directory");
	tap_int(save_open(&s, "", &e), -1, "save: no name");
	tap_int(save_open(&s, "/tmp/no-file/", &e), -1,
	    "save: a name that can only be a directory");
	tap_ok(save_open(&s, "/dev/full", &e) == 0 && save_commit(&s, d, &e) == -1 &&
	    e.class == ERR_IO, "save: a full disk is an error");
	json_decref(d);
}

static void
remove_directory(void)
{
	static const char *const names[] = {"new.json", "old.json", "link.json", "out.json"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(in_directory(names[i]));
	tap_int(rmdir(directory), 0, "nothing else was left behind");
}

static void
test_layout(void)
{
	static const char text[] = "{\n"
	    "  \"flat\": {\"a\": 1, \"b\": [], \"c\": 0.1},\n"
	    "  \"pairs\": [\n    [1, 2], [3, 4]\n  ],\n"
	    "  \"rows\": [\n    {\"a\": null},\n    {\"b\": true}\n  ],\n"
	    "  \"deep\": {\n    \"x\": {\n      \"y\": [[]]\n    }\n  }\n}\n";
	json_t *d = json_loads(text, 0, NULL);
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	tap_int(save_json(d, f), 0, "layout");
	fclose(f);
	tap_text(out, text, "stable and readable");
	json_decref(d);
	free(out);
}

int
main(void)
{
	test_fanout();
	test_values();
	test_other_workloads();
	test_polling();
	test_script();
	test_servers();
	test_odd_texts();
	test_hist();
	test_unsound_hist();
	test_layout();
	if (mkdtemp(directory) == NULL)
		return 1;
	test_save();
	test_save_places();
	remove_directory();
	return tap_done();
}
