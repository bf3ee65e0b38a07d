/* require_name.h: what the names in conditions stand for, and in which unit it is. */
#ifndef HAIL_REPORT_REQUIRE_NAME_H
#define HAIL_REPORT_REQUIRE_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct require;
struct require_list;

/* Fills in place, row, path, unit, whole and by_workload of *r, which is empty otherwise. -1 with
 * class ERR_USAGE and the reason. */
int require_name(struct require *r, const char *name, const struct require_list *list,
    struct err *e);

/* The same when the expression begins with LABEL.FIELD, of a label of the list. Returns the length
 * of that; 0: it does not. */
size_t require_label(struct require *r, const struct require_list *list);

/* Whether it names a figure of a latency, the workload's or one of latency_ms. */
bool require_is_latency(const struct require *r);

/* Whether it names a class of errors, which is absent where none occurred. */
bool require_is_error(const struct require *r);

#endif
