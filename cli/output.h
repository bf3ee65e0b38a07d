/* output.h: bytes to standard output, or error, without ever blocking the loop: what the reader
 * does not take is kept, and whoever produces is told to pause meanwhile.
 *
 * The descriptor is shared with other programs, so it is never made non-blocking: a pipe or a
 * terminal that poll(2) calls writable takes PIPE_BUF bytes at once. */
#ifndef HAIL_CLI_OUTPUT_H
#define HAIL_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct loop;
struct output;

struct output_events {
	void (*full)(void *ctx);             /* much is waiting: produce no more */
	void (*drained)(void *ctx);          /* go on */
	void (*broken)(void *ctx, int code); /* nothing can be written any more; errno */
};

enum { OUTPUT_FULL = 1 << 20 };      /* bytes that wait when `full` is called */

struct output *output_new(struct loop *l, int fd, const struct output_events *events, void *ctx,
    struct err *e);

/* What was not written yet is dropped. NULL is fine. */
void output_free(struct output *o);

/* Takes all of it; written at the end of the loop's turn, or when much came together. */
void output_add(struct output *o, const void *data, size_t len);

/* Writes now what can be written. */
void output_flush(struct output *o);

/* When the loop runs no more: writes what is left, waiting for the reader at most so long, less
 * than 0: as long as it takes. NULL is fine. */
void output_finish(struct output *o, int wait_ms);

bool output_is_empty(const struct output *o);

#endif
