#include "lib/base/json.h"

#include "lib/base/buf.h"

static const char *
escape_of(unsigned char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
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
		const char *escape;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		if (buf_add(into, text + plain, i - plain) != 0)
			return -1;
		escape = escape_of(c);
		if (escape != NULL ? buf_add_text(into, escape) != 0 :
		    buf_addf(into, "\\u%04x", c) != 0)
			return -1;
		plain = i + 1;
	}
	if (buf_add(into, text + plain, i - plain) != 0)
		return -1;
	return buf_add(into, "\"", 1);
}
