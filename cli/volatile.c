#include "cli/volatile.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
	UUID_LENGTH = 36,
	DATE_TIME_LEAST = 19,        /* "2026-01-31T23:59:59" */
	MS_DIGITS = 13,              /* of ms since 1970, from 2001 to 2286 */
	NAME_MAX_BYTES = 64,         /* of a key; longer ones say nothing */
};

#define DAY_MS INT64_C(86400000)
#define ABOUT_A_YEAR_MS (400 * DAY_MS)

/* The years from 2000 to 2100, which is what "*time" takes for a time. */
#define TIME_FIRST_S INT64_C(946684800)
#define TIME_END_S INT64_C(4102444800)

static const char *const holes[] = {
	[VOLATILE_NOT] = NULL,
	[VOLATILE_ANY] = "*",
	[VOLATILE_STRING] = "*string",
	[VOLATILE_NUMBER] = "*number",
	[VOLATILE_UUID] = "*uuid",
	[VOLATILE_TIME] = "*time",
};

const char *
volatile_hole(enum volatile_kind kind)
{
	return holes[kind];
}

/* --- forms ------------------------------------------------------------------------------- */

/* Whether a text begins with the form, in which '0' stands for a digit, 'x' for a hexadecimal
 * one. */
static bool
has_form(struct slice text, const char *form)
{
	for (size_t i = 0; form[i] != '\0'; i++) {
		unsigned char c = i < text.len ? (unsigned char)text.data[i] : 0;

		if (form[i] == '0' ? !isdigit(c) : form[i] == 'x' ? !isxdigit(c) : c != form[i])
			return false;
	}
	return true;
}

static struct slice
from_byte(struct slice text, size_t at)
{
	return (struct slice){text.data + at, text.len - at};
}

static size_t
count_digits(struct slice text)
{
	size_t n = 0;

	while (n < text.len && isdigit((unsigned char)text.data[n]))
		n++;
	return n;
}

static bool
begins_with_uuid(struct slice text)
{
	return has_form(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static int
two_digits(const char *at)
{
	return (at[0] - '0') * 10 + at[1] - '0';
}

/* How many bytes at the front are a date and a time (RFC 3339, 5.6); 0: none. *zoned: with a zone,
 * as they should be. */
static size_t
date_time_length(struct slice text, bool *zoned)
{
	size_t n = DATE_TIME_LEAST;
	const char *t = text.data;

	if (text.len < n || !has_form(text, "0000-00-00") ||
	    (t[10] != 'T' && t[10] != 't' && t[10] != ' ') ||
	    !has_form(from_byte(text, 11), "00:00:00"))
		return 0;
	if (two_digits(t + 5) < 1 || two_digits(t + 5) > 12 || two_digits(t + 8) < 1 ||
	    two_digits(t + 8) > 31 || two_digits(t + 11) > 23 || two_digits(t + 14) > 59 ||
	    two_digits(t + 17) > 60)
		return 0;
	if (text.len > n + 1 && t[n] == '.' && isdigit((unsigned char)t[n + 1]))
		n += 1 + count_digits(from_byte(text, n + 1));
	*zoned = true;
	if (n < text.len && (t[n] == 'Z' || t[n] == 'z'))
		return n + 1;
	if (has_form(from_byte(text, n), "+00:00") || has_form(from_byte(text, n), "-00:00"))
		return n + 6;
	*zoned = false;
	return n;
}

static double
number_of(struct slice digits)
{
	char text[48];

	if (digits.len >= sizeof text)
		return NAN;
	memcpy(text, digits.data, digits.len);
	text[digits.len] = '\0';
	return strtod(text, NULL);
}

static bool
is_near(double ms, int64_t now_ms, int64_t within_ms)
{
	return fabs(ms - (double)now_ms) <= (double)within_ms;
}

/* Digits that are ms since 1970 within a day of now: nothing else looks like that. */
static bool
are_recent_ms(struct slice digits, int64_t now_ms)
{
	return digits.len == MS_DIGITS && is_near(number_of(digits), now_ms, DAY_MS);
}

/* How many bytes at the front are an id such as "1700000000000-0": of a node of hail, or of an
 * entry of a stream in Redis. */
static size_t
stream_id_length(struct slice text)
{
	size_t behind;

	if (count_digits(text) != MS_DIGITS || text.len <= MS_DIGITS || text.data[MS_DIGITS] != '-')
		return 0;
	behind = count_digits(from_byte(text, MS_DIGITS + 1));
	return behind > 0 ? MS_DIGITS + 1 + behind : 0;
}

/* --- names ------------------------------------------------------------------------------- */

/* The last word of a name: of "createdAt", "created_at", "created-at" "at"; of "userID" "ID". */
static struct slice
last_word(struct slice name)
{
	size_t at = name.len;

	while (at > 0 && isupper((unsigned char)name.data[at - 1]))
		at--;
	if (at == name.len) {
		while (at > 0 && (islower((unsigned char)name.data[at - 1]) ||
		    isdigit((unsigned char)name.data[at - 1])))
			at--;
		if (at > 0 && isupper((unsigned char)name.data[at - 1]))
			at--;
	}
	return from_byte(name, at);
}

/* Whether the name, or its last word, is one of these. */
static bool
is_called(struct slice name, const char *const *words, size_t count)
{
	struct slice last;

	if (name.len == 0)
		return false;
	last = last_word(name);
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(name, words[i]) || slice_eq_nocase(last, words[i]))
			return true;
	return false;
}

static bool
is_id_name(struct slice name)
{
	static const char *const words[] = {"id", "sid", "uuid", "guid", "etag", "nonce", "token",
	    "session", "cursor", "trace"};

	return is_called(name, words, COUNT(words));
}

static bool
is_time_name(struct slice name)
{
	static const char *const words[] = {"ts", "time", "timestamp", "date", "datetime", "at"};

	return is_called(name, words, COUNT(words));
}

/* Whether a number of that name may well be a time, if it is near now. */
static bool
sounds_like_time(struct slice name)
{
	static const char *const parts[] = {"time", "date", "stamp", "expir", "since", "until",
	    "when", "now", "created", "modified", "seen", "start", "end", "exp", "iat", "nbf"};
	char text[NAME_MAX_BYTES];

	if (name.len == 0 || name.len >= sizeof text)
		return false;
	memcpy(text, name.data, name.len);
	text[name.len] = '\0';
	for (size_t i = 0; i < COUNT(parts); i++)
		if (strcasestr(text, parts[i]) != NULL)
			return true;
	return is_time_name(name);
}

/* --- JSON -------------------------------------------------------------------------------- */

enum volatile_kind
volatile_string(struct slice key, struct slice text, int64_t now_ms)
{
	bool zoned = false;

	if (text.len == UUID_LENGTH && begins_with_uuid(text))
		return VOLATILE_UUID;
	if (text.len > 0 && date_time_length(text, &zoned) == text.len)
		return zoned ? VOLATILE_TIME : VOLATILE_STRING;
	if (text.len > 0 && stream_id_length(text) == text.len)
		return VOLATILE_STRING;
	if (count_digits(text) == text.len && are_recent_ms(text, now_ms))
		return VOLATILE_STRING;
	if (is_time_name(key))
		return VOLATILE_ANY;
	return is_id_name(key) ? VOLATILE_STRING : VOLATILE_NOT;
}

enum volatile_kind
volatile_number(struct slice key, struct slice digits, int64_t now_ms)
{
	double n = number_of(digits);
	bool fits = (n >= TIME_FIRST_S && n < TIME_END_S) ||
	    (n >= (double)TIME_FIRST_S * 1000 && n < (double)TIME_END_S * 1000);

	if (is_near(n, now_ms, DAY_MS))
		return VOLATILE_TIME;
	if (is_time_name(key))
		return fits ? VOLATILE_TIME : VOLATILE_ANY;
	if (sounds_like_time(key) && (is_near(n, now_ms, ABOUT_A_YEAR_MS) ||
	    is_near(n * 1000, now_ms, ABOUT_A_YEAR_MS)))
		return VOLATILE_TIME;
	return is_id_name(key) ? VOLATILE_NUMBER : VOLATILE_NOT;
}

/* --- text -------------------------------------------------------------------------------- */

/* What begins at the front; len 0: nothing. */
static struct volatile_part
part_of(struct slice text, int64_t now_ms)
{
	bool zoned;
	size_t digits = count_digits(text), len;

	if (begins_with_uuid(text))
		return (struct volatile_part){.len = UUID_LENGTH, .regex = "[-0-9A-Fa-f]{36}"};
	if ((len = date_time_length(text, &zoned)) > 0)
		return (struct volatile_part){.len = len, .regex = "\\d{4}-\\d\\d-\\d\\d[Tt ]"
		    "\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[-+]\\d\\d:\\d\\d)?"};
	if ((len = stream_id_length(text)) > 0)
		return (struct volatile_part){.len = len, .regex = "\\d{13}-\\d+"};
	if (are_recent_ms((struct slice){text.data, digits}, now_ms))
		return (struct volatile_part){.len = digits, .regex = "\\d{13}"};
	return (struct volatile_part){0};
}

static bool
is_alnum_at(struct slice text, size_t at)
{
	return at < text.len && isalnum((unsigned char)text.data[at]);
}

bool
volatile_find(struct slice text, size_t from, int64_t now_ms, struct volatile_part *part)
{
	for (; from < text.len; from++) {
		if (!isxdigit((unsigned char)text.data[from]) ||
		    (from > 0 && is_alnum_at(text, from - 1)))
			continue;
		*part = part_of(from_byte(text, from), now_ms);
		part->at = from;
		if (part->len > 0 && !is_alnum_at(text, from + part->len))
			return true;
	}
	return false;
}
