/*      stream.c ◄── decrypted ── SSL ◄── tls_socket.c ◄── recv
 *               ─── written ───►     ───►             ───► send
 *
 * OpenSSL moves the bytes by itself; this file says what to make of its answers. */
#include "lib/transport/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/err.h"
#include "lib/transport/tls_parts.h"

/* --- starting ------------------------------------------------------------------------------ */

static int
set_name(SSL *ssl, const struct tls_target *t)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (t->address)
		return X509_VERIFY_PARAM_set1_ip_asc(param, t->name);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(ssl, t->name) == 1 &&
	    X509_VERIFY_PARAM_set1_host(param, t->name, 0) == 1;
}

static int
set_socket(struct tls *t)
{
	BIO *b = BIO_new(t->target->context->socket);

	if (b == NULL)
		return 0;
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	return 1;
}

static void
tls_free(void *state)
{
	struct tls *t = state;

	/* A session may be resumed although nobody said goodbye; OpenSSL would strike it. */
	if (t->open && t->ended != IO_FAIL)
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	free(t);
}

void *
tls_start(struct tls_target *target, int fd, struct err *e)
{
	struct tls *t = calloc(1, sizeof *t);
	SSL_SESSION *session = tls_target_session(target);

	ERR_clear_error();
	if (t != NULL) {
		t->target = target;
		t->fd = fd;
		t->ssl = SSL_new(target->context->ssl);
		if (t->ssl != NULL && set_name(t->ssl, target) && set_socket(t) &&
		    SSL_set_app_data(t->ssl, t) == 1) {
			SSL_set_connect_state(t->ssl);
			if (session != NULL)
				SSL_set_session(t->ssl, session);
			return t;
		}
		tls_free(t);
	}
	ERR_clear_error();
	err_set(e, ERR_MEMORY, 0, "no memory for TLS");
	return NULL;
}

/* --- what OpenSSL answers ------------------------------------------------------------------ */

/* Remembers why, since the queue of OpenSSL is one for all connections. */
static enum io_result
failed(struct tls *t)
{
	t->code = ERR_peek_error();
	ERR_clear_error();
	return IO_FAIL;
}

static enum io_result
outcome(struct tls *t, int result, int waits)
{
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return waits == SSL_ERROR_WANT_READ ? IO_AGAIN : IO_OTHER;
	case SSL_ERROR_WANT_WRITE:
		return waits == SSL_ERROR_WANT_WRITE ? IO_AGAIN : IO_OTHER;
	case SSL_ERROR_ZERO_RETURN:
		return IO_END;
	}
	return failed(t);
}

/* A ticket that comes makes OpenSSL allocate a buffer to answer from, 16 KiB, which an idle
 * connection would keep although SSL_MODE_RELEASE_BUFFERS is on. Does nothing to a buffer with
 * something in it. */
static void
drop_buffers(struct tls *t)
{
	SSL_free_buffers(t->ssl);
}

enum io_result
tls_handshake(void *state, bool *want_write, struct err *e)
{
	struct tls *t = state;
	struct err told = {0};
	enum io_result result;

	ERR_clear_error();
	t->told = &told;
	t->dry = false;
	if (SSL_do_handshake(t->ssl) == 1) {
		t->open = true;
		t->left = SSL_has_pending(t->ssl);
		t->target->done++;
		t->target->resumed += SSL_session_reused(t->ssl) == 1;
		t->told = NULL;
		drop_buffers(t);
		return IO_OK;
	}
	result = outcome(t, -1, SSL_ERROR_WANT_READ);
	t->told = NULL;
	*want_write = result == IO_OTHER;
	if (result == IO_AGAIN || result == IO_OTHER)
		return IO_AGAIN;
	t->eof = t->eof || result == IO_END;
	if (told.class != ERR_NONE)
		*e = told;
	else
		tls_handshake_why(t, e);
	return IO_FAIL;
}

/* --- bytes --------------------------------------------------------------------------------- */

/* When `into` is full, OpenSSL may hold more: then the next call only empties that. It does not
 * ask the kernel, so that a fast peer does not keep it here. */
static enum io_result
tls_read(void *state, int fd, void *into, size_t len, size_t *got)
{
	struct tls *t = state;
	enum io_result result;
	size_t n;

	(void)fd;
	if (t->ended != IO_OK)
		return t->ended;
	t->dry = t->left;
	t->left = false;
	ERR_clear_error();
	while (*got < len && SSL_read_ex(t->ssl, (uint8_t *)into + *got, len - *got, &n) == 1)
		*got += n;
	if (*got == len) {
		t->left = SSL_has_pending(t->ssl);
		return IO_OK;
	}
	result = outcome(t, 0, SSL_ERROR_WANT_READ);
	if (result == IO_FAIL && t->eof)
		result = IO_END;
	if (result == IO_END || result == IO_FAIL)
		t->ended = (uint8_t)result;
	drop_buffers(t);
	if (*got == 0)
		return result;
	t->left = result != IO_AGAIN;
	return IO_OK;
}

static enum io_result
tls_write(void *state, int fd, const void *from, size_t len, size_t *put)
{
	struct tls *t = state;
	enum io_result result;
	size_t n;

	t->dry = false;
	ERR_clear_error();
	while (*put < len &&
	    SSL_write_ex(t->ssl, (const uint8_t *)from + *put, len - *put, &n) == 1)
		*put += n;
	if (*put == len)
		return IO_OK;
	result = outcome(t, 0, SSL_ERROR_WANT_WRITE);
	/* A failure shows when reading; one that is not the kernel's is made to show. */
	if (result == IO_FAIL && t->code != 0) {
		t->ended = IO_FAIL;
		shutdown(fd, SHUT_RDWR);
	}
	return result;
}

static bool
tls_pending(const void *state)
{
	const struct tls *t = state;

	return t->left;
}

static void
tls_part(void *state)
{
	struct tls *t = state;

	if (t->ended == IO_FAIL || t->eof)
		return;
	ERR_clear_error();
	SSL_shutdown(t->ssl);
	ERR_clear_error();
}

const struct stream_layer stream_tls = {
	.read = tls_read,
	.write = tls_write,
	.pending = tls_pending,
	.why = tls_why,
	.part = tls_part,
	.free = tls_free,
};

/* --- for people ---------------------------------------------------------------------------- */

/* What OpenSSL has does not end in a NUL; what was offered does. */
static const char *
agreed_protocol(const struct tls *t)
{
	const struct buf *offers = &t->target->context->alpn;
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(t->ssl, &name, &len);
	for (size_t at = 0; at < offers->len; at += offers->data[at] + 2u)
		if (len == offers->data[at] && memcmp(name, offers->data + at + 1, len) == 0)
			return (const char *)offers->data + at + 1;
	return NULL;
}

void
tls_describe(const void *state, struct tls_info *info)
{
	const struct tls *t = state;
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	long problem = SSL_get_verify_result(t->ssl);

	*info = (struct tls_info){.protocol = SSL_get_version(t->ssl),
	    .cipher = SSL_get_cipher_name(t->ssl), .alpn = agreed_protocol(t),
	    .resumed = SSL_session_reused(t->ssl) == 1,
	    .verified = problem == X509_V_OK};
	if (problem != X509_V_OK)
		snprintf(info->problem, sizeof info->problem, "%s",
		    X509_verify_cert_error_string(problem));
	if (cert == NULL)
		return;
	tls_name_text(X509_get_subject_name(cert), info->subject, sizeof info->subject);
	tls_name_text(X509_get_issuer_name(cert), info->issuer, sizeof info->issuer);
	tls_time_text(X509_get0_notAfter(cert), info->expires);
}
