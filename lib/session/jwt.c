#include "lib/session/jwt.h"

#include <jansson.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "lib/base/units.h"
#include "lib/base/utf8.h"

enum { VALUE_MAX = 65536 };      /* bytes of a claim once {conn} is filled in */

static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

/* What one token is made of. */
struct mint {
	json_t *claims;
	uint64_t conn;
	int64_t now;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for a token");
}

/* The value with {conn} filled in and a NUL. */
static int
expand(struct buf *into, const char *value, uint64_t conn)
{
	static const char name[] = "{conn}";
	const char *at;

	while ((at = strstr(value, name)) != NULL) {
		if (buf_add(into, value, (size_t)(at - value)) != 0 ||
		    buf_addf(into, "%llu", (unsigned long long)conn) != 0)
			return -1;
		value = at + sizeof name - 1;
	}
	return buf_add(into, value, strlen(value) + 1);
}

/* The names whose values are dates (RFC 7519, 4.1.4 to 4.1.6). */
static bool
is_date(const char *name)
{
	return strcmp(name, "exp") == 0 || strcmp(name, "nbf") == 0 || strcmp(name, "iat") == 0;
}

/* "+1h" and "-5m"; NULL when it is neither. */
static json_t *
relative_date(const char *value, int64_t now)
{
	uint64_t ns;

	if ((*value != '+' && *value != '-') || units_duration(value + 1, &ns, NULL) != 0)
		return NULL;
	return json_integer(now + (*value == '-' ? -1 : 1) * (int64_t)(ns / NS_PER_S));
}

static json_t *
make_value(const char *name, const char *value, int64_t now, struct err *e)
{
	json_t *made = relative_date(value, now);

	if (made != NULL && is_date(name))
		return made;
	json_decref(made);
	made = json_loads(value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (is_date(name) && !json_is_number(made)) {
		json_decref(made);
		err_set(e, ERR_USAGE, 0, "%s=%.100s: expected seconds since 1970, or a duration "
		    "from now such as +1h or -5m", name, value);
		return NULL;
	}
	if (made == NULL)
		made = json_string_nocheck(value);
	if (made == NULL)
		no_memory(e);
	return made;
}

static int
add_claim(struct mint *m, const char *claim, struct err *e)
{
	struct slice value = slice_of(claim), name = slice_cut(&value, '=');
	char key[128];
	struct buf text;
	json_t *made = NULL;

	if (name.len == 0 || name.len >= sizeof key || value.data == NULL)
		return err_set(e, ERR_USAGE, 0, "'%.100s' is not NAME=VALUE", claim);
	if (!utf8_valid(claim, strlen(claim)))
		return err_set(e, ERR_USAGE, 0, "'%.100s' is not UTF-8", claim);
	snprintf(key, sizeof key, "%.*s", (int)name.len, name.data);
	if (json_object_get(m->claims, key) != NULL)
		return err_set(e, ERR_USAGE, 0, "'%s' is given twice", key);
	buf_init(&text, VALUE_MAX);
	if (expand(&text, value.data, m->conn) != 0)
		err_set(e, ERR_USAGE, 0, "'%s' is longer than %d bytes", key, VALUE_MAX);
	else
		made = make_value(key, (const char *)text.data, m->now, e);
	buf_release(&text);
	if (made == NULL)
		return -1;
	return json_object_set_new_nocheck(m->claims, key, made) == 0 ? 0 : no_memory(e);
}

/* Signs "header.payload" and joins all three (RFC 7515, 5.1). */
static char *
sign(const char *secret, const char *payload)
{
	size_t len = strlen(payload);
	size_t room = base64_length(sizeof header - 1) + base64_length(len) +
	    base64_length(EVP_MAX_MD_SIZE) + 3;
	uint8_t digest[EVP_MAX_MD_SIZE];
	char *token = malloc(room), *at = token;
	unsigned size = 0;

	if (token == NULL)
		return NULL;
	at += base64url_encode(at, header, sizeof header - 1);
	*at++ = '.';
	at += base64url_encode(at, payload, len);
	if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)token,
	    (size_t)(at - token), digest, &size) == NULL) {
		free(token);
		return NULL;
	}
	*at++ = '.';
	base64url_encode(at, digest, size);
	return token;
}

char *
jwt_mint(const char *secret, const char *const *claims, size_t claim_count, uint64_t conn,
    int64_t now, struct err *e)
{
	struct mint m = {json_object(), conn, now};
	char *payload = NULL, *token = NULL;
	bool fine = m.claims != NULL;

	if (!fine)
		no_memory(e);
	for (size_t i = 0; fine && i < claim_count; i++)
		fine = add_claim(&m, claims[i], e) == 0;
	if (fine && json_object_get(m.claims, "iat") == NULL)
		json_object_set_new(m.claims, "iat", json_integer(now));
	if (fine) {
		payload = json_dumps(m.claims, JSON_COMPACT);
		token = payload != NULL ? sign(secret, payload) : NULL;
		if (token == NULL)
			no_memory(e);
	}
	free(payload);
	json_decref(m.claims);
	return token;
}
