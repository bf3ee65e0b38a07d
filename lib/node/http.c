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

enum {
	HEAD_MAX = 1024,
	PATH_BYTES = 8192,           /* as long as a head may be, so never cut */
	PAGE_MAX = 256 * 1024,
};

/* A publication by POST: it outlives its connection if that is closed before the broker has
 * answered. */
struct http_post {
	struct receipt receipt;      /* the first member */
	struct lws *wsi;             /* NULL: nobody waits any more */
	struct http_request *request;
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

bool
http_query(struct lws *wsi, const char *name, char *into, size_t size)
{
	const char *value = lws_get_urlarg_by_name(wsi, name, into, (int)size);

	if (value == NULL)
		return false;
	memmove(into, value, strlen(value) + 1);    /* it stands behind the name */
	return true;
}

/* --- answers ------------------------------------------------------------------------------ */

struct answer {
	unsigned status;
	const char *type;
	const char *extra;           /* one more field as "name: value", NULL for none */
	struct slice body;
	bool head;
};

static int
add_field(struct lws *wsi, const char *field, uint8_t **at, uint8_t *end)
{
	const char *value = strchr(field, ' ') + 1;
	char name[32];

	snprintf(name, sizeof name, "%.*s", (int)(value - field - 1), field);
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
	    (const unsigned char *)value, (int)strlen(value), at, end);
}

static int
answer(struct lws *wsi, const struct answer *a)
{
	uint8_t *all = malloc(LWS_PRE + HEAD_MAX + a->body.len), *start, *at, *end;
	int result = -1;

	if (all == NULL)
		return -1;
	at = start = all + LWS_PRE;
	end = start + HEAD_MAX;
	if (lws_add_http_common_headers(wsi, a->status, a->type, a->body.len, &at, end) == 0 &&
	    (a->extra == NULL || add_field(wsi, a->extra, &at, end) == 0) &&
	    lws_finalize_http_header(wsi, &at, end) == 0 &&
	    lws_write(wsi, start, (size_t)(at - start), LWS_WRITE_HTTP_HEADERS) >= 0) {
		result = 0;
		if (!a->head && a->body.len > 0) {
			memcpy(start, a->body.data, a->body.len);
			result = lws_write(wsi, start, a->body.len, LWS_WRITE_HTTP_FINAL);
		}
	}
	free(all);
	return result < 0 ? -1 : 0;
}

static int
answer_and_end(struct lws *wsi, const struct answer *a)
{
	if (answer(wsi, a) != 0 || lws_http_transaction_completed(wsi) != 0)
		return -1;
	return 0;
}

int
http_refuse(struct lws *wsi, const struct http_refusal *why)
{
	char line[200];

	snprintf(line, sizeof line, "%s\n", why->text);
	return answer(wsi, &(struct answer){why->status, "text/plain; charset=utf-8",
	    why->field[0] != '\0' ? why->field : NULL, slice_of(line), false});
}

/* A refusal ends the connection, too: what follows may be a body that nobody wants. */
static int
fail(struct lws *wsi, unsigned status, const char *text)
{
	http_refuse(wsi, &(struct http_refusal){.status = status, .text = text});
	return -1;
}

static int
fail_for_now(struct lws *wsi, const char *text)
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
	    n->metrics.connections, (clock_ns() - n->started_ns) / NS_PER_S) == 0)
		result = answer_and_end(wsi, &(struct answer){200, "application/json", NULL,
		    {(const char *)b.data, b.len}, head});
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
		result = answer_and_end(wsi, &(struct answer){200, "text/plain; version=0.0.4",
		    NULL, {(const char *)b.data, b.len}, head});
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

void
http_end(struct http_request *r)
{
	struct http_post *p = r->post;

	r->post = NULL;
	if (p == NULL)
		return;
	p->wsi = NULL;
	p->request = NULL;
	if (!p->asked || p->done)
		post_free(p);
}

static int
post_begin(struct node *n, struct lws *wsi, struct http_request *r)
{
	char length[24];
	struct http_post *p;

	if (lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0)
		return fail(wsi, 411, "a Content-Length is needed");
	if (strlen(length) != strspn(length, "0123456789"))
		return fail(wsi, 400, "Content-Length is not a number");
	if (strlen(length) > 18 || strtoull(length, NULL, 10) > n->params.max_message)
		return fail(wsi, 413, "the message is larger than --max-message");
	p = calloc(1, sizeof *p);
	if (p == NULL)
		return -1;
	p->receipt.done = post_done;
	p->wsi = wsi;
	p->request = r;
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
		return fail(wsi, 413, "the message is larger than --max-message");
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
		return fail(wsi, 400, "the message is not UTF-8");
	/* The answer may take as long as the broker does. */
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	p->asked = true;
	if (node_publish(n, ++n->connections, topic, data, &p->receipt) != 0) {
		p->asked = false;
		return fail_for_now(wsi, "the broker is away and the queue is full");
	}
	buf_release(&p->body);
	return 0;
}

int
http_writable(struct lws *wsi, struct http_request *r)
{
	struct http_post *p = r->post;
	char id[STREAM_ID_TEXT], body[STREAM_ID_TEXT + 16];
	bool published;

	if (p == NULL || !p->done)
		return 0;
	published = p->published;
	stream_id_text(p->id, id);
	http_end(r);
	if (!published)
		return fail_for_now(wsi, "the broker refused the message");
	snprintf(body, sizeof body, "{\"id\":\"%s\"}\n", id);
	return answer_and_end(wsi, &(struct answer){202, "application/json", NULL,
	    slice_of(body), false});
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

int
http_begin(struct node *n, struct lws *wsi, struct http_request *r)
{
	const char *method = http_route(wsi, &r->route);
	struct http_refusal why;

	if (!http_acceptable(wsi, &r->route, method, &why)) {
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
