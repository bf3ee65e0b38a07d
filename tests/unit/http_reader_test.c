/* http_reader_test.c: the answers on one connection (RFC 9112; RFC 9110, 15).
 *
 * A vector is what was asked ('G' a GET, 'H' a HEAD, one after the other as the answers
 * come), the bytes that come and the trace they must leave: "(100)" an interim head,
 * "[200]" a head, the body, "." the end of an answer on a connection that may be used again
 * and "!" of one that may not; then what the end of the connection came to: "+" completes
 * the answer, "<cut>" in it, "<untouched>" before its first byte, or the class of an error.
 * Each is shown in every way of pieces.h. */
#include "lib/codec/http_reader.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "tests/unit/pieces.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct run {
	struct http_reader reader;
	struct http_head head;
	const char *asks;          /* those to come */
	struct buf *trace;
	struct err *e;
};

static void
ask(struct run *run)
{
	if (*run->asks != '\0')
		http_reader_begin(&run->reader, *run->asks++ == 'H');
}

static bool
within(struct slice part, const char *data, size_t len)
{
	return part.data >= data && part.data + part.len <= data + len;
}

static bool
head_within(const struct http_head *head, const char *data, size_t len)
{
	for (size_t i = 0; i < head->count; i++)
		if (!within(head->fields[i].name, data, len) ||
		    !within(head->fields[i].value, data, len))
			return false;
	return within(head->reason, data, len);
}

static bool
trace_item(struct run *run, const struct http_item *item, const char *data, size_t used)
{
	bool coded = run->reader.coding != NULL;

	switch (item->kind) {
	case HTTP_ITEM_NONE:
		return item->bytes.len == 0;
	case HTTP_ITEM_INTERIM:
		buf_addf(run->trace, "(%d)", run->head.status);
		return item->bytes.data == data && item->bytes.len == used &&
		    head_within(&run->head, data, used);
	case HTTP_ITEM_HEAD:
		buf_addf(run->trace, "[%d]", run->head.status);
		return item->bytes.data == data && item->bytes.len == used &&
		    head_within(&run->head, data, used);
	case HTTP_ITEM_DATA:
		buf_add(run->trace, item->bytes.data, item->bytes.len);
		return item->bytes.len > 0 && (coded || within(item->bytes, data, used));
	case HTTP_ITEM_END:
		buf_addf(run->trace, http_reader_persists(&run->reader) ? "." : "!");
		return item->bytes.len == 0;
	}
	return false;
}

static ssize_t
feed(void *ctx, const char *data, size_t len)
{
	struct run *run = ctx;

	for (size_t left = len;;) {
		struct http_item item;
		ssize_t used = http_reader_next(&run->reader, (const uint8_t *)data, left,
		    &run->head, &item, run->e);

		if (used < 0 || (size_t)used > left ||
		    !trace_item(run, &item, data, (size_t)used)) {
			buf_addf(run->trace, "<%s>", used < 0 ? err_class_name(run->e->class) :
			    "a promise broken");
			if (http_reader_persists(&run->reader))
				buf_addf(run->trace, "yet it persists");
			return -1;
		}
		data += used;
		left -= (size_t)used;
		if (item.kind == HTTP_ITEM_END)
			ask(run);
		if (item.kind == HTTP_ITEM_NONE)
			return (ssize_t)(len - left);
	}
}

static void
end(struct run *run)
{
	bool untouched = http_reader_untouched(&run->reader);

	switch (http_reader_end(&run->reader, run->e)) {
	case 1:
		buf_addf(run->trace, http_reader_persists(&run->reader) ?
		    "yet it persists" : "+");
		break;
	case 0:
		break;
	default:
		buf_addf(run->trace, "<%s>", run->e->class != ERR_CLOSED ?
		    err_class_name(run->e->class) : untouched ? "untouched" : "cut");
		if (untouched != http_reader_untouched(&run->reader))
			buf_addf(run->trace, "forgotten");
	}
}

static void
run_pieces(const char *asks, struct slice bytes, struct pieces how, struct buf *trace,
    struct err *e)
{
	struct run run = {.asks = asks, .trace = trace, .e = e};

	ask(&run);
	if (pieces_feed(bytes, how, feed, &run))
		end(&run);
	http_reader_release(&run.reader);
}

/* ctx: what is asked. */
static void
play(const void *ctx, struct slice bytes, struct pieces how, struct buf *trace)
{
	struct err e = {0};

	run_pieces(ctx, bytes, how, trace, &e);
}

static void
check(const char *asks, const char *data, size_t len, const char *want, const char *name)
{
	pieces_check(play, asks, (struct slice){data, len}, want, name);
}

struct vector {
	const char *name, *asks, *bytes;
	size_t len;
	const char *want;
};

#define V(name, asks, bytes, want) {name, asks, bytes, sizeof(bytes) - 1, want}

static void
check_all(const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(vectors[i].asks, vectors[i].bytes, vectors[i].len, vectors[i].want,
		    vectors[i].name);
}

/* The sentence of the error that this answer to a GET comes to. */
static void
check_sentence(const char *bytes, const char *want)
{
	struct err e = {0};
	struct buf trace;

	buf_init(&trace, 1 << 20);
	run_pieces("G", slice_of(bytes), (struct pieces){strlen(bytes), 1}, &trace, &e);
	tap_text(e.text, want, want);
	buf_release(&trace);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define OLD "HTTP/1.0 200 OK\r\n"
#define LENGTH "Content-Length: "
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define HELLO OK LENGTH "5\r\n\r\nHello"

static void
test_answers(void)
{
	static const struct vector vectors[] = {
		V("nothing was asked, nothing came", "", "", ""),
		V("nothing came", "G", "", "<untouched>"),
		V("a length", "G", HELLO, "[200]Hello."),
		V("a length of 0", "G", OK LENGTH "0\r\n\r\n", "[200]."),
		V("chunked", "G",
		    OK CHUNKED "\r\n5\r\nHello\r\n3;a=b\r\n, y\r\n0\r\nA: b\r\n\r\n",
		    "[200]Hello, y."),
		V("no chunk", "G", OK CHUNKED "\r\n0\r\n\r\n", "[200]."),
		V("until the end", "G", OK "\r\nHello", "[200]Hello+"),
		V("until the end, of nothing", "G", OK "\r\n", "[200]+"),
		V("another status", "G", "HTTP/1.1 404\r\n" LENGTH "2\r\n\r\nno", "[404]no."),
		V("to HEAD", "H", OK LENGTH "5\r\n\r\n", "[200]."),
		V("to HEAD, chunked", "H", OK CHUNKED "\r\n", "[200]."),
		V("to HEAD, until the end", "H", OK "\r\n", "[200]."),
		V("204", "G", "HTTP/1.1 204 No Content\r\n\r\n", "[204]."),
		V("204 with a length of 0", "G",
		    "HTTP/1.1 204 No Content\r\n" LENGTH "0\r\n\r\n",
		    "[204]."),
		V("304 with a length", "G", "HTTP/1.1 304 Not Modified\r\n" LENGTH "5\r\n\r\n",
		    "[304]."),
		V("304 with a coding", "G", "HTTP/1.1 304 Not Modified\r\n" CHUNKED "\r\n",
		    "[304]."),
		V("lines that end in a bare LF", "G",
		    "HTTP/1.1 200 OK\nContent-Length: 2\n\nno",
		    "[200]no."),
		V("two answers", "GG", HELLO OK CHUNKED "\r\n2\r\nno\r\n0\r\n\r\n",
		    "[200]Hello.[200]no."),
		V("three, with and without bodies", "GHG", HELLO OK LENGTH "5\r\n\r\n" HELLO,
		    "[200]Hello.[200].[200]Hello."),
		V("two without bodies", "GG", "HTTP/1.1 204\r\n\r\nHTTP/1.1 304 \r\n\r\n",
		    "[204].[304]."),
		V("one that is still waited for", "GG", HELLO, "[200]Hello.<untouched>"),
		V("the second until the end", "GG", HELLO OK "\r\nHTTP/1.1 ",
		    "[200]Hello.[200]HTTP/1.1 +"),
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_cuts(void)
{
	static const struct vector vectors[] = {
		V("in the first word", "G", "H", "<cut>"),
		V("in the status line", "G", "HTTP/1.1 200", "<cut>"),
		V("in the fields", "G", OK "A: b\r\n", "<cut>"),
		V("before the body", "G", OK LENGTH "5\r\n\r\n", "[200]<cut>"),
		V("in the body", "G", OK LENGTH "5\r\n\r\nHell", "[200]Hell<cut>"),
		V("in a chunk", "G", OK CHUNKED "\r\n5\r\nHe", "[200]He<cut>"),
		V("before the last chunk", "G", OK CHUNKED "\r\n5\r\nHello\r\n",
		    "[200]Hello<cut>"),
		V("in the trailers", "G", OK CHUNKED "\r\n0\r\n", "[200]<cut>"),
		V("behind an interim answer", "G", "HTTP/1.1 103 Early\r\n\r\n", "(103)<cut>"),
		V("in the second answer", "GG", HELLO "HT", "[200]Hello.<cut>"),
	};

	check_all(vectors, COUNT(vectors));
	check_sentence("", "the server closed the connection before it answered");
	check_sentence("HTTP", "the server closed the connection within the head of its answer");
	check_sentence("HTTP/1.1 100\r\n\r\n", "the server closed the connection after an "
	    "interim answer, before the answer itself");
	check_sentence(OK LENGTH "5\r\n\r\n",
	    "the server closed the connection within the body of its answer");
}

static void
test_persistence(void)
{
	static const struct vector vectors[] = {
		V("HTTP/1.1 goes on", "G", OK LENGTH "0\r\n\r\n", "[200]."),
		V("unless it says close", "G", OK LENGTH "0\r\nConnection: close\r\n\r\n",
		    "[200]!"),
		V("in any case", "G", OK LENGTH "0\r\nconnection: CLOSE\r\n\r\n", "[200]!"),
		V("in a list", "G", OK LENGTH "0\r\nConnection: foo, close\r\n\r\n", "[200]!"),
		V("in a second field", "G",
		    OK LENGTH "0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
		    "[200]!"),
		V("which is not a part of a word", "G",
		    OK LENGTH "0\r\nConnection: close-not\r\n\r\n", "[200]."),
		V("chunked and close", "G", OK CHUNKED "Connection: close\r\n\r\n0\r\n\r\n",
		    "[200]!"),
		V("no body and close", "G", "HTTP/1.1 204\r\nConnection: close\r\n\r\n",
		    "[204]!"),
		V("HTTP/1.0 ends", "G", OLD LENGTH "2\r\n\r\nno", "[200]no!"),
		V("unless it says keep-alive", "G",
		    OLD LENGTH "2\r\nConnection: Keep-Alive\r\n\r\nno", "[200]no."),
		V("and not close", "G",
		    OLD LENGTH "2\r\nConnection: keep-alive, close\r\n\r\nno",
		    "[200]no!"),
		V("HTTP/1.0 until the end", "G", OLD "Connection: keep-alive\r\n\r\nHello",
		    "[200]Hello+"),
		V("HTTP/1.2 is like 1.1", "G", "HTTP/1.2 200\r\n" LENGTH "0\r\n\r\n",
		    "[200]."),
		V("close in an interim answer means nothing", "G",
		    "HTTP/1.1 100\r\nConnection: close\r\n\r\n" HELLO, "(100)[200]Hello."),
		V("204 with a length is doubtful", "G", "HTTP/1.1 204\r\n" LENGTH "5\r\n\r\n",
		    "[204]!"),
		V("204 with a coding is doubtful", "G", "HTTP/1.1 204\r\n" CHUNKED "\r\n",
		    "[204]!"),
		V("to HEAD with both is doubtful", "H", OK CHUNKED LENGTH "5\r\n\r\n",
		    "[200]!"),
		V("304 with both is doubtful", "G", "HTTP/1.1 304\r\n" LENGTH "5\r\n" CHUNKED
		    "\r\n", "[304]!"),
		V("two lengths are doubtful", "H", OK LENGTH "5\r\n" LENGTH "6\r\n\r\n",
		    "[200]!"),
		V("a coding in HTTP/1.0 is doubtful", "H",
		    OLD CHUNKED "Connection: keep-alive\r\n\r\n", "[200]!"),
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_interim(void)
{
	static const struct vector vectors[] = {
		V("100", "G", "HTTP/1.1 100 Continue\r\n\r\n" HELLO, "(100)[200]Hello."),
		V("several", "G", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
		    "Link: </a>\r\n\r\n" HELLO, "(102)(103)[200]Hello."),
		V("with a length that means nothing", "G",
		    "HTTP/1.1 103\r\n" LENGTH "5\r\n\r\n"
		    HELLO, "(103)[200]Hello."),
		V("one that nobody defined", "G", "HTTP/1.1 199\r\n\r\n" HELLO,
		    "(199)[200]Hello."),
		V("to HEAD", "H", "HTTP/1.1 100\r\n\r\n" OK LENGTH "5\r\n\r\n", "(100)[200]."),
		V("before both", "GG",
		    "HTTP/1.1 100\r\n\r\n" HELLO "HTTP/1.1 100\r\n\r\n" HELLO,
		    "(100)[200]Hello.(100)[200]Hello."),
		V("behind the answer", "G", HELLO "HTTP/1.1 100\r\n\r\n",
		    "[200]Hello.<protocol>"),
		V("101", "G", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\n\r\n", "<protocol>"),
		V("101 behind 100", "G", "HTTP/1.1 100\r\n\r\nHTTP/1.1 101\r\n\r\n",
		    "(100)<protocol>"),
	};
	static const char interim[] = "HTTP/1.1 100\r\n\r\n";
	struct buf b, want;

	check_all(vectors, COUNT(vectors));
	buf_init(&b, 1 << 20);
	buf_init(&want, 1 << 20);
	for (size_t i = 0; i < HTTP_INTERIM_MAX; i++) {
		buf_add_text(&b, interim);
		buf_add_text(&want, "(100)");
	}
	buf_addf(&want, "[200]Hello.%c", '\0');
	buf_add_text(&b, HELLO);
	check("G", (char *)b.data, b.len, (char *)want.data, "as many as there may be");
	b.len -= strlen(HELLO);
	want.len = 5 * HTTP_INTERIM_MAX;
	buf_add_text(&b, interim);
	buf_addf(&want, "<limit>%c", '\0');
	check("G", (char *)b.data, b.len, (char *)want.data, "one more");
	buf_add(&b, "", 1);
	check_sentence((char *)b.data, "more than 16 answers of 1xx before the answer");
	buf_release(&b);
	buf_release(&want);
}

/* What two readers might tell apart differently. */
static void
test_smuggling(void)
{
	static const struct vector vectors[] = {
		V("both framings", "G", OK CHUNKED LENGTH "5\r\n\r\n0\r\n\r\n", "<protocol>"),
		V("two lengths", "G", OK LENGTH "5\r\n" LENGTH "6\r\n\r\nHello", "<protocol>"),
		V("a length with a sign", "G", OK LENGTH "+5\r\n\r\nHello", "<protocol>"),
		V("an unknown framing", "G", OK "Transfer-Encoding: xchunked\r\n\r\n",
		    "<protocol>"),
		V("chunked in HTTP/1.0", "G", OLD CHUNKED "\r\n0\r\n\r\n", "<protocol>"),
		V("white space before the colon", "G", OK "Content-Length : 5\r\n\r\nHello",
		    "<protocol>"),
		V("a folded line", "G", OK "A: b\r\n Content-Length: 5\r\n\r\nHello",
		    "<protocol>"),
		V("a bare CR", "G", OK "A: b\rContent-Length: 5\r\n\r\nHello", "<protocol>"),
		V("a NUL", "G", OK "A: \0\r\n\r\n", "<protocol>"),
		V("a chunk with a bare LF", "G", OK CHUNKED "\r\n5\nHello\r\n0\r\n\r\n",
		    "[200]<protocol>"),
		V("a chunk longer than its size", "G",
		    OK CHUNKED "\r\n4\r\nHello\r\n0\r\n\r\n",
		    "[200]Hell<protocol>"),
		V("an answer nobody asked for", "", HELLO, "<protocol>"),
		V("a second answer to one question", "G", HELLO HELLO,
		    "[200]Hello.<protocol>"),
		V("bytes behind a body", "G", HELLO ", you", "[200]Hello.<protocol>"),
		V("an empty line behind a body", "G", HELLO "\r\n", "[200]Hello.<protocol>"),
		V("an empty line before the second", "GG", HELLO "\r\n" HELLO,
		    "[200]Hello.<protocol>"),
		V("an empty line before the first", "G", "\r\n" HELLO, "<protocol>"),
		V("a body to HEAD", "H", HELLO, "[200].<protocol>"),
		V("a body of 204", "G", "HTTP/1.1 204\r\n" LENGTH "5\r\n\r\nHello",
		    "[204]!<protocol>"),
		V("a body of 304", "G", "HTTP/1.1 304\r\n" LENGTH "5\r\n\r\nHello",
		    "[304].<protocol>"),
		V("a body of 304 is no second answer", "GG", "HTTP/1.1 304\r\n\r\nHello" HELLO,
		    "[304].<protocol>"),
		V("no HTTP", "G", "SSH-2.0-x\r\n", "<protocol>"),
		V("HTTP/2", "G", "HTTP/2 200\r\n\r\n", "<protocol>"),
		V("HTTP/0.9", "G", "Hello", "<protocol>"),
		V("a status of two digits", "G", "HTTP/1.1 20 OK\r\n\r\n", "<protocol>"),
		V("a TLS alert", "G", "\x15\x03\x03\x00\x02\x02\x28", "<protocol>"),
	};

	check_all(vectors, COUNT(vectors));
	check_sentence(HELLO "HTTP/1.1 408 Request Timeout\r\n\r\n",
	    "the server sent what nobody asked for: 'HTTP/1.1 408 Request Timeout'");
	check_sentence("HTTP/1.1 101 Switching\r\n\r\n",
	    "101 Switching: expected an answer to a request that asks for no upgrade");
	check_sentence("hello", "not HTTP: a response begins with HTTP/1., this one with 'hello'");
}

/* --- content codings --------------------------------------------------------------------- */

#define RAW_HELLO "\xf3\x48\xcd\xc9\xc9\x07\x00"
#define ZLIB_HELLO "\x78\x9c" RAW_HELLO "\x05\x8c\x01\xf5"
#define GZIP_HELLO "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" RAW_HELLO \
	"\x82\x89\xd1\xf7\x05\x00\x00\x00"
#define GZIP "Content-Encoding: gzip\r\n"
#define DEFLATE "Content-Encoding: deflate\r\n"

static void
test_codings(void)
{
	static const struct vector vectors[] = {
		V("gzip of a length", "G", OK GZIP LENGTH "25\r\n\r\n" GZIP_HELLO,
		    "[200]Hello."),
		V("gzip in one chunk", "G", OK GZIP CHUNKED "\r\n19\r\n" GZIP_HELLO
		    "\r\n0\r\n\r\n", "[200]Hello."),
		V("zlib in chunks of a byte", "G",
		    OK DEFLATE CHUNKED "\r\n1\r\n\x78\r\n1\r\n\x9c\r\n"
		    "2\r\n\xf3\x48\r\n3\r\n\xcd\xc9\xc9\r\n"
		    "6\r\n\x07\0\x05\x8c\x01\xf5\r\n0\r\n\r\n",
		    "[200]Hello."),
		V("raw deflate until the end", "G", OK DEFLATE "\r\n" RAW_HELLO,
		    "[200]Hello+"),
		V("two members", "G", OK GZIP LENGTH "50\r\n\r\n" GZIP_HELLO GZIP_HELLO,
		    "[200]HelloHello."),
		V("two answers, the second plain", "GG", OK GZIP LENGTH "25\r\n\r\n" GZIP_HELLO
		    HELLO, "[200]Hello.[200]Hello."),
		V("two answers, both coded", "GG", OK DEFLATE LENGTH "7\r\n\r\n" RAW_HELLO
		    OK GZIP LENGTH "25\r\n\r\n" GZIP_HELLO, "[200]Hello.[200]Hello."),
		V("identity", "G", OK "Content-Encoding: identity\r\n" LENGTH "5\r\n\r\nHello",
		    "[200]Hello."),
		V("an empty body", "G", OK GZIP LENGTH "0\r\n\r\n", "[200]."),
		V("an empty chunked body", "G", OK GZIP CHUNKED "\r\n0\r\n\r\n", "[200]."),
		V("an empty body until the end", "G", OK GZIP "\r\n", "[200]+"),
		V("an unknown one", "G", OK "Content-Encoding: br\r\n" LENGTH "5\r\n\r\nHello",
		    "<protocol>"),
		V("an unknown one of no body", "G", OK "Content-Encoding: br\r\n" LENGTH
		    "0\r\n\r\n", "[200]."),
		V("an unknown one in 304", "G", "HTTP/1.1 304\r\nContent-Encoding: br\r\n\r\n",
		    "[304]."),
		V("an unknown one to HEAD", "H",
		    OK "Content-Encoding: br\r\n" LENGTH "5\r\n\r\n",
		    "[200]."),
		V("two at once", "G", OK "Content-Encoding: gzip, gzip\r\n\r\n", "<protocol>"),
		V("two fields", "G", OK GZIP GZIP "\r\n", "<protocol>"),
		V("a body that is not coded", "G", OK GZIP LENGTH "5\r\n\r\nHello",
		    "[200]<protocol>"),
		V("broken behind data", "G", OK DEFLATE LENGTH "8\r\n\r\n" RAW_HELLO "x",
		    "[200]Hello<protocol>"),
		V("broken behind data, in chunks", "G",
		    OK DEFLATE CHUNKED "\r\n8\r\n" RAW_HELLO
		    "x\r\n0\r\n\r\n", "[200]Hello<protocol>"),
		V("a length that ends within it", "G", OK GZIP LENGTH "24\r\n\r\n" GZIP_HELLO,
		    "[200]Hello<protocol>"),
		V("chunks that end within it", "G",
		    OK DEFLATE CHUNKED "\r\n5\r\n\xf3\x48\xcd\xc9"
		    "\xc9\r\n0\r\n\r\n", "[200]Hell<protocol>"),
		V("a connection that ends within it", "G",
		    OK DEFLATE "\r\n\xf3\x48\xcd\xc9\xc9",
		    "[200]Hell<cut>"),
		V("a length that is cut behind it", "G",
		    OK GZIP LENGTH "26\r\n\r\n" GZIP_HELLO,
		    "[200]Hello<cut>"),
		V("no last chunk", "G", OK GZIP CHUNKED "\r\n19\r\n" GZIP_HELLO "\r\n",
		    "[200]Hello<cut>"),
	};

	check_all(vectors, COUNT(vectors));
	check_sentence(OK DEFLATE "\r\n\xf3\x48", "the body ends within its deflate data");
	check_sentence(OK "Content-Encoding: br\r\n\r\n",
	    "Content-Encoding is 'br': expected gzip or deflate");
	check_sentence(OK GZIP GZIP "\r\n", "several Content-Encoding fields: expected one");
}

/* Appends raw deflate data of `len` times 'x'. */
static void
pack(struct buf *into, size_t len)
{
	static char text[1 << 20];
	z_stream z = {.next_in = (Bytef *)text, .avail_in = (uInt)len};

	memset(text, 'x', sizeof text);
	deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	z.next_out = buf_reserve(into, 10000);
	z.avail_out = 10000;
	deflate(&z, Z_FINISH);
	into->len += 10000 - z.avail_out;
	deflateEnd(&z);
}

/* Much out of few bytes, of a length and in chunks, with an answer behind it in the same
 * bytes: where a piece is full, the body has to go back as far as its decoder. */
static void
check_much(size_t len, size_t chunk)
{
	struct buf packed, b, want;

	buf_init(&packed, 1 << 20);
	buf_init(&b, 1 << 20);
	buf_init(&want, 1 << 22);
	pack(&packed, len);
	buf_addf(&b, OK DEFLATE);
	if (chunk == 0) {
		buf_addf(&b, LENGTH "%zu\r\n\r\n", packed.len);
		buf_add(&b, packed.data, packed.len);
	} else {
		buf_addf(&b, CHUNKED "\r\n");
		for (size_t at = 0, n; at < packed.len; at += n) {
			n = chunk < packed.len - at ? chunk : packed.len - at;
			buf_addf(&b, "%zx;x\r\n", n);
			buf_add(&b, packed.data + at, n);
			buf_add_text(&b, "\r\n");
		}
		buf_add_text(&b, "0\r\n\r\n");
	}
	buf_add_text(&b, HELLO);
	buf_addf(&want, "[200]");
	memset(buf_reserve(&want, len), 'x', len);
	want.len += len;
	buf_addf(&want, ".[200]Hello.%c", '\0');
	check("GG", (char *)b.data, b.len, (char *)want.data, chunk == 0 ? "much of a length" :
	    "much in chunks");
	buf_release(&packed);
	buf_release(&b);
	buf_release(&want);
}

static void
test_much(void)
{
	static const size_t chunks[] = {0, 1, 2, 3, 7, 100};

	for (size_t i = 0; i < COUNT(chunks); i++) {
		check_much(8192, chunks[i]);
		check_much(50000, chunks[i]);
		check_much(300000, chunks[i]);
	}
}

/* --- limits and life --------------------------------------------------------------------- */

static void
check_long(const char *before, size_t count, const char *after, const char *want,
    const char *name)
{
	pieces_check_long(play, "G", before, count, after, want, name);
}

static void
test_limits(void)
{
	static const char empty[] = LENGTH "0\r\n\r\n";
	size_t rest = strlen(OK "A: \r\n") + strlen(empty);
	struct buf b;

	check_long(OK "A: ", HTTP_HEAD_MAX - rest, "\r\n" LENGTH "0\r\n\r\n", "[200].",
	    "the longest head");
	check_long(OK "A: ", HTTP_HEAD_MAX - rest + 1, "\r\n" LENGTH "0\r\n\r\n", "<limit>",
	    "a longer one");
	check_long(OK CHUNKED "\r\n1;", HTTP_CHUNK_LINE_MAX, "\r\na\r\n0\r\n\r\n",
	    "[200]<limit>", "a long extension");
	check_long(OK CHUNKED "\r\n0\r\na:", HTTP_TRAILERS_MAX, "\r\n\r\n", "[200]<limit>",
	    "long trailers");
	buf_init(&b, 1 << 20);
	buf_add_text(&b, OK);
	for (size_t i = 0; i <= HTTP_FIELDS_MAX; i++)
		buf_add_text(&b, "A: b\r\n");
	buf_add_text(&b, "\r\n");
	check("G", (char *)b.data, b.len, "<limit>", "many fields");
	buf_release(&b);
}

static ssize_t
next(struct http_reader *r, const char *text, struct http_item *item)
{
	static struct http_head head;

	return http_reader_next(r, (const uint8_t *)text, strlen(text), &head, item, NULL);
}

static void
test_life(void)
{
	struct http_reader r = {.state = 0};
	struct http_item item;

	tap_ok(!http_reader_untouched(&r) && !http_reader_persists(&r),
	    "all zero: nothing asked");
	tap_int(http_reader_end(&r, NULL), 0, "so nothing is missing");
	http_reader_begin(&r, false);
	tap_ok(http_reader_untouched(&r), "untouched");
	next(&r, "", &item);
	tap_ok(item.kind == HTTP_ITEM_NONE && http_reader_untouched(&r), "by no bytes neither");
	tap_int(next(&r, "H", &item), 0, "a byte is kept back");
	tap_ok(!http_reader_untouched(&r), "but touches it");
	http_reader_begin(&r, false);
	tap_ok(http_reader_untouched(&r), "another question forgets it");
	next(&r, OK GZIP "\r\n", &item);
	tap_ok(item.kind == HTTP_ITEM_HEAD && r.coding != NULL, "an answer that is decoded");
	tap_ok(!http_reader_persists(&r), "until the end, which is known from the head");
	http_reader_begin(&r, true);
	tap_ok(r.coding == NULL, "is forgotten too");
	tap_int(next(&r, "x", &item), -1, "an error without a place to tell it");
	tap_ok(!http_reader_untouched(&r) && !http_reader_persists(&r) &&
	    http_reader_end(&r, NULL) == 0, "ends it all");
	tap_int(next(&r, HELLO, &item), -1, "for good");
	http_reader_begin(&r, false);
	next(&r, OK GZIP LENGTH "25\r\n\r\n", &item);
	http_reader_next(&r, (const uint8_t *)GZIP_HELLO, 25, NULL, &item, NULL);
	next(&r, "", &item);
	tap_ok(item.kind == HTTP_ITEM_END && r.coding == NULL, "an idle one holds no memory");
	http_reader_begin(&r, false);
	next(&r, OK GZIP "\r\n", &item);
	http_reader_release(&r);
	tap_ok(r.coding == NULL && http_reader_end(&r, NULL) == 0, "nor a released one");
	http_reader_release(&r);
	tap_ok(sizeof r <= 32, "a reader is small: %zu bytes", sizeof r);
}

int
main(void)
{
	test_answers();
	test_cuts();
	test_persistence();
	test_interim();
	test_smuggling();
	test_codings();
	test_much();
	test_limits();
	test_life();
	return tap_done();
}
