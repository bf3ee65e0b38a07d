#include "lib/session/via.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/url.h"

/* --- the proxy's URL --------------------------------------------------------------------- */

static const struct {
	const char *scheme;
	enum proxy_kind kind;
} kinds[] = {
	{"http", PROXY_HTTP},
	{"socks5", PROXY_SOCKS5},
	{"socks5h", PROXY_SOCKS5},
};

static int
find_kind(struct slice scheme, enum proxy_kind *kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (slice_eq_nocase(scheme, kinds[i].scheme)) {
			*kind = kinds[i].kind;
			return 0;
		}
	return -1;
}

/* Whether "user@host:port/…" names a port. */
static bool
has_port(const char *text)
{
	size_t len = strcspn(text, "/?");
	const char *at = memrchr(text, '@', len), *start = at != NULL ? at + 1 : text;
	const char *bracket = memchr(start, ']', len - (size_t)(start - text));
	const char *colon;

	start = bracket != NULL ? bracket : start;
	colon = memchr(start, ':', len - (size_t)(start - text));
	return colon != NULL && isdigit((unsigned char)colon[1]);
}

static void
take_url(struct via *v, struct url *u, bool port_written)
{
	const char *open = u->ipv6_literal ? "[" : "", *close = u->ipv6_literal ? "]" : "";

	v->port = port_written ? u->port : VIA_PORT;
	snprintf(v->host, sizeof v->host, "%s", u->host);
	snprintf(v->name, sizeof v->name, "%s%s%s:%u", open, u->host, close, v->port);
	v->user = u->user;
	v->password = u->password;
	u->user = u->password = NULL;
	url_release(u);
}

int
via_parse(struct via *v, const char *text, const char *option, struct err *e)
{
	const char *colon = strstr(text, "://"), *rest = colon != NULL ? colon + 3 : text;
	struct slice scheme = {text, colon != NULL ? (size_t)(colon - text) : 0};
	struct url u;
	char *whole;
	int result;

	*v = (struct via){.kind = PROXY_HTTP};
	if (slice_eq_nocase(scheme, "https"))
		return err_set(e, ERR_USAGE, 0, "%s: a proxy cannot be spoken to over TLS "
		    "(https://): expected http:// or socks5://, which wss:// goes through, too",
		    option);
	if (colon != NULL && find_kind(scheme, &v->kind) != 0)
		return err_set(e, ERR_USAGE, 0, "%s: no proxy is known for '%.*s://': expected "
		    "http:// or socks5://", option, scheme.len < 20 ? (int)scheme.len : 20, text);
	if (asprintf(&whole, "http://%s", rest) < 0)
		return err_set(e, ERR_MEMORY, 0, "no memory for a proxy");
	result = url_parse(&u, whole, NULL);
	free(whole);
	if (result != 0)
		return err_set(e, ERR_USAGE, 0, "%s: expected [http://|socks5://][user:password@]"
		    "host[:port], user and password percent-encoded", option);
	take_url(v, &u, has_port(rest));
	return 0;
}

void
via_release(struct via *v)
{
	free(v->user);
	free(v->password);
	v->user = v->password = NULL;
}

/* --- exceptions -------------------------------------------------------------------------- */

static bool
same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, left = bits % 8;

	return memcmp(a, b, whole) == 0 &&
	    (left == 0 || (a[whole] ^ b[whole]) >> (8 - left) == 0);
}

/* "10.0.0.0/8" or a bare address, against an address of that family. */
static bool
in_network(const char *network, int family, const unsigned char *address)
{
	unsigned width = family == AF_INET ? 32 : 128, bits = width;
	unsigned char base[16];
	char text[64];
	const char *slash = strchr(network, '/');
	size_t len = slash != NULL ? (size_t)(slash - network) : strlen(network);
	char *end;

	if (len >= sizeof text)
		return false;
	snprintf(text, sizeof text, "%.*s", (int)len, network);
	if (slash != NULL) {
		bits = (unsigned)strtoul(slash + 1, &end, 10);
		if (!isdigit((unsigned char)slash[1]) || *end != '\0' || bits > width)
			return false;
	}
	return inet_pton(family, text, base) == 1 && same_bits(base, address, bits);
}

static bool
names_host(struct slice name, struct slice host)
{
	if (name.len > 0 && *name.data == '.')
		name = (struct slice){name.data + 1, name.len - 1};
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > host.len)
		return false;
	if (name.len < host.len && host.data[host.len - name.len - 1] != '.')
		return false;
	return strncasecmp(name.data, host.data + host.len - name.len, name.len) == 0;
}

/* Takes ":port" and brackets off an entry. False: it is for another port. */
static bool
strip_port(char *entry, uint16_t port)
{
	char *colon = strrchr(entry, ':'), *bracket = strrchr(entry, ']');
	bool is_port = colon != NULL && (bracket != NULL ? colon == bracket + 1 :
	    strchr(entry, ':') == colon);

	if (is_port) {
		if (strtoul(colon + 1, NULL, 10) != port)
			return false;
		*colon = '\0';
	}
	if (*entry == '[' && bracket != NULL) {
		*bracket = '\0';
		memmove(entry, entry + 1, strlen(entry));
	}
	return true;
}

static bool
entry_names(struct slice text, const char *host, uint16_t port)
{
	unsigned char address[16];
	struct slice whole = slice_of(host);
	char entry[300];

	if (text.len == 0 || text.len >= sizeof entry)
		return false;
	snprintf(entry, sizeof entry, "%.*s", (int)text.len, text.data);
	if (strcmp(entry, "*") == 0)
		return true;
	if (!strip_port(entry, port))
		return false;
	if (inet_pton(AF_INET, host, address) == 1)
		return in_network(entry, AF_INET, address);
	if (inet_pton(AF_INET6, host, address) == 1)
		return in_network(entry, AF_INET6, address);
	if (whole.len > 0 && host[whole.len - 1] == '.')
		whole.len--;
	return names_host(slice_of(entry), whole);
}

bool
via_excepted(const char *list, const char *host, uint16_t port)
{
	while (*list != '\0') {
		size_t len = strcspn(list, ", \t");

		if (entry_names((struct slice){list, len}, host, port))
			return true;
		list += len + (list[len] != '\0');
	}
	return false;
}
