/* redirect.h: where an answer sends a client on to (RFC 9110, 10.2.2 and 15.4; RFC 3986, 5.2).
 * Pure. */
#ifndef HAIL_SESSION_REDIRECT_H
#define HAIL_SESSION_REDIRECT_H

#include <stdbool.h>

#include "lib/base/slice.h"

struct err;
struct http_head;
struct url;

enum { REDIRECT_MAX = 16384 };   /* bytes a Location may have */

/* Resolves a Location against the URL that answered with it. From a
 * WebSocket http and https become ws and wss, else those are refused.
 * A fragment is dropped; spaces and bytes beyond ASCII, which a Location must not have but often
 * has, are percent-encoded. Only the user and password of `from` are kept, and only within its
 * origin. The strings in *to are the caller's (url_release). -1: class ERR_HTTP and why it is not
 * followed: no URL, another scheme, from TLS to plain; ERR_MEMORY. */
int redirect_resolve(struct url *to, const struct url *from, struct slice location,
    struct err *e);

/* Whether the answer is a redirect: status 301, 302, 303, 307 or 308 with a Location. 1: yes, *to
 * is where; 0: no; -1: yes, but it is not followed; as redirect_resolve, the status as code. */
int redirect_of(struct url *to, const struct url *from, const struct http_head *head,
    struct err *e);

/* Same scheme (but for http and ws), host and port (RFC 6454, 4). */
bool redirect_same_origin(const struct url *a, const struct url *b);

#endif
