/* dial.h: from an endpoint to a connected socket (TCP, or a unix socket), without blocking:
 * resolve, then every address in turn until one answers. */
#ifndef HAIL_TRANSPORT_DIAL_H
#define HAIL_TRANSPORT_DIAL_H

#include <stdint.h>
#include <sys/socket.h>

struct dial;
struct endpoint;
struct err;
struct loop;

struct dial_params {
	struct endpoint *endpoint;       /* lent until the dial is over */
	const struct sockaddr *source;   /* local address, port 0; NULL: the kernel's choice; a
	                                  * unix socket does without */
	socklen_t source_len;
};

/* When things happened, clock_ns; 0 when they did not. */
struct dial_times {
	uint64_t start, resolved, connected;
};

/* Called once, later: a non-blocking, close-on-exec socket (TCP_NODELAY) that now belongs to
 * the callee, or fd -1 and an error of class ERR_RESOLVE, ERR_CONNECT or ERR_IO that names the
 * last address tried. */
typedef void dial_fn(void *ctx, int fd, const struct dial_times *times, const struct err *e);

/* Starts. Returns 1 when the connection stood at once (usual on loopback): *fd and *times are
 * set, nothing is called and *dial is NULL. 0: *dial is under way and `done` will be called,
 * after which *dial is gone. -1: failed at once with *e. */
int dial_start(struct dial **dial, struct loop *l, const struct dial_params *params,
    dial_fn *done, void *ctx, int *fd, struct dial_times *times, struct err *e);

/* Gives up; `done` is not called. NULL is fine. */
void dial_cancel(struct dial *d);

/* What it is doing, for the text of a timeout: "resolving", "connecting". */
const char *dial_stage(const struct dial *d);

#endif
