#include "lib/base/json_pointer.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json_text.h"

enum { INDEX_DIGITS = 18 };

int
json_pointer_check(const char *pointer, struct err *e)
{
	if (pointer[0] != '\0' && pointer[0] != '/')
		return err_set(e, ERR_USAGE, 0,
		    "'%.80s' is no JSON Pointer: expected '/' at its start (RFC 6901)", pointer);
	for (const char *c = strchr(pointer, '~'); c != NULL; c = strchr(c + 1, '~'))
		if (c[1] != '0' && c[1] != '1')
			return err_set(e, ERR_USAGE, 0,
			    "'%.80s' is no JSON Pointer: expected 0 or 1 behind the '~' at byte "
			    "%zu (RFC 6901)",
			    pointer, (size_t)(c - pointer) + 1);
	return 0;
}

/* Takes "/token" from the front of a pointer; false at its end. */
static bool
next_token(const char **pointer, struct slice *token)
{
	if (**pointer == '\0')
		return false;
	++*pointer;
	*token = (struct slice){*pointer, strcspn(*pointer, "/")};
	*pointer += token->len;
	return true;
}

/* Whether a token, its "~0" and "~1" decoded, is this name. */
static bool
is_name(struct slice token, const char *name, size_t len)
{
	size_t i = 0;

	for (size_t at = 0; at < token.len; at++, i++) {
		char c = token.data[at];

		if (c == '~' && at + 1 < token.len)
			c = token.data[++at] == '0' ? '~' : '/';
		if (i == len || name[i] != c)
			return false;
	}
	return i == len;
}

/* The index that a token means in an array of `count`; false: none. */
static bool
find_index(struct slice token, size_t count, size_t *index)
{
	bool from_end = token.len > 0 && token.data[0] == '-';
	struct slice digits = {token.data + from_end, token.len - from_end};
	uint64_t n = 0;

	if (digits.len == 0 || digits.len > INDEX_DIGITS ||
	    (digits.data[0] == '0' && token.len > 1))
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(digits.data[i] - '0');
	}
	if (from_end ? n > count : n >= count)
		return false;
	*index = from_end ? count - (size_t)n : (size_t)n;
	return true;
}

/* --- trees ------------------------------------------------------------------------------- */

/* Walks through the members, since a name with "~" does not stand in the pointer as it is. */
static json_t *
find_member(json_t *object, struct slice token)
{
	void *at = json_object_iter(object);

	for (; at != NULL; at = json_object_iter_next(object, at))
		if (is_name(token, json_object_iter_key(at), strlen(json_object_iter_key(at))))
			return json_object_iter_value(at);
	return NULL;
}

json_t *
json_pointer_get(const json_t *root, const char *pointer)
{
	json_t *at = (json_t *)root;
	struct slice token;
	size_t index;

	while (at != NULL && next_token(&pointer, &token)) {
		if (json_is_object(at))
			at = find_member(at, token);
		else if (json_is_array(at) && find_index(token, json_array_size(at), &index))
			at = json_array_get(at, index);
		else
			at = NULL;
	}
	return at;
}

/* --- texts ------------------------------------------------------------------------------- */

static const struct slice nothing = {NULL, 0};

/* A name that cannot be decoded for want of memory is not found. */
static bool
is_key(struct slice token, struct slice key, struct buf *decoded)
{
	struct slice name;

	return json_text_string(decoded, key, &name) == 0 && is_name(token, name.data, name.len);
}

static struct slice
find_text_member(struct slice object, struct slice token)
{
	struct slice found = nothing, key, value;
	struct buf decoded;

	buf_init(&decoded, object.len);
	while (json_text_next(&object, &key, &value))
		if (key.data != NULL && is_key(token, key, &decoded))
			found = value;
	buf_release(&decoded);
	return found;
}

static struct slice
find_text_element(struct slice array, struct slice token)
{
	struct slice rest = array, key, value;
	size_t count = 0, index;

	while (json_text_next(&rest, &key, &value))
		count++;
	if (!find_index(token, count, &index))
		return nothing;
	do
		json_text_next(&array, &key, &value);
	while (index-- > 0);
	return value;
}

struct slice
json_pointer_text(struct slice text, const char *pointer)
{
	struct slice at = json_text_value(text), token;

	while (at.len > 0 && next_token(&pointer, &token)) {
		if (at.data[0] == '{')
			at = find_text_member(at, token);
		else if (at.data[0] == '[')
			at = find_text_element(at, token);
		else
			at = nothing;
	}
	return at.len > 0 ? at : nothing;
}
