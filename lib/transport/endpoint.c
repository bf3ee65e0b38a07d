#include "lib/transport/endpoint.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "lib/base/err.h"
#include "lib/loop/loop.h"

struct resolver {
	struct event_base *base;
	struct evdns_base *dns;
};

enum endpoint_state {
	ENDPOINT_UNKNOWN,
	ENDPOINT_ASKED,
	ENDPOINT_KNOWN,
	ENDPOINT_GONE,       /* freed by its owner; the answer that is on its way frees the rest */
};

struct endpoint {
	struct resolver *resolver;
	struct evdns_getaddrinfo_request *request;
	struct endpoint_waiter *waiters;
	enum endpoint_state state;
	size_t count;
	struct sockaddr_storage addresses[ENDPOINT_ADDRESSES];
	struct err why;      /* of the last failure */
	uint16_t port;
	char host[256];
};

struct resolver *
resolver_new(struct loop *l, struct err *e)
{
	struct resolver *r = malloc(sizeof *r);

	/* DISABLE_WHEN_INACTIVE: an idle resolver does not keep the loop running. */
	if (r != NULL) {
		r->base = loop_base(l);
		r->dns = evdns_base_new(r->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	}
	if (r == NULL || r->dns == NULL) {
		free(r);
		err_set(e, ERR_MEMORY, 0, "no memory for a resolver");
		return NULL;
	}
	/* Without a resolv.conf there are still /etc/hosts and numeric addresses. */
	evdns_base_resolv_conf_parse(r->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	return r;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	evdns_base_free(r->dns, 1);
	event_base_loop(r->base, EVLOOP_NONBLOCK);   /* lets the endpoints that are GONE go */
	free(r);
}

struct endpoint *
endpoint_new(struct resolver *r, const char *host, uint16_t port)
{
	struct endpoint *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->resolver = r;
	p->port = port;
	snprintf(p->host, sizeof p->host, "%s", host);
	return p;
}

struct endpoint *
endpoint_new_unix(const char *path, struct err *e)
{
	struct endpoint *p = NULL;
	struct sockaddr_un *address;
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof address->sun_path)
		err_set(e, ERR_USAGE, 0, "'%.120s' is no name of a unix socket: 1 to %zu bytes",
		    path, sizeof address->sun_path - 1);
	else if ((p = calloc(1, sizeof *p)) == NULL)
		err_set(e, ERR_MEMORY, 0, "no memory for an endpoint");
	if (p == NULL)
		return NULL;
	address = (struct sockaddr_un *)p->addresses;
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, len);
	if (*path == '@')
		address->sun_path[0] = '\0';
	snprintf(p->host, sizeof p->host, "%s", path);
	p->count = 1;
	p->state = ENDPOINT_KNOWN;
	return p;
}

void
endpoint_free(struct endpoint *p)
{
	if (p == NULL)
		return;
	while (p->waiters != NULL)
		endpoint_forget(p->waiters);
	if (p->state != ENDPOINT_ASKED) {
		free(p);
		return;
	}
	p->state = ENDPOINT_GONE;
	if (p->request != NULL)
		evdns_getaddrinfo_cancel(p->request);
}

/* Calls everyone who waits; one of them may wait anew, so the list is taken off first. */
static void
tell_waiters(struct endpoint *p, const struct err *e)
{
	struct endpoint_waiter *list = p->waiters, *w;

	p->waiters = NULL;
	if (list != NULL)
		list->link = &list;
	while ((w = list) != NULL) {
		endpoint_forget(w);
		w->fn(w->ctx, e);
	}
}

static void
keep_addresses(struct endpoint *p, const struct evutil_addrinfo *found)
{
	p->count = 0;
	for (; found != NULL && p->count < ENDPOINT_ADDRESSES; found = found->ai_next)
		if (found->ai_addrlen <= sizeof *p->addresses)
			memcpy(&p->addresses[p->count++], found->ai_addr, found->ai_addrlen);
}

static void
resolved(int result, struct evutil_addrinfo *found, void *ctx)
{
	struct endpoint *p = ctx;

	p->request = NULL;
	if (result == 0)
		keep_addresses(p, found);
	if (found != NULL)
		evutil_freeaddrinfo(found);
	if (p->state == ENDPOINT_GONE) {
		free(p);
		return;
	}
	if (result == 0 && p->count > 0) {
		p->state = ENDPOINT_KNOWN;
		tell_waiters(p, NULL);
		return;
	}
	p->state = ENDPOINT_UNKNOWN;
	err_set(&p->why, ERR_RESOLVE, 0, "cannot resolve '%.200s': %s", p->host,
	    result == 0 ? "it has no address" : evutil_gai_strerror(result));
	tell_waiters(p, &p->why);
}

/* A numeric address needs no resolver. */
static bool
parse_numeric(struct endpoint *p)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)p->addresses;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)p->addresses;

	if (inet_pton(AF_INET, p->host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(p->port);
	} else if (inet_pton(AF_INET6, p->host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(p->port);
	} else {
		return false;
	}
	p->count = 1;
	p->state = ENDPOINT_KNOWN;
	return true;
}

/* Asks libevent. A name from /etc/hosts is answered before this returns. */
static void
ask(struct endpoint *p)
{
	struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
	    .ai_protocol = IPPROTO_TCP};
	struct evdns_getaddrinfo_request *request;
	char port[8];

	snprintf(port, sizeof port, "%u", p->port);
	p->state = ENDPOINT_ASKED;
	request = evdns_getaddrinfo(p->resolver->dns, p->host, port, &hints, resolved, p);
	if (p->state == ENDPOINT_ASKED)
		p->request = request;
}

int
endpoint_lookup(struct endpoint *p, struct endpoint_waiter *w, endpoint_fn *fn, void *ctx,
    struct err *e)
{
	*w = (struct endpoint_waiter){.fn = fn, .ctx = ctx};
	if (p->state == ENDPOINT_UNKNOWN && !parse_numeric(p))
		ask(p);
	if (p->state == ENDPOINT_KNOWN)
		return 1;
	if (p->state == ENDPOINT_UNKNOWN) {
		*e = p->why;
		return -1;
	}
	w->next = p->waiters;
	w->link = &p->waiters;
	if (w->next != NULL)
		w->next->link = &w->next;
	p->waiters = w;
	return 0;
}

void
endpoint_forget(struct endpoint_waiter *w)
{
	if (w->link == NULL)
		return;
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->link = NULL;
}

size_t
endpoint_count(const struct endpoint *p)
{
	return p->count;
}

const struct sockaddr *
endpoint_address(const struct endpoint *p, size_t index, socklen_t *len)
{
	const struct sockaddr *address = (const struct sockaddr *)&p->addresses[index];

	if (address->sa_family == AF_UNIX)       /* an abstract name is as long as it is */
		*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(p->host) +
		    (p->host[0] != '@'));
	else
		*len = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
		    sizeof(struct sockaddr_in);
	return address;
}

const char *
endpoint_host(const struct endpoint *p)
{
	return p->host;
}

const char *
endpoint_address_text(const struct sockaddr *address, char *into)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	const struct sockaddr_un *local = (const struct sockaddr_un *)address;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_UNIX) {
		bool abstract = local->sun_path[0] == '\0';

		snprintf(into, ENDPOINT_TEXT, "%s%s", abstract ? "@" : "",
		    local->sun_path + abstract);
	} else if (address->sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(into, ENDPOINT_TEXT, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(into, ENDPOINT_TEXT, "%s:%u", host, ntohs(v4->sin_port));
	}
	return into;
}
