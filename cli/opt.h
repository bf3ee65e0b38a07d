/* opt.h: options as typed rows next to the variables they fill.
 *
 * The same rows parse the command line, print the usage and are what the manual pages are
 * checked against. Long names are matched whole, never by prefix. */
#ifndef HAIL_CLI_OPT_H
#define HAIL_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum opt_type {
	OPT_FLAG,       /* bool: set */
	OPT_UNFLAG,     /* bool: cleared */
	OPT_TALLY,      /* int: one more each time (-vv) */
	OPT_TEXT,       /* const char *: the argument itself, lent from argv */
	OPT_LIST,       /* struct opt_list: every argument, in order */
	OPT_COUNT,      /* uint64_t, as units_count */
	OPT_MAYBE,      /* uint64_t likewise, but only as --name=N; UINT64_MAX without N */
	OPT_DURATION,   /* uint64_t nanoseconds, as units_duration */
	OPT_RATE,       /* double per second, as units_rate */
	OPT_SIZE,       /* uint64_t bytes, as units_size */
	OPT_CHOICE,     /* int: the index in `choices`, separated by '|' in `argument` */
};

struct opt_list {
	const char **items;
	size_t count;
};

struct opt {
	const char *name;        /* long name without dashes; NULL ends the rows */
	char letter;             /* short name, 0 when there is none */
	enum opt_type type;
	void *into;
	const char *argument;    /* how the argument is called in usage; NULL for flags */
	const char *help;        /* one line; NULL hides the row from usage */
	bool *given;             /* set when the option was used; may be NULL */
};

/* A command has several groups of rows (its own, those all clients share). The array of groups
 * ends with NULL. Options and operands may stand in any order; "--" ends the options.
 * Operands are moved to the front of argv; *operands tells how many there are. What follows "--"
 * is left for the caller at argv + *rest.
 * -1 with class ERR_USAGE: an unknown option, a missing or a bad argument. */
int opt_parse(const struct opt *const *groups, int argc, char **argv, int *operands, int *rest,
    struct err *e);

/* An option as it was said; value NULL: it took none. Lent from argv and the rows. */
struct opt_use {
	const struct opt *row;
	const char *value;
};

/* All that the last opt_parse took, in order; lent until the next. */
const struct opt_use *opt_uses(size_t *count);

/* Prints the rows to stdout, as `hail COMMAND --help` does. */
void opt_usage(const struct opt *const *groups);

void opt_list_release(struct opt_list *list);

#endif
