/* 12:00:01.234 * connected to wss://example.org/chat in 31.4 ms
 *                subprotocol  chat
 *                resolve      1.20 ms  ==
 *                connect      9.80 ms    ============
 *                TLS          12.3 ms                ===============
 *                upgrade      8.10 ms                               ==========
 */
#include <stdio.h>
#include <string.h>

#include "cli/show_line.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/channel/channel.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"
#include "lib/transport/stream.h"
#include "lib/transport/tls.h"

enum {
	NAME_WIDTH = 13,             /* of what stands in front of each line */
	TIME_WIDTH = 9,
	BAR_MAX = 48,
	BAR_LEAST = 8,               /* shorter ones tell nothing */
};

static void
show_name(const struct show *s, struct buf *into, const char *name)
{
	char text[32];

	show_continue(s, into);
	snprintf(text, sizeof text, "%-*s", NAME_WIDTH, name);
	show_words(s, into, TONE_DIM, text);
}

static void
show_detail(const struct show *s, struct buf *into, const char *name, struct slice value)
{
	if (value.data == NULL || value.len == 0)
		return;
	show_name(s, into, name);
	show_text(s, into, TONE_PLAIN, value.data, value.len);
}

static void
show_deflate(const struct show *s, struct buf *into, const struct ws_deflate_params *p)
{
	char text[160];

	if (p == NULL)
		return;
	snprintf(text, sizeof text, "permessage-deflate, window 2^%u out%s, 2^%u in%s",
	    p->client_max_window_bits, p->client_no_context_takeover ? " anew each time" : "",
	    p->server_max_window_bits, p->server_no_context_takeover ? " anew each time" : "");
	show_detail(s, into, "compression", slice_of(text));
}

/* All of it when asked for; what was let pass, in any case. */
static void
show_tls(const struct show *s, struct buf *into, const struct stream *stream, bool protocol,
    bool certificate)
{
	struct tls_info info;
	char text[160];

	if (stream == NULL || stream_tls_info(stream, &info) != 0)
		return;
	if (protocol) {
		snprintf(text, sizeof text, "%.30s, %.60s%s%.30s%s", info.protocol, info.cipher,
		    info.alpn != NULL ? ", " : "", info.alpn != NULL ? info.alpn : "",
		    info.resumed ? ", resumed" : "");
		show_detail(s, into, "TLS", slice_of(text));
	}
	if (certificate) {
		show_detail(s, into, "certificate", slice_of(info.subject));
		show_detail(s, into, "issued by", slice_of(info.issuer));
		show_detail(s, into, "expires", slice_of(info.expires));
	}
	if (info.problem[0] != '\0') {
		show_name(s, into, "not verified:");
		show_text(s, into, TONE_BAD, info.problem, strlen(info.problem));
	}
}

/* --- the waterfall ----------------------------------------------------------------------- */

struct phase {
	const char *name;
	uint64_t from, to;           /* clock_ns */
};

/* The steps that there were, each from the end of the one before. At most 5. */
static size_t
list_phases(struct phase *phases, const struct channel_opened *o)
{
	const struct stream_times *t = o->times;
	const struct phase all[] = {
		{"resolve", 0, t->resolved}, {"connect", 0, t->connected},
		{"proxy", 0, t->proxied}, {"TLS", 0, t->secured},
		{o->head != NULL && o->head->status == 101 ? "upgrade" : "answer", 0, o->at},
	};
	uint64_t before = t->start;
	size_t count = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i].to == 0 || all[i].to <= before)
			continue;    /* none, or nothing to speak of: an address needs no name */
		phases[count] = all[i];
		phases[count++].from = before;
		before = all[i].to;
	}
	return count;
}

static void
show_phase(const struct show *s, struct buf *into, const struct phase *p, uint64_t start,
    uint64_t total, unsigned width)
{
	unsigned from = (unsigned)((p->from - start) * width / total);
	unsigned to = (unsigned)((p->to - start) * width / total);
	char text[96], time[32], bar[BAR_MAX + 1];

	show_name(s, into, p->name);
	snprintf(text, sizeof text, "%*s", TIME_WIDTH, show_time_text(time, p->to - p->from));
	buf_add_text(into, text);
	if (width == 0)
		return;
	if (from >= width)
		from = width - 1;
	if (to <= from)
		to = from + 1;
	memset(bar, '=', to - from);
	bar[to - from] = '\0';
	buf_addf(into, "  %*s", (int)from, "");
	show_words(s, into, TONE_KEY, bar);
}

static void
show_phases(const struct show *s, struct buf *into, const struct channel_opened *o)
{
	unsigned room = show_room(s, false), taken = NAME_WIDTH + TIME_WIDTH + 2, width;
	uint64_t start = o->times->start, total = o->at - start;
	struct phase phases[5];
	size_t count = list_phases(phases, o);

	width = room > taken ? room - taken : 0;
	width = width < BAR_LEAST ? 0 : width < BAR_MAX ? width : BAR_MAX;
	for (size_t i = 0; i < count; i++)
		show_phase(s, into, &phases[i], start, total > 0 ? total : 1, width);
}

void
show_opened(struct show *s, struct buf *into, const struct channel_opened *o,
    const char *where, bool phases, bool certificate)
{
	char time[32];

	show_begin(s, into, o->at, '*', TONE_NOTE);
	buf_add_text(into, "connected to ");
	show_text(s, into, TONE_PLAIN, where, strlen(where));
	buf_addf(into, " in %s", show_time_text(time, o->at - o->times->start));
	if (o->head != NULL)
		show_detail(s, into, "subprotocol",
		    http_head_field(o->head, "Sec-WebSocket-Protocol"));
	show_deflate(s, into, o->deflate);
	show_tls(s, into, o->stream, phases, certificate);
	if (phases)
		show_phases(s, into, o);
	buf_add_text(into, "\n");
}
