#include "lib/script/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/script/verb.h"
#include "tests/unit/script_dump.h"
#include "tests/unit/tap.h"

static struct script_errors errors;

static const char *
environment(const char *name)
{
	return strcmp(name, "HOME_TOWN") == 0 ? "a \"b\".c" : NULL;
}

static const struct script_define defines[] = {{"host", "h:1"}, {"token", "x"}, {"host", "h:2"}};
static const struct script_params params = {.defines = defines, .define_count = 3,
    .allow_exec = true, .environment = environment};

static struct script *
parse(const char *text)
{
	return script_parse("t.hail", slice_of(text), NULL, &params, &errors);
}

/* --- what becomes of statements ---------------------------------------------------------- */

static void
reads(const char *text, const char *want, const char *name)
{
	struct script *s = parse(text);
	struct buf b;

	buf_init(&b, 1 << 20);
	if (s == NULL)
		buf_addf(&b, "%u:%u: %s", errors.items[0].line, errors.items[0].column,
		    errors.items[0].text);
	else
		dump_block(&b, s, &s->body, 0);
	buf_add(&b, "", 1);
	tap_text((char *)b.data, want, name);
	buf_release(&b);
	script_free(s);
}

static const char OPENED[] = "1 bob open url=\"http://h/\" +publish value=\"POST /p\"";

/* What follows two parties that are open; `want` begins with a digit and a colon: the place of an
 * error. */
static void
follows(const char *text, const char *first, const char *want)
{
	char whole[1024], steps[1024], name[100];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "\n"), text);
	snprintf(whole, sizeof whole, "open ann ws://h/\nopen bob http://h/ publish 'POST /p'\n"
	    "%s",
	    text);
	snprintf(steps, sizeof steps, "%s\n%s\n%s", first, OPENED, want);
	reads(whole, want[0] != '\0' && want[1] == ':' ? want : steps, name);
}

static void
line(const char *text, const char *want)
{
	follows(text, "0 ann open url=\"ws://h/\"", want);
}

/* The same, ann's opening being allowed to fail. */
static void
refused(const char *text, const char *want)
{
	follows(text, "0 ann open refusable url=\"ws://h/\"", want);
}

static void
test_open(void)
{
	reads("open ann ws://h/", "0 ann open url=\"ws://h/\"", "open");
	reads("open ann longpoll http://{host}/p?since={last_id}&w={wait}&ms={wait_ms}\n",
	    "0 ann open longpoll url=\"http://«host»/p?since={last_id}&w={wait}&ms={wait_ms}\"",
	    "a transport, and what polls fill in");
	reads("open ann {url}", "0 ann open url=\"«url»\"", "a URL that is not known");
	reads("open ann ws 'ws://h/{x}'", "0 ann open ws url=\"ws://h/{x}\"", "no variables in "
	    "''");
	reads("open ann ws://h/ header \"A: {token}\" header 'B: {token}' insecure within 2s "
	    "as up",
	    "0 ann open as=up limit=2000000000 url=\"ws://h/\" +header value=\"A: «token»\" "
	    "+header value=\"B: {token}\" +insecure variable", "options and clauses");
	reads("open ann ws://h/ \\\n  bearer \\\n  abc # d\n",
	    "0 ann open url=\"ws://h/\" +bearer value=\"abc\"", "over several lines");
	reads("open a ws://h/\nopen b ws://h/\nb > x\na < header A\na reconnect\nb reconnect\n"
	    "repeat 2 {\na < failed tls\n}\nb ping\nb < status 200",
	    "0 a open refusable url=\"ws://h/\"\n1 b open url=\"ws://h/\"\n"
	    "2 b send text data=\"x\"\n3 a expect answer (header@5 A)\n4 a reconnect refusable\n"
	    "5 b reconnect\n6 repeat 2\n  7 a expect failed class=tls\n8 b ping\n"
	    "9 b expect answer (status@5 codes=200)", "who may be refused");
}

static void
test_send(void)
{
	line("ann > hello # there \\", "2 ann send text data=\"hello # there \\\"");
	line("ann > #1", "2 ann send text data=\"#1\"");
	line("ann > \thello  \t", "2 ann send text data=\"hello\"");
	line("ann > text", "2 ann send text data=\"text\"");
	line("ann > textual", "2 ann send text data=\"textual\"");
	line("ann > text a", "2 ann send text data=\"a\"");
	line("ann > \"a\\n\\u00e9\\ud83d\\ude00\\u007bhost}{host}\\\"\"",
	    "2 ann send text data=\"a\né😀{host}«host»\"\"");
	line("ann > '\\n{host}'", "2 ann send text data=\"\\n{host}\"");
	line("ann > \"\"", "2 ann send text data=\"\"");
	line("ann > {}", "2 ann send text data=json\"{}\"");
	line("open cat sse ws://h/", "2 cat open sse url=\"ws://h/\"");
	line("http GET ws://h/", "2 http GET url=\"ws://h/\" answer");
	line("ann > {host}", "2 ann send text data=\"«host»\"");
	line("ann > {\"a\": \"{host}\\\"{token}\", \"b\": {token}} # c",
	    "2 ann send text data=json\"{\"a\": \"«q:host»\\\"«q:token»\", \"b\": «token»}\"");
	line("ann > [1,\n 2\n]", "2 ann send text data=json\"[1,\n 2\n]\"");
	line("ann > json \"a\"", "2 ann send text data=json\"\"a\"\"");
	line("ann > json 1.5e3", "2 ann send text data=json\"1.5e3\"");
	line("ann > hex 41 4243 # x", "2 ann send binary data=\"ABC\"");
	line("ann > binary \"{token}\"", "2 ann send binary data=\"«token»\"");
	line("ann > <<END\n a {host}\n\n  END  \nann ping",
	    "2 ann send text data=\" a «host»\n\"\n3 ann ping");
	line("ann > <<'END' # x\n{host}\nEND\n", "2 ann send text data=\"{host}\"");
	line("ann > <<END\nEND\n", "2 ann send text data=\"\"");
	line("ann > <<END\r\na\r\nb\r\nEND\r\n", "2 ann send text data=\"a\nb\"");
	line("bob > x", "2 bob send text data=\"x\"");
	line("ann > { {x} }", "3:9: '{x}': no such variable above");
}

static void
test_variables(void)
{
	line("ann > x{uuid}{uuid:a}{uuid}{uuid:b}{uuid:a}: {now} {seq} {rand:10} {conn} "
	    "{iteration}",
	    "2 ann send text data=\"x«uuid:0»«uuid:1»«uuid:0»«uuid:2»«uuid:1»: «now» «seq» "
	    "«rand:10» "
	    "«conn» «iteration»\"");
	line("ann > x{bob.last_id} {bob.other} {} {1} {a b} {x", "2 ann send text "
	    "data=\"x«bob.last_id»"
	    " {bob.other} {} {1} {a b} {x\"");
	line("ann > x{env:HOME_TOWN}y", "2 ann send text data=\"xa \"b\".cy\"");
	line("ann > {\"a\":\"{env:HOME_TOWN}\"}",
	    "2 ann send text data=json\"{\"a\":\"a \\\"b\\\".c\"}\"");
	line("ann < /{env:HOME_TOWN}/", "2 ann expect message (regex@7 "
	    "regex=regex\"a\\ \\\"b\\\"\\.c\" flags=8 ready)");
	line("set a 1\nset b {a}", "2 set a value=\"1\"\n3 set b value=\"«a»\"");
	line("set a x{a}", "3:8: '{a}': no such variable above");
	line("set token #fff # x", "2 set token value=\"#fff # x\"");
	line("set a <<END\nx\nEND\nset b {\"a\":\"{a}\"}",
	    "2 set a value=\"x\"\n3 set b value=json\"{\"a\":\"«q:a»\"}\"");
	line("ann < /(?<a>x)/\nann > x{a}", "2 ann expect message (regex@7 "
	    "regex=regex\"(?<a>x)\" flags=8 ready)\n3 ann send text data=\"x«a»\"");
	line("ann < {\"k\": /(?<a>x){2}{token}/} text x{a}", "3:40: '{a}': no such variable "
	    "above");
	line("ann < {\"k\": /(?<a>x){2}{token}\\p{L}{no}/}\nann > x{a}",
	    "2 ann expect message (json@7 text=json\"{\"k\": "
	    "/(?<a>x){2}«r:token»\\p{L}{no}/}\")\n"
	    "3 ann send text data=\"x«a»\"");
	line("ann < any save a\nann > x{a}",
	    "2 ann expect message (any@7) save=a:whole\n3 ann send text data=\"x«a»\"");
	line("ann < none /(?<a>x)/ for 1s\nann > x{a}", "4:8: '{a}': no such variable above");
	line("repeat 2 as i {\nann > x{i}\nset b 1\n}\nann > x{i}{b}",
	    "2 repeat 2 as i\n  3 ann send text data=\"x«i»\"\n  4 set b value=\"1\"\n"
	    "5 ann send text data=\"x«i»«b»\"");
	line("repeat 2 {\nann > x{b}\nset b 1\n}", "4:8: '{b}': no such variable above");
}

static void
test_expect(void)
{
	line("ann < any", "2 ann expect message (any@7)");
	line("ann <! \"a\" within 500ms as x", "2 ann expect as=x limit=500000000 message next "
	    "(text@8 text=\"a\")");
	line("ann < text a{token} contains b", "2 ann expect message (text@7 text=\"a«token»\") "
	    "(contains@21 text=\"b\")");
	line("ann < /a\\/b{3}{token}\\p{Lu}\\{token}/ism",
	    "2 ann expect message (regex@7 regex=regex\"a\\/b{3}«token»\\p{Lu}\\{token}\" "
	    "flags=15)");
	line("ann < regex /a/ regex \"\\\\d\"", "2 ann expect message (regex@7 "
	    "regex=regex\"a\" flags=8 "
	    "ready) (regex@17 regex=regex\"\\d\" flags=8 ready)");
	line("ann < {\"a\":1} json [*, ...] exactly {} json exactly {}",
	    "2 ann expect message (json@7 text=json\"{\"a\":1}\" ready) (json@15 "
	    "text=json\"[*, ...]\" ready) (json@29 text=json\"{}\" exactly ready) (json@40 "
	    "text=json\"{}\" exactly ready)");
	line("ann < {\"a\":\n  \"{token}\"\n} within 1s",
	    "2 ann expect limit=1000000000 message (json@7 text=json\"{\"a\":\n  "
	    "\"«q:token»\"\n}\")");
	line("ann < json-path /a/0 >= 5 json-path \"\" != \"a b\"", "2 ann expect message "
	    "(path@7 /a/0 >= "
	    "text=json\"5\" ready) (path@27  != text=json\"\"a b\"\" ready)");
	line("ann < hex 00 ff41 within 1s",
	    "2 ann expect limit=1000000000 message (hex@7 00 ff 41)");
	line("bob < event up{token} id 7 json 1 save a save b /x save c \"/y z\"",
	    "2 bob expect message (event@7 text=\"up«token»\") (id@23 text=\"7\") "
	    "(json@28 text=json\"1\" ready) save=a:whole save=b:pointer:/x save=c:pointer:/y z");
	line("ann < none for 0s", "2 ann expect none for=0");
	line("ann < none {\"a\":1} for 1m30s as quiet",
	    "2 ann expect as=quiet none (json@12 text=json\"{\"a\":1}\" ready) for=90000000000");
	line("ann < close", "2 ann expect close");
	line("ann < close 1000,4001 \"bye {token}\" within 1s",
	    "2 ann expect limit=1000000000 close codes=1000,4001 reason=\"bye «token»\"");
	line("bob < close 1006", "2 bob expect close codes=1006");
	refused("ann < status 403,404 header \"A: b{token}\" header B header C /x/i header D "
	    "\"e\" "
	    "save a header E", "2 ann expect answer (status@7 codes=403,404) (header@22 A "
	    "text=\"b«token»\") (header@43 B) (header@52 C regex=regex\"x\" flags=9 ready) "
	    "(header@66 D text=\"e\") save=a:header:E");
	refused("ann < failed", "2 ann expect failed");
	refused("ann < failed timeout within 1s",
	    "2 ann expect limit=1000000000 failed class=timeout");
}

static void
test_others(void)
{
	line("ann ping within 1s as p", "2 ann ping as=p limit=1000000000");
	line("ann close", "2 ann close 0");
	line("ann close 4000 \"so {token} long\"",
	    "2 ann close 4000 reason=\"so «token» long\"");
	line("ann drop\nann reconnect\nbob resume within 1s\nann pause\nann continue # x\nann "
	    "clear\n"
	    "ann expect-no-more", "2 ann drop\n3 ann reconnect\n4 bob resume limit=1000000000\n"
	    "5 ann pause\n6 ann continue\n7 ann clear\n8 ann no-more");
	line("wait 1.5ms", "2 wait 1500000");
	line("exec echo \"{token}\" # x", "2 exec command=\"echo \"«token»\" # x\"");
	line("exec \"ls\" save a save b /x within 1s", "2 exec limit=1000000000 command=\"ls\" "
	    "save=a:whole save=b:pointer:/x");
	line("exec <<END within 1s\nls\nps\nEND\nann ping",
	    "2 exec limit=1000000000 command=\"ls\nps\"\n3 ann ping");
	line("timeout 3s\nann ping\nann ping within 1s\nrepeat 1 {\ntimeout 4s\n}\nann ping",
	    "2 ann ping limit=3000000000\n3 ann ping limit=1000000000\n"
	    "4 repeat limit=3000000000 1\n5 ann ping limit=4000000000");
	line("http GET http://{host}/", "2 http GET url=\"http://«host»/\" answer");
	line("http POST http://h/ header \"A: b\" timeout 1s body {\"a\":\"{token}\"} < status "
	    "200,201 "
	    "json {\"id\":*} header X within 2s save id /id save loc header Location as post",
	    "2 http as=post limit=2000000000 POST url=\"http://h/\" +header value=\"A: b\" "
	    "+timeout value=\"1s\" body=json\"{\"a\":\"«q:token»\"}\" type=application/json "
	    "answer "
	    "(status@69 codes=200,201) (json@84 text=json\"{\"id\":*}\" ready) (header@98 X) "
	    "save=id:pointer:/id save=loc:header:Location");
	line("http PUT http://h/ body <<END < any\nx\nEND\nann ping",
	    "2 http PUT url=\"http://h/\" body=\"x\" type=text/plain; charset=utf-8 answer "
	    "(any@33)\n"
	    "3 ann ping");
	line("http PUT http://h/ body text x <",
	    "2 http PUT url=\"http://h/\" body=\"x\" type=text/plain; charset=utf-8 answer");
}

static void
test_blocks(void)
{
	struct script *s;

	line("repeat 2k {\n}\nrepeat forever as n {\n ann > x{n}\n}",
	    "2 repeat 2000\n3 repeat forever as n\n  4 ann send text data=\"x«n»\"");
	line("do { # x\n ann ping\n}", "2 do\n  3 ann ping");
	line("parallel {\nann ping\nbob > a\nwait 1s\nann ping\ndo {\nann ping\nbob > b\n}\n"
	    "bob > c\n}",
	    "2 parallel\n |\n  3 ann ping\n  6 ann ping\n |\n  4 bob send text data=\"a\"\n"
	    "  10 bob send text data=\"c\"\n |\n  5 wait 1000000000\n |\n  7 do\n    8 ann ping\n"
	    "    9 bob send text data=\"b\"");
	s = parse("open a ws://h/\nopen b ws://h/\nopen c ws://h/\nparallel {\na barrier x\nb "
	    "barrier x\n"
	    "do {\n repeat 3 {\n a barrier x\n a barrier y\n }\n parallel {\n a barrier x\n "
	    "b barrier x\n}\n}\nc barrier y\n c barrier y\n}\nparallel {\na barrier x\nb "
	    "barrier x\n}\n");
	tap_ok(s != NULL, "barriers are read: %s", errors.items[0].text);
	if (s == NULL)
		return;
	tap_int((long long)s->barrier_count, 4, "the barriers of each parallel block are its "
	    "own");
	tap_int((long long)s->barriers[0], 3, "three strands meet at x");
	tap_int((long long)s->barriers[1], 2, "two at y");
	tap_int((long long)s->barriers[2], 2, "two in the inner block");
	tap_int((long long)s->barriers[3], 2, "two in the second");
	for (size_t i = 0; i < s->step_count; i++)
		if (s->steps[i]->number != i)
			tap_ok(false, "step %zu stands in its place", i);
	tap_int((long long)s->steps[9]->barrier.number, 1, "which barrier it is");
	tap_int((long long)s->steps[9]->spot.line, 10, "where it stands");
	tap_bytes(s->steps[3]->line.data, s->steps[3]->line.len, "parallel {", 10, "its line");
	script_free(s);
}

static void
test_whole(void)
{
	struct script *s = parse("\xef\xbb\xbf# x\r\n\r\n  repeat forever {\r\n exec ls\r\n"
	    "}\r\n");

	tap_ok(s != NULL, "a BOM and CRLF");
	if (s == NULL)
		return;
	tap_ok(s->executes && s->endless, "what it needs");
	tap_text(s->name, "t.hail", "its name");
	tap_int((long long)s->slot_count, 2, "a slot for each -D");
	tap_text(s->slots[0].name, "host", "its name");
	tap_text(s->slots[0].value, "h:2", "the last value");
	tap_text(s->slots[1].value, "x", "the other one");
	tap_int((long long)s->steps[0]->spot.line, 3, "line");
	tap_int((long long)s->steps[0]->spot.column, 3, "column");
	script_free(s);
	s = parse("");
	tap_ok(s != NULL && s->step_count == 0 && s->body.count == 0, "an empty script");
	script_free(s);
	script_free(NULL);
}

/* --- errors ------------------------------------------------------------------------------ */

static void
append_error(struct buf *b, size_t i)
{
	const struct script_error *e = &errors.items[i];

	buf_addf(b, "%s%u:%u: %s", b->len > 0 ? "\n" : "", e->line, e->column, e->text);
}

/* All errors of a script; `want` "": there are none. */
static void
tells(const char *text, const char *want, const char *name)
{
	struct script *s = parse(text);
	struct buf b;

	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < errors.count && i < SCRIPT_ERRORS; i++)
		append_error(&b, i);
	buf_add(&b, "", 1);
	tap_text((char *)b.data, want, name);
	tap_ok((s == NULL) == (errors.count > 0), "NULL is returned");
	buf_release(&b);
	script_free(s);
}

/* What is told of a line behind three others that are fine. */
static const struct {
	const char *text, *want;
} wrong[] = {
	{"opne cat ws://h/", "4:1: 'opne' begins no statement; did you mean open?"},
	{"foo",
	    "4:1: 'foo' begins no statement: expected open, http, set, wait, exec, repeat, "
	    "parallel, do, timeout, include, or a party and what it does"},
	{"9a > x",
	    "4:1: '9a' begins no statement: expected open, http, set, wait, exec, repeat, "
	    "parallel, do, timeout, include, or a party and what it does"},
	{"bbo > x", "4:1: nobody of the name bbo is opened above; did you mean bob?"},
	{"ann",
	    "4:4: the end of the line: expected what ann does: >, <, <!, ping, close, drop, "
	    "reconnect, resume, pause, continue, clear, expect-no-more or barrier"},
	{"ann pign", "4:5: 'pign' is nothing that ann can do; did you mean ping?"},
	{"ann >x", "4:5: '>x': expected a blank behind the >"},
	{"ann <",
	    "4:6: expected what is to come: any, a \"string\", contains, regex, json, "
	    "json-path, hex, event, id, none, close, status, header or failed"},
	{"ann < ",
	    "4:7: expected what is to come: any, a \"string\", contains, regex, json, "
	    "json-path, hex, event, id, none, close, status, header or failed"},
	{"ann frobnicate",
	    "4:5: 'frobnicate': expected what ann does: >, <, <!, ping, close, drop, "
	    "reconnect, resume, pause, continue, clear, expect-no-more or barrier"},
	{"ann > ", "4:7: expected a message; an empty one is \"\""},
	{"ann > text a b",
	    "4:14: 'b': expected the end of the line, or quotes around all of the text"},
	{"ann > text \"a", "4:12: this string has no closing quote in its line"},
	{"ann > \"a\"b", "4:10: expected a blank behind the string"},
	{"ann > 'a", "4:7: this string has no closing quote in its line"},
	{"ann > \"\\q\"",
	    "4:8: expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX in a string in "
	    "double quotes"},
	{"ann > \"\\u12\"", "4:8: expected four hexadecimal digits behind \\u"},
	{"ann > \"\\ud800\"",
	    "4:8: half of a surrogate pair: expected \\ud800 to \\udbff and then \\udc00 to "
	    "\\udfff"},
	{"ann > x{nmae}", "4:8: '{nmae}': no such variable above; did you mean {name}?"},
	{"ann > x{bbo.last_id}",
	    "4:8: '{bbo.last_id}': no such party above; did you mean {bob.last_id}?"},
	{"ann > x{foo:bar}",
	    "4:8: '{foo:bar}': no such variable; expected {NAME}, {env:NAME}, {uuid:NAME} or "
	    "{rand:N}; in a string a brace that is none is \\u007b"},
	{"ann > x{rand}",
	    "4:8: expected {rand:N}, a number from 0 to N - 1 such as {rand:100}"},
	{"ann > x{rand:0}",
	    "4:8: expected {rand:N}, a number from 0 to N - 1 such as {rand:100}"},
	{"ann > x{rand:99999999999999999999}",
	    "4:8: expected {rand:N}, a number from 0 to N - 1 such as {rand:100}"},
	{"ann > x{seq:1}", "4:8: {seq} takes nothing behind a colon"},
	{"ann > x{env}", "4:8: expected {env:NAME}"},
	{"ann > x{env:NO_SUCH}", "4:8: {env:NO_SUCH} is not set in the environment"},
	{"ann > {\"a\": 1",
	    "4:7: this { is never closed: expected a }; text that begins with { or [ stands "
	    "in quotes"},
	{"ann > {\"a\": 1,}",
	    "4:15: expected a member's name in double quotes; text that begins with { or [ "
	    "stands in quotes"},
	{"ann > {\"a\": 1} x",
	    "4:16: a message that begins with { or [ has to be JSON: expected nothing behind "
	    "it, or quotes around all of it"},
	{"ann > [1, tru]",
	    "4:11: expected a JSON value; text that begins with { or [ stands in quotes"},
	{"ann > {a: 1}",
	    "4:8: expected a member's name in double quotes; text that begins with { or [ "
	    "stands in quotes"},
	{"ann > hex 0", "4:11: '0': expected pairs of hexadecimal digits"},
	{"ann > hex 00 xx",
	    "4:14: 'xx': expected pairs of hexadecimal digits such as 00 ff"},
	{"ann > @", "4:7: expected the path of a file behind the @"},
	{"ann > @no-such-file", "4:7: cannot read no-such-file: No such file or directory"},
	{"ann > <<",
	    "4:7: expected a heredoc such as <<END, whose text is in the lines that follow"},
	{"ann > <<END\na",
	    "4:7: this heredoc never ends: expected a line that is END alone"},
	{"ann > <<END x\na\nEND",
	    "4:13: 'x': expected the end of the line, or quotes around all of the text"},
	{"ann > text <<END\nwait\nEND",
	    "4:12: a heredoc is text by itself: expected nothing in front of it"},
	{"ann > json x", "4:12: expected a JSON value"},
	{"ann > binary ", "4:14: expected a string or @FILE behind binary"},
	{"bob > x",
	    "4:5: sse only receives: expected publish 'POST /path' where it is opened"},
	{"bob ping", "4:5: sse has no pings: expected them of a WebSocket only"},
	{"bob close 1000", "4:11: sse has no close codes: expected the end of the line"},
	{"bob < close 1000",
	    "4:13: '1000': expected 1006, which means that it was lost: sse has no close "
	    "codes"},
	{"ann resume", "4:5: a WebSocket has no last id to go on from: expected reconnect"},
	{"ann close 999",
	    "4:11: '999': expected a code that can be sent: 1000 to 1003, 1007 to 1014 or "
	    "3000 to 4999"},
	{"ann close 1005",
	    "4:11: '1005': expected a code that can be sent: 1000 to 1003, 1007 to 1014 or "
	    "3000 to 4999"},
	{"ann close x",
	    "4:11: 'x': expected a code that can be sent: 1000 to 1003, 1007 to 1014 or 3000 "
	    "to 4999"},
	{"ann close 1000,1001", "4:20: expected one code to close with"},
	{"ann close 1000 a b",
	    "4:18: 'b': expected the end of the line, or quotes around the reason"},
	{"ann < close 2000",
	    "4:13: '2000': expected a close code: 1000 to 1015 or 3000 to 4999"},
	{"ann < close 1000,",
	    "4:13: '1000,': expected a close code: 1000 to 1015 or 3000 to 4999"},
	{"ann < close bye", "4:13: 'bye': expected within, as, or the end of the line"},
	{"ann < status", "4:13: expected a status from 100 to 999"},
	{"ann < status 99", "4:14: '99': expected a status from 100 to 999"},
	{"ann < status 200 text a",
	    "4:18: text is about a message: expected status or header here, which are about "
	    "the answer to opening"},
	{"ann < text a status 200",
	    "4:14: status is about the answer to opening and stands with status and header "
	    "only, not with what a message is"},
	{"ann < failed foo",
	    "4:14: 'foo': expected resolve, connect, tls, handshake, http, protocol, closed, "
	    "timeout, limit or the end of the line"},
	{"ann < none",
	    "4:11: expected conditions, or for and a time such as 200ms: how long none may "
	    "come"},
	{"ann < none for",
	    "4:15: for: expected a time with its unit such as 200ms, 5s or 1m30s (us, ms, s, "
	    "m, h)"},
	{"ann < none for 3",
	    "4:16: '3' has no unit: expected a time with its unit such as 200ms, 5s or 1m30s "
	    "(us, ms, s, m, h)"},
	{"ann < none any",
	    "4:15: expected conditions, or for and a time such as 200ms: how long none may "
	    "come"},
	{"ann < none any within 1s",
	    "4:16: expected conditions, or for and a time such as 200ms: how long none may "
	    "come"},
	{"ann < any for 1s",
	    "4:11: 'for': expected within, as, save, or the end of the line"},
	{"ann < txt \"a\"", "4:7: 'txt' is nothing to expect; did you mean text?"},
	{"ann < hello",
	    "4:7: 'hello': expected any, a \"string\", contains, regex, json, json-path, "
	    "hex, event, id, none, close, status, header, failed, within, as, save or the "
	    "end of the line"},
	{"ann < text", "4:11: expected a string"},
	{"ann < text a frob",
	    "4:14: 'frob': expected any, a \"string\", contains, regex, json, json-path, "
	    "hex, event, id, none, close, status, header, failed, within, as, save or the "
	    "end of the line"},
	{"ann < /a(b/", "4:11: this is no regex: missing closing parenthesis"},
	{"ann < /a", "4:7: this regex has no closing / in its line"},
	{"ann < /a/x", "4:10: expected a blank behind the regex, or its flags: i, s and m"},
	{"ann < /a/i{name}",
	    "4:11: expected a blank behind the regex, or its flags: i, s and m"},
	{"ann < regex \"(\" within 1s",
	    "4:15: this is no regex: missing closing parenthesis"},
	{"ann < regex \"\\\\d\\\\{name}(\" within 1s",
	    "4:26: this is no regex: missing closing parenthesis"},
	{"ann < /{name}(/", "4:15: this is no regex: missing closing parenthesis"},
	{"ann < /(?<url>x)/",
	    "4:7: 'url' cannot be set: it has a meaning of its own, expected another name"},
	{"ann < json", "4:11: expected a JSON value or pattern"},
	{"ann < json {\"a\":tru}", "4:17: expected a value (text needs quotes), got 'tru'"},
	{"ann < {\"a\": \"{name}\", \"b\": }", "4:28: expected a value, got '}'"},
	{"ann < {\"a\": /x(/}", "4:16: this is no regex: missing closing parenthesis"},
	{"ann < {\"a\":1}x", "4:14: expected a blank behind the JSON"},
	{"ann < {\"a\":1", "4:7: this { is never closed: expected a }"},
	{"ann < json-path a = 1",
	    "4:17: 'a' is no JSON Pointer: expected '/' at its start (RFC 6901)"},
	{"ann < json-path /a", "4:19: expected =, !=, <, <=, > or >="},
	{"ann < json-path /a ~ 1", "4:20: '~': expected =, !=, <, <=, > or >="},
	{"ann < json-path /a < {}", "4:22: expected a number or a string to compare with"},
	{"ann < json-path {name} = 1",
	    "4:17: '{name}': expected a JSON Pointer such as /a/0, without variables or NUL"},
	{"ann < hex", "4:10: expected pairs of hexadecimal digits such as 00 ff"},
	{"ann < hex 0", "4:11: '0': expected pairs of hexadecimal digits"},
	{"ann < hex zz", "4:11: 'zz': expected pairs of hexadecimal digits such as 00 ff"},
	{"ann < header", "4:13: expected \"Name: value\", or the name of a header field"},
	{"ann < header \"a b: c\"",
	    "4:14: '\"a b: c\"': expected the name of a header field, a colon and its value"},
	{"ann < header a/b",
	    "4:14: 'a/b': expected the name of a header field, or a string such as \"Name: "
	    "value\""},
	{"ann < any within",
	    "4:17: within: expected a time with its unit such as 200ms, 5s or 1m30s (us, ms, "
	    "s, m, h)"},
	{"ann < any within 5",
	    "4:18: '5' has no unit: expected a time with its unit such as 200ms, 5s or 1m30s "
	    "(us, ms, s, m, h)"},
	{"ann < any within 0s", "4:11: within: expected more than no time"},
	{"ann < any within 5x",
	    "4:18: '5x': expected a time with its unit such as 200ms, 5s or 1m30s (us, ms, "
	    "s, m, h), of at most 366 days"},
	{"ann < any within 1s within 2s",
	    "4:21: within stands here twice: expected it once"},
	{"ann < any as", "4:13: expected a name for what this line measures"},
	{"ann < any as \"a b\"",
	    "4:14: expected a name of at most 64 bytes without blanks"},
	{"ann < any as aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "4:14: expected a name of at most 64 bytes without blanks"},
	{"ann < any as {name}",
	    "4:14: '{name}': expected a name for what this line measures, without variables "
	    "or NUL"},
	{"ann < any save", "4:15: expected the name of a variable"},
	{"ann < any save url",
	    "4:16: 'url' cannot be set: it has a meaning of its own, expected another name"},
	{"ann < any save set", "4:16: 'set' begins a line: expected another name"},
	{"ann < any save a header X",
	    "4:18: there is no header here: expected a JSON Pointer or the end of the line"},
	{"ann < any save a /~",
	    "4:18: '/~' is no JSON Pointer: expected 0 or 1 behind the '~' at byte 2 (RFC "
	    "6901)"},
	{"ann < any within 1s any",
	    "4:21: 'any': expected within, as, save, or the end of the line"},
	{"ann ping 5s", "4:10: '5s': expected within, as, or the end of the line"},
	{"ann ping save x", "4:10: 'save': expected within, as, or the end of the line"},
	{"ann pause now", "4:11: 'now': expected the end of the line"},
	{"ann barrier x",
	    "4:1: a barrier stands for nobody here: expected it in a parallel block"},
	{"set", "4:4: expected the name of a variable"},
	{"set 1a x",
	    "4:5: '1a': expected the name of a variable: up to 64 letters, digits, _ and -, "
	    "the first one a letter or _"},
	{"set a", "4:6: expected a value; an empty one is \"\""},
	{"set uuid x",
	    "4:5: 'uuid' cannot be set: it has a meaning of its own, expected another name"},
	{"set open x", "4:5: 'open' begins a line: expected another name"},
	{"wait",
	    "4:5: wait: expected a time with its unit such as 200ms, 5s or 1m30s (us, ms, s, "
	    "m, h)"},
	{"wait 5",
	    "4:6: '5' has no unit: expected a time with its unit such as 200ms, 5s or 1m30s "
	    "(us, ms, s, m, h)"},
	{"wait -5s",
	    "4:6: '-5s': expected a time with its unit such as 200ms, 5s or 1m30s (us, ms, "
	    "s, m, h), of at most 366 days"},
	{"wait 999999h",
	    "4:6: '999999h': expected a time with its unit such as 200ms, 5s or 1m30s (us, "
	    "ms, s, m, h), of at most 366 days"},
	{"timeout 0s", "4:1: timeout: expected more than no time"},
	{"timeout x",
	    "4:9: 'x': expected a time with its unit such as 200ms, 5s or 1m30s (us, ms, s, "
	    "m, h), of at most 366 days"},
	{"include", "4:8: expected the path of a file"},
	{"include a b",
	    "4:11: 'b': expected the end of the line, or quotes around the path"},
	{"include no-such-file",
	    "4:9: cannot read no-such-file: No such file or directory"},
	{"include @x", "4:9: cannot read @x: No such file or directory"},
	{"open", "4:5: expected the name of a party"},
	{"open 1a ws://h/",
	    "4:6: '1a': expected the name of a party: up to 64 letters, digits, _ and -, the "
	    "first one a letter or _"},
	{"open set ws://h/", "4:6: 'set' begins a line: expected another name"},
	{"open cat",
	    "4:9: expected ws, sse, longpoll, poll or a URL such as ws://host/path or "
	    "http://host/path"},
	{"open cat wss ws://h/",
	    "4:10: 'wss': expected ws, sse, longpoll, poll or a URL such as ws://host/path "
	    "or http://host/path"},
	{"open cat sse", "4:13: expected a URL such as ws://host/path or http://host/path"},
	{"open cat redis://h/",
	    "4:10: 'redis://h/': expected ws, sse, longpoll, poll or a URL such as "
	    "ws://host/path or http://host/path"},
	{"open cat ws://",
	    "4:10: bad URL 'ws://': expected a host name of at most 255 characters"},
	{"open cat ws://h:99999/",
	    "4:10: bad URL 'ws://h:99999/': expected a port from 1 to 65535"},
	{"open cat http:{name}",
	    "4:10: 'http:{name}': expected ws, sse, longpoll, poll or a URL such as "
	    "ws://host/path or http://host/path"},
	{"open cat ws://h/ heder \"a: b\"",
	    "4:18: there is no option 'heder'; did you mean header?"},
	{"open cat ws://h/ --header \"a: b\"",
	    "4:18: there is no option '--header'; did you mean header?"},
	{"open cat ws://h/ header", "4:24: header needs 'NAME: VALUE'"},
	{"open cat ws://h/ header a",
	    "4:25: header: bad header 'a': expected a name, a colon and a value"},
	{"open cat ws://h/ header \"a: b\\u0000\"",
	    "4:25: header: expected a value without NUL"},
	{"open cat ws://h/ user a:b user c:d",
	    "4:27: user stands here twice: expected it once"},
	{"open cat ws://h/ compress no-compress",
	    "4:27: compress and no-compress exclude each other"},
	{"open cat ws://h/ bearer @file",
	    "4:25: bearer: expected the value itself: a script cannot read it from a file, "
	    "{env:NAME} and -D can bring it in"},
	{"open cat ws://h/ ping-interval abc",
	    "4:32: ping-interval: 'abc' is not a duration such as 250us, 5ms, 10s, 2m, 1h or "
	    "1m30s"},
	{"open cat ws://h/ ping-interval 5",
	    "4:32: ping-interval: '5' has no unit: expected a time such as 200ms, 5s or 1m30s"},
	{"open cat ws://h/ timeout 0s", "4:26: timeout: expected more than no time"},
	{"open cat ws://h/ subprotocol a subprotocol a",
	    "4:44: subprotocol: 'a' is named twice"},
	{"open cat ws://h/ subprotocol \"a b\"",
	    "4:30: subprotocol: 'a b' is not the name of a subprotocol"},
	{"open cat ws://h/ tls-min 1.4",
	    "4:26: tls-min: '1.4' is not one of 1.0, 1.1, 1.2 and 1.3"},
	{"open cat ws://h/ jwt-claim x", "4:28: jwt-claim: 'x' is not NAME=VALUE"},
	{"open cat ws://h/ source-ip x", "4:28: source-ip: 'x' is not a numeric address"},
	{"open cat ws://h/ connect-to x",
	    "4:29: connect-to: 'x' is not HOST:PORT:HOST2:PORT2"},
	{"open cat ws://h/ proxy ftp://x",
	    "4:24: proxy: no proxy is known for 'ftp://': expected http:// or socks5://"},
	{"open cat ws://h/ compress-offer x",
	    "4:33: compress-offer: bad compression offer 'x': expected "
	    "(server|client)_no_context_takeover or (server|client)_max_window_bits"},
	{"open cat ws://h/ max-message x",
	    "4:30: max-message: 'x' is not a size such as 512, 64KiB, 1MiB or 10kB"},
	{"open cat ws://h/ poll-id x",
	    "4:26: poll-id: 'x' is no JSON Pointer: expected '/' at its start (RFC 6901)"},
	{"open cat ws://h/ publish /x",
	    "4:26: publish: '/x' is not how to publish: expected a method and a path such as "
	    "'POST /pub/x'"},
	{"open cat ws://h/ reconnect x",
	    "4:28: reconnect: 'x' is not a whole number such as 250, 10k or 2m"},
	{"open cat ws://h/ save x",
	    "4:18: 'save': expected within, as, or the end of the line"},
	{"open cat ws://h/ frob",
	    "4:18: 'frob': expected an option such as header, within, as or the end of the "
	    "line"},
	{"http", "4:5: expected a method such as GET or POST"},
	{"http GET", "4:9: expected a URL such as http://host/path"},
	{"http G(T http://h/", "4:6: 'G(T': expected a method such as GET or POST"},
	{"http GET h", "4:10: 'h': expected a URL such as http://host/path"},
	{"http GET http://h/ origin x", "4:20: origin is an option of open, not of http"},
	{"http GET http://h/ body",
	    "4:24: expected a body: a \"string\", JSON, text, json, hex, binary, @FILE or "
	    "<<END"},
	{"http GET http://h/ body hello",
	    "4:25: 'hello': expected a \"string\", JSON, text, json, hex, binary, @FILE or "
	    "<<END"},
	{"http GET http://h/ < event x",
	    "4:22: the answer to a request has no event: expected status, header, any, a "
	    "\"string\", contains, regex, json, json-path, hex, within, as, save or the end "
	    "of the line"},
	{"http GET http://h/ < none for 1s",
	    "4:22: 'none': expected status, header, any, a \"string\", contains, regex, "
	    "json, json-path, hex, within, as, save or the end of the line"},
	{"http GET http://h/ frob",
	    "4:20: 'frob': expected an option such as header, body, <, within, as, save or "
	    "the end of the line"},
	{"repeat", "4:7: expected how many times (a number from 1), or forever"},
	{"repeat 0 {\n}",
	    "4:8: '0': expected how many times (a number from 1), or forever"},
	{"repeat x {\nann > x{i}\n}",
	    "4:8: 'x': expected how many times (a number from 1), or forever\n5:8: '{i}': no "
	    "such variable above"},
	{"repeat x as i {\nann > x{i}\n}",
	    "4:8: 'x': expected how many times (a number from 1), or forever"},
	{"repeat 2", "4:9: expected a { that opens the block"},
	{"repeat 2 { ann ping\n}",
	    "4:12: 'ann': expected the end of the line behind the {"},
	{"repeat 2 as url {\n}",
	    "4:13: 'url' cannot be set: it has a meaning of its own, expected another name"},
	{"repaet 2 {\nann pign\n}",
	    "4:1: 'repaet' begins no statement; did you mean repeat?\n5:5: 'pign' is nothing "
	    "that ann can do; did you mean ping?"},
	{"do {\nann ping", "4:1: this block has no end: expected a } in a line of its own"},
	{"}", "4:1: this } ends nothing: expected a statement"},
	{"do {\n} x", "5:3: 'x': expected the end of the line behind the }"},
	{"parallel {\nann barrier x\nbob pause\n}",
	    "5:13: this barrier waits for nobody: expected the same word in another strand "
	    "of its parallel block"},
	{"parallel {\nann barrier x\nann barrier x\n}",
	    "5:13: this barrier waits for nobody: expected the same word in another strand "
	    "of its parallel block"},
	{"parallel x {\nann pause\n}", "4:10: 'x': expected a { that opens the block"},
};

static void
test_wrong(void)
{
	char whole[1024], name[100];

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		snprintf(name, sizeof name, "%.*s", (int)strcspn(wrong[i].text, "\n"),
		    wrong[i].text);
		snprintf(whole, sizeof whole,
		    "open ann ws://h/\nopen bob http://h/\nset name x\n%s", wrong[i].text);
		tells(whole, wrong[i].want, name);
	}
}

static void
test_many(void)
{
	static const struct script_define odd[] = {{"uuid", "x"}, {"1", "x"}, {"open", "x"}};
	struct script_params p = {.defines = odd, .define_count = 3};
	struct buf b;

	tells("opne a\nwait 5\nrepeat 2 {\nwait 6\nann > x\n\nann ping {x\nhttp GET http://h/ "
	    "body <<A <\nfoo\n"
	    "A\nb > {\"a\": [1,\n 2]\n}\nset x <<E y\nfoo\nE\nwait 8\n",
	    "1:1: 'opne' begins no statement; did you mean open?\n"
	    "2:6: '5' has no unit: expected a time with its unit such as 200ms, 5s or 1m30s "
	    "(us, ms, "
	    "s, m, h)\n"
	    "3:1: this block has no end: expected a } in a line of its own\n"
	    "4:6: '6' has no unit: expected a time with its unit such as 200ms, 5s or 1m30s "
	    "(us, ms, "
	    "s, m, h)\n"
	    "5:1: nobody of the name ann is opened above\n"
	    "7:1: nobody of the name ann is opened above\n"
	    "11:1: nobody of the name b is opened above\n"
	    "14:11: 'y': expected the end of the line, or quotes around all of the value\n"
	    "17:6: '8' has no unit: expected a time with its unit such as 200ms, 5s or 1m30s "
	    "(us, ms, "
	    "s, m, h)", "every line is looked at, once, in order");
	tells("open ann ws://h/\nann < {\n \"a\": [1,\n\nann > x\nann pign\n",
	    "2:7: this { is never closed: expected a }\n"
	    "6:5: 'pign' is nothing that ann can do; did you mean ping?",
	    "behind what is never closed the next statement is looked for");
	tells("open ann ws://h/ heder x\nann > x\nann < /(?<a/\nann > x{a}\nann > x{b}\nann pign",
	    "1:18: there is no option 'heder'; did you mean header?\n"
	    "3:12: this is no regex: syntax error in subpattern name (missing terminator?)\n"
	    "6:5: 'pign' is nothing that ann can do; did you mean ping?",
	    "nothing follows from what is wrong elsewhere");
	tells("a\x01\xff\n", "1:3: byte 0xff is not UTF-8 here: expected UTF-8 throughout",
	    "UTF-8");
	tells("wait 1s\nx\xc3", "2:2: byte 0xc3 is not UTF-8 here: expected UTF-8 throughout",
	    "cut UTF-8");
	tap_ok(script_parse("t", (struct slice){"wait 1s\nw\0it", 12}, NULL, &params, &errors) ==
	    NULL && errors.count == 1 && errors.items[0].line == 2 &&
	    errors.items[0].column == 2, "a NUL: %s", errors.items[0].text);
	tap_ok(script_parse("t", slice_of("wait 1"), NULL, &p, &errors) == NULL, "bad -D");
	tap_int((long long)errors.count, 4, "each of them, and the line");
	tap_text(errors.items[0].text, "-D: 'uuid' cannot be set: it has a meaning of its own, "
	    "expected another name", "reserved");
	tap_int(errors.items[0].line, 0, "which is nowhere in the file");
	tap_ok(script_parse("t", slice_of("exec ls"), NULL, &p, &errors) == NULL &&
	    strstr(errors.items[3].text, "--allow-exec") != NULL, "exec is not allowed");
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 200; i++)
		buf_add_text(&b, "repeat 2 {\nfoo\n}\n");
	tap_ok(script_parse("t", (struct slice){(char *)b.data, b.len}, NULL, &params, &errors) ==
	    NULL && errors.count == 200 && errors.items[49].line == 149, "more are only counted");
	buf_drop(&b, b.len);
	for (int i = 0; i < 10; i++)
		buf_add_text(&b, "do {\n");
	for (int i = 0; i < 200; i++)
		buf_add_text(&b, "foo\n");
	tap_ok(script_parse("t", (struct slice){(char *)b.data, b.len}, NULL, &params, &errors) ==
	    NULL && errors.count == 210 && errors.items[9].line == 10 &&
	    errors.items[10].line == 11 && errors.items[49].line == 50,
	    "what is found late comes to its place");
	buf_release(&b);
}

static void
shows(const char *text, const char *want, unsigned caret, const char *name)
{
	tap_ok(parse(text) == NULL, "%s", name);
	tap_text(errors.items[0].shown, want, "the line");
	tap_int(errors.items[0].caret, caret, "the place");
}

static void
test_shown(void)
{
	char line_text[400], want[400];

	shows("  foo bar # x  \n", "  foo bar # x  ", 2, "a line as it stands");
	shows("\tfo\x1bo \xc2\x9b", " fo?o ?", 1, "no control characters");
	shows("wait äöü€", "wait äöü€", 5, "columns are characters");
	shows("set ä", "set ä", 4, "before them");
	shows("set a 1\nset", "set", 3, "the end of a line");
	memset(line_text, 'x', 300);
	line_text[300] = '\0';
	snprintf(want, sizeof want, "%.100s…", line_text);
	shows(line_text, want, 0, "a long line is cut");
	snprintf(line_text, sizeof line_text, "set a \"%.200s{b}%.100s\"", want, want);
	shows(line_text, "…xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…{b}xxxxxxx"
	    "xxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxx…", 59, "around the place");
}

/* --- the words --------------------------------------------------------------------------- */

static void
test_verbs(void)
{
	char text[100];
	int last = -1;

	for (const struct verb_row *r = verb_rows; r->word != NULL; r++) {
		tap_ok((int)r->verb >= last && (int)r->verb <= last + 1, "%s is in order",
		    r->word);
		last = (int)r->verb;
		tap_ok(verb_find(r->shape, slice_of(r->word)) == r, "and found");
		snprintf(text, sizeof text, r->shape == VERB_FIRST ? "%s ^" : "open a ws://h/\n"
		    "a %s ^",
		    r->word);
		tap_ok(r->usage != NULL && r->help != NULL && strchr(r->help, '.') == NULL,
		    "and explained");
	}
	tap_int(last, VERBS - 1, "all verbs are there");
	for (const struct verb_row *r = verb_matchers; r->word != NULL; r++) {
		snprintf(text, sizeof text, "open a http://h/\na < %s", r->word);
		script_free(parse(text));
		tap_ok(strstr(errors.items[0].text, "'") != errors.items[0].text ||
		    errors.count == 0, "%s is a matcher", r->word);
	}
	for (const struct verb_row *r = verb_clauses; r->word != NULL; r++) {
		snprintf(text, sizeof text, "open a ws://h/\na < any %s", r->word);
		tap_ok(parse(text) == NULL && strchr(errors.items[0].text, '\'') == NULL,
		    "%s is a clause", r->word);
	}
	tap_ok(verb_guess(VERB_FIRST, slice_of("tiemout"))->verb == VERB_TIMEOUT, "swapped");
	tap_ok(verb_guess(VERB_OF_PARTY, slice_of("expect-nomore"))->verb == VERB_NO_MORE, "lef"
	    "t out");
	tap_ok(verb_guess(VERB_FIRST, slice_of("frobnicate")) == NULL, "not close");
	tap_ok(verb_guess(VERB_FIRST, slice_of("")) == NULL, "nothing");
}

int
main(void)
{
	test_open();
	test_send();
	test_variables();
	test_expect();
	test_others();
	test_blocks();
	test_whole();
	test_wrong();
	test_many();
	test_shown();
	test_verbs();
	return tap_done();
}
