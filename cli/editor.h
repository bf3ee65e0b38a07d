/* editor.h: editing one line, by libedit.
 *
 * libedit wants to read(2) in the middle of things, so it runs on a stack of its own that goes
 * back to the caller whenever it has no character. It also wants a terminal to draw on and to
 * set modes of: it gets a pseudo terminal that nobody looks at. What is drawn, the caller decides
 * from editor_line. */
#ifndef HAIL_CLI_EDITOR_H
#define HAIL_CLI_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include <wchar.h>

struct editor;
struct err;

enum editor_outcome {
	EDITOR_WAITS,                /* for more characters */
	EDITOR_LINE,                 /* a line was finished */
	EDITOR_PASTED,               /* a paste made it more than one line */
	EDITOR_ENDED,                /* Ctrl-D on an empty line */
};

/* `modes`: the real terminal's before it was made raw; its erase, kill and other characters mean
 * the same here. The user's editrc(5) is read. NULL with class ERR_IO or ERR_MEMORY; class
 * ERR_NONE: TERM names a terminal on which nothing can be edited. */
struct editor *editor_new(const struct termios *modes, struct err *e);
void editor_free(struct editor *e);

/* Takes one character. An Escape that nothing follows, from a key of that name, goes to
 * editor_escape: it must not become half of a sequence. */
enum editor_outcome editor_key(struct editor *e, wchar_t c);
enum editor_outcome editor_escape(struct editor *e);

/* Takes a text, UTF-8, at the cursor. With a newline in it the line is over (EDITOR_PASTED). */
enum editor_outcome editor_paste(struct editor *e, const char *text, size_t len);

/* The line after EDITOR_LINE and EDITOR_PASTED, UTF-8, without its newline; until the next call
 * of editor_key or editor_paste. */
const char *editor_text(const struct editor *e, size_t *len);

/* The line as it is now; until the next character. */
const wchar_t *editor_line(struct editor *e, size_t *len, size_t *cursor);

/* What is searched for in the history just now, and whether it was found; NULL: nothing. */
const wchar_t *editor_searches(const struct editor *e, bool *failed);

/* Whether the next character stands for itself, whatever it is otherwise (Ctrl-V). */
bool editor_quotes(struct editor *e);

/* Adds a line to the history, the newest last. */
void editor_remember(struct editor *e, const char *line, size_t len);

/* What a terminal would have done since the last call. */
bool editor_rang(struct editor *e);
bool editor_cleared(struct editor *e);

#endif
