/* node_token_fuzz.c: whatever is signed is judged in a sentence that may stand in quotes, and what
 * nobody signed is never taken. */
#include "lib/node/token.h"

#include <openssl/hmac.h>

#include "lib/base/base64.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1700000000.5

static const struct slice secret = {"a secret", 8};

/* Judges exactly these bytes; the token is released. */
static const char *
judge(const char *text, size_t len)
{
	char *copy = copy_of(text, len);
	struct token t;
	const char *bad = token_check(&t, (struct slice){copy, len}, secret, NOW);

	require(bad != NULL || t.expires > NOW);
	require(bad == NULL || (strpbrk(bad, "\"\\\r\n") == NULL && t.topics == NULL));
	if (bad == NULL)
		token_allows(&t, (struct slice){copy, len < 200 ? len : 200});
	token_release(&t);
	free(copy);
	return bad;
}

/* "HEADER.CLAIMS." and, unless `size` is 0, the signature. */
static size_t
write_token(char *into, struct slice header, struct slice claims, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE] = {0};
	char *at = into;

	at += base64url_encode(at, header.data, header.len);
	*at++ = '.';
	at += base64url_encode(at, claims.data, claims.len);
	require(HMAC(EVP_sha256(), secret.data, (int)secret.len, (unsigned char *)into,
	    (size_t)(at - into), digest, NULL) != NULL);
	*at++ = '.';
	at += base64url_encode(at, digest, size);
	return (size_t)(at - into);
}

/* A header up to the first newline, the claims behind it; and all of it as a token. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice claims = {(const char *)data, size}, header = slice_cut(&claims, '\n');
	char *text = malloc(base64_length(size) + base64_length(32) + 16);

	require(text != NULL);
	judge(text, write_token(text, header, claims, 32));
	require(judge(text, write_token(text, header, claims, 31)) != NULL);
	require(judge(text, write_token(text, header, claims, 0)) != NULL);
	require(judge((const char *)data, size) != NULL);
	free(text);
	return 0;
}
