#include <stdio.h>

#include "cli/show_line.h"
#include "lib/base/buf.h"

enum { ROW_MAX = 16 };

/* Columns of a row: offset, bytes, text, and two spaces between them. */
static unsigned
row_width(unsigned bytes, unsigned offset_digits)
{
	return offset_digits + 2 + 3 * bytes - 1 + 2 + bytes;
}

/* The most of 16, 8 and 4 bytes that fit on a row that is indented by 2 at least. */
static unsigned
row_bytes(const struct show *s, unsigned offset_digits)
{
	unsigned bytes = ROW_MAX;

	while (bytes > 4 && s->columns > 0 && row_width(bytes, offset_digits) + 2 > s->columns)
		bytes /= 2;
	return bytes;
}

static void
show_ascii(const struct show *s, struct buf *into, const uint8_t *data, size_t len)
{
	char text[ROW_MAX + 1];

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(data[i] >= ' ' && data[i] < 0x7f ? data[i] : '.');
	text[len] = '\0';
	show_words(s, into, TONE_DIM, text);
}

static void
show_row(const struct show *s, struct buf *into, const uint8_t *data, size_t len, size_t room)
{
	for (size_t i = 0; i < len; i++)
		buf_addf(into, i > 0 ? " %02x" : "%02x", data[i]);
	buf_addf(into, "%*s", (int)(3 * (room - len)) + 2, "");
	show_ascii(s, into, data, len);
}

static void
show_rows(const struct show *s, struct buf *into, const uint8_t *data, size_t len)
{
	unsigned digits = len > 0x10000 ? 8 : 4, bytes = row_bytes(s, digits);
	unsigned width = row_width(bytes, digits), indent = show_indent(s);
	char offset[32];

	if (s->columns > 0 && indent + width > s->columns)
		indent = s->columns > width + 2 ? s->columns - width : 2;
	for (size_t at = 0; at < len; at += bytes) {
		buf_addf(into, "\n%*s", (int)indent, "");
		snprintf(offset, sizeof offset, "%0*zx  ", (int)digits, at);
		show_words(s, into, TONE_DIM, offset);
		show_row(s, into, data + at, len - at < bytes ? len - at : bytes, bytes);
	}
}

void
show_hex(const struct show *s, struct buf *into, const uint8_t *data, size_t len)
{
	if (len <= ROW_MAX && row_width((unsigned)len, 0) <= show_room(s, true) + 2)
		show_row(s, into, data, len, len);
	else
		show_rows(s, into, data, len);
}
