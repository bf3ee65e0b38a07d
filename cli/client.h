/* client.h: the option rows that every command shares that connects. */
#ifndef HAIL_CLI_CLIENT_H
#define HAIL_CLI_CLIENT_H

#include "cli/opt.h"
#include "lib/session/client.h"

extern const struct opt client_rows[];

/* What the rows have collected; the lists live until the process ends. */
struct client_options client_options_taken(void);

#endif
