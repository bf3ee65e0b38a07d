#include "cli/rune.h"

#include <wchar.h>

#include "lib/base/utf8.h"

size_t
rune_get(uint32_t *rune, const void *data, size_t len)
{
	static const uint8_t lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const uint8_t *at = data;
	utf8_state state = 0;
	size_t n = 0;

	*rune = RUNE_BAD;
	if (len == 0)
		return 0;
	do {
		if (!utf8_feed(&state, at + n, 1))
			return 1;
		n++;
	} while (state != 0 && n < len);
	if (state != 0)
		return 1;
	*rune = at[0] & lead[n];
	for (size_t i = 1; i < n; i++)
		*rune = *rune << 6 | (at[i] & 0x3f);
	return n;
}

bool
rune_is_cut(const void *data, size_t len)
{
	utf8_state state = 0;

	return len < RUNE_BYTES && utf8_feed(&state, data, len) && state != 0;
}

size_t
rune_put(char *into, uint32_t rune)
{
	if (rune >= RUNE_BAD || (rune >= 0xd800 && rune <= 0xdfff))
		rune = 0xfffd;
	if (rune < 0x80) {
		into[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		into[0] = (char)(0xc0 | rune >> 6);
		into[1] = (char)(0x80 | (rune & 0x3f));
		return 2;
	}
	if (rune < 0x10000) {
		into[0] = (char)(0xe0 | rune >> 12);
		into[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		into[2] = (char)(0x80 | (rune & 0x3f));
		return 3;
	}
	into[0] = (char)(0xf0 | rune >> 18);
	into[1] = (char)(0x80 | (rune >> 12 & 0x3f));
	into[2] = (char)(0x80 | (rune >> 6 & 0x3f));
	into[3] = (char)(0x80 | (rune & 0x3f));
	return 4;
}

bool
rune_is_hidden(uint32_t rune)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x180e, 0x180e},
		{0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0xd800, 0xdfff}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
		{RUNE_BAD, UINT32_MAX},
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (rune >= ranges[i].first && rune <= ranges[i].last)
			return true;
	return false;
}

unsigned
rune_width(uint32_t rune)
{
	int width;

	if (rune < 0x7f)
		return rune >= ' ';
	width = wcwidth((wchar_t)rune);
	return width > 0 ? (unsigned)width : 0;
}
