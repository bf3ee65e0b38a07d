#include "lib/channel/resume.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

enum {
	NUMBER_DIGITS = 18,          /* so that no number overflows */
	ROW_MIN = 3,                 /* ids in a row that make a gap behind them worth telling */
};

void
resume_init(struct resume *r)
{
	*r = (struct resume){.begun = false};
	buf_init(&r->last_id, RESUME_TEXT_MAX);
	buf_init(&r->etag, RESUME_TEXT_MAX);
	buf_init(&r->modified, RESUME_TEXT_MAX);
	buf_init(&r->seen, SIZE_MAX);
}

void
resume_release(struct resume *r)
{
	buf_release(&r->last_id);
	buf_release(&r->etag);
	buf_release(&r->modified);
	buf_release(&r->seen);
}

int
resume_set(struct buf *text, struct slice value)
{
	size_t before = text->len;

	if (value.len > 0 && memchr(value.data, '\0', value.len) != NULL)
		return -1;
	text->len = 0;
	if (buf_add(text, value.data, value.len) == 0)
		return 0;
	text->len = before;
	return -1;
}

/* A decimal number as one would write it: no sign, no leading zero. */
static bool
is_number(struct slice id, uint64_t *number)
{
	if (id.len == 0 || id.len > NUMBER_DIGITS || (id.data[0] == '0' && id.len > 1))
		return false;
	*number = 0;
	for (size_t i = 0; i < id.len; i++) {
		if (id.data[i] < '0' || id.data[i] > '9')
			return false;
		*number = *number * 10 + (uint64_t)(id.data[i] - '0');
	}
	return true;
}

uint64_t
resume_count(struct resume *r, struct slice id)
{
	uint64_t number, missing = 0;

	if (!is_number(id, &number)) {
		r->expected = 0;
		r->consecutive = 0;
		return 0;
	}
	if (r->consecutive >= ROW_MIN && number > r->expected)
		missing = number - r->expected;
	if (r->consecutive == 0 || number != r->expected)
		r->consecutive = 1;
	else if (r->consecutive < UINT32_MAX)
		r->consecutive++;
	r->expected = number + 1;
	return missing;
}

/* --- lists ------------------------------------------------------------------------------- */

int
resume_see(struct buf *list, struct slice id)
{
	uint64_t h = hash_bytes(HASH_START, id.data, id.len);

	return buf_add(list, &h, sizeof h);
}

static int
compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

void
resume_seal(struct resume *r, struct buf *list)
{
	struct buf old = r->seen;

	if (list->len > 0)
		qsort(list->data, list->len / sizeof(uint64_t), sizeof(uint64_t), compare);
	r->seen = *list;
	buf_release(&old);
	buf_init(list, SIZE_MAX);
}

bool
resume_has_seen(const struct resume *r, struct slice id)
{
	uint64_t h = hash_bytes(HASH_START, id.data, id.len);

	return r->seen.len > 0 && bsearch(&h, r->seen.data, r->seen.len / sizeof h, sizeof h,
	    compare) != NULL;
}
