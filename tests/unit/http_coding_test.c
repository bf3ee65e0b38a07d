/* http_coding_test.c: gzip and deflate as content codings (RFC 9110, 8.4.1; RFC 1950 to
 * 1952).
 *
 * A vector is coded bytes and the trace they must leave: what they stand for, then
 * "done", "cut" (the body ends within them) or the class of an error. Each is fed in every way of
 * pieces.h. */
#include "lib/codec/http_coding.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "tests/unit/pieces.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
	RAW = -15,                 /* windowBits of zlib's deflateInit2 */
	ZLIB = 15,
	GZIP = 31,
	PIECE_MAX = 16384,         /* no piece is larger */
};

/* --- coding ------------------------------------------------------------------------------ */

/* Appends what `text` becomes. With Z_SYNC_FLUSH the stream does not end. */
static void
pack(struct buf *into, int bits, const void *text, size_t len, int flush)
{
	size_t room = len + 1000;
	z_stream z = {.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)len};

	deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	z.next_out = buf_reserve(into, room);
	z.avail_out = (uInt)room;
	deflate(&z, flush);
	into->len += room - z.avail_out;
	deflateEnd(&z);
}

/* --- decoding ---------------------------------------------------------------------------- */

struct run {
	struct http_coding *coding;
	struct buf *trace;
};

static ssize_t
feed(void *ctx, const char *data, size_t len)
{
	struct run *run = ctx;
	struct err e = {0};

	for (size_t left = len; left > 0;) {
		struct slice piece;
		ssize_t used = http_coding_next(run->coding, data, left, &piece, &e);

		if (used < 0 || (size_t)used > left || piece.len > PIECE_MAX ||
		    (used == 0 && piece.len == 0)) {
			buf_addf(run->trace, "|%s", used < 0 ? err_class_name(e.class) :
			    "a promise broken");
			return -1;
		}
		buf_add(run->trace, piece.data, piece.len);
		data += used;
		left -= (size_t)used;
	}
	return (ssize_t)len;
}

/* ctx: the name of the coding. */
static void
play(const void *ctx, struct slice coded, struct pieces how, struct buf *trace)
{
	struct run run = {.trace = trace};
	struct err e = {0};

	if (http_coding_new(&run.coding, slice_of(ctx), &e) != 0 || run.coding == NULL) {
		buf_addf(trace, "|no coding");
		return;
	}
	if (pieces_feed(coded, how, feed, &run))
		buf_addf(trace, http_coding_end(run.coding, &e) == 0 ? "|done" :
		    e.class == ERR_PROTOCOL ? "|cut" : "|another class");
	http_coding_free(run.coding);
}

static void
check(const char *coding, const void *coded, size_t len, const char *want, const char *name)
{
	pieces_check(play, coding, (struct slice){coded, len}, want, name);
}

struct vector {
	const char *name, *coding, *bytes;
	size_t len;
	const char *want;
};

#define V(name, coding, bytes, want) {name, coding, bytes, sizeof(bytes) - 1, want}

static void
check_all(const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(vectors[i].coding, vectors[i].bytes, vectors[i].len, vectors[i].want,
		    vectors[i].name);
}

/* "Hello", as RFC 7692, 7.2.3.1 compresses it, in the three wrappings. */
#define RAW_HELLO "\xf3\x48\xcd\xc9\xc9\x07\x00"
#define ZLIB_HELLO "\x78\x9c" RAW_HELLO "\x05\x8c\x01\xf5"
#define GZIP_HEAD "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
#define GZIP_TAIL "\x82\x89\xd1\xf7\x05\x00\x00\x00"
#define GZIP_HELLO GZIP_HEAD RAW_HELLO GZIP_TAIL
#define GZIP_EMPTY GZIP_HEAD "\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"

static void
test_gzip(void)
{
	static const struct vector vectors[] = {
		V("gzip", "gzip", GZIP_HELLO, "Hello|done"),
		V("x-gzip", "X-GZip", GZIP_HELLO, "Hello|done"),
		V("nothing at all", "gzip", "", "|done"),
		V("of nothing", "gzip", GZIP_EMPTY, "|done"),
		V("two members", "gzip", GZIP_HELLO GZIP_HELLO, "HelloHello|done"),
		V("empty members", "gzip", GZIP_EMPTY GZIP_EMPTY GZIP_HELLO GZIP_EMPTY,
		    "Hello|done"),
		V("a name, a comment and an extra field", "gzip",
		    "\x1f\x8b\x08\x1c\x00\x00\x00\x00\x00\x03\x02\x00xx"
		    "a.txt\0" "comment\0" RAW_HELLO GZIP_TAIL, "Hello|done"),
		V("cut in the head", "gzip", "\x1f\x8b\x08", "|cut"),
		V("cut behind its first byte", "gzip", "\x1f", "|cut"),
		V("cut behind its head", "gzip", GZIP_HEAD, "|cut"),
		V("cut in its data", "gzip", GZIP_HEAD "\xf3\x48\xcd\xc9\xc9", "Hell|cut"),
		V("cut in its check", "gzip", GZIP_HEAD RAW_HELLO "\x82\x89", "Hello|cut"),
		V("cut in its length", "gzip", GZIP_HEAD RAW_HELLO "\x82\x89\xd1\xf7\x05",
		    "Hello|cut"),
		V("cut in the second member", "gzip", GZIP_HELLO "\x1f\x8b", "Hello|cut"),
		V("another check", "gzip",
		    GZIP_HEAD RAW_HELLO "\x82\x89\xd1\xf8\x05\x00\x00\x00",
		    "Hello|protocol"),
		V("another length", "gzip",
		    GZIP_HEAD RAW_HELLO "\x82\x89\xd1\xf7\x06\x00\x00\x00",
		    "Hello|protocol"),
		V("garbage behind it", "gzip", GZIP_HELLO "garbage", "Hello|protocol"),
		V("one byte of garbage behind a member is no end", "gzip", GZIP_HELLO "\x1f",
		    "Hello|cut"),
		V("zeros behind it", "gzip", GZIP_HELLO "\0\0", "Hello|protocol"),
		V("a zlib stream behind it", "gzip", GZIP_HELLO ZLIB_HELLO, "Hello|protocol"),
		V("garbage behind the second member", "gzip", GZIP_HELLO GZIP_HELLO "\n\n",
		    "HelloHello|protocol"),
		V("no gzip", "gzip", "Hello", "|protocol"),
		V("zlib instead", "gzip", ZLIB_HELLO, "|protocol"),
		V("deflate instead", "gzip", RAW_HELLO, "|protocol"),
		V("another method", "gzip", "\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x03",
		    "|protocol"),
		V("reserved flags", "gzip", "\x1f\x8b\x08\xe0\x00\x00\x00\x00\x00\x03",
		    "|protocol"),
		V("a reserved type of block", "gzip", GZIP_HEAD "\x07", "|protocol"),
		V("broken behind data", "gzip", GZIP_HEAD "\x00\x05\x00\xfa\xffHello\x07",
		    "Hello|protocol"),
		V("a distance beyond the beginning", "gzip", GZIP_HEAD "\x4b\x04\xf2\x00",
		    "a|protocol"),
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_deflate(void)
{
	static const struct vector vectors[] = {
		V("zlib", "deflate", ZLIB_HELLO, "Hello|done"),
		V("any case", "DEFLATE", ZLIB_HELLO, "Hello|done"),
		V("zlib with a small window", "deflate",
		    "\x18\x19" RAW_HELLO "\x05\x8c\x01\xf5",
		    "Hello|done"),
		V("raw", "deflate", RAW_HELLO, "Hello|done"),
		V("raw, stored", "deflate", "\x01\x05\x00\xfa\xffHello", "Hello|done"),
		V("raw, of nothing", "deflate", "\x03\x00", "|done"),
		V("nothing at all", "deflate", "", "|done"),
		V("zlib, cut behind its first byte", "deflate", "\x78", "|cut"),
		V("zlib, cut behind its head", "deflate", "\x78\x9c", "|cut"),
		V("zlib, cut in its check", "deflate", "\x78\x9c" RAW_HELLO "\x05\x8c\x01",
		    "Hello|cut"),
		V("raw, cut", "deflate", "\xf3\x48\xcd\xc9\xc9", "Hell|cut"),
		V("raw, cut behind its first byte", "deflate", "\xf3", "|cut"),
		V("another check", "deflate", "\x78\x9c" RAW_HELLO "\x05\x8c\x01\xf6",
		    "Hello|protocol"),
		V("bytes behind zlib", "deflate", ZLIB_HELLO "x", "Hello|protocol"),
		V("bytes behind raw", "deflate", RAW_HELLO "xyz", "Hello|protocol"),
		V("a second stream", "deflate", ZLIB_HELLO ZLIB_HELLO, "Hello|protocol"),
		V("a preset dictionary", "deflate", "\x78\xbb\x05\x8c\x01\xf5" RAW_HELLO,
		    "|protocol"),
		V("a window beyond 32 KiB is no zlib", "deflate",
		    "\x88\x1c\x00\xe3\xff" "a stored block of 28 bytes ." "\x03\x00",
		    "a stored block of 28 bytes .|done"),
		V("nor is what is no multiple of 31", "deflate",
		    "\x78\x02\x00\xfd\xffHi\x03\x00",
		    "Hi|done"),
		V("gzip instead", "deflate", GZIP_HELLO, "|protocol"),
		V("text instead", "deflate", "Hello", "|protocol"),
	};

	check_all(vectors, COUNT(vectors));
}

/* --- names ------------------------------------------------------------------------------- */

static void
test_names(void)
{
	static const char *const none[] = {"", "identity", "Identity", " , ",
	    "identity, identity"};
	static const char *const known[] = {"gzip", "GZIP", "x-gzip", "deflate", "gzip,",
	    " , deflate", "identity, gzip"};
	static const char *const bad[] = {"br", "zstd", "compress", "gzip, gzip", "deflate, gzip",
	    "gzip, br", "gzipped", "gzip;q=1", "*", "\"gzip\""};
	struct http_coding *c;
	struct err e = {0};

	tap_ok(http_coding_new(&c, (struct slice){NULL, 0}, NULL) == 0 && c == NULL, "no field");
	for (size_t i = 0; i < COUNT(none); i++)
		tap_ok(http_coding_new(&c, slice_of(none[i]), NULL) == 0 && c == NULL,
		    "nothing to decode: '%s'", none[i]);
	for (size_t i = 0; i < COUNT(known); i++) {
		tap_ok(http_coding_new(&c, slice_of(known[i]), NULL) == 0 && c != NULL,
		    "known: '%s'", known[i]);
		http_coding_free(c);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		e = (struct err){0};
		tap_ok(http_coding_new(&c, slice_of(bad[i]), &e) == -1 && c == NULL &&
		    e.class == ERR_PROTOCOL, "refused: %s", e.text);
	}
	http_coding_new(&c, slice_of("gzip, br"), &e);
	tap_text(e.text, "Content-Encoding is 'gzip, br': expected gzip or deflate",
	    "a sentence");
}

static void
check_sentence(const char *coding, struct slice coded, const char *want)
{
	struct err e = {0};
	struct slice piece;
	struct http_coding *c;
	ssize_t used;

	if (http_coding_new(&c, slice_of(coding), &e) != 0)
		return;
	do {
		used = http_coding_next(c, coded.data, coded.len, &piece, &e);
		coded.data += used;
		coded.len -= (size_t)used;
	} while (used >= 0 && coded.len > 0);
	if (used >= 0)
		http_coding_end(c, &e);
	tap_text(e.text, want, want);
	http_coding_free(c);
}

#define S(bytes) (struct slice){bytes, sizeof(bytes) - 1}

static void
test_sentences(void)
{
	check_sentence("gzip", S("Hello"), "a body that is no gzip data (incorrect header check)");
	check_sentence("gzip", S(GZIP_HELLO "xx"),
	    "a body that is no gzip data behind a complete member (incorrect header check)");
	check_sentence("deflate", S("\x78\xbb\x05\x8c\x01\xf5"),
	    "a body that is no deflate data (a preset dictionary)");
	check_sentence("deflate", S(ZLIB_HELLO "x"),
	    "bytes behind the end of a body's deflate data");
	check_sentence("gzip", S(GZIP_HEAD), "the body ends within its gzip data");
	check_sentence("deflate", S("\x78"), "the body ends within its deflate data");
}

/* --- streams and bombs ------------------------------------------------------------------- */

/* What is flushed must be there at once, however it was cut, and however much it is. */
static void
test_flush(void)
{
	static const int bits[] = {GZIP, ZLIB, RAW};
	static char text[100001];
	bool ok = true;

	memset(text, 'x', sizeof text - 1);
	for (size_t i = 0; i < COUNT(bits); i++) {
		const char *coding = bits[i] == GZIP ? "gzip" : "deflate";

		for (size_t len = 1; len < sizeof text; len = len * 3 + 1) {
			char want[sizeof text + 10];
			struct buf b;

			buf_init(&b, 1 << 20);
			pack(&b, bits[i], text, len, Z_SYNC_FLUSH);
			snprintf(want, sizeof want, "%.*s|cut", (int)len, text);
			for (size_t first = 1; ok && first <= b.len; first++)
				ok = pieces_leave(play, coding,
				    (struct slice){(char *)b.data, b.len},
				    (struct pieces){first, first % 2 != 0 ? 1 : b.len}, want);
			buf_release(&b);
		}
	}
	tap_ok(ok, "what was flushed comes out with its last byte");
}

static void
check_full(int bits, size_t len)
{
	static char text[PIECE_MAX + 10], want[2 * sizeof text];
	const char *coding = bits == GZIP ? "gzip" : "deflate";
	struct buf b;

	memset(text, 'y', sizeof text);
	buf_init(&b, 1 << 20);
	pack(&b, bits, text, len, Z_FINISH);
	snprintf(want, sizeof want, "%.*s|done", (int)len, text);
	check(coding, b.data, b.len, want, "as much as a piece holds, or nearly");
	if (bits == GZIP)
		pack(&b, GZIP, "z", 1, Z_FINISH);
	else
		buf_add_text(&b, "z");
	snprintf(want, sizeof want, bits == GZIP ? "%.*sz|done" : "%.*s|protocol", (int)len,
	    text);
	check(coding, b.data, b.len, want, "and something behind it");
	buf_release(&b);
}

/* Sizes around that of a piece: the end of the stream must not hide behind a full one. */
static void
test_full_pieces(void)
{
	static const int bits[] = {GZIP, ZLIB, RAW};
	static const int off[] = {-2, -1, 0, 1, 2};

	for (size_t i = 0; i < COUNT(bits); i++)
		for (size_t j = 0; j < COUNT(off); j++) {
			check_full(bits[i], (size_t)(PIECE_MAX / 2 + off[j]));
			check_full(bits[i], (size_t)(PIECE_MAX + off[j]));
		}
}

/* 200 MB out of 200 KB, seen a piece at a time. */
static void
test_bomb(void)
{
	static uint8_t zeros[1 << 20];
	struct http_coding *c;
	struct slice piece;
	struct buf b;
	uint64_t total = 0;
	size_t largest = 0, taken = 0;
	ssize_t used = 0;

	buf_init(&b, 1 << 24);
	pack(&b, GZIP, zeros, sizeof zeros, Z_FINISH);
	http_coding_new(&c, slice_of("gzip"), NULL);
	for (size_t i = 0; i < 200; i++)
		for (taken = 0; taken < b.len && used >= 0; taken += (size_t)used) {
			used = http_coding_next(c, b.data + taken, b.len - taken, &piece, NULL);
			total += piece.len;
			largest = piece.len > largest ? piece.len : largest;
		}
	tap_int((long long)total, 200 << 20, "a bomb has all its bytes");
	tap_ok(largest <= PIECE_MAX, "a piece at a time: %zu bytes", largest);
	tap_int(http_coding_end(c, NULL), 0, "and ends well");
	http_coding_free(c);
	buf_release(&b);
}

static void
test_nothing(void)
{
	struct http_coding *c;
	struct slice piece;

	http_coding_free(NULL);
	http_coding_new(&c, slice_of("gzip"), NULL);
	tap_int(http_coding_next(c, NULL, 0, &piece, NULL), 0, "no bytes are none");
	tap_int(http_coding_end(c, NULL), 0, "and no beginning");
	http_coding_free(c);
}

int
main(void)
{
	test_gzip();
	test_deflate();
	test_names();
	test_sentences();
	test_flush();
	test_full_pieces();
	test_bomb();
	test_nothing();
	return tap_done();
}
