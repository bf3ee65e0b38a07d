/* http_stage.h: where a client by HTTP plays its scenes: a scripted server (http_peer.h), a peer
 * that leads to it, timers and a trace of what the client was told, all on one loop. In a header
 * for the same reason. */
#ifndef HAIL_TESTS_HTTP_STAGE_H
#define HAIL_TESTS_HTTP_STAGE_H

#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/channel/peer.h"
#include "lib/transport/endpoint.h"
#include "tests/unit/http_peer.h"
#include "tests/unit/tap.h"

enum {
	STAGE_GUARD_S = 20,          /* after which a scene has failed */
	STAGE_LATER_MS = 30,
};

struct stage {
	struct http_peer server;     /* its script and what is `shown` are set before */
	struct resolver *resolver;
	struct rng rng;
	struct peer peer;
	struct buf client;           /* the trace */
	const char *joint;           /* between its words; NULL: " | " */
	struct loop_timer later, guard;
};

static void
stage_say(struct stage *s, const char *word)
{
	const char *joint = s->joint != NULL ? s->joint : " | ";

	buf_addf(&s->client, "%s%s", s->client.len > 0 ? joint : "", word);
}

/* Calls `later` when whatever is still to come has had time. */
static void
stage_wait(struct stage *s)
{
	loop_timer_set(&s->later, STAGE_LATER_MS * NS_PER_MS);
}

static void
stage_give_up(evutil_socket_t fd, short what, void *ctx)
{
	struct stage *s = ctx;

	(void)fd;
	(void)what;
	stage_say(s, "no end");
	loop_stop(s->server.loop);
}

/* Everything but the client. The peer's limits may be changed until that is made. */
static void
stage_set_up(struct stage *s, event_callback_fn later, void *ctx)
{
	s->server.loop = loop_new(NULL);
	s->resolver = resolver_new(s->server.loop, NULL);
	s->peer = (struct peer){.authority = "peer", .rng = &s->rng, .max_backlog = 1 << 20,
	    .max_message = 1 << 20, .max_refusal = 8};
	s->peer.endpoint = endpoint_new(s->resolver, "127.0.0.1", http_peer_open(&s->server));
	rng_init(&s->rng, 1);
	buf_init(&s->client, 1 << 20);
	loop_timer_init(&s->guard, s->server.loop, stage_give_up, s);
	loop_timer_init(&s->later, s->server.loop, later, ctx);
	loop_timer_set(&s->guard, STAGE_GUARD_S * NS_PER_S);
}

/* Ends both traces by NUL. */
static void
stage_end_traces(struct stage *s)
{
	buf_add(&s->client, "", 1);
	buf_add(&s->server.trace, "", 1);
}

/* One point: both traces, which have ended, are as they should be. */
static void
stage_judge(const struct stage *s, const char *client, const char *server, const char *name)
{
	tap_traces((char *)s->client.data, client, (char *)s->server.trace.data, server,
	    s->server.bytewise, name);
}

/* Behind the end of the client. */
static void
stage_tear_down(struct stage *s)
{
	loop_timer_clear(&s->guard);
	loop_timer_clear(&s->later);
	http_peer_close(&s->server);
	endpoint_free(s->peer.endpoint);
	resolver_free(s->resolver);
	loop_free(s->server.loop);
	buf_release(&s->client);
}

#endif
