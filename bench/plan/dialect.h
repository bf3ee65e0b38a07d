/* dialect.h: how a product is subscribed to, published to and polled: a small JSON file
 * (hail-dialect(5)).
 *
 *     {
 *       "name": "hail",
 *       "description": "the reference node, hail serve",
 *       "path": "/ws/{topic}",          WebSocket: where to connect when the URL has no path
 *       "echo_path": "/echo",           the same for `bench echo`
 *       "on_open": ["…"],               messages sent first, in order
 *       "subscribe": "…",               message that subscribes; absent: connecting is enough
 *       "publish": "{stamp}",           message that publishes; absent: only `post` does
 *       "self": true,                   publishers receive their own messages
 *       "sse": {"path": "/sse/{topic}"},
 *       "longpoll": {"path": "/poll/{topic}?since={last_id}&wait={wait}s", "first": "answered"},
 *       "poll": {"path": "/poll/{topic}?since={last_id}",
 *                "items": "auto", "id": "/id", "data": "/data", "cursor": "/next"},
 *       "post": {"path": "/pub/{topic}", "method": "POST", "type": "text/plain", "body": "{stamp}"}
 *     }
 *
 * Only name, one of publish and post, and in post its path must be there; an unknown key is an
 * error, at any depth. What publishes has {stamp}; paths begin with '/'.
 * longpoll and poll take the same keys. Built-in dialects are the files in bench/dialects/.
 *
 * Templates know {topic}, {conn}, {node}, {token} and, in what publishes, {stamp}. In the paths of
 * longpoll and poll {last_id}, {wait} and {wait_ms} stay as they are for poll.h to fill in. */
#ifndef HAIL_PLAN_DIALECT_H
#define HAIL_PLAN_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/plan/template.h"
#include "lib/base/transport.h"

struct err;

enum { DIALECT_ON_OPEN = 16 };

/* How messages stand in the answer to a poll: as struct poll_shape (lib/channel/poll_body.h). */
struct dialect_poll {
	char *path;              /* NULL: the URL's own, or it is not spoken */
	bool answered;           /* "first": "answered": a first request, without a cursor and a
	                          * wait, is answered at once; "held" (the default for longpoll): it
	                          * may be held like any other. poll: true, "held" is an error */
	char *items;             /* "auto", "none", or a JSON Pointer to the array; NULL: "auto" */
	char *id, *data, *cursor;    /* JSON Pointers, checked; NULL: see poll_body.h */
};

struct dialect_post {
	char *path;              /* NULL: nothing is published by a request */
	char *method;            /* "POST" or "PUT", or "WS": by a WebSocket there, one for each
	                          * publisher; NULL: "POST" */
	char *type;              /* Content-Type; NULL: "text/plain; charset=utf-8" */
	char *body;              /* template with {stamp}; NULL: `publish`, or "{stamp}" */
};

struct dialect {
	char *name;
	char *description;       /* NULL: none */
	char *path;              /* NULL: the URL's own, whatever it is */
	char *echo_path;
	char *on_open[DIALECT_ON_OPEN];
	size_t on_open_count;
	char *subscribe;         /* NULL: none */
	char *publish;           /* NULL: a subscriber's WebSocket cannot publish */
	bool self;
	char *sse_path;
	struct dialect_poll longpoll, poll;
	struct dialect_post post;
};

/* The template of the path for a transport, for URLs that have none; NULL: the dialect names
 * none. */
const char *dialect_path(const struct dialect *d, enum transport t);

/* The method of its post: "POST", when it says none. */
const char *dialect_method(const struct dialect *d);

/* What is published: the body of a request, or the message where `by_post` is false. */
const char *dialect_payload(const struct dialect *d, bool by_post);

/* Loads a built-in dialect by name, or a file when `name` has a '/' or ends in ".json". -1 with
 * class ERR_USAGE (bad content or no such name; the sentence lists the names) or ERR_IO. */
int dialect_load(struct dialect *d, const char *name, struct err *e);

/* The names of the built-in ones, in order, each ended by NUL, the last by two. */
const char *dialect_names(void);

/* Parses the text of a dialect; `from` names it in errors. */
int dialect_parse(struct dialect *d, const char *text, size_t len, const char *from,
    struct err *e);

/* Replaces one text of the dialect by an option's. -1: no memory. */
int dialect_set(char **text, const char *value);

void dialect_release(struct dialect *d);

#endif
