#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/script/call.h"
#include "lib/script/child.h"
#include "lib/script/match.h"
#include "lib/script/play.h"

enum { FRAMES_FIRST = 2 };

/* --- waiting ----------------------------------------------------------------------------- */

static void
arm(struct strand *s)
{
	uint64_t now = clock_ns();

	/* libevent counts from when this turn of the loop began: a little later is never early. */
	loop_timer_set(&s->timer, s->until > now ? s->until - now + NS_PER_US : 0);
}

static void
timer_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct strand *s = ctx;
	struct player *p = s->player;

	(void)fd;
	(void)events;
	if (p->state != PLAYER_PLAYING)
		return;
	if (clock_ns() < s->until) {
		arm(s);
		return;
	}
	step_timeout(s);
	player_run(p);
}

void
strand_wait(struct strand *s, enum wait wait, uint64_t limit)
{
	if (s->wait == WAIT_NOTHING)
		strand_unready(s);
	s->wait = wait;
	s->until = limit == 0 ? 0 : limit < UINT64_MAX - s->began ? s->began + limit : UINT64_MAX;
	if (s->until != 0)
		arm(s);
}

void
strand_wait_for(struct strand *s, struct party *party, enum wait wait, uint64_t limit)
{
	struct strand **link = &party->waiting;

	while (*link != NULL)
		link = &(*link)->next_waiting;
	*link = s;
	s->next_waiting = NULL;
	s->party = party;
	strand_wait(s, wait, limit);
}

/* --- running ----------------------------------------------------------------------------- */

static void
leave_party(struct strand *s)
{
	struct strand **link;

	if (s->party == NULL)
		return;
	for (link = &s->party->waiting; *link != s; link = &(*link)->next_waiting)
		continue;
	*link = s->next_waiting;
	s->party = NULL;
}

static void
make_ready(struct strand *s)
{
	struct player *p = s->player;

	s->next_ready = NULL;
	*p->last_ready = s;
	p->last_ready = &s->next_ready;
}

void
strand_unready(struct strand *s)
{
	struct player *p = s->player;

	p->ready = s->next_ready;
	if (p->ready == NULL)
		p->last_ready = &p->ready;
}

void
strand_wake(struct strand *s)
{
	if (s->wait == WAIT_NOTHING)
		return;
	loop_timer_clear(&s->timer);
	leave_party(s);
	s->wait = WAIT_NOTHING;
	make_ready(s);
}

void
strand_try_again(struct strand *s)
{
	s->tries_again = true;
	strand_wake(s);
}

uint64_t
strand_limit(const struct strand *s)
{
	return s->step->limit_ns != 0 ? s->step->limit_ns : s->player->stage->params.limit_ns;
}

const char *
strand_time_text(char into[LIMIT_TEXT], uint64_t ns)
{
	bool s = ns >= NS_PER_S, ms = ns >= NS_PER_MS;

	snprintf(into, LIMIT_TEXT, "%.6g %s", (double)ns / (double)(s ? NS_PER_S : ms ? NS_PER_MS :
	    NS_PER_US), s ? "s" : ms ? "ms" : "us");
	return into;
}

const char *
strand_within(const struct strand *s, char into[LIMIT_TEXT])
{
	return strand_time_text(into, s->until - s->began);
}

/* --- life -------------------------------------------------------------------------------- */

int
strand_enter(struct strand *s, const struct step *of, const struct block *block)
{
	if (s->depth == s->room) {
		unsigned room = s->room > 0 ? 2 * s->room : FRAMES_FIRST;
		struct frame *grown = realloc(s->frames, room * sizeof *grown);

		if (grown == NULL)
			return -1;
		s->frames = grown;
		s->room = room;
	}
	s->frames[s->depth++] = (struct frame){.block = block, .of = of, .round = 1,
	    .began = s->began};
	return 0;
}

struct strand *
strand_new(struct player *p, struct strand *parent, const struct block *block)
{
	struct strand *s = calloc(1, sizeof *s);

	if (s == NULL || strand_enter(s, NULL, block) != 0) {
		free(s);
		return NULL;
	}
	s->player = p;
	s->parent = parent;
	buf_init(&s->data, STAGE_TEXT_MAX);
	loop_timer_init(&s->timer, p->stage->params.loop, timer_fired, s);
	s->next = p->strands;
	p->strands = s;
	make_ready(s);
	return s;
}

void
strand_tidy(struct strand *s)
{
	match_free(s->match);
	child_free(s->child);
	call_free(s->call);
	if (s->data.cap > 0)
		buf_release(&s->data);
	s->match = NULL;
	s->child = NULL;
	s->call = NULL;
}

/* That it is ready is somebody else's concern. */
void
strand_free(struct strand *s)
{
	struct strand **link = &s->player->strands;

	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	loop_timer_clear(&s->timer);
	leave_party(s);
	strand_tidy(s);
	free(s->frames);
	free(s);
}
