#include "lib/base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit counts[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}, {NULL, 0}};
static const struct unit durations[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9},
    {"m", 60e9}, {"h", 3600e9}, {NULL, 0}};
static const struct unit periods[] = {{"ms", 1e3}, {"s", 1}, {"m", 1.0 / 60}, {"h", 1.0 / 3600},
    {NULL, 0}};
static const struct unit sizes[] = {{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1 << 20},
    {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {NULL, 0}};

static const double longest_ns = 366 * 86400e9;

/* A plain decimal number at *at; moves *at behind it. No sign, no exponent, no hex. */
static bool
number(const char **at, double *value)
{
	size_t len = strspn(*at, "0123456789.");
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	*value = strtod(*at, &end);
	if (end != *at + len)
		return false;
	*at = end;
	return true;
}

/* The unit at *at, which is `len` letters long. */
static bool
unit(const char **at, size_t len, const struct unit *units, double *factor)
{
	for (; units->name != NULL; units++)
		if (strlen(units->name) == len && strncmp(*at, units->name, len) == 0) {
			*at += len;
			*factor = units->factor;
			return true;
		}
	return false;
}

static size_t
letters(const char *at)
{
	size_t len = 0;

	while (isalpha((unsigned char)at[len]))
		len++;
	return len;
}

static int
bad(struct err *e, const char *text, const char *expected)
{
	return err_set(e, ERR_USAGE, 0, "'%s' is not %s", text, expected);
}

int
units_count(const char *text, uint64_t *count, struct err *e)
{
	const char *at = text;
	double value, factor;

	if (!number(&at, &value) || !unit(&at, letters(at), counts, &factor) || *at != '\0' ||
	    value * factor > 1e15 || floor(value * factor) != value * factor)
		return bad(e, text, "a whole number such as 250, 10k or 2m");
	*count = (uint64_t)(value * factor);
	return 0;
}

int
units_duration(const char *text, uint64_t *ns, struct err *e)
{
	static const char expected[] = "a duration such as 250us, 5ms, 10s, 2m, 1h or 1m30s";
	const char *at = text;
	double sum = 0, value, factor;
	bool first = true;

	do {
		if (!number(&at, &value))
			return bad(e, text, expected);
		if (*at == '\0' && first)
			factor = 1e9;
		else if (!unit(&at, letters(at), durations, &factor))
			return bad(e, text, expected);
		sum += value * factor;
		first = false;
	} while (*at != '\0');
	if (sum > longest_ns)
		return bad(e, text, "a duration of at most 366 days");
	*ns = (uint64_t)llround(sum);
	return 0;
}

int
units_rate(const char *text, double *per_s, struct err *e)
{
	static const char expected[] = "a rate such as 100/s, 6k/m or 50";
	const char *at = text;
	double value, factor, period = 1;

	if (!number(&at, &value) || !unit(&at, letters(at), counts, &factor))
		return bad(e, text, expected);
	if (*at == '/') {
		at++;
		if (!unit(&at, letters(at), periods, &period))
			return bad(e, text, expected);
	}
	if (*at != '\0' || value * factor * period > 1e9)
		return bad(e, text, expected);
	*per_s = value * factor * period;
	return 0;
}

int
units_size(const char *text, uint64_t *bytes, struct err *e)
{
	const char *at = text;
	double value, factor;

	if (!number(&at, &value) || !unit(&at, letters(at), sizes, &factor) || *at != '\0' ||
	    value * factor > 1e15)
		return bad(e, text, "a size such as 512, 64KiB, 1MiB or 10kB");
	*bytes = (uint64_t)(value * factor);
	return 0;
}

/* Three significant digits, never an exponent. */
static const char *
three_digits(char *into, size_t size, double value, const char *name)
{
	int decimals = value >= 99.95 || value == 0 ? 0 : value >= 9.995 ? 1 : 2;

	snprintf(into, size, "%.*f %s", decimals, value, name);
	return into;
}

const char *
units_duration_text(char *into, size_t size, double ms)
{
	if (ms < 0.9995)
		return three_digits(into, size, ms * 1e3, "us");
	if (ms < 999.5)
		return three_digits(into, size, ms, "ms");
	return three_digits(into, size, ms / 1e3, "s");
}

const char *
units_size_text(char *into, size_t size, double bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	while (bytes >= 1023.5 && i < 4) {
		bytes /= 1024;
		i++;
	}
	if (i == 0) {
		snprintf(into, size, "%.0f B", bytes);
		return into;
	}
	return three_digits(into, size, bytes, names[i]);
}
