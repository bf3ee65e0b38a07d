#include "bench/run/payloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/run/fleet.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { GREETING_MAX = 1 << 20 };

/* The values of {topic} and {conn} as text. */
struct names {
	char topic[32], conn[24];
};

static struct template_values
values_of(const struct plan *plan, const struct fleet *f, uint64_t index, struct names *names)
{
	snprintf(names->topic, sizeof names->topic, "hail-%llu",
	    (unsigned long long)plan_topic_of(plan, index));
	snprintf(names->conn, sizeof names->conn, "%llu", (unsigned long long)index);
	return (struct template_values){names->topic, names->conn, fleet_authority(f, index), NULL};
}

static bool
tells_senders_apart(const char *template)
{
	return strstr(template, "{topic}") != NULL || strstr(template, "{conn}") != NULL ||
	    strstr(template, "{node}") != NULL;
}

int
payloads_make(struct payloads *p, struct tally *tally, const struct plan *plan,
    const struct fleet *f, const uint32_t *senders, uint32_t count, struct err *e)
{
	uint32_t wanted = tells_senders_apart(plan->dialect.publish) ? count : 1;
	struct names names;

	*p = (struct payloads){.tally = tally, .list = calloc(wanted, sizeof *p->list)};
	if (p->list == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for payloads");
	for (; p->count < wanted; p->count++) {
		uint64_t conn = senders != NULL ? senders[p->count] : p->count;
		struct template_values v = values_of(plan, f, conn, &names);

		if (payload_make(&p->list[p->count], &plan->dialect, plan->size, v.topic, v.conn,
		    v.node, e) != 0)
			return -1;
	}
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

int
payloads_send(struct payloads *p, uint32_t i, struct fleet_conn *c, const struct stamp *s)
{
	struct payload *payload = &p->list[p->count > 1 ? i : 0];
	uint64_t backlog;
	int result;

	stamp_write(payload->data + payload->stamp_at, s);
	result = session_send(c->session, MESSAGE_TEXT, payload->data, payload->len);
	if (result == 0 && (backlog = session_backlog(c->session)) > p->tally->backlog_peak)
		p->tally->backlog_peak = backlog;
	return result;
}

static int
greet(struct fleet_conn *c, const char *template, const struct template_values *values)
{
	struct buf text;
	int result;

	buf_init(&text, GREETING_MAX);
	result = template_expand(&text, template, values);
	if (result == 0)
		result = session_send(c->session, MESSAGE_TEXT, text.data, text.len);
	buf_release(&text);
	return result < 0 ? -1 : 0;
}

int
payloads_greet(const struct plan *plan, const struct fleet *f, struct fleet_conn *c)
{
	const struct dialect *d = &plan->dialect;
	struct names names;
	struct template_values values = values_of(plan, f, c->index, &names);

	for (size_t i = 0; i < d->on_open_count; i++)
		if (greet(c, d->on_open[i], &values) != 0)
			return -1;
	return d->subscribe != NULL ? greet(c, d->subscribe, &values) : 0;
}
