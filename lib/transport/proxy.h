/* proxy.h: asking a proxy to connect on: HTTP CONNECT (RFC 9110, 9.3.6) and SOCKS5 (RFC 1928,
 * RFC 1929), as a pure byte machine that stream.c drives. Names are resolved by the proxy. */
#ifndef HAIL_TRANSPORT_PROXY_H
#define HAIL_TRANSPORT_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

enum proxy_kind {
	PROXY_HTTP,
	PROXY_SOCKS5,
};

/* What to ask of it; all strings are lent. Where the proxy itself is, the dial knows. */
struct proxy {
	enum proxy_kind kind;
	const char *host;            /* the peer: a name or an address of either family */
	uint16_t port;
	const char *user, *password; /* NULL: none */
	const char *name;            /* "proxy.example:3128", for sentences */
};

struct proxy_talk {
	const struct proxy *proxy;
	int step;
	size_t seen;                 /* bytes shown before of an answer that is not whole */
	size_t taken;                /* bytes of answers that led nowhere yet (1xx) */
};

/* Begins: appends what the proxy gets first. -1: ERR_MEMORY, or ERR_USAGE for what it cannot be
 * told (SOCKS5: a host, user or password beyond 255 bytes; HTTP: a user with a colon). */
int proxy_begin(struct proxy_talk *t, const struct proxy *proxy, struct buf *out,
    struct err *e);

/* Takes bytes of its answer from the front of `data`, and appends what it gets next. Returns how
 * many it took: what is left is shown again, with more behind it. *done tells whether the peer is
 * reached; then the bytes behind are the peer's.
 * -1: refused or not understood; class ERR_CONNECT, and the sentence names the proxy, what it
 * said (status and reason, or the reply's name) and, for 407, what is missing. An answer beyond
 * HTTP_HEAD_MAX is refused. */
ssize_t proxy_feed(struct proxy_talk *t, const uint8_t *data, size_t len, struct buf *out,
    bool *done, struct err *e);

#endif
