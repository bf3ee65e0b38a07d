#include "lib/base/distance.h"

#include <stdint.h>

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Three rows at a time: a swap looks back two. */
size_t
distance_between(struct slice a, struct slice b, size_t most)
{
	size_t rows[3][DISTANCE_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];

	if (a.len > DISTANCE_MAX || b.len > DISTANCE_MAX)
		return SIZE_MAX;
	if ((a.len > b.len && a.len - b.len > most) || (b.len > a.len && b.len - a.len > most))
		return most + 1;
	for (size_t j = 0; j <= b.len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			row[j] = least(least(last[j] + 1, row[j - 1] + 1),
			    last[j - 1] + (a.data[i - 1] != b.data[j - 1]));
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[b.len];
}
