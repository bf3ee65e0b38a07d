/* tap.h: the few words that a unit test needs; output is TAP. Not part of the program, so it
 * may keep its count in a global. */
#ifndef HAIL_TESTS_TAP_H
#define HAIL_TESTS_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One test point, named by the printf-like text. Returns `ok`. */
bool tap_ok(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Equal numbers or texts; on failure both are shown. */
bool tap_int(long long got, long long want, const char *name);
bool tap_text(const char *got, const char *want, const char *name);
bool tap_bytes(const void *got, size_t got_len, const void *want, size_t want_len,
    const char *name);

/* What a client and a server left as traces; NULL is wanted where one does not matter. */
bool tap_traces(const char *client, const char *want_client, const char *server,
    const char *want_server, bool bytewise, const char *name);

/* A socket that does not block and listens on a free port of 127.0.0.1. */
int tap_listen(uint16_t *port);

/* Prints the plan; the exit code of main: 0 when every point was ok. */
int tap_done(void);

/* `len` readable bytes that end right before an unreadable page, copied from `data`: reading one
 * too many ends the process. Freed by tap_guard_free with the same length. */
void *tap_guard(const void *data, size_t len);
void tap_guard_free(void *guarded, size_t len);

#endif
