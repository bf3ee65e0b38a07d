/* regex.h: regular expressions, as PCRE2 has them, with bounds: a pattern and a subject that take
 * too long together are an error and no hang. */
#ifndef HAIL_SCRIPT_REGEX_H
#define HAIL_SCRIPT_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"

struct err;
struct regex;

enum { REGEX_MAX = 65536 };      /* bytes of a pattern */

enum regex_flag {
	REGEX_NOCASE = 1,        /* i */
	REGEX_DOTALL = 2,        /* s */
	REGEX_MULTILINE = 4,     /* m */
	REGEX_UNICODE = 8,       /* the subject is UTF-8; otherwise it is bytes */
};

/* NULL with class ERR_USAGE, which tells what is wrong and at which byte (e->code), or
 * ERR_MEMORY. */
struct regex *regex_new(struct slice pattern, unsigned flags, struct err *e);
void regex_free(struct regex *r);

/* How many named groups there are, and their names. */
size_t regex_names(const struct regex *r);
const char *regex_name(const struct regex *r, size_t index);

/* Whether it is found anywhere in the subject. `groups` holds regex_names slices, filled with
 * what the named groups took (data NULL: nothing); NULL: not wanted. 1: yes. 0: no, also when
 * the subject is not UTF-8 though the pattern wants that. -1: class ERR_LIMIT, the search took
 * 300 ms of the processor or 64 MiB and was given up. */
int regex_match(const struct regex *r, struct slice subject, struct slice *groups,
    struct err *e);

#endif
