#include "cli/json_line.h"

#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/utf8.h"
#include "lib/channel/channel.h"
#include "lib/codec/http_head.h"

void
json_line_begin(struct buf *into, const char *type, uint64_t ns)
{
	buf_addf(into, "{\"t\":%.6f,\"type\":\"%s\"", (double)ns / 1e9, type);
}

void
json_line_end(struct buf *into)
{
	buf_add_text(into, "}\n");
}

void
json_line_text(struct buf *into, const char *key, const char *text, size_t len)
{
	buf_addf(into, ",\"%s\":", key);
	json_quote(into, text, len);
}

void
json_line_words(struct buf *into, const char *key, const char *text)
{
	json_line_text(into, key, text, strlen(text));
}

void
json_line_slice(struct buf *into, const char *key, struct slice text)
{
	if (text.data != NULL && utf8_valid(text.data, text.len))
		json_line_text(into, key, text.data, text.len);
}

static int
add_base64(struct buf *into, const void *data, size_t len)
{
	uint8_t *room;

	if (buf_add_text(into, ",\"base64\":\"") != 0 ||
	    (room = buf_reserve(into, base64_length(len) + 1)) == NULL)
		return -1;
	into->len += base64_encode((char *)room, data, len);
	return buf_add_text(into, "\"");
}

/* Neither where there is no memory. */
void
json_line_bytes(struct buf *into, const void *data, size_t len)
{
	size_t before = into->len;
	int result;

	if (!utf8_valid(data, len))
		result = add_base64(into, data, len);
	else if ((result = buf_add_text(into, ",\"data\":")) == 0)
		result = json_quote(into, data, len);
	if (result != 0)
		into->len = before;
}

void
json_line_message(struct buf *into, const struct message *m)
{
	json_line_words(into, "kind", m->kind == MESSAGE_TEXT ? "text" : "binary");
	json_line_slice(into, "event", m->event);
	if (m->id.len > 0)
		json_line_slice(into, "id", m->id);
	json_line_bytes(into, m->data, m->len);
	buf_addf(into, ",\"size\":%zu", m->len);
}

void
json_line_why(struct buf *into, const struct channel_end *end)
{
	json_line_words(into, "class", err_class_name(end->why.class));
	json_line_words(into, "message", end->why.text);
	if (end->refusal != NULL)
		buf_addf(into, ",\"status\":%d", end->refusal->head->status);
}
