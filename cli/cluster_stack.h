/* cluster_stack.h: what `hail cluster` stands on: Redis, the nodes and the load balancer.
 *
 *                     +--> n1 --+
 *     lb, lb-sticky --+--> n2 --+-- redis
 *                     +--> n3 --+
 *
 * Parts are started from right to left, each when what it needs really answers, and ended from
 * left to right, so that nothing is loaded while it ends. */
#ifndef HAIL_CLI_CLUSTER_STACK_H
#define HAIL_CLI_CLUSTER_STACK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cluster_part.h"
#include "cli/cluster_watch.h"

struct err;

enum { CLUSTER_NODES_MAX = 64 };

struct cluster_params {
	size_t nodes;                   /* 1..CLUSTER_NODES_MAX */
	bool own_redis;                 /* start one */
	const char *redis_url;          /* else: use this one; NULL: the nodes share nothing */
	bool haproxy;
	uint16_t base_port;             /* for nodes, lb, lb-sticky, Redis; 0: free ones */
	const char **node_args;         /* for every node */
	size_t node_arg_count;
	const char *chaos[CLUSTER_NODES_MAX];   /* --chaos of each node, NULL for none */
};

struct cluster_stack {
	const struct cluster_params *params;   /* lent by cluster_stack_init's caller */
	char self[PATH_MAX];                   /* the program that the nodes run */
	char directory[PATH_MAX];              /* outputs and generated files */
	char redis_url[512];                   /* empty: the nodes share nothing */
	uint16_t node_ports[CLUSTER_NODES_MAX];
	uint16_t lb_ports[2];                  /* round robin, sticky */
	struct cluster_watch watch;
	struct cluster_part parts[CLUSTER_NODES_MAX + 2];
	struct cluster_part *redis, *lb;       /* in parts; not running when not asked for */
	struct cluster_part *node;             /* in parts: the first of params->nodes */
	struct cluster_part *culprit;          /* the part that did not start, else NULL */
};

/* Makes the directory under $TMPDIR and takes over signals; nothing is started. */
int cluster_stack_init(struct cluster_stack *s, const struct cluster_params *params,
    struct err *e);

/* Starts everything. -1: a port is taken or a part did not start (ERR_IO, ERR_TIMEOUT; then
 * `culprit` names it), the given Redis does not answer (ERR_CONNECT), a signal came
 * (ERR_INTERRUPTED). What was started runs on until cluster_stack_end. */
int cluster_stack_start(struct cluster_stack *s, struct err *e);

/* Ends whatever runs, and waits for it. */
void cluster_stack_end(struct cluster_stack *s);

/* Removes the directory and gives signals back. */
void cluster_stack_release(struct cluster_stack *s);

#endif
