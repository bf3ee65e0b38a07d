#include "lib/script/option.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json_pointer.h"
#include "lib/base/units.h"
#include "lib/codec/http_request.h"
#include "lib/codec/ws_deflate.h"
#include "lib/script/script.h"
#include "lib/script/source.h"
#include "lib/session/detour.h"
#include "lib/session/jwt.h"
#include "lib/session/via.h"

/* --- values ------------------------------------------------------------------------------ */

static int
add(const char **list, size_t *count, const char *value, struct err *e)
{
	if (*count == OPTION_LIST_MAX)
		return err_set(e, ERR_USAGE, 0, "expected it at most %d times", OPTION_LIST_MAX);
	list[(*count)++] = value;
	return 0;
}

/* A bare number could be meant in seconds as well as in milliseconds. */
static int
duration(uint64_t *ns, const char *value, struct err *e)
{
	size_t len = strlen(value);

	if (len > 0 && value[len - 1] >= '0' && value[len - 1] <= '9' && strcmp(value, "0") != 0)
		return err_set(e, ERR_USAGE, 0, "'%.40s' has no unit: expected a time such as "
		    "200ms, 5s or 1m30s", value);
	return units_duration(value, ns, e);
}

/* Files are none but those in the script's folder, and of what is secret there may be more: it
 * comes from outside. */
static int
secret(const char **into, const char *value, struct err *e)
{
	if (*value == '@')
		return err_set(e, ERR_USAGE, 0, "expected the value itself: a script cannot "
		    "read it from a file, {env:NAME} and -D can bring it in");
	*into = value;
	return 0;
}

static int
pointer(const char **into, const char *value, struct err *e)
{
	if (json_pointer_check(value, e) != 0)
		return -1;
	*into = value;
	return 0;
}

static int
name(const char **into, const char *value, const char *what, struct err *e)
{
	for (const char *at = value; *at != '\0' || at == value; at++)
		if (*at <= ' ' || *at >= 0x7f)
			return err_set(e, ERR_USAGE, 0, "'%.60s' is not %s", value, what);
	*into = value;
	return 0;
}

/* script_option_place says where it is, before or behind this. */
static int
path(const char **into, const char *value, struct err *e)
{
	if (*value == '\0')
		return err_set(e, ERR_USAGE, 0, "expected the path of a file");
	*into = value;
	return 0;
}

/* --- what is said in the request --------------------------------------------------------- */

static int
apply_header(struct option_set *s, const char *value, struct err *e)
{
	if (http_line_check(value, e) != 0)
		return -1;
	s->client.headers = s->lists->headers;
	return add(s->lists->headers, &s->client.header_count, value, e);
}

static bool
is_token(const char *value)
{
	for (const char *at = value; *at != '\0' || at == value; at++)
		if (*at <= ' ' || *at >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *at) != NULL)
			return false;
	return true;
}

static int
apply_subprotocol(struct option_set *s, const char *value, struct err *e)
{
	if (!is_token(value))
		return err_set(e, ERR_USAGE, 0, "'%.60s' is not the name of a subprotocol",
		    value);
	for (size_t i = 0; i < s->client.subprotocol_count; i++)
		if (strcmp(s->lists->subprotocols[i], value) == 0)
			return err_set(e, ERR_USAGE, 0, "'%.60s' is named twice", value);
	s->client.subprotocols = s->lists->subprotocols;
	return add(s->lists->subprotocols, &s->client.subprotocol_count, value, e);
}

static int
apply_cookie(struct option_set *s, const char *value, struct err *e)
{
	if (strchr(value, '=') == NULL || strpbrk(value, "\r\n") != NULL)
		return err_set(e, ERR_USAGE, 0, "expected 'NAME=VALUE'");
	return add(s->lists->cookies, &s->lists->cookie_count, value, e);
}

static int
apply_origin(struct option_set *s, const char *value, struct err *e)
{
	return name(&s->client.origin, value, "an origin such as https://example.org", e);
}

static int
apply_user(struct option_set *s, const char *value, struct err *e)
{
	return secret(&s->client.user, value, e);
}

static int
apply_bearer(struct option_set *s, const char *value, struct err *e)
{
	return secret(&s->client.bearer, value, e);
}

static int
apply_jwt_secret(struct option_set *s, const char *value, struct err *e)
{
	return secret(&s->client.jwt_secret, value, e);
}

static int
apply_jwt_claim(struct option_set *s, const char *value, struct err *e)
{
	char *trial = jwt_mint("", &value, 1, 0, 0, e);

	if (trial == NULL)
		return -1;
	free(trial);
	s->client.jwt_claims = s->lists->claims;
	return add(s->lists->claims, &s->client.jwt_claim_count, value, e);
}

/* --- TLS --------------------------------------------------------------------------------- */

static int
apply_insecure(struct option_set *s, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	s->client.tls.insecure = true;
	return 0;
}

static int
apply_cacert(struct option_set *s, const char *value, struct err *e)
{
	return path(&s->client.tls.cacert, value, e);
}

static int
apply_cert(struct option_set *s, const char *value, struct err *e)
{
	return path(&s->client.tls.cert, value, e);
}

static int
apply_key(struct option_set *s, const char *value, struct err *e)
{
	return path(&s->client.tls.key, value, e);
}

static int
apply_key_passphrase(struct option_set *s, const char *value, struct err *e)
{
	return path(&s->client.tls.passphrase, value, e);
}

static int
apply_servername(struct option_set *s, const char *value, struct err *e)
{
	return name(&s->client.server_name, value, "the name of a host", e);
}

static int
apply_tls_min(struct option_set *s, const char *value, struct err *e)
{
	if (strlen(value) != 3 || strncmp(value, "1.", 2) != 0 || value[2] < '0' ||
	    value[2] > '3')
		return err_set(e, ERR_USAGE, 0, "'%.40s' is not one of 1.0, 1.1, 1.2 and 1.3",
		    value);
	s->client.tls.min_version = value;
	return 0;
}

static int
apply_alpn(struct option_set *s, const char *value, struct err *e)
{
	(void)e;
	s->client.tls.alpn = value;
	return 0;
}

/* --- the way there ----------------------------------------------------------------------- */

/* What names the option, others say; -1. */
static int
unnamed(const struct err *why, struct err *e)
{
	const char *text = strstr(why->text, ": ");

	return err_set(e, why->class, why->code, "%s", text != NULL ? text + 2 : why->text);
}

static int
apply_proxy(struct option_set *s, const char *value, struct err *e)
{
	struct via via = {0};
	struct err why;

	if (*value != '\0' && via_parse(&via, value, "proxy", &why) != 0)
		return unnamed(&why, e);
	via_release(&via);
	s->client.proxy = value;
	return 0;
}

static int
apply_connect_to(struct option_set *s, const char *value, struct err *e)
{
	struct detours trial = {0};
	struct err why;
	int failed = detours_take(&trial, &value, 1, &why);

	detours_release(&trial);
	if (failed)
		return unnamed(&why, e);
	s->client.connect_to = s->lists->connect_to;
	return add(s->lists->connect_to, &s->client.connect_to_count, value, e);
}

static int
apply_source_ip(struct option_set *s, const char *value, struct err *e)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, value, address) != 1 && inet_pton(AF_INET6, value, address) != 1)
		return err_set(e, ERR_USAGE, 0, "'%.60s' is not a numeric address", value);
	s->client.source_ips = s->lists->source_ips;
	return add(s->lists->source_ips, &s->client.source_ip_count, value, e);
}

static int
apply_unix_socket(struct option_set *s, const char *value, struct err *e)
{
	return path(&s->client.unix_socket, value, e);
}

/* --- life -------------------------------------------------------------------------------- */

static int
apply_ping_interval(struct option_set *s, const char *value, struct err *e)
{
	return duration(&s->client.ping_interval, value, e);
}

static int
apply_ping_timeout(struct option_set *s, const char *value, struct err *e)
{
	return duration(&s->client.ping_timeout, value, e);
}

static int
apply_idle_timeout(struct option_set *s, const char *value, struct err *e)
{
	return duration(&s->client.idle_timeout, value, e);
}

static int
apply_timeout(struct option_set *s, const char *value, struct err *e)
{
	if (duration(&s->client.open_timeout, value, e) != 0)
		return -1;
	return s->client.open_timeout > 0 ? 0 :
	    err_set(e, ERR_USAGE, 0, "expected more than no time");
}

static int
apply_no_compress(struct option_set *s, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	s->client.compress = false;
	return 0;
}

static int
apply_compress(struct option_set *s, const char *value, struct err *e)
{
	(void)value;
	(void)e;
	s->client.compress = true;
	return 0;
}

static int
apply_compress_offer(struct option_set *s, const char *value, struct err *e)
{
	struct ws_deflate_offer trial;

	if (ws_deflate_offer_parse(&trial, value, e) != 0)
		return -1;
	s->client.compress = true;
	s->client.compress_offer = value;
	return 0;
}

static int
apply_max_message(struct option_set *s, const char *value, struct err *e)
{
	return units_size(value, &s->client.max_message, e);
}

static int
apply_reconnect(struct option_set *s, const char *value, struct err *e)
{
	return units_count(value, &s->reconnect, e);
}

/* --- polling and publishing -------------------------------------------------------------- */

static int
apply_poll_interval(struct option_set *s, const char *value, struct err *e)
{
	if (duration(&s->client.poll_interval, value, e) != 0)
		return -1;
	return s->client.poll_interval > 0 ? 0 :
	    err_set(e, ERR_USAGE, 0, "expected more than no time");
}

static int
apply_poll_wait(struct option_set *s, const char *value, struct err *e)
{
	return duration(&s->client.poll_wait, value, e);
}

static int
apply_poll_items(struct option_set *s, const char *value, struct err *e)
{
	client_poll_items(&s->client.shape, value);
	return s->client.shape.unpack == POLL_ITEMS_POINTER ? json_pointer_check(value, e) : 0;
}

static int
apply_poll_id(struct option_set *s, const char *value, struct err *e)
{
	return pointer(&s->client.shape.id, value, e);
}

static int
apply_poll_data(struct option_set *s, const char *value, struct err *e)
{
	return pointer(&s->client.shape.data, value, e);
}

static int
apply_poll_cursor(struct option_set *s, const char *value, struct err *e)
{
	return pointer(&s->client.shape.cursor, value, e);
}

/* "POST /path", or a whole URL instead of the path. */
static int
apply_publish(struct option_set *s, const char *value, struct err *e)
{
	const char *target = strchr(value, ' ');
	size_t method = target != NULL ? (size_t)(target - value) : 0;

	for (size_t i = 0; i < method; i++)
		if ((value[i] < 'A' || value[i] > 'Z') && (value[i] < 'a' || value[i] > 'z'))
			method = 0;
	if (method == 0 || (target[1] != '/' && strncmp(target + 1, "http://", 7) != 0 &&
	    strncmp(target + 1, "https://", 8) != 0) || strpbrk(target + 1, " \t\r\n") != NULL)
		return err_set(e, ERR_USAGE, 0, "'%.60s' is not how to publish: expected a "
		    "method and a path such as 'POST /pub/x'", value);
	s->publish = value;
	return 0;
}

/* --- the rows ---------------------------------------------------------------------------- */

const struct script_option script_options[] = {
	{"header", "'NAME: VALUE'", "send this header field too", true, true, NULL, apply_header},
	{"subprotocol", "NAME", "offer a subprotocol", false, true, NULL, apply_subprotocol},
	{"cookie", "'NAME=VALUE'", "send a cookie", true, true, NULL, apply_cookie},
	{"origin", "ORIGIN", "send an Origin", false, false, NULL, apply_origin},
	{"user", "NAME:PASSWORD", "authorize by basic auth", true, false, NULL, apply_user},
	{"bearer", "TOKEN", "authorize by a bearer token", true, false, NULL, apply_bearer},
	{"jwt-secret", "SECRET", "authorize by a token minted for each connection (HS256)", true,
	    false, NULL, apply_jwt_secret},
	{"jwt-claim", "NAME=VALUE", "a claim of that token: sub=alice, exp=+1h", true, true, NULL,
	    apply_jwt_claim},
	{"insecure", NULL, "do not verify the certificate", true, false, NULL, apply_insecure},
	{"cacert", "FILE", "trust these certificates instead of the system's", true, false, NULL,
	    apply_cacert},
	{"cert", "FILE", "show this certificate to the server", true, false, NULL, apply_cert},
	{"key", "FILE", "its key, if that stands elsewhere", true, false, NULL, apply_key},
	{"key-passphrase", "FILE", "file whose first line decrypts the key", true, false, NULL,
	    apply_key_passphrase},
	{"servername", "NAME", "ask for and verify this name instead of the URL's", true, false,
	    NULL, apply_servername},
	{"tls-min", "VERSION", "lowest TLS: 1.0 to 1.3", true, false, NULL, apply_tls_min},
	{"alpn", "NAMES", "protocols to offer by ALPN", true, false, NULL, apply_alpn},
	{"proxy", "URL", "go through this proxy, http:// or socks5://; '': through none", true,
	    false, NULL, apply_proxy},
	{"connect-to", "HOST:PORT:HOST2:PORT2", "go to HOST2:PORT2 instead of HOST:PORT", true,
	    true, NULL, apply_connect_to},
	{"source-ip", "ADDRESS", "connect from this local address; several take turns", true,
	    true, NULL, apply_source_ip},
	{"unix-socket", "PATH", "connect to this socket", true, false, NULL, apply_unix_socket},
	{"ping-interval", "TIME", "ping an open connection this often; 0: never", false, false,
	    NULL, apply_ping_interval},
	{"ping-timeout", "TIME", "give it up when nothing follows a ping for so long", false,
	    false, NULL, apply_ping_timeout},
	{"idle-timeout", "TIME", "give a connection up when nothing comes for so long; 0: never",
	    false, false, NULL, apply_idle_timeout},
	{"timeout", "TIME", "limit for opening a connection", true, false, NULL, apply_timeout},
	{"no-compress", NULL, "offer no compression", true, false, "compress", apply_no_compress},
	{"compress", NULL, "offer permessage-deflate, accept gzip", true, false, "no-compress",
	    apply_compress},
	{"compress-offer", "PARAMS", "offer permessage-deflate with these parameters", false,
	    false, NULL, apply_compress_offer},
	{"max-message", "SIZE", "longest message to take", true, false, NULL, apply_max_message},
	{"poll-interval", "TIME", "poll: from one request to the next", false, false, NULL,
	    apply_poll_interval},
	{"poll-wait", "TIME", "longpoll: how long the server may hold a request", false, false,
	    NULL, apply_poll_wait},
	{"poll-items", "auto|none|POINTER",
	    "where the answer to a poll has its array of messages", false, false, NULL,
	    apply_poll_items},
	{"poll-id", "POINTER", "where a message has its id", false, false, NULL, apply_poll_id},
	{"poll-data", "POINTER", "what of it is the message", false, false, NULL,
	    apply_poll_data},
	{"poll-cursor", "POINTER", "where the answer says what {last_id} is next", false, false,
	    NULL, apply_poll_cursor},
	{"publish", "'METHOD /PATH'", "send messages by such a request", false, false, NULL,
	    apply_publish},
	{"reconnect", "N", "when the connection is lost, try so often to have it back", false,
	    false, NULL, apply_reconnect},
	{0},
};

const struct script_option *
script_option_find(struct slice wanted)
{
	for (const struct script_option *o = script_options; o->name != NULL; o++)
		if (slice_eq(wanted, o->name))
			return o;
	return NULL;
}

/* --- files ------------------------------------------------------------------------------- */

bool
script_option_names(const struct script_option *o)
{
	return o->apply == apply_cacert || o->apply == apply_cert || o->apply == apply_key ||
	    o->apply == apply_key_passphrase || o->apply == apply_unix_socket;
}

char *
script_option_place(const struct script_option *o, const struct script *script, unsigned file,
    const char *value, struct err *e)
{
	bool socket = o->apply == apply_unix_socket, abstract = socket && *value == '@';
	struct source within = {.root = script->root};
	char *joined, *place = NULL;

	if (*value == '\0')
		err_set(e, ERR_USAGE, 0, "expected the path of a %s", socket ? "socket" : "file");
	else if (abstract && !script->allow_exec)
		err_set(e, ERR_USAGE, 0, "%.100s lies in no folder: expected --allow-exec, if "
		    "this script is trusted, or the path of a socket", value);
	else if ((joined = abstract ? strdup(value) : source_join(script->files[file].folder,
	    slice_of(value))) == NULL)
		err_set(e, ERR_MEMORY, 0, "no memory for a path");
	else if (abstract)
		return joined;
	else {
		place = source_place(&within, joined, socket ? SOURCE_SOCKET : SOURCE_FILE, e);
		free(joined);
	}
	return place;
}
