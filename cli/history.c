#include "cli/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

static int
io_error(struct err *e, const char *path)
{
	return err_set(e, ERR_IO, errno, "history file %.150s: %s", path, strerror(errno));
}

/* The directories above a file. What fails here, opening the file will tell. */
static void
make_directories(const char *path)
{
	char *copy = strdup(path);

	for (char *at = copy; at != NULL && (at = strchr(at + 1, '/')) != NULL; *at = '/') {
		*at = '\0';
		mkdir(copy, 0700);
	}
	free(copy);
}

/* Every hail takes the lock for as long as it reads, appends or cuts: some milliseconds. One that
 * was stopped just then is not waited for. */
static bool
take_lock(int fd)
{
	const struct timespec millisecond = {0, 1000000};

	for (int tries = 0; tries < 100; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		nanosleep(&millisecond, NULL);
	}
	return false;
}

static int
open_locked(const char *path, bool *locked, struct err *e)
{
	int flags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags, 0600);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		make_directories(path);
		fd = open(path, flags, 0600);
	}
	if (fd < 0)
		return io_error(e, path);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ERR_IO, 0, "history file %.150s: not a regular file", path);
	}
	*locked = take_lock(fd);
	return fd;
}

/* The last HISTORY_BYTES, from the beginning of a line. *all: whether that is everything. */
static int
read_tail(int fd, struct buf *into, bool *all)
{
	off_t size = lseek(fd, 0, SEEK_END), at = size > HISTORY_BYTES ? size - HISTORY_BYTES : 0;
	uint8_t *room, *line;
	ssize_t n;

	*all = at == 0;
	while ((room = buf_reserve(into, 65536)) != NULL &&
	    (n = pread(fd, room, 65536, at)) != 0) {
		if (n < 0)
			return -1;
		into->len += (size_t)n;
		at += n;
	}
	if (!*all) {
		line = into->len > 0 ? memchr(into->data, '\n', into->len) : NULL;
		buf_drop(into, line != NULL ? (size_t)(line - into->data) + 1 : into->len);
	}
	return 0;
}

/* Drops lines from the front until HISTORY_LINES are left. */
static bool
cut_lines(struct buf *text)
{
	size_t lines = 0, at = text->len;

	while (at > 0) {
		if (text->data[at - 1] == '\n' && lines++ == HISTORY_LINES)
			break;
		at--;
	}
	if (at == 0)
		return false;
	buf_drop(text, at);
	return true;
}

/* What is kept goes to the front first: should it end half way, the old lines are still behind. */
static void
rewrite(int fd, const struct buf *text)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_APPEND) != 0)
		return;
	if (pwrite(fd, text->data, text->len, 0) == (ssize_t)text->len &&
	    ftruncate(fd, (off_t)text->len) != 0)
		return;              /* the next hail tries again */
}

static void
tell_lines(const struct buf *text, history_fn *each, void *ctx)
{
	const char *at = (const char *)text->data, *end = at + text->len, *line;

	for (; at < end; at = line + 1) {
		line = memchr(at, '\n', (size_t)(end - at));
		if (line == NULL)
			line = end;
		if (line > at && line - at <= HISTORY_LINE)
			each(ctx, at, (size_t)(line - at));
	}
}

int
history_load(const char *path, history_fn *each, void *ctx, struct err *e)
{
	bool all, locked;
	int fd = open_locked(path, &locked, e), rc = 0;
	struct buf text;

	if (fd < 0)
		return -1;
	buf_init(&text, HISTORY_BYTES + 2 * 65536);
	if (read_tail(fd, &text, &all) != 0)
		rc = io_error(e, path);
	else if (text.len > 0) {
		if ((cut_lines(&text) || !all) && locked)
			rewrite(fd, &text);
		tell_lines(&text, each, ctx);
	}
	buf_release(&text);
	close(fd);
	return rc;
}

int
history_append(const char *path, const char *line, size_t len, struct err *e)
{
	struct buf text;
	bool locked;
	int fd, rc = 0;

	if (len == 0 || len > HISTORY_LINE || memchr(line, '\n', len) != NULL)
		return 0;
	fd = open_locked(path, &locked, e);
	if (fd < 0)
		return -1;
	buf_init(&text, HISTORY_LINE + 1);
	buf_add(&text, line, len);
	buf_add(&text, "\n", 1);
	if (write(fd, text.data, text.len) != (ssize_t)text.len)
		rc = io_error(e, path);
	buf_release(&text);
	close(fd);
	return rc;
}
