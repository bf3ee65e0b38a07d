#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/replace_file.h"
#include "lib/script/match_parts.h"
#include "lib/script/pattern.h"
#include "lib/script/shown.h"
#include "lib/script/source.h"

/* --- reading ----------------------------------------------------------------------------- */

static bool
is_missing(const char *path)
{
	return access(path, F_OK) != 0 && errno == ENOENT;
}

static int
bad_snapshot(const char *path, struct slice text, const struct err *why, struct err *e)
{
	const char *start = text.data, *at = text.data + why->code, *newline;
	size_t line = 1;

	if (why->class != ERR_USAGE)
		return err_set(e, why->class, 0, "%s", why->text);
	while ((newline = memchr(start, '\n', (size_t)(at - start))) != NULL) {
		start = newline + 1;
		line++;
	}
	return err_set(e, ERR_IO, 0, "%.100s:%zu:%zu: %s", path, line, (size_t)(at - start) + 1,
	    why->text);
}

/* That it lies within the root was seen when the script was read; links may have been put there
 * since. */
int
match_read_snapshot(const struct match *m, struct ready *r, struct err *e)
{
	struct source within = {.root = m->script->root};
	const char *path = r->c->snapshot;
	struct buf text;
	struct err why;
	int failed;

	if (is_missing(path))
		return m->updating ? 0 : err_set(e, ERR_IO, ENOENT,
		    "there is no snapshot %.150s: --update-snapshots writes one", path);
	buf_init(&text, 2 * SCRIPT_FILE_MAX);
	failed = source_read(&within, path, &text, e);
	if (failed == 0) {
		struct slice all = {text.data != NULL ? (char *)text.data : "", text.len};

		r->own_pattern = pattern_new(all, &why);
		if (r->own_pattern == NULL)
			failed = bad_snapshot(path, all, &why, e);
	}
	buf_release(&text);
	r->pattern = r->own_pattern;
	return failed;
}

/* --- writing ----------------------------------------------------------------------------- */

const struct condition *
match_snapshot(const struct match *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].c->snapshot != NULL)
			return m->items[i].c;
	return NULL;
}

static bool
says_already(const struct source *within, const char *path, const struct buf *text)
{
	struct buf old;
	bool same;

	if (is_missing(path))
		return false;
	buf_init(&old, 2 * SCRIPT_FILE_MAX);
	same = source_read(within, path, &old, NULL) == 0 && old.len == text->len &&
	    memcmp(old.data, text->data, text->len) == 0;
	buf_release(&old);
	return same;
}

/* To where it really is. */
static int
write_file(const struct source *within, const char *path, const struct buf *text,
    struct err *e)
{
	char *place = source_place(within, path, SOURCE_NEW_FILE, e);
	struct replace_file *f = place != NULL ? replace_file_new(place, e) : NULL;

	free(place);
	if (f == NULL)
		return -1;
	fwrite(text->data, 1, text->len, replace_file_stream(f));
	return replace_file_commit(f, e);
}

static int
write_snapshot(const struct match *m, const struct ready *r, const json_t *json, struct err *e)
{
	struct source within = {.root = m->script->root};
	const char *path = r->c->snapshot;
	struct buf text;
	struct err why;
	int failed;

	buf_init(&text, SCRIPT_FILE_MAX);
	failed = pattern_snapshot(r->pattern, json, &text, &why);
	if (failed != 0)
		err_set(e, why.class, 0, "cannot write %.100s: %s", path, why.text);
	else if (!says_already(&within, path, &text))
		failed = write_file(&within, path, &text, e);
	buf_release(&text);
	return failed;
}

static int
no_json(struct slice data, struct err *e)
{
	struct buf shown;

	buf_init(&shown, 4 * SHOWN_MAX);
	shown_text(&shown, data);
	err_set(e, ERR_MATCH, 0, "no JSON, so no snapshot can be made of it: %.*s",
	    (int)shown.len, (const char *)shown.data);
	buf_release(&shown);
	return -1;
}

int
match_write_snapshot(struct match *m, struct subject *s, struct err *e)
{
	const json_t *json = subject_json(s);

	if (json == NULL)
		return no_json(s->data, e);
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].c->snapshot != NULL &&
		    write_snapshot(m, &m->items[i], json, e) != 0)
			return -1;
	return 0;
}
