/* client.h: what a user says about connecting (the options that every client command shares),
 * checked once and turned into session_params for each URL. */
#ifndef HAIL_SESSION_CLIENT_H
#define HAIL_SESSION_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/session/session.h"

struct client;
struct err;
struct loop;
struct resolver;
struct rng;
struct url;

/* As the options stand on the command line; all strings are lent. */
struct client_options {
	const char *const *headers;          /* "Name: value" */
	size_t header_count;
	const char *const *subprotocols;
	size_t subprotocol_count;
	const char *const *connect_to;       /* "HOST:PORT:HOST2:PORT2" */
	size_t connect_to_count;
	const char *const *source_ips;
	size_t source_ip_count;
	const char *origin, *cookie, *bearer, *user;     /* NULL: none; user is "name:password" */
	uint64_t open_timeout, ping_interval, ping_timeout, close_timeout;   /* ns */
	uint64_t max_message, max_backlog;   /* bytes */
};

/* Checks them all. NULL with class ERR_USAGE and a sentence that names the option. */
struct client *client_new(const struct client_options *o, struct err *e);
void client_free(struct client *c);

/* What connections to one URL share. Owns what its params point to. */
struct client_target {
	struct session_params params;
	struct endpoint *endpoint;
	char authority[272];
	char **headers;                      /* the client's lines, lent, and … */
	char *own_header;                    /* … the one that the URL's user makes; or NULL */
};

/* Prepares for a URL; the rng makes masks. NULL without memory. Sessions must be gone before
 * the target goes, the target before the client and the resolver. */
struct client_target *client_target_new(const struct client *c, const struct url *u,
    struct resolver *r, struct rng *rng, struct err *e);
void client_target_free(struct client_target *t);

/* The place for connection number i: sources take turns. `target` is lent. */
struct ws_place client_place(const struct client *c, uint64_t i, const char *target);

size_t client_source_count(const struct client *c);

/* Where connections to that host and port really go (--connect-to). */
void client_redirect(const struct client *c, const char **host, uint16_t *port);

#endif
