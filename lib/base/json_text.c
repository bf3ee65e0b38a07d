#include "lib/base/json_text.h"

#include <jansson.h>
#include <string.h>

#include "lib/base/buf.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* These return where what begins at `at` ends. */

static size_t
skip_space(struct slice text, size_t at)
{
	while (at < text.len && is_space(text.data[at]))
		at++;
	return at;
}

static size_t
skip_string(struct slice text, size_t at)
{
	for (at++; at < text.len && text.data[at] != '"'; at++)
		if (text.data[at] == '\\')
			at++;
	return at < text.len ? at + 1 : text.len;
}

/* An array or an object, to the bracket that closes it. */
static size_t
skip_nested(struct slice text, size_t at)
{
	size_t depth = 0;

	while (at < text.len) {
		char c = text.data[at];

		if (c == '"') {
			at = skip_string(text, at);
			continue;
		}
		at++;
		if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && --depth == 0)
			break;
	}
	return at;
}

static size_t
skip_value(struct slice text, size_t at)
{
	if (at >= text.len)
		return text.len;
	if (text.data[at] == '"')
		return skip_string(text, at);
	if (text.data[at] == '[' || text.data[at] == '{')
		return skip_nested(text, at);
	while (at < text.len && !is_space(text.data[at]) && text.data[at] != ',' &&
	    text.data[at] != ':' && text.data[at] != ']' && text.data[at] != '}')
		at++;
	return at;
}

struct slice
json_text_value(struct slice text)
{
	size_t at = skip_space(text, 0);

	return (struct slice){text.data + at, skip_value(text, at) - at};
}

static bool
take_value(struct slice *rest, size_t from, struct slice *value)
{
	size_t at = skip_space(*rest, from), end = skip_value(*rest, at);

	*value = (struct slice){rest->data + at, end - at};
	end = skip_space(*rest, end);
	*rest = (struct slice){rest->data + end, rest->len - end};
	return value->len > 0;
}

bool
json_text_next(struct slice *rest, struct slice *key, struct slice *value)
{
	*key = (struct slice){NULL, 0};
	if (rest->len == 0 || !take_value(rest, 1, value))     /* behind '[', '{' or ',' */
		return false;
	if (rest->len == 0 || rest->data[0] != ':')
		return true;
	*key = *value;
	return take_value(rest, 1, value);
}

int
json_text_compact(struct buf *into, struct slice value)
{
	size_t at = 0, run = 0;

	while (at < value.len) {
		if (value.data[at] == '"') {
			at = skip_string(value, at);
		} else if (!is_space(value.data[at])) {
			at++;
		} else {
			if (buf_add(into, value.data + run, at - run) != 0)
				return -1;
			run = at = skip_space(value, at);
		}
	}
	return buf_add(into, value.data + run, at - run);
}

int
json_text_string(struct buf *into, struct slice value, struct slice *said)
{
	json_t *string;
	int result;

	if (memchr(value.data, '\\', value.len) == NULL) {
		*said = (struct slice){value.data + 1, value.len - 2};
		return 0;
	}
	string = json_loadb(value.data, value.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	into->len = 0;
	result = string == NULL ? -1 :
	    buf_add(into, json_string_value(string), json_string_length(string));
	json_decref(string);
	*said = (struct slice){(const char *)into->data, into->len};
	return result;
}
