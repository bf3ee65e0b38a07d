#include "lib/base/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"

struct replace_file {
	FILE *stream;
	char *path;
	char *temporary;         /* NULL: `path` is written directly */
};

static int
failed(struct err *e, const char *path, int number)
{
	return err_set(e, ERR_IO, number, "cannot write %.150s: %s", path, strerror(number));
}

/* The rights that a new file has; the mask can only be read by setting it. */
static mode_t
new_rights(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* A file of its own next to the target. */
static FILE *
open_temporary(struct replace_file *f, mode_t rights)
{
	size_t size = strlen(f->path) + sizeof ".XXXXXX";
	FILE *stream = NULL;
	int fd, number;

	f->temporary = malloc(size);
	if (f->temporary == NULL)
		return NULL;
	snprintf(f->temporary, size, "%s.XXXXXX", f->path);
	fd = mkostemp(f->temporary, O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fchmod(fd, rights) == 0)
		stream = fdopen(fd, "w");
	if (stream != NULL)
		return stream;
	number = errno;
	unlink(f->temporary);
	close(fd);
	errno = number;
	return NULL;
}

static FILE *
open_target(struct replace_file *f, const char *path)
{
	struct stat st;
	bool exists = stat(path, &st) == 0;

	f->path = exists ? realpath(path, NULL) : strdup(path);
	if (f->path == NULL)
		return NULL;
	if (exists && !S_ISREG(st.st_mode))
		return fopen(f->path, "we");
	return open_temporary(f, exists ? st.st_mode & 0777 : new_rights());
}

static void
release(struct replace_file *f)
{
	free(f->temporary);
	free(f->path);
	free(f);
}

struct replace_file *
replace_file_new(const char *path, struct err *e)
{
	struct replace_file *f = calloc(1, sizeof *f);

	if (f == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory to write %.150s", path);
		return NULL;
	}
	errno = 0;
	f->stream = open_target(f, path);
	if (f->stream != NULL)
		return f;
	failed(e, path, errno != 0 ? errno : ENOMEM);
	release(f);
	return NULL;
}

FILE *
replace_file_stream(struct replace_file *f)
{
	return f->stream;
}

int
replace_file_commit(struct replace_file *f, struct err *e)
{
	int number = 0;

	errno = 0;
	if (fflush(f->stream) != 0 || ferror(f->stream))
		number = errno != 0 ? errno : EIO;
	if (fclose(f->stream) != 0 && number == 0)
		number = errno;
	if (number == 0 && f->temporary != NULL && rename(f->temporary, f->path) != 0)
		number = errno;
	if (number != 0 && f->temporary != NULL)
		unlink(f->temporary);
	if (number != 0)
		failed(e, f->path, number);
	release(f);
	return number != 0 ? -1 : 0;
}

void
replace_file_abandon(struct replace_file *f)
{
	if (f == NULL)
		return;
	fclose(f->stream);
	if (f->temporary != NULL)
		unlink(f->temporary);
	release(f);
}
