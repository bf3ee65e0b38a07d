/* sse.c: lines of an event stream, and what they come to.
 *
 *     bytes ─► mark ─► line ─┬─ "" ───────► dispatch: the item
 *                            ├─ ":…" ─────► comment: an item
 *                            └─ name:value► data, event, id ─► struct parts, or the reader
 *                                           retry: an item
 *
 * What an event is made of stays where it lies in the caller's bytes (struct parts) as long as
 * that call lasts; only when it returns without the event are they copied into the reader. */
#include "lib/codec/sse.h"

#include <string.h>

#include "lib/base/err.h"

enum flags {
	SSE_BEGUN = 1,             /* behind the place of a byte order mark */
	SSE_AFTER_CR = 2,          /* an LF that comes next belongs to the CR */
	SSE_DATA = 4,              /* the event has a line of data */
	SSE_ID = 8,                /* `id` was named and waits for a blank line */
	SSE_LINE_OVER = 16,        /* `line` is complete, and lent at most until the next call */
	SSE_EVENT_OVER = 32,       /* so are `data` and `type` */
};

enum {
	HEAD_MAX = 7,              /* bytes of a line in front of its value: "event: " */
	WINDOW_MIN = 128,          /* bytes searched at a time for the end of a line */
	WINDOW_MAX = 4096,
};

/* Parts of the event under way that lie in the bytes of this call; data NULL: not there. */
struct parts {
	struct slice data;         /* its only line of data */
	struct slice type;
};

int
sse_init(struct sse_reader *r, uint64_t max, struct slice last_id)
{
	size_t most = max < SIZE_MAX / 4 ? (size_t)max : SIZE_MAX / 4;

	*r = (struct sse_reader){.max = max};
	buf_init(&r->line, most + HEAD_MAX);
	buf_init(&r->data, most);
	buf_init(&r->type, most + HEAD_MAX);
	buf_init(&r->id, SSE_ID_MAX);
	buf_init(&r->last_id, SSE_ID_MAX);
	return buf_add(&r->last_id, last_id.data, last_id.len);
}

void
sse_release(struct sse_reader *r)
{
	buf_release(&r->line);
	buf_release(&r->data);
	buf_release(&r->type);
	buf_release(&r->id);
	buf_release(&r->last_id);
}

static struct slice
text_of(const struct buf *b)
{
	return (struct slice){(const char *)b->data, b->len};
}

struct slice
sse_last_id(const struct sse_reader *r)
{
	return text_of(&r->last_id);
}

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for an event");
}

/* --- memory between calls ---------------------------------------------------------------- */

static void
release_line(struct sse_reader *r)
{
	if (r->flags & SSE_LINE_OVER)
		buf_release(&r->line);
	r->flags &= ~(uint32_t)SSE_LINE_OVER;
}

/* Gives back what the call before lent. */
static void
release_lent(struct sse_reader *r)
{
	release_line(r);
	if (r->flags & SSE_EVENT_OVER) {
		buf_release(&r->data);
		buf_release(&r->type);
	}
	r->flags &= ~(uint32_t)SSE_EVENT_OVER;
}

/* Copies what would be gone with the bytes of this call. */
static int
keep(struct sse_reader *r, struct parts *parts, struct err *e)
{
	if (buf_add(&r->data, parts->data.data, parts->data.len) != 0)
		return no_memory(e);
	if (parts->type.data != NULL) {
		r->type.len = 0;
		if (buf_add(&r->type, parts->type.data, parts->type.len) != 0)
			return no_memory(e);
	}
	*parts = (struct parts){{NULL, 0}, {NULL, 0}};
	return 0;
}

/* --- lines ------------------------------------------------------------------------------- */

/* Where the first CR or LF is, or len. Both are searched for in windows, so that a stream that
 * has but one of them is not searched to its end for the other with every line. */
static size_t
find_end(const uint8_t *data, size_t len)
{
	size_t at = 0, window = WINDOW_MIN;

	while (at < len) {
		size_t n = len - at < window ? len - at : window;
		const uint8_t *lf = memchr(data + at, '\n', n), *cr;

		if (lf != NULL)
			n = (size_t)(lf - data) - at;
		cr = memchr(data + at, '\r', n);
		if (cr != NULL || lf != NULL)
			return (size_t)((cr != NULL ? cr : lf) - data);
		at += n;
		if (window < WINDOW_MAX)
			window *= 2;
	}
	return len;
}

/* Takes the byte order mark, or the LF of a CR LF that was cut. Returns how many bytes. What only
 * began like a mark is the beginning of the first line. */
static ssize_t
take_start(struct sse_reader *r, const uint8_t *data, size_t len, struct err *e)
{
	static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
	size_t at = 0;

	for (; at < len && !(r->flags & SSE_BEGUN); at++) {
		if (data[at] != mark[r->mark]) {
			r->flags |= SSE_BEGUN;
			if (buf_add(&r->line, mark, r->mark) != 0)
				return no_memory(e);
			return (ssize_t)at;
		}
		if (++r->mark == sizeof mark)
			r->flags |= SSE_BEGUN;
	}
	if (at < len && (r->flags & SSE_AFTER_CR)) {
		r->flags &= ~(uint32_t)SSE_AFTER_CR;
		at += data[at] == '\n';
	}
	return (ssize_t)at;
}

/* How long the end of a line is that stands at `end`. */
static size_t
take_end(struct sse_reader *r, const uint8_t *end, size_t len)
{
	if (*end == '\n')
		return 1;
	if (len > 1)
		return end[1] == '\n' ? 2 : 1;
	r->flags |= SSE_AFTER_CR;
	return 1;
}

/* The next line, without its end. Returns how many bytes it took, end included; 0: it is not
 * complete and nothing was taken; -1. */
static ssize_t
next_line(struct sse_reader *r, const uint8_t *data, size_t len, struct slice *line,
    struct err *e)
{
	size_t n = find_end(data, len);
	size_t before = r->flags & SSE_LINE_OVER ? 0 : r->line.len;

	if (before + n > HEAD_MAX && before + n - HEAD_MAX > r->max)
		return err_set(e, ERR_LIMIT, 0,
		    "a line of the event stream is longer than %llu bytes",
		    (unsigned long long)r->max);
	if (n == len)
		return 0;
	*line = (struct slice){(const char *)data, n};
	if (before > 0) {
		if (buf_add(&r->line, data, n) != 0)
			return no_memory(e);
		r->flags |= SSE_LINE_OVER;
		*line = text_of(&r->line);
	}
	return (ssize_t)(n + take_end(r, data + n, len - n));
}

/* --- fields ------------------------------------------------------------------------------ */

static int
take_data(struct sse_reader *r, struct parts *parts, struct slice value, struct err *e)
{
	bool first = !(r->flags & SSE_DATA);
	size_t before = first ? 0 : r->data.len + parts->data.len + 1;

	if (before + value.len > r->max)
		return err_set(e, ERR_LIMIT, 0, "the data of an event are longer than %llu bytes",
		    (unsigned long long)r->max);
	r->flags |= SSE_DATA;
	if (first) {
		parts->data = value;
		return 0;
	}
	if (buf_reserve(&r->data, parts->data.len + 1 + value.len) == NULL)
		return no_memory(e);
	buf_add(&r->data, parts->data.data, parts->data.len);
	buf_add(&r->data, "\n", 1);
	buf_add(&r->data, value.data, value.len);
	parts->data = (struct slice){NULL, 0};
	return 0;
}

static int
take_id(struct sse_reader *r, struct slice value, struct err *e)
{
	if (memchr(value.data, '\0', value.len) != NULL)
		return 0;
	if (value.len > SSE_ID_MAX)
		return err_set(e, ERR_LIMIT, 0, "an event id is longer than %d bytes", SSE_ID_MAX);
	r->id.len = 0;
	if (buf_add(&r->id, value.data, value.len) != 0)
		return no_memory(e);
	r->flags |= SSE_ID;
	return 0;
}

static void
take_retry(struct slice value, struct sse_item *item)
{
	uint64_t ms = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return;
		ms = ms * 10 + (uint64_t)(value.data[i] - '0');
		if (ms > SSE_RETRY_MAX)
			ms = SSE_RETRY_MAX;
	}
	if (value.len == 0)
		return;
	item->kind = SSE_ITEM_RETRY;
	item->retry_ms = ms;
}

/* Whether the line is this field. One space behind the colon is no part of the value. */
static inline bool
is_field(struct slice line, const char *name, size_t len, struct slice *value)
{
	if (line.len < len || memcmp(line.data, name, len) != 0)
		return false;
	if (line.len > len && line.data[len] != ':')
		return false;
	if (line.len > len)
		len++;
	if (line.len > len && line.data[len] == ' ')
		len++;
	*value = (struct slice){line.data + len, line.len - len};
	return true;
}

/* A blank line: the id counts now, and what has data is an event. */
static void
dispatch(struct sse_reader *r, struct parts *parts, struct sse_item *item)
{
	if (r->flags & SSE_ID) {
		struct buf id = r->id;

		r->id = r->last_id;
		r->last_id = id;
		r->flags &= ~(uint32_t)SSE_ID;
	}
	if (!(r->flags & SSE_DATA)) {
		buf_release(&r->type);
		parts->type = (struct slice){NULL, 0};
		return;
	}
	r->flags &= ~(uint32_t)SSE_DATA;
	r->flags |= SSE_EVENT_OVER;
	item->kind = SSE_ITEM_EVENT;
	item->text = parts->data.data != NULL ? parts->data : text_of(&r->data);
	item->type = parts->type.data != NULL ? parts->type : text_of(&r->type);
	if (item->type.len == 0)
		item->type = slice_of("message");
}

static int
take_line(struct sse_reader *r, struct slice line, struct parts *parts, struct sse_item *item,
    struct err *e)
{
	struct slice value;

	if (line.len == 0) {
		dispatch(r, parts, item);
	} else if (is_field(line, "data", 4, &value)) {
		return take_data(r, parts, value, e);
	} else if (line.data[0] == ':') {
		item->kind = SSE_ITEM_COMMENT;
		item->text = (struct slice){line.data + 1, line.len - 1};
	} else if (is_field(line, "id", 2, &value)) {
		return take_id(r, value, e);
	} else if (is_field(line, "event", 5, &value)) {
		parts->type = value;
	} else if (is_field(line, "retry", 5, &value)) {
		take_retry(value, item);
	}
	return 0;
}

ssize_t
sse_next(struct sse_reader *r, const uint8_t *data, size_t len, struct sse_item *item,
    struct err *e)
{
	struct parts parts = {{NULL, 0}, {NULL, 0}};
	struct slice line = {NULL, 0};
	ssize_t at, n;

	*item = (struct sse_item){.kind = SSE_ITEM_NONE};
	release_lent(r);
	if (len == 0)
		return 0;
	at = take_start(r, data, len, e);
	if (at < 0)
		return -1;
	while ((n = next_line(r, data + at, len - (size_t)at, &line, e)) > 0) {
		at += n;
		if (take_line(r, line, &parts, item, e) != 0)
			return -1;
		if (item->kind == SSE_ITEM_NONE)
			continue;
		item->id = sse_last_id(r);
		return item->kind == SSE_ITEM_EVENT || keep(r, &parts, e) == 0 ? at : -1;
	}
	if (n < 0 || keep(r, &parts, e) != 0)
		return -1;
	release_line(r);
	if (buf_add(&r->line, data + at, len - (size_t)at) != 0)
		return no_memory(e);
	return (ssize_t)len;
}

bool
sse_within_event(const struct sse_reader *r)
{
	struct slice value;

	if (r->flags & SSE_DATA)
		return true;
	return !(r->flags & SSE_LINE_OVER) && is_field(text_of(&r->line), "data", 4, &value);
}
