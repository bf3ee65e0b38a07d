/* ws_message.c: where the bytes of a payload go:
 *
 *     bytes ── head ── payload ─┬─ the whole rest of an item: lent from where it stands
 *                               ├─ control frame cut by the end of a read: r->control
 *                               ├─ message cut or fragmented: r->partial
 *                               └─ compressed message: decompressed into r->partial
 *
 * r->partial grows with what came, never with what a frame head announces. */
#include "lib/codec/ws_message.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/ws_deflate.h"
#include "lib/codec/ws_frame.h"

_Static_assert(sizeof ((struct ws_reader *)0)->head == WS_HEAD_MAX, "any frame head fits");

void
ws_reader_init(struct ws_reader *r, uint64_t max_message)
{
	*r = (struct ws_reader){.max = max_message};
}

void
ws_reader_extend(struct ws_reader *r, const struct ws_reader_extras *extras)
{
	r->extras = extras;
}

static void
discard_partial(struct ws_reader *r)
{
	if (r->partial == NULL)
		return;
	buf_release(r->partial);
	free(r->partial);
	r->partial = NULL;
}

static void
discard_control(struct ws_reader *r)
{
	free(r->control);
	r->control = NULL;
	r->control_len = 0;
}

void
ws_reader_release(struct ws_reader *r)
{
	discard_partial(r);
	discard_control(r);
	*r = (struct ws_reader){.max = r->max, .extras = r->extras};
}

/* A control frame may be lent while a message around it is still incomplete. */
static void
take_back(struct ws_reader *r)
{
	if (r->control != NULL)
		discard_control(r);
	else
		discard_partial(r);
	r->lent = false;
}

/* RSV1 where a message begins says that it is compressed; nowhere else has it a meaning
 * (RFC 7692, 6). `first` is the first byte of a frame. */
static uint8_t
rsv_allowed(const struct ws_reader *r, uint8_t first)
{
	unsigned opcode = first & 15;

	if (r->extras == NULL || r->extras->deflate == NULL)
		return 0;
	return opcode == WS_TEXT || opcode == WS_BINARY ? WS_RSV1 : 0;
}

/* The most bytes that the payload of a frame may have. What deflate cannot compress it makes
 * longer by less than an eighth, and the rest is for the blocks of small fragments. */
static uint64_t
frame_max(const struct ws_reader *r, const struct ws_frame *frame)
{
	uint64_t held = r->partial != NULL ? r->partial->len : 0, more = r->max / 8 + 1024;

	if (frame->rsv == 0 && (frame->opcode != WS_CONTINUATION || !r->compressed))
		return r->max - held;
	return r->max < UINT64_MAX - more ? r->max + more : UINT64_MAX;
}

static int
begin_message_frame(struct ws_reader *r, const struct ws_frame *frame, struct err *e)
{
	if (frame->opcode == WS_CONTINUATION && r->message == 0)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a continuation frame with no message to continue (RFC 6455, 5.4)");
	if (frame->opcode != WS_CONTINUATION && r->message != 0)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a new message before the fragmented one ended (RFC 6455, 5.4)");
	if (frame->length > frame_max(r, frame))
		return err_set(e, ERR_LIMIT, WS_CLOSE_TOO_BIG,
		    "a message of more than %llu bytes", (unsigned long long)r->max);
	if (frame->opcode != WS_CONTINUATION) {
		r->message = (uint8_t)frame->opcode;
		r->compressed = frame->rsv != 0;
	}
	return 0;
}

/* `data` is what came behind the frame's head. */
static int
begin_frame(struct ws_reader *r, const struct ws_frame *frame, const uint8_t *data, size_t len,
    struct err *e)
{
	if (r->extras != NULL && r->extras->frame != NULL)
		r->extras->frame(r->extras->ctx, frame, data,
		    frame->length < len ? (size_t)frame->length : len);
	if (frame->masked)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a masked frame from the server (RFC 6455, 5.1)");
	if (frame->opcode < WS_CLOSE && begin_message_frame(r, frame, e) != 0)
		return -1;
	r->opcode = (uint8_t)frame->opcode;
	r->fin = frame->fin;
	r->left = frame->length;
	r->in_frame = true;
	return 0;
}

/* A head that was cut: joined in r->head, which never holds a whole one. */
static ssize_t
take_cut_head(struct ws_reader *r, const uint8_t *data, size_t len, struct err *e)
{
	size_t held = r->head_len, room = sizeof r->head - held;
	size_t more = len < room ? len : room;
	struct ws_frame frame;
	ssize_t size;

	memcpy(r->head + held, data, more);
	size = ws_frame_parse(&frame, r->head, held + more, rsv_allowed(r, r->head[0]), e);
	if (size < 0)
		return -1;
	if (size == 0) {
		r->head_len = (uint8_t)(held + more);
		return (ssize_t)more;
	}
	r->head_len = 0;
	size -= (ssize_t)held;
	return begin_frame(r, &frame, data + size, len - (size_t)size, e) != 0 ? -1 : size;
}

static ssize_t
take_head(struct ws_reader *r, const uint8_t *data, size_t len, struct err *e)
{
	struct ws_frame frame;
	ssize_t size;

	if (r->head_len > 0)
		return take_cut_head(r, data, len, e);
	size = ws_frame_parse(&frame, data, len, rsv_allowed(r, data[0]), e);
	if (size == 0)
		return take_cut_head(r, data, len, e);
	if (size < 0 || begin_frame(r, &frame, data + size, len - (size_t)size, e) != 0)
		return -1;
	return size;
}

static int
need_partial(struct ws_reader *r, struct err *e)
{
	if (r->partial != NULL)
		return 0;
	r->partial = malloc(sizeof *r->partial);
	if (r->partial == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a message");
	buf_init(r->partial, r->max);
	return 0;
}

static int
keep(struct ws_reader *r, const uint8_t *data, size_t len, struct err *e)
{
	if (len == 0)
		return 0;
	if (need_partial(r, e) != 0)
		return -1;
	if (buf_add(r->partial, data, len) != 0)
		return err_set(e, ERR_MEMORY, 0, "no memory for a message");
	return 0;
}

static int
judge_text(struct ws_reader *r, const uint8_t *data, size_t len, bool last, struct err *e)
{
	if (r->message == WS_TEXT &&
	    (!utf8_feed(&r->utf8, data, len) || (last && r->utf8 != 0)))
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_BAD_DATA,
		    "a text message that is not UTF-8 (RFC 6455, 8.1)");
	return 0;
}

/* What was decompressed before an error is judged all the same: its own error came first, however
 * the stream was cut. */
static int
keep_decompressed(struct ws_reader *r, const uint8_t *data, size_t len, bool last,
    struct err *e)
{
	size_t before;
	int result;

	if (need_partial(r, e) != 0)
		return -1;
	before = r->partial->len;
	result = ws_deflate_in(r->extras->deflate, data, len, last, r->partial, e);
	if (r->partial->len > before && judge_text(r, r->partial->data + before,
	    r->partial->len - before, false, e) != 0)
		return -1;
	return result != 0 || judge_text(r, data, 0, last, e) != 0 ? -1 : 0;
}

static int
keep_plain(struct ws_reader *r, const uint8_t *data, size_t len, bool last, struct err *e)
{
	if (judge_text(r, data, len, last, e) != 0)
		return -1;
	if (last && r->partial == NULL)
		return 0;
	return keep(r, data, len, e);
}

static ssize_t
take_message(struct ws_reader *r, const uint8_t *data, size_t len, struct ws_item *item,
    struct err *e)
{
	size_t n = r->left < len ? (size_t)r->left : len;
	bool last = r->fin && n == r->left;

	if (r->compressed ? keep_decompressed(r, data, n, last, e) != 0 :
	    keep_plain(r, data, n, last, e) != 0)
		return -1;
	r->left -= n;
	r->in_frame = r->left > 0;
	if (!last)
		return (ssize_t)n;
	item->kind = r->message == WS_TEXT ? WS_ITEM_TEXT : WS_ITEM_BINARY;
	r->lent = r->partial != NULL;
	item->data = r->lent && r->partial->len > 0 ? r->partial->data : data;
	item->len = r->lent ? r->partial->len : n;
	r->message = 0;
	return (ssize_t)n;
}

static int
judge_close(struct ws_reader *r, struct ws_item *item, struct err *e)
{
	r->closed = true;
	r->message = 0;
	discard_partial(r);
	item->code = WS_CLOSE_NO_STATUS;
	if (item->len == 0)
		return 0;
	if (item->len == 1)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a close frame with half a close code (RFC 6455, 5.5.1)");
	item->code = (unsigned)item->data[0] << 8 | item->data[1];
	item->data += 2;
	item->len -= 2;
	if (!ws_close_code_ok(item->code))
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a close frame with code %u, which may not be sent (RFC 6455, 7.4)",
		    item->code);
	if (!utf8_valid(item->data, item->len))
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_BAD_DATA,
		    "a close reason that is not UTF-8 (RFC 6455, 5.5.1)");
	return 0;
}

static ssize_t
take_control(struct ws_reader *r, const uint8_t *data, size_t len, struct ws_item *item,
    struct err *e)
{
	size_t n = r->left < len ? (size_t)r->left : len;
	bool last = n == r->left;

	if (!last && r->control == NULL) {
		r->control = malloc(WS_CONTROL_MAX);
		if (r->control == NULL)
			return err_set(e, ERR_MEMORY, 0, "no memory for a control frame");
	}
	if (r->control != NULL) {
		memcpy(r->control + r->control_len, data, n);
		r->control_len += (uint8_t)n;
	}
	r->left -= n;
	r->in_frame = !last;
	if (!last)
		return (ssize_t)n;
	r->lent = r->control != NULL;
	item->data = r->lent ? r->control : data;
	item->len = r->lent ? r->control_len : n;
	if (r->opcode == WS_CLOSE && judge_close(r, item, e) != 0)
		return -1;
	item->kind = r->opcode == WS_CLOSE ? WS_ITEM_CLOSE :
	    r->opcode == WS_PING ? WS_ITEM_PING : WS_ITEM_PONG;
	return (ssize_t)n;
}

static ssize_t
take(struct ws_reader *r, const uint8_t *data, size_t len, struct ws_item *item, struct err *e)
{
	if (!r->in_frame)
		return take_head(r, data, len, e);
	if (r->opcode < WS_CLOSE)
		return take_message(r, data, len, item, e);
	return take_control(r, data, len, item, e);
}

ssize_t
ws_reader_next(struct ws_reader *r, const uint8_t *data, size_t len, struct ws_item *item,
    struct err *e)
{
	size_t used = 0;

	*item = (struct ws_item){.kind = WS_ITEM_NONE};
	if (r->lent)
		take_back(r);
	if (r->closed)
		return (ssize_t)len;
	/* The payload of an empty frame is complete without another byte. */
	while (item->kind == WS_ITEM_NONE && (used < len || (r->in_frame && r->left == 0))) {
		ssize_t n = take(r, data + used, len - used, item, e);

		if (n < 0)
			return -1;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

bool
ws_reader_midway(const struct ws_reader *r)
{
	return r->head_len > 0 || r->in_frame || r->message != 0;
}
