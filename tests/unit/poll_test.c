/* poll_test.c: polls and long polls as a channel against a scripted server (http_play.h). Each
 * scene is played with the server's bytes sent at once and one by one, and most end with a 404.
 * How bodies are read is tested in poll_body_test.c, gaps in ids in resume_test.c. */
#include "lib/channel/poll.h"

#include "lib/base/err.h"
#include "tests/unit/http_play.h"

enum { TURNS = 8 };

/* .answer of a turn. */
#define BODY(type, length, text) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nContent-Length: " \
	#length "\r\n\r\n" text
#define JSON(length, text) BODY("application/json", length, text)
#define TEXT(length, text, fields) "HTTP/1.1 200 OK\r\n" fields "Content-Length: " #length \
	"\r\n\r\n" text
#define EMPTY(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"
#define NONE(status) "HTTP/1.1 " status "\r\n\r\n"
#define GONE {.answer = EMPTY("404 Not Found")}

/* The end of most scenes. */
#define ENDED " | closed by peer final http 404 404 \"\""

struct scene {
	const char *name;
	const char *target;        /* NULL: "/" */
	struct peer_turn turns[TURNS];
	bool held, compress;
	unsigned interval_ms, wait_ms, limit_ms, grace_ms;   /* 0: 1, 5000, 5000, never */
	struct poll_shape shape;
	struct play_acts acts;
	const char *last_id, *etag;            /* of a channel before */
	uint64_t max_message;                  /* 0: 1 MiB */
	const char *client, *server;           /* server NULL: does not matter */
	const char *resume;                    /* "LAST_ID ETAG" after it; NULL: does not matter */
	unsigned slow_ms;                      /* it may not take less */
};

static void
set_params(struct poll_params *params, const struct scene *s, const struct peer *peer)
{
	*params = (struct poll_params){.peer = peer, .held = s->held, .compress = s->compress,
	    .interval = (s->interval_ms > 0 ? s->interval_ms : 1) * NS_PER_MS,
	    .wait = (s->wait_ms > 0 ? s->wait_ms : 5000) * NS_PER_MS,
	    .limit = (s->limit_ms > 0 ? s->limit_ms : 5000) * NS_PER_MS,
	    .grace = s->grace_ms > 0 ? s->grace_ms * NS_PER_MS : POLL_NEVER, .shape = s->shape};
}

static void
judge_resume(const struct play *p, const struct scene *s)
{
	char text[200];

	snprintf(text, sizeof text, "%.*s %.*s", (int)p->resume.last_id.len,
	    (const char *)p->resume.last_id.data, (int)p->resume.etag.len,
	    (const char *)p->resume.etag.data);
	tap_text(text, s->resume, s->name);
}

static void
check_once(const struct scene *s, bool bytewise)
{
	static const char *const shown[] = {"If-None-Match", "If-Modified-Since", "Prefer",
	    NULL};
	struct play p = {.stage.server = {.turns = s->turns,
	    .count = peer_turn_count(s->turns, TURNS), .shown = shown, .bytewise = bytewise},
	    .acts = s->acts};
	struct place place = {.target = s->target != NULL ? s->target : "/",
	    .resume = &p.resume};
	struct poll_params params;
	uint64_t begun = clock_ns();
	struct err e = {0};

	play_set_up(&p);
	p.stage.peer.max_message = s->max_message > 0 ? s->max_message : 1 << 20;
	set_params(&params, s, &p.stage.peer);
	if (s->last_id != NULL)
		resume_set(&p.resume.last_id, slice_of(s->last_id));
	if (s->etag != NULL)
		resume_set(&p.resume.etag, slice_of(s->etag));
	p.channel = poll_open(p.stage.server.loop, &params, &place, &play_events, &p, &e);
	play_run(&p);
	stage_judge(&p.stage, s->client, s->server, s->name);
	if (s->resume != NULL)
		judge_resume(&p, s);
	if (s->slow_ms > 0)
		tap_ok(clock_ns() - begun >= s->slow_ms * NS_PER_MS, "%s takes its time",
		    s->name);
	play_tear_down(&p);
}

static void
check_all(const struct scene *scenes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check_once(&scenes[i], false);
		check_once(&scenes[i], true);
	}
}

#define EACH "c1 GET / | c1 GET /"
#define TICK(tag, text) {.answer = TEXT(1, text, "ETag: \"" tag "\"\r\n")}

static void
test_answers(void)
{
	static const struct scene scenes[] = {
		{"messages of an array, then one body", .turns = {{.answer = JSON(8,
		    "[1, \"b\"]")},
		    {.answer = BODY("text/plain", 3, "[1]")}, GONE},
		    .client = "open 200 | =1 | =b | =[1]" ENDED, .server = EACH " | c1 GET /"},
		{"with parameters, upper case", .turns = {{.answer =
		    BODY("Application/PROBLEM+Json;charset=x", 3, "[1]")}, GONE},
		    .client = "open 200 | =1" ENDED},
		{"none of an empty one, an empty body, null, 204 and 304", .turns = {
		    {.answer = JSON(2, "[]")}, {.answer = JSON(0, "")}, {.answer = JSON(4,
		    "null")},
		    {.answer = NONE("204 No")}, {.answer = NONE("304 No")}, GONE},
		    .client = "open 200" ENDED,
		    .server = EACH " | c1 GET / | c1 GET / | c1 GET / | "
		    "c1 GET /"},
		{"chunks, 1xx", .turns = {{.answer = "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\n"
		    "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "2\r\n[1\r\n3\r\n,2]\r\n0\r\n\r\n"}, GONE},
		    .client = "open 200 | =1 | =2" ENDED,
		    .server = EACH},
		{"201 is an answer",
		    .turns = {{.answer = "HTTP/1.1 201 C\r\nContent-Length: 1\r\n\r\nx"},
		    GONE}, .client = "open 201 | =x" ENDED},
		{"204 and 304 open it", .turns = {{.answer = NONE("204 No")}, GONE},
		    .client = "open 204" ENDED},
		{"a connection that is not kept", .turns = {
		    {.answer = "HTTP/1.1 200 OK\r\n\r\na", .end = PEER_ENDS},
		    {.answer = TEXT(1, "b", "Connection: close\r\n")}, GONE},
		    .client = "open 200 | =a | =b" ENDED,
		    .server = "c1 GET / | c2 GET / | c3 GET /"},
		{"one that is ended instead of an answer: asked once more", .turns = {
		    {.answer = TEXT(1, "a", "")}, {.end = PEER_ENDS}, {.answer = TEXT(1, "b",
		    "")},
		    {.end = PEER_RESETS}, {.end = PEER_ENDS}}, .client = "open 200 | =a | =b | "
		    "closed by peer closed 0",
		    .server = "c1 GET / | c1 GET / | c2 GET / | c2 GET / | c3 GET /"},
		{"bytes nobody asked for", .turns = {{.answer = TEXT(1, "a", "") TEXT(6,
		    "poison", "")},
		    {.answer = TEXT(1, "b", "")}, GONE}, .client = "open 200 | =a | =b" ENDED,
		    .server = "c1 GET / | c2 GET / | c2 GET /"},
	};
	static const struct scene at_once = {"when the next request follows at once",
	    .held = true,
	    .turns = {{.answer = TEXT(1, "a", "") TEXT(6, "poison", "")},
	    {.answer = TEXT(1, "b", "")}, GONE}, .client = "open 200 | =a | =b" ENDED,
	    .server = "c1 GET / | c2 GET / Prefer: wait=5 | c2 GET / Prefer: wait=5"};

	check_all(scenes, COUNT(scenes));
	check_once(&at_once, false);
}

static void
test_cursors(void)
{
	static const struct scene scenes[] = {
		{"ETag comes back", .turns = {TICK("1", "a"), TICK("2", "b"), GONE},
		    .client = "open 200 | =a | =b" ENDED, .resume = " \"2\"",
		    .server = "c1 GET / | c1 GET / If-None-Match: \"1\" | "
		    "c1 GET / If-None-Match: \"2\""},
		{"both, together", .turns = {{.answer = TEXT(1, "a",
		    "ETag: W/\"x\"\r\nLast-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\n")},
		    GONE},
		    .client = "open 200 | =a" ENDED,
		    .server = "c1 GET / | c1 GET / If-None-Match: W/\"x\" "
		    "If-Modified-Since: Tue, 01 Jan 2030 00:00:00 GMT"},
		{"an answer with messages and without ETag takes it away; an empty one does not",
		    .turns = {TICK("1", "a"), {.answer = NONE("204 No")},
		    {.answer = NONE("304 No")},
		    {.answer = TEXT(1, "b", "Last-Modified: then\r\n")}, GONE},
		    .client = "open 200 | =a | =b" ENDED, .resume = " ",
		    .server = "c1 GET / | c1 GET / If-None-Match: \"1\" | "
		    "c1 GET / If-None-Match: \"1\" | c1 GET / If-None-Match: \"1\" | "
		    "c1 GET / If-Modified-Since: then"},
		{"304 may say another one", .turns = {TICK("1", "a"),
		    {.answer = "HTTP/1.1 304 N\r\nETag: \"2\"\r\n\r\n"}, GONE},
		    .client = "open 200 | =a" ENDED, .resume = " \"2\""},
		{"that of a refusal does not count", .turns = {TICK("1", "a"),
		    {.answer = "HTTP/1.1 404 N\r\nETag: \"9\"\r\nContent-Length: 0\r\n\r\n"}},
		    .client = "open 200 | =a" ENDED, .resume = " \"1\""},
		{"nor that of an answer that breaks off, whose messages nobody saw",
		    .turns = {TICK("1", "a"), {.answer = TEXT(9, "b", "ETag: \"2\"\r\n"),
		    .end = PEER_ENDS}}, .client = "open 200 | =a | closed by peer closed 0",
		    .resume = " \"1\""},
		{"what a channel before had goes out", .turns = {GONE}, .etag = "\"7\"",
		    .last_id = "a b", .target = "/?i={last_id}",
		    .client = "closed by peer final http "
		    "404 404 \"\"", .server = "c1 GET /?i=a%20b If-None-Match: \"7\"",
		    .resume = "a b \"7\""},
		{"{last_id} is the last message's", .target = "/x/{last_id}?a={last_id}&b={x}",
		    .turns = {{.answer = JSON(25, "[{\"id\":\"1\"},{\"id\":\"a/b\"}]")},
		    {.answer = JSON(15, "{\"id\":\"\xc3\xa4-._~\"}")}, GONE},
		    .client = "open 200 | #1={\"id\":\"1\"} | #a/b={\"id\":\"a/b\"} | "
		    "#\xc3\xa4-._~={\"id\":\"\xc3\xa4-._~\"}" ENDED,
		    .server = "c1 GET /x/?a=&b={x} | c1 GET /x/a%2Fb?a=a%2Fb&b={x} | "
		    "c1 GET /x/%C3%A4-._~?a=%C3%A4-._~&b={x}"},
		{"a cursor in the body", .target = "/?c={last_id}", .shape = {.cursor = "/next",
		    .unpack = POLL_ITEMS_POINTER, .items = "/items", .data = "/t"},
		    .turns = {{.answer = JSON(41,
		    "{\"next\":\"c 1\",\"items\":[{\"id\":7,\"t\":\"a\"}]}")},
		    {.answer = JSON(12, "{\"items\":[]}")}, {.answer = JSON(24,
		    "{\"next\":42,\"items\":null}")},
		    GONE}, .client = "open 200 | #7=a" ENDED,
		    .server = "c1 GET /?c= | c1 GET /?c=c%201 | c1 GET /?c=c%201 | c1 GET /?c=42"},
	};

	check_all(scenes, COUNT(scenes));
}

/* Turns of arrays of ids. */
#define IDS56 {.answer = JSON(19, "[{\"id\":5},{\"id\":6}]")}
#define SHAPE_IDS .shape = {.data = "/id"}

static void
test_lists(void)
{
	static const struct scene scenes[] = {
		{"each item once", SHAPE_IDS, .turns = {{.answer = JSON(10, "[{\"id\":1}]")},
		    {.answer = JSON(21, "[{\"id\":1},{\"id\":2}]  ")}, {.answer = JSON(29,
		    "[{\"id\":2},{\"id\":3}]          ")},
		    GONE}, .client = "open 200 | #1=1 | #2=2 | #3=3" ENDED},
		{"also with the newest in front", SHAPE_IDS, .turns = {{.answer = JSON(19,
		    "[{\"id\":2},{\"id\":1}]")}, {.answer = JSON(28,
		    "[{\"id\":3},{\"id\":2},{\"id\":1}]")}, {.answer = JSON(28,
		    "[{\"id\":5},{\"id\":4},{\"id\":3}]")},
		    GONE}, .client = "open 200 | #2=2 | #1=1 | #3=3 | #5=5 | #4=4" ENDED},
		{"after a channel before", SHAPE_IDS, .last_id = "2",
		    .turns = {{.answer = JSON(28, "[{\"id\":1},{\"id\":2},{\"id\":3}]")}, GONE},
		    .client = "open 200 | #3=3" ENDED},
		{"without the last one: a gap", SHAPE_IDS, .turns = {{.answer = JSON(10,
		    "[{\"id\":1}]")},
		    IDS56, GONE}, .client = "open 200 | #1=1 | gap | #5=5 | #6=6" ENDED},
		{"an empty one is none", SHAPE_IDS, .turns = {{.answer = JSON(10,
		    "[{\"id\":1}]")},
		    {.answer = JSON(2, "[]")}, GONE}, .client = "open 200 | #1=1" ENDED},
		{"without ids all is told again", .turns = {{.answer = JSON(3, "[1]")},
		    {.answer = JSON(5, "[1,2]")}, GONE},
		    .client = "open 200 | =1 | =1 | =2" ENDED},
		{"one message may come again", SHAPE_IDS, .turns = {{.answer = JSON(8,
		    "{\"id\":1}")},
		    {.answer = JSON(8, "{\"id\":1}")}, GONE},
		    .client = "open 200 | #1=1 | #1=1" ENDED},
		{"with {last_id} nothing is skipped", SHAPE_IDS, .target = "/?{last_id}",
		    .turns = {{.answer = JSON(10, "[{\"id\":1}]")}, {.answer = JSON(10,
		    "[{\"id\":1}]")},
		    GONE}, .client = "open 200 | #1=1 | #1=1" ENDED},
		{"a gap in numbers", SHAPE_IDS, .turns = {{.answer =
		    JSON(28, "[{\"id\":1},{\"id\":2},{\"id\":3}]")}, {.answer =
		    JSON(28, "[{\"id\":2},{\"id\":3},{\"id\":7}]")}, GONE},
		    .client = "open 200 | #1=1 | #2=2 | #3=3 | gap | #7=7" ENDED},
		{"though each comes several times", SHAPE_IDS, .target = "/?{last_id}",
		    .turns = {{.answer = JSON(8, "{\"id\":1}")}, {.answer = JSON(8,
		    "{\"id\":1}")},
		    {.answer = JSON(8, "{\"id\":2}")}, {.answer = JSON(8, "{\"id\":2}")},
		    {.answer = JSON(8, "{\"id\":3}")}, {.answer = JSON(8, "{\"id\":3}")},
		    {.answer = JSON(8, "{\"id\":5}")}, GONE},
		    .client = "open 200 | #1=1 | #1=1 | #2=2 | #2=2 | #3=3 | #3=3 | gap "
		    "| #5=5" ENDED},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_long_polls(void)
{
	static const struct scene scenes[] = {
		{"the first is not held, those after it are", .held = true, .wait_ms = 1500,
		    .target = "/?w={wait}&m={wait_ms}", .turns = {{.answer = TEXT(1, "a", "")},
		    {.answer = TEXT(1, "b", "")}, GONE}, .client = "open 200 | =a | =b" ENDED,
		    .server = "c1 GET /?w=0&m=0 | c1 GET /?w=2&m=1500 Prefer: wait=2 | "
		    "c1 GET /?w=2&m=1500 Prefer: wait=2"},
		{"a short poll never is", .wait_ms = 1500, .target = "/?w={wait}",
		    .turns = {{.answer = TEXT(1, "a", "")}, GONE},
		    .client = "open 200 | =a" ENDED,
		    .server = "c1 GET /?w=0 | c1 GET /?w=0"},
		{"408 and 504 are nothing new", .held = true, .turns = {{.answer = TEXT(1,
		    "a", "")},
		    {.answer = EMPTY("408 Request Timeout")},
		    {.answer = EMPTY("504 Gateway")}, GONE},
		    .client = "open 200 | =a" ENDED, .slow_ms = 450},
		{"but not to the first request", .held = true,
		    .turns = {{.answer = EMPTY("504 G")}},
		    .client = "closed by peer http 504 504 \"\""},
		{"one that is not answered is asked anew", .held = true, .wait_ms = 20,
		    .limit_ms = 20,
		    .turns = {TICK("1", "a"), {.end = PEER_KEEPS}, TICK("2", "b"), GONE},
		    .client = "open 200 | =a | =b" ENDED,
		    .server = "c1 GET / | c1 GET / If-None-Match: \"1\" Prefer: wait=1 | "
		    "c2 GET / If-None-Match: \"1\" Prefer: wait=1 | "
		    "c2 GET / If-None-Match: \"2\" Prefer: wait=1"},
		{"one that breaks off is a loss, and its cursor is not taken", .held = true,
		    .wait_ms = 20, .limit_ms = 20,
		    .turns = {TICK("1", "a"), {.answer = TEXT(9, "x", "ETag: \"9\"\r\n")}},
		    .client = "open 200 | =a | closed by peer timeout 0",
		    .server = "c1 GET / | c1 GET / If-None-Match: \"1\" Prefer: wait=1"},
		{"no answer ever", .held = true, .wait_ms = 20, .limit_ms = 20,
		    .client = "closed by peer timeout 0", .server = "c1 GET /", .slow_ms = 40},
		{"nor after it counts as open", .held = true, .wait_ms = 20, .limit_ms = 60,
		    .grace_ms = 20, .client = "open - | closed by peer timeout 0",
		    .server = "c1 GET /", .slow_ms = 80},
		{"a server that does not hold is not hammered", .held = true, .turns = {
		    {.answer = TEXT(1, "a", "")}, {.answer = NONE("204 No")},
		    {.answer = NONE("304 N")},
		    GONE}, .client = "open 200 | =a" ENDED, .slow_ms = 450},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_short_polls(void)
{
	static const struct scene scenes[] = {
		{"the interval", .interval_ms = 40, .turns = {{.answer = TEXT(1, "a", "")},
		    {.answer = NONE("304 N")}, {.answer = TEXT(1, "b", "")}, GONE},
		    .client = "open 200 | =a | =b" ENDED, .slow_ms = 120},
		{"no answer in time", .limit_ms = 30, .turns = {{.answer = TEXT(1, "a", "")}},
		    .client = "open 200 | =a | closed by peer timeout 0", .server = EACH},
		{"none to the first", .limit_ms = 30, .client = "closed by peer timeout 0",
		    .server = "c1 GET /"},
		{"half of one", .limit_ms = 30, .turns = {{.answer = TEXT(9, "a", "")}},
		    .client = "open 200 | closed by peer timeout 0"},
		{"a server with a cursor gives them one by one: asked on at once",
		    .interval_ms = 2000, .shape = {.unpack = POLL_ITEMS_NONE},
		    .turns = {TICK("1", "a"), TICK("2", "b"), TICK("3", "c"), GONE},
		    .acts = {.at_message = ACT_CLOSE, .message = 3},
		    .client = "open 200 | =a | =b | =c | closed"},
	};

	check_all(scenes, COUNT(scenes));
}

#define BUSY(status, seconds) {.answer = "HTTP/1.1 " status " X\r\nRetry-After: " seconds \
	"\r\nContent-Length: 4\r\n\r\nslow"}

static void
test_refusals(void)
{
	static const struct scene scenes[] = {
		{"429 and 503 with Retry-After are obeyed", .turns = {{.answer = TEXT(1, "a",
		    "")},
		    BUSY("429", "1"), {.answer = TEXT(1, "b", "")}, GONE},
		    .client = "open 200 | =a | busy | =b" ENDED, .slow_ms = 1000},
		{"but not before it is open", .turns = {BUSY("503", "1")},
		    .client = "closed by peer http 503 503 \"slow\""},
		{"nor when it is a date, which is left to the backoff", .turns = {
		    {.answer = TEXT(1, "a", "")}, BUSY("429", "Tue, 01 Jan 2030 00:00:00 GMT")},
		    .client = "open 200 | =a | closed by peer http 429 429 \"slow\""},
		{"500", .turns = {{.answer = EMPTY("500 No")}},
		    .client = "closed by peer http 500 500 \"\""},
		{"410", .turns = {{.answer = EMPTY("410 Gone")}},
		    .client = "closed by peer final http 410 410 \"\""},
		{"410 to a cursor that has become too old", .turns = {{.answer = TEXT(1, "a",
		    "")},
		    {.answer = EMPTY("410 Gone")}},
		    .client = "open 200 | =a | closed by peer http 410 410 \"\""},
		{"a redirect", .turns = {{.answer = EMPTY("302 F")}},
		    .client = "closed by peer http 302 302 \"\""},
		{"a body longer than what is kept", .turns = {{.answer =
		    "HTTP/1.1 404 N\r\nContent-Length: 12\r\n\r\n123456789012"}},
		    .client = "closed by peer final http 404 404 \"12345678\" cut"},
		{"one that stalls", .limit_ms = 30, .turns = {{.answer =
		    "HTTP/1.1 404 N\r\nContent-Length: 7\r\n\r\nno"}},
		    .client = "closed by peer final http 404 404 \"no\" cut"},
		{"one that stalls, of a long poll", .held = true, .wait_ms = 20, .limit_ms = 20,
		    .turns = {{.answer = TEXT(1, "a", "")}, {.answer =
		    "HTTP/1.1 404 N\r\nContent-Length: 7\r\n\r\nno"}},
		    .client = "open 200 | =a | closed by peer final http 404 404 \"no\" cut"},
		{"one that breaks off", .turns = {{.answer =
		    "HTTP/1.1 404 N\r\nContent-Length: 7\r\n\r\nno", .end = PEER_ENDS}},
		    .client = "closed by peer final http 404 404 \"no\" cut"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_failing(void)
{
	static char huge[20000 + 100], answer[sizeof huge + 100];
	static struct scene too_long = {"an ETag that cannot be given back",
	    .client = "closed by peer final limit 0", .resume = " "};
	static const struct scene scenes[] = {
		{"no JSON", .turns = {{.answer = JSON(3, "[1,")}},
		    .client = "open 200 | closed by peer final protocol 0"},
		{"no array where it should be", .shape = {.unpack = POLL_ITEMS_POINTER,
		    .items = "/x"}, .turns = {{.answer = JSON(2, "{}")}},
		    .client = "open 200 | closed by peer final protocol 0"},
		{"a body that is too long", .max_message = 5,
		    .turns = {{.answer = TEXT(5, "12345", "")}, {.answer = TEXT(6, "123456",
		    "")}},
		    .client = "open 200 | =12345 | closed by peer final limit 0"},
		{"no HTTP", .turns = {{.answer = "SMTP\r\n"}},
		    .client = "closed by peer final protocol 0"},
		{"a cut head", .turns = {{.answer = "HTTP/1.1 200 OK\r\n", .end = PEER_ENDS}},
		    .client = "closed by peer closed 0"},
		{"a cursor with a NUL", .shape = {.cursor = "/n"},
		    .turns = {{.answer = JSON(16, "{\"n\":\"a\\u0000b\"}")}},
		    .client = "open 200 | ={\"n\":\"a\\u0000b\"} | closed by peer final limit 0"},
	};

	check_all(scenes, COUNT(scenes));
	memset(huge, 'e', 20000);
	snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nETag: \"%s\"\r\n"
	    "Content-Length: 0\r\n\r\n", huge);
	too_long.turns[0].answer = answer;
	check_once(&too_long, false);
}

#define ABC {.answer = JSON(13, "[\"a\",\"b\",\"c\"]")}

static void
test_pauses(void)
{
	static const struct scene scenes[] = {
		{"a pause between two messages", .turns = {ABC, GONE},
		    .acts = {.at_message = ACT_PAUSE},
		    .client = "open 200 | =a | (on) | =b | =c" ENDED},
		{"and at each", .turns = {ABC, GONE}, .acts = {.at_message = ACT_PAUSE,
		    .each = true},
		    .client = "open 200 | =a | (on) | =b | (on) | =c | (on)" ENDED},
		{"with a cursor, which is taken when all are told", .turns = {{.answer =
		    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"1\"\r\n"
		    "Content-Length: 9\r\n\r\n[\"a\",\"b\"]"}, GONE},
		    .acts = {.at_message = ACT_PAUSE},
		    .client = "open 200 | =a | (on) | =b" ENDED,
		    .server = "c1 GET / | c1 GET / If-None-Match: \"1\""},
		{"when it opens", .turns = {ABC, GONE}, .acts = {.at_open = ACT_PAUSE},
		    .client = "open 200 | (on) | =a | =b | =c" ENDED},
		{"before it opens", .turns = {ABC, GONE}, .acts = {.at_start = ACT_PAUSE},
		    .client = "(on) | open 200 | =a | =b | =c" ENDED},
		{"longer than the limit, with the answer there", .limit_ms = 10,
		    .turns = {ABC, GONE},
		    .acts = {.at_open = ACT_PAUSE},
		    .client = "open 200 | (on) | =a | =b | =c" ENDED},
		{"for no time, at each", .turns = {ABC, GONE},
		    .acts = {.at_message = ACT_FLICKER, .each = true},
		    .client = "open 200 | =a | =b | =c" ENDED},
		{"for no time, before it opens", .turns = {ABC, GONE},
		    .acts = {.at_start = ACT_FLICKER},
		    .client = "open 200 | =a | =b | =c" ENDED},
		{"of a list that is skipped in part", SHAPE_IDS, .last_id = "1",
		    .turns = {{.answer = JSON(28, "[{\"id\":1},{\"id\":2},{\"id\":3}]")}, GONE},
		    .acts = {.at_message = ACT_PAUSE},
		    .client = "open 200 | #2=2 | (on) | #3=3" ENDED},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_ending(void)
{
	static const struct scene scenes[] = {
		{"freed at once", .turns = {ABC}, .acts = {.at_start = ACT_FREE}, .client = "",
		    .server = ""},
		{"closed at once", .turns = {ABC}, .acts = {.at_start = ACT_CLOSE},
		    .client = "closed", .server = ""},
		{"freed when it opens", .turns = {ABC}, .acts = {.at_open = ACT_FREE},
		    .client = "open 200"},
		{"closed when it opens", .turns = {ABC}, .acts = {.at_open = ACT_CLOSE},
		    .client = "open 200 | closed"},
		{"freed at a message", .turns = {ABC}, .acts = {.at_message = ACT_FREE},
		    .client = "open 200 | =a"},
		{"closed at a message", .turns = {ABC}, .acts = {.at_message = ACT_CLOSE,
		    .message = 2},
		    .client = "open 200 | =a | =b | closed"},
		{"freed at one with an id, which stays", SHAPE_IDS,
		    .turns = {{.answer = JSON(28, "[{\"id\":1},{\"id\":2},{\"id\":3}]")}},
		    .acts = {.at_message = ACT_FREE, .message = 2},
		    .client = "open 200 | #1=1 | #2=2",
		    .resume = "2 "},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_template(void)
{
	tap_ok(poll_is_template("/?a={last_id}"), "{last_id} is filled in");
	tap_ok(poll_is_template("/{wait}"), "so is {wait}");
	tap_ok(poll_is_template("/{wait_ms}"), "so is {wait_ms}");
	tap_ok(!poll_is_template("/{last}{conn}{wait"), "nothing else is");
}

int
main(void)
{
	test_answers();
	test_cursors();
	test_lists();
	test_long_polls();
	test_short_polls();
	test_refusals();
	test_failing();
	test_pauses();
	test_ending();
	test_template();
	return tap_done();
}
