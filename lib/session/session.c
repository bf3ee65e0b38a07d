#include "lib/session/session.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/loop/loop.h"

/* One timer serves every wait, since a session waits for one thing at a time. */
enum session_state {
	SESSION_OPENING,     /* timer: open_timeout */
	SESSION_IDLE,        /* open; timer: the next ping */
	SESSION_PINGED,      /* open; timer: ping_timeout */
	SESSION_CLOSING,     /* timer: close_timeout */
	SESSION_OVER,
};

struct session {
	struct loop *loop;
	const struct session_params *params;
	const struct session_events *events;
	void *ctx;
	struct channel *channel;
	enum session_state state;
	uint64_t pinged_at;          /* clock_ns; also the payload of the ping */
	uint64_t bytes_at_ping;
	struct loop_timer timer;
	struct loop_deferred deferred;
};

static void
release(struct loop_deferred *d)
{
	free((char *)d - offsetof(struct session, deferred));
}

void
session_free(struct session *s, bool reset)
{
	if (s == NULL)
		return;
	s->state = SESSION_OVER;
	loop_timer_clear(&s->timer);
	channel_free(s->channel, reset);
	s->channel = NULL;
	loop_defer(s->loop, &s->deferred, release);
}

static void
enter(struct session *s, enum session_state state, uint64_t wait_ns)
{
	s->state = state;
	if (wait_ns > 0)
		loop_timer_set(&s->timer, wait_ns);
	else
		loop_timer_clear(&s->timer);
}

static void
closed(void *ctx, const struct channel_end *end)
{
	struct session *s = ctx;

	enter(s, SESSION_OVER, 0);
	s->events->closed(s->ctx, end);
}

static void
give_up(struct session *s, const char *what, uint64_t limit_ns)
{
	struct channel_end end = {.code = 1006};

	err_set(&end.why, ERR_TIMEOUT, 0, "%s within %.3g s", what,
	    (double)limit_ns / (double)NS_PER_S);
	closed(s, &end);
}

static void
ping(struct session *s)
{
	s->pinged_at = clock_ns();
	s->bytes_at_ping = channel_bytes_in(s->channel);
	channel_ping(s->channel, &s->pinged_at, sizeof s->pinged_at);
	enter(s, SESSION_PINGED, s->params->ping_timeout);
}

static void
give_up_opening(struct session *s)
{
	const char *stage = channel_stage(s->channel);
	struct channel_end end = {.code = 1006};
	double seconds = (double)s->params->open_timeout / (double)NS_PER_S;

	err_set(&end.why, strcmp(stage, "resolving") == 0 ? ERR_RESOLVE : ERR_TIMEOUT, 0,
	    "not open within %.3g s (still %s)", seconds, stage);
	closed(s, &end);
}

static void
timer_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct session *s = ctx;

	(void)fd;
	(void)events;
	switch (s->state) {
	case SESSION_OPENING:
		give_up_opening(s);
		break;
	case SESSION_IDLE:
		ping(s);
		break;
	case SESSION_PINGED:
		if (channel_bytes_in(s->channel) == s->bytes_at_ping)
			give_up(s, "no answer to a ping", s->params->ping_timeout);
		else
			enter(s, SESSION_IDLE, s->params->ping_interval);
		break;
	case SESSION_CLOSING:
		give_up(s, "the server did not finish the closing handshake",
		    s->params->close_timeout);
		break;
	case SESSION_OVER:
		break;
	}
}

static void
opened(void *ctx, const struct channel_opened *o)
{
	struct session *s = ctx;
	double wait = (double)s->params->ping_interval * rng_double(s->params->ws.rng);

	if (s->state != SESSION_OPENING)
		return;
	enter(s, SESSION_IDLE, s->params->ping_interval > 0 ? (uint64_t)wait + 1 : 0);
	s->events->opened(s->ctx, o);
}

static void
message(void *ctx, const struct message *m)
{
	struct session *s = ctx;

	s->events->message(s->ctx, m);
}

static void
pong(void *ctx, const uint8_t *data, size_t len, uint64_t at)
{
	struct session *s = ctx;

	if (s->state != SESSION_PINGED || len != sizeof s->pinged_at ||
	    memcmp(data, &s->pinged_at, len) != 0)
		return;
	enter(s, SESSION_IDLE, s->params->ping_interval);
	s->events->pong(s->ctx, at - s->pinged_at);
}

static void
drained(void *ctx)
{
	struct session *s = ctx;

	s->events->drained(s->ctx);
}

/* The server's own closing handshake has the same limit as ours. */
static void
closing(void *ctx, const struct channel_end *end)
{
	struct session *s = ctx;

	enter(s, SESSION_CLOSING, s->params->close_timeout);
	s->events->closing(s->ctx, end);
}

static const struct channel_events channel_events = {opened, message, pong, drained, closing,
    closed};

struct session *
session_open(struct loop *l, const struct session_params *params, const struct ws_place *place,
    const struct session_events *events, void *ctx, struct err *e)
{
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a connection");
		return NULL;
	}
	s->loop = l;
	s->params = params;
	s->events = events;
	s->ctx = ctx;
	s->channel = ws_open(l, &params->ws, place, &channel_events, s, e);
	if (s->channel == NULL) {
		free(s);
		return NULL;
	}
	loop_timer_init(&s->timer, l, timer_fired, s);
	enter(s, SESSION_OPENING, params->open_timeout);
	return s;
}

int
session_send(struct session *s, enum message_kind kind, const void *data, size_t len)
{
	return channel_send(s->channel, kind, data, len);
}

void
session_close(struct session *s, unsigned code, const char *reason)
{
	if (s->state == SESSION_OVER || s->state == SESSION_CLOSING)
		return;
	if (s->state == SESSION_OPENING) {
		enter(s, SESSION_CLOSING, 1);
		return;
	}
	channel_close(s->channel, code, reason);
	enter(s, SESSION_CLOSING, s->params->close_timeout);
}

size_t
session_backlog(const struct session *s)
{
	return channel_backlog(s->channel);
}

uint64_t
session_bytes_in(const struct session *s)
{
	return channel_bytes_in(s->channel);
}

uint64_t
session_bytes_out(const struct session *s)
{
	return channel_bytes_out(s->channel);
}
