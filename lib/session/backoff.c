#include "lib/session/backoff.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/base/units.h"

uint64_t
backoff_wait(const struct backoff *b, unsigned attempt, struct rng *rng)
{
	uint64_t bound = b->min, wait;

	while (attempt-- > 0 && bound > 0 && bound < b->max)
		bound = bound > b->max / 2 ? b->max : bound * 2;
	if (bound > b->max)
		bound = b->max;
	wait = (uint64_t)(rng_double(rng) * ((double)bound + 1));
	return wait < bound ? wait : bound;
}

int
backoff_parse(struct backoff *b, const char *text, struct err *e)
{
	const char *dots = strstr(text, "..");
	struct backoff parsed;
	char first[32];

	if (dots == NULL || dots - text >= (int)sizeof first)
		return err_set(e, ERR_USAGE, 0, "'%.100s' is not MIN..MAX, two durations such as "
		    "500ms..30s", text);
	snprintf(first, sizeof first, "%.*s", (int)(dots - text), text);
	if (units_duration(first, &parsed.min, e) != 0 ||
	    units_duration(dots + 2, &parsed.max, e) != 0)
		return -1;
	if (parsed.min == 0 || parsed.min > parsed.max)
		return err_set(e, ERR_USAGE, 0, "'%.100s': expected MIN to be more than nothing "
		    "and not beyond MAX", text);
	*b = parsed;
	return 0;
}
