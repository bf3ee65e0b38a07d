/* tls_context.c: from what a user says about TLS to an SSL_CTX. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/transport/tls_parts.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for TLS");
}

/* What OpenSSL says, for sentences that have nothing better; the queue is empty then. */
static const char *
own_words(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return text != NULL ? text : "unknown error";
}

static int
cannot_read(const char *option, const char *path, struct err *e)
{
	return err_set(e, ERR_IO, errno, "%s: cannot read '%.100s': %s", option, path,
	    strerror(errno));
}

/* --- versions and protocols ---------------------------------------------------------------- */

static const struct {
	const char *text;
	int version;
} versions[] = {
	{"1.0", TLS1_VERSION},
	{"1.1", TLS1_1_VERSION},
	{"1.2", TLS1_2_VERSION},
	{"1.3", TLS1_3_VERSION},
};

static int
set_version(struct tls_context *c, const char *min, struct err *e)
{
	int version = 0;

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (strcmp(versions[i].text, min) == 0)
			version = versions[i].version;
	if (version == 0)
		return err_set(e, ERR_USAGE, 0,
		    "--tls-min: '%.40s' is not one of 1.0, 1.1, 1.2 and 1.3", min);
	if (SSL_CTX_set_min_proto_version(c->ssl, version) != 1 ||
	    (version < TLS1_2_VERSION &&
	    SSL_CTX_set_cipher_list(c->ssl, "DEFAULT:@SECLEVEL=0") != 1))
		return err_set(e, ERR_USAGE, 0, "--tls-min: OpenSSL does not speak %s: %s", min,
		    own_words());
	return 0;
}

/* On the wire each has its length in front (RFC 7301, 3.1); c->alpn keeps them for
 * tls_describe, with a NUL behind each. */
static int
set_alpn(struct tls_context *c, const char *list, struct err *e)
{
	struct slice rest = slice_of(list);
	struct buf wire;
	int result = 0;

	buf_init(&wire, 65535);
	buf_init(&c->alpn, 2 * wire.max);
	while (result == 0 && *list != '\0' && rest.data != NULL) {
		struct slice name = slice_trim(slice_cut(&rest, ','));
		uint8_t len = (uint8_t)name.len;

		if (name.len == 0 || name.len > 255)
			result = err_set(e, ERR_USAGE, 0, "--alpn: '%.100s' is not a list of "
			    "protocols of 1 to 255 bytes", list);
		else if (buf_add(&wire, &len, 1) != 0 ||
		    buf_add(&wire, name.data, name.len) != 0 ||
		    buf_add(&c->alpn, &len, 1) != 0 ||
		    buf_add(&c->alpn, name.data, name.len) != 0 ||
		    buf_add(&c->alpn, "", 1) != 0)
			result = err_set(e, ERR_USAGE, 0, "--alpn: the list is too long");
	}
	if (result == 0 && wire.len > 0 &&
	    SSL_CTX_set_alpn_protos(c->ssl, wire.data, (unsigned)wire.len) != 0)
		result = no_memory(e);
	buf_release(&wire);
	return result;
}

/* --- whom to trust ------------------------------------------------------------------------- */

static int
set_trust(struct tls_context *c, const char *path, struct err *e)
{
	struct stat info;
	int done;

	SSL_CTX_set_verify(c->ssl, c->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
	    c->insecure ? NULL : tls_on_verify);
	if (path == NULL) {
		/* What is missing there shows when a certificate is verified. */
		SSL_CTX_set_default_verify_paths(c->ssl);
		ERR_clear_error();
		return 0;
	}
	/* Whoever names a certificate trusts it, whether or not it is that of an authority. */
	X509_STORE_set_flags(SSL_CTX_get_cert_store(c->ssl), X509_V_FLAG_PARTIAL_CHAIN);
	if (stat(path, &info) != 0 || access(path, R_OK) != 0)
		return cannot_read("--cacert", path, e);
	done = S_ISDIR(info.st_mode) ? SSL_CTX_load_verify_dir(c->ssl, path) :
	    SSL_CTX_load_verify_file(c->ssl, path);
	if (done != 1)
		return err_set(e, ERR_IO, 0, "--cacert: '%.100s' holds no certificate in PEM: %s",
		    path, own_words());
	return 0;
}

/* --- the client's own certificate ---------------------------------------------------------- */

struct passphrase {
	const char *path;            /* NULL: none was given */
	bool asked;
	int len;                     /* -1: not read */
	char text[1024];
};

/* Called when a key turns out to be encrypted. Without it OpenSSL would ask the terminal. */
static int
give_passphrase(char *into, int size, int writing, void *ctx)
{
	struct passphrase *p = ctx;

	(void)writing;
	if (p == NULL)
		return -1;
	p->asked = true;
	if (p->len < 0 || p->len > size)
		return -1;
	memcpy(into, p->text, (size_t)p->len);
	return p->len;
}

static int
read_passphrase(struct passphrase *p, struct err *e)
{
	FILE *file;

	p->len = -1;
	if (p->path == NULL)
		return 0;
	file = fopen(p->path, "re");
	if (file == NULL)
		return cannot_read("--key-passphrase", p->path, e);
	if (fgets(p->text, sizeof p->text, file) != NULL)
		p->len = (int)strcspn(p->text, "\r\n");
	fclose(file);
	if (p->len < 0)
		return err_set(e, ERR_IO, 0, "--key-passphrase: '%.100s' is empty", p->path);
	return 0;
}

static int
no_key(const struct passphrase *p, const char *option, const char *path, struct err *e)
{
	const char *words = own_words();

	if (p->asked && p->path == NULL)
		return err_set(e, ERR_USAGE, 0,
		    "%s: the key in '%.100s' is encrypted, so --key-passphrase is needed", option,
		    path);
	if (p->asked)
		return err_set(e, ERR_USAGE, 0,
		    "--key-passphrase: '%.80s' does not decrypt the key in '%.80s'", p->path, path);
	if (strcmp(option, "--cert") == 0)
		return err_set(e, ERR_USAGE, 0, "--cert: '%.100s' holds no private key in PEM; "
		    "--key names the file that does", path);
	return err_set(e, ERR_IO, 0, "%s: '%.100s' holds no private key in PEM: %s", option, path,
	    words);
}

static EVP_PKEY *
read_key(const struct tls_params *params, struct err *e)
{
	const char *option = params->key != NULL ? "--key" : "--cert";
	const char *path = params->key != NULL ? params->key : params->cert;
	struct passphrase pass = {.path = params->passphrase};
	EVP_PKEY *key = NULL;
	FILE *file;

	if (read_passphrase(&pass, e) != 0)
		return NULL;
	file = fopen(path, "re");
	if (file == NULL) {
		cannot_read(option, path, e);
	} else {
		key = PEM_read_PrivateKey(file, NULL, give_passphrase, &pass);
		fclose(file);
		if (key == NULL)
			no_key(&pass, option, path, e);
	}
	OPENSSL_cleanse(pass.text, sizeof pass.text);
	return key;
}

static int
set_identity(struct tls_context *c, const struct tls_params *params, struct err *e)
{
	EVP_PKEY *key;
	int result = 0;

	if (params->cert == NULL && (params->key != NULL || params->passphrase != NULL))
		return err_set(e, ERR_USAGE, 0, "%s needs --cert",
		    params->key != NULL ? "--key" : "--key-passphrase");
	if (params->cert == NULL)
		return 0;
	if (access(params->cert, R_OK) != 0)
		return cannot_read("--cert", params->cert, e);
	if (SSL_CTX_use_certificate_chain_file(c->ssl, params->cert) != 1)
		return err_set(e, ERR_IO, 0, "--cert: '%.100s' holds no certificate in PEM: %s",
		    params->cert, own_words());
	key = read_key(params, e);
	if (key == NULL)
		return -1;
	if (X509_check_private_key(SSL_CTX_get0_certificate(c->ssl), key) != 1)
		result = err_set(e, ERR_USAGE, 0,
		    "--key: the key in '%.80s' is not that of the certificate in '%.80s'",
		    params->key != NULL ? params->key : params->cert, params->cert);
	else if (SSL_CTX_use_PrivateKey(c->ssl, key) != 1)
		result = err_set(e, ERR_USAGE, 0, "--key: OpenSSL does not accept it: %s",
		    own_words());
	EVP_PKEY_free(key);
	ERR_clear_error();
	return result;
}

/* --- sessions and secrets ------------------------------------------------------------------ */

/* OpenSSL has a session for us: after the handshake, or whenever a ticket comes (RFC 8446,
 * 4.6.1). 1: the reference is ours. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = SSL_get_app_data(ssl);

	tls_target_keep(t->target, session);
	return 1;
}

static void
set_resumption(struct tls_context *c)
{
	if (!c->resume) {
		SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
		SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
		return;
	}
	SSL_CTX_set_session_cache_mode(c->ssl,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ssl, on_session);
}

/* A line is one write, so that several processes may share the file. */
static void
on_secret(const SSL *ssl, const char *line)
{
	const struct tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct iovec parts[] = {{(void *)(uintptr_t)line, strlen(line)}, {"\n", 1}};
	ssize_t n = writev(c->keylog, parts, 2);

	(void)n;         /* a full disk is no reason to end a connection */
}

static int
set_keylog(struct tls_context *c, const char *path, struct err *e)
{
	if (path == NULL)
		return 0;
	c->keylog = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (c->keylog < 0)
		return err_set(e, ERR_IO, errno, "SSLKEYLOGFILE: cannot write '%.100s': %s", path,
		    strerror(errno));
	SSL_CTX_set_app_data(c->ssl, c);
	SSL_CTX_set_keylog_callback(c->ssl, on_secret);
	return 0;
}

/* --- all of it ----------------------------------------------------------------------------- */

static int
set_all(struct tls_context *c, const struct tls_params *params, struct err *e)
{
	if (set_version(c, params->min_version != NULL ? params->min_version : "1.2", e) != 0 ||
	    set_alpn(c, params->alpn != NULL ? params->alpn : "http/1.1", e) != 0 ||
	    set_trust(c, params->cacert, e) != 0 || set_identity(c, params, e) != 0)
		return -1;
	set_resumption(c);
	return set_keylog(c, params->keylog, e);
}

struct tls_context *
tls_context_new(const struct tls_params *params, struct err *e)
{
	struct tls_context *c = calloc(1, sizeof *c);

	ERR_clear_error();
	if (c != NULL) {
		c->keylog = -1;
		c->insecure = params->insecure;
		c->resume = !params->no_resume;
		c->socket = tls_socket_new();
		c->ssl = SSL_CTX_new(TLS_client_method());
	}
	if (c == NULL || c->socket == NULL || c->ssl == NULL) {
		tls_context_free(c);
		no_memory(e);
		return NULL;
	}
	/* Buffers go when a connection is idle; reading ahead saves every second call of the
	 * kernel; what waits to be sent may move in memory and go out in part. */
	SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c->ssl, 1);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_default_passwd_cb(c->ssl, give_passphrase);
	if (set_all(c, params, e) != 0) {
		tls_context_free(c);
		return NULL;
	}
	return c;
}

void
tls_context_free(struct tls_context *c)
{
	if (c == NULL)
		return;
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->socket);
	buf_release(&c->alpn);
	if (c->keylog >= 0)
		close(c->keylog);
	free(c);
}
