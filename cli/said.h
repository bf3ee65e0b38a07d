/* said.h: what was sent so far, so that its echo can be told from what a server makes up. */
#ifndef HAIL_CLI_SAID_H
#define HAIL_CLI_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

/* A set of hashes; all zero at first. Of very much that was said the last is not remembered. */
struct said {
	uint64_t *table;
	size_t count, cap;
};

void said_release(struct said *s);

/* A message, or what else was said. Remembered are the whole, the strings and numbers of JSON, and
 * words that are not too short to mean something. `json`: it is valid JSON. */
void said_add(struct said *s, struct slice text, bool json);

bool said_text(const struct said *s, struct slice text);

/* A number by its digits: under the same key, or a long one anywhere. */
bool said_number(const struct said *s, struct slice key, struct slice digits);

#endif
