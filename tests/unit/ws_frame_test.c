/* ws_frame_test.c: frame heads (RFC 6455, 5.2), masking (5.3), close codes (7.4). */
#include "lib/codec/ws_frame.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What a head says, in words; "" when it is incomplete, class and code when it is refused. */
static void
describe(char *into, size_t size, const uint8_t *data, size_t len, uint8_t rsv_allowed,
    size_t *used)
{
	struct ws_frame f;
	struct err e = {0};
	ssize_t n = ws_frame_parse(&f, data, len, rsv_allowed, &e);

	*used = n > 0 ? (size_t)n : 0;
	*into = '\0';
	if (n < 0)
		snprintf(into, size, "%s %d", err_class_name(e.class), e.code);
	else if (n > 0)
		snprintf(into, size, "op%u%s rsv%u len%llu%s%.*s", f.opcode,
		    f.fin ? " fin" : "",
		    f.rsv, (unsigned long long)f.length, f.masked ? " mask " : "",
		    f.masked ? 4 : 0, (const char *)f.mask);
}

/* Parses `data` whole, then each of its prefixes, all of them against a guard page: a prefix is
 * either incomplete or already gives the final answer. */
static void
check(const char *data, size_t len, uint8_t rsv_allowed, const char *want, const char *name)
{
	char got[80], whole[80];
	bool steady = true;
	size_t used, head;

	describe(whole, sizeof whole, (const uint8_t *)data, len, rsv_allowed, &head);
	tap_text(whole, want, name);
	for (size_t n = 0; n <= len; n++) {
		uint8_t *guarded = tap_guard(data, n);

		describe(got, sizeof got, guarded, n, rsv_allowed, &used);
		tap_guard_free(guarded, n);
		if (got[0] == '\0' ? head > 0 && n >= head : strcmp(got, whole) != 0)
			steady = false;
	}
	tap_ok(steady, "%s: every prefix agrees", name);
}

#define CHECK(bytes, want, name) check(bytes, sizeof(bytes) - 1, 0, want, name)
#define REFUSED "protocol 1002"

static void
test_lengths(void)
{
	CHECK("\x82\x00", "op2 fin rsv0 len0", "length 0");
	CHECK("\x82\x01", "op2 fin rsv0 len1", "length 1");
	CHECK("\x82\x7d", "op2 fin rsv0 len125", "length 125");
	CHECK("\x82\x7e\x00\x7e", "op2 fin rsv0 len126", "length 126");
	CHECK("\x82\x7e\x00\x7f", "op2 fin rsv0 len127", "length 127");
	CHECK("\x82\x7e\x00\x80", "op2 fin rsv0 len128", "length 128");
	CHECK("\x82\x7e\xff\xff", "op2 fin rsv0 len65535", "length 65535");
	CHECK("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", "op2 fin rsv0 len65536",
	    "length 65536");
	CHECK("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
	    "op2 fin rsv0 len9223372036854775807", "the greatest length");
	CHECK("\x82\x7e\x00\x00", REFUSED, "0 in 16 bits");
	CHECK("\x82\x7e\x00\x7d", REFUSED, "125 in 16 bits");
	CHECK("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x00", REFUSED, "0 in 64 bits");
	CHECK("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x7d", REFUSED, "125 in 64 bits");
	CHECK("\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x7e", REFUSED, "126 in 64 bits");
	CHECK("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", REFUSED, "65535 in 64 bits");
	CHECK("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", REFUSED, "highest bit of a length");
	CHECK("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", REFUSED, "all bits of a length");
}

static void
test_first_byte(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		unsigned opcode = byte & 15, rsv = byte >> 4 & 7, fin = byte >> 7;
		bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
		bool good = known && rsv == 0 && (opcode < 8 || fin);
		char data[2] = {(char)byte, 5}, want[40], name[40];

		snprintf(want, sizeof want, "op%u%s rsv0 len5", opcode, fin ? " fin" : "");
		snprintf(name, sizeof name, "first byte 0x%02x", byte);
		check(data, sizeof data, 0, good ? want : REFUSED, name);
	}
	check("\xc1\x05", 2, WS_RSV1, "op1 fin rsv4 len5", "RSV1 where it was agreed on");
	check("\xa1\x05", 2, WS_RSV1, REFUSED, "RSV2 where RSV1 was agreed on");
	check("\xd1\x05", 2, WS_RSV1, REFUSED, "RSV1 and RSV3 where RSV1 was agreed on");
	check("\xf1\x05", 2, WS_RSV1 | WS_RSV2 | WS_RSV3, "op1 fin rsv7 len5", "all RSV bits");
}

static void
test_control_and_mask(void)
{
	CHECK("\x89\x7d", "op9 fin rsv0 len125", "a ping of 125 bytes");
	CHECK("\x89\x7e\x00\x7e", REFUSED, "a ping of 126 bytes");
	CHECK("\x8a\x7f\x00\x00\x00\x00\x00\x01\x00\x00", REFUSED, "a pong of 65536 bytes");
	CHECK("\x88\x7e\x00\x02", REFUSED, "a close whose short length takes 16 bits");
	CHECK("\x09\x00", REFUSED, "a fragmented ping");
	CHECK("\x81\x85" "abcd", "op1 fin rsv0 len5 mask abcd", "masked");
	CHECK("\x81\xfe\x01\x00" "abcd", "op1 fin rsv0 len256 mask abcd", "masked, 16 bits");
	CHECK("\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00" "abcd",
	    "op1 fin rsv0 len4294967296 mask abcd", "masked, 64 bits");
}

static bool
same_frame(const struct ws_frame *a, const struct ws_frame *b)
{
	return a->opcode == b->opcode && a->fin == b->fin && a->masked == b->masked &&
	    a->rsv == b->rsv && a->length == b->length &&
	    (!a->masked || memcmp(a->mask, b->mask, sizeof a->mask) == 0);
}

/* Everything that may be written is read back the same, in the shortest form. */
static void
test_write(void)
{
	static const uint64_t lengths[] = {0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 24,
	    INT64_MAX};
	static const size_t sizes[] = {2, 2, 2, 4, 4, 4, 4, 10, 10, 10};
	static const enum ws_opcode opcodes[] = {WS_CONTINUATION, WS_TEXT, WS_BINARY,
	    WS_CLOSE, WS_PING, WS_PONG};
	unsigned long wrong = 0;

	for (size_t l = 0; l < COUNT(lengths); l++)
		for (size_t o = 0; o < COUNT(opcodes); o++)
			for (unsigned bits = 0; bits < 32; bits++) {
				struct ws_frame back, f = {.opcode = opcodes[o],
				    .fin = bits & 1,
				    .masked = bits >> 1 & 1, .rsv = (uint8_t)(bits >> 2),
				    .mask = {1, 2, 3, 250}, .length = lengths[l]};
				uint8_t head[WS_HEAD_MAX];
				size_t size = ws_frame_write(head, &f);

				if (f.opcode >= WS_CLOSE && (!f.fin ||
				    f.length > WS_CONTROL_MAX))
					continue;
				wrong += size != sizes[l] + (f.masked ? 4 : 0);
				wrong += ws_frame_parse(&back, head, size, 7,
				    NULL) != (ssize_t)size;
				wrong += !same_frame(&f, &back);
			}
	tap_int((long long)wrong, 0, "what is written is read back");
}

static void
test_mask(void)
{
	static const uint8_t hello[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
	static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t from[80], to[80], place[80], want[80];
	unsigned long wrong = 0;

	ws_mask(to, (const uint8_t *)"Hello", 5, key, 0);
	tap_bytes(to, 5, hello, 5, "the masked Hello of RFC 6455, 5.7");
	for (size_t i = 0; i < sizeof from; i++)
		from[i] = (uint8_t)(i * 37 + 11);
	for (size_t len = 0; len <= 64; len++)
		for (size_t offset = 0; offset < 9; offset++) {
			for (size_t i = 0; i < len; i++)
				want[i] = from[i] ^ key[(offset + i) % 4];
			memset(to, 0xee, sizeof to);
			ws_mask(to, from, len, key, offset);
			memcpy(place, from, sizeof place);
			ws_mask(place, place, len, key, offset);
			wrong += memcmp(to, want, len) != 0 || to[len] != 0xee;
			wrong += memcmp(place, want, len) != 0 || place[len] != from[len];
		}
	tap_int((long long)wrong, 0, "masks of every length and offset, in place too");
	for (size_t len = 0; len <= 60; len++)
		for (size_t shift = 1; shift <= 16; shift++) {
			for (size_t i = 0; i < len; i++)
				want[i] = from[i] ^ key[i % 4];
			memcpy(place + shift, from, len);
			ws_mask(place, place + shift, len, key, 0);
			wrong += memcmp(place, want, len) != 0;
		}
	tap_int((long long)wrong, 0, "and to a place that overlaps from before");
}

static void
test_close_codes(void)
{
	unsigned long wrong = 0;

	for (unsigned code = 0; code <= 65536; code++) {
		bool want = (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
		    code != 1006) || code / 1000 == 3 || code / 1000 == 4;

		wrong += ws_close_code_ok(code) != want;
	}
	tap_int((long long)wrong, 0, "close codes from 0 to 65536");
}

int
main(void)
{
	test_lengths();
	test_first_byte();
	test_control_and_mask();
	test_write();
	test_mask();
	test_close_codes();
	return tap_done();
}
