#include "bench/report/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "bench/report/figure.h"

enum { COLUMNS = 79, LONGEST = 400 };

void
wrap_text(FILE *into, const char *text, size_t column, size_t indent)
{
	struct figure_name clean = figure_name(text, LONGEST);
	const char *at = clean.text;
	size_t len;

	for (bool first = true; *at != '\0'; first = false) {
		len = strcspn(at, " ");
		if (!first && column + len + 1 > COLUMNS) {
			fprintf(into, "\n%*s", (int)indent, "");
			column = indent;
		} else if (!first) {
			fputc(' ', into);
			column++;
		}
		fwrite(at, 1, len, into);
		column += len;
		at += len;
		at += strspn(at, " ");
	}
	fputc('\n', into);
}
