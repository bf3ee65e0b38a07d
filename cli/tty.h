/* tty.h: the modes of the terminal that a prompt stands on: raw while it does, as they were
 * before at any other moment, whatever ends the process. One terminal for a process. */
#ifndef HAIL_CLI_TTY_H
#define HAIL_CLI_TTY_H

#include <stdbool.h>
#include <termios.h>

struct err;

/* The same terminal with an open file description of its own: O_NONBLOCK on `fd` would also bind
 * the shell that lent it. Returns a non-blocking descriptor; where that cannot be had, a blocking
 * one, and *blocks is set. -1 with class ERR_IO. */
int tty_reopen(int fd, bool *blocks, struct err *e);

/* Remembers the modes and makes the terminal raw: no echo, no lines, no signals by keys, output
 * as it was. Handlers for fatal signals that had none bring the modes back. `fd` must stay open
 * until tty_give. -1 with class ERR_IO. */
int tty_take(int fd, struct err *e);

/* Back to what was before, and raw again. */
void tty_pause(void);
void tty_resume(void);

/* Back for good. Harmless when nothing was taken. */
void tty_give(void);

/* As tty_give for the terminal alone, from any signal handler. `line_shown`: what a prompt last
 * told with tty_line decides whether a new line is begun. */
void tty_restore(void);
void tty_line(bool shown);

/* The modes as they were. */
const struct termios *tty_before(void);

/* Whether this process may read from it now. */
bool tty_is_ours(void);

/* Whether what goes to `fd` is coloured. choice: 0 when it is a terminal that can, and NO_COLOR is
 * not set; 1 always, 2 never. */
bool tty_wants_color(int fd, int choice);

#endif
