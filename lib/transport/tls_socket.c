/* tls_socket.c: the descriptor of a connection as OpenSSL wants it. OpenSSL's own would raise
 * SIGPIPE, and asks the kernel once more when it has just said that there is nothing. */
#include <errno.h>
#include <openssl/bio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/transport/tls_parts.h"

/* What a peer says first is a handshake record or an alert (RFC 8446, 5.1). */
static void
listen_first(struct tls *t, const char *data, size_t len)
{
	t->heard = true;
	t->alien = *data != 0x15 && *data != 0x16;
	t->http = len >= 5 && memcmp(data, "HTTP/", 5) == 0;
}

static int
socket_read(BIO *b, char *into, int len)
{
	struct tls *t = BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	if (t->dry) {
		BIO_set_retry_read(b);
		return -1;
	}
	n = recv(t->fd, into, (size_t)len, 0);
	if (n > 0) {
		t->dry = n < len;
		if (!t->heard)
			listen_first(t, into, (size_t)n);
		return (int)n;
	}
	if (n == 0) {
		t->eof = true;
		return 0;
	}
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_read(b);
	else
		t->sys_errno = errno;
	return -1;
}

static int
socket_write(BIO *b, const char *data, int len)
{
	struct tls *t = BIO_get_data(b);
	ssize_t n = send(t->fd, data, (size_t)len, MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (n >= 0)
		return (int)n;
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_write(b);
	else
		t->sys_errno = errno;
	return -1;
}

static long
socket_ctrl(BIO *b, int command, long number, void *arg)
{
	const struct tls *t = BIO_get_data(b);

	(void)number;
	(void)arg;
	if (command == BIO_CTRL_FLUSH)
		return 1;
	if (command == BIO_CTRL_EOF)
		return t->eof;
	return 0;
}

BIO_METHOD *
tls_socket_new(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "descriptor");

	if (m == NULL || BIO_meth_set_read(m, socket_read) != 1 ||
	    BIO_meth_set_write(m, socket_write) != 1 || BIO_meth_set_ctrl(m, socket_ctrl) != 1) {
		BIO_meth_free(m);
		return NULL;
	}
	return m;
}
