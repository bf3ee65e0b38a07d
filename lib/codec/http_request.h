/* http_request.h: the head of an HTTP/1.1 request (RFC 9112, sections 3 and 5). */
#ifndef HAIL_CODEC_HTTP_REQUEST_H
#define HAIL_CODEC_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct buf;
struct err;

/* A line for the defaults of a request; some servers refuse who does not say what it is. */
#ifndef HAIL_VERSION
#define HAIL_VERSION "0.0"
#endif
#define HTTP_USER_AGENT "User-Agent: hail/" HAIL_VERSION

struct http_request {
	const char *method;                /* "GET" */
	const char *target;                /* "/path?query" */
	const char *authority;             /* the value of Host */
	const char *const *headers;        /* "Name: value" lines; a Host replaces authority */
	size_t header_count;
	const char *const *more_headers;   /* the same, behind them */
	size_t more_header_count;
	const char *instead;               /* a line in the place of all others of its name;
	                                    * NULL: none */
	const char *const *defaults;       /* lines that go in unless the others have a field
	                                    * of that name (Accept) */
	size_t default_count;
	bool has_body;                     /* Content-Length is sent, even of 0 */
	uint64_t body_length;
};

/* Whether "Name: value" may go into a request: a token, a colon, no control characters, and
 * none of the fields by which the message itself is framed and the connection kept
 * (Content-Length, Transfer-Encoding, Connection, Upgrade, Expect, TE, Trailer). -1 with
 * class ERR_USAGE and what was expected. */
int http_line_check(const char *line, struct err *e);

/* What all requests share, that of a WebSocket too: the line is well-formed and its field
 * is not one of `owned`, which ends in NULL (names, ASCII case ignored). `why` finishes the
 * sentence about an owned one, which ends in "expected none that". */
int http_line_check_but(const char *line, const char *const *owned, const char *why,
    struct err *e);

/* What stands before the colon. */
struct slice http_line_name(const char *line);

/* Appends the request with its empty line; the body is the caller's to send. Every line
 * must have passed http_line_check. Of several Hosts the first replaces authority, and all
 * are sent. -1: buf full; it is left as it was. */
int http_request_write(struct buf *into, const struct http_request *r);

#endif
