#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum {
	WAITING_MAX = 16 << 20,      /* bytes that wait; the caller adds only while idle */
	SMALL_PIECE = 256,           /* what a terminal that polls writable takes at once */
	DRAIN_MS = 1000,
};

static bool
polls_writable(const struct screen *s, int wait_ms)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};

	return poll(&p, 1, wait_ms) > 0;
}

/* One write; false when nothing more goes now. */
static bool
write_some(struct screen *s)
{
	size_t len = s->out.len;
	ssize_t n;

	if (s->blocks) {
		if (!polls_writable(s, 0))
			return false;
		len = len < SMALL_PIECE ? len : SMALL_PIECE;
	}
	n = write(s->fd, s->out.data, len);
	if (n > 0)
		buf_drop(&s->out, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		s->gone = true;
	if (s->gone || s->out.len == 0)
		buf_release(&s->out);
	return n > 0 || (n < 0 && errno == EINTR);
}

void
screen_flush(struct screen *s)
{
	while (s->out.len > 0 && !s->held && !s->gone && write_some(s))
		continue;
	if (s->gone)
		buf_release(&s->out);
	else if (s->out.len > 0 && !s->held)
		event_add(&s->writable, NULL);
}

static void
writable(evutil_socket_t fd, short events, void *ctx)
{
	struct screen *s = ctx;

	(void)fd;
	(void)events;
	screen_flush(s);
	if (screen_is_idle(s))
		s->ready(s->ctx);
}

void
screen_init(struct screen *s, struct loop *l, int fd, bool blocks, void (*ready)(void *ctx),
    void *ctx)
{
	*s = (struct screen){.fd = fd, .blocks = blocks, .ready = ready, .ctx = ctx};
	buf_init(&s->out, WAITING_MAX);
	event_assign(&s->writable, loop_base(l), fd, EV_WRITE, writable, s);
}

void
screen_release(struct screen *s)
{
	event_del(&s->writable);
	buf_release(&s->out);
}

bool
screen_is_idle(const struct screen *s)
{
	return s->out.len == 0 && !s->held && !s->gone;
}

struct buf *
screen_out(struct screen *s)
{
	return &s->out;
}

void
screen_hold(struct screen *s, bool hold)
{
	if (s->held == hold)
		return;
	s->held = hold;
	if (hold)
		event_del(&s->writable);
	else
		event_active(&s->writable, EV_WRITE, 1);
}

void
screen_drain(struct screen *s)
{
	uint64_t end = clock_ns() + DRAIN_MS * NS_PER_MS, now;

	s->held = false;
	while (s->out.len > 0 && !s->gone && (now = clock_ns()) < end)
		if (!write_some(s) && !polls_writable(s, (int)((end - now) / NS_PER_MS) + 1))
			return;
}

void
screen_size(const struct screen *s, unsigned *columns, unsigned *rows)
{
	struct winsize size = {0};

	if (ioctl(s->fd, TIOCGWINSZ, &size) != 0)
		size.ws_col = 0;
	*columns = size.ws_col > 0 ? size.ws_col : 80;
	*rows = size.ws_row > 0 ? size.ws_row : 24;
}
