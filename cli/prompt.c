/*   terminal ──bytes──► paste ──keys──► editor ──line──► events
 *                          └────text───────┘ │
 *   terminal ◄──bytes── screen ◄── draw ◄────┘◄── prompt_print
 *
 * What is on the screen follows from three things: text to be put above, the label, the line.
 * Whoever changes one of them asks for an update; at the end of the loop's turn, and only when
 * the terminal took all there was before, one piece is made of it and written. So a flood of
 * messages costs one write a turn, and a terminal that does not take them one piece of memory.
 *
 * On a terminal that knows no escape sequences there is no editor, no label and no drawing: the
 * kernel hands over whole lines, text is written as it comes. */
#include "cli/prompt.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/editor.h"
#include "cli/history.h"
#include "cli/prompt_parts.h"
#include "cli/tty.h"
#include "lib/base/err.h"

enum {
	ABOVE_MAX = 8 << 20,         /* bytes that wait to be put above the line */
	SLOW_BYTES = 128 * 1024,     /* with so many waiting, the terminal is slow */
	PLAIN_LINE_MAX = 1 << 20,
};

/* --- the screen -------------------------------------------------------------------------- */

static const char *
current_label(struct prompt *p)
{
	bool failed;
	const wchar_t *pattern = editor_searches(p->editor, &failed);

	if (pattern == NULL)
		return p->label;
	snprintf(p->search_label, sizeof p->search_label, "%s \"%ls\": ",
	    failed ? "not in history:" : "history:", pattern);
	return p->search_label;
}

static struct draw_line
current_line(struct prompt *p)
{
	struct draw_line line = {.label = current_label(p)};

	line.text = editor_line(p->editor, &line.len, &line.cursor);
	return line;
}

/* xterm and a few others cut off what does not fit; all others lay it out anew. */
static bool
reflows(void)
{
	const char *term = getenv("TERM");

	if (term == NULL || strncmp(term, "linux", 5) == 0 || strncmp(term, "rxvt", 4) == 0)
		return false;
	return getenv("XTERM_VERSION") == NULL || strncmp(term, "xterm", 5) != 0;
}

/* The size may have changed before its signal is here. */
static void
follow_size(struct prompt *p)
{
	struct draw_line line = current_line(p);
	unsigned columns, rows;

	screen_size(&p->screen, &columns, &rows);
	if (columns != p->draw.columns || rows != p->draw.rows)
		draw_resize(&p->draw, columns, rows, &line, reflows());
}

static void
put_above(struct prompt *p, struct buf *out)
{
	buf_add(out, p->above.data, p->above.len);
	buf_release(&p->above);
	if (p->lost > 0)
		buf_addf(out, "(%zu lines left out: the terminal is too slow for them)\n",
		    p->lost);
	p->lost = 0;
}

static void
compose(struct prompt *p)
{
	struct buf *out = screen_out(&p->screen);
	struct draw_line line;

	if (p->editor == NULL || p->away) {
		put_above(p, out);
		return;
	}
	follow_size(p);
	if (editor_rang(p->editor))
		buf_add_text(out, "\a");
	if (editor_cleared(p->editor)) {
		buf_add_text(out, "\033[H\033[2J");
		p->draw.shown = false;
		p->draw.row = 0;
	}
	if (p->above.len > 0 || p->lost > 0 || p->hidden) {
		draw_erase(&p->draw, out);
		put_above(p, out);
	}
	if (!p->hidden) {
		line = current_line(p);
		draw_show(&p->draw, out, &line);
	}
	tty_line(p->draw.shown);
}

/* The last thing that is done: the callee may free the prompt. */
static void
tell_slow(struct prompt *p)
{
	size_t waiting = p->above.len + screen_out(&p->screen)->len;

	if (p->slow == (waiting > SLOW_BYTES) || p->events->slow == NULL ||
	    (p->slow && waiting > 0))
		return;
	p->slow = !p->slow;
	p->events->slow(p->ctx, p->slow);
}

static void
update_now(struct prompt *p)
{
	if (screen_is_idle(&p->screen)) {    /* else screen_ready will come */
		compose(p);
		screen_flush(&p->screen);
	}
	tell_slow(p);
}

static void
update_deferred(struct loop_deferred *d)
{
	struct prompt *p = (struct prompt *)((char *)d - offsetof(struct prompt, update));

	p->updating = false;
	if (!p->freed)
		update_now(p);
}

void
prompt_update(struct prompt *p)
{
	if (p->updating || p->freed)
		return;
	p->updating = true;
	loop_defer(p->loop, &p->update, update_deferred);
}

static void
screen_ready(void *ctx)
{
	prompt_update(ctx);
}

void
prompt_print(struct prompt *p, const char *text, size_t len)
{
	if (p->freed || p->screen.gone)
		return;
	if (p->lost > 0 || buf_add(&p->above, text, len) != 0)
		for (size_t i = 0; i < len; i++)
			p->lost += text[i] == '\n';
	prompt_update(p);
}

void
prompt_label(struct prompt *p, const char *label)
{
	char before[LABEL_MAX];

	memcpy(before, p->label, sizeof before);
	p->label[0] = '\0';
	strncat(p->label, label, sizeof p->label - 1);
	if (p->editor == NULL || strcmp(before, p->label) == 0)
		return;
	prompt_update(p);
}

unsigned
prompt_columns(const struct prompt *p)
{
	unsigned columns, rows;

	screen_size(&p->screen, &columns, &rows);
	return columns;
}

/* --- the rest ---------------------------------------------------------------------------- */

/* Messages are UTF-8 whatever the user's language; libedit asks the C library what that is. */
static void
set_locale(void)
{
	if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static bool
is_plain_terminal(void)
{
	const char *term = getenv("TERM");

	return term == NULL || *term == '\0' || strcmp(term, "dumb") == 0;
}

static void
load_line(void *ctx, const char *line, size_t len)
{
	struct prompt *p = ctx;

	if (p->editor != NULL)
		editor_remember(p->editor, line, len);
	free(p->last);
	p->last = strndup(line, len);
}

static void
load_history(struct prompt *p, const char *path)
{
	struct err e = {0};
	struct buf text;

	p->history = strdup(path);
	if (p->history == NULL || history_load(path, load_line, p, &e) == 0)
		return;
	free(p->history);
	p->history = NULL;
	buf_init(&text, sizeof e.text + 32);
	buf_addf(&text, "(no history: %s)\n", e.text);
	prompt_print(p, (const char *)text.data, text.len);
	buf_release(&text);
}

/* -1: the terminal cannot be had; 0 and no editor: lines it will be. */
static int
make_editor(struct prompt *p, struct err *e)
{
	struct err why = {0};

	if (is_plain_terminal())
		return 0;
	if (tty_take(p->fd, e) != 0)
		return -1;
	p->editor = editor_new(tty_before(), &why);
	if (p->editor == NULL)
		tty_give();
	return 0;
}

struct prompt *
prompt_new(struct loop *l, int in, int out, const char *history,
    const struct prompt_events *events, void *ctx, struct err *e)
{
	struct prompt *p = calloc(1, sizeof *p);
	bool blocks = false;

	(void)out;                   /* the same terminal, by its contract */
	if (p == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a prompt");
		return NULL;
	}
	p->loop = l;
	p->events = events;
	p->ctx = ctx;
	paste_init(&p->paste);
	buf_init(&p->keys, PLAIN_LINE_MAX);
	buf_init(&p->above, ABOVE_MAX);
	set_locale();
	p->fd = tty_reopen(in, &blocks, e);
	if (p->fd < 0 || make_editor(p, e) != 0) {
		if (p->fd >= 0)
			close(p->fd);
		free(p);
		return NULL;
	}
	screen_init(&p->screen, l, p->fd, blocks, screen_ready, p);
	screen_size(&p->screen, &p->draw.columns, &p->draw.rows);
	prompt_watch(p);
	if (history != NULL)
		load_history(p, history);
	prompt_update(p);
	return p;
}

static void
bury(struct loop_deferred *d)
{
	free((char *)d - offsetof(struct prompt, grave));
}

/* A callback may be on its way out of the prompt: its memory goes later. */
void
prompt_free(struct prompt *p)
{
	if (p == NULL || p->freed)
		return;
	p->hidden = true;
	screen_drain(&p->screen);
	compose(p);
	screen_drain(&p->screen);
	p->freed = true;
	tty_line(false);
	prompt_unwatch(p);
	if (p->editor != NULL)
		tty_give();
	screen_release(&p->screen);
	editor_free(p->editor);
	close(p->fd);
	paste_release(&p->paste);
	buf_release(&p->keys);
	buf_release(&p->above);
	free(p->history);
	free(p->last);
	loop_defer(p->loop, &p->grave, bury);
}

void
prompt_restore(void)
{
	tty_restore();
}
