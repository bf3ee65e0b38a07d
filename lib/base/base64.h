/* base64.h: RFC 4648, section 4 (padded) and section 5 (URL alphabet, unpadded). */
#ifndef HAIL_BASE_BASE64_H
#define HAIL_BASE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* How many characters the padded encoding of `len` bytes takes, without a NUL. */
size_t base64_length(size_t len);

/* Writes the padded standard encoding and a NUL; `into` holds base64_length(len) + 1. Returns
 * the length without the NUL. */
size_t base64_encode(char *into, const void *data, size_t len);

/* The URL alphabet without padding, and a NUL; never longer than base64_length(len) + 1. */
size_t base64url_encode(char *into, const void *data, size_t len);

/* Decodes either alphabet, padded or not; `into` holds len / 4 * 3 + 3. Returns the number of
 * bytes, -1 when a character is none of the alphabet's or the length is impossible. */
ssize_t base64_decode(void *into, const char *text, size_t len);

#endif
