/* ws_deflate_fuzz.c: what is decompressed is the same however it is cut, what was compressed
 * comes back, and an answer is agreed to or refused.
 *
 * The first byte seeds the cuts, the second chooses what is fuzzed (its low two bits), windows and
 * takeover; the rest is a payload, a message or a field. */
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"
#include "tests/fuzz/fuzz.h"

enum { MAX = 100000 };

static struct ws_deflate_params
params_of(unsigned choice)
{
	uint8_t bits = (uint8_t)(8 + (choice >> 2 & 7));

	return (struct ws_deflate_params){choice >> 5 & 1, choice >> 5 & 1, bits, bits};
}

/* --- in ---------------------------------------------------------------------------------- */

/* Twice the same message, the second with what the first left. */
static void
decompress(const uint8_t *data, size_t len, const struct ws_deflate_params *p, struct rng *cuts,
    struct buf *log)
{
	struct ws_deflate *d = ws_deflate_new(p, NULL);
	struct err e = {0};
	int result = 0;

	for (size_t round = 0; round < 2 && result == 0; round++) {
		struct buf b;
		size_t at = 0;

		buf_init(&b, MAX);
		do {
			size_t left = len - at, n = cuts != NULL ? rng_u64(cuts) % 20 : left;
			uint8_t *piece;

			n = n < left ? n : left;
			piece = copy_of(data + at, n);
			at += n;
			result = ws_deflate_in(d, piece, n, at == len, &b, &e);
			free(piece);
		} while (result == 0 && at < len);
		require(b.len <= MAX && b.cap <= MAX);
		buf_addf(log, "%zu %d %d\n", b.len, (int)e.class, e.code);
		buf_add(log, b.data, b.len);
		buf_release(&b);
	}
	require(result == 0 || e.class == ERR_PROTOCOL || e.class == ERR_LIMIT);
	ws_deflate_free(d);
}

static void
fuzz_in(const uint8_t *data, size_t len, const struct ws_deflate_params *p, struct rng *cuts)
{
	struct buf whole, pieces;

	buf_init(&whole, 1 << 20);
	buf_init(&pieces, 1 << 20);
	decompress(data, len, p, NULL, &whole);
	decompress(data, len, p, cuts, &pieces);
	/* A smaller window may be exceeded as far as one piece reaches; see ws_deflate_in. */
	if (p->server_max_window_bits == 15)
		require_same(&whole, &pieces);
	buf_release(&whole);
	buf_release(&pieces);
}

/* --- out --------------------------------------------------------------------------------- */

/* Messages cut out of the input go through a compressor, whose room is sometimes small. */
static void
fuzz_out(const uint8_t *data, size_t len, const struct ws_deflate_params *p, struct rng *cuts)
{
	struct ws_deflate_pool *pool = ws_deflate_pool_new();
	struct ws_deflate *d = ws_deflate_new(p, pool);
	struct err e = {0};

	for (size_t at = 0, n; at < len; at += n) {
		struct buf packed, back;
		int result;

		n = rng_u64(cuts) % 300;
		n = n < len - at ? n : len - at;
		n += n == 0 && rng_u64(cuts) % 2 == 0;
		buf_init(&packed, rng_u64(cuts) % 4 == 0 ? rng_u64(cuts) % 400 : MAX);
		buf_init(&back, MAX);
		result = ws_deflate_out(d, data + at, n, &packed);
		require(result == 1 || packed.len == 0);
		require(result >= 0 || packed.max < MAX);
		if (result == 1) {
			require(ws_deflate_in(d, packed.data, packed.len, true, &back, &e) == 0);
			require(back.len == n);
			require(n == 0 || memcmp(back.data, data + at, n) == 0);
		}
		buf_release(&packed);
		buf_release(&back);
	}
	ws_deflate_free(d);
	ws_deflate_pool_free(pool);
}

/* --- negotiation ------------------------------------------------------------------------- */

static bool
decided(const struct ws_deflate_params *p)
{
	return p->server_max_window_bits >= 8 && p->server_max_window_bits <= 15 &&
	    p->client_max_window_bits >= 8 && p->client_max_window_bits <= 15;
}

/* The input is an offer, and what it says is asked for; then it is the answer to that. */
static void
fuzz_agreement(const uint8_t *data, size_t len)
{
	static struct http_head head;
	struct ws_deflate_offer offer = {.client_max_window_bits = WS_WINDOW_ANY}, again;
	struct ws_deflate_params p;
	struct err e = {0};
	struct buf b;
	char *text = strndup((const char *)data, len);

	require(text != NULL);
	buf_init(&b, MAX);
	if (ws_deflate_offer_parse(&again, text, &e) == 0) {
		require(ws_deflate_offer_write(&b, &again) == 0 && buf_add(&b, "", 1) == 0);
		require(ws_deflate_offer_parse(&offer, (char *)b.data, &e) == 0);
		require(memcmp(&offer, &again, sizeof offer) == 0);
	} else {
		require(e.class == ERR_USAGE);
	}
	head.count = 1;
	head.fields[0] = (struct http_field){slice_of("Sec-WebSocket-Extensions"),
	    {text, strlen(text)}};
	switch (ws_deflate_agreed(&p, &head, &offer, &e)) {
	case 1:
		require(decided(&p));
		break;
	case 0:
		break;
	default:
		require(e.class == ERR_HANDSHAKE);
	}
	free(text);
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_deflate_params p;
	struct rng cuts;

	if (size < 2)
		return 0;
	rng_init(&cuts, data[0]);
	p = params_of(data[1]);
	if ((data[1] & 3) == 3)
		fuzz_agreement(data + 2, size - 2);
	else if ((data[1] & 3) == 2)
		fuzz_out(data + 2, size - 2, &p, &cuts);
	else
		fuzz_in(data + 2, size - 2, &p, &cuts);
	return 0;
}
