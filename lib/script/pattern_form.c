#include <string.h>

#include "lib/base/hex.h"
#include "lib/script/pattern_parts.h"

const struct node_form node_forms[NODE_NONE + 1] = {
	[NODE_ANY] = {"*", "a value"},
	[NODE_STRING] = {"*string", "a string"},
	[NODE_NUMBER] = {"*number", "a number"},
	[NODE_BOOLEAN] = {"*boolean", "a boolean"},
	[NODE_OBJECT] = {"*object", "an object"},
	[NODE_ARRAY] = {"*array", "an array"},
	[NODE_NULL] = {"*null", "null"},
	[NODE_UUID] = {"*uuid", "a UUID"},
	[NODE_TIME] = {"*time", "a time"},
	[NODE_NONE] = {"*none", "nothing"},
};

/* Seconds since 1970 in which the years 2000 and 2100 begin; as milliseconds they are so much
 * larger that the one is never taken for the other. */
static const double year_2000 = 946684800.0, year_2100 = 4102444800.0;

/* RFC 9562, 4: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", of any version. */
static bool
is_uuid(const char *text, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : hex_value(text[i]) < 0)
			return false;
	}
	return true;
}

/* --- times (RFC 3339, 5.6) --------------------------------------------------------------- */

/* Takes digits from the front; -1: there are too few. */
static int
take_digits(struct slice *text, size_t count)
{
	int value = 0;

	if (text->len < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (text->data[i] < '0' || text->data[i] > '9')
			return -1;
		value = value * 10 + (text->data[i] - '0');
	}
	text->data += count;
	text->len -= count;
	return value;
}

static bool
take_one_of(struct slice *text, const char *which)
{
	if (text->len == 0 || text->data[0] == '\0' || strchr(which, text->data[0]) == NULL)
		return false;
	text->data++;
	text->len--;
	return true;
}

static int
days_of(int year, int month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool
take_date(struct slice *text)
{
	int year, month, day;

	if ((year = take_digits(text, 4)) < 0 || !take_one_of(text, "-") ||
	    (month = take_digits(text, 2)) < 0 || !take_one_of(text, "-") ||
	    (day = take_digits(text, 2)) < 0)
		return false;
	return month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

/* "23:59" */
static bool
take_minutes(struct slice *text)
{
	int hour, minute;

	return (hour = take_digits(text, 2)) >= 0 && hour < 24 && take_one_of(text, ":") &&
	    (minute = take_digits(text, 2)) >= 0 && minute < 60;
}

static bool
take_fraction(struct slice *text)
{
	size_t before;

	if (!take_one_of(text, "."))
		return true;
	before = text->len;
	while (take_digits(text, 1) >= 0)
		;
	return text->len < before;
}

static bool
is_time(const char *data, size_t len)
{
	struct slice text = {data, len};
	int second;

	if (!take_date(&text) || !take_one_of(&text, "Tt ") || !take_minutes(&text) ||
	    !take_one_of(&text, ":") || (second = take_digits(&text, 2)) < 0 || second > 60 ||
	    !take_fraction(&text))
		return false;
	if (!take_one_of(&text, "Zz") && (!take_one_of(&text, "+-") || !take_minutes(&text)))
		return false;
	return text.len == 0;
}

static bool
is_time_number(double n)
{
	return (n >= year_2000 && n < year_2100) ||
	    (n >= year_2000 * 1000 && n < year_2100 * 1000);
}

/* ----------------------------------------------------------------------------------------- */

bool
pattern_form_fits(enum node_kind kind, const json_t *value)
{
	switch (kind) {
	case NODE_ANY:
		return true;
	case NODE_STRING:
		return json_is_string(value);
	case NODE_NUMBER:
		return json_is_number(value);
	case NODE_BOOLEAN:
		return json_is_boolean(value);
	case NODE_OBJECT:
		return json_is_object(value);
	case NODE_ARRAY:
		return json_is_array(value);
	case NODE_NULL:
		return json_is_null(value);
	case NODE_UUID:
		return json_is_string(value) &&
		    is_uuid(json_string_value(value), json_string_length(value));
	case NODE_TIME:
		return json_is_number(value) ? is_time_number(json_number_value(value)) :
		    json_is_string(value) &&
		    is_time(json_string_value(value), json_string_length(value));
	case NODE_NONE:
	case NODE_REGEX:
	case NODE_SCALAR:
	case NODE_MEMBERS:
	case NODE_ELEMENTS:
		return false;
	}
	return false;
}
