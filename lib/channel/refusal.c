#include "lib/channel/refusal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/channel/channel.h"
#include "lib/codec/http_body.h"
#include "lib/codec/http_head.h"

struct refusal {
	struct channel_refusal view;
	struct http_head head;       /* its slices lie in `text` */
	struct http_body framing;
	struct buf body;
	struct err why;
	char text[];
};

struct refusal *
refusal_new(const char *head, size_t len, size_t max, bool upgrade, const struct err *why)
{
	struct refusal *r = calloc(1, sizeof *r + len);

	if (r == NULL)
		return NULL;
	memcpy(r->text, head, len);
	http_head_parse(&r->head, r->text, len, 0, NULL);
	r->view.head = &r->head;
	r->view.upgrade = upgrade;
	r->why = *why;
	buf_init(&r->body, max);
	r->view.cut = http_body_begin(&r->framing, &r->head, false, NULL) != 0;
	if (max == 0 && !http_body_done(&r->framing))
		r->view.cut = true;
	return r;
}

void
refusal_free(struct refusal *r)
{
	if (r == NULL)
		return;
	buf_release(&r->body);
	free(r);
}

bool
refusal_wants(const struct refusal *r)
{
	return !r->view.cut && !http_body_done(&r->framing);
}

static void
keep(struct refusal *r, struct slice piece)
{
	size_t room = r->body.max - r->body.len;

	if (piece.len > room) {
		piece.len = room;
		r->view.cut = true;
	}
	if (buf_add(&r->body, piece.data, piece.len) != 0)
		r->view.cut = true;
	r->view.body = (struct slice){(const char *)r->body.data, r->body.len};
}

void
refusal_feed(struct refusal *r, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0 && refusal_wants(r)) {
		struct slice piece;
		ssize_t used = http_body_next(&r->framing, at, len, &piece, NULL);

		if (used < 0) {
			r->view.cut = true;
			return;
		}
		keep(r, piece);
		at += used;
		len -= (size_t)used;
	}
}

bool
refusal_add(struct refusal *r, struct slice piece)
{
	keep(r, piece);
	return !r->view.cut;
}

void
refusal_cut(struct refusal *r)
{
	r->view.cut = true;
}

void
refusal_end(struct refusal *r, bool in_order)
{
	if (!http_body_done(&r->framing) &&
	    (!in_order || http_body_end(&r->framing, NULL) != 0))
		r->view.cut = true;
}

const struct err *
refusal_why(const struct refusal *r)
{
	return &r->why;
}

const struct channel_refusal *
refusal_view(const struct refusal *r)
{
	return &r->view;
}
