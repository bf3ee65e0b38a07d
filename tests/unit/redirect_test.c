/* redirect_test.c: references against a base (RFC 3986, 5.4), and what is not followed. */
#include "lib/session/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/url.h"
#include "lib/codec/http_head.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void
check(const char *base, const char *location, const char *want)
{
	struct url from, to;
	struct err e = {0};
	char got[1024] = "refused";

	if (url_parse(&from, base, &e) != 0) {
		tap_ok(false, "the base: %s", e.text);
		return;
	}
	if (redirect_resolve(&to, &from, slice_of(location), &e) == 0) {
		url_text(&to, got, sizeof got);
		url_release(&to);
	}
	tap_text(got, want, want);
	if (strcmp(want, "refused") == 0)
		tap_ok(e.class == ERR_HTTP && e.text[0] != '\0', "because: %s", e.text);
	url_release(&from);
}

/* RFC 3986, 5.4: the base is http://a/b/c/d;p?q. Fragments are dropped. */
static void
test_rfc(void)
{
	static const char *const vectors[][2] = {
		{"g", "/b/c/g"}, {"./g", "/b/c/g"}, {"g/", "/b/c/g/"}, {"/g", "/g"},
		{"?y", "/b/c/d;p?y"}, {"g?y", "/b/c/g?y"}, {"#s", "/b/c/d;p?q"},
		{"g#s", "/b/c/g"}, {"g?y#s", "/b/c/g?y"}, {";x", "/b/c/;x"}, {"g;x", "/b/c/g;x"},
		{"g;x?y#s", "/b/c/g;x?y"}, {"", "/b/c/d;p?q"}, {".", "/b/c/"}, {"./", "/b/c/"},
		{"..", "/b/"}, {"../", "/b/"}, {"../g", "/b/g"}, {"../..", "/"}, {"../../", "/"},
		{"../../g", "/g"}, {"../../../g", "/g"}, {"../../../../g", "/g"}, {"/./g", "/g"},
		{"/../g", "/g"}, {"g.", "/b/c/g."}, {".g", "/b/c/.g"}, {"g..", "/b/c/g.."},
		{"..g", "/b/c/..g"}, {"./../g", "/b/g"}, {"./g/.", "/b/c/g/"},
		{"g/./h", "/b/c/g/h"}, {"g/../h", "/b/c/h"}, {"g;x=1/./y", "/b/c/g;x=1/y"},
		{"g;x=1/../y", "/b/c/y"}, {"g?y/./x", "/b/c/g?y/./x"},
		{"g?y/../x", "/b/c/g?y/../x"}, {"g#s/../x", "/b/c/g"},
	};
	char want[100];

	for (size_t i = 0; i < COUNT(vectors); i++) {
		snprintf(want, sizeof want, "ws://a%s", vectors[i][1]);
		check("ws://a/b/c/d;p?q", vectors[i][0], want);
	}
	check("ws://a/b/c/d;p?q", "//g", "ws://g/");
	check("ws://a/b/c/d;p?q", "//g?y#s", "ws://g/?y");
	check("ws://a/b/c/d;p?q", "g:h", "refused");
	check("ws://a/b/c/d;p?q", "http:g", "refused");
}

static void
test_schemes(void)
{
	check("ws://a/x", "http://b:81/y?z", "ws://b:81/y?z");
	check("ws://a/x", "https://b/y", "wss://b/y");
	check("ws://a/x", "WS://B/y", "ws://B/y");
	check("wss://a/x", "wss://[::1]:9/y", "wss://[::1]:9/y");
	check("wss://a:444/x", "/y", "wss://a:444/y");
	check("wss://[::1]:444/x", "y", "wss://[::1]:444/y");
	check("ws://a/x", "http://a/b/../../c/./d/..", "ws://a/c/");
	check("wss://a/x", "http://a/x", "refused");
	check("wss://a/x", "ws://b/x", "refused");
	check("ws://a/x", "redis://a", "refused");
	check("ws://a/x", "ftp://a/", "refused");
	check("ws://a/x", "mailto:a@b", "refused");
	check("ws://a/x", "javascript:alert(1)", "refused");
}

/* What a server sends but a URL must not have. */
static void
test_odd(void)
{
	char *longest = malloc(REDIRECT_MAX + 2);

	check("ws://a/x", "/a b", "ws://a/a%20b");
	check("ws://a/x", "/gr\xc3\xbc\xc3\x9f", "ws://a/gr%C3%BC%C3%9F");
	check("ws://a/x", "/a\r\nX: y", "ws://a/a%0D%0AX:%20y");
	check("ws://a/x", "/a\tb", "ws://a/a%09b");
	check("ws://a/x", "http://", "refused");
	check("ws://a/x", "///b", "refused");
	check("ws://a/x", "http://b:99999/", "refused");
	check("ws://a/x", "http://b c/", "refused");
	check("ws://a/x", "http://b\\c/", "refused");
	memset(longest, 'a', REDIRECT_MAX + 1);
	longest[REDIRECT_MAX + 1] = '\0';
	check("ws://a/x", longest, "refused");
	memset(longest, '/', REDIRECT_MAX);
	longest[REDIRECT_MAX] = '\0';
	check("ws://a/x", longest, "refused");
	free(longest);
}

static void
check_user(const char *base, const char *location, const char *user, const char *name)
{
	struct url from, to;

	url_parse(&from, base, NULL);
	tap_int(redirect_resolve(&to, &from, slice_of(location), NULL), 0, location);
	tap_text(to.user, user, name);
	url_release(&to);
	url_release(&from);
}

static void
test_users(void)
{
	check_user("ws://ann:x@a/x", "/y", "ann", "the user stays within the origin");
	check_user("ws://ann:x@a/x", "http://A:80/y", "ann", "however it is written");
	check_user("ws://ann:x@a/x", "http://b/y", NULL, "but does not go to another host");
	check_user("ws://ann:x@a/x", "http://a:81/y", NULL, "or port");
	check_user("ws://ann:x@a/x", "https://a/y", NULL, "or scheme");
	check_user("ws://a/x", "http://bob:y@b/y", NULL, "the server names none");
	check_user("ws://ann:x@a/x", "http://bob:y@a/y", "ann", "not even within the origin");
}

static void
check_head(const char *text, int result, int code, const char *name)
{
	struct http_head head;
	struct url from, to;
	struct err e = {0};

	url_parse(&from, "wss://a/x", NULL);
	if (http_head_parse(&head, text, strlen(text), 0, &e) <= 0)
		tap_ok(false, "head: %s", e.text);
	tap_int(redirect_of(&to, &from, &head, &e), result, name);
	tap_int(e.code, code, "its code");
	if (result == 1)
		url_release(&to);
	url_release(&from);
}

static void
test_heads(void)
{
	static const int all[] = {301, 302, 303, 307, 308};
	char text[100];

	for (size_t i = 0; i < COUNT(all); i++) {
		snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nlocation: /y\r\n\r\n", all[i]);
		check_head(text, 1, 0, "a redirect");
	}
	check_head("HTTP/1.1 300 X\r\nLocation: /y\r\n\r\n", 0, 0, "300 is none");
	check_head("HTTP/1.1 304 X\r\nLocation: /y\r\n\r\n", 0, 0, "304 is none");
	check_head("HTTP/1.1 201 X\r\nLocation: /y\r\n\r\n", 0, 0, "201 is none");
	check_head("HTTP/1.1 302 X\r\n\r\n", 0, 0, "nor is one without a Location");
	check_head("HTTP/1.1 302 X\r\nLocation: ws://a/x\r\n\r\n", -1, 302,
	    "not from TLS to plain");
}

static void
test_origins(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{"ws://a/x", "ws://a/y", true}, {"ws://a", "http://A:80", true},
		{"wss://a", "https://a:443", true}, {"ws://a", "wss://a", false},
		{"ws://a:443", "wss://a:443", false}, {"ws://a", "ws://a:81", false},
		{"ws://a", "ws://b", false}, {"ws://a", "ws://a.b", false},
	};

	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct url a, b;

		url_parse(&a, pairs[i].a, NULL);
		url_parse(&b, pairs[i].b, NULL);
		tap_ok(redirect_same_origin(&a, &b) == pairs[i].same, "%s and %s: %s", pairs[i].a,
		    pairs[i].b, pairs[i].same ? "the same" : "two origins");
		url_release(&a);
		url_release(&b);
	}
}

int
main(void)
{
	test_rfc();
	test_schemes();
	test_odd();
	test_users();
	test_heads();
	test_origins();
	return tap_done();
}
