/*   receivers[r] ── sets ──► one seqset for each publisher of r's topic, by its rank there
 *   publishers[p] ── unsent ──► the numbers that were due but not published
 *   records ──► by message: how many still wait for it, how late it was sent
 */
#include "bench/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "bench/ledger/hist.h"
#include "bench/ledger/seqset.h"
#include "bench/ledger/tally.h"
#include "lib/base/err.h"

enum { RECORDS_PER_CHUNK = 16384 };

struct record {
	uint32_t waiting;            /* members that do not have it yet */
	uint32_t arrived : 1;        /* someone has it */
	uint32_t delay_us : 31;      /* from due to sent */
};

enum { DELAY_MAX_US = INT32_MAX };

struct publisher {
	uint32_t topic;
	uint32_t receiver;           /* its own connection */
	uint32_t rank;               /* among the publishers of its topic */
	uint32_t node;
	uint32_t first;              /* lowest number that counts */
	uint32_t next;               /* numbers below were due already */
	uint32_t unsent_count, unsent_capacity;
	uint32_t *unsent;            /* ascending */
};

struct receiver {
	struct seqset *sets;         /* of its topic's publishers; NULL: never joined */
	uint32_t topic;
	uint16_t node;
	bool joined, left;
};

struct topic {
	uint32_t publishers;
	uint32_t members;            /* joined and not left */
};

struct ledger {
	struct ledger_params params;
	struct publisher *publishers;
	struct receiver *receivers;
	struct topic *topics;
	uint32_t *by_rank;           /* publishers of all topics, topic after topic */
	uint32_t *topic_start;       /* where a topic's begin in by_rank */
	struct seqset *sets;
	size_t set_count;
	struct record **chunks;
	size_t chunk_count;
	uint64_t worst_ns;
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for the ledger");
}

struct ledger *
ledger_new(const struct ledger_params *params, struct err *e)
{
	struct ledger *l = calloc(1, sizeof *l);

	if (l == NULL) {
		no_memory(e);
		return NULL;
	}
	l->params = *params;
	l->publishers = calloc(params->publishers, sizeof *l->publishers);
	l->receivers = calloc(params->receivers, sizeof *l->receivers);
	l->topics = calloc(params->topics, sizeof *l->topics);
	l->by_rank = calloc(params->publishers, sizeof *l->by_rank);
	l->topic_start = calloc((size_t)params->topics + 1, sizeof *l->topic_start);
	if (l->publishers != NULL && l->receivers != NULL && l->topics != NULL &&
	    l->by_rank != NULL && l->topic_start != NULL)
		return l;
	ledger_free(l);
	no_memory(e);
	return NULL;
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->set_count; i++)
		seqset_release(&l->sets[i]);
	for (uint32_t i = 0; l->publishers != NULL && i < l->params.publishers; i++)
		free(l->publishers[i].unsent);
	for (size_t i = 0; i < l->chunk_count; i++)
		free(l->chunks[i]);
	free(l->chunks);
	free(l->sets);
	free(l->topic_start);
	free(l->by_rank);
	free(l->topics);
	free(l->receivers);
	free(l->publishers);
	free(l);
}

/* --- before the start -------------------------------------------------------------------- */

void
ledger_receiver(struct ledger *l, uint32_t receiver, uint32_t topic)
{
	l->receivers[receiver].topic = topic;
}

void
ledger_publisher(struct ledger *l, uint32_t publisher, uint32_t receiver)
{
	struct publisher *p = &l->publishers[publisher];
	uint64_t first = l->params.first, count = l->params.publishers;

	p->receiver = receiver;
	p->topic = l->receivers[receiver].topic;
	p->rank = l->topics[p->topic].publishers++;
	p->first = first > publisher ? (uint32_t)((first - publisher + count - 1) / count) : 0;
}

void
ledger_join(struct ledger *l, uint32_t receiver, uint32_t node)
{
	struct receiver *r = &l->receivers[receiver];

	r->node = (uint16_t)node;
	r->joined = true;
	l->topics[r->topic].members++;
}

static void
index_publishers(struct ledger *l)
{
	for (uint32_t t = 0; t < l->params.topics; t++)
		l->topic_start[t + 1] = l->topic_start[t] + l->topics[t].publishers;
	for (uint32_t i = 0; i < l->params.publishers; i++) {
		struct publisher *p = &l->publishers[i];

		p->node = l->receivers[p->receiver].node;
		l->by_rank[l->topic_start[p->topic] + p->rank] = i;
	}
}

static struct publisher *
by_rank(const struct ledger *l, uint32_t topic, uint32_t rank)
{
	return &l->publishers[l->by_rank[l->topic_start[topic] + rank]];
}

int
ledger_start(struct ledger *l, struct err *e)
{
	struct seqset *sets;

	index_publishers(l);
	for (uint32_t i = 0; i < l->params.receivers; i++)
		if (l->receivers[i].joined)
			l->set_count += l->topics[l->receivers[i].topic].publishers;
	l->sets = sets = calloc(l->set_count > 0 ? l->set_count : 1, sizeof *sets);
	if (sets == NULL) {
		l->set_count = 0;
		return no_memory(e);
	}
	for (uint32_t i = 0; i < l->params.receivers; i++) {
		struct receiver *r = &l->receivers[i];

		if (!r->joined)
			continue;
		r->sets = sets;
		for (uint32_t k = 0; k < l->topics[r->topic].publishers; k++)
			seqset_init(sets++, by_rank(l, r->topic, k)->first);
	}
	return 0;
}

/* --- publishing -------------------------------------------------------------------------- */

static struct record *
record_of(const struct ledger *l, uint64_t n)
{
	return &l->chunks[n / RECORDS_PER_CHUNK][n % RECORDS_PER_CHUNK];
}

/* Numbers come in order, so at most one chunk is missing. */
static struct record *
new_record(struct ledger *l, uint64_t n)
{
	struct record **chunks;

	if (n / RECORDS_PER_CHUNK < l->chunk_count)
		return record_of(l, n);
	chunks = realloc(l->chunks, (l->chunk_count + 1) * sizeof *chunks);
	if (chunks == NULL)
		return NULL;
	l->chunks = chunks;
	chunks[l->chunk_count] = calloc(RECORDS_PER_CHUNK, sizeof **chunks);
	if (chunks[l->chunk_count] == NULL)
		return NULL;
	l->chunk_count++;
	return record_of(l, n);
}

int
ledger_sent(struct ledger *l, uint64_t n, uint64_t delay_ns, struct err *e)
{
	struct publisher *p = &l->publishers[n % l->params.publishers];
	const struct receiver *own = &l->receivers[p->receiver];
	struct record *record = new_record(l, n);

	if (record == NULL)
		return no_memory(e);
	record->waiting = l->topics[p->topic].members;
	if (!l->params.self && own->joined && !own->left)
		record->waiting--;
	record->delay_us = delay_ns / 1000 < DELAY_MAX_US ? (uint32_t)(delay_ns / 1000) :
	    DELAY_MAX_US;
	p->next++;
	return 0;
}

/* Enters an unsent number where it belongs: all below `at` are smaller. */
static int
insert_unsent(struct publisher *p, uint32_t at, uint32_t number, struct err *e)
{
	uint32_t capacity = p->unsent_capacity > 0 ? p->unsent_capacity * 2 : 16, *grown;

	if (p->unsent_count == p->unsent_capacity) {
		grown = realloc(p->unsent, capacity * sizeof *grown);
		if (grown == NULL)
			return no_memory(e);
		p->unsent = grown;
		p->unsent_capacity = capacity;
	}
	memmove(p->unsent + at + 1, p->unsent + at,
	    (p->unsent_count++ - at) * sizeof *p->unsent);
	p->unsent[at] = number;
	return 0;
}

int
ledger_unsent(struct ledger *l, uint64_t n, struct err *e)
{
	struct publisher *p = &l->publishers[n % l->params.publishers];

	if (new_record(l, n) == NULL)
		return no_memory(e);
	if (insert_unsent(p, p->unsent_count, p->next, e) != 0)
		return -1;
	p->next++;
	return 0;
}

/* How many unsent numbers are below `number`. */
static uint32_t
unsent_below(const struct publisher *p, uint32_t number)
{
	uint32_t low = 0, high = p->unsent_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (p->unsent[middle] < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
was_sent(const struct publisher *p, uint32_t number)
{
	uint32_t below;

	if (p->unsent_count == 0)
		return true;
	below = unsent_below(p, number);
	return below == p->unsent_count || p->unsent[below] != number;
}

int
ledger_refused(struct ledger *l, uint64_t n, struct err *e)
{
	struct publisher *p = &l->publishers[n % l->params.publishers];
	uint32_t number = (uint32_t)(n / l->params.publishers);

	if (number >= p->next || !was_sent(p, number) || record_of(l, n)->arrived)
		return 0;
	return insert_unsent(p, unsent_below(p, number), number, e) == 0 ? 1 : -1;
}

/* --- receiving --------------------------------------------------------------------------- */

static void
deliver(struct ledger *l, struct tally_cell *cell, struct record *record, uint64_t due_ns,
    uint64_t now_ns)
{
	uint64_t took = now_ns > due_ns ? now_ns - due_ns : 0;
	uint64_t delay = (uint64_t)record->delay_us * 1000;

	record->arrived = 1;
	cell->delivered++;
	if (took > l->params.late_ns)
		cell->late++;
	if (took > l->worst_ns)
		l->worst_ns = took;
	hist_record(cell->latency, took);
	hist_record(l->params.uncorrected, took > delay ? took - delay : 0);
	if (record->waiting > 0 && --record->waiting == 0 && l->params.complete != NULL)
		hist_record(l->params.complete, took);
}

/* The cell with its hist; NULL without memory. */
static struct tally_cell *
cell_of(struct ledger *l, uint32_t from, uint32_t to)
{
	struct tally_cell *cell = tally_cell(l->params.tally, from, to);

	if (cell != NULL && cell->latency == NULL)
		cell->latency = hist_new();
	return cell != NULL && cell->latency != NULL ? cell : NULL;
}

enum ledger_verdict
ledger_receive(struct ledger *l, uint32_t receiver, uint32_t publisher, uint32_t number,
    uint64_t due_ns, uint64_t now_ns)
{
	struct receiver *r = &l->receivers[receiver];
	struct publisher *p;
	struct tally_cell *cell;
	struct record *record;

	if (publisher >= l->params.publishers)
		return LEDGER_IMPOSSIBLE;
	p = &l->publishers[publisher];
	if (number >= p->next || !was_sent(p, number))
		return LEDGER_IMPOSSIBLE;
	if (number < p->first)
		return LEDGER_WARMUP;
	if (p->topic != r->topic || r->sets == NULL || (p->receiver == receiver && !l->params.self))
		return LEDGER_STRAY;
	cell = cell_of(l, p->node, r->node);
	if (cell == NULL)
		return LEDGER_IMPOSSIBLE;
	record = record_of(l, (uint64_t)number * l->params.publishers + publisher);
	switch (seqset_add(&r->sets[p->rank], number)) {
	case SEQSET_REORDERED:
		cell->reordered++;
		deliver(l, cell, record, due_ns, now_ns);
		break;
	case SEQSET_FIRST:
		deliver(l, cell, record, due_ns, now_ns);
		break;
	case SEQSET_DUPLICATE:
		cell->duplicate++;
		break;
	case SEQSET_FULL:
		break;
	}
	return LEDGER_COUNTED;
}

void
ledger_leave(struct ledger *l, uint32_t receiver)
{
	struct receiver *r = &l->receivers[receiver];

	if (!r->joined || r->left)
		return;
	r->left = true;
	l->topics[r->topic].members--;
	for (uint32_t k = 0; r->sets != NULL && k < l->topics[r->topic].publishers; k++)
		r->sets[k].until = by_rank(l, r->topic, k)->next;
}

uint64_t
ledger_worst(struct ledger *l)
{
	uint64_t worst = l->worst_ns;

	l->worst_ns = 0;
	return worst;
}

/* --- the end ----------------------------------------------------------------------------- */

/* What the receiver should have of one publisher, against what it has. */
static void
settle_pair(const struct receiver *r, const struct publisher *p, const struct seqset *set,
    struct tally_cell *cell)
{
	uint32_t end = r->left ? set->until : p->next;
	uint64_t expected, arrived;

	if (end <= p->first)
		return;
	expected = end - p->first - (unsent_below(p, end) - unsent_below(p, p->first));
	arrived = set->next - p->first - seqset_missing(set);
	cell->expected += expected;
	if (r->left)
		cell->missed_while_away += expected - arrived;
	else
		cell->lost += expected - arrived;
}

int
ledger_settle(struct ledger *l, struct err *e)
{
	for (uint32_t i = 0; i < l->params.receivers; i++) {
		const struct receiver *r = &l->receivers[i];

		for (uint32_t k = 0; r->sets != NULL && k < l->topics[r->topic].publishers; k++) {
			const struct publisher *p = by_rank(l, r->topic, k);
			struct tally_cell *cell = tally_cell(l->params.tally, p->node, r->node);

			if (cell == NULL)
				return no_memory(e);
			if (p->receiver != i || l->params.self)
				settle_pair(r, p, &r->sets[k], cell);
		}
	}
	for (size_t a = 0; a < l->params.tally->nodes; a++)
		for (size_t b = 0; b < l->params.tally->nodes; b++) {
			const struct tally_cell *cell = tally_cell(l->params.tally, a, b);

			if (cell != NULL && cell->latency != NULL)
				hist_merge(l->params.corrected, cell->latency);
		}
	return 0;
}
