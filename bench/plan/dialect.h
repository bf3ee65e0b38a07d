/* dialect.h: how a product subscribes and publishes: a small JSON file.
 *
 *     {
 *       "name": "hail",
 *       "description": "the reference node, hail serve",
 *       "path": "/ws/{topic}",          where to connect when the URL has no path of its own
 *       "echo_path": "/echo",           the same for `bench echo`
 *       "on_open": ["…"],               messages sent first, in order
 *       "subscribe": "…",               message that subscribes; absent: connecting is enough
 *       "publish": "{stamp}",           message that publishes
 *       "self": true                    publishers receive their own messages
 *     }
 *
 * Only name and publish must be there; an unknown key is an error. Templates know {topic},
 * {conn}, {node} and, in publish, {stamp}. */
#ifndef HAIL_PLAN_DIALECT_H
#define HAIL_PLAN_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

enum { DIALECT_ON_OPEN = 16 };

struct dialect {
	char *name;
	char *description;       /* NULL: none */
	char *path;              /* NULL: the URL's own, whatever it is */
	char *echo_path;
	char *on_open[DIALECT_ON_OPEN];
	size_t on_open_count;
	char *subscribe;         /* NULL: none */
	char *publish;
	bool self;
};

/* Loads a built-in dialect by name, or a file when `name` has a '/' or ends in ".json". -1 with
 * class ERR_USAGE (bad content or no such name; the sentence lists the names) or ERR_IO. */
int dialect_load(struct dialect *d, const char *name, struct err *e);

/* Parses the text of a dialect; `from` names it in errors. */
int dialect_parse(struct dialect *d, const char *text, size_t len, const char *from,
    struct err *e);

/* Replaces one text of the dialect by an option's. -1: no memory. */
int dialect_set(char **text, const char *value);

void dialect_release(struct dialect *d);

/* What a template's names stand for; NULL: the name is not known here. */
struct template_values {
	const char *topic, *conn, *node, *stamp;
};

/* Checks that every {name} is known. -1 with class ERR_USAGE naming it and `what` holds it. */
int template_check(const char *text, const char *what, bool stamp_allowed, struct err *e);

/* Appends the text with its names replaced. A brace that begins no known name stays as it is,
 * so that JSON needs no escapes. -1: buf full. */
int template_expand(struct buf *into, const char *text, const struct template_values *values);

#endif
