/* units.h: the forms in which people write numbers, and back again.
 *
 * The whole text must be the number: anything left over is an error that names the text and
 * the form expected. All return 0, or -1 with class ERR_USAGE in *e. */
#ifndef HAIL_BASE_UNITS_H
#define HAIL_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

struct err;

/* "250", "10k", "2.5m": thousands and millions. */
int units_count(const char *text, uint64_t *count, struct err *e);

/* "250us", "5ms", "10s", "2m", "1h", or a sum of them ("1m30s"); a bare number counts seconds.
 * Nanoseconds, at most 366 days. */
int units_duration(const char *text, uint64_t *ns, struct err *e);

/* "100" or "100/s", "6k/m", "50/ms", "9k/h": per second. */
int units_rate(const char *text, double *per_s, struct err *e);

/* "512", "64KiB", "1MiB", "2GiB", "10kB", "1MB": bytes. */
int units_size(const char *text, uint64_t *bytes, struct err *e);

/* Writes a duration with three significant digits and its unit: "734 us", "1.25 ms", "3.10 s". */
const char *units_duration_text(char *into, size_t size, double ms);

/* Writes a size with its binary unit: "512 B", "1.50 KiB". */
const char *units_size_text(char *into, size_t size, double bytes);

#endif
