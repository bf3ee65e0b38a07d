/* What lies within a token: where it stands, and what its escapes say. */
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/hex.h"
#include "lib/script/token.h"

struct spot
token_place(const struct tokens *t, const struct token *k, const char *at)
{
	const char *start = k->body_line_start, *found;
	unsigned line = k->body_line;

	while ((found = memchr(start, '\n', (size_t)(at - start))) != NULL) {
		start = found + 1;
		line++;
	}
	return (struct spot){t->file, line, (unsigned)(at - start) + 1};
}

/* The four digits behind "\u"; -1: there are none. */
static long
hex_four(const char *at, const char *end)
{
	long value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (hex_value(at[i]) < 0)
			return -1;
		value = value << 4 | hex_value(at[i]);
	}
	return value;
}

static size_t
put_utf8(char into[4], long rune)
{
	size_t more = rune < 0x80 ? 0 : rune < 0x800 ? 1 : rune < 0x10000 ? 2 : 3;
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};

	for (size_t i = more; i > 0; i--, rune >>= 6)
		into[i] = (char)(0x80 | (rune & 0x3f));
	into[0] = (char)(first[more] | rune);
	return more + 1;
}

/* \uXXXX, two of them for what lies beyond (RFC 8259, 7). */
static size_t
escape_unicode(const char **at, const char *end, char into[4], struct err *e)
{
	long rune = hex_four(*at + 2, end), low;

	if (rune < 0) {
		err_set(e, ERR_USAGE, 0, "expected four hexadecimal digits behind \\u");
		return 0;
	}
	*at += 6;
	if (rune < 0xd800 || rune > 0xdfff)
		return put_utf8(into, rune);
	low = end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u' ? hex_four(*at + 2, end) : -1;
	if (rune > 0xdbff || low < 0xdc00 || low > 0xdfff) {
		*at -= 6;
		err_set(e, ERR_USAGE, 0, "half of a surrogate pair: expected \\ud800 to "
		    "\\udbff and then \\udc00 to \\udfff");
		return 0;
	}
	*at += 6;
	return put_utf8(into, 0x10000 + ((rune - 0xd800) << 10 | (low - 0xdc00)));
}

size_t
token_escape(const char **at, const char *end, char into[4], struct err *e)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *found = end - *at > 1 && (*at)[1] != '\0' ? strchr(letters, (*at)[1]) : NULL;

	if (end - *at > 1 && (*at)[1] == 'u')
		return escape_unicode(at, end, into, e);
	if (found == NULL) {
		err_set(e, ERR_USAGE, 0, "expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or "
		    "\\uXXXX in a string in double quotes");
		return 0;
	}
	*at += 2;
	into[0] = means[found - letters];
	return 1;
}
