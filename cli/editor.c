#include "cli/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/editor_parts.h"
#include "cli/history.h"
#include "cli/rune.h"
#include "lib/base/err.h"

enum {
	STACK = 512 * 1024,
	LINE_BYTES = 32 << 20,       /* of a finished line */
	PASTE_TRIES = 4,
};

/* --- the two stacks ---------------------------------------------------------------------- */

/* Called by libedit, inside: goes out until there is a character. */
static int
next_key(EditLine *el, wchar_t *c)
{
	struct editor *e = editor_of(el);

	while (!e->has_key)
		swapcontext(&e->inside, &e->outside);
	e->has_key = false;
	*c = e->key;
	return 1;
}

static void
add_text(struct editor *e, const wchar_t *line, size_t len)
{
	char bytes[RUNE_BYTES];

	for (size_t i = 0; i < len; i++)
		buf_add(&e->text, bytes, rune_put(bytes, (uint32_t)line[i]));
}

/* The end of a line, inside. */
static void
finish(struct editor *e, const wchar_t *line, int len)
{
	if (line == NULL || len < 0)
		len = 0;
	if (!e->pasted && len > 0 && line[len - 1] == L'\n')
		len--;
	else if (!e->pasted)
		e->outcome = EDITOR_ENDED;
	if (e->outcome == EDITOR_ENDED)
		return;
	e->text.len = 0;
	add_text(e, line, (size_t)len);
	e->outcome = e->pasted ? EDITOR_PASTED : EDITOR_LINE;
	e->pasted = false;
}

/* Where the inner stack begins; it never ends. The pointer comes in two halves since
 * makecontext passes ints. */
static void
edit_lines(unsigned high, unsigned low)
{
	struct editor *e = (struct editor *)((uintptr_t)high << 32 | low);
	const wchar_t *line;
	int len;

	for (;;) {
		el_wset(e->el, EL_EDITMODE, 1);
		line = el_wgets(e->el, &len);
		finish(e, line, len);
	}
}

static enum editor_outcome
go_on(struct editor *e)
{
	e->outcome = EDITOR_WAITS;
	swapcontext(&e->outside, &e->inside);
	return e->outcome;
}

static int
make_stack(struct editor *e)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t self = (uintptr_t)e;

	e->stack = mmap(NULL, STACK + guard, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (e->stack == MAP_FAILED || mprotect(e->stack, guard, PROT_NONE) != 0 ||
	    getcontext(&e->inside) != 0)
		return -1;
	e->inside.uc_stack.ss_sp = (char *)e->stack + guard;
	e->inside.uc_stack.ss_size = STACK;
	e->inside.uc_link = NULL;
	makecontext(&e->inside, (void (*)(void))edit_lines, 2, (unsigned)(self >> 32),
	    (unsigned)self);
	return 0;
}

/* --- what libedit draws ------------------------------------------------------------------ */

static ssize_t
drawn(void *cookie, const char *data, size_t len)
{
	struct editor *e = cookie;

	if (memchr(data, '\a', len) != NULL)
		e->rang = true;
	if (e->clear != NULL && memmem(data, len, e->clear, strlen(e->clear)) != NULL)
		e->cleared = true;
	return (ssize_t)len;
}

static int
make_screen(struct editor *e, const struct termios *modes)
{
	char path[64];

	e->screen = fopencookie(e, "w+", (cookie_io_functions_t){.write = drawn});
	e->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (e->screen == NULL || e->master < 0 || grantpt(e->master) != 0 ||
	    unlockpt(e->master) != 0 || ptsname_r(e->master, path, sizeof path) != 0)
		return -1;
	e->slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return e->slave >= 0 ? tcsetattr(e->slave, TCSANOW, modes) : -1;
}

/* --- the rest ---------------------------------------------------------------------------- */

static void
set_up(struct editor *e)
{
	HistEventW event;

	el_wset(e->el, EL_CLIENTDATA, e);
	el_wset(e->el, EL_GETCFN, next_key);
	el_wset(e->el, EL_SIGNAL, 0);
	history_w(e->history, &event, H_SETSIZE, HISTORY_LINES);
	history_w(e->history, &event, H_SETUNIQUE, 1);
	el_wset(e->el, EL_HIST, history_w, e->history);
	editor_bind(e);
}

/* What the terminal's entry in terminfo says; false when there is none to speak of. */
static bool
know_terminal(struct editor *e)
{
	char *up = NULL, *clear = NULL;

	el_get(e->el, EL_GETTC, "up", &up);
	el_get(e->el, EL_GETTC, "cl", &clear);
	if (clear != NULL && *clear != '\0')
		e->clear = strdup(clear);
	return up != NULL && *up == '\033';
}

struct editor *
editor_new(const struct termios *modes, struct err *err)
{
	struct editor *e = calloc(1, sizeof *e);

	if (e == NULL) {
		err_set(err, ERR_MEMORY, 0, "no memory for a line editor");
		return NULL;
	}
	e->master = e->slave = -1;
	buf_init(&e->text, LINE_BYTES);
	if (make_screen(e, modes) != 0) {
		err_set(err, ERR_IO, errno, "no pseudo terminal: %s", strerror(errno));
	} else if ((e->el = el_init_fd("hail", e->screen, e->screen, e->screen, e->slave,
	    e->slave, e->slave)) == NULL || (e->history = history_winit()) == NULL) {
		err_set(err, ERR_MEMORY, 0, "no memory for a line editor");
	} else if (know_terminal(e)) {
		set_up(e);
		if (make_stack(e) == 0) {
			go_on(e);
			return e;
		}
		err_set(err, ERR_MEMORY, 0, "no memory for a line editor");
	}
	editor_free(e);
	return NULL;
}

void
editor_free(struct editor *e)
{
	if (e == NULL)
		return;
	if (e->el != NULL)
		el_end(e->el);
	if (e->history != NULL)
		history_wend(e->history);
	if (e->screen != NULL)
		fclose(e->screen);
	if (e->slave >= 0)
		close(e->slave);
	if (e->master >= 0)
		close(e->master);
	if (e->stack != NULL && e->stack != MAP_FAILED)
		munmap(e->stack, STACK + (size_t)sysconf(_SC_PAGESIZE));
	free(e->clear);
	free(e->paste);
	buf_release(&e->text);
	free(e);
}

enum editor_outcome
editor_key(struct editor *e, wchar_t c)
{
	e->key = c;
	e->has_key = true;
	return go_on(e);
}

enum editor_outcome
editor_escape(struct editor *e)
{
	return editor_key(e, e->searching ? EDITOR_ACCEPT_KEY : L'\033');
}

static wchar_t *
widen(const char *text, size_t len)
{
	wchar_t *wide = malloc((len + 1) * sizeof *wide);
	uint32_t rune;
	size_t n, i = 0;

	if (wide == NULL)
		return NULL;
	for (; (n = rune_get(&rune, text, len)) > 0; text += n, len -= n)
		wide[i++] = rune < RUNE_BAD && rune != 0 ? (wchar_t)rune : 0xfffd;
	wide[i] = L'\0';
	return wide;
}

/* The text comes in by a key, so that whatever libedit is in the middle of (a search, half of a
 * sequence) ends as it would by any key. That may take more than one. */
enum editor_outcome
editor_paste(struct editor *e, const char *text, size_t len)
{
	enum editor_outcome outcome = EDITOR_WAITS;

	free(e->paste);
	e->paste = widen(text, len);
	for (int i = 0; i < PASTE_TRIES && e->paste != NULL && outcome == EDITOR_WAITS; i++)
		outcome = editor_key(e, EDITOR_PASTE_KEY);
	return outcome;
}

const char *
editor_text(const struct editor *e, size_t *len)
{
	*len = e->text.len;
	return e->text.len > 0 ? (const char *)e->text.data : "";
}

const wchar_t *
editor_line(struct editor *e, size_t *len, size_t *cursor)
{
	const LineInfoW *line = el_wline(e->el);

	*len = (size_t)(line->lastchar - line->buffer);
	*cursor = (size_t)(line->cursor - line->buffer);
	return line->buffer;
}

const wchar_t *
editor_searches(const struct editor *e, bool *failed)
{
	*failed = e->search.failed;
	return e->searching ? e->search.pattern : NULL;
}

/* libedit then takes signals by keys from its terminal's modes. */
bool
editor_quotes(struct editor *e)
{
	struct termios now;

	return tcgetattr(e->slave, &now) == 0 && !(now.c_lflag & ISIG);
}

void
editor_remember(struct editor *e, const char *line, size_t len)
{
	wchar_t *wide = widen(line, len);
	HistEventW event;

	if (wide != NULL)
		history_w(e->history, &event, H_ENTER, wide);
	free(wide);
}

bool
editor_rang(struct editor *e)
{
	bool rang = e->rang;

	fflush(e->screen);
	rang = rang || e->rang;
	e->rang = false;
	return rang;
}

bool
editor_cleared(struct editor *e)
{
	bool cleared;

	fflush(e->screen);
	cleared = e->cleared;
	e->cleared = false;
	return cleared;
}
