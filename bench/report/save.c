#include "bench/report/save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"

enum { COLUMNS = 92 };

/* Fifteen digits: every decimal that was rounded to less comes out as it went in. */
static const size_t dump_flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);

/* --- JSON ----------------------------------------------------------------------------- */

/* A scalar, or something empty. */
static bool
is_leaf(json_t *value)
{
	return json_object_size(value) == 0 && json_array_size(value) == 0;
}

/* Whether it holds nothing that holds something. */
static bool
is_flat(json_t *value)
{
	const char *key;
	json_t *member;

	for (size_t i = 0; i < json_array_size(value); i++)
		if (!is_leaf(json_array_get(value, i)))
			return false;
	json_object_foreach(value, key, member)
		if (!is_leaf(member))
			return false;
	return true;
}

static bool
all_flat(json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!is_flat(json_array_get(array, i)))
			return false;
	return true;
}

static int put(json_t *value, FILE *into, int depth, size_t column);

static void
indent(FILE *into, int depth)
{
	fprintf(into, "\n%*s", 2 * depth, "");
}

static int
put_object(json_t *object, FILE *into, int depth)
{
	const char *key, *comma = "";
	json_t *member;

	fputc('{', into);
	json_object_foreach(object, key, member) {
		json_t *name = json_string(key);
		int failed;

		fputs(comma, into);
		indent(into, depth + 1);
		failed = json_dumpf(name, into, dump_flags);
		json_decref(name);
		fputs(": ", into);
		if (failed ||
		    put(member, into, depth + 1, 2 * (size_t)depth + 4 + strlen(key)) != 0)
			return -1;
		comma = ",";
	}
	indent(into, depth);
	fputc('}', into);
	return 0;
}

static int
put_list(json_t *array, FILE *into, int depth)
{
	fputc('[', into);
	for (size_t i = 0; i < json_array_size(array); i++) {
		fputs(i > 0 ? "," : "", into);
		indent(into, depth + 1);
		if (put(json_array_get(array, i), into, depth + 1, 2 * (size_t)depth + 2) != 0)
			return -1;
	}
	indent(into, depth);
	fputc(']', into);
	return 0;
}

/* As many on a line as there is room for. */
static int
put_packed(json_t *array, FILE *into, int depth)
{
	size_t column = COLUMNS;

	fputc('[', into);
	for (size_t i = 0; i < json_array_size(array); i++) {
		char *text = json_dumps(json_array_get(array, i), dump_flags);

		if (text == NULL)
			return -1;
		fputs(i > 0 ? "," : "", into);
		if (column + strlen(text) + 2 > COLUMNS) {
			indent(into, depth + 1);
			column = 2 * (size_t)depth + 2;
		} else {
			fputc(' ', into);
		}
		fputs(text, into);
		column += strlen(text) + 2;
		free(text);
	}
	indent(into, depth);
	fputc(']', into);
	return 0;
}

/* On one line if it fits behind `column`. 1: it does not. */
static int
put_short(json_t *value, FILE *into, size_t column)
{
	char *text = json_dumps(value, dump_flags);
	int result = text != NULL ? 0 : -1;

	if (text != NULL && (is_leaf(value) || column + strlen(text) < COLUMNS))
		fputs(text, into);
	else if (text != NULL)
		result = 1;
	free(text);
	return result;
}

static int
put(json_t *value, FILE *into, int depth, size_t column)
{
	if (is_flat(value)) {
		int result = put_short(value, into, column);

		if (result <= 0)
			return result;
	}
	if (json_is_object(value))
		return put_object(value, into, depth);
	return all_flat(value) && json_is_array(json_array_get(value, 0)) ?
	    put_packed(value, into, depth) : put_list(value, into, depth);
}

int
save_json(json_t *document, FILE *into)
{
	if (put(document, into, 0, 0) != 0)
		return -1;
	fputc('\n', into);
	return ferror(into) ? -1 : 0;
}

/* --- files ---------------------------------------------------------------------------- */

static void
release(struct save *s)
{
	free(s->path);
	free(s->temporary);
	*s = (struct save){0};
}

/* Leaves errno in the sentence. */
static int
fail(struct save *s, struct err *e)
{
	int code = errno;

	err_set(e, code == ENOMEM ? ERR_MEMORY : ERR_IO, code, "cannot write %.150s: %s",
	    s->path != NULL ? s->path : "the results", strerror(code));
	release(s);
	return -1;
}

/* Beside the results, so that renaming is atomic. What a killed run left there is replaced, and
 * never followed if it is a link. */
static FILE *
open_temporary(struct save *s, const struct stat *old)
{
	size_t size = strlen(s->path) + sizeof ".tmp";
	FILE *file;
	int fd;

	s->temporary = malloc(size);
	if (s->temporary == NULL)
		return NULL;
	snprintf(s->temporary, size, "%s.tmp", s->path);
	if (unlink(s->temporary) != 0 && errno != ENOENT)
		return NULL;
	fd = open(s->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return NULL;
	if (old != NULL && fchmod(fd, old->st_mode & 07777) != 0)
		errno = 0;                     /* the umask's mode will do */
	file = fdopen(fd, "w");
	if (file == NULL) {
		close(fd);
		unlink(s->temporary);
	}
	return file;
}

int
save_open(struct save *s, const char *path, struct err *e)
{
	struct stat old;
	bool exists = strcmp(path, "-") != 0 && stat(path, &old) == 0;
	size_t len = strlen(path);

	*s = (struct save){0};
	if (len == 0 || path[len - 1] == '/') {
		errno = len == 0 ? ENOENT : EISDIR;
		return fail(s, e);
	}
	s->path = exists && S_ISREG(old.st_mode) ? realpath(path, NULL) : strdup(path);
	if (s->path == NULL)
		return fail(s, e);
	if (strcmp(path, "-") == 0)
		s->file = stdout;
	else if (exists && !S_ISREG(old.st_mode))
		s->file = fopen(path, "we");
	else if (!exists || access(path, W_OK) == 0)
		s->file = open_temporary(s, exists ? &old : NULL);
	return s->file != NULL ? 0 : fail(s, e);
}

int
save_commit(struct save *s, json_t *document, struct err *e)
{
	bool written = save_json(document, s->file) == 0 && fflush(s->file) == 0;

	if (s->file != stdout && fclose(s->file) != 0)
		written = false;
	if (written && (s->temporary == NULL || rename(s->temporary, s->path) == 0)) {
		release(s);
		return 0;
	}
	if (s->temporary != NULL) {
		int code = errno;

		unlink(s->temporary);
		errno = code;
	}
	return fail(s, e);
}

void
save_abandon(struct save *s)
{
	if (s->file != NULL && s->file != stdout)
		fclose(s->file);
	if (s->temporary != NULL)
		unlink(s->temporary);
	release(s);
}
