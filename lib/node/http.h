/* http.h: requests that are not upgrades, and the answers to those that should not be. */
#ifndef HAIL_NODE_HTTP_H
#define HAIL_NODE_HTTP_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/node/route.h"

struct http_post;
struct node;

/* What libwebsockets keeps for one request; zeroed when it begins. */
struct http_request {
	struct route route;
	bool head;                     /* no body in the answer */
	struct http_post *post;        /* POST /pub/{topic}, until it is answered */
};

/* Why a request is not served. */
struct http_refusal {
	unsigned status;
	char field[24];                /* one more field, "Allow: GET"; empty for none */
	const char *text;
};

/* Finds the route of the request that libwebsockets has just read, and its method's name
 * ("GET"), NULL for one without a name. */
const char *http_route(struct lws *wsi, struct route *route);

/* Whether that method and topic are right for the route, upgraded or not; false: *why
 * not. */
bool http_acceptable(struct lws *wsi, const struct route *route, const char *method,
    struct http_refusal *why);

/* What follows `name` ("since=") in the query, decoded; false: it is not there. A value
 * that does not fit is cut short. */
bool http_query(struct lws *wsi, const char *name, char *into, size_t size);

/* Answers a request: whole, or once its body has come. All these return what the callback
 * of libwebsockets has to. */
int http_begin(struct node *n, struct lws *wsi, struct http_request *r);
int http_body(struct lws *wsi, struct http_request *r, const char *data, size_t len);
int http_received(struct node *n, struct lws *wsi, struct http_request *r);
int http_writable(struct lws *wsi, struct http_request *r);

/* The request is over, answered or not. */
void http_end(struct http_request *r);

/* Writes a refusal as a whole answer: one line of text. -1: the connection is broken. */
int http_refuse(struct lws *wsi, const struct http_refusal *why);

#endif
