/* http_verdict.h: what an answer of HTTP means to those who asked for messages. Pure. */
#ifndef HAIL_CHANNEL_HTTP_VERDICT_H
#define HAIL_CHANNEL_HTTP_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct err;
struct http_head;

#define HTTP_VERDICT_RETRY_MAX_S 600       /* a server may ask for more; so long is waited */

/* Fills *e with class ERR_HTTP, the status and a sentence. */
void http_verdict_refuse(const struct http_head *head, struct err *e);

/* Whether a refusal with that error will not change by itself. Not so: 408, 425, 429 and 5xx, and
 * redirects, which lead elsewhere. ERR_HANDSHAKE is final. */
bool http_verdict_is_final(const struct err *why);

/* Whether a Content-Type is that one, whatever its parameters (RFC 9110, 8.3.1). */
bool http_verdict_is_type(struct slice content_type, const char *name);

/* What Retry-After asks for (RFC 9110, 10.2.3), in ns, at most HTTP_VERDICT_RETRY_MAX_S; 0:
 * nothing, or a date, which is left to the backoff. */
uint64_t http_verdict_retry_after(const struct http_head *head);

#endif
