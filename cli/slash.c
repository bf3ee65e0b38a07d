#include "cli/slash.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/hex.h"
#include "lib/base/slice.h"

enum { REASON_MAX = 123 };               /* bytes of a close frame's reason (RFC 6455, 5.5) */

typedef int parse_fn(struct slash *s, char *argument, struct err *e);

static parse_fn parse_nothing, parse_close, parse_binary, parse_send, parse_record;

static const struct command {
	const char *name;
	enum slash_verb verb;
	parse_fn *parse;
	const char *argument;            /* as /help shows it */
	const char *help;
} commands[] = {
	{"ping", SLASH_PING, parse_nothing, "", "send a ping, tell when its pong is back"},
	{"close", SLASH_CLOSE, parse_close, "[CODE [REASON]]", "close, with 1000 unless told"},
	{"binary", SLASH_BINARY, parse_binary, "HEX", "send bytes as a binary message"},
	{"send", SLASH_SEND, parse_send, "@FILE", "send a file as one message"},
	{"headers", SLASH_HEADERS, parse_nothing, "", "show the server's answer"},
	{"stats", SLASH_STATS, parse_nothing, "", "show counts, sizes and times"},
	{"record", SLASH_RECORD, parse_record, "[FILE]", "record a script; alone: end it"},
	{"json", SLASH_JSON, parse_nothing, "", "JSON in lines, or as it came"},
	{"reconnect", SLASH_RECONNECT, parse_nothing, "", "try again now, not after the wait"},
	{"help", SLASH_HELP, parse_nothing, "", "show this list"},
	{"quit", SLASH_QUIT, parse_nothing, "", "close and leave"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

/* --- arguments --------------------------------------------------------------------------- */

static int
parse_nothing(struct slash *s, char *argument, struct err *e)
{
	(void)s;
	if (*argument != '\0')
		return err_set(e, ERR_USAGE, 0, "this command takes no argument: '%.60s'",
		    argument);
	return 0;
}

/* The codes a client may try on a server: whatever may be on the wire or just might. */
static int
parse_close(struct slash *s, char *argument, struct err *e)
{
	size_t digits = strspn(argument, "0123456789");
	char *reason = argument + digits;

	if (*argument == '\0')
		return 0;
	if (digits != 4 || (*reason != '\0' && !isspace((unsigned char)*reason)))
		return err_set(e, ERR_USAGE, 0,
		    "expected /close [CODE [REASON]] with a code of four digits, not '%.40s'",
		    argument);
	s->code = (unsigned)strtoul(argument, NULL, 10);
	if (s->code < 1000 || s->code > 4999 || (s->code >= 1004 && s->code <= 1006) ||
	    s->code == 1015)
		return err_set(e, ERR_USAGE, 0, "close code %u may not be on the wire: expected "
		    "1000 to 4999 without 1004, 1005, 1006 and 1015", s->code);
	while (isspace((unsigned char)*reason))
		reason++;
	if (strlen(reason) > REASON_MAX)
		return err_set(e, ERR_USAGE, 0,
		    "the reason has %zu bytes, a close frame has room for %d", strlen(reason),
		    REASON_MAX);
	if (*reason != '\0')
		s->reason = reason;
	return 0;
}

static int
parse_binary(struct slash *s, char *argument, struct err *e)
{
	return slash_hex(argument, &s->bytes, &s->byte_count, e);
}

static int
parse_path(struct slash *s, char *path)
{
	s->text = path;
	s->len = strlen(path);
	return 0;
}

static int
parse_send(struct slash *s, char *argument, struct err *e)
{
	if (argument[0] != '@' || argument[1] == '\0')
		return err_set(e, ERR_USAGE, 0, "expected /send @FILE");
	return parse_path(s, argument + 1);
}

static int
parse_record(struct slash *s, char *argument, struct err *e)
{
	(void)e;
	return parse_path(s, argument);
}

int
slash_hex(const char *text, unsigned char **bytes, size_t *count, struct err *e)
{
	const char *at = text;
	size_t n = 0;

	*bytes = malloc(strlen(text) / 2 + 1);
	if (*bytes == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for binary data");
	for (;; at += 2) {
		at += strspn(at, " \t:");
		if (*at == '\0')
			break;
		if (hex_value(at[0]) < 0 || hex_value(at[1]) < 0) {
			free(*bytes);
			*bytes = NULL;
			return err_set(e, ERR_USAGE, 0,
			    "expected hex digits in pairs (48 65 6c 6c 6f), not '%.20s'", at);
		}
		(*bytes)[n++] = (unsigned char)(hex_value(at[0]) << 4 | hex_value(at[1]));
	}
	*count = n;
	return 0;
}

/* --- names ------------------------------------------------------------------------------- */

enum { NAME_MAX_LEN = 15 };

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, drop or add until one is the other (Levenshtein); short words only. */
static size_t
distance(const char *a, size_t a_len, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], b_len = strlen(b), corner, up;

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			up = row[j];
			row[j] = least(least(row[j] + 1, row[j - 1] + 1),
			    corner + (a[i - 1] != b[j - 1]));
			corner = up;
		}
	}
	return row[b_len];
}

static int
unknown(struct slice name, struct err *e)
{
	const char *closest = NULL;
	size_t best = 3, d;

	for (size_t i = 0; i < COMMANDS && name.len <= NAME_MAX_LEN; i++) {
		d = distance(name.data, name.len, commands[i].name);
		if (strncmp(commands[i].name, name.data, name.len) == 0 && name.len > 0)
			d = 0;
		if (d < best) {
			best = d;
			closest = commands[i].name;
		}
	}
	if (closest != NULL)
		return err_set(e, ERR_USAGE, 0, "no command /%.*s; did you mean /%s?",
		    (int)name.len, name.data, closest);
	return err_set(e, ERR_USAGE, 0, "no command /%.*s; /help lists them, //%.*s sends it",
	    name.len < 40 ? (int)name.len : 40, name.data, name.len < 40 ? (int)name.len : 40,
	    name.data);
}

int
slash_parse(struct slash *s, char *line, struct err *e)
{
	struct slice name;
	char *argument, *end;

	*s = (struct slash){.text = line, .len = strlen(line)};
	if (line[0] != '/')
		return 0;
	if (line[1] == '/') {
		s->text++;
		s->len--;
		return 0;
	}
	name = (struct slice){line + 1, strcspn(line + 1, " \t")};
	argument = line + 1 + name.len;
	argument += strspn(argument, " \t");
	for (end = argument + strlen(argument); end > argument && strchr(" \t", end[-1]); end--)
		continue;
	*end = '\0';
	s->text = argument;
	s->len = 0;
	for (size_t i = 0; i < COMMANDS; i++)
		if (slice_eq(name, commands[i].name)) {
			s->verb = commands[i].verb;
			return commands[i].parse(s, argument, e);
		}
	return unknown(name, e);
}

size_t
slash_complete(const char *start, size_t len, const char **rest, bool *whole)
{
	const char *first = NULL;
	size_t common = 0, matches = 0;

	for (size_t i = 0; i < COMMANDS; i++) {
		const char *name = commands[i].name;
		size_t n = 0;

		if (strncmp(name, start, len) != 0)
			continue;
		if (matches++ == 0) {
			first = name;
			common = strlen(name);
		}
		while (n < common && name[n] == first[n])
			n++;
		common = n;
	}
	*rest = first != NULL ? first + len : NULL;
	*whole = matches == 1;
	return first != NULL ? common - len : 0;
}

void
slash_help(struct buf *into)
{
	for (size_t i = 0; i < COMMANDS; i++)
		buf_addf(into, "  /%s %-*s %s\n", commands[i].name,
		    25 - (int)strlen(commands[i].name), commands[i].argument, commands[i].help);
	buf_add_text(into, "  //TEXT                      send /TEXT as a message\n");
}
