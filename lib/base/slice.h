/* slice.h: lent bytes. A slice owns nothing; whoever lends it says how long it lives. */
#ifndef HAIL_BASE_SLICE_H
#define HAIL_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
	const char *data;
	size_t len;
};

/* The bytes of a NUL-terminated string, without the NUL. */
struct slice slice_of(const char *text);

bool slice_eq(struct slice a, const char *text);

/* Equal but for the case of ASCII letters, as HTTP compares field names (RFC 9110, 5.1). */
bool slice_eq_nocase(struct slice a, const char *text);

/* The slice without spaces and tabs at both ends (RFC 9110, OWS). */
struct slice slice_trim(struct slice a);

/* Splits at the first `sep`: returns what stands before it and leaves what follows in *rest.
 * Without a `sep` all is returned and *rest becomes empty with data NULL. */
struct slice slice_cut(struct slice *rest, char sep);

/* Whether the comma-separated list `a` holds `token`, ASCII case ignored (RFC 9110, 5.6.1). */
bool slice_has_token(struct slice a, const char *token);

#endif
