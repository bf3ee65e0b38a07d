/* hub_test.c: how history and live messages meet, with a broker that answers when it is told to.
 *
 * A trace holds what a member was told: "5" a live message, "r5" one from the history, "settled@5"
 * where it began, "stranded". */
#include "lib/node/hub.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/node/broker.h"
#include "lib/node/message.h"
#include "tests/unit/tap.h"

#define ORIGIN "n1/a/1/1"

struct script {
	struct broker broker;            /* the first member */
	struct history_request *asked[8];
	size_t count;
	enum broker_state state;
};

struct listener {
	struct member member;            /* the first member */
	struct buf trace;
	bool full;
};

static void
note(struct listener *l, const char *prefix, struct stream_id id)
{
	buf_addf(&l->trace, "%s%s%d", l->trace.len > 0 ? " " : "", prefix, (int)id.ms);
}

static void
deliver(struct member *m, struct message *message, bool replayed)
{
	note((struct listener *)m, replayed ? "r" : "", message->id);
}

static bool
has_room(const struct member *m)
{
	return !((const struct listener *)m)->full;
}

static void
settled(struct member *m)
{
	note((struct listener *)m, "settled@", m->cursor);
}

static void
stranded(struct member *m)
{
	struct listener *l = (struct listener *)m;

	buf_addf(&l->trace, "%sstranded", l->trace.len > 0 ? " " : "");
}

static const struct member_ops plain = {.deliver = deliver, .has_room = has_room};
static const struct member_ops curious = {deliver, has_room, settled, stranded};

static void
history(struct broker *b, struct history_request *r)
{
	struct script *s = (struct script *)b;

	if (s->state == BROKER_DOWN)
		r->done(r, false, false);
	else
		s->asked[s->count++] = r;
}

static enum broker_state
state(const struct broker *b)
{
	return ((const struct script *)b)->state;
}

static const struct broker_ops ops = {.history = history, .state = state};

static void
say(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

struct world {
	struct script script;
	struct broker *broker;
	struct hub *hub;
	struct listener one, two;
};

static void
begin(struct world *w)
{
	*w = (struct world){.script = {.broker = {.ops = &ops}, .state = BROKER_UP}};
	w->broker = &w->script.broker;
	w->hub = hub_new(&(struct hub_params){&w->broker, 1000, say, NULL});
	w->one.member.ops = w->two.member.ops = &curious;
	buf_init(&w->one.trace, 1000);
	buf_init(&w->two.trace, 1000);
}

static void
end(struct world *w)
{
	hub_leave(w->hub, &w->one.member);
	hub_leave(w->hub, &w->two.member);
	tap_int((long long)w->script.count, 0, "every question was answered");
	hub_free(w->hub);
	buf_release(&w->one.trace);
	buf_release(&w->two.trace);
}

static void
join(struct world *w, struct listener *l, int since)
{
	struct stream_id id = {(uint64_t)since, 0};

	hub_join(w->hub, slice_of("room"), &l->member, since >= 0 ? &id : NULL);
}

static void
live(struct world *w, int id)
{
	hub_live(w->hub, slice_of("room"), (struct stream_id){(uint64_t)id, 0},
	    slice_of(ORIGIN), slice_of("x"));
}

/* Answers the oldest question with messages first to last; none when last is below first. */
static void
answer(struct world *w, int first, int last)
{
	struct history_request *r = w->script.asked[0];

	w->script.count--;
	memmove(w->script.asked, w->script.asked + 1,
	    w->script.count * sizeof *w->script.asked);
	for (int i = first; i <= last; i++)
		r->entry(r, (struct stream_id){(uint64_t)i, 0}, slice_of(ORIGIN), slice_of("x"));
	r->done(r, true, false);
}

static void
fail(struct world *w)
{
	struct history_request *r = w->script.asked[0];

	w->script.count--;
	memmove(w->script.asked, w->script.asked + 1,
	    w->script.count * sizeof *w->script.asked);
	r->done(r, false, false);
}

static void
told(const struct listener *l, const char *want, const char *name)
{
	char got[1000];

	snprintf(got, sizeof got, "%.*s", (int)l->trace.len,
	    l->trace.len > 0 ? (const char *)l->trace.data : "");
	tap_text(got, want, name);
}

static void
test_begins_where_the_topic_stands(void)
{
	struct world w;

	begin(&w);
	join(&w, &w.one, -1);
	told(&w.one, "", "it is not known yet");
	live(&w, 4);
	answer(&w, 5, 5);
	told(&w.one, "settled@5", "what came meanwhile was there before");
	live(&w, 5);
	live(&w, 6);
	told(&w.one, "settled@5 6", "then it is live");
	join(&w, &w.two, -1);
	told(&w.two, "settled@6", "the next one knows at once");
	end(&w);
}

static void
test_what_came_after_is_read(void)
{
	struct world w;

	begin(&w);
	join(&w, &w.one, -1);
	live(&w, 6);
	answer(&w, 5, 5);
	told(&w.one, "", "6 was published after the answer: it is in the history");
	answer(&w, 6, 6);
	told(&w.one, "r6 settled@6", "and comes from there");
	live(&w, 7);
	told(&w.one, "r6 settled@6 7", "then it is live");
	end(&w);
}

static void
test_empty_topic(void)
{
	struct world w;

	begin(&w);
	join(&w, &w.one, -1);
	answer(&w, 1, 0);
	told(&w.one, "settled@0", "before everything");
	join(&w, &w.two, -1);
	told(&w.two, "settled@0", "for the next one, too");
	live(&w, 1);
	told(&w.one, "settled@0 1", "the first message");
	end(&w);
}

static void
test_since(void)
{
	struct world w;

	begin(&w);
	join(&w, &w.one, 5);
	answer(&w, 9, 9);
	answer(&w, 5, 7);
	told(&w.one, "r6 r7 settled@7", "the history, then the end of it");
	join(&w, &w.two, 7);
	live(&w, 8);
	answer(&w, 7, 8);
	told(&w.two, "r8 settled@8", "live and history meet");
	end(&w);
}

static void
test_no_room(void)
{
	struct world w;

	begin(&w);
	w.one.full = true;
	join(&w, &w.one, 5);
	answer(&w, 9, 9);
	told(&w.one, "", "nothing is read without room");
	w.one.full = false;
	hub_more(w.hub, &w.one.member);
	answer(&w, 6, 6);
	told(&w.one, "r6 settled@6", "then it is");
	end(&w);
}

static void
test_plain_members_ask_nothing(void)
{
	struct world w;

	begin(&w);
	w.one.member.ops = w.two.member.ops = &plain;
	join(&w, &w.one, -1);
	answer(&w, 5, 5);
	join(&w, &w.two, -1);
	live(&w, 6);
	told(&w.one, "6", "live from the start");
	told(&w.two, "6", "live from the start, too");
	end(&w);
}

static void
test_broker_away(void)
{
	struct world w;

	begin(&w);
	hub_interrupted(w.hub);
	w.script.state = BROKER_DOWN;
	join(&w, &w.one, -1);
	join(&w, &w.two, 3);
	told(&w.one, "stranded", "nobody knows where the topic stands");
	told(&w.two, "stranded stranded", "nor what came after");
	w.script.state = BROKER_UP;
	hub_resumed(w.hub);
	tap_int((long long)w.script.count, 2, "what was missed is asked for, and what came after");
	answer(&w, 1, 0);
	answer(&w, 4, 5);
	told(&w.two, "stranded stranded r4 r5 settled@5", "the history goes on");
	live(&w, 6);
	told(&w.one, "stranded 6", "live as if nothing had been");
	end(&w);
}

static void
test_broker_lost_meanwhile(void)
{
	struct world w;

	begin(&w);
	join(&w, &w.one, -1);
	hub_interrupted(w.hub);
	told(&w.one, "stranded", "the question is still open");
	fail(&w);
	told(&w.one, "stranded", "its end is no news");
	hub_resumed(w.hub);
	answer(&w, 7, 8);
	told(&w.one, "stranded 7 8 settled@8", "what was missed, and then where it stands");
	end(&w);
}

static void
test_question_fails(void)
{
	struct world w;

	begin(&w);
	join(&w, &w.one, -1);
	fail(&w);
	told(&w.one, "stranded", "nobody knows");
	live(&w, 4);
	told(&w.one, "stranded 4", "but it is a member");
	end(&w);
}

static void
test_leaves_while_asking(void)
{
	struct world w;

	begin(&w);
	join(&w, &w.one, -1);
	hub_leave(w.hub, &w.one.member);
	answer(&w, 5, 5);
	told(&w.one, "", "whoever has left is told nothing");
	end(&w);
}

int
main(void)
{
	test_begins_where_the_topic_stands();
	test_what_came_after_is_read();
	test_empty_topic();
	test_since();
	test_no_room();
	test_plain_members_ask_nothing();
	test_broker_away();
	test_broker_lost_meanwhile();
	test_question_fails();
	test_leaves_while_asking();
	return tap_done();
}
