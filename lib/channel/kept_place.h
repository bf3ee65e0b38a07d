/* kept_place.h: a copy of what struct place lends, for transports that need it for more than one
 * request. */
#ifndef HAIL_CHANNEL_KEPT_PLACE_H
#define HAIL_CHANNEL_KEPT_PLACE_H

#include <stddef.h>

struct place;

enum { KEPT_HEADERS_MAX = 8 };           /* lines of its own that a connection may have */

struct kept_place {
	char *target;
	char *headers[KEPT_HEADERS_MAX];
	size_t header_count;
};

/* -1: no memory, or too many lines; *k is released then. */
int kept_place_init(struct kept_place *k, const struct place *place);

/* Gives the memory back; *k is then empty. Twice is fine. */
void kept_place_release(struct kept_place *k);

#endif
