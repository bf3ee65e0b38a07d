#include "lib/base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
	const char *name;
	int exit_code;
} classes[ERR_CLASSES] = {
	[ERR_NONE] = {"none", EXIT_FINE},
	[ERR_USAGE] = {"usage", EXIT_USAGE},
	[ERR_RESOLVE] = {"resolve", EXIT_CONNECTION},
	[ERR_CONNECT] = {"connect", EXIT_CONNECTION},
	[ERR_TLS] = {"tls", EXIT_CONNECTION},
	[ERR_HANDSHAKE] = {"handshake", EXIT_CONNECTION},
	[ERR_HTTP] = {"http", EXIT_CONNECTION},
	[ERR_PROTOCOL] = {"protocol", EXIT_CONNECTION},
	[ERR_CLOSED] = {"closed", EXIT_CONNECTION},
	[ERR_TIMEOUT] = {"timeout", EXIT_CONNECTION},
	[ERR_MATCH] = {"match", EXIT_CHECK},
	[ERR_IO] = {"io", EXIT_LOCAL},
	[ERR_LIMIT] = {"limit", EXIT_CONNECTION},
	[ERR_MEMORY] = {"memory", EXIT_LOCAL},
	[ERR_INTERRUPTED] = {"interrupted", EXIT_INTERRUPTED},
};

int
err_set(struct err *e, enum err_class class, int code, const char *format, ...)
{
	va_list args;

	if (e == NULL)
		return -1;
	e->class = class;
	e->code = code;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return -1;
}

const char *
err_class_name(enum err_class class)
{
	return classes[class].name;
}

int
err_exit_code(enum err_class class)
{
	return classes[class].exit_code;
}
