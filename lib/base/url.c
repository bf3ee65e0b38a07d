#include "lib/base/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/hex.h"
#include "lib/base/slice.h"

static const struct {
	const char *name;
	uint16_t port;
	bool secure;
} schemes[] = {
	[URL_WS] = {"ws", 80, false},
	[URL_WSS] = {"wss", 443, true},
	[URL_HTTP] = {"http", 80, false},
	[URL_HTTPS] = {"https", 443, true},
	[URL_REDIS] = {"redis", 6379, false},
};

bool
url_is_secure(const struct url *u)
{
	return schemes[u->scheme].secure;
}

bool
url_is_websocket(const struct url *u)
{
	return u->scheme == URL_WS || u->scheme == URL_WSS;
}

const char *
url_scheme_name(enum url_scheme scheme)
{
	return schemes[scheme].name;
}

const char *
url_authority(const struct url *u, char *into)
{
	const char *open = u->ipv6_literal ? "[" : "", *close = u->ipv6_literal ? "]" : "";

	if (u->default_port)
		snprintf(into, 272, "%s%s%s", open, u->host, close);
	else
		snprintf(into, 272, "%s%s%s:%u", open, u->host, close, u->port);
	return into;
}

void
url_release(struct url *u)
{
	free(u->user);
	free(u->password);
	free(u->target);
	u->user = u->password = u->target = NULL;
}

/* A copy with %XX undone; NULL when an escape is broken or hides a NUL or a line end. */
static char *
percent_decoded(struct slice text)
{
	char *copy = malloc(text.len + 1), *at = copy;

	for (size_t i = 0; copy != NULL && i < text.len; i++) {
		int c = text.data[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex_value(text.data[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_value(text.data[i + 2]) : -1;

			c = high < 0 || low < 0 ? 0 : high << 4 | low;
			if (c == 0 || c == '\r' || c == '\n') {
				free(copy);
				return NULL;
			}
			i += 2;
		}
		*at++ = (char)c;
	}
	if (copy != NULL)
		*at = '\0';
	return copy;
}

static int
parse_scheme(struct url *u, const char *text, const char **rest)
{
	const char *colon = strstr(text, "://");

	if (colon == NULL)
		return -1;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (slice_eq_nocase((struct slice){text, (size_t)(colon - text)},
		    schemes[i].name)) {
			u->scheme = (enum url_scheme)i;
			*rest = colon + 3;
			return 0;
		}
	return -1;
}

static int
parse_userinfo(struct url *u, struct slice info)
{
	struct slice rest = info, user = slice_cut(&rest, ':');

	u->user = percent_decoded(user);
	if (rest.data != NULL)
		u->password = percent_decoded(rest);
	return u->user == NULL || (rest.data != NULL && u->password == NULL) ? -1 : 0;
}

static int
parse_port(struct url *u, struct slice digits)
{
	unsigned long port = 0;

	u->port = schemes[u->scheme].port;
	if (digits.len == 0) {
		u->default_port = true;
		return 0;
	}
	for (size_t i = 0; i < digits.len; i++) {
		if (!isdigit((unsigned char)digits.data[i]))
			return -1;
		port = port * 10 + (unsigned long)(digits.data[i] - '0');
		if (port > 65535)
			return -1;
	}
	if (port == 0)
		return -1;
	u->port = (uint16_t)port;
	u->default_port = port == schemes[u->scheme].port;
	return 0;
}

static bool
host_char(char c)
{
	return isalnum((unsigned char)c) || strchr("-._~", c) != NULL;
}

/* "host", "host:port", "[v6]:port": what stands between "://" (or '@') and the path. */
static int
parse_host(struct url *u, struct slice authority, const char **why)
{
	struct slice host, port = {NULL, 0};
	unsigned char address[16];

	if (authority.len > 0 && authority.data[0] == '[') {
		const char *end = memchr(authority.data, ']', authority.len);

		*why = "an IPv6 address in brackets";
		if (end == NULL)
			return -1;
		host = (struct slice){authority.data + 1, (size_t)(end - authority.data) - 1};
		port = (struct slice){end + 1, authority.len - host.len - 2};
		if (port.len > 0 && *port.data != ':')
			return -1;
		if (port.len > 0)
			port = (struct slice){port.data + 1, port.len - 1};
		u->ipv6_literal = true;
	} else {
		port = authority;
		host = slice_cut(&port, ':');
	}
	*why = "a host name of at most 255 characters";
	if (host.len == 0 || host.len >= sizeof u->host)
		return -1;
	memcpy(u->host, host.data, host.len);
	u->host[host.len] = '\0';
	*why = u->ipv6_literal ? "an IPv6 address in brackets" :
	    "a host of letters, digits, '-', '.' and '_'";
	if (u->ipv6_literal && inet_pton(AF_INET6, u->host, address) != 1)
		return -1;
	for (size_t i = 0; !u->ipv6_literal && i < host.len; i++)
		if (!host_char(host.data[i]))
			return -1;
	*why = "a port from 1 to 65535";
	return parse_port(u, port);
}

static int
refuse(struct url *u, struct err *e, const char *text, const char *why)
{
	url_release(u);
	return err_set(e, ERR_USAGE, 0, "bad URL '%.120s': expected %s", text, why);
}

int
url_parse(struct url *u, const char *text, struct err *e)
{
	const char *rest, *at, *why = NULL;
	struct slice authority;
	size_t len;

	*u = (struct url){0};
	for (at = text; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f)
			return refuse(u, e, text,
			    "visible ASCII only (percent-encode the rest)");
	if (parse_scheme(u, text, &rest) != 0)
		return refuse(u, e, text, "ws://, wss://, http:// or https:// and a host");
	if (strchr(rest, '#') != NULL)
		return refuse(u, e, text, "no fragment ('#' is not sent; write %23)");
	authority = (struct slice){rest, strcspn(rest, "/?")};
	rest += authority.len;
	at = memrchr(authority.data, '@', authority.len);
	if (at != NULL) {
		len = (size_t)(at - authority.data);
		if (parse_userinfo(u, (struct slice){authority.data, len}) != 0)
			return refuse(u, e, text, "user:password before '@', percent-encoded");
		authority = (struct slice){at + 1, authority.len - len - 1};
	}
	if (parse_host(u, authority, &why) != 0)
		return refuse(u, e, text, why);
	if (asprintf(&u->target, "%s%s", *rest == '/' ? "" : "/", rest) < 0) {
		u->target = NULL;
		url_release(u);
		return err_set(e, ERR_MEMORY, 0, "no memory for a URL");
	}
	return 0;
}

const char *
url_text(const struct url *u, char *into, size_t size)
{
	char authority[272];

	snprintf(into, size, "%s://%s%s", url_scheme_name(u->scheme), url_authority(u, authority),
	    u->target);
	return into;
}
