/* bucket.h: a bucket of tokens: who takes one for each thing done does at most so many a second,
 * and as many at once as a second brings, at least one. Pure: the time is passed in.
 *
 * A bucket is one number, the moment at which it is full again; until then it fills by a token
 * each `cost_ns`. */
#ifndef HAIL_NODE_BUCKET_H
#define HAIL_NODE_BUCKET_H

#include <stdint.h>

/* Zeroed: everything is allowed. */
struct bucket_rate {
	uint64_t cost_ns;        /* in which a token comes */
	uint64_t room_ns;        /* in which an empty bucket is full */
};

/* Zeroed: full. */
struct bucket {
	uint64_t full_ns;
};

/* `per_s`: between one an hour and a million a second. */
struct bucket_rate bucket_rate_of(double per_s);

/* 0: took a token. Else there was none, and will be one in so many ns. */
uint64_t bucket_take(struct bucket *b, const struct bucket_rate *rate, uint64_t now_ns);

#endif
