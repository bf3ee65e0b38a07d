/* client.h: what a user says about connecting (the options that every client command shares),
 * checked once and turned into session_params for each URL, whatever the transport. */
#ifndef HAIL_SESSION_CLIENT_H
#define HAIL_SESSION_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/session/session.h"
#include "lib/transport/proxy.h"
#include "lib/transport/tls.h"

struct client;
struct err;
struct loop;
struct resolver;
struct rng;
struct url;

/* Offers of permessage-deflate (RFC 7692, 7.1). The full one is for a conversation: the best
 * ratio, at the price of a window in each direction. The bounded one is for many connections:
 * without context takeover one window serves them all. */
#define CLIENT_OFFER_FULL "client_max_window_bits"
#define CLIENT_OFFER_BOUNDED "client_no_context_takeover; server_no_context_takeover"

/* As the options stand on the command line; all strings are lent. Of user, bearer, jwt_secret and
 * an Authorization among the headers there may be one; each comes before a URL's user. The first
 * three may be "@FILE": what they are stands in the first line of that file. */
struct client_options {
	enum transport transport;
	uint64_t poll_interval, poll_wait, poll_grace;   /* ns; as struct poll_params has them */
	struct poll_shape shape;             /* how messages stand in the answers to polls */
	uint64_t idle_timeout;               /* ns; 0: none */
	const char *const *headers;          /* "Name: value" */
	size_t header_count;
	const char *const *subprotocols;
	size_t subprotocol_count;
	const char *const *connect_to;       /* "HOST:PORT:HOST2:PORT2" */
	size_t connect_to_count;
	const char *const *source_ips;
	size_t source_ip_count;
	const char *origin, *cookie, *bearer, *user;     /* NULL: none; user is "name:password" */
	const char *jwt_secret;              /* NULL: no token is minted */
	const char *const *jwt_claims;       /* as jwt_mint takes them */
	size_t jwt_claim_count;
	const char *unix_socket;             /* path; NULL: TCP. No proxy from the environment */
	const char *proxy;                   /* "http://user:password@host:port", "socks5://…" or
	                                      * socks5h, which is the same; "": none, whatever
	                                      * the next three say; NULL: they decide */
	const char *http_proxy, *https_proxy, *no_proxy;     /* as the environment has them */
	struct tls_params tls;
	const char *server_name;             /* --servername; NULL: the URL's host */
	bool compress;
	const char *compress_offer;          /* as ws_deflate_offer_parse; NULL: the full one */
	enum ws_fault fault;
	size_t max_refusal;                  /* bytes to keep of a refusal's body */
	bool spread_pings;                   /* for many: the first comes at a random moment */
	uint64_t open_timeout, ping_interval, ping_timeout, close_timeout;   /* ns */
	uint64_t max_message, max_backlog;   /* bytes */
};

/* How the answers to polls are taken apart, as --poll-items and dialects say it; NULL is "auto". */
void client_poll_items(struct poll_shape *s, const char *items);

/* Checks them all; files for TLS are read now when there are any, else with the first wss:// URL.
 * NULL with class ERR_USAGE and a sentence that names the option, ERR_IO or ERR_MEMORY. */
struct client *client_new(const struct client_options *o, struct err *e);
void client_free(struct client *c);

/* The same beside another one: what TLS needs is shared where both say the same about it, and with
 * it the memory of compression. Either may go first. */
struct client *client_new_beside(const struct client *beside, const struct client_options *o,
    struct err *e);

/* Parses the URL of an endpoint. *transport is what to speak there: as it was, when `forced`; else
 * a WebSocket for ws:// and wss://, server-sent events for http:// and https://. The scheme of *u
 * then is the transport's own (ws and wss for a WebSocket, else http and https), whichever was
 * written. -1: as url_parse, or a redis:// URL. */
int client_url_parse(struct url *u, const char *text, bool forced, enum transport *transport,
    struct err *e);

/* Gives a URL the scheme of a transport. */
void client_url_adapt(struct url *u, enum transport transport);

/* What connections to one URL share. Owns what its params point to. */
struct client_target {
	struct session_params params;
	struct peer peer;                    /* what params point to */
	struct endpoint *endpoint;           /* where it is dialled, e.g. the proxy's */
	char authority[272];
	const char **headers;                /* the client's lines, lent, and … */
	char *own_header;                    /* … the one that the URL's user makes, or NULL, … */
	size_t fixed_count;                  /* … which is so many, and behind them … */
	char *cookie_header;                 /* … the cookies; or NULL */
	const char *own_cookie;              /* the user's cookies, lent; NULL: none */
	struct proxy proxy;
	char proxied[256];                   /* proxy.host, when the URL says it */
	struct tls_target *tls;              /* NULL: plain */
	bool foreign;
};

/* Prepares for a URL; the rng makes masks. NULL with class ERR_MEMORY, or ERR_USAGE or ERR_IO when
 * a proxy of the environment or what TLS needs makes no sense. Sessions must be gone before the
 * target goes, the target before the client and the resolver. `foreign`: the URL came from a
 * redirect to another origin, so nothing that authorizes goes with it (Authorization, Cookie and
 * Proxy- fields, tokens, the client's certificate), and no overridden Host or server name. */
struct client_target *client_target_new(const struct client *c, const struct url *u,
    bool foreign, struct resolver *r, struct rng *rng, struct err *e);
void client_target_free(struct client_target *t);

/* Sends these cookies ("a=1; b=2") with the next connections, besides the user's own. -1: no
 * memory. */
int client_target_cookies(struct client_target *t, const char *cookies, struct err *e);

/* The place for connection number i: sources take turns. `target` is lent. */
struct place client_place(const struct client *c, uint64_t i, const char *target);

/* The "Authorization: Bearer …" line for connection number i, a token minted now; the caller's to
 * free. NULL with class ERR_NONE when no token is asked for. `now`: seconds since 1970. */
char *client_token_line(const struct client *c, uint64_t i, int64_t now, struct err *e);

size_t client_source_count(const struct client *c);

/* Where connections to a URL are dialled, as far as that is known before any name is resolved. */
struct client_dial {
	const char *host;                    /* of the proxy, of --connect-to, of the URL; lent */
	uint16_t port;                       /* 0: `host` is the path of a unix socket */
};
struct client_dial client_dial(const struct client *c, const struct url *u);

#endif
