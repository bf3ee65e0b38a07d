/* http_head.h: the head of an HTTP/1.x response (RFC 9112, sections 2 to 5), as bytes in and
 * slices out. No I/O, no memory of its own. */
#ifndef HAIL_CODEC_HTTP_HEAD_H
#define HAIL_CODEC_HTTP_HEAD_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/slice.h"

struct err;

enum {
	HTTP_HEAD_MAX = 32768,     /* bytes of a head, its empty line included */
	HTTP_FIELDS_MAX = 128,
};

struct http_field {
	struct slice name;
	struct slice value;        /* without the white space around it */
};

struct http_head {
	int minor;                 /* HTTP/1.minor */
	int status;                /* 100..999 */
	struct slice reason;
	size_t count;
	struct http_field fields[HTTP_FIELDS_MAX];
};

/* Parses the response head at the front of `data`. Returns how many bytes it takes with its
 * empty line, 0 when more are needed, -1 on what can never become a head (class ERR_HANDSHAKE)
 * or goes beyond a maximum (ERR_LIMIT). Slices point into `data`.
 * `seen` is the length given by the previous call on the same growing bytes, 0 at first: what
 * was searched already is not searched again.
 * Refused, since they smuggle or split: obsolete line folding, white space before the colon, a
 * NUL or a bare CR anywhere, an empty or non-token field name. A line may end in a bare LF
 * (RFC 9112, 2.2). */
ssize_t http_head_parse(struct http_head *head, const char *data, size_t len, size_t seen,
    struct err *e);

/* The value of the first field of that name, ASCII case ignored; data NULL when there is none. */
struct slice http_head_field(const struct http_head *head, const char *name);

/* How many fields have that name. */
size_t http_head_count(const struct http_head *head, const char *name);

/* Whether any field of that name lists `token` (Connection: keep-alive, Upgrade). */
bool http_head_lists(const struct http_head *head, const char *name, const char *token);

#endif
