#include "lib/script/match.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/script/match_parts.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"
#include "lib/script/text.h"

/* --- texts ------------------------------------------------------------------------------- */

static int
fill(struct ready *r, const struct text *text, struct scope *scope, struct err *e)
{
	if (text == NULL)
		return 0;
	if (text_is_constant(text)) {
		r->text = text_constant(text);
		return 0;
	}
	buf_init(&r->filled, SCRIPT_FILE_MAX);
	if (text_fill(text, scope, &r->filled, e) != 0)
		return -1;
	r->text = (struct slice){r->filled.data != NULL ? (char *)r->filled.data : "",
	    r->filled.len};
	return 0;
}

/* What the variables made of a text is wrong: no error of the script, but of this play. */
static int
bad_text(const struct ready *r, const struct err *why, struct err *e)
{
	int from = why->code > 20 ? why->code - 20 : 0, left = (int)r->text.len - from;

	if (why->class != ERR_USAGE)
		return err_set(e, why->class, 0, "%s", why->text);
	return err_set(e, ERR_MATCH, 0,
	    "with its variables filled in: %.130s, at byte %d, near %.*s", why->text, why->code,
	    left < 40 ? left : 40, r->text.data + from);
}

/* --- regexes and patterns ---------------------------------------------------------------- */

static int
make_regex(struct ready *r, struct err *e)
{
	const struct condition *c = r->c;
	struct err why;

	if (c->regex == NULL)
		return 0;
	r->regex = c->ready_regex;
	if (r->regex == NULL) {
		r->own_regex = regex_new(r->text, c->regex_flags, &why);
		r->regex = r->own_regex;
	}
	return r->regex != NULL ? 0 : bad_text(r, &why, e);
}

static int
make_pattern(const struct match *m, struct ready *r, struct err *e)
{
	const struct condition *c = r->c;
	struct err why;

	if (c->snapshot != NULL)
		return match_read_snapshot(m, r, e);
	r->pattern = c->ready_pattern;
	if (r->pattern == NULL) {
		r->own_pattern = pattern_new(r->text, &why);
		r->pattern = r->own_pattern;
	}
	return r->pattern != NULL ? 0 : bad_text(r, &why, e);
}

static bool
is_of_order(enum relation relation)
{
	return relation != RELATION_EQUAL && relation != RELATION_UNEQUAL;
}

static int
check_relation(const struct ready *r, struct err *e)
{
	const json_t *scalar = pattern_scalar(r->pattern);

	if (!is_of_order(r->c->relation) || json_is_number(scalar) || json_is_string(scalar))
		return 0;
	return err_set(e, ERR_MATCH, 0,
	    "%.*s is neither a number nor a string: nothing is less or more than that",
	    r->text.len < 60 ? (int)r->text.len : 60, r->text.data);
}

static int
take_groups(struct ready *r, struct err *e)
{
	if (r->regex != NULL)
		r->group_count = regex_names(r->regex);
	else if (r->pattern != NULL && r->c->relation == RELATION_EQUAL)
		r->group_count = pattern_names(r->pattern);
	if (r->group_count == 0)
		return 0;
	r->groups = calloc(r->group_count, sizeof *r->groups);
	return r->groups != NULL ? 0 : err_set(e, ERR_MEMORY, 0, "no memory for a condition");
}

static int
make_ready(const struct match *m, struct ready *r, const struct condition *c,
    struct scope *scope, struct err *e)
{
	bool json = c->kind == CONDITION_JSON || c->kind == CONDITION_PATH;

	r->c = c;
	if (fill(r, c->regex != NULL ? c->regex : c->text, scope, e) != 0 ||
	    make_regex(r, e) != 0 || (json && make_pattern(m, r, e) != 0) ||
	    (c->kind == CONDITION_PATH && check_relation(r, e) != 0))
		return -1;
	return take_groups(r, e);
}

/* --- the match --------------------------------------------------------------------------- */

static struct match *
new_match(const struct script *script, const struct condition *conditions, size_t count,
    struct scope *scope, bool updating, struct err *e)
{
	struct match *m = calloc(1, sizeof *m + count * sizeof *m->items);

	if (m == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for the conditions");
		return NULL;
	}
	m->script = script;
	m->updating = updating;
	while (m->count < count) {
		size_t i = m->count++;

		if (make_ready(m, &m->items[i], &conditions[i], scope, e) != 0) {
			match_free(m);
			return NULL;
		}
	}
	return m;
}

struct match *
match_new(const struct script *script, const struct condition *conditions, size_t count,
    struct scope *scope, struct err *e)
{
	return new_match(script, conditions, count, scope, false, e);
}

struct match *
match_new_updating(const struct script *script, const struct condition *conditions,
    size_t count, struct scope *scope, struct err *e)
{
	return new_match(script, conditions, count, scope, true, e);
}

void
match_free(struct match *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++) {
		free(m->items[i].groups);
		regex_free(m->items[i].own_regex);
		pattern_free(m->items[i].own_pattern);
		buf_release(&m->items[i].filled);
	}
	free(m);
}

bool
match_fits(struct match *m, struct subject *s, struct buf *why)
{
	for (size_t i = 0; i < m->count; i++)
		if (!match_one(m, &m->items[i], s, why))
			return false;
	return true;
}
