/* rng.h: a small seeded generator (xoshiro256**, seeded by splitmix64, both by Blackman and
 * Vigna): repeatable runs, frame masks. Nothing secret comes from it; see rng_secret. */
#ifndef HAIL_BASE_RNG_H
#define HAIL_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);

uint64_t rng_u64(struct rng *r);

/* Even in [0, 1). */
double rng_double(struct rng *r);

/* Exponential with mean 1: the gaps of a Poisson process of rate 1. */
double rng_exponential(struct rng *r);

/* Bytes from the kernel: handshake keys, masks that a proxy must not guess (RFC 6455, 10.3),
 * seeds. Never fails: the kernel's generator is there before any process is. */
void rng_secret(void *into, size_t len);

#endif
