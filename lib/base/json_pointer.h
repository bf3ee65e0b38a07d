/* json_pointer.h: JSON Pointer (RFC 6901), over jansson's trees and over texts.
 *
 * As an extension "-1" is the last element of an array, "-2" the one before, and so on; in an
 * object they are names like any other. */
#ifndef HAIL_BASE_JSON_POINTER_H
#define HAIL_BASE_JSON_POINTER_H

#include <jansson.h>

#include "lib/base/slice.h"

struct err;

/* Whether it is one: "" or "/…" with "~" only in "~0" and "~1". -1 with class ERR_USAGE. What can
 * never be found ("/-", "/01" in an array) is no error. */
int json_pointer_check(const char *pointer, struct err *e);

/* What it points to, lent; NULL: there is no such thing. The pointer must have been checked. */
json_t *json_pointer_get(const json_t *root, const char *pointer);

/* The same within a valid JSON text (json_text.h): the value as it stands there; data NULL: there
 * is no such thing. Of members with the same name it is the last, as with jansson. */
struct slice json_pointer_text(struct slice text, const char *pointer);

#endif
