/* jwt.h: JSON Web Tokens signed with HS256 (RFC 7519, RFC 7515), as a client mints them to
 * authorize itself. */
#ifndef HAIL_SESSION_JWT_H
#define HAIL_SESSION_JWT_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* claims: "name=value"; a value that is JSON (a number, true, false, null, an object, an array,
 * a string in its quotes) is that, all else is a string as it stands. "{conn}" in a value becomes
 * `conn`. exp, nbf and iat are seconds since 1970, or a duration that begins with '+' or '-' and
 * counts from `now` ("exp=+1h"); iat is `now` when it is not given. `now`: seconds since 1970.
 * The token is the caller's to free; NULL with class ERR_USAGE (names the claim) or
 * ERR_MEMORY. */
char *jwt_mint(const char *secret, const char *const *claims, size_t claim_count, uint64_t conn,
    int64_t now, struct err *e);

#endif
