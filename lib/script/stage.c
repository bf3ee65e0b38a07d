#include "lib/script/stage.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/script/text.h"
#include "lib/session/client.h"
#include "lib/session/redirect.h"
#include "lib/transport/endpoint.h"

enum { SCRATCH_MAX = 64 << 10 };         /* more is given back */

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory to play");
}

int
stage_fill(struct stage *s, const struct text *text, struct scope *scope, struct slice *filled,
    struct err *e)
{
	if (text_is_constant(text)) {
		*filled = text_constant(text);
		return 0;
	}
	if (s->text.cap > SCRATCH_MAX)
		buf_release(&s->text);
	s->text.len = 0;
	if (text_fill(text, scope, &s->text, e) != 0)
		return -1;
	*filled = (struct slice){s->text.len > 0 ? (const char *)s->text.data : "", s->text.len};
	return 0;
}

/* --- targets ----------------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
free_target(struct stage_target **link)
{
	struct stage_target *t = *link;

	*link = t->next;
	client_target_free(t->target);
	url_release(&t->url);
	free(t);
}

/* The URL is copied by parsing it again, once for each server. */
static struct stage_target *
new_target(struct stage *s, const struct seat *seat, const char *url)
{
	struct stage_target *t = calloc(1, sizeof *t);
	enum transport transport = seat->client->transport;

	if (t == NULL || client_url_parse(&t->url, url, true, &transport, NULL) != 0) {
		free(t);
		return NULL;
	}
	t->client = seat->client;
	t->target = client_target_new(seat->client->client, &t->url, false, s->resolver,
	    s->params.rng, NULL);
	if (t->target == NULL) {
		url_release(&t->url);
		free(t);
		return NULL;
	}
	t->next = s->targets;
	return s->targets = t;
}

/* NULL: it is not shared; what may be wrong with it is told when the connection makes its own. */
static struct stage_target *
target_for(struct stage *s, const struct seat *seat, const char *url)
{
	size_t count = 0;

	for (struct stage_target *t = s->targets; t != NULL; t = t->next) {
		if (t->client == seat->client && !t->stale &&
		    redirect_same_origin(&t->url, &seat->url) &&
		    same_text(t->url.user, seat->url.user) &&
		    same_text(t->url.password, seat->url.password))
			return t;
		count++;
	}
	return count < STAGE_TARGETS ? new_target(s, seat, url) : NULL;
}

static void
leave_target(struct stage *s, struct stage_target *target, const struct err *why)
{
	if (why != NULL && (why->class == ERR_RESOLVE || why->class == ERR_CONNECT ||
	    why->class == ERR_TIMEOUT))
		target->stale = true;
	target->users--;
	if (target->users > 0 || !target->stale)
		return;
	for (struct stage_target **t = &s->targets; *t != NULL; t = &(*t)->next)
		if (*t == target) {
			free_target(t);
			return;
		}
}

void
stage_forget_targets(struct stage *s, const struct stage_client *c)
{
	struct stage_target **t = &s->targets;

	while (*t != NULL)
		if ((*t)->client == c)
			free_target(t);
		else
			t = &(*t)->next;
}

/* --- seats ------------------------------------------------------------------------------- */

static int
fill_url(struct stage *s, const struct text *text, struct scope *scope, char **url, struct err *e)
{
	struct slice filled;

	if (stage_fill(s, text, scope, &filled, e) != 0)
		return -1;
	if (memchr(filled.data, '\0', filled.len) != NULL)
		return err_set(e, ERR_USAGE, 0, "expected a URL without NUL");
	*url = strndup(filled.data, filled.len);
	return *url != NULL ? 0 : no_memory(e);
}

/* What an `open` and an `http` have in common. */
struct wish {
	const struct text *url;
	const struct settings *settings;
	bool forced;                     /* the transport is said, whatever the URL's scheme */
	enum transport transport;
	uint64_t limit;
};

static int
take_seat(struct stage *s, const struct wish *w, struct scope *scope, struct seat *seat,
    struct err *e)
{
	enum transport transport = w->transport;
	char *url = NULL;

	*seat = (struct seat){0};
	if (fill_url(s, w->url, scope, &url, e) != 0)
		return -1;
	if (client_url_parse(&seat->url, url, w->forced, &transport, e) == 0) {
		seat->client = stage_client_for(s, w->settings, transport, w->limit, scope, e);
		if (seat->client == NULL) {
			url_release(&seat->url);
		} else {
			seat->client->users++;
			seat->target = target_for(s, seat, url);
			if (seat->target != NULL)
				seat->target->users++;
		}
	}
	free(url);
	return seat->client != NULL ? 0 : -1;
}

int
stage_seat_open(struct stage *s, const struct open_step *open, uint64_t limit,
    struct scope *scope, struct seat *seat, struct err *e)
{
	return take_seat(s, &(struct wish){open->url, &open->settings, open->transport_given,
	    open->transport, limit}, scope, seat, e);
}

int
stage_seat_http(struct stage *s, const struct http_step *http, uint64_t limit,
    struct scope *scope, struct seat *seat, struct err *e)
{
	/* The options are those of any request but an upgrade. */
	return take_seat(s, &(struct wish){http->url, &http->settings, true, TRANSPORT_SSE, limit},
	    scope, seat, e);
}

void
stage_leave(struct stage *s, struct seat *seat, const struct err *why)
{
	if (seat->client == NULL)
		return;
	if (seat->target != NULL)
		leave_target(s, seat->target, why);
	stage_client_leave(seat->client);
	url_release(&seat->url);
	*seat = (struct seat){0};
}

/* --- counting ---------------------------------------------------------------------------- */

void
stage_count_open(struct stage *s, bool open)
{
	struct stage_totals *t = &s->totals;

	if (!open) {
		t->plays.open--;
		return;
	}
	if (++t->plays.open > t->peak)
		t->peak = t->plays.open;
	t->opened_at = clock_ns();
}

const struct stage_totals *
stage_totals(const struct stage *s)
{
	return &s->totals;
}

/* --- scripts ----------------------------------------------------------------------------- */

const struct stage_cast *
stage_cast(struct stage *s, const struct script *script)
{
	struct stage_cast *c;

	for (c = s->casts; c != NULL; c = c->next)
		if (c->script == script)
			return c;
	c = calloc(1, sizeof *c);
	if (c == NULL || (c->asks_answer = calloc(script->party_count + 1, 1)) == NULL) {
		free(c);
		return NULL;
	}
	c->script = script;
	for (size_t i = 0; i < script->step_count; i++) {
		const struct step *step = script->steps[i];

		if (step->verb == VERB_EXPECT && step->expect.kind == EXPECT_ANSWER)
			c->asks_answer[step->party] = true;
	}
	c->next = s->casts;
	return s->casts = c;
}

/* --- life -------------------------------------------------------------------------------- */

struct stage *
stage_new(const struct stage_params *params, struct err *e)
{
	struct stage *s = calloc(1, sizeof *s);

	if (s == NULL) {
		no_memory(e);
		return NULL;
	}
	s->params = *params;
	s->options = *params->client;
	buf_init(&s->text, STAGE_TEXT_MAX);
	buf_init(&s->values, STAGE_OPTIONS_MAX);
	s->resolver = resolver_new(params->loop, e);
	/* What is wrong with the command line is told before anything is played. */
	if (s->resolver != NULL && (s->base = client_new(&s->options, e)) != NULL)
		return s;
	stage_free(s);
	return NULL;
}

void
stage_free(struct stage *s)
{
	struct stage_client *client;
	struct stage_cast *cast;

	if (s == NULL)
		return;
	loop_settle(s->params.loop);
	while (s->targets != NULL)
		free_target(&s->targets);
	while ((client = s->clients) != NULL) {
		s->clients = client->next;
		stage_client_free(client);
	}
	while ((cast = s->casts) != NULL) {
		s->casts = cast->next;
		free(cast->asks_answer);
		free(cast);
	}
	client_free(s->base);
	if (s->resolver != NULL)
		resolver_free(s->resolver);
	buf_release(&s->text);
	buf_release(&s->values);
	free(s);
}
