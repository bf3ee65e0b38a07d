/* source.h: the files of scripts. They lie within a root folder, wherever links lead, and are
 * plain files: nothing that blocks, has side effects or never ends is read. */
#ifndef HAIL_SCRIPT_SOURCE_H
#define HAIL_SCRIPT_SOURCE_H

#include "lib/base/slice.h"

struct arena;
struct buf;
struct err;

struct source {
	char *root;                      /* without links; NULL: files are not allowed */
};

/* The root is `folder`. -1: ERR_IO, it is no folder; *s then allows none. */
int source_init(struct source *s, const char *folder, struct err *e);
void source_release(struct source *s);

/* The folder that a file stands in; the caller's to free. NULL: no memory. */
char *source_folder(const char *name);

/* A path that stands in a file of that folder, relative to where hail runs; the caller's to free.
 * NULL: no memory. */
char *source_join(const char *folder, struct slice path);

/* Appends what a file holds. With a source it must lie within its root. -1: a sentence that names
 * the file and says what is wrong with it. */
int source_read(const struct source *s, const char *name, struct buf *into, struct err *e);

enum source_kind {
	SOURCE_FILE,
	SOURCE_NEW_FILE,                 /* it need not exist, but its folder must */
	SOURCE_SOCKET,                   /* the same of a unix socket */
};

/* Where a file really is, within the root; the caller's to free. NULL with *e. */
char *source_place(const struct source *s, const char *name, enum source_kind kind,
    struct err *e);

/* Opens for reading what source_place gave for that name: what has become a link since then, be it
 * a folder on the way there, is refused. -1 with *e. */
int source_open(const struct source *s, const char *place, const char *name, struct err *e);

/* Makes the text of a script of what a file holds, in the arena: a BOM is skipped, lines end in LF.
 * -1: ERR_LIMIT, no memory for it; ERR_USAGE: it is not UTF-8 or has a NUL, *line and *column say
 * where, and *text what is before that, so that its line can be shown. */
int source_text(struct slice bytes, struct arena *arena, struct slice *text, unsigned *line,
    unsigned *column, struct err *e);

#endif
