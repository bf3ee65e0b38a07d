/* redis_link.h: one connection to Redis that comes back when it is lost.
 *
 * hiredis speaks the protocol; a duplicate of its socket stands in the loop of
 * libwebsockets as a plain descriptor, whose events drive it. Connecting never blocks.
 * After a loss it tries again, 50 ms to 2 s apart, twice as long each time, less a random
 * part of up to a half. */
#ifndef HAIL_NODE_REDIS_LINK_H
#define HAIL_NODE_REDIS_LINK_H

#include <hiredis/async.h>
#include <libwebsockets.h>
#include <stdbool.h>

struct err;
struct node;
struct redis_link;
struct redis_server;

/* Reads "redis://[user:password@]host[:port][/db]" and resolves the host, which may take
 * a while. NULL with class ERR_USAGE or ERR_RESOLVE. */
struct redis_server *redis_server_new(const char *url, struct err *e);
void redis_server_free(struct redis_server *s);

struct redis_link_params {
	struct node *node;
	const struct redis_server *server;    /* must outlive the link */

	/* Connected, let in, and Redis answers. */
	void (*up)(void *arg);

	/* Lost after it was up, or the first attempt failed; comes after every command
	 * under way has got its NULL reply. */
	void (*down)(void *arg, const char *why);
	void *arg;
};

/* Starts connecting. NULL: no memory. */
struct redis_link *redis_link_new(const struct redis_link_params *params);

/* Commands under way get their NULL reply; `down` does not come. NULL is fine. */
void redis_link_free(struct redis_link *l);

/* For redisAsyncCommand; NULL while it is not up. Its `data` belongs to the link. */
redisAsyncContext *redis_link_context(struct redis_link *l);

/* What `arg` was, for the callback of a command. */
void *redis_link_arg(const redisAsyncContext *ac);

/* Gives the connection up, because what Redis answers makes no sense for now. */
void redis_link_drop(struct redis_link *l, const char *why);

/* The row for the protocols of the node. */
int redis_link_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len);

#define REDIS_LINK_PROTOCOL {.name = "redis", .callback = redis_link_callback}

#endif
