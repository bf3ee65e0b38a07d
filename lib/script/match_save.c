#include "lib/base/err.h"
#include "lib/base/json_pointer.h"
#include "lib/base/json_text.h"
#include "lib/codec/http_head.h"
#include "lib/script/match_parts.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"
#include "lib/script/scope.h"

static int
set(const struct script *script, struct scope *scope, size_t slot, struct slice value,
    struct err *e)
{
	if (value.data == NULL)
		value = (struct slice){"", 0};
	if (scope_set(scope, slot, value) == 0)
		return 0;
	return err_set(e, ERR_MATCH, 0,
	    "{%.64s} cannot be saved: %zu bytes, expected at most %d",
	    script->slots[slot].name, value.len, SCOPE_VALUE_MAX);
}

/* --- named groups ------------------------------------------------------------------------ */

static const char *
group_name(const struct ready *r, size_t index)
{
	return r->regex != NULL ? regex_name(r->regex, index) : pattern_name(r->pattern, index);
}

/* A name that no variable has is one that no line asks for. */
static int
set_group(const struct script *script, struct scope *scope, const char *name,
    struct slice value, struct err *e)
{
	for (size_t i = 0; i < script->slot_count; i++)
		if (slice_eq(slice_of(script->slots[i].name), name))
			return set(script, scope, i, value, e);
	return 0;
}

static int
save_groups(const struct match *m, const struct ready *r, struct scope *scope, struct err *e)
{
	for (size_t i = 0; i < r->group_count; i++)
		if (set_group(m->script, scope, group_name(r, i), r->groups[i], e) != 0)
			return -1;
	return 0;
}

/* --- save NAME … ------------------------------------------------------------------------- */

static int
save_value(const struct script *script, struct scope *scope, size_t slot, struct slice value,
    struct err *e)
{
	bool quoted = value.data[0] == '"';
	struct slice said;
	struct buf text;
	int failed;

	buf_init(&text, value.len);
	failed = quoted ? json_text_string(&text, value, &said) :
	    json_text_compact(&text, value);
	if (!quoted)
		said = (struct slice){(char *)text.data, text.len};
	failed = failed == 0 ? set(script, scope, slot, said, e) :
	    err_set(e, ERR_MEMORY, 0, "no memory to save {%.64s}", script->slots[slot].name);
	buf_release(&text);
	return failed;
}

static int
save_pointer(const struct script *script, struct subject *s, const struct save *save,
    struct scope *scope, struct err *e)
{
	const char *name = script->slots[save->slot].name;
	struct slice value;

	if (subject_json(s) == NULL)
		return err_set(e, ERR_MATCH, 0, "save %.64s %.80s: this is no JSON", name,
		    save->what);
	value = json_pointer_text(s->data, save->what);
	if (value.data == NULL)
		return err_set(e, ERR_MATCH, 0, "save %.64s %.80s: there is no such value", name,
		    save->what);
	return save_value(script, scope, save->slot, value, e);
}

static int
save_header(const struct script *script, const struct subject *s, const struct save *save,
    struct scope *scope, struct err *e)
{
	struct slice value = {NULL, 0};

	if (s->head != NULL)
		value = http_head_field(s->head, save->what);
	if (value.data == NULL)
		return err_set(e, ERR_MATCH, 0, "save %.64s header %.80s: %s has no such field",
		    script->slots[save->slot].name, save->what,
		    s->head != NULL ? "the answer" : "a message");
	return set(script, scope, save->slot, value, e);
}

static int
save_one(const struct script *script, struct subject *s, const struct save *save,
    struct scope *scope, struct err *e)
{
	switch (save->kind) {
	case SAVE_WHOLE:
		return set(script, scope, save->slot, s->data, e);
	case SAVE_POINTER:
		return save_pointer(script, s, save, scope, e);
	case SAVE_HEADER:
		return save_header(script, s, save, scope, e);
	}
	return -1;
}

int
match_save(struct match *m, struct subject *s, const struct save *saves, size_t save_count,
    struct scope *scope, struct err *e)
{
	for (size_t i = 0; i < m->count; i++)
		if (save_groups(m, &m->items[i], scope, e) != 0)
			return -1;
	for (size_t i = 0; i < save_count; i++)
		if (save_one(m->script, s, &saves[i], scope, e) != 0)
			return -1;
	return 0;
}
