/* ws_answer.c: what a server answers to the request to upgrade: an interim answer, one that opens
 * the channel, or one that refuses. */
#include "lib/base/err.h"
#include "lib/channel/refusal.h"
#include "lib/channel/ws_conn.h"
#include "lib/codec/http_head.h"
#include "lib/codec/ws_deflate.h"

enum { INTERIM_MAX = 16 };           /* answers before the answer (RFC 9110, 15.2) */

/* --- refusals ---------------------------------------------------------------------------- */

void
ws_refusal_end(struct ws *w, bool in_order)
{
	struct refusal *r = w->opening->refusal;

	refusal_end(r, in_order);
	ws_finish(w, refusal_why(r), WS_CLOSE_ABNORMAL);
}

static void
begin_refused(struct ws *w, const uint8_t *data, size_t len, const struct err *why)
{
	struct refusal *r = refusal_new((const char *)data, len,
	    w->params->peer->max_refusal, true, why);

	if (r == NULL) {
		ws_finish(w, why, WS_CLOSE_ABNORMAL);
		return;
	}
	w->opening->refusal = r;
	w->state = WS_REFUSED;
	if (!refusal_wants(r))
		ws_refusal_end(w, false);
}

void
ws_refusal(struct ws *w, const uint8_t *data, size_t len)
{
	refusal_feed(w->opening->refusal, data, len);
	if (!refusal_wants(w->opening->refusal))
		ws_refusal_end(w, false);
}

/* --- answers ----------------------------------------------------------------------------- */

static int
use_deflate(struct ws *w, const struct ws_deflate_params *agreed, struct err *e)
{
	if (ws_need_special(w, e) != 0)
		return -1;
	w->special->reader.deflate = ws_deflate_new(agreed, w->params->deflate_pool);
	if (w->special->reader.deflate == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for compression");
	return 0;
}

static void
open_channel(struct ws *w, const struct http_head *head,
    const struct ws_deflate_params *deflate, uint64_t now)
{
	struct channel_opened opened = {.head = head, .times = stream_times(w->stream),
	    .stream = w->stream, .deflate = deflate, .at = now};

	w->state = WS_OPEN;
	ws_release_opening(w);
	w->channel.events->opened(w->channel.ctx, &opened);
}

/* What is judged to be no answer yet, one that opens, or one that does not. */
static void
handle_answer(struct ws *w, const struct http_head *head, const uint8_t *data, size_t len,
    uint64_t now)
{
	struct ws_request request = {.key = w->opening->key,
	    .subprotocols = w->params->subprotocols,
	    .subprotocol_count = w->params->subprotocol_count, .deflate = w->params->deflate};
	struct ws_deflate_params agreed;
	struct err why = {0};
	int result;

	w->opening->seen = 0;
	if (head->status < 200 && head->status != 101 && w->opening->interim++ < INTERIM_MAX)
		return;
	result = ws_response_check(head, &request, &agreed, &why);
	if (result < 0)
		begin_refused(w, data, len, &why);
	else if (result == 1 && use_deflate(w, &agreed, &why) != 0)
		ws_finish(w, &why, WS_CLOSE_ABNORMAL);
	else
		open_channel(w, head, result == 1 ? &agreed : NULL, now);
}

size_t
ws_answer(struct ws *w, const uint8_t *data, size_t len, uint64_t now)
{
	struct http_head head;
	struct err why = {0};
	ssize_t used = http_head_parse(&head, (const char *)data, len, w->opening->seen, &why);

	if (used == 0) {
		w->opening->seen = len;
		return 0;
	}
	if (used < 0) {
		ws_finish(w, &why, WS_CLOSE_ABNORMAL);
		return len;
	}
	ws_tell_head(w, false, data, (size_t)used, now);
	handle_answer(w, &head, data, (size_t)used, now);
	return (size_t)used;
}
