/* field.h: the values of request fields that libwebsockets hands over as they came. Pure. */
#ifndef HAIL_NODE_FIELD_H
#define HAIL_NODE_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"

/* Finds "wait=SECONDS" in a Prefer field (RFC 7240, 4.3), the first one if there are
 * several. False: it is not there, or not a number; a preference that is not understood is
 * ignored (section 2). */
bool field_prefer_wait(struct slice prefer, uint64_t *seconds);

/* What stands between the quotes of the one entity tag in an If-None-Match field (RFC 9110,
 * 13.1.2), weak or not. False: it is none, or a list. */
bool field_entity_tag(struct slice match, struct slice *tag);

#endif
