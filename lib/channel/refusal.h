/* refusal.h: an answer that opened nothing, kept with as much of its body as is wanted. */
#ifndef HAIL_CHANNEL_REFUSAL_H
#define HAIL_CHANNEL_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"

struct channel_refusal;
struct err;
struct refusal;

/* `head` is a response head as http_head_parse took it, and is copied, as is *why; at most `max`
 * bytes of the body are kept. `upgrade`: a WebSocket was asked for. NULL without memory. */
struct refusal *refusal_new(const char *head, size_t len, size_t max, bool upgrade,
    const struct err *why);
void refusal_free(struct refusal *r);

/* Whether more of the body is wanted: it is not complete, and there is room. */
bool refusal_wants(const struct refusal *r);

/* Takes bytes behind the head. What is wrong with them cuts the body. */
void refusal_feed(struct refusal *r, const void *data, size_t len);

/* Takes a piece of the body whose framing and coding somebody else has undone, instead of
 * refusal_feed. False: there is no room for more. */
bool refusal_add(struct refusal *r, struct slice piece);

/* What refusal_add was given is not all of it. */
void refusal_cut(struct refusal *r);

/* No more will come; `in_order`: since the server ended the connection. Where neither that nor
 * the body's own framing completes it, it was cut. */
void refusal_end(struct refusal *r, bool in_order);

const struct err *refusal_why(const struct refusal *r);

/* Lives as long as *r, and points into it. */
const struct channel_refusal *refusal_view(const struct refusal *r);

#endif
