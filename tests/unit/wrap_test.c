/* wrap_test.c: sentences wrapped between words. */
#include "bench/report/wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tap.h"

static void
wraps(const char *text, size_t column, size_t indent, const char *wanted, const char *name)
{
	char *got = NULL;
	size_t len;
	FILE *into = open_memstream(&got, &len);

	wrap_text(into, text, column, indent);
	fclose(into);
	tap_text(got, wanted, name);
	free(got);
}

#define A10 "aaaaaaaaaa"
#define U10 "\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274"
#define J5 "\346\227\245\346\234\254\350\252\236\346\227\245\346\234\254"

int
main(void)
{
	wraps("two words", 4, 2, "two words\n", "what fits");
	wraps(A10 " bb cc", 66, 2, A10 " bb\n  cc\n", "up to the 79th column");
	wraps(A10 " bb cc", 65, 2, A10 " bb\n  cc\n", "… not behind it");
	wraps(A10 " bb cc", 63, 2, A10 " bb cc\n", "… it is full");
	wraps(U10 " bb cc", 63, 2, U10 " bb cc\n", "letters of two bytes take one column");
	wraps(J5 J5 " bb cc", 63, 2, J5 J5 " bb cc\n", "… and those of three are characters");
	wraps(NULL, 0, 0, "?\n", "no text");
	return tap_done();
}
