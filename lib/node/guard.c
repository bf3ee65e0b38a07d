#include "lib/node/guard.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/node/core.h"
#include "lib/node/http.h"
#include "lib/node/limiter.h"
#include "lib/node/route.h"
#include "lib/node/token.h"

enum { TOKEN_BYTES = 8192 };     /* as long as a head may be, so never cut */

double
guard_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / (double)NS_PER_S;
}

/* --- tokens ------------------------------------------------------------------------------- */

/* The token is in a field (RFC 6750, 2.1), or in the query for those who cannot send fields:
 * browsers do not let a page add any to a WebSocket or an event stream. */
static bool
find_token(struct lws *wsi, char *room, size_t size, struct slice *token)
{
	int len = lws_hdr_copy(wsi, room, (int)size, WSI_TOKEN_HTTP_AUTHORIZATION);

	if (len > 0) {
		*token = (struct slice){room, (size_t)len};
		if (slice_eq_nocase(slice_cut(token, ' '), "Bearer") && token->data != NULL)
			return true;
	}
	for (int i = 0; (len = lws_hdr_copy_fragment(wsi, room, (int)size,
	    WSI_TOKEN_HTTP_URI_ARGS, i)) >= 0; i++) {
		*token = (struct slice){room, (size_t)len};
		if (slice_eq(slice_cut(token, '='), "token") && token->len > 0)
			return true;
	}
	return false;
}

/* `error`: a code of RFC 6750, 3.1; NULL: nobody has tried yet. */
static void
challenge(struct http_refusal *why, unsigned status, const char *error, const char *text)
{
	*why = (struct http_refusal){.status = status, .text = text};
	snprintf(why->field, sizeof why->field, "WWW-Authenticate: Bearer realm=\"hail\"");
	if (error != NULL)
		snprintf(why->field + strlen(why->field), sizeof why->field - strlen(why->field),
		    ", error=\"%s\", error_description=\"%s\"", error, text);
}

void
guard_expired(struct http_refusal *why)
{
	challenge(why, 401, "invalid_token", "the token has expired");
}

/* Routes that name a topic have passed http_acceptable. */
static bool
admit_token(struct node *n, struct lws *wsi, const struct route *route, double *expires,
    struct http_refusal *why)
{
	const struct slice topic = {route->topic, route->topic_len};
	char room[TOKEN_BYTES];
	struct slice text;
	struct token token;
	const char *bad;
	bool allowed;

	if (!find_token(wsi, room, sizeof room, &text)) {
		challenge(why, 401, NULL, "a token is needed, in Authorization: Bearer or ?token=");
		return false;
	}
	bad = token_check(&token, slice_trim(text), n->secret, guard_now());
	if (bad != NULL) {
		challenge(why, 401, "invalid_token", bad);
		return false;
	}
	*expires = token.expires;
	allowed = topic.len == 0 || token_allows(&token, topic);
	token_release(&token);
	if (!allowed)
		challenge(why, 403, "insufficient_scope", "the token is not for this topic");
	return allowed;
}

double
guard_expiry(struct node *n, struct lws *wsi)
{
	char room[TOKEN_BYTES];
	struct slice text;
	struct token token;

	if (n->secret.len == 0)
		return INFINITY;
	/* It was good a moment ago. */
	if (!find_token(wsi, room, sizeof room, &text) ||
	    token_check(&token, slice_trim(text), n->secret, guard_now()) != NULL)
		return 0;
	token_release(&token);
	return token.expires;
}

/* --- rates -------------------------------------------------------------------------------- */

/* Who comes by WebSocket has a bucket of his own once he is in, see ws.c. */
static bool
is_limited(enum route_kind kind)
{
	return kind == ROUTE_SSE || kind == ROUTE_POLL || kind == ROUTE_PUB;
}

static bool
admit_rate(struct node *n, struct lws *wsi, struct http_refusal *why)
{
	struct sockaddr_storage peer = {0};
	socklen_t size = sizeof peer;
	uint64_t wait;

	if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer, &size) != 0)
		peer.ss_family = AF_UNSPEC;
	wait = limiter_take(n->limiter, limiter_client((struct sockaddr *)&peer), clock_ns());
	if (wait == 0)
		return true;
	*why = (struct http_refusal){.status = 429,
	    .text = "more requests than --rate-limit allows"};
	snprintf(why->field, sizeof why->field, "Retry-After: %" PRIu64,
	    (wait + NS_PER_S - 1) / NS_PER_S);
	return false;
}

/* --- both --------------------------------------------------------------------------------- */

/* The rate comes first: refusing many guesses at a token should be cheap. */
bool
guard_admit(struct node *n, struct lws *wsi, const struct route *route, double *expires,
    struct http_refusal *why)
{
	bool open = route->kind == ROUTE_HEALTHZ || route->kind == ROUTE_METRICS;

	*expires = INFINITY;
	if (n->limiter != NULL && is_limited(route->kind) && !admit_rate(n, wsi, why)) {
		n->metrics.rate_limited++;
		return false;
	}
	if (n->secret.len > 0 && !open && !admit_token(n, wsi, route, expires, why)) {
		n->metrics.unauthorized++;
		return false;
	}
	return true;
}
