/* lines.h: the header lines that a user's options make. */
#ifndef HAIL_SESSION_LINES_H
#define HAIL_SESSION_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct client_options;
struct err;

struct lines {
	char **items;                /* all but Cookie, each of which was checked */
	size_t count;
	char *cookie;                /* "a=1; b=2" of --cookie and every Cookie line; NULL: none */
	bool upgrade;                /* they go into an upgrade to WebSocket, else any request */
	bool authorizes;             /* an Authorization is among them, or a token will be */
};

/* Checks all that goes into a request. -1 with class ERR_USAGE, a sentence that names the option,
 * or ERR_MEMORY; *l is to be released then, too. Two options that both authorize are refused. */
int lines_take(struct lines *l, const struct client_options *o, struct err *e);
void lines_release(struct lines *l);

/* Whether a line may go to another origin than the one it was given for: not when it authorizes
 * (Authorization, Proxy- fields) or says where it goes (Host). */
bool lines_may_leave(const char *line);

/* "Authorization: Basic …" (RFC 7617); password NULL: `user` is "name:password" already. The
 * caller's to free; NULL without memory. */
char *lines_basic(const char *user, const char *password);

/* "Cookie: …": `own` without the cookies that `jar` names, too, then `jar`: what the server has
 * set since is newer. Either may be NULL or "". The caller's to free; NULL with class ERR_NONE
 * when there is nothing to send. */
char *lines_cookie(const char *own, const char *jar, struct err *e);

#endif
