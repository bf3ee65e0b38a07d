#include "lib/script/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/script/pattern_parts.h"
#include "lib/script/regex.h"

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	for (struct regex_item *r = p->regexes; r != NULL; r = r->next)
		regex_free(r->regex);
	json_decref(p->kept);
	arena_release(&p->arena);
	free(p);
}

size_t
pattern_names(const struct pattern *p)
{
	return p->name_count;
}

const char *
pattern_name(const struct pattern *p, size_t index)
{
	return p->names[index];
}

const json_t *
pattern_scalar(const struct pattern *p)
{
	return p->root->kind == NODE_SCALAR ? p->root->scalar : NULL;
}

/* --- scalars ----------------------------------------------------------------------------- */

static int
order_of(bool less, bool more)
{
	return more - less;
}

/* Exactly, though not every integer is a double. */
static int
order_mixed(json_int_t n, double d)
{
	json_int_t whole;

	if (d >= 0x1p63)
		return -1;
	if (d < -0x1p63)
		return 1;
	whole = (json_int_t)d;
	if (n != whole)
		return order_of(n < whole, n > whole);
	return order_of((double)whole < d, (double)whole > d);
}

static int
order_numbers(const json_t *a, const json_t *b)
{
	json_int_t n = json_integer_value(a), m = json_integer_value(b);
	double x = json_real_value(a), y = json_real_value(b);

	if (json_is_integer(a))
		return json_is_integer(b) ? order_of(n < m, n > m) : order_mixed(n, y);
	return json_is_integer(b) ? -order_mixed(m, x) : order_of(x < y, x > y);
}

static int
order_strings(const json_t *a, const json_t *b)
{
	size_t n = json_string_length(a), m = json_string_length(b);
	int order = memcmp(json_string_value(a), json_string_value(b), n < m ? n : m);

	return order != 0 ? order : order_of(n < m, n > m);
}

bool
pattern_order(const json_t *a, const json_t *b, int *order)
{
	if (json_is_number(a) && json_is_number(b))
		*order = order_numbers(a, b);
	else if (json_is_string(a) && json_is_string(b))
		*order = order_strings(a, b);
	else
		return false;
	return true;
}

/* true, false and null are each one of a kind. */
static bool
are_equal(const json_t *a, const json_t *b)
{
	int order;

	return pattern_order(a, b, &order) ? order == 0 : json_typeof(a) == json_typeof(b);
}

/* --- the walk ---------------------------------------------------------------------------- */

/* The first difference is told, and those behind it are counted. */
static void
differ(struct walk *w, const struct node *n, const json_t *value, const struct place *at)
{
	if (w->differences++ > 0 || w->why == NULL)
		return;
	pattern_put_place(w->why, w->base, at);
	buf_add_text(w->why, ": ");
	pattern_put_mismatch(w->why, n, value);
}

static bool
goes_on(const struct walk *w)
{
	return !w->gave_up && (w->differences == 0 || w->why != NULL);
}

/* A search that took too long ends the walk: there may be many more like it. */
static void
give_up(struct walk *w, const char *text, const struct place *at)
{
	w->gave_up = true;
	if (w->differences++ > 0 || w->why == NULL)
		return;
	pattern_put_place(w->why, w->base, at);
	buf_addf(w->why, ": %s", text);
}

static void
walk_regex(struct walk *w, const struct node *n, const json_t *value, const struct place *at)
{
	struct slice text = {json_string_value(value), json_string_length(value)};
	struct slice *groups = w->groups != NULL ? w->groups + n->group : NULL;
	struct err e;
	int found = json_is_string(value) ? regex_match(n->regex, text, groups, &e) : 0;

	if (found == 0)
		differ(w, n, value, at);
	else if (found < 0)
		give_up(w, e.text, at);
}

/* In the order of the message, since its reader looks there. */
static void
walk_surplus(struct walk *w, const struct node *n, json_t *value, const struct place *at)
{
	static const struct node none = {.kind = NODE_NONE};
	void *member = json_object_iter(value);

	for (; member != NULL && goes_on(w); member = json_object_iter_next(value, member)) {
		struct place there = {at, json_object_iter_key(member), 0};

		if (json_object_get(n->names, there.name) == NULL)
			differ(w, &none, json_object_iter_value(member), &there);
	}
}

static void
walk_members(struct walk *w, const struct node *n, const json_t *value, const struct place *at)
{
	size_t found = 0;

	if (!json_is_object(value)) {
		differ(w, n, value, at);
		return;
	}
	for (const struct node *m = n->first; m != NULL && goes_on(w); m = m->next) {
		struct place there = {at, m->name, 0};
		const json_t *member = json_object_get(value, m->name);

		found += member != NULL;
		pattern_walk(w, m, member, &there);
	}
	if (w->exactly && found < json_object_size(value))
		walk_surplus(w, n, (json_t *)value, at);
}

static void
walk_elements(struct walk *w, const struct node *n, const json_t *value, const struct place *at)
{
	size_t size = json_array_size(value);
	struct place there = {.up = at};

	if (!json_is_array(value) || size < n->count || (size > n->count && !n->open)) {
		differ(w, n, value, at);
		return;
	}
	for (const struct node *m = n->first; m != NULL && goes_on(w); m = m->next) {
		pattern_walk(w, m, json_array_get(value, there.index), &there);
		there.index++;
	}
}

bool
pattern_walk(struct walk *w, const struct node *n, const json_t *value, const struct place *at)
{
	size_t before = w->differences;

	if (value == NULL || n->kind == NODE_NONE) {
		if (value != NULL || n->kind != NODE_NONE)
			differ(w, n, value, at);
	} else if (n->kind == NODE_MEMBERS)
		walk_members(w, n, value, at);
	else if (n->kind == NODE_ELEMENTS)
		walk_elements(w, n, value, at);
	else if (n->kind == NODE_REGEX)
		walk_regex(w, n, value, at);
	else if (n->kind == NODE_SCALAR ? !are_equal(n->scalar, value) :
	    !pattern_form_fits(n->kind, value))
		differ(w, n, value, at);
	return w->differences == before;
}

bool
pattern_match_at(const struct pattern *p, const char *base, const json_t *value, bool exactly,
    struct slice *groups, struct buf *why)
{
	struct walk w = {.exactly = exactly, .groups = groups, .why = why, .base = base};

	for (size_t i = 0; groups != NULL && i < p->name_count; i++)
		groups[i] = (struct slice){NULL, 0};
	pattern_walk(&w, p->root, value, NULL);
	if (why != NULL && w.differences > 1)
		buf_addf(why, " (and %zu more)", w.differences - 1);
	return w.differences == 0;
}

bool
pattern_match(const struct pattern *p, const json_t *value, bool exactly,
    struct slice *groups, struct buf *why)
{
	return pattern_match_at(p, "", value, exactly, groups, why);
}
