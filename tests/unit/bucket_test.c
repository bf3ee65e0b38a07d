/* bucket_test.c: how many at which moment, by one bucket and by one for each address. */
#include "lib/node/bucket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/node/limiter.h"
#include "tests/unit/tap.h"

#define START (1000 * NS_PER_S)

/* How many of `tries` in a row are allowed at that moment. */
static int
burst(struct bucket *b, const struct bucket_rate *rate, uint64_t now, int tries)
{
	int taken = 0;

	while (tries-- > 0)
		taken += bucket_take(b, rate, now) == 0;
	return taken;
}

static void
test_bursts(void)
{
	static const struct {
		double per_s;
		int want;
	} rows[] = {{1, 1}, {2, 2}, {3, 3}, {6, 6}, {7, 7}, {100, 100}, {999, 999}, {0.5, 1},
	    {1.5, 1}, {2.9, 2}, {1.0 / 3600, 1}, {60000, 60000}, {700000, 700000},
	    {1000000, 1000000}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bucket_rate rate = bucket_rate_of(rows[i].per_s);
		struct bucket b = {0};
		char name[64];

		snprintf(name, sizeof name, "%g/s: so many at once", rows[i].per_s);
		tap_int(burst(&b, &rate, START, 1100000), rows[i].want, name);
	}
}

static void
test_moments(void)
{
	const struct bucket_rate rate = bucket_rate_of(4);
	struct bucket b = {0};

	tap_int(burst(&b, &rate, START, 9), 4, "4/s: four at once");
	tap_int((long long)bucket_take(&b, &rate, START), 250 * NS_PER_MS, "the next in 250 ms");
	tap_int((long long)bucket_take(&b, &rate, START + 100 * NS_PER_MS), 150 * NS_PER_MS,
	    "100 ms later in 150 ms: a refusal costs nothing");
	tap_int((long long)bucket_take(&b, &rate, START + 250 * NS_PER_MS - 1), 1, "1 ns before");
	tap_int(burst(&b, &rate, START + 250 * NS_PER_MS, 9), 1, "on time, one");
	tap_int(burst(&b, &rate, START + 999 * NS_PER_MS, 9), 2, "then one each 250 ms");
	tap_int(burst(&b, &rate, START + NS_PER_S, 9), 1, "and one more on the second");
	tap_int(burst(&b, &rate, START + 2 * NS_PER_S - 1, 9), 3, "not full yet");
	tap_int(burst(&b, &rate, START + 9 * NS_PER_S, 9), 4, "full, however long ago");
}

/* One each 500 ms against 2/s: never refused. One each 250 ms: 2/s and the burst. */
static void
test_long_run(void)
{
	const struct bucket_rate rate = bucket_rate_of(2);
	struct bucket slow = {0}, fast = {0};
	int of_slow = 0, of_fast = 0;

	for (uint64_t i = 0; i < 1000; i++) {
		of_slow += bucket_take(&slow, &rate, START + i * 500 * NS_PER_MS) == 0;
		of_fast += bucket_take(&fast, &rate, START + i * 250 * NS_PER_MS) == 0;
	}
	tap_int(of_slow, 1000, "at the rate, all");
	tap_int(of_fast, 501, "at twice the rate half, and the burst");
}

static void
test_no_limit(void)
{
	const struct bucket_rate none = {0};
	struct bucket b = {0};

	tap_int(burst(&b, &none, START, 10000), 10000, "no rate, no limit");
}

/* --- addresses ---------------------------------------------------------------------------- */

static uint64_t
client_of(const char *text)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return limiter_client((struct sockaddr *)&v4);
	inet_pton(AF_INET6, text, &v6.sin6_addr);
	return limiter_client((struct sockaddr *)&v6);
}

static void
test_clients(void)
{
	tap_ok(client_of("192.0.2.1") != client_of("192.0.2.2"), "two IPv4 addresses are two");
	tap_ok(client_of("192.0.2.1") == client_of("::ffff:192.0.2.1"), "mapped or not is one");
	tap_ok(client_of("2001:db8::1") == client_of("2001:db8::ffff:2"), "an IPv6 /64 is one");
	tap_ok(client_of("2001:db8::1") != client_of("2001:db8:0:1::1"), "two of them are two");
	tap_ok(client_of("2001:db8::1") != client_of("32.1.13.184") &&
	    client_of("2001:db8::1") != client_of("184.13.1.32"), "IPv6 is not IPv4");
	tap_int((long long)limiter_client(&(struct sockaddr){.sa_family = AF_UNIX}), 0,
	    "no address is one client");
}

static int
limiter_burst(struct limiter *l, uint64_t client, uint64_t now)
{
	int taken = 0;

	for (int i = 0; i < 20; i++)
		taken += limiter_take(l, client, now) == 0;
	return taken;
}

static void
test_limiter(void)
{
	const struct bucket_rate rate = bucket_rate_of(5);
	struct limiter *l = limiter_new(&rate);
	int others = 0;

	tap_int(limiter_burst(l, 1, START), 5, "a client has its burst");
	tap_int(limiter_burst(l, 2, START), 5, "and so has another");
	tap_int(limiter_burst(l, 0, START), 5, "and client 0");
	tap_int((long long)limiter_take(l, 1, START), 200 * NS_PER_MS, "but then it has to wait");
	for (uint64_t client = 100; client < 1100; client++)
		others += limiter_burst(l, client, START) == 5;
	tap_int(others, 1000, "a thousand more have theirs");
	tap_int(limiter_burst(l, 1, START + 400 * NS_PER_MS), 2, "nobody was forgotten");
	limiter_free(l);
}

/* A million addresses: the memory stays what it is, and the last is limited as the first. */
static void
test_many(void)
{
	const struct bucket_rate rate = bucket_rate_of(1);
	struct limiter *l = limiter_new(&rate);
	long long taken = 0;

	for (uint64_t client = 1; client <= 1000000; client++)
		taken += limiter_take(l, client << 8, START + client) == 0;
	tap_int(taken, 1000000, "a million addresses ask once");
	tap_ok(limiter_take(l, UINT64_C(1000000) << 8, START + 1000001) > 0,
	    "the last one asks again");
	limiter_free(l);
	limiter_free(NULL);
}

int
main(void)
{
	test_bursts();
	test_moments();
	test_long_run();
	test_no_limit();
	test_clients();
	test_limiter();
	test_many();
	return tap_done();
}
