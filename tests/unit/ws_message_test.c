/* ws_message_test.c: messages out of a server's byte stream (RFC 6455, 5.4 to 8).
 *
 * A vector is bytes and the trace they must leave, such as
 *     "text Hel\xc3\xa9 | ping x | protocol 1002"
 * and is run whole, a byte at a time and cut in two at every place,
    each piece in memory of its
 * own that ends at a guard page and is gone before the next piece comes. */
#include "lib/codec/ws_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/ws_deflate.h"
#include "lib/codec/ws_frame.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
	SHORT = 300,               /* vectors up to this length are cut everywhere */
	MAX = 100000,              /* the maximum of messages unless a test is about it */
};

/* What the vectors' connections agreed on; NULL: no compression. */
static const struct ws_deflate_params *agreed;

struct run {
	struct ws_reader reader;
	struct ws_reader_extras extras;
	struct buf trace;
	size_t taken;              /* bytes fed before the call that failed, or all */
	bool failed;
	bool sound;                /* no promise of the header was broken on the way */
};

static void
trace_word(struct run *run, const char *word)
{
	buf_addf(&run->trace, "%s%s", run->trace.len > 0 ? " | " : "", word);
}

/* Short payloads as they are (a NUL as '.'), long ones as length and sum of bytes. */
static void
trace_item(struct run *run, const struct ws_item *item)
{
	static const char *const names[] = {[WS_ITEM_TEXT] = "text",
	    [WS_ITEM_BINARY] = "binary", [WS_ITEM_PING] = "ping", [WS_ITEM_PONG] = "pong",
	    [WS_ITEM_CLOSE] = "close"};
	unsigned long sum = 0;

	trace_word(run, names[item->kind]);
	if (item->kind == WS_ITEM_CLOSE)
		buf_addf(&run->trace, " %u", item->code);
	if (item->len > 0 && item->len <= WS_CONTROL_MAX) {
		buf_addf(&run->trace, " ");
		buf_add(&run->trace, item->data, item->len);
	}
	for (size_t i = 0; i < run->trace.len; i++)
		if (run->trace.data[i] == '\0')
			run->trace.data[i] = '.';
	for (size_t i = 0; i < item->len; i++)
		sum += item->data[i];
	if (item->len > WS_CONTROL_MAX)
		buf_addf(&run->trace, " *%zu %lu", item->len, sum);
}

/* What a reader may own: nothing between items, and otherwise no more than came asks for. */
static bool
is_frugal(const struct ws_reader *r)
{
	if (!ws_reader_midway(r) && (r->partial != NULL || r->control != NULL))
		return false;
	return r->partial == NULL || r->partial->cap <= 64 || r->compressed ||
	    r->partial->cap < 2 * r->partial->len;
}

static void
feed(struct run *run, const uint8_t *data, size_t len)
{
	struct ws_item item;
	struct err e = {0};
	char word[32];

	do {
		ssize_t n = ws_reader_next(&run->reader, data, len, &item, &e);

		if (n < 0) {
			snprintf(word, sizeof word, "%s %d", err_class_name(e.class), e.code);
			trace_word(run, word);
			run->failed = true;
			return;
		}
		if ((size_t)n > len || (n == 0 && len > 0) ||
		    (item.kind == WS_ITEM_NONE && (size_t)n != len)) {
			run->sound = false;
			return;
		}
		if (item.kind != WS_ITEM_NONE)
			trace_item(run, &item);
		data += n;
		len -= (size_t)n;
		run->taken += (size_t)n;
	} while (item.kind != WS_ITEM_NONE);
	run->sound = run->sound && is_frugal(&run->reader);
}

/* Feeds `first` bytes, then `then` at a time. */
static struct run
run_pieces(const uint8_t *data, size_t len, uint64_t max, size_t first, size_t then)
{
	struct run run = {.sound = true};
	size_t n = first;

	ws_reader_init(&run.reader, max);
	if (agreed != NULL) {
		run.extras.deflate = ws_deflate_new(agreed, NULL);
		ws_reader_extend(&run.reader, &run.extras);
	}
	buf_init(&run.trace, 1 << 20);
	for (size_t at = 0; at <= len && !run.failed; at += n, n = then) {
		if (n > len - at)
			n = len - at;
		if (len <= SHORT || first == len) {
			uint8_t *guarded = tap_guard(data + at, n);

			feed(&run, guarded, n);
			tap_guard_free(guarded, n);
		} else {
			feed(&run, data + at, n);
		}
		if (at + n == len)
			break;
	}
	if (!run.failed && ws_reader_midway(&run.reader))
		trace_word(&run, "midway");
	ws_reader_release(&run.reader);
	ws_deflate_free(run.extras.deflate);
	run.sound = run.sound && run.reader.partial == NULL && run.reader.control == NULL;
	return run;
}

static bool
leaves(const uint8_t *data, size_t len, uint64_t max, size_t first, size_t then,
    const char *want, const char *name)
{
	struct run run = run_pieces(data, len, max, first, then);
	size_t size = strlen(want);
	bool ok = run.sound && run.trace.len == size &&
	    (size == 0 || memcmp(run.trace.data, want, size) == 0);

	if (!ok)
		printf("# %s, %zu bytes and then %zu at a time%s: got '%.*s', want '%s'\n",
		    name, first, then, run.sound ? "" : ", a promise broken",
		    (int)(run.trace.len < 200 ? run.trace.len : 200),
		    (char *)run.trace.data, want);
	buf_release(&run.trace);
	return ok;
}

static void
check_max(const void *data, size_t len, uint64_t max, const char *want, const char *name)
{
	bool ok = leaves(data, len, max, len, 1, want, name) &&
	    leaves(data, len, max, 1, 1, want, name);

	for (size_t cut = 1; ok && len <= SHORT && cut < len; cut++)
		ok = leaves(data, len, max, cut, len, want, name);
	for (size_t piece = 7; ok && len > SHORT && piece < len; piece *= 9)
		ok = leaves(data, len, max, piece, piece, want, name);
	tap_ok(ok, "%s", name);
}

struct vector {
	const char *name;
	const char *bytes;
	size_t len;
	const char *want;
};

#define V(name, bytes, want) {name, bytes, sizeof(bytes) - 1, want}

static void
check_all(const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_max(vectors[i].bytes, vectors[i].len, MAX, vectors[i].want,
		    vectors[i].name);
}

/* Appends a frame as a server sends it. */
static void
add_frame(struct buf *b, enum ws_opcode opcode, bool fin, const void *payload, size_t len)
{
	struct ws_frame f = {.opcode = opcode, .fin = fin, .length = len};
	uint8_t head[WS_HEAD_MAX];

	buf_add(b, head, ws_frame_write(head, &f));
	buf_add(b, payload, len);
}

/* --- vectors ------------------------------------------------------------------------- */

static void
test_rfc_examples(void)
{
	static const struct vector vectors[] = {
		V("RFC 5.7: a text message in one frame", "\x81\x05Hello", "text Hello"),
		V("RFC 5.7: masked, so not from a server",
		    "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "protocol 1002"),
		V("RFC 5.7: a fragmented text message", "\x01\x03Hel\x80\x02lo", "text Hello"),
		V("RFC 5.7: a ping", "\x89\x05Hello", "ping Hello"),
		V("RFC 5.7: a masked pong, so not from a server",
		    "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "protocol 1002"),
		V("an unmasked pong", "\x8a\x05Hello", "pong Hello"),
	};
	static uint8_t zeros[65536];
	struct buf b;

	check_all(vectors, COUNT(vectors));
	buf_init(&b, 1 << 20);
	buf_add(&b, "\x82\x7e\x01\x00", 4);
	buf_add(&b, zeros, 256);
	check_max(b.data, b.len, MAX, "binary *256 0", "RFC 5.7: 256 bytes in one frame");
	b.len = 0;
	buf_add(&b, "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
	buf_add(&b, zeros, 65536);
	check_max(b.data, b.len, MAX, "binary *65536 0", "RFC 5.7: 64 KiB in one frame");
	buf_release(&b);
}

static void
test_lengths(void)
{
	static const size_t lengths[] = {0, 1, 125, 126, 127, 128, 65535, 65536, 65537};
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		static char payload[65537];
		char want[200] = "binary", name[40];
		size_t len = lengths[i];

		memset(payload, 'a', len);
		if (len > 0 && len <= WS_CONTROL_MAX)
			snprintf(want, sizeof want, "binary %.*s", (int)len, payload);
		if (len > WS_CONTROL_MAX)
			snprintf(want, sizeof want, "binary *%zu %zu", len, len * 'a');
		snprintf(name, sizeof name, "a message of %zu bytes", len);
		b.len = 0;
		add_frame(&b, WS_BINARY, true, payload, len);
		check_max(b.data, b.len, MAX, want, name);
	}
	buf_release(&b);
}

static void
test_sequences(void)
{
	static const struct vector vectors[] = {
		V("nothing", "", ""),
		V("several messages", "\x81\x01" "a\x82\x02" "bc\x81\x00\x8a\x00",
		    "text a | binary bc | text | pong"),
		V("a message cut by the end", "\x81\x05Hel", "midway"),
		V("a head cut by the end", "\x81", "midway"),
		V("a ping cut by the end", "\x89\x05Hel", "midway"),
		V("a fragmented message without its end", "\x01\x01" "a", "midway"),
		V("empty fragments", "\x01\x00\x00\x00\x80\x00", "text"),
		V("empty fragments around bytes", "\x02\x00\x00\x01x\x00\x00\x00\x01y\x80\x00",
		    "binary xy"),
		V("only the last fragment has bytes", "\x01\x00\x80\x02hi", "text hi"),
		V("pings between fragments", "\x89\x01" "1\x01\x02He\x89\x01" "2\x00\x02ll"
		    "\x8a\x01" "3\x89\x00\x80\x01o\x89\x01" "4",
		    "ping 1 | ping 2 | pong 3 | ping | text Hello | ping 4"),
		V("a close between fragments", "\x01\x02He\x88\x02\x03\xe8\x80\x01o",
		    "close 1000"),
		V("a fragmented message, then a whole one",
		    "\x01\x01" "a\x80\x01" "b\x81\x01" "c", "text ab | text c"),
		V("a continuation of nothing", "\x80\x02lo", "protocol 1002"),
		V("a continuation of a whole message", "\x81\x01" "a\x80\x01" "b",
		    "text a | protocol 1002"),
		V("a continuation after the last fragment",
		    "\x01\x01" "a\x80\x01" "b\x00\x01" "c", "text ab | protocol 1002"),
		V("a continuation that only follows a ping", "\x89\x00\x80\x01" "a",
		    "ping | protocol 1002"),
		V("a new message within a message", "\x01\x01" "a\x81\x01" "b",
		    "protocol 1002"),
		V("a new fragmented message within one", "\x01\x01" "a\x02\x01" "b",
		    "protocol 1002"),
	};

	check_all(vectors, COUNT(vectors));
}

static void
test_refused_frames(void)
{
	static const struct vector vectors[] = {
		V("a masked empty frame", "\x82\x80\x01\x02\x03\x04", "protocol 1002"),
		V("a masked ping", "\x89\x80\x01\x02\x03\x04", "protocol 1002"),
		V("a fragmented ping", "\x09\x01" "a\x80\x01" "b", "protocol 1002"),
		V("a fragmented close", "\x08\x02\x03\xe8", "protocol 1002"),
		V("a ping of 126 bytes", "\x89\x7e\x00\x7e", "protocol 1002"),
		V("a close of 126 bytes", "\x88\x7e\x00\x7e\x03\xe8", "protocol 1002"),
		V("a pong of 64 KiB", "\x8a\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
		    "protocol 1002"),
		V("a length in too many bytes", "\x81\x7e\x00\x05Hello", "protocol 1002"),
		V("a length in far too many bytes",
		    "\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x05Hello", "protocol 1002"),
		V("a length with its highest bit", "\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x05",
		    "protocol 1002"),
		V("RSV1 without an extension", "\xc1\x01" "a", "protocol 1002"),
		V("RSV2", "\xa1\x01" "a", "protocol 1002"),
		V("RSV3", "\x91\x01" "a", "protocol 1002"),
		V("RSV1 in a fragment", "\x01\x01" "a\xc0\x01" "b", "protocol 1002"),
		V("RSV1 in a ping", "\xc9\x00", "protocol 1002"),
		V("a wrong frame after a right one", "\x81\x01" "a\x83\x00",
		    "text a | protocol 1002"),
	};

	check_all(vectors, COUNT(vectors));
	for (unsigned opcode = 0; opcode < 16; opcode++) {
		char bytes[2] = {(char)(0x80 | opcode), 0}, name[40];

		if ((opcode > 2 && opcode < 8) || opcode > 10) {
			snprintf(name, sizeof name, "reserved opcode 0x%x", opcode);
			check_max(bytes, 2, MAX, "protocol 1002", name);
		}
	}
}

static void
test_control_payloads(void)
{
	struct buf b;
	char payload[125], want[300];

	buf_init(&b, 1000);
	memset(payload, 'p', sizeof payload);
	add_frame(&b, WS_TEXT, false, "He", 2);
	add_frame(&b, WS_PING, true, payload, sizeof payload);
	add_frame(&b, WS_CONTINUATION, true, "llo", 3);
	snprintf(want, sizeof want, "ping %.125s | text Hello", payload);
	check_max(b.data, b.len, MAX, want, "the longest ping, between fragments");
	b.len = 0;
	memcpy(payload, "\x0f\xa0", 2);
	add_frame(&b, WS_CLOSE, true, payload, sizeof payload);
	snprintf(want, sizeof want, "close 4000 %.123s", payload + 2);
	check_max(b.data, b.len, MAX, want, "the longest close reason");
	buf_release(&b);
}

/* --- close frames -------------------------------------------------------------------- */

static void
test_close(void)
{
	static const struct vector vectors[] = {
		V("a close without a code", "\x88\x00", "close 1005"),
		V("a close of one byte", "\x88\x01\x03", "protocol 1002"),
		V("a close with a code", "\x88\x02\x03\xe8", "close 1000"),
		V("a close with a reason", "\x88\x05\x03\xe9" "bye", "close 1001 bye"),
		V("a reason in UTF-8", "\x88\x04\x03\xe8\xc3\xa9", "close 1000 \xc3\xa9"),
		V("a reason that is not UTF-8", "\x88\x03\x03\xe8\xff", "protocol 1007"),
		V("a reason cut within a character", "\x88\x04\x03\xe8\xe2\x82",
		    "protocol 1007"),
		V("a reason with a surrogate", "\x88\x05\x03\xe8\xed\xa0\x80",
		    "protocol 1007"),
		V("a bad code is judged before a bad reason", "\x88\x03\x03\xe7\xff",
		    "protocol 1002"),
		V("a message after a close is discarded", "\x88\x00\x81\x01" "a",
		    "close 1005"),
		V("nonsense after a close is discarded", "\x88\x02\x03\xe8\xff\xff\xff",
		    "close 1000"),
		V("a second close is discarded", "\x88\x02\x03\xe8\x88\x02\x03\xe9",
		    "close 1000"),
	};
	static const unsigned good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
	    1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999};
	static const unsigned bad[] = {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000,
	    2999, 5000, 65535};
	char name[40], want[40];

	check_all(vectors, COUNT(vectors));
	for (size_t i = 0; i < COUNT(good) + COUNT(bad); i++) {
		bool is_good = i < COUNT(good);
		unsigned code = is_good ? good[i] : bad[i - COUNT(good)];
		char bytes[4] = {(char)0x88, 2, (char)(code >> 8), (char)code};

		snprintf(want, sizeof want, is_good ? "close %u" : "protocol 1002", code);
		snprintf(name, sizeof name, "close code %u", code);
		check_max(bytes, sizeof bytes, MAX, want, name);
	}
}

/* --- UTF-8 --------------------------------------------------------------------------- */

static void
test_utf8(void)
{
	static const struct vector vectors[] = {
		V("characters of 2, 3 and 4 bytes",
		    "\x81\x09\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		    "text \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		V("a character over two fragments", "\x01\x01\xc3\x80\x01\xa9",
		    "text \xc3\xa9"),
		V("a character over four fragments and a ping",
		    "\x01\x01\xf0\x00\x01\x9f\x89\x01p\x00\x00\x00\x01\x98\x80\x01\x80",
		    "ping p | text \xf0\x9f\x98\x80"),
		V("a text that ends within a character", "\x81\x02\xe2\x82", "protocol 1007"),
		V("a last fragment that ends within a character", "\x01\x01\xe2\x80\x01\x82",
		    "protocol 1007"),
		V("an empty last fragment after half a character", "\x01\x01\xc3\x80\x00",
		    "protocol 1007"),
		V("half a character does not reach into the next message",
		    "\x81\x01" "a\x81\x01\xc3\x81\x01\xa9", "text a | protocol 1007"),
		V("an overlong slash", "\x81\x02\xc0\xaf", "protocol 1007"),
		V("an overlong NUL in 3 bytes", "\x81\x03\xe0\x80\x80", "protocol 1007"),
		V("an overlong form in 4 bytes", "\x81\x04\xf0\x8f\xbf\xbf", "protocol 1007"),
		V("the first surrogate", "\x81\x03\xed\xa0\x80", "protocol 1007"),
		V("the last surrogate", "\x81\x03\xed\xbf\xbf", "protocol 1007"),
		V("U+10FFFF", "\x81\x04\xf4\x8f\xbf\xbf", "text \xf4\x8f\xbf\xbf"),
		V("U+110000", "\x81\x04\xf4\x90\x80\x80", "protocol 1007"),
		V("a lone continuation byte", "\x81\x01\x80", "protocol 1007"),
		V("the byte FF", "\x81\x01\xff", "protocol 1007"),
		V("NUL is a character", "\x81\x03" "a\0b", "text a.b"),
		V("binary need not be UTF-8", "\x82\x02\xff\xfe", "binary \xff\xfe"),
		V("nor binary fragments", "\x02\x01\xff\x80\x01\xc3", "binary \xff\xc3"),
		V("nor a ping", "\x89\x01\xff", "ping \xff"),
	};

	check_all(vectors, COUNT(vectors));
}

/* An error is told at the first wrong byte, not when the frame or the message is complete. */
static void
test_fail_fast(void)
{
	static const struct {
		const char *name, *bytes;
		size_t len, at;        /* the byte, from 0, whose arrival is the error */
	} vectors[] = {
		{"a bad byte in a long text", "\x81\x7d" "abc\xff" "def", 9, 5},
		{"an overlong form, at its second byte", "\x81\x7d\xe0\x80", 4, 3},
		{"a surrogate, at its second byte", "\x01\x7d" "a\xed\xa0\x80", 6, 4},
		{"above U+10FFFF, at its second byte", "\x81\x7d\xf4\x90\x80\x80", 6, 3},
		{"a bad byte in a later fragment", "\x01\x01" "a\x00\x7d" "b\xff" "c", 8, 6},
		{"RSV bits, at the first byte", "\xf1\x05Hello", 7, 0},
		{"a reserved opcode, at the first byte", "\x83\x05Hello", 7, 0},
		{"a fragmented ping, at the first byte", "\x09\x05Hello", 7, 0},
		{"a long ping, at the second byte", "\x89\x7e\x00\x7e", 4, 1},
		{"a new message in one, at its head", "\x01\x01" "a\x81\x05Hello", 10, 4},
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct run run = run_pieces((const uint8_t *)vectors[i].bytes,
		    vectors[i].len, MAX, 1, 1);

		if (!tap_ok(run.failed && run.taken == vectors[i].at, "%s", vectors[i].name))
			printf("# %s after %zu bytes, want %zu\n",
			    run.failed ? "failed" : "fine", run.taken, vectors[i].at);
		buf_release(&run.trace);
	}
}

/* --- maxima and memory --------------------------------------------------------------- */

static void
test_max(void)
{
	check_max("\x81\x05Hello", 7, 5, "text Hello", "a message of exactly the maximum");
	check_max("\x81\x06Hello!", 8, 5, "limit 1009", "a message of one byte more");
	check_max("\x81\x06", 2, 5, "limit 1009", "told from the frame head");
	check_max("\x01\x02He\x80\x03llo", 9, 5, "text Hello",
	    "fragments of exactly the maximum");
	check_max("\x01\x02He\x80\x04llo!", 10, 5, "limit 1009", "fragments of one byte more");
	check_max("\x01\x05Hello\x00\x00\x80\x00", 11, 5, "text Hello",
	    "empty ones beyond it");
	check_max("\x01\x05Hello\x80\x01!", 10, 5, "limit 1009", "one byte more, in its own");
	check_max("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 5, "limit 1009",
	    "the greatest length");
	check_max("\x81\x05Hello\x81\x05World", 14, 5, "text Hello | text World",
	    "the maximum holds for each message");
	check_max("\x89\x06" "pppppp\x81\x00", 10, 0, "ping pppppp | text",
	    "a control frame is no message, and 0 allows the empty one");
}

/* --- compressed messages ------------------------------------------------------------- */

#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"
#define AGAIN "\xf2\x00\x11\x00\x00"

static void
test_compressed(void)
{
	static const struct ws_deflate_params params = {false, false, 15, 15};
	static const struct vector vectors[] = {
		V("RFC 7692, 7.2.3.1: a compressed text", "\xc1\x07" HELLO, "text Hello"),
		V("RFC 7692, 7.2.3.1: in fragments", "\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00",
		    "text Hello"),
		V("RFC 7692, 7.2.3.2: the window is shared", "\xc1\x07" HELLO "\xc1\x05" AGAIN,
		    "text Hello | text Hello"),
		V("RFC 7692, 7.2.3.3: without compression",
		    "\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "text Hello"),
		V("RFC 7692, 7.2.3.4: a final block",
		    "\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "text Hello"),
		V("RFC 7692, 7.2.3.5: two blocks",
		    "\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
		    "text Hello"),
		V("RFC 7692, 7.2.3.6: an empty message", "\xc1\x01\x00\xc2\x01\x00",
		    "text | binary"),
		V("no bytes at all", "\xc1\x00\x41\x00\x80\x00\xc1\x07" HELLO,
		    "text | text | text Hello"),
		V("an uncompressed message between, not in the window",
		    "\xc1\x07" HELLO "\x81\x02yo\xc1\x05" AGAIN,
		    "text Hello | text yo | text Hello"),
		V("an empty last fragment, and a ping between",
		    "\x42\x07" HELLO "\x89\x01p\x00\x00\x80\x00", "ping p | binary Hello"),
		V("RSV1 in a continuation", "\x41\x03\xf2\x48\xcd\xc0\x04\xc9\xc9\x07\x00",
		    "protocol 1002"),
		V("RSV1 in a continuation of what is not compressed",
		    "\x01\x01" "a\xc0\x01" "b", "protocol 1002"),
		V("RSV1 in a ping", "\xc9\x00", "protocol 1002"),
		V("RSV1 in a close", "\xc8\x00", "protocol 1002"),
		V("RSV1 and RSV2", "\xe1\x07" HELLO, "protocol 1002"),
		V("RSV1 in a message within one", "\x01\x01" "a\xc1\x07" HELLO, "protocol 1002"),
		V("RSV1 and a reserved opcode", "\xc3\x07" HELLO, "protocol 1002"),
		V("no deflate data", "\xc1\x05Hello", "protocol 1007"),
		V("a message cut within a block", "\xc1\x04\xf2\x48\xcd\xc9", "protocol 1007"),
		V("a message cut by the end", "\xc1\x07\xf2\x48\xcd", "midway"),
		V("a close in the middle", "\x41\x03\xf2\x48\xcd\x88\x00", "close 1005"),
		V("text that is not UTF-8, stored", "\xc1\x08\x00\x02\x00\xfd\xff\xc3\x28\x00",
		    "protocol 1007"),
		V("text that ends within a character",
		    "\xc1\x07\x00\x01\x00\xfe\xff\xc3\x00", "protocol 1007"),
		V("a character over two fragments",
		    "\x41\x06\x00\x02\x00\xfd\xff\xc3\x80\x02\xa9\x00", "text \xc3\xa9"),
		V("binary need not be UTF-8", "\xc2\x08\x00\x02\x00\xfd\xff\xc3\x28\x00",
		    "binary \xc3("),
	};

	agreed = &params;
	check_all(vectors, COUNT(vectors));
	check_max("\xc1\x07" HELLO, 9, 5, "text Hello", "a compressed message of the maximum");
	check_max("\xc1\x07" HELLO, 9, 4, "limit 1009", "one byte more");
	check_max("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00", 11, 4, "limit 1009",
	    "one byte more in two fragments");
	check_max("\xc1\x7f\x00\x00\x00\x00\x01\x00\x00\x00", 10, MAX, "limit 1009",
	    "a compressed frame that is out of proportion, told from its head");
	check_max("\x41\x00\x00\x7f\x00\x00\x00\x00\x01\x00\x00\x00", 12, MAX, "limit 1009",
	    "a continuation that is");
	check_max("\xc1\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, UINT64_MAX, "midway",
	    "no limit, and the greatest length");
	check_max("\xc1\x0b\x00\x05\x00\xfa\xff\xff\x65\x6c\x6c\x6f\x00", 13, 4,
	    "protocol 1007", "bad text before the limit is bad text");
	agreed = NULL;
}

/* The first wrong byte of a text is found when its piece of the payload has come. */
static void
test_compressed_fail_fast(void)
{
	static const struct ws_deflate_params params = {true, true, 15, 15};
	static const uint8_t bytes[] = "\x41\x40\x00\x20\x00\xdf\xff" "abc\xff" "def";
	struct run run;

	agreed = &params;
	run = run_pieces(bytes, sizeof bytes - 1, MAX, 1, 1);
	tap_ok(run.failed && run.taken == 10, "a bad byte in a long compressed text");
	buf_release(&run.trace);
	agreed = NULL;
}

/* --- telling frames ------------------------------------------------------------------ */

static void
frame_came(void *ctx, const struct ws_frame *frame, const uint8_t *data, size_t len)
{
	buf_addf(ctx, "%d%s%d:%llu:%.*s ", frame->opcode, frame->fin ? "!" : "+", frame->rsv,
	    (unsigned long long)frame->length, (int)len, (const char *)data);
}

static void
test_frames_told(void)
{
	static const uint8_t bytes[] = "\x81\x02hi\x01\x01x\x89\x03piy\x80\x00";
	struct buf told;
	struct ws_reader_extras extras = {NULL, frame_came, &told};
	struct ws_reader r;
	struct ws_item item;
	size_t at = 0;

	buf_init(&told, 1000);
	ws_reader_init(&r, MAX);
	ws_reader_extend(&r, &extras);
	ws_reader_next(&r, bytes, sizeof bytes - 1, &item, NULL);
	tap_bytes(told.data, told.len, "1!0:2:hi ", 9, "a frame is told before its message");
	ws_reader_release(&r);
	told.len = 0;
	while (at < sizeof bytes - 1) {
		size_t n = at < 9 ? 9 - at : sizeof bytes - 1 - at;
		ssize_t used = ws_reader_next(&r, bytes + at, n, &item, NULL);

		if (used < 0)
			break;
		at += (size_t)used;
	}
	tap_bytes(told.data, told.len, "1!0:2:hi 1+0:1:x 9!0:3: 0!0:0: ", 31,
	    "each once, with what came of its payload");
	ws_reader_release(&r);
	buf_release(&told);
}

static void
test_many_fragments(enum ws_opcode opcode, const char *name)
{
	static uint8_t fragment[64];
	const size_t total = 4 << 20, count = total / sizeof fragment;
	char want[64], title[64];
	struct buf b;

	buf_init(&b, 8 << 20);
	memset(fragment, 'f', sizeof fragment);
	for (size_t i = 0; i < count; i++)
		add_frame(&b, i == 0 ? opcode : WS_CONTINUATION, i + 1 == count, fragment,
		    sizeof fragment);
	snprintf(want, sizeof want, "%s *%zu %zu", name, total, total * 'f');
	snprintf(title, sizeof title, "4 MiB of %s in fragments of 64 bytes", name);
	check_max(b.data, b.len, total, want, title);
	snprintf(title, sizeof title, "and one byte less is allowed: %s", name);
	check_max(b.data, b.len, total - 1, "limit 1009", title);
	buf_release(&b);
}

/* A server that announces much and sends little costs little. */
static void
test_announcement(void)
{
	struct ws_reader r;
	struct ws_item item;
	const uint8_t *head = (const uint8_t *)"\x82\x7f\x00\x00\x00\x00\x01\x00\x00\x00" "abc";

	ws_reader_init(&r, 32 << 20);
	ws_reader_next(&r, head, 10, &item, NULL);
	tap_ok(r.partial == NULL && ws_reader_midway(&r), "16 MiB announced: no memory yet");
	ws_reader_next(&r, head + 10, 3, &item, NULL);
	tap_ok(r.partial != NULL && r.partial->cap <= 64,
	    "3 bytes of them: 64 bytes of memory");
	ws_reader_release(&r);
	tap_ok(sizeof r <= 72, "a reader is small: %zu bytes", sizeof r);
}

static void
test_lending(void)
{
	const uint8_t *whole = (const uint8_t *)"\x81\x05Hello\x89\x01p";
	const uint8_t *parts = (const uint8_t *)"\x01\x02He\x89\x02xy\x80\x01y\x82\x00";
	struct ws_reader r;
	struct ws_item item;

	ws_reader_init(&r, MAX);
	ws_reader_next(&r, whole, 10, &item, NULL);
	tap_ok(item.data == whole + 2 && r.partial == NULL,
	    "a whole message is lent, not copied");
	ws_reader_next(&r, whole + 7, 3, &item, NULL);
	tap_ok(item.data == whole + 9 && r.control == NULL, "so is a whole ping");
	ws_reader_next(&r, whole, 2, &item, NULL);
	ws_reader_next(&r, whole + 2, 5, &item, NULL);
	tap_ok(item.data == whole + 2 && r.partial == NULL, "and one whose head came earlier");

	ws_reader_next(&r, parts, 7, &item, NULL);
	tap_ok(item.kind == WS_ITEM_NONE && r.control != NULL, "a cut ping is kept");
	ws_reader_next(&r, parts + 7, 1, &item, NULL);
	tap_bytes(item.data, item.len, "xy", 2, "and lent when complete");
	ws_reader_next(&r, parts + 8, 3, &item, NULL);
	tap_bytes(item.data, item.len, "Hey", 3, "the message around it is intact");
	tap_ok(r.control == NULL && r.partial != NULL, "the ping's memory is gone");
	tap_int(ws_reader_next(&r, parts + 11, 0, &item, NULL), 0, "no bytes, no item");
	tap_ok(r.partial == NULL, "the message's memory is gone with the next call");
	ws_reader_next(&r, parts, 7, &item, NULL);
	ws_reader_release(&r);
	tap_ok(!ws_reader_midway(&r) && r.partial == NULL && r.control == NULL && r.max == MAX,
	    "release in the middle of everything");
}

int
main(void)
{
	test_rfc_examples();
	test_lengths();
	test_sequences();
	test_refused_frames();
	test_control_payloads();
	test_close();
	test_utf8();
	test_fail_fast();
	test_max();
	test_compressed();
	test_compressed_fail_fast();
	test_frames_told();
	test_many_fragments(WS_TEXT, "text");
	test_many_fragments(WS_BINARY, "binary");
	test_announcement();
	test_lending();
	return tap_done();
}
