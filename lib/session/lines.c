#include "lib/session/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/codec/http_request.h"
#include "lib/codec/ws_handshake.h"
#include "lib/session/client.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for the options of a client");
}

static char *
joined(const char *front, const char *text)
{
	char *line;

	return asprintf(&line, "%s%s", front, text) < 0 ? NULL : line;
}

static bool
is_field(const char *line, const char *name)
{
	return slice_eq_nocase((struct slice){line, strcspn(line, ":")}, name);
}

/* --- one line each ----------------------------------------------------------------------- */

char *
lines_basic(const char *user, const char *password)
{
	char *pair, *encoded, *line = NULL;

	if (asprintf(&pair, "%s%s%s", user, password != NULL ? ":" : "",
	    password != NULL ? password : "") < 0)
		return NULL;
	encoded = malloc(base64_length(strlen(pair)) + 1);
	if (encoded != NULL) {
		base64_encode(encoded, pair, strlen(pair));
		line = joined("Authorization: Basic ", encoded);
	}
	free(encoded);
	free(pair);
	return line;
}

bool
lines_may_leave(const char *line)
{
	return !is_field(line, "Authorization") && !is_field(line, "Cookie") &&
	    !is_field(line, "Host") && strncasecmp(line, "Proxy-", 6) != 0;
}

static int
check(const struct lines *l, const char *line, const char *option, struct err *e)
{
	struct err why = {0};

	if ((l->upgrade ? ws_header_check(line, &why) : http_line_check(line, &why)) == 0)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%s: %.200s", option, why.text);
}

/* Takes the line, which is given up with the rest of *l. */
static int
add(struct lines *l, char *line, const char *option, struct err *e)
{
	if (line == NULL)
		return no_memory(e);
	l->items[l->count++] = line;
	return check(l, line, option, e);
}

/* Values that go into fields of their own are judged as such a field; the sentence does not quote
 * them, since some are secrets. */
static int
check_value(const char *value, const char *option, struct err *e)
{
	for (; *value != '\0'; value++)
		if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
			return err_set(e, ERR_USAGE, 0,
			    "%s: expected a value without control characters", option);
	return 0;
}

/* --- cookies ----------------------------------------------------------------------------- */

/* Takes the next "name=value" off the front of "a=1; b=2". */
static struct slice
next_cookie(struct slice *rest)
{
	return slice_trim(slice_cut(rest, ';'));
}

static bool
names_cookie(struct slice list, struct slice cookie)
{
	struct slice name = slice_trim(slice_cut(&cookie, '='));

	while (list.data != NULL) {
		struct slice other = next_cookie(&list);

		other = slice_trim(slice_cut(&other, '='));
		if (name.len > 0 && other.len == name.len &&
		    memcmp(other.data, name.data, name.len) == 0)
			return true;
	}
	return false;
}

static int
add_cookies(struct buf *line, const char *own, const char *jar)
{
	struct slice rest = slice_of(own != NULL ? own : ""), newer = slice_of(jar);

	while (rest.data != NULL) {
		struct slice one = next_cookie(&rest);

		if (one.len > 0 && !names_cookie(newer, one) &&
		    (buf_add_text(line, line->len > 0 ? "; " : "Cookie: ") != 0 ||
		    buf_add(line, one.data, one.len) != 0))
			return -1;
	}
	if (newer.len > 0 && (buf_add_text(line, line->len > 0 ? "; " : "Cookie: ") != 0 ||
	    buf_add(line, newer.data, newer.len) != 0))
		return -1;
	return line->len > 0 ? buf_add(line, "", 1) : 0;
}

char *
lines_cookie(const char *own, const char *jar, struct err *e)
{
	struct buf line;

	jar = jar != NULL ? jar : "";
	buf_init(&line, (own != NULL ? strlen(own) : 0) * 2 + strlen(jar) + 16);
	if (add_cookies(&line, own, jar) == 0)
		return (char *)line.data;
	buf_release(&line);
	err_set(e, ERR_MEMORY, 0, "no memory for cookies");
	return NULL;
}

/* All cookies of the user go into one line (RFC 6265, 5.4). */
static int
add_own_cookie(struct lines *l, const char *value, const char *option, struct err *e)
{
	char *longer;

	value += strspn(value, " \t");
	if (check_value(value, option, e) != 0)
		return -1;
	if (asprintf(&longer, "%s%s%s", l->cookie != NULL ? l->cookie : "",
	    l->cookie != NULL ? "; " : "", value) < 0)
		return no_memory(e);
	free(l->cookie);
	l->cookie = longer;
	return 0;
}

/* --- all of them ------------------------------------------------------------------------- */

static int
take_headers(struct lines *l, const struct client_options *o, const char **authorizer,
    struct err *e)
{
	for (size_t i = 0; i < o->header_count; i++) {
		const char *line = o->headers[i];

		if (is_field(line, "Cookie") && line[6] == ':') {
			if (add_own_cookie(l, line + 7, "--header", e) != 0)
				return -1;
			continue;
		}
		if (is_field(line, "Authorization"))
			*authorizer = "--header Authorization";
		if (add(l, strdup(line), "--header", e) != 0)
			return -1;
	}
	return 0;
}

/* Of what authorizes there may be one: two of it are a mistake, and servers differ in which they
 * look at. */
static int
claim(const char **authorizer, const char *option, const char *value, struct err *e)
{
	if (*authorizer != NULL)
		return err_set(e, ERR_USAGE, 0, "%s and %s both authorize: expected one of them",
		    *authorizer, option);
	*authorizer = option;
	if (*value == '\0')
		return err_set(e, ERR_USAGE, 0, "%s: expected more than nothing", option);
	return check_value(value, option, e);
}

static int
take_authorization(struct lines *l, const struct client_options *o, const char *authorizer,
    struct err *e)
{
	if (o->user != NULL && (claim(&authorizer, "--user", o->user, e) != 0 ||
	    add(l, lines_basic(o->user, strchr(o->user, ':') == NULL ? "" : NULL), "--user",
	    e) != 0))
		return -1;
	if (o->bearer != NULL && (claim(&authorizer, "--bearer", o->bearer, e) != 0 ||
	    add(l, joined("Authorization: Bearer ", o->bearer), "--bearer", e) != 0))
		return -1;
	if (o->jwt_secret != NULL && claim(&authorizer, "--jwt-secret", o->jwt_secret, e) != 0)
		return -1;
	l->authorizes = authorizer != NULL;
	return 0;
}

int
lines_take(struct lines *l, const struct client_options *o, struct err *e)
{
	const char *authorizer = NULL;

	*l = (struct lines){.upgrade = o->transport == TRANSPORT_WS,
	    .items = calloc(o->header_count + 4, sizeof *l->items)};
	if (l->items == NULL)
		return no_memory(e);
	if (take_headers(l, o, &authorizer, e) != 0 ||
	    take_authorization(l, o, authorizer, e) != 0)
		return -1;
	if (o->cookie != NULL && add_own_cookie(l, o->cookie, "--cookie", e) != 0)
		return -1;
	if (o->origin == NULL)
		return 0;
	if (l->upgrade)                      /* the handshake has a place for it */
		return check_value(o->origin, "--origin", e);
	return add(l, joined("Origin: ", o->origin), "--origin", e);
}

void
lines_release(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
	free(l->cookie);
	*l = (struct lines){0};
}
