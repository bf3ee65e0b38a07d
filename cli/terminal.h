/* terminal.h: a conversation at a terminal: a prompt below, everything else above it, slash
 * commands in between. It is a view, and the source of the talk's input. */
#ifndef HAIL_CLI_TERMINAL_H
#define HAIL_CLI_TERMINAL_H

#include <stdbool.h>

#include "cli/view.h"

struct err;
struct loop;
struct talk;
struct terminal;

struct terminal_params {
	bool color, quiet;
	int verbose;
	bool delta;                  /* times since the line before instead of the time of day */
	const char *history;         /* file; NULL: none */
	bool raw_json;
	const char *mute;            /* name of a transport by which nothing can be sent; NULL */
	bool no_pings;
};

/* Takes the terminal of standard input and output; freeing the view gives it back. NULL with class
 * ERR_IO. */
struct terminal *terminal_new(struct loop *l, const struct terminal_params *p, struct err *e);

struct view *terminal_view(struct terminal *t);

/* Whose input is typed here; before the loop runs. */
void terminal_attach(struct terminal *t, struct talk *talk);

#endif
