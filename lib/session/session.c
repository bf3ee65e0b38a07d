#include "lib/session/session.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/loop/loop.h"

/* One timer serves every wait, since a session waits for one thing at a time. */
enum session_state {
	SESSION_OPENING,     /* timer: open_timeout */
	SESSION_IDLE,        /* open; timer: the next ping,
	    or the next look whether it is alive */
	SESSION_PINGED,      /* open; timer: ping_timeout */
	SESSION_CLOSING,     /* timer: close_timeout; it stands still in a pause */
	SESSION_ABANDONED,   /* closed before it was open; timer: the next turn */
	SESSION_OVER,
};

struct session {
	struct loop *loop;
	const struct session_params *params;
	const struct session_events *events;
	void *ctx;
	struct channel *channel;
	enum session_state state;
	uint64_t pinged_at;          /* clock_ns; also the payload of the ping. Without pings: when
	                              * a look found that something had come */
	uint64_t bytes_at_ping;      /* how many had come then */
	uint64_t closing_left;       /* ns for closing, at the last time the timer was set */
	uint64_t closing_until;      /* clock_ns */
	bool paused;
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

/* What the channel still says then is nobody's business. */
static bool
is_over(const struct session *s)
{
	return s->state == SESSION_ABANDONED || s->state == SESSION_OVER;
}

static void
closed(void *ctx, const struct channel_end *end)
{
	struct session *s = ctx;

	if (s->state == SESSION_OVER)
		return;
	enter(s, SESSION_OVER, 0);
	s->events->closed(s->ctx, end);
}

/* The close code of an end that had no close frame, where there are such things. */
static unsigned
no_code(const struct session *s)
{
	return s->params->transport == TRANSPORT_WS ? 1006 : 0;
}

static void
give_up(struct session *s, const char *what, uint64_t limit_ns)
{
	struct channel_end end = {.code = no_code(s)};

	err_set(&end.why, ERR_TIMEOUT, 0, "%s within %.3g s", what,
	    (double)limit_ns / (double)NS_PER_S);
	closed(s, &end);
}

static int
ping(struct session *s)
{
	s->pinged_at = clock_ns();
	s->bytes_at_ping = channel_bytes_in(s->channel);
	return channel_ping(s->channel, &s->pinged_at, sizeof s->pinged_at) < 0 ? -1 : 0;
}

static void
give_up_opening(struct session *s)
{
	const char *stage = channel_stage(s->channel);
	struct channel_end end = {.code = no_code(s)};
	double seconds = (double)s->params->open_timeout / (double)NS_PER_S;

	if (strcmp(stage, "refused") == 0) {
		channel_close(s->channel, 0, NULL);  /* what has come of the answer will do */
		return;
	}
	err_set(&end.why, strcmp(stage, "resolving") == 0 ? ERR_RESOLVE : ERR_TIMEOUT, 0,
	    "not open within %.3g s (still %s)", seconds, stage);
	closed(s, &end);
}

/* Closing is over when both have said so: a server that does not end the connection itself is not
 * waited for any longer (RFC 6455, 7.1.1). */
static void
give_up_closing(struct session *s)
{
	if (strcmp(channel_stage(s->channel), "ending") == 0)
		channel_close(s->channel, 0, NULL);
	else
		give_up(s, "the server did not finish the closing handshake",
		    s->params->close_timeout);
}

/* Starts the clock for what is left; in a pause the answer may have come, unread. */
static void
go_on_closing(struct session *s)
{
	s->closing_until = clock_ns() + s->closing_left;
	enter(s, SESSION_CLOSING, s->paused ? 0 : s->closing_left);
}

static void
begin_closing(struct session *s)
{
	s->closing_left = s->params->close_timeout;
	go_on_closing(s);
}

static void
pause_closing(struct session *s)
{
	uint64_t now = clock_ns();

	s->closing_left = s->closing_until > now ? s->closing_until - now : 1;
	loop_timer_clear(&s->timer);
}

static void
abandon(struct session *s)
{
	struct channel_end end = {.code = no_code(s)};

	err_set(&end.why, ERR_CLOSED, (int)end.code, "closed before the connection was open");
	closed(s, &end);
}

static bool
pings(const struct session *s)
{
	return s->params->ping_interval > 0 && channel_can_ping(s->channel);
}

/* ns until the next look, or the next ping; 0: none. Where both are wanted the pings do: they look,
 * too. */
static uint64_t
idle_wait(const struct session *s)
{
	if (pings(s))
		return s->params->ping_interval;
	return s->params->idle_timeout > 0 ? s->params->idle_timeout / 4 + 1 : 0;
}

static void
be_idle(struct session *s)
{
	enter(s, SESSION_IDLE, idle_wait(s));
}

static void
listen_for_life(struct session *s)
{
	uint64_t now = clock_ns(), bytes = channel_bytes_in(s->channel);

	if (bytes != s->bytes_at_ping || s->paused) {
		s->bytes_at_ping = bytes;
		s->pinged_at = now;
	}
	if (now - s->pinged_at >= s->params->idle_timeout)
		give_up(s, "nothing came", s->params->idle_timeout);
	else
		be_idle(s);
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
		if (!pings(s)) {
			listen_for_life(s);
			break;
		}
		ping(s);
		enter(s, SESSION_PINGED, s->params->ping_timeout);
		break;
	case SESSION_PINGED:
		if (channel_bytes_in(s->channel) == s->bytes_at_ping && !s->paused)
			give_up(s, "no answer to a ping", s->params->ping_timeout);
		else
			be_idle(s);
		break;
	case SESSION_CLOSING:
		give_up_closing(s);
		break;
	case SESSION_ABANDONED:
		abandon(s);
		break;
	case SESSION_OVER:
		break;
	}
}

static void
opened(void *ctx, const struct channel_opened *o)
{
	struct session *s = ctx;
	uint64_t wait = idle_wait(s);

	if (s->state != SESSION_OPENING)
		return;
	if (s->params->spread_pings && pings(s))
		wait = (uint64_t)((double)wait * rng_double(s->params->ws.peer->rng)) + 1;
	enter(s, SESSION_IDLE, wait);
	s->pinged_at = o->at;
	s->events->opened(s->ctx, o);
}

static void
message(void *ctx, const struct message *m)
{
	struct session *s = ctx;

	if (!is_over(s))
		s->events->message(s->ctx, m);
}

static void
pong(void *ctx, const uint8_t *data, size_t len, uint64_t at)
{
	struct session *s = ctx;

	if (s->state != SESSION_PINGED || len != sizeof s->pinged_at ||
	    memcmp(data, &s->pinged_at, len) != 0)
		return;
	be_idle(s);
	s->events->pong(s->ctx, at - s->pinged_at);
}

static void
drained(void *ctx)
{
	struct session *s = ctx;

	if (!is_over(s))
		s->events->drained(s->ctx);
}

/* The server's own closing handshake has the same limit as ours. */
static void
closing(void *ctx, const struct channel_end *end)
{
	struct session *s = ctx;

	if (is_over(s))
		return;
	begin_closing(s);
	s->events->closing(s->ctx, end);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct session *s = ctx;

	if (!is_over(s))
		s->events->wire(s->ctx, w);
}

static void
notice(void *ctx, const struct channel_notice *n)
{
	struct session *s = ctx;

	if (!is_over(s) && s->events->notice != NULL)
		s->events->notice(s->ctx, n);
}

static const struct channel_events channel_events = {opened, message, pong, drained, closing,
    closed, NULL, notice};
static const struct channel_events watched_events = {opened, message, pong, drained, closing,
    closed, wire, notice};

static struct channel *
open_channel(struct session *s, const struct place *place, struct err *e)
{
	const struct channel_events *events = s->events->wire != NULL ? &watched_events :
	    &channel_events;
	const struct session_params *p = s->params;

	switch (p->transport) {
	case TRANSPORT_WS:
		return ws_open(s->loop, &p->ws, place, events, s, e);
	case TRANSPORT_SSE:
		return event_stream_open(s->loop, &p->sse, place, events, s, e);
	case TRANSPORT_LONGPOLL:
	case TRANSPORT_POLL:
		return poll_open(s->loop, &p->poll, place, events, s, e);
	case TRANSPORTS:
		break;
	}
	err_set(e, ERR_USAGE, 0, "no such transport");
	return NULL;
}

struct session *
session_open(struct loop *l, const struct session_params *params, const struct place *place,
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
	s->channel = open_channel(s, place, e);
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

int
session_ping(struct session *s)
{
	if (s->state != SESSION_IDLE || !channel_can_ping(s->channel) || ping(s) != 0)
		return -1;
	enter(s, SESSION_PINGED, s->params->ping_timeout);
	return 0;
}

void
session_close(struct session *s, unsigned code, const char *reason)
{
	switch (s->state) {
	case SESSION_OPENING:
		enter(s, SESSION_ABANDONED, 1);
		break;
	case SESSION_IDLE:
	case SESSION_PINGED:
		channel_close(s->channel, code, reason);
		begin_closing(s);
		break;
	case SESSION_CLOSING:
	case SESSION_ABANDONED:
	case SESSION_OVER:
		break;
	}
}

void
session_pause(struct session *s, bool pause)
{
	if (s->paused == pause || s->state == SESSION_OVER)
		return;
	s->paused = pause;
	channel_pause(s->channel, pause);
	if (!pause && s->state == SESSION_PINGED)
		enter(s, SESSION_PINGED, s->params->ping_timeout);   /* time to read the pong */
	else if (s->state == SESSION_CLOSING && pause)
		pause_closing(s);
	else if (s->state == SESSION_CLOSING)
		go_on_closing(s);
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

void
session_polling(const struct session *s, struct channel_polling *out)
{
	channel_polling(s->channel, out);
}

void
session_compression(const struct session *s, struct channel_compression *out)
{
	channel_compression(s->channel, out);
}
