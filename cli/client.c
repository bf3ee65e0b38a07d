#include "cli/client.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/url.h"

static struct opt_list headers, subprotocols, connect_to, source_ips, jwt_claims, cookies;
static const char *origin, *bearer, *user, *jwt_secret, *proxy, *unix_socket;
static const char *server_name, *compress_offer;
static struct tls_params tls;
static uint64_t timeout = 10 * NS_PER_S;
static bool timeout_given;
static uint64_t ping_interval = 30 * NS_PER_S;
static bool ping_interval_given;
static uint64_t ping_timeout = 10 * NS_PER_S;
static uint64_t max_message = 16 << 20;
static int transport;
static bool transport_given, compress, compress_given;
static uint64_t poll_interval = NS_PER_S;
static uint64_t poll_wait = 25 * NS_PER_S;
static uint64_t idle_timeout;
static const char *poll_items, *poll_id, *poll_data, *poll_cursor;

const struct opt client_rows[] = {
	{"header", 'H', OPT_LIST, &headers, "'NAME: VALUE'", "send this header field too", 0},
	{"subprotocol", 's', OPT_LIST, &subprotocols, "NAME", "offer a subprotocol", 0},
	{"transport", 't', OPT_CHOICE, &transport, TRANSPORT_NAMES,
	    "what to speak there (ws:// ws, http:// sse)", &transport_given},
	{"poll-interval", 0, OPT_DURATION, &poll_interval, "TIME",
	    "poll: from one request to the next (1s)", 0},
	{"poll-wait", 0, OPT_DURATION, &poll_wait, "TIME",
	    "longpoll: how long the server may hold a request (25s)", 0},
	{"poll-items", 0, OPT_TEXT, &poll_items, "auto|none|POINTER",
	    "where the answer to a poll has its array of messages", 0},
	{"poll-id", 0, OPT_TEXT, &poll_id, "POINTER", "where a message has its id (/id)", 0},
	{"poll-data", 0, OPT_TEXT, &poll_data, "POINTER", "what of it to tell (all of it)", 0},
	{"poll-cursor", 0, OPT_TEXT, &poll_cursor, "POINTER",
	    "where the answer says what {last_id} is next", 0},
	{"origin", 0, OPT_TEXT, &origin, "ORIGIN", "send an Origin", 0},
	{"cookie", 0, OPT_LIST, &cookies, "'NAME=VALUE'", "send cookies", 0},
	{"user", 'u', OPT_TEXT, &user, "NAME:PASSWORD|@FILE",
	    "authorize by basic auth; @FILE: its first line", 0},
	{"bearer", 0, OPT_TEXT, &bearer, "TOKEN|@FILE", "authorize by a bearer token", 0},
	{"jwt-secret", 0, OPT_TEXT, &jwt_secret, "SECRET|@FILE",
	    "authorize by a token minted for each connection (HS256)", 0},
	{"jwt-claim", 0, OPT_LIST, &jwt_claims, "NAME=VALUE",
	    "a claim of that token: sub=user{conn}, exp=+1h", 0},
	{"insecure", 'k', OPT_FLAG, &tls.insecure, NULL, "do not verify the certificate", 0},
	{"cacert", 0, OPT_TEXT, &tls.cacert, "FILE",
	    "trust these certificates instead of the system's", 0},
	{"cert", 0, OPT_TEXT, &tls.cert, "FILE", "show this certificate to the server", 0},
	{"key", 0, OPT_TEXT, &tls.key, "FILE", "its key, if that stands elsewhere", 0},
	{"key-passphrase", 0, OPT_TEXT, &tls.passphrase, "FILE",
	    "file whose first line decrypts the key", 0},
	{"servername", 0, OPT_TEXT, &server_name, "NAME",
	    "ask for and verify this name instead of the URL's", 0},
	{"tls-min", 0, OPT_TEXT, &tls.min_version, "VERSION", "lowest TLS: 1.0 to 1.3 (1.2)", 0},
	{"alpn", 0, OPT_TEXT, &tls.alpn, "NAMES", "protocols to offer by ALPN (http/1.1)", 0},
	{"no-tls-resume", 0, OPT_FLAG, &tls.no_resume, NULL, "full TLS handshakes only", 0},
	{"proxy", 'x', OPT_TEXT, &proxy, "URL",
	    "go through this proxy, http:// or socks5://; '': through none", 0},
	{"connect-to", 0, OPT_LIST, &connect_to, "HOST:PORT:HOST2:PORT2",
	    "go to HOST2:PORT2 instead of HOST:PORT", 0},
	{"source-ip", 0, OPT_LIST, &source_ips, "ADDRESS",
	    "connect from this local address; several take turns", 0},
	{"unix-socket", 0, OPT_TEXT, &unix_socket, "PATH", "connect to this socket", 0},
	{"timeout", 0, OPT_DURATION, &timeout, "TIME",
	    "limit for opening a connection (10s), in scripts for all (5s)", &timeout_given},
	{"ping-interval", 0, OPT_DURATION, &ping_interval, "TIME",
	    "ping an open connection this often (30s; 0: never)", &ping_interval_given},
	{"ping-timeout", 0, OPT_DURATION, &ping_timeout, "TIME",
	    "give it up when nothing follows a ping for so long (10s)", 0},
	{"idle-timeout", 0, OPT_DURATION, &idle_timeout, "TIME",
	    "give a connection up when nothing comes for so long (0: never)", 0},
	{"compress", 0, OPT_FLAG, &compress, NULL,
	    "offer permessage-deflate, accept gzip; connect does so anyway", &compress_given},
	{"no-compress", 0, OPT_UNFLAG, &compress, NULL, "do not", &compress_given},
	{"compress-offer", 0, OPT_TEXT, &compress_offer, "PARAMS",
	    "offer it with these parameters", 0},
	{"max-message", 0, OPT_SIZE, &max_message, "SIZE", "longest message to take (16MiB)", 0},
	{0},
};

/* The first of them that is set and not empty. */
static const char *
environment(const char *name, const char *capitals)
{
	const char *value = getenv(name);

	if ((value == NULL || *value == '\0') && capitals != NULL)
		value = getenv(capitals);
	return value != NULL && *value != '\0' ? value : NULL;
}

static void
take_environment(struct client_options *o)
{
	const char *all = environment("all_proxy", "ALL_PROXY");

	o->http_proxy = environment("http_proxy", NULL);
	o->https_proxy = environment("https_proxy", "HTTPS_PROXY");
	o->no_proxy = environment("no_proxy", "NO_PROXY");
	if (o->http_proxy == NULL)
		o->http_proxy = all;
	if (o->https_proxy == NULL)
		o->https_proxy = all;
	o->tls.keylog = environment("SSLKEYLOGFILE", NULL);
}

/* All of a list as one text, which lives until the next call; NULL when there is nothing. */
static const char *
join(const struct opt_list *list, const char *between)
{
	static char *text;
	size_t len = 1;
	char *at;

	free(text);
	text = NULL;
	for (size_t i = 0; i < list->count; i++)
		len += strlen(list->items[i]) + strlen(between);
	if (list->count == 0 || (text = malloc(len)) == NULL)
		return NULL;
	at = text;
	for (size_t i = 0; i < list->count; i++)
		at = stpcpy(stpcpy(at, i > 0 ? between : ""), list->items[i]);
	return text;
}

/* What is wrong with the pointers, client_new says. */
static struct poll_shape
shape_taken(void)
{
	struct poll_shape s = {.id = poll_id, .data = poll_data, .cursor = poll_cursor};

	client_poll_items(&s, poll_items);
	return s;
}

struct client_options
client_options_taken(void)
{
	struct client_options o = {
	    .transport = (enum transport)transport, .poll_interval = poll_interval,
	    .poll_wait = poll_wait, .poll_grace = NS_PER_S, .shape = shape_taken(),
	    .idle_timeout = idle_timeout, .cookie = join(&cookies, "; "),
	    .headers = headers.items, .header_count = headers.count,
	    .subprotocols = subprotocols.items, .subprotocol_count = subprotocols.count,
	    .connect_to = connect_to.items, .connect_to_count = connect_to.count,
	    .source_ips = source_ips.items, .source_ip_count = source_ips.count,
	    .origin = origin, .bearer = bearer, .user = user,
	    .jwt_secret = jwt_secret, .jwt_claims = jwt_claims.items,
	    .jwt_claim_count = jwt_claims.count, .unix_socket = unix_socket, .proxy = proxy,
	    .tls = tls, .server_name = server_name,
	    .compress = compress || (compress_offer != NULL && !compress_given),
	    .compress_offer = compress_offer, .open_timeout = timeout,
	    .ping_interval = ping_interval, .ping_timeout = ping_timeout,
	    .close_timeout = 3 * NS_PER_S, .max_message = max_message, .max_backlog = 16 << 20};

	take_environment(&o);
	return o;
}

bool
client_timeout_given(void)
{
	return timeout_given;
}

bool
client_pings_given(void)
{
	return ping_interval_given;
}

bool
client_compress_given(void)
{
	return compress_given || compress_offer != NULL;
}

bool
client_transport_given(void)
{
	return transport_given;
}

int
client_url(struct url *u, const char *text, struct err *e)
{
	static bool decided;
	enum transport spoken = (enum transport)transport;

	if (client_url_parse(u, text, transport_given, &spoken, e) != 0)
		return -1;
	if (decided && (int)spoken != transport) {
		url_release(u);
		return err_set(e, ERR_USAGE, 0, "URLs of both kinds, ws:// and http://: -t says "
		    "what to speak to all of them");
	}
	decided = true;
	transport = (int)spoken;
	return 0;
}

enum transport
client_transport(void)
{
	return (enum transport)transport;
}
