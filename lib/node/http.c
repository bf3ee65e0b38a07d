#include "lib/node/http.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/utf8.h"
#include "lib/node/broker.h"
#include "lib/node/core.h"
#include "lib/node/guard.h"
#include "lib/node/poll.h"
#include "lib/node/sse.h"

enum {
	PATH_BYTES = 8192,           /* as long as a head may be, so never cut */
	PAGE_MAX = 256 * 1024,
};

/* A publication by POST: it outlives its connection if that is closed before the broker has
 * answered. */
struct http_post {
	struct receipt receipt;      /* the first member */
	struct lws *wsi;             /* NULL: nobody waits any more */
	bool asked;                  /* the broker has it */
	bool done;
	bool published;
	struct stream_id id;
	struct buf body;
};

/* --- requests ----------------------------------------------------------------------------- */

static const struct {
	enum lws_token_indexes token;
	const char *name;
} methods[] = {
	{WSI_TOKEN_GET_URI, "GET"},
	{WSI_TOKEN_POST_URI, "POST"},
	{WSI_TOKEN_HEAD_URI, "HEAD"},
	{WSI_TOKEN_PUT_URI, "PUT"},
	{WSI_TOKEN_DELETE_URI, "DELETE"},
	{WSI_TOKEN_PATCH_URI, "PATCH"},
	{WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

const char *
http_route(struct lws *wsi, struct route *route)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (lws_hdr_total_length(wsi, methods[i].token) <= 0)
			continue;
		if (lws_hdr_copy(wsi, path, sizeof path, methods[i].token) <= 0)
			break;
		route_find(route, slice_of(path));
		return methods[i].name;
	}
	*route = (struct route){.kind = ROUTE_NONE};
	return NULL;
}

/* Copies a value, trimmed. */
static void
copy_value(struct slice value, char *into, size_t size)
{
	value = slice_trim(value);
	if (value.len >= size)
		value = slice_of("?");
	memcpy(into, value.data, value.len);
	into[value.len] = '\0';
}

bool
http_query(struct lws *wsi, const char *name, char *into, size_t size)
{
	char argument[PATH_BYTES];
	size_t len = strlen(name);

	for (int i = 0; lws_hdr_copy_fragment(wsi, argument, sizeof argument,
	    WSI_TOKEN_HTTP_URI_ARGS, i) >= 0; i++) {
		if (strncmp(argument, name, len) != 0)
			continue;
		copy_value(slice_of(argument + len), into, size);
		return true;
	}
	return false;
}

bool
http_field(struct lws *wsi, const char *name, char *into, size_t size)
{
	char value[PATH_BYTES];

	if (lws_hdr_custom_copy(wsi, value, sizeof value, name, (int)strlen(name)) < 0)
		return false;
	copy_value(slice_of(value), into, size);
	return true;
}

int
http_since(struct lws *wsi, struct stream_id *since)
{
	char text[STREAM_ID_TEXT + 1];

	if (!http_query(wsi, "since=", text, sizeof text) || text[0] == '\0')
		return 0;
	return stream_id_parse(since, text, strlen(text)) ? 1 : -1;
}

/* --- answers ------------------------------------------------------------------------------ */

/* `field` is "Name: value". */
static int
add_field(struct lws *wsi, const char *field, uint8_t **at, uint8_t *end)
{
	const char *value = strchr(field, ' ') + 1;
	char name[32];

	snprintf(name, sizeof name, "%.*s", (int)(value - field - 1), field);
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
	    (const unsigned char *)value, (int)strlen(value), at, end) == 0 ? 0 : -1;
}

int
http_add_head(struct lws *wsi, const struct http_answer *a, uint8_t **at, uint8_t *end)
{
	if (a->type != NULL ? lws_add_http_common_headers(wsi, a->status, a->type, a->body.len,
	    at, end) != 0 : lws_add_http_header_status(wsi, a->status, at, end) != 0)
		return -1;
	for (int i = 0; i < HTTP_FIELDS && a->fields[i] != NULL; i++)
		if (add_field(wsi, a->fields[i], at, end) != 0)
			return -1;
	return lws_finalize_http_header(wsi, at, end) == 0 ? 0 : -1;
}

/* Head and body go out together: most answers are one packet. */
static int
write_answer(struct lws *wsi, const struct http_answer *a)
{
	size_t body_len = a->head ? 0 : a->body.len;
	uint8_t *all = malloc(LWS_PRE + HTTP_HEAD_MAX + body_len), *start, *at;
	int result = -1;

	if (all == NULL)
		return -1;
	at = start = all + LWS_PRE;
	if (http_add_head(wsi, a, &at, start + HTTP_HEAD_MAX) == 0) {
		if (body_len > 0)
			memcpy(at, a->body.data, body_len);
		result = lws_write(wsi, start, (size_t)(at - start) + body_len,
		    LWS_WRITE_HTTP_HEADERS);
	}
	free(all);
	return result < 0 ? -1 : 0;
}

int
http_answer(struct lws *wsi, const struct http_answer *a)
{
	if (write_answer(wsi, a) != 0 || lws_http_transaction_completed(wsi) != 0)
		return -1;
	return 0;
}

int
http_refuse(struct lws *wsi, const struct http_refusal *why)
{
	char line[200];

	snprintf(line, sizeof line, "%s\n", why->text);
	return write_answer(wsi, &(struct http_answer){.status = why->status,
	    .type = "text/plain; charset=utf-8",
	    .fields = {"Connection: close", why->field[0] != '\0' ? why->field : NULL},
	    .body = slice_of(line)});
}

int
http_fail(struct lws *wsi, unsigned status, const char *text)
{
	http_refuse(wsi, &(struct http_refusal){.status = status, .text = text});
	return -1;
}

int
http_fail_for_now(struct lws *wsi, const char *text)
{
	http_refuse(wsi, &(struct http_refusal){503, "Retry-After: 1", text});
	return -1;
}

static const char *
redis_word(enum broker_state state)
{
	switch (state) {
	case BROKER_NONE:
		return "none";
	case BROKER_UP:
		return "up";
	case BROKER_DOWN:
		return "down";
	}
	return "none";
}

static int
healthz(struct node *n, struct lws *wsi, bool head)
{
	enum broker_state state = n->broker->ops->state(n->broker);
	struct buf b;
	int result = -1;

	buf_init(&b, PAGE_MAX);
	if (buf_addf(&b, "{\"status\":\"%s\",\"node\":\"%s\",\"redis\":\"%s\",",
	    state == BROKER_DOWN ? "degraded" : "ok", n->params.name, redis_word(state)) == 0 &&
	    buf_addf(&b, "\"connections\":%" PRIu64 ",\"uptime_s\":%" PRIu64 "}\n",
	    metrics_connections(&n->metrics), (clock_ns() - n->started_ns) / NS_PER_S) == 0)
		result = http_answer(wsi, &(struct http_answer){.status = 200,
		    .type = "application/json", .body = {(const char *)b.data, b.len},
		    .head = head});
	buf_release(&b);
	return result;
}

static int
metrics(struct node *n, struct lws *wsi, bool head)
{
	enum broker_state state = n->broker->ops->state(n->broker);
	struct buf b;
	int result = -1;

	n->metrics.redis_up = state == BROKER_NONE ? -1 : state == BROKER_UP;
	n->metrics.redis_reconnects = n->broker->ops->reconnects(n->broker);
	buf_init(&b, PAGE_MAX);
	if (metrics_write(&n->metrics, &b) == 0)
		result = http_answer(wsi, &(struct http_answer){.status = 200,
		    .type = "text/plain; version=0.0.4",
		    .body = {(const char *)b.data, b.len}, .head = head});
	buf_release(&b);
	return result;
}

/* --- POST /pub/{topic} -------------------------------------------------------------------- */

static void
post_free(struct http_post *p)
{
	buf_release(&p->body);
	free(p);
}

static void
post_done(struct receipt *r, const struct stream_id *id)
{
	struct http_post *p = (struct http_post *)r;

	p->done = true;
	p->published = id != NULL;
	if (id != NULL)
		p->id = *id;
	if (p->wsi == NULL)
		post_free(p);
	else
		lws_callback_on_writable(p->wsi);
}

/* Nobody waits for it any more; NULL is fine. */
static void
post_end(struct http_post *p)
{
	if (p == NULL)
		return;
	p->wsi = NULL;
	if (!p->asked || p->done)
		post_free(p);
}

static int
post_begin(struct node *n, struct lws *wsi, struct http_request *r)
{
	char length[24];
	struct http_post *p;

	if (lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0)
		return http_fail(wsi, 411, "a Content-Length is needed");
	if (strlen(length) != strspn(length, "0123456789"))
		return http_fail(wsi, 400, "Content-Length is not a number");
	if (strlen(length) > 18 || strtoull(length, NULL, 10) > n->params.max_message)
		return http_fail(wsi, 413, "the message is larger than --max-message");
	p = calloc(1, sizeof *p);
	if (p == NULL)
		return -1;
	p->receipt.done = post_done;
	p->wsi = wsi;
	buf_init(&p->body, n->params.max_message);
	r->post = p;
	if (strtoull(length, NULL, 10) == 0)
		return http_received(n, wsi, r);
	return 0;
}

int
http_body(struct lws *wsi, struct http_request *r, const char *data, size_t len)
{
	if (r->post == NULL)
		return -1;
	if (buf_add(&r->post->body, data, len) != 0)
		return http_fail(wsi, 413, "the message is larger than --max-message");
	return 0;
}

int
http_received(struct node *n, struct lws *wsi, struct http_request *r)
{
	const struct slice topic = {r->route.topic, r->route.topic_len};
	struct http_post *p = r->post;
	struct slice data;

	if (p == NULL || p->asked)
		return 0;
	data = (struct slice){p->body.len > 0 ? (const char *)p->body.data : "", p->body.len};
	if (!utf8_valid(data.data, data.len))
		return http_fail(wsi, 400, "the message is not UTF-8");
	/* The answer may take as long as the broker does. */
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	p->asked = true;
	if (node_publish(n, ++n->connections, topic, data, &p->receipt) != 0) {
		p->asked = false;
		return http_fail_for_now(wsi, "the broker is away and the queue is full");
	}
	buf_release(&p->body);
	return 0;
}

static int
post_writable(struct lws *wsi, struct http_request *r)
{
	struct http_post *p = r->post;
	char id[STREAM_ID_TEXT], body[STREAM_ID_TEXT + 16];
	bool published;

	if (!p->done)
		return 0;
	published = p->published;
	stream_id_text(p->id, id);
	r->post = NULL;
	post_end(p);
	if (!published)
		return http_fail_for_now(wsi, "the broker refused the message");
	snprintf(body, sizeof body, "{\"id\":\"%s\"}\n", id);
	return http_answer(wsi, &(struct http_answer){.status = 202,
	    .type = "application/json", .body = slice_of(body)});
}

/* --- all of them -------------------------------------------------------------------------- */

bool
http_acceptable(struct lws *wsi, const struct route *route, const char *method,
    struct http_refusal *why)
{
	const char *allowed = route_method(route->kind);
	bool head = method != NULL && strcmp(method, "HEAD") == 0 &&
	    (route->kind == ROUTE_HEALTHZ || route->kind == ROUTE_METRICS);

	/* libwebsockets ends the path at a "%0d", and takes the rest for nothing. */
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP) <= 0)
		*why = (struct http_refusal){400, "", "that is no request of HTTP/1.0 or 1.1"};
	else if (route->kind == ROUTE_NONE)
		*why = (struct http_refusal){404, "", "there is nothing here"};
	else if (method == NULL || (!head && strcmp(method, allowed) != 0)) {
		*why = (struct http_refusal){405, "", "wrong method"};
		snprintf(why->field, sizeof why->field, "Allow: %s", allowed);
	} else if (route->bad_topic)
		*why = (struct http_refusal){400, "",
		    "a topic is 1 to 200 bytes of visible UTF-8 without '/'"};
	else
		return true;
	return false;
}

/* Streams and polls: neither begins any more once the node is about to end. */
static int
receive_begin(struct node *n, struct lws *wsi, struct http_request *r)
{
	if (n->stopping)
		return http_fail_for_now(wsi, "the node is about to stop");
	return r->route.kind == ROUTE_SSE ? sse_begin(n, wsi, r) : poll_begin(n, wsi, r);
}

int
http_begin(struct node *n, struct lws *wsi, struct http_request *r)
{
	const char *method = http_route(wsi, &r->route);
	struct http_refusal why;

	if (!http_acceptable(wsi, &r->route, method, &why) ||
	    !guard_admit(n, wsi, &r->route, &r->expires, &why)) {
		http_refuse(wsi, &why);
		return -1;
	}
	r->head = strcmp(method, "HEAD") == 0;
	switch (r->route.kind) {
	case ROUTE_WS:
	case ROUTE_ECHO:
		http_refuse(wsi, &(struct http_refusal){426, "Upgrade: websocket",
		    "this needs an upgrade to WebSocket"});
		return -1;
	case ROUTE_SSE:
	case ROUTE_POLL:
		return receive_begin(n, wsi, r);
	case ROUTE_PUB:
		return post_begin(n, wsi, r);
	case ROUTE_HEALTHZ:
		return healthz(n, wsi, r->head);
	case ROUTE_METRICS:
		return metrics(n, wsi, r->head);
	case ROUTE_NONE:
		break;
	}
	return -1;
}

int
http_writable(struct lws *wsi, struct http_request *r)
{
	if (r->sse != NULL)
		return sse_writable(r->sse);
	if (r->poll != NULL)
		return poll_writable(r->poll);
	return r->post != NULL ? post_writable(wsi, r) : 0;
}

void
http_end(struct http_request *r)
{
	sse_free(r->sse);
	poll_free(r->poll);
	post_end(r->post);
	r->sse = NULL;
	r->poll = NULL;
	r->post = NULL;
}
