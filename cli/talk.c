/*   connecting ──opened──► on-open, messages ──► input ──its end──► answered? ──► close ──► over
 *       ▲                                                             │ no: --wait, --linger
 *       └────────────────────── lost, --reconnect ◄────────────────────┘
 */
#include "cli/talk.h"

#include <stdlib.h>
#include <string.h>

#include "cli/record.h"
#include "cli/view.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/url.h"
#include "lib/codec/ws_frame.h"
#include "lib/loop/loop.h"
#include "lib/session/redirect.h"

enum {
	BREATH = 1 << 20,            /* bytes of messages, then everybody else has a turn */
	SETTLE_MS = 300,             /* silence that ends it when everything may be answered */
};

struct talk {
	struct talk_params params;
	struct view *view;
	const struct talk_events *events;
	void *ctx;
	struct conversation *conversation;
	struct conversation_events conversation_events;
	size_t next;                 /* what of on-open and messages is to be sent next */
	uint64_t received;           /* messages */
	uint64_t sent;               /* messages on this connection, … */
	uint64_t unanswered;         /* … less those that came since */
	bool input_ended, closing, over, waiting_for_room;
	bool ends_soon;              /* the clock runs that replies do not set again */
	bool enough;                 /* what else comes is not wanted */
	bool full;                   /* the output wants no messages for now */
	bool breathless;             /* too many came at once */
	size_t told;                 /* bytes of messages since the last breath, dropped ones too */
	unsigned close_code;         /* what we closed with */
	int interrupts;
	int exit_code;
	bool judged;                 /* exit_code is decided, whatever follows */
	struct loop_timer patience;  /* --wait or --linger, once the input has ended */
	struct loop_timer breath;    /* the next turn */
	struct record *record;       /* NULL: nothing is recorded */
	char where[2048];
	bool foreign;                /* redirects have left the origin */
};

static void
judge(struct talk *t, int code)
{
	if (!t->judged)
		t->exit_code = code;
	t->judged = true;
}

void
talk_close(struct talk *t, unsigned code, const char *reason)
{
	if (!t->closing && t->record != NULL)
		record_closing(t->record, code, reason);
	if (!t->closing)
		t->close_code = code;
	t->closing = true;
	loop_timer_clear(&t->patience);
	conversation_close(t->conversation, code, reason);
}

static void
begin_close(struct talk *t)
{
	if (!t->closing)
		talk_close(t, WS_CLOSE_NORMAL, NULL);
}

/* Whether as many messages came as were sent, so that there is only to see whether that was all: a
 * greeting is no answer, and an answer may have several parts. */
static bool
is_answered(const struct talk *t)
{
	return t->unanswered == 0 && t->params.count == 0 && !t->params.listens;
}

/* How long silence may last, now that the input has ended. */
static uint64_t
silence(const struct talk *t)
{
	uint64_t wait = t->params.wait;

	if (t->params.linger > 0)
		return t->params.linger;
	return is_answered(t) && wait > SETTLE_MS * NS_PER_MS ? SETTLE_MS * NS_PER_MS : wait;
}

/* The clock for replies runs from the moment when everything is on its way, anew with each; those
 * of --linger and of the end run once, or a server that never stops would keep us. */
static void
begin_patience(struct talk *t)
{
	bool once = t->params.linger > 0 || is_answered(t);
	uint64_t wait = silence(t);

	if (!t->input_ended || t->params.stays || t->closing ||
	    !conversation_is_open(t->conversation) || conversation_backlog(t->conversation) > 0)
		return;
	if (t->sent == 0 && is_answered(t) && t->params.linger == 0)
		begin_close(t);
	if (t->closing || wait == TALK_NO_LIMIT || (once && t->ends_soon))
		return;
	t->ends_soon = once;
	loop_timer_set(&t->patience, wait);
}

static void
tell_unanswered(struct talk *t, const char *when)
{
	struct err e;

	err_set(&e, ERR_TIMEOUT, 0, "%llu of %llu messages had no reply %s",
	    (unsigned long long)t->unanswered, (unsigned long long)t->sent, when);
	t->view->ops->complain(t->view, &e);
}

static void
patience_over(evutil_socket_t fd, short events, void *ctx)
{
	struct talk *t = ctx;

	(void)fd;
	(void)events;
	if (t->full && !t->ends_soon) {      /* replies may be waiting, unread */
		loop_timer_set(&t->patience, silence(t));
		return;
	}
	if (t->unanswered > 0 && t->params.count == 0 && t->params.linger == 0 &&
	    !t->params.listens)
		tell_unanswered(t, "in time (--wait)");
	begin_close(t);
}

/* --- pauses ------------------------------------------------------------------------------ */

static void
update_pause(struct talk *t)
{
	if (!t->over)
		conversation_pause(t->conversation, t->breathless || (t->full && !t->enough));
}

void
talk_hold(struct talk *t, bool hold)
{
	t->full = hold;
	update_pause(t);
}

/* From now on messages are dropped, so nobody has to wait for a full output. */
static void
have_enough(struct talk *t)
{
	t->enough = true;
	update_pause(t);
}

/* A read may hold hundreds of megabytes, compressed, wanted or not; a signal should not have to
 * wait for them. */
static void
count_told(struct talk *t, size_t len)
{
	t->told += len;
	if (t->told < BREATH || t->over)
		return;
	t->told = 0;
	t->breathless = true;
	loop_timer_set(&t->breath, 0);
	update_pause(t);
}

static void
breathed(evutil_socket_t fd, short events, void *ctx)
{
	struct talk *t = ctx;

	(void)fd;
	(void)events;
	t->breathless = false;
	update_pause(t);
}

/* --- sending ----------------------------------------------------------------------------- */

bool
talk_send(struct talk *t, enum message_kind kind, const void *data, size_t len)
{
	struct message m = {.kind = kind, .data = data, .len = len};

	if (t->closing || !conversation_is_open(t->conversation))
		return false;
	if (conversation_send(t->conversation, kind, data, len) < 0) {
		t->waiting_for_room = true;
		t->events->busy(t->ctx);
		return false;
	}
	t->sent++;
	t->unanswered++;
	if (t->record != NULL) {
		m.at = clock_ns();
		record_sent(t->record, &m);
	}
	t->view->ops->message(t->view, &m, true);
	return true;
}

bool
talk_say(struct talk *t, const char *text, size_t len)
{
	return talk_send(t, t->params.binary ? MESSAGE_BINARY : MESSAGE_TEXT, text, len);
}

bool
talk_ping(struct talk *t)
{
	if (t->conversation == NULL || conversation_ping(t->conversation) != 0)
		return false;
	if (t->record != NULL)
		record_pinged(t->record, clock_ns());
	return true;
}

/* What --on-open and --message say, as far as there is room. */
static void
send_prepared(struct talk *t)
{
	size_t all = t->params.on_open_count + t->params.message_count;
	const char *text;

	while (t->next < all) {
		text = t->next < t->params.on_open_count ? t->params.on_open[t->next] :
		    t->params.messages[t->next - t->params.on_open_count];
		if (!talk_say(t, text, strlen(text)))
			return;
		t->next++;
	}
	if ((t->params.message_count > 0 || t->params.listens) && !t->input_ended)
		talk_input_ended(t);
	else
		t->events->ready(t->ctx);
	begin_patience(t);
}

void
talk_input_ended(struct talk *t)
{
	if (t->input_ended)
		return;
	t->input_ended = true;
	begin_patience(t);
}

/* --- the conversation -------------------------------------------------------------------- */

static void
record_attempt(const struct talk *t, struct record *r)
{
	const struct record_place place = {t->where, t->foreign};

	record_connecting(r, &place);
}

static void
connecting(void *ctx, const struct url *to, unsigned redirect)
{
	struct talk *t = ctx;

	url_text(to, t->where, sizeof t->where);
	t->foreign = redirect > 0 && (t->foreign ||
	    !redirect_same_origin(to, t->params.conversation.url));
	if (t->record != NULL)
		record_attempt(t, t->record);
	t->view->ops->connecting(t->view, t->where, redirect);
}

static void
opened(void *ctx, const struct channel_opened *o)
{
	struct talk *t = ctx;

	if (t->record != NULL)
		record_open(t->record, o->at);
	t->view->ops->opened(t->view, o);
	t->next = 0;
	t->ends_soon = false;
	t->sent = t->unanswered = 0;
	t->waiting_for_room = false;
	send_prepared(t);
}

/* What is still to be published by requests was said before enough was heard. */
static void
end_enough(struct talk *t)
{
	if (t->params.conversation.publish == NULL ||
	    conversation_backlog(t->conversation) == 0)
		begin_close(t);
}

static void
send_back(struct talk *t, const struct message *m)
{
	struct err e;

	if (talk_send(t, m->kind, m->data, m->len) || !t->waiting_for_room)
		return;
	err_set(&e, ERR_LIMIT, 0, "the server takes too little of what is echoed");
	talk_stop(t, &e);
}

static void
message(void *ctx, const struct message *m)
{
	struct talk *t = ctx;

	if (t->enough) {
		count_told(t, m->len);
		return;
	}
	t->received++;
	t->unanswered -= t->unanswered > 0;
	if (t->record != NULL)
		record_received(t->record, m);
	t->view->ops->message(t->view, m, false);
	if (t->params.echo)
		send_back(t, m);
	begin_patience(t);
	if (t->params.count > 0 && t->received >= t->params.count)
		have_enough(t);
	if (t->enough)
		end_enough(t);
	count_told(t, m->len);
}

static void
pong(void *ctx, uint64_t round_trip_ns)
{
	struct talk *t = ctx;

	t->view->ops->pong(t->view, round_trip_ns);
}

static void
drained(void *ctx)
{
	struct talk *t = ctx;

	t->waiting_for_room = false;
	if (t->enough)
		end_enough(t);
	else if (t->next < t->params.on_open_count + t->params.message_count)
		send_prepared(t);
	else if (!t->closing)
		t->events->ready(t->ctx);
	begin_patience(t);
}

static void
closing(void *ctx, const struct channel_end *end)
{
	struct talk *t = ctx;

	t->closing = t->closing || t->params.conversation.retries == 0;
	loop_timer_clear(&t->patience);
	t->events->busy(t->ctx);
	t->view->ops->closing(t->view, end);
}

static void
retrying(void *ctx, const struct conversation_retry *r)
{
	struct talk *t = ctx;

	loop_timer_clear(&t->patience);
	t->events->busy(t->ctx);
	if (t->record != NULL)
		record_closed(t->record, r->why, clock_ns(), true);
	if (t->unanswered > 0 && !t->params.stays)
		tell_unanswered(t, "when the connection was lost");
	t->sent = t->unanswered = 0;
	t->view->ops->retrying(t->view, r);
}

/* Why it ended, as an exit code (hail-connect(1), EXIT STATUS). A server may have closed with a
 * code of its own while ours was on its way. */
static int
code_of_end(const struct talk *t, const struct channel_end *end)
{
	if (end->why.class != ERR_NONE)
		return err_exit_code(end->why.class);
	return end->code == 0 || end->code == WS_CLOSE_NORMAL || end->code == WS_CLOSE_NO_STATUS ||
	    (!end->by_peer && end->code == t->close_code) ? EXIT_FINE : EXIT_CONNECTION;
}

static void
check_count(struct talk *t)
{
	struct err e;

	if (t->judged || t->params.count == 0 || t->received >= t->params.count)
		return;
	err_set(&e, ERR_MATCH, 0, "%llu of %llu messages came",
	    (unsigned long long)t->received, (unsigned long long)t->params.count);
	t->view->ops->complain(t->view, &e);
	judge(t, EXIT_CHECK);
}

static void
closed(void *ctx, const struct channel_end *end)
{
	struct talk *t = ctx;
	int code = code_of_end(t, end);

	t->over = true;
	t->closing = true;
	loop_timer_clear(&t->patience);
	loop_timer_clear(&t->breath);
	if (t->record != NULL)
		record_closed(t->record, end, clock_ns(), false);
	t->view->ops->ended(t->view, end);
	if (code == EXIT_FINE)
		check_count(t);
	judge(t, code);
	t->events->busy(t->ctx);
	t->events->over(t->ctx);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct talk *t = ctx;

	if (t->enough && w->kind == WIRE_FRAME && w->frame->opcode != WS_CLOSE)
		return;
	t->view->ops->wire(t->view, w);
}

static void
notice(void *ctx, const struct channel_notice *n)
{
	struct talk *t = ctx;

	if (!t->enough)
		t->view->ops->complain(t->view, &n->what);
}

/* What was sent by a request will not be answered. The talk goes on, but it has failed. */
static void
refused(void *ctx, const struct err *why, const struct channel_refusal *refusal)
{
	struct talk *t = ctx;
	const struct channel_end end = {.why = *why, .refusal = refusal};

	t->unanswered -= t->unanswered > 0;
	if (t->record != NULL)
		record_refused(t->record, why);
	t->view->ops->refused(t->view, &end);
	if (t->params.stays)
		return;
	judge(t, err_exit_code(why->class));
	begin_patience(t);
}

/* --- the rest ---------------------------------------------------------------------------- */

struct talk *
talk_new(struct loop *l, const struct talk_params *p, struct view *view,
    const struct talk_events *events, void *ctx, struct err *e)
{
	struct talk *t = calloc(1, sizeof *t);

	if (t == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a conversation");
		return NULL;
	}
	t->params = *p;
	t->view = view;
	t->events = events;
	t->ctx = ctx;
	t->conversation_events = (struct conversation_events){connecting, opened, message, pong,
	    drained, closing, retrying, closed, view->wants_wire ? wire : NULL, notice, refused};
	loop_timer_init(&t->patience, l, patience_over, t);
	loop_timer_init(&t->breath, l, breathed, t);
	t->conversation = conversation_open(l, &p->conversation, &t->conversation_events, t, e);
	if (t->conversation == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void
talk_free(struct talk *t)
{
	if (t == NULL)
		return;
	loop_timer_clear(&t->patience);
	loop_timer_clear(&t->breath);
	conversation_free(t->conversation, false);
	record_free(t->record, NULL);
	free(t);
}

int
talk_record(struct talk *t, const char *path, struct err *e)
{
	struct record *old = t->record;

	t->record = NULL;
	if (old != NULL && record_free(old, e) != 0)
		return -1;
	if (path == NULL)
		return 0;
	t->record = record_new(path, t->params.record, e);
	if (t->record == NULL)
		return -1;
	record_attempt(t, t->record);
	if (t->conversation != NULL && conversation_is_open(t->conversation))
		record_open(t->record, clock_ns());
	return 0;
}

void
talk_stop(struct talk *t, const struct err *why)
{
	if (why != NULL)
		t->view->ops->complain(t->view, why);
	judge(t, why != NULL ? err_exit_code(why->class) : EXIT_FINE);
	have_enough(t);
	begin_close(t);
}

static void
leave(struct talk *t)
{
	t->over = true;
	conversation_free(t->conversation, false);
	t->conversation = NULL;
	t->events->over(t->ctx);
}

void
talk_interrupt(struct talk *t)
{
	judge(t, EXIT_INTERRUPTED);
	if (t->over)
		return;
	have_enough(t);
	if (++t->interrupts > 1)
		leave(t);
	else
		begin_close(t);
}

struct conversation *
talk_conversation(struct talk *t)
{
	return t->conversation;
}

int
talk_exit_code(const struct talk *t)
{
	return t->exit_code;
}
