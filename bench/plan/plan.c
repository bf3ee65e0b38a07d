#include "bench/plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"

#define DRAIN_NS (2 * NS_PER_S)

size_t
plan_target_of(const struct plan *p, uint64_t connection)
{
	if (p->unlinked)
		return (size_t)(plan_topic_of(p, connection) % p->target_count);
	return (size_t)(connection % p->target_count);
}

uint64_t
plan_topic_of(const struct plan *p, uint64_t connection)
{
	if (p->workload == PLAN_ECHO)
		return connection;
	if (p->unlinked)
		return connection % p->topics;
	return connection / p->target_count % p->topics;
}

/* Connections of a topic come every `stride`, in runs of one on each target. */
static uint64_t
member_of(const struct plan *p, uint64_t topic, uint64_t rank)
{
	uint64_t n = p->unlinked ? 1 : p->target_count;

	if (p->workload == PLAN_ECHO)
		return topic;
	return (rank / n * p->topics + topic) * n + rank % n;
}

void
plan_publishers(const struct plan *p, uint32_t *list)
{
	uint64_t found = 0;

	for (uint64_t rank = 0; found < p->publishers; rank++)
		for (uint64_t topic = 0; topic < p->topics && found < p->publishers; topic++) {
			uint64_t connection = member_of(p, topic, rank);

			if (connection < p->connections)
				list[found++] = (uint32_t)connection;
		}
}

uint64_t
plan_lanes(const struct plan *p)
{
	return p->publish_by == PLAN_BY_SOCKET ? 0 : p->publishers;
}

uint64_t
plan_due(const struct plan *p, uint64_t elapsed_ns)
{
	double due = (double)elapsed_ns / (double)NS_PER_S * p->connect_rate + 1;

	return p->connect_rate <= 0 || due >= (double)p->connections ? p->connections :
	    (uint64_t)due;
}

uint64_t
plan_opening_max(const struct plan *p)
{
	return p->connect_rate > 0 ? PLAN_OPENING_PACED : PLAN_OPENING;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int
settle_fanout(struct plan *p, struct err *e)
{
	uint64_t across = p->unlinked ? 1 : p->target_count;

	if (p->topics == 0 || p->topics > p->connections)
		return err_set(e, ERR_USAGE, 0,
		    "--topics %llu: expected 1 to the number of connections, %llu",
		    (unsigned long long)p->topics, (unsigned long long)p->connections);
	if (p->publishers == 0)
		p->publishers = least(p->topics * across, p->connections);
	if (p->publishers > p->connections)
		return err_set(e, ERR_USAGE, 0,
		    "--publishers %llu: there are only %llu connections",
		    (unsigned long long)p->publishers, (unsigned long long)p->connections);
	if (p->pacer.rate <= 0)
		return err_set(e, ERR_USAGE, 0, "--rate: a fan-out publishes more than nothing");
	return 0;
}

/* Each connection is a topic of its own, in which it alone publishes. */
static int
settle_echo(struct plan *p, struct err *e)
{
	if (p->transport != TRANSPORT_WS)
		return err_set(e, ERR_USAGE, 0, "echo needs connections that go both ways: "
		    "expected -t ws, not %s", transport_name(p->transport));
	if (p->dialect.publish == NULL)
		return err_set(e, ERR_USAGE, 0, "echo sends over each connection itself: expected "
		    "a message to publish, from --publish or the dialect, not a request");
	p->self = true;
	p->unlinked = false;
	p->publishers = p->closed_loop ? 0 : p->connections;
	p->topics = p->connections;
	return 0;
}

enum plan_publish
plan_publish_beside(const struct dialect *d)
{
	return strcmp(dialect_method(d), "WS") == 0 ? PLAN_BY_WS : PLAN_BY_REQUEST;
}

static int
settle_publishing(struct plan *p, struct err *e)
{
	const struct dialect *d = &p->dialect;

	if (p->transport == TRANSPORT_WS && d->publish != NULL)
		p->publish_by = PLAN_BY_SOCKET;
	else if (d->post.path == NULL)
		return err_set(e, ERR_USAGE, 0, "%s only receives, and the dialect %.80s has no "
		    "post: expected --publish 'POST /path'", transport_name(p->transport), d->name);
	else
		p->publish_by = plan_publish_beside(d);
	return 0;
}

/* What is published last is asked for within one interval, and has another to come. */
static void
settle_drain(struct plan *p)
{
	if (p->drain != PLAN_DRAIN_DEFAULT)
		return;
	p->drain = DRAIN_NS;
	if (p->transport == TRANSPORT_POLL && p->poll_interval_ns > DRAIN_NS / 2)
		p->drain = least(p->poll_interval_ns, UINT64_MAX / 4) * 2;
}

int
plan_settle(struct plan *p, struct err *e)
{
	if (p->connections == 0 || p->connections > 1000000)
		return err_set(e, ERR_USAGE, 0, "--connections: expected 1 to 1000000");
	if (p->size < PLAN_SIZE_MIN || p->size > 8 << 20)
		return err_set(e, ERR_USAGE, 0, "--size %llu: expected %d bytes, the stamp's own, "
		    "to 8MiB", (unsigned long long)p->size, PLAN_SIZE_MIN);
	if (p->workload != PLAN_HOLD && p->duration == 0)
		return err_set(e, ERR_USAGE, 0, "--duration: expected more than nothing");
	switch (p->workload) {
	case PLAN_ECHO:
		if (settle_echo(p, e) != 0)
			return -1;
		break;
	case PLAN_FANOUT:
		if (settle_fanout(p, e) != 0 || settle_publishing(p, e) != 0)
			return -1;
		break;
	case PLAN_HOLD:
		p->topics = p->topics > 0 ? p->topics : 1;
		break;
	case PLAN_SCRIPT:
		p->closed_loop = true;
		p->publishers = 0;
		break;
	}
	settle_drain(p);
	if (p->publishers > 0 && p->pacer.rate * (double)(p->duration + p->warmup) / 1e9 > 4e9)
		return err_set(e, ERR_USAGE, 0, "--rate and --duration make more than 4 billion "
		    "messages");
	return 0;
}
