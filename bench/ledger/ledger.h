/* ledger.h: exact accounting of a fan-out (design, section 3).
 *
 * For each receiver and each publisher of its topic it knows which numbers arrived; expected is
 * derived from what was published while the receiver was there, never from what arrived.
 *
 *     ledger_new → ledger_publisher…, ledger_receiver… → ledger_start
 *         → ledger_sent, ledger_refused, ledger_receive, ledger_leave … → ledger_settle
 *         → ledger_free
 *
 * Messages of all publishers are numbered together, as the pacer numbers them: message n is
 * number n / publishers of publisher n mod publishers. Times are ns since the run's start. */
#ifndef HAIL_LEDGER_LEDGER_H
#define HAIL_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct hist;
struct ledger;
struct tally;

struct ledger_params {
	struct tally *tally;         /* cells, delivery counts and the hists below are filled */
	struct hist *corrected;      /* from due to received; filled by ledger_settle */
	struct hist *uncorrected;    /* from sent to received */
	struct hist *complete;       /* from due until the last member had it */
	uint32_t publishers;
	uint32_t receivers;
	uint32_t topics;
	bool self;                   /* publishers receive their own messages */
	uint64_t late_ns;
	uint64_t first;              /* messages numbered below this (warm-up) do not count */
};

enum ledger_verdict {
	LEDGER_COUNTED,
	LEDGER_WARMUP,               /* belongs to the warm-up */
	LEDGER_IMPOSSIBLE,           /* no such publisher, or not sent yet */
	LEDGER_STRAY,                /* another topic's, or its own where self is false */
};

/* NULL with ERR_MEMORY. */
struct ledger *ledger_new(const struct ledger_params *params, struct err *e);
void ledger_free(struct ledger *l);

void ledger_receiver(struct ledger *l, uint32_t receiver, uint32_t topic);

/* A publisher is also a receiver. */
void ledger_publisher(struct ledger *l, uint32_t publisher, uint32_t receiver);

/* The receiver is subscribed, on that node (tally_node). Only before ledger_start. */
void ledger_join(struct ledger *l, uint32_t receiver, uint32_t node);

/* Nothing was published yet, everyone who will be there has joined. -1: ERR_MEMORY. */
int ledger_start(struct ledger *l, struct err *e);

/* Message n was handed to the kernel `delay_ns` after it was due. Every number is told in order,
 * by this or by ledger_unsent. -1: ERR_MEMORY. */
int ledger_sent(struct ledger *l, uint64_t n, uint64_t delay_ns, struct err *e);

/* Message n was due but could not be sent. */
int ledger_unsent(struct ledger *l, uint64_t n, struct err *e);

/* Message n, which was sent, was not published: the server said so. It is then as if it had never
 * been sent: nobody waits for it, and should it arrive it is LEDGER_IMPOSSIBLE. 1: so it is; 0: it
 * was not sent, or someone has it already, so it stays as it is; -1: ERR_MEMORY. */
int ledger_refused(struct ledger *l, uint64_t n, struct err *e);

/* A message with a stamp of this run arrived. */
enum ledger_verdict ledger_receive(struct ledger *l, uint32_t receiver, uint32_t publisher,
    uint32_t number, uint64_t due_ns, uint64_t now_ns);

/* The receiver's connection is gone for good: what is published from now on is not expected of
 * it; what was on its way counts as missed while away. */
void ledger_leave(struct ledger *l, uint32_t receiver);

/* The longest delivery since the last call, in ns. */
uint64_t ledger_worst(struct ledger *l);

/* The end of the accounting: fills the tally's cells and params->corrected. -1: ERR_MEMORY. */
int ledger_settle(struct ledger *l, struct err *e);

#endif
