/* payload.h: what a publisher sends: a template, expanded once, with the place of the stamp
 * remembered, so that a message costs 27 characters. */
#ifndef HAIL_LOAD_PAYLOAD_H
#define HAIL_LOAD_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "bench/load/stamp.h"

struct err;
struct template_values;

struct payload {
	char *data;
	size_t len;
	size_t stamp_at;     /* where the stamp goes */
};

/* Expands the template of what is published (dialect_payload); values->stamp is not looked at:
 * {stamp} becomes `size` bytes, the stamp in front and padding after it. -1: ERR_USAGE when the
 * template has no {stamp}, ERR_MEMORY. */
int payload_make(struct payload *p, const char *template, uint64_t size,
    const struct template_values *values, struct err *e);

void payload_release(struct payload *p);

#endif
