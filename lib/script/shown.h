/* shown.h: values in sentences: as JSON, on one line, cut. A buf that is full cuts the rest. */
#ifndef HAIL_SCRIPT_SHOWN_H
#define HAIL_SCRIPT_SHOWN_H

#include <jansson.h>
#include <stddef.h>

#include "lib/base/slice.h"

struct buf;

enum { SHOWN_MAX = 60 };         /* bytes of a value */

/* Appends any bytes as a JSON string; what is no UTF-8 is U+FFFD. */
void shown_text(struct buf *into, struct slice text);

/* Appends the value: `"text"`, `5`, `{"a":[1,2…`. */
void shown_json(struct buf *into, const json_t *value);

/* Appends `expected "hello", got "hallo"`; of long texts from where they differ:
 * `differ at byte 120: expected "…hello", got "…hallo"`, counted from 0. */
void shown_difference(struct buf *into, struct slice expected, struct slice got);

/* Appends text on one line: control characters are blanks; beyond `max` bytes it is cut. */
void shown_line(struct buf *into, struct slice text, size_t max);

/* Appends a number with as few digits as are the same number again. -1: the buf is full. */
int shown_number(struct buf *into, const json_t *value);

#endif
