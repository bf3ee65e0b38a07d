/* conversation_test.c: a conversation against a peer in the same process, which answers by a
 * script: redirects, cookies, reconnects, tokens, and an end in every callback. */
#include "lib/session/conversation.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/base/url.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_handshake.h"
#include "lib/loop/loop.h"
#include "lib/session/client.h"
#include "lib/transport/endpoint.h"
#include "tests/unit/tap.h"

enum {
	PEERS = 2,                   /* two ports are two origins */
	ANSWERS = 16,
	CONNECTIONS = 32,
	PATIENCE_S = 20,
	LARGE = 8 << 20,
};

/* The wall clock of this test. */
static time_t wall = 1700000000;
static int wall_step;            /* seconds that pass with each request */

time_t
time(time_t *into)
{
	if (into != NULL)
		*into = wall;
	return wall;
}

static struct loop *loop;
static struct resolver *resolver;
static struct rng rng;

/* --- the peer ---------------------------------------------------------------------------- */

/* What one connection gets. NULL head: 101. "%d" in a head is the second peer's port. */
struct answer {
	const char *head;            /* with its last CRLF, without the empty line */
	const char *fields;          /* of a 101 */
	enum { STAY, DROP, SAY, CLOSE, SILENT } then;
	unsigned code;               /* of CLOSE */
};

struct connection {
	struct event event;
	int fd;
	bool open;
	struct buf in;
	const struct answer *answer;
};

static struct {
	struct event event;
	int fd;
	uint16_t port;
} peers[PEERS];

static struct connection connections[CONNECTIONS];
static size_t connection_count;
static const struct answer *script;
static size_t script_length, requests_count;
static char *requests[CONNECTIONS];

static void
peer_end(struct connection *c)
{
	if (c->fd < 0)
		return;
	event_del(&c->event);
	close(c->fd);
	c->fd = -1;
	buf_release(&c->in);
}

static void
peer_send(struct connection *c, const void *data, size_t len)
{
	if (send(c->fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
		tap_ok(false, "the peer could not send");
}

static void
peer_frame(struct connection *c, uint8_t opcode, const void *data, size_t len)
{
	uint8_t frame[2 + 125] = {(uint8_t)(0x80 | opcode), (uint8_t)len};

	if (len > 0)
		memcpy(frame + 2, data, len);
	peer_send(c, frame, len + 2);
}

static void
peer_upgrade(struct connection *c, const char *request)
{
	const char *key = strstr(request, "Sec-WebSocket-Key: ");
	char accept[WS_ACCEPT_LENGTH + 1], text[1024];

	if (key == NULL)
		return;
	ws_accept_make(accept, key + 19);
	snprintf(text, sizeof text, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", accept,
	    c->answer->fields != NULL ? c->answer->fields : "");
	peer_send(c, text, strlen(text));
	c->open = true;
}

static void
peer_refuse(struct connection *c)
{
	char head[1024], text[1200];

	snprintf(head, sizeof head, "%s", c->answer->head);
	if (strstr(c->answer->head, "%d") != NULL)
		snprintf(head, sizeof head, "%.*s%d%s",
		    (int)(strstr(c->answer->head, "%d") - c->answer->head), c->answer->head,
		    peers[1].port, strstr(c->answer->head, "%d") + 2);
	snprintf(text, sizeof text, "%sContent-Length: 2\r\n\r\nno", head);
	peer_send(c, text, strlen(text));
	peer_end(c);
}

static void
peer_answer(struct connection *c)
{
	uint16_t code = htons((uint16_t)c->answer->code);

	if (c->answer->then == SILENT)
		return;
	if (c->answer->head != NULL) {
		peer_refuse(c);
		return;
	}
	peer_upgrade(c, (const char *)c->in.data);
	buf_drop(&c->in, c->in.len);
	if (c->answer->then == SAY)
		peer_frame(c, 1, "hello", 5);
	if (c->answer->then == CLOSE)
		peer_frame(c, 8, &code, 2);
	if (c->answer->then == DROP)
		peer_end(c);
}

/* One frame of the client, if it is whole: pings and closes are answered, all else is heard. */
static bool
peer_take_frame(struct connection *c)
{
	const uint8_t *at = c->in.data;
	size_t head = 6, len;
	uint8_t payload[125];

	if (c->in.len < head)
		return false;
	len = at[1] & 0x7f;
	if (len >= 126) {
		head += len == 126 ? 2 : 8;
		if (c->in.len < head)
			return false;
		len = 0;
		for (size_t i = 2; i < head - 4; i++)
			len = len << 8 | at[i];
	}
	if (c->in.len < head + len)
		return false;
	for (size_t i = 0; i < len && i < sizeof payload; i++)
		payload[i] = at[head + i] ^ at[head - 4 + i % 4];
	if ((at[0] & 15) == 9)
		peer_frame(c, 10, payload, len);
	if ((at[0] & 15) == 8) {
		if (c->answer->then != CLOSE)
			peer_frame(c, 8, payload, len);
		peer_end(c);
		return false;
	}
	buf_drop(&c->in, head + len);
	return true;
}

static void
peer_readable(evutil_socket_t fd, short events, void *ctx)
{
	static uint8_t bytes[65536];
	struct connection *c = ctx;
	ssize_t got = recv(fd, bytes, sizeof bytes, 0);

	(void)events;
	if (got <= 0) {
		peer_end(c);
		return;
	}
	buf_add(&c->in, bytes, (size_t)got);
	if (c->open) {
		while (c->fd >= 0 && peer_take_frame(c))
			continue;
		return;
	}
	if (c->in.len < 4 || memcmp(c->in.data + c->in.len - 4, "\r\n\r\n", 4) != 0)
		return;
	buf_add(&c->in, "", 1);
	requests[requests_count++] = strdup((const char *)c->in.data);
	wall += wall_step;
	peer_answer(c);
}

static void
peer_accept(evutil_socket_t fd, short events, void *ctx)
{
	static const struct answer none = {.then = SILENT};
	struct connection *c = &connections[connection_count];

	(void)events;
	(void)ctx;
	if (connection_count >= CONNECTIONS)
		abort();
	*c = (struct connection){.fd = accept(fd, NULL, NULL), .answer = &none};
	if (connection_count < script_length)
		c->answer = &script[connection_count];
	else
		tap_ok(false, "no more connections than the script has");
	connection_count++;
	buf_init(&c->in, LARGE * 2);
	event_assign(&c->event, loop_base(loop), c->fd, EV_READ | EV_PERSIST, peer_readable, c);
	event_add(&c->event, NULL);
}

static void
peers_start(void)
{
	for (int i = 0; i < PEERS; i++) {
		struct sockaddr_in a = {.sin_family = AF_INET,
		    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		socklen_t len = sizeof a;

		peers[i].fd = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(peers[i].fd, (struct sockaddr *)&a, len) != 0 ||
		    listen(peers[i].fd, 16) != 0 ||
		    getsockname(peers[i].fd, (struct sockaddr *)&a, &len) != 0)
			abort();
		peers[i].port = ntohs(a.sin_port);
		event_assign(&peers[i].event, loop_base(loop), peers[i].fd, EV_READ | EV_PERSIST,
		    peer_accept, NULL);
		event_add(&peers[i].event, NULL);
	}
}

static void
peers_stop(void)
{
	for (int i = 0; i < PEERS && peers[i].fd > 0; i++) {
		event_del(&peers[i].event);
		close(peers[i].fd);
	}
	for (size_t i = 0; i < connection_count; i++)
		peer_end(&connections[i]);
	for (size_t i = 0; i < requests_count; i++)
		free(requests[i]);
	connection_count = requests_count = 0;
}

/* The value of a field of a request; "" when it has none. */
static const char *
field(size_t request, const char *name)
{
	static char value[2048];
	char front[100];
	const char *at;

	value[0] = '\0';
	snprintf(front, sizeof front, "\r\n%s: ", name);
	at = request < requests_count ? strstr(requests[request], front) : NULL;
	if (at != NULL)
		snprintf(value, sizeof value, "%.*s", (int)strcspn(at + strlen(front), "\r"),
		    at + strlen(front));
	return value;
}

/* --- the conversation -------------------------------------------------------------------- */

/* What the test does when something is told; one letter each, as in the log. */
enum deed {
	NOTHING, DO_CLOSE, DO_HURRY, DO_FREE, DO_PING, DO_SEND, DO_PAUSE, DO_RESUME, DO_LATER,
};

struct rule {
	char when;                   /* at this letter … */
	enum deed deed;              /* … this is done */
};

struct talk {
	struct conversation *c;
	char log[512];               /* what was told, in order */
	struct rule rules[2];
	enum deed later;             /* what DO_LATER and DO_PAUSE do in the next turn */
	struct err why;              /* of the last end or retry */
	unsigned code;
	int status;                  /* of the answer that came with it; 0: none */
	struct backoff backoff;
	bool wrong_send;             /* a message was taken though nothing was open */
	struct conversation_totals totals;
	int wires[3];                /* of each enum wire_kind */
	struct loop_timer next, patience;
};

static void
do_now(struct talk *t, enum deed deed)
{
	static char large[LARGE];

	switch (deed) {
	case NOTHING:
		break;
	case DO_CLOSE:
		conversation_close(t->c, 1000, "bye");
		break;
	case DO_HURRY:
		conversation_hurry(t->c);
		break;
	case DO_FREE:
		conversation_free(t->c, false);
		t->c = NULL;
		loop_stop(loop);
		break;
	case DO_PING:
		tap_int(conversation_ping(t->c), 0, "a ping");
		tap_int(conversation_ping(t->c), -1, "but not two");
		break;
	case DO_SEND:
		tap_int(conversation_send(t->c, MESSAGE_BINARY, large, sizeof large), 0,
		    "a message that has to wait");
		tap_ok(conversation_backlog(t->c) > 0, "and is waiting");
		break;
	case DO_PAUSE:
		conversation_pause(t->c, true);
		loop_timer_set(&t->next, 0);
		break;
	case DO_RESUME:
		conversation_pause(t->c, false);
		break;
	case DO_LATER:
		loop_timer_set(&t->next, 0);
		break;
	}
}

static void
next_turn(evutil_socket_t fd, short events, void *ctx)
{
	struct talk *t = ctx;

	(void)fd;
	(void)events;
	do_now(t, t->later);
}

/* Logs, and does what is to be done at that letter. */
static void __attribute__((format(printf, 2, 3)))
told(struct talk *t, const char *format, ...)
{
	size_t len = strlen(t->log);
	va_list args;

	va_start(args, format);
	vsnprintf(t->log + len, sizeof t->log - len, format, args);
	va_end(args);
	if (!conversation_is_open(t->c) && (conversation_send(t->c, MESSAGE_TEXT, "x", 1) != -1 ||
	    conversation_ping(t->c) != -1))
		t->wrong_send = true;
	for (int i = 0; i < 2; i++)
		if (t->log[len] == t->rules[i].when)
			do_now(t, t->rules[i].deed);
}

static void
connecting(void *ctx, const struct url *to, unsigned redirect)
{
	told(ctx, "c%s%u ", to->target, redirect);
}

static void
opened(void *ctx, const struct channel_opened *o)
{
	told(ctx, o->head->status == 101 ? "o " : "o? ");
}

static void
message(void *ctx, const struct message *m)
{
	told(ctx, "m%.*s ", (int)m->len, (const char *)m->data);
}

static void
pong(void *ctx, uint64_t round_trip_ns)
{
	told(ctx, round_trip_ns < PATIENCE_S * NS_PER_S ? "p " : "p? ");
}

static void
drained(void *ctx)
{
	told(ctx, "d ");
}

static void
note(struct talk *t, const struct channel_end *end)
{
	t->why = end->why;
	t->code = end->code;
	t->status = end->refusal != NULL ? end->refusal->head->status : 0;
}

static void
closing(void *ctx, const struct channel_end *end)
{
	told(ctx, "e%u ", end->code);
}

static void
retrying(void *ctx, const struct conversation_retry *r)
{
	struct talk *t = ctx;
	uint64_t bound = t->backoff.min << (r->attempt - 1);

	note(t, r->why);
	if (r->wait_ns > (bound < t->backoff.max ? bound : t->backoff.max))
		tap_ok(false, "the wait is within its bound");
	told(t, "r%u ", r->attempt);
}

static void
closed(void *ctx, const struct channel_end *end)
{
	struct talk *t = ctx;

	note(t, end);
	conversation_totals(t->c, &t->totals);
	told(t, "z%s ", err_class_name(end->why.class));
	loop_stop(loop);
}

static void
too_long(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	(void)ctx;
	tap_ok(false, "it ends in time");
	loop_stop(loop);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct talk *t = ctx;

	t->wires[w->kind]++;
}

/* What a WebSocket never tells. */
static void
notice(void *ctx, const struct channel_notice *n)
{
	(void)ctx;
	tap_ok(false, "a notice: %s", n->what.text);
}

static void
refused(void *ctx, const struct err *why, const struct channel_refusal *refusal)
{
	(void)ctx;
	(void)refusal;
	tap_ok(false, "refused: %s", why->text);
}

static const struct conversation_events events = {connecting, opened, message, pong, drained,
    closing, retrying, closed, NULL, notice, refused};
static const struct conversation_events watched_events = {connecting, opened, message, pong,
    drained, closing, retrying, closed, wire, notice, refused};

/* A test's wishes besides the answers. */
struct wish {
	struct client_options options;
	int redirects, retries;
	struct backoff backoff;
	struct rule rules[2];
	enum deed later;
	bool watched;
};

static void
settle(struct talk *t, const struct wish *w)
{
	conversation_free(t->c, false);
	t->c = NULL;
	loop_timer_clear(&t->next);
	loop_timer_clear(&t->patience);
	tap_ok(!t->wrong_send, "nothing is taken while it is not open");
	for (int i = 0; i < 2; i++)
		if (w->rules[i].when != 0 && strchr(t->log, w->rules[i].when) == NULL)
			tap_ok(false, "'%c' was told", w->rules[i].when);
}

static struct talk
talk(const struct wish *w, const struct answer *answers, size_t count)
{
	struct talk t = {.rules = {w->rules[0], w->rules[1]}, .later = w->later,
	    .backoff = w->backoff};
	struct client_options o = w->options;
	struct conversation_params p = {.resolver = resolver, .rng = &rng, .number = 7,
	    .redirects = w->redirects, .retries = w->retries, .backoff = w->backoff};
	struct client *client;
	struct err e = {0};
	struct url url;
	char text[100];

	script = answers;
	script_length = count;
	peers_stop();
	peers_start();
	o.open_timeout = PATIENCE_S * NS_PER_S;
	o.close_timeout = PATIENCE_S * NS_PER_S;
	o.max_backlog = o.max_message = 16 << 20;
	o.max_refusal = 100;
	client = client_new(&o, &e);
	snprintf(text, sizeof text, "ws://127.0.0.1:%u/a", peers[0].port);
	url_parse(&url, text, NULL);
	p.client = client;
	p.url = &url;
	loop_timer_init(&t.next, loop, next_turn, &t);
	loop_timer_init(&t.patience, loop, too_long, &t);
	loop_timer_set(&t.patience, PATIENCE_S * NS_PER_S);
	t.c = conversation_open(loop, &p, w->watched ? &watched_events : &events, &t, &e);
	if (!tap_ok(t.c != NULL && t.log[0] == '\0', "begun, nothing told yet: %s", e.text))
		abort();
	loop_run(loop, &e);
	settle(&t, w);
	url_release(&url);
	client_free(client);
	return t;
}

#define WISH(...) &(const struct wish){__VA_ARGS__}
#define TALK(wish, ...) talk(wish, (const struct answer[]){__VA_ARGS__}, \
	sizeof((const struct answer[]){__VA_ARGS__}) / sizeof(struct answer))

#define MOVED "HTTP/1.1 302 Found\r\nLocation: "
#define BUSY "HTTP/1.1 503 Busy\r\n"
#define BACKOFF {NS_PER_MS, 2 * NS_PER_MS}
#define NEVER {1000 * NS_PER_S, 1000 * NS_PER_S}

/* --- redirects --------------------------------------------------------------------------- */

static void
test_redirects(void)
{
	struct talk t = TALK(WISH(.redirects = 2, .options = {.bearer = "t", .cookie = "own=1"}),
	    {.head = MOVED "next?x\r\nSet-Cookie: jar=2; Path=/\r\n"},
	    {.head = MOVED "http://127.0.0.1:%d/other\r\nSet-Cookie: more=3\r\n"},
	    {.then = CLOSE, .code = 1000});

	tap_text(t.log, "c/a0 c/next?x1 c/other2 o e1000 znone ", "two redirects are followed");
	tap_text(field(0, "Authorization"), "Bearer t", "first: authorized");
	tap_text(field(0, "Cookie"), "own=1", "with the user's cookie");
	tap_text(field(1, "Authorization"), "Bearer t", "within the origin: authorized");
	tap_text(field(1, "Cookie"), "own=1; jar=2", "with both cookies");
	tap_text(field(2, "Authorization"), "", "elsewhere: not authorized");
	tap_text(field(2, "Cookie"), "jar=2; more=3", "with what the host has set");
	tap_int((long long)t.totals.connections, 1, "one connection was open");
}

static void
test_no_redirects(void)
{
	struct talk t = TALK(WISH(0), {.head = MOVED "/b\r\n"});

	tap_text(t.log, "c/a0 zhttp ", "not asked for: not followed");
	tap_int(t.why.code, 302, "the status is told");
	tap_int(t.status, 302, "and the answer");
	t = TALK(WISH(.redirects = 2), {.head = MOVED "/b\r\n"}, {.head = MOVED "/c\r\n"},
	    {.head = MOVED "/d\r\n"});
	tap_text(t.log, "c/a0 c/b1 c/c2 zhttp ", "not more than wanted");
	tap_ok(strstr(t.why.text, "2 redirects") != NULL && t.why.code == 302, "%s", t.why.text);
	t = TALK(WISH(.redirects = 2), {.head = MOVED "ftp://x/\r\n"});
	tap_text(t.log, "c/a0 zhttp ", "not to what is no WebSocket");
	tap_ok(strstr(t.why.text, "redirected") != NULL && t.status == 302, "%s", t.why.text);
	t = TALK(WISH(.redirects = 2), {.head = "HTTP/1.1 302 Found\r\n"});
	tap_text(t.log, "c/a0 zhttp ", "nor without a Location");
}

static void
test_redirected_again(void)
{
	struct talk t = TALK(WISH(.redirects = 5, .retries = 1, .backoff = BACKOFF),
	    {.head = MOVED "http://127.0.0.1:%d/b\r\n"}, {.then = DROP},
	    {.head = MOVED "/c\r\n"}, {.then = CLOSE, .code = 1000});

	tap_text(t.log, "c/a0 c/b1 o r1 c/a0 c/c1 o e1000 znone ",
	    "lost after a redirect: it begins at the start again");
	t = TALK(WISH(.redirects = 5, .options = {.bearer = "t"}),
	    {.head = MOVED "http://127.0.0.1:%d/b\r\n"}, {.head = MOVED "/c\r\n"},
	    {.then = CLOSE, .code = 1000});
	tap_text(field(2, "Authorization"), "", "what was dropped stays dropped");
}

/* --- retries ----------------------------------------------------------------------------- */

static void
test_retries(void)
{
	struct talk t = TALK(WISH(.retries = 3, .backoff = BACKOFF), {.head = BUSY},
	    {.head = BUSY}, {.head = BUSY}, {.head = BUSY});

	tap_text(t.log, "c/a0 r1 c/a0 r2 c/a0 r3 c/a0 zhttp ", "three retries, no more");
	tap_int(t.status, 503, "the last answer is told");
	t = TALK(WISH(.retries = 2, .backoff = BACKOFF), {.then = DROP}, {.then = DROP},
	    {.head = BUSY});
	tap_text(t.log, "c/a0 o r1 c/a0 o r2 c/a0 zhttp ", "one that breaks at once is no success");
	tap_int((long long)t.totals.connections, 2, "two were open");
	tap_ok(t.totals.bytes_in > 200 && t.totals.bytes_out > 200, "all bytes are counted");
	t = TALK(WISH(0), {.then = DROP});
	tap_text(t.log, "c/a0 o zclosed ", "no retries unless asked for");
}

static void
test_not_retried(void)
{
	struct talk t = TALK(WISH(.retries = CONVERSATION_FOREVER, .backoff = BACKOFF),
	    {.then = CLOSE, .code = 1001}, {.then = CLOSE, .code = 1000});

	tap_text(t.log, "c/a0 o e1001 r1 c/a0 o e1000 znone ",
	    "1001 is a loss, 1000 is the end");
	tap_int(t.code, 1000, "with its code");
	t = TALK(WISH(.retries = 5, .backoff = BACKOFF, .rules = {{'o', DO_CLOSE}}),
	    {.then = STAY});
	tap_text(t.log, "c/a0 o znone ", "what the user closes is not opened again");
	t = TALK(WISH(.retries = 5, .backoff = BACKOFF, .rules = {{'e', DO_CLOSE}}),
	    {.then = CLOSE, .code = 1001});
	tap_text(t.log, "c/a0 o e1001 znone ", "not even when the server was first");
}

/* Nobody listens at the port of a peer that was stopped. */
static void
test_refused_connection(void)
{
	struct talk t = TALK(WISH(.redirects = 1, .retries = 1, .backoff = BACKOFF),
	    {.head = MOVED "http://127.0.0.1:1/\r\n"}, {.then = CLOSE, .code = 1000});

	tap_text(t.log, "c/a0 c/1 r1 c/a0 o e1000 znone ", "refused where a redirect led to");
}

static void
test_waiting(void)
{
	struct talk t = TALK(WISH(.retries = 5, .backoff = NEVER, .rules = {{'r', DO_CLOSE}}),
	    {.head = BUSY});

	tap_text(t.log, "c/a0 r1 zhttp ", "closed while it waits: with why it waited");
	t = TALK(WISH(.retries = 5, .backoff = NEVER, .rules = {{'r', DO_LATER}},
	    .later = DO_CLOSE), {.then = DROP});
	tap_text(t.log, "c/a0 o r1 zclosed ", "and a turn later");
	t = TALK(WISH(.retries = 5, .backoff = NEVER, .rules = {{'r', DO_HURRY}}),
	    {.head = BUSY}, {.then = CLOSE, .code = 1000});
	tap_text(t.log, "c/a0 r1 c/a0 o e1000 znone ", "hurried");
	t = TALK(WISH(.retries = 5, .backoff = NEVER, .rules = {{'r', DO_LATER}},
	    .later = DO_HURRY), {.then = DROP}, {.then = CLOSE, .code = 1000});
	tap_text(t.log, "c/a0 o r1 c/a0 o e1000 znone ", "and a turn later");
}

static void
test_closed_early(void)
{
	struct talk t = TALK(WISH(.rules = {{'c', DO_CLOSE}}), {.then = STAY});

	tap_text(t.log, "c/a0 zclosed ", "closed before it was begun");
	t = TALK(WISH(.retries = 5, .rules = {{'c', DO_LATER}}, .later = DO_CLOSE),
	    {.then = SILENT});
	tap_text(t.log, "c/a0 zclosed ", "closed before it was answered");
}

/* --- cookies and tokens ------------------------------------------------------------------ */

static void
test_cookies(void)
{
	TALK(WISH(.retries = 5, .backoff = BACKOFF, .options = {.cookie = "node=own; a=1"}),
	    {.then = DROP, .fields = "Set-Cookie: node=n2; Path=/\r\n"
	    "Set-Cookie: far=1; Path=/elsewhere\r\n"},
	    {.head = BUSY "Set-Cookie: seen=1; Max-Age=60\r\n"},
	    {.then = DROP, .fields = "Set-Cookie: node=; Max-Age=0; Path=/\r\n"},
	    {.then = CLOSE, .code = 1000});
	tap_text(field(0, "Cookie"), "node=own; a=1", "the user's cookies");
	tap_text(field(1, "Cookie"), "a=1; node=n2", "the server's replace them");
	tap_text(field(2, "Cookie"), "a=1; node=n2; seen=1", "those of a refusal count, too");
	tap_text(field(3, "Cookie"), "node=own; a=1; seen=1", "until the server takes them back");
}

static void
issued_at(size_t request, const char *want, const char *name)
{
	const char *line = field(request, "Authorization"), *dot = strchr(line, '.');
	char bytes[200] = "";
	ssize_t len = 0;

	if (dot != NULL)
		len = base64_decode(bytes, dot + 1, strcspn(dot + 1, "."));
	bytes[len > 0 ? len : 0] = '\0';
	tap_text(bytes, want, name);
}

/* The clock goes on whenever a request was taken in. */
static void
test_tokens(void)
{
	static const char *const claims[] = {"sub=user{conn}"};
	const struct client_options o = {.jwt_secret = "s", .jwt_claims = claims,
	    .jwt_claim_count = 1};

	wall = 1000;
	wall_step = 10;
	TALK(WISH(.options = o), {.then = CLOSE, .code = 1000});
	issued_at(0, "{\"sub\":\"user7\",\"iat\":1000}", "a token of its own");
	TALK(WISH(.options = o, .redirects = 1, .retries = 1, .backoff = BACKOFF),
	    {.head = MOVED "http://127.0.0.1:%d/b\r\n"}, {.head = BUSY},
	    {.then = CLOSE, .code = 1000});
	tap_text(field(1, "Authorization"), "", "which goes nowhere else");
	issued_at(2, "{\"sub\":\"user7\",\"iat\":1030}", "the next attempt has a new one");
	wall_step = 0;
}

/* --- the end in every callback ----------------------------------------------------------- */

static void
test_free(void)
{
	const struct backoff backoff = BACKOFF;
	struct talk t;

	t = TALK(WISH(.rules = {{'c', DO_FREE}}), {.then = STAY});
	tap_text(t.log, "c/a0 ", "freed in connecting");
	t = TALK(WISH(.rules = {{'o', DO_FREE}}), {.then = SAY});
	tap_text(t.log, "c/a0 o ", "freed in opened");
	t = TALK(WISH(.rules = {{'m', DO_FREE}}), {.then = SAY});
	tap_text(t.log, "c/a0 o mhello ", "freed in message");
	t = TALK(WISH(.rules = {{'e', DO_FREE}}), {.then = CLOSE, .code = 1001});
	tap_text(t.log, "c/a0 o e1001 ", "freed in closing");
	t = TALK(WISH(.rules = {{'r', DO_FREE}}, .retries = 1, .backoff = backoff),
	    {.then = DROP});
	tap_text(t.log, "c/a0 o r1 ", "freed in retrying");
	t = TALK(WISH(.rules = {{'r', DO_FREE}}, .retries = 1, .backoff = backoff),
	    {.head = BUSY});
	tap_text(t.log, "c/a0 r1 ", "the same after a refusal");
	t = TALK(WISH(.rules = {{'z', DO_FREE}}), {.then = CLOSE, .code = 1000});
	tap_text(t.log, "c/a0 o e1000 znone ", "freed in closed");
	t = TALK(WISH(.rules = {{'z', DO_FREE}}), {.head = BUSY});
	tap_text(t.log, "c/a0 zhttp ", "the same after a refusal");
	t = TALK(WISH(.rules = {{'c', DO_LATER}}, .later = DO_FREE), {.then = SILENT});
	tap_text(t.log, "c/a0 ", "freed in a turn of its own");
	conversation_free(NULL, false);
}

/* The callbacks that come when something was asked for. */
static void
test_asked(void)
{
	struct talk t;

	t = TALK(WISH(.rules = {{'o', DO_PING}, {'p', DO_CLOSE}}), {.then = STAY});
	tap_text(t.log, "c/a0 o p znone ", "a ping and its pong");
	t = TALK(WISH(.rules = {{'o', DO_PING}, {'p', DO_FREE}}), {.then = STAY});
	tap_text(t.log, "c/a0 o p ", "freed in pong");
	t = TALK(WISH(.rules = {{'o', DO_SEND}, {'d', DO_CLOSE}}), {.then = STAY});
	tap_text(t.log, "c/a0 o d znone ", "a message that had to wait");
	tap_ok(t.totals.bytes_out > LARGE, "all of it went out");
	t = TALK(WISH(.rules = {{'o', DO_SEND}, {'d', DO_FREE}}), {.then = STAY});
	tap_text(t.log, "c/a0 o d ", "freed in drained");
}

static void
test_pause(void)
{
	struct talk t = TALK(WISH(.rules = {{'o', DO_PAUSE}, {'m', DO_CLOSE}}, .later = DO_RESUME),
	    {.then = SAY});

	tap_text(t.log, "c/a0 o mhello znone ", "what comes in a pause comes after it");
	t = TALK(WISH(.rules = {{'r', DO_PAUSE}, {'m', DO_CLOSE}}, .later = DO_RESUME,
	    .retries = 1, .backoff = BACKOFF), {.head = BUSY}, {.then = SAY});
	tap_text(t.log, "c/a0 r1 c/a0 o mhello znone ", "a pause before the connection");
	t = TALK(WISH(.rules = {{'c', DO_PAUSE}, {'o', DO_CLOSE}}, .later = DO_RESUME),
	    {.then = STAY});
	tap_text(t.log, "c/a0 o znone ", "a pause that ends before it opens");
}

static void
test_wire(void)
{
	struct talk t = TALK(WISH(.redirects = 1, .watched = true), {.head = MOVED "/b\r\n"},
	    {.then = CLOSE, .code = 1000});

	tap_int(t.wires[WIRE_REQUEST], 2, "two requests were seen");
	tap_int(t.wires[WIRE_RESPONSE], 2, "two answers");
	tap_int(t.wires[WIRE_FRAME], 2, "and two close frames");
}

int
main(void)
{
	loop = loop_new(NULL);
	resolver = resolver_new(loop, NULL);
	rng_init(&rng, 1);
	test_redirects();
	test_no_redirects();
	test_redirected_again();
	test_retries();
	test_not_retried();
	test_refused_connection();
	test_waiting();
	test_closed_early();
	test_cookies();
	test_tokens();
	test_free();
	test_asked();
	test_pause();
	test_wire();
	peers_stop();
	resolver_free(resolver);
	loop_free(loop);
	return tap_done();
}
