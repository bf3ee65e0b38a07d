/* hold.c: connections that only stay. Pings are the session's. */
#include <stdlib.h>

#include "bench/ledger/tally.h"
#include "bench/run/workload.h"
#include "lib/base/err.h"

static int
start(struct workload *w, uint64_t start_ns, struct err *e)
{
	(void)w;
	(void)start_ns;
	(void)e;
	return 0;
}

/* Whatever a server says unasked is counted, no more. */
static void
message(struct workload *w, struct fleet_conn *c, const struct message *m)
{
	(void)c;
	(void)m;
	w->params.tally->unstamped++;
}

static void
lost(struct workload *w, struct fleet_conn *c)
{
	(void)w;
	(void)c;
}

static void
stop(struct workload *w)
{
	w->params.quiet(w->params.ctx);
}

static int
settle(struct workload *w, struct err *e)
{
	(void)w;
	(void)e;
	return 0;
}

static uint64_t
worst(struct workload *w)
{
	(void)w;
	return 0;
}

static void
release(struct workload *w)
{
	free(w);
}

static const struct workload_ops ops = {start, message, lost, NULL, stop, settle, worst,
    release};

struct workload *
hold_new(const struct workload_params *params, struct err *e)
{
	struct workload *w = calloc(1, sizeof *w);

	if (w == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for the workload");
		return NULL;
	}
	*w = (struct workload){&ops, *params};
	return w;
}
