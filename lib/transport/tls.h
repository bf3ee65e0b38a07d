/* tls.h: TLS of the client side over OpenSSL (RFC 8446, RFC 5246), as a layer of a stream. */
#ifndef HAIL_TRANSPORT_TLS_H
#define HAIL_TRANSPORT_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/transport/stream.h"

struct err;
struct tls_context;
struct tls_target;

/* What a user says about TLS; all strings are lent until tls_context_new returns. */
struct tls_params {
	bool insecure;               /* neither chain nor name is checked */
	const char *cacert;          /* PEM file, or a directory as c_rehash makes it, instead of
	                              * the system's; NULL: the system's */
	const char *cert, *key;      /* PEM files; key NULL: it stands in `cert` */
	const char *passphrase;      /* file whose first line decrypts the key; NULL: none */
	const char *min_version;     /* "1.0" … "1.3"; NULL: 1.2 */
	const char *alpn;            /* comma-separated protocols to offer; NULL: "http/1.1";
	                              * "": none */
	bool no_resume;              /* full handshakes only */
	const char *keylog;          /* file that gets the secrets (SSLKEYLOGFILE); NULL: none */
};

/* NULL with class ERR_USAGE (what the option says makes no sense) or ERR_IO (a file), in a
 * sentence that names the option and the file. A minimum below 1.2 also lets the weak ciphers and
 * signatures pass that those versions need (security level 0). */
struct tls_context *tls_context_new(const struct tls_params *params, struct err *e);
void tls_context_free(struct tls_context *c);

/* What all connections to one place share: the name to ask for and to verify (SNI only for
 * names, RFC 6066, 3; addresses are verified as addresses), and the session to resume: the one
 * that the server gave last. The context must outlive it, it the streams. NULL with ERR_USAGE for
 * what can be no name, or ERR_MEMORY. */
struct tls_target *tls_target_new(struct tls_context *c, const char *server_name,
    struct err *e);
void tls_target_free(struct tls_target *t);

/* How many handshakes were done and how many of them resumed a session. */
void tls_target_counts(const struct tls_target *t, uint64_t *done, uint64_t *resumed);

struct tls_info {
	const char *protocol;        /* "TLSv1.3" */
	const char *cipher;
	const char *alpn;            /* NULL: none agreed */
	bool resumed;
	bool verified;               /* false: --insecure let pass what `problem` says */
	char problem[128];           /* "" when the certificate is fine */
	char subject[256], issuer[256];      /* as RFC 2253 writes them; "" when resumed without */
	char expires[32];            /* "2027-01-31 12:00:00 UTC" */
};

/* --- for opening.c and stream.c ---------------------------------------------------------- */

/* An end without a close_notify is an end in order all the same (IO_END): what is carried tells
 * by itself whether it is whole, and many servers end so. */
extern const struct stream_layer stream_tls;

/* The layer's state for a connected descriptor; NULL without memory. */
void *tls_start(struct tls_target *t, int fd, struct err *e);

/* Goes on with the handshake. IO_AGAIN: *want_write says what to wait for. IO_FAIL: *e has class
 * ERR_TLS and says which check failed and for which name, what the alert said, or that the peer
 * does not speak TLS. */
enum io_result tls_handshake(void *state, bool *want_write, struct err *e);

void tls_describe(const void *state, struct tls_info *info);

#endif
