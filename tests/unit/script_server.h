/* script_server.h: a server for plays in a unit test, on a loopback socket and on the loop of what
 * is tested. In a header since a unit test is linked with nothing but tap.o.
 *
 *     /ws…          a WebSocket that does what it is told, by messages:
 *                     echo TEXT           TEXT comes back; anything else does, too, as it is
 *                     later MS TEXT       … after so long
 *                     twice TEXT          … two of them
 *                     close CODE REASON   a close frame, then the end
 *                     cut                 the end without one
 *                     flood N             N messages
 *                     deaf                nothing is read for 60 ms
 *     /sse…         an event stream: events 1 and 2, or those behind Last-Event-ID; then what is
 *                   published to /pub
 *     /ended        an event stream that ends behind its first event
 *     /poll…        an array of one message, its id one more than since=ID
 *     /pub          what is posted goes to all event streams and WebSockets
 *     /status/N     that status, and a body
 *     /hold         no answer
 *     /moved        to /sse
 *     else          200, the body that was sent, or {"n":1}
 *
 * What was asked for stands in `trace`: METHOD TARGET[ Last-Event-ID=ID][ Cookie=…][ X=…], joined
 * by " | ". The first connections can be refused by `busy`. */
#ifndef HAIL_TESTS_SCRIPT_SERVER_H
#define HAIL_TESTS_SCRIPT_SERVER_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/slice.h"
#include "lib/codec/ws_handshake.h"
#include "lib/loop/loop.h"
#include "tests/unit/tap.h"

enum { SERVER_DEAF_MS = 60 };

enum server_kind {
	SERVER_HTTP,
	SERVER_WS,
	SERVER_SSE,
};

struct script_server {
	struct loop *loop;
	struct event event;
	int fd;
	uint16_t port;
	struct buf trace;
	unsigned busy;               /* so many requests get 503 */
	unsigned connections, resets;
	struct server_conn *first;
};

struct server_conn {
	struct script_server *server;
	struct server_conn *next;
	struct event event;
	struct loop_timer timer;     /* for `later` and `deaf` */
	int fd;                      /* -1: over */
	enum server_kind kind;
	struct buf in, out, later;
	bool ends;                   /* behind what is to be sent */
	bool deaf;
};

static void server_ready(evutil_socket_t fd, short events, void *ctx);

static void
server_shut(struct server_conn *c)
{
	if (c->fd < 0)
		return;
	event_del(&c->event);
	loop_timer_clear(&c->timer);
	close(c->fd);
	c->fd = -1;
}

static void
server_update(struct server_conn *c)
{
	short wants = (short)((c->deaf ? 0 : EV_READ) | (c->out.len > 0 ? EV_WRITE : 0));

	if (c->fd < 0)
		return;
	if (c->out.len == 0 && c->ends) {
		server_shut(c);
		return;
	}
	event_del(&c->event);
	if (wants == 0)
		return;
	event_assign(&c->event, loop_base(c->server->loop), c->fd, wants, server_ready, c);
	event_add(&c->event, NULL);
}

/* --- messages ---------------------------------------------------------------------------- */

static void
server_frame(struct server_conn *c, uint8_t opcode, const void *data, size_t len)
{
	uint8_t head[4] = {(uint8_t)(0x80 | opcode), (uint8_t)len};

	if (len > 125) {
		head[1] = 126;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
	}
	buf_add(&c->out, head, len > 125 ? 4 : 2);
	buf_add(&c->out, data, len);
}

static void
server_say(struct server_conn *c, const void *data, size_t len)
{
	if (c->kind == SERVER_WS)
		server_frame(c, 1, data, len);
	else
		buf_addf(&c->out, "data: %.*s\n\n", (int)len, (const char *)data);
}

static void
server_later(evutil_socket_t fd, short events, void *ctx)
{
	struct server_conn *c = ctx;

	(void)fd;
	(void)events;
	if (c->later.len > 0)
		server_say(c, c->later.data, c->later.len);
	c->later.len = 0;
	c->deaf = false;
	server_update(c);
}

static void
server_close(struct server_conn *c, const char *text)
{
	unsigned code = (unsigned)strtoul(text, NULL, 10);
	uint8_t payload[125] = {(uint8_t)(code >> 8), (uint8_t)code};
	size_t len = strlen(text + 5);

	memcpy(payload + 2, text + 5, len);
	server_frame(c, 8, payload, len + 2);
	c->ends = true;
}

static void
server_told(struct server_conn *c, const char *text)
{
	char *rest;
	unsigned long n;

	if (strncmp(text, "echo ", 5) == 0) {
		server_say(c, text + 5, strlen(text + 5));
	} else if (strncmp(text, "twice ", 6) == 0) {
		server_say(c, text + 6, strlen(text + 6));
		server_say(c, text + 6, strlen(text + 6));
	} else if (strncmp(text, "later ", 6) == 0) {
		n = strtoul(text + 6, &rest, 10);
		buf_add_text(&c->later, rest + 1);
		loop_timer_set(&c->timer, n * NS_PER_MS);
	} else if (strncmp(text, "close ", 6) == 0) {
		server_close(c, text + 6);
	} else if (strcmp(text, "cut") == 0) {
		c->ends = true;
	} else if (strncmp(text, "flood ", 6) == 0) {
		for (n = strtoul(text + 6, NULL, 10); n > 0; n--)
			server_say(c, "flood", 5);
	} else if (strcmp(text, "deaf") == 0) {
		c->deaf = true;
		loop_timer_set(&c->timer, SERVER_DEAF_MS * NS_PER_MS);
	} else {
		server_say(c, text, strlen(text));
	}
}

/* One frame of the client, if it is whole. Only short ones are told. */
static bool
server_take_frame(struct server_conn *c)
{
	uint8_t *at = c->in.data;
	size_t head = 6, len;

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
	for (size_t i = 0; i < len; i++)
		at[head + i] ^= at[head - 4 + i % 4];
	if ((at[0] & 15) == 1 && len < 1000) {
		char text[1001];

		memcpy(text, at + head, len);
		text[len] = '\0';
		server_told(c, text);
	} else if ((at[0] & 15) == 2 && len < 125) {
		server_frame(c, 2, at + head, len);
	} else if ((at[0] & 15) == 9) {
		server_frame(c, 10, at + head, len);
	} else if ((at[0] & 15) == 8) {
		server_frame(c, 8, at + head, len);
		c->ends = true;
	}
	buf_drop(&c->in, head + len);
	return true;
}

/* --- requests ---------------------------------------------------------------------------- */

/* The value of a field; len 0: it is not there. */
static struct slice
server_field(const char *head, const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof line, "\r\n%s: ", name);
	at = strcasestr(head, line);
	if (at == NULL)
		return (struct slice){"", 0};
	at += strlen(line);
	return (struct slice){at, strcspn(at, "\r")};
}

static void
server_answer(struct server_conn *c, const char *status, const char *fields, struct slice body)
{
	buf_addf(&c->out, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, fields,
	    body.len);
	buf_add(&c->out, body.data, body.len);
}

static void
server_upgrade(struct server_conn *c, const char *head)
{
	char accept[WS_ACCEPT_LENGTH + 1];

	ws_accept_make(accept, server_field(head, "Sec-WebSocket-Key").data);
	buf_addf(&c->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\nX-Node: n1\r\n"
	    "Set-Cookie: node=n1\r\n\r\n", accept);
	c->kind = SERVER_WS;
}

static void
server_stream(struct server_conn *c, const char *head)
{
	struct slice id = server_field(head, "Last-Event-ID");
	int last = (int)strtol(id.data, NULL, 10);

	buf_add_text(&c->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
	for (int i = last + 1; i <= (last < 2 ? 2 : last + 1); i++)
		buf_addf(&c->out, "id: %d\nevent: e%d\ndata: event %d\n\n", i, i, i);
	c->kind = SERVER_SSE;
}

static void
server_publish(struct script_server *s, struct slice body)
{
	for (struct server_conn *c = s->first; c != NULL; c = c->next)
		if (c->fd >= 0 && c->kind != SERVER_HTTP) {
			server_say(c, body.data, body.len);
			server_update(c);
		}
}

static void
server_poll(struct server_conn *c, const char *target)
{
	const char *since = strstr(target, "since=");
	int last = since != NULL ? (int)strtol(since + 6, NULL, 10) : 0;
	char body[64];

	snprintf(body, sizeof body, "[{\"id\":\"%d\",\"n\":%d}]", last + 1, last + 1);
	server_answer(c, "200 OK", "Content-Type: application/json\r\n", slice_of(body));
}

static void
server_route(struct server_conn *c, const char *head, const char *target, struct slice body)
{
	char status[16];

	if (c->server->busy > 0) {
		c->server->busy--;
		server_answer(c, "503 Busy", "", slice_of("busy"));
	} else if (strncmp(target, "/ws", 3) == 0) {
		server_upgrade(c, head);
	} else if (strncmp(target, "/sse", 4) == 0) {
		server_stream(c, head);
	} else if (strncmp(target, "/ended", 6) == 0) {
		server_stream(c, head);
		c->ends = true;
	} else if (strncmp(target, "/poll", 5) == 0) {
		server_poll(c, target);
	} else if (strncmp(target, "/pub", 4) == 0) {
		server_publish(c->server, body);
		server_answer(c, "202 Accepted", "", slice_of(""));
	} else if (strncmp(target, "/status/", 8) == 0) {
		snprintf(status, sizeof status, "%.3s Said so", target + 8);
		server_answer(c, status, "X-Why: because\r\n", slice_of("no"));
	} else if (strncmp(target, "/moved", 6) == 0) {
		server_answer(c, "302 Found", "Location: /sse\r\n", slice_of(""));
	} else if (strncmp(target, "/hold", 5) != 0) {
		server_answer(c, "200 OK", "X-Node: n1\r\n",
		    body.len > 0 ? body : slice_of("{\"n\":1}"));
	}
}

static void
server_show(struct script_server *s, const char *head, const char *name)
{
	struct slice value = server_field(head, name);

	if (value.len > 0)
		buf_addf(&s->trace, " %s=%.*s", name, (int)value.len, value.data);
}

static void
server_asked(struct server_conn *c, char *head, struct slice body)
{
	struct script_server *s = c->server;
	char target[200];

	snprintf(target, sizeof target, "%.*s", (int)strcspn(strchr(head, ' ') + 1, " "),
	    strchr(head, ' ') + 1);
	buf_addf(&s->trace, "%s%.*s %s", s->trace.len > 0 ? " | " : "", (int)strcspn(head, " "),
	    head, target);
	server_show(s, head, "Last-Event-ID");
	server_show(s, head, "Cookie");
	server_show(s, head, "X");
	server_show(s, head, "Content-Type");
	server_route(c, head, target, body);
}

static bool
server_take_request(struct server_conn *c)
{
	char *end;
	size_t head_len, body_len;

	buf_add(&c->in, "", 1);
	c->in.len--;
	end = strstr((char *)c->in.data, "\r\n\r\n");
	if (end == NULL)
		return false;
	head_len = (size_t)(end + 4 - (char *)c->in.data);
	body_len = strtoul(server_field((char *)c->in.data, "Content-Length").data, NULL, 10);
	if (c->in.len < head_len + body_len)
		return false;
	end[2] = '\0';
	server_asked(c, (char *)c->in.data, (struct slice){end + 4, body_len});
	buf_drop(&c->in, head_len + body_len);
	return true;
}

/* --- connections ------------------------------------------------------------------------- */

static void
server_read(struct server_conn *c)
{
	uint8_t *into = buf_reserve(&c->in, 1 << 16);
	ssize_t n = recv(c->fd, into, 1 << 16, MSG_DONTWAIT);

	if (n > 0) {
		c->in.len += (size_t)n;
		while (c->fd >= 0 && !c->ends && c->in.len > 0 &&
		    (c->kind == SERVER_WS ? server_take_frame(c) : server_take_request(c)))
			continue;
	} else if (n == 0 || errno != EAGAIN) {
		c->server->resets += n < 0 && errno == ECONNRESET;
		server_shut(c);
	}
}

static void
server_write(struct server_conn *c)
{
	ssize_t n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		buf_drop(&c->out, (size_t)n);
	else if (errno != EAGAIN)
		server_shut(c);
}

static void
server_ready(evutil_socket_t fd, short events, void *ctx)
{
	struct server_conn *c = ctx;

	(void)fd;
	if (events & EV_READ)
		server_read(c);
	if (c->fd >= 0 && c->out.len > 0)
		server_write(c);
	server_update(c);
}

static void
server_accept(evutil_socket_t fd, short events, void *ctx)
{
	struct script_server *s = ctx;
	struct server_conn *c = calloc(1, sizeof *c);

	(void)events;
	if (c == NULL)
		abort();
	*c = (struct server_conn){.server = s, .next = s->first, .fd = accept(fd, NULL, NULL)};
	s->first = c;
	s->connections++;
	buf_init(&c->in, 64 << 20);
	buf_init(&c->out, 64 << 20);
	buf_init(&c->later, 1 << 16);
	loop_timer_init(&c->timer, s->loop, server_later, c);
	event_assign(&c->event, loop_base(s->loop), c->fd, EV_READ, server_ready, c);
	event_add(&c->event, NULL);
}

static void
script_server_open(struct script_server *s, struct loop *l)
{
	*s = (struct script_server){.loop = l};
	buf_init(&s->trace, 1 << 20);
	s->fd = tap_listen(&s->port);
	event_assign(&s->event, loop_base(l), s->fd, EV_READ | EV_PERSIST, server_accept, s);
	event_add(&s->event, NULL);
}

static void
script_server_close(struct script_server *s)
{
	event_del(&s->event);
	close(s->fd);
	while (s->first != NULL) {
		struct server_conn *c = s->first;

		s->first = c->next;
		server_shut(c);
		buf_release(&c->in);
		buf_release(&c->out);
		buf_release(&c->later);
		free(c);
	}
	buf_release(&s->trace);
}

#endif
