/* publisher_test.c: messages by requests against a scripted server (http_stage.h). Each scene is
 * played with the server's bytes sent at once and one by one.
 *
 * `sends` are words: texts, or "+text" for a binary message; each has its number as a tag. The
 * trace, joined by " | ": what publisher_send returned for each as one word, then
 *     yes TAG, no TAG CLASS CODE[ STATUS "BODY"[ cut]], drained */
#include "lib/session/publisher.h"

#include "lib/base/err.h"
#include "lib/codec/http_head.h"
#include "tests/unit/http_stage.h"

enum {
	LIMIT_MS = 60,
	TURNS = 4,
	HEADER = 24,               /* at most so many bytes go with each message that waits */
};

#define OK {.answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"}
#define NO_CONTENT {.answer = "HTTP/1.1 204 No Content\r\n\r\n"}
#define DENIED {.answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"}

enum act {
	ACT_NONE,
	ACT_FREE,
	ACT_SEND,                  /* "more", once, with the tag 99 */
};

struct scene {
	const char *name;
	struct peer_turn turns[TURNS];
	const char *sends;
	const char *method, *type; /* NULL: POST, by the kind */
	const char *header;        /* a line of the peer's; NULL: none */
	size_t max_backlog;        /* 0: enough */
	unsigned limit_ms;         /* 0: LIMIT_MS */
	enum act at_published, at_refused, at_drained;
	const char *trace;
	const char *server;        /* NULL: does not matter */
};

struct play {
	const struct scene *scene;
	struct stage stage;
	struct publisher_params params;
	struct publisher *publisher;
	unsigned settled, sent;
	bool acted, early;
};

static void
say(struct play *p, const char *word)
{
	stage_say(&p->stage, word);
}

static void
act(struct play *p, enum act what)
{
	if (p->acted)
		return;
	switch (what) {
	case ACT_NONE:
		return;
	case ACT_FREE:
		publisher_free(p->publisher);
		publisher_free(NULL);
		p->publisher = NULL;
		stage_wait(&p->stage);
		break;
	case ACT_SEND:
		p->sent++;
		loop_timer_clear(&p->stage.later);
		publisher_send(p->publisher, MESSAGE_TEXT, "more", 4, 99);
		break;
	}
	p->acted = true;
}

/* --- what the publisher tells ---------------------------------------------------------------- */

static void
settle(struct play *p)
{
	if (p->early)
		say(p, "too early");
	if (++p->settled == p->sent)
		stage_wait(&p->stage);
}

static void
drained(void *ctx)
{
	struct play *p = ctx;

	say(p, "drained");
	if (publisher_backlog(p->publisher) != 0)
		say(p, "though some wait");
	act(p, p->scene->at_drained);
}

static void
published(void *ctx, uint64_t tag, uint64_t at)
{
	struct play *p = ctx;

	say(p, "yes");
	buf_addf(&p->stage.client, " %u%s", (unsigned)tag, at == 0 ? " at no time" : "");
	settle(p);
	act(p, p->scene->at_published);
}

static void
refused(void *ctx, uint64_t tag, const struct err *why, const struct channel_refusal *r)
{
	struct play *p = ctx;

	say(p, "no");
	buf_addf(&p->stage.client, " %u %s %d", (unsigned)tag, err_class_name(why->class),
	    why->code);
	if (r != NULL)
		buf_addf(&p->stage.client, " %d \"%.*s\"%s", r->head->status, (int)r->body.len,
		    r->body.len > 0 ? r->body.data : "", r->cut ? " cut" : "");
	settle(p);
	act(p, p->scene->at_refused);
}

static const struct publisher_events events = {drained, published, refused, NULL};

static void
over(evutil_socket_t fd, short what, void *ctx)
{
	struct play *p = ctx;

	(void)fd;
	(void)what;
	loop_stop(p->stage.server.loop);
}

/* --- scenes ---------------------------------------------------------------------------------- */

static void
set_up(struct play *p, const struct scene *s, bool bytewise)
{
	static const char *const shown[] = {"Content-Type", NULL};
	struct place place = {.target = "/pub"};

	*p = (struct play){.scene = s, .stage.server = {.turns = s->turns,
	    .count = peer_turn_count(s->turns, TURNS), .shown = shown, .bytewise = bytewise}};
	stage_set_up(&p->stage, over, p);
	p->stage.peer.headers = &s->header;
	p->stage.peer.header_count = s->header != NULL;
	p->stage.peer.max_backlog = s->max_backlog > 0 ? s->max_backlog : 8 << 20;
	p->params = (struct publisher_params){.peer = &p->stage.peer, .type = s->type,
	    .method = s->method != NULL ? s->method : "POST", .limit = (s->limit_ms > 0 ?
	    s->limit_ms : LIMIT_MS) * NS_PER_MS};
	p->publisher = publisher_new(p->stage.server.loop, &p->params, &place, &events, p);
}

static void
send_all(struct play *p)
{
	struct slice rest = slice_of(p->scene->sends);
	unsigned tag = 0;

	p->early = true;
	while (rest.len > 0) {
		struct slice one = slice_cut(&rest, ' ');
		bool binary = one.data[0] == '+';
		int result = publisher_send(p->publisher,
		    binary ? MESSAGE_BINARY : MESSAGE_TEXT,
		    one.data + binary, one.len - binary, ++tag);

		p->sent += result >= 0;
		buf_addf(&p->stage.client, "%s%d", tag > 1 ? " " : "", result);
	}
	p->early = false;
	if (p->sent == 0)
		stage_wait(&p->stage);
}

static void
tear_down(struct play *p)
{
	publisher_free(p->publisher);
	stage_tear_down(&p->stage);
}

static void
check_once(const struct scene *s, bool bytewise)
{
	struct play p;

	set_up(&p, s, bytewise);
	send_all(&p);
	loop_run(p.stage.server.loop, NULL);
	if (p.publisher != NULL &&
	    publisher_connections(p.publisher) != p.stage.server.connections)
		say(&p, "another count of connections");
	stage_end_traces(&p.stage);
	stage_judge(&p.stage, s->trace, s->server, s->name);
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

#define TEXT_TYPE "Content-Type: text/plain; charset=utf-8"

static void
test_publishing(void)
{
	static const struct scene scenes[] = {
		{"in order, one at a time, on one connection", {OK, NO_CONTENT, OK},
		    "one two three",
		    .trace = "1 1 1 | yes 1 | yes 2 | yes 3 | drained",
		    .server = "c1 POST /pub " TEXT_TYPE " \"one\""
		    " | c1 POST /pub " TEXT_TYPE " \"two\""
		    " | c1 POST /pub " TEXT_TYPE " \"three\""},
		{"bytes are bytes", {OK}, "+x", .trace = "1 | yes 1 | drained",
		    .server = "c1 POST /pub Content-Type: application/octet-stream \"x\""},
		{"by another method, of another type", {OK}, "x", "PUT", "a/b",
		    .trace = "1 | yes 1 | drained",
		    .server = "c1 PUT /pub Content-Type: a/b \"x\""},
		{"a header of the peer's comes before", {OK}, "x", .type = "a/b",
		    .header = "content-type: c/d", .trace = "1 | yes 1 | drained",
		    .server = "c1 POST /pub content-type: c/d \"x\""},
		{"nothing is opened for nothing", .sends = "", .trace = "", .server = ""},
		{"a connection that is not kept", {{.answer =
		    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"}, OK},
		    "a b",
		    .type = "t/t", .trace = "1 1 | yes 1 | yes 2 | drained",
		    .server = "c1 POST /pub Content-Type: t/t \"a\" | "
		    "c2 POST /pub Content-Type: t/t \"b\""},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_refusals(void)
{
	static const struct scene scenes[] = {
		{"what is refused is told, the next goes on", {OK, DENIED, OK}, "a b c",
		    .trace = "1 1 1 | yes 1 | no 2 http 403 403 \"no\" | yes 3 | drained"},
		{"a redirect is no more", {{.answer =
		    "HTTP/1.1 307 T\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"}}, "a",
		    .trace = "1 | no 1 http 307 307 \"\" | drained"},
		{"a body longer than what is kept, without end", {{.answer =
		    "HTTP/1.1 500 N\r\nContent-Length: 99999\r\n\r\n123456789"}, OK}, "a b",
		    .trace = "1 1 | no 1 http 500 500 \"12345678\" cut | yes 2 | drained",
		    .type = "t", .limit_ms = 60000,
		    .server = "c1 POST /pub Content-Type: t \"a\" | "
		    "c2 POST /pub Content-Type: t \"b\""},
		{"one that breaks off",
		    {{.answer = "HTTP/1.1 500 N\r\nContent-Length: 9\r\n\r\nno",
		    .end = PEER_ENDS}}, "a",
		    .trace = "1 | no 1 http 500 500 \"no\" cut | drained"},
		{"one that stalls",
		    {{.answer = "HTTP/1.1 500 N\r\nContent-Length: 7\r\n\r\nno"}}, "a",
		    .trace = "1 | no 1 http 500 500 \"no\" cut | drained"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_unknown(void)
{
	static const struct scene scenes[] = {
		{"the connection ends instead of an answer: not sent again",
		    {OK, {.end = PEER_ENDS}, OK}, "a b c", .type = "t",
		    .trace = "1 1 1 | yes 1 | no 2 closed 0 | yes 3 | drained",
		    .server = "c1 POST /pub Content-Type: t \"a\" | "
		    "c1 POST /pub Content-Type: t \"b\" | c2 POST /pub Content-Type: t \"c\""},
		{"in the head of one", {{.answer = "HTTP/1.1 201 C\r\n", .end = PEER_ENDS}},
		    "a",
		    .trace = "1 | no 1 closed 0 | drained"},
		{"no answer in time", {}, "a", .trace = "1 | no 1 timeout 0 | drained"},
		{"no HTTP", {{.answer = "SMTP\r\n"}, OK}, "a b",
		    .trace = "1 1 | no 1 protocol 0 | yes 2 | drained"},
		{"once the status came it is known: a body that is cut",
		    {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno",
		    .end = PEER_ENDS}},
		    "a", .trace = "1 | yes 1 | drained"},
		{"or has no end", {{.answer = "HTTP/1.1 200 OK\r\n\r\nno"}, OK}, "a b",
		    .trace = "1 1 | yes 1 | yes 2 | drained"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_backlog(void)
{
	static const struct scene scenes[] = {
		{"a message that is too long", {OK}, "0123456789", .max_backlog = 9,
		    .trace = "-1", .server = ""},
		{"too much waits", {OK, OK}, "0123 4567 89", .max_backlog = 2 * (HEADER + 4),
		    .trace = "1 1 -1 | yes 1 | yes 2 | drained"},
		{"what is done makes room", {OK, OK}, "0123", .max_backlog = HEADER + 4,
		    .at_published = ACT_SEND, .trace = "1 | yes 1 | yes 99 | drained"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_ending(void)
{
	static const struct scene scenes[] = {
		{"freed when one is published", {OK, OK}, "a b", .at_published = ACT_FREE,
		    .trace = "1 1 | yes 1"},
		{"freed when one is refused", {DENIED, OK}, "a b", .at_refused = ACT_FREE,
		    .trace = "1 1 | no 1 http 403 403 \"no\""},
		{"freed when one is not answered", {}, "a b", .at_refused = ACT_FREE,
		    .trace = "1 1 | no 1 timeout 0"},
		{"freed when it has drained", {OK}, "a", .at_drained = ACT_FREE,
		    .trace = "1 | yes 1 | drained"},
		{"sent when one is published", {OK, OK}, "a", .at_published = ACT_SEND,
		    .trace = "1 | yes 1 | yes 99 | drained"},
		{"sent when one is refused, behind those that wait", {DENIED, OK, OK}, "a b",
		    .at_refused = ACT_SEND,
		    .trace = "1 1 | no 1 http 403 403 \"no\" | yes 2 | yes 99 | drained"},
		{"sent when it has drained", {OK, OK}, "a", .at_drained = ACT_SEND,
		    .trace = "1 | yes 1 | drained | yes 99 | drained"},
	};

	check_all(scenes, COUNT(scenes));
}

/* Longer than the loop's buffers, so the body does not go with the head. */
static void
test_long(void)
{
	static const struct scene s = {.turns = {OK, OK}, .sends = ""};
	static char text[3 << 20];
	struct play p;

	memset(text, 'x', sizeof text);
	set_up(&p, &s, false);
	p.params.limit = STAGE_GUARD_S * NS_PER_S;
	tap_int(publisher_send(p.publisher, MESSAGE_TEXT, text, sizeof text, 1), 1,
	    "a message of 3 MiB is taken");
	tap_int(publisher_send(p.publisher, MESSAGE_TEXT, "", 0, 2), 1, "and an empty one");
	tap_ok(publisher_backlog(p.publisher) >= sizeof text, "they wait");
	p.sent = 2;
	loop_run(p.stage.server.loop, NULL);
	buf_add(&p.stage.client, "", 1);
	tap_text((char *)p.stage.client.data, "yes 1 | yes 2 | drained", "they are published");
	tap_ok(publisher_bytes_out(p.publisher) > sizeof text, "its bytes were counted");
	tap_ok(publisher_bytes_in(p.publisher) > 0, "and those of the answers");
	tear_down(&p);
}

int
main(void)
{
	test_publishing();
	test_refusals();
	test_unknown();
	test_backlog();
	test_ending();
	test_long();
	return tap_done();
}
