/* jwt_test.c: tokens as others make them (RFC 7515, RFC 7519). */
#include "lib/session/jwt.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { NOW = 1700000000 };

/* The claims of a token as JSON with sorted keys; the caller's to free. */
static char *
claims_of(const char *token)
{
	const char *dot = token != NULL ? strchr(token, '.') : NULL;
	const char *end = dot != NULL ? strchr(dot + 1, '.') : NULL;
	json_t *claims;
	char bytes[8192], *text;
	ssize_t len;

	if (end == NULL)
		return NULL;
	len = base64_decode(bytes, dot + 1, (size_t)(end - dot - 1));
	claims = len < 0 ? NULL : json_loadb(bytes, (size_t)len, 0, NULL);
	text = json_dumps(claims, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(claims);
	return text;
}

static void
check(const char *claim, const char *want)
{
	struct err e = {0};
	const char *const claims[] = {claim, "iat=1"};
	char *token = jwt_mint("s", claims, 2, 42, NOW, &e), *got = claims_of(token);

	tap_text(got, want, want);
	free(got);
	free(token);
}

/* The example that every page about tokens shows; its signature is known. */
static void
test_vector(void)
{
	static const char *const claims[] = {"sub=\"1234567890\"", "name=John Doe",
	    "iat=1516239022"};
	struct err e = {0};
	char *token = jwt_mint("your-256-bit-secret", claims, COUNT(claims), 0, NOW, &e);

	tap_text(token, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
	    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ."
	    "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c", "the token of jwt.io");
	free(token);
}

static void
test_values(void)
{
	check("a=1", "{\"a\":1,\"iat\":1}");
	check("a=-1.5", "{\"a\":-1.5,\"iat\":1}");
	check("a=true", "{\"a\":true,\"iat\":1}");
	check("a=null", "{\"a\":null,\"iat\":1}");
	check("a=[1,\"b\"]", "{\"a\":[1,\"b\"],\"iat\":1}");
	check("a={\"b\":{}}", "{\"a\":{\"b\":{}},\"iat\":1}");
	check("a=\"1\"", "{\"a\":\"1\",\"iat\":1}");
	check("a=text", "{\"a\":\"text\",\"iat\":1}");
	check("a=", "{\"a\":\"\",\"iat\":1}");
	check("a=b=c", "{\"a\":\"b=c\",\"iat\":1}");
	check("a=007", "{\"a\":\"007\",\"iat\":1}");
	check("a=[1", "{\"a\":\"[1\",\"iat\":1}");
	check("a=gr\xc3\xbc\xc3\x9f", "{\"a\":\"gr\xc3\xbc\xc3\x9f\",\"iat\":1}");
	check("a=99999999999999999999", "{\"a\":\"99999999999999999999\",\"iat\":1}");
	check("a=say \"x\"\n", "{\"a\":\"say \\\"x\\\"\\n\",\"iat\":1}");
	check("a=user{conn}", "{\"a\":\"user42\",\"iat\":1}");
	check("a={conn}", "{\"a\":42,\"iat\":1}");
	check("a={\"n\":{conn},\"m\":\"{conn}-{conn}\"}",
	    "{\"a\":{\"m\":\"42-42\",\"n\":42},\"iat\":1}");
	check("a={con}", "{\"a\":\"{con}\",\"iat\":1}");
	check("a=+1h", "{\"a\":\"+1h\",\"iat\":1}");
	check("exp=+1h", "{\"exp\":1700003600,\"iat\":1}");
	check("exp=-90s", "{\"exp\":1699999910,\"iat\":1}");
	check("nbf=+1m30s", "{\"iat\":1,\"nbf\":1700000090}");
	check("exp=5", "{\"exp\":5,\"iat\":1}");
}

static void
test_issued_at(void)
{
	char *token = jwt_mint("s", NULL, 0, 0, NOW, NULL), *claims = claims_of(token), *other;

	tap_text(claims, "{\"iat\":1700000000}", "iat is there unasked");
	other = jwt_mint("s", NULL, 0, 0, NOW, NULL);
	tap_text(other, token, "the same again is the same");
	free(other);
	other = jwt_mint("t", NULL, 0, 0, NOW, NULL);
	tap_ok(strcmp(other, token) != 0, "another secret, another signature");
	free(other);
	free(token);
	free(claims);
	token = jwt_mint("s", (const char *const[]){"iat=-1m"}, 1, 0, NOW, NULL);
	claims = claims_of(token);
	tap_text(claims, "{\"iat\":1699999940}", "or what is asked for");
	free(token);
	free(claims);
}

static void
test_refused(void)
{
	static const char *const bad[][2] = {{"a", "'a'"}, {"", "NAME=VALUE"}, {"=1", "'=1'"},
	    {"exp=1h", "exp=1h"}, {"exp=tomorrow", "+1h"}, {"nbf=", "nbf="}, {"iat=+x", "iat=+x"},
	    {"exp=true", "seconds"}, {"a=\xff", "UTF-8"}, {"\xc3=1", "UTF-8"}, {"b=1", "twice"},
	    {"exp=+99999999999d", "exp"}};
	struct err e;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *const claims[] = {"b=2", bad[i][0]};

		e = (struct err){0};
		tap_ok(jwt_mint("s", claims, 2, 0, NOW, &e) == NULL && e.class == ERR_USAGE &&
		    strstr(e.text, bad[i][1]) != NULL, "refused: %s", e.text);
	}
}

int
main(void)
{
	test_vector();
	test_values();
	test_issued_at();
	test_refused();
	return tap_done();
}
