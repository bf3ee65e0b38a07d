#include "lib/node/chaos.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/units.h"

/* Longer pauses would only fill memory with what is being held. */
#define DELAY_MAX (10 * NS_PER_S)
#define STALL_MAX (60 * NS_PER_S)

static const char *const names[CHAOS_ACTIONS] = {
	[CHAOS_NONE] = "none",
	[CHAOS_CLOSE] = "close",
	[CHAOS_DROP] = "drop",
	[CHAOS_DUP] = "dup",
	[CHAOS_SWAP] = "swap",
};

const char *
chaos_name(enum chaos_action action)
{
	return names[action];
}

enum chaos_action
chaos_next(struct chaos *c)
{
	c->deliveries++;
	for (int a = CHAOS_NONE + 1; a < CHAOS_ACTIONS; a++)
		if (c->every[a] != 0 && c->deliveries % c->every[a] == 0)
			return (enum chaos_action)a;
	return CHAOS_NONE;
}

/* A copy that ends in NUL, for the units; false: longer than any number is. */
static bool
copy_text(char *into, size_t size, struct slice text)
{
	if (text.len >= size)
		return false;
	memcpy(into, text.data, text.len);
	into[text.len] = '\0';
	return true;
}

static int
parse_duration(struct slice text, uint64_t most, uint64_t *ns, struct err *e)
{
	char copy[32], limit[32];

	if (!copy_text(copy, sizeof copy, text))
		return err_set(e, ERR_USAGE, 0, "chaos: '%.*s' is not a duration",
		    (int)(text.len < 60 ? text.len : 60), text.data);
	if (units_duration(copy, ns, e) != 0)
		return -1;
	if (*ns == 0 || *ns > most)
		return err_set(e, ERR_USAGE, 0, "chaos: '%s' is not between 0 and %s", copy,
		    units_duration_text(limit, sizeof limit, (double)most / 1e6));
	return 0;
}

/* "1/N": each Nth delivery. */
static int
parse_every(struct slice text, uint64_t *every, struct err *e)
{
	struct slice rest = text, one = slice_cut(&rest, '/');
	char copy[32];

	if (!slice_eq(one, "1") || rest.data == NULL || !copy_text(copy, sizeof copy, rest) ||
	    units_count(copy, every, NULL) != 0 || *every == 0)
		return err_set(e, ERR_USAGE, 0,
		    "chaos: '%.*s' is not of the form 1/N (each Nth delivery)",
		    (int)(text.len < 60 ? text.len : 60), text.data);
	return 0;
}

/* "1s@10s": for one second, ten seconds after the first connection. */
static int
parse_stall(struct chaos *c, struct slice text, struct err *e)
{
	struct slice after = text, length = slice_cut(&after, '@');

	if (after.data == NULL)
		return err_set(e, ERR_USAGE, 0,
		    "chaos: '%.*s' is not of the form LENGTH@AFTER, as in 1s@10s",
		    (int)(text.len < 60 ? text.len : 60), text.data);
	if (parse_duration(length, STALL_MAX, &c->stall_ns, e) != 0)
		return -1;
	return parse_duration(after, 24 * 3600 * NS_PER_S, &c->stall_after_ns, e);
}

static int
refuse_twice(struct slice word, struct err *e)
{
	return err_set(e, ERR_USAGE, 0, "chaos: '%.*s' is given twice", (int)word.len,
	    word.data);
}

static int
parse_word(struct chaos *c, struct slice word, struct slice value, struct err *e)
{
	for (int a = CHAOS_NONE + 1; a < CHAOS_ACTIONS; a++)
		if (slice_eq(word, names[a]))
			return c->every[a] != 0 ? refuse_twice(word, e) :
			    parse_every(value, &c->every[a], e);
	if (slice_eq(word, "delay"))
		return c->delay_ns != 0 ? refuse_twice(word, e) :
		    parse_duration(value, DELAY_MAX, &c->delay_ns, e);
	if (slice_eq(word, "stall"))
		return c->stall_ns != 0 ? refuse_twice(word, e) : parse_stall(c, value, e);
	return err_set(e, ERR_USAGE, 0,
	    "chaos: '%.*s' is none of drop, dup, swap, close, delay and stall",
	    (int)(word.len < 60 ? word.len : 60), word.data);
}

int
chaos_parse(struct chaos *c, const char *spec, struct err *e)
{
	struct slice rest = slice_of(spec);

	*c = (struct chaos){0};
	while (rest.data != NULL) {
		struct slice value = slice_cut(&rest, ','), word = slice_cut(&value, '=');

		if (value.data == NULL)
			return err_set(e, ERR_USAGE, 0,
			    "chaos: '%.*s' is not of the form WORD=VALUE",
			    (int)(word.len < 60 ? word.len : 60), word.data);
		if (parse_word(c, word, value, e) != 0)
			return -1;
	}
	return 0;
}
