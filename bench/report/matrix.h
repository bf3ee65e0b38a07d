/* matrix.h: publisher's node → receiver's node, as people read it: publishers down, receivers
 * across. With more than MATRIX_ACROSS nodes only the worst cells are shown. */
#ifndef HAIL_REPORT_MATRIX_H
#define HAIL_REPORT_MATRIX_H

#include <jansson.h>
#include <stdio.h>

enum { MATRIX_ACROSS = 8, MATRIX_WORST = 8 };

/* `matrix` as in delivery.matrix of a results document; any JSON will do. Writes nothing when
 * there are fewer than two nodes. `label`: columns in front of each line. */
void matrix_render(FILE *into, const json_t *matrix, int label);

#endif
