#include "lib/base/slice.h"

#include <string.h>
#include <strings.h>

struct slice
slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

bool
slice_eq(struct slice a, const char *text)
{
	size_t len = strlen(text);

	return a.len == len && (len == 0 || memcmp(a.data, text, len) == 0);
}

bool
slice_eq_nocase(struct slice a, const char *text)
{
	size_t len = strlen(text);

	return a.len == len && (len == 0 || strncasecmp(a.data, text, len) == 0);
}

static bool
is_ows(char c)
{
	return c == ' ' || c == '\t';
}

struct slice
slice_trim(struct slice a)
{
	while (a.len > 0 && is_ows(a.data[0])) {
		a.data++;
		a.len--;
	}
	while (a.len > 0 && is_ows(a.data[a.len - 1]))
		a.len--;
	return a;
}

struct slice
slice_cut(struct slice *rest, char sep)
{
	const char *at = rest->len > 0 ? memchr(rest->data, sep, rest->len) : NULL;
	struct slice head = *rest;

	if (at == NULL) {
		*rest = (struct slice){NULL, 0};
		return head;
	}
	head.len = (size_t)(at - head.data);
	rest->data = at + 1;
	rest->len -= head.len + 1;
	return head;
}

bool
slice_has_token(struct slice a, const char *token)
{
	while (a.data != NULL)
		if (slice_eq_nocase(slice_trim(slice_cut(&a, ',')), token))
			return true;
	return false;
}
