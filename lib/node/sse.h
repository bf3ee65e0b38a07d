/* sse.h: GET /sse/{topic}: an event stream (HTML Living Standard, 9.2), whose reader is a
 * member of the topic.
 *
 * To HTTP/1.1 it is sent in chunks (RFC 9112, 7.1), which libwebsockets 4.1 leaves to us: a
 * stream that ends in order has a last chunk, one that was cut has none. To HTTP/1.0 it ends
 * with the connection, either way.
 *
 * All of it returns what the callback of libwebsockets has to. */
#ifndef HAIL_NODE_SSE_H
#define HAIL_NODE_SSE_H

#include <libwebsockets.h>

struct http_request;
struct node;
struct sse;

/* Refuses it, or begins it and leaves it in r->sse. The head goes out once it is known from
 * where on messages come. */
int sse_begin(struct node *n, struct lws *wsi, struct http_request *r);

/* The socket takes more. */
int sse_writable(struct sse *s);

/* The connection is gone; NULL is fine. */
void sse_free(struct sse *s);

#endif
