#include "cli/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"

enum { FLUSH_AT = 64 * 1024 };       /* bytes that go out before the turn is over */

struct output {
	struct loop *loop;
	int fd;
	const struct output_events *events;
	void *ctx;
	struct buf waiting;
	bool is_file;                /* always writable, and maybe unknown to epoll */
	bool armed, full, broken, deferred_once, gone;
	struct event event;
	struct loop_deferred deferred;
};

static bool
is_writable(const struct output *o)
{
	struct pollfd p = {.fd = o->fd, .events = POLLOUT};

	return o->is_file || (poll(&p, 1, 0) == 1 && p.revents != 0);
}

static void
break_off(struct output *o, int code)
{
	o->broken = true;
	buf_release(&o->waiting);
	if (o->events->broken != NULL)
		o->events->broken(o->ctx, code);
}

/* Writes as much as does not block. */
static void
write_some(struct output *o)
{
	size_t put = 0, piece;
	ssize_t n = 0;

	while (put < o->waiting.len && is_writable(o)) {
		piece = o->waiting.len - put;
		if (!o->is_file && piece > PIPE_BUF)
			piece = PIPE_BUF;
		n = write(o->fd, o->waiting.data + put, piece);
		if (n < 0 && errno != EINTR && errno != EAGAIN) {
			break_off(o, errno);
			return;
		}
		if (n < 0)
			break;
		put += (size_t)n;
	}
	buf_drop(&o->waiting, put);
	if (o->waiting.len == 0)
		buf_release(&o->waiting);
}

static void
arm(struct output *o)
{
	bool wanted = o->waiting.len > 0 && !o->is_file && !o->broken;

	if (wanted == o->armed)
		return;
	o->armed = wanted;
	if (wanted)
		event_add(&o->event, NULL);
	else
		event_del(&o->event);
}

void
output_flush(struct output *o)
{
	write_some(o);
	arm(o);
	if (!o->full || o->waiting.len > OUTPUT_FULL / 2)
		return;
	o->full = false;
	if (o->events->drained != NULL)
		o->events->drained(o->ctx);
}

static void
writable(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	output_flush(ctx);
}

static void
end_of_turn(struct loop_deferred *d)
{
	struct output *o = (struct output *)((char *)d - offsetof(struct output, deferred));

	o->deferred_once = false;
	if (o->gone)
		free(o);
	else
		output_flush(o);
}

struct output *
output_new(struct loop *l, int fd, const struct output_events *events, void *ctx, struct err *e)
{
	struct output *o = calloc(1, sizeof *o);
	struct stat st;

	if (o == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for output");
		return NULL;
	}
	o->loop = l;
	o->fd = fd;
	o->events = events;
	o->ctx = ctx;
	o->is_file = fstat(fd, &st) != 0 ||
	    !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
	buf_init(&o->waiting, SIZE_MAX / 4);
	event_assign(&o->event, loop_base(l), fd, EV_WRITE | EV_PERSIST, writable, o);
	return o;
}

void
output_finish(struct output *o, int wait_ms)
{
	uint64_t deadline = UINT64_MAX, now = 0;
	struct pollfd p;

	if (o == NULL)
		return;
	if (wait_ms >= 0)
		deadline = clock_ns() + (uint64_t)wait_ms * NS_PER_MS;
	write_some(o);
	p = (struct pollfd){.fd = o->fd, .events = POLLOUT};
	while (o->waiting.len > 0 && !o->broken && now < deadline) {
		poll(&p, 1, wait_ms);
		write_some(o);
		now = clock_ns();
	}
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	if (o->armed)
		event_del(&o->event);
	buf_release(&o->waiting);
	o->gone = true;
	if (!o->deferred_once)
		free(o);
}

void
output_add(struct output *o, const void *data, size_t len)
{
	if (o->broken)
		return;
	if (buf_add(&o->waiting, data, len) != 0) {
		break_off(o, ENOMEM);
		return;
	}
	if (o->waiting.len >= FLUSH_AT && !o->armed)
		output_flush(o);
	if (o->waiting.len > 0 && !o->armed && !o->deferred_once && !o->broken) {
		o->deferred_once = true;
		loop_defer(o->loop, &o->deferred, end_of_turn);
	}
	if (o->waiting.len < OUTPUT_FULL || o->full || o->broken)
		return;
	o->full = true;
	if (o->events->full != NULL)
		o->events->full(o->ctx);
}

bool
output_is_empty(const struct output *o)
{
	return o->waiting.len == 0;
}
