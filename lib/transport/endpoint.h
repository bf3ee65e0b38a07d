/* endpoint.h: a place to connect to. A name is resolved once, without blocking, and the
 * addresses serve every connection that goes there. */
#ifndef HAIL_TRANSPORT_ENDPOINT_H
#define HAIL_TRANSPORT_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint;
struct err;
struct loop;
struct resolver;

/* --- the resolver: libevent's, with /etc/hosts and /etc/resolv.conf ---------------------- */

struct resolver *resolver_new(struct loop *l, struct err *e);

/* Every endpoint must be gone; questions still on their way are given up. */
void resolver_free(struct resolver *r);

/* --- endpoints --------------------------------------------------------------------------- */

enum {
	ENDPOINT_ADDRESSES = 16,
	ENDPOINT_TEXT = 112,     /* bytes of the longest address as text, with its NUL */
};

/* `host` is a name or a numeric address of either family, copied. The resolver must outlive the
 * endpoint. NULL: no memory. */
struct endpoint *endpoint_new(struct resolver *r, const char *host, uint16_t port);
void endpoint_free(struct endpoint *p);

/* A unix socket; `path` is copied, a leading '@' stands for the abstract namespace. NULL with
 * class ERR_USAGE: empty or longer than a socket's name may be (107 bytes); or ERR_MEMORY. */
struct endpoint *endpoint_new_unix(const char *path, struct err *e);

typedef void endpoint_fn(void *ctx, const struct err *e);

/* One who waits for the addresses; a member of the waiting object. */
struct endpoint_waiter {
	struct endpoint_waiter *next, **link;
	endpoint_fn *fn;
	void *ctx;
};

/* 1: the addresses are known, fn is not called. 0: fn is called later, once, with NULL or with
 * an error of class ERR_RESOLVE. -1: that error at once in *e, fn is not called. After a failure
 * the next call asks again. */
int endpoint_lookup(struct endpoint *p, struct endpoint_waiter *w, endpoint_fn *fn, void *ctx,
    struct err *e);

/* Waits no longer; harmless when fn was called already or lookup never returned 0. */
void endpoint_forget(struct endpoint_waiter *w);

size_t endpoint_count(const struct endpoint *p);

/* The address of that index, the port filled in; lives as long as the endpoint. */
const struct sockaddr *endpoint_address(const struct endpoint *p, size_t index, socklen_t *len);

const char *endpoint_host(const struct endpoint *p);

/* "127.0.0.1:80", "[::1]:80", "/run/a.sock" or "@abstract"; `into` holds ENDPOINT_TEXT bytes. The
 * address must be one of an endpoint's: the name of a unix socket ends with a NUL. */
const char *endpoint_address_text(const struct sockaddr *address, char *into);

#endif
