/* http_head_test.c: response heads (RFC 9112). Every vector is shown in every way of pieces.h. */
#include "lib/codec/http_head.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "tests/unit/pieces.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What parsing gives, in words: "minor status [reason] [name=value] … +bytes", "more", or the
 * class of the error. */
static ssize_t
describe(struct buf *into, const char *data, size_t len, size_t seen)
{
	struct http_head head;
	struct err e = {0};
	ssize_t n = http_head_parse(&head, data, len, seen, &e);

	into->len = 0;
	if (n == 0)
		buf_addf(into, "more");
	if (n < 0)
		buf_addf(into, "%s", err_class_name(e.class));
	if (n <= 0)
		return n;
	buf_addf(into, "%d %d [%.*s]", head.minor, head.status, (int)head.reason.len,
	    head.reason.data);
	for (size_t i = 0; i < head.count && head.count < 10; i++)
		buf_addf(into, " [%.*s=%.*s]", (int)head.fields[i].name.len,
		    head.fields[i].name.data, (int)head.fields[i].value.len,
		    head.fields[i].value.data);
	if (head.count >= 10)
		buf_addf(into, " %zu fields", head.count);
	buf_addf(into, " +%zd", n);
	return n;
}

struct run {
	struct buf *trace;
	size_t seen;
};

/* Shown all of it again until an answer comes. */
static ssize_t
feed(void *ctx, const char *data, size_t len)
{
	struct run *run = ctx;
	ssize_t result = describe(run->trace, data, len, run->seen);

	run->seen = len;
	return result == 0 ? 0 : -1;
}

static void
play(const void *ctx, struct slice bytes, struct pieces how, struct buf *trace)
{
	struct run run = {.trace = trace};

	(void)ctx;
	pieces_feed(bytes, how, feed, &run);
}

static void
check(const char *data, size_t len, const char *want, const char *name)
{
	pieces_check(play, NULL, (struct slice){data, len}, want, name);
}

struct vector {
	const char *name;
	const char *bytes;
	size_t len;
	const char *want;
};

#define V(name, bytes, want) {name, bytes, sizeof(bytes) - 1, want}
#define OK "HTTP/1.1 200 OK\r\n"

static void
test_good(void)
{
	static const struct vector vectors[] = {
		V("no fields", OK "\r\n", "1 200 [OK] +19"),
		V("HTTP/1.0", "HTTP/1.0 404 Not Found\r\n\r\n", "0 404 [Not Found] +26"),
		V("no reason", "HTTP/1.1 200 \r\n\r\n", "1 200 [] +17"),
		V("no reason and no space", "HTTP/1.1 200\r\n\r\n", "1 200 [] +16"),
		V("status 999", "HTTP/1.1 999 x\r\n\r\n", "1 999 [x] +18"),
		V("fields", OK "A: b\r\nC:d\r\n\r\n", "1 200 [OK] [A=b] [C=d] +30"),
		V("white space around a value", OK "A: \t b c \t\r\n\r\n",
		    "1 200 [OK] [A=b c] +31"),
		V("an empty value", OK "A:\r\nB: \t\r\n\r\n", "1 200 [OK] [A=] [B=] +29"),
		V("a colon in a value", OK "A: b:c\r\n\r\n", "1 200 [OK] [A=b:c] +27"),
		V("every mark of a token", OK "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n",
		    "1 200 [OK] [!#$%&'*+-.^_`|~09azAZ=x] +45"),
		V("bytes above ASCII in a value", OK "A: \xc3\xa9\xff\r\n\r\n",
		    "1 200 [OK] [A=\xc3\xa9\xff] +27"),
		V("lines that end in a bare LF", "HTTP/1.1 200 OK\nA: b\n\n",
		    "1 200 [OK] [A=b] +22"),
		V("both line ends, bare LF last", OK "A: b\r\n\n", "1 200 [OK] [A=b] +24"),
		V("both line ends, CRLF last", "HTTP/1.1 200 OK\n\r\n", "1 200 [OK] +18"),
		V("a body after it", OK "\r\nbody\r\n\r\n", "1 200 [OK] +19"),
		V("nothing yet", "", "more"),
		V("half a version", "HTT", "more"),
		V("no empty line yet", OK "A: b\r\n", "more"),
		V("half an empty line", OK "A: b\r\n\r", "more"),
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check(vectors[i].bytes, vectors[i].len, vectors[i].want, vectors[i].name);
}

static void
test_bad(void)
{
	static const struct vector vectors[] = {
		V("another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "handshake"),
		V("another protocol, from its first byte", "\x15", "handshake"),
		V("HTTP/2", "HTTP/2 200\r\n\r\n", "handshake"),
		V("a lower-case version", "http/1.1 200 OK\r\n\r\n", "handshake"),
		V("an empty line first", "\r\n" OK "\r\n", "handshake"),
		V("no minor version", "HTTP/1. 200 OK\r\n\r\n", "handshake"),
		V("a long minor version", "HTTP/1.10 200 OK\r\n\r\n", "handshake"),
		V("no status", "HTTP/1.1\r\n\r\n", "handshake"),
		V("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "handshake"),
		V("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "handshake"),
		V("a status below 100", "HTTP/1.1 099 OK\r\n\r\n", "handshake"),
		V("a status of letters", "HTTP/1.1 abc OK\r\n\r\n", "handshake"),
		V("two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", "handshake"),
		V("a field without a colon", OK "A\r\n\r\n", "handshake"),
		V("a field without a name", OK ": b\r\n\r\n", "handshake"),
		V("white space before the colon", OK "A : b\r\n\r\n", "handshake"),
		V("white space in a name", OK "A B: c\r\n\r\n", "handshake"),
		V("a name that is no token", OK "A(B): c\r\n\r\n", "handshake"),
		V("a name above ASCII", OK "\xc3\xa9: c\r\n\r\n", "handshake"),
		V("a folded line", OK "A: b\r\n c\r\n\r\n", "handshake"),
		V("a line folded by a tab", OK "A: b\r\n\tc: d\r\n\r\n", "handshake"),
		V("white space before the first field", OK " A: b\r\n\r\n", "handshake"),
		V("NUL in the status line", "HTTP/1.1 200 O\0K\r\n\r\n", "handshake"),
		V("NUL in a name", OK "A\0: b\r\n\r\n", "handshake"),
		V("NUL in a value", OK "A: b\0c\r\n\r\n", "handshake"),
		V("a bare CR in the status line", "HTTP/1.1 200 O\rK\r\n\r\n", "handshake"),
		V("a bare CR in a value", OK "A: b\rC: d\r\n\r\n", "handshake"),
		V("two CR before the LF", OK "A: b\r\r\n\r\n", "handshake"),
		V("two CR in the empty line", OK "\r\r\n\r\n", "handshake"),
	};

	static const char folded[] = OK "A: b\r\n c\r\n\r\n";
	struct http_head head;
	struct err e = {0};

	for (size_t i = 0; i < COUNT(vectors); i++)
		check(vectors[i].bytes, vectors[i].len, vectors[i].want, vectors[i].name);
	http_head_parse(&head, folded, sizeof folded - 1, 0, &e);
	tap_text(e.text, "a response head with a folded line (RFC 9112, 5.2)",
	    "a folded line is told as such");
}

static void
test_limits(void)
{
	static char filler[HTTP_HEAD_MAX];
	char want[80];
	struct buf b;

	memset(filler, 'x', sizeof filler);
	buf_init(&b, 1 << 20);
	for (int fields = HTTP_FIELDS_MAX; fields <= HTTP_FIELDS_MAX + 1; fields++) {
		b.len = 0;
		buf_addf(&b, OK);
		for (int i = 0; i < fields; i++)
			buf_addf(&b, "A%d: b\r\n", i);
		buf_addf(&b, "\r\n");
		snprintf(want, sizeof want, "1 200 [OK] %d fields +%zu", fields, b.len);
		check((char *)b.data, b.len, fields <= HTTP_FIELDS_MAX ? want : "limit",
		    fields <= HTTP_FIELDS_MAX ? "as many fields as allowed" : "one field more");
	}
	for (size_t size = HTTP_HEAD_MAX; size <= HTTP_HEAD_MAX + 1; size++) {
		struct http_head head;

		b.len = 0;
		buf_addf(&b, OK "A: ");
		buf_add(&b, filler, size - b.len - 4);
		buf_addf(&b, "\r\n\r\n");
		tap_int(http_head_parse(&head, (char *)b.data, b.len, 0, NULL),
		    size == HTTP_HEAD_MAX ? HTTP_HEAD_MAX : -1,
		    size == HTTP_HEAD_MAX ? "the longest head" : "a head of one byte more");
	}
	b.len = 0;
	buf_addf(&b, OK "A: ");
	buf_add(&b, filler, sizeof filler);
	check((char *)b.data, HTTP_HEAD_MAX, "limit", "a head without an end");
	check((char *)b.data, HTTP_HEAD_MAX - 1, "more", "one byte before that");
	buf_release(&b);
}

static void
test_lookup(void)
{
	static const char text[] = OK "Connection: keep-alive\r\nconnection: foo , UPGRADE\r\n"
	    "Empty:\r\nUpgrade: websocket\r\n\r\n";
	struct http_head head;

	tap_ok(http_head_parse(&head, text, sizeof text - 1, 0, NULL) > 0,
	    "a head to look into");
	tap_ok(slice_eq(http_head_field(&head, "UPGRADE"), "websocket"),
	    "field, case ignored");
	tap_ok(slice_eq(http_head_field(&head, "Connection"), "keep-alive"),
	    "the first of two");
	tap_ok(http_head_field(&head, "Empty").data != NULL, "an empty field is there");
	tap_ok(http_head_field(&head, "Up").data == NULL, "a field that is not there");
	tap_int((long long)http_head_count(&head, "CONNECTION"), 2, "two of a name");
	tap_int((long long)http_head_count(&head, "Host"), 0, "none of a name");
	tap_ok(http_head_lists(&head, "connection", "upgrade"), "a token in the second");
	tap_ok(!http_head_lists(&head, "connection", "close"), "a token in none");
	tap_ok(!http_head_lists(&head, "empty", "close"), "a token in an empty field");
}

int
main(void)
{
	test_good();
	test_bad();
	test_limits();
	test_lookup();
	return tap_done();
}
