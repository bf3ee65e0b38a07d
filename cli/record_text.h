/* record_text.h: how messages, words and limits stand in a script. */
#ifndef HAIL_CLI_RECORD_TEXT_H
#define HAIL_CLI_RECORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/slice.h"

struct message;
struct said;

enum { RECORD_LIMIT = 16 };              /* bytes that a limit takes */

/* How long a replay should wait for what took so long: ten times that, at least 1s, up to the next
 * round time. Returns `into`, which holds RECORD_LIMIT bytes: "20s". */
const char *record_limit(char *into, uint64_t observed_ns);

/* A message that is JSON as a script takes it bare: an object or an array, one line or more. */
bool record_is_json(const struct message *m);

/* Whether a reader of scripts would take what begins with this brace for a variable. */
bool record_is_variable(struct slice text);

/* In quotes; every brace stands for itself. */
void record_put_string(FILE *f, struct slice text);
void record_put_text(FILE *f, struct slice text);        /* what stands between the quotes */

/* As it is where that will do, else in quotes. */
void record_put_word(FILE *f, struct slice text);

/* What stands behind '>'. */
void record_put_payload(FILE *f, const struct message *m);

/* The conditions that stand behind '<'. What is volatile is a hole, unless it was said. `now_ms`:
 * since 1970. */
void record_put_conditions(FILE *f, const struct message *m, const struct said *said,
    int64_t now_ms);

#endif
