/* draw_test.c: how the line being typed lies on a screen of ten columns and four rows. */
#include "cli/draw.h"

#include <locale.h>
#include <wchar.h>

#include "lib/base/buf.h"
#include "tests/unit/tap.h"

enum { COLUMNS = 10, ROWS = 4 };

static struct draw d;
static struct buf drawn;

static const char *
draw_text(const wchar_t *text, size_t cursor)
{
	struct draw_line l = {.label = "> ", .text = text, .len = wcslen(text), .cursor = cursor};

	drawn.len = 0;
	draw_show(&d, &drawn, &l);
	buf_add(&drawn, "", 1);
	return (const char *)drawn.data;
}

static const char *
erase(void)
{
	drawn.len = 0;
	draw_erase(&d, &drawn);
	buf_add(&drawn, "", 1);
	return (const char *)drawn.data;
}

static void
test_draw(void)
{
	buf_init(&drawn, 10000);
	d = (struct draw){.columns = COLUMNS, .rows = ROWS};
	tap_text(draw_text(L"", 0), "> \033[J\r\033[2C", "an empty line");
	tap_text(draw_text(L"abc", 1), "\r> abc\033[J\r\033[3C", "a cursor in the middle");
	tap_text(draw_text(L"abcdefgh", 8), "\r> abcdefgh \r\033[J\r",
	    "a row just full: the cursor goes to the next");
	tap_int(d.row, 1, "which counts");
	tap_text(draw_text(L"abcdefghi", 0), "\r\033[1A> abcdefghi\033[J\033[1A\r\033[2C",
	    "over two rows");
	tap_text(draw_text(L"abcdefg\u65e5", 8), "\r> abcdefg\033[K\u65e5\033[J\r\033[2C",
	    "a wide character that does not fit on the row");
	tap_text(erase(), "\r\033[1A\033[J", "erased from the top");
	tap_text(erase(), "", "erased already");
	tap_text(draw_text(L"\x01\x7f", 2), "> ^A^?\033[J\r\033[6C", "control characters");
	tap_text(draw_text(L"a\tb", 3), "\r> a     b\033[J\r\033[9C", "a tab");
	tap_text(draw_text(L"a\nb", 3), "\r> a\033[K\r\nb\033[J\r\033[1C", "a newline");
	tap_text(draw_text(L"e\u0301x", 3), "\r\033[1A> e\u0301x\033[J\r\033[4C",
	    "a combining character");
	tap_text(draw_text(L"\u202e", 1), "\r> \ufffd\033[J\r\033[3C", "no tricks with direction");
}

static void
test_draw_high(void)
{
	static const wchar_t text[] = L"aaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee";
	struct draw_line l = {.label = "> ", .text = text, .len = wcslen(text)};

	d = (struct draw){.columns = COLUMNS, .rows = ROWS};
	tap_text(draw_text(text, l.len),
	    "bbbbbbbbbbccccccccccddddddddddeeeee\033[K\r\033[5C",
	    "higher than the screen: its end");
	tap_int(d.row, 3, "with the cursor on the last row");
	tap_text(draw_text(text, 0), "\r\033[3A> aaaaaaaabbbbbbbbbbccccccccccdddddddddd"
	    "\033[3A\r\033[2C", "its beginning, when the cursor is there");
	d = (struct draw){.columns = COLUMNS, .rows = ROWS};
	draw_text(L"aaaaaaaabbbb", 12);
	l = (struct draw_line){.label = "> ", .text = L"aaaaaaaabbbb", .len = 12, .cursor = 12};
	draw_resize(&d, 5, ROWS, &l, true);
	tap_int(d.row, 2, "narrower, laid out anew: the cursor is further down");
	draw_resize(&d, 20, ROWS, &l, true);
	tap_int(d.row, 0, "wider: further up");
	draw_resize(&d, 5, 1, &l, false);
	tap_int(d.row, 0, "never beyond the screen");
	d = (struct draw){.columns = 1, .rows = 1};
	tap_ok(draw_text(L"a\u65e5", 2) != NULL, "a screen of one column and one row");
	buf_release(&drawn);
}

int
main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	test_draw();
	test_draw_high();
	return tap_done();
}
