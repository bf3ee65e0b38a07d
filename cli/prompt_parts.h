/* prompt_parts.h: what cli/prompt.c, which shows, and cli/prompt_input.c, which reads, share. */
#ifndef HAIL_CLI_PROMPT_PARTS_H
#define HAIL_CLI_PROMPT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/draw.h"
#include "cli/paste.h"
#include "cli/prompt.h"
#include "cli/screen.h"
#include "lib/base/buf.h"
#include "lib/loop/loop.h"

enum {
	LABEL_MAX = 64,
	SEARCH_LABEL_MAX = 640,
};

struct prompt {
	struct loop *loop;
	const struct prompt_events *events;
	void *ctx;
	char *history;

	int fd;                      /* the terminal */
	struct event readable, resized, stopped, continued;
	struct loop_timer escape, look_around;

	struct editor *editor;       /* NULL: whole lines from the kernel */
	struct paste paste;
	struct buf keys;             /* bytes that are no paste; without an editor, a line's */
	char *last;                  /* the line remembered last */

	struct screen screen;
	struct draw draw;
	struct buf above;
	size_t lost;                 /* lines that found no room in `above` */
	bool slow;                   /* and whoever prints was told so */
	char label[LABEL_MAX];
	char search_label[SEARCH_LABEL_MAX];     /* instead, while history is searched */

	bool away;                   /* in the background: no drawing, no reading */
	bool hidden;                 /* a line is over, or the terminal is gone: no line is shown */
	bool updating;               /* an update stands at the end of this turn */
	bool freed;
	struct loop_deferred update, grave;
};

/* Something of what the screen shows has changed: it follows at the end of the loop's turn. */
void prompt_update(struct prompt *p);

/* Reads the terminal and follows its signals, and no more. */
void prompt_watch(struct prompt *p);
void prompt_unwatch(struct prompt *p);

#endif
