/* ws_frame.c: a frame head, as RFC 6455, 5.2 draws it:
 *
 *     byte 0   FIN  RSV1 RSV2 RSV3  opcode (4 bits)
 *     byte 1   MASK  length (7 bits): 0..125, or
 *              126: the next 2 bytes are the length, 127: the next 8 bytes are it
 *     then     4 bytes of mask when MASK is set
 *
 * Bytes are judged in the order in which they come, and as soon as they came, so that what is
 * wrong does not depend on how the stream was cut into reads. */
#include "lib/codec/ws_frame.h"

#include <string.h>

#include "lib/base/err.h"

enum {
	LENGTH_16 = 126,           /* in byte 1: two bytes of length follow */
	LENGTH_64 = 127,           /* in byte 1: eight bytes of length follow */
	CONTROL_BIT = 8,           /* set in the opcode of a control frame */
};

static bool
is_reserved(unsigned opcode)
{
	return (opcode > WS_BINARY && opcode < WS_CLOSE) || opcode > WS_PONG;
}

static int
parse_first_byte(struct ws_frame *frame, unsigned byte, uint8_t rsv_allowed, struct err *e)
{
	unsigned opcode = byte & 15;

	frame->fin = byte >> 7;
	frame->rsv = byte >> 4 & 7;
	if (frame->rsv & ~rsv_allowed)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a frame with RSV bits 0x%x, which no extension agreed on gives a meaning "
		    "(RFC 6455, 5.2)", (unsigned)frame->rsv);
	if (is_reserved(opcode))
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a frame with the reserved opcode 0x%x (RFC 6455, 5.2)", opcode);
	if ((opcode & CONTROL_BIT) && !frame->fin)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a fragmented control frame (RFC 6455, 5.5)");
	frame->opcode = (enum ws_opcode)opcode;
	return 0;
}

/* The length in `size` bytes, high byte first; it must need them. */
static int
parse_long_length(struct ws_frame *frame, const uint8_t *data, size_t size, struct err *e)
{
	uint64_t length = 0;

	for (size_t i = 0; i < size; i++)
		length = length << 8 | data[i];
	if (length >> 63)
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a frame length with its highest bit set (RFC 6455, 5.2)");
	if (length < LENGTH_16 || (size == 8 && length <= UINT16_MAX))
		return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
		    "a frame length of %llu written in %zu bytes, not in the fewest "
		    "(RFC 6455, 5.2)", (unsigned long long)length, size);
	frame->length = length;
	return 0;
}

ssize_t
ws_frame_parse(struct ws_frame *frame, const uint8_t *data, size_t len, uint8_t rsv_allowed,
    struct err *e)
{
	size_t size = 2;

	if (len < 1)
		return 0;
	if (parse_first_byte(frame, data[0], rsv_allowed, e) != 0)
		return -1;
	if (len < 2)
		return 0;
	frame->masked = data[1] >> 7;
	frame->length = data[1] & 127;
	if (frame->length > WS_CONTROL_MAX) {
		size_t more = frame->length == LENGTH_16 ? 2 : 8;

		if (frame->opcode & CONTROL_BIT)
			return err_set(e, ERR_PROTOCOL, WS_CLOSE_PROTOCOL_ERROR,
			    "a control frame of more than %d bytes (RFC 6455, 5.5)",
			    WS_CONTROL_MAX);
		if (len < size + more)
			return 0;
		if (parse_long_length(frame, data + size, more, e) != 0)
			return -1;
		size += more;
	}
	if (frame->masked) {
		if (len < size + sizeof frame->mask)
			return 0;
		memcpy(frame->mask, data + size, sizeof frame->mask);
		size += sizeof frame->mask;
	}
	return (ssize_t)size;
}

size_t
ws_frame_write(uint8_t *into, const struct ws_frame *frame)
{
	size_t size = 2, more = 0;
	unsigned length = (unsigned)frame->length;

	if (frame->length > UINT16_MAX) {
		length = LENGTH_64;
		more = 8;
	} else if (frame->length >= LENGTH_16) {
		length = LENGTH_16;
		more = 2;
	}
	into[0] = (uint8_t)(frame->fin << 7 | (frame->rsv & 7) << 4 | (frame->opcode & 15));
	into[1] = (uint8_t)(frame->masked << 7 | length);
	while (more > 0)
		into[size++] = (uint8_t)(frame->length >> 8 * --more);
	if (frame->masked) {
		memcpy(into + size, frame->mask, sizeof frame->mask);
		size += sizeof frame->mask;
	}
	return size;
}

void
ws_mask(uint8_t *to, const uint8_t *from, size_t len, const uint8_t mask[4], size_t offset)
{
	uint8_t turned[8];
	uint64_t key, word;

	for (size_t i = 0; i < sizeof turned; i++)
		turned[i] = mask[(offset + i) % 4];
	memcpy(&key, turned, sizeof key);
	for (; len >= sizeof word; len -= sizeof word) {
		memcpy(&word, from, sizeof word);
		word ^= key;
		memcpy(to, &word, sizeof word);
		from += sizeof word;
		to += sizeof word;
	}
	for (size_t i = 0; i < len; i++)
		to[i] = from[i] ^ turned[i];
}

bool
ws_close_code_ok(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
	    (code >= 3000 && code <= 4999);
}
