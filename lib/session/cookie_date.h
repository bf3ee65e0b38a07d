/* cookie_date.h: the dates of cookies, which come in every shape (RFC 6265, 5.1.1). Pure. */
#ifndef HAIL_SESSION_COOKIE_DATE_H
#define HAIL_SESSION_COOKIE_DATE_H

#include <stdint.h>

#include "lib/base/slice.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT" and what else the algorithm reads. -1: no date. */
int cookie_date_parse(struct slice text, int64_t *seconds);

#endif
