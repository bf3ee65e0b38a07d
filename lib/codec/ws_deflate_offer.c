/* ws_deflate_offer.c: the negotiating half of ws_deflate.h.
 *
 *     list      = extension *( "," extension )                    RFC 6455, 9.1
 *     extension = token *( ";" name [ "=" ( token | quoted ) ] )
 *
 * An offer and an answer are parsed alike, into what was named; they differ in what must be. */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"

static const char extension[] = "permessage-deflate";
static const char field[] = "Sec-WebSocket-Extensions";

enum {
	WINDOW_MIN = 8,
	WINDOW_MAX = 15,
	VALUE_MAX = 4,             /* characters of a value; none that is longer can be right */
};

enum which {
	SERVER_NO_CONTEXT_TAKEOVER,
	CLIENT_NO_CONTEXT_TAKEOVER,
	SERVER_MAX_WINDOW_BITS,
	CLIENT_MAX_WINDOW_BITS,
	PARAMETERS,
};

static const char *const names[PARAMETERS] = {
	[SERVER_NO_CONTEXT_TAKEOVER] = "server_no_context_takeover",
	[CLIENT_NO_CONTEXT_TAKEOVER] = "client_no_context_takeover",
	[SERVER_MAX_WINDOW_BITS] = "server_max_window_bits",
	[CLIENT_MAX_WINDOW_BITS] = "client_max_window_bits",
};

/* What one extension named. */
struct named {
	bool it[PARAMETERS];
	uint8_t bits[PARAMETERS];  /* of a window; 0: without a value */
};

/* --- words ------------------------------------------------------------------------------- */

static void
skip_space(struct slice *text)
{
	while (text->len > 0 && (*text->data == ' ' || *text->data == '\t')) {
		text->data++;
		text->len--;
	}
}

/* Whether `c` comes next, white space aside; it is then taken. */
static bool
take_char(struct slice *text, char c)
{
	skip_space(text);
	if (text->len == 0 || *text->data != c)
		return false;
	text->data++;
	text->len--;
	return true;
}

/* The token (RFC 9110, 5.6.2) that comes next; empty when something else does. */
static struct slice
take_token(struct slice *text)
{
	static const char separators[] = "\"(),/:;<=>?@[\\]{}";
	struct slice token;

	skip_space(text);
	token = (struct slice){text->data, 0};
	while (text->len > 0 && *text->data > ' ' && *text->data < 0x7f &&
	    strchr(separators, *text->data) == NULL) {
		text->data++;
		text->len--;
		token.len++;
	}
	return token;
}

static void
add_char(char *value, size_t *len, char c)
{
	if (*len <= VALUE_MAX)
		value[(*len)++] = c;
}

/* The value behind a "=", unquoted; `value` holds VALUE_MAX + 2, what is longer is cut to
 * VALUE_MAX + 1. Its length; 0: there is no value. */
static size_t
take_value(struct slice *text, char *value)
{
	struct slice token = take_token(text);
	size_t len = 0;

	for (size_t i = 0; i < token.len; i++)
		add_char(value, &len, token.data[i]);
	if (len == 0 && take_char(text, '"')) {
		while (text->len > 0 && *text->data != '"') {
			if (*text->data == '\\' && text->len > 1) {
				text->data++;
				text->len--;
			}
			add_char(value, &len, *text->data++);
			text->len--;
		}
		if (!take_char(text, '"'))
			len = 0;
	}
	value[len] = '\0';
	return len;
}

/* "8" to "15", without leading zeros (RFC 7692, 7.1.2); 0: anything else. */
static uint8_t
window_bits(const char *value)
{
	unsigned bits = 0;

	if (value[0] < '1' || value[0] > '9')
		return 0;
	for (const char *c = value; *c != '\0'; c++) {
		if (*c < '0' || *c > '9')
			return 0;
		bits = bits * 10 + (unsigned)(*c - '0');
	}
	return bits >= WINDOW_MIN && bits <= WINDOW_MAX ? (uint8_t)bits : 0;
}

static enum which
which_parameter(struct slice name)
{
	enum which which = SERVER_NO_CONTEXT_TAKEOVER;

	while (which < PARAMETERS && !slice_eq(name, names[which]))
		which++;
	return which;
}

/* One parameter; NULL when it is fine, else what was expected of it. */
static const char *
take_parameter(struct slice *text, struct named *n)
{
	char value[VALUE_MAX + 2];
	enum which which = which_parameter(take_token(text));
	bool valued = take_char(text, '=');

	if (which == PARAMETERS)
		return "(server|client)_no_context_takeover or (server|client)_max_window_bits";
	if (n->it[which])
		return "no parameter twice";
	n->it[which] = true;
	if (!valued)
		return NULL;
	if (take_value(text, value) == 0)
		return "a value behind each '='";
	if (which < SERVER_MAX_WINDOW_BITS)
		return "no value for a _no_context_takeover";
	n->bits[which] = window_bits(value);
	return n->bits[which] > 0 ? NULL : "window bits from 8 to 15";
}

/* "; name=value; …" up to the end of the extension. NULL, or what was expected. */
static const char *
take_parameters(struct slice *text, struct named *n)
{
	while (take_char(text, ';')) {
		const char *expected = take_parameter(text, n);

		if (expected != NULL)
			return expected;
	}
	if (n->it[SERVER_MAX_WINDOW_BITS] && n->bits[SERVER_MAX_WINDOW_BITS] == 0)
		return "a value for server_max_window_bits";
	return NULL;
}

/* --- offers ------------------------------------------------------------------------------ */

int
ws_deflate_offer_parse(struct ws_deflate_offer *o, const char *text, struct err *e)
{
	struct slice rest = slice_of(text), start = rest;
	struct named n = {0};
	const char *expected = NULL;

	/* The first parameter has no ';' before it, unless the extension's name is there too. */
	if (!slice_eq(take_token(&rest), extension)) {
		rest = start;
		skip_space(&rest);
		if (rest.len > 0)
			expected = take_parameter(&rest, &n);
	}
	if (expected == NULL)
		expected = take_parameters(&rest, &n);
	if (expected == NULL && rest.len > 0)
		expected = "parameters with a ';' between";
	if (expected != NULL)
		return err_set(e, ERR_USAGE, 0, "bad compression offer '%.100s': expected %s",
		    text, expected);
	*o = (struct ws_deflate_offer){n.it[SERVER_NO_CONTEXT_TAKEOVER],
	    n.it[CLIENT_NO_CONTEXT_TAKEOVER], n.bits[SERVER_MAX_WINDOW_BITS],
	    n.bits[CLIENT_MAX_WINDOW_BITS]};
	if (n.it[CLIENT_MAX_WINDOW_BITS] && o->client_max_window_bits == 0)
		o->client_max_window_bits = WS_WINDOW_ANY;
	return 0;
}

static int
write_bits(struct buf *into, enum which which, unsigned bits)
{
	if (bits == 0)
		return 0;
	if (bits == WS_WINDOW_ANY)
		return buf_addf(into, "; %s", names[which]);
	return buf_addf(into, "; %s=%u", names[which], bits);
}

int
ws_deflate_offer_write(struct buf *into, const struct ws_deflate_offer *o)
{
	if (buf_add_text(into, extension) != 0)
		return -1;
	if (o->server_no_context_takeover &&
	    buf_addf(into, "; %s", names[SERVER_NO_CONTEXT_TAKEOVER]) != 0)
		return -1;
	if (o->client_no_context_takeover &&
	    buf_addf(into, "; %s", names[CLIENT_NO_CONTEXT_TAKEOVER]) != 0)
		return -1;
	if (write_bits(into, SERVER_MAX_WINDOW_BITS, o->server_max_window_bits) != 0)
		return -1;
	return write_bits(into, CLIENT_MAX_WINDOW_BITS, o->client_max_window_bits);
}

/* --- answers ----------------------------------------------------------------------------- */

/* What the offer rules out (7.1.1.1, 7.1.2.1, 7.1.2.2); NULL: nothing. */
static const char *
ruled_out(const struct named *n, const struct ws_deflate_offer *o)
{
	if (n->it[CLIENT_MAX_WINDOW_BITS] && o->client_max_window_bits == 0)
		return "no client_max_window_bits, since it was not offered";
	if (n->it[CLIENT_MAX_WINDOW_BITS] && n->bits[CLIENT_MAX_WINDOW_BITS] == 0)
		return "a value for client_max_window_bits";
	if (o->server_no_context_takeover && !n->it[SERVER_NO_CONTEXT_TAKEOVER])
		return "server_no_context_takeover, as was offered";
	if (o->server_max_window_bits > 0 && !n->it[SERVER_MAX_WINDOW_BITS])
		return "server_max_window_bits, as was offered";
	if (o->server_max_window_bits > 0 &&
	    n->bits[SERVER_MAX_WINDOW_BITS] > o->server_max_window_bits)
		return "no larger server_max_window_bits than were offered";
	return NULL;
}

static uint8_t
least(unsigned a, unsigned b)
{
	return (uint8_t)(a < b ? a : b);
}

static void
decide(struct ws_deflate_params *p, const struct named *n, const struct ws_deflate_offer *o)
{
	unsigned server = n->bits[SERVER_MAX_WINDOW_BITS];
	unsigned client = n->bits[CLIENT_MAX_WINDOW_BITS];
	unsigned promised = o->client_max_window_bits;

	*p = (struct ws_deflate_params){
	    .server_no_context_takeover = n->it[SERVER_NO_CONTEXT_TAKEOVER],
	    .client_no_context_takeover = n->it[CLIENT_NO_CONTEXT_TAKEOVER] ||
	        o->client_no_context_takeover,
	    .server_max_window_bits = server > 0 ? (uint8_t)server : WINDOW_MAX};
	p->client_max_window_bits = least(client > 0 ? client : WINDOW_MAX,
	    promised > 0 ? promised : WINDOW_MAX);
}

/* One field's list. NULL, or what was expected; *agreed says whether it was there. */
static const char *
judge(struct ws_deflate_params *p, struct slice list, const struct ws_deflate_offer *o,
    bool *agreed)
{
	for (skip_space(&list); list.len > 0; skip_space(&list)) {
		struct named n = {0};
		struct slice name;
		const char *expected;

		if (take_char(&list, ','))     /* an empty element means nothing */
			continue;
		name = take_token(&list);
		if (o == NULL)
			return "none, since none was offered";
		if (!slice_eq(name, extension))
			return "none but permessage-deflate, which was offered";
		if (*agreed)
			return "no extension twice";
		*agreed = true;
		expected = take_parameters(&list, &n);
		if (expected == NULL)
			expected = ruled_out(&n, o);
		if (expected == NULL && list.len > 0 && !take_char(&list, ','))
			expected = "a list as in RFC 6455, 9.1";
		if (expected != NULL)
			return expected;
		decide(p, &n, o);
	}
	return NULL;
}

int
ws_deflate_agreed(struct ws_deflate_params *p, const struct http_head *head,
    const struct ws_deflate_offer *o, struct err *e)
{
	bool agreed = false;

	for (size_t i = 0; i < head->count; i++) {
		struct slice value = head->fields[i].value;
		const char *expected;

		if (!slice_eq_nocase(head->fields[i].name, field))
			continue;
		expected = judge(p, value, o, &agreed);
		if (expected != NULL)
			return err_set(e, ERR_HANDSHAKE, 0,
			    "%s is '%.*s' in the 101 response: expected %s", field,
			    value.len < 90 ? (int)value.len : 90, value.data, expected);
	}
	return agreed;
}
