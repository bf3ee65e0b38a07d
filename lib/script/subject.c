#include <string.h>

#include "lib/base/buf.h"
#include "lib/script/match.h"

static const char int_max[] = "9223372036854775807";

enum { INT_DIGITS = sizeof int_max - 1 };

void
subject_release(struct subject *s)
{
	json_decref(s->json);
	s->json = NULL;
	s->decoded = false;
}

/* --- integers beyond 64 bits, which jansson refuses -------------------------------------- */

static size_t
string_length(struct slice text, size_t at)
{
	size_t i = at + 1;

	while (i < text.len && text.data[i] != '"')
		i += text.data[i] == '\\' ? 2 : 1;
	return (i < text.len ? i + 1 : text.len) - at;
}

static bool
is_of_number(char c)
{
	return (c >= '0' && c <= '9') || (c != '\0' && strchr("+-.eE", c) != NULL);
}

static size_t
number_length(struct slice text, size_t at)
{
	size_t i = at;

	while (i < text.len && is_of_number(text.data[i]))
		i++;
	return i - at;
}

static bool
is_too_large(struct slice number)
{
	for (size_t i = 1; i < number.len; i++)
		if (number.data[i] < '0' || number.data[i] > '9')
			return false;
	if (number.len > 0 && number.data[0] == '-')
		number = (struct slice){number.data + 1, number.len - 1};
	return number.len > INT_DIGITS ||
	    (number.len == INT_DIGITS && memcmp(number.data, int_max, INT_DIGITS) > 0);
}

/* The same text, in which integers that are too large have an exponent, which makes doubles of
 * them. */
static int
mark_large(struct slice text, struct buf *into)
{
	size_t len;

	for (size_t at = 0; at < text.len; at += len) {
		struct slice number = {text.data + at, number_length(text, at)};

		len = number.len > 0 ? number.len : 1;
		if (text.data[at] == '"')
			len = string_length(text, at);
		if (buf_add(into, text.data + at, len) != 0)
			return -1;
		if (is_too_large(number) && buf_add(into, "e0", 2) != 0)
			return -1;
	}
	return 0;
}

static json_t *
decode(struct slice text, json_error_t *why)
{
	return json_loadb(text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, why);
}

static json_t *
decode_large(struct slice text)
{
	json_error_t why;
	struct buf marked;
	json_t *json = NULL;

	buf_init(&marked, text.len + text.len / 8);
	if (mark_large(text, &marked) == 0)
		json = decode((struct slice){(char *)marked.data, marked.len}, &why);
	buf_release(&marked);
	return json;
}

const json_t *
subject_json(struct subject *s)
{
	struct slice text = s->data.data != NULL ? s->data : (struct slice){"", 0};
	json_error_t why;

	if (s->decoded)
		return s->json;
	s->decoded = true;
	s->json = decode(text, &why);
	if (s->json == NULL && json_error_code(&why) == json_error_numeric_overflow)
		s->json = decode_large(text);
	return s->json;
}
