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
	    "X-One: 1\r\nX-Two: 2\r\n\r\n", "a request with everything");
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
		    ws_response_check(&head, request, &e) != 0)
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

int
main(void)
{
	test_keys();
	test_header_check();
	test_request();
	test_response();
	test_subprotocols();
	return tap_done();
}
