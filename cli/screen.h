/* screen.h: bytes on their way to a terminal that may be slow, stopped by Ctrl-S, or gone. What
 * it does not take now waits here and goes out as it is able to; nothing ever blocks. */
#ifndef HAIL_CLI_SCREEN_H
#define HAIL_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/loop/loop.h"

struct screen {
	int fd;
	bool blocks;                 /* the descriptor would block: small pieces only */
	bool held, gone;
	struct buf out;
	struct event writable;
	void (*ready)(void *ctx);
	void *ctx;
};

/* `ready` is called when everything is out, after something had to wait. */
void screen_init(struct screen *s, struct loop *l, int fd, bool blocks,
    void (*ready)(void *ctx), void *ctx);
void screen_release(struct screen *s);

/* Whether all that was added is out. */
bool screen_is_idle(const struct screen *s);

/* Where bytes are added; screen_flush then sends them, in one write(2) where the terminal takes
 * it. */
struct buf *screen_out(struct screen *s);
void screen_flush(struct screen *s);

/* Ctrl-S, Ctrl-Q. */
void screen_hold(struct screen *s, bool hold);

/* For the end: waits a second at most until it is out. */
void screen_drain(struct screen *s);

/* Columns and rows; 80 and 24 where the terminal does not say. Both are at least 1. */
void screen_size(const struct screen *s, unsigned *columns, unsigned *rows);

#endif
