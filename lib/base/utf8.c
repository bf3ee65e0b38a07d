#include "lib/base/utf8.h"

#include <string.h>

#include "lib/base/buf.h"

/* The state packs what is still due: the low 8 bits count continuation bytes, the next two
 * bytes are the least and the greatest value that the next one may have. */
static utf8_state
expect(unsigned left, unsigned least, unsigned greatest)
{
	return left | least << 8 | greatest << 16;
}

/* RFC 3629, 4: the first byte fixes the length and narrows the second byte. */
static bool
lead(utf8_state *state, unsigned byte)
{
	if (byte >= 0xc2 && byte <= 0xdf)
		*state = expect(1, 0x80, 0xbf);
	else if (byte == 0xe0)
		*state = expect(2, 0xa0, 0xbf);
	else if (byte == 0xed)
		*state = expect(2, 0x80, 0x9f);
	else if (byte >= 0xe1 && byte <= 0xef)
		*state = expect(2, 0x80, 0xbf);
	else if (byte == 0xf0)
		*state = expect(3, 0x90, 0xbf);
	else if (byte >= 0xf1 && byte <= 0xf3)
		*state = expect(3, 0x80, 0xbf);
	else if (byte == 0xf4)
		*state = expect(3, 0x80, 0x8f);
	else
		return false;
	return true;
}

static bool
next(utf8_state *state, unsigned byte)
{
	unsigned left = *state & 0xff;

	if (byte < (*state >> 8 & 0xff) || byte > (*state >> 16 & 0xff))
		return false;
	*state = left > 1 ? expect(left - 1, 0x80, 0xbf) : 0;
	return true;
}

bool
utf8_feed(utf8_state *state, const void *data, size_t len)
{
	const uint8_t *at = data, *end = at + len;
	uint64_t eight;

	while (at < end) {
		if (*state != 0) {
			if (!next(state, *at++))
				return false;
			continue;
		}
		while (end - at >= 8) {
			memcpy(&eight, at, 8);
			if (eight & UINT64_C(0x8080808080808080))
				break;
			at += 8;
		}
		if (at == end)
			break;
		if (*at >= 0x80 && !lead(state, *at))
			return false;
		at++;
	}
	return true;
}

bool
utf8_valid(const void *data, size_t len)
{
	utf8_state state = 0;

	return utf8_feed(&state, data, len) && state == 0;
}

/* How many bytes at the front are one character; 0: none, and *bad of them are what a single
 * U+FFFD stands for. */
static size_t
one_character(const uint8_t *data, size_t len, size_t *bad)
{
	utf8_state state = 0;
	size_t at = 1;

	*bad = 1;
	if (data[0] < 0x80)
		return 1;
	if (!lead(&state, data[0]))
		return 0;
	while (at < len && next(&state, data[at])) {
		at++;
		if (state == 0)
			return at;
	}
	*bad = at;
	return 0;
}

int
utf8_repair(struct buf *into, const void *data, size_t len)
{
	const uint8_t *at = data;
	size_t good, bad;

	for (; len > 0; at += good, len -= good) {
		good = one_character(at, len, &bad);
		if (buf_add(into, good > 0 ? (const char *)at : "\xef\xbf\xbd",
		    good > 0 ? good : 3) != 0)
			return -1;
		if (good == 0)
			good = bad;
	}
	return 0;
}
