/* proxy_test.c: what a proxy is told and what is made of its answers. Every answer comes whole
 * and a byte at a time, always against a guard page. */
#include "lib/transport/proxy.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BYTES(text) (text), sizeof(text) - 1

enum { MAX = 1 << 20 };

static const struct proxy http = {.kind = PROXY_HTTP, .host = "peer.example", .port = 443,
    .name = "proxy.example:3128"};
static const struct proxy http_user = {.kind = PROXY_HTTP, .host = "2001:db8::1", .port = 80,
    .user = "ann", .password = "secret", .name = "proxy.example:3128"};
static const struct proxy socks = {.kind = PROXY_SOCKS5, .host = "peer.example", .port = 443,
    .name = "proxy.example:1080"};
static const struct proxy socks_v4 = {.kind = PROXY_SOCKS5, .host = "192.0.2.1", .port = 8080,
    .user = "ann", .password = "secret", .name = "proxy.example:1080"};
static const struct proxy socks_v6 = {.kind = PROXY_SOCKS5, .host = "2001:db8::1", .port = 1,
    .name = "proxy.example:1080"};

/* What came of it: how many bytes the proxy's answer took, or why it failed. */
struct outcome {
	bool done;
	size_t taken;
	struct err e;
	struct buf out;
};

/* The bytes grow to `first` and then by `step`; what was taken is not shown again. */
static void
run(struct outcome *o, const struct proxy *p, const char *answer, size_t len, size_t first,
    size_t step)
{
	struct proxy_talk talk;
	size_t end = first < len ? first : len;
	ssize_t used = 0;

	*o = (struct outcome){0};
	buf_init(&o->out, MAX);
	if (proxy_begin(&talk, p, &o->out, &o->e) != 0)
		return;
	while (used >= 0 && !o->done) {
		uint8_t *guarded = tap_guard(answer + o->taken, end - o->taken);

		used = proxy_feed(&talk, guarded, end - o->taken, &o->out, &o->done, &o->e);
		tap_guard_free(guarded, end - o->taken);
		if (used > 0)
			o->taken += (size_t)used;
		if (end == len)
			break;
		end = step > len - end ? len : end + step;
	}
}

/* It is reached after `taken` bytes, and was told `told`. */
static void
reaches(const char *name, const struct proxy *p, const char *answer, size_t len, size_t taken,
    const char *told, size_t told_len)
{
	static const struct {
		const char *how;
		size_t first, step;
	} ways[] = {{"whole", SIZE_MAX, 1}, {"bytewise", 0, 1}, {"in threes", 2, 3}};
	struct outcome o;

	for (size_t i = 0; i < COUNT(ways); i++) {
		char text[160];

		run(&o, p, answer, len, ways[i].first, ways[i].step);
		snprintf(text, sizeof text, "%s, %s: reached", name, ways[i].how);
		tap_ok(o.done && o.taken == taken, "%s (%zu %s)", text, o.taken, o.e.text);
		snprintf(text, sizeof text, "%s, %s: what it was told", name, ways[i].how);
		tap_bytes(o.out.data, o.out.len, told, told_len, text);
		buf_release(&o.out);
	}
}

static void
refuses(const char *name, const struct proxy *p, const char *answer, size_t len,
    enum err_class class, const char *text)
{
	struct outcome o;

	for (size_t first = 0; first < 2; first++) {
		run(&o, p, answer, len, first == 0 ? SIZE_MAX : 0, 1);
		tap_ok(!o.done && o.e.class == class, "%s%s: refused as %s", name,
		    first == 0 ? "" : " bytewise", err_class_name(class));
		tap_text(o.e.text, text, name);
		buf_release(&o.out);
	}
}

static void
test_http(void)
{
	static const char plain[] = "CONNECT peer.example:443 HTTP/1.1\r\n"
	    "Host: peer.example:443\r\n\r\n";
	static const char with_user[] = "CONNECT [2001:db8::1]:80 HTTP/1.1\r\n"
	    "Host: [2001:db8::1]:80\r\nProxy-Authorization: Basic YW5uOnNlY3JldA==\r\n\r\n";
	static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	static const char late[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 204 Fine\r\n"
	    "Content-Length: 5\r\nVia: x\r\n\r\n";

	reaches("CONNECT", &http, BYTES(ok), sizeof ok - 1, BYTES(plain));
	reaches("CONNECT, the peer speaks at once", &http,
	    BYTES("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 500 No\r\n\r\n"), 19, BYTES(plain));
	reaches("CONNECT with user, IPv6", &http_user, BYTES(ok), sizeof ok - 1,
	    BYTES(with_user));
	reaches("an answer before the answer", &http, BYTES(late), sizeof late - 1, BYTES(plain));
}

static void
test_http_refusals(void)
{
	struct proxy colon = http_user, bad_host = http;

	refuses("403", &http, BYTES("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n"),
	    ERR_CONNECT, "the proxy proxy.example:3128 does not connect to peer.example:443: "
	    "403 Forbidden");
	refuses("101", &http, BYTES("HTTP/1.1 101 Switching\r\n\r\n"), ERR_CONNECT,
	    "the proxy proxy.example:3128 does not connect to peer.example:443: 101 Switching");
	refuses("407 without a user", &http,
	    BYTES("HTTP/1.1 407 Proxy Authentication Required\r\n"
	    "Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n"),
	    ERR_CONNECT, "the proxy proxy.example:3128 wants a user and a password "
	    "(407 Proxy Authentication Required)");
	refuses("407 with a user", &http_user,
	    BYTES("HTTP/1.1 407 No\r\nProxy-Authenticate: Digest a=b, Basic realm=\"x\"\r\n\r\n"),
	    ERR_CONNECT, "the proxy proxy.example:3128 does not accept the user 'ann' with that "
	    "password (407)");
	refuses("407 of another kind", &http_user,
	    BYTES("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\n\r\n"),
	    ERR_CONNECT, "the proxy proxy.example:3128 wants authentication (407) of another kind "
	    "than Basic: Negotiate");
	refuses("no status", &http, BYTES("HTTP/1.1 2x0 OK\r\n\r\n"), ERR_CONNECT,
	    "the proxy proxy.example:3128 does not answer as one: bad status line "
	    "'HTTP/1.1 2x0 OK': expected HTTP/1.1 and three digits");
	refuses("a peer that is no proxy", &http, BYTES("S"), ERR_CONNECT,
	    "the proxy proxy.example:3128 does not answer as one: not HTTP: a response begins "
	    "with HTTP/1., this one with 'S'");
	colon.user = "a:b";
	refuses("a user with a colon", &colon, BYTES(""), ERR_USAGE,
	    "a proxy cannot be told a user with a colon (RFC 7617, 2)");
	bad_host.host = "a\r\nb";
	refuses("a host with a newline", &bad_host, BYTES(""), ERR_USAGE, "'a?" "?b' is no host");
}

static void
test_http_length(void)
{
	static char endless[2 * HTTP_HEAD_MAX];
	static const char again[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct outcome o;

	memset(endless, 'a', sizeof endless);
	memcpy(endless, "HTTP/1.1 200 OK\r\nA: ", 20);
	run(&o, &http, endless, sizeof endless, 1000, 1000);
	tap_int(o.e.class, ERR_CONNECT, "a head without end is refused");
	buf_release(&o.out);
	for (size_t i = 0; i < sizeof endless; i++)
		endless[i] = again[i % (sizeof again - 1)];
	run(&o, &http, endless, sizeof endless, 1000, 1000);
	tap_text(o.e.text, "the proxy proxy.example:3128 answers at too great a length",
	    "answers without end are refused");
	buf_release(&o.out);
}

static void
test_socks(void)
{
	reaches("SOCKS5 by name", &socks,
	    BYTES("\5\0" "\5\0\0\1\0\0\0\0\0\0"), 12,
	    BYTES("\5\1\0" "\5\1\0\3\14peer.example\1\273"));
	reaches("SOCKS5, the peer speaks at once", &socks,
	    BYTES("\5\0" "\5\0\0\1\177\0\0\1\0\120hello"), 12,
	    BYTES("\5\1\0" "\5\1\0\3\14peer.example\1\273"));
	reaches("SOCKS5 with password, by IPv4", &socks_v4,
	    BYTES("\5\2" "\1\0" "\5\0\0\3\3a.b\0\120"), 14,
	    BYTES("\5\2\0\2" "\1\3ann\6secret" "\5\1\0\1\300\0\2\1\37\220"));
	reaches("SOCKS5, password not wanted", &socks_v4,
	    BYTES("\5\0" "\5\0\0\1\0\0\0\0\0\0"), 12,
	    BYTES("\5\2\0\2" "\5\1\0\1\300\0\2\1\37\220"));
	reaches("SOCKS5 by IPv6", &socks_v6,
	    BYTES("\5\0" "\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), 24,
	    BYTES("\5\1\0" "\5\1\0\4\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\1"));
}

static void
test_socks_refusals(void)
{
	static char long_name[300];
	struct proxy long_host = socks, long_user = socks_v4;

	refuses("SOCKS5 refuses", &socks, BYTES("\5\0" "\5\5\0\1\0\0\0\0\0\0"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not connect to peer.example:443: connection "
	    "refused (5)");
	refuses("SOCKS5 refuses briefly", &socks, BYTES("\5\0" "\5\2"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not connect to peer.example:443: not allowed by "
	    "its rules (2)");
	refuses("SOCKS5 with a reply of its own", &socks, BYTES("\5\0" "\5\377\0\1"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not connect to peer.example:443: unknown reply "
	    "(255)");
	refuses("SOCKS5 wants a user", &socks, BYTES("\5\377"), ERR_CONNECT,
	    "the proxy proxy.example:1080 wants authentication, but no user was given");
	refuses("SOCKS5 wants something else", &socks_v4, BYTES("\5\377"), ERR_CONNECT,
	    "the proxy proxy.example:1080 accepts neither a user with a password nor none");
	refuses("SOCKS5 refuses the user", &socks_v4, BYTES("\5\2\1\1"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not accept the user 'ann' with that password");
	refuses("SOCKS5 chose what was not offered", &socks, BYTES("\5\2"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not answer as SOCKS5 does");
	refuses("SOCKS4", &socks, BYTES("\0\132"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not answer as SOCKS5 does");
	refuses("HTTP for SOCKS5", &socks, BYTES("HTTP/1.1 400 Bad"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not answer as SOCKS5 does");
	refuses("SOCKS5 with a bad address type", &socks, BYTES("\5\0" "\5\0\0\2\0"), ERR_CONNECT,
	    "the proxy proxy.example:1080 does not answer as SOCKS5 does");
	memset(long_name, 'a', sizeof long_name - 1);
	long_host.host = long_user.user = long_name;
	refuses("a host too long for SOCKS5", &long_host, BYTES(""), ERR_USAGE,
	    "SOCKS5 has no room for a host of more than 255 bytes");
	refuses("a user too long for SOCKS5", &long_user, BYTES(""), ERR_USAGE,
	    "SOCKS5 has no room for a user or a password of more than 255 bytes");
}

int
main(void)
{
	test_http();
	test_http_refusals();
	test_http_length();
	test_socks();
	test_socks_refusals();
	return tap_done();
}
