#include "lib/base/base64.h"

#include <stdbool.h>
#include <stdint.h>

static const char standard[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
base64_length(size_t len)
{
	return (len + 2) / 3 * 4;
}

static size_t
encode(char *into, const uint8_t *in, size_t len, const char *alphabet, bool pad)
{
	char *at = into;

	for (; len >= 3; in += 3, len -= 3) {
		*at++ = alphabet[in[0] >> 2];
		*at++ = alphabet[(in[0] & 3) << 4 | in[1] >> 4];
		*at++ = alphabet[(in[1] & 15) << 2 | in[2] >> 6];
		*at++ = alphabet[in[2] & 63];
	}
	if (len > 0) {
		unsigned second = len > 1 ? in[1] : 0;

		*at++ = alphabet[in[0] >> 2];
		*at++ = alphabet[(in[0] & 3) << 4 | second >> 4];
		if (len > 1)
			*at++ = alphabet[(second & 15) << 2];
		else if (pad)
			*at++ = '=';
		if (pad)
			*at++ = '=';
	}
	*at = '\0';
	return (size_t)(at - into);
}

size_t
base64_encode(char *into, const void *data, size_t len)
{
	return encode(into, data, len, standard, true);
}

size_t
base64url_encode(char *into, const void *data, size_t len)
{
	return encode(into, data, len, url_safe, false);
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

ssize_t
base64_decode(void *into, const char *text, size_t len)
{
	uint8_t *at = into;
	uint32_t bits = 0;
	size_t n;

	if (len % 4 == 0)
		for (int pad = 0; pad < 2 && len > 0 && text[len - 1] == '='; pad++)
			len--;
	if (len % 4 == 1)
		return -1;
	for (n = 0; n < len; n++) {
		int value = value_of(text[n]);

		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		if (n % 4 == 3) {
			*at++ = (uint8_t)(bits >> 16);
			*at++ = (uint8_t)(bits >> 8);
			*at++ = (uint8_t)bits;
		}
	}
	if (n % 4 >= 2)
		*at++ = (uint8_t)(n % 4 == 2 ? bits >> 4 : bits >> 10);
	if (n % 4 == 3)
		*at++ = (uint8_t)(bits >> 2);
	return at - (uint8_t *)into;
}
