/* show_line.h: what all that is shown has in common: the stamp and the mark in front, colours,
 * and the text of a peer made harmless. For cli/show*.c. */
#ifndef HAIL_CLI_SHOW_LINE_H
#define HAIL_CLI_SHOW_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/show.h"

enum tone {
	TONE_PLAIN,
	TONE_DIM,                    /* stamps, sizes, what may be passed over */
	TONE_IN,
	TONE_OUT,
	TONE_NOTE,
	TONE_BAD,
	TONE_KEY,
	TONE_STRING,
	TONE_NUMBER,
	TONE_WORD,
	TONE_ESCAPE,                 /* stands for a character that is not shown */
};

/* Begins a line: the time, and the mark in its tone. `at` is clock_ns. */
void show_begin(struct show *s, struct buf *into, uint64_t at, char mark, enum tone tone);

/* Ends the line and begins one below its text. */
void show_continue(const struct show *s, struct buf *into);

/* Columns before the text of lines that continue, and columns for the text itself, on a line that
 * begins and on one that continues. */
unsigned show_indent(const struct show *s);
unsigned show_room(const struct show *s, bool begins);

void show_tone(const struct show *s, struct buf *into, enum tone tone);

/* A text of ours in a tone. */
void show_words(const struct show *s, struct buf *into, enum tone tone, const char *words);

/* A peer's text in a tone, on one line. */
void show_text(const struct show *s, struct buf *into, enum tone tone, const void *data,
    size_t len);

/* The same, but its newlines continue the line. */
void show_lines(const struct show *s, struct buf *into, enum tone tone, const void *data,
    size_t len);

/* The columns that show_text takes for it; more than `max` when it does not fit there. */
size_t show_width(const void *data, size_t len, size_t max);

/* "… 1.2 MiB in all", on a line of its own, when less than `len` bytes were `shown`. */
void show_cut(const struct show *s, struct buf *into, size_t shown, size_t len);

/* Rows of hex and ASCII; a few bytes stand on the line that was begun. */
void show_hex(const struct show *s, struct buf *into, const uint8_t *data, size_t len);

/* Whether the text is a JSON object or array as a whole (RFC 8259), maybe behind the digits that
 * Engine.IO puts before it; at most 128 levels. */
bool show_is_json(const void *data, size_t len);

/* Such a text: as it came where it fits on the line, else laid out over lines. */
void show_json(const struct show *s, struct buf *into, const char *data, size_t len);

#endif
