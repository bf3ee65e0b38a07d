#include "bench/report/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "bench/report/figure.h"

enum { COLUMNS = 79, LONGEST = 400 };

/* Columns that a word takes, as figure.h counts them: its characters. */
static size_t
columns(const char *word, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)word[i] & 0xc0) != 0x80;
	return count;
}

void
wrap_text(FILE *into, const char *text, size_t column, size_t indent)
{
	struct figure_name clean = figure_name(text, LONGEST);
	const char *at = clean.text;
	size_t len, width;

	for (bool first = true; *at != '\0'; first = false) {
		len = strcspn(at, " ");
		width = columns(at, len);
		if (!first && column + width + 1 > COLUMNS) {
			fprintf(into, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', into);
			column++;
		}
		fwrite(at, 1, len, into);
		column += width;
		at += len;
		at += strspn(at, " ");
	}
	fputc('\n', into);
}
