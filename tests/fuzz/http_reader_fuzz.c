/* http_reader_fuzz.c: the answers on a connection are the same however reads cut them, what
 * they lend lies where it was, and an error comes behind all that was good before it.
 *
 * The first byte seeds the cuts, the bits of the second say which questions are HEAD;
 * then come the bytes of the connection, on which there is always one more question. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/codec/http_reader.h"
#include "tests/fuzz/fuzz.h"

struct run {
	struct http_reader reader;
	struct http_head head;
	struct buf log;
	uint64_t body, sum;        /* of the answer under way: its length and FNV-1a hash */
	unsigned asked;
	uint8_t to_head;
	bool failed;
};

static bool
within(struct slice part, const char *data, size_t len)
{
	return part.data >= data && part.data + part.len <= data + len;
}

static void
ask(struct run *run)
{
	http_reader_begin(&run->reader, run->to_head >> run->asked++ % 8 & 1);
	require(http_reader_untouched(&run->reader));
	run->body = 0;
	run->sum = 0xcbf29ce484222325;
}

static void
check_head(struct run *run, const struct http_item *item, const char *data, size_t used)
{
	require(item->bytes.data == data && item->bytes.len == used && used > 0);
	require(within(run->head.reason, data, used));
	for (size_t i = 0; i < run->head.count; i++) {
		require(within(run->head.fields[i].name, data, used));
		require(within(run->head.fields[i].value, data, used));
	}
	buf_addf(&run->log, "|%d %d ", (int)item->kind, run->head.status);
	buf_add(&run->log, data, used);
}

/* Pieces may be cut differently: their sum is what counts. */
static void
add_body(struct run *run, struct slice bytes)
{
	require(bytes.len > 0);
	run->body += bytes.len;
	for (size_t i = 0; i < bytes.len; i++)
		run->sum = (run->sum ^ (uint8_t)bytes.data[i]) * 0x100000001b3;
}

static void
log_body(struct run *run, const char *how)
{
	buf_addf(&run->log, "|%s %d %llu %llx", how, http_reader_persists(&run->reader),
	    (unsigned long long)run->body, (unsigned long long)run->sum);
}

static void
take_item(struct run *run, const struct http_item *item, const char *data, size_t used)
{
	switch (item->kind) {
	case HTTP_ITEM_NONE:
		require(item->bytes.len == 0);
		break;
	case HTTP_ITEM_INTERIM:
		require(run->head.status < 200 && run->head.status != 101);
		check_head(run, item, data, used);
		break;
	case HTTP_ITEM_HEAD:
		require(run->head.status >= 200);
		check_head(run, item, data, used);
		break;
	case HTTP_ITEM_DATA:
		require(run->reader.coding != NULL || within(item->bytes, data, used));
		add_body(run, item->bytes);
		break;
	case HTTP_ITEM_END:
		log_body(run, "end");
		require(run->reader.coding == NULL);
		ask(run);
		break;
	}
}

/* The number of bytes that are left; they are those of a head that is not complete. */
static size_t
feed(struct run *run, const char *data, size_t len)
{
	struct http_item item;
	struct err e = {0};

	do {
		ssize_t used = http_reader_next(&run->reader, (const uint8_t *)data, len,
		    &run->head, &item, &e);

		if (used < 0) {
			require(e.class == ERR_PROTOCOL || e.class == ERR_LIMIT);
			buf_addf(&run->log, "|error %d", (int)e.class);
			log_body(run, "failed");
			run->failed = true;
			return 0;
		}
		require((size_t)used <= len && (used > 0 || item.kind != HTTP_ITEM_INTERIM));
		take_item(run, &item, data, (size_t)used);
		data += used;
		len -= (size_t)used;
	} while (item.kind != HTTP_ITEM_NONE);
	return len;
}

static void
end(struct run *run)
{
	bool untouched = http_reader_untouched(&run->reader);
	struct err e = {0};
	int result = http_reader_end(&run->reader, &e);

	require(result == 1 || (result == -1 && e.class == ERR_CLOSED) ||
	    (result == 0 && run->failed));
	require(!untouched || result == -1);
	log_body(run, result == 1 ? "complete" : untouched ? "untouched" : e.text);
}

static void
run_pieces(struct run *run, const uint8_t *data, size_t len, struct rng *cuts)
{
	size_t taken = 0, shown = 0;

	buf_init(&run->log, 1 << 20);
	ask(run);
	while (shown < len && !run->failed) {
		char *bytes;

		shown += next_piece(cuts, len - shown);
		bytes = copy_of(data + taken, shown - taken);
		taken = shown - feed(run, bytes, shown - taken);
		free(bytes);
	}
	end(run);
	http_reader_release(&run->reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, pieces;
	struct rng cuts;

	if (size < 2)
		return 0;
	rng_init(&cuts, data[0]);
	whole = pieces = (struct run){.to_head = data[1]};
	run_pieces(&whole, data + 2, size - 2, NULL);
	run_pieces(&pieces, data + 2, size - 2, &cuts);
	require_same(&whole.log, &pieces.log);
	buf_release(&whole.log);
	buf_release(&pieces.log);
	return 0;
}
