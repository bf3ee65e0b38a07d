#include "lib/script/parse.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"

/* --- memory ------------------------------------------------------------------------------ */

void *
pile_add(struct pile *pile)
{
	size_t cap = pile->cap == 0 ? 8 : pile->cap * 2;
	char *grown;

	if (pile->count >= pile->max)
		return NULL;
	if (pile->count == pile->cap) {
		if ((grown = realloc(pile->items, cap * pile->unit)) == NULL)
			return NULL;
		pile->items = grown;
		pile->cap = cap;
	}
	return memset((char *)pile->items + pile->count++ * pile->unit, 0, pile->unit);
}

void
pile_release(struct pile *pile)
{
	free(pile->items);
	*pile = (struct pile){.unit = pile->unit, .max = pile->max};
}

void *
parse_take(struct parser *p, size_t size)
{
	void *taken = p->stop ? NULL : arena_take(&p->script->arena, size);

	if (taken == NULL)
		parse_error_memory(p);
	return taken;
}

void *
parse_gathered(struct parser *p, struct pile *pile, size_t from)
{
	size_t size = (pile->count - from) * pile->unit;
	void *copy = size > 0 ? parse_take(p, size) : NULL;

	if (copy != NULL)
		memcpy(copy, (char *)pile->items + from * pile->unit, size);
	pile->count = from;
	return copy;
}

/* --- lines ------------------------------------------------------------------------------- */

/* After an error the next line is tried. */
static void
parse_line(struct parser *p)
{
	struct tokens *t = &p->reading->tokens;
	unsigned unclosed = t->unclosed;
	int failed;

	p->defined.count = 0;
	failed = parse_statement(p);
	parse_known(p);
	if (failed)
		tokens_recover(t, t->unclosed > unclosed);
	else
		tokens_skip(t);
}

bool
parse_lines(struct parser *p)
{
	struct tokens *t = &p->reading->tokens;
	struct spot spot;

	while (!p->stop && tokens_line(t)) {
		spot = (struct spot){t->file, t->line, (unsigned)(t->at - t->line_start) + 1};
		if (!parse_word(p, "}"))
			parse_line(p);
		else if (p->region != p->reading->region)
			return true;
		else {
			parse_error(p, spot, "this } ends nothing: expected a statement");
			tokens_skip(t);
		}
	}
	return false;
}

/* --- a whole script ---------------------------------------------------------------------- */

static void
init(struct parser *p, const struct script_params *params, struct script_errors *errors)
{
	uint64_t seed;

	*p = (struct parser){.params = params, .errors = errors,
	    .party_facts = {.unit = sizeof(struct known_party), .max = SCRIPT_PARTIES},
	    .defined = {.unit = sizeof(struct slice), .max = 200},
	    .steps = {.unit = sizeof(struct step), .max = SCRIPT_STEPS},
	    .meetings = {.unit = sizeof(struct meeting), .max = SCRIPT_STEPS},
	    .strands = {.unit = sizeof(struct strand_lines), .max = SCRIPT_STEPS},
	    .conditions = {.unit = sizeof(struct condition), .max = 1000},
	    .saves = {.unit = sizeof(struct save), .max = 1000},
	    .settings = {.unit = sizeof(struct setting), .max = 1000},
	    .codes = {.unit = sizeof(unsigned), .max = 1000},
	    .pieces = {.unit = sizeof(struct piece), .max = 1 << 16}};
	rng_secret(&seed, sizeof seed);
	symbols_init(&p->parties, seed);
	symbols_init(&p->variables, seed);
	symbols_init(&p->uuids, seed);
	errors->count = 0;
}

static void
release(struct parser *p)
{
	struct pile *const piles[] = {&p->party_facts, &p->defined, &p->steps, &p->meetings,
	    &p->strands, &p->conditions, &p->saves, &p->settings, &p->codes, &p->pieces};

	for (size_t i = 0; i < sizeof piles / sizeof *piles; i++)
		pile_release(piles[i]);
	symbols_release(&p->parties);
	symbols_release(&p->variables);
	symbols_release(&p->uuids);
	source_release(&p->source);
}

/* The root is only looked at; that it is none matters to whoever names a file. */
static int
begin_first(struct parser *p, struct reading *r, struct slice text)
{
	const char *name = p->script->name;
	const char *root = p->params->root;
	struct err e = {0};

	if (source_init(&p->source, root != NULL ? root : r->folder, &e) != 0 && root != NULL) {
		parse_error_file(p, name, e.text);
		return -1;
	}
	if (p->source.root != NULL && (p->script->root = arena_text(&p->script->arena,
	    slice_of(p->source.root))) == NULL)
		return parse_error_memory(p);
	if (text.data != NULL)
		return parse_begin_text(p, r, 0, text);
	r->place = realpath(name, NULL);
	if (parse_begin_file(p, r, 0, name, &e) == 0)
		return 0;
	if (e.class != ERR_NONE)
		parse_error_file(p, name, e.text);
	return -1;
}

static void
read_script(struct parser *p, const char *name, struct slice text, const char *folder)
{
	struct reading r = {.folder = folder != NULL ? strdup(folder) : source_folder(name)};
	struct script *s = p->script;

	s->name = s->files[0].name = arena_text(&s->arena, slice_of(name));
	s->files[0].folder = r.folder != NULL ? arena_text(&s->arena, slice_of(r.folder)) : NULL;
	s->allow_exec = p->params->allow_exec;
	s->files[0].text = (struct slice){"", 0};
	s->file_count = 1;
	p->reading = &r;
	if (s->files[0].folder == NULL || s->name == NULL)
		parse_error_file(p, name, "no memory for a script");
	else if (begin_first(p, &r, text) == 0) {
		parse_defines(p);
		parse_lines(p);
		if (p->errors->count == 0)
			parse_finish(p);
	}
	free(r.folder);
	free(r.place);
}

struct script *
parse_script(const char *name, struct slice text, const char *folder,
    const struct script_params *params, struct script_errors *errors)
{
	struct script_owner *owner = calloc(1, sizeof *owner);
	struct parser *p = malloc(sizeof *p);
	bool failed;

	errors->count = 0;
	if (owner != NULL && p != NULL) {
		init(p, params, errors);
		p->owner = owner;
		p->script = &owner->script;
		arena_init(&owner->script.arena, SCRIPT_MAX);
		read_script(p, name, text, folder);
		release(p);
	}
	failed = owner == NULL || p == NULL || errors->count > 0;
	free(p);
	if (!failed)
		return &owner->script;
	script_free(owner != NULL ? &owner->script : NULL);
	return NULL;
}

void
script_free(struct script *s)
{
	struct script_owner *owner = (struct script_owner *)s;

	if (s == NULL)
		return;
	for (struct kept *k = owner->kept; k != NULL; k = k->next) {
		regex_free(k->regex);
		pattern_free(k->pattern);
	}
	arena_release(&s->arena);
	free(owner);
}
