/* names.h: what the names in templates stand for, for one connection of a run, and where that is
 * opened. */
#ifndef HAIL_RUN_NAMES_H
#define HAIL_RUN_NAMES_H

#include <stdint.h>

#include "bench/plan/template.h"
#include "lib/base/buf.h"

struct client;
struct client_target;
struct err;
struct place;
struct plan;

struct names {
	struct template_values values;   /* they point into this struct: it must stay where it is */
	uint64_t index;                  /* of the connection */
	char topic[32], conn[24];
	char *line;                      /* "Authorization: Bearer …", minted now, which {token} is
	                                  * from; NULL: the token, if any, is all connections' */
	struct buf path;                 /* of the place */
};

/* For connection `index`, which goes to that target. -1: *e, and nothing is to be released. */
int names_make(struct names *n, const struct plan *p, const struct client *c,
    const struct client_target *t, uint64_t index, struct err *e);
void names_release(struct names *n);

/* The place for the connection: the path that the template makes, its source address, its own
 * token. It points into *n. Once for each names_make. -1: *e. */
int names_place(struct names *n, const struct client *c, const char *template,
    struct place *place, struct err *e);

#endif
