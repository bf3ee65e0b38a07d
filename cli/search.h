/* search.h: finding a line of the history while its words are being typed. */
#ifndef HAIL_CLI_SEARCH_H
#define HAIL_CLI_SEARCH_H

#include <histedit.h>
#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

enum { SEARCH_PATTERN = 128 };

struct search {
	HistoryW *history;
	wchar_t pattern[SEARCH_PATTERN];     /* NUL-terminated */
	size_t len;
	size_t skipped;                      /* newer lines before the one that was found */
	const wchar_t *found;                /* lent from the history; NULL: nothing yet */
	bool failed;                         /* no line has the pattern; `found` is of before */
};

void search_init(struct search *s, HistoryW *history);

/* Another letter; one less. The line found so far is kept as long as it still matches. Capital
 * letters count only when the pattern has some. */
void search_add(struct search *s, wchar_t c);
void search_drop(struct search *s);

/* The next one that matches. */
void search_older(struct search *s);
void search_newer(struct search *s);

/* Where in the line found the pattern stands. */
size_t search_offset(const struct search *s);

#endif
