#include "bench/load/stamp.h"

#include <string.h>

static const char digits[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Values of the digits plus one, so that 0 is "no digit". */
static const uint8_t values[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
	['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15,
	['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22,
	['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29,
	['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
	['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43,
	['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50,
	['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57,
	['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

/* The 144 bits as three groups of 48, each eight digits. */
static void
write_group(char *into, uint64_t bits)
{
	for (int i = 7; i >= 0; i--, bits >>= 6)
		into[i] = digits[bits & 63];
}

void
stamp_write(char *into, const struct stamp *s)
{
	uint64_t low = s->due_ns & UINT64_C(0xffffffffffff);
	uint64_t middle = (uint64_t)s->number << 16 | s->due_ns >> 48;
	uint64_t high = (uint64_t)s->run << 32 | s->publisher;

	into[0] = '~';
	into[1] = 'h';
	write_group(into + 2, high);
	write_group(into + 10, middle);
	write_group(into + 18, low);
	into[26] = '~';
}

static bool
read_group(uint64_t *bits, const uint8_t *text)
{
	uint64_t sum = 0;

	for (int i = 0; i < 8; i++) {
		uint8_t value = values[text[i]];

		if (value == 0)
			return false;
		sum = sum << 6 | (uint64_t)(value - 1);
	}
	*bits = sum;
	return true;
}

static bool
read_stamp(struct stamp *s, const uint8_t *text)
{
	uint64_t high, middle, low;

	if (text[1] != 'h' || text[STAMP_LENGTH - 1] != '~' || !read_group(&high, text + 2) ||
	    !read_group(&middle, text + 10) || !read_group(&low, text + 18))
		return false;
	s->run = (uint16_t)(high >> 32);
	s->publisher = (uint32_t)high;
	s->number = (uint32_t)(middle >> 16);
	s->due_ns = (middle & 0xffff) << 48 | low;
	return true;
}

bool
stamp_find(struct stamp *s, const void *data, size_t len)
{
	const uint8_t *at = data, *end = at + len;

	while (end - at >= STAMP_LENGTH) {
		at = memchr(at, '~', (size_t)(end - at) - STAMP_LENGTH + 1);
		if (at == NULL)
			return false;
		if (read_stamp(s, at))
			return true;
		at++;
	}
	return false;
}
