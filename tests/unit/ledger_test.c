/* Faults injected by hand must come out in the right cell, to the message. */
#include "bench/ledger/hist.h"
#include "bench/ledger/ledger.h"
#include "bench/ledger/tally.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

/* Two nodes, one topic, four members: 0 and 2 on node a, 1 and 3 on node b; 0 and 1 publish. */
static struct ledger *
new_ledger(struct tally *t, bool self, uint64_t first)
{
	struct ledger_params params = {.tally = t, .corrected = t->delivery,
	    .uncorrected = t->delivery_uncorrected, .complete = t->complete, .publishers = 2,
	    .receivers = 4, .topics = 1, .self = self, .late_ns = 1000000000, .first = first};
	struct err e = {0};
	struct ledger *l = ledger_new(&params, &e);

	tally_node(t, "a");
	tally_node(t, "b");
	for (uint32_t i = 0; i < 4; i++) {
		ledger_receiver(l, i, 0);
		ledger_join(l, i, i % 2);
	}
	ledger_publisher(l, 0, 0);
	ledger_publisher(l, 1, 1);
	ledger_start(l, &e);
	return l;
}

static void
send(struct ledger *l, uint64_t n)
{
	ledger_sent(l, n, 500000, NULL);
}

/* Everyone gets message n, but for the receiver `but` (-1: really everyone). */
static void
everyone_gets(struct ledger *l, uint64_t n, int but)
{
	for (uint32_t r = 0; r < 4; r++)
		if ((int)r != but)
			ledger_receive(l, r, (uint32_t)(n % 2), (uint32_t)(n / 2), n * 1000000,
			    n * 1000000 + 2000000);
}

static bool
identity_holds(const struct tally *t)
{
	for (size_t i = 0; i < TALLY_NODES * TALLY_NODES; i++) {
		const struct tally_cell *c = &t->cells[i];

		if (c->expected != c->delivered + c->lost + c->missed_while_away + c->recovered +
		    c->lost_for_good)
			return false;
	}
	return true;
}

static void
test_all_well(void)
{
	struct tally *t = tally_new();
	struct ledger *l = new_ledger(t, true, 0);
	struct tally_cell sum;

	for (uint64_t n = 0; n < 10; n++) {
		send(l, n);
		everyone_gets(l, n, -1);
	}
	ledger_settle(l, NULL);
	sum = tally_sum(t);
	tap_int((long long)sum.expected, 40, "10 messages to 4 members");
	tap_int((long long)sum.delivered, 40, "all delivered");
	tap_int((long long)(sum.lost + sum.duplicate + sum.reordered), 0, "nothing wrong");
	tap_int((long long)tally_cell(t, 0, 1)->expected, 10, "5 from a to each of 2 on b");
	tap_int((long long)t->complete->count, 10, "each message was complete");
	tap_int((long long)t->delivery->count, 40, "each delivery was timed");
	tap_int((long long)t->delivery_uncorrected->max_ns, 1500000, "less the time it was late");
	ledger_free(l);
	tally_free(t);
}

static void
test_faults(void)
{
	struct tally *t = tally_new();
	struct ledger *l = new_ledger(t, true, 0);
	struct tally_cell sum;

	for (uint64_t n = 0; n < 10; n++)
		send(l, n);
	everyone_gets(l, 0, 3);                  /* from a, lost for 3 on b */
	everyone_gets(l, 1, -1);
	everyone_gets(l, 2, -1);
	ledger_receive(l, 2, 0, 1, 2000000, 5000000);    /* message 2 again, on a */
	everyone_gets(l, 3, 2);                  /* from b: 2 on a gets 5 before 3 */
	everyone_gets(l, 5, -1);
	ledger_receive(l, 2, 1, 1, 3000000, UINT64_C(2000000000));       /* 3, and late */
	everyone_gets(l, 4, -1);
	for (uint64_t n = 6; n < 10; n++)
		everyone_gets(l, n, -1);
	tap_int(ledger_receive(l, 0, 2, 0, 0, 0), LEDGER_IMPOSSIBLE, "no such publisher");
	tap_int(ledger_receive(l, 0, 0, 5, 0, 0), LEDGER_IMPOSSIBLE, "not sent yet");
	ledger_settle(l, NULL);
	sum = tally_sum(t);
	tap_int((long long)tally_cell(t, 0, 1)->lost, 1, "lost from a to b");
	tap_int((long long)sum.lost, 1, "and nowhere else");
	tap_int((long long)tally_cell(t, 0, 0)->duplicate, 1, "duplicate from a to a");
	tap_int((long long)sum.duplicate, 1, "and nowhere else");
	tap_int((long long)tally_cell(t, 1, 0)->reordered, 1, "reordered from b to a");
	tap_int((long long)sum.reordered, 1, "and nowhere else");
	tap_int((long long)sum.late, 1, "one was late");
	tap_int((long long)sum.delivered, 39, "delivered");
	tap_int((long long)t->complete->count, 9, "one message never reached everyone");
	tap_ok(identity_holds(t), "expected is the sum of what became of it, in each cell");
	ledger_free(l);
	tally_free(t);
}

static void
test_leaving(void)
{
	struct tally *t = tally_new();
	struct ledger *l = new_ledger(t, true, 0);
	struct tally_cell sum;

	for (uint64_t n = 0; n < 4; n++)
		send(l, n);
	everyone_gets(l, 0, -1);
	everyone_gets(l, 1, -1);
	ledger_leave(l, 3);                      /* 2 and 3 were on their way to it */
	everyone_gets(l, 2, 3);
	everyone_gets(l, 3, 3);
	for (uint64_t n = 4; n < 8; n++) {
		send(l, n);
		everyone_gets(l, n, 3);
	}
	ledger_settle(l, NULL);
	sum = tally_sum(t);
	tap_int((long long)sum.expected, 8 * 3 + 4, "what is sent later is not expected");
	tap_int((long long)sum.missed_while_away, 2, "what was under way is missed");
	tap_int((long long)sum.lost, 0, "and not lost");
	tap_int((long long)t->complete->count, 6, "later messages are complete without it");
	tap_ok(identity_holds(t), "the identity holds");
	ledger_free(l);
	tally_free(t);
}

static void
test_unsent_and_warmup(void)
{
	struct tally *t = tally_new();
	struct ledger *l = new_ledger(t, false, 4);
	struct tally_cell sum;

	for (uint64_t n = 0; n < 10; n++) {
		if (n == 6)
			ledger_unsent(l, n, NULL);
		else
			send(l, n);
	}
	tap_int(ledger_receive(l, 1, 0, 0, 0, 1), LEDGER_WARMUP, "message 0 was warm-up");
	tap_int(ledger_receive(l, 1, 0, 3, 0, 1), LEDGER_IMPOSSIBLE, "message 6 never left");
	tap_int(ledger_receive(l, 0, 0, 2, 0, 1), LEDGER_STRAY, "its own, though self is no");
	ledger_settle(l, NULL);
	sum = tally_sum(t);
	tap_int((long long)sum.expected, 5 * 3, "6 that count, 1 unsent, 3 others each");
	tap_int((long long)sum.lost, 15, "and none of them came");
	tap_ok(identity_holds(t), "the identity holds");
	ledger_free(l);
	tally_free(t);
}

/* What a server refuses to publish is expected of no one, and nobody waits for it. */
static void
test_refused(void)
{
	struct tally *t = tally_new();
	struct ledger *l = new_ledger(t, true, 2);
	struct tally_cell sum;

	for (uint64_t n = 0; n < 12; n++)
		send(l, n);
	everyone_gets(l, 11, -1);                /* b's last is there before any refusal */
	tap_int(ledger_refused(l, 0, NULL), 1, "one of the warm-up");
	tap_int(ledger_refused(l, 6, NULL), 1, "one that counts");
	tap_int(ledger_refused(l, 3, NULL), 1, "one before it, of the other publisher");
	tap_int(ledger_refused(l, 10, NULL), 1, "the last of its publisher");
	tap_int(ledger_refused(l, 6, NULL), 0, "twice is once");
	tap_int(ledger_refused(l, 11, NULL), 0, "someone has it: it was published after all");
	tap_int(ledger_refused(l, 12, NULL), 0, "that was never sent");
	for (uint64_t n = 2; n < 10; n++)
		if (n != 6 && n != 3)
			everyone_gets(l, n, n == 8 ? 1 : -1);
	tap_int(ledger_receive(l, 2, 0, 3, 0, 1), LEDGER_IMPOSSIBLE, "6 arrives all the same");
	send(l, 12);
	send(l, 13);
	everyone_gets(l, 12, -1);
	everyone_gets(l, 13, -1);
	ledger_settle(l, NULL);
	sum = tally_sum(t);
	tap_int((long long)sum.expected, 4 * 9, "2 to 13 without 3, 6 and 10, to four");
	tap_int((long long)tally_cell(t, 0, 1)->expected, 2 * 4, "2, 4, 8, 12 from a to two on b");
	tap_int((long long)sum.delivered, 35, "all but one delivered");
	tap_int((long long)tally_cell(t, 0, 1)->lost, 1, "which is lost, in its cell");
	tap_int((long long)sum.lost, 1, "and nowhere else");
	tap_int((long long)sum.duplicate, 0, "none is a duplicate");
	tap_int((long long)t->complete->count, 8, "no refused message is complete");
	tap_ok(identity_holds(t), "the identity holds");
	ledger_free(l);
	tally_free(t);
}

/* Refused out of order, next to what never left, and with a receiver that leaves. */
static void
test_refused_and_left(void)
{
	struct tally *t = tally_new();
	struct ledger *l = new_ledger(t, true, 0);

	for (uint64_t n = 0; n < 40; n++) {
		if (n % 8 == 2)
			ledger_unsent(l, n, NULL);
		else
			send(l, n);
		if (n == 19)
			ledger_leave(l, 3);
	}
	for (uint64_t n = 38; n > 0; n -= 2)     /* publisher 0's, the last first */
		ledger_refused(l, n, NULL);
	tap_int(ledger_receive(l, 1, 0, 0, 0, 1), LEDGER_COUNTED, "0 alone is left of them");
	ledger_settle(l, NULL);
	tap_int((long long)tally_cell(t, 0, 0)->expected, 2, "… and expected on a");
	tap_int((long long)tally_cell(t, 0, 1)->expected, 2, "… and on b");
	tap_int((long long)tally_cell(t, 0, 1)->missed_while_away, 1, "… missed by who left");
	tap_int((long long)tally_cell(t, 1, 1)->expected, 20 + 10, "the other's are as they were");
	tap_ok(identity_holds(t), "the identity holds");
	ledger_free(l);
	tally_free(t);
}

int
main(void)
{
	test_all_well();
	test_faults();
	test_leaving();
	test_unsent_and_warmup();
	test_refused();
	test_refused_and_left();
	return tap_done();
}
