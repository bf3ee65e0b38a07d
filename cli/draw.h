/* draw.h: how the line being typed lies on the screen, over as many rows as it needs, and the
 * bytes that bring it there and take it away. Text and numbers in, ECMA-48 out: no I/O.
 *
 * The block of rows begins at column 0 of some row of the screen; the cursor stands in it. Rows
 * are filled by the terminal's own wrapping, so that a terminal that lays text out anew on a
 * change of its width does so with the block, too. */
#ifndef HAIL_CLI_DRAW_H
#define HAIL_CLI_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

struct buf;

struct draw_line {
	const char *label;           /* stands before the text */
	const wchar_t *text;         /* a newline in it begins a row */
	size_t len;
	size_t cursor;               /* 0..len */
};

struct draw {
	unsigned columns, rows;      /* of the screen */
	bool shown;                  /* a block is on the screen */
	unsigned row;                /* of the cursor, counted from the top of the block */
};

/* Appends what removes the block; the cursor is then where it began. */
void draw_erase(struct draw *d, struct buf *into);

/* Appends what puts `line` in place of the block there is, or where the cursor is. Of a line
 * that is higher than the screen, the part around its cursor is shown. */
void draw_show(struct draw *d, struct buf *into, const struct draw_line *line);

/* The screen has another size. `line` is what the block shows; `reflows`: the terminal laid its
 * text out anew. The block is only where it is, draw_show brings it into order. */
void draw_resize(struct draw *d, unsigned columns, unsigned rows, const struct draw_line *line,
    bool reflows);

#endif
