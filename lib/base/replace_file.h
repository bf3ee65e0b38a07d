/* replace_file.h: a file that is written beside its old self and takes its place only once all of
 * it is there: whoever reads it finds the old one or the new one, never a part. */
#ifndef HAIL_BASE_REPLACE_FILE_H
#define HAIL_BASE_REPLACE_FILE_H

#include <stdio.h>

struct err;
struct replace_file;

/* Through links to what they point to. The new file has the rights of the old one; if there is
 * none, those that new files have. A device or a pipe is written as it is. NULL with class
 * ERR_IO, ERR_MEMORY. */
struct replace_file *replace_file_new(const char *path, struct err *e);

/* Where to write. */
FILE *replace_file_stream(struct replace_file *f);

/* Puts it in its place, and frees it in any case. -1 with class ERR_IO: what went wrong in
 * writing, or now; the old file is as it was. */
int replace_file_commit(struct replace_file *f, struct err *e);

/* The old file stays. NULL is fine. */
void replace_file_abandon(struct replace_file *f);

#endif
