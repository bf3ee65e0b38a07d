/* What is done once, when all lines are read and right. */
#include "lib/script/parse.h"

static void number_steps(struct script *s, const struct block *block);

static void
number_within(struct script *s, const struct step *step)
{
	if (step->verb == VERB_REPEAT)
		number_steps(s, &step->repeat.block);
	else if (step->verb == VERB_DO)
		number_steps(s, &step->block);
	for (size_t i = 0; step->verb == VERB_PARALLEL && i < step->parallel.count; i++)
		number_steps(s, &step->parallel.strands[i]);
}

static void
number_steps(struct script *s, const struct block *block)
{
	for (size_t i = 0; i < block->count; i++) {
		s->steps[block->steps[i].number] = &block->steps[i];
		number_within(s, &block->steps[i]);
	}
}

/* Opening may fail where the next line of the party is about that. */
static int
find_refusable(struct parser *p)
{
	struct script *s = p->script;
	struct step **last = parse_take(p, (s->party_count + 1) * sizeof *last);

	for (size_t i = 0; last != NULL && i < s->step_count; i++) {
		struct step *step = s->steps[i];
		bool judges = step->verb == VERB_EXPECT && (step->expect.kind == EXPECT_ANSWER ||
		    step->expect.kind == EXPECT_FAILED);

		if (step->party < 0)
			continue;
		if (judges && last[step->party] != NULL)
			last[step->party]->open.refusable = true;
		last[step->party] = step->verb == VERB_OPEN || step->verb == VERB_RECONNECT ||
		    step->verb == VERB_RESUME ? step : NULL;
	}
	return last != NULL ? 0 : -1;
}

static const char *
copy_of(struct parser *p, struct slice name)
{
	const char *copy = arena_text(&p->script->arena, name);

	if (copy == NULL)
		parse_error_memory(p);
	return copy;
}

static int
finish_names(struct parser *p)
{
	const struct script_params *params = p->params;
	struct script *s = p->script;

	s->slot_count = p->variables.count;
	s->slots = parse_take(p, (s->slot_count + 1) * sizeof *s->slots);
	for (size_t i = 0; i < s->slot_count && !p->stop; i++)
		s->slots[i].name = copy_of(p, p->variables.items[i]);
	for (size_t i = 0; i < params->define_count && !p->stop; i++) {
		struct slice value = slice_of(params->defines[i].value);
		long slot = symbols_find(&p->variables, slice_of(params->defines[i].name));

		s->slots[slot].value = copy_of(p, value);
		s->slots[slot].len = value.len;
	}
	s->party_count = p->parties.count;
	s->parties = parse_take(p, (s->party_count + 1) * sizeof *s->parties);
	for (size_t i = 0; i < s->party_count && !p->stop; i++)
		s->parties[i] = copy_of(p, p->parties.items[i]);
	s->uuid_count = p->uuids.count;
	return p->stop ? -1 : 0;
}

static int
finish_barriers(struct parser *p)
{
	struct script *s = p->script;

	s->barrier_count = p->meetings.count;
	s->barriers = parse_take(p, (s->barrier_count + 1) * sizeof *s->barriers);
	for (size_t i = 0; i < s->barrier_count && !p->stop; i++)
		s->barriers[i] = ((struct meeting *)p->meetings.items)[i].strands;
	return p->stop ? -1 : 0;
}

void
parse_finish(struct parser *p)
{
	struct script *s = p->script;

	s->body.count = p->steps.count;
	s->body.steps = parse_gathered(p, &p->steps, 0);
	s->step_count = p->step_number;
	s->steps = parse_take(p, (s->step_count + 1) * sizeof(struct step *));
	if (p->stop || finish_names(p) != 0 || finish_barriers(p) != 0)
		return;
	number_steps(s, &s->body);
	find_refusable(p);
}
