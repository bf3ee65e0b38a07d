/* ws_deflate_test.c: the two directions of permessage-deflate (RFC 7692, 7.2).
 *
 * What is decompressed is fed whole, a byte at a time and cut in two at every place, each piece in
 * memory of its own that ends at a guard page. What is compressed is decompressed by zlib itself
 * with no more history than the window that was agreed on. */
#include "lib/codec/ws_deflate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct ws_deflate_params takeover = {false, false, 15, 15};
static const struct ws_deflate_params no_takeover = {true, true, 15, 15};

enum { MAX = 100000 };

/* --- in ------------------------------------------------------------------------------ */

/* Messages, each of a payload and what it decompresses to. */
struct step {
	const char *payload;
	size_t len;
	const char *want;          /* NULL: an error, in words */
	const char *error;
};

#define P(payload, want) {payload, sizeof(payload) - 1, want, NULL}
#define BAD(payload, error) {payload, sizeof(payload) - 1, NULL, error}

static int
feed_guarded(struct ws_deflate *d, const char *data, size_t len, bool last, struct buf *into,
    struct err *e)
{
	uint8_t *guarded = tap_guard(data, len);
	int result = ws_deflate_in(d, guarded, len, last, into, e);

	tap_guard_free(guarded, len);
	return result;
}

/* `first` bytes, then `then` at a time; the last piece may be empty. */
static int
feed(struct ws_deflate *d, const struct step *s, size_t first, size_t then, struct buf *into,
    struct err *e)
{
	size_t n = first;
	int result = 0;

	for (size_t at = 0; result == 0; at += n, n = then) {
		bool last;

		n = n < s->len - at ? n : s->len - at;
		last = at + n == s->len;
		result = feed_guarded(d, s->payload + at, n, last, into, e);
		if (last)
			break;
	}
	return result;
}

static bool
step_is(struct ws_deflate *d, const struct step *s, size_t first, size_t then, size_t max,
    const char *name)
{
	struct err e = {0};
	char got[40] = "";
	struct buf b;
	bool ok;

	buf_init(&b, max);
	if (feed(d, s, first, then, &b, &e) != 0)
		snprintf(got, sizeof got, "%s %d", err_class_name(e.class), e.code);
	ok = s->want != NULL ? got[0] == '\0' && b.len == strlen(s->want) &&
	    (b.len == 0 || memcmp(b.data, s->want, b.len) == 0) : strcmp(got, s->error) == 0;
	if (!ok)
		printf("# %s: %zu bytes, then %zu at a time: %zu bytes, '%s' (%s)\n", name, first,
		    then, b.len, got, e.text);
	buf_release(&b);
	return ok;
}

static bool
steps_are(const struct ws_deflate_params *p, const struct step *steps, size_t count,
    size_t first, size_t then, size_t max, const char *name)
{
	struct ws_deflate_pool *pool = ws_deflate_pool_new();
	struct ws_deflate *d = ws_deflate_new(p, pool);
	bool ok = true;

	for (size_t i = 0; i < count && ok; i++) {
		const struct step *s = &steps[i];

		ok = step_is(d, s, first < s->len ? first : s->len, then, max, name);
	}
	ws_deflate_free(d);
	ws_deflate_pool_free(pool);
	return ok;
}

static void
check_in(const struct ws_deflate_params *p, const struct step *steps, size_t count, size_t max,
    const char *name)
{
	bool ok = steps_are(p, steps, count, 1 << 20, 1, max, name) &&
	    steps_are(p, steps, count, 1, 1, max, name) &&
	    steps_are(p, steps, count, 0, 1 << 20, max, name);

	for (size_t cut = 1; ok && cut < 40; cut++)
		ok = steps_are(p, steps, count, cut, 1 << 20, max, name);
	tap_ok(ok, "%s", name);
}

static void
test_rfc_examples(void)
{
	static const struct step hello[] = {P("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello")};
	static const struct step shared[] = {P("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"),
	    P("\xf2\x00\x11\x00\x00", "Hello")};
	static const struct step alone[] = {P("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"),
	    P("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"),
	    BAD("\xf2\x00\x11\x00\x00", "protocol 1007")};
	static const struct step stored[] = {
	    P("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello")};
	static const struct step final[] = {P("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"),
	    P("\xf2\x00\x11\x00\x00", "Hello")};
	static const struct step two_blocks[] = {
	    P("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello")};
	static const struct step empty[] = {P("\x00", ""),
	    P("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"), P("\x00", ""),
	    P("\xf2\x00\x11\x00\x00", "Hello")};

	check_in(&takeover, hello, COUNT(hello), MAX, "7.2.3.1: a message in one block");
	check_in(&takeover, shared, COUNT(shared), MAX, "7.2.3.2: the window is shared");
	check_in(&no_takeover, alone, COUNT(alone), MAX, "without takeover it is not");
	check_in(&takeover, stored, COUNT(stored), MAX, "7.2.3.3: a block without compression");
	check_in(&takeover, final, COUNT(final), MAX,
	    "7.2.3.4: a final block, and its window in the next message");
	check_in(&takeover, two_blocks, COUNT(two_blocks), MAX, "7.2.3.5: two blocks");
	check_in(&takeover, empty, COUNT(empty), MAX, "7.2.3.6: empty messages");
	check_in(&no_takeover, empty, 3, MAX, "and without takeover");
}

static void
test_liberties(void)
{
	static const struct step no_zero[] = {P("\xf3\x48\xcd\xc9\xc9\x07\x00", "Hello"),
	    P("\xf2\x00\x11\x00\x00", "Hello")};
	static const struct step finals[] = {P("\xf3\x48\xcd\xc9\xc9\x07\x00"
	    "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "HelloHello"),
	    P("\x03\x00\x03\x00\x03\x00\xf2\x00\x11\x00\x00", "Hello")};
	static const struct step no_bytes[] = {P("", ""),
	    P("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"), P("", ""),
	    P("\xf2\x00\x11\x00\x00", "Hello")};
	static const struct step final_stored[] = {P("\x01\x05\x00\xfa\xffHello", "Hello"),
	    P("\x01", "")};

	check_in(&takeover, no_zero, COUNT(no_zero), MAX, "a final block and no zero byte");
	check_in(&takeover, finals, COUNT(finals), MAX, "blocks behind final ones");
	check_in(&takeover, no_bytes, COUNT(no_bytes), MAX, "a payload of no bytes");
	check_in(&no_takeover, no_bytes, 3, MAX, "a payload of no bytes, without takeover");
	check_in(&takeover, final_stored, COUNT(final_stored), MAX,
	    "final blocks without compression");
}

static void
test_refused(void)
{
	static const struct {
		const char *name;
		struct step step;
	} list[] = {
		{"a reserved block type", BAD("\x06\x00", "protocol 1007")},
		{"a stored block whose lengths differ",
		    BAD("\x00\x05\x00\x00\x00Hello\x00", "protocol 1007")},
		{"a distance beyond the start", BAD("\xf2\x00\x11\x00\x00", "protocol 1007")},
		{"a message cut within a block", BAD("\xf2\x48\xcd\xc9", "protocol 1007")},
		{"a stored block that is not complete",
		    BAD("\x00\x05\x00\xfa\xffHel", "protocol 1007")},
		{"text", BAD("Hello", "protocol 1007")},
	};

	for (size_t i = 0; i < COUNT(list); i++) {
		check_in(&takeover, &list[i].step, 1, MAX, list[i].name);
		check_in(&no_takeover, &list[i].step, 1, MAX, list[i].name);
	}
}

static void
test_max(void)
{
	static const struct step fits[] = {P("\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"),
	    P("\xf2\x00\x11\x00\x00", "Hello")};
	static const struct step beyond[] = {
	    BAD("\xf2\x48\xcd\xc9\xc9\x07\x00", "limit 1009")};
	static const struct step empty[] = {P("\x00", ""), P("", "")};

	check_in(&takeover, fits, COUNT(fits), 5, "a message of exactly the maximum");
	check_in(&takeover, beyond, COUNT(beyond), 4, "a message of one byte more");
	check_in(&takeover, beyond, COUNT(beyond), 0, "nothing is allowed");
	check_in(&takeover, empty, COUNT(empty), 0, "the empty message always is");
}

/* 64 MiB of zeros in 64 KiB; what may be held is 1 MiB. */
static void
test_bomb(void)
{
	enum { LIMIT = 1 << 20 };
	static uint8_t zeros[64 << 20];
	struct ws_deflate *d = ws_deflate_new(&takeover, NULL);
	struct buf packed, into;
	struct err e = {0};

	buf_init(&packed, 1 << 20);
	buf_init(&into, LIMIT);
	tap_int(ws_deflate_out(d, zeros, sizeof zeros, &packed), 1, "a bomb");
	tap_int(ws_deflate_in(d, packed.data, packed.len, false, &into, &e), -1, "is stopped");
	tap_int(e.class, ERR_LIMIT, "by the limit");
	tap_int(e.code, 1009, "with its close code");
	tap_int((long long)into.cap, LIMIT, "and no more memory is taken than is allowed");
	buf_release(&packed);
	buf_release(&into);
	ws_deflate_free(d);
}

/* --- out ----------------------------------------------------------------------------- */

enum { SAMPLES = 9 };

/* Payloads of every kind: text, bytes without sense, long runs, repeats at far distances. */
static void
make_sample(size_t number, struct buf *b)
{
	static const size_t sizes[SAMPLES] = {0, 1, 5, 300, 4096, 70000, 300000, 66000, 40000};
	struct rng rng;

	rng_init(&rng, number);
	b->len = 0;
	for (size_t i = 0; i < sizes[number]; i++) {
		uint8_t c = (uint8_t)rng_u64(&rng);

		if (number == 3 || number == 6)
			c = "etaoin shrdlu,."[c % 15];
		if (number == 4)
			c = 'a';
		if (number == 7 && i >= 200)
			c = b->data[i - (i % 3 == 0 ? 200 : 100)];
		if (number == 8 && i >= 20000)
			c = b->data[i - 20000];
		buf_add(b, &c, 1);
	}
}

/* Decompresses with zlib, a byte out at a time, so that the window is all the history there is. */
static bool
zlib_reads(z_stream *z, const struct buf *payload, const struct buf *want)
{
	static const uint8_t tail[4] = {0, 0, 0xff, 0xff};
	struct buf in;
	size_t at = 0;
	bool ok = true;

	buf_init(&in, 1 << 20);
	buf_add(&in, payload->data, payload->len);
	buf_add(&in, tail, sizeof tail);
	z->next_in = in.data;
	z->avail_in = (uInt)in.len;
	while (ok) {
		uint8_t byte;
		int status;

		z->next_out = &byte;
		z->avail_out = 1;
		status = inflate(z, Z_SYNC_FLUSH);
		if (z->avail_out == 1)
			break;
		ok = (status == Z_OK || status == Z_BUF_ERROR) && at < want->len &&
		    byte == want->data[at++];
	}
	ok = ok && at == want->len && z->avail_in == 0;
	buf_release(&in);
	return ok;
}

/* Sends every sample twice, some of them as they are. */
static void
check_out(bool takes_over, unsigned bits)
{
	struct ws_deflate_params p = {!takes_over, !takes_over, 15, (uint8_t)bits};
	struct ws_deflate_pool *pool = ws_deflate_pool_new();
	struct ws_deflate *d = ws_deflate_new(&p, pool);
	unsigned wrong = 0, plain = 0;
	struct buf sample, packed;
	z_stream z = {0};

	buf_init(&sample, 1 << 20);
	buf_init(&packed, 1 << 20);
	inflateInit2(&z, -(int)bits);
	for (size_t i = 0; i < 2 * SAMPLES; i++) {
		int result;

		make_sample(i % SAMPLES, &sample);
		packed.len = 0;
		result = ws_deflate_out(d, sample.data, sample.len, &packed);
		plain += result == 0;
		wrong += result < 0 || (result == 0 && packed.len > 0) ||
		    (result == 1 && !zlib_reads(&z, &packed, &sample));
		if (!takes_over)
			inflateReset(&z);
	}
	tap_ok(wrong == 0 && (plain == 0) == (takes_over && bits > 8),
	    "zlib reads what %u bits %s takeover send (%u went as they were)", bits,
	    takes_over ? "with" : "without", plain);
	inflateEnd(&z);
	buf_release(&sample);
	buf_release(&packed);
	ws_deflate_free(d);
	ws_deflate_pool_free(pool);
}

static void
test_out(void)
{
	struct ws_deflate *d = ws_deflate_new(&takeover, NULL);
	struct ws_deflate_counts n;
	struct buf b;

	buf_init(&b, 1000);
	ws_deflate_out(d, "Hello", 5, &b);
	tap_bytes(b.data, b.len, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "the Hello of 7.2.3.1");
	b.len = 0;
	ws_deflate_out(d, "Hello", 5, &b);
	tap_bytes(b.data, b.len, "\xf2\x00\x11\x00\x00", 5, "the second Hello of 7.2.3.2");
	b.len = 0;
	ws_deflate_out(d, NULL, 0, &b);
	tap_bytes(b.data, b.len, "", 1, "an empty message is one zero byte");
	n = ws_deflate_counts(d);
	tap_ok(n.out_plain == 10 && n.out_wire == 13 && n.in_plain == 0 && n.in_wire == 0,
	    "bytes on both sides are counted");
	buf_release(&b);
	ws_deflate_free(d);
	for (unsigned bits = 8; bits <= 15; bits++) {
		check_out(true, bits);
		check_out(false, bits);
	}
}

/* Both directions against each other, with windows of every size. */
static void
test_round_trips(void)
{
	struct buf sample, packed, back;
	struct err e;

	buf_init(&sample, 1 << 20);
	buf_init(&packed, 1 << 20);
	buf_init(&back, 1 << 20);
	for (unsigned bits = 8; bits <= 15; bits++) {
		struct ws_deflate_params p = {false, false, (uint8_t)bits, (uint8_t)bits};
		struct ws_deflate *d = ws_deflate_new(&p, NULL);
		unsigned wrong = 0;

		for (size_t i = 0; i < 2 * SAMPLES; i++) {
			make_sample(i % SAMPLES, &sample);
			packed.len = back.len = 0;
			if (ws_deflate_out(d, sample.data, sample.len, &packed) != 1)
				continue;
			wrong += ws_deflate_in(d, packed.data, packed.len, true, &back, &e) != 0;
			wrong += back.len != sample.len || (back.len > 0 &&
			    memcmp(back.data, sample.data, back.len) != 0);
		}
		tap_ok(wrong == 0, "round trips with %u bits in both directions", bits);
		ws_deflate_free(d);
	}
	buf_release(&sample);
	buf_release(&packed);
	buf_release(&back);
}

/* A message for which there is no room is as if it had never been. */
static void
test_full(void)
{
	struct ws_deflate *d = ws_deflate_new(&takeover, NULL);
	struct buf sample, small, packed, back;
	struct err e;

	buf_init(&sample, 1 << 20);
	buf_init(&small, 1000);
	buf_init(&packed, 1 << 20);
	buf_init(&back, 1 << 20);
	make_sample(6, &sample);
	buf_add_text(&small, "x");
	tap_int(ws_deflate_out(d, sample.data, sample.len, &small), -1, "no room");
	tap_bytes(small.data, small.len, "x", 1, "leaves what was there");
	tap_int(ws_deflate_out(d, sample.data, sample.len, &packed), 1, "later there is room");
	tap_int(ws_deflate_in(d, packed.data, packed.len, true, &back, &e), 0, "and the peer");
	tap_bytes(back.data, back.len, sample.data, sample.len, "reads it");
	buf_release(&sample);
	buf_release(&small);
	buf_release(&packed);
	buf_release(&back);
	ws_deflate_free(d);
}

/* Two connections whose fragments alternate share a pool, and do not mix. */
static void
test_pool(void)
{
	static const uint8_t hello[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
	struct ws_deflate_pool *pool = ws_deflate_pool_new();
	struct ws_deflate *d[3];
	struct buf b[3];
	struct err e;

	for (size_t i = 0; i < 3; i++) {
		d[i] = ws_deflate_new(&no_takeover, pool);
		buf_init(&b[i], 100);
	}
	for (size_t round = 0; round < 2; round++)
		for (size_t at = 0; at < sizeof hello; at++)
			for (size_t i = 0; i < 2; i++)
				ws_deflate_in(d[i], hello + at, 1, at + 1 == sizeof hello, &b[i],
				    &e);
	tap_bytes(b[0].data, b[0].len, "HelloHello", 10, "one connection's fragments");
	tap_bytes(b[1].data, b[1].len, "HelloHello", 10, "and the other's");
	ws_deflate_in(d[2], hello, 3, false, &b[2], &e);
	for (size_t i = 0; i < 3; i++) {
		ws_deflate_free(d[i]);
		buf_release(&b[i]);
	}
	ws_deflate_pool_free(pool);
	ws_deflate_free(NULL);
	ws_deflate_pool_free(NULL);
}

int
main(void)
{
	test_rfc_examples();
	test_liberties();
	test_refused();
	test_max();
	test_bomb();
	test_out();
	test_round_trips();
	test_full();
	test_pool();
	return tap_done();
}
