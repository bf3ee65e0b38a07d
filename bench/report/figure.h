/* figure.h: how figures look to people: thousands apart, three digits of a measurement, always
 * with the unit. Returned by value, so that several fit into one printf. Any double is fine. */
#ifndef HAIL_REPORT_FIGURE_H
#define HAIL_REPORT_FIGURE_H

#include <stddef.h>

struct figure {
	char text[32];
};

struct figure figure_count(double value);          /* "12,345" */
struct figure figure_rate(double per_s);           /* "1,234/s", "0.50/s" */
struct figure figure_ms(double ms);                /* "734 us", "1.25 ms", "3.10 s" */
struct figure figure_seconds(double s);            /* a duration that was asked for: "10 s" */
struct figure figure_us(double us);                /* "4.53 us" */
struct figure figure_size(double bytes);           /* "1.50 KiB" */
struct figure figure_percent(double percent);      /* "12.3%" */

/* Words that came from a server or a file, made fit for a terminal: control characters become
 * '?', and of what is longer than `columns` characters only the end is kept, behind "…".
 * `columns` is 4 or more; no more than the array holds is kept. NULL text counts as "?". */
struct figure_name {
	char text[512];
	size_t columns;      /* characters in it, for padding */
};

struct figure_name figure_name(const char *text, size_t columns);

#endif
