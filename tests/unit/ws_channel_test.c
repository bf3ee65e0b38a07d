/* ws_channel_test.c: a WebSocket channel against a peer of bare bytes, both on one loop.
 *
 * A scene says what the peer answers and sends, what the client does when it is open, and the two
 * traces that this must leave. The client's is of its events, the peer's of the frames it got:
 *     [u][rRSV ]OPCODE[+]:PAYLOAD       u: unmasked, +: without FIN; bytes that are no text as \xx
 *     8:CODE REASON                     a close frame
 * Every scene is played with the peer's bytes sent at once and one by one. */
#include "lib/channel/ws.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/rng.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"
#include "lib/codec/ws_frame.h"
#include "lib/codec/ws_handshake.h"
#include "lib/loop/loop.h"
#include "lib/transport/endpoint.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
	BACKLOG = 64 << 20,
	SHOWN_MAX = 200,           /* longer payloads are traced in KiB */
	GUARD_S = 20,              /* after which a scene has failed */
};

struct scene {
	const char *name;
	/* the peer */
	const char *answer;        /* instead of the upgrade */
	size_t answer_len;
	const char *fields;        /* further ones of the upgrade, each with CR LF */
	const char *frames;        /* bytes behind the upgrade */
	size_t frames_len;
	size_t flood;              /* bytes of text frames behind those */
	bool ends;                 /* with a FIN behind all that */
	bool deaf;                 /* reads nothing before all that is sent */
	bool stays;                /* neither answers a close frame nor ends */
	/* the client */
	const char *offer;         /* of permessage-deflate; NULL: none */
	size_t max_refusal;
	uint64_t max_message;
	enum ws_fault fault;
	bool wire;
	void (*act)(struct channel *c);        /* when it is open */
	/* the traces */
	const char *client, *server;
};

#define BYTES(what, literal) .what = (literal), .what##_len = sizeof(literal) - 1

struct play {
	const struct scene *scene;
	struct loop *loop;
	struct channel *channel;
	struct resolver *resolver;
	struct ws_deflate_pool *pool;
	struct ws_deflate_offer offer;
	struct rng rng;
	struct peer peer;
	struct ws_params params;
	struct buf client, server;           /* traces */
	struct loop_timer guard;
	bool over;                           /* the client was told `closed` */
	/* the peer */
	struct event event;                  /* of the listener, then of the connection */
	int fd;
	bool bytewise, requested, ending, gone, close_sent;
	struct buf in, out;
	size_t out_at;
};

/* --- traces -------------------------------------------------------------------------- */

static void
say(struct buf *trace, const char *word)
{
	buf_addf(trace, "%s%s", trace->len > 0 ? " | " : "", word);
}

static void
show(struct buf *trace, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	if (len > SHOWN_MAX) {
		buf_addf(trace, "%zu KiB", len >> 10);
		return;
	}
	for (size_t i = 0; i < len; i++)
		buf_addf(trace, bytes[i] < ' ' || bytes[i] >= 0x7f ? "\\%02x" : "%c", bytes[i]);
}

static void
show_frame(struct buf *trace, const struct ws_frame *f, const uint8_t *data, size_t len)
{
	if (f->rsv != 0)
		buf_addf(trace, "r%d ", f->rsv);
	buf_addf(trace, "%d%s:", f->opcode, f->fin ? "" : "+");
	if (f->opcode == WS_CLOSE && len >= 2) {
		buf_addf(trace, "%u%s", (unsigned)(data[0] << 8 | data[1]), len > 2 ? " " : "");
		data += 2;
		len -= 2;
	}
	show(trace, data, len);
}

/* --- the peer ------------------------------------------------------------------------ */

static void
end_peer(struct play *p)
{
	if (p->gone)
		return;
	p->gone = true;
	event_del(&p->event);
	close(p->fd);
}

static void
answer(struct play *p)
{
	const struct scene *s = p->scene;
	char *key = strstr((char *)p->in.data, "Sec-WebSocket-Key: ");
	char accept[WS_ACCEPT_LENGTH + 1];

	ws_accept_make(accept, key + 19);
	if (s->answer != NULL)
		buf_add(&p->out, s->answer, s->answer_len);
	else
		buf_addf(&p->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", accept,
		    s->fields != NULL ? s->fields : "");
	buf_add(&p->out, s->frames, s->frames_len);
	for (size_t sent = 0; sent < s->flood; sent += 1002) {
		buf_add(&p->out, "\x82\x7e\x03\xe6", 4);
		for (size_t i = 0; i < 998; i++)
			buf_add(&p->out, "f", 1);
	}
	p->ending = s->ends;
	p->close_sent = s->frames_len > 1 && memmem(s->frames, s->frames_len, "\x88", 1) != NULL;
	p->requested = true;
}

/* A frame head without judging it, so that faults can be seen. */
static size_t
raw_head(const uint8_t *data, size_t len, struct ws_frame *f)
{
	size_t size = 2, more;

	if (len < 2)
		return 0;
	*f = (struct ws_frame){.opcode = (enum ws_opcode)(data[0] & 15), .fin = data[0] >> 7,
	    .rsv = data[0] >> 4 & 7, .masked = data[1] >> 7, .length = data[1] & 127};
	more = f->length == 126 ? 2 : f->length == 127 ? 8 : 0;
	if (len < size + more + (f->masked ? 4 : 0))
		return 0;
	for (f->length = more > 0 ? 0 : f->length; more > 0; more--)
		f->length = f->length << 8 | data[size++];
	if (f->masked)
		memcpy(f->mask, data + size, 4);
	return size + (f->masked ? 4 : 0);
}

static void
got_close(struct play *p, const uint8_t *payload, size_t len)
{
	if (p->scene->stays)
		return;
	if (!p->close_sent) {
		uint8_t head[2] = {0x88, (uint8_t)len};

		buf_add(&p->out, head, 2);
		buf_add(&p->out, payload, len);
	}
	p->ending = true;
}

static void
take_frames(struct play *p)
{
	struct ws_frame f;
	size_t head, at = 0;

	while ((head = raw_head(p->in.data + at, p->in.len - at, &f)) > 0 &&
	    p->in.len - at - head >= f.length) {
		uint8_t *payload = p->in.data + at + head;

		if (f.masked)
			ws_mask(payload, payload, f.length, f.mask, 0);
		say(&p->server, f.masked ? "" : "u ");
		show_frame(&p->server, &f, payload, f.length);
		if (f.opcode == WS_CLOSE)
			got_close(p, payload, f.length);
		at += head + f.length;
	}
	buf_drop(&p->in, at);
}

static void
read_peer(struct play *p)
{
	uint8_t *into = buf_reserve(&p->in, 1 << 20);
	ssize_t n = recv(p->fd, into, 1 << 20, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		if (n < 0)
			say(&p->server, strerror(errno));
		end_peer(p);
		return;
	}
	p->in.len += n > 0 ? (size_t)n : 0;
	if (!p->requested && memmem(p->in.data, p->in.len, "\r\n\r\n", 4) != NULL) {
		buf_add(&p->in, "", 1);
		answer(p);
		p->in.len = 0;
	} else if (p->requested) {
		take_frames(p);
	}
}

static void
write_peer(struct play *p)
{
	size_t len = p->out.len - p->out_at;
	ssize_t n = send(p->fd, p->out.data + p->out_at,
	    p->bytewise && p->out_at < 3000 && len > 1 ? 1 : len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		p->out_at += (size_t)n;
	else if (errno != EAGAIN)
		end_peer(p);
}

static void connection_ready(evutil_socket_t fd, short events, void *ctx);

static void
wait_peer(struct play *p)
{
	bool writes = p->out_at < p->out.len;
	short wanted = EV_READ;

	if (p->gone)
		return;
	if (!writes && p->ending) {
		end_peer(p);
		return;
	}
	if (writes)
		wanted = p->requested && p->scene->deaf ? EV_WRITE : EV_READ | EV_WRITE;
	event_del(&p->event);
	event_assign(&p->event, loop_base(p->loop), p->fd, wanted, connection_ready, p);
	event_add(&p->event, NULL);
}

static void
connection_ready(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	if (events & EV_READ)
		read_peer(p);
	if (!p->gone && (events & EV_WRITE))
		write_peer(p);
	wait_peer(p);
	if (p->over && p->gone)
		loop_stop(p->loop);
}

static void
accept_ready(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;
	int on = 1;

	(void)events;
	event_del(&p->event);
	p->fd = accept(fd, NULL, NULL);
	close(fd);
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	wait_peer(p);
}

static uint16_t
listen_peer(struct play *p)
{
	uint16_t port;
	int fd = tap_listen(&port);

	event_assign(&p->event, loop_base(p->loop), fd, EV_READ | EV_PERSIST, accept_ready, p);
	event_add(&p->event, NULL);
	p->fd = fd;
	return port;
}

/* --- the client ---------------------------------------------------------------------- */

static void
opened(void *ctx, const struct channel_opened *o)
{
	struct play *p = ctx;

	say(&p->client, "open");
	if (o->deflate != NULL)
		buf_addf(&p->client, " %d %d %d %d", o->deflate->server_no_context_takeover,
		    o->deflate->client_no_context_takeover, o->deflate->server_max_window_bits,
		    o->deflate->client_max_window_bits);
	if (p->scene->act != NULL)
		p->scene->act(p->channel);
}

static void
message(void *ctx, const struct message *m)
{
	struct play *p = ctx;

	if (m->len == 998)
		return;                        /* the flood */
	say(&p->client, m->kind == MESSAGE_TEXT ? "text " : "binary ");
	show(&p->client, m->data, m->len);
}

static void
pong(void *ctx, const uint8_t *data, size_t len, uint64_t at)
{
	struct play *p = ctx;

	(void)at;
	say(&p->client, "pong ");
	show(&p->client, data, len);
}

static void
drained(void *ctx)
{
	(void)ctx;
}

static void
closing(void *ctx, const struct channel_end *end)
{
	struct play *p = ctx;

	say(&p->client, "closing");
	buf_addf(&p->client, " %u %.*s", end->code, (int)end->reason.len,
	    end->reason.len > 0 ? end->reason.data : "");
}

static void
closed(void *ctx, const struct channel_end *end)
{
	struct play *p = ctx;

	say(&p->client, end->by_peer ? "closed by peer" : "closed");
	if (end->why.class != ERR_NONE)
		buf_addf(&p->client, " %s %d", err_class_name(end->why.class), end->why.code);
	buf_addf(&p->client, " %u", end->code);
	if (end->reason.len > 0)
		buf_addf(&p->client, " %.*s", (int)end->reason.len, end->reason.data);
	if (end->refusal != NULL) {
		buf_addf(&p->client, " refusal %d of %zu fields: ", end->refusal->head->status,
		    end->refusal->head->count);
		show(&p->client, end->refusal->body.data, end->refusal->body.len);
		buf_addf(&p->client, end->refusal->cut ? " …" : "");
	}
	channel_free(p->channel, false);
	p->channel = NULL;
	p->over = true;
	if (p->gone)
		loop_stop(p->loop);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct play *p = ctx;

	say(&p->client, w->out ? "> " : "< ");
	if (w->kind == WIRE_FRAME && w->frame->length == 998)
		buf_addf(&p->client, "flood");
	else if (w->kind == WIRE_FRAME && (w->out || !p->bytewise))
		show_frame(&p->client, w->frame, w->data, w->len);
	else if (w->kind == WIRE_FRAME)
		buf_addf(&p->client, "%d of %d", w->frame->opcode, (int)w->frame->length);
	else
		buf_addf(&p->client, "%.12s%s", (const char *)w->data,
		    memcmp(w->data + w->len - 4, "\r\n\r\n", 4) == 0 ? "" : ", not whole");
}

static const struct channel_events silent_events = {opened, message, pong, drained, closing,
    closed, NULL, NULL};
static const struct channel_events wire_events = {opened, message, pong, drained, closing,
    closed, wire, NULL};

static void
give_up(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	say(&p->client, "no end");
	loop_stop(p->loop);
}

/* --- scenes -------------------------------------------------------------------------- */

static void
set_up(struct play *p, const struct scene *s, bool bytewise, event_callback_fn guard)
{
	*p = (struct play){.scene = s, .bytewise = bytewise, .loop = loop_new(NULL),
	    .pool = ws_deflate_pool_new()};
	p->resolver = resolver_new(p->loop, NULL);
	p->peer = (struct peer){.max_backlog = BACKLOG, .authority = "peer",
	    .max_refusal = s->max_refusal, .rng = &p->rng,
	    .max_message = s->max_message > 0 ? s->max_message : 1 << 20};
	p->params = (struct ws_params){.peer = &p->peer, .fault = s->fault,
	    .deflate_pool = p->pool};
	if (s->offer != NULL && ws_deflate_offer_parse(&p->offer, s->offer, NULL) == 0)
		p->params.deflate = &p->offer;
	rng_init(&p->rng, 1);
	buf_init(&p->client, 1 << 20);
	buf_init(&p->server, 1 << 20);
	buf_init(&p->in, 64 << 20);
	buf_init(&p->out, 64 << 20);
	p->peer.endpoint = endpoint_new(p->resolver, "127.0.0.1", listen_peer(p));
	loop_timer_init(&p->guard, p->loop, guard, p);
}

static void
run(struct play *p)
{
	static const struct place place = {.target = "/"};
	struct err e = {0};

	p->channel = ws_open(p->loop, &p->params, &place,
	    p->scene->wire ? &wire_events : &silent_events, p, &e);
	if (p->client.len > 0)
		say(&p->client, "called back too early");
	if (p->channel == NULL)
		say(&p->client, e.text);
	else
		loop_run(p->loop, &e);
	loop_timer_clear(&p->guard);
	buf_add(&p->client, "", 1);
	buf_add(&p->server, "", 1);
}

static void
tear_down(struct play *p)
{
	channel_free(p->channel, false);
	end_peer(p);
	endpoint_free(p->peer.endpoint);
	resolver_free(p->resolver);
	loop_free(p->loop);
	ws_deflate_pool_free(p->pool);
	buf_release(&p->client);
	buf_release(&p->server);
	buf_release(&p->in);
	buf_release(&p->out);
}

static void
check_once(const struct scene *s, bool bytewise)
{
	struct play p;

	set_up(&p, s, bytewise, give_up);
	loop_timer_set(&p.guard, GUARD_S * NS_PER_S);
	run(&p);
	tap_traces((char *)p.client.data, s->client, (char *)p.server.data, s->server, bytewise,
	    s->name);
	tear_down(&p);
}

static void
check_all(const struct scene *scenes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check_once(&scenes[i], false);
		check_once(&scenes[i], true);
	}
}

static void
close_1000(struct channel *c)
{
	channel_close(c, 1000, "bye");
	channel_close(c, 1001, "again");
	if (channel_send(c, MESSAGE_TEXT, "x", 1) != -1)
		abort();
}

static void
close_bare(struct channel *c)
{
	channel_close(c, 0, NULL);
}

static void
send_hello(struct channel *c)
{
	channel_send(c, MESSAGE_TEXT, "Hello", 5);
	channel_send(c, MESSAGE_BINARY, NULL, 0);
	channel_ping(c, "p", 1);
	channel_close(c, 1000, NULL);
}

/* --- closing ------------------------------------------------------------------------- */

static void
test_closing(void)
{
	static const struct scene scenes[] = {
		{"the client closes", .act = close_1000,
		    .client = "open | closed 1000 bye", .server = "8:1000 bye"},
		{"the client closes without a code", .act = close_bare,
		    .client = "open | closed 1005", .server = "8:"},
		{"the peer closes", BYTES(frames, "\x88\x06\x03\xe9" "away"),
		    .client = "open | closing 1001 away | closed by peer 1001 away",
		    .server = "8:1001"},
		{"the peer closes without a code", BYTES(frames, "\x88\x00"),
		    .client = "open | closing 1005  | closed by peer 1005", .server = "8:"},
		{"both close", BYTES(frames, "\x88\x02\x0f\xa0"), .act = close_1000,
		    .client = "open | closed 4000", .server = "8:1000 bye"},
		{"messages come until the peer's close frame",
		    BYTES(frames, "\x81\x01" "a\x89\x01p\x88\x02\x03\xe8"), .act = close_1000,
		    .client = "open | text a | closed 1000",
		    .server = "8:1000 bye | 10:p"},
		{"what follows a close frame is ignored",
		    BYTES(frames, "\x88\x02\x03\xe8\x81\x01" "a\x89\x00\x88\x00\xff\xff"),
		    .client = "open | closing 1000  | closed by peer 1000", .server = "8:1000"},
		{"a close frame within a message",
		    BYTES(frames, "\x01\x01" "a\x88\x02\x03\xe8"),
		    .client = "open | closing 1000  | closed by peer 1000", .server = "8:1000"},
		{"the peer ends without a close frame", BYTES(frames, "\x81\x01" "a"),
		    .ends = true,
		    .client = "open | text a | closed by peer closed 1006 1006"},
		{"half a close code", BYTES(frames, "\x88\x01\x03"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"a close code that may not be", BYTES(frames, "\x88\x02\x03\xed"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"a close code of no one", BYTES(frames, "\x88\x02\x13\x88"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"a reason that is not UTF-8", BYTES(frames, "\x88\x03\x03\xe8\xff"),
		    .client = "open | closed protocol 1007 1006", .server = "8:1007"},
		{"a wrong close frame answers ours", BYTES(frames, "\x88\x01\x03"),
		    .act = close_1000,
		    .client = "open | closed protocol 1002 1006", .server = "8:1000 bye"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_failing(void)
{
	static const struct scene scenes[] = {
		{"text that is not UTF-8", BYTES(frames, "\x81\x02\xc3\x28"),
		    .client = "open | closed protocol 1007 1006", .server = "8:1007"},
		{"a reserved opcode", BYTES(frames, "\x83\x00"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"RSV1", BYTES(frames, "\xc1\x00"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"a masked frame", BYTES(frames, "\x81\x80\x01\x02\x03\x04"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"a ping that is too long", BYTES(frames, "\x89\x7e\x00\x7e"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"a message that is too long", BYTES(frames, "\x81\x06Hello!"), .max_message = 5,
		    .client = "open | closed limit 1009 1006", .server = "8:1009"},
		{"what follows is ignored", BYTES(frames, "\x83\x00\x81\x01" "a\x89\x00\x88\x00"),
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"the reason arrives though the peer sends 8 MiB before it reads",
		    BYTES(frames, "\x83\x00"), .flood = 8 << 20, .deaf = true,
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
		{"a peer that ends behind what is wrong", BYTES(frames, "\x83\x00"),
		    .ends = true, .client = "open | closed protocol 1002 1006"},
		{"a peer that does not end is left", BYTES(frames, "\x83\x00"), .stays = true,
		    .client = "open | closed protocol 1002 1006", .server = "8:1002"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- messages ------------------------------------------------------------------------ */

static void
test_messages(void)
{
	static const struct scene scenes[] = {
		{"messages, a ping and a pong out", .act = send_hello,
		    .client = "open | closed 1000",
		    .server = "1:Hello | 2: | 9:p | 8:1000"},
		{"a ping within a message is answered at once", BYTES(frames,
		    "\x01\x02He\x89\x03one\x00\x02ll\x89\x00\x80\x01o\x88\x00"),
		    .client = "open | text Hello | closing 1005  | closed by peer 1005",
		    .server = "10:one | 10: | 8:"},
		{"pongs that no one asked for", BYTES(frames, "\x8a\x01x\x8a\x00\x88\x00"),
		    .client = "open | pong x | pong  | closing 1005  | closed by peer 1005",
		    .server = "8:"},
		{"text goes through as it is", BYTES(frames, "\x81\x04\xf4\x8f\xbf\xbf\x88\x00"),
		    .client = "open | text \\f4\\8f\\bf\\bf | closing 1005  | closed by peer 1005",
		    .server = "8:"},
	};
	static char ping[2 + 125 + 2];
	static struct scene longest = {"the longest ping", .frames = ping,
	    .frames_len = sizeof ping};
	char server[200];

	check_all(scenes, COUNT(scenes));
	memset(ping, 'p', sizeof ping);
	memcpy(ping, "\x89\x7d", 2);
	memcpy(ping + 127, "\x88", 2);
	snprintf(server, sizeof server, "10:%.125s | 8:", ping + 2);
	longest.server = server;
	check_all(&longest, 1);
}

/* --- answers ------------------------------------------------------------------------- */

#define REFUSED "HTTP/1.1 403 Forbidden\r\nA: b\r\n"

static void
test_answers(void)
{
	static const struct scene scenes[] = {
		{"interim answers come first", BYTES(answer, "HTTP/1.1 100 Continue\r\n\r\n"
		    "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 403 No\r\n"
		    "Content-Length: 0\r\n\r\n"),
		    .client = "closed http 403 1006 refusal 403 of 1 fields: "},
		{"not HTTP", BYTES(answer, "SSH-2.0-x\r\n"),
		    .client = "closed handshake 0 1006"},
		{"no answer", BYTES(answer, ""), .ends = true,
		    .client = "closed handshake 0 1006"},
		{"half an answer", BYTES(answer, "HTTP/1.1 101 Swi"), .ends = true,
		    .client = "closed handshake 0 1006"},
		{"a wrong accept key", BYTES(answer, "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\n"
		    "Connection: upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"), .max_refusal = 100,
		    .client = "closed handshake 0 1006 refusal 101 of 3 fields: "},
		{"an extension that was not offered",
		    .fields = "Sec-WebSocket-Extensions: permessage-deflate\r\n",
		    .client = "closed handshake 0 1006 refusal 101 of 4 fields: "},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_refusals(void)
{
	static const struct scene scenes[] = {
		{"a body of a length", BYTES(answer, REFUSED "Content-Length: 2\r\n\r\nnope"),
		    .max_refusal = 100,
		    .client = "closed http 403 1006 refusal 403 of 2 fields: no"},
		{"a chunked body", BYTES(answer, REFUSED "Transfer-Encoding: chunked\r\n\r\n"
		    "2\r\nno\r\n3;x\r\n, n\r\n1\r\no\r\n0\r\nA: b\r\n\r\n"), .max_refusal = 100,
		    .client = "closed http 403 1006 refusal 403 of 2 fields: no, no"},
		{"a body until the end", BYTES(answer, REFUSED "\r\nno"), .max_refusal = 100,
		    .ends = true,
		    .client = "closed http 403 1006 refusal 403 of 1 fields: no"},
		{"a body of exactly the bound", BYTES(answer, REFUSED "Content-Length: 5\r\n\r\n"
		    "Hello"), .max_refusal = 5,
		    .client = "closed http 403 1006 refusal 403 of 2 fields: Hello"},
		{"a body beyond the bound", BYTES(answer, REFUSED "Content-Length: 500\r\n\r\n"
		    "Hello, you"), .max_refusal = 5,
		    .client = "closed http 403 1006 refusal 403 of 2 fields: Hello …"},
		{"an endless body", BYTES(answer, REFUSED "\r\n"), .flood = 8 << 20,
		    .max_refusal = 4,
		    .client = "closed http 403 1006 refusal 403 of 1 fields: \\82~\\03\\e6 …"},
		{"a body that is cut", BYTES(answer, REFUSED "Content-Length: 5\r\n\r\nno"),
		    .max_refusal = 100, .ends = true,
		    .client = "closed http 403 1006 refusal 403 of 2 fields: no …"},
		{"a body whose chunks are wrong", BYTES(answer, REFUSED
		    "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\nx"), .max_refusal = 100,
		    .client = "closed http 403 1006 refusal 403 of 2 fields: no …"},
		{"a body of two lengths", BYTES(answer, REFUSED
		    "Content-Length: 2\r\nContent-Length: 3\r\n\r\nnop"), .max_refusal = 100,
		    .client = "closed http 403 1006 refusal 403 of 3 fields:  …"},
		{"the head will do", BYTES(answer, REFUSED "Content-Length: 2\r\n\r\nno"),
		    .client = "closed http 403 1006 refusal 403 of 2 fields:  …"},
		{"no body", BYTES(answer, "HTTP/1.1 204 No Content\r\n\r\n"), .max_refusal = 100,
		    .client = "closed http 204 1006 refusal 204 of 0 fields: "},
		{"an answer of HTTP/1.0", BYTES(answer, "HTTP/1.0 200 OK\r\n\r\nhi"),
		    .max_refusal = 100, .ends = true,
		    .client = "closed http 200 1006 refusal 200 of 0 fields: hi"},
	};

	check_all(scenes, COUNT(scenes));
}

/* While the body is read, closing ends that. */
static void
close_refused(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	if (strcmp(channel_stage(p->channel), "refused") == 0)
		channel_close(p->channel, 1000, NULL);
	else
		loop_timer_set(&p->guard, NS_PER_MS);
}

static void
test_close_refused(void)
{
	static const struct scene s = {"closing while a refusal is read",
	    BYTES(answer, REFUSED "Content-Length: 5\r\n\r\n"), .max_refusal = 100};
	struct play p;

	set_up(&p, &s, false, close_refused);
	loop_timer_set(&p.guard, NS_PER_MS);
	run(&p);
	tap_text((char *)p.client.data, "closed http 403 1006 refusal 403 of 2 fields:  …",
	    s.name);
	tear_down(&p);
}

/* When both have said close, and the server stays, so does closing. */
static void
close_ending(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	if (strcmp(channel_stage(p->channel), "ending") == 0)
		channel_close(p->channel, 1001, NULL);
	else
		loop_timer_set(&p->guard, NS_PER_MS);
}

static void
test_close_ending(void)
{
	static const struct scene s = {"closing while the server should end the connection",
	    BYTES(frames, "\x88\x02\x03\xe8"), .stays = true};
	struct play p;

	set_up(&p, &s, false, close_ending);
	loop_timer_set(&p.guard, NS_PER_MS);
	run(&p);
	tap_text((char *)p.client.data, "open | closing 1000  | closed by peer 1000", s.name);
	tear_down(&p);
}

/* --- pauses -------------------------------------------------------------------------- */

static void
pause_it(struct channel *c)
{
	channel_pause(c, true);
}

static void
go_on(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	if (p->client.len == 0) {
		loop_timer_set(&p->guard, NS_PER_MS);
		return;
	}
	say(&p->client, "pause over");
	channel_pause(p->channel, false);
}

/* The messages stand behind the answer, in the same read. */
static void
test_pause(void)
{
	static const struct scene s = {"in a pause no message is told",
	    BYTES(frames, "\x81\x01" "a\x81\x01" "b\x88\x00"), .act = pause_it};
	struct play p;

	for (int bytewise = 0; bytewise < 2; bytewise++) {
		set_up(&p, &s, bytewise, go_on);
		loop_timer_set(&p.guard, NS_PER_MS);
		run(&p);
		tap_text((char *)p.client.data, "open | pause over | text a | text b | "
		    "closing 1005  | closed by peer 1005", s.name);
		tear_down(&p);
	}
}

/* --- compression --------------------------------------------------------------------- */

#define AGREED "Sec-WebSocket-Extensions: permessage-deflate"
#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00"

static void
send_twice(struct channel *c)
{
	struct channel_compression n;

	channel_send(c, MESSAGE_TEXT, "Hello", 5);
	channel_send(c, MESSAGE_TEXT, "Hello", 5);
	channel_send(c, MESSAGE_TEXT, NULL, 0);
	channel_compression(c, &n);
	if (n.out_plain != 10 || n.out_wire != 13)
		abort();
	channel_close(c, 1000, NULL);
}

static void
send_no_takeover(struct channel *c)
{
	static char text[500];

	memset(text, 'a', sizeof text);
	channel_send(c, MESSAGE_TEXT, "Hello", 5);
	channel_send(c, MESSAGE_TEXT, text, sizeof text);
	channel_send(c, MESSAGE_TEXT, text, sizeof text);
	channel_close(c, 1000, NULL);
}

static void
test_deflate(void)
{
	static const struct scene scenes[] = {
		{"declined", .offer = "", .act = send_hello, .client = "open | closed 1000",
		    .server = "1:Hello | 2: | 9:p | 8:1000"},
		{"compressed messages in", .offer = "", .fields = AGREED "\r\n",
		    BYTES(frames, "\xc1\x07" HELLO "\x42\x01\xf2\x89\x01p\x80\x04\x00\x11\x00\x00"
		    "\x81\x02hi\x88\x00"),
		    .client = "open 0 0 15 15 | text Hello | binary Hello | text hi | "
		    "closing 1005  | closed by peer 1005", .server = "10:p | 8:"},
		{"compressed messages out", .offer = "", .fields = AGREED "\r\n",
		    .act = send_twice, .client = "open 0 0 15 15 | closed 1000",
		    .server = "r4 1:\\f2H\\cd\\c9\\c9\\07\\00 | r4 1:\\f2\\00\\11\\00\\00 | "
		    "r4 1:\\00 | 8:1000"},
		{"without context takeover", .offer = "client_no_context_takeover",
		    .fields = AGREED "; server_no_context_takeover\r\n",
		    BYTES(frames, "\xc1\x07" HELLO "\xc1\x07" HELLO), .act = send_no_takeover,
		    .client = "open 1 1 15 15 | text Hello | text Hello | closed 1000",
		    .server = "1:Hello | r4 1:JL\\1c\\05#\\0d\\00\\00 | "
		    "r4 1:JL\\1c\\05#\\0d\\00\\00 | 8:1000"},
		{"a peer with the smallest window", .offer = "client_max_window_bits",
		    .fields = AGREED "; client_max_window_bits=8\r\n", .act = send_hello,
		    .client = "open 0 0 15 8 | closed 1000",
		    .server = "1:Hello | 2: | 9:p | 8:1000"},
		{"what is no deflate data", .offer = "", .fields = AGREED "\r\n",
		    BYTES(frames, "\xc1\x05Hello"),
		    .client = "open 0 0 15 15 | closed protocol 1007 1006", .server = "8:1007"},
		{"what is too long", .offer = "", .fields = AGREED "\r\n", .max_message = 4,
		    BYTES(frames, "\xc1\x07" HELLO),
		    .client = "open 0 0 15 15 | closed limit 1009 1006", .server = "8:1009"},
		{"a compressed ping", .offer = "", .fields = AGREED "\r\n",
		    BYTES(frames, "\xc9\x00"),
		    .client = "open 0 0 15 15 | closed protocol 1002 1006", .server = "8:1002"},
		{"a parameter that was not offered", .offer = "",
		    .fields = AGREED "; client_max_window_bits=10\r\n",
		    .client = "closed handshake 0 1006 refusal 101 of 4 fields: "},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- large messages, and room ---------------------------------------------------------- */

enum { LARGE = 16 << 20 };

static void
send_large(struct channel *c)
{
	uint8_t *data = malloc(LARGE);
	struct rng rng;

	rng_init(&rng, 3);
	for (size_t i = 0; i < LARGE; i += 8) {
		uint64_t word = rng_u64(&rng);

		memcpy(data + i, &word, 8);
	}
	if (channel_send(c, MESSAGE_BINARY, data, LARGE) != 0)
		abort();
	if (channel_send(c, MESSAGE_BINARY, data, LARGE) != 0)
		abort();
	free(data);
	channel_close(c, 1000, NULL);
}

static void
send_too_much(struct channel *c)
{
	size_t size = BACKLOG + (1 << 20);
	uint8_t *data = malloc(size);
	struct rng rng;

	rng_init(&rng, 3);
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = rng_u64(&rng);

		memcpy(data + i, &word, 8);
	}
	if (channel_send(c, MESSAGE_BINARY, data, size) != -1)
		abort();
	channel_send(c, MESSAGE_TEXT, "Hello", 5);
	free(data);
	channel_close(c, 1000, NULL);
}

static void
test_large(void)
{
	static const struct scene scenes[] = {
		{"two messages of 16 MiB", .act = send_large, .client = "open | closed 1000",
		    .server = "2:16384 KiB | 2:16384 KiB | 8:1000"},
		{"and compressed, though they grow", .act = send_large, .offer = "",
		    .fields = AGREED "\r\n", .client = "open 0 0 15 15 | closed 1000",
		    .server = "r4 2:16389 KiB | r4 2:16389 KiB | 8:1000"},
		{"and not compressed, since they would", .act = send_large,
		    .offer = "client_no_context_takeover", .fields = AGREED "\r\n",
		    .client = "open 0 1 15 15 | closed 1000",
		    .server = "2:16384 KiB | 2:16384 KiB | 8:1000"},
		{"a message for which there is no room", .act = send_too_much,
		    .client = "open | closed 1000", .server = "1:Hello | 8:1000"},
		{"nor compressed, and later ones can be read", .act = send_too_much, .offer = "",
		    .fields = AGREED "\r\n", .client = "open 0 0 15 15 | closed 1000",
		    .server = "r4 1:\\f2H\\cd\\c9\\c9\\07\\00 | 8:1000"},
	};

	for (size_t i = 0; i < COUNT(scenes); i++)
		check_once(&scenes[i], false);
}

/* --- faults -------------------------------------------------------------------------- */

#define PING_126 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
test_faults(void)
{
	static const struct scene scenes[] = {
		{"unmasked", .fault = WS_FAULT_UNMASKED, .act = send_hello,
		    .client = "open | closed 1000",
		    .server = "u 1:Hello | u 2: | u 9:p | u 8:1000"},
		{"reserved bits", .fault = WS_FAULT_RSV, .act = send_hello,
		    .server = "r3 1:Hello | r3 2: | 9:p | 8:1000"},
		{"a reserved opcode", .fault = WS_FAULT_OPCODE, .act = send_hello,
		    .server = "3:Hello | 3: | 9:p | 8:1000"},
		{"text that is not UTF-8", .fault = WS_FAULT_BAD_UTF8, .act = send_hello,
		    .server = "1:Hello\\ff | 2: | 9:p | 8:1000"},
		{"fragments", .fault = WS_FAULT_FRAGMENTED, .act = send_hello,
		    .server = "1+:H | 9: | 0+:e | 9: | 0+:l | 9: | 0+:l | 9: | 0:o | 2: | 9:p | "
		    "8:1000"},
		{"compressed fragments", .fault = WS_FAULT_FRAGMENTED, .act = send_twice,
		    .offer = "", .fields = AGREED "\r\n",
		    .server = "r4 1+:\\f2 | 9: | 0+:H | 9: | 0+:\\cd | 9: | 0+:\\c9 | 9: | "
		    "0+:\\c9 | 9: | 0+:\\07 | 9: | 0:\\00 | r4 1+:\\f2 | 9: | 0+:\\00 | 9: | "
		    "0+:\\11 | 9: | 0+:\\00 | 9: | 0:\\00 | r4 1:\\00 | 8:1000"},
		{"control frames that are too long", .fault = WS_FAULT_OVERSIZE_CONTROL,
		    .act = send_hello,
		    .server = "9:x" PING_126 " | 1:Hello | 9:x" PING_126 " | 2: | 9:p" PING_126
		    " | 8:1000"},
		{"no close frame is answered", .fault = WS_FAULT_NO_CLOSE,
		    BYTES(frames, "\x88\x00"), .ends = true,
		    .client = "open | closing 1005  | closed by peer 1005", .server = ""},
		{"nor sent", .fault = WS_FAULT_NO_CLOSE, .act = send_hello,
		    BYTES(frames, "\x88\x00"), .ends = true,
		    .client = "open | closed 1005", .server = NULL},
		{"nor sent to one who breaks the protocol", .fault = WS_FAULT_NO_CLOSE,
		    BYTES(frames, "\x83\x00"), .ends = true,
		    .client = "open | closed protocol 1002 1006", .server = ""},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- wire events --------------------------------------------------------------------- */

static void
test_wire(void)
{
	static const struct scene whole[] = {
		{"heads and frames", .wire = true, .act = send_hello,
		    BYTES(frames, "\x01\x02He\x89\x01q\x80\x03llo\x8a\x01p"),
		    .client = "> GET / HTTP/1 | < HTTP/1.1 101 | open | > 1:Hello | > 2: | > 9:p | "
		    "> 8:1000 | < 1+:He | < 9:q | > 10:q | < 0:llo | text Hello | < 10:p | "
		    "pong p | < 8:1000 | closed 1000",
		    .server = "1:Hello | 2: | 9:p | 8:1000 | 10:q"},
		{"payloads as they are on the wire", .wire = true, .act = send_twice, .offer = "",
		    .fields = AGREED "\r\n", BYTES(frames, "\xc1\x07" HELLO),
		    .client = "> GET / HTTP/1 | < HTTP/1.1 101 | open 0 0 15 15 | "
		    "> r4 1:\\f2H\\cd\\c9\\c9\\07\\00 | > r4 1:\\f2\\00\\11\\00\\00 | "
		    "> r4 1:\\00 | > 8:1000 | < r4 1:\\f2H\\cd\\c9\\c9\\07\\00 | text Hello | "
		    "< 8:1000 | closed 1000"},
		{"a fault", .wire = true, .act = send_hello, .fault = WS_FAULT_RSV,
		    .client = "> GET / HTTP/1 | < HTTP/1.1 101 | open | > r3 1:Hello | > r3 2: | "
		    "> 9:p | > 8:1000 | < 8:1000 | closed 1000"},
		{"a refusal", .wire = true, BYTES(answer, "HTTP/1.1 103 \r\n\r\n"
		    "HTTP/1.1 401 \r\nContent-Length: 0\r\n\r\n"),
		    .client = "> GET / HTTP/1 | < HTTP/1.1 103 | < HTTP/1.1 401 | "
		    "closed http 401 1006 refusal 401 of 1 fields: "},
		{"a frame is told before what is wrong with it", .wire = true,
		    BYTES(frames, "\x81\x02\xc3\x28"),
		    .client = "> GET / HTTP/1 | < HTTP/1.1 101 | open | < 1:\\c3( | > 8:1007 | "
		    "closed protocol 1007 1006"},
	};
	static const struct scene pieces = {"frames that come in pieces are told once",
	    .wire = true, BYTES(frames, "\x81\x05Hello\x88\x02\x03\xe8"),
	    .client = "> GET / HTTP/1 | < HTTP/1.1 101 | open | < 1 of 5 | text Hello | < 8 of 2 | "
	    "> 8:1000 | closing 1000  | closed by peer 1000"};

	for (size_t i = 0; i < COUNT(whole); i++)
		check_once(&whole[i], false);
	check_once(&pieces, true);
}

/* --- freeing ------------------------------------------------------------------------- */

static struct channel *freed;

static void
free_now(struct channel *c)
{
	freed = c;
	channel_free(c, false);
}

/* Any callback may free, and then none comes any more. */
static void
test_free(void)
{
	static const struct scene s = {"freed when it opens", .act = free_now,
	    BYTES(frames, "\x81\x01" "a")};
	struct play p;

	set_up(&p, &s, false, give_up);
	loop_timer_set(&p.guard, GUARD_S * NS_PER_S);
	p.over = true;                         /* the peer's end will do */
	run(&p);
	tap_ok(freed == p.channel && strcmp((char *)p.client.data, "open") == 0, "%s", s.name);
	p.channel = NULL;
	tear_down(&p);
}

int
main(void)
{
	test_closing();
	test_failing();
	test_messages();
	test_answers();
	test_refusals();
	test_close_refused();
	test_close_ending();
	test_pause();
	test_deflate();
	test_large();
	test_faults();
	test_wire();
	test_free();
	return tap_done();
}
