#include "bench/run/payloads.h"

#include <stdlib.h>
#include <string.h>

#include "bench/plan/plan.h"
#include "bench/run/fleet.h"
#include "bench/run/names.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { GREETING_MAX = 1 << 20 };

static bool
tells_senders_apart(const char *template)
{
	return strstr(template, "{topic}") != NULL || strstr(template, "{conn}") != NULL ||
	    strstr(template, "{node}") != NULL || strstr(template, "{token}") != NULL;
}

static int
make_one(struct payload *p, const char *template, const struct plan *plan,
    const struct fleet *f, uint64_t conn, struct err *e)
{
	struct names names;
	int result;

	if (names_make(&names, plan, fleet_client(f), fleet_target(f, conn), conn, e) != 0)
		return -1;
	result = payload_make(p, template, plan->size, &names.values, e);
	names_release(&names);
	return result;
}

int
payloads_make(struct payloads *p, const struct plan *plan, const struct fleet *f,
    const uint32_t *senders, uint32_t count, struct err *e)
{
	const char *template =
	    dialect_payload(&plan->dialect, plan->publish_by != PLAN_BY_SOCKET);
	uint32_t wanted = tells_senders_apart(template) ? count : 1;

	*p = (struct payloads){.list = calloc(wanted, sizeof *p->list)};
	if (p->list == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for payloads");
	for (; p->count < wanted; p->count++)
		if (make_one(&p->list[p->count], template, plan, f,
		    senders != NULL ? senders[p->count] : p->count, e) != 0)
			return -1;
	return 0;
}

void
payloads_release(struct payloads *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		payload_release(&p->list[i]);
	free(p->list);
	*p = (struct payloads){0};
}

const struct payload *
payloads_stamp(struct payloads *p, uint32_t i, const struct stamp *s)
{
	struct payload *payload = &p->list[p->count > 1 ? i : 0];

	stamp_write(payload->data + payload->stamp_at, s);
	return payload;
}

/* --- what is said first ------------------------------------------------------------------ */

static int
greet(struct fleet_conn *c, const char *template, const struct template_values *values,
    struct err *e)
{
	struct buf text;
	int result;

	buf_init(&text, GREETING_MAX);
	result = template_expand(&text, template, values);
	if (result == 0)
		result = session_send(c->session, MESSAGE_TEXT, text.data, text.len);
	buf_release(&text);
	return result >= 0 ? 0 :
	    err_set(e, ERR_LIMIT, 0, "the messages to send on opening are too long");
}

int
payloads_greet(const struct plan *plan, const struct fleet *f, struct fleet_conn *c,
    struct err *e)
{
	const struct dialect *d = &plan->dialect;
	struct names names;
	int result = 0;

	if (plan->transport != TRANSPORT_WS || (d->on_open_count == 0 && d->subscribe == NULL))
		return 0;
	if (names_make(&names, plan, fleet_client(f), fleet_target(f, c->index), c->index,
	    e) != 0)
		return -1;
	for (size_t i = 0; i < d->on_open_count && result == 0; i++)
		result = greet(c, d->on_open[i], &names.values, e);
	if (d->subscribe != NULL && result == 0)
		result = greet(c, d->subscribe, &names.values, e);
	names_release(&names);
	return result;
}
