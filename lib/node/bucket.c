#include "lib/node/bucket.h"

#include "lib/base/clock.h"

/* The cost is rounded down, so that what a second brings has room in a second. */
struct bucket_rate
bucket_rate_of(double per_s)
{
	uint64_t cost = (uint64_t)((double)NS_PER_S / per_s);
	uint64_t burst = per_s < 1 ? 1 : (uint64_t)per_s;

	return (struct bucket_rate){cost, cost * burst};
}

uint64_t
bucket_take(struct bucket *b, const struct bucket_rate *rate, uint64_t now_ns)
{
	uint64_t full = (b->full_ns > now_ns ? b->full_ns : now_ns) + rate->cost_ns;

	if (full - now_ns > rate->room_ns)
		return full - now_ns - rate->room_ns;
	b->full_ns = full;
	return 0;
}
