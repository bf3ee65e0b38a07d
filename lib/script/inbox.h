/* inbox.h: the messages of a party that no line has taken yet, oldest first. */
#ifndef HAIL_SCRIPT_INBOX_H
#define HAIL_SCRIPT_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/channel/channel.h"

enum {
	INBOX_MESSAGES = 10000,
	INBOX_BYTES = 64 << 20,
};

/* One message; its bytes stand behind it. */
struct mail {
	struct mail *next;
	uint64_t at;                     /* when it came */
	struct slice data, event, id;    /* event without data: it has none */
	enum message_kind kind;
	bool passed;                     /* an expectation has looked at it, and not taken it */
};

/* All zero: empty. Those that were passed over come before all others, since whoever looks begins
 * with the oldest. */
struct inbox {
	struct mail *first, *last;
	size_t count, bytes;
};

void inbox_clear(struct inbox *b);

/* A copy of a message at the end. When there are too many the oldest are forgotten, if they were
 * passed over; *forgot says so. -1: all that are there are still to be looked at; or no memory. */
int inbox_add(struct inbox *b, const struct message *m, bool passed, bool *forgot);

/* Takes out and frees the one behind `before`; NULL: the first. */
void inbox_drop(struct inbox *b, struct mail *before);

#endif
