/* history.h: the lines once entered, in a file that several hail share: one line each, UTF-8,
 * the newest last, readable by its owner alone. */
#ifndef HAIL_CLI_HISTORY_H
#define HAIL_CLI_HISTORY_H

#include <stddef.h>

struct err;

enum {
	HISTORY_LINES = 10000,           /* kept in the file */
	HISTORY_BYTES = 8 << 20,         /* likewise */
	HISTORY_LINE = 32 * 1024,        /* bytes; a longer line is not kept */
};

typedef void history_fn(void *ctx, const char *line, size_t len);

/* Calls `each` with the lines of the file, the oldest first, and cuts the file when it has more
 * than is kept. The file and its directories are made as needed. -1 with class ERR_IO. */
int history_load(const char *path, history_fn *each, void *ctx, struct err *e);

/* Appends a line in one piece. Lines with a newline in them, empty and overlong ones are left
 * out. -1 with class ERR_IO. */
int history_append(const char *path, const char *line, size_t len, struct err *e);

#endif
