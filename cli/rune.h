/* rune.h: single characters of UTF-8 (RFC 3629) as a terminal shows them. */
#ifndef HAIL_CLI_RUNE_H
#define HAIL_CLI_RUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RUNE_BYTES = 4,              /* of the longest */
	RUNE_BAD = 0x110000,         /* a byte that is no UTF-8; no character has this number */
};

/* The character at the front of `data` in *rune. Returns how many bytes it takes: 0 when there
 * are none; 1 with RUNE_BAD for a byte that begins no character, or none that is complete. */
size_t rune_get(uint32_t *rune, const void *data, size_t len);

/* Whether `data` is the beginning of a character whose end has yet to come. */
bool rune_is_cut(const void *data, size_t len);

/* Writes it; `into` holds RUNE_BYTES. Returns its length; what is no character becomes U+FFFD. */
size_t rune_put(char *into, uint32_t rune);

/* Whether it must not reach a terminal as it is: controls, whatever changes the direction of
 * text or hides in it. Line feed and tab are among them. */
bool rune_is_hidden(uint32_t rune);

/* Columns it takes; 0 for combining characters and those that cannot be shown. */
unsigned rune_width(uint32_t rune);

#endif
