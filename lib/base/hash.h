/* hash.h: FNV-1a, for tables and for seeing whether bytes are the same again. No defence against
 * who chooses the bytes, unless the start is secret. */
#ifndef HAIL_BASE_HASH_H
#define HAIL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on from `h`, HASH_START or a secret at first. */
static inline uint64_t
hash_bytes(uint64_t h, const void *data, size_t len)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * UINT64_C(0x100000001b3);
	return h;
}

#endif
