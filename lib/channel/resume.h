/* resume.h: where a stream of messages stands, so that its next connection or request goes on
 * from there. It outlives the channels that keep it up. */
#ifndef HAIL_CHANNEL_RESUME_H
#define HAIL_CHANNEL_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

enum { RESUME_TEXT_MAX = 16384 };        /* bytes of each text: it has to fit into a request */

/* Bytes without a NUL. Empty: there is none. */
struct resume {
	struct buf last_id;          /* of the last message, or the cursor that a body names: what
	                              * Last-Event-ID says and {last_id} stands for */
	struct buf etag, modified;   /* of the last answer, as they came */
	struct buf seen;             /* what the last list held: resume_seal */
	uint64_t retry_ns;           /* the reconnection time that a server asked for; 0: none */
	uint64_t expected;           /* the number behind the last id; 0: that was no number */
	uint32_t consecutive;        /* ids in a row that were consecutive numbers, the last one
	                              * included */
	bool begun;                  /* an answer has come, ever */
};

void resume_init(struct resume *r);
void resume_release(struct resume *r);

/* Replaces one of its texts. -1: too long, a NUL in it, or no memory; the text is then as it
 * was. */
int resume_set(struct buf *text, struct slice value);

/* Takes the id of a message that follows the others, for gaps in numbers: decimal, without a sign
 * or leading zeros, of 18 digits at most. Three ids in a row that were each one more than the one
 * before make a row; the number of ids that are missing between it and this one. 0: none, or there
 * was no such row. With a gap, an id that does not grow, or one that is no number, a new row
 * begins. */
uint64_t resume_count(struct resume *r, struct slice id);

/* Notes that a list holds a message with that id. -1: no memory. */
int resume_see(struct buf *list, struct slice id);

/* That list is the last one now; *list is then empty. */
void resume_seal(struct resume *r, struct buf *list);

/* Whether the last list held a message with that id (as far as 64 bits of a hash can tell). */
bool resume_has_seen(const struct resume *r, struct slice id);

static inline struct slice
resume_text(const struct buf *text)
{
	return (struct slice){(const char *)text->data, text->len};
}

#endif
