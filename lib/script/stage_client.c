/* stage_client.c: what the options of an `open` or an `http` come to. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/script/option.h"
#include "lib/script/stage.h"
#include "lib/session/client.h"

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for options");
}

/* --- options ----------------------------------------------------------------------------- */

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

/* *value is the first of those in c->values that are left. */
static int
apply_setting(struct option_set *set, const struct setting *setting, const char **value,
    struct err *e)
{
	const char *mine = NULL;
	struct err why;

	if (setting->value != NULL) {
		mine = *value;
		*value += strlen(mine) + 1;
	}
	if (setting->option->apply(set, mine, &why) == 0)
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
	buf_init(&text, STAGE_OPTIONS_MAX);
	if (set->client.cookie != NULL)
		failed = buf_add_text(&text, set->client.cookie);
	for (size_t i = 0; i < l->cookie_count; i++)
		failed |= (text.len > 0 ? buf_add_text(&text, "; ") : 0) |
		    buf_add_text(&text, l->cookies[i]);
	failed |= buf_add(&text, "", 1);
	if (failed) {
		buf_release(&text);
		return no_memory(e);
	}
	set->client.cookie = c->cookie = (char *)text.data;
	return 0;
}

/* "POST /path" */
static int
take_publish(struct stage_client *c, const char *text, struct err *e)
{
	const char *blank = text != NULL ? strchr(text, ' ') : NULL;

	if (blank == NULL)
		return 0;
	c->method = strndup(text, (size_t)(blank - text));
	c->publish.method = c->method;
	c->publish.target = blank + 1 + strspn(blank + 1, " ");
	return c->method != NULL ? 0 : no_memory(e);
}

static int
apply_settings(struct stage_client *c, struct option_set *set, struct err *e)
{
	const char *value = c->values.data;
	struct option_lists lists;

	if (c->settings == NULL)
		return 0;
	set->lists = &lists;
	lists.cookie_count = 0;
	if (begin_lists(set, e) != 0)
		return -1;
	for (size_t i = 0; i < c->settings->count; i++)
		if (apply_setting(set, &c->settings->items[i], &value, e) != 0)
			return -1;
	return join_cookies(c, set, e) != 0 || keep_lists(c, &set->client, e) != 0 ||
	    take_publish(c, set->publish, e) != 0 ? -1 : 0;
}

/* --- clients ----------------------------------------------------------------------------- */

void
stage_client_free(struct stage_client *c)
{
	client_free(c->client);
	free((char *)c->values.data);
	free(c->lists);
	free(c->cookie);
	free(c->method);
	free(c);
}

static void
release_client(struct loop_deferred *d)
{
	stage_client_free((struct stage_client *)((char *)d -
	    offsetof(struct stage_client, deferred)));
}

/* The connection's own memory goes at the end of this turn, and what it was lent after that. */
void
stage_client_leave(struct stage_client *c)
{
	if (--c->users > 0 || c->kept)
		return;
	stage_forget_targets(c->stage, c);
	loop_defer(c->stage->params.loop, &c->deferred, release_client);
}

static int
fill_client(struct stage_client *c, struct err *e)
{
	struct option_set set = {.client = c->stage->options};

	set.client.transport = c->transport;
	set.client.open_timeout = c->limit;
	if (apply_settings(c, &set, e) != 0)
		return -1;
	c->retries = set.reconnect > INT_MAX ? INT_MAX : (int)set.reconnect;
	c->open_timeout = set.client.open_timeout;
	c->max_message = set.client.max_message;
	c->compress = set.client.compress;
	c->client = client_new_beside(c->stage->base, &set.client, e);
	return c->client != NULL ? 0 : -1;
}

static struct stage_client *
new_client(struct stage *s, const struct stage_client *like, struct err *e)
{
	struct stage_client *c = malloc(sizeof *c);
	char *values = malloc(like->values.len + 1);

	if (c == NULL || values == NULL) {
		free(c);
		free(values);
		no_memory(e);
		return NULL;
	}
	*c = *like;
	if (like->values.len > 0)
		memcpy(values, like->values.data, like->values.len);
	c->values.data = values;
	if (fill_client(c, e) != 0) {
		stage_client_free(c);
		return NULL;
	}
	c->kept = true;
	c->next = s->clients;
	return s->clients = c;
}

/* The place in the list of the one for those options, whatever they said then. */
static struct stage_client **
find_client(struct stage *s, const struct stage_client *like)
{
	struct stage_client **link = &s->clients;

	while (*link != NULL && ((*link)->settings != like->settings ||
	    (*link)->transport != like->transport || (*link)->limit != like->limit))
		link = &(*link)->next;
	return link;
}

static int
add_value(struct stage *s, const char *value, size_t len, struct err *e)
{
	return buf_add(&s->values, value, len) != 0 || buf_add(&s->values, "", 1) != 0 ?
	    no_memory(e) : 0;
}

/* A file that variables name, and one that was found when the script was read: who knows what the
 * script, or somebody else, has put there since. */
static int
add_file(struct stage *s, const struct setting *setting, struct slice value, struct err *e)
{
	char *name = strndup(value.data, value.len), *place;
	struct err why;
	int failed;

	if (name == NULL)
		return no_memory(e);
	place = script_option_place(setting->option, setting->names, setting->spot.file, name,
	    &why);
	free(name);
	if (place == NULL)
		return err_set(e, why.class, 0, "%s: %.200s", setting->option->name, why.text);
	failed = add_value(s, place, strlen(place), e);
	free(place);
	return failed;
}

/* What the options say now. */
static int
fill_values(struct stage *s, const struct settings *settings, struct scope *scope,
    struct slice *values, struct err *e)
{
	struct slice value;

	s->values.len = 0;
	for (size_t i = 0; settings != NULL && i < settings->count; i++) {
		const struct setting *setting = &settings->items[i];

		if (setting->value == NULL)
			continue;
		if (stage_fill(s, setting->value, scope, &value, e) != 0)
			return -1;
		if (memchr(value.data, '\0', value.len) != NULL)
			return err_set(e, ERR_USAGE, 0, "%s: expected a value without NUL",
			    setting->option->name);
		if ((setting->names != NULL ? add_file(s, setting, value, e) :
		    add_value(s, value.data, value.len, e)) != 0)
			return -1;
	}
	*values = (struct slice){(const char *)s->values.data, s->values.len};
	return 0;
}

struct stage_client *
stage_client_for(struct stage *s, const struct settings *settings, enum transport transport,
    uint64_t limit, struct scope *scope, struct err *e)
{
	struct stage_client like = {.settings = settings->count > 0 ? settings : NULL,
	    .transport = transport, .limit = limit, .stage = s};
	struct stage_client **link = find_client(s, &like), *c = *link;

	if (c != NULL && settings->constant)
		return c;
	if (fill_values(s, like.settings, scope, &like.values, e) != 0)
		return NULL;
	if (c != NULL && c->values.len == like.values.len && (c->values.len == 0 ||
	    memcmp(c->values.data, like.values.data, like.values.len) == 0))
		return c;
	if (c != NULL) {
		*link = c->next;
		c->kept = false;
		c->users++;
		stage_client_leave(c);
	}
	return new_client(s, &like, e);
}
