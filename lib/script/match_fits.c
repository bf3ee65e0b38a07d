#include <string.h>

#include "lib/base/err.h"
#include "lib/base/json_pointer.h"
#include "lib/codec/http_head.h"
#include "lib/script/match_parts.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"
#include "lib/script/shown.h"

static struct slice
bytes_of(struct slice data)
{
	return data.data != NULL ? data : (struct slice){"", 0};
}

static bool
same(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* --- bytes ------------------------------------------------------------------------------- */

/* Empty slices must have data, too. */
static bool
is_text(const struct ready *r, struct slice got, struct buf *why)
{
	if (same(r->text, got))
		return true;
	if (why != NULL)
		shown_difference(why, r->text, got);
	return false;
}

static bool
holds_text(const struct ready *r, struct slice got, struct buf *why)
{
	if (r->text.len == 0 || memmem(got.data, got.len, r->text.data, r->text.len) != NULL)
		return true;
	if (why != NULL) {
		buf_add_text(why, "expected ");
		shown_text(why, r->text);
		buf_add_text(why, " in it, got ");
		shown_text(why, got);
	}
	return false;
}

static bool
is_found(const struct ready *r, struct slice got, struct buf *why)
{
	struct err e;
	int found = regex_match(r->regex, got, r->groups, &e);

	if (found == 1 || why == NULL)
		return found == 1;
	if (found < 0) {
		buf_add_text(why, e.text);
		return false;
	}
	buf_add_text(why, "expected ");
	match_put_regex(why, r);
	buf_add_text(why, ", got ");
	shown_text(why, got);
	return false;
}

static bool
are_bytes(const struct ready *r, struct slice got, struct buf *why)
{
	size_t len = r->text.len < got.len ? r->text.len : got.len, at = 0;

	if (same(r->text, got))
		return true;
	if (why == NULL)
		return false;
	while (at < len && r->text.data[at] == got.data[at])
		at++;
	if (at == len)
		buf_addf(why, "expected %zu bytes, got %zu", r->text.len, got.len);
	else
		buf_addf(why, "differ at byte %zu: expected %02x, got %02x", at,
		    (unsigned char)r->text.data[at], (unsigned char)got.data[at]);
	return false;
}

/* --- JSON -------------------------------------------------------------------------------- */

static const json_t *
json_of(struct subject *s, struct buf *why)
{
	const json_t *json = subject_json(s);

	if (json == NULL && why != NULL) {
		buf_add_text(why, "no JSON: ");
		shown_text(why, s->data);
	}
	return json;
}

static bool
fits_json(const struct match *m, struct ready *r, struct subject *s, struct buf *why)
{
	bool updating = m->updating && r->c->snapshot != NULL, fits = true;
	const json_t *json = json_of(s, why);

	if (json == NULL)
		return false;
	if (r->pattern != NULL)
		fits = pattern_match(r->pattern, json, r->c->exactly, r->groups,
		    updating ? NULL : why);
	return fits || updating;
}

static bool
is_in_relation(const struct ready *r, const json_t *value)
{
	const json_t *scalar = pattern_scalar(r->pattern);
	int order = 0;
	bool ordered = value != NULL && pattern_order(value, scalar, &order);

	switch (r->c->relation) {
	case RELATION_EQUAL:
		break;
	case RELATION_UNEQUAL:
		return value != NULL && !pattern_match(r->pattern, value, false, NULL, NULL);
	case RELATION_LESS:
		return ordered && order < 0;
	case RELATION_AT_MOST:
		return ordered && order <= 0;
	case RELATION_MORE:
		return ordered && order > 0;
	case RELATION_AT_LEAST:
		return ordered && order >= 0;
	}
	return false;
}

static void
say_relation(const struct ready *r, const json_t *value, struct buf *why)
{
	bool whole = r->c->pointer[0] == '\0';

	shown_line(why, slice_of(whole ? "the message" : r->c->pointer), 200);
	if (value == NULL) {
		buf_add_text(why, ": not there");
		return;
	}
	buf_addf(why, ": expected %s ", match_sign(r->c->relation));
	shown_line(why, r->text, SHOWN_MAX);
	buf_add_text(why, ", got ");
	shown_json(why, value);
}

static bool
fits_path(struct ready *r, struct subject *s, struct buf *why)
{
	const json_t *json = json_of(s, why), *value;

	if (json == NULL)
		return false;
	value = json_pointer_get(json, r->c->pointer);
	if (r->c->relation == RELATION_EQUAL)
		return pattern_match_at(r->pattern, r->c->pointer, value, false, r->groups,
		    why);
	if (is_in_relation(r, value))
		return true;
	if (why != NULL)
		say_relation(r, value, why);
	return false;
}

/* --- what a message has besides ---------------------------------------------------------- */

static bool
fits_name(const struct ready *r, const struct subject *s, struct slice got, const char *what,
    struct buf *why)
{
	if (s->head == NULL && got.data != NULL && same(r->text, got))
		return true;
	if (why == NULL)
		return false;
	buf_addf(why, "%s: ", what);
	if (s->head != NULL)
		buf_addf(why, "an answer has none");
	else if (got.data != NULL)
		shown_difference(why, r->text, got);
	else {
		buf_add_text(why, "expected ");
		shown_text(why, r->text);
		buf_add_text(why, ", got none");
	}
	return false;
}

/* --- what an answer has besides ---------------------------------------------------------- */

static bool
fits_status(const struct condition *c, const struct subject *s, struct buf *why)
{
	for (size_t i = 0; s->head != NULL && i < c->code_count; i++)
		if ((unsigned)s->head->status == c->codes[i])
			return true;
	if (why == NULL)
		return false;
	buf_add_text(why, "expected status ");
	for (size_t i = 0; i < c->code_count; i++)
		buf_addf(why, "%s%u", i == 0 ? "" : i + 1 < c->code_count ? ", " : " or ",
		    c->codes[i]);
	if (s->head != NULL)
		buf_addf(why, ", got %d", s->head->status);
	else
		buf_add_text(why, ", got a message");
	return false;
}

static bool
fits_value(const struct ready *r, struct slice value, struct buf *why)
{
	if (r->regex != NULL)
		return is_found(r, value, why);
	return r->c->text == NULL || is_text(r, value, why);
}

/* Of several fields of that name any may be the one; the first is what is told about. */
static bool
fits_header(struct ready *r, const struct subject *s, struct buf *why)
{
	struct slice first = {NULL, 0};

	for (size_t i = 0; s->head != NULL && i < s->head->count; i++) {
		const struct http_field *field = &s->head->fields[i];

		if (!slice_eq_nocase(field->name, r->c->pointer))
			continue;
		if (fits_value(r, bytes_of(field->value), NULL))
			return true;
		if (first.data == NULL)
			first = bytes_of(field->value);
	}
	if (why == NULL)
		return false;
	buf_addf(why, "header %.60s: ", r->c->pointer);
	if (first.data != NULL)
		fits_value(r, first, why);
	else
		buf_add_text(why, s->head != NULL ? "not there" : "a message has none");
	return false;
}

/* ----------------------------------------------------------------------------------------- */

bool
match_one(const struct match *m, struct ready *r, struct subject *s, struct buf *why)
{
	struct slice data = bytes_of(s->data);

	switch (r->c->kind) {
	case CONDITION_ANY:
		return true;
	case CONDITION_TEXT:
		return is_text(r, data, why);
	case CONDITION_CONTAINS:
		return holds_text(r, data, why);
	case CONDITION_REGEX:
		return is_found(r, data, why);
	case CONDITION_JSON:
		return fits_json(m, r, s, why);
	case CONDITION_PATH:
		return fits_path(r, s, why);
	case CONDITION_HEX:
		return are_bytes(r, data, why);
	case CONDITION_EVENT:
		return fits_name(r, s, s->event, "event", why);
	case CONDITION_ID:
		return fits_name(r, s, s->id, "id", why);
	case CONDITION_STATUS:
		return fits_status(r->c, s, why);
	case CONDITION_HEADER:
		return fits_header(r, s, why);
	}
	return false;
}
