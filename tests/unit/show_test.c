/* show_test.c: what people see of a conversation, without times and mostly without colours. */
#include "cli/show.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/channel/channel.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"
#include "lib/codec/ws_frame.h"
#include "lib/transport/stream.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct buf shown;

static struct show
plain(void)
{
	return (struct show){.time = SHOW_NO_TIME, .columns = 80, .max_bytes = 16384};
}

static const char *
text(void)
{
	buf_add(&shown, "", 1);
	return (const char *)shown.data;
}

/* A message as it is shown; its bytes end at a guard page. */
static const char *
message_of(struct show s, enum message_kind kind, const void *data, size_t len, bool out)
{
	uint8_t *guarded = tap_guard(data, len);
	struct message m = {.kind = kind, .data = guarded, .len = len, .at = clock_ns()};

	shown.len = 0;
	show_message(&s, &shown, &m, out);
	tap_guard_free(guarded, len);
	return text();
}

static const char *
text_message(struct show s, const char *data)
{
	return message_of(s, MESSAGE_TEXT, data, strlen(data), false);
}

/* --- text -------------------------------------------------------------------------------- */

static void
test_text(void)
{
	struct show s = plain();

	tap_text(text_message(s, "hello"), "< hello\n", "a message in");
	tap_text(message_of(s, MESSAGE_TEXT, "hi", 2, true), "> hi\n", "a message out");
	tap_text(text_message(s, ""), "< (empty)\n", "an empty one");
	tap_text(message_of(s, MESSAGE_BINARY, "", 0, false), "< (binary, empty)\n",
	    "an empty binary one");
	tap_text(text_message(s, "a\nb\r\nc"), "< a\n  b\n  c\n", "lines");
	tap_text(text_message(s, "a\033[31mb\a\r"), "< a\u241b[31mb\u2407\u240d\n",
	    "control characters have pictures");
	tap_text(message_of(s, MESSAGE_TEXT, "a\0b", 3, false), "< a\u2400b\n", "NUL, too");
	tap_text(text_message(s, "a\xc2\x9b" "b"), "< a\\u009bb\n", "C1 controls are named");
	tap_text(text_message(s, "a\u202eb\u200b\ufeff"), "< a\\u202eb\\u200b\\ufeff\n",
	    "so is what turns text around or hides");
	tap_text(text_message(s, "\U000e0041"), "< \\u{e0041}\n", "beyond the basic plane, too");
	tap_text(text_message(s, "a\xff\xc3"), "< a\\xff\\xc3\n", "bytes that are no UTF-8");
	tap_text(text_message(s, "\U0001f469\u200d\U0001f680"),
	    "< \U0001f469\u200d\U0001f680\n", "joined emoji stay joined");
	s.max_bytes = 5;
	tap_text(text_message(s, "hello"), "< hello\n", "just not too long");
	tap_text(text_message(s, "hello!"), "< hello\n  … 6 B in all\n", "too long");
	tap_text(text_message(s, "hell\u00e4o"), "< hell\n  … 7 B in all\n",
	    "not cut within a character");
}

static void
test_color(void)
{
	struct show s = plain();

	s.color = true;
	tap_text(text_message(s, "a\033b"),
	    "\033[1;36m<\033[0m a\033[7m\u241b\033[0mb\n", "marks and escapes in colour");
	tap_text(text_message(s, "{\"a\":[1,true,\"x\"]}"), "\033[1;36m<\033[0m {"
	    "\033[36m\"a\"\033[0m:[\033[33m1\033[0m,\033[35mtrue\033[0m,"
	    "\033[32m\"x\"\033[0m]}\n", "JSON in colour");
}

/* Whether `got` looks like `form`, in which 0 stands for any digit. */
static bool
has_form(const char *got, const char *form)
{
	for (; *form != '\0'; got++, form++)
		if (*form == '0' ? *got < '0' || *got > '9' : *got != *form)
			return false;
	return *got == '\0';
}

static void
test_times(void)
{
	struct show s = plain();
	struct message m = {.kind = MESSAGE_TEXT, .data = (const uint8_t *)"x", .len = 1};

	s.time = SHOW_CLOCK;
	tap_ok(has_form(text_message(s, "x"), "00:00:00.000 < x\n"), "the time of day");
	s.columns = 40;
	tap_ok(has_form(text_message(s, "x"), "00:00:00 < x\n"), "shorter where it is narrow");
	s.columns = 80;
	s.time = SHOW_DELTA;
	shown.len = 0;
	m.at = 5 * NS_PER_S;
	show_message(&s, &shown, &m, false);
	m.at += 1234 * NS_PER_MS;
	show_message(&s, &shown, &m, false);
	tap_text(text(), "+     0.000s < x\n+     1.234s < x\n", "times since the line before");
	s.time = SHOW_CLOCK;
	tap_ok(strstr(text_message(s, "a\nb"), "< a\n               b\n") != NULL,
	    "lines continue below the text");
}

/* --- JSON -------------------------------------------------------------------------------- */

static void
test_json(void)
{
	struct show s = plain();
	static const struct {
		const char *name, *json, *want;
	} cases[] = {
		{"short: as it came", "{\"a\":1, \"b\" : [ ]}", "< {\"a\":1, \"b\" : [ ]}\n"},
		{"with newlines: laid out", "{\"a\":1,\n\"b\":[]}", "< {\"a\": 1, \"b\": []}\n"},
		{"a long one", "{\"id\":12345678901234567890,\"n\":1.500e+10,\"id\":-0,"
		    "\"user\":{\"name\":\"Ann\",\"tags\":[\"a\",\"b\"]},\"empty\":{},\"none\":[]}",
		    "< {\n    \"id\": 12345678901234567890,\n    \"n\": 1.500e+10,\n"
		    "    \"id\": -0,\n"
		    "    \"user\": {\"name\": \"Ann\", \"tags\": [\"a\", \"b\"]},\n"
		    "    \"empty\": {},\n    \"none\": []\n  }\n"},
		{"escapes stay", "[\"\\u001b\\/\\\"\"]", "< [\"\\u001b\\/\\\"\"]\n"},
		{"raw characters that hide do not", "[\"\u202e\"]", "< [\"\\u202e\"]\n"},
		{"Engine.IO digits in front", "42[\"a\",{\"b\":1}]", "< 42[\"a\",{\"b\":1}]\n"},
		{"white space around", " {\"a\":1}\n", "<  {\"a\":1}\n"},
		{"no JSON: as it is", "{\"a\":1,}", "< {\"a\":1,}\n"},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		tap_text(text_message(s, cases[i].json), cases[i].want, cases[i].name);
	s.raw_json = true;
	tap_text(text_message(s, "{\"a\":1,\n\"b\":[]}"), "< {\"a\":1,\n  \"b\":[]}\n", "raw");
}

static void
test_json_long(void)
{
	struct show s = plain();
	char json[2000];
	const char *got;
	int len = snprintf(json, sizeof json, "{\"first\":1,\"long\":\"%01500d\",\"z\":2}", 0);

	s.max_bytes = 100;
	got = message_of(s, MESSAGE_TEXT, json, (size_t)len, false);
	tap_ok(strstr(got, "\"first\": 1,\n    \"long\": \"000000") != NULL,
	    "a string that is too long is shown in part");
	tap_ok(strstr(got, "\n  … 1.49 KiB in all\n") != NULL, "with the size of it all");
	tap_ok(strlen(got) < 250, "and no more");
	s.columns = 20;
	got = text_message(s,
	    "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":[1,2,3,4,5]}}}}}}}");
	tap_ok(strstr(got, "\n           ") != NULL && strstr(got, "\n                ") == NULL,
	    "in a narrow window, indentation has an end");
}

static void
test_is_json(void)
{
	static const char *const good[] = {
		"{}", "[]", " [ ] ", "[1]", "[-1.5e-3,0,10]", "{\"a\":{\"b\":[null]}}",
		"[\"\\u00ff\"]",
		"[\"\"]", "0{}", "42[]", "[[[]]]",
	};
	static const char *const bad[] = {
		"", "1", "\"a\"", "null", "{", "}", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}",
		"{\"a\":1,}", "[1 2]", "[01]", "[1.]", "[.5]", "[1e]", "[+1]", "[-]", "[\"a]",
		"[\"\\x\"]", "[\"\\u12\"]", "[\"a\nb\"]", "[tru]", "[] []", "{\"a\":1]", "[1}",
		"{1:2}", "[:]", "{\"a\" 1}", "{,}", "[\"a\":1]", "12345[]", "[]x", "[nul", "[\"\\",
	};
	char deep[300];

	for (size_t i = 0; i < COUNT(good); i++) {
		char *guarded = tap_guard(good[i], strlen(good[i]));

		tap_ok(show_is_json(guarded, strlen(good[i])), "JSON: %s", good[i]);
		tap_guard_free(guarded, strlen(good[i]));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		char *guarded = tap_guard(bad[i], strlen(bad[i]));

		tap_ok(!show_is_json(guarded, strlen(bad[i])), "no JSON: %zu", i);
		tap_guard_free(guarded, strlen(bad[i]));
	}
	memset(deep, '[', 128);
	memset(deep + 128, ']', 128);
	tap_ok(show_is_json(deep, 256), "128 levels");
	memset(deep, '[', 129);
	memset(deep + 129, ']', 129);
	tap_ok(!show_is_json(deep, 258), "129 levels are too many");
}

/* --- binary ------------------------------------------------------------------------------ */

static void
test_binary(void)
{
	struct show s = plain();
	uint8_t bytes[300];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i + 0x38);
	tap_text(message_of(s, MESSAGE_BINARY, "Hi\0\xff", 4, false),
	    "< 48 69 00 ff  Hi..  (binary, 4 B)\n", "a few bytes");
	tap_text(message_of(s, MESSAGE_BINARY, bytes, 18, false), "< (binary, 18 B)\n"
	    "  0000  38 39 3a 3b 3c 3d 3e 3f 40 41 42 43 44 45 46 47  89:;<=>?@ABCDEFG\n"
	    "  0010  48 49                                            HI\n", "rows");
	s.columns = 40;
	tap_text(message_of(s, MESSAGE_BINARY, bytes, 18, false), "< (binary, 18 B)\n"
	    "  0000  38 39 3a 3b  89:;\n  0004  3c 3d 3e 3f  <=>?\n  0008  40 41 42 43  @ABC\n"
	    "  000c  44 45 46 47  DEFG\n  0010  48 49        HI\n", "narrow rows");
	s.columns = 80;
	s.max_bytes = 32;
	tap_ok(strstr(message_of(s, MESSAGE_BINARY, bytes, 300, false),
	    "UVW\n  … 300 B in all\n") != NULL, "cut");
}

/* --- the conversation -------------------------------------------------------------------- */

static void
test_names(void)
{
	char into[32];

	tap_text(show_code_name(1000), "normal", "1000");
	tap_text(show_code_name(1006), "abnormal", "1006");
	tap_text(show_code_name(1015), "TLS handshake", "1015");
	tap_text(show_code_name(1016), "", "1016");
	tap_text(show_code_name(3000), "unauthorized", "3000");
	tap_text(show_code_name(0), "", "0");
	tap_text(show_size(into, 4300), "4.20 KiB", "a size");
	tap_text(show_time_text(into, 831 * NS_PER_MS), "831 ms", "a time");
}

static const char *
notice(unsigned columns, const char *words)
{
	struct show s = plain();

	s.columns = columns;
	shown.len = 0;
	show_notice(&s, &shown, "%s", words);
	return text();
}

static void
test_notices(void)
{
	struct show s = plain();

	tap_text(notice(80, "hello\033"), "* hello\u241b\n", "a notice");
	tap_text(notice(22, "the server will not let this client in"),
	    "* the server will not\n  let this client in\n", "broken at spaces");
	tap_text(notice(12, "anunbrokenwordthatislong x"), "* anunbrokenwordthatislong\n  x\n",
	    "a word that does not fit");
	tap_text(notice(0, "the server will not let this client in, whatever it may try to do "
	    "about it, and that is that for today"), "* the server will not let this client "
	    "in, whatever it may try to do about it, and that is that for today\n",
	    "not broken where there is no width");
	shown.len = 0;
	show_error(&s, &shown, "%d wrong", 3);
	tap_text(text(), "! 3 wrong\n", "an error");
}

static const char *
ended(unsigned code, const char *reason, bool by_peer, enum err_class class, const char *why)
{
	struct channel_end end = {.code = code, .by_peer = by_peer};
	struct show s = plain();

	end.reason = slice_of(reason);
	if (class != ERR_NONE)
		err_set(&end.why, class, 0, "%s", why);
	shown.len = 0;
	show_end(&s, &shown, &end);
	return text();
}

static void
test_ends(void)
{
	tap_text(ended(1000, "", false, ERR_NONE, ""), "* closed: 1000 normal\n", "ours");
	tap_text(ended(1001, "bye\a", true, ERR_NONE, ""),
	    "* closed by the server: 1001 going away \"bye\u2407\"\n", "the server's");
	tap_text(ended(4001, "", true, ERR_NONE, ""), "* closed by the server: 4001\n",
	    "a code without a name");
	tap_text(ended(1005, "", true, ERR_NONE, ""), "* closed by the server, without a code\n",
	    "no code");
	tap_text(ended(1006, "", true, ERR_CLOSED, "the connection was lost"),
	    "! the connection was lost\n", "lost");
	tap_text(ended(1002, "", false, ERR_PROTOCOL, "a reserved opcode"),
	    "! a reserved opcode (code 1002, protocol error)\n", "a fault");
}

static void
test_opened(void)
{
	static const char answer[] = "HTTP/1.1 101 X\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
	struct stream_times times = {.start = NS_PER_S, .resolved = NS_PER_S + 2 * NS_PER_MS,
	    .connected = NS_PER_S + 5 * NS_PER_MS};
	struct ws_deflate_params deflate = {.server_max_window_bits = 15,
	    .client_max_window_bits = 10, .client_no_context_takeover = true};
	struct http_head head;
	struct channel_opened o = {.head = &head, .times = &times, .deflate = &deflate,
	    .at = NS_PER_S + 10 * NS_PER_MS};
	struct show s = plain();
	struct err e;

	http_head_parse(&head, answer, sizeof answer - 1, 0, &e);
	shown.len = 0;
	show_opened(&s, &shown, &o, "ws://x/", false, false);
	tap_text(text(), "* connected to ws://x/ in 10.0 ms\n  subprotocol  chat\n"
	    "  compression  permessage-deflate, window 2^10 out anew each time, 2^15 in\n",
	    "what was agreed");
	o.deflate = NULL;
	s.columns = 46;
	shown.len = 0;
	show_opened(&s, &shown, &o, "ws://x/", true, true);
	tap_text(text(), "* connected to ws://x/ in 10.0 ms\n  subprotocol  chat\n"
	    "  resolve        2.00 ms  ====\n  connect        3.00 ms      ======\n"
	    "  upgrade        5.00 ms            ==========\n", "how long it took");
}

static const char *
frame_of(struct ws_frame f, const void *data, size_t len, bool out)
{
	struct channel_wire w = {.kind = WIRE_FRAME, .out = out, .frame = &f, .data = data,
	    .len = len, .at = 1};
	struct show s = plain();

	shown.len = 0;
	show_wire(&s, &shown, &w);
	return text();
}

static void
test_wire(void)
{
	struct show s = plain();
	struct channel_wire head = {.kind = WIRE_REQUEST, .out = true,
	    .data = (const uint8_t *)"GET / HTTP/1.1\r\nHost: x\r\nA: \033\r\n\r\n", .len = 36};

	head.len = strlen((const char *)head.data);
	show_wire(&s, (shown.len = 0, &shown), &head);
	tap_text(text(), "> GET / HTTP/1.1\n  Host: x\n  A: \u241b\n", "a head");
	tap_text(frame_of((struct ws_frame){WS_TEXT, true, true, WS_RSV1, {1, 2, 3, 0xff}, 5},
	    "hello", 5, true),
	    "> text FIN RSV1 mask 010203ff 5 B  68 65 6c 6c 6f\n", "a masked and compressed frame");
	tap_text(frame_of((struct ws_frame){.opcode = WS_CONTINUATION, .length = 2000}, "\1\2", 2,
	    false), "< continuation 1.95 KiB  01 02  \u2401\u2402\n", "a fragment");
	tap_text(frame_of((struct ws_frame){.opcode = WS_PING, .fin = true}, NULL, 0, false),
	    "< ping FIN 0 B\n", "an empty one");
	tap_text(frame_of((struct ws_frame){.opcode = WS_CLOSE, .fin = true, .length = 5},
	    "\x03\xe9" "bye", 5, false), "< close FIN 5 B  1001 going away: bye\n", "a close");
	tap_text(frame_of((struct ws_frame){.opcode = WS_CLOSE, .fin = true, .length = 1}, "\3", 1,
	    false), "< close FIN 1 B  03  \u2403\n", "a broken close");
	tap_ok(strlen(frame_of((struct ws_frame){.opcode = WS_BINARY, .fin = true, .length = 999},
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    80, true)) < 90, "a long one stays on a line");
}

int
main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	buf_init(&shown, 1 << 20);
	test_text();
	test_color();
	test_times();
	test_json();
	test_json_long();
	test_is_json();
	test_binary();
	test_names();
	test_notices();
	test_ends();
	test_opened();
	test_wire();
	buf_release(&shown);
	return tap_done();
}
