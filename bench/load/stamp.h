/* stamp.h: the 27 printable characters in a payload by which any receiver can tell who sent it,
 * which number it is and when it was due.
 *
 *     ~h  24 characters of base64url  ~
 *         run tag u16 · publisher u32 · number u32 · due, ns since the run's start, u64
 *         (18 bytes, big-endian)
 *
 * It survives any envelope, JSON or other, because it is found by scanning. */
#ifndef HAIL_LOAD_STAMP_H
#define HAIL_LOAD_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STAMP_LENGTH = 27 };

struct stamp {
	uint16_t run;
	uint32_t publisher;
	uint32_t number;
	uint64_t due_ns;
};

/* Writes STAMP_LENGTH characters, no NUL. */
void stamp_write(char *into, const struct stamp *s);

/* Finds the first whole stamp in a message. False: there is none. */
bool stamp_find(struct stamp *s, const void *data, size_t len);

#endif
