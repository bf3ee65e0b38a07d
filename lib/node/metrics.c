#include "lib/node/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"

static struct metrics_faults *
faults_of(struct metrics *m, struct slice from)
{
	struct metrics_faults *f;

	for (unsigned i = 0; i < m->fault_nodes; i++)
		if (slice_eq(from, m->faults[i].from))
			return &m->faults[i];
	if (m->fault_nodes == METRICS_NODES)
		return &m->faults[METRICS_NODES - 1];
	f = &m->faults[m->fault_nodes++];
	if (m->fault_nodes == METRICS_NODES || from.len >= sizeof f->from)
		from = slice_of("other");
	memcpy(f->from, from.data, from.len);
	f->from[from.len] = '\0';
	return f;
}

void
metrics_fault(struct metrics *m, enum chaos_action action, struct slice from)
{
	faults_of(m, from)->injected[action]++;
}

/* Resident memory: the second number of /proc/self/statm, in pages. */
static uint64_t
resident_bytes(void)
{
	unsigned long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int
head(struct buf *into, const char *name, const char *type, const char *help)
{
	return buf_addf(into, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static int
number(struct buf *into, const char *name, const char *type, const char *help, uint64_t value)
{
	if (head(into, name, type, help) != 0)
		return -1;
	return buf_addf(into, "%s %" PRIu64 "\n", name, value);
}

static int
write_faults(const struct metrics *m, struct buf *into)
{
	static const char name[] = "hail_chaos_injected_total";

	if (head(into, name, "counter",
	    "Deliveries broken on purpose, by kind and by the publisher's node.") != 0)
		return -1;
	for (unsigned i = 0; i < m->fault_nodes; i++)
		for (int a = CHAOS_NONE + 1; a < CHAOS_ACTIONS; a++)
			if (m->faults[i].injected[a] != 0 &&
			    buf_addf(into, "%s{kind=\"%s\",from=\"%s\"} %" PRIu64 "\n", name,
			    chaos_name((enum chaos_action)a), m->faults[i].from,
			    m->faults[i].injected[a]) != 0)
				return -1;
	return 0;
}

static int
write_redis(const struct metrics *m, struct buf *into)
{
	if (m->redis_up < 0)
		return 0;
	if (number(into, "hail_redis_up", "gauge", "Whether Redis answers.",
	    (uint64_t)m->redis_up) != 0)
		return -1;
	return number(into, "hail_redis_reconnects_total", "counter",
	    "Times Redis was lost and found again.", m->redis_reconnects);
}

static uint64_t
sum(const uint64_t of[METRICS_ROUTES])
{
	uint64_t all = 0;

	for (int i = 0; i < METRICS_ROUTES; i++)
		all += of[i];
	return all;
}

uint64_t
metrics_connections(const struct metrics *m)
{
	return sum(m->connections);
}

static int
write_refusals(const struct metrics *m, struct buf *into)
{
	if (number(into, "hail_slow_closed_total", "counter",
	    "Receivers closed because they did not keep up.", m->slow_closed) != 0 ||
	    number(into, "hail_unauthorized_total", "counter",
	    "Requests refused for want of a good token, or ended when theirs expired.",
	    m->unauthorized) != 0)
		return -1;
	return number(into, "hail_rate_limited_total", "counter",
	    "Requests refused and WebSockets closed beyond the rate limit.", m->rate_limited);
}

static int
write_by_route(struct buf *into, const char *name, const char *type, const char *help,
    const uint64_t of[METRICS_ROUTES])
{
	static const char *const routes[] = {
		[METRICS_WS] = "ws",
		[METRICS_ECHO] = "echo",
		[METRICS_SSE] = "sse",
		[METRICS_POLL] = "poll",
	};

	if (head(into, name, type, help) != 0)
		return -1;
	for (int i = 0; i < METRICS_ROUTES; i++)
		if (buf_addf(into, "%s{route=\"%s\"} %" PRIu64 "\n", name, routes[i],
		    of[i]) != 0)
			return -1;
	return 0;
}

int
metrics_write(const struct metrics *m, struct buf *into)
{
	if (number(into, "hail_connections", "gauge",
	    "WebSockets, event streams and polls open now.", sum(m->connections)) != 0 ||
	    number(into, "hail_published_total", "counter",
	    "Messages accepted from publishers of this node.", m->published) != 0 ||
	    number(into, "hail_deliveries_total", "counter",
	    "Messages written to receivers of this node.", sum(m->deliveries)) != 0 ||
	    write_by_route(into, "hail_route_connections", "gauge",
	    "Connections open now, by route.", m->connections) != 0 ||
	    write_by_route(into, "hail_route_deliveries_total", "counter",
	    "Messages written to receivers of this node, by route.", m->deliveries) != 0 ||
	    write_refusals(m, into) != 0 || write_redis(m, into) != 0 || write_faults(m, into) != 0)
		return -1;
	if (head(into, "hail_process_cpu_seconds_total", "counter",
	    "Processor time, user and system.") != 0 ||
	    buf_addf(into, "hail_process_cpu_seconds_total %.6f\n",
	    (double)clock_cpu_ns() / (double)NS_PER_S) != 0)
		return -1;
	return number(into, "hail_resident_bytes", "gauge", "Resident memory.",
	    resident_bytes());
}
