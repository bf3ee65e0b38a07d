/* crowd_test.c: players that play again and again: what becomes of each play, and what counts. The
 * players are made here: they do as the test says, without any script or server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ledger/hist.h"
#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "bench/plan/plan.h"
#include "bench/run/crowd.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/script/player.h"
#include "tests/unit/tap.h"

enum { MEMBERS = 5, STEPS = 4 };

/* --- a script, and players of it --------------------------------------------------------- */

enum deed {
	COMPLETE,                /* opens, measures, sends, receives, and ends in order */
	HANG,                    /* opens, then does nothing until it is stopped */
	REPEAT,                  /* opens, comes to a repeat forever, and repeats */
	BLINK,                   /* opens, and ends in order 2 ms later, or a bit more */
	FAIL,                    /* opens, then fails at step 2 */
	FAIL_AT_END,
	REFUSE,                  /* does not open */
	REST,                    /* does not even try */
};

static struct test {
	struct loop *loop;
	struct script script;
	struct step steps[STEPS], *numbers[STEPS];
	struct plan plan;
	struct tally *tally;
	struct crowd *crowd;
	enum deed (*deed)(uint64_t conn, uint64_t iteration);
	uint64_t plays, settled, idle;
	struct stage_totals all;
	uint64_t shortest_pause;         /* between a failure and the next play */
	bool broken;
} test;

struct player {
	struct player_params params;
	struct player_totals totals;
	struct loop_timer timer;
	uint64_t iteration, ended_at;
	enum deed deed;
	bool playing, open;
};

static void
set_open(struct player *p, bool open)
{
	if (open == p->open)
		return;
	p->open = open;
	test.all.plays.open += open ? 1 : UINT64_MAX;
	if (!open)
		return;
	p->totals.opened++;
	test.all.plays.opened++;
	test.all.opened_at = clock_ns();
	if (test.all.plays.open > test.all.peak)
		test.all.peak = test.all.plays.open;
}

static void
end_play(struct player *p, enum err_class class, const struct step *step, bool connecting)
{
	struct player_failure f = {.step = step, .party = -1, .connecting = connecting};

	p->playing = false;
	p->ended_at = class != ERR_NONE ? clock_ns() : 0;
	set_open(p, false);
	err_set(&f.why, class, 0, "as the test says");
	p->params.events->over(p->params.ctx, class != ERR_NONE ? &f : NULL);
}

static void
act(evutil_socket_t fd, short events, void *ctx)
{
	struct player *p = ctx;

	(void)fd;
	(void)events;
	if (p->open) {
		end_play(p, ERR_NONE, NULL, false);
		return;
	}
	set_open(p, p->deed < REFUSE);
	switch (p->deed) {
	case COMPLETE:
		p->params.events->measured(p->params.ctx, &test.steps[1], NS_PER_MS);
		test.all.plays.sent += 2;
		test.all.plays.received += 3;
		end_play(p, ERR_NONE, NULL, false);
		break;
	case BLINK:
		loop_timer_set(&p->timer, 2 * NS_PER_MS);
		break;
	case HANG:
	case REPEAT:
	case REST:
		break;
	case FAIL:
		end_play(p, ERR_MATCH, &test.steps[2], false);
		break;
	case FAIL_AT_END:
		end_play(p, ERR_CLOSED, NULL, false);
		break;
	case REFUSE:
		p->totals.failed++;
		test.all.plays.failed++;
		test.all.plays.errors[ERR_CONNECT]++;
		end_play(p, ERR_CONNECT, &test.steps[0], true);
		break;
	}
}

struct player *
player_new(const struct player_params *params)
{
	struct player *p = calloc(1, sizeof *p);

	p->params = *params;
	loop_timer_init(&p->timer, test.loop, act, p);
	return p;
}

void
player_play(struct player *p, uint64_t iteration)
{
	uint64_t now = clock_ns();

	tap_ok(!p->playing && iteration == p->iteration + 1, "play %llu of player %llu",
	    (unsigned long long)iteration, (unsigned long long)p->params.conn);
	if (p->ended_at > 0 && now - p->ended_at < test.shortest_pause)
		test.shortest_pause = now - p->ended_at;
	test.plays++;
	p->playing = true;
	p->iteration = iteration;
	p->deed = test.deed(p->params.conn, iteration);
	loop_timer_set(&p->timer, 0);
}

void
player_stop(struct player *p)
{
	loop_timer_clear(&p->timer);
	if (p->playing)
		end_play(p, ERR_INTERRUPTED, NULL, false);
}

void
player_free(struct player *p)
{
	if (p != NULL)
		loop_timer_clear(&p->timer);
	free(p);
}

void
player_totals(const struct player *p, struct player_totals *t)
{
	*t = p->totals;
}

bool
player_is_endless(const struct player *p)
{
	return p->deed == REPEAT;
}

const struct stage_totals *
stage_totals(const struct stage *s)
{
	(void)s;
	return &test.all;
}

/* --- a crowd of them --------------------------------------------------------------------- */

static void
settled(void *ctx)
{
	(void)ctx;
	test.settled++;
}

static void
idle(void *ctx)
{
	(void)ctx;
	test.idle++;
}

static void
broken(void *ctx, const struct err *why)
{
	(void)ctx;
	printf("# %s\n", why->text);
	test.broken = true;
}

static const struct crowd_events events = {settled, idle, broken};

/* Steps on lines 1 to 4 of "a.hail"; the second has a label. */
static void
make_script(void)
{
	test.script = (struct script){.name = "a.hail", .file_count = 1, .step_count = STEPS,
	    .steps = test.numbers};
	test.script.files[0].name = "a.hail";
	for (unsigned i = 0; i < STEPS; i++) {
		test.steps[i] = (struct step){.number = i, .spot = {0, i + 1, 1}};
		test.numbers[i] = &test.steps[i];
	}
	test.steps[1].label = "rtt";
	test.script.body = (struct block){STEPS, test.steps};
}

static void
begin_with(enum deed (*deed)(uint64_t conn, uint64_t iteration), enum verb first)
{
	struct crowd_params params = {.plan = &test.plan, .script = &test.script,
	    .limit_ns = 3600 * NS_PER_S, .events = &events};
	struct err e = {0};

	test = (struct test){.deed = deed, .shortest_pause = UINT64_MAX};
	make_script();
	test.steps[0].verb = VERB_SET;
	test.steps[1].verb = first;
	test.plan = (struct plan){.workload = PLAN_SCRIPT, .connections = MEMBERS};
	params.loop = test.loop = loop_new(&e);
	params.tally = test.tally = tally_new();
	test.crowd = crowd_new(&params, &e);
}

static void
begin(enum deed (*deed)(uint64_t conn, uint64_t iteration))
{
	begin_with(deed, VERB_OPEN);
}

static void
end(void)
{
	tap_ok(!test.broken, "nothing broke");
	crowd_free(test.crowd);
	tally_free(test.tally);
	loop_free(test.loop);
}

static bool
is_settled(void)
{
	return test.settled > 0;
}

static bool
is_idle(void)
{
	return test.idle > 0;
}

/* Turns the loop until that is so. */
static void
turn_until(bool (*is_so)(void))
{
	while (!is_so() && !test.broken)
		event_base_loop(loop_base(test.loop), EVLOOP_ONCE);
}

static void
plays_are(uint64_t begun, uint64_t completed, uint64_t failed, uint64_t unfinished,
    const char *name)
{
	const struct tally_script *s = test.tally->script;

	if (!tap_ok(s->begun == begun && s->completed == completed && s->failed == failed &&
	    s->unfinished == unfinished, "%s", name))
		printf("# begun %llu, completed %llu, failed %llu, unfinished %llu\n",
		    (unsigned long long)s->begun, (unsigned long long)s->completed,
		    (unsigned long long)s->failed, (unsigned long long)s->unfinished);
}

/* --- the tests --------------------------------------------------------------------------- */

static enum deed
complete_three(uint64_t conn, uint64_t iteration)
{
	(void)conn;
	return iteration <= 3 ? COMPLETE : HANG;
}

static bool
all_hang(void)
{
	return test.plays == 4 * MEMBERS && crowd_look(test.crowd) == MEMBERS;
}

static void
test_counting(void)
{
	begin(complete_three);
	crowd_begin(test.crowd);
	turn_until(is_settled);
	turn_until(all_hang);
	tap_ok(!crowd_is_in_vain(test.crowd), "not in vain");
	crowd_drain(test.crowd);
	crowd_settle(test.crowd);
	plays_are(20, 15, 0, 5, "each completed three, and did not end the fourth");
	tap_ok(test.tally->sent == 30 && test.tally->received == 45, "messages of all plays");
	tap_ok(test.tally->opened == 20 && test.tally->requested == 20 && test.tally->peak >= 5,
	    "connections of all plays");
	tap_int((long long)test.tally->script->labels[0].latency->count, 15, "one label each");
	tap_int((long long)crowd_worst(test.crowd), NS_PER_MS, "the longest that a label took");
	tap_int((long long)crowd_worst(test.crowd), 0, "… is told once");
	crowd_stop(test.crowd);
	turn_until(is_idle);
	plays_are(20, 15, 0, 5, "what is stopped afterwards changes nothing");
	tap_int((long long)test.plays, 20, "nobody begins again");
	end();
}

static void
test_warmup(void)
{
	begin(complete_three);
	crowd_begin(test.crowd);
	turn_until(all_hang);
	crowd_count(test.crowd);
	plays_are(5, 0, 0, 0, "what was before does not count, plays under way do");
	tap_ok(test.tally->sent == 0 && test.tally->received == 0 && test.tally->opened == 20,
	    "… nor messages, but connections do");
	tap_int((long long)test.tally->script->labels[0].latency->count, 0, "… nor measures");
	crowd_drain(test.crowd);
	crowd_settle(test.crowd);
	plays_are(5, 0, 0, 5, "… which are unfinished then");
	end();
}

static enum deed
hang(uint64_t conn, uint64_t iteration)
{
	(void)conn;
	(void)iteration;
	return HANG;
}

/* The last two never get as far as the repeat. */
static enum deed
repeat_most(uint64_t conn, uint64_t iteration)
{
	(void)iteration;
	return conn < 3 ? REPEAT : HANG;
}

static void
test_endless(void)
{
	begin(repeat_most);
	test.script.endless = true;
	crowd_begin(test.crowd);
	turn_until(is_settled);
	crowd_drain(test.crowd);
	turn_until(is_idle);
	crowd_settle(test.crowd);
	plays_are(5, 3, 0, 2, "what would never end is completed when it had got that far");
	tap_int((long long)test.tally->script->play->count, 0, "… but took no time of its own");
	end();
	begin(repeat_most);
	crowd_begin(test.crowd);
	turn_until(is_settled);
	crowd_settle(test.crowd);
	plays_are(5, 3, 0, 2, "… also when it was not stopped before");
	end();
}

static enum deed
blink_once(uint64_t conn, uint64_t iteration)
{
	(void)conn;
	return iteration == 1 ? BLINK : REST;
}

static bool
all_rest(void)
{
	return test.plays == 2 * MEMBERS;
}

/* Nobody looks while they are open. */
static void
test_opening(void)
{
	uint64_t begun = clock_ns();

	begin(blink_once);
	test.plan.connect_rate = 0;
	crowd_begin(test.crowd);
	turn_until(all_rest);
	tap_ok(test.all.peak > 0 && test.all.plays.open == 0, "all were open for a moment");
	while (clock_ns() - begun < 50 * NS_PER_MS)
		event_base_loop(loop_base(test.loop), EVLOOP_NONBLOCK);
	tap_int((long long)crowd_look(test.crowd), 0, "nobody is any more");
	tap_int((long long)test.tally->peak, (long long)test.all.peak, "the peak is known");
	tap_ok(test.tally->open_ns > 0 && test.tally->open_ns <= test.all.opened_at - begun,
	    "the time of opening ends with the last that opened");
	end();
}

/* Each player differs. */
static enum deed
fail_once(uint64_t conn, uint64_t iteration)
{
	static const enum deed first[MEMBERS] = {FAIL, FAIL, FAIL_AT_END, REFUSE, COMPLETE};

	return iteration == 1 ? first[conn] : HANG;
}

static bool
all_again(void)
{
	return test.plays == 2 * MEMBERS;
}

static void
test_failures(void)
{
	const struct tally_failure *f;

	begin(fail_once);
	crowd_begin(test.crowd);
	turn_until(all_again);
	tap_ok(test.shortest_pause >= 450 * NS_PER_MS, "who failed waits for about a second");
	tap_ok(!crowd_is_in_vain(test.crowd), "one could not connect: not in vain");
	crowd_drain(test.crowd);
	crowd_settle(test.crowd);
	plays_are(10, 1, 4, 5, "four failed");
	tap_int((long long)test.tally->script->unconnected, 1, "one of them could not connect");
	f = test.tally->script->failures;
	tap_ok(f->at.line == 1 && f->count == 1 && f->first.class == ERR_CONNECT, "… at line 1");
	f = f->next;
	tap_ok(f->at.line == 3 && f->count == 2 && f->first.class == ERR_MATCH, "two at line 3");
	f = f->next;
	tap_ok(f->at.line == 0 && f->count == 1 && f->first.class == ERR_CLOSED && f->next == NULL,
	    "one at the end of the script");
	end();
}

static enum deed
refuse(uint64_t conn, uint64_t iteration)
{
	(void)conn;
	(void)iteration;
	return REFUSE;
}

static void
test_in_vain(void)
{
	begin(refuse);
	crowd_begin(test.crowd);
	turn_until(is_settled);
	tap_ok(crowd_is_in_vain(test.crowd), "nobody could connect");
	crowd_settle(test.crowd);
	plays_are(5, 0, 5, 0, "… so all failed");
	tap_ok(test.tally->failed == 5 && test.tally->errors[ERR_CONNECT] == 5 &&
	    test.tally->opened == 0, "… to connect");
	crowd_stop(test.crowd);
	turn_until(is_idle);
	end();
}

static void
test_pace(void)
{
	uint64_t begun = clock_ns();

	begin(hang);
	test.plan.connect_rate = 100;
	crowd_begin(test.crowd);
	turn_until(is_settled);
	tap_ok(clock_ns() - begun >= 40 * NS_PER_MS, "a rate spreads the beginning");
	tap_int((long long)test.plays, MEMBERS, "… of all");
	crowd_stop(test.crowd);
	turn_until(is_idle);
	end();
}

static enum deed
rest(uint64_t conn, uint64_t iteration)
{
	(void)conn;
	(void)iteration;
	return REST;
}

static void
test_resting(void)
{
	begin_with(rest, VERB_WAIT);
	crowd_begin(test.crowd);
	turn_until(is_settled);
	tap_int((long long)test.plays, MEMBERS, "who waits first has begun, connection or not");
	crowd_stop(test.crowd);
	turn_until(is_idle);
	end();
}

int
main(void)
{
	test_counting();
	test_warmup();
	test_endless();
	test_opening();
	test_failures();
	test_in_vain();
	test_pace();
	test_resting();
	return tap_done();
}
