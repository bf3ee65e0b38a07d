/* stream_test.c: plain streams: over TCP and unix sockets, directly and through proxies, against
 * a peer that follows a script in the same loop. TLS has a file of its own. */
#include "lib/transport/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/transport/endpoint.h"
#include "lib/transport/proxy.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BYTES(text) (text), sizeof(text) - 1

enum { PATIENCE_S = 60, FILL = 2 << 20 };

/* --- the peer ------------------------------------------------------------------------------ */

/* When `after` bytes have come in all, these are sent. */
struct line {
	size_t after;
	const char *text;
	size_t len;
};

enum finally {
	FINALLY_HOLD,
	FINALLY_END,
	FINALLY_ECHO,
	FINALLY_FILL,        /* sends FILL bytes */
};

struct peer {
	struct loop *loop;
	const struct line *lines;
	size_t count, next;
	enum finally finally;
	int listener, fd;
	size_t heard, filled;
	char first[256];                     /* what came first */
	struct event accepts, reads, writes;
	bool reset;                          /* the connection ended so */
	bool ended;
};

static void
peer_hang_up(struct peer *p)
{
	if (p->fd < 0)
		return;
	event_del(&p->reads);
	event_del(&p->writes);
	close(p->fd);
	p->fd = -1;
	p->ended = true;
}

static void
peer_fill(evutil_socket_t fd, short events, void *ctx)
{
	static const char zeros[64 * 1024];
	struct peer *p = ctx;
	ssize_t n = send(fd, zeros, sizeof zeros, MSG_NOSIGNAL);

	(void)events;
	p->filled += n > 0 ? (size_t)n : 0;
	if (p->filled >= FILL)
		event_del(&p->writes);
}

static void
peer_finally(struct peer *p, const char *data, size_t len)
{
	ssize_t n = 0;

	switch (p->finally) {
	case FINALLY_HOLD:
		break;
	case FINALLY_END:
		peer_hang_up(p);
		break;
	case FINALLY_ECHO:
		n = send(p->fd, data, len, MSG_NOSIGNAL);
		break;
	case FINALLY_FILL:
		event_add(&p->writes, NULL);
		break;
	}
	(void)n;
}

static void
peer_read(evutil_socket_t fd, short events, void *ctx)
{
	static char data[65536];
	struct peer *p = ctx;
	ssize_t n = recv(fd, data, sizeof data, 0), sent;
	bool spoke = false;

	(void)events;
	if (n <= 0) {
		p->reset = n < 0 && errno == ECONNRESET;
		peer_hang_up(p);
		return;
	}
	if (p->heard < sizeof p->first)
		memcpy(p->first + p->heard, data, (size_t)n < sizeof p->first - p->heard ?
		    (size_t)n : sizeof p->first - p->heard);
	p->heard += (size_t)n;
	for (; p->next < p->count && p->heard >= p->lines[p->next].after; p->next++) {
		sent = send(fd, p->lines[p->next].text, p->lines[p->next].len, MSG_NOSIGNAL);
		spoke = sent > 0;
	}
	if (p->next == p->count && (!spoke || p->finally != FINALLY_ECHO))
		peer_finally(p, data, (size_t)n);
}

static void
peer_accept(evutil_socket_t fd, short events, void *ctx)
{
	struct peer *p = ctx;

	(void)events;
	p->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	event_assign(&p->reads, loop_base(p->loop), p->fd, EV_READ | EV_PERSIST, peer_read, p);
	event_assign(&p->writes, loop_base(p->loop), p->fd, EV_WRITE | EV_PERSIST, peer_fill, p);
	event_add(&p->reads, NULL);
}

/* Listens at that address. */
static void
peer_start(struct peer *p, struct loop *l, const struct sockaddr *address, socklen_t len)
{
	p->loop = l;
	p->fd = -1;
	p->listener = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(p->listener, address, len) != 0 || listen(p->listener, 16) != 0)
		abort();
	event_assign(&p->accepts, loop_base(l), p->listener, EV_READ | EV_PERSIST, peer_accept, p);
	event_add(&p->accepts, NULL);
}

static uint16_t
peer_start_tcp(struct peer *p, struct loop *l)
{
	struct sockaddr_in own = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof own;

	peer_start(p, l, (struct sockaddr *)&own, len);
	getsockname(p->listener, (struct sockaddr *)&own, &len);
	return ntohs(own.sin_port);
}

static void
peer_stop(struct peer *p)
{
	peer_hang_up(p);
	event_del(&p->accepts);
	close(p->listener);
}

/* --- the client ---------------------------------------------------------------------------- */

struct client {
	struct loop *loop;
	struct stream *stream;
	const char *sends;
	char got[256];
	size_t len, total;
	bool takes;                  /* anything at all */
	bool leaves;                 /* as soon as it is open */
	size_t stops_at;             /* bytes, then it pauses; 0: never */
	bool opened, closed, drained;
	bool proxied;
	size_t at_opening;           /* bytes that had come when it opened */
	struct err why;
};

static void
on_opened(void *ctx)
{
	struct client *c = ctx;

	c->opened = true;
	c->at_opening = c->total;
	c->proxied = stream_times(c->stream)->proxied >= stream_times(c->stream)->connected &&
	    stream_times(c->stream)->proxied > 0;
	if (c->sends != NULL)
		stream_write(c->stream, c->sends, strlen(c->sends));
	if (c->leaves) {
		stream_close(c->stream);
		c->stream = NULL;
	}
}

static size_t
on_received(void *ctx, const uint8_t *data, size_t len, uint64_t now)
{
	struct client *c = ctx;
	size_t room = sizeof c->got - 1 - c->len;

	(void)now;
	if (!c->takes)
		return 0;
	if (c->total < c->stops_at && c->total + len >= c->stops_at) {
		len = c->stops_at - c->total;
		stream_pause(c->stream, true);
	}
	memcpy(c->got + c->len, data, len < room ? len : room);
	c->len += len < room ? len : room;
	c->total += len;
	return len;
}

static void
on_drained(void *ctx)
{
	struct client *c = ctx;

	c->drained = true;
}

static void
on_closed(void *ctx, const struct err *why)
{
	struct client *c = ctx;

	c->closed = true;
	c->why = *why;
}

static const struct stream_events events = {on_opened, on_received, on_drained, on_closed};

static void
on_impatience(evutil_socket_t fd, short happened, void *ctx)
{
	(void)fd;
	(void)happened;
	(void)ctx;
	printf("Bail out! nothing happens any more\n");
	exit(1);
}

/* Turns the loop until *what is at least `want`. */
static void
turn_until(struct loop *l, const size_t *what, size_t want)
{
	struct loop_timer patience;

	loop_timer_init(&patience, l, on_impatience, NULL);
	loop_timer_set(&patience, PATIENCE_S * NS_PER_S);
	while (*what < want)
		event_base_loop(loop_base(l), EVLOOP_ONCE);
	loop_timer_clear(&patience);
}

static void
turn_until_flag(struct loop *l, const bool *what)
{
	struct loop_timer patience;

	loop_timer_init(&patience, l, on_impatience, NULL);
	loop_timer_set(&patience, PATIENCE_S * NS_PER_S);
	while (!*what)
		event_base_loop(loop_base(l), EVLOOP_ONCE);
	loop_timer_clear(&patience);
}

/* A loop, a peer and a client of it. */
struct world {
	struct loop *loop;
	struct resolver *resolver;
	struct endpoint *endpoint;
	struct peer peer;
	struct client client;
	struct stream_params params;
};

static void
world_begin(struct world *w)
{
	w->loop = w->client.loop = loop_new(NULL);
	w->resolver = resolver_new(w->loop, NULL);
	w->client.takes = true;
	w->params.max_backlog = 1 << 20;
}

static int
world_open(struct world *w)
{
	w->params.dial.endpoint = w->endpoint;
	return stream_open(&w->client.stream, w->loop, &w->params, &events, &w->client,
	    &w->client.why);
}

static int
world_open_tcp(struct world *w)
{
	world_begin(w);
	w->endpoint = endpoint_new(w->resolver, "127.0.0.1", peer_start_tcp(&w->peer, w->loop));
	return world_open(w);
}

static void
world_end(struct world *w)
{
	stream_close(w->client.stream);
	peer_stop(&w->peer);
	endpoint_free(w->endpoint);
	resolver_free(w->resolver);
	loop_free(w->loop);
}

/* --- tests --------------------------------------------------------------------------------- */

static void
test_direct(void)
{
	struct world w = {.peer.finally = FINALLY_ECHO};

	tap_int(world_open_tcp(&w), 1, "a loopback connection stands at once");
	tap_ok(!w.client.opened, "and is not told");
	tap_int(stream_write(w.client.stream, "hello", 5), 1, "the kernel takes a little");
	turn_until(w.loop, &w.client.total, 5);
	tap_text(w.client.got, "hello", "echoed");
	tap_int((long long)stream_bytes_in(w.client.stream), 5, "bytes in");
	tap_int((long long)stream_bytes_out(w.client.stream), 5, "bytes out");
	tap_ok(stream_times(w.client.stream)->proxied == 0 &&
	    stream_times(w.client.stream)->secured == 0, "no proxy, no TLS");
	tap_text(stream_stage(w.client.stream), "connected", "stage");
	peer_hang_up(&w.peer);
	turn_until_flag(w.loop, &w.client.closed);
	tap_int(w.client.why.class, ERR_NONE, "an end in order");
	world_end(&w);
}

static void
test_reset(void)
{
	struct world w = {.peer.finally = FINALLY_ECHO};

	world_open_tcp(&w);
	stream_write(w.client.stream, "hello", 5);
	turn_until(w.loop, &w.client.total, 5);
	stream_reset(w.client.stream);
	w.client.stream = NULL;
	turn_until_flag(w.loop, &w.peer.ended);
	tap_ok(w.peer.reset && !w.client.closed, "the peer sees a reset");
	world_end(&w);
}

static void
test_backlog(void)
{
	static char data[256 * 1024];
	struct world w = {.peer.finally = FINALLY_HOLD};
	size_t sent = 0, backlog;
	int result;

	world_open_tcp(&w);
	while ((result = stream_write(w.client.stream, data, sizeof data)) >= 0)
		sent += sizeof data;
	backlog = stream_backlog(w.client.stream);
	tap_ok(result == -1 && backlog <= 1 << 20 && backlog > 0, "a backlog has its maximum");
	tap_int((long long)(stream_bytes_out(w.client.stream) + backlog), (long long)sent,
	    "what was refused is not in it");
	turn_until_flag(w.loop, &w.client.drained);
	tap_int((long long)stream_backlog(w.client.stream), 0, "drained");
	turn_until(w.loop, &w.peer.heard, sent);
	tap_int((long long)w.peer.heard, (long long)sent, "all of it came");
	world_end(&w);
}

static void
test_hoard(void)
{
	struct world w = {.peer.finally = FINALLY_FILL};

	world_open_tcp(&w);
	w.client.takes = false;
	stream_write(w.client.stream, "go", 2);
	turn_until_flag(w.loop, &w.client.closed);
	tap_int(w.client.why.class, ERR_LIMIT, "who takes nothing gets no more than the buffer");
	world_end(&w);
}

static void
test_pause(void)
{
	struct world w = {.peer.finally = FINALLY_FILL};

	world_open_tcp(&w);
	stream_write(w.client.stream, "go", 2);
	stream_pause(w.client.stream, true);
	turn_until(w.loop, &w.peer.filled, 1);
	tap_int((long long)w.client.total, 0, "nothing is read in a pause");
	stream_pause(w.client.stream, false);
	turn_until(w.loop, &w.client.total, FILL);
	tap_ok(w.client.total >= FILL, "all of it after the pause");
	world_end(&w);
}

static const struct line two_words[] = {
	{2, BYTES("one two")},
};

/* What was read already waits, too, and comes before the end. */
static void
test_pause_within(void)
{
	struct world w = {.peer.finally = FINALLY_END, .peer.lines = two_words, .peer.count = 1,
	    .client.stops_at = 4};

	world_open_tcp(&w);
	stream_write(w.client.stream, "go", 2);
	turn_until(w.loop, &w.client.total, 4);
	turn_until_flag(w.loop, &w.peer.ended);
	event_base_loop(loop_base(w.loop), EVLOOP_NONBLOCK);
	tap_text(w.client.got, "one ", "what is left in a pause is not shown");
	stream_pause(w.client.stream, false);
	turn_until_flag(w.loop, &w.client.closed);
	tap_text(w.client.got, "one two", "but after it");
	tap_int(w.client.why.class, ERR_NONE, "and before the end");
	world_end(&w);
}

static const struct line http_answer[] = {
	{59, BYTES("HTTP/1.1 200 OK\r\nX: y\r\n\r\nat once")},
};

static const struct line socks_answer[] = {
	{3, BYTES("\5\0")},
	{3 + 19, BYTES("\5\0\0\1\0\0\0\0\0\0at once")},
};

static void
test_proxies(void)
{
	static const struct {
		struct proxy proxy;
		const struct line *lines;
		size_t count;
		const char *told;
	} rows[] = {
		{{PROXY_HTTP, "peer.example", 80, NULL, NULL, "proxy"}, http_answer, 1,
		    "CONNECT peer.example:80 HTTP/1.1\r\nHost: peer.example:80\r\n\r\n"},
		{{PROXY_SOCKS5, "peer.example", 80, NULL, NULL, "proxy"}, socks_answer, 2, "\5\1"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w = {.peer = {.lines = rows[i].lines, .count = rows[i].count,
		    .finally = FINALLY_ECHO}, .params.proxy = &rows[i].proxy,
		    .client.sends = ", later"};

		tap_int(world_open_tcp(&w), 0, "not open at once");
		tap_text(stream_stage(w.client.stream), "waiting for the proxy", "stage");
		turn_until(w.loop, &w.client.total, 14);
		tap_text(w.client.got, "at once, later", "both what followed the answer and an "
		    "echo");
		tap_ok(w.client.opened && w.client.proxied && w.client.at_opening == 0,
		    "opened before anything came");
		tap_ok(strncmp(w.peer.first, rows[i].told, strlen(rows[i].told)) == 0,
		    "what the proxy was told");
		tap_int((long long)stream_bytes_in(w.client.stream), 14,
		    "the proxy's words are not counted");
		tap_int((long long)stream_bytes_out(w.client.stream), 7, "nor those to it");
		world_end(&w);
	}
}

static void
test_bad_proxies(void)
{
	static const struct line refusal[] = {{59, BYTES("HTTP/1.1 403 No\r\n\r\n")}};
	static const struct line half[] = {{59, BYTES("HTTP/1.1 200 OK\r\n")}};
	static const struct {
		const struct line *lines;
		const char *text;
	} rows[] = {
		{refusal, "the proxy proxy does not connect to peer.example:80: 403 No"},
		{half, "the proxy proxy ended the connection without a whole answer"},
	};
	static const struct proxy proxy = {PROXY_HTTP, "peer.example", 80, NULL, NULL, "proxy"};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world w = {.peer = {.lines = rows[i].lines, .count = 1,
		    .finally = FINALLY_END}, .params.proxy = &proxy};

		world_open_tcp(&w);
		turn_until_flag(w.loop, &w.client.closed);
		tap_ok(!w.client.opened && w.client.why.class == ERR_CONNECT, "not opened");
		tap_text(w.client.why.text, rows[i].text, "why");
		world_end(&w);
	}
}

static void
test_proxy_away(void)
{
	static const struct proxy proxy = {PROXY_HTTP, "peer.example", 80, NULL, NULL, "proxy"};
	struct world w = {.params.proxy = &proxy};
	uint16_t port;

	world_begin(&w);
	port = peer_start_tcp(&w.peer, w.loop);
	w.endpoint = endpoint_new(w.resolver, "127.0.0.1", port);
	event_del(&w.peer.accepts);
	close(w.peer.listener);
	if (world_open(&w) == 0)
		turn_until_flag(w.loop, &w.client.closed);
	tap_ok(w.client.why.class == ERR_CONNECT && strncmp(w.client.why.text,
	    "no way to the proxy: cannot connect to 127.0.0.1:", 48) == 0, "%s",
	    w.client.why.text);
	w.peer.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	world_end(&w);
}

static void
test_leaving(void)
{
	struct world w = {.peer = {.lines = http_answer, .count = 1}, .client.leaves = true};
	static const struct proxy proxy = {PROXY_HTTP, "peer.example", 80, NULL, NULL, "proxy"};

	w.params.proxy = &proxy;
	world_open_tcp(&w);
	turn_until_flag(w.loop, &w.peer.ended);
	tap_ok(w.client.opened && !w.client.closed && w.client.total == 0,
	    "closed by the callback that it opened with");
	world_end(&w);
}

/* --- unix sockets -------------------------------------------------------------------------- */

static char folder[] = "/tmp/hail-stream-XXXXXX";

static socklen_t
local_address(struct sockaddr_un *address, const char *path)
{
	size_t len = strlen(path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path, path, len);
	if (*path == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*path != '@'));
}

static void
test_unix(void)
{
	char path[64], abstract[64], text[ENDPOINT_TEXT];
	const char *both[] = {path, abstract};
	struct sockaddr_un address;
	socklen_t len;

	snprintf(path, sizeof path, "%s/socket", folder);
	snprintf(abstract, sizeof abstract, "@hail-stream-test-%ld", (long)getpid());
	for (size_t i = 0; i < COUNT(both); i++) {
		struct world w = {.peer.finally = FINALLY_ECHO};

		world_begin(&w);
		len = local_address(&address, both[i]);
		peer_start(&w.peer, w.loop, (struct sockaddr *)&address, len);
		w.endpoint = endpoint_new_unix(both[i], NULL);
		tap_text(endpoint_address_text(endpoint_address(w.endpoint, 0, &len), text),
		    both[i], "its name");
		tap_int(world_open(&w), 1, "a unix socket stands at once");
		stream_write(w.client.stream, "hello", 5);
		turn_until(w.loop, &w.client.total, 5);
		tap_text(w.client.got, "hello", "echoed");
		world_end(&w);
	}
	unlink(path);
}

static void
test_unix_errors(void)
{
	char name[200], want[300];
	struct err e = {0};
	struct world w = {0};
	struct endpoint *p;

	memset(name, 'a', sizeof name - 1);
	name[108] = '\0';
	tap_ok(endpoint_new_unix("", &e) == NULL && e.class == ERR_USAGE, "%s", e.text);
	tap_ok(endpoint_new_unix(name, &e) == NULL && e.class == ERR_USAGE, "108 bytes are too "
	    "many");
	name[107] = '\0';
	p = endpoint_new_unix(name, &e);
	tap_ok(p != NULL, "107 are not");
	endpoint_free(p);
	world_begin(&w);
	snprintf(name, sizeof name, "%s/nobody", folder);
	snprintf(want, sizeof want, "cannot connect to %s: No such file or directory", name);
	w.endpoint = endpoint_new_unix(name, &e);
	tap_int(world_open(&w), -1, "nobody is there");
	tap_text(w.client.why.text, want, "and it says where");
	endpoint_free(w.endpoint);
	resolver_free(w.resolver);
	loop_free(w.loop);
}

static void
let_in(evutil_socket_t fd, short happened, void *ctx)
{
	(void)happened;
	(void)ctx;
	close(accept(fd, NULL, NULL));
}

/* More connections than the queue of the listener holds: those that must wait are let in when
 * there is room. */
static void
test_unix_queue(void)
{
	struct client all[6] = {0};
	struct sockaddr_un address;
	struct world w = {0};
	socklen_t len;
	char name[64];
	struct event accepts;
	int listener;
	unsigned at_once = 0;

	world_begin(&w);
	snprintf(name, sizeof name, "@hail-stream-queue-%ld", (long)getpid());
	len = local_address(&address, name);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 1) != 0)
		abort();
	w.params.dial.endpoint = w.endpoint = endpoint_new_unix(name, NULL);
	for (size_t i = 0; i < COUNT(all); i++) {
		int result = stream_open(&all[i].stream, w.loop, &w.params, &events, &all[i],
		    &all[i].why);

		at_once += result == 1;
		all[i].opened = result == 1;
	}
	tap_ok(at_once > 0 && at_once < COUNT(all), "some wait");
	tap_text(stream_stage(all[COUNT(all) - 1].stream), "connecting", "stage");
	stream_close(all[COUNT(all) - 1].stream);
	event_assign(&accepts, loop_base(w.loop), listener, EV_READ | EV_PERSIST, let_in, NULL);
	event_add(&accepts, NULL);
	for (size_t i = 0; i < COUNT(all) - 1; i++)
		turn_until_flag(w.loop, &all[i].opened);
	tap_ok(true, "all come in");
	for (size_t i = 0; i < COUNT(all) - 1; i++)
		stream_close(all[i].stream);
	event_del(&accepts);
	close(listener);
	endpoint_free(w.endpoint);
	resolver_free(w.resolver);
	loop_free(w.loop);
}

int
main(void)
{
	if (mkdtemp(folder) == NULL)
		abort();
	test_direct();
	test_reset();
	test_backlog();
	test_hoard();
	test_pause();
	test_pause_within();
	test_proxies();
	test_bad_proxies();
	test_proxy_away();
	test_leaving();
	test_unix();
	test_unix_errors();
	test_unix_queue();
	rmdir(folder);
	return tap_done();
}
