/* cluster_probe.h: does it really answer? Short blocking questions over loopback, and free
 * ports. No question takes longer than a second. */
#ifndef HAIL_CLI_CLUSTER_PROBE_H
#define HAIL_CLI_CLUSTER_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct url;

/* Whether GET /healthz on 127.0.0.1:port is answered with status 200. */
bool cluster_probe_http(uint16_t port);

/* PINGs a Redis, after AUTH when the URL has a password. -1 with class ERR_CONNECT and what it
 * said instead. */
int cluster_probe_redis(const struct url *url, struct err *e);

/* Whether 127.0.0.1:port can be listened on; -1 with class ERR_IO when not. */
int cluster_probe_port(uint16_t port, struct err *e);

/* `count` different ports of 127.0.0.1 that nobody has at the moment. */
int cluster_free_ports(uint16_t *ports, size_t count, struct err *e);

#endif
