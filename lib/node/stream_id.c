#include "lib/node/stream_id.h"

#include <inttypes.h>
#include <stdio.h>

/* Reads digits at *at and moves it; false: none, or more than 64 bits. */
static bool
take_number(uint64_t *number, const char **at, const char *end)
{
	const char *start = *at;

	*number = 0;
	for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		uint64_t digit = (uint64_t)(**at - '0');

		if (*number > (UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return *at > start;
}

bool
stream_id_parse(struct stream_id *id, const char *text, size_t len)
{
	const char *at = text, *end = text + len;

	*id = (struct stream_id){0, 0};
	if (!take_number(&id->ms, &at, end))
		return false;
	if (at == end)
		return true;
	if (*at++ != '-')
		return false;
	return take_number(&id->seq, &at, end) && at == end;
}

size_t
stream_id_text(struct stream_id id, char *into)
{
	return (size_t)snprintf(into, STREAM_ID_TEXT, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
}

int
stream_id_compare(struct stream_id a, struct stream_id b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	if (a.seq != b.seq)
		return a.seq < b.seq ? -1 : 1;
	return 0;
}

bool
stream_id_is_zero(struct stream_id id)
{
	return id.ms == 0 && id.seq == 0;
}

struct stream_id
stream_id_next(struct stream_id id)
{
	if (id.seq < UINT64_MAX)
		return (struct stream_id){id.ms, id.seq + 1};
	if (id.ms < UINT64_MAX)
		return (struct stream_id){id.ms + 1, 0};
	return id;
}

struct stream_id
stream_id_previous(struct stream_id id)
{
	if (id.seq > 0)
		return (struct stream_id){id.ms, id.seq - 1};
	if (id.ms > 0)
		return (struct stream_id){id.ms - 1, UINT64_MAX};
	return id;
}
