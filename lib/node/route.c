#include "lib/node/route.h"

#include <string.h>

#include "lib/base/utf8.h"

static const struct {
	const char *path;
	enum route_kind kind;
	bool topic;              /* the rest of the path names one */
} routes[] = {
	{"/ws/", ROUTE_WS, true},
	{"/echo", ROUTE_ECHO, false},
	{"/sse/", ROUTE_SSE, true},
	{"/poll/", ROUTE_POLL, true},
	{"/pub/", ROUTE_PUB, true},
	{"/healthz", ROUTE_HEALTHZ, false},
	{"/metrics", ROUTE_METRICS, false},
};

static bool
topic_valid(struct slice name)
{
	if (name.len < 1 || name.len > BROKER_TOPIC_MAX || !utf8_valid(name.data, name.len))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (c <= ' ' || c == 0x7f || c == '/')
			return false;
		/* U+0080 to U+009F are control characters, too */
		if (c == 0xc2 && (unsigned char)name.data[i + 1] < 0xa0)
			return false;
	}
	return true;
}

void
route_find(struct route *r, struct slice path)
{
	*r = (struct route){.kind = ROUTE_NONE};
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		size_t len = strlen(routes[i].path);

		if (path.len < len || memcmp(path.data, routes[i].path, len) != 0)
			continue;
		if (!routes[i].topic && path.len > len)
			continue;
		r->kind = routes[i].kind;
		if (!routes[i].topic)
			return;
		path = (struct slice){path.data + len, path.len - len};
		r->bad_topic = !topic_valid(path);
		r->topic_len = r->bad_topic ? 0 : path.len;
		memcpy(r->topic, path.data, r->topic_len);
		return;
	}
}

const char *
route_method(enum route_kind kind)
{
	return kind == ROUTE_PUB ? "POST" : "GET";
}

bool
route_upgrades(enum route_kind kind)
{
	return kind == ROUTE_WS || kind == ROUTE_ECHO;
}
