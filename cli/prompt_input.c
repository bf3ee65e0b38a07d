#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/editor.h"
#include "cli/history.h"
#include "cli/prompt_parts.h"
#include "cli/rune.h"
#include "cli/tty.h"
#include "lib/base/clock.h"

enum {
	ESCAPE_MS = 50,              /* an Escape by itself for so long is a key */
	AWAY_MS = 500,               /* how often a prompt in the background looks around */
};

/* --- what was entered -------------------------------------------------------------------- */

/* The line is lent by whoever calls back, and an event may free the prompt: it is copied. */
static void
tell(struct prompt *p, void (*event)(void *ctx, const char *text, size_t len), const char *text,
    size_t len)
{
	char *copy = strndup(text, len);

	if (copy != NULL)
		event(p->ctx, copy, strlen(copy));
	free(copy);
}

static void
remember(struct prompt *p, const char *line, size_t len)
{
	if (len == 0 || (p->last != NULL && strlen(p->last) == len &&
	    memcmp(p->last, line, len) == 0))
		return;
	free(p->last);
	p->last = strndup(line, len);
	if (p->editor != NULL)
		editor_remember(p->editor, line, len);
	if (p->history != NULL)
		history_append(p->history, line, len, NULL);
}

static void
end(struct prompt *p)
{
	event_del(&p->readable);
	loop_timer_clear(&p->escape);
	p->hidden = true;
	prompt_update(p);
	p->events->ended(p->ctx);
}

static void
obey(struct prompt *p, enum editor_outcome outcome)
{
	const char *text;
	size_t len;

	if (outcome == EDITOR_ENDED) {
		p->events->ended(p->ctx);
	} else if (outcome == EDITOR_LINE) {
		text = editor_text(p->editor, &len);
		remember(p, text, len);
		tell(p, p->events->line, text, len);
	} else if (outcome == EDITOR_PASTED) {
		text = editor_text(p->editor, &len);
		tell(p, p->events->pasted, text, len);
	}
}

/* --- stopping and going on --------------------------------------------------------------- */

static void
go_on(struct prompt *p)
{
	p->away = p->editor != NULL && !tty_is_ours();
	if (p->away) {
		event_del(&p->readable);
		loop_timer_set(&p->look_around, AWAY_MS * NS_PER_MS);
		return;
	}
	if (p->editor != NULL)
		tty_resume();
	event_add(&p->readable, NULL);
	prompt_update(p);
}

static void
look_around_fired(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	go_on(ctx);
}

/* What Ctrl-Z does to a program that knows nothing of it, and the same on coming back. */
static void
stop(struct prompt *p)
{
	screen_hold(&p->screen, false);
	draw_erase(&p->draw, screen_out(&p->screen));
	screen_drain(&p->screen);
	tty_line(false);
	tty_pause();
	event_del(&p->stopped);
	raise(SIGTSTP);
	event_add(&p->stopped, NULL);
	go_on(p);
}

static void
stop_signal(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	stop(ctx);
}

static void
continue_signal(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	go_on(ctx);
}

static void
resize_signal(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	prompt_update(ctx);
}

/* --- reading ----------------------------------------------------------------------------- */

static bool
is_key(uint32_t rune, int name)
{
	cc_t key = tty_before()->c_cc[name];

	return key != _POSIX_VDISABLE && rune == key;
}

/* The keys by which a terminal sends signals and stops the output: it is raw so that a paste
 * cannot. The whole process group gets them, as from the terminal. */
static bool
acts(struct prompt *p, uint32_t rune)
{
	bool failed, flow = tty_before()->c_iflag & IXON &&
	    editor_searches(p->editor, &failed) == NULL;

	if (editor_quotes(p->editor))
		return false;
	if (is_key(rune, VINTR))
		kill(0, SIGINT);
	else if (is_key(rune, VQUIT))
		kill(0, SIGQUIT);
	else if (is_key(rune, VSUSP))
		kill(0, SIGTSTP);
	else if (flow && is_key(rune, VSTOP))
		screen_hold(&p->screen, true);
	else if (flow && is_key(rune, VSTART))
		screen_hold(&p->screen, false);
	else
		return false;
	return true;
}

static void
use_keys(struct prompt *p)
{
	const uint8_t *at = p->keys.data, *all = at + p->keys.len;
	uint32_t rune;
	size_t n;

	while (at < all && !p->freed && !rune_is_cut(at, (size_t)(all - at))) {
		n = rune_get(&rune, at, (size_t)(all - at));
		at += n;
		if (rune != RUNE_BAD && !acts(p, rune))
			obey(p, editor_key(p->editor, (wchar_t)rune));
	}
	if (p->keys.data != NULL)
		buf_drop(&p->keys, (size_t)(at - p->keys.data));
}

static void
use_paste(struct prompt *p)
{
	static const char too_long[] = "(what was pasted is longer than 4 MiB: left out; "
	    "/send @FILE sends a file)\n";
	struct buf text;

	buf_init(&text, 3 * PASTE_MAX);      /* a stray byte becomes three */
	if (paste_take(&p->paste, &text) != 0)
		prompt_print(p, too_long, sizeof too_long - 1);
	else if (text.len > 0)
		obey(p, editor_paste(p->editor, (const char *)text.data, text.len));
	buf_release(&text);
}

/* A paste is open whose end was lost: Ctrl-C alone, in a read of its own, ends it. */
static bool
ends_paste(struct prompt *p, const uint8_t *data, size_t len)
{
	if (!p->paste.open || len != 1 || !is_key(data[0], VINTR))
		return false;
	paste_abandon(&p->paste);
	return true;
}

static void
use_bytes(struct prompt *p, const uint8_t *data, size_t len)
{
	bool pasted;
	size_t n;

	if (ends_paste(p, data, len))
		return;
	while (len > 0 && !p->freed) {
		n = paste_feed(&p->paste, data, len, &p->keys, &pasted);
		data += n;
		len -= n;
		use_keys(p);
		if (pasted && !p->freed)
			use_paste(p);
	}
	if (paste_holds(&p->paste))
		loop_timer_set(&p->escape, ESCAPE_MS * NS_PER_MS);
}

static void
escape_fired(evutil_socket_t fd, short events, void *ctx)
{
	struct prompt *p = ctx;

	(void)fd;
	(void)events;
	paste_let_go(&p->paste, &p->keys);
	if (p->keys.len == 1 && p->keys.data[0] == '\033') {
		buf_release(&p->keys);
		obey(p, editor_escape(p->editor));
	}
	use_keys(p);
	prompt_update(p);
}

/* Without an editor: lines as the kernel hands them over. */
static void
use_lines(struct prompt *p, const uint8_t *data, size_t len)
{
	uint8_t *newline;
	size_t n;

	if (buf_add(&p->keys, data, len) != 0)
		buf_release(&p->keys);
	while (!p->freed && p->keys.len > 0 &&
	    (newline = memchr(p->keys.data, '\n', p->keys.len)) != NULL) {
		n = (size_t)(newline - p->keys.data);
		remember(p, (const char *)p->keys.data, n);
		tell(p, p->events->line, (const char *)p->keys.data, n);
		if (!p->freed)
			buf_drop(&p->keys, n + 1);
	}
}

static void
readable(evutil_socket_t fd, short events, void *ctx)
{
	struct prompt *p = ctx;
	uint8_t bytes[4096];
	ssize_t n;

	(void)events;
	if (p->editor != NULL && !tty_is_ours()) {
		go_on(p);            /* went to the background without a signal */
		return;
	}
	n = read(fd, bytes, sizeof bytes);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(p);
		return;
	}
	loop_timer_clear(&p->escape);
	if (p->editor != NULL)
		use_bytes(p, bytes, (size_t)n);
	else
		use_lines(p, bytes, (size_t)n);
	prompt_update(p);
}

/* --- the rest ---------------------------------------------------------------------------- */

void
prompt_watch(struct prompt *p)
{
	struct event_base *base = loop_base(p->loop);

	event_assign(&p->readable, base, p->fd, EV_READ | EV_PERSIST, readable, p);
	event_assign(&p->resized, base, SIGWINCH, EV_SIGNAL | EV_PERSIST, resize_signal, p);
	event_assign(&p->stopped, base, SIGTSTP, EV_SIGNAL | EV_PERSIST, stop_signal, p);
	event_assign(&p->continued, base, SIGCONT, EV_SIGNAL | EV_PERSIST, continue_signal, p);
	loop_timer_init(&p->escape, p->loop, escape_fired, p);
	loop_timer_init(&p->look_around, p->loop, look_around_fired, p);
	event_add(&p->readable, NULL);
	if (p->editor != NULL) {
		event_add(&p->resized, NULL);
		event_add(&p->stopped, NULL);
		event_add(&p->continued, NULL);
	}
}

void
prompt_unwatch(struct prompt *p)
{
	event_del(&p->readable);
	event_del(&p->resized);
	event_del(&p->stopped);
	event_del(&p->continued);
	loop_timer_clear(&p->escape);
	loop_timer_clear(&p->look_around);
}
