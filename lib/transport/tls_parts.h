/* tls_parts.h: what the files of tls.h share with each other and with nobody else. */
#ifndef HAIL_TRANSPORT_TLS_PARTS_H
#define HAIL_TRANSPORT_TLS_PARTS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/transport/tls.h"

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *socket;          /* a connection's descriptor, tls_socket.c */
	struct buf alpn;             /* what is offered: length and name, each with a NUL behind */
	bool insecure, resume;
	int keylog;                  /* -1: none */
};

struct tls_target {
	const struct tls_context *context;
	SSL_SESSION *session;        /* the one to resume; NULL: none yet */
	uint64_t done, resumed;
	bool address;                /* `name` is one, not a name */
	char name[];
};

/* One connection: what `state` points to. */
struct tls {
	SSL *ssl;
	struct tls_target *target;
	struct err *told;            /* only in a handshake: where the verification may write */
	unsigned long code;          /* OpenSSL's own, of the failure; 0: errno has it */
	int fd;
	int sys_errno;               /* of the last call that failed */
	bool open;                   /* the handshake is done */
	bool dry;                    /* the kernel has nothing: it gave less than was asked */
	bool left;                   /* the last read ended before OpenSSL had no more */
	bool eof;                    /* the kernel has told the end */
	bool alien;                  /* the first bytes were no TLS, … */
	bool http;                   /* … but HTTP */
	bool heard;                  /* there were first bytes */
	uint8_t ended;               /* enum io_result: IO_END or IO_FAIL, for all further reads */
};

/* --- tls_socket.c ------------------------------------------------------------------------ */

/* NULL without memory. */
BIO_METHOD *tls_socket_new(void);

/* --- tls_target.c ------------------------------------------------------------------------ */

/* Keeps a session that the server gave; takes the reference. */
void tls_target_keep(struct tls_target *t, SSL_SESSION *session);

/* The session to offer, NULL when there is none that can be resumed. */
SSL_SESSION *tls_target_session(struct tls_target *t);

/* --- tls_error.c ------------------------------------------------------------------------- */

/* OpenSSL's verify callback, for contexts that verify. */
int tls_on_verify(int ok, X509_STORE_CTX *ctx);

/* Says why a handshake failed, if the verification did not. */
void tls_handshake_why(const struct tls *t, struct err *e);

/* Says why an open connection failed. */
void tls_why(const void *state, struct err *e);

/* "2027-01-31 12:00:00 UTC"; `into` holds 32 bytes. */
void tls_time_text(const ASN1_TIME *time, char *into);

/* As RFC 2253 writes it, cut when it does not fit. */
void tls_name_text(const X509_NAME *name, char *into, size_t size);

#endif
