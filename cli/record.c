/* A record is a script (hail-script(5)) with one connection, named "a":
 *
 *     open a ws://127.0.0.1:9001/echo
 *     a > hello
 *     a < text "hello" within 1s
 *     a > text "two\nlines"
 *     a < json {"id":*string,"n":7} within 1s
 *     a > hex 00 ff
 *     a close 1000
 *
 * Nobody waits in a replay but for what is expected, so each line waits for what came: how long
 * that may take, what was observed says. */
#include "cli/record.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/record_text.h"
#include "cli/said.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/replace_file.h"
#include "lib/channel/channel.h"
#include "lib/codec/ws_frame.h"

enum {
	MESSAGE_KEPT = 1 << 20,      /* bytes of a message; a longer one is a comment */
	URL_KEPT = 2048,
	REASON_KEPT = 124,           /* bytes of a close frame's reason, and a NUL */
};

struct record {
	struct replace_file *target;
	FILE *file;                  /* its stream */
	const struct record_params *params;
	char url[URL_KEPT], opened_url[URL_KEPT];    /* of this attempt; of the last `open` */
	bool foreign;
	bool told_variables;         /* the comment about them was written */
	bool open;
	bool has_ids;                /* messages came with ids, from which a stream goes on */
	bool closing;                /* by us, with … */
	unsigned close_code;
	char close_reason[REASON_KEPT];
	uint64_t last;               /* clock_ns of what happened last, … */
	uint64_t heard;              /* … by the server */
	struct said said;
};

/* --- the file ---------------------------------------------------------------------------- */

struct record *
record_new(const char *path, const struct record_params *p, struct err *e)
{
	struct record *r = calloc(1, sizeof *r);
	char now[32];

	if (r == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory for a record");
		return NULL;
	}
	r->params = p;
	r->target = replace_file_new(path, e);
	if (r->target == NULL) {
		free(r);
		return NULL;
	}
	r->file = replace_file_stream(r->target);
	clock_wall_text(now, sizeof now);
	fprintf(r->file, "# recorded by hail on %s\n", now);
	return r;
}

int
record_free(struct record *r, struct err *e)
{
	int result;

	if (r == NULL)
		return 0;
	result = replace_file_commit(r->target, e);
	said_release(&r->said);
	free(r);
	return result;
}

/* --- opening ----------------------------------------------------------------------------- */

void
record_connecting(struct record *r, const struct record_place *place)
{
	snprintf(r->url, sizeof r->url, "%s", place->url);
	r->foreign = place->foreign;
	r->closing = false;
}

/* A stream goes on where it was, if it can and the server stands where it stood. */
static bool
resumes(const struct record *r)
{
	return r->has_ids && strcmp(r->url, r->opened_url) == 0;
}

static void
put_opening(struct record *r)
{
	const struct record_place place = {r->url, r->foreign};

	if (resumes(r)) {
		record_put_resume(r->file, r->params);
		return;
	}
	if (!r->told_variables)
		record_put_variables(r->file, r->params, &place);
	r->told_variables = true;
	record_put_open(r->file, r->params, &place);
	said_add(&r->said, slice_of(r->url), false);
	snprintf(r->opened_url, sizeof r->opened_url, "%s", r->url);
}

void
record_open(struct record *r, uint64_t at)
{
	put_opening(r);
	r->open = true;
	r->last = r->heard = at;
}

/* --- what is said ------------------------------------------------------------------------ */

static bool
is_too_long(struct record *r, const struct message *m, const char *direction)
{
	if (m->len <= MESSAGE_KEPT)
		return false;
	fprintf(r->file, "# a %s a message of %zu bytes, which is left out\n", direction, m->len);
	return true;
}

void
record_sent(struct record *r, const struct message *m)
{
	struct slice text = {(const char *)m->data, m->len};

	r->last = m->at;
	if (is_too_long(r, m, ">"))
		return;
	fputs("a > ", r->file);
	record_put_payload(r->file, m);
	fputc('\n', r->file);
	said_add(&r->said, text, record_is_json(m));
}

/* The end of a line that waits for what happened now. A replay sends without the pauses that its
 * user made: what came by itself, and not as a reply, then takes as long as since what came before
 * it, and half of that for safety. */
static void
put_within(struct record *r, uint64_t at)
{
	uint64_t answered = at > r->last ? at - r->last : 0;
	uint64_t unasked = (at > r->heard ? at - r->heard : 0) / 20 * 3;
	char limit[RECORD_LIMIT];

	record_limit(limit, answered > unasked ? answered : unasked);
	fprintf(r->file, " within %s\n", limit);
	r->last = r->heard = at;
}

void
record_received(struct record *r, const struct message *m)
{
	r->has_ids = r->has_ids || m->id.len > 0;
	if (is_too_long(r, m, "<")) {
		r->last = r->heard = m->at;
		return;
	}
	fputs("a < ", r->file);
	record_put_conditions(r->file, m, &r->said, (int64_t)time(NULL) * 1000);
	put_within(r, m->at);
}

void
record_pinged(struct record *r, uint64_t at)
{
	fputs("a ping\n", r->file);
	r->last = at;
}

void
record_refused(struct record *r, const struct err *why)
{
	fprintf(r->file, "# not published: %s\n", why->text);
}

/* --- ends -------------------------------------------------------------------------------- */

void
record_closing(struct record *r, unsigned code, const char *reason)
{
	r->closing = true;
	r->close_code = code;
	snprintf(r->close_reason, sizeof r->close_reason, "%s", reason != NULL ? reason : "");
}

/* Whether it is about the connection: a server that is the same does it again. */
static bool
is_repeatable(enum err_class class)
{
	switch (class) {
	case ERR_RESOLVE:
	case ERR_CONNECT:
	case ERR_TLS:
	case ERR_HANDSHAKE:
	case ERR_HTTP:
	case ERR_PROTOCOL:
	case ERR_CLOSED:
	case ERR_TIMEOUT:
	case ERR_LIMIT:
		return true;
	case ERR_NONE:
	case ERR_USAGE:
	case ERR_MATCH:
	case ERR_IO:
	case ERR_MEMORY:
	case ERR_INTERRUPTED:
	case ERR_CLASSES:
		return false;
	}
	return false;
}

/* A refusal by the server is a promise like others. That nobody was there is one only if it stayed
 * so. */
static void
put_failure(struct record *r, const struct err *why, bool again)
{
	bool refused = why->class == ERR_HTTP && why->code > 0;

	fprintf(r->file, "# %s\n", why->class != ERR_NONE ? why->text : "closed");
	if (r->closing || !is_repeatable(why->class) || (again && !refused))
		return;
	put_opening(r);
	if (refused)
		fprintf(r->file, "a < status %d\n", why->code);
	else
		fprintf(r->file, "a < failed %s\n", err_class_name(why->class));
}

/* Only a WebSocket closes with codes. */
static void
put_own_close(struct record *r, bool coded)
{
	fputs("a close", r->file);
	if (coded && r->close_code != 0) {
		fprintf(r->file, " %u", r->close_code);
		if (r->close_reason[0] != '\0') {
			fputc(' ', r->file);
			record_put_string(r->file, slice_of(r->close_reason));
		}
	}
	fputc('\n', r->file);
}

static void
put_end(struct record *r, const struct channel_end *end, uint64_t at)
{
	const struct err *why = &end->why;
	bool lost = why->class != ERR_NONE, ours = r->closing && (lost || !end->by_peer);

	if (ours)
		put_own_close(r, end->code != 0);
	if (lost)
		fprintf(r->file, "# lost: %s\n", why->text);
	if (lost ? !is_repeatable(why->class) : ours)
		return;
	fputs("a < close", r->file);
	if (end->code != 0)
		fprintf(r->file, " %u", end->code);
	put_within(r, at);
}

void
record_closed(struct record *r, const struct channel_end *end, uint64_t at, bool again)
{
	if (r->open)
		put_end(r, end, at);
	else
		put_failure(r, &end->why, again);
	r->open = false;
}
