/* record_test.c: conversations as scripts. */
#include "cli/record.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/opt.h"
#include "cli/record_text.h"
#include "lib/base/err.h"
#include "lib/channel/channel.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char directory[] = "/tmp/hail-record-XXXXXX", path[100];

/* The file without its first line; the caller frees it. */
static char *
content(void)
{
	char *text = calloc(1, 4 << 20), *line;
	FILE *f = fopen(path, "r");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, (4 << 20) - 1, f);
		fclose(f);
	}
	line = strchr(text, '\n');
	memmove(text, line != NULL ? line + 1 : "", line != NULL ? n - (size_t)(line - text) : 1);
	return text;
}

static size_t
files(void)
{
	DIR *d = opendir(directory);
	size_t count = 0;

	while (readdir(d) != NULL)
		count++;
	closedir(d);
	return count - 2;
}

#define MS UINT64_C(1000000)
#define S  (1000 * MS)

static const struct record_params params;
static const struct record_params polling = {.transport = "longpoll"};
static const struct record_place here = {"ws://x/", false};

static struct message
message(enum message_kind kind, const char *data, size_t len)
{
	return (struct message){.kind = kind, .data = (const uint8_t *)data, .len = len};
}

static struct message
text_at(const char *text, uint64_t at)
{
	struct message m = message(MESSAGE_TEXT, text, strlen(text));

	m.at = at;
	return m;
}

static void
sent(struct record *r, const char *text, uint64_t at)
{
	struct message m = text_at(text, at);

	record_sent(r, &m);
}

static void
received(struct record *r, const char *text, uint64_t at)
{
	struct message m = text_at(text, at);

	record_received(r, &m);
}

/* Finishes the record and compares the script. */
static void
check_script(struct record *r, const char *want, const char *name)
{
	char *got;

	record_free(r, NULL);
	got = content();
	tap_text(got, want, name);
	free(got);
}

/* --- limits ------------------------------------------------------------------------------ */

static const struct {
	uint64_t observed;
	const char *limit;
} limits[] = {
	{0, "1s"}, {1, "1s"}, {100 * MS, "1s"}, {100 * MS + 1, "2s"}, {200 * MS, "2s"},
	{201 * MS, "5s"}, {500 * MS, "5s"}, {S, "10s"}, {2 * S, "20s"}, {3 * S, "30s"},
	{3001 * MS, "1m"}, {6 * S, "1m"}, {12 * S, "2m"}, {13 * S, "5m"}, {60 * S, "10m"},
	{61 * S, "20m"}, {180 * S, "30m"}, {360 * S, "1h"}, {361 * S, "2h"}, {1800 * S, "5h"},
	{3600 * S, "10h"}, {7200 * S, "20h"}, {7201 * S, "21h"}, {UINT64_MAX, "8784h"},
};

static void
test_limits(void)
{
	char into[RECORD_LIMIT];

	for (size_t i = 0; i < COUNT(limits); i++)
		tap_text(record_limit(into, limits[i].observed), limits[i].limit, "a limit");
}

/* --- messages ---------------------------------------------------------------------------- */

/* One message as it stands in the script. */
static void
check(bool out, enum message_kind kind, const char *data, size_t len, const char *want,
    const char *name)
{
	struct record *r = record_new(path, &params, NULL);
	struct message m = message(kind, data, len);
	char *got;

	(out ? record_sent : record_received)(r, &m);
	record_free(r, NULL);
	got = content();
	got[strcspn(got, "\n")] = '\0';
	tap_text(got, want, name);
	free(got);
}

/* What came waits at least a second. */
static const struct {
	const char *name, *text, *sent, *received;
} texts[] = {
	{"words", "hello there", "hello there", "text \"hello there\""},
	{"nothing", "", "text \"\"", "text \"\""},
	{"a newline", "a\nb", "text \"a\\nb\"", "text \"a\\nb\""},
	{"white space at the end", "a ", "text \"a \"", "text \"a \""},
	{"white space in front", " a", "text \" a\"", "text \" a\""},
	{"quotes", "\"a\"", "text \"\\\"a\\\"\"", "text \"\\\"a\\\"\""},
	{"quotes inside", "a \"b\"", "a \"b\"", "text \"a \\\"b\\\"\""},
	{"other quotes", "'a", "text \"'a\"", "text \"'a\""},
	{"a file", "@ann", "text \"@ann\"", "text \"@ann\""},
	{"a heredoc", "<<END", "text \"<<END\"", "text \"<<END\""},
	{"none", "<b>", "<b>", "text \"<b>\""},
	{"hex", "hex 00", "text \"hex 00\"", "text \"hex 00\""},
	{"text", "text", "text \"text\"", "text \"text\""},
	{"json", "json 1", "text \"json 1\"", "text \"json 1\""},
	{"binary", "binary x", "text \"binary x\"", "text \"binary x\""},
	{"not quite a keyword", "hexagon", "hexagon", "text \"hexagon\""},
	{"a comment", "a # b", "text \"a # b\"", "text \"a # b\""},
	{"a control character", "a\033", "text \"a\\u001b\"", "text \"a\\u001b\""},
	{"a hidden one", "\U000e0041", "text \"\\udb40\\udc41\"", "text \"\\udb40\\udc41\""},
	{"UTF-8", "h\u00e4 \u65e5", "h\u00e4 \u65e5", "text \"h\u00e4 \u65e5\""},
	{"a variable", "hi {name}", "text \"hi \\u007bname}\"", "text \"hi \\u007bname}\""},
	{"a party's", "{ann.last_id}", "text \"\\u007bann.last_id}\"",
	    "text \"\\u007bann.last_id}\""},
	{"one with a dash", "{a-b}", "text \"\\u007ba-b}\"", "text \"\\u007ba-b}\""},
	{"one with words", "x {a: b}", "text \"x \\u007ba: b}\"", "text \"x \\u007ba: b}\""},
	{"braces", "a {} {1} {a b}", "a {} {1} {a b}", "text \"a {} {1} {a b}\""},
	{"a brace that begins no JSON", "{} {1}", "text \"{} {1}\"", "text \"{} {1}\""},
	{"a bracket that begins none", "[a", "text \"[a\"", "text \"[a\""},
	{"a backslash", "a\\n", "text \"a\\\\n\"", "text \"a\\\\n\""},
	{"JSON", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}", "json {\"a\":{\"b\":1}}"},
	{"JSON with a comment", "{\"a\": \"# \\n\"}", "{\"a\": \"# \\n\"}",
	    "json {\"a\":\"# \\n\"}"},
	{"JSON over lines", "{\"a\":\n\t1}", "text \"{\\\"a\\\":\\n\\t1}\"", "json {\"a\":1}"},
	{"JSON with blanks around", " [1, 2] ", "text \" [1, 2] \"", "json [1,2]"},
	{"an array", "[1,\"a\",true,false,null,{}]", "[1,\"a\",true,false,null,{}]",
	    "json [1,\"a\",true,false,null,{}]"},
	{"numbers as they are", "[1.0,-0,1e2,0.10]", "[1.0,-0,1e2,0.10]",
	    "json [1.0,-0,1e2,0.10]"},
	{"a scalar", "7", "7", "text \"7\""},
	{"a variable in JSON", "{\"{a}\":\"{env:X}\"}",
	    "text \"{\\\"\\u007ba}\\\":\\\"\\u007benv:X}\\\"}\"",
	    "json {\"\\u007ba}\":\"\\u007benv:X}\"}"},
	{"what is hidden in JSON", "{\"a\":\"\u202e\"}", "text \"{\\\"a\\\":\\\"\\u202e\\\"}\"",
	    "json {\"a\":\"\\u202e\"}"},
	{"a member twice", "{\"a\":1,\"a\":2}", "text \"{\\\"a\\\":1,\\\"a\\\":2}\"",
	    "text \"{\\\"a\\\":1,\\\"a\\\":2}\""},
	{"a number too large", "[1e999]", "text \"[1e999]\"", "text \"[1e999]\""},
};

static void
test_messages(void)
{
	char want[400];

	for (size_t i = 0; i < COUNT(texts); i++) {
		size_t len = strlen(texts[i].text);

		snprintf(want, sizeof want, "a > %s", texts[i].sent);
		check(true, MESSAGE_TEXT, texts[i].text, len, want, texts[i].name);
		snprintf(want, sizeof want, "a < %s within 1s", texts[i].received);
		check(false, MESSAGE_TEXT, texts[i].text, len, want, texts[i].name);
	}
	check(true, MESSAGE_BINARY, "\0\xff", 2, "a > hex 00 ff", "binary");
	check(false, MESSAGE_BINARY, "\0\xff", 2, "a < hex 00 ff within 1s", "binary that came");
	check(false, MESSAGE_BINARY, "{}", 2, "a < hex 7b 7d within 1s", "binary that looks like "
	    "JSON");
	check(true, MESSAGE_BINARY, "", 0, "a > binary \"\"", "no bytes");
	check(false, MESSAGE_BINARY, "", 0, "a < text \"\" within 1s", "no bytes that came");
	check(true, MESSAGE_TEXT, "a\0b", 3, "a > text \"a\\u0000b\"", "a NUL");
	check(false, MESSAGE_TEXT, "\xff", 1, "a < hex ff within 1s", "text that is none");
}

/* Nested arrays, as text when they are deeper than a pattern may be. */
static void
test_depth(void)
{
	char json[220], want[260];

	for (size_t depth = 100; depth <= 101; depth++) {
		memset(json, '[', depth);
		memset(json + depth, ']', depth);
		json[2 * depth] = '\0';
		snprintf(want, sizeof want, depth > 100 ? "a < text \"%s\" within 1s" :
		    "a < json %s within 1s", json);
		check(false, MESSAGE_TEXT, json, 2 * depth, want, "a deep array");
	}
}

static void
test_events(void)
{
	struct record *r = record_new(path, &params, NULL);
	struct message m = text_at("{}", 0);

	m.event = slice_of("message");
	m.id = slice_of("7");
	record_received(r, &m);
	m.event = slice_of("update");
	record_received(r, &m);
	m.event = slice_of("a {b} \"c\"");
	record_received(r, &m);
	m.event = slice_of("");
	record_received(r, &m);
	check_script(r, "a < json {} within 1s\na < event update json {} within 1s\n"
	    "a < event \"a \\u007bb} \\\"c\\\"\" json {} within 1s\n"
	    "a < event \"\" json {} within 1s\n", "events by name, without ids");
}

/* --- what is volatile -------------------------------------------------------------------- */

#define UUID "0190163d-8694-739b-aea5-966c26f8ad91"
#define OTHER "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"

static void
test_holes(void)
{
	struct record *r = record_new(path, &params, NULL);
	char text[100];

	record_connecting(r, &(struct record_place){"ws://x/?room=lobby-17", false});
	record_open(r, 0);
	received(r, "{\"id\": \"1700000000000-0\", \"topic\": \"t\", \"data\": \"hello\"}", 0);
	received(r, "{\"user\":{\"id\":7,\"name\":\"ann\"},\"list\":[\"" UUID "\",{\"ts\":"
	    "1.5}]}", 0);
	received(r, "{\"session\":\"lobby-17\",\"token\":\"a\\u0062c\"}", 0);
	snprintf(text, sizeof text, "[%lld]", (long long)time(NULL) * 1000);
	received(r, text, 0);
	sent(r, "{\"id\":\"" UUID "\",\"n\":7,\"nonce\":\"abc\",\"at\":1234567}", 0);
	received(r, "{\"id\":\"" UUID "\",\"re\":7,\"nonce\":\"a\\u0062c\",\"at\":1234567}", 0);
	received(r, "{\"id\":\"" OTHER "\",\"nonce\":\"abd\",\"at\":1234568}", 0);
	check_script(r, "open a ws://x/?room=lobby-17\n"
	    "a < json {\"id\":*string,\"topic\":\"t\",\"data\":\"hello\"} within 1s\n"
	    "a < json {\"user\":{\"id\":*number,\"name\":\"ann\"},\"list\":[*uuid,{\"ts\":*}]} "
	    "within 1s\n"
	    "a < json {\"session\":\"lobby-17\",\"token\":*string} within 1s\n"
	    "a < json [*time] within 1s\n"
	    "a > {\"id\":\"" UUID "\",\"n\":7,\"nonce\":\"abc\",\"at\":1234567}\n"
	    "a < json {\"id\":\"" UUID "\",\"re\":7,\"nonce\":\"a\\u0062c\",\"at\":1234567} "
	    "within 1s\n"
	    "a < json {\"id\":*uuid,\"nonce\":*string,\"at\":*} within 1s\n",
	    "holes for what is volatile, not for what was sent");
}

#define DATE_TIME "\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[-+]\\d\\d:\\d\\d)?"

static void
test_regexes(void)
{
	struct record *r = record_new(path, &params, NULL);
	char text[100];

	received(r, "user " UUID " joined", 0);
	received(r, "a/b (c) [d] {e} {1} x+y* \"q\" $^|?.\\\n\t" UUID, 0);
	received(r, "\u202e\u00e4 2026-01-01T00:00:00Z", 0);
	received(r, "1700000000000-0 and " UUID " and " OTHER, 0);
	snprintf(text, sizeof text, "%lld", (long long)time(NULL) * 1000);
	received(r, text, 0);
	sent(r, "echo " UUID, 0);
	received(r, "echo " UUID, 0);
	received(r, "echo " UUID " " OTHER, 0);
	check_script(r, "a < /^user [-0-9A-Fa-f]{36} joined$/ within 1s\n"
	    "a < /^a\\/b \\(c\\) \\[d\\] \\{e\\} \\{1\\} x\\+y\\* \"q\" \\$\\^\\|\\?\\.\\\\\\n"
	    "\\x09[-0-9A-Fa-f]{36}$/ within 1s\n"
	    "a < /^\\x{202e}\u00e4 " DATE_TIME "$/ within 1s\n"
	    "a < /^\\d{13}-\\d+ and [-0-9A-Fa-f]{36} and [-0-9A-Fa-f]{36}$/ within 1s\n"
	    "a < /^\\d{13}$/ within 1s\n"
	    "a > echo " UUID "\n"
	    "a < text \"echo " UUID "\" within 1s\n"
	    "a < /^echo " UUID " [-0-9A-Fa-f]{36}$/ within 1s\n",
	    "regexes for texts in which something is volatile");
}

/* A regex has at most 64 KiB. */
static void
test_long_regex(void)
{
	static char text[40000];
	struct record *r = record_new(path, &params, NULL);
	char *got;

	memset(text, '*', sizeof text - 1);
	memcpy(text, UUID " ", sizeof UUID);
	memcpy(text + 20000, " " UUID " ", sizeof UUID + 1);
	received(r, text, 0);
	record_free(r, NULL);
	got = content();
	tap_ok(strncmp(got, "a < /^[-0-9A-Fa-f]{36} \\*\\*", 27) == 0, "the front of a long text");
	tap_ok(strstr(got, "\\*/ within 1s\n") != NULL && strlen(got) < 20000, "and no more");
	free(got);
}

/* --- conversations ----------------------------------------------------------------------- */

static void
test_conversation(void)
{
	struct channel_end end = {.code = 1000, .reason = slice_of("bye")};
	struct record *r = record_new(path, &params, NULL);

	record_connecting(r, &here);
	record_open(r, 10 * S);
	received(r, "welcome", 12 * S);
	sent(r, "hi", 20 * S);
	received(r, "hi", 20 * S + 50 * MS);
	received(r, "you", 20 * S + 450 * MS);
	record_pinged(r, 30 * S);
	received(r, "early", 29 * S);
	record_closing(r, 1000, "so \"long\"");
	received(r, "late", 33 * S);
	record_closed(r, &end, 34 * S, false);
	check_script(r, "open a ws://x/\na < text \"welcome\" within 20s\na > hi\n"
	    "a < text \"hi\" within 20s\na < text \"you\" within 5s\na ping\n"
	    "a < text \"early\" within 20s\na < text \"late\" within 1m\n"
	    "a close 1000 \"so \\\"long\\\"\"\n", "a conversation");
}

static struct channel_end
end_by(bool peer, unsigned code, enum err_class class, int number, const char *why)
{
	struct channel_end end = {.by_peer = peer, .code = code};

	if (class != ERR_NONE)
		err_set(&end.why, class, number, "%s", why);
	return end;
}

/* One connection that opens, is closed by us maybe, and ends. */
static void
check_end(struct channel_end end, unsigned closed_with, bool again, const char *want,
    const char *name)
{
	struct record *r = record_new(path, &params, NULL);
	char script[200];

	record_connecting(r, &here);
	record_open(r, S);
	if (closed_with > 0)
		record_closing(r, closed_with, NULL);
	record_closed(r, &end, 2 * S, again);
	snprintf(script, sizeof script, "open a ws://x/\n%s", want);
	check_script(r, script, name);
}

static void
test_ends(void)
{
	check_end(end_by(false, 1000, ERR_NONE, 0, ""), 1000, false, "a close 1000\n", "our close");
	check_end(end_by(false, 1001, ERR_NONE, 0, ""), 4000, false, "a close 4000\n",
	    "our close, answered with another code");
	check_end(end_by(false, 0, ERR_NONE, 0, ""), 1000, false, "a close\n",
	    "our close of a stream");
	check_end(end_by(true, 1001, ERR_NONE, 0, ""), 0, false, "a < close 1001 within 10s\n",
	    "the server's close");
	check_end(end_by(true, 1001, ERR_NONE, 0, ""), 1000, false, "a < close 1001 within 10s\n",
	    "the server's close, as we wanted to");
	check_end(end_by(true, 1005, ERR_NONE, 0, ""), 0, false, "a < close 1005 within 10s\n",
	    "a close without a code");
	check_end(end_by(true, 0, ERR_NONE, 0, ""), 0, false, "a < close within 10s\n",
	    "the end of a stream");
	check_end(end_by(true, 1006, ERR_CLOSED, 1006, "gone"), 0, false,
	    "# lost: gone\na < close 1006 within 10s\n", "no handshake");
	check_end(end_by(true, 0, ERR_CLOSED, 0, "gone"), 0, true,
	    "# lost: gone\na < close within 10s\n", "a stream that broke");
	check_end(end_by(true, 1006, ERR_CLOSED, 1006, "gone"), 1000, false,
	    "a close 1000\n# lost: gone\na < close 1006 within 10s\n",
	    "lost while we closed");
	check_end(end_by(false, 1006, ERR_TIMEOUT, 0, "no answer"), 1000, false,
	    "a close 1000\n# lost: no answer\na < close 1006 within 10s\n",
	    "our close, unanswered");
	check_end(end_by(false, 1006, ERR_MEMORY, 0, "no memory"), 0, false,
	    "# lost: no memory\n", "our own trouble");
}

/* An attempt that opens nothing. */
static void
check_failure(struct channel_end end, bool given_up, bool again, const char *want,
    const char *name)
{
	struct record *r = record_new(path, &params, NULL);

	record_connecting(r, &here);
	if (given_up)
		record_closing(r, 1000, NULL);
	record_closed(r, &end, 2 * S, again);
	check_script(r, want, name);
}

static void
test_failures(void)
{
	struct channel_end refused = end_by(false, 0, ERR_HTTP, 401, "refused");
	struct channel_end nobody = end_by(false, 1006, ERR_CONNECT, 111, "nobody there");

	check_failure(refused, false, false, "# refused\nopen a ws://x/\na < status 401\n",
	    "a refusal");
	check_failure(refused, false, true, "# refused\nopen a ws://x/\na < status 401\n",
	    "a refusal after which it is tried again");
	check_failure(nobody, false, false,
	    "# nobody there\nopen a ws://x/\na < failed connect\n", "nobody there");
	check_failure(nobody, false, true, "# nobody there\n", "nobody there yet");
	check_failure(end_by(false, 1006, ERR_CLOSED, 1006, "closed"), true, false, "# closed\n",
	    "given up");
	check_failure(end_by(false, 0, ERR_MEMORY, 0, "no memory"), false, false, "# no memory\n",
	    "our own trouble");
}

static void
test_retries(void)
{
	struct channel_end lost = end_by(true, 1006, ERR_CLOSED, 1006, "gone");
	struct channel_end ended = end_by(true, 0, ERR_NONE, 0, "");
	struct record *r = record_new(path, &params, NULL);
	struct message m = text_at("hi", 0);

	record_connecting(r, &here);
	record_open(r, 0);
	record_closed(r, &lost, 0, true);
	record_connecting(r, &here);
	record_open(r, 0);
	check_script(r, "open a ws://x/\n# lost: gone\na < close 1006 within 1s\n"
	    "open a ws://x/\n", "a WebSocket that is opened again");
	r = record_new(path, &polling, NULL);
	m.id = slice_of("7");
	record_connecting(r, &here);
	record_open(r, 0);
	record_received(r, &m);
	record_closed(r, &ended, 0, true);
	record_connecting(r, &here);
	record_open(r, 0);
	record_closed(r, &ended, 0, true);
	record_connecting(r, &(struct record_place){"ws://y/", false});
	record_open(r, 0);
	check_script(r, "open a longpoll ws://x/\na < text \"hi\" within 1s\na < close within 1s\n"
	    "a resume\na < close within 1s\nopen a longpoll ws://y/\n",
	    "a stream goes on from the last id, at the same URL");
}

static bool
takes_all(const char *name)
{
	(void)name;
	return true;
}

static void
test_options(void)
{
	static const char *into[2];
	static const struct opt rows[] = {{.name = "bearer", .type = OPT_TEXT, .into = &into[0]},
	    {.name = "origin", .type = OPT_TEXT, .into = &into[1]}};
	const struct opt_use uses[] = {{&rows[0], "SECRET"}, {&rows[1], "o"}};
	const struct record_params p = {.uses = uses, .use_count = 2, .takes = takes_all};
	struct channel_end lost = end_by(true, 1006, ERR_CLOSED, 1006, "gone");
	struct record *r = record_new(path, &p, NULL);
	struct err why;

	record_connecting(r, &here);
	record_open(r, 0);
	sent(r, "hi", 0);
	err_set(&why, ERR_HTTP, 403, "403");
	record_refused(r, &why);
	record_closed(r, &lost, 0, true);
	record_connecting(r, &here);
	record_open(r, 0);
	check_script(r, "# run with -D bearer=…\nopen a ws://x/ bearer {bearer} origin o\na > hi\n"
	    "# not published: 403\n# lost: gone\na < close 1006 within 1s\n"
	    "open a ws://x/ bearer {bearer} origin o\n", "options, and the comment once");
}

/* --- files ------------------------------------------------------------------------------- */

static void
test_files(void)
{
	struct err e = {0};
	struct record *r;
	struct stat st;
	char *before, *now, link[120];

	umask(027);
	chmod(path, 0604);
	r = record_new(path, &params, &e);
	before = content();
	record_connecting(r, &here);
	record_open(r, 0);
	now = content();
	tap_text(now, before, "an old file is there until the new one is complete");
	free(before);
	free(now);
	record_free(r, &e);
	now = content();
	tap_text(now, "open a ws://x/\n", "then it is replaced");
	free(now);
	tap_ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0604,
	    "with the rights of the old one");
	tap_int((long long)files(), 1, "nothing else is left");
	snprintf(link, sizeof link, "%s/link", directory);
	tap_ok(symlink(path, link) == 0, "a link");
	record_free(record_new(link, &params, &e), &e);
	tap_ok(lstat(link, &st) == 0 && S_ISLNK(st.st_mode), "stays a link");
	unlink(link);
	tap_ok(record_new("/nowhere/x", &params, &e) == NULL && e.class == ERR_IO,
	    "no such directory");
	tap_ok(record_new(directory, &params, &e) == NULL && e.class == ERR_IO, "a directory");
	tap_int(record_free(NULL, &e), 0, "no record at all");
}

static void
test_full(void)
{
	static char data[1 << 20];
	struct message m = message(MESSAGE_TEXT, data, sizeof data);
	struct record *r = record_new("/dev/full", &params, NULL);
	struct err e = {0};
	char *got;

	memset(data, 'x', sizeof data);
	record_sent(r, &m);
	tap_ok(record_free(r, &e) != 0 && e.class == ERR_IO, "a full disk is told");
	m.len++;
	r = record_new(path, &params, NULL);
	record_received(r, &m);
	record_free(r, NULL);
	got = content();
	tap_text(got, "# a < a message of 1048577 bytes, which is left out\n",
	    "a very long message is not kept");
	free(got);
}

int
main(void)
{
	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/script", directory);
	test_limits();
	test_messages();
	test_depth();
	test_events();
	test_holes();
	test_regexes();
	test_long_regex();
	test_conversation();
	test_ends();
	test_failures();
	test_retries();
	test_options();
	test_files();
	test_full();
	unlink(path);
	return rmdir(directory) == 0 ? tap_done() : 1;
}
