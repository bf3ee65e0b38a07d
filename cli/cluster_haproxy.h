/* cluster_haproxy.h: the configuration of the load balancer. */
#ifndef HAIL_CLI_CLUSTER_HAPROXY_H
#define HAIL_CLI_CLUSTER_HAPROXY_H

#include <stddef.h>
#include <stdint.h>

struct buf;

struct cluster_haproxy_params {
	uint16_t round_robin_port;     /* every connection goes to the next node */
	uint16_t sticky_port;          /* a client with a node's cookie goes to that node */
	const uint16_t *node_ports;    /* node i is named n<i+1> and sets hail_node=n<i+1> */
	size_t nodes;
};

/* Appends the configuration for a HAProxy that may hold so many descriptors; -1 when the buf
 * is full. */
int cluster_haproxy_write(struct buf *into, const struct cluster_haproxy_params *params,
    size_t descriptors);

#endif
