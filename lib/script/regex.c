/* regex.c: what bounds a search.
 *
 * PCRE2's own limits hold for one place of the subject at a time, and there are as many places
 * as bytes: it is the processor's time that has to be limited. PCRE2 calls back at every item of
 * the pattern, and there the clock is looked at now and then. */
#include "lib/script/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"

enum {
	TIME_MS = 300,
	CALLS_PER_LOOK = 32,             /* at the clock */
	MATCH_LIMIT = 10000000,          /* backtracking at one place */
	HEAP_LIMIT = 64 << 10,           /* KiB */
	KEPT_MAX = 256 << 10,            /* bytes that a search may leave allocated */
	NESTING_MAX = 200,               /* of parentheses */
};

/* A named group; with (?J) several groups may share a name, and so rows of PCRE2's table. */
struct group {
	const char *name;
	const uint8_t *row;
	size_t rows;
};

/* What a search is like, kept between searches so that none takes memory. */
struct search {
	uint64_t calls, deadline;        /* 0: the clock has not been looked at yet */
	bool grown;
	pcre2_general_context *memory;
	pcre2_match_context *context;
	pcre2_match_data *data;
};

struct regex {
	pcre2_code *code;
	bool unicode;
	struct search *search;
	size_t row_size, group_count;
	struct group groups[];
};

/* --- bounds ------------------------------------------------------------------------------ */

static void *
allocate(size_t size, void *ctx)
{
	struct search *s = ctx;

	s->grown |= size > KEPT_MAX;
	return malloc(size);
}

static void
release(void *memory, void *ctx)
{
	(void)ctx;
	free(memory);
}

/* PCRE2 calls it again and again during a search. Non-zero ends that. */
static int
look_at_clock(pcre2_callout_block *block, void *ctx)
{
	struct search *s = ctx;
	uint64_t now;

	(void)block;
	if (++s->calls % CALLS_PER_LOOK != 0)
		return 0;
	now = clock_cpu_ns();
	if (s->deadline == 0)
		s->deadline = now + TIME_MS * NS_PER_MS;
	return now < s->deadline ? 0 : PCRE2_ERROR_CALLOUT;
}

static void
search_free(struct search *s)
{
	if (s == NULL)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	pcre2_general_context_free(s->memory);
	free(s);
}

static struct search *
search_new(const pcre2_code *code)
{
	struct search *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->memory = pcre2_general_context_create(allocate, release, s);
	s->context = s->memory != NULL ? pcre2_match_context_create(s->memory) : NULL;
	s->data = s->context != NULL ?
	    pcre2_match_data_create_from_pattern(code, s->memory) : NULL;
	if (s->data == NULL) {
		search_free(s);
		return NULL;
	}
	pcre2_set_match_limit(s->context, MATCH_LIMIT);
	pcre2_set_depth_limit(s->context, MATCH_LIMIT);
	pcre2_set_heap_limit(s->context, HEAP_LIMIT);
	pcre2_set_callout(s->context, look_at_clock, s);
	return s;
}

/* --- compiling --------------------------------------------------------------------------- */

static uint32_t
options_of(unsigned flags)
{
	return PCRE2_AUTO_CALLOUT | PCRE2_NEVER_BACKSLASH_C |
	    (flags & REGEX_NOCASE ? PCRE2_CASELESS : 0) |
	    (flags & REGEX_DOTALL ? PCRE2_DOTALL : 0) |
	    (flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0) |
	    (flags & REGEX_UNICODE ? PCRE2_UTF : PCRE2_NEVER_UTF);
}

static pcre2_code *
compile(struct slice pattern, unsigned flags, struct err *e)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR text[160];
	int number;

	if (context == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a regex");
		return NULL;
	}
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.len, options_of(flags), &number,
	    &at, context);
	pcre2_compile_context_free(context);
	if (code != NULL)
		return code;
	if (number == PCRE2_ERROR_HEAP_FAILED) {
		err_set(e, ERR_MEMORY, 0, "no memory for a regex");
		return NULL;
	}
	pcre2_get_error_message(number, text, sizeof text);
	err_set(e, ERR_USAGE, at < pattern.len ? (int)at : (int)pattern.len,
	    "this is no regex: %s", (const char *)text);
	return NULL;
}

static const uint8_t *
row_name(const uint8_t *row)
{
	return row + 2;                  /* behind the group's number */
}

/* The rows are sorted by name. */
static void
find_groups(struct regex *r, const uint8_t *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t *row = rows + i * r->row_size;
		const char *name = (const char *)row_name(row);
		struct group *last = r->groups + r->group_count - 1;

		if (r->group_count > 0 && slice_eq(slice_of(last->name), name))
			last->rows++;
		else
			r->groups[r->group_count++] = (struct group){name, row, 1};
	}
}

/* Takes the code. */
static struct regex *
wrap(pcre2_code *code, unsigned flags)
{
	uint32_t count = 0, row_size = 0;
	PCRE2_SPTR rows = NULL;
	struct regex *r;

	pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &row_size);
	pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &rows);
	r = calloc(1, sizeof *r + count * sizeof *r->groups);
	if (r == NULL) {
		pcre2_code_free(code);
		return NULL;
	}
	r->code = code;
	r->unicode = flags & REGEX_UNICODE;
	r->row_size = row_size;
	find_groups(r, rows, count);
	r->search = search_new(code);
	if (r->search != NULL)
		return r;
	regex_free(r);
	return NULL;
}

struct regex *
regex_new(struct slice pattern, unsigned flags, struct err *e)
{
	pcre2_code *code;
	struct regex *r;

	if (pattern.len > REGEX_MAX) {
		err_set(e, ERR_USAGE, 0, "a regex of %zu bytes: expected at most 64 KiB",
		    pattern.len);
		return NULL;
	}
	if (pattern.data == NULL)
		pattern.data = "";
	code = compile(pattern, flags, e);
	if (code == NULL)
		return NULL;
	r = wrap(code, flags);
	if (r == NULL)
		err_set(e, ERR_MEMORY, 0, "no memory for a regex");
	return r;
}

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	search_free(r->search);
	pcre2_code_free(r->code);
	free(r);
}

size_t
regex_names(const struct regex *r)
{
	return r->group_count;
}

const char *
regex_name(const struct regex *r, size_t index)
{
	return r->groups[index].name;
}

/* --- searching --------------------------------------------------------------------------- */

/* What a group took: of those that share its name the first that took anything. */
static struct slice
taken(const struct regex *r, const struct group *g, struct slice subject)
{
	const PCRE2_SIZE *places = pcre2_get_ovector_pointer(r->search->data);

	for (size_t i = 0; i < g->rows; i++) {
		const uint8_t *row = g->row + i * r->row_size;
		size_t number = (size_t)row[0] << 8 | row[1];
		PCRE2_SIZE from = places[2 * number], to = places[2 * number + 1];

		if (from != PCRE2_UNSET && from <= to && to <= subject.len)
			return (struct slice){subject.data + from, to - from};
	}
	return (struct slice){NULL, 0};
}

/* Memory of a search that needed much of it is not kept. */
static void
shrink(struct search *s)
{
	if (!s->grown)
		return;
	pcre2_match_data_free(s->data);
	s->data = NULL;
	s->grown = false;
}

static bool
make_ready(struct search *s, const pcre2_code *code)
{
	s->calls = s->deadline = 0;
	if (s->data == NULL)
		s->data = pcre2_match_data_create_from_pattern(code, s->memory);
	return s->data != NULL;
}

static int
give_up(int why, struct slice subject, struct err *e)
{
	PCRE2_UCHAR text[160];

	switch (why) {
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_NOMEMORY:
		return err_set(e, ERR_LIMIT, 0,
		    "this regex takes too much memory with these %zu bytes", subject.len);
	case PCRE2_ERROR_CALLOUT:
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
		return err_set(e, ERR_LIMIT, 0,
		    "this regex takes too long with these %zu bytes", subject.len);
	default:
		pcre2_get_error_message(why, text, sizeof text);
		return err_set(e, ERR_LIMIT, 0, "this regex cannot be searched for: %s",
		    (const char *)text);
	}
}

int
regex_match(const struct regex *r, struct slice subject, struct slice *groups,
    struct err *e)
{
	struct search *s = r->search;
	int found;

	if (subject.data == NULL)
		subject = (struct slice){"", 0};
	if (r->unicode && !utf8_valid(subject.data, subject.len))
		return 0;
	if (!make_ready(s, r->code))
		return err_set(e, ERR_LIMIT, 0, "no memory for a search");
	found = pcre2_match(r->code, (PCRE2_SPTR)subject.data, subject.len, 0,
	    r->unicode ? PCRE2_NO_UTF_CHECK : 0, s->data, s->context);
	for (size_t i = 0; groups != NULL && found >= 0 && i < r->group_count; i++)
		groups[i] = taken(r, &r->groups[i], subject);
	shrink(s);
	if (found >= 0)
		return 1;
	return found == PCRE2_ERROR_NOMATCH ? 0 : give_up(found, subject, e);
}
