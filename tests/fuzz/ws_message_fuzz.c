/* ws_message_fuzz.c: a stream of frames gives the same items and the same error however reads
 * cut it, and every item keeps the promises of ws_message.h.
 *
 * The first byte seeds the cuts, the second chooses the maximum (its low bits) and whether
 * permessage-deflate was agreed on (bit 3; 4: without context takeover); the rest is the stream. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/codec/ws_deflate.h"
#include "lib/codec/ws_frame.h"
#include "lib/codec/ws_message.h"
#include "tests/fuzz/fuzz.h"

static void
check_item(const struct ws_item *item, uint64_t max)
{
	bool message = item->kind == WS_ITEM_TEXT || item->kind == WS_ITEM_BINARY;

	require(item->data != NULL);
	require(item->len <= (message ? max : WS_CONTROL_MAX));
	if (item->kind == WS_ITEM_TEXT || item->kind == WS_ITEM_CLOSE)
		require(utf8_valid(item->data, item->len));
	if (item->kind == WS_ITEM_CLOSE)
		require(ws_close_code_ok(item->code) ||
		    (item->code == WS_CLOSE_NO_STATUS && item->len == 0));
}

/* Feeds one piece and writes down what came out; false after an error. */
static bool
feed(struct ws_reader *r, const uint8_t *data, size_t len, uint64_t max, struct buf *log)
{
	struct ws_item item;
	struct err e;

	do {
		ssize_t n = ws_reader_next(r, data, len, &item, &e);

		if (n < 0) {
			require(e.class == ERR_PROTOCOL || e.class == ERR_LIMIT);
			buf_addf(log, "%d %d %s\n", e.class, e.code, e.text);
			return false;
		}
		require((size_t)n <= len && (n > 0 || len == 0));
		require(item.kind != WS_ITEM_NONE || (size_t)n == len);
		if (item.kind != WS_ITEM_NONE) {
			check_item(&item, max);
			buf_addf(log, "%d %u %zu ", item.kind, item.code, item.len);
			buf_add(log, item.data, item.len);
		}
		data += n;
		len -= (size_t)n;
	} while (item.kind != WS_ITEM_NONE);
	require(ws_reader_midway(r) || (r->partial == NULL && r->control == NULL));
	require(r->partial == NULL || r->partial->cap <= 64 || r->compressed ||
	    r->partial->cap < 2 * r->partial->len);
	return true;
}

/* Each piece in memory of its own size, freed before the next. */
static void
feed_pieces(const uint8_t *data, size_t len, uint64_t max, struct ws_deflate *deflate,
    struct rng *cuts, struct buf *log)
{
	struct ws_reader_extras extras = {.deflate = deflate};
	struct ws_reader r;
	bool fine = true;

	ws_reader_init(&r, max);
	ws_reader_extend(&r, &extras);
	while (fine && len > 0) {
		uint64_t random = cuts != NULL ? rng_u64(cuts) : 0;
		size_t n = cuts == NULL ? len : 1 + random % (random >> 32 & 1 ? 3 : 200);
		uint8_t *piece;

		n = n < len ? n : len;
		piece = copy_of(data, n);
		fine = feed(&r, piece, n, max, log);
		free(piece);
		data += n;
		len -= n;
	}
	if (fine)
		buf_addf(log, ws_reader_midway(&r) ? "midway" : "between");
	ws_reader_release(&r);
	ws_deflate_free(deflate);
}

static struct ws_deflate *
new_deflate(unsigned choice)
{
	struct ws_deflate_params params = {choice & 16, choice & 16, 15, 15};

	return choice & 8 ? ws_deflate_new(&params, NULL) : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t maxima[] = {0, 1, 5, 125, 1000, 65536, 1 << 20, UINT64_MAX};
	struct buf whole, pieces;
	struct rng cuts;
	uint64_t max;

	if (size < 2)
		return 0;
	rng_init(&cuts, data[0]);
	max = maxima[data[1] % 8];
	buf_init(&whole, 64 << 20);
	buf_init(&pieces, 64 << 20);
	feed_pieces(data + 2, size - 2, max, new_deflate(data[1]), NULL, &whole);
	feed_pieces(data + 2, size - 2, max, new_deflate(data[1]), &cuts, &pieces);
	require_same(&whole, &pieces);
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
