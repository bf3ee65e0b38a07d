/* channel.h: messages to and from a server, whatever the transport: WebSocket, server-sent events,
 * long polling and polling have the same face; Socket.IO will.
 *
 * Life: open → (opened) → message, pong, drained … → (closing) → closed. Opening never calls
 * back before it returns. `closed` comes exactly once, last. Any callback may call channel_free,
 * after which none comes any more. Bytes in events are lent until the callback returns. */
#ifndef HAIL_CHANNEL_CHANNEL_H
#define HAIL_CHANNEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

struct channel;
struct http_head;
struct stream;
struct stream_times;
struct ws_deflate_params;
struct ws_frame;

enum message_kind {
	MESSAGE_TEXT,
	MESSAGE_BINARY,
};

struct message {
	enum message_kind kind;
	const uint8_t *data;
	size_t len;
	struct slice event;              /* its name, where the transport has one; data NULL: not */
	struct slice id;                 /* the last event id in force, or its own; len 0: none */
	uint64_t at;                     /* clock_ns after the read that completed it */
};

struct channel_opened {
	const struct http_head *head;    /* the server's answer; NULL: a long poll that the server
	                                  * holds, so there is none yet */
	const struct stream_times *times;
	const struct stream *stream;     /* for stream_tls_info; NULL: it has ended already */
	const struct ws_deflate_params *deflate;     /* what was agreed; NULL: no compression */
	uint64_t at;                     /* clock_ns when the answer was complete, or not waited
	                                  * for any longer */
};

/* An answer that opened nothing. */
struct channel_refusal {
	const struct http_head *head;
	struct slice body;               /* what was read of it, de-chunked */
	bool cut;                        /* there was more */
	bool upgrade;                    /* what was refused is a WebSocket */
};

struct channel_end {
	struct err why;                  /* ERR_NONE: in order. A close handshake, whoever began it;
	                                  * the end of an event stream */
	unsigned code;                   /* close code on the wire; 1005 none, 1006 no handshake; 0
	                                  * where there is no such thing */
	bool final;                      /* the server will have nothing else to say: no second
	                                  * attempt can help */
	bool again;                      /* an end in order after which the transport's own rules
	                                  * open it once more: an event stream */
	uint64_t retry_ns;               /* the reconnection time in force then; 0: none */
	struct slice reason;
	bool by_peer;                    /* the server began */
	const struct channel_refusal *refusal;   /* with ERR_HTTP and ERR_HANDSHAKE, when there
	                                  * was an answer; else NULL */
};

/* What goes wrong without ending the channel. */
enum notice_kind {
	NOTICE_GAP,                      /* of polls: messages are missing, since their ids leave
	                                  * numbers out, or what they were to follow is not there
	                                  * any more */
	NOTICE_BUSY,                     /* the server asked to be left alone for a while */
};

struct channel_notice {
	enum notice_kind kind;
	struct err what;
};

/* An end that could not be kept. */
extern const struct channel_end channel_end_no_memory;

enum wire_kind {
	WIRE_REQUEST,                    /* data: the head as it is sent */
	WIRE_RESPONSE,                   /* data: the head as it came */
	WIRE_FRAME,                      /* frame; data: the payload that is at hand, unmasked, as
	                                  * it is on the wire, i.e. compressed */
};

/* What is on the wire, for those who debug. */
struct channel_wire {
	enum wire_kind kind;
	bool out;
	const struct ws_frame *frame;    /* length: of the whole payload */
	const uint8_t *data;
	size_t len;
	uint64_t at;                     /* clock_ns */
};

struct channel_events {
	void (*opened)(void *ctx, const struct channel_opened *o);
	void (*message)(void *ctx, const struct message *m);
	void (*pong)(void *ctx, const uint8_t *data, size_t len, uint64_t at);
	void (*drained)(void *ctx);
	/* The server has begun the closing handshake and was answered: nothing can be sent any
	 * more, nothing will come. `closed` follows when the connection itself has ended. */
	void (*closing)(void *ctx, const struct channel_end *end);
	void (*closed)(void *ctx, const struct channel_end *end);
	/* May be NULL. Told before what it means: a frame's before its message. Frames that come in
	 * pieces are told once, with their first piece. Must not free the channel. */
	void (*wire)(void *ctx, const struct channel_wire *w);
	/* May be NULL; as for wire. */
	void (*notice)(void *ctx, const struct channel_notice *n);
};

/* What asking cost. */
struct channel_polling {
	uint64_t requests;               /* that were answered, or given up */
	uint64_t empty;                  /* … with no message: 204, 408, an empty array, or not
	                                  * at all */
	uint64_t not_modified;           /* … with 304 */
	uint64_t connections;            /* opened for them */
};

/* Bytes of message payloads on both sides of the compressor, in compressed messages only. */
struct channel_compression {
	uint64_t out_plain, out_wire, in_plain, in_wire;
};

/* What a transport implements; the functions below dispatch. */
struct channel_ops {
	int (*send)(struct channel *c, enum message_kind kind, const void *data, size_t len);
	int (*ping)(struct channel *c, const void *data, size_t len);     /* NULL: has none */
	void (*close)(struct channel *c, unsigned code, const char *reason);
	void (*free)(struct channel *c, bool reset);
	void (*pause)(struct channel *c, bool pause);
	size_t (*backlog)(const struct channel *c);
	uint64_t (*bytes_in)(const struct channel *c);
	uint64_t (*bytes_out)(const struct channel *c);
	const char *(*stage)(const struct channel *c);
	void (*compression)(const struct channel *c, struct channel_compression *out);
	void (*polling)(const struct channel *c, struct channel_polling *out);
};

/* The head of every transport's own struct. */
struct channel {
	const struct channel_ops *ops;
	const struct channel_events *events;
	void *ctx;
};

/* Sends one message. 1: the kernel has it; 0: some waits, `drained` will come; -1: too much
 * waits already, the channel is not open, or it can only receive: nothing was sent. */
static inline int
channel_send(struct channel *c, enum message_kind kind, const void *data, size_t len)
{
	return c->ops->send(c, kind, data, len);
}

/* Whether the transport has pings. */
static inline bool
channel_can_ping(const struct channel *c)
{
	return c->ops->ping != NULL;
}

/* At most 125 bytes, which the pong brings back. Returns as channel_send. */
static inline int
channel_ping(struct channel *c, const void *data, size_t len)
{
	return c->ops->ping != NULL ? c->ops->ping(c, data, len) : -1;
}

/* Begins an orderly end; `closed` follows when the peer agreed. code 0: without a code. `reason`
 * may be NULL, at most 123 bytes. A second call changes nothing. */
static inline void
channel_close(struct channel *c, unsigned code, const char *reason)
{
	c->ops->close(c, code, reason);
}

/* Ends it at once, without a word to the peer (reset: with a TCP reset), and frees it. */
static inline void
channel_free(struct channel *c, bool reset)
{
	if (c != NULL)
		c->ops->free(c, reset);
}

/* Reads nothing and tells of no message until told otherwise; what is being told is the last. */
static inline void
channel_pause(struct channel *c, bool pause)
{
	c->ops->pause(c, pause);
}

static inline size_t
channel_backlog(const struct channel *c)
{
	return c->ops->backlog(c);
}

static inline uint64_t
channel_bytes_in(const struct channel *c)
{
	return c->ops->bytes_in(c);
}

static inline uint64_t
channel_bytes_out(const struct channel *c)
{
	return c->ops->bytes_out(c);
}

static inline void
channel_compression(const struct channel *c, struct channel_compression *out)
{
	c->ops->compression(c, out);
}

static inline void
channel_polling(const struct channel *c, struct channel_polling *out)
{
	c->ops->polling(c, out);
}

/* What it waits for, for the text of a timeout: "resolving", "connecting", "upgrading",
 * "waiting for the answer", "open", "closing"; "refused" while the body of a refusal is read,
 * "ending" when both have said close and the server should end the connection: channel_close then
 * ends it and calls `closed` with what came. */
static inline const char *
channel_stage(const struct channel *c)
{
	return c->ops->stage(c);
}

#endif
