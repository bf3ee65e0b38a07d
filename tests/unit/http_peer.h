/* http_peer.h: a scripted HTTP server for unit tests, on a loopback socket and on the loop of what
 * is tested. It stands in a header since a unit test is linked with nothing but tap.o.
 *
 * Each request gets the next turn of the script, on whatever connection it comes; when there is no
 * turn left it gets nothing. What was asked for is in `trace`, joined by " | ":
 *     cN METHOD TARGET[ Name: value]…[ "body"]       N: which connection, from 1 on; the fields are
 *                                                    those whose names are in `shown` */
#ifndef HAIL_TESTS_HTTP_PEER_H
#define HAIL_TESTS_HTTP_PEER_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"
#include "lib/loop/loop.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum peer_end {
	PEER_KEEPS,                  /* the connection */
	PEER_ENDS,                   /* it behind the answer */
	PEER_RESETS,
};

struct peer_turn {
	const char *answer;          /* NULL: none */
	size_t len;                  /* 0: a text */
	enum peer_end end;
};

/* An answer with NULs in it. */
#define TURN_BYTES(literal) .answer = (literal), .len = sizeof(literal) - 1

/* The number of turns up to the last that says something, of an array of so many. */
static inline size_t
peer_turn_count(const struct peer_turn *turns, size_t count)
{
	while (count > 0 && turns[count - 1].answer == NULL &&
	    turns[count - 1].end == PEER_KEEPS)
		count--;
	return count;
}

struct peer_conn;

struct http_peer {
	struct loop *loop;
	struct event event;
	int fd;
	const struct peer_turn *turns;
	size_t count, next;
	const char *const *shown;    /* ends in NULL; NULL: none */
	bool bytewise;
	struct buf trace;
	unsigned connections;
	unsigned gone;               /* that the client has ended, … */
	unsigned reset;              /* … by a reset */
	struct peer_conn *first;
};

struct peer_conn {
	struct http_peer *peer;
	struct peer_conn *next;
	struct event event;
	unsigned number;
	int fd;                      /* -1: over */
	struct buf in, out;
	size_t out_at;
	enum peer_end end;
};

static void peer_ready(evutil_socket_t fd, short events, void *ctx);

static void
peer_shut(struct peer_conn *c, bool reset)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	if (c->fd < 0)
		return;
	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	event_del(&c->event);
	close(c->fd);
	c->fd = -1;
}

/* The one place that decides what to wait for, and when a connection is over. */
static void
peer_update(struct peer_conn *c)
{
	bool writes = c->out_at < c->out.len;

	if (c->fd < 0)
		return;
	if (!writes && c->end != PEER_KEEPS) {
		peer_shut(c, c->end == PEER_RESETS);
		return;
	}
	event_del(&c->event);
	event_assign(&c->event, loop_base(c->peer->loop), c->fd,
	    (short)(EV_READ | (writes ? EV_WRITE : 0)), peer_ready, c);
	event_add(&c->event, NULL);
}

/* Appends the value of a field, when the request has it. */
static void
peer_show(struct http_peer *p, const char *head, const char *name)
{
	char line[64];
	const char *at;

	snprintf(line, sizeof line, "\r\n%s: ", name);
	at = strcasestr(head, line);
	if (at != NULL)
		buf_addf(&p->trace, " %.*s", (int)strcspn(at + 2, "\r"), at + 2);
}

static void
peer_answer(struct peer_conn *c, size_t head_len, size_t body_len)
{
	struct http_peer *p = c->peer;
	char *head = (char *)c->in.data;
	const struct peer_turn *turn = p->next < p->count ? &p->turns[p->next++] : NULL;

	head[head_len - 1] = '\0';
	buf_addf(&p->trace, "%sc%u %.*s", p->trace.len > 0 ? " | " : "", c->number,
	    (int)(strstr(head, " HTTP/1.1\r\n") - head), head);
	for (size_t i = 0; p->shown != NULL && p->shown[i] != NULL; i++)
		peer_show(p, head, p->shown[i]);
	if (body_len > 0)
		buf_addf(&p->trace, " \"%.*s\"", body_len < 40 ? (int)body_len : 40,
		    head + head_len);
	buf_drop(&c->in, head_len + body_len);
	if (turn == NULL)
		return;
	if (turn->answer != NULL)
		buf_add(&c->out, turn->answer,
		    turn->len > 0 ? turn->len : strlen(turn->answer));
	c->end = turn->end;
}

static void
peer_take(struct peer_conn *c)
{
	static const char field[] = "\r\nContent-Length: ";
	char *end, *length;
	size_t head_len, body_len;

	buf_add(&c->in, "", 1);
	c->in.len--;
	end = strstr((char *)c->in.data, "\r\n\r\n");
	if (end == NULL)
		return;
	head_len = (size_t)(end + 4 - (char *)c->in.data);
	length = strstr((char *)c->in.data, field);
	body_len = length != NULL && length < end ? strtoul(length + sizeof field - 1, NULL,
	    10) : 0;
	if (c->in.len >= head_len + body_len)
		peer_answer(c, head_len, body_len);
}

static void
peer_read(struct peer_conn *c)
{
	uint8_t *into = buf_reserve(&c->in, 1 << 17);
	ssize_t n = recv(c->fd, into, 1 << 17, MSG_DONTWAIT);

	if (n > 0) {
		c->in.len += (size_t)n;
		peer_take(c);
	} else if (n == 0 || errno != EAGAIN) {
		c->peer->gone++;
		c->peer->reset += n < 0 && errno == ECONNRESET;
		peer_shut(c, false);
	}
}

static void
peer_write(struct peer_conn *c)
{
	size_t len = c->out.len - c->out_at;
	bool byte = c->peer->bytewise && c->out_at < 3000 && len > 1;
	ssize_t n = send(c->fd, c->out.data + c->out_at, byte ? 1 : len,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		c->out_at += (size_t)n;
	else if (errno != EAGAIN)
		peer_shut(c, false);
}

static void
peer_ready(evutil_socket_t fd, short events, void *ctx)
{
	struct peer_conn *c = ctx;

	(void)fd;
	if (events & EV_READ)
		peer_read(c);
	if (c->fd >= 0 && (events & EV_WRITE))
		peer_write(c);
	peer_update(c);
}

static void
peer_accept(evutil_socket_t fd, short events, void *ctx)
{
	struct http_peer *p = ctx;
	struct peer_conn *c = calloc(1, sizeof *c);
	int on = 1;

	(void)events;
	if (c == NULL)
		abort();
	*c = (struct peer_conn){.peer = p, .next = p->first, .number = ++p->connections,
	    .fd = accept(fd, NULL, NULL)};
	p->first = c;
	buf_init(&c->in, 64 << 20);
	buf_init(&c->out, 64 << 20);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	event_assign(&c->event, loop_base(p->loop), c->fd, EV_READ, peer_ready, c);
	event_add(&c->event, NULL);
}

/* Returns its port. *p is the caller's, with the script in it. */
static uint16_t
http_peer_open(struct http_peer *p)
{
	uint16_t port;

	buf_init(&p->trace, 1 << 20);
	p->fd = tap_listen(&port);
	event_assign(&p->event, loop_base(p->loop), p->fd, EV_READ | EV_PERSIST, peer_accept,
	    p);
	event_add(&p->event, NULL);
	return port;
}

static void
http_peer_close(struct http_peer *p)
{
	event_del(&p->event);
	close(p->fd);
	while (p->first != NULL) {
		struct peer_conn *c = p->first;

		p->first = c->next;
		peer_shut(c, false);
		buf_release(&c->in);
		buf_release(&c->out);
		free(c);
	}
	buf_release(&p->trace);
}

#endif
