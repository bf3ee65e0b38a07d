#include "lib/codec/http_request.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* --- lines ------------------------------------------------------------------------------- */

struct slice
http_line_name(const char *line)
{
	return (struct slice){line, strcspn(line, ":")};
}

int
http_line_check_but(const char *line, const char *const *owned, const char *why, struct err *e)
{
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789!#$%&'*+-.^_`|~";
	struct slice name = http_line_name(line);

	if (name.len == 0 || line[name.len] != ':' || strspn(line, token) != name.len)
		return err_set(e, ERR_USAGE, 0,
		    "bad header '%.120s': expected a name, a colon and a value", line);
	for (const char *at = line + name.len; *at != '\0'; at++)
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
			return err_set(e, ERR_USAGE, 0,
			    "bad header '%.*s': expected a value without control characters",
			    name.len < 120 ? (int)name.len : 120, line);
	for (; *owned != NULL; owned++)
		if (slice_eq_nocase(name, *owned))
			return err_set(e, ERR_USAGE, 0,
			    "bad header '%s': expected none that %s", *owned, why);
	return 0;
}

int
http_line_check(const char *line, struct err *e)
{
	static const char *const owned[] = {
		"Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "TE",
		"Trailer", NULL,
	};

	return http_line_check_but(line, owned,
	    "frames the request or governs its connection", e);
}

/* --- the request ------------------------------------------------------------------------- */

/* The lines of both lists; NULL behind the last. */
static const char *
line_at(const struct http_request *r, size_t i)
{
	if (i < r->header_count)
		return r->headers[i];
	i -= r->header_count;
	return i < r->more_header_count ? r->more_headers[i] : NULL;
}

static bool
has_name(const char *line, struct slice name)
{
	struct slice other = http_line_name(line);

	return other.len == name.len && strncasecmp(other.data, name.data, name.len) == 0;
}

/* The first line of that name; the number of lines when there is none. */
static size_t
find_line(const struct http_request *r, struct slice name)
{
	const char *line;
	size_t i = 0;

	while ((line = line_at(r, i)) != NULL && !has_name(line, name))
		i++;
	return i;
}

static bool
is_replaced(const struct http_request *r, const char *line)
{
	return r->instead != NULL && has_name(line, http_line_name(r->instead));
}

static int
write_lines(struct buf *into, const struct http_request *r, size_t host)
{
	const char *line;

	for (size_t i = 0; (line = line_at(r, i)) != NULL; i++)
		if (i != host && !is_replaced(r, line) && buf_addf(into, "%s\r\n", line) != 0)
			return -1;
	if (r->instead != NULL && buf_addf(into, "%s\r\n", r->instead) != 0)
		return -1;
	for (size_t i = 0; i < r->default_count; i++)
		if (line_at(r, find_line(r, http_line_name(r->defaults[i]))) == NULL &&
		    buf_addf(into, "%s\r\n", r->defaults[i]) != 0)
			return -1;
	return 0;
}

static int
write_request(struct buf *into, const struct http_request *r)
{
	size_t host = find_line(r, slice_of("Host"));
	const char *line = line_at(r, host);

	if (buf_addf(into, "%s %s HTTP/1.1\r\n", r->method, r->target) != 0 ||
	    buf_addf(into, "%s%s\r\n", line != NULL ? "" : "Host: ",
	    line != NULL ? line : r->authority) != 0 || write_lines(into, r, host) != 0)
		return -1;
	if (r->has_body &&
	    buf_addf(into, "Content-Length: %" PRIu64 "\r\n", r->body_length) != 0)
		return -1;
	return buf_add_text(into, "\r\n");
}

int
http_request_write(struct buf *into, const struct http_request *r)
{
	size_t before = into->len;

	if (write_request(into, r) == 0)
		return 0;
	into->len = before;
	return -1;
}
