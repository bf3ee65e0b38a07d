#include "bench/run/crowd.h"

#include <stdlib.h>

#include "bench/ledger/hist.h"
#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "bench/plan/plan.h"
#include "bench/run/turns.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/script/player.h"
#include "lib/script/script.h"

enum { BATCH = 256 };                        /* stopped in one turn, so that it stays short */

struct member {
	struct turn turn;                    /* between two plays */
	struct crowd *crowd;
	struct player *player;               /* NULL: not begun */
	uint64_t began;                      /* its play, or the last one; clock_ns */
	uint32_t iteration;
	bool playing;
	bool tried;                          /* a play of it has ended */
};

struct crowd {
	struct crowd_params params;
	struct tally_script *counted;
	int *labels;                         /* by step: of counted; -1: it has none */
	struct turns turns;
	struct member *members;
	uint64_t begun, playing;             /* players */
	bool rests_first;                    /* before anything else each player waits */
	uint64_t vain;                       /* players whose first play could not connect */
	uint64_t begun_at;                   /* clock_ns of the first */
	struct member *opening[PLAN_OPENING_PACED];  /* their first connection is not there yet */
	size_t opening_count;
	uint64_t stop_next;                  /* from which member crowd_stop goes on */
	uint64_t sent_before, received_before, requests_before;  /* crowd_count */
	uint64_t worst_ns;
	bool draining, stopping, settled, accounted;
	struct loop_timer pace;
};

/* --- what a play comes to ---------------------------------------------------------------- */

static void
no_memory(struct crowd *c)
{
	struct err e;

	err_set(&e, ERR_MEMORY, 0, "no memory for players");
	c->params.events->broken(c->params.ctx, &e);
}

static void
measured(void *ctx, const struct step *step, uint64_t took_ns)
{
	const struct member *m = ctx;
	struct crowd *c = m->crowd;
	int label = c->labels[step->number];

	if (label < 0 || c->accounted)
		return;
	if (took_ns > c->worst_ns)
		c->worst_ns = took_ns;
	if (tally_script_measured(c->counted, (size_t)label, took_ns) != 0)
		no_memory(c);
}

static int
count_failure(struct crowd *c, const struct player_failure *f)
{
	const struct script *s = c->params.script;
	struct tally_line at = {s->name, 0};
	size_t step = s->step_count;

	if (f->step != NULL) {
		step = f->step->number;
		at.file = s->files[f->step->spot.file].name;
		at.line = f->step->spot.line;
	}
	c->counted->unconnected += f->connecting;
	return tally_script_failed(c->counted, step, at, &f->why);
}

/* One that never ends by itself is complete when it had got that far. */
static void
count_stopped(struct crowd *c, const struct member *m)
{
	if (player_is_endless(m->player))
		c->counted->completed++;
	else
		c->counted->unfinished++;
}

static void
count_play(struct crowd *c, const struct member *m, const struct player_failure *f)
{
	if (f == NULL) {
		c->counted->completed++;
		hist_record(c->counted->play, clock_ns() - m->began);
	} else if (f->why.class == ERR_INTERRUPTED) {
		count_stopped(c, m);
	} else if (count_failure(c, f) != 0) {
		no_memory(c);
	}
}

static void
check_idle(struct crowd *c)
{
	if ((c->draining || c->stopping) && c->playing == 0)
		loop_timer_set(&c->pace, 0);
}

static void
over(void *ctx, const struct player_failure *f)
{
	struct member *m = ctx;
	struct crowd *c = m->crowd;

	m->playing = false;
	c->playing--;
	if (!m->tried)
		c->vain += f != NULL && f->connecting;
	m->tried = true;
	if (!c->accounted)
		count_play(c, m, f);
	if (c->draining || c->stopping)
		check_idle(c);
	else if (f == NULL)
		turns_next(&c->turns, &m->turn);
	else
		turns_pause(&c->turns, &m->turn);
}

static const struct player_events player_events = {NULL, measured, over};

/* --- playing ----------------------------------------------------------------------------- */

static void
play(struct member *m)
{
	struct crowd *c = m->crowd;

	m->playing = true;
	m->began = clock_ns();
	c->playing++;
	c->counted->begun += !c->accounted;
	player_play(m->player, ++m->iteration);
}

static void
play_again(void *ctx, struct turn *t)
{
	(void)ctx;
	play((struct member *)t);
}

static const char *
url_of(const struct plan *p, uint64_t index)
{
	return p->target_count > 0 ? p->target_texts[plan_target_of(p, index)] : NULL;
}

/* -1: no memory. */
static int
begin_one(struct crowd *c)
{
	uint64_t index = c->begun;
	struct member *m = &c->members[index];
	struct player_params params = {.stage = c->params.stage, .script = c->params.script,
	    .conn = index, .url = url_of(c->params.plan, index), .events = &player_events,
	    .ctx = m};

	m->player = player_new(&params);
	if (m->player == NULL) {
		no_memory(c);
		return -1;
	}
	m->crowd = c;
	c->begun++;
	c->opening[c->opening_count++] = m;
	play(m);
	return 0;
}

/* Whether nothing of its beginning is waited for any more. */
static bool
has_begun(const struct crowd *c, const struct member *m, uint64_t now)
{
	struct player_totals t;

	if (m->tried || c->rests_first || now - m->began > c->params.limit_ns)
		return true;
	player_totals(m->player, &t);
	return t.opened + t.failed + t.requests > 0;
}

static void
look_at_opening(struct crowd *c)
{
	uint64_t now = clock_ns();

	for (size_t i = c->opening_count; i-- > 0;)
		if (has_begun(c, c->opening[i], now))
			c->opening[i] = c->opening[--c->opening_count];
}

static void
begin_more(struct crowd *c)
{
	const struct plan *p = c->params.plan;
	uint64_t most = plan_opening_max(p), until = plan_due(p, clock_ns() - c->begun_at);

	look_at_opening(c);
	while (c->begun < until && c->opening_count < most)
		if (begin_one(c) != 0)
			return;
	if (c->begun < p->connections || c->opening_count > 0) {
		loop_timer_set(&c->pace, NS_PER_MS);
	} else if (!c->settled) {
		c->settled = true;
		c->params.events->settled(c->params.ctx);
	}
}

/* A script that never ends is stopped when it shall drain. */
static bool
must_stop(const struct crowd *c)
{
	return c->stopping || (c->draining && c->params.script->endless);
}

static void
stop_more(struct crowd *c)
{
	int batch = BATCH;

	while (c->stop_next < c->begun && batch > 0) {
		struct member *m = &c->members[c->stop_next++];

		if (!m->playing)
			continue;
		player_stop(m->player);
		batch--;
	}
	if (c->stop_next < c->begun)
		loop_timer_set(&c->pace, 1);
}

static void
pace_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct crowd *c = ctx;

	(void)fd;
	(void)events;
	if (must_stop(c))
		stop_more(c);
	else if (!c->draining)
		begin_more(c);
	if ((c->draining || c->stopping) && c->playing == 0)
		c->params.events->idle(c->params.ctx);
}

/* --- its course -------------------------------------------------------------------------- */

void
crowd_begin(struct crowd *c)
{
	c->begun_at = clock_ns();
	loop_timer_set(&c->pace, 1);
}

void
crowd_count(struct crowd *c)
{
	struct tally *t = c->params.tally;

	crowd_look(c);
	c->sent_before += t->sent;
	c->received_before += t->received;
	c->requests_before += c->counted->requests;
	t->sent = t->received = 0;
	tally_script_clear(c->counted);
	c->counted->begun = c->playing;
	c->worst_ns = 0;
}

/* Whoever waits for a turn has played for the last time. */
static void
begin_no_more(struct crowd *c)
{
	turns_clear(&c->turns);
	loop_timer_set(&c->pace, 0);
}

void
crowd_drain(struct crowd *c)
{
	c->draining = true;
	begin_no_more(c);
}

void
crowd_settle(struct crowd *c)
{
	crowd_look(c);
	for (uint64_t i = 0; i < c->begun; i++)
		if (c->members[i].playing)
			count_stopped(c, &c->members[i]);
	c->accounted = true;
}

void
crowd_stop(struct crowd *c)
{
	c->stopping = true;
	c->stop_next = 0;
	begin_no_more(c);
}

/* --- what others ask --------------------------------------------------------------------- */

uint64_t
crowd_look(struct crowd *c)
{
	const struct stage_totals *all = stage_totals(c->params.stage);
	const struct player_totals *plays = &all->plays;
	struct tally *t = c->params.tally;

	if (c->accounted)
		return plays->open;
	t->requested = plays->opened + plays->failed;
	t->opened = t->transports_opened = plays->opened;
	t->failed = plays->failed;
	t->dropped = plays->dropped;
	t->peak = all->peak;
	t->open_ns = all->opened_at > c->begun_at ? all->opened_at - c->begun_at : 0;
	t->sent = plays->sent - c->sent_before;
	t->received = plays->received - c->received_before;
	for (int i = 0; i < ERR_CLASSES; i++)
		t->errors[i] = plays->errors[i];
	c->counted->requests = plays->requests - c->requests_before;
	return plays->open;
}

void
crowd_bytes(const struct crowd *c, uint64_t *in, uint64_t *out)
{
	struct player_totals one;

	*in = *out = 0;
	for (uint64_t i = 0; i < c->begun; i++) {
		player_totals(c->members[i].player, &one);
		*in += one.bytes_in;
		*out += one.bytes_out;
	}
}

uint64_t
crowd_worst(struct crowd *c)
{
	uint64_t ns = c->worst_ns;

	c->worst_ns = 0;
	return ns;
}

bool
crowd_is_in_vain(const struct crowd *c)
{
	return c->vain == c->params.plan->connections;
}

/* --- life -------------------------------------------------------------------------------- */

static int
take_labels(struct crowd *c, struct err *e)
{
	const struct script *s = c->params.script;

	for (size_t i = 0; i < s->step_count; i++) {
		const struct step *step = s->steps[i];
		struct tally_line at = {s->files[step->spot.file].name, step->spot.line};

		c->labels[i] = step->label != NULL ?
		    tally_script_label(c->counted, step->label, at) : -1;
		if (step->label != NULL && c->labels[i] < 0)
			return err_set(e, ERR_LIMIT, 0, "%.150s: more than %d labels, or no "
			    "memory for them", s->name, TALLY_LABELS);
	}
	return 0;
}

/* Then nobody has to wait until the others have connected. */
static bool
rests_first(const struct script *s)
{
	size_t i = 0;

	while (i < s->body.count && s->body.steps[i].verb == VERB_SET)
		i++;
	return i < s->body.count && s->body.steps[i].verb == VERB_WAIT;
}

/* -1: *e. */
static int
prepare(struct crowd *c, struct err *e)
{
	const struct script *s = c->params.script;

	c->rests_first = rests_first(s);
	c->members = calloc(c->params.plan->connections, sizeof *c->members);
	c->labels = calloc(s->step_count + 1, sizeof *c->labels);
	c->counted = c->params.tally->script = tally_script_new(s->name);
	if (c->members == NULL || c->labels == NULL || c->counted == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for players");
	return take_labels(c, e);
}

struct crowd *
crowd_new(const struct crowd_params *params, struct err *e)
{
	struct crowd *c = calloc(1, sizeof *c);

	if (c == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for players");
		return NULL;
	}
	c->params = *params;
	turns_init(&c->turns, params->loop, play_again, c);
	loop_timer_init(&c->pace, params->loop, pace_fired, c);
	if (prepare(c, e) == 0)
		return c;
	crowd_free(c);
	return NULL;
}

void
crowd_free(struct crowd *c)
{
	if (c == NULL)
		return;
	loop_timer_clear(&c->pace);
	turns_clear(&c->turns);
	for (uint64_t i = 0; i < c->begun; i++)
		player_free(c->members[i].player);
	free(c->members);
	free(c->labels);
	free(c);
}
