/*           player_play                the last line is done, the play is broken, player_stop
 *     IDLE ────────────► PLAYING ─────────────────────────────────────► ENDING
 *      ▲                                                                   │ the next turn:
 *      └── over ◄── all connections are gone ── CLOSING ◄──────────────────┘ all are closed
 *
 *     A strand:  ready ── its step is begun ──► done: ready for the next one
 *                  ▲                        └─► waits: for time, a party, other strands, …
 *                  └── that has come; or its time is up, which breaks the play
 *
 * While PLAYING strands run, one step after the other, until all of them wait. What a party tells
 * makes strands ready, and they run before its callback returns; only when somebody in the middle
 * of a step makes one ready, or when there is no end to it, that is left to the next turn. */
#include "lib/script/player.h"

#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/script/call.h"
#include "lib/script/failure.h"
#include "lib/script/play.h"
#include "lib/script/scope.h"

enum {
	STEPS_A_TURN = 1000,             /* then others have theirs */
	STATE_MAX = 512,
};

/* --- telling ----------------------------------------------------------------------------- */

const char *
player_name(const struct player *p, const struct party *party)
{
	return p->script->parties[party->number];
}

/* Once the play is broken we close what is open: that is no news, and would stand between what
 * happened and the failure. */
static bool
is_our_close(const struct player_told *t)
{
	return t->act == PLAYER_ENDED && !t->end->by_peer && t->end->why.class == ERR_NONE;
}

void
player_tell(struct player *p, const struct strand *s, struct player_told *t)
{
	if (!player_is_watched(p) || (p->broken && is_our_close(t)))
		return;
	t->step = s != NULL ? s->step : NULL;
	if (t->at == 0)
		t->at = clock_ns();
	p->events->told(p->ctx, t);
}

static void
tell_step(struct strand *s, enum player_act act, uint64_t at, uint64_t took_ns)
{
	struct player_told t = {.act = act, .at = at, .party = s->step->party,
	    .took_ns = took_ns};

	player_tell(s->player, s, &t);
}

/* Of what came at that time: how long after the last thing that was sent before it, or after the
 * beginning of the step. */
static uint64_t
latency(const struct strand *s, uint64_t at)
{
	const struct player *p = s->player;
	uint64_t from = p->sent_at <= at ? p->sent_at : p->sent_before;

	if (from == 0)
		from = s->began;
	return at > from ? at - from : 0;
}

void
player_sends(struct player *p)
{
	uint64_t now = clock_ns();

	p->sent_before = p->sent_at;
	p->sent_at = now;
}

static void
measure(const struct strand *s, uint64_t took_ns)
{
	const struct player_events *events = s->player->events;

	if (s->step->label != NULL && events->measured != NULL)
		events->measured(s->player->ctx, s->step, took_ns);
}

/* --- the play is broken ------------------------------------------------------------------ */

static void
end_play(struct player *p)
{
	p->state = PLAYER_ENDING;
	loop_timer_set(&p->turn, 0);
}

struct failure *
player_fail_at(struct player *p, const struct step *step, struct party *party,
    const struct err *why)
{
	struct failure *f;
	struct buf state;

	if (p->state != PLAYER_PLAYING)
		return NULL;
	end_play(p);
	p->broken = true;
	f = p->failure = failure_new();
	if (f == NULL)
		return NULL;
	f->f.step = step;
	f->f.why = *why;
	f->f.at = clock_ns();
	f->f.party = party != NULL ? party->number : -1;
	if (party != NULL) {
		buf_init(&state, STATE_MAX);
		party_state_text(party, &state);
		failure_state(f, &state);
		buf_release(&state);
	}
	return f;
}

struct failure *
player_fail(struct strand *s, struct party *party, const struct err *why)
{
	struct failure *f = player_fail_at(s->player, s->step, party, why);

	if (f == NULL)
		return NULL;
	f->f.waited_ns = f->f.at - s->began;
	if (s->step->verb == VERB_EXPECT || s->step->verb == VERB_HTTP)
		measure(s, latency(s, f->f.at));
	return f;
}

struct party *
player_party(struct strand *s)
{
	struct player *p = s->player;
	struct party **place = &p->parties[s->step->party];
	struct err why;

	if (*place == NULL && (*place = party_new(&p->host, s->step->party)) == NULL) {
		err_set(&why, ERR_MEMORY, 0, "no memory for a party");
		player_fail(s, NULL, &why);
	} else {
		(*place)->keeps_answer = p->cast->asks_answer[s->step->party];
	}
	return *place;
}

/* --- running ----------------------------------------------------------------------------- */

static void
done(struct strand *s, uint64_t at, uint64_t took_ns)
{
	strand_tidy(s);
	tell_step(s, PLAYER_DONE, at, took_ns);
	measure(s, took_ns);
	s->step = NULL;
	strand_wake(s);
}

void
player_done(struct strand *s, uint64_t took_ns)
{
	done(s, 0, took_ns);
}

void
player_done_at(struct strand *s, uint64_t at)
{
	done(s, 0, latency(s, at));
}

static uint64_t
elapsed(const struct strand *s)
{
	return clock_ns() - s->began;
}

static void
begin(struct strand *s, const struct step *step)
{
	s->step = step;
	s->began = clock_ns();
	if (step->verb == VERB_REPEAT && step->repeat.times == SCRIPT_FOREVER)
		s->player->endless = true;
	tell_step(s, PLAYER_STEP, s->began, 0);
	if (s->player->state == PLAYER_PLAYING && step_begin(s))
		player_done(s, elapsed(s));
}

static void
begin_again(struct strand *s)
{
	s->tries_again = false;
	if (step_begin(s))
		player_done(s, elapsed(s));
}

/* The end of the script: whoever was lost, and nobody noticed, breaks the play even now. */
static void
end_script(struct player *p)
{
	struct err why;

	for (size_t i = 0; i < p->script->party_count; i++) {
		struct party *party = p->parties[i];

		if (party == NULL || !party->lost || party->end == NULL)
			continue;
		party_count_loss(party);
		err_set(&why, party->end->end.why.class, party->end->end.why.code,
		    "%.64s's connection was lost, and no line expected that: %.140s",
		    player_name(p, party), party->end->end.why.text);
		player_fail_at(p, NULL, party, &why);
		return;
	}
	end_play(p);
}

static void
end_strand(struct strand *s)
{
	struct player *p = s->player;
	struct strand *parent = s->parent;

	strand_unready(s);
	strand_free(s);
	if (parent == NULL) {
		end_script(p);
		return;
	}
	if (--parent->children == 0)
		player_done(parent, elapsed(parent));
	else
		step_check_barriers(parent);
}

/* A block is done: once more, or what stands behind it. */
static void
end_block(struct strand *s)
{
	struct frame *f = &s->frames[s->depth - 1];
	const struct step *step = f->of;

	if (step == NULL) {
		end_strand(s);
		return;
	}
	s->step = step;
	s->began = f->began;
	if (step->verb == VERB_REPEAT && f->round < step->repeat.times) {
		f->round++;
		f->at = 0;
		step_round(s, f->round);
		return;
	}
	s->depth--;
	player_done(s, elapsed(s));
}

static void
go_on(struct strand *s)
{
	struct frame *f = &s->frames[s->depth - 1];

	if (s->tries_again)
		begin_again(s);
	else if (f->at < f->block->count)
		begin(s, &f->block->steps[f->at++]);
	else
		end_block(s);
}

void
player_run(struct player *p)
{
	if (p->running)
		return;
	p->running = true;
	for (int left = STEPS_A_TURN; left > 0 && p->ready != NULL && p->state == PLAYER_PLAYING;
	    left--)
		go_on(p->ready);
	p->running = false;
	if (p->ready != NULL && p->state == PLAYER_PLAYING)
		loop_timer_set(&p->turn, 0);
}

/* --- the end ----------------------------------------------------------------------------- */

static void
free_strands(struct player *p)
{
	p->ready = NULL;
	p->last_ready = &p->ready;
	while (p->strands != NULL)
		strand_free(p->strands);
}

static void
free_parties(struct player *p)
{
	for (size_t i = 0; i < p->script->party_count; i++) {
		party_free(p->parties[i]);
		p->parties[i] = NULL;
	}
}

static void
close_parties(struct player *p)
{
	for (size_t i = 0; i < p->script->party_count; i++)
		if (p->parties[i] != NULL) {
			party_pause(p->parties[i], false);
			party_close(p->parties[i], 1000, NULL);
		}
}

static bool
all_over(const struct player *p)
{
	for (size_t i = 0; i < p->script->party_count; i++)
		if (p->parties[i] != NULL && p->parties[i]->state != PARTY_OVER)
			return false;
	return true;
}

/* Whoever is told may play again, or free the player. */
static void
finish(struct player *p)
{
	static const struct player_failure no_memory = {.party = -1,
	    .why = {ERR_MEMORY, 0, "no memory to say why the play is broken"}};
	struct failure *f = p->failure;
	bool broken = p->broken;

	free_parties(p);
	loop_timer_clear(&p->turn);
	p->failure = NULL;
	p->broken = false;
	p->state = PLAYER_IDLE;
	p->events->over(p->ctx, f != NULL ? &f->f : broken ? &no_memory : NULL);
	failure_free(f);
}

static void
turn(evutil_socket_t fd, short events, void *ctx)
{
	struct player *p = ctx;

	(void)fd;
	(void)events;
	switch (p->state) {
	case PLAYER_IDLE:
		break;
	case PLAYER_PLAYING:
		player_run(p);
		break;
	case PLAYER_ENDING:
		free_strands(p);
		p->state = PLAYER_CLOSING;
		close_parties(p);
		/* fallthrough */
	case PLAYER_CLOSING:
		if (p->stops > 1 || all_over(p))
			finish(p);
		break;
	}
}

void
player_check_end(struct player *p)
{
	if (p->state == PLAYER_CLOSING && all_over(p))
		loop_timer_set(&p->turn, 0);
}

/* --- life -------------------------------------------------------------------------------- */

static struct slice
last_id(void *ctx, size_t party)
{
	const struct player *p = ctx;

	return p->parties[party] != NULL ? party_last_id(p->parties[party]) :
	    (struct slice){"", 0};
}

struct player *
player_new(const struct player_params *params)
{
	struct player *p = calloc(1, sizeof *p);
	struct scope_params scope = {.script = params->script, .rng = params->stage->params.rng,
	    .conn = params->conn, .url = params->url, .last_id = last_id, .ctx = p};

	if (p == NULL)
		return NULL;
	p->stage = params->stage;
	p->script = params->script;
	p->events = params->events;
	p->ctx = params->ctx;
	p->last_ready = &p->ready;
	p->host = (struct party_host){p->stage, params->conn, &p->totals, &hear_events, p};
	loop_timer_init(&p->turn, p->stage->params.loop, turn, p);
	p->cast = stage_cast(p->stage, p->script);
	p->scope = scope_new(&scope);
	p->parties = calloc(p->script->party_count + 1, sizeof(struct party *));
	if (p->cast != NULL && p->scope != NULL && p->parties != NULL)
		return p;
	player_free(p);
	return NULL;
}

void
player_play(struct player *p, uint64_t iteration)
{
	struct err why;

	if (p->state != PLAYER_IDLE)
		return;
	p->state = PLAYER_PLAYING;
	p->stops = 0;
	p->endless = false;
	p->sent_at = p->sent_before = 0;
	scope_begin(p->scope, iteration);
	loop_timer_set(&p->turn, 0);
	if (strand_new(p, NULL, &p->script->body) == NULL) {
		err_set(&why, ERR_MEMORY, 0, "no memory to play");
		player_fail_at(p, NULL, NULL, &why);
	}
}

/* Where the first strand stands. */
static const struct step *
step_of(const struct player *p)
{
	const struct strand *s = p->strands;

	while (s != NULL && s->parent != NULL)
		s = s->next;
	return s != NULL ? s->step : NULL;
}

void
player_stop(struct player *p)
{
	struct err why;

	if (p->state == PLAYER_IDLE)
		return;
	p->stops++;
	err_set(&why, ERR_INTERRUPTED, 0, "stopped");
	player_fail_at(p, step_of(p), NULL, &why);
	loop_timer_set(&p->turn, 0);
}

void
player_free(struct player *p)
{
	if (p == NULL)
		return;
	p->state = PLAYER_IDLE;
	loop_timer_clear(&p->turn);
	free_strands(p);
	if (p->parties != NULL)
		free_parties(p);
	for (int i = 0; i < PLAYER_CALLS; i++)
		call_free(p->calls[i]);
	scope_free(p->scope);
	failure_free(p->failure);
	free(p->parties);
	free(p);
}

bool
player_is_endless(const struct player *p)
{
	return p->endless;
}

void
player_totals(const struct player *p, struct player_totals *t)
{
	*t = p->totals;
	for (size_t i = 0; i < p->script->party_count; i++)
		if (p->parties[i] != NULL)
			party_add_bytes(p->parties[i], t);
}
