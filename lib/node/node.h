/* node.h: the reference node: topics over WebSocket, event streams and polls, linked to other
 * nodes through Redis.
 *
 * It is the independent peer of everything else in hail: libwebsockets speaks the
 * protocol here, never lib/codec. A node takes the process for itself: it runs until
 * SIGTERM or SIGINT, which it blocks and reads from a descriptor, and it sets the log
 * level of libwebsockets. */
#ifndef HAIL_NODE_NODE_H
#define HAIL_NODE_NODE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Filled by the caller; the texts are lent until node_run returns. Zero is never a
 * default. */
struct node_params {
	const char *listen;        /* "HOST:PORT", "[V6]:PORT"; port 0 for any free one */
	const char *name;          /* 1 to 64 of A-Z a-z 0-9 . _ - */
	const char *redis;         /* redis://[user:password@]host:port[/db], NULL for none */
	const char *chaos;         /* see chaos.h, NULL for none */
	const char *tls_cert;      /* PEM, with the chain behind it; NULL: no TLS */
	const char *tls_key;       /* PEM, not encrypted; NULL as above */
	uint64_t history;          /* messages kept for each topic, at least 1 */
	uint64_t max_message;      /* bytes of one message received */
	uint64_t max_backlog;      /* bytes queued for one receiver */
	uint64_t heartbeat_ns;     /* of silence, before an event stream shows a sign of life */
	const char *auth_secret;   /* tokens must be signed with it; NULL: none are asked for */
	double rate_limit;         /* a second, of messages and requests; 0: no limit */
	bool trace;                /* hand on the warnings of libwebsockets, too */

	/* Connections are accepted at `url`, "http://HOST:PORT", with TLS "https://HOST:PORT". */
	void (*ready)(void *arg, const char *url);

	/* Something that somebody watching should know; one sentence, no newline. */
	void (*log)(void *arg, const char *text);
	void *arg;
};

/* Serves until it is told to stop: 0 then. -1: it could not start; class ERR_USAGE when the
 * parameters make no sense, ERR_IO when the address cannot be listened on or a file cannot be
 * read. */
int node_run(const struct node_params *params, struct err *e);

#endif
