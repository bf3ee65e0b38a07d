/* json_check.h: whether a text is JSON (RFC 8259), without making anything of it: a message of
 * many megabytes is judged in no memory. */
#ifndef HAIL_SCRIPT_JSON_CHECK_H
#define HAIL_SCRIPT_JSON_CHECK_H

#include <stddef.h>

#include "lib/base/slice.h"

enum { JSON_CHECK_DEPTH = 1000 };        /* of arrays and objects within each other */

/* NULL: it is. Otherwise what was expected, and at which byte. Strings must be UTF-8 already. */
const char *json_check(struct slice text, size_t *at);

#endif
