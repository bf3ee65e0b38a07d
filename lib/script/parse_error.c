#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/script/parse.h"

enum { COLUMNS_BEFORE = 60 };            /* shown before the place, of a line that is too long */

/* --- in what order ----------------------------------------------------------------------- */

/* From the place itself to that in the first file; how many they are. */
static unsigned
trace(const struct parser *p, struct spot spot, struct spot path[SCRIPT_FILES])
{
	unsigned n = 0;

	path[n++] = spot;
	while (spot.file != 0 && n < SCRIPT_FILES)
		path[n++] = spot = p->includes[spot.file];
	return n;
}

static int
compare_spots(const struct spot *a, const struct spot *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column == b->column ? 0 : a->column < b->column ? -1 : 1;
}

/* As if included lines stood in the place of the include. */
static int
compare(const struct parser *p, struct spot a, struct spot b)
{
	struct spot path_a[SCRIPT_FILES], path_b[SCRIPT_FILES];
	unsigned n_a = trace(p, a, path_a), n_b = trace(p, b, path_b);
	int order = 0;

	while (n_a > 0 && n_b > 0 && order == 0)
		order = compare_spots(&path_a[--n_a], &path_b[--n_b]);
	return order != 0 ? order : n_a == n_b ? 0 : n_a < n_b ? -1 : 1;
}

/* --- the line, for people ---------------------------------------------------------------- */

static size_t
character(struct slice text, size_t at)
{
	size_t len = 1;

	while (at + len < text.len && ((unsigned char)text.data[at + len] & 0xc0) == 0x80)
		len++;
	return len;
}

/* Control characters could change the terminal: a space or a '?' stands for them. */
static bool
is_control(struct slice text, size_t at)
{
	unsigned char c = (unsigned char)text.data[at];

	return c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)text.data[at + 1] < 0xa0);
}

static struct slice
line_of(struct slice text, unsigned line)
{
	const char *at = text.data, *end = text.data + text.len, *stop;

	while (line > 1 && (stop = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at = stop + 1;
		line--;
	}
	stop = memchr(at, '\n', (size_t)(end - at));
	return (struct slice){at, (size_t)((stop != NULL ? stop : end) - at)};
}

/* Where to begin, so that the place is among what is shown. */
static size_t
first_shown(struct slice line, size_t place)
{
	size_t from = place > SCRIPT_TOLD - 20 ? place - COLUMNS_BEFORE : 0;

	while (from > 0 && from < line.len && ((unsigned char)line.data[from] & 0xc0) == 0x80)
		from--;
	return from;
}

static void
show(struct script_error *error, struct slice line, unsigned column)
{
	size_t place = column > line.len ? line.len : column > 0 ? column - 1 : 0;
	size_t from = first_shown(line, place), len;
	char *into = error->shown;
	unsigned columns = 0;

	if (from > 0) {
		into = stpcpy(into, "…");
		columns++;
	}
	error->caret = columns;
	for (size_t at = from; at < line.len && at - from < SCRIPT_TOLD; at += len, columns++) {
		len = character(line, at);
		if (at <= place)
			error->caret = columns;
		if (is_control(line, at))
			*into++ = line.data[at] == '\t' ? ' ' : '?';
		else {
			memcpy(into, line.data + at, len);
			into += len;
		}
	}
	if (place >= line.len)
		error->caret = columns;
	*into = '\0';
	if (line.len - from > SCRIPT_TOLD)
		stpcpy(into, "…");
}

/* --- errors ------------------------------------------------------------------------------ */

static bool
is_told(const struct script_errors *errors, const struct script_error *error)
{
	for (size_t i = 0; i < errors->count && i < SCRIPT_ERRORS; i++) {
		const struct script_error *other = &errors->items[i];

		if (other->line == error->line && other->column == error->column &&
		    strcmp(other->text, error->text) == 0 &&
		    strcmp(other->file, error->file) == 0)
			return true;
	}
	return false;
}

/* Puts it where it belongs, the last one making room if need be. */
static void
keep(struct parser *p, const struct script_error *error, struct spot spot)
{
	struct script_errors *errors = p->errors;
	size_t kept = errors->count < SCRIPT_ERRORS ? errors->count : SCRIPT_ERRORS, at = kept;

	if (is_told(errors, error))
		return;
	errors->count++;
	while (at > 0 && compare(p, spot, p->places[at - 1]) < 0)
		at--;
	if (at == SCRIPT_ERRORS)
		return;
	kept -= kept == SCRIPT_ERRORS;
	memmove(&errors->items[at + 1], &errors->items[at], (kept - at) * sizeof *error);
	memmove(&p->places[at + 1], &p->places[at], (kept - at) * sizeof spot);
	errors->items[at] = *error;
	p->places[at] = spot;
}

/* Nothing is looked up for what would not be kept anyway. */
static bool
is_late(const struct parser *p, struct spot spot)
{
	return p->errors->count >= SCRIPT_ERRORS &&
	    compare(p, spot, p->places[SCRIPT_ERRORS - 1]) > 0;
}

static int
tell(struct parser *p, struct spot spot, const char *text)
{
	const struct script_file *file = &p->script->files[spot.file];
	struct script_error error = {.line = spot.line, .column = spot.column};

	if (is_late(p, spot)) {
		p->errors->count++;
		return -1;
	}
	snprintf(error.file, sizeof error.file, "%s", file->name);
	snprintf(error.text, sizeof error.text, "%s", text);
	if (spot.line > 0 && file->text.data != NULL)
		show(&error, line_of(file->text, spot.line), spot.column);
	keep(p, &error, spot);
	return -1;
}

int
parse_error(struct parser *p, struct spot spot, const char *format, ...)
{
	char text[400];
	struct err why;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_set(&why, ERR_USAGE, 0, "%s", text);
	return tell(p, spot, why.text);
}

static struct spot
spot_of(const struct tokens *t, const char *at)
{
	return (struct spot){t->file, t->line, (unsigned)(at - t->line_start) + 1};
}

int
parse_error_here(struct parser *p, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return parse_error(p, spot_of(&p->reading->tokens, p->reading->tokens.at), "%s", text);
}

int
parse_error_token(struct parser *p, const struct err *why)
{
	const struct tokens *t = &p->reading->tokens;

	return parse_error(p, spot_of(t, t->fault), "%s", why->text);
}

int
parse_error_memory(struct parser *p)
{
	const struct tokens *t = &p->reading->tokens;

	if (!p->stop)
		parse_error(p, spot_of(t, t->at),
		    "no memory is left here: a script and its files take at most %d MiB of it",
		    SCRIPT_MAX >> 20);
	p->stop = true;
	return -1;
}

void
parse_error_file(struct parser *p, const char *name, const char *text)
{
	struct script_error error = {0};

	snprintf(error.file, sizeof error.file, "%s", name);
	snprintf(error.text, sizeof error.text, "%s", text);
	keep(p, &error, (struct spot){0});
}

/* --- for sentences ----------------------------------------------------------------------- */

struct slice
parse_guess(const struct parser *p, const struct symbols *names, struct slice name)
{
	if (p->errors->count >= SCRIPT_ERRORS)
		return (struct slice){NULL, 0};
	return symbols_guess(names, name);
}

const char *
parse_quote(char into[PARSE_QUOTE], struct slice text)
{
	size_t len = 0, next;

	if (text.len == 0) {
		snprintf(into, PARSE_QUOTE, "the end of the line");
		return into;
	}
	while (len < text.len && text.data[len] != '\n') {
		next = character(text, len);
		if (len + next > PARSE_QUOTE - 24)
			break;
		len += next;
	}
	snprintf(into, PARSE_QUOTE, "'%.*s%s'", (int)len, text.data, len < text.len ? "…" : "");
	return into;
}

const char *
parse_meant(char into[PARSE_MEANT], const char *before, struct slice name, const char *after)
{
	into[0] = '\0';
	if (name.data != NULL)
		snprintf(into, PARSE_MEANT, "; did you mean %s%.*s%s?", before, (int)name.len,
		    name.data, after);
	return into;
}
