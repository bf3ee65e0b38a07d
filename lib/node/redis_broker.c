#include "lib/node/redis_broker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/node/core.h"
#include "lib/node/message.h"

enum {
	QUEUE_MOST = 10000,
	QUEUE_BYTES = 16 * 1024 * 1024,
	STRAINED_AT = 2000,              /* publications; read publishers more slowly */
	STRAINED_BYTES = 4 * 1024 * 1024,
	SHA_TEXT = 41,
};

#define LIVE_PREFIX "hail:live:"
#define STREAM_PREFIX "hail:topic:"

/* KEYS: the stream. ARGV: the first id, the bytes of a page, what an entry costs. Returns
 * the entries, and 1 when there are more. Each part begins with the entry that the last
 * one ended with: an exclusive range would need Redis 6.2. */
static const char page_script[] =
    "local from, skip, size, page = ARGV[1], 0, 0, {}\n"
    "while true do\n"
    "  local part = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 32 + skip)\n"
    "  for i = 1 + skip, #part do\n"
    "    if size >= tonumber(ARGV[2]) then return {page, 1} end\n"
    "    page[#page + 1] = part[i]\n"
    "    size = size + ARGV[3] + #(part[i][2][4] or '')\n"
    "  end\n"
    "  if #part < 32 + skip then return {page, 0} end\n"
    "  from, skip = part[#part][1], 1\n"
    "end\n";

/* KEYS: the stream. ARGV: the channel, how many to keep, the origin, the data, "1" for a
 * retry. */
static const char publish_script[] =
    "if ARGV[5] == '1' then\n"
    "  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1000)\n"
    "  for _, entry in ipairs(last) do\n"
    "    if entry[2][2] == ARGV[3] then return entry[1] end\n"
    "  end\n"
    "end\n"
    "local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'o', ARGV[3],"
    " 'd', ARGV[4])\n"
    "redis.call('EXPIRE', KEYS[1], 86400)\n"
    "redis.call('PUBLISH', ARGV[1], id .. ' ' .. ARGV[3] .. ' ' .. ARGV[4])\n"
    "return id\n";

/* One message on its way to Redis. */
struct publication {
	struct publication *next, *previous;
	struct receipt *receipt;
	uint64_t number;                 /* the last part of the origin; rises in the queue */
	size_t topic_len, origin_len, data_len;
	bool sent;                       /* an answer is due */
	bool retry;                      /* it was sent before, and may have been done */
	bool confirmed;                  /* it came back by the subscription */
	struct stream_id id;             /* when confirmed */
	char bytes[];                    /* topic, origin, data */
};

struct redis_broker {
	struct broker broker;
	struct node *node;
	struct redis_server *server;
	struct redis_link *commands, *subscription;
	bool subscribed;
	bool loaded;                     /* Redis knows the script */
	bool open;                       /* all of it is up, publications go out */
	bool was_open;
	bool told_lost;
	bool strained;
	uint64_t reconnects;
	char sha[SHA_TEXT];
	char history[24];                /* as text */
	char mine[METRICS_NAME + 20];    /* "NODE/BOOT/": how the origins of this node begin */
	struct publication *first, *last;
	struct publication *unconfirmed; /* the next one to come back by the subscription */
	size_t count, bytes, under_way;
};

static void load_script(struct redis_broker *rb);

static struct redis_broker *
of(struct broker *b)
{
	return (struct redis_broker *)b;
}

/* --- the queue of publications ------------------------------------------------------------ */

static struct slice
topic_of(const struct publication *p)
{
	return (struct slice){p->bytes, p->topic_len};
}

static struct slice
origin_of(const struct publication *p)
{
	return (struct slice){p->bytes + p->topic_len, p->origin_len};
}

static struct slice
data_of(const struct publication *p)
{
	return (struct slice){p->bytes + p->topic_len + p->origin_len, p->data_len};
}

/* The last number of an origin. */
static uint64_t
number_of(struct slice origin)
{
	uint64_t number = 0, unit = 1;

	for (size_t i = origin.len; i > 0 && origin.data[i - 1] != '/'; i--, unit *= 10)
		number += (uint64_t)(origin.data[i - 1] - '0') * unit;
	return number;
}

static void
queue_add(struct redis_broker *rb, struct publication *p)
{
	p->previous = rb->last;
	*(rb->last != NULL ? &rb->last->next : &rb->first) = p;
	rb->last = p;
	if (rb->unconfirmed == NULL)
		rb->unconfirmed = p;
	rb->count++;
	rb->bytes += p->data_len;
	if (rb->open && (rb->count > STRAINED_AT || rb->bytes > STRAINED_BYTES))
		rb->strained = true;
}

static void
relieve(struct redis_broker *rb)
{
	if (!rb->strained)
		return;
	rb->strained = false;
	rb->broker.events.relieved(rb->broker.events.arg);
}

static void
queue_remove(struct redis_broker *rb, struct publication *p)
{
	*(p->previous != NULL ? &p->previous->next : &rb->first) = p->next;
	*(p->next != NULL ? &p->next->previous : &rb->last) = p->previous;
	if (rb->unconfirmed == p)
		rb->unconfirmed = p->next;
	rb->count--;
	rb->bytes -= p->data_len;
	if (rb->count < STRAINED_AT / 4 && rb->bytes < STRAINED_BYTES / 4)
		relieve(rb);
}

/* The end of a publication: its id, or NULL when it was refused. */
static void
finish(struct redis_broker *rb, struct publication *p, const struct stream_id *id)
{
	queue_remove(rb, p);
	if (p->receipt != NULL)
		p->receipt->done(p->receipt, id);
	else if (id == NULL)
		rb->broker.events.refused(rb->broker.events.arg, origin_of(p));
	free(p);
}

/* --- publishing --------------------------------------------------------------------------- */

/* Errors that pass: what was asked for was not carried out, and may be later. */
static bool
passes(const char *error)
{
	static const char *const words[] = {"LOADING", "READONLY", "MASTERDOWN", "BUSY",
	    "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "NOAUTH", "UNBLOCKED"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncmp(error, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static void
on_error(struct redis_broker *rb, struct publication *p, const char *error)
{
	if (strncmp(error, "NOSCRIPT", 8) == 0) {
		rb->loaded = false;
		return;
	}
	if (passes(error)) {
		redis_link_drop(rb->commands, error);
		return;
	}
	node_log(rb->node, "Redis refused a message: %.200s", error);
	finish(rb, p, NULL);
}

static void
on_published(redisAsyncContext *ac, void *answer, void *data)
{
	struct redis_broker *rb = redis_link_arg(ac);
	struct publication *p = data;
	const redisReply *reply = answer;
	struct stream_id id;

	p->sent = false;
	rb->under_way--;
	if (reply == NULL && p->confirmed)
		finish(rb, p, &p->id);
	else if (reply == NULL)
		p->retry = true;
	else if (reply->type == REDIS_REPLY_ERROR)
		on_error(rb, p, reply->str);
	else if (reply->type == REDIS_REPLY_STRING &&
	    stream_id_parse(&id, reply->str, reply->len))
		finish(rb, p, &id);
	else
		finish(rb, p, NULL);
	/* All that was refused for want of the script is back in the queue, in order. */
	if (reply != NULL && !rb->loaded && rb->under_way == 0)
		load_script(rb);
}

static void
send_publication(struct redis_broker *rb, struct publication *p)
{
	char key[sizeof STREAM_PREFIX + BROKER_TOPIC_MAX];
	char channel[sizeof LIVE_PREFIX + BROKER_TOPIC_MAX];
	struct slice topic = topic_of(p), origin = origin_of(p), data = data_of(p);
	int key_len = snprintf(key, sizeof key, STREAM_PREFIX "%.*s", (int)topic.len,
	    topic.data);
	int channel_len = snprintf(channel, sizeof channel, LIVE_PREFIX "%.*s", (int)topic.len,
	    topic.data);
	const char *argv[] = {"EVALSHA", rb->sha, "1", key, channel, rb->history, origin.data,
	    data.data, p->retry ? "1" : "0"};
	const size_t lengths[] = {7, SHA_TEXT - 1, 1, (size_t)key_len, (size_t)channel_len,
	    strlen(rb->history), origin.len, data.len, 1};

	if (redisAsyncCommandArgv(redis_link_context(rb->commands), on_published, p,
	    sizeof argv / sizeof *argv, (const char **)argv, lengths) != REDIS_OK)
		return;
	p->sent = true;
	rb->under_way++;
}

/* Sends what waits, in order. */
static void
send_queue(struct redis_broker *rb)
{
	for (struct publication *p = rb->first; p != NULL; p = p->next)
		if (!p->sent)
			send_publication(rb, p);
}

static int
publish(struct broker *b, struct slice topic, struct slice origin, struct slice data,
    struct receipt *r)
{
	struct redis_broker *rb = of(b);
	struct publication *p;

	if (rb->count >= QUEUE_MOST || rb->bytes + data.len > QUEUE_BYTES)
		return 1;
	p = calloc(1, sizeof *p + topic.len + origin.len + data.len);
	if (p == NULL)
		return 1;
	p->receipt = r;
	p->number = number_of(origin);
	p->topic_len = topic.len;
	p->origin_len = origin.len;
	p->data_len = data.len;
	memcpy(p->bytes, topic.data, topic.len);
	memcpy(p->bytes + topic.len, origin.data, origin.len);
	memcpy(p->bytes + topic.len + origin.len, data.data, data.len);
	queue_add(rb, p);
	if (rb->open && rb->loaded)
		send_publication(rb, p);
	return 0;
}

/* --- live messages ------------------------------------------------------------------------ */

/* One of our own came back: even if its answer never does, it was published. */
static void
confirm(struct redis_broker *rb, struct slice origin, struct stream_id id)
{
	size_t len = strlen(rb->mine);
	uint64_t number;

	if (origin.len <= len || memcmp(origin.data, rb->mine, len) != 0)
		return;
	number = number_of(origin);
	while (rb->unconfirmed != NULL && rb->unconfirmed->number < number)
		rb->unconfirmed = rb->unconfirmed->next;
	if (rb->unconfirmed == NULL || rb->unconfirmed->number != number)
		return;
	rb->unconfirmed->confirmed = true;
	rb->unconfirmed->id = id;
	rb->unconfirmed = rb->unconfirmed->next;
}

/* What stands before the first `sep`, which must be there. */
static bool
take(struct slice *rest, char sep, struct slice *part)
{
	*part = slice_cut(rest, sep);
	return rest->data != NULL;
}

/* "ID ORIGIN DATA" on the channel of a topic. What others put there is ignored. */
static void
on_live(struct redis_broker *rb, struct slice channel, struct slice payload)
{
	struct slice topic = {channel.data + strlen(LIVE_PREFIX), 0}, id_text;
	struct slice origin, node, source;
	struct stream_id id;

	if (channel.len <= strlen(LIVE_PREFIX))
		return;
	topic.len = channel.len - strlen(LIVE_PREFIX);
	if (topic.len > BROKER_TOPIC_MAX || !take(&payload, ' ', &id_text) ||
	    !take(&payload, ' ', &origin) || origin.len > BROKER_ORIGIN_MAX)
		return;
	if (!stream_id_parse(&id, id_text.data, id_text.len) ||
	    !message_origin_split(origin, &node, &source) ||
	    !utf8_valid(payload.data, payload.len))
		return;
	confirm(rb, origin, id);
	rb->broker.events.live(rb->broker.events.arg, topic, id, origin, payload);
}

static struct slice
text_of(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
		return (struct slice){"", 0};
	return (struct slice){reply->str, reply->len};
}

static void try_open(struct redis_broker *rb);

static void
on_subscription(redisAsyncContext *ac, void *answer, void *data)
{
	struct redis_broker *rb = redis_link_arg(ac);
	const redisReply *reply = answer;

	(void)data;
	if (reply == NULL)
		return;
	if (reply->type == REDIS_REPLY_ERROR) {
		redis_link_drop(rb->subscription, reply->str);
		return;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3)
		return;
	if (slice_eq(text_of(reply->element[0]), "psubscribe")) {
		rb->subscribed = true;
		try_open(rb);
	} else if (reply->elements == 4 && slice_eq(text_of(reply->element[0]), "pmessage")) {
		on_live(rb, text_of(reply->element[2]), text_of(reply->element[3]));
	}
}

/* --- history ------------------------------------------------------------------------------ */

/* One entry of a stream: [ID, ["o", ORIGIN, "d", DATA]]. What others put there has no
 * origin, so that it counts, but goes nowhere. */
static void
on_entry(struct history_request *r, const redisReply *entry)
{
	struct slice id_text, origin = {"", 0}, data = {"", 0};
	const redisReply *fields;
	struct stream_id id;

	if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2)
		return;
	id_text = text_of(entry->element[0]);
	if (!stream_id_parse(&id, id_text.data, id_text.len))
		return;
	fields = entry->element[1];
	if (fields->type == REDIS_REPLY_ARRAY && fields->elements == 4) {
		origin = text_of(fields->element[1]);
		data = text_of(fields->element[3]);
	}
	if (origin.len > BROKER_ORIGIN_MAX || !utf8_valid(data.data, data.len))
		origin.len = data.len = 0;
	r->entry(r, id, origin, data);
}

/* The answer to page_script, or the entries alone. */
static void
on_history(redisAsyncContext *ac, void *answer, void *data)
{
	struct redis_broker *rb = redis_link_arg(ac);
	const redisReply *reply = answer, *entries = answer;
	struct history_request *r = data;
	bool more = false;

	if (reply == NULL)
		rb->open = false;    /* the link is about to say so */
	if (reply != NULL && !r->newest && reply->type == REDIS_REPLY_ARRAY &&
	    reply->elements == 2) {
		entries = reply->element[0];
		more = reply->element[1]->integer == 1;
	}
	if (entries == NULL || entries->type != REDIS_REPLY_ARRAY) {
		r->done(r, false, false);
		return;
	}
	for (size_t i = 0; i < entries->elements; i++)
		on_entry(r, entries->element[i]);
	r->done(r, true, more);
}

static void
history(struct broker *b, struct history_request *r)
{
	struct redis_broker *rb = of(b);
	redisAsyncContext *ac = redis_link_context(rb->commands);
	char key[sizeof STREAM_PREFIX + BROKER_TOPIC_MAX], from[STREAM_ID_TEXT];
	int result = REDIS_ERR;

	snprintf(key, sizeof key, STREAM_PREFIX "%.*s", (int)r->topic.len, r->topic.data);
	stream_id_text(r->from, from);
	if (rb->open && r->newest)
		result = redisAsyncCommand(ac, on_history, r, "XREVRANGE %s + - COUNT 1", key);
	else if (rb->open)
		result = redisAsyncCommand(ac, on_history, r, "EVAL %s 1 %s %s %d %d",
		    page_script, key, from, (int)r->bytes, BROKER_ENTRY_COST);
	if (result != REDIS_OK)
		r->done(r, false, false);
}

/* --- up and down -------------------------------------------------------------------------- */

static void
try_open(struct redis_broker *rb)
{
	if (rb->open || !rb->loaded || !rb->subscribed)
		return;
	rb->open = true;
	if (rb->told_lost)
		node_log(rb->node, "Redis is back");
	if (rb->was_open)
		rb->reconnects++;
	rb->was_open = true;
	rb->told_lost = false;
	rb->broker.events.resumed(rb->broker.events.arg);
	send_queue(rb);
}

static void
lost(struct redis_broker *rb, const char *why)
{
	rb->open = false;
	if (!rb->told_lost)
		node_log(rb->node, "Redis is %s: %s", rb->was_open ? "lost" : "not there",
		    why);
	rb->told_lost = true;
	relieve(rb);
}

static void
on_loaded(redisAsyncContext *ac, void *answer, void *data)
{
	struct redis_broker *rb = redis_link_arg(ac);
	const redisReply *reply = answer;

	(void)data;
	if (reply == NULL)
		return;
	if (reply->type != REDIS_REPLY_STRING || reply->len != SHA_TEXT - 1) {
		redis_link_drop(rb->commands, reply->type == REDIS_REPLY_ERROR ? reply->str :
		    "no answer to SCRIPT LOAD");
		return;
	}
	memcpy(rb->sha, reply->str, SHA_TEXT);
	rb->loaded = true;
	if (rb->open)
		send_queue(rb);
	else
		try_open(rb);
}

static void
load_script(struct redis_broker *rb)
{
	redisAsyncContext *ac = redis_link_context(rb->commands);

	if (ac != NULL)
		redisAsyncCommand(ac, on_loaded, NULL, "SCRIPT LOAD %s", publish_script);
}

static void
commands_up(void *arg)
{
	load_script(arg);
}

static void
commands_down(void *arg, const char *why)
{
	struct redis_broker *rb = arg;

	rb->loaded = false;
	lost(rb, why);
}

static void
subscription_up(void *arg)
{
	struct redis_broker *rb = arg;

	redisAsyncCommand(redis_link_context(rb->subscription), on_subscription, NULL,
	    "PSUBSCRIBE %s", LIVE_PREFIX "*");
}

static void
subscription_down(void *arg, const char *why)
{
	struct redis_broker *rb = arg;

	rb->subscribed = false;
	rb->broker.events.interrupted(rb->broker.events.arg);
	lost(rb, why);
}

static enum broker_state
state(const struct broker *b)
{
	return ((const struct redis_broker *)b)->open ? BROKER_UP : BROKER_DOWN;
}

static uint64_t
reconnects(const struct broker *b)
{
	return ((const struct redis_broker *)b)->reconnects;
}

static bool
strained(const struct broker *b)
{
	return ((const struct redis_broker *)b)->strained;
}

static void
release(struct broker *b)
{
	struct redis_broker *rb = of(b);

	rb->open = false;
	redis_link_free(rb->subscription);
	redis_link_free(rb->commands);
	while (rb->first != NULL)
		finish(rb, rb->first, NULL);
	redis_server_free(rb->server);
	free(rb);
}

static const struct broker_ops ops = {
	.publish = publish,
	.history = history,
	.state = state,
	.reconnects = reconnects,
	.strained = strained,
	.free = release,
};

struct broker *
redis_broker_new(struct node *n, const struct broker_events *events, struct err *e)
{
	struct redis_broker *rb = calloc(1, sizeof *rb);
	struct redis_link_params params = {.node = n, .arg = rb};

	if (rb == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for Redis");
		return NULL;
	}
	rb->broker = (struct broker){&ops, *events};
	rb->node = n;
	rb->server = redis_server_new(n->params.redis, e);
	if (rb->server == NULL) {
		free(rb);
		return NULL;
	}
	snprintf(rb->history, sizeof rb->history, "%" PRIu64, n->params.history);
	snprintf(rb->mine, sizeof rb->mine, "%s/%s/", n->params.name, n->boot);
	rb->broker.events.interrupted(rb->broker.events.arg);
	params.server = rb->server;
	params.up = commands_up;
	params.down = commands_down;
	rb->commands = redis_link_new(&params);
	params.up = subscription_up;
	params.down = subscription_down;
	rb->subscription = redis_link_new(&params);
	if (rb->commands == NULL || rb->subscription == NULL)
		node_log(n, "no memory for Redis");
	return &rb->broker;
}
