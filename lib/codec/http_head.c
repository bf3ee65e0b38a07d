#include "lib/codec/http_head.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/err.h"

static const char version[] = "HTTP/1.";

/* RFC 9110, 5.6.2. */
static bool
is_token(struct slice text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
		    (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return text.len > 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Something else than HTTP is told from its first bytes: it may never send an empty line. */
static bool
begins_well(const char *data, size_t len)
{
	size_t n = len < sizeof version - 1 ? len : sizeof version - 1;

	return n == 0 || memcmp(data, version, n) == 0;
}

/* The bytes up to the end of the first empty line, 0 when there is none yet. */
static size_t
find_end(const char *data, size_t len, size_t seen)
{
	size_t at = seen > 2 ? seen - 2 : 0;       /* "\n\r" may have been seen of "\n\r\n" */

	while (at < len) {
		const char *newline = memchr(data + at, '\n', len - at);

		if (newline == NULL)
			return 0;
		at = (size_t)(newline - data) + 1;
		if (at < len && data[at] == '\n')
			return at + 1;
		if (at + 1 < len && data[at] == '\r' && data[at + 1] == '\n')
			return at + 2;
	}
	return 0;
}

/* The next line without its end, which is there. -1 when a byte in it may stand nowhere. */
static int
next_line(struct slice *rest, struct slice *line, struct err *e)
{
	*line = slice_cut(rest, '\n');
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	if (line->len > 0 && (memchr(line->data, '\r', line->len) != NULL ||
	    memchr(line->data, '\0', line->len) != NULL))
		return err_set(e, ERR_HANDSHAKE, 0,
		    "a response head with a NUL or a bare CR in it (RFC 9112, 2.2)");
	return 0;
}

/* "HTTP/1.1 101 Switching Protocols"; the reason and the space before it may be missing. */
static int
parse_status_line(struct http_head *head, struct slice line, struct err *e)
{
	const char *at = line.data + sizeof version - 1;

	if (line.len < sizeof version - 1 + 5 || !is_digit(at[0]) || at[1] != ' ' ||
	    at[2] < '1' || at[2] > '9' || !is_digit(at[3]) || !is_digit(at[4]) ||
	    (line.len > sizeof version - 1 + 5 && at[5] != ' '))
		return err_set(e, ERR_HANDSHAKE, 0,
		    "bad status line '%.*s': expected HTTP/1.1 and three digits",
		    line.len < 80 ? (int)line.len : 80, line.data);
	head->minor = at[0] - '0';
	head->status = (at[2] - '0') * 100 + (at[3] - '0') * 10 + (at[4] - '0');
	line.len -= (size_t)(at + 5 - line.data);
	head->reason = slice_trim((struct slice){at + 5, line.len});
	return 0;
}

static int
parse_field(struct http_head *head, struct slice line, struct err *e)
{
	struct slice value = line, name = slice_cut(&value, ':');

	if (line.data[0] == ' ' || line.data[0] == '\t')
		return err_set(e, ERR_HANDSHAKE, 0,
		    "a response head with a folded line (RFC 9112, 5.2)");
	if (value.data == NULL || !is_token(name))
		return err_set(e, ERR_HANDSHAKE, 0,
		    "bad field line '%.*s': expected a name, a colon and a value",
		    line.len < 80 ? (int)line.len : 80, line.data);
	if (head->count == HTTP_FIELDS_MAX)
		return err_set(e, ERR_LIMIT, 0, "a response head of more than %d fields",
		    HTTP_FIELDS_MAX);
	head->fields[head->count++] = (struct http_field){name, slice_trim(value)};
	return 0;
}

/* What answers instead can often be told by its first bytes: a TLS alert or handshake record
 * (RFC 8446, 5.1), the SETTINGS frame with which HTTP/2 begins (RFC 9113, 3.4). */
static int
not_http(const char *data, size_t len, struct err *e)
{
	static const char settings[] = {4, 0, 0, 0, 0, 0};       /* type, flags, stream 0 */

	if (len >= 2 && (data[0] == 0x15 || data[0] == 0x16) && data[1] == 3)
		return err_set(e, ERR_HANDSHAKE, 0,
		    "not HTTP: this port speaks TLS (use wss:// or https://)");
	if (len >= 9 && data[0] == 0 && memcmp(data + 3, settings, sizeof settings) == 0)
		return err_set(e, ERR_HANDSHAKE, 0,
		    "not HTTP/1.1: the server speaks HTTP/2 only");
	return err_set(e, ERR_HANDSHAKE, 0,
	    "not HTTP: a response begins with %s, this one with '%.*s'", version,
	    len < 40 ? (int)len : 40, data);
}

ssize_t
http_head_parse(struct http_head *head, const char *data, size_t len, size_t seen,
    struct err *e)
{
	size_t searched = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX, end;
	struct slice rest, line;

	if (!begins_well(data, len))
		return not_http(data, len, e);
	end = find_end(data, searched, seen);
	if (end == 0 && len >= HTTP_HEAD_MAX)
		return err_set(e, ERR_LIMIT, 0, "a response head of more than %d bytes",
		    HTTP_HEAD_MAX);
	if (end == 0)
		return 0;
	rest = (struct slice){data, end};
	if (next_line(&rest, &line, e) != 0 || parse_status_line(head, line, e) != 0)
		return -1;
	head->count = 0;
	for (;;) {
		if (next_line(&rest, &line, e) != 0)
			return -1;
		if (line.len == 0)
			return (ssize_t)end;
		if (parse_field(head, line, e) != 0)
			return -1;
	}
}

struct slice
http_head_field(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->count; i++)
		if (slice_eq_nocase(head->fields[i].name, name))
			return head->fields[i].value;
	return (struct slice){NULL, 0};
}

size_t
http_head_count(const struct http_head *head, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < head->count; i++)
		count += slice_eq_nocase(head->fields[i].name, name);
	return count;
}

bool
http_head_lists(const struct http_head *head, const char *name, const char *token)
{
	for (size_t i = 0; i < head->count; i++)
		if (slice_eq_nocase(head->fields[i].name, name) &&
		    slice_has_token(head->fields[i].value, token))
			return true;
	return false;
}
