/* input.h: standard input in lines (or parted by NUL), without blocking the loop, and only as
 * fast as they are taken: what cannot be sent yet stays in the pipe. */
#ifndef HAIL_CLI_INPUT_H
#define HAIL_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct input;
struct loop;

enum { INPUT_LINE_MAX = 64 << 20 };  /* bytes of one line */

struct input_events {
	/* One line, without its end. false: not now; it is shown again after input_resume. Lines
	 * are numbered from 1. */
	bool (*line)(void *ctx, const char *text, size_t len, uint64_t number);
	/* No more will come: NULL at the end, else why (class ERR_IO or ERR_USAGE). A last line
	 * without an end was shown before. */
	void (*ended)(void *ctx, const struct err *why);
};

/* Does not read before input_resume. `separator` is '\n' (a '\r' before it is dropped) or '\0'. */
struct input *input_new(struct loop *l, int fd, char separator,
    const struct input_events *events, void *ctx, struct err *e);

/* NULL is fine. */
void input_free(struct input *in);

void input_pause(struct input *in);
void input_resume(struct input *in);

/* Whether there is input that was not taken, as far as one can know without reading it. */
bool input_left(const struct input *in);

#endif
