/* opening.h: from the parameters of a stream to bytes that may flow: the dial, then the proxy,
 * then TLS. Its memory goes when it is over, so an open stream does not carry it.
 *
 * Only stream.c uses it. */
#ifndef HAIL_TRANSPORT_OPENING_H
#define HAIL_TRANSPORT_OPENING_H

#include "lib/transport/stream.h"

struct opening;

/* What came out: the descriptor and the layer's state belong to the callee. */
struct opened {
	int fd;
	const struct stream_layer *layer;
	void *state;
	struct stream_times times;
};

/* Called once, later; NULL with the error when it failed. */
typedef void opening_fn(void *ctx, const struct opened *what, const struct err *e);

/* Starts. 1: a plain, direct connection stood at once, *what is set, nothing is called. 0: `done`
 * will be called, after which *o is gone. -1: failed at once with *e. */
int opening_start(struct opening **o, struct loop *l, const struct stream_params *params,
    opening_fn *done, void *ctx, struct opened *what, struct err *e);

/* Gives up; `done` is not called. NULL is fine. */
void opening_cancel(struct opening *o);

/* As stream_stage. */
const char *opening_stage(const struct opening *o);

#endif
