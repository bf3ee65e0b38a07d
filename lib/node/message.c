#include "lib/node/message.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/node/event.h"

enum {
	NODE_NAME_MAX = 64,
	CHUNK_HEAD_MAX = 18,     /* a size in hexadecimal digits, CR LF */
};

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
made_of(struct slice text, const char *allowed)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\0' || strchr(allowed, text.data[i]) == NULL)
			return false;
	return text.len > 0;
}

bool
message_node_valid(struct slice name)
{
	return name.len <= NODE_NAME_MAX && made_of(name, LETTERS DIGITS "._-");
}

bool
message_origin_split(struct slice origin, struct slice *node, struct slice *source)
{
	struct slice rest = origin, boot, connection;

	*node = slice_cut(&rest, '/');
	boot = slice_cut(&rest, '/');
	connection = slice_cut(&rest, '/');
	if (rest.data == NULL || !message_node_valid(*node) ||
	    !made_of(boot, LETTERS DIGITS) || !made_of(connection, DIGITS) ||
	    !made_of(rest, DIGITS))
		return false;
	*source = (struct slice){origin.data, origin.len - rest.len - 1};
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
	m->raw = (uint8_t *)at;
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
	free(m->chunk);
	free(m);
}

/* A member of an object, from the comma on. */
static int
write_member(struct buf *b, const char *name, struct slice value)
{
	if (buf_addf(b, ",\"%s\":", name) != 0)
		return -1;
	return json_quote(b, value.data, value.len);
}

static int
write_json(struct message *m, struct buf *b)
{
	static const uint8_t room[LWS_PRE];
	char id[STREAM_ID_TEXT];

	stream_id_text(m->id, id);
	if (buf_add(b, room, sizeof room) != 0 || buf_addf(b, "{\"id\":\"%s\"", id) != 0 ||
	    write_member(b, "topic", m->topic) != 0 || write_member(b, "node", m->node) != 0 ||
	    write_member(b, "data", m->data) != 0)
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

/* The event, then the chunk's head right before it, then what ends the chunk. */
static int
write_chunk(struct message *m, struct buf *b)
{
	static const uint8_t room[LWS_PRE + CHUNK_HEAD_MAX];
	char head[CHUNK_HEAD_MAX + 1];

	if (buf_add(b, room, sizeof room) != 0 || event_write(b, m->id, m->data) != 0)
		return -1;
	m->event_at = (size_t)snprintf(head, sizeof head, "%zx\r\n", b->len - sizeof room);
	memcpy(b->data + sizeof room - m->event_at, head, m->event_at);
	return buf_add_text(b, "\r\n");
}

static uint8_t *
chunk_bytes(struct message *m, size_t *len)
{
	struct buf b;

	if (m->chunk == NULL) {
		/* at worst each byte ends a line */
		buf_init(&b, LWS_PRE + 128 + 8 * m->data.len);
		buf_reserve(&b, LWS_PRE + 96 + m->data.len);
		if (write_chunk(m, &b) != 0) {
			buf_release(&b);
			return NULL;
		}
		m->chunk = b.data;
		m->chunk_len = b.len - LWS_PRE - CHUNK_HEAD_MAX + m->event_at;
	}
	*len = m->chunk_len;
	return m->chunk + LWS_PRE + CHUNK_HEAD_MAX - m->event_at;
}

static uint8_t *
event_bytes(struct message *m, size_t *len)
{
	uint8_t *chunk = chunk_bytes(m, len);

	if (chunk == NULL)
		return NULL;
	*len -= m->event_at + 2;
	return chunk + m->event_at;
}

uint8_t *
message_bytes(struct message *m, enum message_form form, size_t *len)
{
	switch (form) {
	case MESSAGE_JSON:
		return json_bytes(m, len);
	case MESSAGE_RAW:
		*len = m->data.len;
		return m->raw;
	case MESSAGE_CHUNK:
		return chunk_bytes(m, len);
	case MESSAGE_EVENT:
		return event_bytes(m, len);
	case MESSAGE_FORMS:
		break;
	}
	return NULL;
}
