#include "lib/script/stage.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/script/option.h"
#include "lib/script/scope.h"
#include "lib/script/text.h"
#include "lib/session/client.h"
#include "lib/session/redirect.h"
#include "lib/transport/endpoint.h"

enum {
	OPTIONS_MAX = 32 << 20,          /* bytes of what the options of one open say */
	SCRATCH_MAX = 64 << 10,          /* more is given back */
};

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

/* --- options ----------------------------------------------------------------------------- */

/* One of the values. There are as many clients as connections, if options have variables, so each
 * takes what it needs and no more. */
struct kept_text {
	struct kept_text *next;
	char text[];
};

/* NULL: no memory. */
static const char *
keep_text(struct stage_client *c, struct slice text)
{
	struct kept_text *kept = malloc(sizeof *kept + text.len + 1);

	if (kept == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(kept->text, text.data, text.len);
	kept->text[text.len] = '\0';
	kept->next = c->texts;
	c->texts = kept;
	return kept->text;
}

/* What a list of the command line says, and room for what is added. */
static int
begin_list(const char **list, const char *const **items, size_t count, struct err *e)
{
	if (count > OPTION_LIST_MAX)
		return err_set(e, ERR_USAGE, 0, "%zu options of one kind on the command line: with "
		    "those of a script expected at most %d", count, OPTION_LIST_MAX);
	if (count > 0)
		memcpy(list, *items, count * sizeof *list);
	*items = list;
	return 0;
}

static int
begin_lists(struct option_set *set, struct err *e)
{
	struct client_options *o = &set->client;
	struct option_lists *l = set->lists;

	return begin_list(l->headers, &o->headers, o->header_count, e) != 0 ||
	    begin_list(l->subprotocols, &o->subprotocols, o->subprotocol_count, e) != 0 ||
	    begin_list(l->claims, &o->jwt_claims, o->jwt_claim_count, e) != 0 ||
	    begin_list(l->connect_to, &o->connect_to, o->connect_to_count, e) != 0 ||
	    begin_list(l->source_ips, &o->source_ips, o->source_ip_count, e) != 0 ? -1 : 0;
}

static const char **
keep_list(const char **at, const char *const **items, size_t count)
{
	if (count > 0)
		memcpy(at, *items, count * sizeof *at);
	*items = at;
	return at + count;
}

/* The client wants them as long as it lives. */
static int
keep_lists(struct stage_client *c, struct client_options *o, struct err *e)
{
	size_t count = o->header_count + o->subprotocol_count + o->jwt_claim_count +
	    o->connect_to_count + o->source_ip_count;
	const char **at = c->lists = malloc((count + 1) * sizeof *at);

	if (at == NULL)
		return no_memory(e);
	at = keep_list(at, &o->headers, o->header_count);
	at = keep_list(at, &o->subprotocols, o->subprotocol_count);
	at = keep_list(at, &o->jwt_claims, o->jwt_claim_count);
	at = keep_list(at, &o->connect_to, o->connect_to_count);
	keep_list(at, &o->source_ips, o->source_ip_count);
	return 0;
}

static int
apply_setting(struct stage_client *c, struct option_set *set, const struct setting *setting,
    struct scope *scope, struct err *e)
{
	const char *value = NULL;
	struct slice filled;
	struct err why;

	if (setting->value != NULL) {
		if (stage_fill(c->stage, setting->value, scope, &filled, e) != 0)
			return -1;
		if (memchr(filled.data, '\0', filled.len) != NULL)
			return err_set(e, ERR_USAGE, 0, "%s: expected a value without NUL",
			    setting->option->name);
		if ((value = keep_text(c, filled)) == NULL)
			return no_memory(e);
	}
	if (setting->option->apply(set, value, &why) == 0)
		return 0;
	return err_set(e, why.class, 0, "%s: %.200s", setting->option->name, why.text);
}

/* Those of the command line first, then the others, as one text. */
static int
join_cookies(struct stage_client *c, struct option_set *set, struct err *e)
{
	const struct option_lists *l = set->lists;
	struct buf text;
	int failed = 0;

	if (l->cookie_count == 0)
		return 0;
	buf_init(&text, OPTIONS_MAX);
	if (set->client.cookie != NULL)
		failed = buf_add_text(&text, set->client.cookie);
	for (size_t i = 0; i < l->cookie_count; i++)
		failed |= (text.len > 0 ? buf_add_text(&text, "; ") : 0) |
		    buf_add_text(&text, l->cookies[i]);
	if (!failed)
		set->client.cookie = keep_text(c, (struct slice){(char *)text.data, text.len});
	buf_release(&text);
	return failed || set->client.cookie == NULL ? no_memory(e) : 0;
}

/* "POST /path" */
static int
take_publish(struct stage_client *c, const char *text, struct err *e)
{
	const char *blank = text != NULL ? strchr(text, ' ') : NULL;

	if (blank == NULL)
		return 0;
	c->publish.method = keep_text(c, (struct slice){text, (size_t)(blank - text)});
	c->publish.target = blank + 1 + strspn(blank + 1, " ");
	return c->publish.method != NULL ? 0 : no_memory(e);
}

static int
apply_settings(struct stage_client *c, struct option_set *set, struct scope *scope, struct err *e)
{
	struct option_lists lists;

	if (c->settings == NULL)
		return 0;
	set->lists = &lists;
	lists.cookie_count = 0;
	if (begin_lists(set, e) != 0)
		return -1;
	for (size_t i = 0; i < c->settings->count; i++)
		if (apply_setting(c, set, &c->settings->items[i], scope, e) != 0)
			return -1;
	return join_cookies(c, set, e) != 0 || keep_lists(c, &set->client, e) != 0 ||
	    take_publish(c, set->publish, e) != 0 ? -1 : 0;
}

/* --- clients ----------------------------------------------------------------------------- */

static void
free_client(struct stage_client *c)
{
	struct kept_text *text;

	client_free(c->client);
	while ((text = c->texts) != NULL) {
		c->texts = text->next;
		free(text);
	}
	free(c->lists);
	free(c);
}

static void
release_client(struct loop_deferred *d)
{
	free_client((struct stage_client *)((char *)d - offsetof(struct stage_client, deferred)));
}

static int
fill_client(struct stage_client *c, struct scope *scope, struct err *e)
{
	struct option_set set = {.client = c->stage->options};

	set.client.transport = c->transport;
	set.client.open_timeout = c->limit;
	if (apply_settings(c, &set, scope, e) != 0)
		return -1;
	c->retries = set.reconnect > INT_MAX ? INT_MAX : (int)set.reconnect;
	c->open_timeout = set.client.open_timeout;
	c->max_message = set.client.max_message;
	c->compress = set.client.compress;
	c->client = client_new_beside(c->stage->base, &set.client, e);
	return c->client != NULL ? 0 : -1;
}

static struct stage_client *
new_client(struct stage *s, const struct settings *settings, enum transport transport,
    uint64_t limit, struct scope *scope, struct err *e)
{
	struct stage_client *c = calloc(1, sizeof *c);

	if (c == NULL) {
		no_memory(e);
		return NULL;
	}
	*c = (struct stage_client){.settings = settings, .transport = transport, .limit = limit,
	    .kept = settings == NULL || settings->constant, .stage = s};
	if (fill_client(c, scope, e) != 0) {
		free_client(c);
		return NULL;
	}
	if (c->kept) {
		c->next = s->clients;
		s->clients = c;
	}
	return c;
}

static struct stage_client *
find_client(const struct stage *s, const struct settings *settings, enum transport transport,
    uint64_t limit)
{
	struct stage_client *c = s->clients;

	while (c != NULL && (c->settings != settings || c->transport != transport ||
	    c->limit != limit))
		c = c->next;
	return c;
}

static struct stage_client *
client_for(struct stage *s, const struct settings *settings, enum transport transport,
    uint64_t limit, struct scope *scope, struct err *e)
{
	struct stage_client *c;

	if (settings->count == 0)
		settings = NULL;
	c = find_client(s, settings, transport, limit);
	return c != NULL ? c : new_client(s, settings, transport, limit, scope, e);
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

	if (!seat->client->kept)
		return NULL;
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
		seat->client = client_for(s, w->settings, transport, w->limit, scope, e);
		if (seat->client == NULL)
			url_release(&seat->url);
		else if ((seat->target = target_for(s, seat, url)) != NULL)
			seat->target->users++;
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

/* The connection's own memory goes at the end of this turn, and a client after it. */
void
stage_leave(struct stage *s, struct seat *seat, const struct err *why)
{
	if (seat->client == NULL)
		return;
	if (seat->target != NULL)
		leave_target(s, seat->target, why);
	if (!seat->client->kept)
		loop_defer(s->params.loop, &seat->client->deferred, release_client);
	url_release(&seat->url);
	*seat = (struct seat){0};
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
		free_client(client);
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
	free(s);
}
