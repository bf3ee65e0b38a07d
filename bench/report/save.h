/* save.h: a document on its way into a file.
 *
 *     save_open → (the run) → save_commit
 *                          ↘ save_abandon
 *
 * The file is opened before the run, so that a typing error costs seconds instead of a result;
 * what stood in it before stays whole until the new results do. */
#ifndef HAIL_REPORT_SAVE_H
#define HAIL_REPORT_SAVE_H

#include <jansson.h>
#include <stdio.h>

struct err;

struct save {
	FILE *file;
	char *path;          /* where the results shall be; for sentences too */
	char *temporary;     /* what becomes `path` in the end; NULL: written directly */
};

/* "-" is standard output. A regular file is written beside its place and renamed over it in the
 * end, a link is followed; what is not regular (a FIFO, /dev/stdout) is written directly. -1
 * with class ERR_IO or ERR_MEMORY; *s is then empty. */
int save_open(struct save *s, const char *path, struct err *e);

/* Writes the document and puts it in its place. *s is empty afterwards in any case. -1 with
 * class ERR_IO: what stood in the file before is still there. */
int save_commit(struct save *s, json_t *document, struct err *e);

/* Leaves everything as it was before save_open. An empty *s is fine. */
void save_abandon(struct save *s);

/* Writes JSON for people and for diff: two spaces of indentation, keys in their order, short
 * things on one line, histograms packed. -1: no memory, or the stream has an error. */
int save_json(json_t *document, FILE *into);

#endif
