/* A record is a script (hail-script(5)) with one connection, named "a":
 *
 *     open a ws://127.0.0.1:9001/echo
 *     a > hello
 *     a < text "hello" within 5s
 *     a > text "two\nlines"
 *     a < json {"id":7} within 5s
 *     a > hex 00 ff
 *     a close 1000
 *
 * Text that a reader of scripts could take for something else is quoted as a JSON string; so is
 * a brace that could begin a variable. */
#include "cli/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/rune.h"
#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/channel/channel.h"
#include "lib/codec/ws_frame.h"

enum { MESSAGE_KEPT = 1 << 20 };         /* bytes of a message; a longer one is a comment */

struct record {
	FILE *file;
	char *path;
	char *temporary;             /* NULL: `path` is written directly */
	bool open;
	int error;                   /* errno of the first failure */
};

/* --- the file ---------------------------------------------------------------------------- */

static int
failed(struct err *e, const char *path, int number)
{
	return err_set(e, ERR_IO, number, "cannot write %.150s: %s", path, strerror(number));
}

/* A file of its own next to the target, with the rights that a new file has. */
static FILE *
open_temporary(struct record *r)
{
	size_t size = strlen(r->path) + sizeof ".XXXXXX";
	mode_t mask = umask(0);
	FILE *file = NULL;
	int fd;

	umask(mask);
	r->temporary = malloc(size);
	if (r->temporary == NULL)
		return NULL;
	snprintf(r->temporary, size, "%s.XXXXXX", r->path);
	fd = mkostemp(r->temporary, O_CLOEXEC);
	if (fd >= 0 && fchmod(fd, 0666 & ~mask) == 0)
		file = fdopen(fd, "w");
	if (file == NULL && fd >= 0) {
		unlink(r->temporary);
		close(fd);
	}
	return file;
}

/* Through a link to what it points to; a device or a pipe is written as it is. */
static FILE *
open_target(struct record *r, const char *path)
{
	struct stat st;
	bool exists = stat(path, &st) == 0;

	r->path = exists ? realpath(path, NULL) : strdup(path);
	if (r->path == NULL)
		return NULL;
	return exists && !S_ISREG(st.st_mode) ? fopen(r->path, "we") : open_temporary(r);
}

static void
release(struct record *r)
{
	free(r->temporary);
	free(r->path);
	free(r);
}

struct record *
record_new(const char *path, struct err *e)
{
	struct record *r = calloc(1, sizeof *r);
	char now[32];

	if (r == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a record");
		return NULL;
	}
	errno = 0;
	r->file = open_target(r, path);
	if (r->file == NULL) {
		failed(e, path, errno != 0 ? errno : ENOMEM);
		release(r);
		return NULL;
	}
	clock_wall_text(now, sizeof now);
	fprintf(r->file, "# recorded by hail on %s\n", now);
	return r;
}

static void
check(struct record *r)
{
	if (ferror(r->file) && r->error == 0)
		r->error = errno != 0 ? errno : EIO;
}

int
record_free(struct record *r, struct err *e)
{
	int rc = 0;

	if (r == NULL)
		return 0;
	check(r);
	if (fclose(r->file) != 0 && r->error == 0)
		r->error = errno;
	if (r->error == 0 && r->temporary != NULL && rename(r->temporary, r->path) != 0)
		r->error = errno;
	if (r->error != 0) {
		rc = failed(e, r->path, r->error);
		if (r->temporary != NULL)
			unlink(r->temporary);
	}
	release(r);
	return rc;
}

/* --- texts ------------------------------------------------------------------------------- */

/* Whether a reader would take what begins at this brace for a variable: "{name}", "{env:HOME}". */
static bool
is_variable(const char *at, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		bool named = (at[i] >= 'a' && at[i] <= 'z') || (at[i] >= 'A' && at[i] <= 'Z') ||
		    at[i] == '_' || (i > 1 && ((at[i] >= '0' && at[i] <= '9') || at[i] == ':'));

		if (at[i] == '}')
			return i > 1;
		if (!named)
			return false;
	}
	return false;
}

static bool
has_variable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '{' && is_variable(text + i, len - i))
			return true;
	return false;
}

static bool
begins(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(text, word, n) == 0 && (len == n || text[n] == ' ');
}

/* Whether it may stand behind '>' as it is. */
static bool
is_bare(const char *text, size_t len)
{
	uint32_t rune;
	size_t n;

	if (len == 0 || strchr(" \"", text[0]) != NULL || text[len - 1] == ' ' ||
	    begins(text, len, "text") || begins(text, len, "hex") || has_variable(text, len))
		return false;
	for (; (n = rune_get(&rune, text, len)) > 0; text += n, len -= n)
		if (rune_is_hidden(rune) || rune == '#' || rune == '\\')
			return false;
	return true;
}

static void
put_quoted(FILE *f, const char *text, size_t len)
{
	uint32_t rune;
	size_t n;

	fputc('"', f);
	for (; (n = rune_get(&rune, text, len)) > 0; text += n, len -= n) {
		bool variable = rune == '{' && is_variable(text, len);

		if (rune == '"' || rune == '\\')
			fprintf(f, "\\%c", (int)rune);
		else if (rune == '\n')
			fputs("\\n", f);
		else if (rune == '\t')
			fputs("\\t", f);
		else if (rune >= 0x10000 && rune_is_hidden(rune))
			fprintf(f, "\\u%04x\\u%04x", 0xd800 + ((rune - 0x10000) >> 10),
			    0xdc00 + ((rune - 0x10000) & 0x3ff));
		else if (variable || rune_is_hidden(rune))
			fprintf(f, "\\u%04x", rune);
		else
			fwrite(text, 1, n, f);
	}
	fputc('"', f);
}

static void
put_hex(FILE *f, const uint8_t *data, size_t len)
{
	fputs("hex", f);
	for (size_t i = 0; i < len; i++)
		fprintf(f, " %02x", data[i]);
}

/* JSON may go over lines; between its tokens a space does as well. */
static void
put_one_line(FILE *f, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		fputc(strchr("\r\n\t", text[i]) != NULL ? ' ' : text[i], f);
}

static bool
is_object(const char *text, size_t len)
{
	return len > 0 && text[0] == '{' && show_is_json(text, len) && !has_variable(text, len);
}

/* --- what is said ------------------------------------------------------------------------ */

void
record_open(struct record *r, const char *transport, const char *url)
{
	fprintf(r->file, "open a %s%s%s\n", transport != NULL ? transport : "",
	    transport != NULL ? " " : "", url);
	r->open = true;
	check(r);
}

static bool
is_too_long(struct record *r, const struct message *m, const char *direction)
{
	if (m->len <= MESSAGE_KEPT)
		return false;
	fprintf(r->file, "# a %s a message of %zu bytes, which is left out\n", direction, m->len);
	return true;
}

static bool
is_text(const struct message *m)
{
	return m->kind == MESSAGE_TEXT && utf8_valid(m->data, m->len);
}

void
record_sent(struct record *r, const struct message *m)
{
	const char *text = (const char *)m->data;

	if (is_too_long(r, m, ">"))
		return;
	fputs("a > ", r->file);
	if (!is_text(m))
		put_hex(r->file, m->data, m->len);
	else if (is_bare(text, m->len))
		fwrite(text, 1, m->len, r->file);
	else {
		fputs("text ", r->file);
		put_quoted(r->file, text, m->len);
	}
	fputc('\n', r->file);
	check(r);
}

void
record_received(struct record *r, const struct message *m)
{
	const char *text = (const char *)m->data;

	if (is_too_long(r, m, "<"))
		return;
	fputs("a < ", r->file);
	if (!is_text(m))
		put_hex(r->file, m->data, m->len);
	else if (is_object(text, m->len)) {
		fputs("json ", r->file);
		put_one_line(r->file, text, m->len);
	} else {
		fputs("text ", r->file);
		put_quoted(r->file, text, m->len);
	}
	fputs(" within 5s\n", r->file);
	check(r);
}

void
record_closed(struct record *r, const struct channel_end *end)
{
	bool had_code = end->code != 0 && end->code != WS_CLOSE_NO_STATUS;

	if (!r->open || end->why.class != ERR_NONE)
		fprintf(r->file, "# %s\n", end->why.class != ERR_NONE ? end->why.text : "closed");
	else if (end->by_peer && end->code == 0)
		fputs("# the server ended the stream\n", r->file);
	else if (end->by_peer)
		fprintf(r->file, "a < close %u\n", end->code);
	else if (!had_code)
		fputs("a close\n", r->file);
	else {
		fprintf(r->file, "a close %u", end->code);
		if (end->reason.len > 0) {
			fputc(' ', r->file);
			put_quoted(r->file, end->reason.data, end->reason.len);
		}
		fputc('\n', r->file);
	}
	r->open = false;
	check(r);
}
