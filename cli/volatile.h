/* volatile.h: what in a message will be different the next time: ids, times, tokens. Judged by its
 * form, and in JSON by the name it goes by as well. Pure: `now_ms`, ms since 1970, is passed in. */
#ifndef HAIL_CLI_VOLATILE_H
#define HAIL_CLI_VOLATILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

enum volatile_kind {
	VOLATILE_NOT,
	VOLATILE_ANY,
	VOLATILE_STRING,
	VOLATILE_NUMBER,
	VOLATILE_UUID,
	VOLATILE_TIME,
};

/* The hole of a pattern (lib/script/pattern.h) that such a value fits: "*uuid"; NULL: none. */
const char *volatile_hole(enum volatile_kind kind);

/* A string, or a number, of JSON that stands under `key`, both decoded; key.len 0: in an array. */
enum volatile_kind volatile_string(struct slice key, struct slice text, int64_t now_ms);
enum volatile_kind volatile_number(struct slice key, struct slice digits, int64_t now_ms);

/* What is volatile within a text that is no JSON. */
struct volatile_part {
	size_t at, len;
	const char *regex;       /* what the like of it match; without a slash */
};

/* The first such part at `from` or behind it. */
bool volatile_find(struct slice text, size_t from, int64_t now_ms, struct volatile_part *part);

#endif
