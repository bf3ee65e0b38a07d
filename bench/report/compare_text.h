/* compare_text.h: the transports of a comparison as people read them: a row each. */
#ifndef HAIL_REPORT_COMPARE_TEXT_H
#define HAIL_REPORT_COMPARE_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* `rows` as in compare of a results document; any JSON will do. Writes nothing when there is no
 * row. `label`: columns of the names. */
void compare_text(FILE *into, const json_t *rows, int label);

#endif
