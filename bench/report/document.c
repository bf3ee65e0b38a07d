#include "bench/report/document.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/ledger/hist.h"
#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "bench/report/document_script.h"
#include "bench/report/verdict.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/transport.h"
#include "lib/base/utf8.h"

#ifndef HAIL_VERSION
#define HAIL_VERSION "0.0"
#endif

/* In json_pack below: I an integer, f a real, b a boolean, o a value handed over, o* one that is
 * left out when it is NULL. */
typedef json_int_t integer;

static json_t *
rounded(double value, double steps)
{
	return json_real(round(value * steps) / steps);
}

/* Milliseconds to the microsecond: finer than a bucket's width is noise. */
static json_t *
milliseconds(double ms)
{
	return rounded(ms, 1e3);
}

static json_t *
seconds(uint64_t ns)
{
	return rounded((double)ns / (double)NS_PER_S, 1e6);
}

json_t *
document_share(double total, uint64_t count, double steps)
{
	return count > 0 ? rounded(total / (double)count, steps) : NULL;
}

json_t *
document_per_second(uint64_t count, uint64_t ns)
{
	return document_share((double)count * 1e9, ns, 1e3);
}

json_t *
document_string(const char *text)
{
	char ascii[512];
	size_t len = 0;

	if (utf8_valid(text, strlen(text)))
		return json_string(text);
	for (; *text != '\0' && len < sizeof ascii - 1; text++)
		ascii[len++] = (unsigned char)*text < 0x80 ? *text : '?';
	ascii[len] = '\0';
	return json_string(ascii);
}

static json_t *
string_or_null(const char *text)
{
	return text != NULL ? document_string(text) : NULL;
}

/* --- dist ----------------------------------------------------------------------------- */

static json_t *
hist_object(const struct hist *h)
{
	json_t *values = json_array();

	for (size_t i = 0; i < HIST_BUCKETS; i++)
		if (h->buckets[i] > 0)
			json_array_append_new(values, json_pack("[I, I]",
			    (integer)hist_lowest_us(i), (integer)h->buckets[i]));
	return json_pack("{s:s, s:i, s:I, s:I, s:o}", "unit", "us", "digits", 3,
	    "overflow", (integer)h->overflow, "sum_us", (integer)h->sum_us, "values", values);
}

json_t *
document_dist(const struct hist *h)
{
	if (h == NULL || h->count == 0)
		return NULL;
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "count", (integer)h->count,
	    "min", rounded(hist_min_ms(h), 1e6),       /* exact, and so it stays when merged */
	    "mean", milliseconds(hist_mean_ms(h)),
	    "p50", milliseconds(hist_quantile_ms(h, 0.5)),
	    "p90", milliseconds(hist_quantile_ms(h, 0.9)),
	    "p99", milliseconds(hist_quantile_ms(h, 0.99)),
	    "p999", milliseconds(hist_quantile_ms(h, 0.999)),
	    "max", rounded(hist_max_ms(h), 1e6),
	    "hist", hist_object(h));
}

static bool
read_natural(const json_t *value, uint64_t *into)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*into = (uint64_t)json_integer_value(value);
	return true;
}

static bool
read_ms(const json_t *value, uint64_t *ns)
{
	double ms = json_number_value(value);

	if (!json_is_number(value) || !(ms >= 0) || ms > 1e12)
		return false;
	*ns = (uint64_t)llround(ms * 1e6);
	return true;
}

int
document_hist(const json_t *dist, struct hist *h)
{
	const json_t *object = json_object_get(dist, "hist");
	const json_t *values = json_object_get(object, "values");
	uint64_t overflow, sum_us, min_ns, max_ns, us, count, sum_before = h->sum_us;

	if (!json_is_array(values) ||
	    !read_natural(json_object_get(object, "overflow"), &overflow) ||
	    !read_natural(json_object_get(object, "sum_us"), &sum_us) ||
	    !read_ms(json_object_get(dist, "min"), &min_ns) ||
	    !read_ms(json_object_get(dist, "max"), &max_ns))
		return -1;
	for (size_t i = 0; i < json_array_size(values); i++) {
		const json_t *pair = json_array_get(values, i);

		if (json_array_size(pair) != 2 || !read_natural(json_array_get(pair, 0), &us) ||
		    !read_natural(json_array_get(pair, 1), &count) || us > HIST_MAX_US)
			return -1;
		hist_add_us(h, us, count);
	}
	h->overflow += overflow;
	h->sum_us = sum_before + sum_us;       /* exact, where buckets only know their lowest */
	if (min_ns < h->min_ns)
		h->min_ns = min_ns;
	if (max_ns > h->max_ns)
		h->max_ns = max_ns;
	return 0;
}

/* --- what was asked for --------------------------------------------------------------- */

static const char *
workload_name(enum plan_workload workload)
{
	switch (workload) {
	case PLAN_ECHO:
		return "echo";
	case PLAN_FANOUT:
		return "fanout";
	case PLAN_HOLD:
		return "hold";
	case PLAN_SCRIPT:
		return "script";
	}
	return "";
}

static const char *
arrival_name(enum pacer_arrival arrival)
{
	switch (arrival) {
	case PACER_CONSTANT:
		return "constant";
	case PACER_POISSON:
		return "poisson";
	}
	return "";
}

static const char *
publish_name(enum plan_publish by)
{
	switch (by) {
	case PLAN_BY_SOCKET:
		return "socket";
	case PLAN_BY_REQUEST:
		return "request";
	case PLAN_BY_WS:
		return "ws";
	}
	return "";
}

static json_t *
node_from(const struct plan *p)
{
	char text[128];
	const char *name = p->node_name != NULL ? p->node_name : "";

	switch (p->node_from) {
	case PLAN_NODE_TARGET:
		return json_string("target");
	case PLAN_NODE_HEADER:
		snprintf(text, sizeof text, "header:%s", name);
		return document_string(text);
	case PLAN_NODE_COOKIE:
		snprintf(text, sizeof text, "cookie:%s", name);
		return document_string(text);
	}
	return NULL;
}

/* Enough to do the same run again. */
static json_t *
config_of(const struct plan *p)
{
	bool script = p->workload == PLAN_SCRIPT, fanout = p->workload == PLAN_FANOUT;
	bool drains = p->workload != PLAN_HOLD, sends = drains && !script;
	bool paced = sends && !p->closed_loop;

	return json_pack("{s:s, s:o*, s:I, s:o, s:o, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, "
	    "s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:I}",
	    "workload", workload_name(p->workload),
	    "script", string_or_null(p->script),
	    "connections", (integer)p->connections,
	    "duration_s", seconds(p->duration),
	    "warmup_s", seconds(p->warmup),
	    "drain_s", drains ? seconds(p->drain) : NULL,
	    "topics", fanout ? json_integer((integer)p->topics) : NULL,
	    "publishers", fanout ? json_integer((integer)p->publishers) : NULL,
	    "loop", sends ? json_string(p->closed_loop ? "closed" : "open") : NULL,
	    "rate", paced ? rounded(p->pacer.rate, 1e6) : NULL,
	    "arrival", paced ? json_string(arrival_name(p->pacer.arrival)) : NULL,
	    "size", sends ? json_integer((integer)p->size) : NULL,
	    "late_ms", paced ? milliseconds((double)p->late / 1e6) : NULL,
	    "dialect", string_or_null(p->dialect.name),
	    "publish_by", sends ? json_string(publish_name(p->publish_by)) : NULL,
	    "poll_interval_ms", p->transport == TRANSPORT_POLL ?
	    milliseconds((double)p->poll_interval_ns / 1e6) : NULL,
	    "self", fanout ? json_boolean(p->self) : NULL,
	    "unlinked", fanout ? json_boolean(p->unlinked) : NULL,
	    "node_from", script ? NULL : node_from(p),
	    "connect_rate", p->connect_rate > 0 ? rounded(p->connect_rate, 1e6) : NULL,
	    "seed", script ? NULL : json_integer((integer)p->seed),
	    "workers", (integer)p->workers);
}

/* Built from its parts, so that user and password stay out of files that are passed around. */
static json_t *
targets_of(const struct plan *p)
{
	json_t *list = json_array();
	char authority[300], text[4096];

	for (size_t i = 0; i < p->target_count; i++) {
		const struct url *u = &p->targets[i];

		snprintf(text, sizeof text, "%s://%s%s", url_scheme_name(u->scheme),
		    url_authority(u, authority), u->target != NULL ? u->target : "/");
		json_array_append_new(list, document_string(text));
	}
	return list;
}

/* --- what was counted ----------------------------------------------------------------- */

static json_t *
connections_of(const struct tally *t)
{
	json_t *errors = json_object();
	json_t *phases = json_pack("{s:o*, s:o*, s:o*, s:o*, s:o*}",
	    "resolve", document_dist(t->resolve), "connect", document_dist(t->connect),
	    "tls", document_dist(t->tls), "upgrade", document_dist(t->upgrade),
	    "total", document_dist(t->total));

	for (int class = ERR_NONE + 1; class < ERR_CLASSES; class++)
		if (t->errors[class] > 0)
			json_object_set_new(errors, err_class_name((enum err_class)class),
			    json_integer((integer)t->errors[class]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o*, s:o, s:o}",
	    "requested", (integer)t->requested, "opened", (integer)t->opened,
	    "failed", (integer)t->failed, "dropped", (integer)t->dropped,
	    "peak", (integer)t->peak, "open_per_s", document_per_second(t->opened, t->open_ns),
	    "errors", errors, "phases_ms", phases);
}

/* What publishing took where the connections do not do it themselves. */
static json_t *
post_of(const struct plan *p, const struct tally *t)
{
	switch (p->publish_by) {
	case PLAN_BY_SOCKET:
		return NULL;
	case PLAN_BY_REQUEST:
		break;
	case PLAN_BY_WS:
		return json_pack("{s:I}", "connections", (integer)t->post_connections);
	}
	return json_pack("{s:I, s:I, s:I, s:I}", "requests", (integer)t->post_requests,
	    "refused", (integer)t->post_refused, "unknown", (integer)t->post_unknown,
	    "connections", (integer)t->post_connections);
}

/* What a script sends has no stamps that could tell one message from another. */
static json_t *
unstamped_messages(const struct tally *t)
{
	return json_pack("{s:I, s:I, s:o*, s:o*}", "sent", (integer)t->sent,
	    "received", (integer)t->received,
	    "sent_per_s", document_per_second(t->sent, t->load_ns),
	    "received_per_s", document_per_second(t->received, t->load_ns));
}

static json_t *
messages_of(const struct plan *p, const struct tally *t)
{
	if (p->workload == PLAN_HOLD)
		return NULL;
	if (p->workload == PLAN_SCRIPT)
		return unstamped_messages(t);
	return json_pack("{s:o*, s:I, s:I, s:I, s:I, s:I, s:o*, s:o*, s:o*}",
	    "scheduled", p->closed_loop ? NULL : json_integer((integer)t->scheduled),
	    "sent", (integer)t->sent, "received", (integer)t->received,
	    "foreign", (integer)t->foreign, "stray", (integer)t->stray,
	    "unstamped", (integer)t->unstamped,
	    "sent_per_s", document_per_second(t->sent, t->load_ns),
	    "received_per_s", document_per_second(t->received, t->load_ns), "post", post_of(p, t));
}

static json_t *
bytes_of(const struct tally *t)
{
	return json_pack("{s:I, s:I, s:o*, s:o*}", "sent", (integer)t->bytes_sent,
	    "received", (integer)t->bytes_received,
	    "per_delivery", document_share((double)t->load_bytes_received, t->received, 10),
	    "sent_per_delivery", document_share((double)t->load_bytes_sent, t->received, 10));
}

json_t *
document_wasted_pct(const struct tally *t)
{
	uint64_t wasted = t->polling.empty + t->polling.not_modified;

	return document_share((double)wasted * 100, t->polling.requests, 100);
}

static json_t *
polling_of(const struct plan *p, const struct tally *t)
{
	if (!transport_polls(p->transport))
		return NULL;
	return json_pack("{s:I, s:I, s:I, s:o*, s:I}", "requests", (integer)t->polling.requests,
	    "empty", (integer)t->polling.empty, "not_modified", (integer)t->polling.not_modified,
	    "wasted_pct", document_wasted_pct(t),
	    "connections", (integer)t->polling.connections);
}

/* NULL instead of an object without keys. */
static json_t *
unless_empty(json_t *object)
{
	if (object != NULL && json_object_size(object) == 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *
latency_of(const struct tally *t)
{
	return unless_empty(json_pack("{s:o*, s:o*, s:o*, s:o*, s:o*, s:o*}",
	    "delivery", document_dist(t->delivery),
	    "delivery_uncorrected", document_dist(t->delivery_uncorrected),
	    "complete", document_dist(t->complete),
	    "rtt", document_dist(t->rtt),
	    "rtt_uncorrected", document_dist(t->rtt_uncorrected),
	    "ping", document_dist(t->ping)));
}

/* --- delivery ------------------------------------------------------------------------- */

static bool
is_empty(const struct tally_cell *c)
{
	return c->expected == 0 && c->delivered == 0 && c->lost == 0 && c->duplicate == 0 &&
	    c->reordered == 0 && c->missed_while_away == 0 && c->recovered == 0 &&
	    c->lost_for_good == 0;
}

json_t *
document_ledger(const struct tally_cell *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
	    "expected", (integer)c->expected, "delivered", (integer)c->delivered,
	    "lost", (integer)c->lost, "duplicate", (integer)c->duplicate,
	    "reordered", (integer)c->reordered, "late", (integer)c->late,
	    "missed_while_away", (integer)c->missed_while_away,
	    "recovered", (integer)c->recovered, "lost_for_good", (integer)c->lost_for_good);
}

static void
add_times(json_t *row, const struct hist *h)
{
	if (h == NULL || h->count == 0)
		return;
	json_object_set_new(row, "p50_ms", milliseconds(hist_quantile_ms(h, 0.5)));
	json_object_set_new(row, "p99_ms", milliseconds(hist_quantile_ms(h, 0.99)));
	json_object_set_new(row, "max_ms", milliseconds(hist_max_ms(h)));
}

static json_t *
matrix_row(const struct tally *t, size_t from, size_t to)
{
	const struct tally_cell *c = &t->cells[from * TALLY_NODES + to];
	json_t *row = json_pack("{s:o, s:o}", "from", document_string(t->node_names[from]),
	    "to", document_string(t->node_names[to]));
	json_t *counts = document_ledger(c);

	json_object_update(row, counts);
	json_decref(counts);
	add_times(row, c->latency);
	return row;
}

/* Absent in a closed loop, which expects nothing before it has the last answer. */
static json_t *
delivery_of(const struct plan *p, const struct tally *t)
{
	struct tally_cell sum = tally_sum(t);
	json_t *delivery, *matrix;

	if (p->workload == PLAN_HOLD || p->closed_loop)
		return NULL;
	delivery = document_ledger(&sum);
	matrix = json_array();
	for (size_t i = 0; t->cells != NULL && i < t->nodes * t->nodes; i++) {
		size_t from = i / t->nodes, to = i % t->nodes;

		if (!is_empty(&t->cells[from * TALLY_NODES + to]))
			json_array_append_new(matrix, matrix_row(t, from, to));
	}
	json_object_set_new(delivery, "matrix", matrix);
	return delivery;
}

/* --- rig and series ------------------------------------------------------------------- */

static json_t *
sentences(const struct verdict_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, document_string(list->text[i]));
	return array;
}

/* Of the cores that hail may use, one for each worker. */
static json_t *
cpu_pct(const struct tally *t)
{
	uint64_t available = t->wall_ns[TALLY_LOADING] * (t->workers > 0 ? t->workers : 1);

	if (available == 0)
		return NULL;
	return rounded((double)t->cpu_ns[TALLY_LOADING] * 100 / (double)available, 10);
}

static json_t *
cpu_us_per(const struct tally *t, enum tally_phase phase, uint64_t count)
{
	return document_share((double)t->cpu_ns[phase] / 1e3, count, 1e3);
}

/* A player opens and closes as its script says: it is what memory is shared among, and opening is
 * no phase of its own. */
static json_t *
rig_of(const struct plan *p, const struct tally *t, const struct verdict *v)
{
	bool script = p->workload == PLAN_SCRIPT;
	uint64_t holders = script ? p->connections : t->opened;
	json_t *cpu = json_pack("{s:o, s:o, s:o}", "opening", seconds(t->cpu_ns[TALLY_OPENING]),
	    "loading", seconds(t->cpu_ns[TALLY_LOADING]),
	    "closing", seconds(t->cpu_ns[TALLY_CLOSING]));

	return json_pack("{s:b, s:o, s:o, s:I, s:o*, s:o, s:o*, s:o*, s:o*, s:o*, s:I, s:o*, "
	    "s:I, s:I, s:I}",
	    "valid", (int)v->valid, "reasons", sentences(&v->reasons),
	    "warnings", sentences(&v->warnings), "workers", (integer)t->workers,
	    "cpu_pct", cpu_pct(t), "cpu_s", cpu,
	    "cpu_us_per_message", cpu_us_per(t, TALLY_LOADING, t->received),
	    "cpu_us_per_connection",
	    script ? NULL : cpu_us_per(t, TALLY_OPENING, t->opened),
	    "loop_lag_ms", document_dist(t->loop_lag),
	    "schedule_lag_ms", document_dist(t->schedule_lag),
	    "rss_bytes", (integer)t->rss_bytes,
	    "bytes_per_connection", document_share((double)t->connection_bytes, holders, 1),
	    "backlog_peak_bytes", (integer)t->backlog_peak,
	    "send_refused", (integer)t->send_refused, "unsent_down", (integer)t->unsent_down);
}

json_t *
document_servers(const struct document_server *list, size_t count, uint64_t received)
{
	json_t *array;

	if (count == 0)
		return NULL;
	array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:I, s:o, s:o, s:o*}",
		    "pid", (integer)list[i].pid, "name", document_string(list[i].name),
		    "cpu_ms", milliseconds((double)list[i].cpu_ns / 1e6),
		    "cpu_us_per_message",
		    document_share((double)list[i].cpu_ns / 1e3, received, 1e3)));
	return array;
}

int
document_add_servers(json_t *document, const struct document_server *list, size_t count,
    uint64_t received)
{
	return count == 0 ? 0 : json_object_set_new(json_object_get(document, "rig"), "servers",
	    document_servers(list, count, received));
}

static json_t *
series_of(const struct tally *t)
{
	json_t *series;

	if (t->points == 0)
		return NULL;
	series = json_array();
	for (size_t i = 0; i < t->points; i++) {
		const struct tally_point *point = &t->series[i];

		json_array_append_new(series, json_pack("{s:o, s:I, s:I, s:I, s:o}",
		    "t_s", rounded((double)(i + 1) * (double)t->point_ns / 1e9, 1e3),
		    "open", (integer)point->open, "sent", (integer)point->sent,
		    "received", (integer)point->received,
		    "max_ms", milliseconds((double)point->max_ns / 1e6)));
	}
	return series;
}

/* --- all of it ------------------------------------------------------------------------ */

json_t *
document_make(const struct plan *p, const struct tally *t, const struct verdict *v,
    const char *started)
{
	return json_pack("{s:s, s:s, s:o*, s:o, s:s, s:s, s:o, s:o, s:o, s:o*, s:o, s:o*, s:o*, "
	    "s:o*, s:o*, s:o, s:o*}",
	    "schema", DOCUMENT_SCHEMA, "hail", HAIL_VERSION,
	    "label", string_or_null(p->label), "started", document_string(started),
	    "workload", workload_name(p->workload),
	    "transport",
	    p->workload == PLAN_SCRIPT ? "script" : transport_name(p->transport),
	    "config", config_of(p), "targets", targets_of(p),
	    "connections", connections_of(t), "messages", messages_of(p, t),
	    "bytes", bytes_of(t), "latency_ms", latency_of(t), "delivery", delivery_of(p, t),
	    "polling", polling_of(p, t), "script", document_script(t), "rig", rig_of(p, t, v),
	    "series", series_of(t));
}

json_t *
document_at(const json_t *document, const char *path)
{
	char key[64];

	while (document != NULL && *path != '\0') {
		size_t len = strcspn(path, ".");

		if (len >= sizeof key)
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		document = json_object_get(document, key);
		path += len + (path[len] == '.');
	}
	return (json_t *)(uintptr_t)document;
}
