#include "lib/channel/poll_request.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/channel/http_link.h"
#include "lib/channel/kept_place.h"
#include "lib/channel/peer.h"
#include "lib/channel/poll.h"
#include "lib/channel/resume.h"
#include "lib/codec/http_coding.h"
#include "lib/codec/http_request.h"

enum {
	CONDITIONS_MAX = 2 * RESUME_TEXT_MAX + 128,
	TARGET_MAX = HTTP_LINK_REQUEST_MAX,
};

/* --- the target -------------------------------------------------------------------------- */

bool
poll_is_template(const char *target)
{
	return strstr(target, "{last_id}") != NULL || strstr(target, "{wait}") != NULL ||
	    strstr(target, "{wait_ms}") != NULL;
}

/* Percent-encodes all but what is unreserved (RFC 3986, 2.3). */
static int
add_encoded(struct buf *into, struct slice text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if ((c != '\0' && strchr(unreserved, c) != NULL ? buf_add(into, &c, 1) :
		    buf_addf(into, "%%%02X", (unsigned char)c)) != 0)
			return -1;
	}
	return 0;
}

static uint64_t
wait_s(const struct poll_request *r)
{
	return r->waits ? (r->params->wait + NS_PER_S - 1) / NS_PER_S : 0;
}

/* What a name at the front of *at stands for; a brace that begins none is itself. */
static int
add_name(struct buf *into, const struct poll_request *r, const char **at)
{
	if (strncmp(*at, "{last_id}", 9) == 0) {
		*at += 9;
		return add_encoded(into, resume_text(&r->resume->last_id));
	}
	if (strncmp(*at, "{wait}", 6) == 0) {
		*at += 6;
		return buf_addf(into, "%" PRIu64, wait_s(r));
	}
	if (strncmp(*at, "{wait_ms}", 9) == 0) {
		*at += 9;
		return buf_addf(into, "%" PRIu64, r->waits ? r->params->wait / NS_PER_MS : 0);
	}
	return buf_add(into, (*at)++, 1);
}

static int
expand_target(struct buf *into, const struct poll_request *r)
{
	const char *at = r->place->target;

	while (*at != '\0') {
		size_t plain = strcspn(at, "{");

		if (buf_add(into, at, plain) != 0)
			return -1;
		at += plain;
		if (*at != '\0' && add_name(into, r, &at) != 0)
			return -1;
	}
	return buf_add(into, "", 1);
}

/* --- the lines --------------------------------------------------------------------------- */

static int
add_line(struct buf *into, const char *name, struct slice value, size_t *count)
{
	if (value.len == 0)
		return 0;
	++*count;
	return buf_add_text(into, name) != 0 || buf_add(into, value.data, value.len) != 0 ? -1 :
	    buf_add(into, "", 1);
}

/* The lines that only this request has, one after the other, each ended by NUL. */
static int
add_conditions(struct buf *into, const struct poll_request *r, size_t *count)
{
	if (add_line(into, "If-None-Match: ", resume_text(&r->resume->etag), count) != 0 ||
	    add_line(into, "If-Modified-Since: ", resume_text(&r->resume->modified), count) != 0)
		return -1;
	if (!r->waits)
		return 0;
	++*count;
	return buf_addf(into, "Prefer: wait=%" PRIu64, wait_s(r)) != 0 ? -1 : buf_add(into, "", 1);
}

int
poll_request_write(struct buf *into, const struct poll_request *r)
{
	static const char *const defaults[] = {"Accept: */*", HTTP_USER_AGENT,
	    HTTP_CODINGS_ACCEPTED};
	const struct peer *peer = r->params->peer;
	const char *more[KEPT_HEADERS_MAX + 3];
	struct http_request head = {.method = "GET", .authority = peer->authority,
	    .headers = peer->headers, .header_count = peer->header_count, .more_headers = more,
	    .defaults = defaults, .default_count = r->params->compress ? 3 : 2};
	uint8_t room[CONDITIONS_MAX + 1], target_room[TARGET_MAX + 1];
	struct buf lines = {.data = room, .cap = CONDITIONS_MAX, .max = CONDITIONS_MAX};
	struct buf target = {.data = target_room, .cap = TARGET_MAX, .max = TARGET_MAX};
	size_t conditions = 0;

	if (expand_target(&target, r) != 0 || add_conditions(&lines, r, &conditions) != 0)
		return -1;
	head.target = (const char *)target.data;
	for (size_t i = 0; i < r->place->header_count; i++)
		more[head.more_header_count++] = r->place->headers[i];
	for (const char *at = (const char *)room; conditions > 0; conditions--) {
		more[head.more_header_count++] = at;
		at += strlen(at) + 1;
	}
	return http_request_write(into, &head);
}
