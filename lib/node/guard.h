/* guard.h: who may ask, and how often: what a request has to pass before its route, where
 * --auth-secret and --rate-limit say so. */
#ifndef HAIL_NODE_GUARD_H
#define HAIL_NODE_GUARD_H

#include <libwebsockets.h>
#include <stdbool.h>

struct http_refusal;
struct node;
struct route;

/* Whether a request, upgrade or not, may go on; *expires: when its token does, in seconds since
 * 1970, or INFINITY. False: *why not, and it is counted. */
bool guard_admit(struct node *n, struct lws *wsi, const struct route *route, double *expires,
    struct http_refusal *why);

/* When the token of a request that was admitted expires. */
double guard_expiry(struct node *n, struct lws *wsi);

/* A request that was admitted, but whose token expired before it was answered. */
void guard_expired(struct http_refusal *why);

/* Seconds since 1970. */
double guard_now(void);

#endif
