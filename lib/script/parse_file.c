/* The files that a script names: those it includes and those it sends. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/script/parse.h"

/* A path as it stands in a token: braces are braces. */
static char *
name_of(struct parser *p, const struct token *name)
{
	struct token plain = *name;
	const struct text *text;
	struct slice path;
	char *joined;

	plain.plain = true;
	if ((text = parse_text(p, &plain, TEXT_PLAIN, 0)) == NULL)
		return NULL;
	path = text_constant(text);
	if (path.len == 0 || memchr(path.data, '\0', path.len) != NULL) {
		parse_error(p, name->spot, "expected the path of a file");
		return NULL;
	}
	if ((joined = source_join(p->reading->folder, path)) == NULL)
		parse_error_memory(p);
	return joined;
}

char *
parse_place(struct parser *p, const struct token *name, bool may_be_new, const char *hint)
{
	char *joined = name_of(p, name), *place;
	struct err e;

	if (joined == NULL)
		return NULL;
	if ((place = source_place(&p->source, joined, may_be_new ?
	    SOURCE_NEW_FILE : SOURCE_FILE, &e)) == NULL)
		parse_error(p, name->spot, "%s%s", e.text, access(joined, F_OK) != 0 ? hint :
		    "");
	free(joined);
	return place;
}

int
parse_file(struct parser *p, const struct token *name, struct slice *bytes)
{
	char *joined = name_of(p, name);
	struct buf read;
	struct err e;
	int failed;

	if (joined == NULL)
		return -1;
	buf_init(&read, 2 * SCRIPT_FILE_MAX);
	failed = source_read(&p->source, joined, &read, &e);
	if (failed)
		parse_error(p, name->spot, "%s", e.text);
	else {
		bytes->data = arena_text(&p->script->arena,
		    (struct slice){(char *)read.data, read.len});
		bytes->len = read.len;
		failed = bytes->data == NULL ? parse_error_memory(p) : 0;
	}
	buf_release(&read);
	free(joined);
	return failed;
}

int
parse_begin_text(struct parser *p, struct reading *r, unsigned number, struct slice bytes)
{
	struct script_file *file = &p->script->files[number];
	struct spot spot = {.file = number};
	struct err e;
	int failed = source_text(bytes, &p->script->arena, &file->text, &spot.line, &spot.column,
	    &e);

	if (failed && e.class == ERR_LIMIT)
		return parse_error_memory(p);
	if (failed)
		return parse_error(p, spot, "%s", e.text);
	tokens_init(&r->tokens, number, file->text);
	return 0;
}

int
parse_begin_file(struct parser *p, struct reading *r, unsigned number, const char *name,
    struct err *e)
{
	struct buf read;
	int failed;

	e->class = ERR_NONE;
	buf_init(&read, 2 * SCRIPT_FILE_MAX);
	failed = source_read(number == 0 ? NULL : &p->source, name, &read, e) != 0 ||
	    parse_begin_text(p, r, number, (struct slice){(char *)read.data, read.len}) != 0;
	buf_release(&read);
	return failed ? -1 : 0;
}

static bool
is_open(const struct parser *p, const char *place)
{
	for (const struct reading *r = p->reading; r != NULL; r = r->from)
		if (r->place != NULL && strcmp(r->place, place) == 0)
			return true;
	return false;
}

/* What can be said before it is read. */
static int
may_include(struct parser *p, const struct token *name, const char *place)
{
	if (is_open(p, place))
		return parse_error(p, name->spot, "this file includes itself: expected no "
		    "circle");
	if (p->depth == SCRIPT_DEPTH)
		return parse_error(p, name->spot,
		    "expected files and blocks that are at most %d deep", SCRIPT_DEPTH);
	if (p->script->file_count == SCRIPT_FILES)
		return parse_error(p, name->spot, "expected at most %d files, with those that "
		    "are included again", SCRIPT_FILES);
	return 0;
}

static int
read_included(struct parser *p, const struct token *name, struct reading *r, const char *joined)
{
	unsigned number = (unsigned)p->script->file_count;
	struct script_file *file = &p->script->files[number];
	struct err e;

	file->name = arena_text(&p->script->arena, slice_of(joined));
	file->folder = arena_text(&p->script->arena, slice_of(r->folder));
	if (file->name == NULL || file->folder == NULL)
		return parse_error_memory(p);
	p->includes[number] = name->spot;
	p->script->file_count++;
	if (parse_begin_file(p, r, number, joined, &e) != 0)
		return e.class == ERR_NONE ? -1 : parse_error(p, name->spot, "%s", e.text);
	p->reading = r;
	p->depth++;
	parse_lines(p);
	p->depth--;
	p->reading = r->from;
	return 0;
}

int
parse_include(struct parser *p, const struct token *name)
{
	struct reading r = {.from = p->reading, .timeout_ns = p->reading->timeout_ns,
	    .region = p->region};
	char *joined = NULL;
	int failed = -1;

	if ((r.place = parse_place(p, name, false, "")) != NULL &&
	    may_include(p, name, r.place) == 0 && (joined = name_of(p, name)) != NULL &&
	    (r.folder = source_folder(joined)) != NULL)
		failed = read_included(p, name, &r, joined);
	p->unsure = p->unsure || failed != 0;
	free(joined);
	free(r.place);
	free(r.folder);
	return failed;
}
