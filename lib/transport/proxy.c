/*      HTTP      CONNECT ─────────────────────────────────────────► 2xx: reached
 *      SOCKS5    greeting ──► method 2 ──► user, password ─► 0 ─┐
 *                    └──────► method 0 ─────────────────────────┴─► request ──► 0: reached
 */
#include "lib/transport/proxy.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"

enum step {
	STEP_HEAD,           /* of the answer to CONNECT */
	STEP_METHOD,
	STEP_AUTH,
	STEP_REPLY,
};

enum {
	SOCKS_VERSION = 5,
	AUTH_VERSION = 1,
	METHOD_NONE = 0,
	METHOD_PASSWORD = 2,
	METHOD_REFUSED = 0xff,
	COMMAND_CONNECT = 1,
	ADDRESS_V4 = 1,
	ADDRESS_NAME = 3,
	ADDRESS_V6 = 4,
	FIELD_MAX = 255,     /* bytes of a name, a user or a password */
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for what a proxy is told");
}

static int
add_bytes(struct buf *out, const uint8_t *bytes, size_t len, struct err *e)
{
	return buf_add(out, bytes, len) == 0 ? 0 : no_memory(e);
}

/* --- HTTP -------------------------------------------------------------------------------- */

static int
add_credentials(const struct proxy *p, struct buf *out, struct err *e)
{
	struct buf plain;
	int result = -1;

	if (strchr(p->user, ':') != NULL)
		return err_set(e, ERR_USAGE, 0,
		    "a proxy cannot be told a user with a colon (RFC 7617, 2)");
	buf_init(&plain, 64 * 1024);
	if (buf_addf(&plain, "%s:%s", p->user, p->password != NULL ? p->password : "") == 0 &&
	    buf_add_text(out, "Proxy-Authorization: Basic ") == 0 &&
	    buf_reserve(out, base64_length(plain.len) + 1) != NULL) {
		out->len += base64_encode((char *)out->data + out->len, plain.data, plain.len);
		result = buf_add_text(out, "\r\n");
	}
	buf_release(&plain);
	return result == 0 ? 0 : no_memory(e);
}

static int
begin_http(const struct proxy *p, struct buf *out, struct err *e)
{
	const char *open = strchr(p->host, ':') != NULL ? "[" : "";
	const char *close = *open != '\0' ? "]" : "";

	if (buf_addf(out, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", open, p->host,
	    close, p->port, open, p->host, close, p->port) != 0)
		return no_memory(e);
	if (p->user != NULL && add_credentials(p, out, e) != 0)
		return -1;
	return buf_add_text(out, "\r\n") == 0 ? 0 : no_memory(e);
}

/* Whether one of the challenges is Basic (RFC 9110, 11.6.1). Taking any word of that name for a
 * scheme does no harm: it only chooses a sentence. */
static bool
offers_basic(const struct http_head *head)
{
	for (size_t i = 0; i < head->count; i++) {
		struct slice rest = head->fields[i].value, word;

		if (!slice_eq_nocase(head->fields[i].name, "proxy-authenticate"))
			continue;
		while (rest.data != NULL) {
			struct slice item = slice_trim(slice_cut(&rest, ','));

			word = slice_cut(&item, ' ');
			if (slice_eq_nocase(word, "basic"))
				return true;
		}
	}
	return false;
}

static int
refuse_credentials(const struct proxy *p, const struct http_head *head, struct err *e)
{
	struct slice offer = http_head_field(head, "proxy-authenticate");

	if (!offers_basic(head))
		return err_set(e, ERR_CONNECT, 0, "the proxy %.80s wants authentication (407) of "
		    "another kind than Basic: %.*s", p->name,
		    offer.len < 80 ? (int)offer.len : 80,
		    offer.data != NULL ? offer.data : "");
	if (p->user == NULL)
		return err_set(e, ERR_CONNECT, 0, "the proxy %.80s wants a user and a password "
		    "(407 %.*s)", p->name, head->reason.len < 60 ? (int)head->reason.len : 60,
		    head->reason.data);
	return err_set(e, ERR_CONNECT, 0,
	    "the proxy %.80s does not accept the user '%.60s' with that password (407)",
	    p->name, p->user);
}

static int
judge(const struct proxy *p, const struct http_head *head, struct err *e)
{
	if (head->status / 100 == 2)
		return 0;
	if (head->status == 407)
		return refuse_credentials(p, head, e);
	return err_set(e, ERR_CONNECT, 0, "the proxy %.60s does not connect to %.80s:%u: %d %.*s",
	    p->name, p->host, p->port, head->status,
	    head->reason.len < 60 ? (int)head->reason.len : 60, head->reason.data);
}

static ssize_t
feed_http(struct proxy_talk *t, const uint8_t *data, size_t len, bool *done, struct err *e)
{
	struct http_head head;
	struct err why = {0};
	ssize_t used = http_head_parse(&head, (const char *)data, len, t->seen, &why);

	if (used < 0)
		return err_set(e, ERR_CONNECT, 0, "the proxy %.80s does not answer as one: %.140s",
		    t->proxy->name, why.text);
	t->seen = used == 0 ? len : 0;
	t->taken += (size_t)used;
	if (t->taken > HTTP_HEAD_MAX)
		return err_set(e, ERR_CONNECT, 0, "the proxy %.80s answers at too great a length",
		    t->proxy->name);
	if (used == 0 || (head.status / 100 == 1 && head.status != 101))
		return used;
	if (judge(t->proxy, &head, e) != 0)
		return -1;
	*done = true;
	return used;
}

/* --- SOCKS5 ------------------------------------------------------------------------------ */

static int
begin_socks(const struct proxy *p, struct buf *out, struct err *e)
{
	static const uint8_t plain[] = {SOCKS_VERSION, 1, METHOD_NONE};
	static const uint8_t either[] = {SOCKS_VERSION, 2, METHOD_NONE, METHOD_PASSWORD};

	if (strlen(p->host) > FIELD_MAX)
		return err_set(e, ERR_USAGE, 0, "SOCKS5 has no room for a host of more than %d "
		    "bytes", FIELD_MAX);
	if (p->user == NULL)
		return add_bytes(out, plain, sizeof plain, e);
	if (strlen(p->user) > FIELD_MAX ||
	    (p->password != NULL && strlen(p->password) > FIELD_MAX))
		return err_set(e, ERR_USAGE, 0, "SOCKS5 has no room for a user or a password of "
		    "more than %d bytes", FIELD_MAX);
	return add_bytes(out, either, sizeof either, e);
}

static int
add_field(struct buf *out, const char *text)
{
	uint8_t len = (uint8_t)strlen(text);

	return buf_add(out, &len, 1) == 0 && buf_add(out, text, len) == 0 ? 0 : -1;
}

static int
send_password(const struct proxy *p, struct buf *out, struct err *e)
{
	static const uint8_t version[] = {AUTH_VERSION};

	if (buf_add(out, version, sizeof version) != 0 || add_field(out, p->user) != 0 ||
	    add_field(out, p->password != NULL ? p->password : "") != 0)
		return no_memory(e);
	return 0;
}

static int
send_request(const struct proxy *p, struct buf *out, struct err *e)
{
	uint8_t head[] = {SOCKS_VERSION, COMMAND_CONNECT, 0, ADDRESS_NAME}, address[16];
	uint8_t port[] = {(uint8_t)(p->port >> 8), (uint8_t)p->port};
	size_t len = 0;
	int result;

	if (inet_pton(AF_INET, p->host, address) == 1) {
		head[3] = ADDRESS_V4;
		len = 4;
	} else if (inet_pton(AF_INET6, p->host, address) == 1) {
		head[3] = ADDRESS_V6;
		len = 16;
	}
	result = buf_add(out, head, sizeof head);
	if (result == 0)
		result = len > 0 ? buf_add(out, address, len) : add_field(out, p->host);
	if (result != 0 || buf_add(out, port, sizeof port) != 0)
		return no_memory(e);
	return 0;
}

static int
not_socks(const struct proxy *p, struct err *e)
{
	return err_set(e, ERR_CONNECT, 0, "the proxy %.80s does not answer as SOCKS5 does",
	    p->name);
}

static ssize_t
feed_method(struct proxy_talk *t, const uint8_t *data, size_t len, struct buf *out,
    struct err *e)
{
	const struct proxy *p = t->proxy;

	if (data[0] != SOCKS_VERSION)
		return not_socks(p, e);
	if (len < 2)
		return 0;
	if (data[1] == METHOD_REFUSED && p->user == NULL)
		return err_set(e, ERR_CONNECT, 0, "the proxy %.80s wants authentication, but no "
		    "user was given", p->name);
	if (data[1] == METHOD_REFUSED)
		return err_set(e, ERR_CONNECT, 0, "the proxy %.80s accepts neither a user with a "
		    "password nor none", p->name);
	if (data[1] != METHOD_NONE && (data[1] != METHOD_PASSWORD || p->user == NULL))
		return not_socks(p, e);
	t->step = data[1] == METHOD_NONE ? STEP_REPLY : STEP_AUTH;
	if ((t->step == STEP_AUTH ? send_password : send_request)(p, out, e) != 0)
		return -1;
	return 2;
}

static ssize_t
feed_auth(struct proxy_talk *t, const uint8_t *data, size_t len, struct buf *out,
    struct err *e)
{
	if (data[0] != AUTH_VERSION)
		return not_socks(t->proxy, e);
	if (len < 2)
		return 0;
	if (data[1] != 0)
		return err_set(e, ERR_CONNECT, 0, "the proxy %.80s does not accept the user "
		    "'%.60s' with that password", t->proxy->name, t->proxy->user);
	t->step = STEP_REPLY;
	return send_request(t->proxy, out, e) == 0 ? 2 : -1;
}

/* RFC 1928, 6. */
static const char *
reply_name(unsigned reply)
{
	static const char *const names[] = {"it worked", "general failure",
	    "not allowed by its rules", "network unreachable", "host unreachable",
	    "connection refused", "TTL expired", "command not supported",
	    "address type not supported"};

	return reply < sizeof names / sizeof *names ? names[reply] : "unknown reply";
}

/* How long the reply is whose first bytes these are; 0 when more are needed, -1: it is none. */
static int
reply_length(const uint8_t *data, size_t len)
{
	if (data[0] != SOCKS_VERSION || (len > 2 && data[2] != 0))
		return -1;
	if (len < 5)
		return 0;
	switch (data[3]) {
	case ADDRESS_V4:
		return 4 + 4 + 2;
	case ADDRESS_V6:
		return 4 + 16 + 2;
	case ADDRESS_NAME:
		return 4 + 1 + data[4] + 2;
	}
	return -1;
}

static ssize_t
feed_reply(struct proxy_talk *t, const uint8_t *data, size_t len, bool *done, struct err *e)
{
	const struct proxy *p = t->proxy;
	int need = reply_length(data, len);

	/* A refusal may end after its reply byte, whatever the RFC says. */
	if (need >= 0 && len >= 2 && data[1] != 0)
		return err_set(e, ERR_CONNECT, 0,
		    "the proxy %.60s does not connect to %.80s:%u: %s (%u)", p->name, p->host,
		    p->port, reply_name(data[1]), data[1]);
	if (need < 0)
		return not_socks(p, e);
	if (need == 0 || len < (size_t)need)
		return 0;
	*done = true;
	return need;
}

/* --- both -------------------------------------------------------------------------------- */

int
proxy_begin(struct proxy_talk *t, const struct proxy *proxy, struct buf *out, struct err *e)
{
	*t = (struct proxy_talk){.proxy = proxy};
	for (const char *at = proxy->host; *at != '\0'; at++)
		if (*at > 0 && (*at <= ' ' || *at == 0x7f))
			return err_set(e, ERR_USAGE, 0, "'%.100s' is no host", proxy->host);
	switch (proxy->kind) {
	case PROXY_HTTP:
		t->step = STEP_HEAD;
		return begin_http(proxy, out, e);
	case PROXY_SOCKS5:
		t->step = STEP_METHOD;
		return begin_socks(proxy, out, e);
	}
	return -1;
}

static ssize_t
feed_step(struct proxy_talk *t, const uint8_t *data, size_t len, struct buf *out, bool *done,
    struct err *e)
{
	switch ((enum step)t->step) {
	case STEP_HEAD:
		return feed_http(t, data, len, done, e);
	case STEP_METHOD:
		return feed_method(t, data, len, out, e);
	case STEP_AUTH:
		return feed_auth(t, data, len, out, e);
	case STEP_REPLY:
		return feed_reply(t, data, len, done, e);
	}
	return -1;
}

ssize_t
proxy_feed(struct proxy_talk *t, const uint8_t *data, size_t len, struct buf *out, bool *done,
    struct err *e)
{
	size_t taken = 0;
	ssize_t used = 1;

	*done = false;
	while (!*done && used > 0 && taken < len) {
		used = feed_step(t, data + taken, len - taken, out, done, e);
		if (used < 0)
			return -1;
		taken += (size_t)used;
	}
	return (ssize_t)taken;
}
