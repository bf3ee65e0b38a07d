/* ws_message.h: WebSocket messages out of a client's byte stream (RFC 6455, sections 5.4 to 8):
 * fragments joined, control frames in between, compressed messages decompressed (RFC 7692), text
 * proved to be UTF-8.
 *
 *     for (;;) {
 *             used = ws_reader_next(&r, data, len, &item, &e);   // once per item
 *             data += used, len -= used; …
 *     }
 *
 * An uncompressed message whose only frame lies whole in `data` is lent from there without a
 * copy. Memory is held only while a message or a control frame is incomplete: between whole
 * messages a reader owns nothing. */
#ifndef HAIL_CODEC_WS_MESSAGE_H
#define HAIL_CODEC_WS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/utf8.h"

struct buf;
struct err;
struct ws_deflate;
struct ws_frame;

enum ws_item_kind {
	WS_ITEM_NONE,              /* all bytes were taken, no item is complete */
	WS_ITEM_TEXT,
	WS_ITEM_BINARY,
	WS_ITEM_PING,
	WS_ITEM_PONG,
	WS_ITEM_CLOSE,             /* code 1005 when the frame had none; data is the reason */
};

struct ws_item {
	enum ws_item_kind kind;
	unsigned code;
	const uint8_t *data;       /* lent until the next call on this reader */
	size_t len;
};

/* What few connections want. */
struct ws_reader_extras {
	struct ws_deflate *deflate;        /* NULL: no message may be compressed */

	/* May be NULL. Told of every frame whose head is complete, before it is judged any
	 * further, with those bytes of its payload that came in the same piece. */
	void (*frame)(void *ctx, const struct ws_frame *frame, const uint8_t *data, size_t len);
	void *ctx;
};

/* Opaque but for its size: it is a member of every connection, so it is small. */
struct ws_reader {
	const struct ws_reader_extras *extras;     /* lent; NULL mostly */
	uint64_t max;              /* bytes a message may have */
	uint64_t left;             /* payload bytes of the current frame that are still to come */
	struct buf *partial;       /* what came of an incomplete message; NULL mostly */
	uint8_t head[14];          /* what came of an incomplete frame head, or … */
	uint8_t head_len;
	uint8_t opcode;            /* of the current frame */
	uint8_t message;           /* opcode of the message under way, 0 when none is */
	bool fin;
	bool in_frame;
	bool compressed;           /* the message under way */
	bool lent;                 /* partial was lent with the last item and is freed next time */
	bool closed;               /* a close frame came: what follows is discarded (1.4) */
	uint8_t control_len;
	uint8_t *control;          /* payload of an incomplete control frame; NULL mostly */
	utf8_state utf8;           /* 0 between messages */
};

void ws_reader_init(struct ws_reader *r, uint64_t max_message);

/* Before the first frame; *extras must outlive the reader. */
void ws_reader_extend(struct ws_reader *r, const struct ws_reader_extras *extras);

void ws_reader_release(struct ws_reader *r);

/* Takes bytes up to the end of the next item. Returns how many it took, -1 on error: class
 * ERR_PROTOCOL with the close code the peer deserves (1002, or 1007 for bad UTF-8, which is
 * found at the first wrong byte, not at the end of the message, and for what cannot be
 * decompressed), ERR_LIMIT with 1009 for a message beyond max (found from the frame head, before
 * the bytes are taken; of a compressed one when it has grown beyond, or from a frame head that
 * no compressor makes of such a message), ERR_MEMORY.
 * After an error the reader is only good for release. Masked frames are an error (5.1).
 * Called until it gives WS_ITEM_NONE (with len 0 too), it then holds no memory for items lent.
 * After a close frame all bytes are taken and discarded (1.4). */
ssize_t ws_reader_next(struct ws_reader *r, const uint8_t *data, size_t len,
    struct ws_item *item, struct err *e);

/* Whether a message or frame is under way, so that the end of the stream cuts it. */
bool ws_reader_midway(const struct ws_reader *r);

#endif
