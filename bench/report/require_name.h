/* require_name.h: what the names in conditions stand for, and in which unit it is. */
#ifndef HAIL_REPORT_REQUIRE_NAME_H
#define HAIL_REPORT_REQUIRE_NAME_H

struct err;
struct require;

/* Fills in row, path, unit, whole and by_workload of *r, which is empty otherwise. -1 with class
 * ERR_USAGE and the reason. */
int require_name(struct require *r, const char *name, struct err *e);

#endif
