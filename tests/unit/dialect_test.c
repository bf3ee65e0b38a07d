#include "bench/plan/dialect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load/payload.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "tests/unit/tap.h"

/* --- templates --------------------------------------------------------------------------- */

static const struct template_values values = {"t", "7", "n:1", "k", "S"};

static void
expands(const char *text, const struct template_values *v, const char *want, const char *name)
{
	struct buf b;

	buf_init(&b, 200);
	tap_int(template_expand(&b, text, v), 0, name);
	tap_bytes(b.data, b.len, want, strlen(want), want);
	buf_release(&b);
}

static void
test_expanding(void)
{
	struct template_values none = {0};
	struct buf b;

	expands("{\"a\":{topic},{x},{},{conn}{node}{token}{stamp}{", &values,
	    "{\"a\":t,{x},{},7n:1kS{", "names are replaced, other braces stay");
	expands("{{topic}}{topic", &values, "{t}{topic", "so does a brace that is not closed");
	expands("{topic}{stamp}{token}", &none, "{topic}{stamp}{token}",
	    "and a name without a value");
	expands("/{topic}?since={last_id}&wait={wait}s&ms={wait_ms}", &values,
	    "/t?since={last_id}&wait={wait}s&ms={wait_ms}", "what a poll fills in stays");
	buf_init(&b, 3);
	tap_int(template_expand(&b, "abc{topic}", &values), -1, "a full buf is told");
	buf_release(&b);
}

static void
knows(enum template_kind kind, const char *text, bool want)
{
	struct err e = {0};
	int result = template_check(text, "--x", kind, &e);

	if (want)
		tap_ok(result == 0, "kind %d takes %s", kind, text);
	else
		tap_ok(result == -1 && e.class == ERR_USAGE && strncmp(e.text, "--x: {", 6) == 0 &&
		    strstr(e.text, text) != NULL, "kind %d refuses: %s", kind, e.text);
}

static void
test_checking(void)
{
	static const char *const common[] = {"{topic}", "{conn}", "{node}", "{token}",
	    "{\"json\":{\"a\":1}}", "{", "", "{}", "{Topic}", "{topic"};
	static const char *const polled[] = {"{last_id}", "{wait}", "{wait_ms}"};
	static const char *const slips[] = {"{topci}", "{_}", "{last-id}{waitms}"};

	for (int kind = TEMPLATE_PLAIN; kind <= TEMPLATE_POLL; kind++) {
		for (size_t i = 0; i < sizeof common / sizeof *common; i++)
			knows((enum template_kind)kind, common[i], true);
		for (size_t i = 0; i < 3; i++)
			knows((enum template_kind)kind, polled[i], kind == TEMPLATE_POLL);
		knows((enum template_kind)kind, "{stamp}", kind == TEMPLATE_PUBLISH);
		knows((enum template_kind)kind, slips[0], false);
		knows((enum template_kind)kind, slips[1], false);
	}
	knows(TEMPLATE_POLL, slips[2] + strlen("{last-id}"), false);
}

/* --- built-in ones ----------------------------------------------------------------------- */

/* The payload that it publishes can be made. */
static bool
publishes(const struct dialect *d, bool by_post)
{
	const char *template = dialect_payload(d, by_post);
	struct payload p;
	bool made = template != NULL && payload_make(&p, template, 64, &values, NULL) == 0;

	if (made)
		payload_release(&p);
	return made;
}

static void
test_built_in(void)
{
	const char *name = dialect_names(), *last = "";
	struct err e = {0};
	struct dialect d;

	for (; *name != '\0'; last = name, name += strlen(name) + 1) {
		tap_ok(strcmp(last, name) < 0, "%s is in order", name);
		if (!tap_ok(dialect_load(&d, name, &e) == 0, "%s is built in%s", name, e.text))
			continue;
		tap_text(d.name, name, "under its own name");
		tap_ok(d.description != NULL, "and with a description");
		tap_ok(publishes(&d, d.publish == NULL), "and it publishes");
		dialect_release(&d);
	}
	tap_int(name - dialect_names(), sizeof "hail nchan plain", "there are three");
	tap_int(memcmp(dialect_names(), "hail\0nchan\0plain\0", sizeof "hail nchan plain" + 1), 0,
	    "hail, nchan and plain");
}

static void
test_hail(void)
{
	struct err e = {0};
	struct dialect d;

	dialect_load(&d, "hail", &e);
	tap_text(dialect_path(&d, TRANSPORT_WS), "/ws/{topic}", "hail: a path for WebSocket");
	tap_text(d.echo_path, "/echo", "for echo");
	tap_text(dialect_path(&d, TRANSPORT_SSE), "/sse/{topic}", "for event streams");
	tap_text(dialect_path(&d, TRANSPORT_LONGPOLL),
	    "/poll/{topic}?since={last_id}&wait={wait}s", "for long polling");
	tap_text(dialect_path(&d, TRANSPORT_POLL), "/poll/{topic}?since={last_id}",
	    "for polling");
	tap_ok(dialect_path(&d, TRANSPORTS) == NULL, "and no others");
	tap_ok(d.longpoll.answered && d.poll.answered, "a first request is answered at once");
	tap_text(d.longpoll.id, "/id", "items have an id");
	tap_ok(d.longpoll.items == NULL && d.longpoll.data == NULL && d.longpoll.cursor == NULL,
	    "and are told whole");
	tap_text(d.post.path, "/pub/{topic}", "a request publishes, too");
	tap_text(dialect_payload(&d, true), "{stamp}", "the same as a message");
	tap_ok(d.self, "and publishers hear themselves");
	dialect_release(&d);
}

static void
test_others(void)
{
	struct err e = {0};
	struct dialect d;

	dialect_load(&d, "plain", &e);
	for (int t = 0; t < TRANSPORTS; t++)
		tap_ok(dialect_path(&d, (enum transport)t) == NULL, "plain: no path for %s",
		    transport_name((enum transport)t));
	tap_text(dialect_payload(&d, false), "{stamp}", "the stamp is the message");
	tap_ok(d.post.path == NULL, "and no request publishes");
	dialect_release(&d);
	dialect_load(&d, "nchan", &e);
	tap_ok(dialect_payload(&d, false) == NULL, "nchan: a subscriber does not publish");
	tap_text(dialect_payload(&d, true), "{stamp}", "a request does");
	tap_text(d.longpoll.items, "none", "an answer is one message");
	tap_ok(!d.longpoll.answered && d.poll.answered, "a first long poll is held, a poll not");
	dialect_release(&d);
	tap_ok(dialect_load(&d, "nope", &e) == -1 && e.class == ERR_USAGE, "others are not");
	tap_text(e.text, "no dialect 'nope': expected hail, nchan, plain or the path of a file",
	    "and the sentence lists those that are");
}

/* --- files ------------------------------------------------------------------------------- */

/* A file of its own with that content; loads it. The result of dialect_load. */
static int
load_text(struct dialect *d, const char *text, size_t len, struct err *e)
{
	char path[] = "/tmp/hail-dialect-XXXXXX.json";
	int fd = mkstemps(path, 5), result = -2;

	if (fd >= 0 && write(fd, text, len) == (ssize_t)len)
		result = dialect_load(d, path, e);
	close(fd);
	unlink(path);
	return result;
}

static void
test_files(void)
{
	static const char text[] = "{\"name\": \"x\", \"publish\": \"{stamp}\"}";
	char *big = malloc(70000);
	struct err e = {0};
	struct dialect d;

	tap_int(load_text(&d, text, sizeof text - 1, &e), 0, "a file is loaded");
	tap_text(d.name, "x", "with what it holds");
	dialect_release(&d);
	memset(big, ' ', 70000);
	memcpy(big, text, sizeof text - 1);
	tap_int(load_text(&d, big, 65536, &e), 0, "so is one of 64 KiB");
	dialect_release(&d);
	tap_ok(load_text(&d, big, 65537, &e) == -1 && e.class == ERR_USAGE, "refused: %s", e.text);
	free(big);
	tap_ok(dialect_load(&d, "/nonexistent/x.json", &e) == -1 && e.class == ERR_IO,
	    "a missing file is ERR_IO: %s", e.text);
	tap_ok(dialect_load(&d, "/", &e) == -1 && e.class == ERR_IO, "so is a folder: %s", e.text);
	tap_ok(dialect_load(&d, "nonexistent.json", &e) == -1 && e.class == ERR_IO,
	    "a name with .json is a file");
	tap_ok(dialect_load(&d, ".json", &e) == -1 && e.class == ERR_USAGE,
	    "one that is nothing else is not");
}

/* --- parsing ----------------------------------------------------------------------------- */

static void
test_defaults(void)
{
	static const char text[] = "{\"name\": \"x\", \"post\": {\"path\": \"/p\"}}";
	struct err e = {0};
	struct dialect d;

	tap_int(dialect_parse(&d, text, sizeof text - 1, "x", &e), 0, "name and post.path will do");
	tap_ok(d.self, "self is true when not given");
	tap_ok(!d.longpoll.answered && d.poll.answered, "long polls are held, polls are answered");
	tap_text(dialect_payload(&d, true), "{stamp}", "the stamp is what is published");
	dialect_release(&d);
	tap_ok(d.name == NULL && d.post.path == NULL, "nothing is left when it was released");
	dialect_release(&d);
}

static const char whole[] = "{\"name\": \"all\", \"description\": \"every key\", \"self\": false,"
    "\"path\": \"/w/{topic}\", \"echo_path\": \"/e/{conn}\", \"on_open\": [\"a{token}\", \"b\"],"
    "\"subscribe\": \"s{topic}\", \"publish\": \"p{stamp}\", \"sse\": {\"path\": \"/s/{node}\"},"
    "\"longpoll\": {\"path\": \"/l?{last_id}&{wait}&{wait_ms}\", \"first\": \"held\","
    " \"items\": \"/m\", \"id\": \"/i\", \"data\": \"/d\", \"cursor\": \"/c/-1/~0\"},"
    "\"poll\": {\"path\": \"/q?{last_id}\", \"first\": \"answered\", \"items\": \"\","
    " \"id\": \"\", \"data\": \"/e\", \"cursor\": \"/f\"},"
    "\"post\": {\"path\": \"/p/{topic}?{token}\", \"method\": \"PUT\","
    " \"type\": \"application/json; charset=utf-8\", \"body\": \"b{stamp}\"}}";

static void
test_every_key(void)
{
	struct err e = {0};
	struct dialect d;

	if (!tap_ok(dialect_parse(&d, whole, sizeof whole - 1, "x", &e) == 0,
	    "every key is taken%s", e.text))
		return;
	tap_text(d.description, "every key", "description");
	tap_ok(!d.self, "self");
	tap_text(d.path, "/w/{topic}", "path");
	tap_text(d.echo_path, "/e/{conn}", "echo_path");
	tap_int((long long)d.on_open_count, 2, "on_open");
	tap_text(d.on_open[0], "a{token}", "its first");
	tap_text(d.on_open[1], "b", "its second");
	tap_text(d.subscribe, "s{topic}", "subscribe");
	tap_text(dialect_payload(&d, false), "p{stamp}", "publish");
	tap_text(dialect_payload(&d, true), "b{stamp}", "post.body is what a request carries");
	tap_text(d.sse_path, "/s/{node}", "sse.path");
	tap_text(d.longpoll.path, "/l?{last_id}&{wait}&{wait_ms}", "longpoll.path");
	tap_text(d.longpoll.items, "/m", "longpoll.items");
	tap_text(d.longpoll.id, "/i", "longpoll.id");
	tap_text(d.longpoll.data, "/d", "longpoll.data");
	tap_text(d.longpoll.cursor, "/c/-1/~0", "longpoll.cursor");
	tap_ok(!d.longpoll.answered && d.poll.answered, "longpoll.first and poll.first");
	tap_text(d.poll.path, "/q?{last_id}", "poll.path");
	tap_text(d.poll.items, "", "poll.items: the body itself");
	tap_text(d.poll.id, "", "poll.id: the item itself");
	tap_text(d.poll.data, "/e", "poll.data");
	tap_text(d.poll.cursor, "/f", "poll.cursor");
	tap_text(d.post.path, "/p/{topic}?{token}", "post.path");
	tap_text(d.post.method, "PUT", "post.method");
	tap_text(d.post.type, "application/json; charset=utf-8", "post.type");
	dialect_release(&d);
}

/* Every front of a dialect is refused, and nothing beyond its end is read. */
static void
test_cut(void)
{
	int wrong = 0;

	for (size_t len = 0; len < sizeof whole - 1; len++) {
		char *text = tap_guard(whole, len);
		struct err e = {0};
		struct dialect d;

		wrong += dialect_parse(&d, text, len, "x", &e) != -1 || e.class != ERR_USAGE ||
		    strncmp(e.text, "dialect x:", 10) != 0 || d.name != NULL;
		tap_guard_free(text, len);
	}
	tap_int(wrong, 0, "every cut of it is refused");
}

static void
refused(const char *text, const char *want)
{
	struct dialect d;
	struct err e = {0};

	tap_ok(dialect_parse(&d, text, strlen(text), "d.json", &e) == -1 &&
	    e.class == ERR_USAGE && d.name == NULL && strstr(e.text, want) != NULL,
	    "refused: %s", e.text);
}

/* The same with a name and a publish message around. */
static void
bad(const char *keys, const char *want)
{
	char text[512];

	snprintf(text, sizeof text, "{\"name\":\"x\",\"publish\":\"{stamp}\",%s}", keys);
	refused(text, want);
}

static void
test_no_dialect(void)
{
	refused("", "dialect d.json:");
	refused("{", "dialect d.json:1:");
	refused("{}{}", "dialect d.json:1:");
	refused("[]", "dialect d.json: expected an object");
	refused("null", "dialect d.json:1:");
	refused("{\"name\":\"\xff\"}", "dialect d.json:1:");
	refused("{\"name\":\"a\",\"name\":\"b\"}", "name");
	refused("{}", "dialect d.json: name is needed");
	refused("{\"publish\":\"{stamp}\"}", "dialect d.json: name is needed");
	refused("{\"name\":\"x\"}", "one of publish and post is needed");
	refused("{\"name\":\"x\",\"post\":{}}", "dialect d.json: post.path is needed");
	refused("{\"name\":\"\",\"publish\":\"{stamp}\"}", "dialect d.json: name is not empty");
	refused("{\"name\":\"x\",\"publish\":1}", "publish is a string");
	refused("{\"name\":\"x\",\"publish\":\"{stmp}\"}", "publish: {stmp} is not known here");
	refused("{\"name\":\"x\",\"publish\":\"{topic}\"}", "publish: expected {stamp} in it");
	bad("\"post\":{\"method\":\"PUT\"}", "post.path is needed");
}

static void
test_unknown_keys(void)
{
	static const char *const groups[] = {"sse", "longpoll", "poll", "post"};
	char text[200], want[100];

	bad("\"slef\":true", "dialect d.json: 'slef' is no key of a dialect");
	bad("\"\":{}", "'' is no key of a dialect");
	bad("\"sse.path\":\"/x\"", "'sse.path' is no key of a dialect");
	bad("\"sse\":{\"first\":\"held\"}", "'sse.first'");
	bad("\"longpoll\":{\"poll\":{}}", "'longpoll.poll'");
	bad("\"post\":{\"path\":\"/p\",\"self\":true}", "'post.self'");
	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof text, "\"%s\":{\"pat\":\"/x\"}", groups[i]);
		snprintf(want, sizeof want, "dialect d.json: '%s.pat' is no key of", groups[i]);
		bad(text, want);
		snprintf(text, sizeof text, "\"%s\":\"/x\"", groups[i]);
		snprintf(want, sizeof want, "dialect d.json: %s is an object", groups[i]);
		bad(text, want);
	}
}

static void
test_wrong_types(void)
{
	static const char *const texts[] = {"description", "path", "echo_path", "subscribe",
	    "longpoll.path", "longpoll.first", "longpoll.items", "longpoll.id", "longpoll.data",
	    "longpoll.cursor", "poll.path", "poll.first", "poll.items", "poll.id", "poll.data",
	    "poll.cursor", "sse.path", "post.path", "post.method", "post.type", "post.body"};
	char text[200], want[100];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *dot = strchr(texts[i], '.');

		if (dot == NULL)
			snprintf(text, sizeof text, "\"%s\":[\"/x\"]", texts[i]);
		else
			snprintf(text, sizeof text, "\"%.*s\":{\"%s\":null}",
			    (int)(dot - texts[i]), texts[i], dot + 1);
		snprintf(want, sizeof want, "dialect d.json: %s is a string", texts[i]);
		bad(text, want);
	}
	bad("\"self\":\"yes\"", "self is true or false");
	bad("\"on_open\":\"a\"", "on_open is a list of strings");
	bad("\"on_open\":[\"a\",1]", "on_open holds strings");
	bad("\"on_open\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", "at most 16 messages");
}

static void
test_wrong_values(void)
{
	bad("\"path\":\"x\"", "path begins with '/'");
	bad("\"path\":\"\"", "path begins with '/'");
	bad("\"echo_path\":\"/a b\"", "echo_path begins with '/'");
	bad("\"sse\":{\"path\":\"/a\\r\\nb\"}", "sse.path begins with '/'");
	bad("\"poll\":{\"path\":\"/\xc3\xa4\"}", "poll.path begins with '/'");
	bad("\"post\":{\"path\":\"/a#b\"}", "post.path begins with '/'");
	bad("\"path\":\"/{last_id}\"", "path: {last_id} is not known here");
	bad("\"sse\":{\"path\":\"/{last_id}\"}", "sse.path: {last_id} is not known here");
	bad("\"poll\":{\"path\":\"/{stamp}\"}", "poll.path: {stamp} is not known here");
	bad("\"post\":{\"path\":\"/{wait}\"}", "post.path: {wait} is not known here");
	bad("\"subscribe\":\"{stamp}\"", "subscribe: {stamp} is not known here");
	bad("\"on_open\":[\"\",\"{stamp}\"]", "on_open: {stamp} is not known here");
	bad("\"post\":{\"path\":\"/\",\"body\":\"{last_id}\"}", "post.body: {last_id} is not");
	bad("\"post\":{\"path\":\"/\",\"body\":\"\"}", "post.body: expected {stamp} in it");
	bad("\"post\":{\"path\":\"/\",\"method\":\"post\"}", "post.method is \"POST\", \"PUT\" or");
	bad("\"post\":{\"path\":\"/\",\"type\":\"\"}", "post.type is a media type");
	bad("\"post\":{\"path\":\"/\",\"type\":\"a\\nb\"}", "post.type is a media type");
	bad("\"longpoll\":{\"first\":\"later\"}", "longpoll.first is \"answered\" or \"held\"");
	bad("\"poll\":{\"first\":\"held\"}", "poll.first is \"answered\"");
	bad("\"longpoll\":{\"items\":\"all\"}", "longpoll.items is \"auto\", \"none\" or a JSON");
	bad("\"poll\":{\"items\":\"/a~2\"}", "poll.items is \"auto\", \"none\" or a JSON Pointer");
	bad("\"poll\":{\"id\":\"id\"}", "poll.id: ");
	bad("\"poll\":{\"data\":\"/~\"}", "poll.data: ");
	bad("\"longpoll\":{\"cursor\":\"next\"}", "longpoll.cursor: ");
}

/* The end of a long name and a stranger's bytes do not spoil the sentence. */
static void
test_long_words(void)
{
	char key[3000], text[3100], from[300];
	struct err e = {0};
	struct dialect d;

	memset(from, 'f', sizeof from - 1);
	from[sizeof from - 1] = '\0';
	for (size_t i = 0; i + 2 < sizeof key; i += 2)
		memcpy(key + i, "\xc3\xa4", 3);
	snprintf(text, sizeof text, "{\"longpoll\":{\"%s\":1}}", key);
	tap_int(dialect_parse(&d, text, strlen(text), from, &e), -1, "a key of 3000 bytes");
	tap_ok(strstr(e.text, "is no key of a dialect") != NULL, "is refused: %s", e.text);
	tap_ok(utf8_valid(e.text, strlen(e.text)), "in UTF-8");
}

int
main(void)
{
	test_expanding();
	test_checking();
	test_built_in();
	test_hail();
	test_others();
	test_files();
	test_defaults();
	test_every_key();
	test_cut();
	test_no_dialect();
	test_unknown_keys();
	test_wrong_types();
	test_wrong_values();
	test_long_words();
	return tap_done();
}
