/* token.h: JSON Web Tokens signed with HS256 (RFC 7519, RFC 7515), as a node checks them. Pure:
 * the time is passed in. Its own code, not that of the client which makes them. */
#ifndef HAIL_NODE_TOKEN_H
#define HAIL_NODE_TOKEN_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/base/slice.h"

struct token {
	double expires;          /* seconds since 1970; INFINITY: never */
	json_t *topics;          /* an array of strings; NULL: all topics */
};

/* `now`: seconds since 1970. NULL: it is good, and *t to be released. Else why it is not, a
 * sentence that may stand in quotes, and *t holds nothing. Nobody who does not know the secret
 * gets further than to the header with what he writes: a signature comes before the claims. */
const char *token_check(struct token *t, struct slice text, struct slice secret, double now);

/* Whether the claim "topics" names that topic, or a prefix of it that ends in '*'. */
bool token_allows(const struct token *t, struct slice topic);

void token_release(struct token *t);

#endif
