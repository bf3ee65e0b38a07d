/* ws_frame.h: WebSocket frames (RFC 6455, section 5), one at a time and without their payload. */
#ifndef HAIL_CODEC_WS_FRAME_H
#define HAIL_CODEC_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

enum ws_rsv {
	WS_RSV1 = 4,               /* as they stand in the first byte, shifted down by four */
	WS_RSV2 = 2,
	WS_RSV3 = 1,
};

enum ws_close_code {
	WS_CLOSE_NORMAL = 1000,
	WS_CLOSE_GOING_AWAY = 1001,
	WS_CLOSE_PROTOCOL_ERROR = 1002,
	WS_CLOSE_NO_STATUS = 1005,         /* never on the wire */
	WS_CLOSE_ABNORMAL = 1006,          /* never on the wire */
	WS_CLOSE_BAD_DATA = 1007,
	WS_CLOSE_POLICY = 1008,
	WS_CLOSE_TOO_BIG = 1009,
	WS_CLOSE_TRY_AGAIN_LATER = 1013,
};

enum {
	WS_HEAD_MAX = 14,          /* bytes of the longest frame head */
	WS_CONTROL_MAX = 125,      /* payload bytes of a control frame */
};

struct ws_frame {
	enum ws_opcode opcode;
	bool fin;
	bool masked;
	uint8_t rsv;               /* enum ws_rsv bits */
	uint8_t mask[4];
	uint64_t length;           /* payload bytes */
};

/* Parses a frame head. Returns its size (2..WS_HEAD_MAX), 0 when more bytes are needed, -1 with
 * class ERR_PROTOCOL and code 1002 for what no endpoint may send: reserved opcodes, a control
 * frame that is fragmented or longer than WS_CONTROL_MAX, a length not in its shortest form or
 * with its top bit set, RSV bits outside `rsv_allowed` (5.2, 5.5). */
ssize_t ws_frame_parse(struct ws_frame *frame, const uint8_t *data, size_t len,
    uint8_t rsv_allowed, struct err *e);

/* Writes a frame head with the shortest length form; `into` holds WS_HEAD_MAX. Returns its
 * size. Nothing is checked: deliberate faults go through here too. */
size_t ws_frame_write(uint8_t *into, const struct ws_frame *frame);

/* to[i] = from[i] ^ mask[(offset + i) mod 4], eight bytes at a time; to may be from, or lie
 * before it and overlap (5.3). */
void ws_mask(uint8_t *to, const uint8_t *from, size_t len, const uint8_t mask[4], size_t offset);

/* Whether the code may stand in a close frame (7.4.1, 7.4.2 and the IANA registry:
 * 1000–1003, 1007–1014, 3000–4999). */
bool ws_close_code_ok(unsigned code);

#endif
