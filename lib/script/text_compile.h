/* text_compile.h: how a value goes into a text, for those who compile texts. */
#ifndef HAIL_SCRIPT_TEXT_COMPILE_H
#define HAIL_SCRIPT_TEXT_COMPILE_H

#include "lib/script/text.h"

enum text_way {
	TEXT_AS_IT_IS,
	TEXT_IN_STRING,          /* of JSON: escaped */
	TEXT_IN_REGEX,           /* quoted: it matches itself */
};

enum text_way text_way(enum text_form form, const struct text_part *part);

/* Appends a value. -1: the buf is full or no memory; in a string also when the value is not
 * UTF-8. */
int text_add(struct buf *into, enum text_way way, struct slice value);

#endif
