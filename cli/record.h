/* record.h: writes what was said as a script that `hail run` replays. */
#ifndef HAIL_CLI_RECORD_H
#define HAIL_CLI_RECORD_H

#include <stddef.h>

struct channel_end;
struct err;
struct message;
struct record;

/* NULL with class ERR_IO. An existing file is replaced when the record is complete. */
struct record *record_new(const char *path, struct err *e);

/* `transport`: by its name, where the scheme of the URL does not say it; NULL: it does. */
void record_open(struct record *r, const char *transport, const char *url);
void record_sent(struct record *r, const struct message *m);
void record_received(struct record *r, const struct message *m);
void record_closed(struct record *r, const struct channel_end *end);

/* Finishes the file; NULL is fine. -1 with class ERR_IO when any of it could not be written. */
int record_free(struct record *r, struct err *e);

#endif
