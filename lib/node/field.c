#include "lib/node/field.h"

#include <string.h>

/* Splits as slice_cut does, but not at a `sep` within a quoted string. */
static struct slice
cut(struct slice *rest, char sep)
{
	struct slice all = *rest;
	bool quoted = false;

	for (size_t i = 0; i < all.len; i++) {
		if (quoted && all.data[i] == '\\')
			i++;
		else if (all.data[i] == '"')
			quoted = !quoted;
		else if (!quoted && all.data[i] == sep) {
			*rest = (struct slice){all.data + i + 1, all.len - i - 1};
			return (struct slice){all.data, i};
		}
	}
	*rest = (struct slice){NULL, 0};
	return all;
}

static struct slice
unquote(struct slice text)
{
	if (text.len < 2 || text.data[0] != '"' || text.data[text.len - 1] != '"')
		return text;
	return (struct slice){text.data + 1, text.len - 2};
}

/* More than ten digits are more than anybody waits: taken for ten. */
static bool
parse_seconds(struct slice text, uint64_t *seconds)
{
	*seconds = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		if (*seconds < UINT64_C(1000000000))
			*seconds = *seconds * 10 + (uint64_t)(text.data[i] - '0');
	}
	return text.len > 0;
}

bool
field_prefer_wait(struct slice prefer, uint64_t *seconds)
{
	while (prefer.data != NULL) {
		struct slice preference = cut(&prefer, ',');
		struct slice value = cut(&preference, ';');
		struct slice name = cut(&value, '=');

		if (slice_eq_nocase(slice_trim(name), "wait"))
			return value.data != NULL &&
			    parse_seconds(unquote(slice_trim(value)), seconds);
	}
	return false;
}

bool
field_entity_tag(struct slice match, struct slice *tag)
{
	match = slice_trim(match);
	if (match.len >= 2 && memcmp(match.data, "W/", 2) == 0)
		match = (struct slice){match.data + 2, match.len - 2};
	*tag = unquote(match);
	return tag->len == match.len - 2 && memchr(tag->data, '"', tag->len) == NULL;
}
