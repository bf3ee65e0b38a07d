/* slash.h: the commands that may be typed among messages: "/ping", "/close 1000 bye". One table
 * row each; the table is also what /help prints. */
#ifndef HAIL_CLI_SLASH_H
#define HAIL_CLI_SLASH_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

enum slash_verb {
	SLASH_NONE,              /* no command: `text` is the message ("//x" is the message "/x") */
	SLASH_PING,
	SLASH_CLOSE,             /* code (0: none was given), reason */
	SLASH_BINARY,            /* bytes */
	SLASH_SEND,              /* text: the path after the '@'; sent as one message */
	SLASH_HEADERS,
	SLASH_STATS,
	SLASH_RECORD,            /* text: the path; "" ends the recording */
	SLASH_JSON,
	SLASH_RECONNECT,         /* now */
	SLASH_HELP,
	SLASH_QUIT,
};

struct slash {
	enum slash_verb verb;
	const char *text;        /* lent from the line, NUL-terminated */
	size_t len;
	unsigned code;
	const char *reason;      /* NULL: none */
	unsigned char *bytes;    /* the caller's to free */
	size_t byte_count;
};

/* Parses a line, which is changed. -1 with class ERR_USAGE: no such command (names the closest),
 * or a bad argument and what was expected. */
int slash_parse(struct slash *s, char *line, struct err *e);

/* Appends the list for /help. */
void slash_help(struct buf *into);

/* What may follow `start`, the beginning of a command's name without its slash: *rest is what all
 * candidates have in common, lent, and its length is returned; *whole: there is only one. NULL in
 * *rest: none begins so. */
size_t slash_complete(const char *start, size_t len, const char **rest, bool *whole);

/* Hex digits in pairs, spaces and colons between them allowed. -1 with class ERR_USAGE; *bytes
 * is the caller's to free. */
int slash_hex(const char *text, unsigned char **bytes, size_t *count, struct err *e);

#endif
