#include <string.h>

#include "bench/plan/plan.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

static struct plan
fanout(uint64_t connections, size_t targets, uint64_t topics, uint64_t publishers)
{
	return (struct plan){.workload = PLAN_FANOUT, .connections = connections,
	    .target_count = targets, .topics = topics, .publishers = publishers, .size = 64,
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

static void
test_templates(void)
{
	struct template_values v = {"t", "7", "n:1", "S"};
	struct buf b;
	struct err e = {0};

	buf_init(&b, 200);
	template_expand(&b, "{\"a\":{topic},{x},{},{conn}{node}{stamp}{", &v);
	tap_bytes(b.data, b.len, "{\"a\":t,{x},{},7n:1S{", 20,
	    "names are replaced, other braces stay");
	buf_release(&b);
	tap_int(template_check("{topic}{stamp}", "x", true, &e), 0, "known names pass");
	tap_int(template_check("{\"json\":{\"a\":1}}", "x", false, &e), 0, "JSON passes");
	tap_int(template_check("{stamp}", "x", false, &e), -1, "a stamp where none goes does not");
	tap_int(template_check("{topci}", "x", true, &e), -1, "nor does a slip of the pen");
}

static void
bad_dialect(const char *text, const char *part)
{
	struct dialect d;
	struct err e = {0};

	tap_ok(dialect_parse(&d, text, strlen(text), "d.json", &e) == -1 &&
	    e.class == ERR_USAGE && strstr(e.text, part) != NULL, "dialect refused: %s", e.text);
}

static void
test_dialects(void)
{
	struct dialect d;
	struct err e = {0};

	tap_int(dialect_load(&d, "hail", &e), 0, "hail is built in");
	tap_text(d.path, "/ws/{topic}", "and says where to connect");
	dialect_release(&d);
	tap_int(dialect_load(&d, "plain", &e), 0, "plain is built in");
	dialect_release(&d);
	tap_int(dialect_load(&d, "nope", &e), -1, "others are not");
	tap_int(dialect_load(&d, "/nonexistent/x.json", &e) == -1 && e.class == ERR_IO, 1,
	    "a missing file is ERR_IO");
	bad_dialect("{", "d.json:1:");
	bad_dialect("[]", "object");
	bad_dialect("{\"name\":\"x\"}", "publish");
	bad_dialect("{\"name\":\"x\",\"publish\":1}", "publish is a string");
	bad_dialect("{\"name\":\"x\",\"publish\":\"{stamp}\",\"slef\":true}", "slef");
	bad_dialect("{\"name\":\"x\",\"publish\":\"{stmp}\"}", "{stmp}");
	bad_dialect("{\"name\":\"x\",\"publish\":\"{stamp}\",\"on_open\":[1]}", "on_open");
}

int
main(void)
{
	test_linked();
	test_unlinked();
	test_publishers_differ();
	test_settling();
	test_templates();
	test_dialects();
	return tap_done();
}
