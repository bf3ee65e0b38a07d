/* ws_out.c: what a connection sends.
 *
 *     message ── spoilt? ── compressed? ── frames, one or faulty ── masked ──► stream
 *
 * Most connections have no ws_special, and go from the message to its one frame. */
#include <arpa/inet.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/channel/ws_conn.h"
#include "lib/codec/ws_deflate.h"

enum {
	FRAME_PIECE = LOOP_BUFFER - WS_HEAD_MAX,
	IN_PLACE_MAX = LOOP_BUFFER / 2,      /* compressed in the loop's buffer; fits for sure */
	OVERSIZE = WS_CONTROL_MAX + 1,
	FRAGMENT_SIZE = 7 + 6,       /* of one byte, and the empty ping behind it */
	BAD_BYTE = 0xff,
	BAD_OPCODE = 3,
};

void
ws_tell(const struct ws *w, const struct channel_wire *wire)
{
	if (w->channel.events->wire != NULL)
		w->channel.events->wire(w->channel.ctx, wire);
}

void
ws_tell_head(struct ws *w, bool out, const void *data, size_t len, uint64_t at)
{
	struct channel_wire wire = {.kind = out ? WIRE_REQUEST : WIRE_RESPONSE, .out = out,
	    .data = data, .len = len, .at = at};

	ws_tell(w, &wire);
}

/* --- frames ------------------------------------------------------------------------------ */

/* Bytes that may be sent now. */
static size_t
room(const struct ws *w)
{
	size_t waiting = stream_backlog(w->stream);

	return waiting < w->params->peer->max_backlog ? w->params->peer->max_backlog - waiting : 0;
}

static void
tell_frame(const struct ws *w, const struct ws_frame *frame, const void *data)
{
	struct channel_wire wire = {.kind = WIRE_FRAME, .out = true, .frame = frame,
	    .data = data, .len = frame->length, .at = clock_ns()};

	ws_tell(w, &wire);
}

/* A mask of zeros changes nothing. */
static void
unmask(const struct ws *w, struct ws_frame *frame)
{
	if (w->params->fault != WS_FAULT_UNMASKED)
		return;
	frame->masked = false;
	memset(frame->mask, 0, sizeof frame->mask);
}

/* Sends a frame of opcode, fin, rsv and length, if all of it is within `limit`. `data` may lie in
 * the loop's write buffer at WS_HEAD_MAX. */
static int
send_frame(struct ws *w, struct ws_frame *frame, const void *data, size_t limit)
{
	uint8_t *out = loop_write_buffer(w->loop);
	uint32_t mask = (uint32_t)rng_u64(w->params->peer->rng);
	const uint8_t *from = data;
	size_t head, piece, done, len = frame->length;
	int result;

	frame->masked = true;
	memcpy(frame->mask, &mask, sizeof frame->mask);
	if (w->special != NULL)
		unmask(w, frame);
	head = ws_frame_write(out, frame);
	if (len > limit || head > limit - len)
		return -1;
	if (w->special != NULL)
		tell_frame(w, frame, data);
	piece = len < FRAME_PIECE ? len : FRAME_PIECE;
	ws_mask(out + head, from, piece, frame->mask, 0);
	result = stream_write(w->stream, out, head + piece);
	for (done = piece; done < len && result >= 0; done += piece) {
		piece = len - done < FRAME_PIECE ? len - done : FRAME_PIECE;
		ws_mask(out, from + done, piece, frame->mask, done);
		result = stream_write(w->stream, out, piece);
	}
	return result;
}

static int
send_whole(struct ws *w, enum ws_opcode opcode, unsigned rsv, const void *data, size_t len)
{
	struct ws_frame frame = {.opcode = opcode, .fin = true, .rsv = (uint8_t)rsv,
	    .length = len};

	return send_frame(w, &frame, data, room(w));
}

/* --- faults ------------------------------------------------------------------------------ */

/* Bytes of payload for which there is room, with everything that the fault puts around them. */
static size_t
payload_room(const struct ws *w)
{
	size_t bytes = room(w), around = WS_HEAD_MAX;

	if (w->params->fault == WS_FAULT_FRAGMENTED)
		return bytes / FRAGMENT_SIZE;
	if (w->params->fault == WS_FAULT_OVERSIZE_CONTROL)
		around += WS_HEAD_MAX + OVERSIZE;
	return bytes > around ? bytes - around : 0;
}

static int
send_oversize(struct ws *w, enum ws_opcode opcode, const void *data, size_t len)
{
	uint8_t payload[OVERSIZE];

	memset(payload, 'x', sizeof payload);
	if (len > 0)
		memcpy(payload, data, len);
	return send_whole(w, opcode, 0, payload, sizeof payload);
}

/* Of the results of several writes: what does not wait may follow what does. */
static int
worse(int a, int b)
{
	return a < b ? a : b;
}

static int
send_fragments(struct ws *w, enum ws_opcode opcode, unsigned rsv, const uint8_t *data,
    size_t len)
{
	struct ws_frame frame = {.opcode = opcode, .rsv = (uint8_t)rsv, .length = 1};
	int result = 1;

	for (size_t i = 0; i < len && result >= 0; i++) {
		frame.fin = i + 1 == len;
		result = worse(result, send_frame(w, &frame, data + i, room(w)));
		if (!frame.fin)
			result = worse(result, send_whole(w, WS_PING, 0, NULL, 0));
		frame.opcode = WS_CONTINUATION;
		frame.rsv = 0;
	}
	return result;
}

static int
send_faulty(struct ws *w, enum ws_opcode opcode, unsigned rsv, const void *data, size_t len)
{
	int before = 1;

	switch (w->params->fault) {
	case WS_FAULT_NONE:
	case WS_FAULT_UNMASKED:
	case WS_FAULT_BAD_UTF8:
	case WS_FAULT_NO_CLOSE:
		break;
	case WS_FAULT_RSV:
		rsv |= WS_RSV2 | WS_RSV3;
		break;
	case WS_FAULT_OPCODE:
		opcode = (enum ws_opcode)BAD_OPCODE;
		break;
	case WS_FAULT_OVERSIZE_CONTROL:
		before = send_oversize(w, WS_PING, NULL, 0);
		break;
	case WS_FAULT_FRAGMENTED:
		if (len > 1)
			return send_fragments(w, opcode, rsv, data, len);
		break;
	}
	return worse(before, send_whole(w, opcode, rsv, data, len));
}

/* --- messages ---------------------------------------------------------------------------- */

/* Whether the loop's buffer is left alone between compressing and sending. */
static bool
in_place(const struct ws *w, size_t len)
{
	return len <= IN_PLACE_MAX && w->params->fault == WS_FAULT_NONE &&
	    w->channel.events->wire == NULL;
}

static int
send_compressed(struct ws *w, enum ws_opcode opcode, const void *data, size_t len)
{
	struct buf packed;
	bool lent = in_place(w, len);
	int result;

	buf_init(&packed, payload_room(w));
	if (lent) {
		packed.data = loop_write_buffer(w->loop) + WS_HEAD_MAX;
		packed.cap = FRAME_PIECE;
		packed.max = packed.max < FRAME_PIECE ? packed.max : FRAME_PIECE;
	}
	result = ws_deflate_out(w->special->reader.deflate, data, len, &packed);
	if (result == 1)
		result = send_faulty(w, opcode, WS_RSV1, packed.data, packed.len);
	else if (result == 0)
		result = len > payload_room(w) ? -1 : send_faulty(w, opcode, 0, data, len);
	if (!lent)
		buf_release(&packed);
	return result;
}

static int
send_special(struct ws *w, enum ws_opcode opcode, const void *data, size_t len)
{
	if (w->special->reader.deflate != NULL)
		return send_compressed(w, opcode, data, len);
	return len > payload_room(w) ? -1 : send_faulty(w, opcode, 0, data, len);
}

static int
send_bad_text(struct ws *w, const void *data, size_t len)
{
	static const uint8_t bad = BAD_BYTE;
	struct buf text;
	int result = -1;

	buf_init(&text, SIZE_MAX - 1);
	if (buf_add(&text, data, len) == 0 && buf_add(&text, &bad, 1) == 0)
		result = send_special(w, WS_TEXT, text.data, text.len);
	buf_release(&text);
	return result;
}

int
ws_out_message(struct ws *w, enum ws_opcode opcode, const void *data, size_t len)
{
	if (w->special == NULL)
		return send_whole(w, opcode, 0, data, len);
	if (w->params->fault == WS_FAULT_BAD_UTF8 && opcode == WS_TEXT)
		return send_bad_text(w, data, len);
	return send_special(w, opcode, data, len);
}

int
ws_out_control(struct ws *w, enum ws_opcode opcode, const void *data, size_t len)
{
	if (opcode == WS_PING && w->params->fault == WS_FAULT_OVERSIZE_CONTROL)
		return send_oversize(w, opcode, data, len);
	return send_whole(w, opcode, 0, data, len);
}

void
ws_out_close(struct ws *w, unsigned code, const char *reason)
{
	uint8_t payload[WS_CONTROL_MAX];
	struct ws_frame frame = {.opcode = WS_CLOSE, .fin = true};
	uint16_t wire = htons((uint16_t)code);

	if (w->params->fault == WS_FAULT_NO_CLOSE)
		return;
	if (ws_close_code_ok(code)) {
		memcpy(payload, &wire, 2);
		frame.length = reason != NULL ? strnlen(reason, WS_CONTROL_MAX - 2) : 0;
		if (frame.length > 0)
			memcpy(payload + 2, reason, frame.length);
		frame.length += 2;
	}
	send_frame(w, &frame, payload, SIZE_MAX);
}
