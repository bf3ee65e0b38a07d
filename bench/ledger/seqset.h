/* seqset.h: which numbers of one publisher a receiver has: exact, and sixteen bytes while they
 * come in order.
 *
 * A set is all numbers below `next` but for its holes, a sorted list of ranges. It can only
 * have as many holes as messages went missing. */
#ifndef HAIL_LEDGER_SEQSET_H
#define HAIL_LEDGER_SEQSET_H

#include <stdint.h>

struct seqset_holes;

struct seqset {
	uint32_t next;                   /* the highest number seen, plus one */
	uint32_t until;                  /* free for the owner: numbers from here on do not count */
	struct seqset_holes *holes;      /* NULL: none */
};

enum seqset_arrival {
	SEQSET_FIRST,                    /* new, and higher than all before */
	SEQSET_REORDERED,                /* new, but a higher one was there already */
	SEQSET_DUPLICATE,
	SEQSET_FULL,                     /* no memory for another hole; not entered */
};

/* `first` is the lowest number that counts. */
void seqset_init(struct seqset *s, uint32_t first);
void seqset_release(struct seqset *s);

enum seqset_arrival seqset_add_slowly(struct seqset *s, uint32_t number);

/* Numbers below the first must not be added. */
static inline enum seqset_arrival
seqset_add(struct seqset *s, uint32_t number)
{
	if (number == s->next) {
		s->next++;
		return SEQSET_FIRST;
	}
	return seqset_add_slowly(s, number);
}

/* How many numbers below `next` are missing. */
uint64_t seqset_missing(const struct seqset *s);

#endif
