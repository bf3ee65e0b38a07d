/*      lookup ── addresses ──► try(0) ── refused ──► try(1) ── … ──► error of the last one
 *                                │
 *                                ├── stands at once ───────────► done
 *                                ├── the queue of a unix socket is full ── pause ──► again
 *                                └── in progress ── writable ──► SO_ERROR 0: done, else next
 */
#include "lib/transport/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/transport/endpoint.h"

struct dial {
	struct loop *loop;
	struct dial_params params;
	struct dial_times times;
	dial_fn *done;
	void *ctx;
	struct endpoint_waiter waiter;
	struct event event;
	size_t next;             /* index of the address to try next */
	int fd;                  /* -1 while resolving */
};

/* A unix socket whose queue is full says EAGAIN, and nothing tells when there is room. */
static const struct timeval queue_pause = {.tv_usec = 5000};

static void writable(evutil_socket_t fd, short events, void *ctx);
static void queue_again(evutil_socket_t fd, short events, void *ctx);

static int
fail(const struct dial *d, const struct sockaddr *address, int code, const char *what,
    struct err *e)
{
	char text[ENDPOINT_TEXT];

	if (address->sa_family == AF_UNIX)
		return err_set(e, code == EMFILE || code == ENFILE ? ERR_IO : ERR_CONNECT, code,
		    "cannot %s %s: %s", what, endpoint_address_text(address, text),
		    strerror(code));
	return err_set(e, code == EMFILE || code == ENFILE ? ERR_IO : ERR_CONNECT, code,
	    "cannot %s %s (%.100s): %s", what, endpoint_address_text(address, text),
	    endpoint_host(d->params.endpoint), strerror(code));
}

/* The local port is chosen when the peer is known, so that many peers share one source port. */
static int
bind_source(const struct dial *d, int fd)
{
	int one = 1;

	if (d->params.source == NULL)
		return 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	return bind(fd, d->params.source, d->params.source_len);
}

static bool
stands(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

/* What only TCP knows. */
static int
prepare_tcp(struct dial *d, const struct sockaddr *address, struct err *e)
{
	int one = 1;

	if (d->params.source != NULL && d->params.source->sa_family != address->sa_family)
		return fail(d, address, EAFNOSUPPORT, "connect from that source address to", e);
	setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (bind_source(d, d->fd) != 0)
		return fail(d, address, errno, "use the source address towards", e);
	return 0;
}

/* 1: connected, 0: in progress, -1: this address failed. On loopback the handshake is over
 * before connect returns, although it says EINPROGRESS; asking saves a turn of the loop. */
static int
try_connect(struct dial *d, const struct sockaddr *address, socklen_t len, struct err *e)
{
	int code = connect(d->fd, address, len) == 0 ? 0 : errno;

	if (code == 0 || (code == EINPROGRESS && stands(d->fd)))
		return 1;
	if (code == EINPROGRESS) {
		event_assign(&d->event, loop_base(d->loop), d->fd, EV_WRITE, writable, d);
		event_add(&d->event, NULL);
		return 0;
	}
	if (code == EAGAIN && address->sa_family == AF_UNIX) {
		event_assign(&d->event, loop_base(d->loop), -1, 0, queue_again, d);
		event_add(&d->event, &queue_pause);
		return 0;
	}
	return fail(d, address, code, "connect to", e);
}

static int
try_address(struct dial *d, const struct sockaddr *address, socklen_t len, struct err *e)
{
	int result = 0;

	d->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return fail(d, address, errno, "make a socket for", e);
	if (address->sa_family != AF_UNIX)
		result = prepare_tcp(d, address, e);
	if (result == 0)
		result = try_connect(d, address, len, e);
	if (result < 0) {
		close(d->fd);
		d->fd = -1;
	}
	return result;
}

/* Tries addresses until one is at least in progress. */
static int
try_next(struct dial *d, struct err *e)
{
	const struct sockaddr *address;
	socklen_t len;
	int result = -1;

	while (result < 0 && d->next < endpoint_count(d->params.endpoint)) {
		address = endpoint_address(d->params.endpoint, d->next++, &len);
		result = try_address(d, address, len, e);
	}
	if (result == 1)
		d->times.connected = clock_ns();
	return result;
}

static void
finish(struct dial *d, int result, const struct err *e)
{
	struct dial copy = *d;

	free(d);
	copy.done(copy.ctx, result == 1 ? copy.fd : -1, &copy.times, result == 1 ? NULL : e);
}

static void
writable(evutil_socket_t fd, short events, void *ctx)
{
	struct dial *d = ctx;
	struct err e = {0};
	const struct sockaddr *address;
	socklen_t len = sizeof(int);
	int code = 0, result;

	(void)events;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len);
	if (code == 0) {
		d->times.connected = clock_ns();
		finish(d, 1, NULL);
		return;
	}
	address = endpoint_address(d->params.endpoint, d->next - 1, &len);
	fail(d, address, code, "connect to", &e);
	close(d->fd);
	d->fd = -1;
	result = try_next(d, &e);
	if (result != 0)
		finish(d, result, &e);
}

static void
queue_again(evutil_socket_t fd, short events, void *ctx)
{
	struct dial *d = ctx;
	struct err e = {0};
	int result;

	(void)fd;
	(void)events;
	close(d->fd);
	d->fd = -1;
	d->next--;
	result = try_next(d, &e);
	if (result != 0)
		finish(d, result, &e);
}

static void
resolved(void *ctx, const struct err *why)
{
	struct dial *d = ctx;
	struct err e = {0};
	int result;

	if (why != NULL) {
		finish(d, -1, why);
		return;
	}
	d->times.resolved = clock_ns();
	result = try_next(d, &e);
	if (result != 0)
		finish(d, result, &e);
}

int
dial_start(struct dial **dial, struct loop *l, const struct dial_params *params,
    dial_fn *done, void *ctx, int *fd, struct dial_times *times, struct err *e)
{
	struct dial *d = calloc(1, sizeof *d);
	int result;

	*dial = NULL;
	if (d == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
	d->loop = l;
	d->params = *params;
	d->done = done;
	d->ctx = ctx;
	d->fd = -1;
	d->times.start = clock_ns();
	result = endpoint_lookup(params->endpoint, &d->waiter, resolved, d, e);
	if (result == 1) {
		d->times.resolved = d->times.start;
		result = try_next(d, e);
	}
	if (result == 0) {
		*dial = d;
		return 0;
	}
	*times = d->times;
	*fd = d->fd;
	free(d);
	return result;
}

void
dial_cancel(struct dial *d)
{
	if (d == NULL)
		return;
	endpoint_forget(&d->waiter);
	if (d->fd >= 0) {
		event_del(&d->event);
		close(d->fd);
	}
	free(d);
}

const char *
dial_stage(const struct dial *d)
{
	return d->fd < 0 ? "resolving" : "connecting";
}
