#include "lib/node/token.h"

#include <math.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"

/* "HEADER.CLAIMS.SIGNATURE" (RFC 7515, 3.1). */
struct parts {
	struct slice header, claims, signature;
	struct slice input;      /* what is signed: the first two, and the dot between */
};

static bool
split(struct slice text, struct parts *p)
{
	struct slice rest = text, more;

	p->header = slice_cut(&rest, '.');
	p->claims = slice_cut(&rest, '.');
	more = rest;
	p->signature = slice_cut(&more, '.');
	p->input = (struct slice){text.data, p->header.len + 1 + p->claims.len};
	return rest.data != NULL && more.data == NULL;
}

/* Compares the texts: a signature has one spelling only. */
static bool
is_signed(const struct parts *p, struct slice secret)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char want[2 * EVP_MAX_MD_SIZE];
	unsigned size = 0;
	size_t len;

	if (HMAC(EVP_sha256(), secret.data, (int)secret.len,
	    (const unsigned char *)p->input.data, p->input.len, digest, &size) == NULL)
		return false;
	len = base64url_encode(want, digest, size);
	return p->signature.len == len && CRYPTO_memcmp(p->signature.data, want, len) == 0;
}

/* The URL alphabet, without padding (RFC 7515, 2). */
static bool
is_base64url(struct slice part)
{
	for (size_t i = 0; i < part.len; i++)
		if (strchr("+/=", part.data[i]) != NULL)
			return false;
	return true;
}

/* The JSON object that a part stands for; NULL when it does not. */
static json_t *
read_part(struct slice part)
{
	char *bytes = malloc(part.len / 4 * 3 + 3);
	json_t *object = NULL;
	ssize_t len = -1;

	if (bytes != NULL && is_base64url(part))
		len = base64_decode(bytes, part.data, part.len);
	if (len >= 0)
		object = json_loadb(bytes, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
	free(bytes);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static const char *
check_header(struct slice part)
{
	json_t *header = read_part(part);
	const char *alg = json_string_value(json_object_get(header, "alg")), *bad = NULL;

	if (header == NULL)
		bad = "the header of the token is no JSON object in base64url";
	else if (alg == NULL || strcmp(alg, "HS256") != 0)
		bad = "the alg of the token is not HS256";
	else if (json_object_get(header, "crit") != NULL)
		bad = "the crit of the token names what is not understood";
	json_decref(header);
	return bad;
}

/* A NumericDate (RFC 7519, 2), which may have a fraction. What is not there stays. */
static bool
read_date(const json_t *claims, const char *name, double *date)
{
	const json_t *value = json_object_get(claims, name);

	if (value == NULL)
		return true;
	*date = json_number_value(value);
	return json_is_number(value);
}

static bool
are_names(const json_t *topics)
{
	for (size_t i = 0; i < json_array_size(topics); i++)
		if (!json_is_string(json_array_get(topics, i)))
			return false;
	return json_is_array(topics);
}

static const char *
check_claims(struct token *t, const json_t *claims, double now)
{
	json_t *topics = json_object_get(claims, "topics");
	double begins = -INFINITY;

	if (claims == NULL)
		return "the claims of the token are no JSON object in base64url";
	if (!read_date(claims, "exp", &t->expires))
		return "the exp of the token is not a number";
	if (!read_date(claims, "nbf", &begins))
		return "the nbf of the token is not a number";
	if (now >= t->expires)
		return "the token has expired";
	if (now < begins)
		return "the token is not valid yet";
	if (topics != NULL && !are_names(topics))
		return "the topics of the token are not an array of strings";
	t->topics = json_incref(topics);
	return NULL;
}

const char *
token_check(struct token *t, struct slice text, struct slice secret, double now)
{
	struct parts parts;
	json_t *claims;
	const char *bad;

	*t = (struct token){.expires = INFINITY};
	if (!split(text, &parts))
		return "the token is not three parts with dots between them";
	bad = check_header(parts.header);
	if (bad != NULL)
		return bad;
	if (!is_signed(&parts, secret))
		return "the signature of the token is not right";
	claims = read_part(parts.claims);
	bad = check_claims(t, claims, now);
	json_decref(claims);
	return bad;
}

bool
token_allows(const struct token *t, struct slice topic)
{
	for (size_t i = 0; i < json_array_size(t->topics); i++) {
		const char *name = json_string_value(json_array_get(t->topics, i));
		size_t len = strlen(name);

		if (slice_eq(topic, name))
			return true;
		if (len > 0 && name[len - 1] == '*' && topic.len >= len - 1 &&
		    memcmp(topic.data, name, len - 1) == 0)
			return true;
	}
	return t->topics == NULL;
}

void
token_release(struct token *t)
{
	json_decref(t->topics);
	t->topics = NULL;
}
