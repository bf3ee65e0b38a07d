/* limiter.h: a bucket for each client address, in memory that does not grow. Pure: the time is
 * passed in.
 *
 * A bucket that is full again is as good as none, so nothing has to expire. Addresses stand in
 * small sets chosen by a secret hash; where a set has no room left, the bucket that is full first
 * gives way, and its client starts anew. */
#ifndef HAIL_NODE_LIMITER_H
#define HAIL_NODE_LIMITER_H

#include <stdint.h>
#include <sys/socket.h>

#include "lib/node/bucket.h"

enum { LIMITER_CLIENTS = 16384 };        /* remembered at most */

struct limiter;

/* NULL: no memory. */
struct limiter *limiter_new(const struct bucket_rate *rate);

/* NULL is fine. */
void limiter_free(struct limiter *l);

/* Who that is: an IPv4 address, in whichever form, or the first 64 bits of an IPv6 address, the
 * rest of which a client may choose. */
uint64_t limiter_client(const struct sockaddr *address);

/* As bucket_take. */
uint64_t limiter_take(struct limiter *l, uint64_t client, uint64_t now_ns);

#endif
