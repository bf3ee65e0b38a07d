#include "bench/report/compare.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/ledger/tally.h"
#include "bench/plan/plan.h"
#include "lib/base/clock.h"

/* --- names ---------------------------------------------------------------------------- */

static void
write_interval(uint64_t ns, char *into, size_t size)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {{3600 * NS_PER_S, "h"}, {60 * NS_PER_S, "m"}, {NS_PER_S, "s"},
	    {NS_PER_MS, "ms"}, {NS_PER_US, "us"}, {1, "ns"}};
	size_t i = 0;

	while (ns % units[i].ns != 0)
		i++;
	snprintf(into, size, "%" PRIu64 "%s", ns / units[i].ns, units[i].name);
}

const char *
compare_name(const struct compare_row *row, char *into)
{
	char interval[COMPARE_NAME - sizeof "poll"];

	if (row->transport != TRANSPORT_POLL) {
		snprintf(into, COMPARE_NAME, "%s", transport_name(row->transport));
		return into;
	}
	write_interval(row->poll_interval_ns, interval, sizeof interval);
	snprintf(into, COMPARE_NAME, "poll %s", interval);
	return into;
}

/* --- all of them together ------------------------------------------------------------- */

int
compare_init(struct compare *c)
{
	*c = (struct compare){.verdict.valid = true, .total = tally_new(), .rows = json_array()};
	return c->total != NULL && c->rows != NULL ? 0 : -1;
}

void
compare_release(struct compare *c)
{
	tally_free(c->total);
	json_decref(c->rows);
	*c = (struct compare){0};
}

static uint64_t
greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* tally_merge takes the two for simultaneous; these came one after the other. */
static int
join(struct tally *into, const struct tally *from)
{
	uint64_t peak = into->peak, rss_bytes = into->rss_bytes;
	uint64_t open_ns = into->open_ns, load_ns = into->load_ns, wall_ns[TALLY_PHASES];

	for (size_t i = 0; i < TALLY_PHASES; i++)
		wall_ns[i] = into->wall_ns[i] + from->wall_ns[i];
	if (tally_merge(into, from) != 0)
		return -1;
	for (size_t i = 0; i < TALLY_PHASES; i++)
		into->wall_ns[i] = wall_ns[i];
	into->workers = from->workers;
	into->peak = greater(peak, from->peak);
	into->rss_bytes = greater(rss_bytes, from->rss_bytes);
	into->open_ns = open_ns + from->open_ns;
	into->load_ns = load_ns + from->load_ns;
	into->points = 0;
	return 0;
}

/* --- rows ----------------------------------------------------------------------------- */

/* To a tenth. */
static json_t *
share(double total, uint64_t count)
{
	return document_share(total, count, 10);
}

static void
put(json_t *row, const char *key, json_t *value)
{
	if (value != NULL)
		json_object_set_new(row, key, value);
}

static void
put_count(json_t *row, const char *key, uint64_t value)
{
	put(row, key, json_integer((json_int_t)value));
}

static void
put_ledger(json_t *row, const struct tally *t)
{
	struct tally_cell sum = tally_sum(t);
	json_t *terms = document_ledger(&sum);

	json_object_update(row, terms);
	json_decref(terms);
	put(row, "latency_ms", document_dist(t->delivery));
}

/* Publishing is the same in every row; its connections and its requests are left out. */
static void
put_costs(json_t *row, const struct tally *t, bool polls)
{
	put_count(row, "connections_opened", t->transports_opened - t->post_connections);
	put_count(row, "requests", t->polling.requests);
	put(row, "wasted_pct", polls ? document_wasted_pct(t) : NULL);
	put(row, "bytes_sent_per_delivery", share((double)t->load_bytes_sent, t->received));
	put(row, "bytes_received_per_delivery", share((double)t->load_bytes_received, t->received));
	put(row, "client_cpu_us_per_delivery",
	    share((double)t->cpu_ns[TALLY_LOADING] / 1e3, t->received));
}

static void
put_servers(json_t *row, const struct document_server *servers, size_t count, uint64_t received)
{
	double cpu_us = 0;

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		cpu_us += (double)servers[i].cpu_ns / 1e3;
	put(row, "server_cpu_us_per_delivery", share(cpu_us, received));
	put(row, "servers", document_servers(servers, count, received));
}

int
compare_add(struct compare *c, const struct compare_row *row, const struct tally *t,
    const struct verdict *v, const struct document_server *servers, size_t server_count)
{
	char name[COMPARE_NAME];
	json_t *object = json_pack("{s:s, s:s, s:b}", "name", compare_name(row, name),
	    "transport", transport_name(row->transport), "valid", (int)v->valid);

	if (object == NULL)
		return -1;
	if (row->transport == TRANSPORT_POLL)
		put(object, "poll_interval_ms", json_real((double)row->poll_interval_ns / 1e6));
	put_ledger(object, t);
	put_costs(object, t, transport_polls(row->transport));
	put_servers(object, servers, server_count, t->received);
	put(object, "bytes_per_connection", share((double)t->connection_bytes, t->opened));
	verdict_merge(&c->verdict, name, v);
	return json_array_append_new(c->rows, object) != 0 ? -1 : join(c->total, t);
}

/* --- the document --------------------------------------------------------------------- */

/* What was asked for, in place of what one run was asked for. */
static void
put_config(json_t *config, const struct compare_row *rows, size_t count)
{
	json_t *transports = json_array(), *intervals = json_array();

	for (size_t i = 0; i < count; i++) {
		if (i == 0 || rows[i].transport != rows[i - 1].transport)
			json_array_append_new(transports,
			    json_string(transport_name(rows[i].transport)));
		if (rows[i].transport == TRANSPORT_POLL)
			json_array_append_new(intervals,
			    json_real((double)rows[i].poll_interval_ns / 1e6));
	}
	json_object_set_new(config, "workload", json_string("compare"));
	json_object_del(config, "poll_interval_ms");
	json_object_set_new(config, "transports", transports);
	if (json_array_size(intervals) > 0)
		json_object_set(config, "intervals_ms", intervals);
	json_decref(intervals);
}

/* Those of delivery, and, as transports do not agree on where opening ends, of that. */
static void
drop_times(json_t *document)
{
	json_t *phases = document_at(document, "connections.phases_ms");
	json_t *matrix = document_at(document, "delivery.matrix");

	for (size_t i = 0; i < json_array_size(matrix); i++) {
		json_object_del(json_array_get(matrix, i), "p50_ms");
		json_object_del(json_array_get(matrix, i), "p99_ms");
		json_object_del(json_array_get(matrix, i), "max_ms");
	}
	json_object_del(document, "latency_ms");
	json_object_del(phases, "upgrade");
	json_object_del(phases, "total");
}

json_t *
compare_document(const struct compare *c, const struct plan *p, const struct compare_row *rows,
    size_t row_count, const char *started)
{
	json_t *document = document_make(p, c->total, &c->verdict, started);

	if (document == NULL)
		return NULL;
	json_object_set_new(document, "workload", json_string("compare"));
	json_object_set_new(document, "transport", json_string("compare"));
	json_object_del(document, "polling");
	put_config(json_object_get(document, "config"), rows, row_count);
	drop_times(document);
	if (json_object_set(document, "compare", c->rows) == 0)
		return document;
	json_decref(document);
	return NULL;
}
