#include "lib/script/json_check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/hex.h"

struct check {
	const char *at, *end;
	size_t depth;
	uint8_t objects[JSON_CHECK_DEPTH / 8 + 1];   /* a bit for each depth: it is an object */
};

static void
skip_space(struct check *c)
{
	while (c->at < c->end && strchr(" \t\r\n", *c->at) != NULL && *c->at != '\0')
		c->at++;
}

static bool
next_is(const struct check *c, char byte)
{
	return c->at < c->end && *c->at == byte;
}

static bool
in_object(const struct check *c)
{
	return (c->objects[c->depth / 8] >> c->depth % 8 & 1) != 0;
}

/* --- values without others in them ------------------------------------------------------- */

static const char *
check_escape(struct check *c)
{
	if (c->end - c->at < 2 || c->at[1] == '\0' || strchr("\"\\/bfnrtu", c->at[1]) == NULL)
		return "expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX";
	if (c->at[1] == 'u')
		for (int i = 2; i < 6; i++)
			if (c->end - c->at <= i || hex_value(c->at[i]) < 0)
				return "expected four hexadecimal digits behind \\u";
	c->at += c->at[1] == 'u' ? 6 : 2;
	return NULL;
}

static const char *
check_string(struct check *c)
{
	const char *wrong;

	for (c->at++; c->at < c->end && *c->at != '"';) {
		if ((unsigned char)*c->at < ' ')
			return "expected the string's closing quote, or an escape such as \\n";
		if (*c->at != '\\')
			c->at++;
		else if ((wrong = check_escape(c)) != NULL)
			return wrong;
	}
	if (c->at == c->end)
		return "expected the string's closing quote";
	c->at++;
	return NULL;
}

static size_t
skip_digits(struct check *c)
{
	const char *from = c->at;

	while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
		c->at++;
	return (size_t)(c->at - from);
}

static const char *
check_number(struct check *c)
{
	bool zero;

	c->at += next_is(c, '-');
	zero = next_is(c, '0');
	c->at += zero;
	if (!zero && skip_digits(c) == 0)
		return "expected a digit";
	if (next_is(c, '.')) {
		c->at++;
		if (skip_digits(c) == 0)
			return "expected a digit behind the decimal point";
	}
	if (next_is(c, 'e') || next_is(c, 'E')) {
		c->at++;
		c->at += next_is(c, '+') || next_is(c, '-');
		if (skip_digits(c) == 0)
			return "expected a digit of the exponent";
	}
	return NULL;
}

static const char *
check_scalar(struct check *c)
{
	static const char *const words[] = {"true", "false", "null"};

	if (next_is(c, '"'))
		return check_string(c);
	if (next_is(c, '-') || (c->at < c->end && *c->at >= '0' && *c->at <= '9'))
		return check_number(c);
	for (int i = 0; i < 3; i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(c->end - c->at) >= len && memcmp(c->at, words[i], len) == 0) {
			c->at += len;
			return NULL;
		}
	}
	return "expected a JSON value";
}

/* --- arrays and objects ------------------------------------------------------------------ */

static const char *
check_key(struct check *c)
{
	const char *wrong;

	skip_space(c);
	if (!next_is(c, '"'))
		return "expected a member's name in double quotes";
	if ((wrong = check_string(c)) != NULL)
		return wrong;
	skip_space(c);
	if (!next_is(c, ':'))
		return "expected a colon";
	c->at++;
	return NULL;
}

/* Goes into an array or object. *empty: it is over again. */
static const char *
enter(struct check *c, bool *empty)
{
	bool object = *c->at == '{';

	if (++c->depth >= JSON_CHECK_DEPTH)
		return "expected JSON that is less deep";
	c->at++;
	c->objects[c->depth / 8] &= (uint8_t)~(1 << c->depth % 8);
	c->objects[c->depth / 8] |= (uint8_t)(object << c->depth % 8);
	skip_space(c);
	*empty = next_is(c, object ? '}' : ']');
	if (*empty) {
		c->at++;
		c->depth--;
		return NULL;
	}
	return object ? check_key(c) : NULL;
}

/* Behind a value. *another: one follows. */
static const char *
leave(struct check *c, bool *another)
{
	*another = false;
	for (skip_space(c); c->depth > 0; skip_space(c)) {
		if (next_is(c, ',')) {
			c->at++;
			*another = true;
			return in_object(c) ? check_key(c) : NULL;
		}
		if (!next_is(c, in_object(c) ? '}' : ']'))
			return in_object(c) ? "expected a comma or a }" : "expected a comma or "
			    "a ]";
		c->at++;
		c->depth--;
	}
	return NULL;
}

const char *
json_check(struct slice text, size_t *at)
{
	struct check c = {.at = text.data, .end = text.data + text.len};
	const char *wrong = NULL;
	bool more = true, empty;

	while (more && wrong == NULL) {
		skip_space(&c);
		empty = true;
		if (next_is(&c, '{') || next_is(&c, '['))
			wrong = enter(&c, &empty);
		else
			wrong = check_scalar(&c);
		if (wrong == NULL && empty)
			wrong = leave(&c, &more);
	}
	if (wrong == NULL && c.at < c.end)
		wrong = "expected nothing behind the JSON";
	*at = (size_t)(c.at - text.data);
	return wrong;
}
