#include "bench/report/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/units.h"

static const double most = 1e15;       /* beyond that digits mean nothing */

/* "-1234567" becomes "-1,234,567". */
static struct figure
grouped(double value)
{
	struct figure f = {""};
	char digits[24];
	size_t len, at = 0;
	const char *from = digits;

	snprintf(digits, sizeof digits, "%.0f", value);
	if (*from == '-')
		f.text[at++] = *from++;
	for (len = strlen(from); len > 0; len--) {
		f.text[at++] = *from++;
		if (len % 3 == 1 && len > 1)
			f.text[at++] = ',';
	}
	return f;
}

static struct figure
enormous(double value, const char *unit)
{
	struct figure f;

	snprintf(f.text, sizeof f.text, "%.3g%s", value, unit);
	return f;
}

struct figure
figure_count(double value)
{
	return fabs(value) < most ? grouped(value) : enormous(value, "");
}

struct figure
figure_rate(double per_s)
{
	struct figure f;

	if (!(fabs(per_s) < most))
		return enormous(per_s, "/s");
	if (per_s >= 99.95) {
		snprintf(f.text, sizeof f.text, "%.24s/s", grouped(per_s).text);
		return f;
	}
	snprintf(f.text, sizeof f.text, "%.*f/s",
	    per_s == floor(per_s) ? 0 : per_s >= 9.995 ? 1 : 2, per_s);
	return f;
}

struct figure
figure_ms(double ms)
{
	struct figure f;

	if (!(fabs(ms) < most))
		return enormous(ms, " ms");
	units_duration_text(f.text, sizeof f.text, ms);
	return f;
}

struct figure
figure_seconds(double s)
{
	struct figure f;

	if (!(fabs(s) < most))
		return enormous(s, " s");
	if (s >= 1 || s == 0)
		snprintf(f.text, sizeof f.text, "%.6g s", s);
	else
		snprintf(f.text, sizeof f.text, "%.6g ms", s * 1e3);
	return f;
}

struct figure
figure_us(double us)
{
	struct figure f;

	if (us >= 100)
		return figure_ms(us / 1e3);
	snprintf(f.text, sizeof f.text, "%.*f us", us >= 9.995 ? 1 : 2, us);
	return f;
}

struct figure
figure_size(double bytes)
{
	struct figure f;

	if (!(fabs(bytes) < most * 1e3))
		return enormous(bytes, " B");
	units_size_text(f.text, sizeof f.text, bytes);
	return f;
}

struct figure
figure_percent(double percent)
{
	struct figure f;

	if (!(fabs(percent) < most))
		return enormous(percent, "%");
	snprintf(f.text, sizeof f.text, "%.*f%%",
	    percent >= 99.95 || percent == 0 ? 0 : percent >= 9.95 ? 1 : 2, percent);
	return f;
}

/* --- names ---------------------------------------------------------------------------- */

/* Length in bytes of the UTF-8 character at `at`, whatever stands there. */
static size_t
character(const char *at)
{
	size_t len = 1;

	while (((unsigned char)at[len] & 0xc0) == 0x80)
		len++;
	return len;
}

static size_t
characters(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text += character(text))
		count++;
	return count;
}

static int
is_control(const char *at, size_t len)
{
	unsigned char first = (unsigned char)at[0];

	return first < ' ' || first == 0x7f ||
	    (len == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0);
}

struct figure_name
figure_name(const char *text, size_t columns)
{
	struct figure_name name = {"", 0};
	size_t count, len = 0;

	if (text == NULL)
		text = "?";
	count = characters(text);
	name.columns = count < columns ? count : columns;
	if (count > columns) {
		len = (size_t)snprintf(name.text, sizeof name.text, "\xe2\x80\xa6");
		for (; count > columns - 1; count--)
			text += character(text);
	}
	while (*text != '\0') {
		size_t size = character(text);

		if (len + size >= sizeof name.text)
			break;
		if (is_control(text, size)) {
			name.text[len++] = '?';
		} else {
			memcpy(name.text + len, text, size);
			len += size;
		}
		text += size;
	}
	name.text[len] = '\0';
	return name;
}
