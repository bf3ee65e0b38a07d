/* http_body_fuzz.c: a body is the same however reads cut it, its pieces lie where they were, and
 * nothing is taken behind its end.
 *
 * The first byte seeds the cuts; then comes a response head, then what is behind it. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_body.h"
#include "lib/codec/http_head.h"
#include "tests/fuzz/fuzz.h"

/* Takes a piece; false after an error. Raises *taken. */
static bool
feed(struct http_body *b, const char *data, size_t len, size_t *taken, struct buf *log)
{
	struct slice piece;
	struct err e = {0};

	while (len > 0 && !http_body_done(b)) {
		ssize_t used = http_body_next(b, data, len, &piece, &e);

		if (used < 0) {
			require(e.class == ERR_PROTOCOL || e.class == ERR_LIMIT);
			buf_addf(log, "|%d %s", (int)e.class, e.text);
			return false;
		}
		require(used > 0 && (size_t)used <= len);
		require(piece.data >= data && piece.data + piece.len <= data + used);
		buf_add(log, piece.data, piece.len);
		data += used;
		len -= (size_t)used;
		*taken += (size_t)used;
	}
	return true;
}

static void
feed_pieces(const struct http_head *head, const char *data, size_t len, struct rng *cuts,
    struct buf *log)
{
	struct http_body b;
	struct err e = {0};
	size_t taken = 0;
	bool fine = true;

	if (http_body_begin(&b, head, false, &e) != 0) {
		require(e.class == ERR_PROTOCOL);
		return;
	}
	for (size_t at = 0, n; at < len && fine; at += n) {
		char *piece;

		n = next_piece(cuts, len - at);
		piece = copy_of(data + at, n);
		fine = feed(&b, piece, n, &taken, log);
		free(piece);
	}
	if (fine)
		buf_addf(log, "|%zu %d %d", taken, http_body_done(&b), http_body_end(&b, &e));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_head head;
	const char *text = (const char *)data + 1;
	struct buf whole, pieces;
	struct rng cuts;
	ssize_t used;

	if (size < 1 || (used = http_head_parse(&head, text, size - 1, 0, NULL)) <= 0)
		return 0;
	text += used;
	size -= (size_t)used + 1;
	rng_init(&cuts, data[0]);
	buf_init(&whole, 1 << 20);
	buf_init(&pieces, 1 << 20);
	feed_pieces(&head, text, size, NULL, &whole);
	feed_pieces(&head, text, size, &cuts, &pieces);
	require_same(&whole, &pieces);
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
