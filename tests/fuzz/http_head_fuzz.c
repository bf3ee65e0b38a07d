/* http_head_fuzz.c: a response head is the same whether its bytes come at once or in pieces,
 * and what is accepted keeps the promises of http_head.h.
 *
 * The first byte seeds the pieces; the rest is the head and what follows it. */
#include <string.h>

#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"
#include "lib/codec/ws_handshake.h"
#include "tests/fuzz/fuzz.h"

static void
check_slice(struct slice s, const char *data, size_t len)
{
	require(s.data >= data && s.data + s.len <= data + len);
	require(memchr(s.data, '\0', s.len) == NULL && memchr(s.data, '\r', s.len) == NULL &&
	    memchr(s.data, '\n', s.len) == NULL);
}

static void
check_head(const struct http_head *head, const char *data, size_t len)
{
	require(head->minor >= 0 && head->minor <= 9);
	require(head->status >= 100 && head->status <= 999);
	require(head->count <= HTTP_FIELDS_MAX && len <= HTTP_HEAD_MAX);
	check_slice(head->reason, data, len);
	for (size_t i = 0; i < head->count; i++) {
		struct slice value = head->fields[i].value;

		check_slice(head->fields[i].name, data, len);
		check_slice(value, data, len);
		require(head->fields[i].name.len > 0);
		require(memchr(head->fields[i].name.data, ':',
		    head->fields[i].name.len) == NULL);
		require(slice_trim(value).len == value.len);
	}
}

static void
check_same(const struct http_head *a, const char *a_data, const struct http_head *b,
    const char *b_data)
{
	require(a->status == b->status && a->minor == b->minor && a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		require(a->fields[i].name.data - a_data == b->fields[i].name.data - b_data);
		require(a->fields[i].name.len == b->fields[i].name.len);
		require(a->fields[i].value.data - a_data == b->fields[i].value.data - b_data);
		require(a->fields[i].value.len == b->fields[i].value.len);
	}
}

/* The handshake judges whatever head it is given. */
static void
judge(const struct http_head *head)
{
	static const char *const offered[] = {"chat"};
	static const struct ws_deflate_offer offer = {.client_max_window_bits = WS_WINDOW_ANY};
	struct ws_request request = {.key = "dGhlIHNhbXBsZSBub25jZQ==",
	    .subprotocols = offered, .subprotocol_count = 1, .deflate = &offer};
	struct ws_deflate_params agreed = {0};
	struct err e = {0};
	int result = ws_response_check(head, &request, &agreed, &e);

	if (result >= 0)
		require(head->status == 101);
	if (result == 1)
		require(agreed.server_max_window_bits >= 8 && agreed.server_max_window_bits <= 15 &&
		    agreed.client_max_window_bits >= 8 && agreed.client_max_window_bits <= 15);
	if (result < 0)
		require(e.class == (head->status == 101 ? ERR_HANDSHAKE : ERR_HTTP));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_head whole, grown;
	const char *text = (const char *)data + 1;
	struct err whole_error = {0}, error = {0};
	ssize_t want, got = 0;
	struct rng pieces;

	if (size < 1)
		return 0;
	rng_init(&pieces, data[0]);
	size--;
	want = http_head_parse(&whole, text, size, 0, &whole_error);
	require(want <= (ssize_t)size);
	for (size_t n = 0, seen = 0; got == 0; seen = n) {
		char *copy;

		n += 1 + rng_u64(&pieces) % (size < 4000 ? 30 : 2000);
		n = n < size ? n : size;
		copy = copy_of(text, n);
		got = http_head_parse(&grown, copy, n, seen, &error);
		if (got > 0)
			check_same(&whole, text, &grown, copy);
		free(copy);
		if (n == size)
			break;
	}
	require(got == want);
	require(want >= 0 || (error.class == whole_error.class &&
	    error.code == whole_error.code));
	if (want > 0) {
		check_head(&whole, text, (size_t)want);
		require(http_head_parse(&grown, text, (size_t)want, 0, NULL) == want);
		require(http_head_parse(&grown, text, (size_t)want - 1, 0, NULL) == 0);
		judge(&whole);
	}
	return 0;
}
