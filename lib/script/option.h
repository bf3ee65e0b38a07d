/* option.h: the options of `open` and `http`, by the long names of hail-connect(1), as typed rows
 * over struct client_options and what a conversation takes besides. */
#ifndef HAIL_SCRIPT_OPTION_H
#define HAIL_SCRIPT_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"
#include "lib/session/client.h"

struct err;
struct script;

enum { OPTION_LIST_MAX = 64 };           /* of one kind (header, cookie, …) for one open */

struct option_lists {                    /* what the client_options' lists point to */
	const char *headers[OPTION_LIST_MAX], *subprotocols[OPTION_LIST_MAX];
	const char *claims[OPTION_LIST_MAX], *connect_to[OPTION_LIST_MAX];
	const char *source_ips[OPTION_LIST_MAX], *cookies[OPTION_LIST_MAX];
	size_t cookie_count;
};

/* What the options of one open come to. Strings are lent from whoever applied them. */
struct option_set {
	struct client_options client;
	struct option_lists *lists;
	const char *publish;             /* "POST /path"; NULL: none */
	uint64_t reconnect;              /* attempts; 0: none */
};

struct script_option {
	const char *name;                /* "header"; NULL ends the rows */
	const char *argument;            /* "'NAME: VALUE'"; NULL: it takes none */
	const char *help;
	bool of_http;                    /* makes sense for a plain request, too */
	bool many;                       /* may stand there several times, up to OPTION_LIST_MAX */
	const char *other;               /* that excludes it; NULL: none */
	/* value: NULL where there is no argument; else it must live as long as the set. -1 with
	 * class ERR_USAGE: what was expected; the option is not named. */
	int (*apply)(struct option_set *set, const char *value, struct err *e);
};

extern const struct script_option script_options[];

/* NULL: there is none of that name. */
const struct script_option *script_option_find(struct slice name);

/* Whether its value is the path of a file, or of a socket. */
bool script_option_names(const struct script_option *o);

/* Where that really is: relative to the file of that number in which it stands, and within the
 * script's root; the caller's to free. A file has to be there, a socket may come later. A socket in
 * the abstract namespace, '@NAME', lies in no folder: it stays what it is if the script may run
 * commands. NULL with *e: class ERR_USAGE, ERR_IO, ERR_MEMORY. */
char *script_option_place(const struct script_option *o, const struct script *script,
    unsigned file, const char *value, struct err *e);

#endif
