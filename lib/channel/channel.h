/* channel.h: messages to and from a server, whatever the transport: WebSocket now; SSE, long
 * polling, polling and Socket.IO have the same face.
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
struct stream_times;

enum message_kind {
	MESSAGE_TEXT,
	MESSAGE_BINARY,
};

struct message {
	enum message_kind kind;
	const uint8_t *data;
	size_t len;
	uint64_t at;                     /* clock_ns after the read that completed it */
};

struct channel_opened {
	const struct http_head *head;    /* the server's answer */
	const struct stream_times *times;
	uint64_t at;                     /* clock_ns when the answer was complete */
};

struct channel_end {
	struct err why;                  /* ERR_NONE: a close handshake, whoever began it */
	unsigned code;                   /* close code on the wire; 1005 none, 1006 no handshake */
	struct slice reason;
	bool by_peer;                    /* the server began */
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
};

/* What a transport implements; the functions below dispatch. */
struct channel_ops {
	int (*send)(struct channel *c, enum message_kind kind, const void *data, size_t len);
	int (*ping)(struct channel *c, const void *data, size_t len);
	void (*close)(struct channel *c, unsigned code, const char *reason);
	void (*free)(struct channel *c, bool reset);
	size_t (*backlog)(const struct channel *c);
	uint64_t (*bytes_in)(const struct channel *c);
	uint64_t (*bytes_out)(const struct channel *c);
	const char *(*stage)(const struct channel *c);
};

/* The head of every transport's own struct. */
struct channel {
	const struct channel_ops *ops;
	const struct channel_events *events;
	void *ctx;
};

/* Sends one message. 1: the kernel has it; 0: some waits, `drained` will come; -1: too much
 * waits already, or the channel is not open: nothing was sent. */
static inline int
channel_send(struct channel *c, enum message_kind kind, const void *data, size_t len)
{
	return c->ops->send(c, kind, data, len);
}

/* At most 125 bytes, which the pong brings back. Returns as channel_send. */
static inline int
channel_ping(struct channel *c, const void *data, size_t len)
{
	return c->ops->ping(c, data, len);
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

/* What it waits for, for the text of a timeout: "resolving", "connecting", "upgrading",
 * "open", "closing". */
static inline const char *
channel_stage(const struct channel *c)
{
	return c->ops->stage(c);
}

#endif
