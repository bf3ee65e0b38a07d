/* stream_id.h: where a message stands in its topic's history: "MILLISECONDS-N", as Redis
 * numbers the entries of a stream. Compared as two numbers, never as text. */
#ifndef HAIL_NODE_STREAM_ID_H
#define HAIL_NODE_STREAM_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_id {
	uint64_t ms;
	uint64_t seq;
};

enum {
	STREAM_ID_TEXT = 42,   /* two 64-bit numbers, '-' and a NUL */
};

/* Parses "MS-N" or "MS" (N is 0 then). False: it is neither, or a number does not fit. */
bool stream_id_parse(struct stream_id *id, const char *text, size_t len);

/* Writes "MS-N" and a NUL; `into` holds STREAM_ID_TEXT. Returns the length. */
size_t stream_id_text(struct stream_id id, char *into);

/* Below, equal or above zero, as strcmp. */
int stream_id_compare(struct stream_id a, struct stream_id b);

bool stream_id_is_zero(struct stream_id id);

/* The smallest id above. The very last one is followed by itself. */
struct stream_id stream_id_next(struct stream_id id);

/* The largest id below; zero is preceded by itself. */
struct stream_id stream_id_previous(struct stream_id id);

#endif
