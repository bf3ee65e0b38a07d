/* show_refusal_test.c: answers that open nothing, and what is said about each. */
#include <locale.h>
#include <string.h>

#include "cli/show.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/channel/channel.h"
#include "lib/codec/http_head.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct buf shown;

/* An answer, head and body, as it is shown. */
static bool upgrade = true;

static const char *
refused(const char *answer, size_t len, bool cut)
{
	char *guarded = tap_guard(answer, len);
	struct channel_refusal r = {.cut = cut, .upgrade = upgrade};
	struct channel_end end = {.refusal = &r};
	struct show s = {.time = SHOW_NO_TIME, .columns = 0, .max_bytes = 16384};
	struct http_head head;
	struct err e = {0};
	ssize_t n = http_head_parse(&head, guarded, len, 0, &e);

	shown.len = 0;
	if (n > 0) {
		r.head = &head;
		r.body = (struct slice){guarded + n, len - (size_t)n};
		err_set(&end.why, head.status == 101 ? ERR_HANDSHAKE : ERR_HTTP, head.status,
		    "Sec-WebSocket-Accept is wrong");
		show_refusal(&s, &shown, &end);
	}
	buf_add(&shown, "", 1);
	tap_guard_free(guarded, len);
	return (const char *)shown.data;
}

static const struct {
	const char *name, *answer, *says;
} cases[] = {
	{"401 Bearer", "HTTP/1.1 401 U\r\nWWW-Authenticate: Bearer realm=x\r\n\r\n",
	    "--bearer TOKEN,"},
	{"401 Basic", "HTTP/1.1 401 U\r\nWWW-Authenticate: Basic\r\n\r\n", "--user NAME:PASSWORD"},
	{"401 bare", "HTTP/1.1 401 U\r\n\r\n", "--cookie"},
	{"403", "HTTP/1.1 403 F\r\n\r\n", "--origin"},
	{"403 for the origin", "HTTP/1.1 403 F\r\n\r\nOrigin not allowed", "rejects the origin"},
	{"403 by a firewall", "HTTP/1.1 403 F\r\nServer: cloudflare\r\n\r\n", "firewall"},
	{"404", "HTTP/1.1 404 N\r\n\r\n", "no endpoint at this path"},
	{"405", "HTTP/1.1 405 M\r\n\r\n", "does not take GET"},
	{"400", "HTTP/1.1 400 B\r\n\r\n", "drops Upgrade"},
	{"400 plain HTTP", "HTTP/1.1 400 B\r\n\r\nThe plain HTTP request was sent to HTTPS port",
	    "use wss://"},
	{"400 Socket.IO", "HTTP/1.1 400 B\r\n\r\n{\"code\":0,\"message\":\"Transport unknown\"}",
	    "EIO=4&transport=websocket"},
	{"400 unknown session",
	    "HTTP/1.1 400 B\r\n\r\n{\"code\":1,\"message\":\"Session ID unknown\"}",
	    "sticky sessions"},
	{"426", "HTTP/1.1 426 U\r\n\r\n", "saw no upgrade"},
	{"426 version", "HTTP/1.1 426 U\r\nSec-WebSocket-Version: 8\r\n\r\n", "speaks version 8"},
	{"429", "HTTP/1.1 429 T\r\nRetry-After: 30\r\n\r\n", "asks to wait 30 s"},
	{"429 until", "HTTP/1.1 429 T\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n",
	    "wait until Fri, 31"},
	{"302", "HTTP/1.1 302 F\r\nLocation: wss://y/\r\n\r\n",
	    "is at wss://y/: use that, or --location"},
	{"200", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>",
	    "no WebSocket at this path"},
	{"200 SSE", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
	    "event stream (SSE)"},
	{"200 Engine.IO", "HTTP/1.1 200 OK\r\n\r\n0{\"sid\":\"x\",\"upgrades\":[\"websocket\"]}",
	    "transport=websocket"},
	{"502", "HTTP/1.1 502 B\r\n\r\n", "no server behind it"},
	{"503", "HTTP/1.1 503 S\r\nRetry-After: 5\r\n\r\n", "is full; it asks to wait 5 s"},
	{"504", "HTTP/1.1 504 G\r\n\r\n", "no answer in time"},
	{"101", "HTTP/1.1 101 S\r\n\r\n", "! Sec-WebSocket-Accept is wrong\n"},
	{"another status: no guess", "HTTP/1.1 418 I'm a teapot\r\n\r\n",
	    "! HTTP/1.1 418 I'm a teapot\n"},
};

/* To a request for messages, not for an upgrade. */
static const struct {
	const char *name, *answer, *says;
} message_cases[] = {
	{"404 to a stream", "HTTP/1.1 404 N\r\n\r\n", "no endpoint at this path"},
	{"200 of another type", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>",
	    "something else than an event stream"},
	{"405 to a POST", "HTTP/1.1 405 M\r\nAllow: GET\r\n\r\n", "that method, but GET"},
	{"426 to a stream", "HTTP/1.1 426 U\r\nUpgrade: websocket\r\n\r\n", "-t ws speaks it"},
	{"400 plain HTTP to a stream",
	    "HTTP/1.1 400 B\r\n\r\nThe plain HTTP request was sent to HTTPS port", "use https://"},
	{"400 to a stream: no guess", "HTTP/1.1 400 B\r\n\r\n", "! HTTP/1.1 400 B\n"},
};

static void
test_message_causes(void)
{
	upgrade = false;
	for (size_t i = 0; i < COUNT(message_cases); i++) {
		const char *got = refused(message_cases[i].answer,
		    strlen(message_cases[i].answer), false);

		if (!tap_ok(strstr(got, message_cases[i].says) != NULL, "%s",
		    message_cases[i].name))
			tap_text(got, message_cases[i].says, "was shown");
	}
	upgrade = true;
}

static void
test_causes(void)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = refused(cases[i].answer, strlen(cases[i].answer), false);

		if (!tap_ok(strstr(got, cases[i].says) != NULL, "%s", cases[i].name))
			tap_text(got, cases[i].says, "was shown");
	}
}

static void
test_answers(void)
{
	static const char html[] = "HTTP/1.0 418 No\r\nA: \033b\r\n\r\n<p>\r\n\033[31m</p>\r\n";
	static const char json[] = "HTTP/1.1 418 No\r\n\r\n{\"a\":\n1}";
	static const char binary[] = "HTTP/1.1 418 No\r\n\r\n\0\1\2\377";
	static const char half[] = "HTTP/1.1 418 No\r\n\r\nh\xc3";
	static char big[20000];

	tap_text(refused(html, sizeof html - 1, false),
	    "! HTTP/1.0 418 No\n  A: \u241bb\n\n  <p>\n  \u241b[31m</p>\n", "head and body");
	tap_text(refused(json, sizeof json - 1, false),
	    "! HTTP/1.1 418 No\n\n  {\"a\": 1}\n", "JSON");
	tap_text(refused(binary, sizeof binary - 1, false),
	    "! HTTP/1.1 418 No\n\n  00 01 02 ff  ....\n", "binary");
	tap_text(refused(half, sizeof half - 1, true),
	    "! HTTP/1.1 418 No\n\n  h\n  … and more\n", "cut within a character");
	memset(big, 'x', sizeof big);
	memcpy(big, "HTTP/1.1 418 No\r\n\r\n", 19);
	tap_ok(strlen(refused(big, sizeof big, false)) < 4300 &&
	    strstr((char *)shown.data, "KiB in all") != NULL, "a long one is cut");
}

static void
test_no_answer(void)
{
	struct show s = {.time = SHOW_NO_TIME};
	struct channel_end end = {0};

	err_set(&end.why, ERR_HANDSHAKE, 0, "not HTTP");
	shown.len = 0;
	show_refusal(&s, &shown, &end);
	buf_add(&shown, "", 1);
	tap_text((char *)shown.data, "! not HTTP\n", "no answer at all");
}

int
main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	buf_init(&shown, 1 << 20);
	test_causes();
	test_message_causes();
	test_answers();
	test_no_answer();
	buf_release(&shown);
	return tap_done();
}
