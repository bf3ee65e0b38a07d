/* transport.h: the ways to be told something that hail speaks, by the names that users give them
 * (-t). */
#ifndef HAIL_BASE_TRANSPORT_H
#define HAIL_BASE_TRANSPORT_H

#include <stdbool.h>

enum transport {
	TRANSPORT_WS,            /* WebSocket */
	TRANSPORT_SSE,           /* server-sent events */
	TRANSPORT_LONGPOLL,      /* requests that the server holds until there is something */
	TRANSPORT_POLL,          /* requests that are answered at once */
	TRANSPORTS,              /* how many there are */
};

/* In the order of the enum, for an option of type OPT_CHOICE. */
#define TRANSPORT_NAMES "ws|sse|longpoll|poll"

/* "ws", "sse", "longpoll", "poll" */
const char *transport_name(enum transport t);

/* Whether messages are asked for, request by request. */
static inline bool
transport_polls(enum transport t)
{
	return t == TRANSPORT_LONGPOLL || t == TRANSPORT_POLL;
}

#endif
