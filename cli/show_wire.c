#include <stdio.h>
#include <string.h>

#include "cli/rune.h"
#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/channel/channel.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_frame.h"

enum {
	HEX_MAX = 16,                /* bytes of a payload that are shown as hex */
	TEXT_MAX = 64,               /* and as text */
	HEAD_SHOWN = HTTP_HEAD_MAX,
};

static const char *
opcode_name(enum ws_opcode opcode)
{
	switch (opcode) {
	case WS_CONTINUATION:
		return "continuation";
	case WS_TEXT:
		return "text";
	case WS_BINARY:
		return "binary";
	case WS_CLOSE:
		return "close";
	case WS_PING:
		return "ping";
	case WS_PONG:
		return "pong";
	}
	return "reserved opcode";
}

/* "text FIN RSV1 mask 1a2b3c4d 5 B"; returns its columns. */
static size_t
show_frame_head(const struct show *s, struct buf *into, const struct ws_frame *f)
{
	const char *name = opcode_name(f->opcode);
	char size[32], mask[16] = "", flags[128];
	int len;

	if (f->masked)
		snprintf(mask, sizeof mask, " mask %02x%02x%02x%02x", f->mask[0], f->mask[1],
		    f->mask[2], f->mask[3]);
	len = snprintf(flags, sizeof flags, "%s%s%s%s%s %s", f->fin ? " FIN" : "",
	    f->rsv & WS_RSV1 ? " RSV1" : "", f->rsv & WS_RSV2 ? " RSV2" : "",
	    f->rsv & WS_RSV3 ? " RSV3" : "", mask, show_size(size, f->length));
	show_words(s, into, TONE_WORD, name);
	buf_add_text(into, flags);
	return strlen(name) + (size_t)len;
}

/* "1000 normal: bye" */
static void
show_close(const struct show *s, struct buf *into, const uint8_t *data, size_t len)
{
	unsigned code = (unsigned)(data[0] << 8 | data[1]);

	buf_addf(into, "  %u %s", code, show_code_name(code));
	if (len > 2) {
		buf_add_text(into, ": ");
		show_text(s, into, TONE_PLAIN, data + 2, len - 2);
	}
}

/* How many bytes of a text fit into so many columns. */
static size_t
fitting(const uint8_t *data, size_t len, size_t columns)
{
	size_t fit = 0, width = 0, n;
	uint32_t rune;

	while (fit < len) {
		n = rune_get(&rune, data + fit, len - fit);
		width += show_width(data + fit, n, columns);
		if (width > columns)
			break;
		fit += n;
	}
	return fit;
}

/* The first bytes as hex and as text, as much as fits behind what stands on the line. What is
 * compressed makes no text. */
static void
show_payload(const struct show *s, struct buf *into, const struct channel_wire *w, size_t room)
{
	const uint8_t *data = w->data;
	size_t len = w->len, hex = len < HEX_MAX ? len : HEX_MAX, text;
	char bytes[3 * HEX_MAX + 4] = "";

	while (hex > 4 && 4 * hex + 6 > room)
		hex /= 2;
	text = room > 3 * hex + 6 ? room - 3 * hex - 6 : 0;
	for (size_t i = 0; i < hex; i++)
		snprintf(bytes + 3 * i, 4, "%02x ", data[i]);
	if (w->frame->rsv & WS_RSV1 && hex == len)
		bytes[3 * hex - 1] = '\0';
	buf_add_text(into, "  ");
	show_words(s, into, TONE_DIM, bytes);
	if (hex < len)
		show_words(s, into, TONE_DIM, "… ");
	text = fitting(data, len, text < TEXT_MAX ? text : TEXT_MAX);
	if (text == 0 || w->frame->rsv & WS_RSV1)
		return;
	buf_add_text(into, " ");
	show_text(s, into, TONE_PLAIN, data, text);
	if (text < len)
		show_words(s, into, TONE_DIM, "…");
}

static void
show_frame(const struct show *s, struct buf *into, const struct channel_wire *w)
{
	size_t room = show_room(s, true), head;

	head = show_frame_head(s, into, w->frame);
	if (w->len == 0)
		return;
	if (w->frame->opcode == WS_CLOSE && w->len >= 2)
		show_close(s, into, w->data, w->len);
	else
		show_payload(s, into, w, room > head ? room - head : 0);
}

/* A name and its value in two tones; a line without a colon is the first one. */
static void
show_field(const struct show *s, struct buf *into, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name = colon != NULL ? (size_t)(colon - line) + 1 : 0;

	show_text(s, into, TONE_KEY, line, name);
	show_text(s, into, TONE_PLAIN, line + name, len - name);
}

static void
show_head(struct show *s, struct buf *into, const struct channel_wire *w)
{
	struct slice rest = {(const char *)w->data, w->len < HEAD_SHOWN ? w->len : HEAD_SHOWN};
	struct slice line;
	bool first = true;

	while (rest.data != NULL) {
		line = slice_cut(&rest, '\n');
		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len == 0)
			continue;
		if (!first)
			show_continue(s, into);
		if (first)
			show_text(s, into, TONE_PLAIN, line.data, line.len);
		else
			show_field(s, into, line.data, line.len);
		first = false;
	}
}

void
show_wire(struct show *s, struct buf *into, const struct channel_wire *w)
{
	show_begin(s, into, w->at, w->out ? '>' : '<', w->out ? TONE_OUT : TONE_IN);
	if (w->kind == WIRE_FRAME)
		show_frame(s, into, w);
	else
		show_head(s, into, w);
	buf_add_text(into, "\n");
}
