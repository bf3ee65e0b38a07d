#include "lib/script/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/rng.h"
#include "lib/base/utf8.h"
#include "lib/script/scope.h"
#include "lib/script/script.h"
#include "lib/script/text_compile.h"

bool
text_is_constant(const struct text *t)
{
	return t->count == 0 || (t->count == 1 && t->parts[0].kind == TEXT_BYTES);
}

struct slice
text_constant(const struct text *t)
{
	return t->count > 0 ? t->parts[0].bytes : (struct slice){"", 0};
}

/* --- how values go in -------------------------------------------------------------------- */

enum text_way
text_way(enum text_form form, const struct text_part *part)
{
	if (form == TEXT_REGEX || (form == TEXT_JSON && part->in_regex))
		return TEXT_IN_REGEX;
	return form == TEXT_JSON && part->quoted ? TEXT_IN_STRING : TEXT_AS_IT_IS;
}

/* The quotes that json_quote puts around it stand in the text already. */
static int
add_in_string(struct buf *into, struct slice value)
{
	size_t from = into->len;

	if (!utf8_valid(value.data, value.len) || json_quote(into, value.data, value.len) != 0)
		return -1;
	memmove(into->data + from, into->data + from + 1, into->len - from - 2);
	into->len -= 2;
	return 0;
}

/* Letters and digits, and what is not ASCII, mean themselves; anything else does behind a
 * backslash, but for what may not stand in a line. */
static int
add_in_regex(struct buf *into, struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];
		bool plain = c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z');
		int failed = plain ? buf_add(into, &c, 1) :
		    c < ' ' ? buf_addf(into, "\\x%02x", c) : buf_addf(into, "\\%c", c);

		if (failed)
			return -1;
	}
	return 0;
}

int
text_add(struct buf *into, enum text_way way, struct slice value)
{
	switch (way) {
	case TEXT_AS_IT_IS:
		return buf_add(into, value.data, value.len);
	case TEXT_IN_STRING:
		return add_in_string(into, value);
	case TEXT_IN_REGEX:
		return add_in_regex(into, value);
	}
	return -1;
}

/* --- filling in -------------------------------------------------------------------------- */

static uint64_t
wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct slice
number(char into[24], uint64_t value)
{
	char *at = into + 24;

	do {
		*--at = (char)('0' + value % 10);
	} while ((value /= 10) > 0);
	return (struct slice){at, (size_t)(into + 24 - at)};
}

static struct slice
last_id(const struct scope_params *p, size_t party)
{
	struct slice id = {"", 0};

	if (p->last_id != NULL)
		id = p->last_id(p->ctx, party);
	return id.data != NULL ? id : (struct slice){"", 0};
}

static struct slice
slice_or_none(const char *text)
{
	return text != NULL ? slice_of(text) : (struct slice){NULL, 0};
}

/* data NULL: there is none. */
static struct slice
value_of(const struct text_part *part, struct scope *s, char digits[24])
{
	const struct scope_params *p = scope_params(s);

	switch (part->kind) {
	case TEXT_BYTES:
		return part->bytes;
	case TEXT_VARIABLE:
		return scope_get(s, part->number);
	case TEXT_UUID:
		return slice_or_none(scope_uuid(s, part->number));
	case TEXT_NOW:
		return number(digits, wall_ms());
	case TEXT_SEQ:
		return number(digits, scope_next(s));
	case TEXT_RAND:
		return number(digits, rng_u64(p->rng) % part->number);
	case TEXT_CONN:
		return number(digits, p->conn);
	case TEXT_ITERATION:
		return number(digits, scope_iteration(s));
	case TEXT_URL:
		return slice_or_none(p->url);
	case TEXT_LAST_ID:
		return last_id(p, part->number);
	}
	return (struct slice){NULL, 0};
}

/* For a sentence. */
static const char *
name_of(const struct text_part *part, const struct scope *s)
{
	if (part->kind == TEXT_VARIABLE)
		return scope_params(s)->script->slots[part->number].name;
	if (part->kind == TEXT_LAST_ID)
		return scope_params(s)->script->parties[part->number];
	return "url";
}

static int
fill_part(const struct text *t, const struct text_part *part, struct scope *s, struct buf *into,
    struct err *e)
{
	enum text_way way = part->kind == TEXT_BYTES ? TEXT_AS_IT_IS : text_way(t->form, part);
	const char *suffix = part->kind == TEXT_LAST_ID ? ".last_id" : "";
	char digits[24];
	struct slice value = value_of(part, s, digits);

	if (value.data == NULL && part->kind == TEXT_UUID)
		return err_set(e, ERR_MEMORY, 0, "no memory for {uuid}");
	if (value.data == NULL)
		return err_set(e, ERR_MATCH, 0, "{%s} has no value here%s", name_of(part, s),
		    part->kind == TEXT_URL ? ": expected -D url=URL" : "");
	if (text_add(into, way, value) == 0)
		return 0;
	if (way == TEXT_IN_STRING && !utf8_valid(value.data, value.len))
		return err_set(e, ERR_MATCH, 0,
		    "{%s%s} is not UTF-8, as all that stands in JSON has to be",
		    name_of(part, s), suffix);
	return err_set(e, ERR_LIMIT, 0, "the text takes more than %zu bytes with its variables",
	    into->max);
}

int
text_fill(const struct text *t, struct scope *s, struct buf *into, struct err *e)
{
	for (size_t i = 0; i < t->count; i++)
		if (fill_part(t, &t->parts[i], s, into, e) != 0)
			return -1;
	return 0;
}
