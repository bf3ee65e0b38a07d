/* tls_test.c: streams over TLS against a server made of OpenSSL alone, in the same loop, with
 * certificates made here.
 *
 *      stream ── loopback ── struct conn: bytes in ─► SSL ─► echo ─► SSL ─► bytes out
 */
#include "lib/transport/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "lib/transport/endpoint.h"
#include "lib/transport/proxy.h"
#include "lib/transport/stream.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define DAY (24L * 3600)

enum { BIG = 4 << 20, PATIENCE_S = 60 };

/* --- certificates -------------------------------------------------------------------------- */

struct identity {
	X509 *cert;
	EVP_PKEY *key;
};

struct identity_params {
	const struct identity *issuer;       /* NULL: itself */
	const char *name, *others;           /* common name; subjectAltName */
	const char *uses;                    /* extendedKeyUsage; NULL: none */
	long from, to;                       /* seconds from now */
	bool authority;
};

static void
extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(cert, x, -1);
	X509_EXTENSION_free(x);
}

static struct identity
identity_make(const struct identity_params *p)
{
	static long serial;
	struct identity i = {X509_new(), EVP_EC_gen("P-256")};
	X509_NAME *name = X509_get_subject_name(i.cert);
	const struct identity *issuer = p->issuer != NULL ? p->issuer : &i;

	X509_set_version(i.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(i.cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(i.cert), p->from);
	X509_gmtime_adj(X509_getm_notAfter(i.cert), p->to);
	X509_set_pubkey(i.cert, i.key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)p->name, -1,
	    -1, 0);
	X509_set_issuer_name(i.cert, X509_get_subject_name(issuer->cert));
	extend(i.cert, NID_basic_constraints, p->authority ? "critical,CA:TRUE" : "CA:FALSE");
	if (p->others != NULL)
		extend(i.cert, NID_subject_alt_name, p->others);
	if (p->uses != NULL)
		extend(i.cert, NID_ext_key_usage, p->uses);
	X509_sign(i.cert, issuer->key, EVP_sha256());
	return i;
}

static void
identity_free(struct identity *i)
{
	X509_free(i->cert);
	EVP_PKEY_free(i->key);
}

/* Everyone there is. */
static struct identity root, middle, stranger, good, address, expired, early, other, many, self,
    user, chained, codesign;

static const char *const localhost = "DNS:localhost";

static void
make_identities(void)
{
	root = identity_make(&(struct identity_params){NULL, "Root", NULL, NULL, -DAY, DAY,
	    true});
	stranger = identity_make(&(struct identity_params){NULL, "Stranger", NULL, NULL, -DAY,
	    DAY, true});
	middle = identity_make(&(struct identity_params){&root, "Middle", NULL, NULL, -DAY, DAY,
	    true});
	good = identity_make(&(struct identity_params){&root, "good", localhost, NULL, -DAY, DAY,
	    false});
	chained = identity_make(&(struct identity_params){&middle, "chained", localhost, NULL,
	    -DAY, DAY, false});
	address = identity_make(&(struct identity_params){&root, "address",
	    "IP:127.0.0.1,IP:::1", NULL, -DAY, DAY, false});
	expired = identity_make(&(struct identity_params){&root, "expired", localhost, NULL,
	    -2 * DAY, -DAY, false});
	early = identity_make(&(struct identity_params){&root, "early", localhost, NULL, DAY,
	    2 * DAY, false});
	other = identity_make(&(struct identity_params){&root, "other",
	    "DNS:a.example,DNS:*.b.example,IP:192.0.2.1", NULL, -DAY, DAY, false});
	many = identity_make(&(struct identity_params){&root, "many",
	    "DNS:name-number-1-of-many.example,DNS:name-number-2-of-many.example,"
	    "DNS:name-number-3-of-many.example,DNS:name-number-4-of-many.example,"
	    "DNS:name-number-5-of-many.example", NULL, -DAY, DAY, false});
	self = identity_make(&(struct identity_params){NULL, "localhost", NULL, NULL, -DAY, DAY,
	    false});
	codesign = identity_make(&(struct identity_params){&root, "codesign", localhost,
	    "codeSigning", -DAY, DAY, false});
	user = identity_make(&(struct identity_params){&root, "user", NULL, NULL, -DAY, DAY,
	    false});
}

static void
free_identities(void)
{
	struct identity *all[] = {&root, &middle, &stranger, &good, &address, &expired, &early,
	    &other, &many, &self, &user, &chained, &codesign};

	for (size_t i = 0; i < COUNT(all); i++)
		identity_free(all[i]);
}

/* --- files --------------------------------------------------------------------------------- */

static char folder[] = "/tmp/hail-tls-XXXXXX";

static const char *
path_of(const char *name)
{
	static char paths[8][128];       /* as many may be in use at a time */
	static unsigned turn;
	char *into = paths[turn++ % COUNT(paths)];

	snprintf(into, sizeof *paths, "%s/%s", folder, name);
	return into;
}

static FILE *
create(const char *name)
{
	FILE *file = fopen(path_of(name), "w");

	if (file == NULL)
		abort();
	return file;
}

static void
write_text(const char *name, const char *text)
{
	FILE *file = create(name);

	fputs(text, file);
	fclose(file);
}

static void
write_cert(const char *name, const struct identity *i)
{
	FILE *file = create(name);

	PEM_write_X509(file, i->cert);
	fclose(file);
}

static void
write_key(const char *name, const struct identity *i, const char *passphrase)
{
	FILE *file = create(name);

	PEM_write_PrivateKey(file, i->key, passphrase != NULL ? EVP_aes_128_cbc() : NULL,
	    (const unsigned char *)passphrase,
	    passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL);
	fclose(file);
}

static const char *const files[] = {"root.pem", "self.pem", "user.pem", "user.key",
    "locked.key", "good.key", "phrase", "wrong", "empty", "garbage", "both.pem", "keylog"};

static void
make_files(void)
{
	FILE *both;
	char hashed[32];

	if (mkdtemp(folder) == NULL)
		abort();
	write_cert("root.pem", &root);
	write_cert("self.pem", &self);
	write_cert("user.pem", &user);
	write_key("user.key", &user, NULL);
	write_key("locked.key", &user, "open sesame");
	write_key("good.key", &good, NULL);
	write_text("phrase", "open sesame\nnot this line\n");
	write_text("wrong", "open barley\n");
	write_text("empty", "");
	write_text("garbage", "-----BEGIN NOTHING-----\n");
	both = create("both.pem");
	PEM_write_X509(both, user.cert);
	PEM_write_PrivateKey(both, user.key, NULL, NULL, 0, NULL, NULL);
	fclose(both);
	mkdir(path_of("certs"), 0700);
	snprintf(hashed, sizeof hashed, "certs/%08lx.0",
	    X509_NAME_hash_ex(X509_get_subject_name(root.cert), NULL, NULL, NULL));
	write_cert(hashed, &root);
}

static void
remove_files(void)
{
	char hashed[32];

	for (size_t i = 0; i < COUNT(files); i++)
		unlink(path_of(files[i]));
	snprintf(hashed, sizeof hashed, "certs/%08lx.0",
	    X509_NAME_hash_ex(X509_get_subject_name(root.cert), NULL, NULL, NULL));
	unlink(path_of(hashed));
	rmdir(path_of("certs"));
	rmdir(folder);
}

/* --- the server ---------------------------------------------------------------------------- */

enum habit {
	HABIT_ECHO,
	HABIT_HTTP,          /* answers in plain text */
	HABIT_NOISE,         /* answers with something else */
	HABIT_HANG_UP,       /* ends when it has heard something */
	HABIT_FAREWELL,      /* echoes, says goodbye in the same breath and holds the line */
	HABIT_CUT,           /* echoes, then ends without goodbye */
	HABIT_SPOIL,         /* echoes, then sends what is no TLS */
	HABIT_REKEY,         /* echoes, and once wants new keys: OpenSSL 3.0 breaks off when asked
	                      * twice while a write waits */
};

struct server_params {
	const struct identity *identity, *above;     /* above: sent with it; NULL: none */
	enum habit habit;
	bool bytewise, proxy, wants_user;
	bool hoards;                                 /* the client does */
	int max_version;                             /* 0: any */
	const char *alpn;                            /* on the wire; NULL: none */
};

struct conn {
	struct server *server;
	SSL *ssl;
	BIO *in, *out;
	int fd;
	bool tunnelled, rekeyed;
	struct event reads, writes;
	struct conn *next;
};

struct server {
	struct loop *loop;
	struct server_params params;
	SSL_CTX *ssl;
	int fd;
	struct event accepts;
	struct conn *conns;
	unsigned farewells, resets;          /* how connections ended */
	void (*gone)(void *ctx);             /* one has ended; NULL: nobody waits */
	void *ctx;
};

static void
conn_end(struct conn *c)
{
	struct server *v = c->server;
	struct conn **link = &v->conns;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	event_del(&c->reads);
	event_del(&c->writes);
	if (SSL_get_shutdown(c->ssl) & SSL_RECEIVED_SHUTDOWN)
		v->farewells++;
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
	if (v->gone != NULL)
		v->gone(v->ctx);
}

static void
conn_send(evutil_socket_t fd, short events, void *ctx)
{
	struct conn *c = ctx;
	char *data;
	long len = BIO_get_mem_data(c->out, &data), n;

	(void)events;
	if (c->server->params.bytewise && len > 1)
		len = 1;
	n = len > 0 ? send(fd, data, (size_t)len, MSG_NOSIGNAL) : 0;
	if (n > 0) {
		char *dropped = malloc((size_t)n);

		BIO_read(c->out, dropped, (int)n);
		free(dropped);
	}
	if (BIO_pending(c->out) == 0)
		event_del(&c->writes);
}

/* Says and does what its habit is after an echo. False: it has ended. */
static bool
conn_habit(struct conn *c)
{
	switch (c->server->params.habit) {
	case HABIT_FAREWELL:
		SSL_shutdown(c->ssl);
		return true;
	case HABIT_CUT:
		conn_send(c->fd, 0, c);
		conn_end(c);
		return false;
	case HABIT_SPOIL:
		BIO_write(c->out, "\27\3\3\0\20 not encrypted! ", 21);
		return true;
	case HABIT_REKEY:
		if (!c->rekeyed)
			SSL_key_update(c->ssl, SSL_KEY_UPDATE_REQUESTED);
		c->rekeyed = true;
		return true;
	case HABIT_ECHO:
	case HABIT_HTTP:
	case HABIT_NOISE:
	case HABIT_HANG_UP:
		break;
	}
	return true;
}

static void
conn_drive(struct conn *c)
{
	static char data[16384];
	size_t n, done;

	while (SSL_read_ex(c->ssl, data, sizeof data, &n) == 1) {
		SSL_write_ex(c->ssl, data, n, &done);
		if (!conn_habit(c))
			return;
	}
	ERR_clear_error();
	if (BIO_pending(c->out) > 0)
		event_add(&c->writes, NULL);
}

/* Takes a CONNECT with its end, in one piece. */
static void
conn_tunnel(struct conn *c, const char *data, size_t len)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";

	c->tunnelled = len > 4 && memcmp(data + len - 4, "\r\n\r\n", 4) == 0;
	BIO_write(c->out, answer, sizeof answer - 1);
	event_add(&c->writes, NULL);
}

static void
conn_hear(struct conn *c, const char *data, size_t len)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

	switch (c->server->params.habit) {
	case HABIT_HTTP:
		BIO_write(c->out, http, sizeof http - 1);
		event_add(&c->writes, NULL);
		return;
	case HABIT_NOISE:
		BIO_write(c->out, "SSH-2.0-OpenSSH\r\n", 17);
		event_add(&c->writes, NULL);
		return;
	case HABIT_HANG_UP:
		conn_end(c);
		return;
	case HABIT_ECHO:
	case HABIT_FAREWELL:
	case HABIT_CUT:
	case HABIT_SPOIL:
	case HABIT_REKEY:
		break;
	}
	if (c->server->params.proxy && !c->tunnelled) {
		conn_tunnel(c, data, len);
		return;
	}
	BIO_write(c->in, data, (int)len);
	conn_drive(c);
}

static void
conn_read(evutil_socket_t fd, short events, void *ctx)
{
	static char data[16384];
	struct conn *c = ctx;
	ssize_t n = recv(fd, data, sizeof data, 0);

	(void)events;
	if (n > 0) {
		conn_hear(c, data, (size_t)n);
		return;
	}
	if (n < 0 && errno == EAGAIN)
		return;
	c->server->resets += n < 0;
	conn_end(c);
}

static void
server_accept(evutil_socket_t fd, short events, void *ctx)
{
	struct server *v = ctx;
	struct conn *c = calloc(1, sizeof *c);

	(void)events;
	c->server = v;
	c->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	c->ssl = SSL_new(v->ssl);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	SSL_set_bio(c->ssl, c->in, c->out);
	SSL_set_accept_state(c->ssl);
	c->next = v->conns;
	v->conns = c;
	event_assign(&c->reads, loop_base(v->loop), c->fd, EV_READ | EV_PERSIST, conn_read, c);
	event_assign(&c->writes, loop_base(v->loop), c->fd, EV_WRITE | EV_PERSIST, conn_send, c);
	event_add(&c->reads, NULL);
}

static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *ctx)
{
	const struct server *v = ctx;
	unsigned char *chosen;

	(void)ssl;
	if (v->params.alpn == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	if (SSL_select_next_proto(&chosen, out_len, (const unsigned char *)v->params.alpn,
	    (unsigned)strlen(v->params.alpn), in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static void
server_dress(struct server *v, const struct server_params *p)
{
	v->params = *p;
	v->ssl = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(v->ssl, p->identity->cert);
	SSL_CTX_use_PrivateKey(v->ssl, p->identity->key);
	if (p->above != NULL)
		SSL_CTX_add1_chain_cert(v->ssl, p->above->cert);
	else
		SSL_CTX_set_mode(v->ssl, SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_max_proto_version(v->ssl, p->max_version);
	SSL_CTX_set_session_id_context(v->ssl, (const unsigned char *)"t", 1);
	SSL_CTX_set_alpn_select_cb(v->ssl, choose_protocol, v);
	if (!p->wants_user)
		return;
	X509_STORE_add_cert(SSL_CTX_get_cert_store(v->ssl), root.cert);
	SSL_CTX_set_verify(v->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static void
server_start(struct server *v, struct loop *l, const struct server_params *p)
{
	struct sockaddr_in any = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int narrow = 64 * 1024;

	*v = (struct server){.loop = l};
	server_dress(v, p);
	v->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(v->fd, SOL_SOCKET, SO_RCVBUF, &narrow, sizeof narrow);
	if (bind(v->fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(v->fd, 16) != 0)
		abort();
	event_assign(&v->accepts, loop_base(l), v->fd, EV_READ | EV_PERSIST, server_accept, v);
	event_add(&v->accepts, NULL);
}

static uint16_t
server_port(const struct server *v)
{
	struct sockaddr_in own;
	socklen_t len = sizeof own;

	getsockname(v->fd, (struct sockaddr *)&own, &len);
	return ntohs(own.sin_port);
}

static void
server_stop(struct server *v)
{
	v->gone = NULL;
	while (v->conns != NULL)
		conn_end(v->conns);
	event_del(&v->accepts);
	close(v->fd);
	SSL_CTX_free(v->ssl);
}

/* --- the client ---------------------------------------------------------------------------- */

struct client {
	struct loop *loop;
	struct stream *stream;
	size_t size, written, received;      /* bytes to send in all, sent, come back */
	bool opened, closed, good, reset, stays, secured, proxied;
	bool hoards;                         /* takes little of what came */
	struct err why;
	struct tls_info info;
	int described;
};

static uint8_t
pattern(size_t at)
{
	return (uint8_t)(at * 31 + at / 251);
}

static void
client_done(struct client *c)
{
	loop_stop(c->loop);
}

static void
client_write(struct client *c)
{
	uint8_t data[50000];
	int result = 1;

	while (result == 1 && c->written < c->size) {
		size_t n = c->size - c->written < sizeof data ? c->size - c->written : sizeof data;

		for (size_t i = 0; i < n; i++)
			data[i] = pattern(c->written + i);
		result = stream_write(c->stream, data, n);
		if (result >= 0)
			c->written += n;
	}
}

static void
on_opened(void *ctx)
{
	struct client *c = ctx;
	const struct stream_times *at = stream_times(c->stream);

	c->opened = true;
	c->secured = at->secured >= at->connected && at->connected > 0;
	c->proxied = at->proxied >= at->connected && at->secured >= at->proxied;
	c->described = stream_tls_info(c->stream, &c->info);
	client_write(c);
}

/* Leaves a few bytes each time, or many, as long as there is more to come. */
static size_t
client_takes(const struct client *c, size_t len)
{
	if (c->received + len >= c->size)
		return len;
	if (!c->hoards)
		return len - len % 7;
	return len > LOOP_BUFFER - 9000 ? len - (LOOP_BUFFER - 9000) : 0;
}

static size_t
on_received(void *ctx, const uint8_t *data, size_t len, uint64_t now)
{
	struct client *c = ctx;
	size_t take = client_takes(c, len);

	(void)now;
	for (size_t i = 0; i < take; i++)
		c->good &= data[i] == pattern(c->received + i);
	c->received += take;
	if (c->received < c->size || c->stays)
		return take;
	if (c->reset)
		stream_reset(c->stream);
	else
		stream_close(c->stream);
	c->stream = NULL;
	client_done(c);
	return take;
}

static void
on_drained(void *ctx)
{
	client_write(ctx);
}

static void
on_closed(void *ctx, const struct err *why)
{
	struct client *c = ctx;

	c->closed = true;
	c->why = *why;
	client_done(c);
}

static const struct stream_events events = {on_opened, on_received, on_drained, on_closed};

/* --- together ------------------------------------------------------------------------------ */

static void
on_impatience(evutil_socket_t fd, short happened, void *ctx)
{
	(void)fd;
	(void)happened;
	(void)ctx;
	printf("Bail out! nothing happens any more\n");
	exit(1);
}

static void
wait_in(struct loop *l)
{
	struct loop_timer patience;

	loop_timer_init(&patience, l, on_impatience, NULL);
	loop_timer_set(&patience, PATIENCE_S * NS_PER_S);
	loop_run(l, NULL);
	loop_timer_clear(&patience);
}

static void
on_gone(void *ctx)
{
	loop_stop(ctx);
}

static const struct proxy proxy = {.kind = PROXY_HTTP, .host = "localhost", .port = 443,
    .name = "the test's proxy"};

/* One connection from beginning to end, the server's side included. */
static void
converse(struct client *c, struct server *v, struct tls_target *t)
{
	struct stream_params params = {.tls = t, .max_backlog = 300 * 1000,
	    .proxy = v->params.proxy ? &proxy : NULL};
	struct resolver *r = resolver_new(v->loop, NULL);
	struct endpoint *p = endpoint_new(r, "127.0.0.1", server_port(v));

	params.dial.endpoint = p;
	c->loop = v->loop;
	c->good = true;
	v->farewells = v->resets = 0;
	if (stream_open(&c->stream, v->loop, &params, &events, c, &c->why) == 0)
		wait_in(v->loop);
	stream_close(c->stream);
	c->stream = NULL;
	v->gone = on_gone;
	v->ctx = v->loop;
	while (v->conns != NULL)
		wait_in(v->loop);
	v->gone = NULL;
	endpoint_free(p);
	resolver_free(r);
}

static struct tls_context *
context(struct tls_params p)
{
	struct err e = {0};
	struct tls_context *c = tls_context_new(&p, &e);

	if (c == NULL)
		printf("# %s\n", e.text);
	return c;
}

/* A conversation of its own server, context and target. */
static struct client
meet(const struct server_params *sp, struct tls_params p, const char *name, size_t size)
{
	struct loop *l = loop_new(NULL);
	struct client c = {.size = size, .hoards = sp->hoards};
	struct server v;
	struct tls_context *x = context(p);
	struct tls_target *t = tls_target_new(x, name, NULL);

	server_start(&v, l, sp);
	c.stays = sp->habit != HABIT_ECHO && sp->habit != HABIT_REKEY;
	converse(&c, &v, t);
	server_stop(&v);
	tls_target_free(t);
	tls_context_free(x);
	loop_free(l);
	return c;
}

#define TRUSTED .cacert = path_of("root.pem")

/* --- tests --------------------------------------------------------------------------------- */

static void
test_verified(void)
{
	static const struct {
		const char *what;
		const struct identity *identity, *above;
		const char *name;
	} rows[] = {
		{"a name", &good, NULL, "localhost"},
		{"a name in capitals, with a dot", &good, NULL, "LOCALHOST."},
		{"a chain", &chained, &middle, "localhost"},
		{"an IPv4 address", &address, NULL, "127.0.0.1"},
		{"an IPv6 address", &address, NULL, "::1"},
		{"a wildcard", &other, NULL, "x.b.example"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c = meet(&(struct server_params){.identity = rows[i].identity,
		    .above = rows[i].above}, (struct tls_params){TRUSTED}, rows[i].name, 100);

		tap_ok(c.opened && !c.closed && c.good && c.received == 100, "%s: echoed (%s)",
		    rows[i].what, c.why.text);
		tap_ok(c.described == 0 && c.info.verified && c.secured,
		    "%s: verified, with a time", rows[i].what);
		tap_text(c.info.problem, "", rows[i].what);
	}
}

static void
test_trust(void)
{
	struct server_params sp = {.identity = &good};
	struct client c = meet(&sp, (struct tls_params){.cacert = path_of("certs")}, "localhost",
	    9);

	tap_ok(c.opened && c.received == 9, "a directory of authorities (%s)", c.why.text);
	sp.identity = &self;
	c = meet(&sp, (struct tls_params){.cacert = path_of("self.pem")}, "localhost", 9);
	tap_ok(c.opened && c.received == 9, "a certificate that is trusted itself (%s)",
	    c.why.text);
}

static void
test_refused(void)
{
	static const struct {
		const char *what;
		const struct identity *identity;
		const char *name, *text;
	} rows[] = {
		{"self-signed", &self, "localhost", "the certificate of 'localhost' is not "
		    "accepted: it is signed by itself and not among the trusted ones "
		    "(see --cacert)"},
		{"unknown issuer", &chained, "localhost", "the certificate of 'localhost' is not "
		    "accepted: its issuer 'CN=Middle' is not among the trusted authorities "
		    "(see --cacert)"},
		{"wrong name", &other, "localhost", "the certificate is not for 'localhost', but "
		    "for 'a.example', '*.b.example', '192.0.2.1'"},
		{"wrong address", &other, "127.0.0.1", "the certificate is not for '127.0.0.1', "
		    "but for 'a.example', '*.b.example', '192.0.2.1'"},
		{"an address is no name", &address, "localhost", "the certificate is not for "
		    "'localhost', but for '127.0.0.1', '::1'"},
		{"no other names", &user, "localhost", "the certificate is not for 'localhost', "
		    "but for 'user'"},
		{"many names", &many, "localhost", "the certificate is not for 'localhost', but "
		    "for 'name-number-1-of-many.example', 'name-number-2-of-many.example', "
		    "'name-number-3-of-many.example', 'name-number-4-of-many.example' and 1 "
		    "more"},
		{"wrong purpose", &codesign, "localhost", "the certificate of 'localhost' is not "
		    "accepted: it: unsuitable certificate purpose"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c = meet(&(struct server_params){.identity = rows[i].identity},
		    (struct tls_params){TRUSTED}, rows[i].name, 9);

		tap_ok(!c.opened && c.closed && c.why.class == ERR_TLS, "%s: refused",
		    rows[i].what);
		tap_text(c.why.text, rows[i].text, rows[i].what);
	}
}

static void
test_dates(void)
{
	static const struct {
		const struct identity *identity;
		const char *begins;
		long at;
	} rows[] = {
		{&expired, "the certificate of 'localhost' is not accepted: it expired on ",
		    -DAY},
		{&early, "the certificate of 'localhost' is not accepted: it is not valid before ",
		    DAY},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c = meet(&(struct server_params){.identity = rows[i].identity},
		    (struct tls_params){TRUSTED}, "localhost", 9);
		size_t len = strlen(rows[i].begins);
		int year = 0, month = 0, day = 0;

		tap_ok(strncmp(c.why.text, rows[i].begins, len) == 0, "%s", c.why.text);
		tap_ok(sscanf(c.why.text + len, "%4d-%2d-%2d ", &year, &month, &day) == 3 &&
		    year > 2020 && month > 0 && day > 0, "and it says when");
	}
}

static void
test_insecure(void)
{
	static const struct {
		const struct identity *identity;
		const char *problem;
	} rows[] = {
		{&self, "self-signed certificate"},
		{&expired, "certificate has expired"},
		{&other, "hostname mismatch"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c = meet(&(struct server_params){.identity = rows[i].identity},
		    (struct tls_params){TRUSTED, .insecure = true}, "localhost", 9);

		tap_ok(c.opened && c.received == 9 && !c.info.verified, "passes with --insecure");
		tap_text(c.info.problem, rows[i].problem, "the problem");
	}
}

static void
test_described(void)
{
	struct client c = meet(&(struct server_params){.identity = &good,
	    .alpn = "\2h2\10http/1.1"}, (struct tls_params){TRUSTED}, "localhost", 9);

	tap_text(c.info.protocol, "TLSv1.3", "protocol");
	tap_ok(c.info.cipher != NULL && strncmp(c.info.cipher, "TLS_", 4) == 0, "cipher");
	tap_text(c.info.subject, "CN=good", "subject");
	tap_text(c.info.issuer, "CN=Root", "issuer");
	tap_ok(strlen(c.info.expires) == 23 && strcmp(c.info.expires + 19, " UTC") == 0,
	    "expires %s", c.info.expires);
	tap_ok(!c.info.resumed, "not resumed");
}

/* The protocol agreed lives in the context, so it is compared before that goes. */
static void
test_protocols(void)
{
	static const struct {
		const char *offer, *known, *agreed;
	} rows[] = {
		{NULL, "\2h2\10http/1.1", "http/1.1"},
		{"h2, http/1.1", "\2h2\10http/1.1", "h2"},
		{"", "\2h2", NULL},
		{NULL, NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct loop *l = loop_new(NULL);
		struct tls_context *x = context((struct tls_params){TRUSTED,
		    .alpn = rows[i].offer});
		struct tls_target *t = tls_target_new(x, "localhost", NULL);
		struct client c = {.size = 9};
		struct server v;

		server_start(&v, l, &(struct server_params){.identity = &good,
		    .alpn = rows[i].known});
		converse(&c, &v, t);
		tap_text(c.info.alpn, rows[i].agreed, "the protocol agreed");
		server_stop(&v);
		tls_target_free(t);
		tls_context_free(x);
		loop_free(l);
	}
}

static void
test_alerts(void)
{
	struct client c = meet(&(struct server_params){.identity = &good, .alpn = "\2h2"},
	    (struct tls_params){TRUSTED}, "localhost", 9);

	tap_text(c.why.text, "no TLS with 'localhost': the peer refused with the alert 'no "
	    "application protocol': it knows none of the protocols offered (see --alpn)", "alpn");
	c = meet(&(struct server_params){.identity = &good, .max_version = TLS1_2_VERSION},
	    (struct tls_params){TRUSTED, .min_version = "1.3"}, "localhost", 9);
	tap_text(c.why.text, "no TLS with 'localhost': the peer refused with the alert 'protocol "
	    "version': no version of TLS is allowed on both sides (see --tls-min)", "version");
	c = meet(&(struct server_params){.identity = &good, .max_version = TLS1_2_VERSION},
	    (struct tls_params){TRUSTED}, "localhost", 9);
	tap_text(c.info.protocol, "TLSv1.2", "TLS 1.2 is fine");
}

static void
test_strangers(void)
{
	static const struct {
		enum habit habit;
		const char *text;
	} rows[] = {
		{HABIT_HTTP, "no TLS with 'localhost': the peer speaks HTTP without TLS"},
		{HABIT_NOISE, "no TLS with 'localhost': the peer speaks something else"},
		{HABIT_HANG_UP,
		    "no TLS with 'localhost': the peer ended the connection in the handshake"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c = meet(&(struct server_params){.identity = &good,
		    .habit = rows[i].habit}, (struct tls_params){TRUSTED}, "localhost", 9);

		tap_ok(!c.opened && c.why.class == ERR_TLS, "no TLS there");
		tap_text(c.why.text, rows[i].text, "what is there");
	}
}

/* In TLS 1.3 the server looks at the client's certificate when the client has finished. */
static void
test_identity(void)
{
	struct server_params sp = {.identity = &good, .wants_user = true};
	struct tls_params own = {TRUSTED, .cert = path_of("user.pem"),
	    .key = path_of("user.key")};
	struct client c = meet(&sp, own, "localhost", 9);

	tap_ok(c.received == 9 && !c.closed, "a client certificate (%s)", c.why.text);
	own.key = path_of("locked.key");
	own.passphrase = path_of("phrase");
	c = meet(&sp, own, "localhost", 9);
	tap_ok(c.received == 9 && !c.closed, "with an encrypted key (%s)", c.why.text);
	c = meet(&sp, (struct tls_params){TRUSTED, .cert = path_of("both.pem")}, "localhost", 9);
	tap_ok(c.received == 9 && !c.closed, "certificate and key in one file (%s)", c.why.text);
	c = meet(&sp, (struct tls_params){TRUSTED}, "localhost", 9);
	tap_int(c.why.class, ERR_TLS, "without one");
	tap_text(c.why.text, "the peer ended TLS with 'localhost' by the alert 'certificate "
	    "required': it wants a client certificate (see --cert)", "without one");
	own = (struct tls_params){TRUSTED, .cert = path_of("self.pem"),
	    .key = path_of("self.key")};
	write_key("self.key", &self, NULL);
	c = meet(&sp, own, "localhost", 9);
	unlink(path_of("self.key"));
	tap_text(c.why.text, "the peer ended TLS with 'localhost' by the alert 'unknown CA': it "
	    "does not accept the client's certificate (see --cert)", "one of no authority");
	sp.max_version = TLS1_2_VERSION;
	c = meet(&sp, (struct tls_params){TRUSTED}, "localhost", 9);
	tap_text(c.why.text, "no TLS with 'localhost': the peer refused with the alert "
	    "'handshake failure'", "without one in TLS 1.2");
}

static void
test_resumption(int max_version, bool no_resume, uint64_t want)
{
	struct loop *l = loop_new(NULL);
	struct tls_context *x = context((struct tls_params){TRUSTED, .no_resume = no_resume});
	struct tls_target *t = tls_target_new(x, "localhost", NULL);
	struct server v;
	uint64_t done, resumed;

	server_start(&v, l, &(struct server_params){.identity = &good,
	    .max_version = max_version});
	for (unsigned i = 0; i < 4; i++) {
		struct client c = {.size = 9, .reset = i == 1};

		converse(&c, &v, t);
		tap_ok(c.received == 9 && c.info.resumed == (i > 0 && want > 0) &&
		    c.info.verified && strcmp(c.info.subject, "CN=good") == 0,
		    "connection %u of %s (%s)", i, c.info.protocol, c.why.text);
	}
	tls_target_counts(t, &done, &resumed);
	tap_int((long long)done, 4, "handshakes");
	tap_int((long long)resumed, (long long)want, "resumed");
	server_stop(&v);
	tls_target_free(t);
	tls_context_free(x);
	loop_free(l);
}

/* Connections over one context that are open at once, closed in no order, the target at once. */
static void
test_many(void)
{
	struct loop *l = loop_new(NULL);
	struct tls_context *x = context((struct tls_params){TRUSTED});
	struct tls_target *t = tls_target_new(x, "localhost", NULL);
	struct resolver *r = resolver_new(l, NULL);
	struct stream_params params = {.tls = t, .max_backlog = 1000};
	struct client all[20] = {0};
	struct endpoint *p;
	struct server v;
	unsigned opened = 0;

	server_start(&v, l, &(struct server_params){.identity = &good});
	params.dial.endpoint = p = endpoint_new(r, "127.0.0.1", server_port(&v));
	for (size_t i = 0; i < COUNT(all); i++) {
		all[i] = (struct client){.loop = l, .size = 9, .good = true, .stays = true};
		if (stream_open(&all[i].stream, l, &params, &events, &all[i], &all[i].why) != 0)
			printf("# %s\n", all[i].why.text);
	}
	while (opened < COUNT(all)) {
		event_base_loop(loop_base(l), EVLOOP_ONCE);
		opened = 0;
		for (size_t i = 0; i < COUNT(all); i++)
			opened += all[i].received == 9;
	}
	tap_int(opened, COUNT(all), "all are open and echoed");
	for (size_t i = 0; i < COUNT(all); i++)
		stream_close(all[i * 7 % COUNT(all)].stream);
	tls_target_free(t);
	tls_context_free(x);
	server_stop(&v);
	endpoint_free(p);
	resolver_free(r);
	loop_free(l);
}

static void
test_transfer(void)
{
	static const int max_versions[] = {0, TLS1_2_VERSION};
	struct client c;

	for (size_t i = 0; i < COUNT(max_versions); i++) {
		c = meet(&(struct server_params){.identity = &good,
		    .max_version = max_versions[i]}, (struct tls_params){TRUSTED}, "localhost",
		    BIG);
		/* whether any of it has to wait is up to the kernel */
		tap_ok(c.good && c.received == BIG, "4 MiB there and back (%zu %s)", c.received,
		    c.why.text);
	}
	c = meet(&(struct server_params){.identity = &good, .hoards = true},
	    (struct tls_params){TRUSTED}, "localhost", BIG);
	tap_ok(c.good && c.received == BIG, "with a full buffer all the time (%zu %s)",
	    c.received, c.why.text);
	c = meet(&(struct server_params){.identity = &good, .habit = HABIT_REKEY},
	    (struct tls_params){TRUSTED}, "localhost", BIG);
	tap_ok(c.good && c.received == BIG, "with new keys on the way (%zu %s)", c.received,
	    c.why.text);
	c = meet(&(struct server_params){.identity = &chained, .above = &middle,
	    .bytewise = true}, (struct tls_params){TRUSTED}, "localhost", 3000);
	tap_ok(c.good && c.received == 3000, "byte by byte from the server (%zu %s)", c.received,
	    c.why.text);
	c = meet(&(struct server_params){.identity = &good, .proxy = true},
	    (struct tls_params){TRUSTED}, "localhost", 3000);
	tap_ok(c.good && c.received == 3000 && c.proxied, "through a proxy (%zu %s)", c.received,
	    c.why.text);
	c = meet(&(struct server_params){.identity = &good, .proxy = true, .bytewise = true},
	    (struct tls_params){TRUSTED}, "localhost", 300);
	tap_ok(c.good && c.received == 300 && c.proxied, "through a slow one (%zu %s)",
	    c.received, c.why.text);
}

static void
test_ends(void)
{
	static const struct {
		const char *what;
		enum habit habit;
		enum err_class class;
		const char *text;
	} rows[] = {
		{"a goodbye with the last bytes", HABIT_FAREWELL, ERR_NONE, ""},
		{"an end without goodbye", HABIT_CUT, ERR_NONE, ""},
		{"noise", HABIT_SPOIL, ERR_TLS,
		    "TLS with 'localhost' broke: decryption failed or bad record mac"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c = meet(&(struct server_params){.identity = &good,
		    .habit = rows[i].habit}, (struct tls_params){TRUSTED}, "localhost", 500);

		tap_ok(c.good && c.received == 500 && c.closed && c.why.class == rows[i].class,
		    "%s: class %s", rows[i].what, err_class_name(c.why.class));
		tap_text(c.why.text, rows[i].text, rows[i].what);
	}
}

static void
test_goodbyes(void)
{
	struct loop *l = loop_new(NULL);
	struct tls_context *x = context((struct tls_params){TRUSTED});
	struct tls_target *t = tls_target_new(x, "localhost", NULL);
	struct server v;
	struct client c = {.size = 9};

	server_start(&v, l, &(struct server_params){.identity = &good});
	converse(&c, &v, t);
	tap_ok(v.farewells == 1 && v.resets == 0, "stream_close says goodbye");
	c = (struct client){.size = 9, .reset = true};
	converse(&c, &v, t);
	tap_ok(v.farewells == 0 && v.resets == 1, "stream_reset does not");
	server_stop(&v);
	tls_target_free(t);
	tls_context_free(x);
	loop_free(l);
}

static void
test_stages(void)
{
	struct loop *l = loop_new(NULL);
	struct tls_context *x = context((struct tls_params){TRUSTED});
	struct tls_target *t = tls_target_new(x, "localhost", NULL);
	struct resolver *r = resolver_new(l, NULL);
	struct stream_params params = {.tls = t, .max_backlog = 1000};
	struct client c = {.loop = l};
	struct tls_info info;
	struct endpoint *p;
	struct server v;
	struct stream *s;

	server_start(&v, l, &(struct server_params){.identity = &good});
	params.dial.endpoint = p = endpoint_new(r, "127.0.0.1", server_port(&v));
	tap_int(stream_open(&s, l, &params, &events, &c, NULL), 0, "TLS is not open at once");
	tap_text(stream_stage(s), "in the TLS handshake", "stage");
	tap_int(stream_tls_info(s, &info), -1, "nothing to tell yet");
	tap_int(stream_write(s, "early", 5), 1, "what is written too early goes nowhere");
	stream_close(s);
	event_base_loop(loop_base(l), EVLOOP_NONBLOCK);
	params.proxy = &proxy;
	stream_open(&s, l, &params, &events, &c, NULL);
	tap_text(stream_stage(s), "waiting for the proxy", "stage");
	stream_close(s);
	tap_ok(!c.opened && !c.closed, "no callback after stream_close");
	server_stop(&v);
	endpoint_free(p);
	resolver_free(r);
	tls_target_free(t);
	tls_context_free(x);
	loop_free(l);
}

static void
test_keylog(void)
{
	char line[256];
	unsigned lines = 0;
	FILE *file;

	write_text("keylog", "# kept\n");
	meet(&(struct server_params){.identity = &good}, (struct tls_params){TRUSTED,
	    .keylog = path_of("keylog")}, "localhost", 9);
	file = fopen(path_of("keylog"), "r");
	tap_ok(fgets(line, sizeof line, file) != NULL && strcmp(line, "# kept\n") == 0,
	    "secrets are appended");
	while (fgets(line, sizeof line, file) != NULL)
		lines += strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0 ||
		    strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0;
	tap_int(lines, 2, "secrets of both sides, one a line");
	fclose(file);
}

/* The sentence begins so; what follows is a path or OpenSSL's own words. */
static void
misses(struct tls_params p, enum err_class class, const char *text)
{
	struct err e = {0};
	struct tls_context *c = tls_context_new(&p, &e);

	tap_ok(c == NULL && e.class == class && strncmp(e.text, text, strlen(text)) == 0,
	    "%s: %s", err_class_name(e.class), e.text);
	tls_context_free(c);
}

static void
test_params(void)
{
	misses((struct tls_params){.min_version = "1.4"}, ERR_USAGE,
	    "--tls-min: '1.4' is not one of 1.0, 1.1, 1.2 and 1.3");
	misses((struct tls_params){.alpn = "h2,,x"}, ERR_USAGE, "--alpn: 'h2,,x' is not a list");
	misses((struct tls_params){.cacert = "/nowhere"}, ERR_IO,
	    "--cacert: cannot read '/nowhere': No such file or directory");
	misses((struct tls_params){.cacert = path_of("garbage")}, ERR_IO, "--cacert: '");
	misses((struct tls_params){.key = path_of("user.key")}, ERR_USAGE, "--key needs --cert");
	misses((struct tls_params){.passphrase = path_of("phrase")}, ERR_USAGE,
	    "--key-passphrase needs --cert");
	misses((struct tls_params){.cert = "/nowhere"}, ERR_IO,
	    "--cert: cannot read '/nowhere': No such file or directory");
	misses((struct tls_params){.cert = path_of("garbage")}, ERR_IO, "--cert: '");
	misses((struct tls_params){.cert = path_of("user.pem")}, ERR_USAGE, "--cert: '");
	misses((struct tls_params){.cert = path_of("user.pem"), .key = "/nowhere"}, ERR_IO,
	    "--key: cannot read '/nowhere': No such file or directory");
	misses((struct tls_params){.cert = path_of("user.pem"), .key = path_of("garbage")}, ERR_IO,
	    "--key: '");
	misses((struct tls_params){.cert = path_of("user.pem"), .key = path_of("good.key")},
	    ERR_USAGE, "--key: the key in '");
	misses((struct tls_params){.cert = path_of("user.pem"), .key = path_of("locked.key")},
	    ERR_USAGE, "--key: the key in '");
	misses((struct tls_params){.cert = path_of("user.pem"), .key = path_of("locked.key"),
	    .passphrase = "/nowhere"}, ERR_IO, "--key-passphrase: cannot read '/nowhere'");
	misses((struct tls_params){.cert = path_of("user.pem"), .key = path_of("locked.key"),
	    .passphrase = path_of("empty")}, ERR_IO, "--key-passphrase: '");
	misses((struct tls_params){.cert = path_of("user.pem"), .key = path_of("locked.key"),
	    .passphrase = path_of("wrong")}, ERR_USAGE, "--key-passphrase: '");
	misses((struct tls_params){.keylog = "/nowhere/at/all"}, ERR_IO,
	    "SSLKEYLOGFILE: cannot write '/nowhere/at/all': No such file or directory");
}

static void
test_names(void)
{
	struct tls_context *x = context((struct tls_params){TRUSTED});
	char name[300];
	struct err e = {0};

	tap_ok(tls_target_new(x, "", &e) == NULL && e.class == ERR_USAGE, "no name: %s", e.text);
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	tap_ok(tls_target_new(x, name, &e) == NULL && e.class == ERR_USAGE, "a name too long");
	tls_context_free(x);
}

int
main(void)
{
	make_identities();
	make_files();
	test_params();
	test_names();
	test_verified();
	test_trust();
	test_refused();
	test_dates();
	test_insecure();
	test_described();
	test_protocols();
	test_alerts();
	test_strangers();
	test_identity();
	test_resumption(0, false, 3);
	test_resumption(TLS1_2_VERSION, false, 3);
	test_resumption(0, true, 0);
	test_resumption(TLS1_2_VERSION, true, 0);
	test_many();
	test_transfer();
	test_ends();
	test_goodbyes();
	test_stages();
	test_keylog();
	remove_files();
	free_identities();
	return tap_done();
}
