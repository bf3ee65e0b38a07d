#include "bench/run/rig.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/ledger/hist.h"
#include "bench/plan/plan.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/session/client.h"

enum {
	DESCRIPTORS_KEPT = 32,               /* for files, timers, the poll itself */
	LAG_EVERY_MS = 50,
};

static const char port_range_file[] = "/proc/sys/net/ipv4/ip_local_port_range";

/* The hard limit, after raising the soft one to it. */
static uint64_t
descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_max;
}

static uint64_t
ephemeral_ports(void)
{
	FILE *file = fopen(port_range_file, "r");
	unsigned low = 32768, high = 60999;

	if (file != NULL && fscanf(file, "%u %u", &low, &high) != 2)
		low = 32768, high = 60999;
	if (file != NULL)
		fclose(file);
	return high >= low ? high - low + 1 : 1;
}

/* Places that connections are dialled at, each of which has all local ports for itself; a unix
 * socket needs none. */
static uint64_t
distinct_places(const struct plan *p, const struct client *c, bool *ports_needed)
{
	uint64_t distinct = 0;

	*ports_needed = false;
	for (size_t i = 0; i < p->target_count; i++) {
		struct client_dial one = client_dial(c, &p->targets[i]), other;
		size_t k;

		for (k = 0; k < i; k++) {
			other = client_dial(c, &p->targets[k]);
			if (one.port == other.port && strcmp(one.host, other.host) == 0)
				break;
		}
		distinct += k == i;
		*ports_needed = *ports_needed || one.port != 0;
	}
	return distinct;
}

/* Of a script a player has several connections, or none. */
static uint64_t
each_of(const struct plan *p, uint64_t of_player)
{
	return p->workload == PLAN_SCRIPT ? of_player : 1;
}

/* "connections", and what each of them takes. */
static void
those(const struct plan *p, char *into, size_t size)
{
	if (plan_lanes(p) > 0)
		snprintf(into, size, "connections (with those that publish)");
	else if (p->workload == PLAN_SCRIPT)
		snprintf(into, size, "players of %llu connection%s each",
		    (unsigned long long)p->connections_each, p->connections_each == 1 ? "" : "s");
	else
		snprintf(into, size, "connections");
}

static int
admit_descriptors(const struct plan *p, uint64_t wanted, const char *what, struct err *e)
{
	uint64_t limit = descriptors(), each = each_of(p, p->connections_each);
	uint64_t most = limit > DESCRIPTORS_KEPT ? limit - DESCRIPTORS_KEPT : 0;

	if (wanted * each <= most)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%llu %s need more descriptors than this process may have:"
	    " at most %llu work here; raise the hard limit (ulimit -Hn, now %llu) for more",
	    (unsigned long long)wanted, what, (unsigned long long)(most / each),
	    (unsigned long long)limit);
}

static int
admit_ports(const struct plan *p, const struct client *c, uint64_t wanted, const char *what,
    struct err *e)
{
	uint64_t sources = client_source_count(c), each = each_of(p, p->targeted_each);
	bool ports_needed;
	uint64_t places = distinct_places(p, c, &ports_needed), ports;

	sources = sources > 0 ? sources : 1;
	ports = ephemeral_ports() * sources * places;
	if (!ports_needed || wanted * each <= ports)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%llu %s need more local ports than there are: at most %llu"
	    " work from %llu source address(es) to %llu target(s); add --source-ip or URLs, or"
	    " widen ip_local_port_range", (unsigned long long)wanted, what,
	    (unsigned long long)(ports / each), (unsigned long long)sources,
	    (unsigned long long)places);
}

int
rig_admit(const struct plan *p, const struct client *c, struct err *e)
{
	uint64_t wanted = p->connections + plan_lanes(p);
	char what[80];

	those(p, what, sizeof what);
	return admit_descriptors(p, wanted, what, e) != 0 ||
	    admit_ports(p, c, wanted, what, e) != 0 ? -1 : 0;
}

uint64_t
rig_resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long long pages = 0;

	if (file != NULL && fscanf(file, "%*u %llu", &pages) != 1)
		pages = 0;
	if (file != NULL)
		fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
lag_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct rig_lag *r = ctx;
	uint64_t now = clock_ns();

	(void)fd;
	(void)events;
	hist_record(r->lag, now > r->due_ns ? now - r->due_ns : 0);
	r->due_ns = now + LAG_EVERY_MS * NS_PER_MS;
	loop_alarm_set(&r->alarm, r->due_ns);
}

int
rig_lag_start(struct rig_lag *r, struct loop *l, struct hist *lag, struct err *e)
{
	if (loop_alarm_init(&r->alarm, l, lag_fired, r, e) != 0)
		return -1;
	r->lag = lag;
	r->due_ns = clock_ns() + LAG_EVERY_MS * NS_PER_MS;
	loop_alarm_set(&r->alarm, r->due_ns);
	return 0;
}

void
rig_lag_stop(struct rig_lag *r)
{
	if (r->lag == NULL)
		return;
	loop_alarm_release(&r->alarm);
	r->lag = NULL;
}
