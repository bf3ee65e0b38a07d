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
#include "lib/transport/opening.h"
#include "lib/transport/tls.h"

struct stream {
	struct loop *loop;
	const struct stream_layer *layer;
	void *layer_state;
	const struct stream_events *events;
	void *ctx;
	struct opening *opening;     /* only while it is under way */
	uint8_t *tail;               /* bytes that `received` did not take yet */
	uint32_t tail_len;
	int fd;                      /* -1 while opening and when closed */
	short armed;                 /* EV_READ and EV_WRITE as libevent knows them */
	bool gone;                   /* stream_close was called */
	bool broken;                 /* the peer takes no more; `closed` is on its way */
	bool paused;                 /* nothing is read for now */
	bool left;                   /* the tail waits for the end of a pause, not for more bytes */
	bool read_crossed;           /* reading goes on when there is room to send */
	bool write_crossed;          /* sending goes on when bytes have come */
	struct buf out;              /* bytes that wait for the kernel, … */
	size_t out_at;               /* … from here on */
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
plain_why(const void *state, struct err *e)
{
	(void)state;
	err_set(e, ERR_CLOSED, errno, "%s", strerror(errno));
}

static void
plain_free(void *state)
{
	(void)state;
}

const struct stream_layer stream_plain = {
	.read = plain_read,
	.write = plain_write,
	.why = plain_why,
	.free = plain_free,
};

/* --- interest ---------------------------------------------------------------------------- */

static void ready(evutil_socket_t fd, short events, void *ctx);

/* The one place that decides what to wait for. */
static short
interest(const struct stream *s)
{
	bool sends = stream_backlog(s) > 0 && !s->broken;

	if (s->fd < 0)
		return 0;
	return (short)(((!s->read_crossed && !s->paused) || s->write_crossed ? EV_READ : 0) |
	    ((sends && !s->write_crossed) || s->read_crossed ? EV_WRITE : 0));
}

static bool
is_pending(const struct stream *s)
{
	return s->fd >= 0 && !s->paused && s->layer->pending != NULL &&
	    s->layer->pending(s->layer_state);
}

/* Whether there is something to do that no event of the descriptor will tell. */
static bool
goes_on(const struct stream *s)
{
	return is_pending(s) || (s->fd >= 0 && !s->paused && s->left);
}

static void
update_interest(struct stream *s)
{
	short wanted = interest(s);

	if (wanted == s->armed)
		return;
	if (s->armed != 0)
		event_del(&s->event);
	s->armed = wanted;
	if (wanted == 0)
		return;
	event_assign(&s->event, loop_base(s->loop), s->fd, (short)(wanted | EV_PERSIST), ready, s);
	event_add(&s->event, NULL);
	if (goes_on(s))          /* so it does not get lost that somebody was to come back */
		event_active(&s->event, EV_READ, 0);
}

static void
release(struct loop_deferred *d)
{
	struct stream *s = (struct stream *)((char *)d - offsetof(struct stream, deferred));

	free(s->tail);
	buf_release(&s->out);
	free(s);
}

static void
shut(struct stream *s)
{
	int fd = s->fd;

	opening_cancel(s->opening);
	s->opening = NULL;
	if (fd >= 0 && s->layer->part != NULL && !s->broken && s->out.len == 0)
		s->layer->part(s->layer_state);
	s->layer->free(s->layer_state);
	s->layer = &stream_plain;
	s->layer_state = NULL;
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

	if (s != NULL && s->fd >= 0) {
		setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		s->broken = true;        /* so nobody says goodbye */
	}
	stream_close(s);
}

static void
end(struct stream *s, const struct err *why)
{
	shut(s);
	s->events->closed(s->ctx, why);
}

static void
end_in_order(struct stream *s)
{
	end(s, &(struct err){.class = ERR_NONE});
}

static void
fail(struct stream *s, enum err_class class, const char *text)
{
	struct err why = {0};

	err_set(&why, class, 0, "%s", text);
	end(s, &why);
}

static void
fail_reading(struct stream *s)
{
	struct err why = {0};

	s->layer->why(s->layer_state, &why);
	end(s, &why);
}

/* --- opening ----------------------------------------------------------------------------- */

static void read_pending(struct stream *s);

static void
begin(struct stream *s, const struct opened *what)
{
	s->fd = what->fd;
	s->layer = what->layer;
	s->layer_state = what->state;
	s->times = what->times;
	update_interest(s);
}

static void
opened(void *ctx, const struct opened *what, const struct err *why)
{
	struct stream *s = ctx;

	s->opening = NULL;
	if (what == NULL) {
		s->events->closed(s->ctx, why);
		return;
	}
	begin(s, what);
	s->events->opened(s->ctx);
	read_pending(s);
}

int
stream_open(struct stream **stream, struct loop *l, const struct stream_params *params,
    const struct stream_events *events, void *ctx, struct err *e)
{
	struct stream *s = calloc(1, sizeof *s);
	struct opened what;
	int result;

	*stream = NULL;
	if (s == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
	s->loop = l;
	s->layer = &stream_plain;
	s->events = events;
	s->ctx = ctx;
	s->fd = -1;
	buf_init(&s->out, params->max_backlog);
	result = opening_start(&s->opening, l, params, opened, s, &what, e);
	if (result < 0) {
		free(s);
		return -1;
	}
	if (result == 1)
		begin(s, &what);
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

	s->left = s->paused && used < len;
	if (s->gone || (used == len && s->tail == NULL))
		return;
	if (len - used == LOOP_BUFFER)
		fail(s, ERR_LIMIT, "the peer sent more than can be held at once");
	else if (keep_tail(s, data + used, len - used) != 0)
		fail(s, ERR_MEMORY, "no memory for received bytes");
}

/* What stood behind the bytes after which the stream was paused. */
static void
deliver_left(struct stream *s)
{
	if (!s->left)
		return;
	memcpy(loop_read_buffer(s->loop), s->tail, s->tail_len);
	deliver(s, loop_read_buffer(s->loop), s->tail_len);
}

static void
read_once(struct stream *s)
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
	case IO_OTHER:
		s->read_crossed = true;
		break;
	case IO_END:
		end_in_order(s);
		break;
	case IO_FAIL:
		fail_reading(s);
		break;
	}
}

/* What the layer holds ready is bounded, so this comes to an end. */
static void
read_pending(struct stream *s)
{
	while (is_pending(s))
		read_once(s);
}

static void
read_all(struct stream *s)
{
	deliver_left(s);
	if (s->fd >= 0 && !s->paused)
		read_once(s);
	read_pending(s);
}

/* Offers bytes to the kernel; returns how many it took. A failure shows when reading. */
static size_t
offer(struct stream *s, const void *data, size_t len)
{
	size_t put = 0;

	if (s->broken || len == 0)
		return 0;
	switch (s->layer->write(s->layer_state, s->fd, data, len, &put)) {
	case IO_OK:
	case IO_AGAIN:
		break;
	case IO_OTHER:
		s->write_crossed = true;
		break;
	case IO_END:
	case IO_FAIL:
		s->broken = true;
		break;
	}
	s->bytes_out += put;
	return put;
}

static void
flush(struct stream *s)
{
	s->out_at += offer(s, s->out.data + s->out_at, stream_backlog(s));
	if (stream_backlog(s) > 0 && !s->broken)
		return;
	buf_release(&s->out);
	s->out_at = 0;
	update_interest(s);
	if (!s->broken)
		s->events->drained(s->ctx);
}

/* When one direction waited for the other, both are tried. */
static void
ready(evutil_socket_t fd, short events, void *ctx)
{
	struct stream *s = ctx;
	bool crossed = s->read_crossed || s->write_crossed;

	(void)fd;
	s->read_crossed = s->write_crossed = false;
	if ((events & EV_WRITE || crossed) && s->out.len > 0)
		flush(s);
	if ((events & EV_READ || crossed) && s->fd >= 0 && !s->paused)
		read_all(s);
	if (crossed || s->read_crossed || s->write_crossed)
		update_interest(s);
}

int
stream_write(struct stream *s, const void *data, size_t len)
{
	size_t put = 0;

	if (s->fd < 0 || s->broken)
		return 1;
	if (len > s->out.max - stream_backlog(s))
		return -1;
	if (s->out.len == 0)
		put = offer(s, data, len);
	if (put == len || s->broken)
		return 1;
	if (s->out_at > s->out.len / 2 || len - put > s->out.max - s->out.len) {
		buf_drop(&s->out, s->out_at);
		s->out_at = 0;
	}
	if (buf_add(&s->out, (const uint8_t *)data + put, len - put) != 0)
		s->broken = true;        /* no memory: part of it is out, so the stream is lost */
	update_interest(s);
	return 0;
}

void
stream_pause(struct stream *s, bool pause)
{
	s->paused = pause;
	if (s->fd < 0)
		return;
	update_interest(s);
	if (goes_on(s))
		event_active(&s->event, EV_READ, 0);
}

size_t
stream_backlog(const struct stream *s)
{
	return s->out.len - s->out_at;
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
	return s->opening != NULL ? opening_stage(s->opening) : "connected";
}

int
stream_tls_info(const struct stream *s, struct tls_info *info)
{
	if (s->layer != &stream_tls)
		return -1;
	tls_describe(s->layer_state, info);
	return 0;
}
