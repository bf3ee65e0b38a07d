/* fuzz.h: what fuzzers have in common. A promise that is broken ends the process; bytes come in
 * memory of their own size, so that the sanitizer sees a read beyond them. */
#ifndef HAIL_TESTS_FUZZ_H
#define HAIL_TESTS_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/rng.h"
#include "lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
require(bool promise)
{
	if (!promise)
		abort();
}

static inline void
require_same(const struct buf *a, const struct buf *b)
{
	require(a->len == b->len);
	require(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* The sentence of an error: one line of UTF-8. */
static inline void
require_sentence(const char *text)
{
	require(text[0] != '\0' && utf8_valid(text, strlen(text)));
	require(strpbrk(text, "\r\n\033") == NULL);
}

/* How many of the `left` bytes come next: 1 to 20, or all without `cuts`. */
static inline size_t
next_piece(struct rng *cuts, size_t left)
{
	size_t n = cuts != NULL ? 1 + rng_u64(cuts) % 20 : left;

	return n < left ? n : left;
}

/* A copy, which the caller frees. */
static inline void *
copy_of(const void *data, size_t len)
{
	void *copy = malloc(len + (len == 0));

	require(copy != NULL);
	memcpy(copy, data, len);
	return copy;
}

#endif
