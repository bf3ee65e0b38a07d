/* run_failure.h: a broken promise, and what is wrong with a script, as people read it. */
#ifndef HAIL_CLI_RUN_FAILURE_H
#define HAIL_CLI_RUN_FAILURE_H

#include <stddef.h>

struct buf;
struct run_play;
struct script_errors;
struct show;

/* "FILE:LINE:COLUMN: " and the sentence, without a newline. */
void run_failure_head(struct buf *into, const struct run_play *p);

/* All of it: the head, the line of the script, what was expected, what came instead and why each
 * of that was not it, and how the connection stands. */
void run_failure_text(const struct show *s, struct buf *into, const struct run_play *p);

/* Every error with its line and a caret below. */
void run_errors_text(const struct show *s, struct buf *into, const struct script_errors *errors);

#endif
