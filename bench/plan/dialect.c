#include "bench/plan/dialect.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/dialect_files.h"
#include "bench/plan/dialect_key.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum {
	FILE_MAX = 64 * 1024,
	PLACE_MAX = 192,         /* "dialect NAME: longpoll.path" in a sentence */
	NAMES_MAX = 256,
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for a dialect");
}

/* --- reading ----------------------------------------------------------------------------- */

int
dialect_set(char **text, const char *value)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return -1;
	free(*text);
	*text = copy;
	return 0;
}

static int
take_list(struct dialect *d, const struct dialect_key *k, const json_t *list,
    const char *place, struct err *e)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list))
		return err_set(e, ERR_USAGE, 0, "%s is a list of strings", place);
	if (count > DIALECT_ON_OPEN)
		return err_set(e, ERR_USAGE, 0, "%s: at most %d messages", place,
		    DIALECT_ON_OPEN);
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL)
			return err_set(e, ERR_USAGE, 0, "%s holds strings", place);
		if (k->check(text, place, e) != 0)
			return -1;
		if (dialect_set(&d->on_open[d->on_open_count++], text) != 0)
			return no_memory(e);
	}
	return 0;
}

static int
take_text(struct dialect *d, const struct dialect_key *k, const char *text, const char *place,
    struct err *e)
{
	char *into = (char *)d + k->at;

	if (text == NULL)
		return err_set(e, ERR_USAGE, 0, "%s is a string", place);
	if (k->check != NULL && k->check(text, place, e) != 0)
		return -1;
	if (k->type == DIALECT_TEXT)
		return dialect_set((char **)(void *)into, text) == 0 ? 0 : no_memory(e);
	*(bool *)into = strcmp(text, "answered") == 0;
	return 0;
}

static int
take_value(struct dialect *d, const struct dialect_key *k, const json_t *value,
    const char *place, struct err *e)
{
	switch (k->type) {
	case DIALECT_TEXT:
	case DIALECT_FIRST:
		break;
	case DIALECT_FLAG:
		if (!json_is_boolean(value))
			return err_set(e, ERR_USAGE, 0, "%s is true or false", place);
		*(bool *)((char *)d + k->at) = json_is_true(value);
		return 0;
	case DIALECT_LIST:
		return take_list(d, k, value, place, e);
	}
	return take_text(d, k, json_string_value(value), place, e);
}

/* What the object `group` holds; the outermost one is "". */
static int
take_object(struct dialect *d, const char *group, json_t *object, const char *from,
    struct err *e)
{
	const char *name, *dot = *group != '\0' ? "." : "";
	char place[PLACE_MAX];
	json_t *value;
	int result = 0;

	json_object_foreach(object, name, value) {
		const struct dialect_key *k = dialect_key_find(group, name);
		bool nested = *group == '\0' && dialect_key_is_group(name);

		snprintf(place, sizeof place, "dialect %.120s: %s%s%s", from, group, dot,
		    name);
		if (k != NULL)
			result = take_value(d, k, value, place, e);
		else if (nested && json_is_object(value))
			result = take_object(d, name, value, from, e);
		else if (nested)
			result = err_set(e, ERR_USAGE, 0, "%s is an object", place);
		else
			result = err_set(e, ERR_USAGE, 0,
			    "dialect %.120s: '%s%s%.50s' is no key of a dialect", from, group,
			    dot, name);
		if (result != 0)
			break;
	}
	return result;
}

/* What no key can tell by itself. */
static int
check_whole(const struct dialect *d, const json_t *root, const char *from, struct err *e)
{
	const char *missing = d->name == NULL ? "name" :
	    json_object_get(root, "post") != NULL && d->post.path == NULL ? "post.path" :
	    d->publish == NULL && d->post.path == NULL ? "one of publish and post" : NULL;

	return missing == NULL ? 0 :
	    err_set(e, ERR_USAGE, 0, "dialect %.120s: %s is needed", from, missing);
}

int
dialect_parse(struct dialect *d, const char *text, size_t len, const char *from,
    struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	int result;

	*d = (struct dialect){.self = true, .poll.answered = true};
	if (root == NULL)
		return err_set(e, ERR_USAGE, 0, "dialect %.120s:%d:%d: %s", from, why.line,
		    why.column, why.text);
	if (!json_is_object(root))
		result = err_set(e, ERR_USAGE, 0, "dialect %.120s: expected an object", from);
	else if ((result = take_object(d, "", root, from, e)) == 0)
		result = check_whole(d, root, from, e);
	json_decref(root);
	if (result != 0)
		dialect_release(d);
	return result;
}

/* --- where dialects come from ------------------------------------------------------------ */

static int
load_file(struct dialect *d, const char *path, struct err *e)
{
	char *text = malloc(FILE_MAX + 1);
	FILE *file = fopen(path, "r");
	size_t len = file != NULL && text != NULL ? fread(text, 1, FILE_MAX + 1, file) : 0;
	int result;

	if (text == NULL)
		result = no_memory(e);
	else if (file == NULL || ferror(file))
		result = err_set(e, ERR_IO, errno, "cannot read the dialect %s: %s", path,
		    strerror(errno));
	else if (len > FILE_MAX)
		result = err_set(e, ERR_USAGE, 0, "the dialect %s is longer than %d bytes",
		    path, FILE_MAX);
	else
		result = dialect_parse(d, text, len, path, e);
	if (file != NULL)
		fclose(file);
	free(text);
	return result;
}

static bool
is_path(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') != NULL || (len > 5 && strcmp(name + len - 5, ".json") == 0);
}

const char *
dialect_names(void)
{
	return dialect_file_names;
}

static int
no_such(const char *name, struct err *e)
{
	struct buf names;

	buf_init(&names, NAMES_MAX);
	for (const char *at = dialect_names(); *at != '\0'; at += strlen(at) + 1)
		buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", at);
	err_set(e, ERR_USAGE, 0, "no dialect '%.80s': expected %.*s or the path of a file",
	    name, (int)names.len, (const char *)names.data);
	buf_release(&names);
	return -1;
}

int
dialect_load(struct dialect *d, const char *name, struct err *e)
{
	const char *const *text = dialect_file_texts;

	*d = (struct dialect){0};
	if (is_path(name))
		return load_file(d, name, e);
	for (const char *at = dialect_names(); *at != '\0'; at += strlen(at) + 1, text++)
		if (strcmp(at, name) == 0)
			return dialect_parse(d, *text, strlen(*text), name, e);
	return no_such(name, e);
}

/* --- what is asked of one ---------------------------------------------------------------- */

const char *
dialect_path(const struct dialect *d, enum transport t)
{
	switch (t) {
	case TRANSPORT_WS:
		return d->path;
	case TRANSPORT_SSE:
		return d->sse_path;
	case TRANSPORT_LONGPOLL:
		return d->longpoll.path;
	case TRANSPORT_POLL:
		return d->poll.path;
	case TRANSPORTS:
		break;
	}
	return NULL;
}

const char *
dialect_method(const struct dialect *d)
{
	return d->post.method != NULL ? d->post.method : "POST";
}

const char *
dialect_payload(const struct dialect *d, bool by_post)
{
	if (!by_post)
		return d->publish;
	if (d->post.body != NULL)
		return d->post.body;
	return d->publish != NULL ? d->publish : "{stamp}";
}

void
dialect_release(struct dialect *d)
{
	for (const struct dialect_key *k = dialect_keys; k->name != NULL; k++)
		if (k->type == DIALECT_TEXT)
			free(*(char **)(void *)((char *)d + k->at));
	for (size_t i = 0; i < d->on_open_count; i++)
		free(d->on_open[i]);
	*d = (struct dialect){0};
}
