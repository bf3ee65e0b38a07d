/* http_body_test.c: bodies of responses (RFC 9112, 6 and 7).
 *
 * A vector is a head, the bytes behind it and the trace they must leave: the body, then what it
 * came to: "done", "done +N" with N bytes left over, "open" (only the end of the connection
 * completes it), "cut", or the class of an error. Each is fed in every way of pieces.h. */
#include "lib/codec/http_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "tests/unit/pieces.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct run {
	struct http_body body;
	struct buf *trace;
	size_t taken;
};

static ssize_t
feed(void *ctx, const char *data, size_t len)
{
	struct run *run = ctx;
	struct err e = {0};

	for (size_t left = len; left > 0 && !http_body_done(&run->body);) {
		struct slice piece;
		ssize_t used = http_body_next(&run->body, data, left, &piece, &e);

		if (used <= 0 || (size_t)used > left || (piece.len > 0 &&
		    (piece.data < data || piece.data + piece.len > data + used))) {
			buf_addf(run->trace, "|%s", used < 0 ? err_class_name(e.class) :
			    "a promise broken");
			return -1;
		}
		buf_add(run->trace, piece.data, piece.len);
		data += used;
		left -= (size_t)used;
		run->taken += (size_t)used;
	}
	return (ssize_t)len;
}

/* ctx: the head, without its empty line. */
static void
play(const void *ctx, struct slice bytes, struct pieces how, struct buf *trace)
{
	static struct http_head head;
	struct run run = {.trace = trace};
	struct err e = {0};
	char text[1000];

	snprintf(text, sizeof text, "%s\r\n", (const char *)ctx);
	if (http_head_parse(&head, text, strlen(text), 0, NULL) <= 0) {
		buf_addf(trace, "the head itself is wrong");
		return;
	}
	if (http_body_begin(&run.body, &head, false, &e) != 0) {
		buf_addf(trace, "|%s", err_class_name(e.class));
		return;
	}
	if (!pieces_feed(bytes, how, feed, &run))
		return;
	if (http_body_done(&run.body))
		buf_addf(trace, bytes.len > run.taken ? "|done +%zu" : "|done",
		    bytes.len - run.taken);
	else
		buf_addf(trace, http_body_end(&run.body, &e) == 0 ? "|open" : "|cut");
}

struct vector {
	const char *name, *fields, *data, *want;
};

static void
check_all(const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pieces_check(play, vectors[i].fields, slice_of(vectors[i].data), vectors[i].want,
		    vectors[i].name);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define LENGTH OK "Content-Length: "
#define CHUNKED OK "Transfer-Encoding: chunked\r\n"

static void
test_framing(void)
{
	static const struct vector vectors[] = {
		{"a length", LENGTH "5\r\n", "Hello", "Hello|done"},
		{"a length and bytes behind", LENGTH "5\r\n", "Hello, you", "Hello|done +5"},
		{"a length that is cut", LENGTH "5\r\n", "Hell", "Hell|cut"},
		{"a length of 0", LENGTH "0\r\n", "x", "|done +1"},
		{"leading zeros", LENGTH "0005\r\n", "Hello", "Hello|done"},
		{"until the end", OK, "Hello", "Hello|open"},
		{"until the end, of nothing", OK, "", "|open"},
		{"HTTP/1.0 until the end", "HTTP/1.0 403 Forbidden\r\n", "no", "no|open"},
		{"the same length twice", LENGTH "5\r\nContent-Length: 5\r\n", "Hello",
		    "Hello|done"},
		{"the same length in a list", LENGTH "5, 5\r\n", "Hello", "Hello|done"},
		{"another length", LENGTH "5\r\nContent-Length: 6\r\n", "Hello", "|protocol"},
		{"another length in a list", LENGTH "5, 6\r\n", "Hello", "|protocol"},
		{"an empty length", LENGTH "\r\n", "Hello", "|protocol"},
		{"an empty element", LENGTH "5,\r\n", "Hello", "|protocol"},
		{"a length with a sign", LENGTH "+5\r\n", "Hello", "|protocol"},
		{"a negative length", LENGTH "-5\r\n", "Hello", "|protocol"},
		{"a length in hex", LENGTH "0x5\r\n", "Hello", "|protocol"},
		{"a length beyond all measure", LENGTH "99999999999999999999\r\n", "Hello",
		    "|protocol"},
		{"both fields", CHUNKED "Content-Length: 5\r\n", "0\r\n\r\n", "|protocol"},
		{"another coding", OK "Transfer-Encoding: gzip\r\n", "", "|protocol"},
		{"another coding before it", OK "Transfer-Encoding: gzip, chunked\r\n", "",
		    "|protocol"},
		{"chunked twice", CHUNKED "Transfer-Encoding: chunked\r\n", "0\r\n\r\n",
		    "|protocol"},
		{"chunked in a list twice", OK "Transfer-Encoding: chunked, chunked\r\n",
		    "0\r\n\r\n", "|protocol"},
		{"an empty coding", OK "Transfer-Encoding:\r\n", "", "|protocol"},
		{"chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
		    "0\r\n\r\n", "|protocol"},
		{"204 has none", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n", "Hello",
		    "|done +5"},
		{"304 has none", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n",
		    "Hello", "|done +5"},
		{"101 has none", "HTTP/1.1 101 Switching Protocols\r\n", "\x81", "|done +1"},
		{"100 has none", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n", "H",
		    "|done +1"},
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_chunked(void)
{
	static const struct vector vectors[] = {
		{"one chunk", CHUNKED, "5\r\nHello\r\n0\r\n\r\n", "Hello|done"},
		{"any case", OK "transfer-encoding: Chunked\r\n", "5\r\nHello\r\n0\r\n\r\n",
		    "Hello|done"},
		{"chunks", CHUNKED, "2\r\nHe\r\n3\r\nllo\r\n0\r\n\r\nnext", "Hello|done +4"},
		{"no chunk", CHUNKED, "0\r\n\r\n", "|done"},
		{"hex in both cases", CHUNKED, "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
		    "01234567890123456789|done"},
		{"leading zeros", CHUNKED, "0005\r\nHello\r\n000\r\n\r\n", "Hello|done"},
		{"CR LF within a chunk", CHUNKED, "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n|done"},
		{"extensions", CHUNKED, "5;a=b;c=\"d;e\" ; f\r\nHello\r\n0;last\r\n\r\n",
		    "Hello|done"},
		{"white space behind the size", CHUNKED, "5 \t;a\r\nHello\r\n0 \r\n\r\n",
		    "Hello|done"},
		{"trailers", CHUNKED, "5\r\nHello\r\n0\r\nA: b\r\nC:\td\r\n\r\nx",
		    "Hello|done +1"},
		{"cut in the size", CHUNKED, "5", "|cut"},
		{"cut in a chunk", CHUNKED, "5\r\nHel", "Hel|cut"},
		{"cut behind a chunk", CHUNKED, "5\r\nHello", "Hello|cut"},
		{"cut before the last chunk", CHUNKED, "5\r\nHello\r\n", "Hello|cut"},
		{"cut before the trailers", CHUNKED, "5\r\nHello\r\n0\r\n", "Hello|cut"},
		{"cut in the trailers", CHUNKED, "5\r\nHello\r\n0\r\nA: b\r\n\r", "Hello|cut"},
		{"no size", CHUNKED, "\r\nHello\r\n0\r\n\r\n", "|protocol"},
		{"no size, but an extension", CHUNKED, ";a\r\n", "|protocol"},
		{"white space before the size", CHUNKED, " 5\r\nHello", "|protocol"},
		{"a size with a sign", CHUNKED, "+5\r\nHello", "|protocol"},
		{"a size as C writes it", CHUNKED, "0x5\r\nHello", "|protocol"},
		{"a size of other characters", CHUNKED, "5g\r\nHello", "|protocol"},
		{"two sizes", CHUNKED, "5 5\r\nHello", "|protocol"},
		{"a size that would wrap around", CHUNKED, "10000000000000005\r\nHello", "|limit"},
		{"a bare LF behind the size", CHUNKED, "5\nHello\r\n0\r\n\r\n", "|protocol"},
		{"a bare CR behind the size", CHUNKED, "5\rHello\r\n0\r\n\r\n", "|protocol"},
		{"a bare LF in an extension", CHUNKED, "5;a\nHello\r\n0\r\n\r\n", "|protocol"},
		{"a bare CR in an extension", CHUNKED, "5;a\rb\r\nHello", "|protocol"},
		{"a bare LF behind a chunk", CHUNKED, "5\r\nHello\n0\r\n\r\n", "Hello|protocol"},
		{"a chunk that is longer than its size", CHUNKED, "4\r\nHello\r\n0\r\n\r\n",
		    "Hell|protocol"},
		{"a chunk that is shorter than its size", CHUNKED, "6\r\nHello\r\n0\r\n\r\n",
		    "Hello\r|protocol"},
		{"a bare LF in the trailers", CHUNKED, "0\r\nA: b\n\r\n", "|protocol"},
		{"a bare LF at the end", CHUNKED, "0\r\n\n", "|protocol"},
		{"a control character in the trailers", CHUNKED, "0\r\nA: \x01\r\n\r\n",
		    "|protocol"},
	};

	check_all(vectors, COUNT(vectors));
	pieces_check(play, CHUNKED, (struct slice){"5;\0\r\nHello", 11}, "|protocol",
	    "a NUL in an extension");
}

static void
check_long(const char *before, size_t count, const char *after, const char *want,
    const char *name)
{
	pieces_check_long(play, CHUNKED, before, count, after, want, name);
}

static void
test_limits(void)
{
	check_long("1;", HTTP_CHUNK_LINE_MAX - 1, "\r\na\r\n0\r\n\r\n", "a|done",
	    "the longest extension");
	check_long("1;", HTTP_CHUNK_LINE_MAX, "\r\na\r\n0\r\n\r\n", "|limit", "a longer one");
	check_long("0\r\na:", HTTP_TRAILERS_MAX - 2, "\r\n\r\n", "|done", "the longest trailer");
	check_long("0\r\na:", HTTP_TRAILERS_MAX - 1, "\r\n\r\n", "|limit", "a longer one");
	check_long("0\r\nb:c\r\na:", HTTP_TRAILERS_MAX - 4, "\r\n\r\n", "|limit",
	    "longer in two fields");
	check_long("1;a=bcde\r\nx\r\n1;", HTTP_CHUNK_LINE_MAX - 1, "\r\na\r\n0\r\n\r\n", "xa|done",
	    "each chunk has its own extension");
}

static void
test_head_request(void)
{
	static struct http_head head;
	static const char text[] = LENGTH "5\r\n\r\n";
	struct http_body b;

	http_head_parse(&head, text, sizeof text - 1, 0, NULL);
	http_body_begin(&b, &head, true, NULL);
	tap_ok(http_body_done(&b), "an answer to HEAD has no body");
	tap_ok(sizeof b <= 16, "a body is small: %zu bytes", sizeof b);
}

int
main(void)
{
	test_framing();
	test_chunked();
	test_limits();
	test_head_request();
	return tap_done();
}
