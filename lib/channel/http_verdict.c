#include "lib/channel/http_verdict.h"

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/codec/http_head.h"

void
http_verdict_refuse(const struct http_head *head, struct err *e)
{
	err_set(e, ERR_HTTP, head->status, "the server answered %d%s%.*s", head->status,
	    head->reason.len > 0 ? " " : "", head->reason.len < 120 ? (int)head->reason.len : 120,
	    head->reason.len > 0 ? head->reason.data : "");
}

bool
http_verdict_is_final(const struct err *why)
{
	if (why->class != ERR_HTTP)
		return true;
	return why->code >= 400 && why->code < 500 && why->code != 408 && why->code != 425 &&
	    why->code != 429;
}

bool
http_verdict_is_type(struct slice content_type, const char *name)
{
	return slice_eq_nocase(slice_trim(slice_cut(&content_type, ';')), name);
}

uint64_t
http_verdict_retry_after(const struct http_head *head)
{
	struct slice value = http_head_field(head, "Retry-After");
	uint64_t seconds = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return 0;
		if (seconds <= HTTP_VERDICT_RETRY_MAX_S)
			seconds = 10 * seconds + (uint64_t)(value.data[i] - '0');
	}
	return (seconds < HTTP_VERDICT_RETRY_MAX_S ? seconds : HTTP_VERDICT_RETRY_MAX_S) * NS_PER_S;
}
