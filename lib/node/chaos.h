/* chaos.h: promises broken on purpose, by count and never by chance, so that a test can
 * demand the exact figures. Pure: no clock, no I/O. Carrying out what is decided here is
 * up to others. */
#ifndef HAIL_NODE_CHAOS_H
#define HAIL_NODE_CHAOS_H

#include <stdint.h>

struct err;

/* What happens to one delivery. Where several are due, the first of this list wins. */
enum chaos_action {
	CHAOS_NONE,
	CHAOS_CLOSE,      /* the receiver's connection is closed with 1011 instead */
	CHAOS_DROP,
	CHAOS_DUP,        /* sent twice */
	CHAOS_SWAP,       /* sent after the next message of the same publisher connection */
	CHAOS_ACTIONS,    /* how many there are */
};

struct chaos {
	uint64_t every[CHAOS_ACTIONS];   /* each Nth delivery, 0 for never */
	uint64_t delay_ns;               /* every delivery is held that long */
	uint64_t stall_ns;               /* how long the node stands still, 0 for never */
	uint64_t stall_after_ns;         /* counted from the first connection */
	uint64_t deliveries;             /* decided so far */
};

/* Parses "drop=1/100,dup=1/200,swap=1/50,close=1/1000,delay=5ms,stall=1s@10s": any of
 * them, in any order, each at most once. -1 with class ERR_USAGE and a sentence that
 * names the word. */
int chaos_parse(struct chaos *c, const char *spec, struct err *e);

/* Counts one more delivery and says what is to happen to it. */
enum chaos_action chaos_next(struct chaos *c);

/* "close", "drop", "dup", "swap": the word in a spec and in the metrics. */
const char *chaos_name(enum chaos_action action);

#endif
