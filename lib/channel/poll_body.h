/* poll_body.h: the messages in the body of an answer to a poll. Pure but for memory.
 *
 * JSON is told as it stands in the body, but for white space: no number is ever decoded, so an
 * integer beyond 64 bits, 0.1 and 1e3 keep their digits. (A number beyond what a double holds, such
 * as 1e400, makes the body invalid.) */
#ifndef HAIL_CHANNEL_POLL_BODY_H
#define HAIL_CHANNEL_POLL_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"

struct buf;
struct err;

enum poll_items {
	POLL_ITEMS_AUTO,         /* an array in a body of JSON (Content-Type says so) is
	                          * unpacked, any other body is one message: JSON is its item, all
	                          * else is told as it came */
	POLL_ITEMS_NONE,         /* the body is one message, whatever it is, and as it came */
	POLL_ITEMS_POINTER,      /* the array is at `items`, or null; a body without it is an
	                          * error */
};

/* How a server puts messages into a body; pointers passed json_pointer_check. With any of them the
 * body has to be JSON, whatever Content-Type says. */
struct poll_shape {
	enum poll_items unpack;
	const char *items;       /* with POLL_ITEMS_POINTER */
	const char *id;          /* of a message, within the item; NULL: "/id" where there is one,
	                          * but none with POLL_ITEMS_NONE */
	const char *data;        /* what of the item is the message; NULL: all of it */
	const char *cursor;      /* within the body: what {last_id} stands for next; NULL: the last
	                          * message's id */
};

/* One message. A string is its text, anything else compact JSON with its keys in order; so for the
 * id, which is empty where there is none (or it is neither a string nor a number). Lent for the
 * call. Not 0: enough, nothing more is told, and nothing of the caller's is looked at again. */
typedef int poll_item_fn(void *ctx, struct slice data, struct slice id);

struct poll_cursor {
	bool found;              /* shape->cursor points to a string that is not empty, or a number;
	                          * never when `tell` had enough */
	bool list;               /* the messages stood in an array */
	struct buf *into;        /* that cursor, replaced; unused when shape->cursor is NULL */
};

/* Tells each message in order. `type`: the Content-Type, data NULL when there was none. Returns how
 * many were told; 0 for an empty body, an empty array and null (but with POLL_ITEMS_NONE only an
 * empty body has no message). -1 with class ERR_PROTOCOL: the body is not what it says it is or
 * what the shape needs, with the place; then none was told. ERR_LIMIT, when all are told: the
 * cursor does not fit or has a NUL; ERR_MEMORY. `cursor` may be NULL. */
long poll_body_read(const struct poll_shape *shape, struct slice type, struct slice body,
    poll_item_fn *tell, void *ctx, struct poll_cursor *cursor, struct err *e);

#endif
