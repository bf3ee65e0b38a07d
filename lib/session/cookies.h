/* cookies.h: the cookies that a server set, kept across reconnects and redirects
 * (RFC 6265, 5), so that a sticky session sticks. In memory only. */
#ifndef HAIL_SESSION_COOKIES_H
#define HAIL_SESSION_COOKIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct buf;
struct cookies;
struct http_head;
struct url;

enum {
	COOKIES_MAX = 50,          /* kept at once; the oldest goes */
	COOKIE_BYTES_MAX = 4096,   /* name and value; longer ones are not taken */
};

struct cookies *cookies_new(void);
void cookies_free(struct cookies *c);

/* Takes every Set-Cookie of the answer of `from`: Domain, Path, Secure, Max-Age and Expires are
 * honoured, a foreign Domain, one without a dot and control characters refused. What does not fit
 * or has no name is passed over. `now`: seconds since 1970. */
void cookies_take(struct cookies *c, const struct http_head *head, const struct url *from,
    int64_t now);

/* Appends "a=1; b=2", those for `to` in the order of RFC 6265, 5.4. Nothing when there are none.
 * -1: buf full; those that fitted are there. */
int cookies_write(struct cookies *c, const struct url *to, int64_t now, struct buf *into);

size_t cookies_count(const struct cookies *c);

#endif
