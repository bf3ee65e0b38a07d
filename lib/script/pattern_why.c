#include "lib/base/buf.h"
#include "lib/script/pattern_parts.h"
#include "lib/script/shown.h"

enum { PLACE_MAX = 240 };        /* bytes of a JSON Pointer */

/* --- places ------------------------------------------------------------------------------ */

/* RFC 6901, 3. */
static void
put_name(struct buf *into, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == '~' || *name == '/')
			buf_add_text(into, *name == '~' ? "~0" : "~1");
		else
			buf_add(into, name, 1);
}

/* The way from the outermost place, which is as deep as patterns are. */
static void
put_way(struct buf *into, const struct place *at)
{
	if (at == NULL)
		return;
	put_way(into, at->up);
	if (at->name == NULL) {
		buf_addf(into, "/%zu", at->index);
	} else {
		buf_add_text(into, "/");
		put_name(into, at->name);
	}
}

void
pattern_put_place(struct buf *into, const char *base, const struct place *at)
{
	struct buf way;

	if (at == NULL && base[0] == '\0') {
		buf_add_text(into, "the message");
		return;
	}
	buf_init(&way, PLACE_MAX * 4);
	buf_add_text(&way, base);
	put_way(&way, at);
	shown_line(into, (struct slice){(const char *)way.data, way.len}, PLACE_MAX);
	buf_release(&way);
}

/* --- what was expected ------------------------------------------------------------------- */

static struct slice
said(const json_t *string)
{
	return (struct slice){json_string_value(string), json_string_length(string)};
}

static void
put_scalar(struct buf *into, const json_t *scalar, const json_t *value)
{
	if (json_is_string(scalar) && json_is_string(value)) {
		shown_difference(into, said(scalar), said(value));
		return;
	}
	buf_add_text(into, "expected ");
	shown_json(into, scalar);
	buf_add_text(into, ", got ");
	shown_json(into, value);
}

static void
put_expected(struct buf *into, const char *what, const json_t *value)
{
	buf_addf(into, "expected %s, got ", what);
	shown_json(into, value);
}

static void
put_regex(struct buf *into, const struct node *n, const json_t *value)
{
	buf_add_text(into, json_is_string(value) ? "expected " : "expected a string with ");
	shown_line(into, n->source, SHOWN_MAX);
	buf_add_text(into, ", got ");
	shown_json(into, value);
}

static void
put_elements(struct buf *into, const struct node *n, const json_t *value)
{
	if (!json_is_array(value))
		put_expected(into, "an array", value);
	else
		buf_addf(into, "expected %s%zu element%s, got %zu", n->open ? "at least " : "",
		    n->count, n->count == 1 ? "" : "s", json_array_size(value));
}

void
pattern_put_mismatch(struct buf *into, const struct node *n, const json_t *value)
{
	if (n->kind == NODE_NONE)
		buf_add_text(into, "not expected");
	else if (value == NULL)
		buf_add_text(into, "not there");
	else if (n->kind == NODE_SCALAR)
		put_scalar(into, n->scalar, value);
	else if (n->kind == NODE_REGEX)
		put_regex(into, n, value);
	else if (n->kind == NODE_MEMBERS)
		put_expected(into, "an object", value);
	else if (n->kind == NODE_ELEMENTS)
		put_elements(into, n, value);
	else
		put_expected(into, node_forms[n->kind].what, value);
}
