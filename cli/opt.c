#include "cli/opt.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/units.h"

/* What opt_uses tells. */
static struct opt_use *uses;
static size_t use_count;

static const struct opt *
find_long(const struct opt *const *groups, struct slice name)
{
	for (; *groups != NULL; groups++)
		for (const struct opt *o = *groups; o->name != NULL; o++)
			if (slice_eq(name, o->name))
				return o;
	return NULL;
}

static const struct opt *
find_letter(const struct opt *const *groups, char letter)
{
	for (; *groups != NULL; groups++)
		for (const struct opt *o = *groups; o->name != NULL; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

static bool
takes_argument(const struct opt *o)
{
	return o->type != OPT_FLAG && o->type != OPT_UNFLAG && o->type != OPT_TALLY &&
	    o->type != OPT_MAYBE;
}

static int
add_to_list(struct opt_list *list, const char *value, struct err *e)
{
	const char **grown = realloc(list->items, (list->count + 1) * sizeof *grown);

	if (grown == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for options");
	list->items = grown;
	list->items[list->count++] = value;
	return 0;
}

static int
choose(const struct opt *o, const char *value, struct err *e)
{
	struct slice rest = slice_of(o->argument);
	int index = 0;

	for (; rest.data != NULL; index++)
		if (slice_eq(slice_cut(&rest, '|'), value)) {
			*(int *)o->into = index;
			return 0;
		}
	return err_set(e, ERR_USAGE, 0, "'%s' is not one of %s", value, o->argument);
}

static int
store(const struct opt *o, const char *value, struct err *e)
{
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->into = true;
		return 0;
	case OPT_UNFLAG:
		*(bool *)o->into = false;
		return 0;
	case OPT_TALLY:
		++*(int *)o->into;
		return 0;
	case OPT_TEXT:
		*(const char **)o->into = value;
		return 0;
	case OPT_LIST:
		return add_to_list(o->into, value, e);
	case OPT_COUNT:
		return units_count(value, o->into, e);
	case OPT_MAYBE:
		*(uint64_t *)o->into = UINT64_MAX;
		return value != NULL ? units_count(value, o->into, e) : 0;
	case OPT_DURATION:
		return units_duration(value, o->into, e);
	case OPT_RATE:
		return units_rate(value, o->into, e);
	case OPT_SIZE:
		return units_size(value, o->into, e);
	case OPT_CHOICE:
		return choose(o, value, e);
	}
	return 0;
}

static int
note_use(const struct opt *o, const char *value, struct err *e)
{
	struct opt_use *grown = realloc(uses, (use_count + 1) * sizeof *grown);

	if (grown == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for options");
	uses = grown;
	uses[use_count++] = (struct opt_use){o, value};
	return 0;
}

static int
apply(const struct opt *o, const char *value, struct err *e)
{
	struct err why = {0};

	if (store(o, value, &why) != 0)
		return err_set(e, why.class, why.code, "--%s: %.200s", o->name, why.text);
	if (o->given != NULL)
		*o->given = true;
	return note_use(o, value, e);
}

/* "--name", "--name=value" or "--name value"; *at is the index in argv and moves with it. */
static int
parse_long(const struct opt *const *groups, int argc, char **argv, int *at, struct err *e)
{
	struct slice value = slice_of(argv[*at] + 2), name = slice_cut(&value, '=');
	const struct opt *o = find_long(groups, name);

	if (o == NULL)
		return err_set(e, ERR_USAGE, 0, "unknown option --%.*s", (int)name.len, name.data);
	if (!takes_argument(o) && value.data != NULL && o->type != OPT_MAYBE)
		return err_set(e, ERR_USAGE, 0, "--%s takes no argument", o->name);
	if (takes_argument(o) && value.data == NULL) {
		if (*at + 1 >= argc)
			return err_set(e, ERR_USAGE, 0, "--%s needs %s", o->name, o->argument);
		value.data = argv[++*at];
	}
	return apply(o, value.data, e);
}

/* "-k", "-vv", "-c100", "-c 100". */
static int
parse_letters(const struct opt *const *groups, int argc, char **argv, int *at, struct err *e)
{
	for (const char *letter = argv[*at] + 1; *letter != '\0'; letter++) {
		const struct opt *o = find_letter(groups, *letter);

		if (o == NULL)
			return err_set(e, ERR_USAGE, 0, "unknown option -%c", *letter);
		if (takes_argument(o)) {
			if (letter[1] == '\0' && *at + 1 >= argc)
				return err_set(e, ERR_USAGE, 0, "-%c needs %s", *letter,
				    o->argument);
			return apply(o, letter[1] != '\0' ? letter + 1 : argv[++*at], e);
		}
		if (apply(o, NULL, e) != 0)
			return -1;
	}
	return 0;
}

int
opt_parse(const struct opt *const *groups, int argc, char **argv, int *operands, int *rest,
    struct err *e)
{
	int at, failed = 0;

	*operands = 0;
	use_count = 0;
	for (at = 0; at < argc && !failed; at++) {
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		if (strncmp(argv[at], "--", 2) == 0)
			failed = parse_long(groups, argc, argv, &at, e);
		else if (argv[at][0] == '-' && argv[at][1] != '\0')
			failed = parse_letters(groups, argc, argv, &at, e);
		else
			argv[(*operands)++] = argv[at];
	}
	*rest = at;
	return failed;
}

const struct opt_use *
opt_uses(size_t *count)
{
	*count = use_count;
	return uses;
}

static void
print_row(const struct opt *o)
{
	char left[160];

	snprintf(left, sizeof left, "%c%c%s --%s%s%s%s", o->letter ? '-' : ' ',
	    o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name,
	    o->argument == NULL ? "" : o->type == OPT_MAYBE ? "[=" : " ",
	    o->argument != NULL ? o->argument : "", o->type == OPT_MAYBE ? "]" : "");
	if (strlen(left) > 30)
		printf("  %s\n  %-30s %s\n", left, "", o->help);
	else
		printf("  %-30s %s\n", left, o->help);
}

void
opt_usage(const struct opt *const *groups)
{
	for (; *groups != NULL; groups++)
		for (const struct opt *o = *groups; o->name != NULL; o++)
			if (o->help != NULL)
				print_row(o);
}

void
opt_list_release(struct opt_list *list)
{
	free(list->items);
	*list = (struct opt_list){0};
}
