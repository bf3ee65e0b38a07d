#include "lib/codec/ws_handshake.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/base/slice.h"
#include "lib/codec/http_head.h"
#include "lib/codec/http_request.h"
#include "lib/codec/ws_deflate.h"

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";   /* RFC 6455, 1.3 */

/* What the handshake writes by itself. A second Sec-WebSocket-Protocol would be an offer that
 * ws_response_check knows nothing of. */
static const char *const owned[] = {
	"Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version",
	"Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", NULL,
};

int
ws_header_check(const char *line, struct err *e)
{
	return http_line_check_but(line, owned, "the opening handshake itself writes", e);
}

/* The lines of both lists; NULL behind the last. */
static const char *
header_at(const struct ws_request *request, size_t i)
{
	if (i < request->header_count)
		return request->headers[i];
	i -= request->header_count;
	return i < request->more_header_count ? request->more_headers[i] : NULL;
}

/* The first header of that name; the number of headers when there is none. */
static size_t
find_header(const struct ws_request *request, const char *name)
{
	const char *line;
	size_t i = 0;

	while ((line = header_at(request, i)) != NULL &&
	    !slice_eq_nocase(http_line_name(line), name))
		i++;
	return i;
}

static int
write_subprotocols(struct buf *into, const struct ws_request *request)
{
	for (size_t i = 0; i < request->subprotocol_count; i++)
		if (buf_addf(into, "%s%s", i == 0 ? "Sec-WebSocket-Protocol: " : ", ",
		    request->subprotocols[i]) != 0)
			return -1;
	return request->subprotocol_count > 0 ? buf_add_text(into, "\r\n") : 0;
}

static int
write_extensions(struct buf *into, const struct ws_request *request)
{
	if (request->deflate == NULL)
		return 0;
	if (buf_add_text(into, "Sec-WebSocket-Extensions: ") != 0 ||
	    ws_deflate_offer_write(into, request->deflate) != 0)
		return -1;
	return buf_add_text(into, "\r\n");
}

static int
write_request(struct buf *into, const struct ws_request *request)
{
	size_t host = find_header(request, "Host");
	const char *line = header_at(request, host);

	if (buf_addf(into, "GET %s HTTP/1.1\r\n", request->target) != 0 ||
	    buf_addf(into, "%s%s\r\n", line != NULL ? "" : "Host: ",
	    line != NULL ? line : request->authority) != 0 ||
	    buf_addf(into, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n", request->key) != 0 ||
	    write_subprotocols(into, request) != 0 || write_extensions(into, request) != 0)
		return -1;
	if (request->origin != NULL && buf_addf(into, "Origin: %s\r\n", request->origin) != 0)
		return -1;
	for (size_t i = 0; (line = header_at(request, i)) != NULL; i++)
		if (i != host && buf_addf(into, "%s\r\n", line) != 0)
			return -1;
	return buf_add_text(into, "\r\n");
}

int
ws_request_write(struct buf *into, const struct ws_request *request)
{
	size_t before = into->len;

	if (write_request(into, request) == 0)
		return 0;
	into->len = before;
	return -1;
}

void
ws_key_make(char *key, struct rng *rng)
{
	uint64_t nonce[2] = {rng_u64(rng), rng_u64(rng)};

	base64_encode(key, nonce, sizeof nonce);
}

void
ws_accept_make(char *accept, const char *key)
{
	char text[WS_KEY_LENGTH + sizeof guid];
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	memcpy(text, key, WS_KEY_LENGTH);
	memcpy(text + WS_KEY_LENGTH, guid, sizeof guid);
	EVP_Digest(text, sizeof text - 1, digest, &size, EVP_sha1(), NULL);
	base64_encode(accept, digest, size);
}

static int
wrong(struct err *e, const char *name, struct slice got, const char *expected)
{
	if (got.data == NULL)
		return err_set(e, ERR_HANDSHAKE, 0,
		    "no %s in the 101 response: expected %.60s", name, expected);
	return err_set(e, ERR_HANDSHAKE, 0, "%s is '%.*s' in the 101 response: expected %.60s",
	    name, got.len < 60 ? (int)got.len : 60, got.data, expected);
}

static int
check_subprotocol(const struct http_head *head, const struct ws_request *request,
    struct err *e)
{
	static const char name[] = "Sec-WebSocket-Protocol";
	struct slice chosen = http_head_field(head, name);

	if (chosen.data == NULL)
		return 0;
	if (request->subprotocol_count == 0)
		return wrong(e, name, chosen, "none, since none was offered");
	if (http_head_count(head, name) > 1)
		return wrong(e, name, chosen, "one field only");
	for (size_t i = 0; i < request->subprotocol_count; i++)
		if (slice_eq(chosen, request->subprotocols[i]))
			return 0;
	return wrong(e, name, chosen, "one of those offered");
}

int
ws_response_check(const struct http_head *head, const struct ws_request *request,
    struct ws_deflate_params *deflate, struct err *e)
{
	static const char accept_name[] = "Sec-WebSocket-Accept";
	char accept[WS_ACCEPT_LENGTH + 1];
	struct slice got;

	if (head->status != 101)
		return err_set(e, ERR_HTTP, head->status,
		    "the server refused the upgrade: %d%s%.*s", head->status,
		    head->reason.len > 0 ? " " : "",
		    head->reason.len < 80 ? (int)head->reason.len : 80, head->reason.data);
	got = http_head_field(head, "Upgrade");
	if (!slice_eq_nocase(got, "websocket"))
		return wrong(e, "Upgrade", got, "websocket");
	if (!http_head_lists(head, "Connection", "Upgrade"))
		return wrong(e, "Connection", http_head_field(head, "Connection"), "Upgrade");
	ws_accept_make(accept, request->key);
	got = http_head_field(head, accept_name);
	if (!slice_eq(got, accept))
		return wrong(e, accept_name, got, accept);
	if (http_head_count(head, accept_name) > 1)
		return wrong(e, accept_name, got, "one field only");
	if (check_subprotocol(head, request, e) != 0)
		return -1;
	return ws_deflate_agreed(deflate, head, request->deflate, e);
}
