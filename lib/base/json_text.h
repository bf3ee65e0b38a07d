/* json_text.h: the values within a JSON text (RFC 8259), where they stand. Nothing is decoded and
 * nothing is rounded: a number keeps its digits, an object the order of its keys.
 *
 * The text must be valid, as jansson tells; of any other text nonsense comes out, but nothing that
 * is not within it. */
#ifndef HAIL_BASE_JSON_TEXT_H
#define HAIL_BASE_JSON_TEXT_H

#include <stdbool.h>

#include "lib/base/slice.h"

struct buf;

/* The one value of a text, without the white space around it; len 0: there is none. */
struct slice json_text_value(struct slice text);

/* Steps through what an array or an object holds: *rest is its text at first, and what is left of
 * it then. *key, with its quotes, has data NULL in an array. false: that was all. */
bool json_text_next(struct slice *rest, struct slice *key, struct slice *value);

/* Appends a value without white space between its tokens. -1: no memory, or the buf is full. */
int json_text_compact(struct buf *into, struct slice value);

/* What a string says, `value` being its text with the quotes. Lent from there when it has no
 * escapes; otherwise from `into`, whose bytes before are gone. -1 as above. */
int json_text_string(struct buf *into, struct slice value, struct slice *said);

#endif
