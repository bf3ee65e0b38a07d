#include <string.h>

#include "bench/plan/plan.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

static struct plan
fanout(uint64_t connections, size_t targets, uint64_t topics, uint64_t publishers)
{
	static char publish[] = "{stamp}";

	return (struct plan){.workload = PLAN_FANOUT, .dialect.publish = publish,
	    .connections = connections, .target_count = targets, .topics = topics,
	    .publishers = publishers, .size = 64,
	    .duration = 1000000000, .pacer = {.rate = 100}};
}

/* Every topic has members on every target. */
static void
test_linked(void)
{
	struct plan p = fanout(3000, 3, 30, 90);
	int members[30][3] = {{0}}, publishers[30][3] = {{0}}, uneven = 0;
	uint32_t list[90];

	for (uint64_t i = 0; i < 3000; i++)
		members[plan_topic_of(&p, i)][plan_target_of(&p, i)]++;
	plan_publishers(&p, list);
	for (int i = 0; i < 90; i++)
		publishers[plan_topic_of(&p, list[i])][plan_target_of(&p, list[i])]++;
	for (int t = 0; t < 30; t++)
		for (int n = 0; n < 3; n++)
			uneven += members[t][n] < 33 || members[t][n] > 34 || publishers[t][n] != 1;
	tap_int(uneven, 0, "30 topics: 33 or 34 members and one publisher on each of 3 targets");
	tap_int((long long)plan_target_of(&p, 4), 1, "connection 4 goes to URL 4 mod 3");
	tap_int((long long)plan_topic_of(&p, 4), 1, "and joins topic 4 / 3");
}

static void
test_unlinked(void)
{
	struct plan p = fanout(100, 2, 5, 5);
	uint32_t list[5];
	int torn = 0;

	p.unlinked = true;
	for (uint64_t i = 0; i < 100; i++)
		torn += plan_target_of(&p, i) != plan_topic_of(&p, i) % 2;
	tap_int(torn, 0, "unlinked: a topic has all its members on one target");
	plan_publishers(&p, list);
	for (uint32_t i = 0; i < 5; i++)
		torn += plan_topic_of(&p, list[i]) != i;
	tap_int(torn, 0, "unlinked: the first publishers are one of each topic");
}

static void
test_publishers_differ(void)
{
	struct plan p = fanout(50, 4, 7, 50);
	bool seen[50] = {false};
	uint32_t list[50];
	int twice = 0;

	plan_publishers(&p, list);
	for (int i = 0; i < 50; i++) {
		twice += seen[list[i]];
		seen[list[i]] = true;
	}
	tap_int(twice, 0, "everyone a publisher: each once, also where topics are uneven");
}

static void
refused(struct plan p, const char *part)
{
	struct err e = {0};

	tap_ok(plan_settle(&p, &e) == -1 && e.class == ERR_USAGE && strstr(e.text, part) != NULL,
	    "refused: %s", e.text);
}

static void
test_settling(void)
{
	struct plan p = fanout(100, 2, 3, 0);
	struct err e = {0};

	tap_int(plan_settle(&p, &e), 0, "a fan-out settles");
	tap_int((long long)p.publishers, 6, "one publisher a topic on each target");
	p = fanout(4, 2, 3, 0);
	plan_settle(&p, &e);
	tap_int((long long)p.publishers, 4, "but no more than connections");
	refused(fanout(0, 1, 1, 0), "--connections");
	refused(fanout(10, 1, 11, 0), "--topics 11");
	refused(fanout(10, 1, 1, 11), "--publishers 11");
	p = fanout(10, 1, 1, 1);
	p.size = 26;
	refused(p, "27 bytes");
}

/* --- transports -------------------------------------------------------------------------- */

/* A fan-out by that transport, whose dialect publishes so; texts are not the plan's to free. */
static struct plan
published(enum transport t, char *publish, char *post_path, char *post_method)
{
	struct plan p = fanout(10, 1, 1, 0);

	p.transport = t;
	p.dialect.name = "x";
	p.dialect.publish = publish;
	p.dialect.post.path = post_path;
	p.dialect.post.method = post_method;
	return p;
}

static void
settles_as(struct plan p, enum plan_publish by, uint64_t lanes, const char *what)
{
	struct err e = {0};

	tap_ok(plan_settle(&p, &e) == 0 && p.publish_by == by && plan_lanes(&p) == lanes, "%s",
	    what);
}

static void
test_publishing(void)
{
	char stamp[] = "{stamp}", path[] = "/pub", put[] = "PUT", ws[] = "WS";
	struct plan p;

	settles_as(published(TRANSPORT_WS, stamp, path, NULL), PLAN_BY_SOCKET, 0,
	    "a WebSocket publishes itself where the dialect has a message for it");
	settles_as(published(TRANSPORT_WS, NULL, path, NULL), PLAN_BY_REQUEST, 1,
	    "… and by requests where it has none, on one more connection a publisher");
	settles_as(published(TRANSPORT_WS, NULL, path, ws), PLAN_BY_WS, 1,
	    "… or by a WebSocket for that alone");
	for (enum transport t = TRANSPORT_SSE; t < TRANSPORTS; t++) {
		settles_as(published(t, stamp, path, put), PLAN_BY_REQUEST, 1, transport_name(t));
		settles_as(published(t, stamp, path, ws), PLAN_BY_WS, 1, transport_name(t));
		refused(published(t, stamp, NULL, NULL), "POST /path");
	}
	p = published(TRANSPORT_SSE, stamp, NULL, NULL);
	p.workload = PLAN_HOLD;
	settles_as(p, PLAN_BY_SOCKET, 0, "hold publishes nothing, so nothing is needed for it");
}

static void
test_echo(void)
{
	char stamp[] = "{stamp}", path[] = "/pub";
	struct plan p = published(TRANSPORT_WS, stamp, path, NULL);

	p.workload = PLAN_ECHO;
	settles_as(p, PLAN_BY_SOCKET, 0, "echo over WebSockets");
	p.transport = TRANSPORT_SSE;
	refused(p, "-t ws, not sse");
	p.transport = TRANSPORT_WS;
	p.dialect.publish = NULL;
	refused(p, "not a request");
}

static void
drains(enum transport t, uint64_t interval_ms, uint64_t given_ns, uint64_t want_ms,
    const char *what)
{
	char path[] = "/pub";
	struct plan p = published(t, NULL, path, NULL);
	struct err e = {0};

	p.poll_interval_ns = interval_ms * 1000000;
	p.drain = given_ns;
	plan_settle(&p, &e);
	tap_int((long long)(p.drain / 1000000), (long long)want_ms, what);
}

static void
test_draining(void)
{
	drains(TRANSPORT_WS, 5000, PLAN_DRAIN_DEFAULT, 2000, "a drain of 2 s, not told otherwise");
	drains(TRANSPORT_POLL, 500, PLAN_DRAIN_DEFAULT, 2000, "polls every 500 ms: the same");
	drains(TRANSPORT_POLL, 5000, PLAN_DRAIN_DEFAULT, 10000, "every 5 s: two intervals");
	drains(TRANSPORT_LONGPOLL, 5000, PLAN_DRAIN_DEFAULT, 2000, "long polls have no interval");
	drains(TRANSPORT_POLL, 5000, 1000000, 1, "a drain that was asked for stays");
	drains(TRANSPORT_POLL, 5000, 0, 0, "… also none at all");
}

/* --- opening ---------------------------------------------------------------------------- */

static void
test_pace(void)
{
	struct plan p = {.connections = 1000};

	tap_ok(plan_due(&p, 0) == 1000 && plan_opening_max(&p) == PLAN_OPENING,
	    "without a rate all may begin, but only so many at once");
	p.connect_rate = 100;
	tap_int((long long)plan_due(&p, 0), 1, "with a rate the first begins at once");
	tap_int((long long)plan_due(&p, 9999999), 1, "… the second not before its time");
	tap_int((long long)plan_due(&p, 10000000), 2, "… but then");
	tap_int((long long)plan_due(&p, 5000000000), 501, "half of them half way");
	tap_int((long long)plan_due(&p, 1000000000000), 1000, "never more than there are");
	tap_int((long long)plan_opening_max(&p), PLAN_OPENING_PACED, "a rate bounds by itself");
}

static void
test_script(void)
{
	struct plan p = {.workload = PLAN_SCRIPT, .connections = 10, .duration = 1000000000,
	    .size = 64, .drain = PLAN_DRAIN_DEFAULT, .pacer = {.rate = 100}};
	struct err e = {0};

	tap_ok(plan_settle(&p, &e) == 0 && p.closed_loop && p.drain == 2000000000 &&
	    plan_lanes(&p) == 0, "a script needs neither URL nor dialect, and waits for answers");
	p.duration = 0;
	refused(p, "--duration");
}

int
main(void)
{
	test_linked();
	test_unlinked();
	test_publishers_differ();
	test_settling();
	test_publishing();
	test_echo();
	test_draining();
	test_pace();
	test_script();
	return tap_done();
}
