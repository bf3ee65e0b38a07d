#include "lib/script/answer.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/codec/http_head.h"

/* A head that was parsed is one that can be written and parsed again. */
static int
write_head(struct buf *into, const struct http_head *head)
{
	int failed = buf_addf(into, "HTTP/1.%d %d ", head->minor, head->status) != 0 ||
	    buf_add(into, head->reason.data, head->reason.len) != 0 ||
	    buf_add_text(into, "\r\n") != 0;

	for (size_t i = 0; !failed && i < head->count; i++) {
		const struct http_field *f = &head->fields[i];

		failed = buf_add(into, f->name.data, f->name.len) != 0 ||
		    buf_add_text(into, ":") != 0 ||
		    buf_add(into, f->value.data, f->value.len) != 0 ||
		    buf_add_text(into, "\r\n") != 0;
	}
	return failed || buf_add_text(into, "\r\n") != 0 ? -1 : 0;
}

struct answer *
answer_new(const struct http_head *head, size_t max)
{
	struct answer *a = malloc(sizeof *a);

	if (a == NULL)
		return NULL;
	buf_init(&a->head, 2 * HTTP_HEAD_MAX);
	buf_init(&a->body, max);
	if (write_head(&a->head, head) == 0)
		return a;
	answer_free(a);
	return NULL;
}

void
answer_free(struct answer *a)
{
	if (a == NULL)
		return;
	buf_release(&a->head);
	buf_release(&a->body);
	free(a);
}

void
answer_head(const struct answer *a, struct http_head *head)
{
	if (http_head_parse(head, (const char *)a->head.data, a->head.len, 0, NULL) <= 0)
		*head = (struct http_head){0};
}
