#include "lib/session/cookie_date.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* -1: not found yet. */
struct parts {
	int hour, minute, second, day, month, year;
};

static bool
is_delimiter(unsigned char c)
{
	return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
	    (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

/* A number of `least` to `most` digits at the front that a digit does not follow; moves the token
 * behind it. -1: there is none. */
static int
number(struct slice *token, size_t least, size_t most)
{
	size_t len = 0;
	int value = 0;

	for (; len < token->len && len < most && isdigit((unsigned char)token->data[len]); len++)
		value = value * 10 + (token->data[len] - '0');
	if (len < least || (len < token->len && isdigit((unsigned char)token->data[len])))
		return -1;
	token->data += len;
	token->len -= len;
	return value;
}

static bool
skip(struct slice *token, char c)
{
	if (token->len == 0 || *token->data != c)
		return false;
	token->data++;
	token->len--;
	return true;
}

static bool
take_time(struct parts *p, struct slice token)
{
	int hour, minute, second;

	if ((hour = number(&token, 1, 2)) < 0 || !skip(&token, ':') ||
	    (minute = number(&token, 1, 2)) < 0 || !skip(&token, ':') ||
	    (second = number(&token, 1, 2)) < 0)
		return false;
	p->hour = hour;
	p->minute = minute;
	p->second = second;
	return true;
}

static bool
take_month(struct parts *p, struct slice token)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; token.len >= 3 && i < 12; i++)
		if (strncasecmp(token.data, months + 3 * i, 3) == 0) {
			p->month = i;
			return true;
		}
	return false;
}

/* Each token is the first part that is still missing and that it can be. */
static void
take_token(struct parts *p, struct slice token)
{
	struct slice rest = token;
	int value;

	if (p->hour < 0 && take_time(p, token))
		return;
	if (p->day < 0 && (value = number(&rest, 1, 2)) >= 0) {
		p->day = value;
		return;
	}
	if (p->month < 0 && take_month(p, token))
		return;
	rest = token;
	if (p->year < 0 && (value = number(&rest, 2, 4)) >= 0)
		p->year = value < 70 ? value + 2000 : value < 100 ? value + 1900 : value;
}

int
cookie_date_parse(struct slice text, int64_t *seconds)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	struct parts p = {-1, -1, -1, -1, -1, -1};
	struct tm tm = {0};

	while (text.len > 0) {
		size_t len = 0;

		while (len < text.len && !is_delimiter((unsigned char)text.data[len]))
			len++;
		if (len > 0)
			take_token(&p, (struct slice){text.data, len});
		else
			len = 1;
		text = (struct slice){text.data + len, text.len - len};
	}
	if (p.hour < 0 || p.hour > 23 || p.minute > 59 || p.second > 59 || p.day < 1 ||
	    p.month < 0 || p.year < 1601 || p.day > days[p.month])
		return -1;
	tm.tm_year = p.year - 1900;
	tm.tm_mon = p.month;
	tm.tm_mday = p.day;
	tm.tm_hour = p.hour;
	tm.tm_min = p.minute;
	tm.tm_sec = p.second;
	*seconds = timegm(&tm);
	return 0;
}
