/*   STARTING ──timer──► CONNECTING ──opened──► OPEN ──close frame──► LOSING
 *      ▲                   │  │                  └───────┬────────────┘
 *      └──── redirect ─────┘  └── refused, failed ──┐    │ lost
 *                                                   ▼    ▼
 *   CONNECTING ◄──────────── timer, hurry ───────── WAITING, or OVER when nothing is retried
 *
 *   conversation_close: any of them ──► CLOSING ──► OVER. */
#include "lib/session/conversation.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/url.h"
#include "lib/channel/http_verdict.h"
#include "lib/channel/resume.h"
#include "lib/codec/http_head.h"
#include "lib/loop/loop.h"
#include "lib/session/client.h"
#include "lib/session/cookies.h"
#include "lib/session/publisher.h"
#include "lib/session/redirect.h"

enum conversation_state {
	CONVERSATION_STARTING,       /* timer: the next turn */
	CONVERSATION_CONNECTING,
	CONVERSATION_OPEN,
	CONVERSATION_LOSING,         /* the server has begun the closing handshake */
	CONVERSATION_WAITING,        /* timer: the next attempt */
	CONVERSATION_CLOSING,        /* by the user; timer, without a session: the next turn */
	CONVERSATION_OVER,
};

/* Servers take about 8 KiB of a header field; what the jar has beyond that stays there. */
enum { COOKIE_LINE_MAX = 8192 };

enum {
	RECONNECTION_S = 3,          /* until a stream that ended is opened again, when the server
	                              * does not say; … */
	RECONNECTION_LEAST_MS = 1,  /* … and the least, whatever it says */
	STEADY_S = 10,               /* a connection that lasted so long was a success */
};

/* Where messages are published by requests. */
struct post {
	struct client_target *target;
	struct url url;
	struct publisher_params params;
	struct publisher *publisher;
};

struct conversation {
	struct loop *loop;
	struct conversation_params params;
	const struct conversation_events *events;
	void *ctx;
	enum conversation_state state;
	struct session *session;     /* NULL while there is no attempt */
	struct client_target *home;  /* of the original URL; kept, so that TLS is resumed */
	bool stale;                  /* what `home` knows of addresses may be wrong by now */
	struct client_target *away;  /* of where redirects led to */
	struct url *url;             /* that place, while `redirects` is not 0; else NULL */
	struct post *post;           /* NULL: messages are sent by the transport, or not at all */
	struct resume *resume, *own_resume;
	struct cookies *jar, *own_jar;
	int redirects;               /* followed in this attempt, … */
	int in_a_row;                /* … since an answer came that was none */
	bool foreign;                /* one of them left the origin */
	bool paused;
	unsigned attempt;            /* retries since a connection lasted */
	uint64_t opened_at;          /* clock_ns of this attempt; 0: it did not open */
	struct err last;             /* why the last attempt ended */
	struct conversation_totals gone;     /* of connections that are over */
	struct loop_timer timer;
	struct loop_deferred deferred;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for a conversation");
}

static const struct url *
here(const struct conversation *c)
{
	return c->redirects > 0 ? c->url : c->params.url;
}

/* The close code of an end without a close frame; only a WebSocket has them. */
static unsigned
no_code(const struct conversation *c)
{
	return url_is_websocket(c->params.url) ? 1006 : 0;
}

static void
add_session(struct conversation_totals *t, const struct session *s)
{
	struct channel_compression z;
	struct channel_polling p;

	t->bytes_in += session_bytes_in(s);
	t->bytes_out += session_bytes_out(s);
	session_compression(s, &z);
	t->compression.out_plain += z.out_plain;
	t->compression.out_wire += z.out_wire;
	t->compression.in_plain += z.in_plain;
	t->compression.in_wire += z.in_wire;
	session_polling(s, &p);
	t->polling.requests += p.requests;
	t->polling.empty += p.empty;
	t->polling.not_modified += p.not_modified;
	t->polling.connections += p.connections;
}

static void
drop_session(struct conversation *c)
{
	if (c->session == NULL)
		return;
	add_session(&c->gone, c->session);
	session_free(c->session, false);
	c->session = NULL;
}

static void
free_url(struct url *url)
{
	if (url != NULL)
		url_release(url);
	free(url);
}

static void
drop_redirect(struct conversation *c)
{
	free_url(c->url);
	c->url = NULL;
	c->redirects = c->in_a_row = 0;
	c->foreign = false;
}

/* --- the end of an attempt --------------------------------------------------------------- */

static void
finish(struct conversation *c, const struct channel_end *end)
{
	loop_timer_clear(&c->timer);
	c->state = CONVERSATION_OVER;
	c->events->closed(c->ctx, end);
}

static bool
worth_a_retry(const struct conversation *c, const struct channel_end *end)
{
	int retries = c->params.retries;

	if (end->again && c->params.continues)
		return true;
	if (end->final)
		return false;
	if (retries != CONVERSATION_FOREVER && c->attempt >= (unsigned)retries)
		return false;
	if (end->why.class == ERR_NONE && end->code == 1000)
		return false;
	return end->why.class != ERR_USAGE && end->why.class != ERR_MEMORY;
}

/* The server's own word, by retry: or Retry-After, comes before the backoff, which is added to it
 * where attempts fail (HTML Living Standard, 9.2.3). A stream that just goes on does not fail. */
static uint64_t
wait_of(const struct conversation *c, const struct channel_end *end)
{
	uint64_t asked = end->refusal != NULL ? http_verdict_retry_after(end->refusal->head) : 0;
	uint64_t wait = end->retry_ns;

	if (end->again && wait == 0)
		return RECONNECTION_S * NS_PER_S;
	if (end->again)
		return wait > RECONNECTION_LEAST_MS * NS_PER_MS ? wait :
		    RECONNECTION_LEAST_MS * NS_PER_MS;
	wait += backoff_wait(&c->params.backoff, c->attempt, c->params.rng);
	return wait > asked ? wait : asked;
}

static void
wait_for_retry(struct conversation *c, const struct channel_end *end)
{
	struct conversation_retry retry = {.why = end, .wait_ns = wait_of(c, end)};

	if (end->again)
		c->attempt = 0;
	retry.attempt = ++c->attempt;
	if (end->again)
		c->attempt = 0;
	c->state = CONVERSATION_WAITING;
	c->last = end->why;
	c->stale = end->why.class == ERR_RESOLVE || end->why.class == ERR_CONNECT ||
	    end->why.class == ERR_TIMEOUT;
	drop_redirect(c);
	loop_timer_set(&c->timer, retry.wait_ns);
	c->events->retrying(c->ctx, &retry);
}

/* What `end` lends may be the session's, which so goes last. */
static void
attempt_over(struct conversation *c, const struct channel_end *end)
{
	if (c->opened_at != 0 && clock_ns() - c->opened_at >= STEADY_S * NS_PER_S)
		c->attempt = 0;
	c->opened_at = 0;
	if (c->state != CONVERSATION_CLOSING && worth_a_retry(c, end))
		wait_for_retry(c, end);
	else
		finish(c, end);
	drop_session(c);
}

/* Goes there. -1: no memory, and the URL is gone. */
static int
go_to(struct conversation *c, struct url *to, struct err *why)
{
	bool foreign = !redirect_same_origin(here(c), to);
	struct url *url = malloc(sizeof *url);

	if (url == NULL) {
		url_release(to);
		return err_set(why, ERR_MEMORY, 0, "no memory to follow a redirect");
	}
	*url = *to;
	free_url(c->url);
	c->url = url;
	c->foreign = c->foreign || foreign;
	c->in_a_row++;
	c->redirects++;
	return 0;
}

/* 1: the answer sends us on, to c->url; 0: it does not; -1: it does, but we do not go: *why. */
static int
follow(struct conversation *c, const struct channel_refusal *refusal, struct err *why)
{
	char text[160];
	struct url to;
	int result;

	if (c->params.redirects <= 0 || refusal == NULL)
		return 0;
	result = redirect_of(&to, here(c), refusal->head, why);
	if (result == 1 && c->in_a_row >= c->params.redirects) {
		err_set(why, ERR_HTTP, refusal->head->status, "%d redirects in a row, and one more "
		    "to %s", c->in_a_row, url_text(&to, text, sizeof text));
		url_release(&to);
		return -1;
	}
	if (result != 1)
		return result;
	return go_to(c, &to, why) == 0 ? 1 : -1;
}

/* --- cookies ----------------------------------------------------------------------------- */

static int
bring_cookies(struct conversation *c, struct client_target *t, const struct url *url,
    struct err *e)
{
	struct buf text;
	int result;

	buf_init(&text, COOKIE_LINE_MAX + 1);
	cookies_write(c->jar, url, time(NULL), &text);
	result = text.len == 0 ? client_target_cookies(t, NULL, e) :
	    buf_add(&text, "", 1) != 0 ? err_set(e, ERR_MEMORY, 0, "no memory for cookies") :
	    client_target_cookies(t, (const char *)text.data, e);
	buf_release(&text);
	return result;
}

/* --- what the session tells -------------------------------------------------------------- */

static void
opened(void *ctx, const struct channel_opened *o)
{
	struct conversation *c = ctx;

	c->state = CONVERSATION_OPEN;
	c->in_a_row = 0;
	c->opened_at = clock_ns();
	c->last = (struct err){0};
	c->gone.connections++;
	if (o->head != NULL)
		cookies_take(c->jar, o->head, here(c), time(NULL));
	if (c->post != NULL)
		bring_cookies(c, c->post->target, &c->post->url, NULL);
	if (c->paused)
		session_pause(c->session, true);
	c->events->opened(c->ctx, o);
}

static void
message(void *ctx, const struct message *m)
{
	struct conversation *c = ctx;

	c->events->message(c->ctx, m);
}

static void
pong(void *ctx, uint64_t round_trip_ns)
{
	struct conversation *c = ctx;

	c->events->pong(c->ctx, round_trip_ns);
}

static void
drained(void *ctx)
{
	struct conversation *c = ctx;

	c->events->drained(c->ctx);
}

static void
closing(void *ctx, const struct channel_end *end)
{
	struct conversation *c = ctx;

	if (c->state == CONVERSATION_OPEN)
		c->state = CONVERSATION_LOSING;
	c->events->closing(c->ctx, end);
}

static void
closed(void *ctx, const struct channel_end *end)
{
	struct conversation *c = ctx;
	struct channel_end told = *end;

	if (end->refusal != NULL)
		cookies_take(c->jar, end->refusal->head, here(c), time(NULL));
	if ((c->state == CONVERSATION_CONNECTING || c->state == CONVERSATION_OPEN) &&
	    follow(c, end->refusal, &told.why) == 1) {
		c->state = CONVERSATION_STARTING;
		loop_timer_set(&c->timer, 0);
		drop_session(c);
		return;
	}
	attempt_over(c, &told);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct conversation *c = ctx;

	c->events->wire(c->ctx, w);
}

static void
notice(void *ctx, const struct channel_notice *n)
{
	struct conversation *c = ctx;

	c->events->notice(c->ctx, n);
}

static const struct session_events session_events = {opened, message, pong, drained, closing,
    closed, NULL, notice};
static const struct session_events watched_events = {opened, message, pong, drained, closing,
    closed, wire, notice};

/* --- where a connection goes ------------------------------------------------------------- */

/* With a token minted for it, but not for another origin. *token is the caller's to free, once the
 * place is not needed any more, which points to it. */
static int
make_place(const struct conversation *c, const char *target, bool foreign, struct place *place,
    char **token, struct err *e)
{
	struct err why = {0};

	*token = foreign ? NULL :
	    client_token_line(c->params.client, c->params.number, time(NULL), &why);
	if (why.class != ERR_NONE) {
		*e = why;
		return -1;
	}
	*place = client_place(c->params.client, c->params.number, target);
	place->headers = (const char *const *)token;
	place->header_count = *token != NULL;
	return 0;
}

/* --- publishing by requests -------------------------------------------------------------- */

static void
refused(void *ctx, uint64_t tag, const struct err *why, const struct channel_refusal *refusal)
{
	struct conversation *c = ctx;

	(void)tag;
	c->events->refused(c->ctx, why, refusal);
}

static void
publisher_drained(void *ctx)
{
	struct conversation *c = ctx;

	if (c->state == CONVERSATION_OPEN)
		c->events->drained(c->ctx);
}

static const struct publisher_events publisher_events = {publisher_drained, NULL, refused, NULL};
static const struct publisher_events watched_publisher_events = {publisher_drained, NULL, refused,
    wire};

static int
make_publisher(struct conversation *c, struct post *post, struct err *e)
{
	const struct conversation_publish *how = c->params.publish;
	const struct conversation_params *p = &c->params;
	struct place place;
	char *token;
	bool foreign;

	if (redirect_resolve(&post->url, p->url, slice_of(how->target), NULL) != 0)
		return err_set(e, ERR_USAGE, 0, "cannot publish to '%.150s' from here: expected a "
		    "path, or a URL of the same kind", how->target);
	foreign = !redirect_same_origin(p->url, &post->url);
	post->target = client_target_new(p->client, &post->url, foreign, p->resolver, p->rng, e);
	if (post->target == NULL)
		return -1;
	if (make_place(c, post->url.target, foreign, &place, &token, e) != 0)
		return -1;
	post->params = (struct publisher_params){.peer = &post->target->peer,
	    .method = how->method, .type = how->type, .limit = post->target->params.open_timeout};
	post->publisher = publisher_new(c->loop, &post->params, &place,
	    c->events->wire != NULL ? &watched_publisher_events : &publisher_events, c);
	free(token);
	return post->publisher != NULL ? 0 : no_memory(e);
}

static int
make_post(struct conversation *c, struct err *e)
{
	if (c->params.publish == NULL)
		return 0;
	c->post = calloc(1, sizeof *c->post);
	return c->post != NULL ? make_publisher(c, c->post, e) : no_memory(e);
}

static void
free_post(struct post *post)
{
	if (post == NULL)
		return;
	publisher_free(post->publisher);
	client_target_free(post->target);
	url_release(&post->url);
	free(post);
}

/* --- an attempt -------------------------------------------------------------------------- */

static struct client_target *
make_target(struct conversation *c, bool foreign, struct err *e)
{
	const struct conversation_params *p = &c->params;

	return client_target_new(p->client, here(c), foreign, p->resolver, p->rng, e);
}

/* The one that is lent serves as long as there is nothing of our own to say. */
static bool
uses_lent_target(const struct conversation *c)
{
	return c->params.target != NULL && c->home == NULL && c->redirects == 0 &&
	    cookies_count(c->jar) == 0;
}

/* Our own target for where we are. Those that are not needed any more went out of use in an
 * earlier turn of the loop. */
static struct client_target *
own_target(struct conversation *c, struct err *e)
{
	if (c->redirects > 0)
		return c->away = make_target(c, c->foreign, e);
	if (c->home == NULL)
		c->home = make_target(c, false, e);
	return c->home;
}

static const struct client_target *
target_here(struct conversation *c, struct err *e)
{
	struct client_target *t;

	client_target_free(c->away);
	c->away = NULL;
	if (c->redirects == 0 && c->stale) {
		client_target_free(c->home);
		c->home = NULL;
		c->params.target = NULL;
		c->stale = false;
	}
	if (uses_lent_target(c))
		return c->params.target;
	t = own_target(c, e);
	return t != NULL && bring_cookies(c, t, here(c), e) == 0 ? t : NULL;
}

static int
connect_there(struct conversation *c, struct err *e)
{
	const struct client_target *t = target_here(c, e);
	struct place place;
	char *token;

	if (t == NULL || make_place(c, here(c)->target, c->foreign, &place, &token, e) != 0)
		return -1;
	place.resume = c->resume;
	c->session = session_open(c->loop, &t->params, &place,
	    c->events->wire != NULL ? &watched_events : &session_events, c, e);
	free(token);
	return c->session != NULL ? 0 : -1;
}

static void
begin(struct conversation *c)
{
	struct channel_end end = {.code = no_code(c)};

	c->state = CONVERSATION_CONNECTING;
	c->events->connecting(c->ctx, here(c), (unsigned)c->redirects);
	if (c->state == CONVERSATION_CONNECTING && connect_there(c, &end.why) != 0)
		attempt_over(c, &end);
}

/* Closed by the user while there was no connection. */
static void
give_up(struct conversation *c)
{
	struct channel_end end = {.why = c->last, .code = no_code(c)};

	/* Between two connections of a stream that goes on all is in order. */
	if (c->last.class == ERR_NONE && (c->gone.connections == 0 || end.code != 0))
		err_set(&end.why, ERR_CLOSED, (int)end.code,
		    "closed before the connection was open");
	finish(c, &end);
}

static void
timer_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct conversation *c = ctx;

	(void)fd;
	(void)events;
	switch (c->state) {
	case CONVERSATION_STARTING:
	case CONVERSATION_WAITING:
		begin(c);
		break;
	case CONVERSATION_CLOSING:
		give_up(c);
		break;
	case CONVERSATION_CONNECTING:
	case CONVERSATION_OPEN:
	case CONVERSATION_LOSING:
	case CONVERSATION_OVER:
		break;
	}
}

/* --- life -------------------------------------------------------------------------------- */

/* What nobody lends. */
static int
make_memory(struct conversation *c, struct err *e)
{
	c->jar = c->params.cookies;
	if (c->jar == NULL)
		c->jar = c->own_jar = cookies_new();
	c->resume = c->params.resume;
	if (c->resume == NULL && (c->own_resume = malloc(sizeof *c->own_resume)) != NULL) {
		c->resume = c->own_resume;
		resume_init(c->resume);
	}
	return c->jar != NULL && c->resume != NULL ? 0 : no_memory(e);
}

struct conversation *
conversation_open(struct loop *l, const struct conversation_params *params,
    const struct conversation_events *events, void *ctx, struct err *e)
{
	struct conversation *c = calloc(1, sizeof *c);

	if (c == NULL) {
		no_memory(e);
		return NULL;
	}
	c->loop = l;
	c->params = *params;
	c->events = events;
	c->ctx = ctx;
	loop_timer_init(&c->timer, l, timer_fired, c);
	if (make_memory(c, e) != 0 || (!uses_lent_target(c) && own_target(c, e) == NULL) ||
	    make_post(c, e) != 0) {
		conversation_free(c, false);
		return NULL;
	}
	loop_timer_set(&c->timer, 0);
	return c;
}

static void
release(struct loop_deferred *d)
{
	struct conversation *c = (struct conversation *)((char *)d -
	    offsetof(struct conversation, deferred));

	free_url(c->url);
	if (c->own_resume != NULL)
		resume_release(c->own_resume);
	free(c->own_resume);
	cookies_free(c->own_jar);
	free(c);
}

void
conversation_free(struct conversation *c, bool reset)
{
	if (c == NULL)
		return;
	c->state = CONVERSATION_OVER;
	loop_timer_clear(&c->timer);
	session_free(c->session, reset);
	c->session = NULL;
	free_post(c->post);
	c->post = NULL;
	client_target_free(c->home);
	client_target_free(c->away);
	c->home = c->away = NULL;
	loop_defer(c->loop, &c->deferred, release);
}

void
conversation_close(struct conversation *c, unsigned code, const char *reason)
{
	switch (c->state) {
	case CONVERSATION_CONNECTING:
		if (c->session == NULL)      /* `connecting` is being told */
			loop_timer_set(&c->timer, 0);
		else
			session_close(c->session, code, reason);
		break;
	case CONVERSATION_OPEN:
	case CONVERSATION_LOSING:
		session_close(c->session, code, reason);
		break;
	case CONVERSATION_STARTING:
	case CONVERSATION_WAITING:
		loop_timer_set(&c->timer, 0);
		break;
	case CONVERSATION_CLOSING:
	case CONVERSATION_OVER:
		return;
	}
	c->state = CONVERSATION_CLOSING;
}

void
conversation_hurry(struct conversation *c)
{
	if (c->state == CONVERSATION_WAITING)
		loop_timer_set(&c->timer, 0);
}

/* --- while it is open -------------------------------------------------------------------- */

int
conversation_send(struct conversation *c, enum message_kind kind, const void *data, size_t len)
{
	if (c->state != CONVERSATION_OPEN)
		return -1;
	if (c->post != NULL)
		return publisher_send(c->post->publisher, kind, data, len, 0);
	return session_send(c->session, kind, data, len);
}

int
conversation_ping(struct conversation *c)
{
	return c->state == CONVERSATION_OPEN ? session_ping(c->session) : -1;
}

void
conversation_pause(struct conversation *c, bool pause)
{
	bool closing = c->state == CONVERSATION_CLOSING && c->session != NULL;

	c->paused = pause;
	if (c->state == CONVERSATION_OPEN || c->state == CONVERSATION_LOSING || closing)
		session_pause(c->session, pause);
}

bool
conversation_is_open(const struct conversation *c)
{
	return c->state == CONVERSATION_OPEN;
}

size_t
conversation_backlog(const struct conversation *c)
{
	size_t posts = c->post != NULL ? publisher_backlog(c->post->publisher) : 0;

	return posts + (c->session != NULL ? session_backlog(c->session) : 0);
}

void
conversation_totals(const struct conversation *c, struct conversation_totals *t)
{
	*t = c->gone;
	if (c->session != NULL)
		add_session(t, c->session);
	if (c->post == NULL)
		return;
	t->bytes_in += publisher_bytes_in(c->post->publisher);
	t->bytes_out += publisher_bytes_out(c->post->publisher);
}
