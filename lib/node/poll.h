/* poll.h: GET /poll/{topic}: what came after an id, now or, with a wait, as soon as there is
 * something. A poll is a member of its topic until it is answered.
 *
 * The entity tag of an answer is where the next poll goes on: the highest id that was
 * considered for this one. All of it returns what the callback of libwebsockets has to. */
#ifndef HAIL_NODE_POLL_H
#define HAIL_NODE_POLL_H

#include <libwebsockets.h>

struct http_request;
struct node;
struct poll;

/* Refuses it, answers it, or leaves it in r->poll until it is answered. */
int poll_begin(struct node *n, struct lws *wsi, struct http_request *r);

/* The socket takes an answer. */
int poll_writable(struct poll *p);

/* The connection is gone; NULL is fine. */
void poll_free(struct poll *p);

#endif
