#include "cli/cluster_haproxy.h"

#include "lib/base/buf.h"

/* One thread: on one machine the generator needs the other cores. A connection that was
 * upgraded is a tunnel and may be silent for an hour; event streams and long polls are plain
 * responses under the server timeout. A request whose node does not take it goes to another
 * at once, and the node is out after two failed checks, in less than a second. */
static const char head[] =
    "global\n"
    "	nbthread 1\n"
    "	maxconn %zu\n"
    "	tune.maxaccept 256\n"
    "\n"
    "defaults\n"
    "	mode http\n"
    "	maxconn %zu\n"
    "	backlog 4096\n"
    "	timeout connect 5s\n"
    "	timeout client 5m\n"
    "	timeout server 5m\n"
    "	timeout tunnel 1h\n"
    "	timeout http-request 10s\n"
    "	timeout check 2s\n"
    "	option http-no-delay\n"          /* streams are not to wait for more */
    "	option redispatch 1\n"
    "	retries 3\n"
    "	option httpchk GET /healthz\n"
    "	http-check expect status 200\n"
    "	default-server check inter 400ms fall 2 rise 1\n"
    "\n";

static const char frontend[] =
    "frontend %s\n"
    "	bind 127.0.0.1:%u\n"
    "	default_backend %s-nodes\n"
    "\n"
    "backend %s-nodes\n"
    "	balance roundrobin\n";

enum {
	DESCRIPTORS_KEPT = 200,    /* for listeners, checks and logs */
	MAXCONN_LEAST = 100,
	MAXCONN_MOST = 100000,
};

/* Each client takes two descriptors, its own and that to the node. */
static size_t
maxconn_for(size_t descriptors)
{
	if (descriptors < DESCRIPTORS_KEPT + 2 * MAXCONN_LEAST)
		return MAXCONN_LEAST;
	descriptors = (descriptors - DESCRIPTORS_KEPT) / 2;
	return descriptors < MAXCONN_MOST ? descriptors : MAXCONN_MOST;
}

static int
write_frontend(struct buf *into, const struct cluster_haproxy_params *params,
    const char *name, uint16_t port, const char *cookie)
{
	if (buf_addf(into, frontend, name, port, name, name) != 0 ||
	    (cookie != NULL && buf_addf(into, "	cookie %s\n", cookie) != 0))
		return -1;
	for (size_t i = 0; i < params->nodes; i++) {
		if (buf_addf(into, "	server n%zu 127.0.0.1:%u", i + 1,
		    params->node_ports[i]) != 0)
			return -1;
		if (cookie != NULL && buf_addf(into, " cookie n%zu", i + 1) != 0)
			return -1;
		if (buf_add_text(into, "\n") != 0)
			return -1;
	}
	return buf_add_text(into, "\n");
}

int
cluster_haproxy_write(struct buf *into, const struct cluster_haproxy_params *params,
    size_t descriptors)
{
	size_t maxconn = maxconn_for(descriptors);

	if (buf_addf(into, head, maxconn, maxconn) != 0)
		return -1;
	if (write_frontend(into, params, "lb", params->round_robin_port, NULL) != 0)
		return -1;
	return write_frontend(into, params, "lb-sticky", params->sticky_port, "hail_node");
}
