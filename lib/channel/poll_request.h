/* poll_request.h: the request of a poll: the target with its names filled in, and what tells the
 * server where we are (poll.h). Pure. */
#ifndef HAIL_CHANNEL_POLL_REQUEST_H
#define HAIL_CHANNEL_POLL_REQUEST_H

#include <stdbool.h>

struct buf;
struct kept_place;
struct poll_params;
struct resume;

struct poll_request {
	const struct poll_params *params;
	const struct kept_place *place;
	const struct resume *resume;
	bool waits;                  /* it may be held */
};

/* Appends the head of the request. -1: it does not fit. */
int poll_request_write(struct buf *into, const struct poll_request *r);

#endif
