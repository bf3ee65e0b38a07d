#include "lib/base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"

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

/* Texts quote what came from a server or a file: that must not reach a terminal as control
 * characters, nor a JSON string as anything but UTF-8. */
static void
make_printable(char *text)
{
	bool valid = utf8_valid(text, strlen(text));

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];

		if (c == 0xc2 && next < 0xa0 && valid)     /* U+0080 to U+009F */
			text[0] = text[1] = '?';
		else if (c < ' ' || c == 0x7f || (c >= 0x80 && !valid))
			*text = '?';
	}
}

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
	make_printable(e->text);
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
