#include "lib/script/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/script/option.h"
#include "lib/script/scope.h"
#include "lib/script/script.h"
#include "tests/unit/tap.h"

static struct script_errors errors;
static struct rng rng;

static struct slice
last_id(void *ctx, size_t party)
{
	(void)ctx;
	return party == 0 ? slice_of("7\"") : (struct slice){NULL, 0};
}

static struct script *
parse(const char *text)
{
	static const struct script_define defines[] = {{"given", "a\"b\\c.d\n"}, {"empty", ""}};
	struct script_params params = {.defines = defines, .define_count = 2};
	struct script *s = script_parse("t", slice_of(text), NULL, &params, &errors);

	tap_ok(s != NULL, "is read: %s", s == NULL ? errors.items[0].text : "");
	if (s == NULL)
		exit(1);
	return s;
}

static struct scope *
play(const struct script *s, const char *url)
{
	struct scope *scope = scope_new(&(struct scope_params){.script = s, .rng = &rng,
	    .conn = 12,
	    .url = url, .last_id = last_id});

	scope_begin(scope, 3);
	return scope;
}

/* Fills in what the last line sends. */
static int
fill(const struct script *s, struct scope *scope, struct buf *b, struct err *e)
{
	buf_drop(b, b->len);
	return text_fill(s->steps[s->step_count - 1]->send.data, scope, b, e);
}

static void
fills(const char *line, const char *want)
{
	char text[500], got[500];
	struct scope *scope;
	struct script *s;
	struct err e = {0};
	struct buf b;

	snprintf(text, sizeof text, "open a http://h/ publish 'POST /x'\nopen b ws://h/\n"
	    "set later x\na > %s\n", line);
	s = parse(text);
	scope = play(s, "ws://u/");
	buf_init(&b, 200);
	if (fill(s, scope, &b, &e) != 0)
		snprintf(got, sizeof got, "%d: %s", e.class, e.text);
	else
		snprintf(got, sizeof got, "%.*s", (int)b.len, (char *)b.data);
	tap_text(got, want, line);
	buf_release(&b);
	scope_free(scope);
	script_free(s);
}

static void
test_fill(void)
{
	char want[100];

	fills("plain", "plain");
	fills("\"\"", "");
	fills("x{given}{empty}y", "xa\"b\\c.d\ny");
	fills("{\"k\":\"<{given}>\",\"n\":{conn}}", "{\"k\":\"<a\\\"b\\\\c.d\\n>\",\"n\":12}");
	fills("x{conn} {iteration} {url}", "x12 3 ws://u/");
	fills("x{seq}{seq} {seq}", "x12 3");
	fills("x{a.last_id}.{b.last_id}.", "x7\"..");
	fills("{\"i\":\"{a.last_id}\"}", "{\"i\":\"7\\\"\"}");
	fills("x{later}", "10: {later} has no value here");
	fills("x{rand:1}", "x0");
	snprintf(want, sizeof want, "%d: the text takes more than 200 bytes with its variables",
	    ERR_LIMIT);
	fills("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxx"
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxx"
	    "{given}{given}{given}{given}{given}{given}{given}{given}{given}", want);
}

static void
test_regex(void)
{
	struct script *s = parse("open a ws://h/\na < /^{given}$/ {\"k\": /{given}/}\n");
	const struct condition *c = s->steps[1]->expect.conditions;
	struct scope *scope = play(s, NULL);
	struct buf b;

	buf_init(&b, 100);
	tap_int(text_fill(c[0].regex, scope, &b, NULL), 0, "a regex");
	tap_bytes(b.data, b.len, "^a\\\"b\\\\c\\.d\\x0a$", 16, "whose variables match "
	    "themselves");
	buf_drop(&b, b.len);
	tap_int(text_fill(c[1].text, scope, &b, NULL), 0, "in a pattern");
	tap_bytes(b.data, b.len, "{\"k\": /a\\\"b\\\\c\\.d\\x0a/}", 23, "too");
	buf_release(&b);
	scope_free(scope);
	script_free(s);
}

/* Whether it is one of version 4. */
static bool
is_uuid(const char *u)
{
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? u[i] != '-' : strchr("0123456789abcdef", u[i]) == NULL)
			return false;
	}
	return u[14] == '4' && strchr("89ab", u[19]) != NULL;
}

static void
test_uuids(void)
{
	struct script *s = parse("open a ws://h/\na > x{uuid}{uuid:n}{uuid}{uuid:n}\n");
	struct scope *one = play(s, NULL), *other = play(s, NULL);
	struct buf a, b;

	buf_init(&a, 1000);
	buf_init(&b, 1000);
	fill(s, one, &a, NULL);
	tap_int((long long)a.len, 1 + 4 * 36, "four uuids");
	tap_ok(is_uuid((char *)a.data + 1) && is_uuid((char *)a.data + 37), "of version 4");
	tap_ok(memcmp(a.data + 1, a.data + 73, 72) == 0, "are the same by name");
	tap_ok(memcmp(a.data + 1, a.data + 37, 36) != 0, "but not with another name");
	fill(s, one, &b, NULL);
	tap_bytes(b.data, b.len, a.data, a.len, "and all through the play");
	fill(s, other, &b, NULL);
	tap_ok(memcmp(a.data, b.data, a.len) != 0, "another play has others");
	scope_begin(one, 4);
	fill(s, one, &b, NULL);
	tap_ok(memcmp(a.data, b.data, a.len) != 0, "as has the next one");
	buf_release(&a);
	buf_release(&b);
	scope_free(one);
	scope_free(other);
	script_free(s);
}

static void
test_now(void)
{
	struct script *s = parse("open a ws://h/\na > x{now}\n");
	struct scope *scope = play(s, NULL);
	long long ms = (long long)time(NULL) * 1000, got;
	struct buf b;

	buf_init(&b, 100);
	fill(s, scope, &b, NULL);
	buf_add(&b, "", 1);
	got = strtoll((char *)b.data + 1, NULL, 10);
	tap_ok(got >= ms && got < ms + 100000, "the time in ms: %lld", got);
	buf_release(&b);
	scope_free(scope);
	script_free(s);
}

static void
gets(const struct scope *scope, size_t slot, const char *want, const char *name)
{
	struct slice got = scope_get(scope, slot);

	if (want == NULL)
		tap_ok(got.data == NULL, "%s", name);
	else
		tap_bytes(got.data, got.len, want, strlen(want), name);
}

static void
test_scope(void)
{
	struct script *s = parse("open a ws://h/\nset x 1\na > {x}\n");
	struct scope *scope = play(s, NULL), *other = play(s, NULL);
	char *big = calloc(1, SCOPE_VALUE_MAX + 1);

	gets(scope, 0, "a\"b\\c.d\n", "-D");
	gets(scope, 1, "", "an empty one");
	gets(scope, 2, NULL, "nothing yet");
	tap_int(scope_set(scope, 2, slice_of("long enough")), 0, "set");
	gets(scope, 2, "long enough", "and got");
	gets(other, 2, NULL, "not by another");
	tap_int(scope_set(scope, 2, slice_of("b")), 0, "shorter");
	gets(scope, 2, "b", "and got");
	tap_int(scope_set(scope, 2, scope_get(scope, 2)), 0, "itself");
	gets(scope, 2, "b", "stays");
	tap_int(scope_set(scope, 2, (struct slice){NULL, 0}), 0, "nothing");
	gets(scope, 2, "", "is a value");
	tap_int(scope_set(scope, 0, slice_of("y")), 0, "a -D");
	gets(scope, 0, "y", "can be changed");
	tap_int(scope_set(scope, 2, (struct slice){big, SCOPE_VALUE_MAX}), 0, "a long one");
	tap_int(scope_set(scope, 2, (struct slice){big, SCOPE_VALUE_MAX + 1}), -1, "too long");
	tap_int((long long)scope_get(scope, 2).len, SCOPE_VALUE_MAX, "changes nothing");
	tap_int((long long)scope_next(scope), 1, "seq");
	scope_begin(scope, 9);
	gets(scope, 0, "a\"b\\c.d\n", "a new play: -D is back");
	gets(scope, 2, NULL, "the rest is gone");
	tap_int((long long)scope_next(scope), 1, "seq begins again");
	tap_int((long long)scope_iteration(scope), 9, "iteration");
	scope_free(scope);
	scope_free(other);
	scope_free(NULL);
	free(big);
	script_free(s);
}

static void
test_no_value(void)
{
	struct script *s = parse("open a ws://h/\nset x 1\na > {\"k\":\"{x}\", \"u\": "
	    "\"{url}\"}\n");
	struct scope *scope = play(s, NULL);
	struct err e = {0};
	struct buf b;

	buf_init(&b, 1000);
	tap_int(fill(s, scope, &b, &e), -1, "no value");
	tap_text(e.text, "{x} has no value here", "names it");
	scope_set(scope, 2, slice_of("\xff"));
	tap_int(fill(s, scope, &b, &e), -1, "no UTF-8");
	tap_text(e.text, "{x} is not UTF-8, as all that stands in JSON has to be", "names it");
	scope_set(scope, 2, slice_of("x"));
	tap_int(fill(s, scope, &b, &e), -1, "no URL");
	tap_text(e.text, "{url} has no value here: expected -D url=URL", "names it");
	buf_release(&b);
	scope_free(scope);
	script_free(s);
}

/* --- options ----------------------------------------------------------------------------- */

static struct option_lists lists;

static int
apply(struct option_set *set, const char *name, const char *value, struct err *e)
{
	const struct script_option *o = script_option_find(slice_of(name));

	if (o == NULL) {
		tap_ok(false, "there is no %s", name);
		return -1;
	}
	return o->apply(set, value, e);
}

static void
test_options(void)
{
	struct option_set set = {.lists = &lists};
	struct client_options *c = &set.client;
	struct err e;

	for (const struct script_option *o = script_options; o->name != NULL; o++)
		tap_ok(script_option_find(slice_of(o->name)) == o && o->help != NULL &&
		    o->apply != NULL, "%s is found", o->name);
	tap_ok(script_option_find(slice_of("head")) == NULL, "and nothing else");
	apply(&set, "header", "A: b", &e);
	apply(&set, "header", "C: d", &e);
	tap_ok(c->header_count == 2 && strcmp(c->headers[1], "C: d") == 0, "header");
	apply(&set, "subprotocol", "x", &e);
	tap_ok(c->subprotocol_count == 1 && strcmp(c->subprotocols[0], "x") == 0, "subprotocol");
	apply(&set, "cookie", "a=1", &e);
	tap_ok(lists.cookie_count == 1 && strcmp(lists.cookies[0], "a=1") == 0, "cookie");
	apply(&set, "jwt-claim", "sub=a", &e);
	tap_ok(c->jwt_claim_count == 1 && strcmp(c->jwt_claims[0], "sub=a") == 0, "jwt-claim");
	apply(&set, "connect-to", "a:1:b:2", &e);
	tap_ok(c->connect_to_count == 1 && strcmp(c->connect_to[0], "a:1:b:2") == 0, "connect-t"
	    "o");
	apply(&set, "source-ip", "127.0.0.1", &e);
	tap_ok(c->source_ip_count == 1 && strcmp(c->source_ips[0], "127.0.0.1") == 0, "source-i"
	    "p");
	apply(&set, "origin", "http://o", &e);
	apply(&set, "user", "a:b", &e);
	apply(&set, "bearer", "t", &e);
	apply(&set, "jwt-secret", "s", &e);
	tap_ok(strcmp(c->origin, "http://o") == 0 && strcmp(c->user, "a:b") == 0 &&
	    strcmp(c->bearer, "t") == 0 && strcmp(c->jwt_secret, "s") == 0, "who it is");
	apply(&set, "insecure", NULL, &e);
	apply(&set, "cacert", "ca", &e);
	apply(&set, "cert", "cert", &e);
	apply(&set, "key", "key", &e);
	apply(&set, "key-passphrase", "pass", &e);
	apply(&set, "servername", "name", &e);
	apply(&set, "tls-min", "1.3", &e);
	apply(&set, "alpn", "h2", &e);
	tap_ok(c->tls.insecure && strcmp(c->tls.cacert, "ca") == 0 &&
	    strcmp(c->tls.cert, "cert") == 0 && strcmp(c->tls.key, "key") == 0 &&
	    strcmp(c->tls.passphrase, "pass") == 0 && strcmp(c->server_name, "name") == 0 &&
	    strcmp(c->tls.min_version, "1.3") == 0 && strcmp(c->tls.alpn, "h2") == 0, "TLS");
	apply(&set, "proxy", "http://p:1", &e);
	apply(&set, "unix-socket", "/s", &e);
	tap_ok(strcmp(c->proxy, "http://p:1") == 0 && strcmp(c->unix_socket, "/s") == 0, "the "
	    "way");
	tap_int(apply(&set, "proxy", "", &e), 0, "no proxy");
	apply(&set, "ping-interval", "0", &e);
	apply(&set, "ping-timeout", "2ms", &e);
	apply(&set, "idle-timeout", "3ms", &e);
	apply(&set, "timeout", "4ms", &e);
	apply(&set, "poll-interval", "5ms", &e);
	apply(&set, "poll-wait", "6ms", &e);
	tap_ok(c->ping_interval == 0 && c->ping_timeout == 2000000 && c->idle_timeout ==
	    3000000 &&
	    c->open_timeout == 4000000 && c->poll_interval == 5000000 &&
	    c->poll_wait == 6000000, "times");
	apply(&set, "compress", NULL, &e);
	tap_ok(c->compress, "compress");
	apply(&set, "no-compress", NULL, &e);
	tap_ok(!c->compress, "no-compress");
	apply(&set, "compress-offer", "client_max_window_bits", &e);
	tap_ok(c->compress && c->compress_offer != NULL, "compress-offer");
	apply(&set, "max-message", "1KiB", &e);
	apply(&set, "reconnect", "3", &e);
	apply(&set, "publish", "POST /p", &e);
	tap_ok(c->max_message == 1024 && set.reconnect == 3 && strcmp(set.publish,
	    "POST /p") == 0,
	    "sizes and numbers");
	apply(&set, "poll-items", "/items", &e);
	apply(&set, "poll-id", "/id", &e);
	apply(&set, "poll-data", "/data", &e);
	apply(&set, "poll-cursor", "/next", &e);
	tap_ok(c->shape.unpack == POLL_ITEMS_POINTER && strcmp(c->shape.items, "/items") == 0 &&
	    strcmp(c->shape.id, "/id") == 0 && strcmp(c->shape.data, "/data") == 0 &&
	    strcmp(c->shape.cursor, "/next") == 0, "polling");
	tap_ok(apply(&set, "poll-items", "none", &e) == 0 && c->shape.unpack == POLL_ITEMS_NONE,
	    "no items");
}

static void
test_refused(void)
{
	static const char *const pairs[][2] = {{"header", "x"}, {"header", "Connection: x"},
	    {"cookie", "x"}, {"origin", ""}, {"user", "@f"}, {"bearer", "@f"}, {"jwt-secret",
	    "@"},
	    {"jwt-claim", "=x"}, {"jwt-claim", "exp=x"}, {"cacert", ""}, {"servername", "a b"},
	    {"tls-min", "1.2.3"}, {"proxy", "https://x"}, {"connect-to", "x"},
	    {"source-ip", "localhost"}, {"unix-socket", ""}, {"ping-interval", "5"},
	    {"ping-timeout", ""}, {"timeout", "0"}, {"poll-interval", "0"}, {"poll-wait", "x"},
	    {"poll-items", "x"}, {"poll-id", "x"}, {"publish", "POST"}, {"publish", "P0ST /x"},
	    {"publish", "POST x"}, {"publish", "POST /x y"}, {"publish", " /x"},
	    {"reconnect", "-1"}, {"max-message", ""}, {"compress-offer", "x"},
	    {"subprotocol", ""}};
	struct option_set set = {.lists = &lists};
	struct err e;

	lists.cookie_count = 0;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		e = (struct err){0};
		tap_ok(apply(&set, pairs[i][0], pairs[i][1], &e) == -1 && e.class == ERR_USAGE &&
		    strstr(e.text, "--") == NULL, "%s '%s': %s", pairs[i][0], pairs[i][1],
		    e.text);
	}
	for (int i = 0; i < OPTION_LIST_MAX; i++)
		apply(&set, "header", "A: b", &e);
	tap_int(apply(&set, "header", "A: b", &e), -1, "a list that is full");
}

int
main(void)
{
	rng_init(&rng, 1);
	test_fill();
	test_regex();
	test_uuids();
	test_now();
	test_scope();
	test_no_value();
	test_options();
	test_refused();
	return tap_done();
}
