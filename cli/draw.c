#include "cli/draw.h"

#include <stdint.h>

#include "cli/rune.h"
#include "lib/base/buf.h"

enum { TAB = 8 };

/* Where the next glyph goes. Column `columns` is the terminal's pending wrap: the row is full,
 * the cursor still on it. */
struct place {
	unsigned row, column;
};

/* Goes over a line glyph by glyph, once to measure and once to write. */
struct walk {
	unsigned columns;
	struct place at;
	struct buf *into;            /* NULL: measuring */
	unsigned first, last;        /* rows that are written */
	bool below;                  /* something lies behind `last` */
};

static bool
is_visible(const struct walk *w)
{
	return w->into != NULL && w->at.row >= w->first && w->at.row <= w->last;
}

static void
write_text(struct walk *w, const char *text, size_t len)
{
	if (is_visible(w))
		buf_add(w->into, text, len);
}

/* Begins a row: by the terminal's own wrap, which the next glyph sets off, or by a newline. What
 * an earlier line left behind the end of the row is erased. */
static void
next_row(struct walk *w, bool newline)
{
	bool was_visible = is_visible(w);

	if (w->at.column < w->columns && was_visible)
		buf_add_text(w->into, "\033[K");
	w->at.row++;
	w->at.column = 0;
	if (was_visible && newline && w->at.row <= w->last)
		buf_add_text(w->into, "\r\n");
	if (w->into != NULL && w->at.row > w->last)
		w->below = true;
}

static void
glyph(struct walk *w, const char *bytes, size_t len, unsigned width)
{
	if (w->at.column + width > w->columns && width <= w->columns)
		next_row(w, false);
	write_text(w, bytes, len);
	w->at.column += width;
}

static void
character(struct walk *w, uint32_t rune)
{
	char bytes[RUNE_BYTES], control[2] = {'^', (char)(rune ^ 0x40)};

	if (rune == '\n') {
		next_row(w, true);
	} else if (rune == '\t') {
		do {
			glyph(w, " ", 1, 1);
		} while (w->at.column % TAB != 0 && w->at.column < w->columns);
	} else if (rune < ' ' || rune == 0x7f) {
		glyph(w, control, 1, 1);
		glyph(w, control + 1, 1, 1);
	} else if (rune_is_hidden(rune)) {
		glyph(w, bytes, rune_put(bytes, 0xfffd), 1);
	} else {
		glyph(w, bytes, rune_put(bytes, rune), rune_width(rune));
	}
}

static void
label(struct walk *w, const char *text)
{
	size_t len = 0, n;
	uint32_t rune;

	while (text[len] != '\0')
		len++;
	for (; (n = rune_get(&rune, text, len)) > 0; text += n, len -= n)
		character(w, rune);
}

/* Where the glyph at the cursor would begin, once a full row is left. */
static struct place
settled(const struct walk *w, const struct draw_line *line, size_t i)
{
	unsigned width = i < line->len && line->text[i] > ' ' ?
	    rune_width((uint32_t)line->text[i]) : 1;

	if (i < line->len && line->text[i] == '\n')
		width = w->at.column < w->columns ? 0 : 1;
	if (w->at.column >= w->columns || w->at.column + width > w->columns)
		return (struct place){w->at.row + 1, 0};
	return w->at;
}

/* Walks over the whole line. Returns the place of the cursor. */
static struct place
walk_line(struct walk *w, const struct draw_line *line)
{
	struct place cursor = {0, 0};

	label(w, line->label);
	for (size_t i = 0; i < line->len; i++) {
		if (i == line->cursor)
			cursor = settled(w, line, i);
		character(w, (uint32_t)line->text[i]);
	}
	if (line->cursor >= line->len)
		cursor = settled(w, line, line->len);
	return cursor;
}

/* Rows and the cursor's place at a width; the end of a row that is just full is a row, too. */
static unsigned
measure(const struct draw_line *line, unsigned columns, struct place *cursor)
{
	struct walk w = {.columns = columns};
	unsigned rows;

	*cursor = walk_line(&w, line);
	rows = w.at.row + 1 + (w.at.column >= columns);
	return rows > cursor->row ? rows : cursor->row + 1;
}

/* The first of the rows that are shown: all of them, or those at the end, or from the cursor on. */
static unsigned
top_row(unsigned height, unsigned cursor_row, unsigned rows)
{
	unsigned top = height > rows ? height - rows : 0;

	return top < cursor_row ? top : cursor_row;
}

static void
move_to_top(const struct draw *d, struct buf *into)
{
	buf_add_text(into, "\r");
	if (d->row > 0)
		buf_addf(into, "\033[%uA", d->row);
}

void
draw_erase(struct draw *d, struct buf *into)
{
	if (!d->shown)
		return;
	move_to_top(d, into);
	buf_add_text(into, "\033[J");
	d->shown = false;
	d->row = 0;
}

void
draw_show(struct draw *d, struct buf *into, const struct draw_line *line)
{
	struct walk w = {.columns = d->columns, .into = into};
	struct place cursor;
	unsigned height = measure(line, d->columns, &cursor), end;

	if (d->shown)
		move_to_top(d, into);
	w.first = top_row(height, cursor.row, d->rows);
	w.last = w.first + d->rows - 1;
	walk_line(&w, line);
	end = w.below ? w.last : w.at.row;
	if (!w.below && w.at.column >= w.columns && w.at.row < w.last) {
		buf_add_text(into, " \r");
		end++;
	}
	if (!w.below && end < w.last)
		buf_add_text(into, "\033[J");
	else if (!w.below && w.at.column < w.columns)
		buf_add_text(into, "\033[K");
	if (end > cursor.row)
		buf_addf(into, "\033[%uA", end - cursor.row);
	buf_add_text(into, "\r");
	if (cursor.column > 0)
		buf_addf(into, "\033[%uC", cursor.column);
	d->shown = true;
	d->row = cursor.row - w.first;
}

void
draw_resize(struct draw *d, unsigned columns, unsigned rows, const struct draw_line *line,
    bool reflows)
{
	struct place before, after;
	unsigned height, top, shift;

	if (d->shown && reflows && columns != d->columns) {
		height = measure(line, d->columns, &before);
		top = top_row(height, before.row, d->rows);
		measure(line, columns, &after);
		shift = top * d->columns / columns;
		d->row = after.row > shift ? after.row - shift : 0;
	}
	d->columns = columns;
	d->rows = rows;
	if (d->row >= rows)
		d->row = rows - 1;
}
