/* base_test.c: lib/base, one function a module. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/rng.h"
#include "lib/base/slice.h"
#include "lib/base/units.h"
#include "lib/base/url.h"
#include "lib/base/utf8.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- err ----------------------------------------------------------------------------- */

static void
test_err(void)
{
	struct err e = {0};
	char longest[600];

	tap_int(err_set(&e, ERR_HTTP, 503, "%s %d", "status", 503), -1, "err_set returns -1");
	tap_int(e.class, ERR_HTTP, "err: class");
	tap_int(e.code, 503, "err: code");
	tap_text(e.text, "status 503", "err: text");
	tap_int(err_set(NULL, ERR_IO, 0, "nobody listens"), -1, "err_set without an err");
	err_set(&e, ERR_HTTP, 0, "a\nb\033[2Jc\177");
	tap_text(e.text, "a?b?[2Jc?", "err: control characters are not passed on");
	err_set(&e, ERR_HTTP, 0, "%s", "gr\xc3\xbc\xc3\x9f");
	tap_text(e.text, "gr\xc3\xbc\xc3\x9f", "err: UTF-8 is kept");
	err_set(&e, ERR_HTTP, 0, "gr\xfc\xdf");
	tap_text(e.text, "gr??", "err: what is not UTF-8 is not");
	err_set(&e, ERR_HTTP, 0, "%s", "x\xc2\x9b" "31m\xc2\xa0y");
	tap_text(e.text, "x??31m\xc2\xa0y", "err: C1 controls in UTF-8 are not passed on");
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	err_set(&e, ERR_IO, 0, "%s", longest);
	tap_int((long long)strlen(e.text), sizeof e.text - 1, "err: a long text is cut");
	for (int class = 0; class < ERR_CLASSES; class++)
		tap_ok(err_class_name(class) != NULL, "err: class %d has a name", class);
	tap_int(err_exit_code(ERR_NONE), EXIT_FINE, "exit code of nothing");
	tap_int(err_exit_code(ERR_MATCH), EXIT_CHECK, "exit code of a failed check");
	tap_int(err_exit_code(ERR_USAGE), EXIT_USAGE, "exit code of usage");
	tap_int(err_exit_code(ERR_CLOSED), EXIT_CONNECTION, "exit code of a lost connection");
	tap_int(err_exit_code(ERR_IO), EXIT_LOCAL, "exit code of a local error");
	tap_int(err_exit_code(ERR_INTERRUPTED), EXIT_INTERRUPTED, "exit code of an interrupt");
}

/* --- buf ----------------------------------------------------------------------------- */

static void
test_buf(void)
{
	struct buf b;

	buf_init(&b, 10);
	tap_ok(b.data == NULL && b.len == 0, "buf: born empty, without memory");
	tap_int(buf_add(&b, NULL, 0), 0, "buf: adding nothing from nowhere");
	tap_int(buf_add_text(&b, "12345"), 0, "buf: add");
	tap_int(buf_add_text(&b, "678901"), -1, "buf: one beyond the maximum is refused");
	tap_bytes(b.data, b.len, "12345", 5, "buf: and leaves it as it was");
	tap_int(buf_addf(&b, "%d%s", 67, "890"), 0,
	    "buf: a format that fills it to the last byte");
	tap_bytes(b.data, b.len, "1234567890", 10, "buf: full");
	tap_int(buf_addf(&b, "%c", 'x'), -1, "buf: full refuses a format");
	tap_int(buf_add(&b, NULL, 0), 0, "buf: full takes nothing");
	tap_ok(buf_reserve(&b, 1) == NULL, "buf: full has no room");
	tap_ok(buf_reserve(&b, SIZE_MAX) == NULL, "buf: a size that wraps is refused");
	buf_drop(&b, 4);
	tap_bytes(b.data, b.len, "567890", 6, "buf: drop from the front");
	buf_drop(&b, 100);
	tap_int((long long)b.len, 0, "buf: dropping more than all empties it");
	buf_release(&b);
	tap_ok(b.data == NULL && b.cap == 0 && b.max == 10, "buf: released, usable again");

	buf_init(&b, 64);
	tap_int(buf_addf(&b, "%64d", 1), 0, "buf: a format that fills the last byte of its memory");
	buf_release(&b);

	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1 << 20; i++)
		if (buf_add(&b, "x", 1) != 0)
			break;
	tap_int((long long)b.len, 1 << 20, "buf: grows to its maximum byte by byte");
	tap_ok(b.cap <= b.max, "buf: capacity stays within the maximum");
	buf_release(&b);
}

/* --- slice --------------------------------------------------------------------------- */

static void
test_slice(void)
{
	struct slice rest = slice_of("a,,b"), none = {NULL, 0};

	tap_ok(slice_eq(slice_cut(&rest, ','), "a"), "slice_cut: first");
	tap_ok(slice_eq(slice_cut(&rest, ','), ""), "slice_cut: empty between two");
	tap_ok(slice_eq(slice_cut(&rest, ','), "b") && rest.data == NULL, "slice_cut: last");
	tap_ok(slice_eq(slice_trim(slice_of(" \t a b\t ")), "a b"), "slice_trim");
	tap_ok(slice_trim(slice_of(" \t ")).len == 0, "slice_trim: only white space");
	tap_ok(slice_eq_nocase(slice_of("UpGrade"), "upgrade"), "slice_eq_nocase");
	tap_ok(!slice_eq(slice_of("Upgrade"), "upgrade"), "slice_eq heeds case");
	tap_ok(!slice_eq(slice_of("ab"), "abc") && slice_eq(none, ""), "slice_eq: lengths");
	tap_ok(slice_has_token(slice_of("keep-alive , UPGRADE"), "upgrade"),
	    "token in a list");
	tap_ok(!slice_has_token(slice_of("upgraded, up grade"), "upgrade"),
	    "token, whole only");
	tap_ok(!slice_has_token(slice_of(""), "upgrade"), "token in an empty list");
	tap_ok(!slice_has_token(none, "upgrade"), "token in no list");
}

/* --- units --------------------------------------------------------------------------- */

static void
test_counts(void)
{
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {{"0", 0}, {"250", 250}, {"10k", 10000}, {"2.5m", 2500000}, {"1.5k", 1500}};
	static const char *const bad[] = {"", "k", "-1", "+1", "1e3", "0x10", "1.5",
	    "1.2.3", "10K", "10kk", "10 k", " 10", "10 ", "nan", "inf",
	    "99999999999999999999", ".5", "1,000"};
	uint64_t got;

	for (size_t i = 0; i < COUNT(good); i++)
		tap_ok(units_count(good[i].text, &got, NULL) == 0 && got == good[i].want,
		    "count '%s'", good[i].text);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = {0};

		tap_ok(units_count(bad[i], &got, &e) == -1 && e.class == ERR_USAGE &&
		    strstr(e.text, bad[i]) != NULL, "count '%s' is refused by name", bad[i]);
	}
}

static void
test_durations(void)
{
	static const struct {
		const char *text;
		uint64_t want;
	} good[] = {{"0", 0}, {"10", 10000000000}, {"0.5", 500000000}, {"1ns", 1},
	    {"250us", 250000}, {"5ms", 5000000}, {"10s", 10000000000}, {"2m", 120000000000},
	    {"1h", 3600000000000}, {"1m30s", 90000000000}, {"1h0m0.5s", 3600500000000},
	    {"366h", 1317600000000000}};
	static const char *const bad[] = {"", "s", "-1s", "1x", "1m30", "0s5", "1 s",
	    "1sec", "10S", "1.2.3s", "9000h", "1e3s", "1m s", "1s-"};
	uint64_t got;

	for (size_t i = 0; i < COUNT(good); i++)
		tap_ok(units_duration(good[i].text, &got, NULL) == 0 && got == good[i].want,
		    "duration '%s'", good[i].text);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = {0};

		tap_ok(units_duration(bad[i], &got, &e) == -1 && e.class == ERR_USAGE,
		    "duration '%s' is refused", bad[i]);
	}
}

static void
test_rates_and_sizes(void)
{
	static const struct {
		const char *text;
		double want;
	} rates[] = {{"100", 100}, {"100/s", 100}, {"6k/m", 100}, {"50/ms", 50000},
	    {"9k/h", 2.5}, {"0.5/s", 0.5}};
	static const char *const bad_rates[] = {"", "/s", "100/", "100/d", "100s", "1/s/s",
	    "-1/s", "1m/us", "9999m/s"};
	static const struct {
		const char *text;
		uint64_t want;
	} sizes[] = {{"512", 512}, {"512B", 512}, {"64KiB", 65536}, {"1MiB", 1048576},
	    {"2GiB", 2147483648}, {"10kB", 10000}, {"1MB", 1000000}, {"1.5KiB", 1536}};
	static const char *const bad_sizes[] = {"", "KiB", "1KB", "1kib", "1 MiB", "1MiBs",
	    "-1", "9999999GiB"};
	struct err e;
	uint64_t bytes;
	double rate;

	for (size_t i = 0; i < COUNT(rates); i++)
		tap_ok(units_rate(rates[i].text, &rate, NULL) == 0 &&
		    rate > rates[i].want * 0.999999 && rate < rates[i].want * 1.000001,
		    "rate '%s'", rates[i].text);
	for (size_t i = 0; i < COUNT(bad_rates); i++)
		tap_ok(units_rate(bad_rates[i], &rate, &e) == -1, "rate '%s' is refused",
		    bad_rates[i]);
	for (size_t i = 0; i < COUNT(sizes); i++)
		tap_ok(units_size(sizes[i].text, &bytes, NULL) == 0 && bytes == sizes[i].want,
		    "size '%s'", sizes[i].text);
	for (size_t i = 0; i < COUNT(bad_sizes); i++)
		tap_ok(units_size(bad_sizes[i], &bytes, &e) == -1, "size '%s' is refused",
		    bad_sizes[i]);
}

static void
test_unit_texts(void)
{
	static const struct {
		double ms;
		const char *want;
	} durations[] = {{0, "0 us"}, {0.001, "1.00 us"}, {0.734, "734 us"},
	    {0.9994, "999 us"}, {0.9999, "1.00 ms"}, {1.25, "1.25 ms"}, {12.34, "12.3 ms"},
	    {999.4, "999 ms"}, {999.9, "1.00 s"}, {3100, "3.10 s"}, {123456, "123 s"}};
	static const struct {
		double bytes;
		const char *want;
	} sizes[] = {{0, "0 B"}, {512, "512 B"}, {1023, "1023 B"}, {1024, "1.00 KiB"},
	    {1536, "1.50 KiB"}, {1048576, "1.00 MiB"}, {5e12, "4.55 TiB"}};
	char text[32];

	for (size_t i = 0; i < COUNT(durations); i++)
		tap_text(units_duration_text(text, sizeof text, durations[i].ms),
		    durations[i].want, durations[i].want);
	for (size_t i = 0; i < COUNT(sizes); i++)
		tap_text(units_size_text(text, sizeof text, sizes[i].bytes), sizes[i].want,
		    sizes[i].want);
}

/* --- url ----------------------------------------------------------------------------- */

static void
test_url_good(void)
{
	/* What a URL comes apart into: scheme, user, password, authority, target. */
	static const struct {
		const char *text, *parts;
	} good[] = {
		{"ws://host", "ws - - host /"},
		{"WS://Host/", "ws - - Host /"},
		{"wss://host:443/a", "wss - - host /a"},
		{"wss://host:80/a", "wss - - host:80 /a"},
		{"ws://host:/a", "ws - - host /a"},
		{"http://h:8080?x=1", "http - - h:8080 /?x=1"},
		{"https://h/a/b?c=d&e={topic}", "https - - h /a/b?c=d&e={topic}"},
		{"redis://:secret@r:6379", "redis  secret r /"},
		{"ws://u:p%40ss@h/", "ws u p@ss h /"},
		{"ws://u@h/", "ws u - h /"},
		{"ws://a@b@h/", "ws a@b - h /"},
		{"ws://u:p:q@h/", "ws u p:q h /"},
		{"ws://h/?next=ws://other/@x", "ws - - h /?next=ws://other/@x"},
		{"ws://127.0.0.1:65535/", "ws - - 127.0.0.1:65535 /"},
		{"ws://[::1]/", "ws - - [::1] /"},
		{"ws://[::1]:9001/x", "ws - - [::1]:9001 /x"},
		{"ws://u:p@[2001:db8::7]:1/", "ws u p [2001:db8::7]:1 /"},
		{"ws://a-b.c_d~e/", "ws - - a-b.c_d~e /"},
	};

	for (size_t i = 0; i < COUNT(good); i++) {
		char parts[512] = "", authority[272];
		struct err e = {0};
		struct url u;

		if (url_parse(&u, good[i].text, &e) == 0) {
			snprintf(parts, sizeof parts, "%s %s %s %s %s",
			    url_scheme_name(u.scheme), u.user != NULL ? u.user : "-",
			    u.password != NULL ? u.password : "-",
			    url_authority(&u, authority), u.target);
			url_release(&u);
		}
		tap_text(parts, good[i].parts, good[i].text);
	}
}

static void
test_url_bad(void)
{
	static const char *const bad[] = {"", "host", "host:80", "//host", "ftp://host",
	    "ws:/host", "ws://", "ws:///path", "ws://:80/", "ws://h:0/", "ws://h:65536/",
	    "ws://h:80a/", "ws://h:-1/", "ws://h:99999999999999999999/", "ws://h:80:90/",
	    "ws://h/#part", "ws://h#part", "ws://h /", "ws://h/a b", " ws://h/",
	    "ws://h/\n", "ws://h/\t", "ws://h\xc3\xbc/", "ws://h/\x7f", "ws://h%41/",
	    "ws://h\"/", "ws://[::1", "ws://[::1]x/", "ws://[nonsense]/",
	    "ws://[127.0.0.1]/", "ws://[]/", "ws://::1/", "ws://u%zz@h/", "ws://u%0a@h/",
	    "ws://u%00@h/", "ws://u%4@h/", "ws://u:p%0d@h/", "ws://u@/"};
	char host[600] = "ws://";
	struct url u;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = {0};

		tap_ok(url_parse(&u, bad[i], &e) == -1 && e.class == ERR_USAGE &&
		    e.text[0] != '\0' && u.target == NULL, "bad URL %zu: %s", i, e.text);
	}
	memset(host + 5, 'h', 255);
	tap_int(url_parse(&u, host, NULL), 0, "a host of 255 characters");
	url_release(&u);
	memset(host + 5, 'h', 256);
	tap_int(url_parse(&u, host, NULL), -1, "a host of 256 characters is refused");
	tap_int(url_parse(&u, "wss://h", NULL), 0, "wss://h");
	tap_ok(url_is_secure(&u) && u.default_port && u.port == 443,
	    "wss is secure, port 443");
	url_release(&u);
	url_release(&u);
}

/* --- utf8 ---------------------------------------------------------------------------- */

/* The definition of UTF-8 turned round: decode by the lead byte's length, then ask whether that
 * number's one true encoding is what stood there. Slow, and shares nothing with utf8.c. */
static bool
reference_utf8(const uint8_t *at, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	for (size_t i = 0, size; i < len; i += size) {
		uint32_t number;

		size = at[i] < 0x80 ? 1 : at[i] >> 5 == 6 ? 2 : at[i] >> 4 == 14 ? 3 :
		    at[i] >> 3 == 30 ? 4 : 0;
		if (size == 0 || size > len - i)
			return false;
		number = size == 1 ? at[i] : at[i] & (0x7fu >> size);
		for (size_t k = 1; k < size; k++) {
			if (at[i + k] >> 6 != 2)
				return false;
			number = number << 6 | (at[i + k] & 63);
		}
		if (number < least[size] || number > 0x10ffff || number >> 11 == 27)
			return false;
	}
	return true;
}

static void
test_utf8_all_short(void)
{
	unsigned long wrong = 0;
	uint8_t s[3];

	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++)
			for (unsigned c = 0; c < 256; c++) {
				s[0] = (uint8_t)a, s[1] = (uint8_t)b, s[2] = (uint8_t)c;
				wrong += utf8_valid(s, 3) != reference_utf8(s, 3);
				if (c == 0)
					wrong += utf8_valid(s, 2) != reference_utf8(s, 2);
				if (b == 0 && c == 0)
					wrong += utf8_valid(s, 1) != reference_utf8(s, 1);
			}
	tap_int((long long)wrong, 0, "utf8: all sequences of 1, 2 and 3 bytes");
}

/* The Unicode Standard's tables 3-8 to 3-11: how many U+FFFD stand for what. */
static void
test_utf8_repair(void)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		    "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "????????A"},
		{"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "????????A"},
		{"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "?????A??B"},
		{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "????A"},
		{"cut \xe2\x82", "cut ?"},
	};
	char want[100];
	struct buf got;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *at = want;

		for (const char *c = cases[i].to; *c != '\0'; c++)
			at = *c == '?' ? stpcpy(at, "\xef\xbf\xbd") : (*at = *c, at + 1);
		*at = '\0';
		buf_init(&got, 100);
		utf8_repair(&got, cases[i].from, strlen(cases[i].from));
		buf_add(&got, "", 1);
		tap_text((const char *)got.data, want, "utf8_repair");
		buf_release(&got);
	}
	buf_init(&got, 3);
	tap_int(utf8_repair(&got, "\xff\xff", 2), -1, "utf8_repair: full");
	buf_release(&got);
}

static void
test_utf8_four(void)
{
	unsigned long wrong = 0;
	uint8_t s[4];

	for (unsigned a = 0xf0; a < 256; a++)
		for (unsigned b = 0x70; b < 0xd0; b++)
			for (unsigned c = 0x70; c < 0xd0; c++)
				for (unsigned d = 0x7e; d < 0xc2; d++) {
					s[0] = (uint8_t)a, s[1] = (uint8_t)b;
					s[2] = (uint8_t)c, s[3] = (uint8_t)d;
					wrong += utf8_valid(s, 4) != reference_utf8(s, 4);
				}
	tap_int((long long)wrong, 0, "utf8: sequences of 4 bytes around every border");
}

/* A bad or good character at every place of a text long enough for the eight-byte steps, fed
 * whole and cut at every place. */
static void
test_utf8_places(void)
{
	static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac",
	    "\xf0\x9f\x98\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff",
	    "\x80", "\xe2\x82"};
	unsigned long wrong = 0;

	for (size_t c = 0; c < COUNT(characters); c++)
		for (size_t place = 0; place <= 20; place++) {
			char text[32];
			size_t size = strlen(characters[c]);
			bool want;

			memset(text, 'a', sizeof text);
			memcpy(text + place, characters[c], size);
			want = reference_utf8((uint8_t *)text, 24);
			for (size_t cut = 0; cut <= 24; cut++) {
				utf8_state state = 0;
				bool got = utf8_feed(&state, text, cut) &&
				    utf8_feed(&state, text + cut, 24 - cut) && state == 0;

				wrong += got != want;
			}
		}
	tap_int((long long)wrong, 0, "utf8: characters at every place, cut at every place");
	tap_ok(utf8_valid("", 0) && utf8_valid("a\0b", 3), "utf8: the empty text and NUL");
	tap_ok(!utf8_valid("abc\xe2\x82", 5), "utf8: a text that ends within a character");
}

/* --- base64, json, rng --------------------------------------------------------------- */

static void
test_base64(void)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
	    {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"}};
	static const char *const bad[] = {"Z", "Zm9vY", "Zg=", "Z===", "====", "Zm=v",
	    "Zm 9", "Zm9\n", "Zg==Zg=="};
	char text[32];
	uint8_t back[32];

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *plain = vectors[i][0], *coded = vectors[i][1];
		size_t len = strlen(plain), size = base64_encode(text, plain, len);
		ssize_t n;

		tap_text(text, coded, "base64_encode (RFC 4648, 10)");
		tap_ok(size == strlen(text) && size == base64_length(len), "base64: length");
		n = base64_decode(back, coded, strlen(coded));
		tap_bytes(back, (size_t)n, plain, len, "base64_decode");
		n = base64_decode(back, coded, strcspn(coded, "="));
		tap_bytes(back, (size_t)n, plain, len, "base64_decode without padding");
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		tap_ok(base64_decode(back, bad[i], strlen(bad[i])) == -1,
		    "base64_decode: bad text %zu", i);
	base64_encode(text, "\xfb\xff\xfe", 3);
	tap_text(text, "+//+", "base64: the standard alphabet's last two");
	base64url_encode(text, "\xfb\xff\xfe\xfb", 4);
	tap_text(text, "-__--w", "base64url: its own last two, no padding");
	tap_int(base64_decode(back, "-__-", 4), 3, "base64_decode takes the URL alphabet");
}

static void
test_json_quote(void)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} good[] = {
		{"", 0, "\"\""}, {"abc", 3, "\"abc\""}, {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
		{"\n\r\t", 3, "\"\\n\\r\\t\""}, {"\0\x1f", 2, "\"\\u0000\\u001f\""},
		{"\xc3\xa9/\x7f", 4, "\"\xc3\xa9/\x7f\""},
	};
	struct buf b;

	for (size_t i = 0; i < COUNT(good); i++) {
		buf_init(&b, 100);
		json_quote(&b, good[i].text, good[i].len);
		tap_bytes(b.data, b.len, good[i].want, strlen(good[i].want), "json_quote");
		buf_release(&b);
	}
	buf_init(&b, 4);
	tap_int(json_quote(&b, "abc", 3), -1, "json_quote: a full buf");
	buf_release(&b);
}

static void
test_rng(void)
{
	double uniform = 0, exponential = 0;
	struct rng a, b;
	bool inside = true;

	rng_init(&a, 42);
	rng_init(&b, 42);
	tap_ok(rng_u64(&a) == rng_u64(&b), "rng: one seed, one sequence");
	rng_init(&b, 43);
	tap_ok(rng_u64(&a) != rng_u64(&b), "rng: another seed, another sequence");
	for (int i = 0; i < 100000; i++) {
		double d = rng_double(&a);

		inside = inside && d >= 0 && d < 1;
		uniform += d / 100000;
		exponential += rng_exponential(&a) / 100000;
	}
	tap_ok(inside, "rng_double stays in [0, 1)");
	tap_ok(uniform > 0.49 && uniform < 0.51, "rng_double: mean %.3f", uniform);
	tap_ok(exponential > 0.98 && exponential < 1.02, "rng_exponential: mean %.3f",
	    exponential);
}

int
main(void)
{
	test_err();
	test_buf();
	test_slice();
	test_counts();
	test_durations();
	test_rates_and_sizes();
	test_unit_texts();
	test_url_good();
	test_url_bad();
	test_utf8_all_short();
	test_utf8_four();
	test_utf8_repair();
	test_utf8_places();
	test_base64();
	test_json_quote();
	test_rng();
	return tap_done();
}
