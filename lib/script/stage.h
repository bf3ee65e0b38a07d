/* stage.h: the stage from the inside (player.h): the clients that scripts' options come to, and the
 * targets that connections share. For the files that play, nobody else.
 *
 *     seat:  client ── the options of an `open`, shared by all for whom they come to the same
 *       ├──  target ── of the server, shared by the connections of a client; or none
 *       └──  url */
#ifndef HAIL_SCRIPT_STAGE_H
#define HAIL_SCRIPT_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/transport.h"
#include "lib/base/url.h"
#include "lib/loop/loop.h"
#include "lib/script/player.h"
#include "lib/script/script.h"
#include "lib/session/conversation.h"

struct client;
struct client_target;
struct resolver;
struct scope;

enum {
	STAGE_TEXT_MAX = SCRIPT_FILE_MAX + (1 << 20),  /* bytes of a text with its variables */
	STAGE_TARGETS = 64,              /* that are shared */
	STAGE_OPTIONS_MAX = 32 << 20,    /* bytes of what the options of one open say */
};

/* Of options with variables the last one is kept, for those who come to the same. */
struct stage_client {
	struct stage_client *next;       /* of those that are kept */
	const struct settings *settings; /* with these three it is found again, and by … */
	enum transport transport;
	uint64_t limit;                  /* of an opening, if the options say nothing */
	struct slice values;             /* … what the options say, each with a NUL behind it */
	bool kept;
	size_t users;
	struct client *client;
	uint64_t open_timeout, max_message;      /* as the options have it */
	bool compress;
	struct conversation_publish publish;     /* method NULL: none */
	int retries;
	const char **lists;              /* what may be said several times */
	char *cookie, *method;           /* what is made of the options */
	struct stage *stage;
	struct loop_deferred deferred;
};

struct stage_target {
	struct stage_target *next;
	const struct stage_client *client;
	struct url url;                  /* of whoever came first; only the server counts */
	struct client_target *target;
	size_t users;
	bool stale;                      /* its addresses may be wrong: the next make their own */
};

/* What of a script matters to all who play it. */
struct stage_cast {
	struct stage_cast *next;
	const struct script *script;
	bool *asks_answer;               /* by party: a line looks at the answer to its opening */
};

struct stage {
	struct stage_params params;
	struct client_options options;
	struct resolver *resolver;
	struct client *base;             /* the others share its TLS */
	struct stage_client *clients;    /* that are kept */
	struct stage_target *targets;
	struct stage_cast *casts;
	struct stage_totals totals;
	struct buf text;                 /* what is filled in for a moment, … */
	struct buf values;               /* … and what options say */
};

/* Where a connection goes, and how. */
struct seat {
	struct stage_client *client;     /* NULL: it is empty */
	struct stage_target *target;     /* NULL: it makes its own */
	struct url url;
};

/* --- seats -------------------------------------------------------------------------------- */

/* For an `open`, or an `http`; the limit counts if the options do not say another. -1 with *e:
 * variables made something of it that makes no sense. */
int stage_seat_open(struct stage *s, const struct open_step *open, uint64_t limit,
    struct scope *scope, struct seat *seat, struct err *e);
int stage_seat_http(struct stage *s, const struct http_step *http, uint64_t limit,
    struct scope *scope, struct seat *seat, struct err *e);

/* The connection must be gone. Its end may say that the server was not reached. */
void stage_leave(struct stage *s, struct seat *seat, const struct err *why);

/* --- the rest ----------------------------------------------------------------------------- */

/* One connection more is open, or one less. */
void stage_count_open(struct stage *s, bool open);

/* NULL: no memory. */
const struct stage_cast *stage_cast(struct stage *s, const struct script *script);

/* The text filled in, until the next call. -1: as text_fill. */
int stage_fill(struct stage *s, const struct text *text, struct scope *scope, struct slice *filled,
    struct err *e);

/* --- for stage.c and stage_client.c ------------------------------------------------------- */

/* NULL with *e. Whoever uses it counts itself among the users. */
struct stage_client *stage_client_for(struct stage *s, const struct settings *settings,
    enum transport transport, uint64_t limit, struct scope *scope, struct err *e);

/* One user less. */
void stage_client_leave(struct stage_client *c);
void stage_client_free(struct stage_client *c);

/* Nobody uses them any more. */
void stage_forget_targets(struct stage *s, const struct stage_client *c);

#endif
