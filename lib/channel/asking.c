#include "lib/channel/asking.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/channel/refusal.h"

static struct asking *
asking_of(struct channel *c)
{
	return (struct asking *)c;
}

/* --- life -------------------------------------------------------------------------------- */

static void
release(struct asking *a)
{
	refusal_free(a->refusal);
	free(a->end);
	a->ops->release(a);
}

/* The end of the turn: what was put off, or the memory. */
static void
turn_over(struct loop_deferred *d)
{
	struct asking *a = (struct asking *)((char *)d - offsetof(struct asking, deferred));

	a->deferring = false;
	if (a->freed) {
		release(a);
	} else if (a->state == ASKING_OVER) {
		a->state = ASKING_DEAD;
		a->channel.events->closed(a->channel.ctx,
		    a->end != NULL ? a->end : &channel_end_no_memory);
	} else if (a->state == ASKING_STARTING) {
		a->ops->start(a);
	} else if (!a->paused) {
		a->ops->go_on(a);
	}
}

static void
defer(struct asking *a)
{
	if (!a->deferring)
		loop_defer(a->loop, &a->deferred, turn_over);
	a->deferring = true;
}

int
asking_init(struct asking *a, const struct asking_params *p, struct err *e)
{
	a->channel = (struct channel){p->channel_ops, p->events, p->ctx};
	a->ops = p->ops;
	a->loop = p->loop;
	a->link_params = (struct http_link_params){p->peer, p->place->source,
	    p->place->source_len};
	a->link = http_link_new(p->loop, &a->link_params, p->link_events, a);
	if (a->link == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a connection");
	defer(a);
	return 0;
}

void
asking_free(struct channel *c, bool reset)
{
	struct asking *a = asking_of(c);

	if (a->freed)
		return;
	if (a->state < ASKING_OVER)
		a->ops->leave(a, NULL);
	a->freed = true;
	a->state = ASKING_DEAD;
	http_link_free(a->link, reset);
	defer(a);
}

/* --- the end ----------------------------------------------------------------------------- */

void
asking_finish(struct asking *a, const struct channel_end *end)
{
	struct channel_end kept = *end;

	if (a->state >= ASKING_OVER)
		return;
	if (a->refusal != NULL)
		kept.refusal = refusal_view(a->refusal);
	a->ops->leave(a, &kept);
	a->state = ASKING_OVER;
	http_link_drop(a->link);
	a->end = malloc(sizeof *a->end);
	if (a->end != NULL)
		*a->end = kept;
	defer(a);
}

void
asking_fail(struct asking *a, const struct err *why, bool final)
{
	struct channel_end end = {.why = *why, .final = final, .by_peer = true};

	asking_finish(a, &end);
}

void
asking_fail_memory(struct asking *a)
{
	asking_fail(a, &channel_end_no_memory.why, true);
}

void
asking_close(struct channel *c, unsigned code, const char *reason)
{
	struct asking *a = asking_of(c);

	(void)code;
	(void)reason;
	if (a->state == ASKING_REFUSED)
		asking_refused(a, true);
	else
		asking_finish(a, &(struct channel_end){0});
}

/* --- requests and answers ---------------------------------------------------------------- */

int
asking_request(struct asking *a)
{
	struct err why = {0};

	a->state = ASKING_REQUEST;
	if (http_link_ask(a->link, &(struct http_exchange){.repeatable = true}, &why) == 0)
		return 0;
	asking_fail(a, &why, why.class == ERR_LIMIT);
	return -1;
}

void
asking_opened(struct asking *a, const struct http_head *head, uint64_t at)
{
	struct channel_opened opened = {.head = head, .times = http_link_times(a->link),
	    .stream = http_link_stream(a->link), .at = at};

	a->opened = true;
	a->channel.events->opened(a->channel.ctx, &opened);
}

void
asking_refuse(struct asking *a, struct slice raw, const struct err *why)
{
	size_t max = a->link_params.peer->max_refusal;

	a->refusal = refusal_new(raw.data, raw.len, max, false, why);
	if (a->refusal == NULL || max == 0)
		asking_fail(a, why, a->ops->is_final(a, why));
	else
		a->state = ASKING_REFUSED;
}

void
asking_refusal_took(struct asking *a, struct slice piece)
{
	if (!refusal_add(a->refusal, piece))
		asking_refused(a, false);
}

void
asking_refused(struct asking *a, bool cut)
{
	const struct err *why = refusal_why(a->refusal);

	if (cut)
		refusal_cut(a->refusal);
	asking_fail(a, why, a->ops->is_final(a, why));
}

/* --- what both tell ---------------------------------------------------------------------- */

void
asking_pause(struct channel *c, bool pause)
{
	struct asking *a = asking_of(c);

	if (a->state >= ASKING_OVER)
		return;
	a->paused = pause;
	if (pause || !a->opened)
		http_link_pause(a->link, pause);
	else
		defer(a);
}

const char *
asking_stage(const struct channel *c)
{
	const struct asking *a = (const struct asking *)c;

	switch (a->state) {
	case ASKING_STARTING:
		return "connecting";
	case ASKING_REQUEST:
		return a->opened ? "open" : http_link_stage(a->link);
	case ASKING_REFUSED:
		return "refused";
	case ASKING_ANSWERED:
		return "open";
	case ASKING_OVER:
	case ASKING_DEAD:
		break;
	}
	return "closing";
}

int
asking_send(struct channel *c, enum message_kind kind, const void *data, size_t len)
{
	(void)c;
	(void)kind;
	(void)data;
	(void)len;
	return -1;
}

size_t
asking_backlog(const struct channel *c)
{
	(void)c;
	return 0;
}

uint64_t
asking_bytes_in(const struct channel *c)
{
	return http_link_bytes_in(((const struct asking *)c)->link);
}

uint64_t
asking_bytes_out(const struct channel *c)
{
	return http_link_bytes_out(((const struct asking *)c)->link);
}

void
asking_compression(const struct channel *c, struct channel_compression *out)
{
	(void)c;
	*out = (struct channel_compression){0};
}

void
asking_wire(void *ctx, const struct channel_wire *w)
{
	struct asking *a = ctx;

	if (a->channel.events->wire != NULL && a->state < ASKING_OVER)
		a->channel.events->wire(a->channel.ctx, w);
}
