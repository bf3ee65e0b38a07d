#include "lib/session/redirect.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/url.h"
#include "lib/codec/http_head.h"

bool
redirect_same_origin(const struct url *a, const struct url *b)
{
	return url_is_secure(a) == url_is_secure(b) && a->port == b->port &&
	    strcasecmp(a->host, b->host) == 0;
}

/* "name:" at the front (RFC 3986, 3.1); 0 when there is none, else its length with the colon. */
static size_t
scheme_length(const char *text)
{
	size_t len = 0;

	if (!isalpha((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[len]) || (text[len] != '\0' &&
	    strchr("+-.", text[len]) != NULL))
		len++;
	return text[len] == ':' ? len + 1 : 0;
}

/* RFC 3986, 5.2.4: appends `path` to `out` without "." and ".." segments; what stood in `out`
 * before stays. The path begins with '/'. */
static int
add_path(struct buf *out, struct slice path)
{
	size_t start = out->len;

	while (path.len > 0) {
		const char *next = path.len > 1 ? memchr(path.data + 1, '/', path.len - 1) : NULL;
		size_t len = next != NULL ? (size_t)(next - path.data) : path.len;
		struct slice segment = {path.data + 1, len - 1};
		bool up = slice_eq(segment, ".."), here = slice_eq(segment, ".");

		if (up)
			while (out->len > start && out->data[--out->len] != '/')
				continue;
		if (!up && !here && buf_add(out, path.data, len) != 0)
			return -1;
		if ((up || here) && next == NULL && buf_add(out, "/", 1) != 0)
			return -1;
		path = (struct slice){path.data + len, path.len - len};
	}
	return 0;
}

/* RFC 3986, 5.2.3: what stands before the last segment of the base, then the reference. */
static int
add_merged(struct buf *out, struct slice base, struct slice path)
{
	struct buf merged;
	int result;

	while (base.len > 0 && base.data[base.len - 1] != '/')
		base.len--;
	buf_init(&merged, base.len + path.len);
	result = buf_add(&merged, base.data, base.len) == 0 &&
	    buf_add(&merged, path.data, path.len) == 0 ?
	    add_path(out, (struct slice){(const char *)merged.data, merged.len}) : -1;
	buf_release(&merged);
	return result;
}

/* Path and query of the reference against those of the base (RFC 3986, 5.2.2). */
static int
add_target(struct buf *out, const char *base, const char *reference)
{
	struct slice base_path = {base, strcspn(base, "?")};
	struct slice path = {reference, strcspn(reference, "?")};
	const char *query = reference + path.len;
	int result;

	if (path.len == 0) {
		result = buf_add(out, base_path.data, base_path.len);
		if (*query == '\0')
			query = base + base_path.len;
	} else if (*path.data == '/') {
		result = add_path(out, path);
	} else {
		result = add_merged(out, base_path, path);
	}
	return result == 0 ? buf_add_text(out, query) : -1;
}

/* The absolute URL as text, with a NUL. `reference` has no fragment and only visible ASCII. */
static int
add_absolute(struct buf *out, const struct url *from, const char *reference)
{
	size_t scheme = scheme_length(reference), authority;
	char own[272];

	if (scheme > 0 && buf_add(out, reference, scheme) != 0)
		return -1;
	if (scheme == 0 && buf_addf(out, "%s:", url_scheme_name(from->scheme)) != 0)
		return -1;
	reference += scheme;
	if (strncmp(reference, "//", 2) == 0) {
		authority = 2 + strcspn(reference + 2, "/?");
		if (buf_add(out, reference, authority) != 0 ||
		    add_target(out, "/", reference + authority) != 0)
			return -1;
	} else if (scheme > 0) {
		if (buf_add_text(out, reference) != 0)   /* "mailto:x": no URL of ours */
			return -1;
	} else if (buf_addf(out, "//%s", url_authority(from, own)) != 0 ||
	    add_target(out, from->target, reference) != 0) {
		return -1;
	}
	return buf_add(out, "", 1);
}

/* A copy with a NUL, without fragment, percent-encoded where it must be. */
static int
take_reference(struct buf *out, struct slice location)
{
	for (size_t i = 0; i < location.len && location.data[i] != '#'; i++) {
		unsigned char c = (unsigned char)location.data[i];

		if ((c <= ' ' || c >= 0x7f ? buf_addf(out, "%%%02X", c) :
		    buf_add(out, &c, 1)) != 0)
			return -1;
	}
	return buf_add(out, "", 1);
}

static int
same_user(struct url *to, const struct url *from)
{
	free(to->user);
	free(to->password);
	to->user = to->password = NULL;
	if (!redirect_same_origin(to, from))
		return 0;
	if (from->user != NULL && (to->user = strdup(from->user)) == NULL)
		return -1;
	if (from->password != NULL && (to->password = strdup(from->password)) == NULL)
		return -1;
	return 0;
}

/* What makes a URL that was parsed one to follow. */
static int
judge(struct url *to, const struct url *from, struct err *e)
{
	bool upgrade = url_is_websocket(from);

	if (to->scheme == URL_REDIS || (!upgrade && url_is_websocket(to)))
		return err_set(e, ERR_HTTP, 0, "redirected to %s://%.150s, which is no %s",
		    url_scheme_name(to->scheme), to->host, upgrade ? "WebSocket" : "HTTP");
	if (upgrade)
		to->scheme = url_is_secure(to) ? URL_WSS : URL_WS;
	if (url_is_secure(from) && !url_is_secure(to))
		return err_set(e, ERR_HTTP, 0, "redirected from %s:// to %s://%.150s, which is "
		    "not followed: nothing would be encrypted any more",
		    url_scheme_name(from->scheme), url_scheme_name(to->scheme), to->host);
	return same_user(to, from) == 0 ? 0 :
	    err_set(e, ERR_MEMORY, 0, "no memory for a redirect");
}

int
redirect_resolve(struct url *to, const struct url *from, struct slice location, struct err *e)
{
	struct buf reference, text;
	struct err why = {0};
	int result = -1;

	*to = (struct url){0};
	if (location.len > REDIRECT_MAX)
		return err_set(e, ERR_HTTP, 0, "redirected to a URL of %zu bytes: expected at "
		    "most %d", location.len, REDIRECT_MAX);
	buf_init(&reference, 3 * (size_t)REDIRECT_MAX + 1);
	buf_init(&text, 4 * (size_t)REDIRECT_MAX + strlen(from->target) + 512);
	if (take_reference(&reference, location) != 0 ||
	    add_absolute(&text, from, (const char *)reference.data) != 0)
		err_set(e, ERR_MEMORY, 0, "no memory for a redirect");
	else if (url_parse(to, (const char *)text.data, &why) != 0)
		err_set(e, ERR_HTTP, 0, "redirected to what is no URL to follow: %.190s",
		    why.text);
	else
		result = judge(to, from, e);
	if (result != 0)
		url_release(to);
	buf_release(&reference);
	buf_release(&text);
	return result;
}

int
redirect_of(struct url *to, const struct url *from, const struct http_head *head, struct err *e)
{
	struct slice location = http_head_field(head, "Location");
	int s = head->status;

	if ((s != 301 && s != 302 && s != 303 && s != 307 && s != 308) || location.data == NULL)
		return 0;
	if (redirect_resolve(to, from, location, e) == 0)
		return 1;
	if (e != NULL && e->class == ERR_HTTP)
		e->code = s;
	return -1;
}
