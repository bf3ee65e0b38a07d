/* script_options.h: the options of every command that plays scripts, and scripts read with them. */
#ifndef HAIL_CLI_SCRIPT_OPTIONS_H
#define HAIL_CLI_SCRIPT_OPTIONS_H

#include <stdbool.h>

#include "cli/opt.h"
#include "lib/session/client.h"

struct err;
struct script;

extern const struct opt script_options_rows[];

/* Takes apart what the rows have collected, and reads --env-file. -1: *e. To be released in any
 * case. */
int script_options_take(struct err *e);
void script_options_release(void);

/* What -D says that {url} is; NULL: nothing. */
const char *script_options_url(void);

/* What the command line says about connecting, as scripts need it: --timeout is 5 s unless it was
 * said, for expectations, too. */
struct client_options script_options_client(void);

/* Reads a script; "-" is the standard input. NULL: what is wrong was told on stderr; the exit code
 * is EXIT_USAGE. `color`: 0, 1, 2 as for tty_wants_color. */
struct script *script_options_read(const char *path, bool new_snapshots, int color);

#endif
