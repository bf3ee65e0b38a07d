/* child.h: a command of the shell, run beside the loop: what it prints is read, its end is told,
 * it and what it started are killed when time is up. */
#ifndef HAIL_SCRIPT_CHILD_H
#define HAIL_SCRIPT_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/slice.h"

struct child;
struct err;
struct loop;

enum { CHILD_OUTPUT_MAX = 1 << 20 };     /* bytes of its standard output that are kept */

struct child_events {
	/* It has ended and all of its output has come. status: as by waitpid. Once, last; the child
	 * may be freed. */
	void (*ended)(void *ctx, int status, struct slice output);
};

/* Runs `sh -c command` in a process group of its own, with standard input from /dev/null and
 * standard error as ours. NULL with class ERR_IO. */
struct child *child_new(struct loop *l, const char *command, const struct child_events *events,
    void *ctx, struct err *e);

/* Kills the group, if it still runs, and waits for it (that takes no time then). NULL is fine. */
void child_free(struct child *c);

#endif
