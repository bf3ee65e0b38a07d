/* ws_conn.h: what ws.c (the life of a connection), ws_answer.c (how it opens or does not) and
 * ws_out.c (what it sends) share. For no one else. */
#ifndef HAIL_CHANNEL_WS_CONN_H
#define HAIL_CHANNEL_WS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/channel/ws.h"
#include "lib/codec/ws_frame.h"
#include "lib/codec/ws_handshake.h"
#include "lib/codec/ws_message.h"
#include "lib/loop/loop.h"
#include "lib/transport/stream.h"

struct refusal;

enum ws_state {
	WS_OPENING,
	WS_UPGRADING,
	WS_REFUSED,
	WS_OPEN,
	WS_CLOSING,
	WS_ENDING,
	WS_FAILING,
	WS_DEAD,
};

/* What is only needed until the connection is open. */
struct ws_opening {
	struct buf request;          /* empty once it is sent */
	size_t seen;                 /* bytes of the answer that were searched for its end */
	unsigned interim;            /* answers before the answer */
	struct refusal *refusal;     /* while its body is read */
	char key[WS_KEY_LENGTH + 1];
};

/* What is only needed while a peer that broke the protocol is told so. */
struct ws_failing {
	struct err why;
	uint64_t discarded;          /* bytes */
	struct loop_timer timer;
};

/* What most connections do without: a fault, wire events, compression, a failure. */
struct ws_special {
	struct ws_reader_extras reader;      /* its deflate is owned */
	uint64_t now;                /* clock_ns of the read that is worked on */
	struct ws_failing *failing;  /* in that state */
};

struct ws {
	struct channel channel;
	struct loop *loop;
	const struct ws_params *params;
	struct stream *stream;
	struct ws_special *special;  /* NULL mostly */
	struct ws_opening *opening;  /* NULL when open */
	struct ws_reader reader;
	enum ws_state state;
	bool by_peer;
	bool freed;
	bool paused;                 /* no message is told */
	uint16_t code;               /* of the peer's close frame, or ours while there is none */
	char *reason;                /* of the peer's close frame; NULL when it gave none */
	uint64_t bytes_in, bytes_out;        /* when the stream is gone */
	struct loop_deferred deferred;
};

/* --- ws.c -------------------------------------------------------------------------------- */

/* The one way to `closed`. */
void ws_finish(struct ws *w, const struct err *why, unsigned code);

/* What was only needed until the connection was open. */
void ws_release_opening(struct ws *w);

/* Makes w->special where there is none. */
int ws_need_special(struct ws *w, struct err *e);

/* --- ws_answer.c ------------------------------------------------------------------------- */

/* Takes a whole response head from the front, and the state that follows from it. Returns its
 * bytes, 0: it is not complete. */
size_t ws_answer(struct ws *w, const uint8_t *data, size_t len, uint64_t now);

/* Takes bytes of a refusal's body, and finishes when it is complete. */
void ws_refusal(struct ws *w, const uint8_t *data, size_t len);

/* No more of it will come: finishes. As refusal_end. */
void ws_refusal_end(struct ws *w, bool in_order);

/* --- ws_out.c ---------------------------------------------------------------------------- */

enum { WS_OUT_CLOSE_ROOM = WS_HEAD_MAX + WS_CONTROL_MAX };   /* beyond max_backlog */

/* A message: compressed when that was agreed, and with the fault. Returns as channel_send. */
int ws_out_message(struct ws *w, enum ws_opcode opcode, const void *data, size_t len);

/* A ping or pong. Returns as channel_send. */
int ws_out_control(struct ws *w, enum ws_opcode opcode, const void *data, size_t len);

/* A close frame, for which there is always room, once. A code that must not be on the wire
 * (1005, 1006, 0) makes it empty; `reason` may be NULL. */
void ws_out_close(struct ws *w, unsigned code, const char *reason);

/* Tells the wire event, where there is one, of a frame or a head. */
void ws_tell(const struct ws *w, const struct channel_wire *wire);
void ws_tell_head(struct ws *w, bool out, const void *data, size_t len, uint64_t at);

#endif
