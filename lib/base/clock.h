/* clock.h: time. Durations are always uint64_t nanoseconds of the monotonic clock; the wall
 * clock is only ever for people to read. */
#ifndef HAIL_BASE_CLOCK_H
#define HAIL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

/* The monotonic clock, in nanoseconds since an arbitrary moment. */
uint64_t clock_ns(void);

/* Processor time of this process so far, user and system together, in nanoseconds. */
uint64_t clock_cpu_ns(void);

/* The wall clock as RFC 3339 in UTC with milliseconds ("2026-01-31T23:59:59.123Z"); `into`
 * holds at least 25 bytes. */
void clock_wall_text(char *into, size_t size);

#endif
