/* event.h: one message as an event of an event stream (HTML Living Standard, 9.2.5). Pure. */
#ifndef HAIL_NODE_EVENT_H
#define HAIL_NODE_EVENT_H

#include "lib/base/slice.h"
#include "lib/node/stream_id.h"

struct buf;

/* Appends the id, the data with each of its lines in a field of its own (CR LF, CR and LF
 * end one), and the empty line that dispatches it. -1: `into` is full. */
int event_write(struct buf *into, struct stream_id id, struct slice data);

/* Appends the id and an empty line: dispatches nothing, but a client that comes again asks
 * for what comes after it. -1 as above. */
int event_write_position(struct buf *into, struct stream_id id);

#endif
