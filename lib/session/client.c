#include "lib/session/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/url.h"
#include "lib/codec/ws_handshake.h"
#include "lib/transport/endpoint.h"

struct detour {
	char from_host[256], to_host[256];
	uint16_t from_port, to_port;
};

struct client {
	struct client_options options;
	char **headers;                      /* every line that is sent to every URL */
	size_t header_count;
	struct detour *detours;
	struct sockaddr_storage *sources;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for the options of a client");
}

/* --- header lines ------------------------------------------------------------------------ */

static int
add_header(struct client *c, char *line, const char *option, struct err *e)
{
	struct err why = {0};

	if (line == NULL)
		return no_memory(e);
	c->headers[c->header_count++] = line;
	if (ws_header_check(line, &why) != 0)
		return err_set(e, ERR_USAGE, 0, "%s: %.200s", option, why.text);
	return 0;
}

static char *
joined(const char *front, const char *text)
{
	char *line;

	return asprintf(&line, "%s%s", front, text) < 0 ? NULL : line;
}

/* RFC 7617: the user's name ends at the first colon. */
static char *
basic_line(const char *user, const char *password)
{
	char *pair, *encoded, *line = NULL;

	if (asprintf(&pair, "%s%s%s", user, password != NULL ? ":" : "",
	    password != NULL ? password : "") < 0)
		return NULL;
	encoded = malloc(base64_length(strlen(pair)) + 1);
	if (encoded != NULL) {
		base64_encode(encoded, pair, strlen(pair));
		line = joined("Authorization: Basic ", encoded);
	}
	free(encoded);
	free(pair);
	return line;
}

static int
take_headers(struct client *c, struct err *e)
{
	const struct client_options *o = &c->options;

	c->headers = calloc(o->header_count + 4, sizeof *c->headers);
	if (c->headers == NULL)
		return no_memory(e);
	for (size_t i = 0; i < o->header_count; i++)
		if (add_header(c, strdup(o->headers[i]), "--header", e) != 0)
			return -1;
	if (o->cookie != NULL && add_header(c, joined("Cookie: ", o->cookie), "--cookie", e) != 0)
		return -1;
	if (o->bearer != NULL &&
	    add_header(c, joined("Authorization: Bearer ", o->bearer), "--bearer", e) != 0)
		return -1;
	if (o->user != NULL && add_header(c, basic_line(o->user, strchr(o->user, ':') == NULL ?
	    "" : NULL), "--user", e) != 0)
		return -1;
	return 0;
}

/* Values that go into fields of their own are judged as such a field. */
static int
check_value(const char *value, const char *option, struct err *e)
{
	char *line = joined("X: ", value);
	struct err why = {0};
	int result;

	if (line == NULL)
		return no_memory(e);
	result = ws_header_check(line, &why);
	free(line);
	return result == 0 ? 0 : err_set(e, ERR_USAGE, 0, "%s: %.200s", option, why.text);
}

/* RFC 6455, 4.1, 10: subprotocol names are tokens, none twice. */
static int
check_subprotocols(const struct client_options *o, struct err *e)
{
	for (size_t i = 0; i < o->subprotocol_count; i++) {
		const char *name = o->subprotocols[i];

		if (*name == '\0' || strpbrk(name, " \t\r\n,;:\"()<>@/[]?={}\\") != NULL)
			return err_set(e, ERR_USAGE, 0,
			    "--subprotocol: '%.100s' is not a token", name);
		for (size_t k = 0; k < i; k++)
			if (strcmp(name, o->subprotocols[k]) == 0)
				return err_set(e, ERR_USAGE, 0,
				    "--subprotocol: '%.100s' is named twice", name);
		if (check_value(name, "--subprotocol", e) != 0)
			return -1;
	}
	return 0;
}

/* --- where to ---------------------------------------------------------------------------- */

/* "HOST:PORT" at *at, IPv6 in brackets; moves *at behind it and one colon. */
static bool
take_place(const char **at, char *host, uint16_t *port)
{
	size_t len = **at == '[' ? strcspn(*at, "]") + 1 : strcspn(*at, ":");
	unsigned long number;
	char *end;

	if (len == 0 || len > strlen(*at) || len >= 256 || (*at)[len] != ':')
		return false;
	if (**at == '[')
		snprintf(host, 256, "%.*s", (int)len - 2, *at + 1);
	else
		snprintf(host, 256, "%.*s", (int)len, *at);
	*at += len + 1;
	number = strtoul(*at, &end, 10);
	if (end == *at || number == 0 || number > 65535 || (*end != ':' && *end != '\0'))
		return false;
	*port = (uint16_t)number;
	*at = *end == ':' ? end + 1 : end;
	return true;
}

static int
take_detours(struct client *c, struct err *e)
{
	const struct client_options *o = &c->options;

	c->detours = calloc(o->connect_to_count + 1, sizeof *c->detours);
	if (c->detours == NULL)
		return no_memory(e);
	for (size_t i = 0; i < o->connect_to_count; i++) {
		struct detour *d = &c->detours[i];
		const char *at = o->connect_to[i];

		if (!take_place(&at, d->from_host, &d->from_port) ||
		    !take_place(&at, d->to_host, &d->to_port) || *at != '\0')
			return err_set(e, ERR_USAGE, 0, "--connect-to: '%.150s' is not "
			    "HOST:PORT:HOST2:PORT2", o->connect_to[i]);
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

struct client *
client_new(const struct client_options *o, struct err *e)
{
	struct client *c = calloc(1, sizeof *c);

	if (c == NULL) {
		no_memory(e);
		return NULL;
	}
	c->options = *o;
	if (o->open_timeout == 0)
		err_set(e, ERR_USAGE, 0, "--timeout: expected more than nothing");
	else if (take_headers(c, e) == 0 && check_subprotocols(o, e) == 0 &&
	    take_detours(c, e) == 0 && take_sources(c, e) == 0 &&
	    (o->origin == NULL || check_value(o->origin, "--origin", e) == 0))
		return c;
	client_free(c);
	return NULL;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->header_count; i++)
		free(c->headers[i]);
	free(c->headers);
	free(c->detours);
	free(c->sources);
	free(c);
}

void
client_redirect(const struct client *c, const char **host, uint16_t *port)
{
	for (size_t i = 0; i < c->options.connect_to_count; i++) {
		const struct detour *d = &c->detours[i];

		if (d->from_port == *port && strcasecmp(d->from_host, *host) == 0) {
			*host = d->to_host;
			*port = d->to_port;
			return;
		}
	}
}

size_t
client_source_count(const struct client *c)
{
	return c->options.source_ip_count;
}

struct ws_place
client_place(const struct client *c, uint64_t i, const char *target)
{
	struct ws_place place = {.target = target};

	if (c->options.source_ip_count == 0)
		return place;
	place.source = (const struct sockaddr *)&c->sources[i % c->options.source_ip_count];
	place.source_len = place.source->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in);
	return place;
}

/* --- one URL ----------------------------------------------------------------------------- */

static void
fill_params(struct client_target *t, const struct client *c, size_t header_count,
    struct rng *rng)
{
	const struct client_options *o = &c->options;

	t->params = (struct session_params){
	    .ws = {.endpoint = t->endpoint, .max_backlog = o->max_backlog,
	    .authority = t->authority, .origin = o->origin, .subprotocols = o->subprotocols,
	    .subprotocol_count = o->subprotocol_count, .headers = (const char *const *)t->headers,
	    .header_count = header_count, .max_message = o->max_message, .rng = rng},
	    .open_timeout = o->open_timeout, .ping_interval = o->ping_interval,
	    .ping_timeout = o->ping_timeout, .close_timeout = o->close_timeout};
}

struct client_target *
client_target_new(const struct client *c, const struct url *u, struct resolver *r,
    struct rng *rng, struct err *e)
{
	struct client_target *t = calloc(1, sizeof *t);
	const char *host = u->host;
	uint16_t port = u->port;
	size_t count = c->header_count;

	if (t != NULL)
		t->headers = calloc(count + 2, sizeof *t->headers);
	if (t == NULL || t->headers == NULL) {
		client_target_free(t);
		no_memory(e);
		return NULL;
	}
	if (count > 0)
		memcpy(t->headers, c->headers, count * sizeof *t->headers);
	if (u->user != NULL && c->options.user == NULL && c->options.bearer == NULL)
		t->headers[count++] = t->own_header = basic_line(u->user,
		    u->password != NULL ? u->password : "");
	client_redirect(c, &host, &port);
	t->endpoint = endpoint_new(r, host, port);
	if (t->endpoint == NULL || (count > c->header_count && t->own_header == NULL)) {
		client_target_free(t);
		no_memory(e);
		return NULL;
	}
	url_authority(u, t->authority);
	fill_params(t, c, count, rng);
	return t;
}

void
client_target_free(struct client_target *t)
{
	if (t == NULL)
		return;
	endpoint_free(t->endpoint);
	free(t->own_header);
	free(t->headers);
	free(t);
}
