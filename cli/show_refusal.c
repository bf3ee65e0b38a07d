#include <stdio.h>
#include <string.h>

#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/channel/channel.h"
#include "lib/codec/http_head.h"

enum {
	BODY_SHOWN = 4096,           /* bytes of text, */
	BINARY_SHOWN = 256,          /* and of anything else */
};

/* --- the likely cause -------------------------------------------------------------------- */

static bool
body_has(const struct channel_refusal *r, const char *text)
{
	return r->body.len > 0 && memmem(r->body.data, r->body.len, text, strlen(text)) != NULL;
}

/* Whether a field begins so, ASCII case ignored. */
static bool
field_begins(const struct http_head *head, const char *name, const char *start)
{
	struct slice value = http_head_field(head, name);
	size_t len = strlen(start);

	return value.len >= len && slice_eq_nocase((struct slice){value.data, len}, start);
}

/* "; it asks to wait 30 s": a number of seconds, or a date (RFC 9110, 10.2.3). */
static void
add_retry_after(struct buf *into, const struct http_head *head)
{
	struct slice after = http_head_field(head, "Retry-After");
	size_t digits = 0;

	if (after.len == 0 || after.len > 40)
		return;
	while (digits < after.len && after.data[digits] >= '0' && after.data[digits] <= '9')
		digits++;
	buf_addf(into, "; it asks to wait %s%.*s%s", digits == after.len ? "" : "until ",
	    (int)after.len, after.data, digits == after.len ? " s" : "");
}

/* Each writes a sentence about one answer; false: it has nothing to say. */
typedef bool cause_fn(struct buf *into, const struct channel_refusal *r);

static bool
cause_unauthorized(struct buf *into, const struct channel_refusal *r)
{
	const struct http_head *head = r->head;

	if (field_begins(head, "WWW-Authenticate", "Basic"))
		buf_add_text(into, "the server wants a name and a password: --user NAME:PASSWORD");
	else if (field_begins(head, "WWW-Authenticate", "Bearer"))
		buf_add_text(into, "the server wants a token it accepts: --bearer TOKEN, or "
		    "--jwt-secret SECRET to make one");
	else
		buf_add_text(into, "the server does not know who you are: --bearer TOKEN, "
		    "--user NAME:PASSWORD, --cookie, or a token in the URL, as it expects");
	return true;
}

static bool
cause_forbidden(struct buf *into, const struct channel_refusal *r)
{
	if (body_has(r, "rigin"))
		buf_add_text(into, "the server rejects the origin: --origin https://SITE as a "
		    "browser would send it");
	else if (http_head_field(r->head, "CF-RAY").data != NULL ||
	    field_begins(r->head, "Server", "cloudflare"))
		buf_add_text(into, "a firewall in front of the server rejects this client: "
		    "its address, or the lack of a browser's headers (--header, --origin)");
	else
		buf_add_text(into, "the server will not let this client in: it may check the "
		    "origin (--origin), a token or cookie, or the address");
	return true;
}

static bool
cause_not_found(struct buf *into, const struct channel_refusal *r)
{
	(void)r;
	buf_add_text(into, "there is no endpoint at this path: check the path of the URL, and "
	    "that the proxy in front passes it on unchanged");
	return true;
}

static bool
cause_method(struct buf *into, const struct channel_refusal *r)
{
	(void)r;
	buf_add_text(into, "this path does not take GET, so it is no WebSocket endpoint");
	return true;
}

static bool
cause_bad_request(struct buf *into, const struct channel_refusal *r)
{
	if (body_has(r, "HTTP request was sent to HTTPS port") ||
	    body_has(r, "HTTP request to an HTTPS server"))
		buf_add_text(into, "this port speaks TLS: use wss://");
	else if (body_has(r, "Session ID unknown"))
		buf_add_text(into, "Socket.IO does not know this session: it was opened on "
		    "another server, or is over. Without sticky sessions that is to be expected");
	else if (body_has(r, "Transport unknown") || body_has(r, "\"code\":0"))
		buf_add_text(into, "this is Socket.IO (Engine.IO), which wants "
		    "?EIO=4&transport=websocket at the end of the URL");
	else if (body_has(r, "pgrade"))
		buf_add_text(into, "the server saw no upgrade: a proxy in front of it drops "
		    "Upgrade and Connection, as nginx does unless told to pass them");
	else
		buf_add_text(into, "the server found fault with the request; often a proxy in "
		    "front of it drops Upgrade and Connection");
	return true;
}

static bool
cause_upgrade(struct buf *into, const struct channel_refusal *r)
{
	struct slice version = http_head_field(r->head, "Sec-WebSocket-Version");

	if (version.len > 0)
		buf_addf(into, "the server speaks version %.*s of the protocol, this is 13",
		    version.len < 20 ? (int)version.len : 20, version.data);
	else
		buf_add_text(into, "the server saw no upgrade: a proxy in front of it drops "
		    "Upgrade and Connection");
	return true;
}

static bool
cause_too_many(struct buf *into, const struct channel_refusal *r)
{
	buf_add_text(into, "the server limits how often one may connect");
	add_retry_after(into, r->head);
	return true;
}

static bool
cause_redirect(struct buf *into, const struct channel_refusal *r)
{
	struct slice to = http_head_field(r->head, "Location");

	if (to.len == 0)
		return false;
	buf_addf(into, "the endpoint is at %.*s: use that, or --location (-L) to follow",
	    to.len < 300 ? (int)to.len : 300, to.data);
	return true;
}

static bool
cause_ok(struct buf *into, const struct channel_refusal *r)
{
	if (field_begins(r->head, "Content-Type", "text/event-stream"))
		buf_add_text(into, "this is an event stream (SSE), not a WebSocket");
	else if (body_has(r, "\"sid\"") && body_has(r, "\"upgrades\""))
		buf_add_text(into, "this is Socket.IO (Engine.IO) by polling: ask for "
		    "transport=websocket in the URL");
	else
		buf_add_text(into, "the server answered as to any request: there is no "
		    "WebSocket at this path, or a proxy in front of it drops Upgrade and "
		    "Connection");
	return true;
}

static bool
cause_other_type(struct buf *into, const struct channel_refusal *r)
{
	(void)r;
	buf_add_text(into, "the server answered with something else than an event stream: check "
	    "the path of the URL; -t poll and -t longpoll read any answer");
	return true;
}

static bool
cause_bad_question(struct buf *into, const struct channel_refusal *r)
{
	if (!body_has(r, "HTTP request was sent to HTTPS port") &&
	    !body_has(r, "HTTP request to an HTTPS server"))
		return false;
	buf_add_text(into, "this port speaks TLS: use https://");
	return true;
}

static bool
cause_other_method(struct buf *into, const struct channel_refusal *r)
{
	struct slice allowed = http_head_field(r->head, "Allow");

	buf_add_text(into, "this path does not take that method");
	if (allowed.len > 0 && allowed.len < 80)
		buf_addf(into, ", but %.*s", (int)allowed.len, allowed.data);
	return true;
}

static bool
cause_wants_upgrade(struct buf *into, const struct channel_refusal *r)
{
	(void)r;
	buf_add_text(into, "this is a WebSocket: -t ws speaks it, or ws:// instead of http://");
	return true;
}

static bool
cause_gateway(struct buf *into, const struct channel_refusal *r)
{
	buf_add_text(into, r->head->status == 504 ?
	    "the balancer got no answer in time from the server behind it" :
	    "the balancer has no server behind it that answers");
	return true;
}

static bool
cause_unavailable(struct buf *into, const struct channel_refusal *r)
{
	cause_gateway(into, r);
	buf_add_text(into, ", or the server is full");
	add_retry_after(into, r->head);
	return true;
}

static bool
cause_switched(struct buf *into, const struct channel_refusal *r)
{
	(void)r;
	buf_add_text(into, "something answers 101 that does not speak WebSocket as "
	    "RFC 6455 has it, or a cache answered with what another client was told");
	return true;
}

/* What was asked for: a WebSocket, messages by plain requests, or whichever. */
enum asked { FOR_UPGRADE = 1, FOR_MESSAGES = 2, FOR_ANY = 3 };

static const struct {
	int first, last;             /* statuses */
	enum asked asked;
	cause_fn *tell;
} causes[] = {
	{101, 101, FOR_UPGRADE, cause_switched}, {200, 299, FOR_UPGRADE, cause_ok},
	{200, 299, FOR_MESSAGES, cause_other_type}, {300, 399, FOR_ANY, cause_redirect},
	{400, 400, FOR_UPGRADE, cause_bad_request}, {400, 400, FOR_MESSAGES, cause_bad_question},
	{401, 401, FOR_ANY, cause_unauthorized}, {403, 403, FOR_ANY, cause_forbidden},
	{404, 404, FOR_ANY, cause_not_found}, {405, 405, FOR_UPGRADE, cause_method},
	{405, 405, FOR_MESSAGES, cause_other_method}, {410, 410, FOR_ANY, cause_not_found},
	{426, 426, FOR_UPGRADE, cause_upgrade}, {426, 426, FOR_MESSAGES, cause_wants_upgrade},
	{429, 429, FOR_ANY, cause_too_many}, {502, 502, FOR_ANY, cause_gateway},
	{503, 503, FOR_ANY, cause_unavailable}, {504, 504, FOR_ANY, cause_gateway},
};

static void
show_cause(struct show *s, struct buf *into, const struct channel_refusal *r)
{
	struct buf text;

	buf_init(&text, 1024);
	for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
		if ((causes[i].asked & (r->upgrade ? FOR_UPGRADE : FOR_MESSAGES)) != 0 &&
		    r->head->status >= causes[i].first && r->head->status <= causes[i].last &&
		    causes[i].tell(&text, r))
			break;
	if (text.len > 0)
		show_notice(s, into, "%.*s", (int)text.len, (const char *)text.data);
	buf_release(&text);
}

/* --- the answer -------------------------------------------------------------------------- */

static void
show_fields(const struct show *s, struct buf *into, const struct http_head *head)
{
	for (size_t i = 0; i < head->count; i++) {
		show_continue(s, into);
		show_text(s, into, TONE_KEY, head->fields[i].name.data, head->fields[i].name.len);
		show_words(s, into, TONE_KEY, ": ");
		show_text(s, into, TONE_PLAIN, head->fields[i].value.data,
		    head->fields[i].value.len);
	}
}

/* As many bytes as may be shown, without half a character at the end. */
static size_t
whole_text(struct slice body, bool cut)
{
	size_t len = body.len < BODY_SHOWN ? body.len : BODY_SHOWN;

	if (len == body.len && !cut)
		return len;
	for (size_t i = 0; i < 3 && len > 0 && !utf8_valid(body.data, len); i++)
		len--;
	return len;
}

static void
show_body(const struct show *s, struct buf *into, const struct channel_refusal *r)
{
	struct slice body = r->body;
	size_t len = whole_text(body, r->cut);

	while (body.len > 0 &&
	    (body.data[body.len - 1] == '\n' || body.data[body.len - 1] == '\r'))
		body.len--;
	if (body.len == 0)
		return;
	if (len > body.len)
		len = body.len;
	buf_add_text(into, "\n");
	if (!utf8_valid(body.data, len) || memchr(body.data, '\0', len) != NULL) {
		len = body.len < BINARY_SHOWN ? body.len : BINARY_SHOWN;
		show_continue(s, into);
		show_hex(s, into, (const uint8_t *)body.data, len);
	} else {
		show_continue(s, into);
		if (show_is_json(body.data, body.len))
			show_json(s, into, body.data, body.len);
		else
			show_lines(s, into, TONE_PLAIN, body.data, len);
	}
	if (r->cut) {
		show_continue(s, into);
		show_words(s, into, TONE_DIM, "… and more");
	} else if (!show_is_json(body.data, body.len)) {
		show_cut(s, into, len, body.len);
	}
}

void
show_refusal(struct show *s, struct buf *into, const struct channel_end *end)
{
	const struct channel_refusal *r = end->refusal;
	char line[48];

	if (end->why.class != ERR_HTTP || r == NULL || r->head == NULL)
		show_error(s, into, "%s", end->why.text);
	if (r == NULL || r->head == NULL)
		return;
	show_begin(s, into, clock_ns(), '!', TONE_BAD);
	snprintf(line, sizeof line, "HTTP/1.%d %d ", r->head->minor, r->head->status);
	show_words(s, into, TONE_BAD, line);
	show_text(s, into, TONE_BAD, r->head->reason.data, r->head->reason.len);
	show_fields(s, into, r->head);
	show_body(s, into, r);
	buf_add_text(into, "\n");
	show_cause(s, into, r);
}
