/* view.h: where a conversation is shown: on a terminal, as bare messages, as JSON. A view prints;
 * what is done next, talk.c decides. */
#ifndef HAIL_CLI_VIEW_H
#define HAIL_CLI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/session/conversation.h"

struct output;
struct view;

struct view_ops {
	/* `where`, an URL, is lent until the next attempt or the end of the talk. */
	void (*connecting)(struct view *v, const char *where, unsigned redirect);
	void (*opened)(struct view *v, const struct channel_opened *o);
	void (*message)(struct view *v, const struct message *m, bool out);
	void (*pong)(struct view *v, uint64_t round_trip_ns);
	void (*retrying)(struct view *v, const struct conversation_retry *r);
	void (*wire)(struct view *v, const struct channel_wire *w);
	void (*closing)(struct view *v, const struct channel_end *end);
	void (*ended)(struct view *v, const struct channel_end *end);
	/* What was sent by a request was not published: `why`, and the answer where there was
	 * one. */
	void (*refused)(struct view *v, const struct channel_end *end);
	/* What goes wrong besides: bad input, an unmet --count. */
	void (*complain)(struct view *v, const struct err *e);
	void (*free)(struct view *v);
};

/* The head of every view's own struct. */
struct view {
	const struct view_ops *ops;
	bool wants_wire;
};

struct view_params {
	struct output *out;          /* standard output, … */
	struct output *err;          /* … and error */
	bool quiet, color;
	int verbose;
	char separator;              /* behind each message */
	bool hide_messages;
	unsigned columns;            /* of the terminal that standard output is; 0: it is none */
	bool out_color, raw_json;    /* on that terminal */
};

/* The messages to standard output, everything else to standard error. */
struct view *view_lines_new(const struct view_params *p);

/* One JSON object for each event, one a line, on standard output (hail-connect(1)). */
struct view *view_json_new(const struct view_params *p);

#endif
