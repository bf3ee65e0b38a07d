/* cookies_test.c: what is kept and what is sent where (RFC 6265, 5). */
#include "lib/session/cookies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/url.h"
#include "lib/codec/http_head.h"
#include "lib/session/cookie_date.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { NOW = 1700000000 };

static void
take_at(struct cookies *c, const char *url, const char *cookie, int64_t now)
{
	static struct http_head head;
	struct url from;
	char *text;

	if (asprintf(&text, "HTTP/1.1 101 X\r\nSet-Cookie: %s\r\n\r\n", cookie) < 0)
		abort();
	if (url_parse(&from, url, NULL) != 0 ||
	    http_head_parse(&head, text, strlen(text), 0, NULL) <= 0)
		tap_ok(false, "the test's own: %s", cookie);
	else
		cookies_take(c, &head, &from, now);
	url_release(&from);
	free(text);
}

static void
sent_at(struct cookies *c, const char *url, const char *want, int64_t now, const char *name)
{
	struct url to;
	struct buf text;

	buf_init(&text, 1 << 20);
	url_parse(&to, url, NULL);
	tap_int(cookies_write(c, &to, now, &text), 0, "they are written");
	buf_add(&text, "", 1);
	tap_text((const char *)text.data, want, name);
	buf_release(&text);
	url_release(&to);
}

/* One cookie from one place: what goes to another. */
static void
check(const char *from, const char *cookie, const char *to, const char *want)
{
	struct cookies *c = cookies_new();
	char name[400];

	snprintf(name, sizeof name, "%.200s from %s to %s", cookie, from, to);
	take_at(c, from, cookie, NOW);
	sent_at(c, to, want, NOW, name);
	cookies_free(c);
}

static void
test_names(void)
{
	check("ws://a/", "n=v", "ws://a/", "n=v");
	check("ws://a/", " n = v ; Path=/", "ws://a/", "n=v");
	check("ws://a/", "n=", "ws://a/", "n=");
	check("ws://a/", "n=\"q\"", "ws://a/", "n=\"q\"");
	check("ws://a/", "n=a=b", "ws://a/", "n=a=b");
	check("ws://a/", "n", "ws://a/", "");
	check("ws://a/", "=v", "ws://a/", "");
	check("ws://a/", ";n=v", "ws://a/", "");
	check("ws://a/", "n=a\x01", "ws://a/", "");
	check("ws://a/", "n=v; Path=/\x7f", "ws://a/", "");
	check("ws://a/", "n=v; Unknown=x; HttpOnly; SameSite=None", "ws://a/", "n=v");
}

static void
test_domains(void)
{
	check("ws://a.test/", "n=v", "ws://b.a.test/", "");
	check("ws://a.test/", "n=v", "ws://A.TEST/", "n=v");
	check("ws://a.test/", "n=v; Domain=a.test", "ws://b.a.test/", "n=v");
	check("ws://a.test/", "n=v; domain=.a.test", "ws://b.a.test/", "n=v");
	check("ws://b.a.test/", "n=v; Domain=A.test", "ws://a.test/", "n=v");
	check("ws://b.a.test/", "n=v; Domain=a.test", "ws://xa.test/", "");
	check("ws://a.test/", "n=v; Domain=b.a.test", "ws://b.a.test/", "");
	check("ws://a.test/", "n=v; Domain=c.test", "ws://a.test/", "");
	check("ws://a.test/", "n=v; Domain=c.test", "ws://c.test/", "");
	check("ws://a.test/", "n=v; Domain=test", "ws://a.test/", "");
	check("ws://a.test/", "n=v; Domain=", "ws://a.test/", "n=v");
	check("ws://localhost/", "n=v; Domain=localhost", "ws://localhost/", "n=v");
	check("ws://127.0.0.1/", "n=v; Domain=127.0.0.1", "ws://127.0.0.1/", "n=v");
	check("ws://127.0.0.1/", "n=v; Domain=0.0.1", "ws://127.0.0.1/", "");
	check("ws://127.0.0.1/", "n=v; Domain=0.0.1", "ws://10.0.0.1/", "");
	check("ws://[::1]/", "n=v", "ws://[::1]:81/", "n=v");
	check("ws://a.test:81/", "n=v", "ws://a.test:82/", "n=v");
}

static void
test_paths(void)
{
	check("ws://a/x/y", "n=v", "ws://a/x", "n=v");
	check("ws://a/x/y", "n=v", "ws://a/x/z?q", "n=v");
	check("ws://a/x/y", "n=v", "ws://a/xx", "");
	check("ws://a/x/y", "n=v", "ws://a/", "");
	check("ws://a/x?y/z", "n=v", "ws://a/", "n=v");
	check("ws://a/x/y", "n=v; Path=/", "ws://a/", "n=v");
	check("ws://a/", "n=v; Path=/x/", "ws://a/x", "");
	check("ws://a/", "n=v; Path=/x/", "ws://a/x/y", "n=v");
	check("ws://a/", "n=v; Path=/x", "ws://a/x?y", "n=v");
	check("ws://a/x/y", "n=v; Path=z", "ws://a/x/", "n=v");
	check("ws://a/", "n=v; Secure", "ws://a/", "");
	check("wss://a/", "n=v; secure", "wss://a/", "n=v");
	check("wss://a/", "n=v", "ws://a/", "n=v");
}

static void
test_time(void)
{
	struct cookies *c = cookies_new();

	take_at(c, "ws://a/", "n=v; Max-Age=10", NOW);
	sent_at(c, "ws://a/", "n=v", NOW + 9, "Max-Age: before");
	sent_at(c, "ws://a/", "", NOW + 10, "and after");
	take_at(c, "ws://a/", "n=v; Max-Age=0", NOW);
	tap_int((long long)cookies_count(c), 0, "Max-Age=0 takes it away");
	take_at(c, "ws://a/", "n=v", NOW);
	take_at(c, "ws://a/", "n=v; Max-Age=-5", NOW);
	tap_int((long long)cookies_count(c), 0, "and so does a negative one");
	take_at(c, "ws://a/", "n=v; Max-Age=x; Expires=Tue, 14 Nov 2023 22:13:30 GMT", NOW);
	sent_at(c, "ws://a/", "n=v", NOW + 9, "Expires counts where Max-Age makes no sense");
	sent_at(c, "ws://a/", "", NOW + 10, "and after");
	take_at(c, "ws://a/", "n=w; Expires=Tue, 14 Nov 2023 22:13:30 GMT; Max-Age=99999999999999",
	    NOW);
	sent_at(c, "ws://a/", "n=w", NOW + 1000, "Max-Age comes before Expires");
	take_at(c, "ws://a/", "n=w; Expires=Thu, 01 Jan 1970 00:00:00 GMT", NOW);
	tap_int((long long)cookies_count(c), 0, "1970 takes it away");
	take_at(c, "ws://a/", "n=w; Expires=soon", NOW);
	sent_at(c, "ws://a/", "n=w", NOW + 1000, "no date: it stays");
	cookies_free(c);
}

static void
test_order(void)
{
	struct cookies *c = cookies_new();

	take_at(c, "ws://a/", "one=1", NOW);
	take_at(c, "ws://a/", "two=2; Path=/x", NOW);
	take_at(c, "ws://a/", "three=3", NOW);
	take_at(c, "ws://a/", "four=4; Path=/x", NOW);
	sent_at(c, "ws://a/x", "two=2; four=4; one=1; three=3", NOW,
	    "longer paths first, then as they came");
	take_at(c, "ws://a/", "one=11", NOW);
	sent_at(c, "ws://a/", "one=11; three=3", NOW, "a new value keeps its place");
	take_at(c, "ws://b/", "one=b", NOW);
	sent_at(c, "ws://a/", "one=11; three=3", NOW, "another host's is another");
	sent_at(c, "ws://b/", "one=b", NOW, "and goes there");
	cookies_free(c);
}

static void
test_limits(void)
{
	struct cookies *c = cookies_new();
	char text[COOKIE_BYTES_MAX + 20];
	struct buf small;
	struct url to;

	for (int i = 0; i < COOKIES_MAX + 5; i++) {
		snprintf(text, sizeof text, "n%d=v", i);
		take_at(c, "ws://a/", text, NOW);
	}
	tap_int((long long)cookies_count(c), COOKIES_MAX, "so many and no more");
	buf_init(&small, 10);
	url_parse(&to, "ws://a/", NULL);
	tap_int(cookies_write(c, &to, NOW, &small), -1, "a buf that is too small");
	tap_bytes(small.data, small.len, "n5=v; n6=v", 10, "has what fits, the oldest are gone");
	buf_release(&small);
	url_release(&to);
	memset(text, 'v', sizeof text);
	memcpy(text, "n=", 2);
	text[COOKIE_BYTES_MAX + 1] = '\0';
	take_at(c, "ws://b/", text, NOW);
	sent_at(c, "ws://b/", text, NOW, "the longest cookie");
	text[COOKIE_BYTES_MAX + 1] = 'v';
	text[COOKIE_BYTES_MAX + 2] = '\0';
	take_at(c, "ws://c/", text, NOW);
	sent_at(c, "ws://c/", "", NOW, "a longer one is not taken");
	cookies_free(c);
	cookies_free(NULL);
}

static void
test_dates(void)
{
	static const struct {
		const char *text;
		int64_t want;            /* -1: none */
	} dates[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"6 november 1994 8:49:37", 784111777},
		{"08:49:37 6 Nov 94 x", 784111777},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"01 Jan 69 00:00:00", 3124224000},
		{"29 Feb 2024 00:00:00", 1709164800},
		{"06 Nov 1994", -1}, {"", -1}, {"08:49:37", -1}, {"06 Nov 1994 08:49", -1},
		{"06 Nov 1994 24:00:00", -1}, {"06 Nov 1994 08:60:00", -1},
		{"32 Nov 1994 08:49:37", -1}, {"00 Nov 1994 08:49:37", -1},
		{"31 Apr 1994 08:49:37", -1}, {"06 Nov 1600 08:49:37", -1},
		{"06 Xyz 1994 08:49:37", -1}, {"006 Nov 1994 08:49:37", -1},
		{"06 Nov 19945 08:49:37", -1},
	};

	for (size_t i = 0; i < COUNT(dates); i++) {
		int64_t got = -2;
		int result = cookie_date_parse(slice_of(dates[i].text), &got);

		tap_ok(dates[i].want < 0 ? result == -1 : result == 0 && got == dates[i].want,
		    "date '%s'", dates[i].text);
	}
}

int
main(void)
{
	test_names();
	test_domains();
	test_paths();
	test_time();
	test_order();
	test_limits();
	test_dates();
	return tap_done();
}
