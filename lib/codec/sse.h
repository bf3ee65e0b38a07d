/* sse.h: the event stream of server-sent events (HTML Living Standard, 9.2.6, "Interpreting an
 * event stream"), as bytes in and events out. No I/O. An event that lies whole in the bytes at
 * hand, with one line of data, costs no memory and no copy but its id's; between events no memory
 * is held but the ids'.
 *
 * Two liberties. The standard decodes UTF-8 first and puts U+FFFD where it is not valid; here
 * bytes are told as they came, so that one sees what a server sent; only the byte order mark at
 * the start is taken off. And a connection goes on with the last event id of the one before until
 * the server names another, as browsers do it. */
#ifndef HAIL_CODEC_SSE_H
#define HAIL_CODEC_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

struct err;

enum { SSE_ID_MAX = 16384 };             /* bytes of an id: it has to fit into a request */

/* The greatest reconnection time: as nanoseconds it still fits into 64 bits. */
#define SSE_RETRY_MAX (UINT64_MAX / 1000000)

enum sse_item_kind {
	SSE_ITEM_NONE,                   /* all bytes are taken */
	SSE_ITEM_EVENT,
	SSE_ITEM_COMMENT,                /* text: all that is behind the colon */
	SSE_ITEM_RETRY,                  /* a new reconnection time, which holds from here on */
};

/* Slices are lent until the next call, and may lie within its `data`. */
struct sse_item {
	enum sse_item_kind kind;
	struct slice type;               /* "message" when the stream names none */
	struct slice text;               /* data of the event, lines joined by LF; or the comment */
	struct slice id;                 /* the last event id in force; len 0: none */
	uint64_t retry_ms;               /* at most SSE_RETRY_MAX */
};

/* For its owner opaque; about 180 bytes. */
struct sse_reader {
	struct buf line;                 /* a line that began in an earlier call */
	struct buf data;                 /* of the event under way, when its lines are apart */
	struct buf type;                 /* "event type buffer", likewise */
	struct buf id;                   /* "last event ID buffer", while a blank line is awaited */
	struct buf last_id;              /* "last event ID string": in force for a reconnection */
	uint64_t max;
	uint32_t flags;
	uint32_t mark;                   /* bytes of a byte order mark so far */
};

/* The data of an event may have `max` bytes, the LFs between its lines included; a line may have
 * 7 more, which is the longest name of a field with its colon and space. `last_id`: in force from
 * a connection before, or empty; copied. -1: no memory, or an id of more than SSE_ID_MAX bytes;
 * nothing is held then. */
int sse_init(struct sse_reader *r, uint64_t max, struct slice last_id);
void sse_release(struct sse_reader *r);

/* Takes bytes from the front up to the next item; call until it is SSE_ITEM_NONE. Returns how
 * many it took, which may be 0 with an item. An item is told with the byte that completes it: CR
 * ends a line at once, and an LF that follows is dropped whenever it comes.
 *
 * -1: class ERR_LIMIT for an event, a line or an id beyond its maximum (a line without an end
 * fails with the first byte too many), ERR_MEMORY. Nothing can be read after that.
 * The bytes of an event that never ends are discarded with the reader, as the standard has it. */
ssize_t sse_next(struct sse_reader *r, const uint8_t *data, size_t len, struct sse_item *item,
    struct err *e);

/* The last event ID string: what a reconnection says in Last-Event-ID. The id of an event that
 * was cut does not count. Lent until the next call. */
struct slice sse_last_id(const struct sse_reader *r);

/* Whether the bytes so far end within an event that has data, which is lost if nothing follows:
 * a line of data may itself be cut. */
bool sse_within_event(const struct sse_reader *r);

#endif
