/* node_token_test.c: tokens that are good, and all the ways in which they are not. */
#include "lib/node/token.h"

#include <math.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/session/jwt.h"
#include "tests/unit/tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SECRET "a secret"
#define NOW 1700000000.5
#define GOOD_HEADER "{\"alg\":\"HS256\"}"

/* "HEADER.CLAIMS.SIGNATURE", rightly signed, of any bytes; the caller's to free. */
static char *
make(const char *header, const void *claims, size_t len)
{
	size_t room = base64_length(strlen(header)) + base64_length(len) + 64;
	char *token = malloc(room), *at = token;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	at += base64url_encode(at, header, strlen(header));
	*at++ = '.';
	at += base64url_encode(at, claims, len);
	HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (unsigned char *)token,
	    (size_t)(at - token), digest, &size);
	*at++ = '.';
	base64url_encode(at, digest, size);
	return token;
}

/* In memory that ends where the token does. */
static const char *
check(struct token *t, const char *text, size_t len, const char *secret, double now)
{
	char *guarded = tap_guard(text, len);
	const char *bad = token_check(t, (struct slice){guarded, len}, slice_of(secret), now);

	tap_guard_free(guarded, len);
	return bad;
}

/* Whether the claims are taken at NOW; `want`: a part of the sentence, NULL for yes. */
static void
try_bytes(const char *header, const void *claims, size_t len, const char *want,
    const char *name)
{
	char *text = make(header, claims, len);
	struct token t;
	const char *bad = check(&t, text, strlen(text), SECRET, NOW);

	tap_ok(want == NULL ? bad == NULL : bad != NULL && strstr(bad, want) != NULL,
	    "%.60s: %s", name, bad != NULL ? bad : "taken");
	if (bad == NULL)
		token_release(&t);
	free(text);
}

static void
try_claims(const char *claims, const char *want)
{
	try_bytes(GOOD_HEADER, claims, strlen(claims), want, claims);
}

static void
try_text(const char *text, const char *want)
{
	struct token t;
	const char *bad = check(&t, text, strlen(text), SECRET, NOW);

	tap_ok(bad != NULL && strstr(bad, want) != NULL, "'%.50s': %s", text,
	    bad != NULL ? bad : "taken");
}

/* RFC 7515, A.1: the key has bytes of all kinds, the header a line break. */
static void
test_rfc(void)
{
	static const char key64[] = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"
	    "aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
	static const char text[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
	    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
	    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
	    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	char key[80];
	ssize_t len = base64_decode(key, key64, strlen(key64));
	const struct slice secret = {key, (size_t)len};
	struct token t;

	tap_int(len, 64, "RFC 7515, A.1: the key");
	tap_ok(token_check(&t, slice_of(text), secret, 1300819379.9) == NULL, "good before");
	tap_ok(t.expires == 1300819380 && t.topics == NULL, "it says until when");
	token_release(&t);
	tap_text(token_check(&t, slice_of(text), secret, 1300819380), "the token has expired",
	    "and not a moment longer");
	tap_text(token_check(&t, slice_of(text), (struct slice){key, 63}, 0),
	    "the signature of the token is not right", "the key but for a byte");
}

static void
test_minted(void)
{
	static const char *const claims[] = {"exp=+1h", "nbf=-1m", "sub=user{conn}",
	    "topics=[\"room\"]"};
	char *text = jwt_mint(SECRET, claims, COUNT(claims), 7, (int64_t)NOW, NULL);
	struct token t;

	tap_ok(check(&t, text, strlen(text), SECRET, NOW) == NULL, "the client's is taken");
	tap_ok(t.expires == (int64_t)NOW + 3600, "with its exp");
	tap_ok(token_allows(&t, slice_of("room")) && !token_allows(&t, slice_of("hall")),
	    "and its topics");
	token_release(&t);
	tap_text(check(&t, text, strlen(text), "a secres", NOW),
	    "the signature of the token is not right", "not by another secret");
	free(text);
}

/* Not one character may differ, be missing or be added. */
static void
test_changed(void)
{
	char *text = make(GOOD_HEADER, "{\"sub\":\"ann\"}", 13), *other = malloc(strlen(text) + 2);
	size_t len = strlen(text), taken = 0;
	struct token t;

	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(other, text, len + 1);
			other[i] = (char)(other[i] ^ 1 << bit);
			taken += check(&t, other, len, SECRET, NOW) == NULL;
		}
		taken += check(&t, text, i, SECRET, NOW) == NULL;
	}
	for (int c = 0; c < 256; c++) {
		memcpy(other, text, len);
		other[len] = (char)c;
		taken += check(&t, other, len + 1, SECRET, NOW) == NULL;
	}
	tap_int((long long)taken, 0, "a token that differs anywhere is not taken");
	tap_ok(check(&t, text, len, SECRET, NOW) == NULL, "the token itself is");
	token_release(&t);
	free(other);
	free(text);
}

static void
test_form(void)
{
	static const char *const parts[] = {"", ".", "a", "a.b", "a.b.c.d", "a.b.c.", "....",
	    "Bearer"};

	for (size_t i = 0; i < COUNT(parts); i++)
		try_text(parts[i], "three parts");
	try_text("..", "header");
	try_text("a.b.c", "header");
	try_text("!!!!.e30.x", "header");
	try_text("e30=.e30.x", "header");
	try_text("bnVsbA.e30.x", "header");                      /* null */
	try_text("W10.e30.x", "header");                         /* [] */
	try_text("e30.e30.x", "alg");                            /* {} */
	try_text("eyJhbGciOiJIUzI1NiJ9..", "signature");
	try_text("eyJhbGciOiJIUzI1NiJ9.e30.", "signature");
	/* {"alg":"none"} as RFC 7519, 6.1 has it: no signature */
	try_text("eyJhbGciOiJub25lIn0.e30.", "alg");
}

static void
test_headers(void)
{
	static const struct {
		const char *header, *want;
	} rows[] = {
		{"{\"typ\":\"JWT\",\"alg\":\"HS256\"}", NULL},
		{" { \"alg\" : \"HS256\" , \"kid\" : \"1\" } ", NULL},
		{"{\"alg\":\"none\"}", "alg"},
		{"{\"alg\":\"None\"}", "alg"},
		{"{\"alg\":\"RS256\"}", "alg"},
		{"{\"alg\":\"HS512\"}", "alg"},
		{"{\"alg\":\"hs256\"}", "alg"},
		{"{\"alg\":\"HS256 \"}", "alg"},
		{"{\"alg\":\"\"}", "alg"},
		{"{\"alg\":null}", "alg"},
		{"{\"alg\":[\"HS256\"]}", "alg"},
		{"{\"typ\":\"JWT\"}", "alg"},
		{"{\"alg\":\"none\",\"alg\":\"HS256\"}", "header"},
		{"{\"alg\":\"HS256\\u0000\"}", "header"},
		{"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", "crit"},
		{"{\"alg\":\"HS256\"} x", "header"},
		{"{\"alg\":\"HS256\"", "header"},
		{"{\"alg\":\"HS256\",\"x\":\"\xff\"}", "header"},
		{"\"HS256\"", "header"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		try_bytes(rows[i].header, "{}", 2, rows[i].want, rows[i].header);
}

static void
test_dates(void)
{
	try_claims("{}", NULL);
	try_claims("{\"exp\":1700000001}", NULL);
	try_claims("{\"exp\":1700000000.75}", NULL);
	try_claims("{\"exp\":1700000000.5}", "expired");
	try_claims("{\"exp\":1700000000}", "expired");
	try_claims("{\"exp\":0}", "expired");
	try_claims("{\"exp\":-1}", "expired");
	try_claims("{\"exp\":-1e300}", "expired");
	try_claims("{\"exp\":1e300}", NULL);
	try_claims("{\"exp\":9223372036854775807}", NULL);
	try_claims("{\"exp\":9223372036854775808}", "claims");
	try_claims("{\"exp\":1e400}", "claims");
	try_claims("{\"exp\":\"1800000000\"}", "exp");
	try_claims("{\"exp\":null}", "exp");
	try_claims("{\"exp\":true}", "exp");
	try_claims("{\"exp\":[1800000000]}", "exp");
	try_claims("{\"exp\":NaN}", "claims");
	try_claims("{\"nbf\":1700000000}", NULL);
	try_claims("{\"nbf\":1700000000.5}", NULL);
	try_claims("{\"nbf\":1700000001}", "not valid yet");
	try_claims("{\"nbf\":1e300}", "not valid yet");
	try_claims("{\"nbf\":-1e300}", NULL);
	try_claims("{\"nbf\":\"0\"}", "nbf");
	try_claims("{\"nbf\":{}}", "nbf");
	try_claims("{\"iat\":1e300,\"aud\":7}", NULL);
}

static void
test_hostile_claims(void)
{
	enum { DEEP = 100000, LONG = 1 << 20 };
	char *deep = malloc(LONG);

	try_claims("", "claims");
	try_claims("[]", "claims");
	try_claims("{\"exp\":1700000001,\"exp\":1900000000}", "claims");
	try_claims("{\"sub\":\"a\\u0000b\"}", "claims");
	try_claims("{\"sub\":\"\xc3\x28\"}", "claims");
	try_bytes(GOOD_HEADER, "{\"a\":\"\0\"}", 9, "claims", "a NUL in a string");
	try_bytes(GOOD_HEADER, "{}\0", 3, "claims", "a NUL behind");
	memset(deep, '[', DEEP);
	try_bytes(GOOD_HEADER, deep, DEEP, "claims", "deep");
	memcpy(deep, "{\"a\":", 5);
	memset(deep + 5, '[', DEEP);
	memset(deep + 5 + DEEP, ']', DEEP);
	deep[5 + 2 * DEEP] = '}';
	try_bytes(GOOD_HEADER, deep, 6 + 2 * DEEP, "claims", "deep and closed");
	memset(deep, 'x', LONG);
	memcpy(deep, "{\"a\":\"", 6);
	memcpy(deep + LONG - 2, "\"}", 2);
	try_bytes(GOOD_HEADER, deep, LONG, NULL, "a mebibyte");
	free(deep);
}

static void
try_topic(const char *claims, const char *topic, bool want)
{
	char *text = make(GOOD_HEADER, claims, strlen(claims));
	size_t len = strlen(topic);
	char *guarded = tap_guard(topic, len);
	struct token t;

	tap_ok(check(&t, text, strlen(text), SECRET, NOW) == NULL &&
	    token_allows(&t, (struct slice){guarded, len}) == want, "%s: '%s' is %s", claims,
	    topic, want ? "allowed" : "not allowed");
	token_release(&t);
	tap_guard_free(guarded, len);
	free(text);
}

static void
test_topics(void)
{
	try_topic("{}", "any", true);
	try_topic("{\"topics\":[]}", "any", false);
	try_topic("{\"topics\":[\"a\",\"room\"]}", "room", true);
	try_topic("{\"topics\":[\"room\"]}", "rooms", false);
	try_topic("{\"topics\":[\"room\"]}", "roo", false);
	try_topic("{\"topics\":[\"room-*\"]}", "room-1", true);
	try_topic("{\"topics\":[\"room-*\"]}", "room-", true);
	try_topic("{\"topics\":[\"room-*\"]}", "room", false);
	try_topic("{\"topics\":[\"*\"]}", "any", true);
	try_topic("{\"topics\":[\"\"]}", "any", false);
	try_topic("{\"topics\":[\"*x\"]}", "x", false);
	try_topic("{\"topics\":[\"gr\\u00fc*\"]}", "gr\xc3\xbc\xc3\x9f", true);
	try_claims("{\"topics\":\"room\"}", "topics");
	try_claims("{\"topics\":[1]}", "topics");
	try_claims("{\"topics\":null}", "topics");
	try_claims("{\"topics\":{\"room\":1}}", "topics");
	try_claims("{\"topics\":[\"a\",[\"b\"]]}", "topics");
}

int
main(void)
{
	test_rfc();
	test_minted();
	test_changed();
	test_form();
	test_headers();
	test_dates();
	test_hostile_claims();
	test_topics();
	return tap_done();
}
