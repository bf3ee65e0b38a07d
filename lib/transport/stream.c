#include "lib/transport/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"

struct stream {
	struct loop *loop;
	const struct stream_layer *layer;
	void *layer_state;
	const struct stream_events *events;
	void *ctx;
	struct dial *dial;           /* only while it is under way */
	uint8_t *tail;               /* bytes that `received` did not take yet */
	uint32_t tail_len;
	int fd;                      /* -1 while dialling and when closed */
	short armed;                 /* EV_READ and EV_WRITE as libevent knows them */
	bool gone;                   /* stream_close was called */
	bool broken;                 /* the peer takes no more; `closed` is on its way */
	struct buf out;              /* bytes that wait for the kernel */
	uint64_t bytes_in, bytes_out;
	struct stream_times times;
	struct event event;
	struct loop_deferred deferred;
};

/* --- plain TCP --------------------------------------------------------------------------- */

static enum io_result
plain_read(void *state, int fd, void *into, size_t len, size_t *got)
{
	ssize_t n = recv(fd, into, len, 0);

	(void)state;
	if (n > 0) {
		*got = (size_t)n;
		return IO_OK;
	}
	if (n == 0)
		return IO_END;
	return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_FAIL;
}

static enum io_result
plain_write(void *state, int fd, const void *from, size_t len, size_t *put)
{
	ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

	(void)state;
	if (n >= 0) {
		*put = (size_t)n;
		return IO_OK;
	}
	return errno == EAGAIN || errno == EINTR ? IO_AGAIN : IO_FAIL;
}

static void
plain_free(void *state)
{
	(void)state;
}

const struct stream_layer stream_plain = {plain_read, plain_write, plain_free};

/* --- interest ---------------------------------------------------------------------------- */

static void ready(evutil_socket_t fd, short events, void *ctx);

/* The one place that decides what to wait for. */
static void
update_interest(struct stream *s)
{
	short wanted = 0;

	if (s->fd >= 0)
		wanted = (short)(EV_READ | (s->out.len > 0 && !s->broken ? EV_WRITE : 0));
	if (wanted == s->armed)
		return;
	if (s->armed != 0)
		event_del(&s->event);
	s->armed = wanted;
	if (wanted == 0)
		return;
	event_assign(&s->event, loop_base(s->loop), s->fd, (short)(wanted | EV_PERSIST), ready, s);
	event_add(&s->event, NULL);
}

static void
release(struct loop_deferred *d)
{
	struct stream *s = (struct stream *)((char *)d - offsetof(struct stream, deferred));

	free(s->tail);
	buf_release(&s->out);
	s->layer->free(s->layer_state);
	free(s);
}

static void
shut(struct stream *s)
{
	int fd = s->fd;

	dial_cancel(s->dial);
	s->dial = NULL;
	s->fd = -1;
	update_interest(s);
	if (fd >= 0)
		close(fd);
}

void
stream_close(struct stream *s)
{
	if (s == NULL || s->gone)
		return;
	s->gone = true;
	shut(s);
	loop_defer(s->loop, &s->deferred, release);
}

void
stream_reset(struct stream *s)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (s != NULL && s->fd >= 0)
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	stream_close(s);
}

static void
end(struct stream *s, enum err_class class, int code, const char *text)
{
	struct err why = {0};

	if (class != ERR_NONE)
		err_set(&why, class, code, "%s", text);
	shut(s);
	s->events->closed(s->ctx, &why);
}

/* --- opening ----------------------------------------------------------------------------- */

static void
begin(struct stream *s, int fd, const struct dial_times *times)
{
	s->fd = fd;
	s->times.start = times->start;
	s->times.resolved = times->resolved;
	s->times.connected = times->connected;
	update_interest(s);
}

static void
dialled(void *ctx, int fd, const struct dial_times *times, const struct err *why)
{
	struct stream *s = ctx;

	s->dial = NULL;
	if (fd < 0) {
		s->events->closed(s->ctx, why);
		return;
	}
	begin(s, fd, times);
	s->events->opened(s->ctx);
}

int
stream_open(struct stream **stream, struct loop *l, const struct stream_params *params,
    const struct stream_events *events, void *ctx, struct err *e)
{
	struct stream *s = calloc(1, sizeof *s);
	struct dial_times times;
	int fd = -1, result;

	*stream = NULL;
	if (s == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
	s->loop = l;
	s->layer = &stream_plain;
	s->events = events;
	s->ctx = ctx;
	s->fd = -1;
	buf_init(&s->out, params->max_backlog);
	result = dial_start(&s->dial, l, &params->dial, dialled, s, &fd, &times, e);
	if (result < 0) {
		free(s);
		return -1;
	}
	if (result == 1)
		begin(s, fd, &times);
	*stream = s;
	return result;
}

/* --- bytes ------------------------------------------------------------------------------- */

/* Keeps the bytes that were not taken. They lie in the loop's buffer. */
static int
keep_tail(struct stream *s, const uint8_t *data, size_t len)
{
	uint8_t *kept = NULL;

	if (len > 0) {
		kept = realloc(s->tail, len);
		if (kept == NULL)
			return -1;
		memcpy(kept, data, len);
	} else {
		free(s->tail);
	}
	s->tail = kept;
	s->tail_len = (uint32_t)len;
	return 0;
}

static void
deliver(struct stream *s, const uint8_t *data, size_t len)
{
	size_t used = s->events->received(s->ctx, data, len, clock_ns());

	if (s->gone || (used == len && s->tail == NULL))
		return;
	if (len - used == LOOP_BUFFER)
		end(s, ERR_LIMIT, 0, "the peer sent more than can be held at once");
	else if (keep_tail(s, data + used, len - used) != 0)
		end(s, ERR_MEMORY, 0, "no memory for received bytes");
}

static void
readable(struct stream *s)
{
	uint8_t *buffer = loop_read_buffer(s->loop);
	size_t held = s->tail_len, got = 0;

	if (held > 0)
		memcpy(buffer, s->tail, held);
	switch (s->layer->read(s->layer_state, s->fd, buffer + held, LOOP_BUFFER - held, &got)) {
	case IO_OK:
		s->bytes_in += got;
		deliver(s, buffer, held + got);
		break;
	case IO_AGAIN:
		break;
	case IO_END:
		end(s, ERR_NONE, 0, NULL);
		break;
	case IO_FAIL:
		end(s, ERR_CLOSED, errno, strerror(errno));
		break;
	}
}

/* Offers bytes to the kernel; returns how many it took. A failure shows when reading. */
static size_t
offer(struct stream *s, const void *data, size_t len)
{
	size_t put = 0;

	if (s->broken || len == 0)
		return 0;
	if (s->layer->write(s->layer_state, s->fd, data, len, &put) == IO_FAIL)
		s->broken = true;
	s->bytes_out += put;
	return put;
}

static void
flush(struct stream *s)
{
	buf_drop(&s->out, offer(s, s->out.data, s->out.len));
	if (s->out.len > 0 && !s->broken)
		return;
	buf_release(&s->out);
	update_interest(s);
	if (!s->broken)
		s->events->drained(s->ctx);
}

static void
ready(evutil_socket_t fd, short events, void *ctx)
{
	struct stream *s = ctx;

	(void)fd;
	if (events & EV_WRITE)
		flush(s);
	if (!s->gone && s->fd >= 0 && events & EV_READ)
		readable(s);
}

int
stream_write(struct stream *s, const void *data, size_t len)
{
	size_t put = 0;

	if (s->fd < 0 || s->broken)
		return 1;
	if (len > s->out.max - s->out.len)
		return -1;
	if (s->out.len == 0)
		put = offer(s, data, len);
	if (put == len || s->broken)
		return 1;
	if (buf_add(&s->out, (const uint8_t *)data + put, len - put) != 0)
		s->broken = true;        /* no memory: part of it is out, so the stream is lost */
	update_interest(s);
	return 0;
}

size_t
stream_backlog(const struct stream *s)
{
	return s->out.len;
}

uint64_t
stream_bytes_in(const struct stream *s)
{
	return s->bytes_in;
}

uint64_t
stream_bytes_out(const struct stream *s)
{
	return s->bytes_out;
}

const struct stream_times *
stream_times(const struct stream *s)
{
	return &s->times;
}

const char *
stream_stage(const struct stream *s)
{
	return s->dial != NULL ? dial_stage(s->dial) : "connected";
}
