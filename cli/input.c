#include "cli/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"

enum { PIECE = 64 * 1024 };

struct input {
	struct loop *loop;
	int fd;
	char separator;
	const struct input_events *events;
	void *ctx;
	struct buf held;             /* read, not yet taken */
	size_t taken;                /* bytes at its front that were taken already */
	size_t searched;             /* bytes of it without a separator, those included */
	uint64_t number;             /* of the last line that was taken */
	bool running, finished, over, is_file;
	struct event event;          /* a pipe, a socket, a terminal */
	struct loop_timer turn;      /* what epoll may not know, or what is held */
};

static void
arm(struct input *in)
{
	if (in->running && !in->over && !in->is_file && !in->finished)
		event_add(&in->event, NULL);
	else
		event_del(&in->event);
}

static void
finish(struct input *in, const struct err *why)
{
	in->over = true;
	in->running = false;
	arm(in);
	loop_timer_clear(&in->turn);
	in->events->ended(in->ctx, why);
}

/* Shows `len` bytes at the front as a line, `skip` more are its end. False: not taken. */
static bool
show_line(struct input *in, size_t len, size_t skip)
{
	const char *text = (const char *)in->held.data + in->taken;
	size_t shown = len;

	if (in->separator == '\n' && skip > 0 && len > 0 && text[len - 1] == '\r')
		shown--;
	if (!in->events->line(in->ctx, text, shown, in->number + 1)) {
		input_pause(in);
		return false;
	}
	in->number++;
	in->taken += len + skip;
	return true;
}

static void
show_whole_lines(struct input *in)
{
	const uint8_t *front, *end;
	size_t from;

	while (in->running) {
		from = in->taken > in->searched ? in->taken : in->searched;
		front = in->held.data + in->taken;
		end = from < in->held.len ? memchr(in->held.data + from, in->separator,
		    in->held.len - from) : NULL;
		if (end == NULL) {
			in->searched = in->held.len;
			break;
		}
		if (!show_line(in, (size_t)(end - front), 1))
			break;
	}
	buf_drop(&in->held, in->taken);
	in->searched = in->searched > in->taken ? in->searched - in->taken : 0;
	in->taken = 0;
}

static void
show_lines(struct input *in)
{
	show_whole_lines(in);
	if (!in->running || !in->finished)
		return;
	if (in->held.len > 0 && !show_line(in, in->held.len, 0))
		return;
	buf_drop(&in->held, in->taken);
	in->taken = 0;
	if (in->running)
		finish(in, NULL);
}

static void
read_some(struct input *in)
{
	uint8_t *into = buf_reserve(&in->held, PIECE);
	struct err why = {0};
	ssize_t n;

	if (into == NULL) {
		err_set(&why, ERR_USAGE, 0, "line %llu of the input is longer than %d MiB",
		    (unsigned long long)in->number + 1, INPUT_LINE_MAX >> 20);
		finish(in, &why);
		return;
	}
	n = read(in->fd, into, PIECE);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* EIO: a terminal that is gone */
	if (n < 0 && errno != EIO) {
		err_set(&why, ERR_IO, errno, "cannot read the input: %s", strerror(errno));
		finish(in, &why);
		return;
	}
	if (n > 0)
		in->held.len += (size_t)n;
	else
		in->finished = true;
	show_lines(in);
	if (in->running && in->is_file && !in->finished)
		loop_timer_set(&in->turn, 0);
	arm(in);
}

static void
readable(evutil_socket_t fd, short events, void *ctx)
{
	struct input *in = ctx;

	(void)fd;
	(void)events;
	if (in->running)
		read_some(in);
}

static void
turned(evutil_socket_t fd, short events, void *ctx)
{
	struct input *in = ctx;

	(void)fd;
	(void)events;
	if (in->running)
		show_lines(in);
	if (in->running && in->is_file && !in->finished)
		read_some(in);
}

struct input *
input_new(struct loop *l, int fd, char separator, const struct input_events *events, void *ctx,
    struct err *e)
{
	struct input *in = calloc(1, sizeof *in);
	struct stat st;

	if (in == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for input");
		return NULL;
	}
	in->loop = l;
	in->fd = fd;
	in->separator = separator;
	in->events = events;
	in->ctx = ctx;
	in->is_file = fstat(fd, &st) != 0 ||
	    !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
	buf_init(&in->held, INPUT_LINE_MAX + PIECE);
	event_assign(&in->event, loop_base(l), fd, EV_READ | EV_PERSIST, readable, in);
	loop_timer_init(&in->turn, l, turned, in);
	return in;
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	event_del(&in->event);
	loop_timer_clear(&in->turn);
	buf_release(&in->held);
	free(in);
}

void
input_pause(struct input *in)
{
	in->running = false;
	arm(in);
	loop_timer_clear(&in->turn);
}

void
input_resume(struct input *in)
{
	if (in->running || in->over)
		return;
	in->running = true;
	loop_timer_set(&in->turn, 0);
	arm(in);
}

bool
input_left(const struct input *in)
{
	struct stat st;
	off_t at;
	int bytes = 0;

	if (in->held.len > 0)
		return true;
	if (in->over || in->finished)
		return false;
	if (!in->is_file)
		return ioctl(in->fd, FIONREAD, &bytes) == 0 && bytes > 0;
	at = lseek(in->fd, 0, SEEK_CUR);
	return at >= 0 && fstat(in->fd, &st) == 0 && at < st.st_size;
}
