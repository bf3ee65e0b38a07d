/* http_play.h: a channel that receives by HTTP against a scripted server (http_stage.h). In a
 * header for the same reason. The channel's trace, joined by " | ":
 *     open STATUS              "open -": without an answer
 *     NAME#ID=DATA             a message; without a name when that is "message" or there is none
 *     gap, busy                notices
 *     closed[ by peer][ again][ final][ CLASS CODE][ retry=MS][ STATUS "BODY"[ cut]] */
#ifndef HAIL_TESTS_HTTP_PLAY_H
#define HAIL_TESTS_HTTP_PLAY_H

#include "lib/channel/channel.h"
#include "lib/channel/resume.h"
#include "lib/codec/http_head.h"
#include "tests/unit/http_stage.h"

enum { PLAY_SHOWN_MAX = 60 };        /* longer messages are traced by their length */

/* What a callback does with its channel. */
enum act {
	ACT_NONE,
	ACT_FREE,
	ACT_CLOSE,
	ACT_PAUSE,                   /* for STAGE_LATER_MS */
	ACT_FLICKER,                 /* pauses and unpauses at once */
};

struct play_acts {
	enum act at_start;           /* when the channel was made */
	enum act at_open;
	enum act at_message;         /* at the first, or … */
	unsigned message;            /* … at this one */
	bool each;                   /* at each from that one on */
};

struct play {
	struct stage stage;
	struct resume resume;
	struct channel *channel;
	struct play_acts acts;
	unsigned messages;
	bool paused, over;
};

static void
play_say(struct play *p, const char *word)
{
	stage_say(&p->stage, word);
}

/* Ends the play when whatever is still to come has had time. */
static void
play_end(struct play *p)
{
	p->over = true;
	stage_wait(&p->stage);
}

static void
play_act(struct play *p, enum act what)
{
	switch (what) {
	case ACT_NONE:
		break;
	case ACT_FREE:
		channel_free(p->channel, false);
		p->channel = NULL;
		play_end(p);
		break;
	case ACT_CLOSE:
		channel_close(p->channel, 0, NULL);
		channel_close(p->channel, 0, NULL);
		break;
	case ACT_PAUSE:
		channel_pause(p->channel, true);
		p->paused = true;
		stage_wait(&p->stage);
		break;
	case ACT_FLICKER:
		channel_pause(p->channel, true);
		channel_pause(p->channel, false);
		break;
	}
}

static void
play_later(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	if (p->over || p->channel == NULL) {
		loop_stop(p->stage.server.loop);
		return;
	}
	p->paused = false;
	play_say(p, "(on)");
	channel_pause(p->channel, false);
}

static void
play_opened(void *ctx, const struct channel_opened *o)
{
	struct play *p = ctx;

	play_say(p, "open ");
	if (o->head != NULL)
		buf_addf(&p->stage.client, "%d", o->head->status);
	else
		buf_addf(&p->stage.client, "-");
	play_act(p, p->acts.at_open);
}

static void
play_message(void *ctx, const struct message *m)
{
	struct play *p = ctx;
	unsigned wanted = p->acts.message > 0 ? p->acts.message : 1;

	play_say(p, p->paused ? "in a pause: " : "");
	if (m->event.data != NULL && !slice_eq(m->event, "message"))
		buf_addf(&p->stage.client, "%.*s", (int)m->event.len, m->event.data);
	if (m->id.len > 0)
		buf_addf(&p->stage.client, "#%.*s", (int)m->id.len, m->id.data);
	if (m->len > PLAY_SHOWN_MAX)
		buf_addf(&p->stage.client, "=%zu bytes", m->len);
	else
		buf_addf(&p->stage.client, "=%.*s", (int)m->len, (const char *)m->data);
	p->messages++;
	if (p->acts.at_message != ACT_NONE &&
	    (p->messages == wanted || (p->acts.each && p->messages > wanted)))
		play_act(p, p->acts.at_message);
}

static void
play_pong(void *ctx, const uint8_t *data, size_t len, uint64_t at)
{
	(void)data;
	(void)len;
	(void)at;
	play_say(ctx, "a pong");
}

static void
play_drained(void *ctx)
{
	play_say(ctx, "drained");
}

static void
play_closing(void *ctx, const struct channel_end *end)
{
	(void)end;
	play_say(ctx, "closing");
}

static void
play_closed(void *ctx, const struct channel_end *end)
{
	struct play *p = ctx;
	const struct channel_refusal *r = end->refusal;

	play_say(p, "closed");
	buf_addf(&p->stage.client, "%s%s%s", end->by_peer ? " by peer" : "",
	    end->again ? " again" : "",
	    end->final ? " final" : "");
	if (end->why.class != ERR_NONE)
		buf_addf(&p->stage.client, " %s %d", err_class_name(end->why.class), end->why.code);
	if (end->retry_ns > 0)
		buf_addf(&p->stage.client, " retry=%g", (double)end->retry_ns / (double)NS_PER_MS);
	if (r != NULL)
		buf_addf(&p->stage.client, " %d \"%.*s\"%s", r->head->status, (int)r->body.len,
		    r->body.len > 0 ? r->body.data : "", r->cut ? " cut" : "");
	channel_free(p->channel, false);
	p->channel = NULL;
	play_end(p);
}

static void
play_notice(void *ctx, const struct channel_notice *n)
{
	play_say(ctx, n->kind == NOTICE_GAP ? "gap" : "busy");
}

static const struct channel_events play_events = {play_opened, play_message, play_pong,
    play_drained, play_closing, play_closed, NULL, play_notice};

/* Everything but the channel. The script and what is `shown` are set before, in stage.server. */
static void
play_set_up(struct play *p)
{
	stage_set_up(&p->stage, play_later, p);
	resume_init(&p->resume);
}

/* p->channel is open, or NULL. Runs to the end of the play, and ends both traces by NUL. */
static void
play_run(struct play *p)
{
	if (p->stage.client.len > 0 || p->channel == NULL)
		play_say(p, "failed at once");
	if (p->channel != NULL) {
		play_act(p, p->acts.at_start);
		loop_run(p->stage.server.loop, NULL);
	}
	stage_end_traces(&p->stage);
}

static void
play_tear_down(struct play *p)
{
	channel_free(p->channel, false);
	stage_tear_down(&p->stage);
	resume_release(&p->resume);
}

#endif
