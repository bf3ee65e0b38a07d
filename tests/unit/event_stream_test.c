/* event_stream_test.c: an event stream as a channel against a scripted server (http_play.h). Each
 * scene is played with the server's bytes sent at once and one by one. What events are made of is
 * tested in sse_test.c, and by the vectors of tests/event_stream. */
#include "lib/channel/event_stream.h"

#include <zlib.h>

#include "lib/base/err.h"
#include "tests/unit/http_play.h"

#define EVENTS "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
#define UNTIL_CLOSE EVENTS "\r\n"
#define CHUNKED EVENTS "Transfer-Encoding: chunked\r\n\r\n"
#define PLAIN "Content-Type: text/plain\r\n"

struct scene {
	const char *name;
	struct peer_turn turn;
	struct play_acts acts;
	const char *last_id;       /* of a connection before */
	const char *header;        /* of the user; NULL: none */
	size_t max_refusal;        /* 0: 8 */
	uint64_t max_message;      /* 0: 1 MiB */
	const char *client;
	const char *server;        /* NULL: does not matter */
	const char *resume;        /* the last id after it; NULL: "" */
};

static void
check_once(const struct scene *s, bool bytewise)
{
	static const char *const shown[] = {"Accept", "Cache-Control", "Last-Event-ID", NULL};
	struct play p = {.stage.server = {.turns = &s->turn, .count = 1, .shown = shown,
	    .bytewise = bytewise}, .acts = s->acts};
	struct event_stream_params params = {&p.stage.peer, false};
	struct place place = {.target = "/sub", .resume = &p.resume};
	struct err e = {0};

	play_set_up(&p);
	if (s->max_refusal > 0)
		p.stage.peer.max_refusal = s->max_refusal;
	if (s->max_message > 0)
		p.stage.peer.max_message = s->max_message;
	if (s->header != NULL) {
		p.stage.peer.headers = &s->header;
		p.stage.peer.header_count = 1;
	}
	if (s->last_id != NULL)
		resume_set(&p.resume.last_id, slice_of(s->last_id));
	p.channel = event_stream_open(p.stage.server.loop, &params, &place, &play_events, &p, &e);
	play_run(&p);
	stage_judge(&p.stage, s->client, s->server, s->name);
	buf_add(&p.resume.last_id, "", 1);
	if (s->resume != NULL)
		tap_text((char *)p.resume.last_id.data, s->resume, s->name);
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

#define ASKED "c1 GET /sub Accept: text/event-stream Cache-Control: no-cache"

static void
test_streams(void)
{
	static const struct scene scenes[] = {
		{"events, and the end in order", {.answer = UNTIL_CLOSE
		    "id: 1\nevent: tick\ndata: a\n\ndata: b\n\n", .end = PEER_ENDS},
		    .client = "open 200 | tick#1=a | #1=b | closed by peer again",
		    .server = ASKED,
		    .resume = "1"},
		{"in chunks",
		    {.answer = CHUNKED "8\r\ndata: a\n\r\n1\r\n\n\r\n9\r\ndata: b\n\n\r\n"
		    "0\r\n\r\n"}, .client = "open 200 | =a | =b | closed by peer again",
		    .server = ASKED},
		{"with a length",
		    {.answer = EVENTS "Content-Length: 9\r\n\r\ndata: a\n\ndata: b\n\n"},
		    .client = "open 200 | =a | closed by peer again"},
		{"nothing", {.answer = UNTIL_CLOSE, .end = PEER_ENDS},
		    .client = "open 200 | closed by peer again"},
		{"parameters, upper case", {.answer = "HTTP/1.1 200 OK\r\n"
		    "Content-Type: Text/EVENT-Stream ;charset=x\r\n\r\ndata: a\n\n",
		    .end = PEER_ENDS},
		    .client = "open 200 | =a | closed by peer again"},
		{"1xx before", {.answer = "HTTP/1.1 103 E\r\n\r\n" UNTIL_CLOSE "data: a\n\n",
		    .end = PEER_ENDS}, .client = "open 200 | =a | closed by peer again"},
		{"what is no UTF-8", {.answer = UNTIL_CLOSE
		    "event: \xff\nid: \xff\ndata: a\xff\n\n", .end = PEER_ENDS},
		    .client = "open 200 | \xef\xbf\xbd#\xef\xbf\xbd=a\xef\xbf\xbd | "
		    "closed by peer again", .resume = "\xff"},
		{"NULs", {TURN_BYTES(UNTIL_CLOSE "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"),
		    .end = PEER_ENDS},
		    .client = "open 200 | #1=a | #1=b | closed by peer again",
		    .resume = "1"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_resuming(void)
{
	static const struct scene scenes[] = {
		{"the id before goes out, and stays", {.answer = UNTIL_CLOSE "data: a\n\n",
		    .end = PEER_ENDS}, .last_id = "7 \xc3\xa4",
		    .client = "open 200 | #7 \xc3\xa4=a | closed by peer again",
		    .server = ASKED " Last-Event-ID: 7 \xc3\xa4", .resume = "7 \xc3\xa4"},
		{"where the user wanted to begin", {.answer = UNTIL_CLOSE "data: a\n\n",
		    .end = PEER_ENDS}, .header = "Last-Event-ID: 3",
		    .client = "open 200 | =a | closed by peer again",
		    .server = ASKED " Last-Event-ID: 3", .resume = ""},
		{"but an id that is known goes before it", {.answer = UNTIL_CLOSE "data: a\n\n",
		    .end = PEER_ENDS}, .header = "last-event-id: 3", .last_id = "7",
		    .client = "open 200 | #7=a | closed by peer again",
		    .server = ASKED " Last-Event-ID: 7", .resume = "7"},
		{"a new one takes its place",
		    {.answer = UNTIL_CLOSE "data: a\n\nid: 8\ndata: b\n\n",
		    .end = PEER_ENDS}, .last_id = "7",
		    .client = "open 200 | #7=a | #8=b | closed by peer again", .resume = "8"},
		{"an empty one takes it away", {.answer = UNTIL_CLOSE "id\ndata: a\n\n",
		    .end = PEER_ENDS}, .last_id = "7",
		    .client = "open 200 | =a | closed by peer again", .resume = ""},
		{"that of an event that was cut does not count",
		    {.answer = UNTIL_CLOSE "id: 8\ndata: a\n", .end = PEER_ENDS},
		    .last_id = "7",
		    .client = "open 200 | closed by peer again", .resume = "7"},
		{"it outlives a refusal",
		    {.answer = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"},
		    .last_id = "7", .client = "closed by peer http 503 503 \"\"",
		    .resume = "7"},
		{"and a channel that is freed", {.answer = UNTIL_CLOSE "id: 8\ndata: a\n\n"},
		    .acts = {.at_message = ACT_FREE}, .last_id = "7",
		    .client = "open 200 | #8=a",
		    .resume = "8"},
		{"retry: counts at once, the last holds", {.answer = UNTIL_CLOSE
		    "retry: 5\nretry: 7\nretry: x\n\n", .end = PEER_ENDS},
		    .client = "open 200 | closed by peer again retry=7"},
		{"a day at most", {.answer = UNTIL_CLOSE "retry: 99999999999999999999\n",
		    .end = PEER_ENDS},
		    .client = "open 200 | closed by peer again retry=8.64e+07"},
		{"none is as good as none", {.answer = UNTIL_CLOSE "retry: 0\n",
		    .end = PEER_ENDS},
		    .client = "open 200 | closed by peer again retry=1e-06"},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_refusals(void)
{
	static const struct scene scenes[] = {
		{"204 is the end for good", {.answer = "HTTP/1.1 204 No\r\n\r\n"},
		    .client = "closed by peer final"},
		{"404", {.answer = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"},
		    .client = "closed by peer final http 404 404 \"no\""},
		{"a body longer than what is kept", {.answer = "HTTP/1.1 404 No\r\n"
		    "Content-Length: 12\r\n\r\n123456789012"},
		    .client = "closed by peer final http 404 404 \"12345678\" cut"},
		{"one that breaks off",
		    {.answer = "HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\nno",
		    .end = PEER_ENDS},
		    .client = "closed by peer final http 404 404 \"no\" cut"},
		{"one in chunks that makes no sense", {.answer = "HTTP/1.1 404 No\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\nx"},
		    .client = "closed by peer final http 404 404 \"no\" cut"},
		{"500 may pass", {.answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
		    .client = "closed by peer http 500 500 \"\""},
		{"so may 408, 425 and 429",
		    {.answer = "HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n"},
		    .client = "closed by peer http 429 429 \"\""},
		{"a redirect leads elsewhere", {.answer = "HTTP/1.1 302 F\r\nLocation: /x\r\n"
		    "Content-Length: 0\r\n\r\n"}, .client = "closed by peer http 302 302 \"\""},
		{"another type",
		    {.answer = "HTTP/1.1 200 OK\r\n" PLAIN "Content-Length: 2\r\n\r\nhi"},
		    .client = "closed by peer final handshake 0 200 \"hi\""},
		{"no type", {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
		    .client = "closed by peer final handshake 0 200 \"hi\""},
		{"one that is longer",
		    {.answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-streams"
		    "\r\nContent-Length: 0\r\n\r\n"},
		    .client = "closed by peer final handshake 0 200 \"\""},
		{"201 with an event stream", {.answer = "HTTP/1.1 201 C\r\n"
		    "Content-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n"},
		    .client = "closed by peer http 201 201 \"\""},
	};

	check_all(scenes, COUNT(scenes));
}

static void
test_failing(void)
{
	static const struct scene scenes[] = {
		{"cut between events", {.answer = CHUNKED "9\r\ndata: a\n\n\r\n",
		    .end = PEER_ENDS},
		    .client = "open 200 | =a | closed by peer closed 0"},
		{"cut in an event", {.answer = CHUNKED "8\r\ndata: a\n\r\n", .end = PEER_ENDS},
		    .client = "open 200 | closed by peer closed 0"},
		{"closed instead of an answer", {.end = PEER_ENDS},
		    .client = "closed by peer closed 0", .server = ASKED},
		{"a line that is too long",
		    {.answer = UNTIL_CLOSE "data: a\n\ndata: 12345678\n\n"},
		    .max_message = 5, .client = "open 200 | =a | closed by peer final limit 0"},
		{"data that are too long", {.answer = UNTIL_CLOSE "data: 123\ndata: 456\n\n"},
		    .max_message = 5, .client = "open 200 | closed by peer final limit 0"},
		{"a comment that is", {.answer = UNTIL_CLOSE ":1234567890123456\n"},
		    .max_message = 5, .client = "open 200 | closed by peer final limit 0"},
		{"no HTTP", {.answer = "SMTP\r\n"},
		    .client = "closed by peer final protocol 0"},
		{"no chunks", {.answer = CHUNKED "9\r\ndata: a\n\n\r\nx"},
		    .client = "open 200 | =a | closed by peer final protocol 0"},
	};

	check_all(scenes, COUNT(scenes));
}

#define PAUSES {.at_message = ACT_PAUSE}

static void
test_pauses(void)
{
	static const struct scene scenes[] = {
		{"a pause between two events",
		    {.answer = UNTIL_CLOSE "data: a\n\ndata: b\n\ndata: c\n\n",
		    .end = PEER_ENDS}, .acts = PAUSES,
		    .client = "open 200 | =a | (on) | =b | =c | closed by peer again"},
		{"and at each", {.answer = UNTIL_CLOSE "data: a\n\ndata: b\n\ndata: c\n\n",
		    .end = PEER_ENDS}, .acts = {.at_message = ACT_PAUSE, .each = true},
		    .client = "open 200 | =a | (on) | =b | (on) | =c | (on) | "
		    "closed by peer again"},
		{"at the last, whose end is there",
		    {.answer = CHUNKED "9\r\ndata: a\n\n\r\n0\r\n\r\n"},
		    .acts = PAUSES, .client = "open 200 | =a | (on) | closed by peer again"},
		{"with the end behind what is held",
		    {.answer = CHUNKED "12\r\ndata: a\n\ndata: b\n\n\r\n0\r\n\r\n"},
		    .acts = PAUSES,
		    .client = "open 200 | =a | (on) | =b | closed by peer again"},
		{"with a fault behind it",
		    {.answer = CHUNKED "12\r\ndata: a\n\ndata: b\n\n\r\nx"},
		    .acts = PAUSES,
		    .client = "open 200 | =a | (on) | =b | closed by peer final protocol 0"},
		{"with a cut behind it", {.answer = CHUNKED "12\r\ndata: a\n\ndata: b\n\n\r\n",
		    .end = PEER_ENDS}, .acts = PAUSES,
		    .client = "open 200 | =a | (on) | =b | closed by peer closed 0"},
		{"when it opens", {.answer = UNTIL_CLOSE "data: a\n\n", .end = PEER_ENDS},
		    .acts = {.at_open = ACT_PAUSE},
		    .client = "open 200 | (on) | =a | closed by peer again"},
		{"before it opens", {.answer = UNTIL_CLOSE "data: a\n\n", .end = PEER_ENDS},
		    .acts = {.at_start = ACT_PAUSE},
		    .client = "(on) | open 200 | =a | closed by peer again"},
		{"for no time, before it opens", {.answer = UNTIL_CLOSE "data: a\n\n",
		    .end = PEER_ENDS}, .acts = {.at_start = ACT_FLICKER},
		    .client = "open 200 | =a | closed by peer again"},
		{"for no time, when it opens", {.answer = UNTIL_CLOSE "data: a\n\n",
		    .end = PEER_ENDS}, .acts = {.at_open = ACT_FLICKER},
		    .client = "open 200 | =a | closed by peer again"},
		{"for no time, at each event", {.answer = UNTIL_CLOSE
		    "data: a\n\ndata: b\n\ndata: c\n\n", .end = PEER_ENDS},
		    .acts = {.at_message = ACT_FLICKER, .each = true},
		    .client = "open 200 | =a | =b | =c | closed by peer again"},
		{"a refusal in a pause",
		    {.answer = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"},
		    .acts = {.at_start = ACT_PAUSE},
		    .client = "(on) | closed by peer final http 404 404 \"no\""},
	};

	check_all(scenes, COUNT(scenes));
}

/* Two events in gzip, the second of which is held in the pause, and behind them an end that is
 * missing, which shows though nothing is read. */
static void
test_fault_in_a_pause(void)
{
	static char events[] = "data: a\n\ndata: b\n\n", answer[400];
	static struct scene s = {"a fault that shows in a pause, behind what is held",
	    .acts = PAUSES,
	    .client = "open 200 | =a | (on) | =b | closed by peer final protocol 0"};
	uint8_t zipped[200];
	z_stream z = {.next_in = (uint8_t *)events, .avail_in = sizeof events - 1,
	    .next_out = zipped, .avail_out = sizeof zipped};
	size_t head;

	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	deflate(&z, Z_SYNC_FLUSH);
	deflateEnd(&z);
	head = (size_t)snprintf(answer, sizeof answer, EVENTS "Content-Encoding: gzip\r\n"
	    "Content-Length: %lu\r\n\r\n", z.total_out);
	memcpy(answer + head, zipped, z.total_out);
	s.turn = (struct peer_turn){answer, head + z.total_out, PEER_KEEPS};
	check_once(&s, false);
	check_once(&s, true);
}

static void
test_ending(void)
{
	static const struct scene scenes[] = {
		{"freed at once", {.answer = UNTIL_CLOSE}, .acts = {.at_start = ACT_FREE},
		    .client = "", .server = ""},
		{"closed at once", {.answer = UNTIL_CLOSE}, .acts = {.at_start = ACT_CLOSE},
		    .client = "closed", .server = ""},
		{"freed when it opens", {.answer = UNTIL_CLOSE "data: a\n\n"},
		    .acts = {.at_open = ACT_FREE}, .client = "open 200", .server = ASKED},
		{"closed when it opens", {.answer = UNTIL_CLOSE "data: a\n\n"},
		    .acts = {.at_open = ACT_CLOSE}, .client = "open 200 | closed"},
		{"freed at an event",
		    {.answer = UNTIL_CLOSE "id: 1\ndata: a\n\nid: 2\ndata: b\n\n"},
		    .acts = {.at_message = ACT_FREE}, .client = "open 200 | #1=a",
		    .resume = "1"},
		{"closed at an event",
		    {.answer = UNTIL_CLOSE "id: 1\ndata: a\n\nid: 2\ndata: b\n\n"},
		    .acts = {.at_message = ACT_CLOSE}, .client = "open 200 | #1=a | closed",
		    .resume = "1"},
		{"freed at the last one", {.answer = UNTIL_CLOSE "data: a\n\ndata: b\n\n",
		    .end = PEER_ENDS}, .acts = {.at_message = ACT_FREE, .message = 2},
		    .client = "open 200 | =a | =b"},
	};

	check_all(scenes, COUNT(scenes));
}

/* A channel only receives. */
static void
test_face(void)
{
	struct play p = {.acts = {.at_start = ACT_FREE}};
	struct event_stream_params params = {&p.stage.peer, true};
	struct place place = {.target = "/"};
	struct channel_polling polling;
	struct err e = {0};

	play_set_up(&p);
	p.channel = event_stream_open(p.stage.server.loop, &params, &place, &play_events, &p, &e);
	tap_int(channel_send(p.channel, MESSAGE_TEXT, "x", 1), -1, "nothing can be sent");
	tap_ok(!channel_can_ping(p.channel), "there are no pings");
	tap_int(channel_ping(p.channel, "x", 1), -1, "none at all");
	tap_text(channel_stage(p.channel), "connecting", "where it is at first");
	channel_polling(p.channel, &polling);
	tap_int((long long)polling.requests, 0, "nothing was answered yet");
	play_run(&p);
	play_tear_down(&p);
}

int
main(void)
{
	test_streams();
	test_resuming();
	test_refusals();
	test_failing();
	test_pauses();
	test_fault_in_a_pause();
	test_ending();
	test_face();
	return tap_done();
}
