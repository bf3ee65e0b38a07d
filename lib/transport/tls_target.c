#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/transport/tls_parts.h"

enum { NAME_MAX_BYTES = 255 };       /* of a server's name (RFC 6066, 3) */

struct tls_target *
tls_target_new(struct tls_context *c, const char *server_name, struct err *e)
{
	size_t len = strlen(server_name);
	unsigned char address[16];
	struct tls_target *t = NULL;

	if (len > 1 && server_name[len - 1] == '.')
		len--;               /* "without a trailing dot" */
	if (len == 0 || len > NAME_MAX_BYTES)
		err_set(e, ERR_USAGE, 0, "'%.100s' is no name of a server: 1 to %d bytes",
		    server_name, NAME_MAX_BYTES);
	else if ((t = calloc(1, sizeof *t + len + 1)) == NULL)
		err_set(e, ERR_MEMORY, 0, "no memory for TLS");
	if (t == NULL)
		return NULL;
	t->context = c;
	memcpy(t->name, server_name, len);
	t->address = inet_pton(AF_INET, t->name, address) == 1 ||
	    inet_pton(AF_INET6, t->name, address) == 1;
	return t;
}

void
tls_target_free(struct tls_target *t)
{
	if (t == NULL)
		return;
	SSL_SESSION_free(t->session);
	free(t);
}

void
tls_target_counts(const struct tls_target *t, uint64_t *done, uint64_t *resumed)
{
	*done = t->done;
	*resumed = t->resumed;
}

void
tls_target_keep(struct tls_target *t, SSL_SESSION *session)
{
	SSL_SESSION_free(t->session);
	t->session = session;
}

SSL_SESSION *
tls_target_session(struct tls_target *t)
{
	if (t->session != NULL && !SSL_SESSION_is_resumable(t->session))
		tls_target_keep(t, NULL);
	return t->session;
}
