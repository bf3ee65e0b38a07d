#include "lib/base/json.h"

#include "lib/base/buf.h"

/* Without formats, since a peer may send megabytes of what has to be escaped. */
static int
add_escape(struct buf *into, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char coded[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

	switch (c) {
	case '"':
		return buf_add(into, "\\\"", 2);
	case '\\':
		return buf_add(into, "\\\\", 2);
	case '\n':
		return buf_add(into, "\\n", 2);
	case '\r':
		return buf_add(into, "\\r", 2);
	case '\t':
		return buf_add(into, "\\t", 2);
	default:
		return buf_add(into, coded, sizeof coded);
	}
}

int
json_quote(struct buf *into, const char *text, size_t len)
{
	size_t plain = 0, i;

	if (buf_add(into, "\"", 1) != 0)
		return -1;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		if (buf_add(into, text + plain, i - plain) != 0 || add_escape(into, c) != 0)
			return -1;
		plain = i + 1;
	}
	if (buf_add(into, text + plain, i - plain) != 0)
		return -1;
	return buf_add(into, "\"", 1);
}
