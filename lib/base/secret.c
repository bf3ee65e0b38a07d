#include "lib/base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"

int
secret_read(const char **value, char **owned, const char *option, struct err *e)
{
	const char *path;
	char *line;
	FILE *file;

	*owned = NULL;
	if (*value == NULL || **value != '@')
		return 0;
	path = *value + 1;
	file = fopen(path, "re");
	if (file == NULL)
		return err_set(e, ERR_IO, errno, "%s: cannot read '%.120s': %s", option, path,
		    strerror(errno));
	line = calloc(1, SECRET_MAX + 2);
	if (line == NULL || (fgets(line, SECRET_MAX + 2, file) == NULL && ferror(file))) {
		err_set(e, line == NULL ? ERR_MEMORY : ERR_IO, errno,
		    "%s: cannot read '%.120s': %s", option, path, strerror(errno));
		free(line);
		fclose(file);
		return -1;
	}
	fclose(file);
	if (strlen(line) > SECRET_MAX) {
		free(line);
		return err_set(e, ERR_IO, 0, "%s: the first line of '%.120s' is longer than %d "
		    "bytes", option, path, SECRET_MAX);
	}
	line[strcspn(line, "\r\n")] = '\0';
	*value = *owned = line;
	return 0;
}
