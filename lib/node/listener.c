#include "lib/node/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/err.h"

/* Splits the text; false: it is not of the form. */
static int
split(const char *address, char *host, size_t host_size, const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t len;

	if (colon == NULL || colon == address || colon[1] == '\0')
		return 0;
	len = (size_t)(colon - address);
	if (*address == '[' && colon[-1] == ']') {
		address++;
		len -= 2;
	} else if (memchr(address, ':', len) != NULL) {
		return 0;
	}
	if (len == 0 || len >= host_size || strlen(colon + 1) > 5 ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return 0;
	memcpy(host, address, len);
	host[len] = '\0';
	*port = colon + 1;
	return 1;
}

static int
open_one(const struct addrinfo *ai)
{
	int fd, on = 1, saved;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* A port that connections of an earlier run linger on is free all the same. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int
listener_open(const char *address, struct err *e)
{
	const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	    .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	const char *port;
	char host[256];
	int fd, why;

	if (!split(address, host, sizeof host, &port) || strtol(port, NULL, 10) > 65535)
		return err_set(e, ERR_USAGE, 0,
		    "--listen: '%.100s' is not of the form HOST:PORT or [IPV6]:PORT", address);
	why = getaddrinfo(host, port, &hints, &found);
	if (why != 0)
		return err_set(e, ERR_IO, 0, "cannot listen on %.100s: %s", address,
		    gai_strerror(why));
	fd = open_one(found);
	why = errno;
	freeaddrinfo(found);
	if (fd < 0)
		return err_set(e, ERR_IO, why, "cannot listen on %.100s: %s", address,
		    strerror(why));
	return fd;
}

void
listener_address(int fd, char *into, size_t size)
{
	struct sockaddr_storage storage = {0};
	socklen_t len = sizeof storage;
	char host[INET6_ADDRSTRLEN + 16] = "", port[8] = "";

	getsockname(fd, (struct sockaddr *)&storage, &len);
	getnameinfo((struct sockaddr *)&storage, len, host, sizeof host, port, sizeof port,
	    NI_NUMERICHOST | NI_NUMERICSERV);
	if (storage.ss_family == AF_INET6)
		snprintf(into, size, "[%s]:%s", host, port);
	else
		snprintf(into, size, "%s:%s", host, port);
}

int
listener_accept(int fd)
{
	int on = 1, accepted;

	do
		accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (accepted < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (accepted >= 0)
		setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return accepted;
}
