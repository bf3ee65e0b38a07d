#include "lib/node/limiter.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/rng.h"

enum {
	WAYS = 8,                /* in a set */
	SETS = LIMITER_CLIENTS / WAYS,
};

/* Zeroed, it is the full bucket of client 0. */
struct entry {
	uint64_t client;
	struct bucket bucket;
};

struct limiter {
	struct bucket_rate rate;
	uint64_t seed;
	struct entry entries[LIMITER_CLIENTS];
};

struct limiter *
limiter_new(const struct bucket_rate *rate)
{
	struct limiter *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->rate = *rate;
	rng_secret(&l->seed, sizeof l->seed);
	return l;
}

void
limiter_free(struct limiter *l)
{
	free(l);
}

uint64_t
limiter_client(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	uint64_t prefix = 0;
	uint32_t host = 0;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr);
	if (address->sa_family != AF_INET6)
		return 0;
	memcpy(&prefix, v6->sin6_addr.s6_addr, sizeof prefix);
	memcpy(&host, v6->sin6_addr.s6_addr + 12, sizeof host);
	return IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? ntohl(host) : be64toh(prefix);
}

static struct entry *
set_of(struct limiter *l, uint64_t client)
{
	uint64_t hash = hash_bytes(l->seed, &client, sizeof client);

	return &l->entries[(hash ^ hash >> 32) % SETS * WAYS];
}

static struct entry *
find(struct limiter *l, uint64_t client)
{
	struct entry *set = set_of(l, client), *first = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].client == client)
			return &set[i];
		if (set[i].bucket.full_ns < first->bucket.full_ns)
			first = &set[i];
	}
	*first = (struct entry){.client = client};
	return first;
}

uint64_t
limiter_take(struct limiter *l, uint64_t client, uint64_t now_ns)
{
	return bucket_take(&find(l, client)->bucket, &l->rate, now_ns);
}
