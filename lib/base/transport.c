#include "lib/base/transport.h"

const char *
transport_name(enum transport t)
{
	switch (t) {
	case TRANSPORT_WS:
		return "ws";
	case TRANSPORT_SSE:
		return "sse";
	case TRANSPORT_LONGPOLL:
		return "longpoll";
	case TRANSPORT_POLL:
		return "poll";
	case TRANSPORTS:
		break;
	}
	return "?";
}
