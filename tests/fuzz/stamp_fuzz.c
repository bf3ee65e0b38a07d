/* A stamp that is found must be the one that is written back, and the first there is. */
#include <string.h>

#include "bench/load/stamp.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stamp found, again;
	char text[STAMP_LENGTH];
	const uint8_t *at;

	if (!stamp_find(&found, data, size))
		return 0;
	stamp_write(text, &found);
	at = memmem(data, size, text, sizeof text);
	require(at != NULL);
	require(!stamp_find(&again, data, (size_t)(at - data) + sizeof text - 1));
	require(stamp_find(&again, at, sizeof text));
	require(memcmp(&again, &found, sizeof found) == 0 || again.due_ns == found.due_ns);
	return 0;
}
