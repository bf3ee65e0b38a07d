/*   STARTING ─► REQUEST ─first answer, or its grace──► open
 *                 ▲  │
 *                 │  ├── 2xx, 204, 304, 408 … ─► ANSWERED ──interval──► REQUEST
 *                 │  │                              ▲
 *                 └──┼── a long poll, unanswered ───┘ (at once)
 *                    ├── any other answer ──► REFUSED ──its body──┐
 *                    └── error, close() ──────────────────────────┴──► OVER
 *
 *   One timer serves every wait, since a poll waits for one thing at a time. */
#include "lib/channel/poll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/rng.h"
#include "lib/channel/asking.h"
#include "lib/channel/http_verdict.h"
#include "lib/channel/kept_place.h"
#include "lib/channel/poll_request.h"
#include "lib/channel/resume.h"
#include "lib/codec/http_head.h"

enum { TYPE_MAX = 96 };

/* A server that does not hold what it should hold is not asked more often than this. */
#define UNHELD_REST_NS (250 * NS_PER_MS)

/* Messages that are asked for one by one, then the interval holds again. */
enum { AT_ONCE_MAX = 1000 };

/* Until the head of an answer has come, nothing of this is held. */
struct answer {
	int status;
	struct buf etag, modified;   /* what the next request gives back */
	char type[TYPE_MAX];         /* Content-Type, cut: only its beginning matters */
	struct buf body;
	uint64_t retry_ns;           /* Retry-After */
	struct buf seen;             /* ids of a list that is fetched again and again */
	bool looked;                 /* it was begun to be told: … */
	bool listed;                 /* … it is such a list, and the one before is remembered */
	long known;                  /* … messages that were told before it came, … */
	size_t skip;                 /* … so many of them in front */
	size_t told;                 /* … and how many are done with, those included */
};

struct poll {
	struct asking asking;        /* the first member */
	const struct poll_params *params;
	struct kept_place place;
	struct resume *resume;
	struct resume *own;          /* when nobody lends one */
	struct answer *answer;       /* NULL: none is read */
	bool waits;                  /* the request under way may be held */
	bool unread;                 /* the answer is complete, but not all told yet: a pause */
	uint64_t asked_at;           /* clock_ns */
	uint64_t last_body;          /* hash of the last one that had messages */
	uint32_t at_once;            /* asked for one by one so far */
	struct channel_polling counts;
	struct loop_timer timer;
};

/* --- life -------------------------------------------------------------------------------- */

static void
release_answer(struct poll *p)
{
	struct answer *a = p->answer;

	p->answer = NULL;
	if (a == NULL)
		return;
	buf_release(&a->body);
	buf_release(&a->seen);
	buf_release(&a->etag);
	buf_release(&a->modified);
	free(a);
}

static void
release(struct asking *a)
{
	struct poll *p = (struct poll *)a;

	release_answer(p);
	kept_place_release(&p->place);
	if (p->own != NULL)
		resume_release(p->own);
	free(p->own);
	free(p);
}

static void
leave(struct asking *a, struct channel_end *end)
{
	(void)end;
	loop_timer_clear(&((struct poll *)a)->timer);
}

static void
fail(struct poll *p, const struct err *why, bool final)
{
	asking_fail(&p->asking, why, final);
}

/* Whether nothing has ended it since: callbacks may. */
static bool
goes_on(const struct poll *p)
{
	return p->asking.state == ASKING_REQUEST;
}

static void
tell_notice(struct poll *p, enum notice_kind kind, const struct err *what)
{
	struct channel_notice n = {kind, *what};

	if (p->asking.channel.events->notice != NULL)
		p->asking.channel.events->notice(p->asking.channel.ctx, &n);
}

/* --- the request ------------------------------------------------------------------------- */

static int
write_request(void *ctx, struct buf *into, struct slice *body)
{
	struct poll *p = ctx;
	struct poll_request r = {.params = p->params, .place = &p->place, .resume = p->resume,
	    .waits = p->waits};

	(void)body;
	return poll_request_write(into, &r);
}

/* How long the answer may take. */
static uint64_t
patience(const struct poll *p)
{
	uint64_t held = p->params->held ? p->params->wait : 0;

	return p->params->limit < UINT64_MAX - held ? p->params->limit + held : UINT64_MAX;
}

static void
ask(struct poll *p)
{
	p->asked_at = clock_ns();
	p->waits = p->params->held && p->resume->begun;
	if (asking_request(&p->asking) != 0)
		return;
	if (!p->asking.opened && p->params->held && p->params->grace != POLL_NEVER)
		loop_timer_set(&p->timer, p->params->grace > 0 ? p->params->grace : 1);
	else
		loop_timer_set(&p->timer, patience(p));
}

static void
start(struct asking *a)
{
	ask((struct poll *)a);
}

static void
rest(struct poll *p, uint64_t ns)
{
	p->asking.state = ASKING_ANSWERED;
	if (ns > 0)
		loop_timer_set(&p->timer, ns);
	else
		ask(p);
}

/* --- time -------------------------------------------------------------------------------- */

/* The first request was not answered: the server holds it, so it has us. */
static void
grace_over(struct poll *p)
{
	uint64_t now = clock_ns(), until = p->asked_at + patience(p);

	if (!http_link_is_asked(p->asking.link)) {
		loop_timer_set(&p->timer, p->params->grace > 0 ? p->params->grace : NS_PER_MS);
		return;                      /* not even asked yet: the session's limit holds */
	}
	loop_timer_set(&p->timer, until > now ? until - now : 1);
	asking_opened(&p->asking, NULL, now);
}

/* A long poll that the server holds for longer than it was asked to is asked anew; an answer that
 * stops, a connection that does not come about and a server that never answered are losses. */
static void
give_up(struct poll *p)
{
	struct err why;

	if (p->answer != NULL)
		err_set(&why, ERR_TIMEOUT, 0, "the answer to a poll stopped for %.3g s",
		    (double)p->params->limit / (double)NS_PER_S);
	else if (p->params->held && p->resume->begun && http_link_is_asked(p->asking.link)) {
		http_link_drop(p->asking.link);
		p->counts.requests++;
		p->counts.empty++;
		ask(p);
		return;
	} else
		err_set(&why, ERR_TIMEOUT, 0, "no answer to a poll within %.3g s (still %s)",
		    (double)patience(p) / (double)NS_PER_S, http_link_stage(p->asking.link));
	fail(p, &why, false);
}

static void
timer_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct poll *p = ctx;

	(void)fd;
	(void)events;
	switch (p->asking.state) {
	case ASKING_REFUSED:
		asking_refused(&p->asking, true);
		break;
	case ASKING_REQUEST:
		if (!p->asking.opened && p->params->held && p->params->grace != POLL_NEVER &&
		    p->answer == NULL)
			grace_over(p);
		else if (p->asking.paused)
			loop_timer_set(&p->timer, patience(p));  /* it may be there, unread */
		else
			give_up(p);
		break;
	case ASKING_ANSWERED:
		ask(p);
		break;
	case ASKING_STARTING:
	case ASKING_OVER:
	case ASKING_DEAD:
		break;
	}
}

/* How long to rest after an answer. */
static uint64_t
interval(const struct poll *p, bool nothing_new, uint64_t now)
{
	uint64_t since = now - p->asked_at, wait = p->params->interval;

	if (p->params->held)
		wait = nothing_new && since < NS_PER_S && p->waits ? UNHELD_REST_NS : 0;
	if (wait > 0 && !p->params->held && p->params->spread && p->counts.requests == 1)
		wait = (uint64_t)((double)wait * rng_double(p->params->peer->rng)) + 1;
	if (p->answer->retry_ns > wait)
		return p->answer->retry_ns;
	return p->params->held ? wait : wait > since ? wait - since : 0;
}

/* --- the answer -------------------------------------------------------------------------- */

static bool
is_empty_status(const struct poll *p, int status)
{
	return status == 204 || status == 304 ||
	    (p->asking.opened && (status == 408 || status == 504));
}

static bool
is_refusal(const struct poll *p, int status, uint64_t retry_ns)
{
	if (p->asking.opened && retry_ns > 0 && (status == 429 || status == 503))
		return false;
	return (status < 200 || status > 299) && !is_empty_status(p, status);
}

/* What the server says of where we will be when we have all of this answer. */
static int
keep_cursor(struct answer *a, const struct http_head *head)
{
	buf_init(&a->etag, RESUME_TEXT_MAX);
	buf_init(&a->modified, RESUME_TEXT_MAX);
	if (head->status > 299 && head->status != 304)
		return 0;
	if (resume_set(&a->etag, http_head_field(head, "ETag")) != 0)
		return -1;
	return resume_set(&a->modified, http_head_field(head, "Last-Modified"));
}

/* We have all of it now: an answer that broke off would be missing, had its cursor been taken with
 * its head. One with messages that says nothing has no cursor; one that is empty need not repeat
 * it. */
static int
take_cursor(struct poll *p)
{
	struct answer *a = p->answer;
	bool messages = a->status >= 200 && a->status < 300 && a->status != 204;

	if ((a->etag.len > 0 || messages) &&
	    resume_set(&p->resume->etag, resume_text(&a->etag)) != 0)
		return -1;
	if ((a->modified.len > 0 || messages) &&
	    resume_set(&p->resume->modified, resume_text(&a->modified)) != 0)
		return -1;
	return 0;
}

/* An endpoint that answered before is not gone for good: nchan says 410 of a node that stops, to
 * all whose polls it holds. */
static bool
is_final(const struct asking *a, const struct err *why)
{
	const struct poll *p = (const struct poll *)a;
	bool answered = p->asking.opened || p->resume->begun;

	return http_verdict_is_final(why) && !(answered && why->code == 410);
}

static void
head_came(void *ctx, const struct http_head *head, struct slice raw, uint64_t at)
{
	struct poll *p = ctx;
	struct slice type = http_head_field(head, "Content-Type");
	struct answer *a;
	struct err why;

	if (!goes_on(p))
		return;
	loop_timer_set(&p->timer, p->params->limit);
	a = p->answer = calloc(1, sizeof *a);
	if (a == NULL) {
		asking_fail_memory(&p->asking);
		return;
	}
	a->status = head->status;
	a->retry_ns = http_verdict_retry_after(head);
	buf_init(&a->body, p->params->peer->max_message);
	buf_init(&a->seen, SIZE_MAX);
	snprintf(a->type, sizeof a->type, "%.*s",
	    (int)(type.len < TYPE_MAX ? type.len : TYPE_MAX),
	    type.len > 0 ? type.data : "");
	if (is_refusal(p, head->status, a->retry_ns)) {
		http_verdict_refuse(head, &why);
		asking_refuse(&p->asking, raw, &why);
		return;
	}
	if (keep_cursor(a, head) != 0) {
		fail(p, &(struct err){.class = ERR_LIMIT,
		    .text = "an ETag or Last-Modified that is too long to be given back"},
		    true);
		return;
	}
	if (!p->asking.opened)
		asking_opened(&p->asking, head, at);
}

static void
data_came(void *ctx, struct slice piece, uint64_t at)
{
	struct poll *p = ctx;
	struct err why;

	(void)at;
	if (p->asking.state == ASKING_REFUSED) {
		asking_refusal_took(&p->asking, piece);
		return;
	}
	if (goes_on(p))
		loop_timer_set(&p->timer, p->params->limit);
	if (!goes_on(p) || p->answer->status < 200 || p->answer->status > 299 ||
	    buf_add(&p->answer->body, piece.data, piece.len) == 0)
		return;
	err_set(&why, ERR_LIMIT, 0, "an answer of more than %" PRIu64 " bytes (--max-message)",
	    p->params->peer->max_message);
	fail(p, &why, true);
}

/* --- messages ---------------------------------------------------------------------------- */

/* One look at the messages of an answer. */
struct look {
	struct poll *poll;
	size_t index;                /* of the message that comes */
	size_t skip;                 /* messages in front that are not told */
	size_t seen;                 /* 1 + the index of the message with the last id; 0: none */
	long known;                  /* messages that the list before held */
	bool ids;                    /* some have one */
	bool stopped;
	uint64_t now;
};

static bool
is_last(const struct poll *p, struct slice id)
{
	struct slice last = resume_text(&p->resume->last_id);

	return id.len == last.len && memcmp(id.data, last.data, id.len) == 0;
}

static int
find_last(void *ctx, struct slice data, struct slice id)
{
	struct look *l = ctx;

	(void)data;
	l->index++;
	if (id.len == 0)
		return 0;
	l->ids = true;
	l->known += resume_has_seen(l->poll->resume, id);
	if (is_last(l->poll, id))
		l->seen = l->index;
	return resume_see(&l->poll->answer->seen, id);
}

static void
check_gap(struct poll *p, struct slice id)
{
	uint64_t missing = resume_count(p->resume, id);
	struct err what;

	if (missing == 0)
		return;
	err_set(&what, ERR_PROTOCOL, 0, "%" PRIu64 " missing before the message with id %.*s: "
	    "the ids leave numbers out", missing, id.len < 80 ? (int)id.len : 80, id.data);
	tell_notice(p, NOTICE_GAP, &what);
}

/* Without it the same messages would come again and again. */
static void
fail_by_id(struct poll *p)
{
	struct err why;

	err_set(&why, ERR_LIMIT, 0, "an id of more than %d bytes, or with a NUL in it",
	    RESUME_TEXT_MAX);
	fail(p, &why, true);
}

static int
tell_message(void *ctx, struct slice data, struct slice id)
{
	struct look *l = ctx;
	struct poll *p = l->poll;
	struct message m = {.kind = MESSAGE_TEXT, .data = (const uint8_t *)data.data,
	    .len = data.len, .id = id, .at = l->now};
	bool kept = true;

	if (!goes_on(p))
		return 1;
	if (l->index++ < l->skip || (p->answer->listed && id.len > 0 &&
	    resume_has_seen(p->resume, id)))
		return 0;
	if (p->asking.paused) {
		l->stopped = true;
		l->index--;
		return 1;
	}
	if (id.len > 0 && !is_last(p, id)) {
		check_gap(p, id);
		kept = resume_set(&p->resume->last_id, id) == 0;
	}
	if (goes_on(p))
		p->asking.channel.events->message(p->asking.channel.ctx, &m);
	if (goes_on(p) && !kept)
		fail_by_id(p);
	return !goes_on(p);
}

static void
tell_lost_track(struct poll *p)
{
	struct err what;

	err_set(&what, ERR_PROTOCOL, 0, "no message of the answer before is in this one: others "
	    "may be missing between them");
	tell_notice(p, NOTICE_GAP, &what);
}

/* A list that is fetched again and again tells what the one before did not hold, whichever way it
 * is sorted; on a new channel, which remembers none, what stands behind the last id. Returns how
 * many messages are known, -1 with *e. */
static long
count_known(struct poll *p, struct slice type, struct slice body, struct err *e)
{
	bool remembers = p->resume->seen.len > 0, follows = p->resume->last_id.len > 0;
	struct answer *a = p->answer;
	struct look l = {.poll = p};
	struct poll_cursor form = {0};
	long known;

	if (p->params->shape.cursor != NULL || strstr(p->place.target, "{last_id}") != NULL)
		return 0;
	if (poll_body_read(&p->params->shape, type, body, find_last, &l, &form, e) < 0)
		return -1;
	if (!form.list) {                    /* one message may come again, changed */
		buf_release(&a->seen);
		return 0;
	}
	known = remembers ? l.known : (long)l.seen;
	a->listed = remembers;
	a->skip = remembers ? 0 : l.seen;
	if (known == 0 && (remembers || follows) && l.ids && a->etag.len == 0 &&
	    a->modified.len == 0)
		tell_lost_track(p);
	return known;
}

/* Where the body itself says how to go on. */
static int
take_body_cursor(struct poll *p, struct buf *cursor, bool found)
{
	return found ? resume_set(&p->resume->last_id, resume_text(cursor)) : 0;
}

/* Tells the messages that were not told yet. Returns how many new ones the answer has, -1 with *e;
 * p->unread when a pause came between. */
static long
tell_messages(struct poll *p, uint64_t now, struct err *e)
{
	struct answer *a = p->answer;
	struct slice body = {(const char *)a->body.data, a->body.len};
	struct slice type = {a->type, strlen(a->type)};
	struct look l = {.poll = p, .now = now};
	uint8_t room[RESUME_TEXT_MAX + 1];
	struct buf text = {.data = room, .cap = RESUME_TEXT_MAX, .max = RESUME_TEXT_MAX};
	struct poll_cursor cursor = {.into = &text};
	long count;

	if (!a->looked && (a->known = count_known(p, type, body, e)) < 0)
		return -1;
	l.skip = a->looked ? a->told : a->skip;
	a->looked = true;
	count = poll_body_read(&p->params->shape, type, body, tell_message, &l, &cursor, e);
	if (!goes_on(p))
		return 0;
	a->told = l.index;
	p->unread = l.stopped;
	if (count >= 0 && !l.stopped && a->seen.len > 0)
		resume_seal(p->resume, &a->seen);
	if (count >= 0 && !l.stopped && take_body_cursor(p, &text, cursor.found) != 0)
		return err_set(e, ERR_LIMIT, 0, "a cursor of more than %d bytes",
		    RESUME_TEXT_MAX);
	return count >= 0 ? count - a->known : -1;
}

static void
count_answer(struct poll *p, bool empty)
{
	p->counts.requests++;
	p->counts.not_modified += p->answer->status == 304;
	p->counts.empty += empty && p->answer->status != 304;
}

/* Whether one more message may be waiting behind the one that came: a server with a cursor in its
 * header fields, as nchan's is, that gives them one by one. */
static bool
asks_on(struct poll *p, long count)
{
	bool one = !p->params->held && count == 1 &&
	    p->params->shape.unpack == POLL_ITEMS_NONE && p->answer->etag.len > 0 &&
	    p->answer->modified.len > 0 && p->answer->retry_ns == 0;

	p->at_once = one && p->at_once < AT_ONCE_MAX ? p->at_once + 1 : 0;
	return p->at_once > 0;
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Whether the answer says what the one before has said already, and no new cursor: a long poll that
 * was not held. For before the cursor is taken. */
static bool
repeats(struct poll *p, long count)
{
	const struct answer *a = p->answer;
	uint64_t body, before = p->last_body;

	if (!p->params->held || count == 0)
		return count == 0;
	body = hash_bytes(HASH_START, a->body.data, a->body.len);
	p->last_body = body;
	return body == before && is_same(&a->etag, &p->resume->etag) &&
	    is_same(&a->modified, &p->resume->modified);
}

static void
read_answer(struct poll *p, uint64_t now)
{
	struct err why = {0};
	bool busy = p->answer->status == 429 || p->answer->status == 503;
	long count = 0;
	uint64_t wait;
	bool stale;

	p->unread = false;
	if (p->answer->status >= 200 && p->answer->status < 300)
		count = tell_messages(p, now, &why);
	if (!goes_on(p) || p->unread)
		return;
	if (count < 0) {
		fail(p, &why, true);
		return;
	}
	stale = repeats(p, count);
	if (take_cursor(p) != 0) {
		asking_fail_memory(&p->asking);
		return;
	}
	count_answer(p, count == 0);
	if (busy) {
		err_set(&why, ERR_HTTP, p->answer->status, "the server answered %d: asked again "
		    "in %" PRIu64 " s", p->answer->status, p->answer->retry_ns / NS_PER_S);
		tell_notice(p, NOTICE_BUSY, &why);
	}
	if (!goes_on(p))
		return;
	wait = asks_on(p, count) ? 0 : interval(p, stale, now);
	p->resume->begun = true;
	release_answer(p);
	rest(p, wait);
}

static void
done(void *ctx, uint64_t at)
{
	struct poll *p = ctx;

	loop_timer_clear(&p->timer);
	if (p->asking.state == ASKING_REFUSED)
		asking_refused(&p->asking, false);
	else if (goes_on(p) && p->asking.paused)
		p->unread = true;
	else if (goes_on(p))
		read_answer(p, at);
}

static void
failed(void *ctx, const struct err *why)
{
	struct poll *p = ctx;

	if (p->asking.state == ASKING_REFUSED) {
		asking_refused(&p->asking, true);
		return;
	}
	fail(p, why, why->class == ERR_PROTOCOL || why->class == ERR_LIMIT);
}

static const struct http_link_events link_events = {write_request, head_came, data_came, done,
    failed, asking_wire};

/* --- the channel ------------------------------------------------------------------------- */

static void
poll_polling(const struct channel *c, struct channel_polling *out)
{
	const struct poll *p = (const struct poll *)c;

	*out = p->counts;
	out->connections = http_link_connections(p->asking.link);
}

static const struct channel_ops channel_ops = {asking_send, NULL, asking_close, asking_free,
    asking_pause, asking_backlog, asking_bytes_in, asking_bytes_out, asking_stage,
    asking_compression, poll_polling};

/* A pause is over. */
static void
go_on(struct asking *a)
{
	struct poll *p = (struct poll *)a;

	http_link_pause(a->link, false);
	if (p->unread)
		read_answer(p, clock_ns());
	else if (a->state == ASKING_REQUEST)
		loop_timer_set(&p->timer, patience(p));      /* time to read the answer */
}

static const struct asking_ops asking_ops = {start, go_on, is_final, leave, release};

/* --- opening ----------------------------------------------------------------------------- */

static int
make_resume(struct poll *p)
{
	p->resume = p->own = calloc(1, sizeof *p->own);
	if (p->own == NULL)
		return -1;
	resume_init(p->own);
	return 0;
}

struct channel *
poll_open(struct loop *l, const struct poll_params *params, const struct place *place,
    const struct channel_events *events, void *ctx, struct err *e)
{
	const struct asking_params asking = {&asking_ops, &channel_ops, &link_events, l,
	    params->peer, place, events, ctx};
	struct poll *p = calloc(1, sizeof *p);

	if (p == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a connection");
		return NULL;
	}
	p->params = params;
	p->resume = place->resume;
	loop_timer_init(&p->timer, l, timer_fired, p);
	if ((p->resume == NULL && make_resume(p) != 0) || kept_place_init(&p->place, place) != 0)
		err_set(e, ERR_MEMORY, 0, "no memory for a connection");
	else if (asking_init(&p->asking, &asking, e) == 0)
		return &p->asking.channel;
	release(&p->asking);
	return NULL;
}
