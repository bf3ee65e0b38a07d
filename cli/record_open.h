/* record_open.h: how a script connects: what `hail connect` was told about that, but for secrets,
 * which are variables that whoever replays the script has to give. */
#ifndef HAIL_CLI_RECORD_OPEN_H
#define HAIL_CLI_RECORD_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct opt_use;

/* Lent as long as anything is recorded. */
struct record_params {
	const char *transport;           /* by its name, where the scheme of the URL does not say
	                                  * it; NULL: it does */
	const struct opt_use *uses;      /* the options of the command line */
	size_t use_count;
	bool (*takes)(const char *name); /* whether `open` has an option of that name; others are
	                                  * passed over */
	bool user;                       /* the URL had a user, and maybe a password */
};

/* Where a connection goes to. */
struct record_place {
	const char *url;                 /* without a user */
	bool foreign;                    /* redirects led to another origin: nothing that authorizes
	                                  * goes there */
};

/* The variables to give, as a comment of one line; nothing when there are none. */
void record_put_variables(FILE *f, const struct record_params *p,
    const struct record_place *place);

/* `open a …` and the end of the line. */
void record_put_open(FILE *f, const struct record_params *p, const struct record_place *place);

/* `a resume` likewise. */
void record_put_resume(FILE *f, const struct record_params *p);

#endif
