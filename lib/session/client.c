#include "lib/session/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_pointer.h"
#include "lib/base/secret.h"
#include "lib/base/url.h"
#include "lib/codec/ws_deflate.h"
#include "lib/session/detour.h"
#include "lib/session/jwt.h"
#include "lib/session/lines.h"
#include "lib/session/via.h"
#include "lib/transport/endpoint.h"

/* The proxies that the options name, and what is wrong with one: those of the environment only
 * matter when a URL needs them. */
struct choice {
	struct via via;
	bool given;
	struct err why;
};

/* What clients that say the same about TLS share; made when it is needed. */
struct shared {
	size_t users;
	struct tls_context *own, *foreign;   /* `foreign` has no certificate of the client */
	struct ws_deflate_pool *pool;
};

struct client {
	struct client_options options;
	char *secrets[3];            /* what was read from files */
	struct lines lines;
	struct detours detours;
	struct sockaddr_storage *sources;
	struct choice proxy, http_proxy, https_proxy;
	struct ws_deflate_offer offer;
	struct shared *shared;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for the options of a client");
}

/* --- options ----------------------------------------------------------------------------- */

static int
read_secrets(struct client *c, struct err *e)
{
	struct client_options *o = &c->options;

	if (secret_read(&o->user, &c->secrets[0], "--user", e) != 0 ||
	    secret_read(&o->bearer, &c->secrets[1], "--bearer", e) != 0 ||
	    secret_read(&o->jwt_secret, &c->secrets[2], "--jwt-secret", e) != 0)
		return -1;
	return 0;
}

/* RFC 6455, 4.1, 10: subprotocol names are tokens, none twice. */
static int
check_subprotocols(const struct client_options *o, struct err *e)
{
	for (size_t i = 0; i < o->subprotocol_count; i++) {
		const char *name = o->subprotocols[i];

		for (const char *at = name; *at != '\0' || at == name; at++)
			if (*at <= ' ' || *at >= 0x7f ||
			    strchr(",;:\"()<>@/[]?={}\\", *at) != NULL)
				return err_set(e, ERR_USAGE, 0,
				    "--subprotocol: '%.100s' is not a token", name);
		for (size_t k = 0; k < i; k++)
			if (strcmp(name, o->subprotocols[k]) == 0)
				return err_set(e, ERR_USAGE, 0,
				    "--subprotocol: '%.100s' is named twice", name);
	}
	return 0;
}

static int
take_sources(struct client *c, struct err *e)
{
	const struct client_options *o = &c->options;

	c->sources = calloc(o->source_ip_count + 1, sizeof *c->sources);
	if (c->sources == NULL)
		return no_memory(e);
	for (size_t i = 0; i < o->source_ip_count; i++) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)&c->sources[i];
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&c->sources[i];

		if (inet_pton(AF_INET, o->source_ips[i], &v4->sin_addr) == 1)
			v4->sin_family = AF_INET;
		else if (inet_pton(AF_INET6, o->source_ips[i], &v6->sin6_addr) == 1)
			v6->sin6_family = AF_INET6;
		else
			return err_set(e, ERR_USAGE, 0,
			    "--source-ip: '%.100s' is not a numeric address", o->source_ips[i]);
	}
	return 0;
}

/* A unix socket leaves nothing to say about the network. */
static int
check_unix_socket(const struct client_options *o, struct err *e)
{
	const char *other = o->proxy != NULL && *o->proxy != '\0' ? "--proxy" :
	    o->connect_to_count > 0 ? "--connect-to" : o->source_ip_count > 0 ? "--source-ip" :
	    NULL;
	struct endpoint *trial;
	struct err why = {0};

	if (o->unix_socket == NULL)
		return 0;
	if (other != NULL)
		return err_set(e, ERR_USAGE, 0, "--unix-socket and %s exclude each other", other);
	trial = endpoint_new_unix(o->unix_socket, &why);
	endpoint_free(trial);
	return trial != NULL ? 0 :
	    err_set(e, why.class, 0, "--unix-socket: %.200s", why.text);
}

static void
read_choice(struct choice *choice, const char *text, const char *name)
{
	choice->given = text != NULL && *text != '\0';
	if (choice->given)
		via_parse(&choice->via, text, name, &choice->why);
}

static int
take_proxies(struct client *c, struct err *e)
{
	read_choice(&c->proxy, c->options.proxy, "--proxy");
	if (c->proxy.why.class != ERR_NONE) {
		*e = c->proxy.why;
		return -1;
	}
	if (c->options.proxy != NULL || c->options.unix_socket != NULL)
		return 0;
	read_choice(&c->http_proxy, c->options.http_proxy, "http_proxy");
	read_choice(&c->https_proxy, c->options.https_proxy, "https_proxy");
	return 0;
}

/* A trial shows what is wrong with the claims before anything is opened. */
static int
check_token(const struct client_options *o, struct err *e)
{
	struct err why = {0};
	char *trial;

	if (o->jwt_secret == NULL)
		return o->jwt_claim_count == 0 ? 0 : err_set(e, ERR_USAGE, 0,
		    "--jwt-claim: expected a --jwt-secret to sign it with");
	trial = jwt_mint(o->jwt_secret, o->jwt_claims, o->jwt_claim_count, 0, 0, &why);
	free(trial);
	if (trial == NULL)
		return err_set(e, why.class, 0, "--jwt-claim: %.200s", why.text);
	return 0;
}

static int
take_offer(struct client *c, struct err *e)
{
	const char *text = c->options.compress_offer;
	struct err why = {0};

	if (ws_deflate_offer_parse(&c->offer, text != NULL ? text : CLIENT_OFFER_FULL, &why) != 0)
		return err_set(e, why.class, 0, "--compress-offer: %.200s", why.text);
	if (!c->options.compress || c->options.transport != TRANSPORT_WS)
		return 0;
	if (c->shared->pool == NULL)
		c->shared->pool = ws_deflate_pool_new();
	return c->shared->pool != NULL ? 0 : no_memory(e);
}

static int
check_pointer(const char *pointer, const char *option, struct err *e)
{
	struct err why = {0};

	if (pointer == NULL || json_pointer_check(pointer, &why) == 0)
		return 0;
	return err_set(e, why.class, 0, "%s: %.200s", option, why.text);
}

static int
check_polling(const struct client_options *o, struct err *e)
{
	const struct poll_shape *s = &o->shape;

	if (o->transport == TRANSPORT_POLL && o->poll_interval == 0)
		return err_set(e, ERR_USAGE, 0, "--poll-interval: expected more than nothing");
	if (s->unpack == POLL_ITEMS_POINTER && check_pointer(s->items, "--poll-items", e) != 0)
		return -1;
	if (check_pointer(s->id, "--poll-id", e) != 0 ||
	    check_pointer(s->data, "--poll-data", e) != 0)
		return -1;
	return check_pointer(s->cursor, "--poll-cursor", e);
}

/* --- TLS --------------------------------------------------------------------------------- */

static struct tls_context *
context_for(const struct client *c, bool foreign, struct err *e)
{
	struct tls_params params = c->options.tls;
	struct tls_context **context = &c->shared->own;

	if (foreign && params.cert != NULL) {
		params.cert = params.key = params.passphrase = NULL;
		context = &c->shared->foreign;
	}
	if (*context == NULL)
		*context = tls_context_new(&params, e);
	return *context;
}

/* What can be wrong shall be told before anything is opened, but loading the system's trust is
 * only for those who need it. */
static int
check_tls(struct client *c, struct err *e)
{
	const struct tls_params *p = &c->options.tls;
	const char *name = c->options.server_name;

	for (const char *at = name; at != NULL && (*at != '\0' || at == name); at++)
		if (*at <= ' ' || *at >= 0x7f || at - name > 253)
			return err_set(e, ERR_USAGE, 0,
			    "--servername: '%.100s' is not the name of a host", name);
	if (p->cacert == NULL && p->cert == NULL && p->key == NULL && p->passphrase == NULL &&
	    p->min_version == NULL && p->alpn == NULL)
		return 0;
	return context_for(c, false, e) != NULL ? 0 : -1;
}

static int
make_tls(struct client_target *t, const struct client *c, const struct url *u, struct err *e)
{
	const char *name = c->options.server_name;
	struct tls_context *context;

	if (!url_is_secure(u))
		return 0;
	context = context_for(c, t->foreign, e);
	if (context == NULL)
		return -1;
	t->tls = tls_target_new(context, name != NULL && !t->foreign ? name : u->host, e);
	return t->tls != NULL ? 0 : -1;
}

void
client_poll_items(struct poll_shape *s, const char *items)
{
	s->items = items;
	if (items == NULL || strcmp(items, "auto") == 0)
		s->unpack = POLL_ITEMS_AUTO;
	else
		s->unpack = strcmp(items, "none") == 0 ? POLL_ITEMS_NONE : POLL_ITEMS_POINTER;
}

/* --- life -------------------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_tls(const struct tls_params *a, const struct tls_params *b)
{
	return a->insecure == b->insecure && a->no_resume == b->no_resume &&
	    same_text(a->cacert, b->cacert) && same_text(a->cert, b->cert) &&
	    same_text(a->key, b->key) && same_text(a->passphrase, b->passphrase) &&
	    same_text(a->min_version, b->min_version) && same_text(a->alpn, b->alpn) &&
	    same_text(a->keylog, b->keylog);
}

static struct shared *
join_shared(const struct client_options *o, const struct client *beside)
{
	struct shared *s = beside != NULL && same_tls(&o->tls, &beside->options.tls) ?
	    beside->shared : calloc(1, sizeof *s);

	if (s != NULL)
		s->users++;
	return s;
}

static void
leave_shared(struct shared *s)
{
	if (s == NULL || --s->users > 0)
		return;
	tls_context_free(s->own);
	tls_context_free(s->foreign);
	ws_deflate_pool_free(s->pool);
	free(s);
}

struct client *
client_new(const struct client_options *o, struct err *e)
{
	return client_new_beside(NULL, o, e);
}

struct client *
client_new_beside(const struct client *beside, const struct client_options *o, struct err *e)
{
	struct client *c = calloc(1, sizeof *c);

	if (c == NULL || (c->shared = join_shared(o, beside)) == NULL) {
		free(c);
		no_memory(e);
		return NULL;
	}
	c->options = *o;
	o = &c->options;
	if (check_polling(o, e) != 0)
		;
	else if (o->open_timeout == 0)
		err_set(e, ERR_USAGE, 0, "--timeout: expected more than nothing");
	else if (read_secrets(c, e) == 0 && lines_take(&c->lines, o, e) == 0 &&
	    check_subprotocols(o, e) == 0 && check_unix_socket(o, e) == 0 &&
	    detours_take(&c->detours, o->connect_to, o->connect_to_count, e) == 0 &&
	    take_sources(c, e) == 0 && take_proxies(c, e) == 0 && check_token(o, e) == 0 &&
	    take_offer(c, e) == 0 && check_tls(c, e) == 0)
		return c;
	client_free(c);
	return NULL;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	leave_shared(c->shared);
	via_release(&c->proxy.via);
	via_release(&c->http_proxy.via);
	via_release(&c->https_proxy.via);
	for (size_t i = 0; i < 3; i++)
		free(c->secrets[i]);
	lines_release(&c->lines);
	detours_release(&c->detours);
	free(c->sources);
	free(c);
}

/* --- where to ---------------------------------------------------------------------------- */

void
client_url_adapt(struct url *u, enum transport transport)
{
	bool secure = url_is_secure(u);

	if (transport == TRANSPORT_WS)
		u->scheme = secure ? URL_WSS : URL_WS;
	else
		u->scheme = secure ? URL_HTTPS : URL_HTTP;
}

int
client_url_parse(struct url *u, const char *text, bool forced, enum transport *transport,
    struct err *e)
{
	if (url_parse(u, text, e) != 0)
		return -1;
	if (u->scheme == URL_REDIS) {
		url_release(u);
		return err_set(e, ERR_USAGE, 0, "bad URL '%.120s': expected ws://, wss://, http:// "
		    "or https://", text);
	}
	if (!forced)
		*transport = url_is_websocket(u) ? TRANSPORT_WS : TRANSPORT_SSE;
	client_url_adapt(u, *transport);
	return 0;
}

/* The proxy for a URL; NULL: none. */
static const struct choice *
proxy_for(const struct client *c, const struct url *u)
{
	const struct choice *choice = url_is_secure(u) ? &c->https_proxy : &c->http_proxy;

	if (c->proxy.given)
		return &c->proxy;
	if (!choice->given || (c->options.no_proxy != NULL &&
	    via_excepted(c->options.no_proxy, u->host, u->port)))
		return NULL;
	return choice;
}

struct client_dial
client_dial(const struct client *c, const struct url *u)
{
	const struct choice *proxy = proxy_for(c, u);
	struct client_dial dial = {u->host, u->port};

	if (c->options.unix_socket != NULL)
		return (struct client_dial){c->options.unix_socket, 0};
	if (proxy != NULL)
		return (struct client_dial){proxy->via.host, proxy->via.port};
	detours_apply(&c->detours, &dial.host, &dial.port);
	return dial;
}

size_t
client_source_count(const struct client *c)
{
	return c->options.source_ip_count;
}

struct place
client_place(const struct client *c, uint64_t i, const char *target)
{
	struct place place = {.target = target};

	if (c->options.source_ip_count == 0)
		return place;
	place.source = (const struct sockaddr *)&c->sources[i % c->options.source_ip_count];
	place.source_len = place.source->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in);
	return place;
}

char *
client_token_line(const struct client *c, uint64_t i, int64_t now, struct err *e)
{
	const struct client_options *o = &c->options;
	char *token, *line;

	if (o->jwt_secret == NULL)
		return NULL;
	token = jwt_mint(o->jwt_secret, o->jwt_claims, o->jwt_claim_count, i, now, e);
	if (token == NULL)
		return NULL;
	if (asprintf(&line, "Authorization: Bearer %s", token) < 0) {
		line = NULL;
		err_set(e, ERR_MEMORY, 0, "no memory for a token");
	}
	free(token);
	return line;
}

/* --- one URL ----------------------------------------------------------------------------- */

static int
make_headers(struct client_target *t, const struct client *c, const struct url *u, struct err *e)
{
	t->headers = calloc(c->lines.count + 2, sizeof *t->headers);
	if (t->headers == NULL)
		return no_memory(e);
	for (size_t i = 0; i < c->lines.count; i++)
		if (!t->foreign || lines_may_leave(c->lines.items[i]))
			t->headers[t->fixed_count++] = c->lines.items[i];
	if (u->user != NULL && !c->lines.authorizes) {
		t->own_header = lines_basic(u->user, u->password != NULL ? u->password : "");
		if (t->own_header == NULL)
			return no_memory(e);
		t->headers[t->fixed_count++] = t->own_header;
	}
	t->own_cookie = t->foreign ? NULL : c->lines.cookie;
	return client_target_cookies(t, NULL, e);
}

/* The endpoint, and what a proxy there is asked for. */
static int
make_endpoint(struct client_target *t, const struct client *c, const struct url *u,
    struct resolver *r, struct err *e)
{
	struct client_dial dial = client_dial(c, u);
	const struct choice *choice = proxy_for(c, u);
	struct client_dial peer = {u->host, u->port};

	if (c->options.unix_socket != NULL) {
		t->endpoint = endpoint_new_unix(dial.host, e);
		return t->endpoint != NULL ? 0 : -1;
	}
	if (choice != NULL && choice->why.class != ERR_NONE) {
		*e = choice->why;
		return -1;
	}
	if (choice != NULL) {
		detours_apply(&c->detours, &peer.host, &peer.port);
		t->proxy = (struct proxy){choice->via.kind, peer.host, peer.port, choice->via.user,
		    choice->via.password, choice->via.name};
	}
	t->endpoint = endpoint_new(r, dial.host, dial.port);
	return t->endpoint != NULL ? 0 : no_memory(e);
}

static void
fill_params(struct client_target *t, const struct client *c, struct rng *rng)
{
	const struct client_options *o = &c->options;

	t->peer = (struct peer){.endpoint = t->endpoint,
	    .proxy = t->proxy.host != NULL ? &t->proxy : NULL, .tls = t->tls,
	    .max_backlog = o->max_backlog, .authority = t->authority, .headers = t->headers,
	    .header_count = t->peer.header_count, .max_refusal = o->max_refusal,
	    .max_message = o->max_message, .rng = rng};
	t->params.transport = o->transport;
	t->params.ws = (struct ws_params){.peer = &t->peer, .origin = o->origin,
	    .subprotocols = o->subprotocols, .subprotocol_count = o->subprotocol_count,
	    .deflate = o->compress ? &c->offer : NULL,
	    .deflate_pool = o->compress ? c->shared->pool : NULL, .fault = o->fault};
	t->params.sse = (struct event_stream_params){&t->peer, o->compress};
	t->params.poll = (struct poll_params){.peer = &t->peer,
	    .held = o->transport == TRANSPORT_LONGPOLL, .compress = o->compress,
	    .spread = o->spread_pings, .interval = o->poll_interval, .wait = o->poll_wait,
	    .limit = o->open_timeout, .grace = o->poll_grace, .shape = o->shape};
	t->params.idle_timeout = o->idle_timeout;
	t->params.open_timeout = o->open_timeout;
	t->params.ping_interval = o->ping_interval;
	t->params.spread_pings = o->spread_pings;
	t->params.ping_timeout = o->ping_timeout;
	t->params.close_timeout = o->close_timeout;
}

struct client_target *
client_target_new(const struct client *c, const struct url *u, bool foreign, struct resolver *r,
    struct rng *rng, struct err *e)
{
	struct client_target *t = calloc(1, sizeof *t);

	if (t == NULL) {
		no_memory(e);
		return NULL;
	}
	t->foreign = foreign;
	if (make_headers(t, c, u, e) != 0 || make_endpoint(t, c, u, r, e) != 0 ||
	    make_tls(t, c, u, e) != 0) {
		client_target_free(t);
		return NULL;
	}
	/* The proxy is asked for the URL's host, which the URL need not outlive. */
	if (t->proxy.host == u->host) {
		memcpy(t->proxied, u->host, sizeof t->proxied);
		t->proxy.host = t->proxied;
	}
	url_authority(u, t->authority);
	fill_params(t, c, rng);
	return t;
}

int
client_target_cookies(struct client_target *t, const char *cookies, struct err *e)
{
	struct err why = {0};
	char *line = lines_cookie(t->own_cookie, cookies, &why);

	if (why.class != ERR_NONE) {
		*e = why;
		return -1;
	}
	free(t->cookie_header);
	t->cookie_header = line;
	t->headers[t->fixed_count] = line;
	t->peer.header_count = t->fixed_count + (line != NULL);
	return 0;
}

void
client_target_free(struct client_target *t)
{
	if (t == NULL)
		return;
	endpoint_free(t->endpoint);
	tls_target_free(t->tls);
	free(t->own_header);
	free(t->cookie_header);
	free(t->headers);
	free(t);
}
