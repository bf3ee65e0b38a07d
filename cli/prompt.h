/* prompt.h: the line being typed, at the foot of a terminal on which other lines keep coming.
 *
 * libedit edits the line. It wants to block in read(2), so it runs on a stack of its own that
 * goes back to the loop whenever no byte is there. Bracketed paste is taken out before libedit
 * sees it. */
#ifndef HAIL_CLI_PROMPT_H
#define HAIL_CLI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct loop;
struct prompt;

struct prompt_events {
	/* A line was finished with Return; without its newline. */
	void (*line)(void *ctx, const char *text, size_t len);
	/* Text of more than one line was pasted (with what stood before it on the line); the lines
	 * are parted by '\n'. */
	void (*pasted)(void *ctx, const char *text, size_t len);
	/* Ctrl-D on an empty line, or the terminal is gone. */
	void (*ended)(void *ctx);
	/* More is printed than the terminal takes: whoever can should wait, until it is told
	 * `false`. What is printed all the same is lost beyond some MiB. May be NULL. */
	void (*slow)(void *ctx, bool slow);
};

/* in, out: descriptors of the terminal. `history`: file that is read now and written as lines
 * are entered, its directories made as needed; NULL: none. NULL with class ERR_IO. */
struct prompt *prompt_new(struct loop *l, int in, int out, const char *history,
    const struct prompt_events *events, void *ctx, struct err *e);

/* Restores the terminal, removes the line. NULL is fine. Async-signal-safe restoration for the
 * worst case is prompt_restore. */
void prompt_free(struct prompt *p);

/* Puts whole lines above the line being typed; the line itself stays as it was. `text` ends in
 * '\n'. */
void prompt_print(struct prompt *p, const char *text, size_t len);

/* What stands before the line; copied. */
void prompt_label(struct prompt *p, const char *label);

/* Columns of the terminal now. */
unsigned prompt_columns(const struct prompt *p);

/* The terminal as it was before prompt_new; may be called from a signal handler. */
void prompt_restore(void);

#endif
