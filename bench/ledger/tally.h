/* tally.h: everything a run counted: the partial results.
 *
 * A worker fills one; tally_merge joins any number of them, wherever they come from; reports are
 * made from the joined one only. Nothing in here is a ratio or a percentile, so that adding is
 * all that merging takes. */
#ifndef HAIL_LEDGER_TALLY_H
#define HAIL_LEDGER_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "bench/ledger/hist.h"
#include "lib/base/err.h"

enum {
	TALLY_NODES = 64,        /* more server nodes than that share the last name, "others" */
	TALLY_NODE_NAME = 64,
	TALLY_POINTS = 600,      /* of the time series; when full, two become one */
};

struct tally_script;

/* One cell of the matrix publisher's node → receiver's node (design, ledger). */
struct tally_cell {
	uint64_t expected, delivered, lost, duplicate, reordered, late;
	uint64_t missed_while_away, recovered, lost_for_good;
	struct hist *latency;    /* NULL until something was delivered */
};

/* One step of the time series. */
struct tally_point {
	uint64_t open;           /* connections that were open at its end */
	uint64_t sent, received;
	uint64_t max_ns;         /* longest delivery or round trip */
};

enum tally_phase {               /* processor time is kept apart for each */
	TALLY_OPENING,
	TALLY_LOADING,           /* warm-up, publishing and drain */
	TALLY_CLOSING,
	TALLY_PHASES,
};

struct tally {
	/* connections */
	uint64_t requested, opened, failed, dropped, peak;
	uint64_t open_ns;                  /* from the first attempt to the last that opened */
	uint64_t errors[ERR_CLASSES];
	uint64_t transports_opened;        /* TCP connections in all: WebSockets that opened, those
	                                    * for requests, and those that publish */
	struct hist *resolve, *connect, *tls, *upgrade, *total;

	/* what asking cost, as struct channel_polling; all zero for WebSockets */
	struct {
		uint64_t requests, empty, not_modified, connections;
	} polling;

	/* messages that counted: due after the warm-up */
	uint64_t scheduled, sent, received;
	uint64_t foreign;                  /* stamps of another run, or impossible ones */
	uint64_t stray;                    /* of this run, but where they do not belong */
	uint64_t unstamped;                /* messages without any stamp */
	uint64_t load_ns;                  /* how long messages were due */

	/* publishing by requests, of the messages that counted */
	uint64_t post_requests;            /* that were answered, or given up */
	uint64_t post_refused;             /* … with another status than 2xx: not published, so
	                                    * they are not in `sent` but in send_refused */
	uint64_t post_unknown;             /* … without an answer, or with such a status though a
	                                    * receiver had it: nobody knows; they are in `sent` */
	uint64_t post_connections;         /* opened to publish, WebSockets included */

	/* on the wire */
	uint64_t bytes_sent, bytes_received;
	uint64_t load_bytes_sent, load_bytes_received;   /* from the start of publishing on */

	struct hist *delivery, *delivery_uncorrected, *complete;
	struct hist *rtt, *rtt_uncorrected, *ping;

	/* delivery; all zero for workloads without any */
	size_t nodes;
	char node_names[TALLY_NODES][TALLY_NODE_NAME];
	struct tally_cell *cells;          /* TALLY_NODES × TALLY_NODES, from × to; or NULL */

	struct tally_script *script;       /* NULL: none was played; owned */

	/* the rig itself */
	uint64_t workers;
	uint64_t wall_ns[TALLY_PHASES], cpu_ns[TALLY_PHASES];
	struct hist *loop_lag, *schedule_lag;
	uint64_t rss_bytes;                /* at its greatest */
	uint64_t connection_bytes;         /* growth of resident memory by all connections */
	uint64_t send_refused;             /* messages not sent: no room in the backlog, requests
	                                    * that waited in vain for those before them, and those
	                                    * that the server refused */
	uint64_t unsent_down;              /* … because their publisher was not connected */
	uint64_t backlog_peak;             /* bytes, greatest of any connection; of one that
	                                    * publishes by requests: not answered yet */

	/* series */
	uint64_t point_ns;                 /* width of a point */
	size_t points;
	struct tally_point series[TALLY_POINTS];
};

/* All zero, with every hist. NULL without memory. */
struct tally *tally_new(void);
void tally_free(struct tally *t);

/* The index of a node's name, added when new. */
size_t tally_node(struct tally *t, const char *name);

struct tally_cell *tally_cell(struct tally *t, size_t from, size_t to);

/* Sum of all cells; its latency is NULL. */
struct tally_cell tally_sum(const struct tally *t);

/* Adds a point; when all are taken, halves the resolution. */
void tally_point(struct tally *t, const struct tally_point *p);

/* Adds all of `from`: counts add up, peaks of connections add up, times take the longest, nodes
 * join by name, points by time. -1: no memory. */
int tally_merge(struct tally *into, const struct tally *from);

#endif
