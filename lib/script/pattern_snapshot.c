#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/script/pattern_parts.h"
#include "lib/script/shown.h"

struct writer {
	struct buf *into;
	unsigned depth;
	bool full, too_deep;
};

static void
put(struct writer *w, const char *text, size_t len)
{
	w->full |= buf_add(w->into, text, len) != 0;
}

static void
put_string(struct writer *w, const char *text, size_t len)
{
	w->full |= json_quote(w->into, text, len) != 0;
}

static void
put_line(struct writer *w)
{
	put(w, "\n", 1);
	for (unsigned i = 0; i < w->depth; i++)
		put(w, "  ", 2);
}

/* Begins a line for a member or an element. */
static void
put_item(struct writer *w, bool *first)
{
	if (!*first)
		put(w, ",", 1);
	*first = false;
	put_line(w);
}

static void
put_name(struct writer *w, bool *first, const char *name)
{
	put_item(w, first);
	put_string(w, name, slice_of(name).len);
	put(w, ": ", 2);
}

static void
put_end(struct writer *w, bool empty, const char *bracket)
{
	w->depth--;
	if (!empty)
		put_line(w);
	put(w, bracket, 1);
}

/* --- what is kept of the old one --------------------------------------------------------- */

static struct slice
hole_text(const struct node *n)
{
	return n->kind == NODE_REGEX ? n->source : slice_of(node_forms[n->kind].word);
}

static void
put_hole(struct writer *w, const struct node *n)
{
	struct slice text = hole_text(n);

	put(w, text.data, text.len);
}

static bool
is_hole(const struct node *n)
{
	return n != NULL && n->kind <= NODE_REGEX;
}

static bool
fits(const struct node *hole, const json_t *value)
{
	struct walk w = {.base = ""};

	return pattern_walk(&w, hole, value, NULL);
}

static const struct node *
nested(const struct node *old, enum node_kind kind)
{
	return old != NULL && old->kind == kind ? old : NULL;
}

/* The old member of that name, looked for from behind the one found before, since messages of
 * one kind have their members in one order. */
static const struct node *
find_old(const struct node *old, const struct node **before, const char *name)
{
	const struct node *n = *before != NULL ? (*before)->next : NULL;

	if (old == NULL || json_object_get(old->names, name) == NULL)
		return NULL;
	for (;; n = n->next) {
		if (n == NULL)
			n = old->first;
		if (slice_eq(slice_of(n->name), name))
			return *before = n;
	}
}

/* --- the value --------------------------------------------------------------------------- */

static void put_value(struct writer *w, const struct node *old, const json_t *value);

static void
put_object(struct writer *w, const struct node *old, json_t *object)
{
	const struct node *before = NULL;
	bool first = true;

	put(w, "{", 1);
	w->depth++;
	for (void *at = json_object_iter(object); at != NULL && !w->full;
	     at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);

		put_name(w, &first, name);
		put_value(w, find_old(old, &before, name), json_object_iter_value(at));
	}
	for (const struct node *n = old != NULL ? old->first : NULL; n != NULL; n = n->next)
		if (n->kind == NODE_NONE && json_object_get(object, n->name) == NULL) {
			put_name(w, &first, n->name);
			put_hole(w, n);
		}
	put_end(w, first, "}");
}

static void
put_array(struct writer *w, const struct node *old, const json_t *array)
{
	const struct node *n = old != NULL ? old->first : NULL;
	bool open = old != NULL && old->open, first = true;
	size_t size = json_array_size(array);

	if (open && size > old->count)
		size = old->count;
	put(w, "[", 1);
	w->depth++;
	for (size_t i = 0; i < size && !w->full; i++) {
		put_item(w, &first);
		put_value(w, n, json_array_get(array, i));
		n = n != NULL ? n->next : NULL;
	}
	if (open) {
		put_item(w, &first);
		put(w, "...", 3);
	}
	put_end(w, first, "]");
}

static void
put_scalar(struct writer *w, const json_t *value)
{
	if (json_is_string(value))
		put_string(w, json_string_value(value), json_string_length(value));
	else if (json_is_number(value))
		w->full |= shown_number(w->into, value) != 0;
	else if (json_is_null(value))
		put(w, "null", 4);
	else
		put(w, json_is_true(value) ? "true" : "false", json_is_true(value) ? 4 : 5);
}

static void
put_value(struct writer *w, const struct node *old, const json_t *value)
{
	if (w->full || w->too_deep)
		return;
	if (is_hole(old) && fits(old, value))
		put_hole(w, old);
	else if (!json_is_object(value) && !json_is_array(value))
		put_scalar(w, value);
	else if (w->depth == PATTERN_DEPTH)
		w->too_deep = true;
	else if (json_is_object(value))
		put_object(w, nested(old, NODE_MEMBERS), (json_t *)value);
	else
		put_array(w, nested(old, NODE_ELEMENTS), value);
}

int
pattern_snapshot(const struct pattern *old, const json_t *value, struct buf *into,
    struct err *e)
{
	struct writer w = {.into = into};

	put_value(&w, old != NULL ? old->root : NULL, value);
	put(&w, "\n", 1);
	if (w.too_deep)
		return err_set(e, ERR_MATCH, 0,
		    "arrays and objects nested more than %d deep: no snapshot can be that",
		    PATTERN_DEPTH);
	if (w.full)
		return err_set(e, ERR_LIMIT, 0, "no memory for a snapshot, or it is longer than "
		    "%zu bytes", into->max);
	return 0;
}
