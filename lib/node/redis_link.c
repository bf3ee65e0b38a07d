#include "lib/node/redis_link.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/base/url.h"
#include "lib/node/core.h"

enum {
	ADDRESSES = 4,
	BACKOFF_FIRST_MS = 50,
	BACKOFF_MOST_MS = 2000,
	CONNECT_MS = 5000,           /* until it is up */
	READS = 64,                  /* of 16 KiB, before others get their turn */
};

struct redis_server {
	struct url url;
	int database;
	unsigned addresses;
	char address[ADDRESSES][NI_MAXHOST];
};

struct redis_link {
	struct redis_link_params params;
	redisAsyncContext *ac;       /* NULL between attempts */
	struct lws *wsi;             /* of the duplicate; NULL while there is none */
	bool up;
	bool told_down;              /* nothing new to say until it was up again */
	bool freeing;
	unsigned attempts;           /* since it was up */
	char why[160];               /* it was given up */
	struct rng rng;
	lws_sorted_usec_list_t timer;
};

static void connect_now(struct redis_link *l);

/* --- where Redis is ----------------------------------------------------------------------- */

static int
parse_database(struct redis_server *s, const char *text, struct err *e)
{
	const char *digits = s->url.target + 1;
	size_t len = strlen(digits);

	if (len > 5 || strspn(digits, "0123456789") != len)
		return err_set(e, ERR_USAGE, 0,
		    "bad URL '%.120s': expected a database number after the host", text);
	s->database = len > 0 ? (int)strtol(digits, NULL, 10) : 0;
	return 0;
}

static int
resolve(struct redis_server *s, struct err *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found, *ai;
	int why = getaddrinfo(s->url.host, NULL, &hints, &found);

	if (why != 0)
		return err_set(e, ERR_RESOLVE, 0, "no address for Redis at %s: %s",
		    s->url.host, gai_strerror(why));
	for (ai = found; ai != NULL && s->addresses < ADDRESSES; ai = ai->ai_next)
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, s->address[s->addresses],
		    sizeof s->address[0], NULL, 0, NI_NUMERICHOST) == 0)
			s->addresses++;
	freeaddrinfo(found);
	if (s->addresses == 0)
		return err_set(e, ERR_RESOLVE, 0, "no address for Redis at %s", s->url.host);
	return 0;
}

struct redis_server *
redis_server_new(const char *url, struct err *e)
{
	struct redis_server *s = calloc(1, sizeof *s);

	if (s == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for Redis");
		return NULL;
	}
	if (url_parse(&s->url, url, e) != 0) {
		free(s);
		return NULL;
	}
	if (s->url.scheme != URL_REDIS)
		err_set(e, ERR_USAGE, 0, "bad URL '%.120s': expected redis://", url);
	else if (parse_database(s, url, e) == 0 && resolve(s, e) == 0)
		return s;
	redis_server_free(s);
	return NULL;
}

void
redis_server_free(struct redis_server *s)
{
	if (s == NULL)
		return;
	url_release(&s->url);
	free(s);
}

/* --- hiredis in the loop of libwebsockets ------------------------------------------------- */

static void
want_write(void *data)
{
	struct redis_link *l = data;

	if (l->wsi != NULL)
		lws_callback_on_writable(l->wsi);
}

static void
ignore(void *data)
{
	(void)data;
}

static void
retry_now(lws_sorted_usec_list_t *timer)
{
	connect_now(lws_container_of(timer, struct redis_link, timer));
}

static void
retry_later(struct redis_link *l)
{
	unsigned shift = l->attempts < 6 ? l->attempts : 6;
	double ms = BACKOFF_FIRST_MS << shift;

	if (ms > BACKOFF_MOST_MS)
		ms = BACKOFF_MOST_MS;
	ms -= ms / 2 * rng_double(&l->rng);
	l->attempts++;
	lws_sul_schedule(l->params.node->lws, 0, &l->timer, retry_now,
	    (lws_usec_t)(ms * 1000));
}

/* hiredis lets go of the connection, for whatever reason; all replies have been given. */
static void
gone(void *data)
{
	struct redis_link *l = data;
	bool was_up = l->up;

	if (l->why[0] == '\0')
		snprintf(l->why, sizeof l->why, "%s", l->ac->errstr != NULL &&
		    l->ac->errstr[0] != '\0' ? l->ac->errstr : "connection closed");
	l->ac = NULL;
	l->up = false;
	if (l->wsi != NULL) {
		lws_set_opaque_user_data(l->wsi, NULL);
		lws_set_timeout(l->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
		l->wsi = NULL;
	}
	if (l->freeing)
		return;
	retry_later(l);
	if (was_up || !l->told_down) {
		l->told_down = true;
		l->params.down(l->params.arg, l->why);
	}
}

/* All that has arrived, within reason; -1: the connection is gone. */
static int
read_some(struct redis_link *l)
{
	int left = 0;

	for (int i = 0; i < READS && l->ac != NULL; i++) {
		redisAsyncHandleRead(l->ac);
		if (l->ac == NULL || ioctl(l->ac->c.fd, FIONREAD, &left) != 0 || left == 0)
			break;
	}
	return l->ac != NULL ? 0 : -1;
}

int
redis_link_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
    size_t len)
{
	struct redis_link *l = lws_get_opaque_user_data(wsi);

	(void)user;
	(void)in;
	(void)len;
	if (l == NULL)
		return 0;
	switch ((int)reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		return read_some(l);
	case LWS_CALLBACK_RAW_WRITEABLE_FILE:
		redisAsyncHandleWrite(l->ac);
		return l->ac != NULL ? 0 : -1;
	case LWS_CALLBACK_RAW_CLOSE_FILE:
		/* The loop saw the end before hiredis did: what arrived still counts. */
		l->wsi = NULL;
		read_some(l);
		if (l->ac != NULL)
			redisAsyncFree(l->ac);
		return 0;
	default:
		return 0;
	}
}

static int
adopt(struct redis_link *l)
{
	lws_sock_file_fd_type fd;
	int copy = fcntl(l->ac->c.fd, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return -1;
	fd.filefd = (lws_filefd_type)(intptr_t)copy;
	l->wsi = lws_adopt_descriptor_vhost(l->params.node->vhost, LWS_ADOPT_RAW_FILE_DESC, fd,
	    "redis", NULL);
	if (l->wsi == NULL)
		return -1;
	lws_set_opaque_user_data(l->wsi, l);
	return 0;
}

/* --- life of a connection ----------------------------------------------------------------- */

/* A peer that vanished without a word is noticed within some 10 s. */
static void
set_keepalive(int fd)
{
	int on = 1, idle = 5, interval = 2, probes = 3, unanswered_ms = 10000;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof unanswered_ms);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void
redis_link_drop(struct redis_link *l, const char *why)
{
	if (l->ac == NULL)
		return;
	snprintf(l->why, sizeof l->why, "%s", why);
	redisAsyncFree(l->ac);
}

static void
connect_too_long(lws_sorted_usec_list_t *timer)
{
	redis_link_drop(lws_container_of(timer, struct redis_link, timer),
	    "no answer for 5 s");
}

/* AUTH or SELECT was answered: only a refusal matters. */
static void
on_greeting(redisAsyncContext *ac, void *answer, void *data)
{
	const redisReply *reply = answer;

	(void)data;
	if (reply != NULL && reply->type == REDIS_REPLY_ERROR)
		redis_link_drop(ac->data, reply->str);
}

/* PING was answered: Redis is not just connected, it also works. */
static void
on_pong(redisAsyncContext *ac, void *answer, void *data)
{
	const redisReply *reply = answer;
	struct redis_link *l = ac->data;

	on_greeting(ac, answer, data);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		return;
	lws_sul_cancel(&l->timer);
	l->up = true;
	l->attempts = 0;
	l->told_down = false;
	l->params.up(l->params.arg);
}

static void
greet(struct redis_link *l)
{
	const struct redis_server *s = l->params.server;

	set_keepalive(l->ac->c.fd);
	if (s->url.password != NULL && s->url.user != NULL && s->url.user[0] != '\0')
		redisAsyncCommand(l->ac, on_greeting, NULL, "AUTH %s %s", s->url.user,
		    s->url.password);
	else if (s->url.password != NULL)
		redisAsyncCommand(l->ac, on_greeting, NULL, "AUTH %s", s->url.password);
	if (s->database != 0)
		redisAsyncCommand(l->ac, on_greeting, NULL, "SELECT %d", s->database);
	redisAsyncCommand(l->ac, on_pong, NULL, "PING");
}

static void
connect_now(struct redis_link *l)
{
	const struct redis_server *s = l->params.server;

	l->why[0] = '\0';
	l->ac = redisAsyncConnect(s->address[l->attempts % s->addresses], s->url.port);
	if (l->ac == NULL) {
		retry_later(l);
		return;
	}
	l->ac->data = l;
	l->ac->ev.data = l;
	l->ac->ev.addWrite = want_write;
	l->ac->ev.addRead = l->ac->ev.delRead = l->ac->ev.delWrite = ignore;
	l->ac->ev.cleanup = gone;
	if (l->ac->err != 0 || adopt(l) != 0) {
		redisAsyncFree(l->ac);
		return;
	}
	lws_sul_schedule(l->params.node->lws, 0, &l->timer, connect_too_long,
	    CONNECT_MS * 1000);
	greet(l);
}

struct redis_link *
redis_link_new(const struct redis_link_params *params)
{
	struct redis_link *l = calloc(1, sizeof *l);
	uint64_t seed;

	if (l == NULL)
		return NULL;
	l->params = *params;
	rng_secret(&seed, sizeof seed);
	rng_init(&l->rng, seed);
	connect_now(l);
	return l;
}

void
redis_link_free(struct redis_link *l)
{
	if (l == NULL)
		return;
	l->freeing = true;
	lws_sul_cancel(&l->timer);
	if (l->ac != NULL)
		redisAsyncFree(l->ac);
	free(l);
}

redisAsyncContext *
redis_link_context(struct redis_link *l)
{
	return l->up ? l->ac : NULL;
}

void *
redis_link_arg(const redisAsyncContext *ac)
{
	const struct redis_link *l = ac->data;

	return l->params.arg;
}
