/* names.h: what the names in templates stand for, for one connection of a run. */
#ifndef HAIL_RUN_NAMES_H
#define HAIL_RUN_NAMES_H

#include <stdint.h>

#include "bench/plan/template.h"

struct client;
struct client_target;
struct err;
struct plan;

struct names {
	struct template_values values;   /* they point into this struct: it must stay where it is */
	char topic[32], conn[24];
	char *line;                      /* "Authorization: Bearer …", minted now, which {token} is
	                                  * from; NULL: the token, if any, is all connections' */
};

/* For connection `index`, which goes to that target. -1: *e, and nothing is to be released. */
int names_make(struct names *n, const struct plan *p, const struct client *c,
    const struct client_target *t, uint64_t index, struct err *e);
void names_release(struct names *n);

#endif
