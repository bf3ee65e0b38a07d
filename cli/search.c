#include "cli/search.h"

#include <wctype.h>

void
search_init(struct search *s, HistoryW *history)
{
	*s = (struct search){.history = history};
}

static bool
has_capitals(const wchar_t *text)
{
	for (; *text != L'\0'; text++)
		if (iswupper((wint_t)*text))
			return true;
	return false;
}

static bool
same(wchar_t a, wchar_t b, bool exact)
{
	return a == b || (!exact && towlower((wint_t)a) == towlower((wint_t)b));
}

/* Where the pattern stands in `line`; NULL when it does not. */
static const wchar_t *
find(const struct search *s, const wchar_t *line)
{
	bool exact = has_capitals(s->pattern);

	for (; *line != L'\0'; line++) {
		size_t i = 0;

		while (i < s->len && same(line[i], s->pattern[i], exact))
			i++;
		if (i == s->len)
			return line;
	}
	return NULL;
}

/* The newest line at least `from` lines back that matches and differs from `s->found`, or, for
 * `same_too`, may be it. */
static void
look(struct search *s, size_t from, bool same_too)
{
	HistEventW event;
	size_t i = 0;
	int rc;

	s->failed = s->len > 0;
	if (s->len == 0)
		return;
	for (rc = history_w(s->history, &event, H_FIRST); rc == 0;
	     rc = history_w(s->history, &event, H_NEXT), i++) {
		if (i < from || find(s, event.str) == NULL)
			continue;
		if (!same_too && s->found != NULL && wcscmp(s->found, event.str) == 0)
			continue;
		s->found = event.str;
		s->skipped = i;
		s->failed = false;
		return;
	}
}

void
search_add(struct search *s, wchar_t c)
{
	if (s->len + 1 >= SEARCH_PATTERN)
		return;
	s->pattern[s->len++] = c;
	s->pattern[s->len] = L'\0';
	look(s, s->skipped, true);
}

void
search_drop(struct search *s)
{
	if (s->len == 0)
		return;
	s->pattern[--s->len] = L'\0';
	s->skipped = 0;
	look(s, 0, true);
}

void
search_older(struct search *s)
{
	look(s, s->found != NULL ? s->skipped + 1 : 0, false);
}

void
search_newer(struct search *s)
{
	const wchar_t *before = s->found;
	HistEventW event;
	size_t i = 0, newest = s->skipped;
	int rc;

	if (before == NULL || s->len == 0)
		return;
	for (rc = history_w(s->history, &event, H_FIRST); rc == 0 && i < s->skipped;
	     rc = history_w(s->history, &event, H_NEXT), i++)
		if (find(s, event.str) != NULL && wcscmp(event.str, before) != 0) {
			s->found = event.str;
			newest = i;
		}
	s->failed = newest == s->skipped;
	s->skipped = newest;
}

size_t
search_offset(const struct search *s)
{
	const wchar_t *at = s->found != NULL ? find(s, s->found) : NULL;

	return at != NULL ? (size_t)(at - s->found) : 0;
}
