/* stream.h: bytes to and from a peer, over whatever carries them.
 *
 * What carries them is a struct stream_layer: plain, or TLS. Before it may stand a proxy, which
 * is asked to connect on. Nothing above sees a difference.
 * Reads go to the loop's shared buffer and are lent to `received`; what that does not take is
 * kept as a tail and shown again in front of the next bytes. Writes go out directly; only what
 * the kernel does not take is kept. An idle stream holds no buffer.
 *
 * Life: stream_open → (opened) → received … drained … → closed. No callback comes before
 * stream_open returns. Any callback may call stream_close, after which none comes any more; the
 * memory goes at the end of the loop's turn. `closed` comes at most once, last, and leaves the
 * stream for its owner to stream_close. */
#ifndef HAIL_TRANSPORT_STREAM_H
#define HAIL_TRANSPORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/transport/dial.h"

struct err;
struct loop;
struct proxy;
struct stream;
struct tls_info;
struct tls_target;

/* When each step to an open stream ended, clock_ns; 0 when there was no such step. */
struct stream_times {
	uint64_t start, resolved, connected, proxied, secured;
};

struct stream_events {
	/* Bytes may flow. Not called when stream_open returned 1. */
	void (*opened)(void *ctx);

	/* Returns how many bytes it took from the front. `now` is clock_ns after the read. What
	 * it leaves because it has paused the stream is shown again as soon as that is over. */
	size_t (*received)(void *ctx, const uint8_t *data, size_t len, uint64_t now);

	/* Everything written so far was taken by the kernel, after some of it had to wait. */
	void (*drained)(void *ctx);

	/* The stream could not be opened or has ended; ERR_NONE in why->class: the peer ended
	 * it in order (FIN). */
	void (*closed)(void *ctx, const struct err *why);
};

struct stream_params {
	struct dial_params dial;     /* to the proxy, where there is one */
	const struct proxy *proxy;   /* NULL: none; lent until opened */
	struct tls_target *tls;      /* NULL: plain; lent as long as the stream lives */
	size_t max_backlog;          /* bytes that may wait for the kernel */
};

/* 1: open already; 0: opened or closed will be called; -1: failed with *e, *stream is NULL. */
int stream_open(struct stream **stream, struct loop *l, const struct stream_params *params,
    const struct stream_events *events, void *ctx, struct err *e);

/* Ends it: pending output is dropped, the descriptor is closed now, and what TLS held is freed
 * now. A peer over TLS is told (close_notify) if that can be done without waiting. NULL is fine. */
void stream_close(struct stream *s);

/* As stream_close, but the peer sees a reset instead of an end. */
void stream_reset(struct stream *s);

/* 1: all of it was taken by the kernel; 0: some waits, `drained` will come; -1: it would exceed
 * max_backlog, nothing of it was taken. A broken connection is not told here but by `closed`. */
int stream_write(struct stream *s, const void *data, size_t len);

/* Reads nothing until told otherwise, so that the peer is held back. An end of the stream is not
 * noticed meanwhile. */
void stream_pause(struct stream *s, bool pause);

/* Bytes that wait for the kernel. */
size_t stream_backlog(const struct stream *s);

/* Bytes to and from the peer so far; what TLS adds and what a proxy was told is not counted. */
uint64_t stream_bytes_in(const struct stream *s);
uint64_t stream_bytes_out(const struct stream *s);

const struct stream_times *stream_times(const struct stream *s);

/* What keeps it from being open, for the text of a timeout: "resolving", "connecting", "waiting
 * for the proxy", "in the TLS handshake". */
const char *stream_stage(const struct stream *s);

/* Describes the TLS of an open stream; -1 when it is plain or has ended. What *info points to
 * lives until the stream ends. */
int stream_tls_info(const struct stream *s, struct tls_info *info);

/* --- the seam ---------------------------------------------------------------------------- */

enum io_result {
	IO_OK,
	IO_AGAIN,        /* nothing now; the event will come */
	IO_OTHER,        /* as IO_AGAIN, but of the other direction: a read waits for room to send,
	                  * a write for bytes to come */
	IO_END,          /* the peer ended in order */
	IO_FAIL,         /* `why` says why */
};

/* Moves bytes over a connected descriptor. `state` is the layer's own, NULL for plain TCP. */
struct stream_layer {
	/* Reads until `len` bytes came or nothing is left; IO_OK with *got > 0 even when an end
	 * or a failure follows, which the next call then tells. *got and *put are 0 before. */
	enum io_result (*read)(void *state, int fd, void *into, size_t len, size_t *got);
	enum io_result (*write)(void *state, int fd, const void *from, size_t len, size_t *put);

	/* Whether to read once more, because no event of the descriptor will tell what is there.
	 * NULL: never. */
	bool (*pending)(const void *state);

	/* Why the last read failed. */
	void (*why)(const void *state, struct err *e);

	/* Says goodbye to the peer, without waiting. NULL: there is no such thing. */
	void (*part)(void *state);
	void (*free)(void *state);
};

extern const struct stream_layer stream_plain;

#endif
