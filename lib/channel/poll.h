/* poll.h: polling and long polling as a channel, which only receives: one request after the other
 * on a connection that is kept, each going on where the answer before it ended.
 *
 * Where that is (struct resume) is told to the server in every way that it speaks itself: ETag
 * comes back as If-None-Match, Last-Modified as If-Modified-Since, both where both came; {last_id}
 * in the target is the id of the last message, or the cursor that the body names. Where the target
 * has no {last_id} and the body no cursor, messages of an array up to the last one seen are
 * skipped, so that a list that is fetched again and again tells each item once. */
#ifndef HAIL_CHANNEL_POLL_H
#define HAIL_CHANNEL_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/channel/channel.h"
#include "lib/channel/peer.h"
#include "lib/channel/poll_body.h"

struct err;
struct loop;

#define POLL_NEVER UINT64_MAX

/* What many connections share. */
struct poll_params {
	const struct peer *peer;
	bool held;                   /* long polling: the server holds a request until there is
	                              * something to say */
	bool compress;               /* gzip and deflate are accepted */
	bool spread;                 /* the second short poll begins at a random moment within the
	                              * interval, so that many do not poll at once */
	uint64_t interval;           /* ns from one short poll to the next */
	uint64_t wait;               /* ns that a server is asked to hold a long poll: {wait} in
	                              * seconds, {wait_ms}, and Prefer: wait (RFC 7240, 4.3) */
	uint64_t limit;              /* ns for an answer, beyond what it may be held */
	uint64_t grace;              /* ns after which a first long poll without an answer counts
	                              * as open; POLL_NEVER: only an answer opens it */
	struct poll_shape shape;
};

/* Opens. *params, place->source and place->resume must outlive the channel. The first request of a
 * long poll that has no cursor yet asks not to be held.
 *
 * An answer of 2xx is read for messages; 204, 304 and, once it is open, 408 and 504 say that there
 * are none. 429 and 503 with Retry-After are obeyed once it is open. How it ends: ERR_HTTP, with
 * the answer as a refusal, for any other status, final unless it is passing trouble, which 410 is
 * too once an answer came; ERR_TIMEOUT when a short poll has no answer in time, or no long poll
 * ever had; ERR_PROTOCOL and ERR_LIMIT, final; ERR_CLOSED when an answer broke off. NULL with *e
 * when it failed at once. */
struct channel *poll_open(struct loop *l, const struct poll_params *params,
    const struct place *place, const struct channel_events *events, void *ctx, struct err *e);

/* Whether a target has names that only a poll fills in ({last_id}, {wait}, {wait_ms}). */
bool poll_is_template(const char *target);

#endif
