#include "lib/node/message.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"

bool
message_origin_split(struct slice origin, struct slice *node, struct slice *source)
{
	struct slice rest = origin;
	const char *last;

	*node = slice_cut(&rest, '/');
	if (node->len == 0 || rest.data == NULL)
		return false;
	last = memrchr(rest.data, '/', rest.len);
	if (last == NULL || memchr(rest.data, '/', (size_t)(last - rest.data)) == NULL)
		return false;
	*source = (struct slice){origin.data, (size_t)(last - origin.data)};
	return true;
}

/* Copies `text` to *at and moves it behind the copy. */
static struct slice
put(char **at, struct slice text)
{
	struct slice copy = {*at, text.len};

	memcpy(*at, text.data, text.len);
	*at += text.len;
	return copy;
}

struct message *
message_new(struct stream_id id, struct slice topic, struct slice origin, struct slice data)
{
	struct slice node, source;
	struct message *m;
	char *at;

	if (!message_origin_split(origin, &node, &source))
		return NULL;
	m = malloc(sizeof *m + topic.len + source.len + LWS_PRE + data.len);
	if (m == NULL)
		return NULL;
	*m = (struct message){.refs = 1, .id = id};
	at = (char *)(m + 1);
	m->topic = put(&at, topic);
	m->source = put(&at, source);
	m->node = (struct slice){m->source.data, node.len};
	at += LWS_PRE;
	m->data = put(&at, data);
	return m;
}

struct message *
message_ref(struct message *m)
{
	m->refs++;
	return m;
}

void
message_unref(struct message *m)
{
	if (m == NULL || --m->refs > 0)
		return;
	free(m->json);
	free(m);
}

static int
write_json(struct message *m, struct buf *b)
{
	static const uint8_t room[LWS_PRE];
	char id[STREAM_ID_TEXT];

	stream_id_text(m->id, id);
	if (buf_add(b, room, sizeof room) != 0 || buf_addf(b, "{\"id\":\"%s\",\"topic\":", id) != 0 ||
	    json_quote(b, m->topic.data, m->topic.len) != 0 || buf_add_text(b, ",\"node\":") != 0 ||
	    json_quote(b, m->node.data, m->node.len) != 0 || buf_add_text(b, ",\"data\":") != 0 ||
	    json_quote(b, m->data.data, m->data.len) != 0)
		return -1;
	return buf_add_text(b, "}");
}

static uint8_t *
json_bytes(struct message *m, size_t *len)
{
	struct buf b;

	if (m->json == NULL) {
		/* at worst each byte becomes six */
		buf_init(&b, LWS_PRE + 512 + 6 * (m->topic.len + m->node.len + m->data.len));
		buf_reserve(&b, LWS_PRE + 96 + m->topic.len + m->node.len + m->data.len);
		if (write_json(m, &b) != 0) {
			buf_release(&b);
			return NULL;
		}
		m->json = b.data;
		m->json_len = b.len - LWS_PRE;
	}
	*len = m->json_len;
	return m->json + LWS_PRE;
}

uint8_t *
message_bytes(struct message *m, enum message_form form, size_t *len)
{
	switch (form) {
	case MESSAGE_JSON:
		return json_bytes(m, len);
	case MESSAGE_RAW:
		*len = m->data.len;
		return (uint8_t *)(uintptr_t)m->data.data;
	case MESSAGE_FORMS:
		break;
	}
	return NULL;
}
