/* utf8.h: is it UTF-8 (RFC 3629)? Resumes at any byte, so that text split over frames can be
 * judged as it comes (RFC 6455, 8.1). */
#ifndef HAIL_BASE_UTF8_H
#define HAIL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* State between two pieces; 0 at the start, and 0 again whenever a character is complete. */
typedef uint32_t utf8_state;

/* Takes the next piece; false at the first byte that can no longer become UTF-8 (overlong
 * forms, surrogates and numbers above U+10FFFF included). */
bool utf8_feed(utf8_state *state, const void *data, size_t len);

/* A whole text at once. */
bool utf8_valid(const void *data, size_t len);

/* Appends the text as a browser decodes it (WHATWG Encoding, 4.1, "UTF-8 decode" without its BOM
 * rule): each longest part that can become no character is a U+FFFD. -1: buf full. */
int utf8_repair(struct buf *into, const void *data, size_t len);

#endif
