/* message.h: one published message, shared by everyone it goes to.
 *
 * Reference-counted, for one thread. The bytes that go on the wire exist once in each
 * form and have LWS_PRE writable bytes in front, where libwebsockets puts the frame
 * header; every receiver sends the same bytes. */
#ifndef HAIL_NODE_MESSAGE_H
#define HAIL_NODE_MESSAGE_H

#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/node/stream_id.h"

enum message_form {
	MESSAGE_JSON,    /* {"id":…,"topic":…,"node":…,"data":…} */
	MESSAGE_RAW,     /* the data only */
	MESSAGE_CHUNK,   /* an event of an event stream, as one chunk (RFC 9112, 7.1) */
	MESSAGE_EVENT,   /* the same without the chunk around it */
	MESSAGE_FORMS,   /* how many there are */
};

struct message {
	unsigned refs;
	struct stream_id id;
	struct slice topic;
	struct slice node;       /* of the publisher */
	struct slice source;     /* node, boot and connection of the publisher */
	struct slice data;
	uint8_t *raw;            /* the data once more, as it is sent */
	uint8_t *json;           /* NULL until somebody wants it; starts LWS_PRE later */
	size_t json_len;
	uint8_t *chunk;          /* as json, with some more room before its head */
	size_t chunk_len;
	size_t event_at;         /* in what is sent: behind the head */
};

/* Whether a node may be called that: 1 to 64 of A-Z a-z 0-9 . _ - (nothing that would
 * have to be quoted in a cookie, an origin or a metric). */
bool message_node_valid(struct slice name);

/* An origin says where a message comes from: "NODE/BOOT/CONNECTION/NUMBER", the last two
 * in digits. NODE/BOOT/CONNECTION is the same for all messages of one publisher's
 * connection, the whole is unique. False: it is not of that form. */
bool message_origin_split(struct slice origin, struct slice *node, struct slice *source);

/* Copies everything; data must be UTF-8 if the JSON form is ever asked for. One
 * reference, the caller's. NULL: no memory, or the origin is not of the form above. */
struct message *message_new(struct stream_id id, struct slice topic, struct slice origin,
    struct slice data);

struct message *message_ref(struct message *m);

/* Gives a reference back; NULL is fine. */
void message_unref(struct message *m);

/* The bytes to send, with LWS_PRE writable bytes in front of them. NULL: no memory. */
uint8_t *message_bytes(struct message *m, enum message_form form, size_t *len);

#endif
