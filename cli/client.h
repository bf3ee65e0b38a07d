/* client.h: the option rows that every command shares that connects. */
#ifndef HAIL_CLI_CLIENT_H
#define HAIL_CLI_CLIENT_H

#include <stdbool.h>

#include "cli/opt.h"
#include "lib/session/client.h"

struct err;
struct url;

extern const struct opt client_rows[];

/* What the rows have collected, and what the environment says about proxies (http_proxy,
 * https_proxy, all_proxy, no_proxy; in capitals too, but for HTTP_PROXY, which a web server may
 * set from a request) and TLS secrets (SSLKEYLOGFILE). The lists live until the process ends, the
 * cookies until the next call. */
struct client_options client_options_taken(void);

/* Whether --compress, --no-compress or --compress-offer was said; each command has its own mind
 * otherwise. */
bool client_compress_given(void);

/* Whether --timeout was said. */
bool client_timeout_given(void);

/* Whether --ping-interval was said. */
bool client_pings_given(void);

/* Parses the URL of an operand, as client_url_parse. Without -t the first one says what is spoken,
 * and others have to agree. */
int client_url(struct url *u, const char *text, struct err *e);

/* Whether -t was said. */
bool client_transport_given(void);

/* What is spoken; for after client_url. */
enum transport client_transport(void);

#endif
