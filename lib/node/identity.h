/* identity.h: the certificate that a node shows, and its key. libwebsockets loads them, but does
 * not say what is wrong with them; this does, before. */
#ifndef HAIL_NODE_IDENTITY_H
#define HAIL_NODE_IDENTITY_H

struct err;

/* Checks the two files in PEM. -1 with class ERR_USAGE: the key is not that of the certificate, is
 * encrypted, or only one of the two is given; ERR_IO: a file cannot be read or holds none. Both
 * NULL is fine. */
int identity_check(const char *cert, const char *key, struct err *e);

#endif
