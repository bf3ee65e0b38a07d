/* client_test.c: what options make of a URL: lines, places, proxies; and what is refused. */
#include "lib/session/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/base/url.h"
#include "lib/codec/ws_deflate.h"
#include "lib/loop/loop.h"
#include "lib/session/via.h"
#include "lib/transport/endpoint.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define LIST(...) (const char *const[]){__VA_ARGS__}

static struct loop *loop;
static struct resolver *resolver;
static struct rng rng;

static struct client_options
plain(void)
{
	return (struct client_options){.open_timeout = NS_PER_S, .max_backlog = 1 << 20};
}

static void
refused(struct client_options o, const char *part)
{
	struct err e = {0};
	struct client *c = client_new(&o, &e);

	tap_ok(c == NULL && (e.class == ERR_USAGE || e.class == ERR_IO) &&
	    strstr(e.text, part) != NULL, "refused (%s): %s", part, e.text);
	client_free(c);
}

#define REFUSED(part, ...) \
	refused((struct client_options){.open_timeout = NS_PER_S, __VA_ARGS__}, part)

static void
test_refused(void)
{
	refused((struct client_options){0}, "--timeout");
	REFUSED("--header", .headers = LIST("a b: c"), .header_count = 1);
	REFUSED("--header", .headers = LIST("Cookie"), .header_count = 1);
	REFUSED("--header", .headers = LIST("Cookie: a\r\nX: y"), .header_count = 1);
	REFUSED("--header", .headers = LIST("X: a\r\nX: y"), .header_count = 1);
	REFUSED("--cookie", .cookie = "a=b\r\nX: y");
	REFUSED("--bearer", .bearer = "a\nX: y");
	REFUSED("--bearer", .bearer = "");
	REFUSED("--user", .user = "a:\r\n");
	REFUSED("--origin", .origin = "http://a\r\nX: y");
	REFUSED("--subprotocol", .subprotocols = LIST("a b"), .subprotocol_count = 1);
	REFUSED("--subprotocol", .subprotocols = LIST(""), .subprotocol_count = 1);
	REFUSED("--subprotocol", .subprotocols = LIST("a\r\nX: y"), .subprotocol_count = 1);
	REFUSED("--subprotocol", .subprotocols = LIST("gr\xc3\xbc"), .subprotocol_count = 1);
	REFUSED("twice", .subprotocols = LIST("a", "a"), .subprotocol_count = 2);
	REFUSED("--connect-to", .connect_to = LIST("a:1:b"), .connect_to_count = 1);
	REFUSED("--connect-to", .connect_to = LIST("a:1:b c:2"), .connect_to_count = 1);
	REFUSED("--connect-to", .connect_to = LIST("a:1:b\r\nX- y:2"), .connect_to_count = 1);
	REFUSED("--source-ip", .source_ips = LIST("here"), .source_ip_count = 1);
	REFUSED("--servername", .server_name = "a b");
	REFUSED("--servername", .server_name = "");
	REFUSED("--compress-offer", .compress_offer = "no_such_thing");
	REFUSED("--jwt-secret", .jwt_claims = LIST("a=1"), .jwt_claim_count = 1);
	REFUSED("--jwt-secret", .jwt_secret = "");
	REFUSED("--jwt-claim: ", .jwt_secret = "s", .jwt_claims = LIST("exp=x"),
	    .jwt_claim_count = 1);
	REFUSED("--cacert", .tls = {.cacert = "/nowhere.pem"});
	REFUSED("--tls-min", .tls = {.min_version = "0.9"});
}

static void
test_conflicts(void)
{
	REFUSED("--user and --bearer", .user = "a:b", .bearer = "t");
	REFUSED("--bearer and --jwt-secret", .bearer = "t", .jwt_secret = "s");
	REFUSED("--user and --jwt-secret", .user = "a:b", .jwt_secret = "s");
	REFUSED("--header Authorization and --bearer", .bearer = "t",
	    .headers = LIST("authorization: x"), .header_count = 1);
	REFUSED("--proxy", .unix_socket = "/x", .proxy = "http://p");
	REFUSED("--connect-to", .unix_socket = "/x", .connect_to = LIST("a:1:b:2"),
	    .connect_to_count = 1);
	REFUSED("--source-ip", .unix_socket = "/x", .source_ips = LIST("127.0.0.1"),
	    .source_ip_count = 1);
	REFUSED("--unix-socket", .unix_socket = "");
}

static void
test_proxy_texts(void)
{
	static const struct {
		const char *text, *name, *user, *password;
		enum proxy_kind kind;
	} good[] = {
		{"http://p:3128", "p:3128", NULL, NULL, PROXY_HTTP},
		{"http://p:3128/", "p:3128", NULL, NULL, PROXY_HTTP},
		{"p", "p:1080", NULL, NULL, PROXY_HTTP},
		{"p:80", "p:80", NULL, NULL, PROXY_HTTP},
		{"http://p:80", "p:80", NULL, NULL, PROXY_HTTP},
		{"HTTP://p", "p:1080", NULL, NULL, PROXY_HTTP},
		{"socks5://p", "p:1080", NULL, NULL, PROXY_SOCKS5},
		{"socks5h://[::1]:9", "[::1]:9", NULL, NULL, PROXY_SOCKS5},
		{"socks5://[::1]", "[::1]:1080", NULL, NULL, PROXY_SOCKS5},
		{"http://a:b@p", "p:1080", "a", "b", PROXY_HTTP},
		{"http://a:80@p", "p:1080", "a", "80", PROXY_HTTP},
		{"a%40b:c%3Ad@p:1", "p:1", "a@b", "c:d", PROXY_HTTP},
		{"socks5://a@p", "p:1080", "a", NULL, PROXY_SOCKS5},
	};
	static const char *const bad[][2] = {{"https://p", "https://"}, {"socks4://p", "socks4"},
	    {"ftp://p", "ftp"}, {"http://", "--proxy"}, {"p:x", "--proxy"}, {"p q", "--proxy"},
	    {"p\r\nX: y", "--proxy"}, {"a%0d:secret@p", "--proxy"}, {"p:99999", "--proxy"}};

	for (size_t i = 0; i < COUNT(good); i++) {
		struct via v;
		struct err e = {0};

		tap_ok(via_parse(&v, good[i].text, "--proxy", &e) == 0 && v.kind == good[i].kind,
		    "proxy %s: %s", good[i].text, e.text);
		tap_text(v.name, good[i].name, "its name");
		tap_text(v.user, good[i].user, "its user");
		tap_text(v.password, good[i].password, "its password");
		via_release(&v);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct via v;
		struct err e = {0};

		tap_ok(via_parse(&v, bad[i][0], "--proxy", &e) == -1 && e.class == ERR_USAGE &&
		    strstr(e.text, bad[i][1]) != NULL && strstr(e.text, "secret") == NULL,
		    "refused: %s", e.text);
		via_release(&v);
	}
	REFUSED("--proxy", .proxy = "https://p");
}

static void
test_exceptions(void)
{
	static const struct {
		const char *list, *host;
		uint16_t port;
		bool named;
	} all[] = {
		{"", "a.test", 80, false}, {"*", "a.test", 80, true}, {"b, *", "::1", 80, true},
		{"a.test", "a.test", 80, true}, {"A.Test", "a.tESt", 80, true},
		{"a.test", "b.a.test", 80, true}, {".a.test", "b.a.test", 80, true},
		{".a.test", "a.test", 80, true}, {"a.test", "xa.test", 80, false},
		{"b.a.test", "a.test", 80, false}, {"x,y z,a.test", "a.test", 80, true},
		{"a.test.", "a.test", 80, true}, {"a.test", "a.test.", 80, true},
		{"test", "a.test", 80, true}, {".", "a.test", 80, false},
		{"a.test:80", "a.test", 80, true}, {"a.test:81", "a.test", 80, false},
		{"127.0.0.1", "127.0.0.1", 80, true}, {"127.0.0.1:81", "127.0.0.1", 80, false},
		{"0.0.1", "127.0.0.1", 80, false}, {"10.0.0.0/8", "10.1.2.3", 80, true},
		{"10.0.0.0/8", "11.1.2.3", 80, false}, {"10.0.0.0/33", "10.0.0.0", 80, false},
		{"10.0.0.0/", "10.0.0.0", 80, false}, {"0.0.0.0/0", "1.2.3.4", 80, true},
		{"192.168.0.0/23", "192.168.1.9", 80, true},
		{"192.168.0.0/23", "192.168.2.9", 80, false},
		{"::1", "::1", 80, true}, {"[::1]", "::1", 80, true}, {"[::1]:80", "::1", 80, true},
		{"[::1]:81", "::1", 80, false}, {"fd00::/8", "fd12::1", 80, true},
		{"fd00::/8", "fe12::1", 80, false}, {"10.0.0.0/8", "::1", 80, false},
		{"10.0.0.0/8", "a.test", 80, false},
	};

	for (size_t i = 0; i < COUNT(all); i++)
		tap_ok(via_excepted(all[i].list, all[i].host, all[i].port) == all[i].named,
		    "no_proxy '%s' %s %s:%u", all[i].list, all[i].named ? "names" : "does not name",
		    all[i].host, all[i].port);
}

/* --- targets ----------------------------------------------------------------------------- */

static struct client *client;

/* A target of a client of its own, which `done` frees. */
static struct client_target *
target(const struct client_options *o, const char *text, bool foreign)
{
	struct client_target *t = NULL;
	enum transport transport = o->transport;
	struct err e = {0};
	struct url u;

	client = client_new(o, &e);
	if (client != NULL && client_url_parse(&u, text, true, &transport, &e) == 0) {
		t = client_target_new(client, &u, foreign, resolver, &rng, &e);
		url_release(&u);
	}
	if (t == NULL)
		tap_ok(false, "no target for %s: %s", text, e.text);
	return t;
}

static void
done(struct client_target *t)
{
	client_target_free(t);
	client_free(client);
	client = NULL;
}

/* All lines of a target in one, with '|' between. */
static void
check_lines(const struct client_target *t, const char *want, const char *name)
{
	char got[1024] = "";

	for (size_t i = 0; i < t->peer.header_count; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i > 0 ? "|" : "",
		    t->peer.headers[i]);
	tap_text(got, want, name);
}

static void
test_lines(void)
{
	struct client_options o = plain();
	struct client_target *t = target(&o, "ws://ann:x@a/", false);

	check_lines(t, "Authorization: Basic YW5uOng=", "the URL's user");
	done(t);
	o.bearer = "token";
	t = target(&o, "ws://ann:x@a/", false);
	check_lines(t, "Authorization: Bearer token", "an option comes before it");
	done(t);
	o = plain();
	o.user = "ann";
	t = target(&o, "ws://a/", false);
	check_lines(t, "Authorization: Basic YW5uOg==", "a user without a password");
	done(t);
	o = plain();
	o.headers = LIST("Authorization: own");
	o.header_count = 1;
	t = target(&o, "ws://ann:x@a/", false);
	check_lines(t, "Authorization: own", "a header comes before the URL's user");
	done(t);
}

static void
test_cookies(void)
{
	struct client_options o = plain();
	struct client_target *t;

	o.headers = LIST("X: 1", "cookie: a=1; b=2", "Y: 2");
	o.header_count = 3;
	o.cookie = "c=3";
	t = target(&o, "ws://a/", false);
	check_lines(t, "X: 1|Y: 2|Cookie: a=1; b=2; c=3", "one line of all cookies");
	tap_int(client_target_cookies(t, "d=4", NULL), 0, "another");
	check_lines(t, "X: 1|Y: 2|Cookie: a=1; b=2; c=3; d=4", "comes behind");
	tap_int(client_target_cookies(t, "c=5; a=6", NULL), 0, "newer values");
	check_lines(t, "X: 1|Y: 2|Cookie: b=2; c=5; a=6", "replace the older");
	tap_int(client_target_cookies(t, NULL, NULL), 0, "none");
	check_lines(t, "X: 1|Y: 2|Cookie: a=1; b=2; c=3", "leaves the user's");
	done(t);
	t = target(&o, "ws://a/", true);
	check_lines(t, "X: 1|Y: 2", "the user's do not go to another origin");
	tap_int(client_target_cookies(t, "d=4", NULL), 0, "the server's");
	check_lines(t, "X: 1|Y: 2|Cookie: d=4", "do");
	done(t);
	o = plain();
	t = target(&o, "ws://a/", false);
	check_lines(t, "", "no cookies, no line");
	done(t);
}

static void
test_foreign(void)
{
	struct client_options o = plain();
	struct client_target *t;

	o.headers = LIST("X: 1", "Authorization: a", "HOST: b", "Proxy-Authorization: c",
	    "proxy-x: d");
	o.header_count = 5;
	o.cookie = "a=1";
	t = target(&o, "ws://a/", true);
	check_lines(t, "X: 1", "nothing that authorizes goes to another origin");
	done(t);
	o = plain();
	o.user = "a:b";
	t = target(&o, "ws://a/", true);
	check_lines(t, "", "nor what an option makes");
	done(t);
}

static void
check_token(const char *const *claims, size_t count, uint64_t number, const char *want)
{
	struct client_options o = plain();
	struct err e = {0};
	char bytes[512] = "", *line, *dot;
	ssize_t len;

	o.jwt_secret = "s";
	o.jwt_claims = claims;
	o.jwt_claim_count = count;
	client = client_new(&o, &e);
	line = client_token_line(client, number, 1000, &e);
	tap_ok(line != NULL && strncmp(line, "Authorization: Bearer eyJ", 25) == 0,
	    "a token's line");
	dot = line != NULL ? strchr(line, '.') : NULL;
	if (dot != NULL) {
		len = base64_decode(bytes, dot + 1, strcspn(dot + 1, "."));
		bytes[len > 0 ? len : 0] = '\0';
	}
	tap_text(bytes, want, "its claims");
	free(line);
	done(NULL);
}

static void
test_tokens(void)
{
	struct client_options o = plain();
	struct err e = {0};

	check_token(LIST("sub=user{conn}", "exp=+1m"), 2, 7,
	    "{\"sub\":\"user7\",\"exp\":1060,\"iat\":1000}");
	check_token(NULL, 0, 7, "{\"iat\":1000}");
	client = client_new(&o, &e);
	tap_ok(client_token_line(client, 0, 0, &e) == NULL && e.class == ERR_NONE,
	    "no secret, no token");
	done(NULL);
}

static void
test_files(void)
{
	static const char content[] = "ann:x\r\nmore\n";
	char path[] = "/tmp/hail-client-test-XXXXXX", text[64];
	int fd = mkstemp(path);
	struct client_options o = plain();
	struct client_target *t;

	if (fd < 0 || write(fd, content, strlen(content)) < 0)
		tap_ok(false, "a file for the test");
	close(fd);
	snprintf(text, sizeof text, "@%s", path);
	o.user = text;
	t = target(&o, "ws://a/", false);
	check_lines(t, "Authorization: Basic YW5uOng=", "the first line of a file");
	done(t);
	o.user = NULL;
	o.bearer = text;
	t = target(&o, "ws://a/", false);
	check_lines(t, "Authorization: Bearer ann:x", "for a bearer token, too");
	done(t);
	unlink(path);
	refused(o, "--bearer: cannot read");
}

/* --- where to ---------------------------------------------------------------------------- */

static void
check_place(const struct client_options *o, const char *url, const char *want)
{
	struct client_target *t = target(o, url, false);
	struct client_dial dial;
	char got[700];
	struct url u;

	if (t == NULL)
		return;
	url_parse(&u, url, NULL);
	dial = client_dial(client, &u);
	snprintf(got, sizeof got, "%s:%u", dial.host, dial.port);
	url_release(&u);
	if (t->peer.proxy != NULL)
		snprintf(got + strlen(got), sizeof got - strlen(got), " for %s:%u",
		    t->proxy.host, t->proxy.port);
	tap_text(got, want, url);
	done(t);
}

static void
test_places(void)
{
	struct client_options o = plain();

	check_place(&o, "ws://a/", "a:80");
	check_place(&o, "wss://a/", "a:443");
	o.connect_to = LIST("a:80:[::1]:81", "a:443:b:82");
	o.connect_to_count = 2;
	check_place(&o, "ws://A/", "::1:81");
	o.http_proxy = "p:1";
	o.https_proxy = "socks5://q:2";
	o.no_proxy = "c,10.0.0.0/8";
	check_place(&o, "ws://a/", "p:1 for ::1:81");
	check_place(&o, "wss://a/", "q:2 for b:82");
	check_place(&o, "ws://c/", "c:80");
	check_place(&o, "ws://10.0.0.1/", "10.0.0.1:80");
	o.proxy = "http://r:3";
	check_place(&o, "ws://c/", "r:3 for c:80");
	o.proxy = "";
	check_place(&o, "ws://d/", "d:80");
	o = plain();
	o.http_proxy = "p:1";
	o.unix_socket = "/run/x";
	check_place(&o, "ws://d:5/", "/run/x:0");
	o.unix_socket = "@x";
	check_place(&o, "ws://d:5/", "@x:0");
}

static void
test_bad_environment(void)
{
	struct client_options o = plain();
	struct err e = {0};
	struct url u;

	o.https_proxy = "https://p";
	check_place(&o, "ws://a/", "a:80");
	client = client_new(&o, &e);
	url_parse(&u, "wss://a/", NULL);
	tap_ok(client_target_new(client, &u, false, resolver, &rng, &e) == NULL &&
	    e.class == ERR_USAGE && strstr(e.text, "https_proxy") != NULL,
	    "the environment's only when it is needed: %s", e.text);
	url_release(&u);
	done(NULL);
}

static void
test_shape(void)
{
	struct client_options o = plain();
	struct client_target *t;

	t = target(&o, "wss://a:444/x", false);
	tap_ok(t->peer.tls != NULL && t->params.ws.deflate == NULL, "TLS, no compression");
	tap_text(t->peer.authority, "a:444", "Host");
	done(t);
	o.compress = true;
	t = target(&o, "ws://a/x", false);
	tap_ok(t->peer.tls == NULL && t->params.ws.deflate != NULL &&
	    t->params.ws.deflate->client_max_window_bits == WS_WINDOW_ANY, "the usual offer");
	done(t);
	o.compress_offer = CLIENT_OFFER_BOUNDED;
	t = target(&o, "ws://a/x", false);
	tap_ok(t->params.ws.deflate->client_no_context_takeover &&
	    t->params.ws.deflate->server_no_context_takeover, "the bounded offer");
	done(t);
}

/* forced: `transport` was asked for; else it is what the URL should say. */
static void
check_url(const char *text, bool forced, enum transport transport, const char *want)
{
	enum transport spoken = forced ? transport : TRANSPORTS;
	struct url u = {0};
	struct err e = {0};
	char got[300];

	if (client_url_parse(&u, text, forced, &spoken, &e) == 0) {
		tap_text(url_text(&u, got, sizeof got), want, text);
		tap_int(spoken, transport, transport_name(transport));
	}
	else
		tap_ok(strstr(e.text, want) != NULL && e.class == ERR_USAGE, "refused: %s", e.text);
	url_release(&u);
}

static void
test_urls(void)
{
	check_url("ws://a:80/x", false, TRANSPORT_WS, "ws://a/x");
	check_url("wss://a", true, TRANSPORT_WS, "wss://a/");
	check_url("http://a/x", true, TRANSPORT_WS, "ws://a/x");
	check_url("https://a:80/x", true, TRANSPORT_WS, "wss://a:80/x");
	check_url("http://a/x", false, TRANSPORT_SSE, "http://a/x");
	check_url("https://a/x", false, TRANSPORT_SSE, "https://a/x");
	check_url("ws://a/x", true, TRANSPORT_POLL, "http://a/x");
	check_url("wss://a:80/x", true, TRANSPORT_LONGPOLL, "https://a:80/x");
	check_url("redis://a/x", true, TRANSPORT_WS, "ws://");
	check_url("ws://a/#x", false, TRANSPORT_WS, "fragment");
	check_url("ws://a/ x", false, TRANSPORT_WS, "visible ASCII");
	check_url("ftp://a/", true, TRANSPORT_WS, "ws://");
	check_url("a:80", true, TRANSPORT_WS, "ws://");
}

int
main(void)
{
	loop = loop_new(NULL);
	resolver = resolver_new(loop, NULL);
	rng_init(&rng, 1);
	test_refused();
	test_conflicts();
	test_proxy_texts();
	test_exceptions();
	test_lines();
	test_cookies();
	test_foreign();
	test_tokens();
	test_files();
	test_places();
	test_bad_environment();
	test_shape();
	test_urls();
	resolver_free(resolver);
	loop_free(loop);
	return tap_done();
}
