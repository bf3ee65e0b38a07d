#include <string.h>

#include "bench/load/payload.h"
#include "bench/load/stamp.h"
#include "bench/plan/dialect.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

static void
round_trip(uint16_t run, uint32_t publisher, uint32_t number, uint64_t due_ns, const char *name)
{
	struct stamp s = {run, publisher, number, due_ns}, found = {0};
	char text[STAMP_LENGTH];
	void *guarded;

	stamp_write(text, &s);
	guarded = tap_guard(text, sizeof text);
	tap_ok(stamp_find(&found, guarded, sizeof text) && found.run == run &&
	    found.publisher == publisher && found.number == number && found.due_ns == due_ns,
	    "%s comes back", name);
	tap_guard_free(guarded, sizeof text);
}

static void
test_known_text(void)
{
	struct stamp s = {0x0001, 0x02030405, 0x06070809, UINT64_C(0x0a0b0c0d0e0f1011)};
	char text[STAMP_LENGTH + 1] = "";

	/* base64url of the eighteen bytes 00 01 02 … 11 */
	stamp_write(text, &s);
	tap_text(text, "~hAAECAwQFBgcICQoLDA0ODxAR~", "bytes are big-endian base64url");
}

static void
test_finding(void)
{
	struct stamp s = {7, 8, 9, 10}, found;
	char text[200], stamp[STAMP_LENGTH];

	stamp_write(stamp, &s);
	for (size_t front = 0; front < 60; front++) {
		memset(text, front % 2 ? '~' : 'x', sizeof text);
		memcpy(text + front, stamp, STAMP_LENGTH);
		if (!stamp_find(&found, text, front + STAMP_LENGTH) || found.number != 9) {
			tap_ok(false, "found behind %zu bytes", front);
			return;
		}
	}
	tap_ok(true, "found at any place, also behind '~'");
	tap_ok(!stamp_find(&found, stamp, STAMP_LENGTH - 1), "a cut stamp is none");
	stamp[5] = '!';
	tap_ok(!stamp_find(&found, stamp, STAMP_LENGTH), "nor is one with another character");
	tap_ok(!stamp_find(&found, "", 0), "nor is nothing");
}

static void
test_payload(void)
{
	static const char text[] = "{\"name\":\"x\",\"publish\":"
	    "\"{\\\"to\\\":\\\"{topic}\\\",\\\"m\\\":\\\"{stamp}\\\"}\"}";
	struct dialect d;
	struct payload p;
	struct template_values values = {.topic = "t1", .conn = "5", .node = "n"};
	struct stamp s = {1, 2, 3, 4}, found;
	struct err e = {0};

	tap_int(dialect_parse(&d, text, sizeof text - 1, "test", &e), 0, "a dialect is parsed");
	tap_int(payload_make(&p, d.publish, 40, &values, &e), 0, "its payload is made");
	tap_ok(strncmp(p.data, "{\"to\":\"t1\",\"m\":\"~h", 17) == 0, "names are replaced");
	tap_int((long long)p.len, 16 + 40 + 2, "{stamp} takes the size asked for");
	stamp_write(p.data + p.stamp_at, &s);
	tap_ok(stamp_find(&found, p.data, p.len) && found.number == 3, "the stamp is in place");
	payload_release(&p);
	dialect_release(&d);
	tap_ok(payload_make(&p, "{topic}", 40, &values, &e) == -1 && e.class == ERR_USAGE,
	    "one without a stamp is not");
}

int
main(void)
{
	round_trip(0, 0, 0, 0, "the least stamp");
	round_trip(UINT16_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX, "the greatest stamp");
	round_trip(0x1234, 99, 1000000, UINT64_C(3600000000000), "an hour");
	test_known_text();
	test_finding();
	test_payload();
	return tap_done();
}
