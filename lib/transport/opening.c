/*      dial ──┬── proxy: told, answers ──┬── TLS: handshake ──┬──► done
 *             └──────────────────────────┴────────────────────┘
 *
 * Of what comes after the proxy's answer nothing is taken from the kernel: its bytes are looked
 * at first and taken when it is known whose they are. */
#include "lib/transport/opening.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/loop/loop.h"
#include "lib/transport/proxy.h"
#include "lib/transport/tls.h"

enum {
	PEEK = 4096,                     /* bytes of a proxy's answer to look at a time */
	TOLD_MAX = 64 * 1024,            /* bytes that a proxy may be told */
};

enum step {
	STEP_DIAL,
	STEP_PROXY,
	STEP_TLS,
};

struct opening {
	struct loop *loop;
	const struct proxy *proxy;
	struct tls_target *tls;
	opening_fn *done;
	void *ctx;
	struct opened what;
	struct dial *dial;               /* only while it is under way */
	struct proxy_talk talk;
	struct buf answer, told;         /* from the proxy, not understood yet; to it, not sent */
	enum step step;
	bool want_write;                 /* what the TLS handshake waits for */
	short armed;
	struct event event;
};

static void ready(evutil_socket_t fd, short events, void *ctx);

static short
interest(const struct opening *o)
{
	switch (o->step) {
	case STEP_DIAL:
		return 0;
	case STEP_PROXY:
		return (short)(EV_READ | (o->told.len > 0 ? EV_WRITE : 0));
	case STEP_TLS:
		return o->want_write ? EV_WRITE : EV_READ;
	}
	return 0;
}

static void
update_interest(struct opening *o)
{
	short wanted = interest(o);

	if (wanted == o->armed)
		return;
	if (o->armed != 0)
		event_del(&o->event);
	o->armed = wanted;
	event_assign(&o->event, loop_base(o->loop), o->what.fd, (short)(wanted | EV_PERSIST),
	    ready, o);
	event_add(&o->event, NULL);
}

/* Everything but the descriptor and the layer's state. */
static void
release(struct opening *o)
{
	if (o->armed != 0)
		event_del(&o->event);
	dial_cancel(o->dial);
	buf_release(&o->answer);
	buf_release(&o->told);
	free(o);
}

void
opening_cancel(struct opening *o)
{
	struct opened what;

	if (o == NULL)
		return;
	what = o->what;
	release(o);
	what.layer->free(what.state);
	if (what.fd >= 0)
		close(what.fd);
}

static void
finish(struct opening *o, int result, const struct err *e)
{
	opening_fn *done = o->done;
	void *ctx = o->ctx;
	struct opened what = o->what;

	if (result < 0) {
		opening_cancel(o);
		done(ctx, NULL, e);
		return;
	}
	release(o);
	done(ctx, &what, NULL);
}

/* --- the steps: each returns 1 when it is over, 0 when it waits, -1 with *e ----------------- */

static int
tell(struct opening *o, struct err *e)
{
	size_t put = 0;

	if (o->told.len == 0)
		return 1;
	if (stream_plain.write(NULL, o->what.fd, o->told.data, o->told.len, &put) == IO_FAIL)
		return err_set(e, ERR_CONNECT, errno, "lost the connection to the proxy %.100s: %s",
		    o->proxy->name, strerror(errno));
	buf_drop(&o->told, put);
	return o->told.len == 0;
}

/* How many new bytes stand behind o->answer.data + len; they stay in the kernel. */
static ssize_t
peek(struct opening *o, struct err *e)
{
	uint8_t *room = buf_reserve(&o->answer, PEEK);
	ssize_t n;

	if (room == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a proxy's answer");
	n = recv(o->what.fd, room, PEEK, MSG_PEEK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return err_set(e, ERR_CONNECT, errno, "lost the connection to the proxy %.100s: %s",
		    o->proxy->name, strerror(errno));
	if (n == 0)
		return err_set(e, ERR_CONNECT, 0,
		    "the proxy %.100s ended the connection without a whole answer",
		    o->proxy->name);
	return n;
}

/* Takes from the kernel what was looked at, but for the last `left` bytes. */
static void
take(struct opening *o, size_t peeked, size_t left)
{
	ssize_t n = recv(o->what.fd, loop_read_buffer(o->loop), peeked - left, 0);

	(void)n;         /* as many: they were there */
}

static int
listen_to_proxy(struct opening *o, struct err *e)
{
	bool done = false;
	ssize_t n, used;

	while (!done) {
		n = peek(o, e);
		if (n <= 0)
			return (int)n;
		o->answer.len += (size_t)n;
		used = proxy_feed(&o->talk, o->answer.data, o->answer.len, &o->told, &done, e);
		if (used < 0 || tell(o, e) < 0)
			return -1;
		buf_drop(&o->answer, (size_t)used);
		take(o, (size_t)n, done ? o->answer.len : 0);
	}
	return 1;
}

static int
talk(struct opening *o, struct err *e)
{
	int result = tell(o, e);

	if (result < 0)
		return -1;
	result = listen_to_proxy(o, e);
	if (result == 1)
		o->what.times.proxied = clock_ns();
	return result;
}

static int
shake_hands(struct opening *o, struct err *e)
{
	switch (tls_handshake(o->what.state, &o->want_write, e)) {
	case IO_OK:
		o->what.times.secured = clock_ns();
		return 1;
	case IO_AGAIN:
	case IO_OTHER:
		return 0;
	case IO_END:
	case IO_FAIL:
		break;
	}
	return -1;
}

/* --- from step to step --------------------------------------------------------------------- */

static int
begin_proxy(struct opening *o, struct err *e)
{
	o->step = STEP_PROXY;
	return proxy_begin(&o->talk, o->proxy, &o->told, e) == 0 ? 0 : -1;
}

/* The handshake begins when the descriptor says that there is room: soon, but in a callback. */
static int
begin_tls(struct opening *o, struct err *e)
{
	o->what.state = tls_start(o->tls, o->what.fd, e);
	if (o->what.state == NULL)
		return -1;
	o->what.layer = &stream_tls;
	o->step = STEP_TLS;
	o->want_write = true;
	return 0;
}

static int
connected(struct opening *o, int fd, const struct dial_times *times, struct err *e)
{
	int result = 1;

	o->what.fd = fd;
	o->what.times.start = times->start;
	o->what.times.resolved = times->resolved;
	o->what.times.connected = times->connected;
	if (o->proxy != NULL)
		result = begin_proxy(o, e);
	else if (o->tls != NULL)
		result = begin_tls(o, e);
	if (result == 0)
		update_interest(o);
	return result;
}

static int
go_on(struct opening *o, struct err *e)
{
	int result;

	if (o->step == STEP_TLS)
		return shake_hands(o, e);
	result = talk(o, e);
	return result == 1 && o->tls != NULL ? begin_tls(o, e) : result;
}

static void
ready(evutil_socket_t fd, short events, void *ctx)
{
	struct opening *o = ctx;
	struct err e = {0};
	int result = go_on(o, &e);

	(void)fd;
	(void)events;
	if (result == 0)
		update_interest(o);
	else
		finish(o, result, &e);
}

/* It was not the peer that the dial failed to reach. */
static void
blame_proxy(const struct opening *o, struct err *e)
{
	struct err copy;

	if (o->proxy == NULL || e == NULL ||
	    (e->class != ERR_CONNECT && e->class != ERR_RESOLVE))
		return;
	copy = *e;
	err_set(e, copy.class, copy.code, "no way to the proxy: %.220s", copy.text);
}

static void
dialled(void *ctx, int fd, const struct dial_times *times, const struct err *why)
{
	struct opening *o = ctx;
	struct err e = {0};
	int result = -1;

	o->dial = NULL;
	if (fd >= 0) {
		result = connected(o, fd, times, &e);
	} else {
		e = *why;
		blame_proxy(o, &e);
	}
	if (result != 0)
		finish(o, result, &e);
}

int
opening_start(struct opening **into, struct loop *l, const struct stream_params *params,
    opening_fn *done, void *ctx, struct opened *what, struct err *e)
{
	struct opening *o = calloc(1, sizeof *o);
	struct dial_times times;
	int fd = -1, result;

	if (o == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
	o->loop = l;
	o->proxy = params->proxy;
	o->tls = params->tls;
	o->done = done;
	o->ctx = ctx;
	o->what.fd = -1;
	o->what.layer = &stream_plain;
	buf_init(&o->answer, HTTP_HEAD_MAX + PEEK);
	buf_init(&o->told, TOLD_MAX);
	result = dial_start(&o->dial, l, &params->dial, dialled, o, &fd, &times, e);
	if (result < 0)
		blame_proxy(o, e);
	if (result == 1)
		result = connected(o, fd, &times, e);
	if (result == 0) {
		*into = o;
		return 0;
	}
	if (result < 0) {
		opening_cancel(o);
		return -1;
	}
	*what = o->what;
	release(o);
	return 1;
}

const char *
opening_stage(const struct opening *o)
{
	switch (o->step) {
	case STEP_DIAL:
		return dial_stage(o->dial);
	case STEP_PROXY:
		return "waiting for the proxy";
	case STEP_TLS:
		return "in the TLS handshake";
	}
	return "connecting";
}
