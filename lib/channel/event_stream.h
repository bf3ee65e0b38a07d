/* event_stream.h: server-sent events as a channel (HTML Living Standard, 9.2), which only receives.
 * One channel is one request: that a stream is opened again when it has ended, and where it goes
 * on (struct resume), is up to whoever keeps sessions. */
#ifndef HAIL_CHANNEL_EVENT_STREAM_H
#define HAIL_CHANNEL_EVENT_STREAM_H

#include <stdbool.h>

#include "lib/channel/channel.h"
#include "lib/channel/peer.h"

struct err;
struct loop;

/* What many connections share. */
struct event_stream_params {
	const struct peer *peer;
	bool compress;               /* gzip and deflate are accepted */
};

/* Opens. *params, place->source and place->resume must outlive the channel.
 *
 * How it ends: in order, to be opened again (`again`), when the server ended the stream; in order
 * and for good (`final`) with 204. ERR_HTTP for any other status than 200, ERR_HANDSHAKE for
 * another Content-Type than text/event-stream, with the answer as a refusal; these are final,
 * too, but for statuses that tell of a passing trouble (408, 425, 429, 5xx). ERR_PROTOCOL and
 * ERR_LIMIT, final, for what is no HTTP or too long; ERR_CLOSED when it broke. NULL with *e when
 * it failed at once. */
struct channel *event_stream_open(struct loop *l, const struct event_stream_params *params,
    const struct place *place, const struct channel_events *events, void *ctx, struct err *e);

#endif
