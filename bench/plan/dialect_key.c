#include "bench/plan/dialect_key.h"

#include <string.h>

#include "bench/plan/dialect.h"
#include "lib/base/err.h"
#include "lib/base/json_pointer.h"

static bool
is_ascii(const char *text, char least)
{
	while (*text >= least && *text < 0x7f)
		text++;
	return *text == '\0';
}

static int
check_name(const char *value, const char *place, struct err *e)
{
	return *value != '\0' ? 0 : err_set(e, ERR_USAGE, 0, "%s is not empty", place);
}

static int
check_target(const char *value, const char *place, enum template_kind kind, struct err *e)
{
	if (*value != '/' || !is_ascii(value, '!') || strchr(value, '#') != NULL)
		return err_set(e, ERR_USAGE, 0, "%s begins with '/' and is visible ASCII "
		    "without '#' (percent-encode the rest)", place);
	return template_check(value, place, kind, e);
}

static int
check_path(const char *value, const char *place, struct err *e)
{
	return check_target(value, place, TEMPLATE_PLAIN, e);
}

static int
check_poll_path(const char *value, const char *place, struct err *e)
{
	return check_target(value, place, TEMPLATE_POLL, e);
}

static int
check_message(const char *value, const char *place, struct err *e)
{
	return template_check(value, place, TEMPLATE_PLAIN, e);
}

static int
check_publish(const char *value, const char *place, struct err *e)
{
	if (template_check(value, place, TEMPLATE_PUBLISH, e) != 0)
		return -1;
	return strstr(value, "{stamp}") != NULL ? 0 :
	    err_set(e, ERR_USAGE, 0, "%s: expected {stamp} in it", place);
}

static int
check_pointer(const char *value, const char *place, struct err *e)
{
	struct err why = {0};

	return json_pointer_check(value, &why) == 0 ? 0 :
	    err_set(e, why.class, 0, "%s: %s", place, why.text);
}

static int
check_items(const char *value, const char *place, struct err *e)
{
	if (strcmp(value, "auto") == 0 || strcmp(value, "none") == 0 ||
	    json_pointer_check(value, NULL) == 0)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%s is \"auto\", \"none\" or a JSON Pointer", place);
}

static int
check_first(const char *value, const char *place, struct err *e)
{
	if (strcmp(value, "answered") == 0 || strcmp(value, "held") == 0)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%s is \"answered\" or \"held\"", place);
}

static int
check_answered(const char *value, const char *place, struct err *e)
{
	return strcmp(value, "answered") == 0 ? 0 :
	    err_set(e, ERR_USAGE, 0, "%s is \"answered\": a short poll is never held", place);
}

static int
check_method(const char *value, const char *place, struct err *e)
{
	if (strcmp(value, "POST") == 0 || strcmp(value, "PUT") == 0 ||
	    strcmp(value, "WS") == 0)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%s is \"POST\", \"PUT\" or \"WS\"", place);
}

/* It becomes a header field. */
static int
check_type(const char *value, const char *place, struct err *e)
{
	return *value > ' ' && is_ascii(value, ' ') ? 0 :
	    err_set(e, ERR_USAGE, 0, "%s is a media type such as \"application/json\"", place);
}

/* tests/docs/dialect.sh reads this table, too. */
#define AT(member) offsetof(struct dialect, member)

const struct dialect_key dialect_keys[] = {
	{"", "name", DIALECT_TEXT, AT(name), check_name},
	{"", "description", DIALECT_TEXT, AT(description), NULL},
	{"", "path", DIALECT_TEXT, AT(path), check_path},
	{"", "echo_path", DIALECT_TEXT, AT(echo_path), check_path},
	{"", "on_open", DIALECT_LIST, 0, check_message},
	{"", "subscribe", DIALECT_TEXT, AT(subscribe), check_message},
	{"", "publish", DIALECT_TEXT, AT(publish), check_publish},
	{"", "self", DIALECT_FLAG, AT(self), NULL},
	{"sse", "path", DIALECT_TEXT, AT(sse_path), check_path},
	{"longpoll", "path", DIALECT_TEXT, AT(longpoll.path), check_poll_path},
	{"longpoll", "first", DIALECT_FIRST, AT(longpoll.answered), check_first},
	{"longpoll", "items", DIALECT_TEXT, AT(longpoll.items), check_items},
	{"longpoll", "id", DIALECT_TEXT, AT(longpoll.id), check_pointer},
	{"longpoll", "data", DIALECT_TEXT, AT(longpoll.data), check_pointer},
	{"longpoll", "cursor", DIALECT_TEXT, AT(longpoll.cursor), check_pointer},
	{"poll", "path", DIALECT_TEXT, AT(poll.path), check_poll_path},
	{"poll", "first", DIALECT_FIRST, AT(poll.answered), check_answered},
	{"poll", "items", DIALECT_TEXT, AT(poll.items), check_items},
	{"poll", "id", DIALECT_TEXT, AT(poll.id), check_pointer},
	{"poll", "data", DIALECT_TEXT, AT(poll.data), check_pointer},
	{"poll", "cursor", DIALECT_TEXT, AT(poll.cursor), check_pointer},
	{"post", "path", DIALECT_TEXT, AT(post.path), check_path},
	{"post", "method", DIALECT_TEXT, AT(post.method), check_method},
	{"post", "type", DIALECT_TEXT, AT(post.type), check_type},
	{"post", "body", DIALECT_TEXT, AT(post.body), check_publish},
	{NULL, NULL, DIALECT_TEXT, 0, NULL},
};

const struct dialect_key *
dialect_key_find(const char *group, const char *name)
{
	for (const struct dialect_key *k = dialect_keys; k->name != NULL; k++)
		if (strcmp(k->group, group) == 0 && strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

bool
dialect_key_is_group(const char *name)
{
	for (const struct dialect_key *k = dialect_keys; k->name != NULL; k++)
		if (*name != '\0' && strcmp(k->group, name) == 0)
			return true;
	return false;
}
