/* url.h: absolute URLs of the schemes hail speaks (RFC 3986; RFC 6455, 3).
 *
 * Templates are allowed in path and query: '{' and '}' pass through. */
#ifndef HAIL_BASE_URL_H
#define HAIL_BASE_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum url_scheme {
	URL_WS,
	URL_WSS,
	URL_HTTP,
	URL_HTTPS,
	URL_REDIS,
};

struct url {
	enum url_scheme scheme;
	char host[256];       /* without the brackets of an IPv6 literal */
	bool ipv6_literal;
	uint16_t port;        /* the scheme's own when none was written */
	bool default_port;    /* port is the scheme's own, so Host leaves it out */
	char *user;           /* percent-decoded, NULL when there is none */
	char *password;
	char *target;         /* path and query as sent in a request line; begins with '/' */
};

/* Parses; the strings inside belong to *u until url_release. -1 with class ERR_USAGE and a
 * sentence that names the URL and what was expected. A fragment is refused: nothing could be
 * done with it (RFC 6455, 3). Control characters, spaces and non-ASCII are refused. */
int url_parse(struct url *u, const char *text, struct err *e);

void url_release(struct url *u);

/* Whether bytes travel over TLS. */
bool url_is_secure(const struct url *u);

/* Whether its scheme is ws or wss. */
bool url_is_websocket(const struct url *u);

const char *url_scheme_name(enum url_scheme scheme);

/* The value of a Host field: "host", "host:port" or "[v6]:port" (RFC 9110, 7.2); `into` holds
 * at least 272 bytes. */
const char *url_authority(const struct url *u, char *into);

/* The URL again, without user and password; cut when `size` is too small. */
const char *url_text(const struct url *u, char *into, size_t size);

#endif
