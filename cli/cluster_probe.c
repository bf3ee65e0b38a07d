#include "cli/cluster_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/url.h"

enum { PORTS_MAX = 16 };

static const struct timeval patience = {.tv_sec = 1};

static int
open_loopback(uint16_t port, struct sockaddr_in *address)
{
	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

bool
cluster_probe_http(uint16_t port)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "User-Agent: hail-cluster\r\nConnection: close\r\n\r\n";
	static const char wanted[] = "HTTP/1.1 200";
	char answer[sizeof wanted - 1];
	struct sockaddr_in address;
	int fd = open_loopback(port, &address);
	bool ok;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	ok = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 &&
	    recv(fd, answer, sizeof answer, MSG_WAITALL) == (ssize_t)sizeof answer &&
	    memcmp(answer, wanted, sizeof answer) == 0;
	close(fd);
	return ok;
}

/* Sends one command; true when the reply is the status `wanted`, else its text goes to *e. */
static bool
redis_says(redisContext *redis, redisReply *reply, const char *wanted, struct err *e)
{
	bool ok = reply != NULL && reply->type == REDIS_REPLY_STATUS &&
	    strcmp(reply->str, wanted) == 0;

	if (reply == NULL)
		err_set(e, ERR_CONNECT, 0, "Redis: %s", redis->errstr);
	else if (!ok)
		err_set(e, ERR_CONNECT, 0, "Redis answered: %.180s",
		    reply->str != NULL ? reply->str : "something else than a status");
	if (reply != NULL)
		freeReplyObject(reply);
	return ok;
}

static bool
log_in(redisContext *redis, const struct url *url, struct err *e)
{
	if (url->password == NULL)
		return true;
	if (url->user != NULL && url->user[0] != '\0')
		return redis_says(redis,
		    redisCommand(redis, "AUTH %s %s", url->user, url->password), "OK", e);
	return redis_says(redis, redisCommand(redis, "AUTH %s", url->password), "OK", e);
}

int
cluster_probe_redis(const struct url *url, struct err *e)
{
	redisContext *redis = redisConnectWithTimeout(url->host, url->port, patience);
	bool ok = false;

	if (redis == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a connection to Redis");
	if (redis->err != 0)
		err_set(e, ERR_CONNECT, 0, "cannot connect to Redis at %s:%u: %s", url->host,
		    url->port, redis->errstr);
	else
		ok = redisSetTimeout(redis, patience) == REDIS_OK && log_in(redis, url, e) &&
		    redis_says(redis, redisCommand(redis, "PING"), "PONG", e);
	redisFree(redis);
	return ok ? 0 : -1;
}

int
cluster_probe_port(uint16_t port, struct err *e)
{
	struct sockaddr_in address;
	int fd = open_loopback(port, &address), yes = 1, failed = 0;

	/* As servers do it: connections of an earlier run that linger are no obstacle. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0)
		failed = err_set(e, ERR_IO, errno, "port %u: %s", port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return failed;
}

/* All are held until the last is found, so that they differ. */
int
cluster_free_ports(uint16_t *ports, size_t count, struct err *e)
{
	struct sockaddr_in address;
	socklen_t len = sizeof address;
	int fds[PORTS_MAX];
	size_t found = 0, opened = 0;

	for (; found == opened && opened < count && opened < PORTS_MAX; opened++) {
		fds[opened] = open_loopback(0, &address);
		if (bind(fds[opened], (struct sockaddr *)&address, sizeof address) != 0 ||
		    getsockname(fds[opened], (struct sockaddr *)&address, &len) != 0)
			err_set(e, ERR_IO, errno, "no free port: %s", strerror(errno));
		else
			ports[found++] = ntohs(address.sin_port);
	}
	while (opened > 0)
		if (fds[--opened] >= 0)
			close(fds[opened]);
	return found == count ? 0 : -1;
}
