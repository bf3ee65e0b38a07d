#include "lib/script/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/script/script.h"

enum { PIECE = 65536 };

static int
cannot_read(struct err *e, const char *name, const char *why)
{
	return err_set(e, ERR_IO, 0, "cannot read %.150s: %s", name, why);
}

/* --- places ------------------------------------------------------------------------------ */

int
source_init(struct source *s, const char *folder, struct err *e)
{
	struct stat st;

	s->root = realpath(folder, NULL);
	if (s->root == NULL)
		return cannot_read(e, folder, strerror(errno));
	if (stat(s->root, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	source_release(s);
	return cannot_read(e, folder, "expected a folder");
}

void
source_release(struct source *s)
{
	free(s->root);
	s->root = NULL;
}

char *
source_folder(const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash == NULL)
		return strdup(".");
	return strndup(name, slash == name ? 1 : (size_t)(slash - name));
}

char *
source_join(const char *folder, struct slice path)
{
	bool as_it_is = (path.len > 0 && path.data[0] == '/') || strcmp(folder, ".") == 0;
	char *name;

	if (as_it_is)
		return strndup(path.data, path.len);
	return asprintf(&name, "%s/%.*s", folder, (int)path.len, path.data) < 0 ? NULL : name;
}

static bool
is_within(const struct source *s, const char *place)
{
	size_t len = strlen(s->root);

	if (len == 1)
		return true;
	return strncmp(place, s->root, len) == 0 && place[len] == '/';
}

/* Nothing but a plain file, or a socket. */
static int
check_kind(const char *place, const char *name, enum source_kind kind, struct err *e)
{
	struct stat st;

	if (stat(place, &st) != 0)
		return kind != SOURCE_FILE && errno == ENOENT ? 0 :
		    cannot_read(e, name, strerror(errno));
	if (kind == SOURCE_SOCKET ? S_ISSOCK(st.st_mode) : S_ISREG(st.st_mode))
		return 0;
	return cannot_read(e, name, S_ISDIR(st.st_mode) ? "it is a folder" :
	    kind == SOURCE_SOCKET ? "expected a socket" : "expected a plain file");
}

/* A file that is not there yet, in a folder that is. */
static char *
new_place(const char *name)
{
	const char *slash = strrchr(name, '/'), *base = slash != NULL ? slash + 1 : name;
	char *folder = source_folder(name), *real, *place = NULL;

	if (folder == NULL)
		return NULL;
	real = realpath(folder, NULL);
	free(folder);
	errno = real != NULL ? EISDIR : errno;
	if (real != NULL && *base != '\0' && strcmp(base, ".") != 0 && strcmp(base, "..") != 0)
		place = source_join(strcmp(real, "/") != 0 ? real : "", slice_of(base));
	free(real);
	return place;
}

char *
source_place(const struct source *s, const char *name, enum source_kind kind, struct err *e)
{
	char *place = realpath(name, NULL);

	if (place == NULL && errno == ENOENT && kind != SOURCE_FILE)
		place = new_place(name);
	if (place == NULL) {
		cannot_read(e, name, strerror(errno));
		return NULL;
	}
	if (s->root == NULL || !is_within(s, place))
		err_set(e, ERR_USAGE, 0, "%.100s lies outside of %.100s: expected a file "
		    "within that folder", name, s->root != NULL ? s->root : "any folder");
	else if (check_kind(place, name, kind, e) == 0)
		return place;
	free(place);
	return NULL;
}

/* --- bytes ------------------------------------------------------------------------------- */

static int
read_all(int fd, const char *name, struct buf *into, struct err *e)
{
	size_t before = into->len;
	uint8_t *room;
	ssize_t n;

	do {
		if ((room = buf_reserve(into, PIECE)) == NULL)
			return err_set(e, ERR_MEMORY, 0, "no memory for %.150s", name);
		n = read(fd, room, PIECE);
		if (n < 0 && errno != EINTR)
			return cannot_read(e, name, strerror(errno));
		into->len += n > 0 ? (size_t)n : 0;
		if (into->len - before > SCRIPT_FILE_MAX)
			return cannot_read(e, name, "expected a file of at most 16 MiB");
	} while (n != 0);
	return 0;
}

enum { READING = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

/* From the root down, folder by folder, none of which may be a link: the place has none. */
static int
open_within(const struct source *s, const char *place)
{
	size_t root = strlen(s->root);
	int folder = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;
	char *rest = strdup(place + (root > 1 ? root + 1 : 1)), *at = rest, *slash;

	while (folder >= 0 && at != NULL && (slash = strchr(at, '/')) != NULL) {
		*slash = '\0';
		fd = openat(folder, at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(folder);
		folder = fd;
		at = slash + 1;
	}
	fd = folder >= 0 && at != NULL ? openat(folder, at, READING | O_NOFOLLOW) : -1;
	if (folder >= 0)
		close(folder);
	free(rest);
	return fd;
}

/* The kind is looked at before it is opened, since opening alone makes some devices do things, and
 * afterwards, since it may have changed in between. */
int
source_open(const struct source *s, const char *place, const char *name, struct err *e)
{
	struct stat st;
	int fd;

	if (check_kind(place, name, SOURCE_FILE, e) != 0)
		return -1;
	fd = s != NULL ? open_within(s, place) : open(place, READING);
	if (fd < 0)
		return cannot_read(e, name, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return cannot_read(e, name, "expected a plain file");
}

int
source_read(const struct source *s, const char *name, struct buf *into, struct err *e)
{
	char *place = s != NULL ? source_place(s, name, SOURCE_FILE, e) : strdup(name);
	int fd, failed;

	if (place == NULL)
		return -1;
	fd = source_open(s, place, name, e);
	free(place);
	if (fd < 0)
		return -1;
	failed = read_all(fd, name, into, e);
	close(fd);
	return failed;
}

/* --- text -------------------------------------------------------------------------------- */

/* Takes CR away in front of LF; all else stays. */
static size_t
normalise(char *text, size_t len)
{
	char *from = memchr(text, '\r', len), *to = from;

	if (from == NULL)
		return len;
	for (; from < text + len; from++)
		if (*from != '\r' || from[1] != '\n')
			*to++ = *from;
	*to = '\0';
	return (size_t)(to - text);
}

/* Where the first thing is that may not be in a text; its length when there is none. */
static size_t
first_fault(struct slice text)
{
	utf8_state state = 0;
	size_t begin = 0;

	if (utf8_valid(text.data, text.len) && memchr(text.data, '\0', text.len) == NULL)
		return text.len;
	for (size_t i = 0; i < text.len; i++) {
		if (state == 0)
			begin = i;
		if (text.data[i] == '\0' || !utf8_feed(&state, text.data + i, 1))
			return begin;
	}
	return begin;
}

static void
locate(struct slice before, unsigned *line, unsigned *column)
{
	const char *at, *start = before.data, *stop = before.data + before.len;

	*line = 1;
	while ((at = memchr(start, '\n', (size_t)(stop - start))) != NULL) {
		start = at + 1;
		++*line;
	}
	*column = (unsigned)(stop - start) + 1;
}

int
source_text(struct slice bytes, struct arena *arena, struct slice *text, unsigned *line,
    unsigned *column, struct err *e)
{
	bool bom = bytes.len >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0;
	char *copy;
	size_t good;

	*text = (struct slice){"", 0};
	if (bom)
		bytes = (struct slice){bytes.data + 3, bytes.len - 3};
	copy = arena_text(arena, bytes);
	if (copy == NULL)
		return err_set(e, ERR_LIMIT, 0, "no memory");
	*text = (struct slice){copy, normalise(copy, bytes.len)};
	good = first_fault(*text);
	if (good == text->len)
		return 0;
	text->len = good;
	locate(*text, line, column);
	if (copy[good] == '\0')
		return err_set(e, ERR_USAGE, 0, "a NUL byte: expected text");
	return err_set(e, ERR_USAGE, 0, "byte 0x%02x is not UTF-8 here: expected UTF-8 "
	    "throughout",
	    (unsigned char)copy[good]);
}
