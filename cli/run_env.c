#include "cli/run_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { VARIABLES = 10000, LINE_MAX_BYTES = 65536 };

static char **items;                 /* "NAME=VALUE", the first `=` being a NUL */
static size_t count;

static int
add(const char *line, size_t name_len)
{
	char **grown = count < VARIABLES ? realloc(items, (count + 1) * sizeof *items) : NULL;

	if (grown == NULL)
		return -1;
	items = grown;
	items[count] = strdup(line);
	if (items[count] == NULL)
		return -1;
	items[count++][name_len] = '\0';
	return 0;
}

/* Takes quotes away that stand around all of it. */
static void
unquote(char *value)
{
	size_t len = strlen(value);

	if (len < 2 || (*value != '"' && *value != '\'') || value[len - 1] != *value)
		return;
	memmove(value, value + 1, len - 2);
	value[len - 2] = '\0';
}

static int
take_line(char *line, const char *path, unsigned number, struct err *e)
{
	char *equals;

	line[strcspn(line, "\r\n")] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return 0;
	if (strncmp(line, "export ", 7) == 0)
		line += 7 + strspn(line + 7, " \t");
	equals = strchr(line, '=');
	if (equals == NULL || equals == line || strcspn(line, " \t") < (size_t)(equals - line))
		return err_set(e, ERR_USAGE, 0, "%.150s:%u: expected NAME=VALUE", path, number);
	unquote(equals + 1);
	if (add(line, (size_t)(equals - line)) != 0)
		return err_set(e, ERR_LIMIT, 0, "%.150s:%u: more than fits", path, number);
	return 0;
}

int
run_env_read(const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	char *line = malloc(LINE_MAX_BYTES);
	unsigned number = 0;
	int result = 0;

	if (f == NULL || line == NULL)
		result = err_set(e, ERR_IO, errno, "--env-file: cannot read %.150s: %s", path,
		    strerror(errno));
	while (result == 0 && fgets(line, LINE_MAX_BYTES, f) != NULL)
		result = take_line(line, path, ++number, e);
	if (result == 0 && ferror(f))
		result = err_set(e, ERR_IO, errno, "--env-file: cannot read %.150s: %s", path,
		    strerror(errno));
	if (f != NULL)
		fclose(f);
	free(line);
	return result;
}

const char *
run_env_get(const char *name)
{
	const char *value = getenv(name);

	for (size_t i = count; value == NULL && i-- > 0;)
		if (strcmp(items[i], name) == 0)
			value = items[i] + strlen(items[i]) + 1;
	return value;
}

void
run_env_release(void)
{
	while (count > 0)
		free(items[--count]);
	free(items);
	items = NULL;
}
