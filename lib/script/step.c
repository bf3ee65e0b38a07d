/* step.c: the steps that need no connection, and where each begins. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/script/child.h"
#include "lib/script/failure.h"
#include "lib/script/match.h"
#include "lib/script/play.h"
#include "lib/script/scope.h"
#include "lib/script/text.h"

static bool
fail(struct strand *s, const struct err *why)
{
	player_fail(s, NULL, why);
	return false;
}

static bool
no_memory(struct strand *s)
{
	struct err why;

	err_set(&why, ERR_MEMORY, 0, "no memory to play");
	return fail(s, &why);
}

/* --- set --------------------------------------------------------------------------------- */

static bool
step_set(struct strand *s)
{
	struct player *p = s->player;
	struct slice value;
	struct err why;

	if (stage_fill(p->stage, s->step->set.value, p->scope, &value, &why) != 0)
		return fail(s, &why);
	if (scope_set(p->scope, s->step->set.slot, value) == 0)
		return true;
	err_set(&why, ERR_LIMIT, 0, "{%.64s} cannot be set: %zu bytes, expected at most %d",
	    p->script->slots[s->step->set.slot].name, value.len, SCOPE_VALUE_MAX);
	return fail(s, &why);
}

/* --- exec -------------------------------------------------------------------------------- */

/* Without the newline at its end. */
static struct slice
trim(struct slice output)
{
	if (output.len > 0 && output.data[output.len - 1] == '\n')
		output.len--;
	return output;
}

static int
save_output(struct strand *s, struct slice output, struct err *why)
{
	const struct exec_step *exec = &s->step->exec;
	struct player *p = s->player;
	struct subject subject = {.data = output};
	struct match *m;
	int failed;

	if (exec->save_count == 0)
		return 0;
	m = match_new(p->script, NULL, 0, p->scope, why);
	if (m == NULL)
		return -1;
	failed = match_save(m, &subject, exec->saves, exec->save_count, p->scope, why);
	match_free(m);
	subject_release(&subject);
	return failed;
}

static int
judge_status(int status, struct err *why)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return err_set(why, ERR_MATCH, WEXITSTATUS(status),
		    "the command ended with status %d, expected 0", WEXITSTATUS(status));
	return err_set(why, ERR_MATCH, 0, "the command was ended by signal %d (%s)",
	    WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static void
command_ended(void *ctx, int status, struct slice output)
{
	struct strand *s = ctx;
	struct player *p = s->player;
	struct player_told t = {.act = PLAYER_RAN, .party = -1, .text = trim(output),
	    .code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
	struct err why;

	player_tell(p, s, &t);
	if (p->state != PLAYER_PLAYING)
		return;
	if (judge_status(status, &why) != 0 || save_output(s, t.text, &why) != 0)
		fail(s, &why);
	else
		player_done(s, clock_ns() - s->began);
	player_run(p);
}

bool
step_exec(struct strand *s)
{
	static const struct child_events events = {command_ended};
	struct player *p = s->player;
	struct slice command;
	struct err why;

	if (stage_fill(p->stage, s->step->exec.command, p->scope, &command, &why) != 0)
		return fail(s, &why);
	if (memchr(command.data, '\0', command.len) != NULL) {
		err_set(&why, ERR_MATCH, 0, "a command cannot have a NUL");
		return fail(s, &why);
	}
	buf_init(&s->data, STAGE_TEXT_MAX);
	if (buf_add(&s->data, command.data, command.len) != 0 || buf_add(&s->data, "", 1) != 0)
		return no_memory(s);
	s->child = child_new(p->stage->params.loop, (const char *)s->data.data, &events, s, &why);
	if (s->child == NULL)
		return fail(s, &why);
	strand_wait(s, WAIT_CHILD, strand_limit(s));
	return false;
}

/* --- blocks ------------------------------------------------------------------------------ */

void
step_round(struct strand *s, uint64_t round)
{
	char text[24];
	int len;

	if (!s->step->repeat.counts)
		return;
	len = snprintf(text, sizeof text, "%llu", (unsigned long long)round);
	if (scope_set(s->player->scope, s->step->repeat.slot, (struct slice){text,
	    (size_t)len}) != 0)
		no_memory(s);
}

static bool
step_enter(struct strand *s, const struct block *block)
{
	if (strand_enter(s, s->step, block) != 0)
		return no_memory(s);
	if (s->step->verb == VERB_REPEAT)
		step_round(s, 1);
	return false;
}

static bool
step_parallel(struct strand *s)
{
	const struct parallel_step *parallel = &s->step->parallel;

	if (parallel->count == 0)
		return true;
	s->children = parallel->count;
	strand_wait(s, WAIT_STRANDS, 0);
	for (size_t i = 0; i < parallel->count; i++)
		if (strand_new(s->player, s, &parallel->strands[i]) == NULL)
			return no_memory(s);
	return false;
}

/* --- barriers ---------------------------------------------------------------------------- */

static bool
waits_at(const struct strand *s, const struct strand *parent, const struct barrier_step *barrier)
{
	return s->parent == parent && s->wait == WAIT_BARRIER &&
	    (barrier == NULL || s->step->barrier.number == barrier->number);
}

/* `barrier` NULL: at any. */
static size_t
count_waiting(const struct strand *parent, const struct barrier_step *barrier)
{
	size_t count = 0;

	for (const struct strand *s = parent->player->strands; s != NULL; s = s->next)
		count += waits_at(s, parent, barrier);
	return count;
}

static void
open_barrier(struct strand *parent, const struct barrier_step *barrier)
{
	for (struct strand *s = parent->player->strands; s != NULL; s = s->next)
		if (waits_at(s, parent, barrier))
			player_done(s, clock_ns() - s->began);
}

/* When all that are left wait at barriers, none of them will ever open. */
void
step_check_barriers(struct strand *parent)
{
	struct strand *s = parent->player->strands;
	struct err why;

	if (count_waiting(parent, NULL) < parent->children)
		return;
	while (!waits_at(s, parent, NULL))
		s = s->next;
	err_set(&why, ERR_MATCH, 0, "this barrier waits in vain: the other strands are done, or "
	    "wait at other barriers");
	player_fail(s, NULL, &why);
}

static bool
step_barrier(struct strand *s)
{
	const struct barrier_step *barrier = &s->step->barrier;

	if (count_waiting(s->parent, barrier) + 1 == s->player->script->barriers[barrier->number]) {
		open_barrier(s->parent, barrier);
		return true;
	}
	strand_wait(s, WAIT_BARRIER, 0);
	step_check_barriers(s->parent);
	return false;
}

/* --- where each begins ------------------------------------------------------------------- */

bool
step_begin(struct strand *s)
{
	switch (s->step->verb) {
	case VERB_SET:
		return step_set(s);
	case VERB_WAIT:
		strand_wait(s, WAIT_TIME, s->step->wait_ns > 0 ? s->step->wait_ns : 1);
		return false;
	case VERB_EXEC:
		return step_exec(s);
	case VERB_HTTP:
		return step_http(s);
	case VERB_REPEAT:
		return step_enter(s, &s->step->repeat.block);
	case VERB_DO:
		return step_enter(s, &s->step->block);
	case VERB_PARALLEL:
		return step_parallel(s);
	case VERB_BARRIER:
		return step_barrier(s);
	case VERB_EXPECT:
		return step_expect(s);
	case VERB_OPEN:
	case VERB_SEND:
	case VERB_PING:
	case VERB_CLOSE:
	case VERB_DROP:
	case VERB_RECONNECT:
	case VERB_RESUME:
	case VERB_PAUSE:
	case VERB_CONTINUE:
	case VERB_CLEAR:
	case VERB_NO_MORE:
		return step_of_party(s);
	case VERB_TIMEOUT:
	case VERB_INCLUDE:
	case VERBS:
		break;
	}
	return true;
}

static void
command_timeout(struct strand *s)
{
	char text[LIMIT_TEXT];
	struct err why;

	err_set(&why, ERR_TIMEOUT, 0, "the command did not end within %s",
	    strand_within(s, text));
	fail(s, &why);
}

void
step_timeout(struct strand *s)
{
	switch (s->wait) {
	case WAIT_TIME:
		player_done(s, clock_ns() - s->began);
		break;
	case WAIT_CHILD:
		command_timeout(s);
		break;
	case WAIT_CALL:
		step_http_timeout(s);
		break;
	case WAIT_CLOSED:
	case WAIT_OPENING:
	case WAIT_LINE:
	case WAIT_ROOM:
	case WAIT_PONG:
		step_party_timeout(s);
		break;
	case WAIT_MESSAGE:
	case WAIT_NONE:
	case WAIT_END:
		expect_timeout(s);
		break;
	case WAIT_NOTHING:
	case WAIT_STRANDS:
	case WAIT_BARRIER:
		break;
	}
}
