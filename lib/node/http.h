/* http.h: requests that are not upgrades, and the answers to those that should not be. */
#ifndef HAIL_NODE_HTTP_H
#define HAIL_NODE_HTTP_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/node/route.h"

struct http_post;
struct node;
struct poll;
struct sse;
struct stream_id;

/* What libwebsockets keeps for one request; zeroed when it begins. */
struct http_request {
	struct route route;
	bool head;                     /* no body in the answer */
	double expires;                /* its token, in seconds since 1970; or INFINITY */
	struct http_post *post;        /* POST /pub/{topic}, until it is answered */
	struct sse *sse;               /* GET /sse/{topic}, until it ends */
	struct poll *poll;             /* GET /poll/{topic}, until it is answered */
};

enum {
	HTTP_FIELDS = 4,
	HTTP_HEAD_MAX = 1024,
};

struct http_answer {
	unsigned status;
	const char *type;                    /* NULL: no length either, as with 204 */
	const char *fields[HTTP_FIELDS];     /* more of them as "Name: value", NULL for none */
	struct slice body;
	bool head;                           /* leave the body out */
};

/* Why a request is not served. */
struct http_refusal {
	unsigned status;
	char field[192];               /* one more field, "Allow: GET"; empty for none */
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
 * that does not fit becomes "?", which is no good value of anything. */
bool http_query(struct lws *wsi, const char *name, char *into, size_t size);

/* The value of a field that libwebsockets does not know ("prefer:"), as http_query. */
bool http_field(struct lws *wsi, const char *name, char *into, size_t size);

/* Reads "since" from the query. 1: it is there; 0: it is not, or empty; -1: it is no id. */
int http_since(struct lws *wsi, struct stream_id *since);

/* Writes the head of an answer at *at, and moves that behind it. -1: it is too long. */
int http_add_head(struct lws *wsi, const struct http_answer *a, uint8_t **at, uint8_t *end);

/* Answers a request: whole, or once its body has come. All these return what the callback
 * of libwebsockets has to. */
int http_begin(struct node *n, struct lws *wsi, struct http_request *r);
int http_body(struct lws *wsi, struct http_request *r, const char *data, size_t len);
int http_received(struct node *n, struct lws *wsi, struct http_request *r);
int http_writable(struct lws *wsi, struct http_request *r);

/* Answers a request and ends it: whoever calls it may not touch the request any more. */
int http_answer(struct lws *wsi, const struct http_answer *a);

/* Answers with a line of text and closes the connection: what follows may be a body that
 * nobody wants. */
int http_fail(struct lws *wsi, unsigned status, const char *text);

/* The same with 503 and Retry-After. */
int http_fail_for_now(struct lws *wsi, const char *text);

/* The request is over, answered or not. */
void http_end(struct http_request *r);

/* Writes a refusal as a whole answer: one line of text. -1: the connection is broken. */
int http_refuse(struct lws *wsi, const struct http_refusal *why);

#endif
