#include "lib/script/failure.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/script/inbox.h"
#include "lib/script/match.h"

enum {
	TEXTS_MAX = 1 << 20,             /* bytes of all that is told */
	LINE_MAX = 1024,
};

struct failure *
failure_new(void)
{
	struct failure *f = calloc(1, sizeof *f);

	if (f != NULL)
		arena_init(&f->arena, TEXTS_MAX);
	return f;
}

void
failure_free(struct failure *f)
{
	if (f == NULL)
		return;
	arena_release(&f->arena);
	free(f);
}

/* --- texts ------------------------------------------------------------------------------- */

static char *
keep(struct failure *f, const struct buf *text)
{
	return arena_text(&f->arena, (struct slice){(const char *)text->data, text->len});
}

void
failure_expected(struct failure *f, const char *text)
{
	if (f != NULL)
		f->f.expected = arena_text(&f->arena, slice_of(text));
}

void
failure_expected_match(struct failure *f, const char *front, const struct match *m,
    const char *back)
{
	struct buf text;

	if (f == NULL)
		return;
	buf_init(&text, LINE_MAX);
	buf_add_text(&text, front);
	if (m != NULL)
		match_text(m, &text);
	buf_add_text(&text, back);
	f->f.expected = keep(f, &text);
	buf_release(&text);
}

void
failure_state(struct failure *f, const struct buf *text)
{
	if (f != NULL)
		f->f.state = keep(f, text);
}

/* --- messages ---------------------------------------------------------------------------- */

struct player_skipped
failure_skipped(const struct mail *m)
{
	return (struct player_skipped){.at = m->at, .kind = m->kind, .data = m->data,
	    .event = m->event, .id = m->id, .len = m->data.len};
}

/* Not within a character. */
static struct slice
cut(struct slice text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && ((unsigned char)text.data[max] & 0xc0) == 0x80)
		max--;
	return (struct slice){text.data, max};
}

static struct slice
copy(struct failure *f, struct slice text)
{
	const char *kept = text.data != NULL ? arena_text(&f->arena, text) : NULL;

	return (struct slice){kept, kept != NULL ? text.len : 0};
}

void
failure_skip(struct failure *f, const struct player_skipped *m, struct slice why)
{
	struct player_skipped *kept;

	if (f == NULL)
		return;
	f->f.skipped_all++;
	if (f->f.skipped_count == PLAYER_SKIPPED)
		return;
	kept = &f->f.skipped[f->f.skipped_count];
	*kept = *m;
	kept->data = copy(f, cut(m->data, SCRIPT_TOLD));
	kept->event = copy(f, cut(m->event, SCRIPT_TOLD));
	kept->id = copy(f, cut(m->id, SCRIPT_TOLD));
	kept->why = arena_text(&f->arena, why);
	if (kept->why != NULL)
		f->f.skipped_count++;
}

static void
skip_mail(struct failure *f, const struct mail *mail, struct match *m)
{
	struct player_skipped told = failure_skipped(mail);
	struct subject subject = {.data = mail->data, .event = mail->event, .id = mail->id};
	struct buf why;

	buf_init(&why, LINE_MAX);
	if (m != NULL)
		match_fits(m, &subject, &why);
	failure_skip(f, &told, (struct slice){why.len > 0 ? (const char *)why.data : "", why.len});
	buf_release(&why);
	subject_release(&subject);
}

void
failure_skip_all(struct failure *f, const struct inbox *b, struct match *m, uint64_t began)
{
	size_t untold = b->count > PLAYER_SKIPPED ? b->count - PLAYER_SKIPPED : 0;

	if (f == NULL)
		return;
	for (const struct mail *mail = b->first; mail != NULL; mail = mail->next) {
		f->f.passed_over += mail->at < began;
		if (untold > 0) {
			f->f.skipped_all++;
			untold--;
		} else {
			skip_mail(f, mail, m);
		}
	}
}
