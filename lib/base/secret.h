/* secret.h: secrets that must not stand on a command line, where every user of the machine can
 * read them. */
#ifndef HAIL_BASE_SECRET_H
#define HAIL_BASE_SECRET_H

struct err;

enum { SECRET_MAX = 65536 };     /* bytes of a file's first line */

/* "@FILE" becomes the first line of that file, any other text stays: *value is what it stands
 * for, *owned is the caller's to free, NULL when nothing was read. NULL *value stays NULL. -1 with
 * class ERR_IO, and `option` in the sentence. */
int secret_read(const char **value, char **owned, const char *option, struct err *e);

#endif
