/* record.h: writes what was said as a script that `hail run` replays.
 *
 *     record_new → record_connecting → record_open → record_sent, record_received … →
 *     record_closed → record_connecting … → record_free
 *
 * Times are of clock_ns. */
#ifndef HAIL_CLI_RECORD_H
#define HAIL_CLI_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/record_open.h"

struct channel_end;
struct err;
struct message;
struct record;

/* NULL with class ERR_IO. An existing file is replaced when the record is complete. */
struct record *record_new(const char *path, const struct record_params *p, struct err *e);

/* An attempt goes there; `place` is copied. */
void record_connecting(struct record *r, const struct record_place *place);

void record_open(struct record *r, uint64_t at);
void record_sent(struct record *r, const struct message *m);     /* m->at: when */
void record_received(struct record *r, const struct message *m);

/* A ping that was asked for, not the keepalive's. */
void record_pinged(struct record *r, uint64_t at);

/* We begin to close; that is written when it is done, behind what comes until then. */
void record_closing(struct record *r, unsigned code, const char *reason);

/* The connection is gone, or was not had. `again`: another attempt follows. */
void record_closed(struct record *r, const struct channel_end *end, uint64_t at, bool again);

/* What was sent last by a request was not published. */
void record_refused(struct record *r, const struct err *why);

/* Finishes the file; NULL is fine. -1 with class ERR_IO when any of it could not be written. */
int record_free(struct record *r, struct err *e);

#endif
