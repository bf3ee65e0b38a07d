#include "lib/base/rng.h"

#include <math.h>
#include <sys/random.h>

static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
rng_init(struct rng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix(&seed);
}

static uint64_t
rotate(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

uint64_t
rng_u64(struct rng *r)
{
	uint64_t result = rotate(r->s[1] * 5, 7) * 9;
	uint64_t shifted = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= shifted;
	r->s[3] = rotate(r->s[3], 45);
	return result;
}

double
rng_double(struct rng *r)
{
	return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

double
rng_exponential(struct rng *r)
{
	return -log1p(-rng_double(r));
}

void
rng_secret(void *into, size_t len)
{
	char *at = into;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got <= 0)
			continue;
		at += got;
		len -= (size_t)got;
	}
}
