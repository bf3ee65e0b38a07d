/* paste.h: takes bracketed paste out of what a terminal sends, so that nothing in it can act as
 * a key: not a newline, not Ctrl-C, not an escape sequence. A pure byte machine. */
#ifndef HAIL_CLI_PASTE_H
#define HAIL_CLI_PASTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum { PASTE_MAX = 4 << 20 };        /* bytes of one paste; a longer one is lost as a whole */

#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

struct paste {
	bool open;                   /* between the two marks */
	bool too_long;
	size_t matched;              /* bytes of the mark that is awaited */
	struct buf text;             /* as it came */
};

void paste_init(struct paste *p);
void paste_release(struct paste *p);

/* Takes bytes from the front of `data` up to the end of a paste, *done then, or all of them.
 * What are keys goes to `keys`. Returns how many it took. */
size_t paste_feed(struct paste *p, const uint8_t *data, size_t len, struct buf *keys,
    bool *done);

/* Whether bytes are kept back because a paste may begin with them; an Escape typed by hand looks
 * so at first. When nothing follows soon, paste_let_go makes keys of them. */
bool paste_holds(const struct paste *p);
void paste_let_go(struct paste *p, struct buf *keys);

/* Forgets a paste whose end does not come. */
void paste_abandon(struct paste *p);

/* After *done: appends the text to `into` as UTF-8, its lines parted by '\n', without control
 * characters but tabs, and without newlines at its end; then forgets it. -1: it was too long. */
int paste_take(struct paste *p, struct buf *into);

#endif
