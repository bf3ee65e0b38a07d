/* http_link_test.c: exchanges over one link against a scripted server (http_stage.h). Each scene is
 * played with the server's bytes sent at once and one by one.
 *
 * `asks` are requests, one after the other: "GET /a; POST /b text; later GET /c", where "later"
 * waits until the loop has had time to see what the server did. The client's trace:
 *     1xx                      an answer before the answer
 *     STATUS "body" done       an exchange
 *     … failed CLASS           */
#include "lib/channel/http_link.h"

#include <zlib.h>

#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "lib/codec/http_request.h"
#include "tests/unit/http_stage.h"

enum { SHOWN_MAX = 60 };           /* longer bodies are traced by their length */

#define OK(length) "HTTP/1.1 200 OK\r\nContent-Length: " #length "\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define UNTIL_CLOSE "HTTP/1.1 200 OK\r\n\r\n"

/* What a callback does with its link. */
enum act {
	ACT_NONE,
	ACT_FREE,
	ACT_RESET,                 /* frees it with a reset */
	ACT_DROP,                  /* and asks on in the next turn */
	ACT_PAUSE,                 /* for STAGE_LATER_MS */
	ACT_FLICKER,               /* pauses and unpauses at once */
};

struct scene {
	const char *name;
	struct peer_turn turns[4];
	const char *asks;
	enum act at_head, at_data, at_done, at_failed;
	size_t max_backlog;        /* 0: enough */
	const char *client, *server;
};

struct play {
	const struct scene *scene;
	struct stage stage;
	struct http_link_params params;
	struct http_link *link;
	struct buf body;
	const char *rest;          /* of `asks` */
	char method[8], target[64], text[64];
	bool paused, acted;
};

/* --- asking -------------------------------------------------------------------------------- */

static void ask_next(struct play *p);

static void
say(struct play *p, const char *word)
{
	stage_say(&p->stage, word);
}

/* "POST /b text" → method, target, text. */
static void
take_ask(struct play *p, struct slice one)
{
	struct slice method = slice_cut(&one, ' '), target = slice_cut(&one, ' ');

	snprintf(p->method, sizeof p->method, "%.*s", (int)method.len, method.data);
	snprintf(p->target, sizeof p->target, "%.*s", (int)target.len, target.data);
	snprintf(p->text, sizeof p->text, "%.*s", (int)one.len, one.len > 0 ? one.data : "");
}

static void
ask(struct play *p)
{
	struct http_exchange exchange = {.to_head = strcmp(p->method, "HEAD") == 0,
	    .repeatable = strcmp(p->method, "POST") != 0};
	struct err e = {0};

	p->body.len = 0;
	if (http_link_ask(p->link, &exchange, &e) == 0)
		return;
	buf_addf(&p->stage.client, "%snot asked: %s", p->stage.client.len > 0 ? " " : "",
	    err_class_name(e.class));
	ask_next(p);
}

/* In this turn, so that a new exchange begins within `done`, or later. */
static void
ask_next(struct play *p)
{
	struct slice rest = slice_of(p->rest), one;
	bool waits;

	if (rest.len == 0) {               /* whatever is still to come has time to */
		stage_wait(&p->stage);
		return;
	}
	one = slice_trim(slice_cut(&rest, ';'));
	p->rest = rest.len > 0 ? rest.data : "";
	waits = one.len > 6 && memcmp(one.data, "later ", 6) == 0;
	if (waits)
		one = (struct slice){one.data + 6, one.len - 6};
	take_ask(p, one);
	if (waits)
		stage_wait(&p->stage);
	else
		ask(p);
}

static void
later(evutil_socket_t fd, short events, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)events;
	if (p->link != NULL && p->paused) {
		p->paused = false;
		say(p, "(on)");
		http_link_pause(p->link, false);
		if (!http_link_is_busy(p->link))
			ask_next(p);
	} else if (p->link == NULL || p->method[0] == '\0') {
		loop_stop(p->stage.server.loop);
	} else {
		ask(p);
	}
}

/* Returns whether the link is gone. */
static bool
act(struct play *p, enum act what)
{
	if (what == ACT_NONE || p->acted)
		return false;
	p->acted = true;
	switch (what) {
	case ACT_NONE:
		break;
	case ACT_FREE:
	case ACT_RESET:
		http_link_free(p->link, what == ACT_RESET);
		p->link = NULL;
		stage_wait(&p->stage);
		return true;
	case ACT_DROP:
		http_link_drop(p->link);
		say(p, "dropped");
		loop_timer_set(&p->stage.later, 0);
		take_ask(p, slice_of("GET /after"));
		return true;
	case ACT_PAUSE:
		http_link_pause(p->link, true);
		p->paused = true;
		stage_wait(&p->stage);
		break;
	case ACT_FLICKER:
		http_link_pause(p->link, true);
		http_link_pause(p->link, false);
		break;
	}
	return false;
}

/* --- what the link tells --------------------------------------------------------------------- */

static int
write_request(void *ctx, struct buf *into, struct slice *body)
{
	struct play *p = ctx;
	struct http_request r = {.method = p->method, .target = p->target, .authority = "peer",
	    .has_body = strcmp(p->method, "POST") == 0, .body_length = strlen(p->text)};

	if (body->len != 0)
		say(p, "body was not empty");
	if (strcmp(p->target, "/too-long") == 0)
		return -1;
	*body = slice_of(p->text);
	return http_request_write(into, &r);
}

static void
head(void *ctx, const struct http_head *h, struct slice raw, uint64_t at)
{
	struct play *p = ctx;

	(void)at;
	if (memcmp(raw.data + raw.len - 4, "\r\n\r\n", 4) != 0)
		say(p, "not a whole head");
	if (p->paused)
		say(p, "head in a pause");
	buf_addf(&p->stage.client, "%s%d", p->stage.client.len > 0 ? " " : "", h->status);
	act(p, p->scene->at_head);
}

static void
data(void *ctx, struct slice piece, uint64_t at)
{
	struct play *p = ctx;

	(void)at;
	if (p->paused)
		say(p, "data in a pause");
	buf_add(&p->body, piece.data, piece.len);
	act(p, p->scene->at_data);
}

static void
show_body(struct play *p)
{
	if (p->body.len > SHOWN_MAX)
		buf_addf(&p->stage.client, " %zu bytes", p->body.len);
	else if (p->body.len > 0)
		buf_addf(&p->stage.client, " \"%.*s\"", (int)p->body.len, (char *)p->body.data);
}

static void
done(void *ctx, uint64_t at)
{
	struct play *p = ctx;

	(void)at;
	show_body(p);
	say(p, "done");
	if (http_link_is_busy(p->link))
		say(p, "busy");
	p->method[0] = '\0';
	if (!act(p, p->scene->at_done) && !p->paused)
		ask_next(p);
}

static void
failed(void *ctx, const struct err *why)
{
	struct play *p = ctx;

	show_body(p);
	say(p, "failed ");
	buf_addf(&p->stage.client, "%s", err_class_name(why->class));
	p->method[0] = '\0';
	if (!act(p, p->scene->at_failed))
		ask_next(p);
}

static void
wire(void *ctx, const struct channel_wire *w)
{
	struct play *p = ctx;

	if (!w->out && w->len > 9 && w->data[9] == '1')
		buf_addf(&p->stage.client, "%s%.3s", p->stage.client.len > 0 ? " " : "",
		    w->data + 9);
}

static const struct http_link_events events = {write_request, head, data, done, failed, wire};

/* --- scenes ---------------------------------------------------------------------------------- */

static void
set_up(struct play *p, const struct scene *s, bool bytewise)
{
	*p = (struct play){.scene = s, .rest = s->asks, .stage = {.joint = " ",
	    .server = {.turns = s->turns, .count = peer_turn_count(s->turns, COUNT(s->turns)),
	    .bytewise = bytewise}}};
	stage_set_up(&p->stage, later, p);
	if (s->max_backlog > 0)
		p->stage.peer.max_backlog = s->max_backlog;
	p->params = (struct http_link_params){.peer = &p->stage.peer};
	buf_init(&p->body, 64 << 20);
	p->link = http_link_new(p->stage.server.loop, &p->params, &events, p);
}

static void
tear_down(struct play *p)
{
	http_link_free(p->link, false);
	http_link_free(NULL, false);
	stage_tear_down(&p->stage);
	buf_release(&p->body);
}

static void
check_once(const struct scene *s, bool bytewise)
{
	struct play p;

	set_up(&p, s, bytewise);
	ask_next(&p);
	loop_run(p.stage.server.loop, NULL);
	if (p.link != NULL && http_link_connections(p.link) != p.stage.server.connections)
		say(&p, "another count of connections");
	stage_end_traces(&p.stage);
	stage_judge(&p.stage, s->client, s->server, s->name);
	tear_down(&p);
}

static void
check_all(const struct scene *scenes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check_once(&scenes[i], false);
		check_once(&scenes[i], true);
	}
}

static void
test_answers(void)
{
	static const struct scene scenes[] = {
		{"a length", {{.answer = OK(5) "hello"}}, "GET /",
		    .client = "200 \"hello\" done",
		    .server = "c1 GET /"},
		{"no body", {{.answer = OK(0)}}, "GET /", .client = "200 done",
		    .server = "c1 GET /"},
		{"chunks",
		    {{.answer = CHUNKED
		    "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"}}, "GET /",
		    .client = "200 \"hello\" done", .server = "c1 GET /"},
		{"until the end", {{.answer = UNTIL_CLOSE "hello", .end = PEER_ENDS}}, "GET /",
		    .client = "200 \"hello\" done", .server = "c1 GET /"},
		{"204 and 304 have no body",
		    {{.answer = "HTTP/1.1 204 No\r\n\r\n"},
		    {.answer = "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n"}},
		    "GET /a; GET /b", .client = "204 done 304 done",
		    .server = "c1 GET /a | c1 GET /b"},
		{"HEAD has none", {{.answer = OK(9)}, {.answer = OK(1) "x"}}, "HEAD /a; GET /b",
		    .client = "200 done 200 \"x\" done", .server = "c1 HEAD /a | c1 GET /b"},
		{"1xx come before",
		    {{.answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 E\r\nA: b\r\n\r\n"
		    OK(1) "x"}}, "GET /", .client = "100 103 200 \"x\" done",
		    .server = "c1 GET /"},
		{"a refusal is an answer",
		    {{.answer = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"}},
		    "GET /", .client = "404 \"no\" done", .server = "c1 GET /"},
		{"a body goes out with its head", {{.answer = OK(0)}}, "POST /p some text",
		    .client = "200 done", .server = "c1 POST /p \"some text\""},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_keeping(void)
{
	static const struct scene scenes[] = {
		{"a connection is kept", {{.answer = OK(1) "a"},
		    {.answer = CHUNKED "1\r\nb\r\n0\r\n\r\n"}, {.answer = OK(1) "c"}},
		    "GET /a; GET /b; later POST /c x",
		    .client = "200 \"a\" done 200 \"b\" done 200 \"c\" done",
		    .server = "c1 GET /a | c1 GET /b | c1 POST /c \"x\""},
		{"not where the server says close",
		    {{.answer = "HTTP/1.1 200 OK\r\n"
		    "Connection: close\r\nContent-Length: 1\r\n\r\na"},
		    {.answer = OK(1) "b"}}, "GET /a; GET /b",
		    .client = "200 \"a\" done 200 \"b\" done",
		    .server = "c1 GET /a | c2 GET /b"},
		{"not in HTTP/1.0, unless it says so",
		    {{.answer = "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"},
		    {.answer = "HTTP/1.0 200 OK\r\n"
		    "Connection: keep-alive\r\nContent-Length: 1\r\n\r\nb"},
		    {.answer = OK(0)}}, "GET /a; GET /b; GET /c",
		    .client = "200 \"a\" done 200 \"b\" done 200 done",
		    .server = "c1 GET /a | c2 GET /b | c2 GET /c"},
		{"not behind a body that its end ended", {{.answer = UNTIL_CLOSE "a",
		    .end = PEER_ENDS},
		    {.answer = OK(0)}}, "GET /a; GET /b", .client = "200 \"a\" done 200 done",
		    .server = "c1 GET /a | c2 GET /b"},
		{"the server ends an idle one", {{.answer = OK(1) "a", .end = PEER_ENDS},
		    {.answer = OK(1) "b"}},
		    "GET /a; later GET /b", .client = "200 \"a\" done 200 \"b\" done",
		    .server = "c1 GET /a | c2 GET /b"},
		{"and resets it", {{.answer = OK(1) "a", .end = PEER_RESETS},
		    {.answer = OK(1) "b"}},
		    "GET /a; later POST /b x", .client = "200 \"a\" done 200 \"b\" done",
		    .server = "c1 GET /a | c2 POST /b \"x\""},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_repeating(void)
{
	static const struct scene scenes[] = {
		{"ended instead of an answer: asked once more",
		    {{.answer = OK(1) "a"}, {.end = PEER_ENDS}, {.answer = OK(1) "b"}},
		    "GET /a; GET /b",
		    .client = "200 \"a\" done 200 \"b\" done",
		    .server = "c1 GET /a | c1 GET /b | c2 GET /b"},
		{"and reset", {{.answer = OK(1) "a"}, {.end = PEER_RESETS},
		    {.answer = OK(1) "b"}}, "GET /a; GET /b",
		    .client = "200 \"a\" done 200 \"b\" done",
		    .server = "c1 GET /a | c1 GET /b | c2 GET /b"},
		{"but no third time", {{.answer = OK(1) "a"}, {.end = PEER_ENDS},
		    {.end = PEER_ENDS}, {.answer = OK(0)}},
		    "GET /a; GET /b; GET /c", .client = "200 \"a\" done failed closed 200 done",
		    .server = "c1 GET /a | c1 GET /b | c2 GET /b | c3 GET /c"},
		{"not over the first connection", {{.end = PEER_ENDS}, {.answer = OK(0)}},
		    "GET /a",
		    .client = "failed closed", .server = "c1 GET /a"},
		{"not a POST", {{.answer = OK(1) "a"}, {.end = PEER_ENDS}, {.answer = OK(0)}},
		    "GET /a; POST /b x",
		    .client = "200 \"a\" done failed closed",
		    .server = "c1 GET /a | c1 POST /b \"x\""},
		{"not behind the first byte", {{.answer = OK(1) "a"}, {.answer = "H",
		    .end = PEER_ENDS}, {.answer = OK(0)}},
		    "GET /a; GET /b", .client = "200 \"a\" done failed closed",
		    .server = "c1 GET /a | c1 GET /b"},
		{"not behind a 100", {{.answer = OK(1) "a"},
		    {.answer = "HTTP/1.1 100 Continue\r\n\r\n", .end = PEER_ENDS},
		    {.answer = OK(0)}}, "GET /a; GET /b",
		    .client = "200 \"a\" done 100 failed closed",
		    .server = "c1 GET /a | c1 GET /b"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_failing(void)
{
	static const struct scene scenes[] = {
		{"cut in the head", {{.answer = "HTTP/1.1 200 OK\r\nA: b\r\n",
		    .end = PEER_ENDS}}, "GET /",
		    .client = "failed closed", .server = "c1 GET /"},
		{"cut in the body", {{.answer = OK(9) "hello", .end = PEER_ENDS}}, "GET /",
		    .client = "200 \"hello\" failed closed", .server = "c1 GET /"},
		{"cut in a chunk", {{.answer = CHUNKED "9\r\nhello", .end = PEER_ENDS},
		    {.answer = OK(0)}},
		    "GET /a; GET /b", .client = "200 \"hello\" failed closed 200 done",
		    .server = "c1 GET /a | c2 GET /b"},
		{"no HTTP", {{.answer = "SMTP ready\r\n\r\n"}, {.answer = OK(0)}},
		    "GET /a; GET /b",
		    .client = "failed protocol 200 done", .server = "c1 GET /a | c2 GET /b"},
		{"two lengths",
		    {{.answer = "HTTP/1.1 200 OK\r\n"
		    "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"}},
		    "GET /", .client = "failed protocol", .server = "c1 GET /"},
		{"a 101", {{.answer = "HTTP/1.1 101 X\r\n\r\n"}}, "GET /",
		    .client = "failed protocol",
		    .server = "c1 GET /"},
		{"a request that does not fit", {{.answer = OK(0)}, {.answer = OK(0)}},
		    "GET /a; GET /too-long; GET /b",
		    .client = "200 done not asked: limit 200 done",
		    .server = "c1 GET /a | c2 GET /b"},
		{"gzip that is none",
		    {{.answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
		    "Content-Length: 9\r\n\r\nnot gzip!"}}, "GET /",
		    .client = "200 failed protocol",
		    .server = "c1 GET /"},
	};

	check_all(scenes, COUNT(scenes));
}

/* Bytes in the same read as the end of an answer cannot answer what is asked only then. */
static void
test_unasked(void)
{
	static const struct scene scenes[] = {
		{"an answer too many is not taken for the next one",
		    {{.answer = OK(1) "a" OK(6) "poison"}, {.answer = OK(1) "b"}},
		    "GET /a; later GET /b",
		    .client = "200 \"a\" done 200 \"b\" done",
		    .server = "c1 GET /a | c2 GET /b"},
		{"nor are bytes behind a length", {{.answer = OK(1) "abc"},
		    {.answer = OK(1) "b"}},
		    "GET /a; later POST /b x", .client = "200 \"a\" done 200 \"b\" done",
		    .server = "c1 GET /a | c2 POST /b \"x\""},
		{"nor a body of a 304", {{.answer = "HTTP/1.1 304 N\r\n\r\nbody"},
		    {.answer = OK(1) "b"}},
		    "GET /a; later GET /b", .client = "304 done 200 \"b\" done",
		    .server = "c1 GET /a | c2 GET /b"},
	};
	static const struct scene at_once = {"nor when the next is asked in `done`",
	    {{.answer = OK(1) "a" OK(6) "poison"}, {.answer = OK(1) "b"}}, "GET /a; GET /b",
	    .client = "200 \"a\" done 200 \"b\" done", .server = "c1 GET /a | c2 GET /b"};

	check_all(scenes, COUNT(scenes));
	check_once(&at_once, false);
}

/* --- pauses ---------------------------------------------------------------------------------- */

#define DATA_PAUSE .at_data = ACT_PAUSE

static void
test_pauses(void)
{
	static const struct scene scenes[] = {
		{"a pause in the head", {{.answer = OK(5) "hello"}, {.answer = OK(1) "b"}},
		    "GET /a",
		    .at_head = ACT_PAUSE, .client = "200 (on) \"hello\" done",
		    .server = "c1 GET /a"},
		{"and in one without a body", {{.answer = OK(0)}}, "GET /a",
		    .at_head = ACT_FLICKER,
		    .client = "200 done", .server = "c1 GET /a"},
		{"a flicker in the data",
		    {{.answer = CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"}}, "GET /a",
		    .at_data = ACT_FLICKER, .client = "200 \"hello\" done",
		    .server = "c1 GET /a"},
		{"a pause in the middle of a body",
		    {{.answer = CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"}},
		    "GET /a", DATA_PAUSE, .client = "200 (on) \"hello\" done",
		    .server = "c1 GET /a"},
		{"when the server ends it behind",
		    {{.answer = CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
		    .end = PEER_ENDS}}, "GET /a", DATA_PAUSE,
		    .client = "200 (on) \"hello\" done", .server = "c1 GET /a"},
		{"and ends the body with it", {{.answer = UNTIL_CLOSE "hello",
		    .end = PEER_ENDS}}, "GET /a",
		    .at_head = ACT_PAUSE, .client = "200 (on) \"hello\" done",
		    .server = "c1 GET /a"},
		{"or cuts it", {{.answer = CHUNKED "2\r\nhe\r\n3\r\nllo\r\n",
		    .end = PEER_ENDS}}, "GET /a",
		    DATA_PAUSE, .client = "200 (on) \"hello\" failed closed",
		    .server = "c1 GET /a"},
		{"a pause when it is done", {{.answer = OK(1) "a"}, {.answer = OK(1) "b"}},
		    "GET /a; GET /b",
		    .at_done = ACT_PAUSE, .client = "200 \"a\" done (on) 200 \"b\" done",
		    .server = "c1 GET /a | c1 GET /b"},
	};

	check_all(scenes, COUNT(scenes));
}

/* --- callbacks that end it ------------------------------------------------------------------- */

static void
test_ending(void)
{
	static const struct scene scenes[] = {
		{"freed in the head", {{.answer = OK(5) "hello"}}, "GET /", .at_head = ACT_FREE,
		    .client = "200", .server = "c1 GET /"},
		{"freed in the data", {{.answer = CHUNKED "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"}},
		    "GET /",
		    .at_data = ACT_FREE, .client = "200", .server = "c1 GET /"},
		{"freed when done", {{.answer = OK(1) "a"}}, "GET /", .at_done = ACT_FREE,
		    .client = "200 \"a\" done", .server = "c1 GET /"},
		{"freed when it failed", {{.answer = "SMTP\r\n"}}, "GET /",
		    .at_failed = ACT_FREE,
		    .client = "failed protocol", .server = "c1 GET /"},
		{"dropped in the head", {{.answer = OK(5) "hello"}, {.answer = OK(1) "b"}},
		    "GET /",
		    .at_head = ACT_DROP, .client = "200 dropped 200 \"b\" done",
		    .server = "c1 GET / | c2 GET /after"},
		{"dropped in the data", {{.answer = OK(5) "hello"}, {.answer = OK(1) "b"}},
		    "GET /",
		    .at_data = ACT_DROP, .client = "200 dropped 200 \"b\" done",
		    .server = "c1 GET / | c2 GET /after"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_reset(void)
{
	static const struct scene s = {"freed with a reset",
	    {{.answer = CHUNKED "1\r\na\r\n"}}, "GET /", .at_data = ACT_RESET};
	struct play p;

	set_up(&p, &s, false);
	ask_next(&p);
	loop_run(p.stage.server.loop, NULL);
	tap_int(p.stage.server.gone, 1, "freed with a reset: the server sees an end");
	tap_int(p.stage.server.reset, 1, "freed with a reset: which is one");
	tear_down(&p);
}

/* --- gzip in pauses -------------------------------------------------------------------------- */

enum { LONG = 300000 };

/* Few bytes that stand for many. */
static size_t
gzip(uint8_t *into, size_t room)
{
	static uint8_t plain[LONG];
	z_stream z = {0};

	memset(plain, 'x', sizeof plain);
	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = plain;
	z.avail_in = sizeof plain;
	z.next_out = into;
	z.avail_out = (uInt)room;
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return (size_t)z.total_out;
}

/* The link is paused at the first piece, with coded bytes left over that stand for the rest; then
 * the server ends the connection, which is all that ends the body. */
static void
test_gzip_in_a_pause(void)
{
	static const char start[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
	static uint8_t answer[4096];
	static struct scene scenes[] = {
		{"gzip that the end of the connection ends, in a pause", .asks = "GET /",
		    DATA_PAUSE,
		    .client = "200 (on) 300000 bytes done", .server = "c1 GET /"},
		{"the same, cut", .asks = "GET /", DATA_PAUSE,
		    .client = "200 (on) 300000 bytes failed closed", .server = "c1 GET /"},
	};
	size_t len = sizeof start - 1;

	memcpy(answer, start, len);
	len += gzip(answer + len, sizeof answer - len);
	scenes[0].turns[0] = (struct peer_turn){(char *)answer, len, PEER_ENDS};
	scenes[1].turns[0] = (struct peer_turn){(char *)answer, len - 8, PEER_ENDS};
	check_all(scenes, COUNT(scenes));
}

int
main(void)
{
	test_answers();
	test_keeping();
	test_repeating();
	test_failing();
	test_unasked();
	test_pauses();
	test_ending();
	test_reset();
	test_gzip_in_a_pause();
	return tap_done();
}
