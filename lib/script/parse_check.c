/* Regexes, patterns and JSON are tried when the script is read, with something in the place of
 * their variables; what is wrong with one is told where it stands. What has no variables stays
 * compiled, up to a bound: beyond it the player compiles. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/script/json_check.h"
#include "lib/script/parse.h"
#include "lib/script/pattern.h"
#include "lib/script/regex.h"

enum {
	PATTERN_MAX = 4 << 20,           /* bytes */
	READY_MAX = 64 << 20,            /* of memory, roughly, for all that stay compiled */
	READY_EACH = 8192,               /* … what each takes, and for each of its bytes … */
	READY_BYTE = 32,
};

static struct slice
slice_of_buf(const struct buf *b)
{
	return (struct slice){b->len > 0 ? (const char *)b->data : "", b->len};
}

/* The script owns what was compiled from now on. NULL: no memory. */
static struct kept *
keep(struct parser *p)
{
	struct kept *kept = parse_take(p, sizeof *kept);

	if (kept == NULL)
		return NULL;
	kept->next = p->owner->kept;
	p->owner->kept = kept;
	return kept;
}

static bool
stays(struct parser *p, const struct text *t, size_t len)
{
	size_t takes = READY_EACH + len * READY_BYTE;

	if (!text_is_constant(t) || p->ready + takes > READY_MAX)
		return false;
	p->ready += takes;
	return true;
}

/* Nobody knows any more which variables there are, if the groups of what is wrong have names. */
static void
miss_groups(struct parser *p, struct slice text)
{
	if (memmem(text.data, text.len, "(?", 2) != NULL)
		p->unsure = true;
}

/* The names that named groups have. */
static int
define(struct parser *p, const struct token *k, const char *name)
{
	struct slice copy = {arena_text(&p->script->arena, slice_of(name)), slice_of(name).len};
	size_t slot;

	if (copy.data == NULL)
		return parse_error_memory(p);
	return parse_define(p, copy, k->spot, &slot);
}

/* --- regexes ----------------------------------------------------------------------------- */

static int
define_groups(struct parser *p, const struct token *k, const struct regex *r)
{
	for (size_t i = 0; i < regex_names(r); i++)
		if (define(p, k, regex_name(r, i)) != 0)
			return -1;
	return 0;
}

static int
try_regex(struct parser *p, const struct token *k, struct condition *c, struct slice text,
    bool defines)
{
	struct regex *r;
	struct kept *kept;
	struct err e;
	int failed;

	if (text.len > REGEX_MAX)
		return parse_error(p, k->spot, "expected a regex of at most %d KiB",
		    REGEX_MAX >> 10);
	if ((kept = keep(p)) == NULL)
		return -1;
	if ((r = regex_new(text, c->regex_flags, &e)) == NULL) {
		miss_groups(p, text);
		return parse_error(p, parse_source(p, k, c->regex, (size_t)e.code), "%s", e.text);
	}
	failed = defines ? define_groups(p, k, r) : 0;
	if (stays(p, c->regex, text.len))
		c->ready_regex = kept->regex = r;
	else
		regex_free(r);
	return failed;
}

int
parse_regex(struct parser *p, const struct token *k, struct condition *c, bool defines)
{
	struct buf text;
	int failed;

	buf_init(&text, SCRIPT_FILE_MAX);
	failed = parse_stand_in(p, c->regex, &text);
	if (failed == 0)
		failed = try_regex(p, k, c, slice_of_buf(&text), defines);
	buf_release(&text);
	return failed;
}

/* --- patterns ---------------------------------------------------------------------------- */

static bool
is_ordered(enum relation r)
{
	return r != RELATION_EQUAL && r != RELATION_UNEQUAL;
}

static int
use_pattern(struct parser *p, const struct token *k, const struct condition *c,
    const struct pattern *pattern, bool defines)
{
	if (c->kind == CONDITION_PATH && is_ordered(c->relation) &&
	    pattern_scalar(pattern) == NULL)
		return parse_error(p, k->spot, "expected a number or a string to compare with");
	for (size_t i = 0; defines && i < pattern_names(pattern); i++)
		if (define(p, k, pattern_name(pattern, i)) != 0)
			return -1;
	return 0;
}

static int
try_pattern(struct parser *p, const struct token *k, struct condition *c, struct slice text,
    bool defines)
{
	struct pattern *pattern;
	struct kept *kept;
	struct err e;
	int failed;

	if (text.len > PATTERN_MAX)
		return parse_error(p, k->spot, "expected a pattern of at most %d MiB",
		    PATTERN_MAX >> 20);
	if ((kept = keep(p)) == NULL)
		return -1;
	if ((pattern = pattern_new(text, &e)) == NULL) {
		miss_groups(p, text);
		return parse_error(p, parse_source(p, k, c->text, (size_t)e.code), "%s", e.text);
	}
	failed = use_pattern(p, k, c, pattern, defines);
	if (stays(p, c->text, text.len))
		c->ready_pattern = kept->pattern = pattern;
	else
		pattern_free(pattern);
	return failed;
}

int
parse_pattern(struct parser *p, const struct token *k, struct condition *c, bool defines)
{
	struct buf text;
	int failed;

	buf_init(&text, SCRIPT_FILE_MAX);
	failed = parse_stand_in(p, c->text, &text);
	if (failed == 0)
		failed = try_pattern(p, k, c, slice_of_buf(&text), defines);
	buf_release(&text);
	return failed;
}

/* --- JSON -------------------------------------------------------------------------------- */

int
parse_json(struct parser *p, const struct token *k, const struct text *t, const char *hint)
{
	struct buf text;
	const char *wrong;
	size_t at;
	int failed;

	buf_init(&text, SCRIPT_FILE_MAX);
	failed = parse_stand_in(p, t, &text);
	if (failed == 0 && (wrong = json_check(slice_of_buf(&text), &at)) != NULL)
		failed = parse_error(p, parse_source(p, k, t, at), "%s%s", wrong, hint);
	buf_release(&text);
	return failed;
}
