/* A failure looks like this:
 *
 *     chat.hail:12:1: nothing that fits came within 500 ms
 *        12 | bob < json {"text":"hello"} within 500ms
 *       expected: json {"text":"hello"}
 *       what came: 2 messages
 *          0.512 {"text":"hallo"}
 *                /text: expected "hello", got "hallo"
 *       bob: open for 1.20 s
 */
#include "cli/run_failure.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_view.h"
#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/utf8.h"

static const char *
party_of(const struct run_play *p)
{
	return p->failure->party >= 0 ? p->script->parties[p->failure->party] : NULL;
}

void
run_failure_head(struct buf *into, const struct run_play *p)
{
	const struct player_failure *f = p->failure;

	if (f->step != NULL)
		buf_addf(into, "%s:%u:%u: ", p->script->files[f->step->spot.file].name,
		    f->step->spot.line, f->step->spot.column);
	else
		buf_addf(into, "%s: ", p->script->name);
	buf_add_text(into, f->why.text);
}

static void
add_line(const struct show *s, struct buf *into, unsigned number, const void *text, size_t len)
{
	char margin[24];

	snprintf(margin, sizeof margin, "%6u | ", number);
	show_words(s, into, TONE_DIM, margin);
	show_text(s, into, TONE_PLAIN, text, len);
	buf_add_text(into, "\n");
}

static void
add_skipped(const struct show *s, struct buf *into, const struct run_play *p,
    const struct player_skipped *m)
{
	char stamp[24];
	uint64_t after = m->at > p->began ? m->at - p->began : 0;

	snprintf(stamp, sizeof stamp, "%9.3f ", (double)after / 1e9);
	show_words(s, into, TONE_DIM, stamp);
	if (m->event.len > 0) {
		show_text(s, into, TONE_KEY, m->event.data, m->event.len);
		buf_add_text(into, " ");
	}
	if (m->kind == MESSAGE_BINARY && !utf8_valid(m->data.data, m->data.len))
		buf_addf(into, "(binary, %zu bytes)", m->len);
	else
		show_text(s, into, TONE_IN, m->data.data, m->data.len);
	if (m->data.len < m->len)
		buf_addf(into, " \xe2\x80\xa6 (%zu bytes)", m->len);
	buf_add_text(into, "\n          ");
	show_text(s, into, TONE_NOTE, m->why, strlen(m->why));
	buf_add_text(into, "\n");
}

/* "meanwhile came 3 messages, of which 1 was there before:" */
static void
add_all_skipped(const struct show *s, struct buf *into, const struct run_play *p)
{
	const struct player_failure *f = p->failure;

	if (f->skipped_all == 0 && f->expected != NULL && f->step != NULL) {
		buf_add_text(into, "  nothing came\n");
		return;
	}
	if (f->skipped_all == 0)
		return;
	buf_addf(into, "  what came: %zu message%s", f->skipped_all,
	    f->skipped_all == 1 ? "" : "s");
	if (f->passed_over > 0)
		buf_addf(into, ", %zu of them before this line began", f->passed_over);
	buf_add_text(into, "\n");
	for (size_t i = 0; i < f->skipped_count; i++)
		add_skipped(s, into, p, &f->skipped[i]);
	if (f->skipped_all > f->skipped_count)
		buf_addf(into, "          and %zu more\n", f->skipped_all - f->skipped_count);
}

void
run_failure_text(const struct show *s, struct buf *into, const struct run_play *p)
{
	const struct player_failure *f = p->failure;
	struct buf head;

	buf_init(&head, 4096);
	run_failure_head(&head, p);
	show_text(s, into, TONE_BAD, head.data, head.len);
	buf_release(&head);
	buf_add_text(into, "\n");
	if (f->step != NULL)
		add_line(s, into, f->step->spot.line, f->step->line.data, f->step->line.len);
	if (f->expected != NULL) {
		buf_add_text(into, "  expected: ");
		show_text(s, into, TONE_PLAIN, f->expected, strlen(f->expected));
		buf_add_text(into, "\n");
	}
	add_all_skipped(s, into, p);
	if (f->state != NULL && party_of(p) != NULL) {
		buf_addf(into, "  %s: ", party_of(p));
		show_text(s, into, TONE_PLAIN, f->state, strlen(f->state));
		buf_add_text(into, "\n");
	}
}

/* --- errors of a script ------------------------------------------------------------------- */

static void
add_error(const struct show *s, struct buf *into, const struct script_error *e)
{
	show_text(s, into, TONE_PLAIN, e->file, strlen(e->file));
	if (e->line > 0)
		buf_addf(into, ":%u:%u", e->line, e->column);
	buf_add_text(into, ": ");
	show_text(s, into, TONE_BAD, e->text, strlen(e->text));
	buf_add_text(into, "\n");
	if (e->line == 0 || *e->shown == '\0')
		return;
	add_line(s, into, e->line, e->shown, strlen(e->shown));
	buf_addf(into, "%*s", (int)e->caret + 9, "");
	show_words(s, into, TONE_BAD, "^");
	buf_add_text(into, "\n");
}

void
run_errors_text(const struct show *s, struct buf *into, const struct script_errors *errors)
{
	size_t kept = errors->count < SCRIPT_ERRORS ? errors->count : SCRIPT_ERRORS;

	for (size_t i = 0; i < kept; i++)
		add_error(s, into, &errors->items[i]);
	if (errors->count > kept)
		buf_addf(into, "and %zu more errors\n", errors->count - kept);
}
