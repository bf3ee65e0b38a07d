/* Blocks. While one is read its steps lie on the pile, above those of the blocks around it; at its
 * end they go into the arena, of a parallel block one strand beside the other. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/units.h"
#include "lib/script/parse.h"

/* --- the lines of a block ---------------------------------------------------------------- */

/* One that is too deep: nobody looks at its lines. */
static int
skip_lines(struct parser *p)
{
	struct tokens *t = &p->reading->tokens;

	for (size_t depth = 1; depth > 0 && tokens_line(t);) {
		struct slice line = tokens_shown(t);

		if (tokens_opens_block(t))
			depth++;
		else if (slice_eq(line, "}"))
			depth--;
		if (depth > 0)
			tokens_skip(t);
	}
	return -1;
}

/* Everything from behind the '{' to the '}' itself. */
static int
read_lines(struct parser *p, struct region *region)
{
	struct tokens *t = &p->reading->tokens;
	bool closed;

	tokens_skip(t);
	if (p->depth == SCRIPT_DEPTH) {
		if (!region->lost)
			parse_error(p, region->spot,
			    "expected files and blocks that are at most %d deep", SCRIPT_DEPTH);
		return skip_lines(p);
	}
	region->outer = p->region;
	p->region = region;
	p->depth++;
	closed = parse_lines(p);
	p->depth--;
	p->region = region->outer;
	if (closed)
		return parse_end(p, "the end of the line behind the }");
	if (t->cut || p->stop || region->lost)
		return -1;
	return parse_error(p, region->spot, "this block has no end: expected a } in a line of "
	    "its own");
}

static int
read_block(struct parser *p, const struct token *verb, struct block *block, bool lost)
{
	struct region region = {.spot = verb->spot, .lost = lost};
	size_t from = p->steps.count;
	int failed = read_lines(p, &region);

	block->count = p->steps.count - from;
	block->steps = parse_gathered(p, &p->steps, from);
	return failed != 0 || p->stop ? -1 : 0;
}

int
parse_lost_block(struct parser *p, const struct token *word)
{
	struct tokens *t = &p->reading->tokens;
	struct tokens line = *t;
	struct block block;

	line.at = word->whole.data;
	if (t->line == word->spot.line && tokens_opens_block(&line))
		read_block(p, word, &block, true);
	return -1;
}

/* Behind all else that opens a block. `failed`: something was wrong with that, so what else stands
 * in the line does not matter. */
static int
take_brace(struct parser *p, const struct token *verb, bool failed)
{
	struct tokens *t = &p->reading->tokens, line = *t;
	char quote[PARSE_QUOTE];
	struct token k = {0};

	if (failed) {
		line.at = verb->whole.data;
		return t->line == verb->spot.line && tokens_opens_block(&line) ? 0 : -1;
	}
	if (!tokens_more(t))
		return parse_error_here(p, "expected a { that opens the block");
	token_word(t, &k);
	if (!slice_eq(k.whole, "{"))
		return parse_error(p, k.spot, "%s: expected a { that opens the block",
		    parse_quote(quote, k.whole));
	parse_end(p, "the end of the line behind the {");
	return 0;
}

/* --- repeat ------------------------------------------------------------------------------ */

static int
take_times(struct parser *p, struct step *step)
{
	static const char expected[] = "how many times (a number from 1), or forever";
	uint64_t *times = &step->repeat.times;
	char quote[PARSE_QUOTE], text[24];
	struct token k;

	if (parse_word(p, "forever")) {
		*times = SCRIPT_FOREVER;
		p->script->endless = true;
		return 0;
	}
	if (parse_bare(p, &k, expected) != 0)
		return -1;
	if (k.whole.len < sizeof text) {
		memcpy(text, k.whole.data, k.whole.len);
		text[k.whole.len] = '\0';
		if (units_count(text, times, NULL) == 0 && *times > 0)
			return 0;
	}
	return parse_error(p, k.spot, "%s: expected %s", parse_quote(quote, k.whole), expected);
}

static int
take_counter(struct parser *p, struct step *step)
{
	struct token k;

	if (!parse_word(p, "as"))
		return 0;
	if (parse_name(p, &k, "the name of a variable that counts the rounds") != 0) {
		p->unsure = true;
		return -1;
	}
	step->repeat.counts = true;
	return parse_define(p, k.whole, k.spot, &step->repeat.slot);
}

static int
parse_repeat(struct parser *p, struct step *step, const struct token *verb)
{
	bool failed = take_times(p, step) != 0;

	/* The counter is known in the block even if the number is wrong. */
	failed = take_counter(p, step) != 0 || failed;
	parse_known(p);
	if (take_brace(p, verb, failed) != 0)
		return -1;
	return read_block(p, verb, &step->repeat.block, false) != 0 || failed ? -1 : 0;
}

/* --- parallel ---------------------------------------------------------------------------- */

static struct strand_lines *
strand_at(struct parser *p, size_t i)
{
	return &((struct strand_lines *)p->strands.items)[i];
}

/* Says for each step which strand it is in, and how long the strands are. */
static int
measure(struct parser *p, const struct step *steps, size_t count, size_t *strand_of)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i].party >= 0)
			p->strand_of[steps[i].party] = -1;
	for (size_t i = 0; i < count; i++) {
		int party = steps[i].party, known = party >= 0 ? p->strand_of[party] : -1;

		strand_of[i] = known >= 0 ? (size_t)known : p->strands.count;
		if (known < 0 && pile_add(&p->strands) == NULL)
			return parse_error_memory(p);
		if (party >= 0)
			p->strand_of[party] = (int)strand_of[i];
		strand_at(p, strand_of[i])->count++;
	}
	return 0;
}

static int
fill(struct parser *p, const struct step *steps, size_t count, const size_t *strand_of,
    struct block *blocks)
{
	for (size_t i = 0; i < p->strands.count; i++) {
		blocks[i].steps = parse_take(p, strand_at(p, i)->count * sizeof *steps);
		if (blocks[i].steps == NULL)
			return -1;
	}
	for (size_t i = 0; i < count; i++) {
		struct block *b = &blocks[strand_of[i]];

		b->steps[b->count++] = steps[i];
	}
	return 0;
}

static int
split(struct parser *p, size_t from, struct parallel_step *parallel)
{
	size_t count = p->steps.count - from, *strand_of;
	const struct step *steps;
	int failed = -1;

	if (count == 0)
		return 0;
	steps = (const struct step *)p->steps.items + from;
	p->strands.count = 0;
	strand_of = malloc(count * sizeof *strand_of);
	if (strand_of == NULL)
		parse_error_memory(p);
	else if (measure(p, steps, count, strand_of) == 0 && (parallel->strands = parse_take(p,
	    p->strands.count * sizeof *parallel->strands)) != NULL)
		failed = fill(p, steps, count, strand_of, parallel->strands);
	parallel->count = failed ? 0 : p->strands.count;
	free(strand_of);
	p->steps.count = from;
	return failed;
}

/* --- barriers ---------------------------------------------------------------------------- */

int
parse_barrier(struct parser *p, struct step *step)
{
	struct region *region = p->region;
	struct meeting *meeting;
	size_t *number;
	struct token k;
	long i;

	while (region != NULL && !region->parallel)
		region = region->outer;
	if (region == NULL)
		return parse_error(p, step->spot, "a barrier stands for nobody here: expected "
		    "it in a parallel block");
	if (parse_bare(p, &k, "a word that the strands have in common") != 0)
		return -1;
	if ((i = symbols_find(&region->barriers, k.whole)) < 0) {
		i = symbols_add(&region->barriers, k.whole);
		number = pile_add(&region->meetings);
		meeting = pile_add(&p->meetings);
		if (i < 0 || number == NULL || meeting == NULL)
			return parse_error_memory(p);
		meeting->spot = k.spot;
		*number = p->meetings.count - 1;
	}
	step->barrier.number = ((size_t *)region->meetings.items)[i];
	return parse_end(p, "the end of the line");
}

static void count_barriers(struct parser *p, const struct block *block, size_t strand);

/* Those of a parallel block within are its own. */
static void
count_step(struct parser *p, const struct step *step, size_t strand)
{
	struct meeting *m;

	if (step->verb == VERB_DO)
		count_barriers(p, &step->block, strand);
	else if (step->verb == VERB_REPEAT)
		count_barriers(p, &step->repeat.block, strand);
	if (step->verb != VERB_BARRIER)
		return;
	m = &((struct meeting *)p->meetings.items)[step->barrier.number];
	m->strands += m->last != strand;
	m->last = strand;
}

static void
count_barriers(struct parser *p, const struct block *block, size_t strand)
{
	for (size_t i = 0; i < block->count; i++)
		count_step(p, &block->steps[i], strand);
}

/* Whoever waits for nobody is a slip. */
static int
check_barriers(struct parser *p, const struct region *region,
    const struct parallel_step *parallel)
{
	int failed = 0;

	for (size_t i = 0; i < parallel->count; i++)
		count_barriers(p, &parallel->strands[i], i + 1);
	for (size_t i = 0; i < region->meetings.count; i++) {
		size_t number = ((size_t *)region->meetings.items)[i];
		const struct meeting *m = &((struct meeting *)p->meetings.items)[number];

		if (m->strands < 2)
			failed = parse_error(p, m->spot, "this barrier waits for nobody: "
			    "expected the same word in another strand of its parallel block");
	}
	return failed;
}

static int
parse_parallel(struct parser *p, struct step *step, const struct token *verb)
{
	struct region region = {.spot = verb->spot, .parallel = true, .errors = p->errors->count,
	    .meetings = {.unit = sizeof(size_t), .max = SYMBOLS_MAX}};
	size_t from = p->steps.count;
	int failed;

	if (take_brace(p, verb, false) != 0)
		return -1;
	symbols_init(&region.barriers, p->parties.seed);
	failed = read_lines(p, &region);
	/* With lines left out barriers would seem to be alone. */
	if (split(p, from, &step->parallel) != 0)
		failed = -1;
	else if (failed == 0 && p->errors->count == region.errors)
		failed = check_barriers(p, &region, &step->parallel);
	symbols_release(&region.barriers);
	pile_release(&region.meetings);
	return failed;
}

/* --- all of them ------------------------------------------------------------------------- */

int
parse_block(struct parser *p, struct step *step, const struct token *verb)
{
	if (step->verb == VERB_REPEAT)
		return parse_repeat(p, step, verb);
	if (step->verb == VERB_PARALLEL)
		return parse_parallel(p, step, verb);
	if (take_brace(p, verb, false) != 0)
		return -1;
	return read_block(p, verb, &step->block, false);
}
