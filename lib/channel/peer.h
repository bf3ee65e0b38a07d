/* peer.h: who is spoken to, whatever is spoken there: what all transports need of a server, and
 * what one connection to it needs for itself. */
#ifndef HAIL_CHANNEL_PEER_H
#define HAIL_CHANNEL_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct endpoint;
struct proxy;
struct resume;
struct rng;
struct tls_target;

/* What many connections share; must outlive them, with all it points to. */
struct peer {
	struct endpoint *endpoint;         /* of the proxy, where there is one */
	const struct proxy *proxy;         /* NULL: none */
	struct tls_target *tls;            /* NULL: plain */
	const char *authority;             /* the value of Host */
	const char *const *headers;        /* lines that passed ws_header_check */
	size_t header_count;
	size_t max_backlog;                /* bytes that may wait to be sent */
	size_t max_refusal;                /* bytes to keep of a refusal's body; 0: the head will
	                                    * do */
	uint64_t max_message;              /* bytes a received message may have, decoded */
	struct rng *rng;                   /* seeded with secret bytes: masks, jitter */
};

/* What is a connection's own. */
struct place {
	const char *target;                /* "/path?query"; polls expand it anew (poll.h) */
	const struct sockaddr *source;     /* local address, port 0; NULL: the kernel's choice.
	                                    * Lent as long as the channel lives */
	socklen_t source_len;
	const char *const *headers;        /* lines of its own (Cookie, Authorization), behind … */
	size_t header_count;               /* … those of the peer */
	struct resume *resume;             /* where a stream goes on; lent as long as the channel
	                                    * lives, and kept up by it. NULL: nothing follows; a
	                                    * WebSocket has none */
};

#endif
