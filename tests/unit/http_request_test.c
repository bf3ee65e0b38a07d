/* http_request_test.c: heads of requests (RFC 9112, 3 and 5). */
#include "lib/codec/http_request.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void
test_lines(void)
{
	static const char *const good[] = {"A: b", "A:b", "A:", "X-Token: a:b", "Host: other",
	    "Cookie: a=b; c=d", "A: \tb", "A: gr\xc3\xbc\xc3\x9f", "Accept: */*",
	    "Last-Event-ID: 7", "Content-Type: text/plain", "Content-Lengths: 5", "TEA: x",
	    "Sec-WebSocket-Key: x", "!#$%&'*+-.^_`|~09azAZ: x"};
	static const struct {
		const char *line, *want;
	} bad[] = {
		{"", "bad header '': expected a name, a colon and a value"},
		{"A", "bad header 'A': expected a name, a colon and a value"},
		{": b", "bad header ': b': expected a name, a colon and a value"},
		{"A b: c", "bad header 'A b: c': expected a name, a colon and a value"},
		{"A : b", "bad header 'A : b': expected a name, a colon and a value"},
		{" A: b", "bad header ' A: b': expected a name, a colon and a value"},
		{"A\r\nB: c", "bad header 'A??B: c': expected a name, a colon and a value"},
		{"\xc3\xbc: x", "bad header '\xc3\xbc: x': expected a name, a colon and a value"},
		{"A: b\r\nC: d", "bad header 'A': expected a value without control characters"},
		{"A: b\n", "bad header 'A': expected a value without control characters"},
		{"A: \x7f", "bad header 'A': expected a value without control characters"},
		{"content-length: 5", "bad header 'Content-Length': expected none that frames "
		    "the request or governs its connection"},
		{"TRANSFER-ENCODING: chunked", "bad header 'Transfer-Encoding': expected none "
		    "that frames the request or governs its connection"},
		{"Connection: close", "bad header 'Connection': expected none that frames the "
		    "request or governs its connection"},
		{"Upgrade: h2c", "bad header 'Upgrade': expected none that frames the request or "
		    "governs its connection"},
		{"Expect: 100-continue", "bad header 'Expect': expected none that frames the "
		    "request or governs its connection"},
		{"te:", "bad header 'TE': expected none that frames the request or governs its "
		    "connection"},
		{"Trailer: x", "bad header 'Trailer': expected none that frames the request or "
		    "governs its connection"},
	};

	for (size_t i = 0; i < COUNT(good); i++)
		tap_ok(http_line_check(good[i], NULL) == 0, "header '%s'", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err e = {0};

		if (http_line_check(bad[i].line, &e) != -1 || e.class != ERR_USAGE)
			tap_ok(false, "another class for '%s'", bad[i].want);
		else
			tap_text(e.text, bad[i].want, bad[i].want);
	}
}

static void
test_owned(void)
{
	static const char *const owned[] = {"Accept", "Cache-Control", NULL};
	static const char *const none[] = {NULL};
	struct err e = {0};

	tap_int(http_line_check_but("accept: x", owned, "a stream writes", &e), -1,
	    "an owned one");
	tap_text(e.text, "bad header 'Accept': expected none that a stream writes", "says so");
	tap_int(http_line_check_but("Connection: x", owned, "", NULL), 0, "only those");
	tap_int(http_line_check_but("Accept: x", none, "", NULL), 0, "nothing is owned");
	tap_int(http_line_check_but("Accept x", none, "", NULL), -1, "but must be well-formed");
	tap_int((long long)http_line_name("Accept: a:b").len, 6,
	    "a name ends at the first colon");
	tap_int((long long)http_line_name("Accept").len, 6, "or at the end");
}

static void
check(const struct http_request *r, const char *want, const char *name)
{
	size_t size = strlen(want), refused = 0;
	struct buf b;

	buf_init(&b, size);
	http_request_write(&b, r);
	tap_bytes(b.data, b.len, want, size, name);
	buf_release(&b);
	for (size_t max = 1; max < size + 1; max++) {
		buf_init(&b, max);
		buf_add_text(&b, "x");
		refused += http_request_write(&b, r) == -1 && b.len == 1 && b.data[0] == 'x';
		buf_release(&b);
	}
	tap_int((long long)refused, (long long)size, "a buf that is too small is left as it was");
}

static void
test_requests(void)
{
	static const char *const headers[] = {"X-One: 1", "host: proxy.example", "X-Two: 2"};
	static const char *const more[] = {"Cookie: a=b", "ACCEPT: text/html"};
	static const char *const defaults[] = {"Accept: */*", "Accept-Encoding: gzip"};
	static const char *const hosts[] = {"Host: a", "Host: b"};
	struct http_request r = {.method = "GET", .target = "/a?b",
	    .authority = "example.com:81"};

	check(&r, "GET /a?b HTTP/1.1\r\nHost: example.com:81\r\n\r\n", "the least request");
	r.defaults = defaults;
	r.default_count = 2;
	check(&r, "GET /a?b HTTP/1.1\r\nHost: example.com:81\r\nAccept: */*\r\n"
	    "Accept-Encoding: gzip\r\n\r\n", "defaults");
	r.headers = headers;
	r.header_count = 3;
	r.more_headers = more;
	r.more_header_count = 2;
	check(&r, "GET /a?b HTTP/1.1\r\nhost: proxy.example\r\nX-One: 1\r\nX-Two: 2\r\n"
	    "Cookie: a=b\r\nACCEPT: text/html\r\nAccept-Encoding: gzip\r\n\r\n",
	    "a Host of its own, and one default replaced");
	r = (struct http_request){.method = "POST", .target = "/", .authority = "h",
	    .more_headers = more, .more_header_count = 1, .has_body = true};
	check(&r, "POST / HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\nContent-Length: 0\r\n\r\n",
	    "an empty body has a length");
	r.body_length = UINT64_MAX;
	check(&r, "POST / HTTP/1.1\r\nHost: h\r\nCookie: a=b\r\n"
	    "Content-Length: 18446744073709551615\r\n\r\n", "a long body");
	r = (struct http_request){.method = "GET", .target = "/", .authority = "h",
	    .headers = headers, .header_count = 1, .more_headers = hosts, .more_header_count = 2};
	check(&r, "GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nHost: b\r\n\r\n",
	    "a Host from the second place, and one more");
	r = (struct http_request){.method = "GET", .target = "/", .authority = "h",
	    .defaults = defaults, .default_count = 2, .body_length = 5};
	check(&r, "GET / HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n",
	    "no body, no length");
}

int
main(void)
{
	test_lines();
	test_owned();
	test_requests();
	return tap_done();
}
