/* ws_handshake_test.c: the opening handshake (RFC 6455, 1.3, 4.1, 4.2.2). */
#include "lib/codec/ws_handshake.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char rfc_key[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char rfc_accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

static void
test_keys(void)
{
	char accept[WS_ACCEPT_LENGTH + 1], key[WS_KEY_LENGTH + 1], other[WS_KEY_LENGTH + 1];
	uint8_t secret[32];
	struct rng rng;

	ws_accept_make(accept, rfc_key);
	tap_text(accept, rfc_accept, "the accept key of RFC 6455, 1.3");
	rng_init(&rng, 1);
	ws_key_make(key, &rng);
	ws_key_make(other, &rng);
	tap_int((long long)strlen(key), WS_KEY_LENGTH, "a key has 24 characters");
	tap_int(base64_decode(secret, key, strlen(key)), 16, "which are 16 bytes");
	tap_ok(strcmp(key, other) != 0, "and no two are the same");
}

static void
test_header_check(void)
{
	static const char *const good[] = {"A: b", "A:b", "A:", "X-Token: a:b",
	    "Host: other", "Cookie: a=b; c=d", "A: \tb", "A: gr\xc3\xbc\xc3\x9f",
	    "Origin: http://x", "Sec-WebSocket-Foo: x"};
	static const char *const bad[] = {"", "A", ":", ": b", "A b: c", "A : b", " A: b",
	    "A(: b", "A: b\r\nC: d", "A: b\n", "A: b\r", "A: \x01", "A: \x7f",
	    "\xc3\xbc: x", "A\t: b"};
	static const char *const owned[] = {"Upgrade: x", "connection: close",
	    "SEC-WEBSOCKET-KEY: x", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Accept: x",
	    "Sec-WebSocket-Extensions: permessage-deflate", "sec-websocket-protocol: chat"};
	struct err e;

	for (size_t i = 0; i < COUNT(good); i++)
		tap_ok(ws_header_check(good[i], NULL) == 0, "header '%s'", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++) {
		e = (struct err){0};
		tap_ok(ws_header_check(bad[i], &e) == -1 && e.class == ERR_USAGE,
		    "refused: %s", e.text);
	}
	for (size_t i = 0; i < COUNT(owned); i++) {
		e = (struct err){0};
		tap_ok(ws_header_check(owned[i], &e) == -1 && e.class == ERR_USAGE,
		    "owned: %s", e.text);
	}
}

static void
check_request(const struct ws_request *request, const char *want, const char *name)
{
	size_t size = strlen(want);
	struct buf b;

	buf_init(&b, size);
	tap_int(ws_request_write(&b, request), 0, name);
	tap_bytes(b.data, b.len, want, size, name);
	buf_release(&b);
	buf_init(&b, size - 1);
	buf_add_text(&b, "x");
	tap_int(ws_request_write(&b, request), -1, "a buf that is too small");
	tap_bytes(b.data, b.len, "x", 1, "is left as it was");
	buf_release(&b);
}

static void
test_request(void)
{
	static const char *const subprotocols[] = {"chat", "superchat"};
	static const char *const headers[] = {"X-One: 1", "host: proxy.example", "X-Two: 2"};
	static const char *const more[] = {"Cookie: a=b", "Host: third.example"};
	static const struct ws_deflate_offer offer = {.client_max_window_bits = WS_WINDOW_ANY};
	struct ws_request r = {.target = "/chat?room=1", .authority = "server.example.com:81",
	    .key = rfc_key};

	check_request(&r, "GET /chat?room=1 HTTP/1.1\r\nHost: server.example.com:81\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
	    "the least request");
	r.origin = "http://example.com";
	r.subprotocols = subprotocols;
	r.subprotocol_count = 2;
	r.headers = headers;
	r.header_count = 3;
	check_request(&r, "GET /chat?room=1 HTTP/1.1\r\nhost: proxy.example\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Protocol: chat, superchat\r\nOrigin: http://example.com\r\n"
	    "X-One: 1\r\nX-Two: 2\r\n\r\n", "a request with much");
	r = (struct ws_request){.target = "/", .authority = "server", .key = rfc_key,
	    .deflate = &offer, .headers = headers, .header_count = 1, .more_headers = more,
	    .more_header_count = 1};
	check_request(&r, "GET / HTTP/1.1\r\nHost: server\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
	    "X-One: 1\r\nCookie: a=b\r\n\r\n", "an extension, and headers from two places");
	r.deflate = NULL;
	r.more_header_count = 2;
	check_request(&r, "GET / HTTP/1.1\r\nHost: third.example\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	    "X-One: 1\r\nCookie: a=b\r\n\r\n", "a Host from the second place");
}

/* --- responses ----------------------------------------------------------------------- */

#define LINE "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

struct vector {
	const char *name;
	const char *response;
	const char *want;          /* "" when it is accepted, else class, code and the sentence */
};

static void
check_responses(const struct ws_request *request, const struct vector *vectors, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct http_head head;
		struct err e = {0};
		char got[300] = "";
		size_t len = strlen(vectors[i].response);
		char *guarded = tap_guard(vectors[i].response, len);

		if (http_head_parse(&head, guarded, len, 0, &e) != (ssize_t)len ||
		    ws_response_check(&head, request, NULL, &e) != 0)
			snprintf(got, sizeof got, "%s %d: %s", err_class_name(e.class), e.code,
			    e.text);
		tap_guard_free(guarded, len);
		tap_text(got, vectors[i].want, vectors[i].name);
	}
}

static void
test_response(void)
{
	static const struct vector vectors[] = {
		{"the response of RFC 6455, 1.3", LINE UPGRADE CONNECTION ACCEPT "\r\n", ""},
		{"any case, any order, more tokens", "HTTP/1.1 101\r\n" ACCEPT
		    "connection: keep-alive, UPGRADE\r\nUPGRADE: WebSocket\r\n\r\n", ""},
		{"as nginx with nchan answers", "HTTP/1.1 101 Switching Protocols\r\n"
		    "Server: nginx/1.22.1\r\nDate: Mon, 24 Nov 2025 11:00:00 GMT\r\n"
		    "Content-Length: 0\r\nConnection: upgrade\r\n" ACCEPT
		    "Upgrade: websocket\r\n\r\n", ""},
		{"several Connection fields and empty elements", LINE UPGRADE
		    "Connection: keep-alive\r\nConnection: , upgrade ,\r\n" ACCEPT "\r\n", ""},
		{"an empty list of extensions", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Extensions:\r\n\r\n", ""},
		{"403", "HTTP/1.1 403 Forbidden\r\n\r\n",
		    "http 403: the server refused the upgrade: 403 Forbidden"},
		{"200 without a reason", "HTTP/1.1 200\r\n\r\n",
		    "http 200: the server refused the upgrade: 200"},
		{"100 is not 101", "HTTP/1.1 100 Continue\r\n\r\n",
		    "http 100: the server refused the upgrade: 100 Continue"},
		{"no Upgrade", LINE CONNECTION ACCEPT "\r\n",
		    "handshake 0: no Upgrade in the 101 response: expected websocket"},
		{"another Upgrade", LINE "Upgrade: h2c\r\n" CONNECTION ACCEPT "\r\n",
		    "handshake 0: Upgrade is 'h2c' in the 101 response: expected websocket"},
		{"no Connection", LINE UPGRADE ACCEPT "\r\n",
		    "handshake 0: no Connection in the 101 response: expected Upgrade"},
		{"another Connection", LINE UPGRADE "Connection: close\r\n" ACCEPT "\r\n",
		    "handshake 0: Connection is 'close' in the 101 response: expected Upgrade"},
		{"no accept key", LINE UPGRADE CONNECTION "\r\n",
		    "handshake 0: no Sec-WebSocket-Accept in the 101 response: expected "
		    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"another accept key",
		    LINE UPGRADE CONNECTION "Sec-WebSocket-Accept: x\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Accept is 'x' in the 101 response: expected "
		    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"the accept key in another case", LINE UPGRADE CONNECTION
		    "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Accept is 'S3PPLMBITXAQ9KYGZZHZRBK+XOO=' in the "
		    "101 response: expected s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
		{"two accept keys", LINE UPGRADE CONNECTION ACCEPT ACCEPT "\r\n",
		    "handshake 0: Sec-WebSocket-Accept is 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' in the "
		    "101 response: expected one field only"},
		{"an extension", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Extensions is 'permessage-deflate' in the 101 "
		    "response: expected none, since none was offered"},
		{"a subprotocol that nobody asked for", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Protocol: chat\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Protocol is 'chat' in the 101 response: expected "
		    "none, since none was offered"},
	};
	struct ws_request request = {.key = rfc_key};

	check_responses(&request, vectors, COUNT(vectors));
}

static void
test_subprotocols(void)
{
	static const struct vector vectors[] = {
		{"the first offered", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Protocol: chat\r\n\r\n", ""},
		{"the second offered", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Protocol: superchat\r\n\r\n", ""},
		{"none chosen", LINE UPGRADE CONNECTION ACCEPT "\r\n", ""},
		{"one that was not offered", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Protocol is 'mqtt' in the 101 response: expected "
		    "one of those offered"},
		{"another case", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Protocol: Chat\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Protocol is 'Chat' in the 101 response: expected "
		    "one of those offered"},
		{"both of them", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Protocol: chat, superchat\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Protocol is 'chat, superchat' in the 101 "
		    "response: expected one of those offered"},
		{"two fields", LINE UPGRADE CONNECTION ACCEPT
		    "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
		    "handshake 0: Sec-WebSocket-Protocol is 'chat' in the 101 response: expected "
		    "one field only"},
	};
	static const char *const offered[] = {"chat", "superchat"};
	struct ws_request request = {.key = rfc_key, .subprotocols = offered,
	    .subprotocol_count = 2};

	check_responses(&request, vectors, COUNT(vectors));
}

/* --- permessage-deflate -------------------------------------------------------------- */

struct agreement {
	const char *name, *offer, *answer;
	const char *want;          /* "scto ccto server client", "none", or what was expected */
};

static void
check_agreement(const struct agreement *a)
{
	char response[1000], got[300];
	struct ws_deflate_offer offer;
	struct ws_request request = {.key = rfc_key, .deflate = &offer};
	struct ws_deflate_params p;
	struct http_head head;
	struct err e = {0};
	int result;

	if (ws_deflate_offer_parse(&offer, a->offer, &e) != 0) {
		tap_ok(false, "%s: %s", a->name, e.text);
		return;
	}
	snprintf(response, sizeof response, "%s%s\r\n", LINE UPGRADE CONNECTION ACCEPT,
	    a->answer);
	http_head_parse(&head, response, strlen(response), 0, NULL);
	result = ws_response_check(&head, &request, &p, &e);
	snprintf(got, sizeof got, "none");
	if (result == 1)
		snprintf(got, sizeof got, "%d %d %d %d", p.server_no_context_takeover,
		    p.client_no_context_takeover, p.server_max_window_bits,
		    p.client_max_window_bits);
	if (result < 0)
		snprintf(got, sizeof got, "%s", e.class == ERR_HANDSHAKE &&
		    strstr(e.text, "expected ") != NULL ? strstr(e.text, "expected ") + 9 :
		    "another class or sentence");
	tap_text(got, a->want, a->name);
}

#define EXT "Sec-WebSocket-Extensions: "
#define PMD EXT "permessage-deflate"

static void
test_agreements(void)
{
	static const char unknown[] = "(server|client)_no_context_takeover or "
	    "(server|client)_max_window_bits";
	const struct agreement list[] = {
		{"declined", "", "", "none"},
		{"an empty field", "", EXT "\r\n", "none"},
		{"only empty elements", "", EXT " , ,\r\n", "none"},
		{"agreed", "", PMD "\r\n", "0 0 15 15"},
		{"in a list with empty elements", "", EXT ", permessage-deflate ,\r\n",
		    "0 0 15 15"},
		{"all parameters", "client_max_window_bits", PMD "; server_no_context_takeover;"
		    "client_no_context_takeover ; server_max_window_bits = 10; "
		    "client_max_window_bits=\"9\"\r\n", "1 1 10 9"},
		{"a quoted value with an escape", "client_max_window_bits",
		    PMD "; client_max_window_bits=\"1\\0\"\r\n", "0 0 15 10"},
		{"a hint is kept without an answer to it",
		    "client_no_context_takeover; client_max_window_bits=10", PMD "\r\n",
		    "0 1 15 10"},
		{"and with a larger one", "client_max_window_bits=10",
		    PMD "; client_max_window_bits=12\r\n", "0 0 15 10"},
		{"a smaller one holds", "client_max_window_bits=10",
		    PMD "; client_max_window_bits=8\r\n", "0 0 15 8"},
		{"what was asked of the server",
		    "server_no_context_takeover; server_max_window_bits=12",
		    PMD "; server_no_context_takeover; server_max_window_bits=11\r\n",
		    "1 0 11 15"},
		{"another extension", "", EXT "x-webkit-deflate-frame\r\n",
		    "none but permessage-deflate, which was offered"},
		{"another one beside it", "", PMD ", foo\r\n",
		    "none but permessage-deflate, which was offered"},
		{"another case", "", EXT "Permessage-Deflate\r\n",
		    "none but permessage-deflate, which was offered"},
		{"twice", "", PMD ", permessage-deflate\r\n", "no extension twice"},
		{"twice, in two fields", "", PMD "\r\n" PMD "\r\n", "no extension twice"},
		{"an unknown parameter", "", PMD "; foo\r\n", unknown},
		{"a parameter of no name", "", PMD ";\r\n", unknown},
		{"a repeated parameter", "", PMD "; server_no_context_takeover; "
		    "server_no_context_takeover\r\n", "no parameter twice"},
		{"a value where none may be", "", PMD "; server_no_context_takeover=1\r\n",
		    "no value for a _no_context_takeover"},
		{"no value where one must be", "", PMD "; server_max_window_bits\r\n",
		    "a value for server_max_window_bits"},
		{"client bits without a value", "client_max_window_bits",
		    PMD "; client_max_window_bits\r\n", "a value for client_max_window_bits"},
		{"an equals sign without a value", "", PMD "; server_max_window_bits=\r\n",
		    "a value behind each '='"},
		{"an empty quoted value", "", PMD "; server_max_window_bits=\"\"\r\n",
		    "a value behind each '='"},
		{"an open quoted value", "", PMD "; server_max_window_bits=\"10\r\n",
		    "a value behind each '='"},
		{"7 bits", "", PMD "; server_max_window_bits=7\r\n",
		    "window bits from 8 to 15"},
		{"16 bits", "", PMD "; server_max_window_bits=16\r\n",
		    "window bits from 8 to 15"},
		{"a leading zero", "", PMD "; server_max_window_bits=09\r\n",
		    "window bits from 8 to 15"},
		{"a long number", "", PMD "; server_max_window_bits=1000000000000000000010\r\n",
		    "window bits from 8 to 15"},
		{"no number", "", PMD "; server_max_window_bits=ten\r\n",
		    "window bits from 8 to 15"},
		{"client bits that were not offered", "", PMD "; client_max_window_bits=10\r\n",
		    "no client_max_window_bits, since it was not offered"},
		{"server bits beyond those offered", "server_max_window_bits=10",
		    PMD "; server_max_window_bits=11\r\n",
		    "no larger server_max_window_bits than were offered"},
		{"server bits that are not answered", "server_max_window_bits=10", PMD "\r\n",
		    "server_max_window_bits, as was offered"},
		{"a takeover that is not renounced", "server_no_context_takeover", PMD "\r\n",
		    "server_no_context_takeover, as was offered"},
		{"something between", "", PMD " foo\r\n", "a list as in RFC 6455, 9.1"},
	};

	for (size_t i = 0; i < COUNT(list); i++)
		check_agreement(&list[i]);
}

static void
test_offers(void)
{
	static const struct {
		const char *text, *want;       /* NULL: refused */
	} list[] = {
		{"", "permessage-deflate"},
		{"  ", "permessage-deflate"},
		{"permessage-deflate", "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits",
		    "permessage-deflate; client_max_window_bits"},
		{"client_max_window_bits", "permessage-deflate; client_max_window_bits"},
		{"client_max_window_bits=10", "permessage-deflate; client_max_window_bits=10"},
		{" client_max_window_bits = \"8\" ; server_no_context_takeover;"
		    "server_max_window_bits=15;client_no_context_takeover",
		    "permessage-deflate; server_no_context_takeover; "
		    "client_no_context_takeover; server_max_window_bits=15; "
		    "client_max_window_bits=8"},
		{"server_max_window_bits", NULL},
		{"server_max_window_bits=16", NULL},
		{"client_max_window_bits=0", NULL},
		{"client_max_window_bits=255", NULL},
		{"server_no_context_takeover=1", NULL},
		{"server_no_context_takeover server_max_window_bits=9", NULL},
		{"permessage-deflate server_no_context_takeover", NULL},
		{"server_no_context_takeover, x", NULL},
		{"server_no_context_takeover; server_no_context_takeover", NULL},
		{"; server_no_context_takeover", NULL},
		{"foo", NULL},
		{"=", NULL},
	};

	for (size_t i = 0; i < COUNT(list); i++) {
		struct ws_deflate_offer o;
		struct err e = {0};
		struct buf b;
		int result = ws_deflate_offer_parse(&o, list[i].text, &e);

		buf_init(&b, 1000);
		if (list[i].want == NULL)
			tap_ok(result == -1 && e.class == ERR_USAGE, "refused: %s", e.text);
		else if (result == 0 && ws_deflate_offer_write(&b, &o) == 0)
			tap_bytes(b.data, b.len, list[i].want, strlen(list[i].want),
			    list[i].want);
		else
			tap_ok(false, "offer '%s': %s", list[i].text, e.text);
		buf_release(&b);
	}
}

int
main(void)
{
	test_keys();
	test_header_check();
	test_request();
	test_response();
	test_subprotocols();
	test_agreements();
	test_offers();
	return tap_done();
}
