/* via.h: which proxy a connection goes through: the URLs of proxies and the lists of exceptions,
 * read as curl reads them. Pure. */
#ifndef HAIL_SESSION_VIA_H
#define HAIL_SESSION_VIA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/transport/proxy.h"

struct err;

struct via {
	enum proxy_kind kind;
	char host[256];              /* where the proxy is */
	uint16_t port;
	char *user, *password;       /* percent-decoded; NULL: none */
	char name[272];              /* "proxy.example:3128", for sentences */
};

enum { VIA_PORT = 1080 };        /* when none is written, whatever the scheme */

/* "[http://][user:password@]host[:port]", socks5:// or socks5h://. `option` names the text in
 * sentences, which never quote it, since there may be a password in it. -1 with class ERR_USAGE,
 * also for proxies that are spoken to over TLS. */
int via_parse(struct via *v, const char *text, const char *option, struct err *e);
void via_release(struct via *v);

/* Whether a no_proxy list names that host: names with all hosts below them (a leading dot changes
 * nothing), addresses, networks such as 10.0.0.0/8, each with a port or for all ports; "*" is
 * every host. Separated by commas or spaces. */
bool via_excepted(const char *list, const char *host, uint16_t port);

#endif
