/* distance.h: how far a word is from another one: what somebody who misspelt it meant. */
#ifndef HAIL_BASE_DISTANCE_H
#define HAIL_BASE_DISTANCE_H

#include <stddef.h>

#include "lib/base/slice.h"

enum { DISTANCE_MAX = 96 };              /* bytes of a word; no longer one is compared */

/* How many letters it takes to make one word of the other: changed, added, left out, or swapped
 * with a neighbour (the optimal string alignment distance, in bytes). When that is more than
 * `most` it may be told as most + 1. SIZE_MAX: one of them is too long. */
size_t distance_between(struct slice a, struct slice b, size_t most);

#endif
