/* answer.h: an answer of HTTP that is kept: its head, and what came of its body. */
#ifndef HAIL_SCRIPT_ANSWER_H
#define HAIL_SCRIPT_ANSWER_H

#include "lib/base/buf.h"
#include "lib/base/slice.h"

struct http_head;

struct answer {
	struct buf head;                 /* as text */
	struct buf body;
};

/* Copies the head; the body is empty, and may get so many bytes. NULL: no memory. */
struct answer *answer_new(const struct http_head *head, size_t max);
void answer_free(struct answer *a);

/* *head points into the answer. */
void answer_head(const struct answer *a, struct http_head *head);

static inline struct slice
answer_body(const struct answer *a)
{
	return (struct slice){a->body.len > 0 ? (const char *)a->body.data : "", a->body.len};
}

#endif
