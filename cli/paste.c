#include "cli/paste.h"

#include "cli/rune.h"

/* An Escape stands at the front of a mark and nowhere else in it: after a mismatch, matching goes
 * on with the byte that did not match. */
static const char begin_mark[] = "\033[200~";
static const char end_mark[] = "\033[201~";

enum { MARK = sizeof begin_mark - 1 };

void
paste_init(struct paste *p)
{
	*p = (struct paste){0};
	buf_init(&p->text, PASTE_MAX);
}

void
paste_release(struct paste *p)
{
	buf_release(&p->text);
	paste_init(p);
}

static const char *
awaited(const struct paste *p)
{
	return p->open ? end_mark : begin_mark;
}

static void
put(struct paste *p, const void *data, size_t len, struct buf *keys)
{
	if (!p->open)
		buf_add(keys, data, len);
	else if (!p->too_long && buf_add(&p->text, data, len) != 0)
		p->too_long = true;
}

/* One byte; true when it completes a mark. */
static bool
step(struct paste *p, uint8_t byte, struct buf *keys)
{
	const char *mark = awaited(p);

	if (byte != (uint8_t)mark[p->matched] && p->matched > 0) {
		put(p, mark, p->matched, keys);
		p->matched = 0;
	}
	if (byte != (uint8_t)mark[p->matched]) {
		put(p, &byte, 1, keys);
		return false;
	}
	if (++p->matched < MARK)
		return false;
	p->matched = 0;
	p->open = !p->open;
	return true;
}

size_t
paste_feed(struct paste *p, const uint8_t *data, size_t len, struct buf *keys, bool *done)
{
	*done = false;
	for (size_t i = 0; i < len; i++)
		if (step(p, data[i], keys) && !p->open) {
			*done = true;
			return i + 1;
		}
	return len;
}

bool
paste_holds(const struct paste *p)
{
	return !p->open && p->matched > 0;
}

void
paste_let_go(struct paste *p, struct buf *keys)
{
	if (!paste_holds(p))
		return;
	buf_add(keys, begin_mark, p->matched);
	p->matched = 0;
}

void
paste_abandon(struct paste *p)
{
	paste_release(p);
}

static void
clean(struct buf *into, const uint8_t *data, size_t len)
{
	char bytes[RUNE_BYTES];
	uint32_t rune, before = 0;
	size_t n;

	for (; len > 0; data += n, len -= n) {
		n = rune_get(&rune, data, len);
		if (rune == '\r' || (rune == '\n' && before != '\r'))
			buf_add(into, "\n", 1);
		else if (rune == '\t' || (rune >= ' ' && (rune < 0x7f || rune > 0x9f)))
			buf_add(into, bytes, rune_put(bytes, rune));
		before = rune;
	}
}

int
paste_take(struct paste *p, struct buf *into)
{
	bool too_long = p->too_long;

	if (!too_long)
		clean(into, p->text.data, p->text.len);
	while (into->len > 0 && into->data[into->len - 1] == '\n')
		into->len--;
	paste_release(p);
	return too_long ? -1 : 0;
}
