#include "lib/channel/kept_place.h"

#include <stdlib.h>
#include <string.h>

#include "lib/channel/peer.h"

int
kept_place_init(struct kept_place *k, const struct place *place)
{
	*k = (struct kept_place){.target = strdup(place->target)};
	while (k->target != NULL && k->header_count < place->header_count &&
	    k->header_count < KEPT_HEADERS_MAX) {
		char *line = strdup(place->headers[k->header_count]);

		if (line == NULL)
			break;
		k->headers[k->header_count++] = line;
	}
	if (k->target != NULL && k->header_count == place->header_count)
		return 0;
	kept_place_release(k);
	return -1;
}

void
kept_place_release(struct kept_place *k)
{
	free(k->target);
	for (size_t i = 0; i < k->header_count; i++)
		free(k->headers[i]);
	*k = (struct kept_place){0};
}
