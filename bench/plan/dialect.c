#include "bench/plan/dialect.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum { FILE_MAX = 64 * 1024 };

static const char *const built_in[] = {
	"{\"name\": \"hail\", \"description\": \"the reference node, hail serve\","
	" \"path\": \"/ws/{topic}\", \"echo_path\": \"/echo\", \"publish\": \"{stamp}\","
	" \"self\": true}",
	"{\"name\": \"plain\", \"description\": \"a server that relays what it gets to all\","
	" \"publish\": \"{stamp}\", \"self\": true}",
};

static const char *const template_names[] = {"topic", "conn", "node", "stamp"};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for a dialect");
}

/* --- templates --------------------------------------------------------------------------- */

static const char *
value_of(const struct template_values *v, struct slice name)
{
	const char *const by_name[] = {v->topic, v->conn, v->node, v->stamp};

	for (size_t i = 0; i < 4; i++)
		if (slice_eq(name, template_names[i]))
			return by_name[i];
	return NULL;
}

/* "{name}" at the front of `at`, the name all lower-case letters or '_'. */
static bool
name_at(const char *at, struct slice *name)
{
	size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");

	*name = (struct slice){at + 1, len};
	return len > 0 && at[1 + len] == '}';
}

int
template_check(const char *text, const char *what, bool stamp_allowed, struct err *e)
{
	static const struct template_values known = {"", "", "", ""};
	static const struct template_values unstamped = {"", "", "", NULL};
	struct slice name;

	for (const char *at = text; (at = strchr(at, '{')) != NULL; at++)
		if (name_at(at, &name) &&
		    value_of(stamp_allowed ? &known : &unstamped, name) == NULL)
			return err_set(e, ERR_USAGE, 0,
			    "%s: {%.*s} is not known here; expected {topic}, {conn}, {node}%s",
			    what, (int)name.len, name.data, stamp_allowed ? " or {stamp}" : "");
	return 0;
}

int
template_expand(struct buf *into, const char *text, const struct template_values *values)
{
	const char *plain = text, *at = text, *value;
	struct slice name;

	while ((at = strchr(at, '{')) != NULL) {
		value = name_at(at, &name) ? value_of(values, name) : NULL;
		if (value == NULL) {
			at++;
			continue;
		}
		if (buf_add(into, plain, (size_t)(at - plain)) != 0 ||
		    buf_add_text(into, value) != 0)
			return -1;
		plain = at = name.data + name.len + 1;
	}
	return buf_add_text(into, plain);
}

/* --- files ------------------------------------------------------------------------------- */

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
take_list(struct dialect *d, const json_t *list, const char *from, struct err *e)
{
	if (json_array_size(list) > DIALECT_ON_OPEN)
		return err_set(e, ERR_USAGE, 0, "dialect %s: at most %d messages in on_open", from,
		    DIALECT_ON_OPEN);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL)
			return err_set(e, ERR_USAGE, 0, "dialect %s: on_open holds strings", from);
		if (dialect_set(&d->on_open[d->on_open_count++], text) != 0)
			return no_memory(e);
	}
	return 0;
}

static int
take_key(struct dialect *d, const char *key, const json_t *value, const char *from,
    struct err *e)
{
	const struct {
		const char *key;
		char **into;
	} texts[] = {{"name", &d->name}, {"description", &d->description}, {"path", &d->path},
	    {"echo_path", &d->echo_path}, {"subscribe", &d->subscribe}, {"publish", &d->publish}};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strcmp(key, texts[i].key) != 0)
			continue;
		if (!json_is_string(value))
			return err_set(e, ERR_USAGE, 0, "dialect %s: %s is a string", from, key);
		return dialect_set(texts[i].into, json_string_value(value)) == 0 ? 0 :
		    no_memory(e);
	}
	if (strcmp(key, "self") == 0 && json_is_boolean(value)) {
		d->self = json_is_true(value);
		return 0;
	}
	if (strcmp(key, "on_open") == 0 && json_is_array(value))
		return take_list(d, value, from, e);
	return err_set(e, ERR_USAGE, 0, "dialect %s: '%s' is no key of a dialect, or of the wrong "
	    "type", from, key);
}

static int
check(const struct dialect *d, const char *from, struct err *e)
{
	if (d->name == NULL || d->publish == NULL)
		return err_set(e, ERR_USAGE, 0, "dialect %s: name and publish are needed", from);
	if (template_check(d->publish, "publish", true, e) != 0 ||
	    (d->subscribe != NULL && template_check(d->subscribe, "subscribe", false, e) != 0) ||
	    (d->path != NULL && template_check(d->path, "path", false, e) != 0))
		return -1;
	for (size_t i = 0; i < d->on_open_count; i++)
		if (template_check(d->on_open[i], "on_open", false, e) != 0)
			return -1;
	return 0;
}

int
dialect_parse(struct dialect *d, const char *text, size_t len, const char *from,
    struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why), *value;
	const char *key;
	int result = 0;

	*d = (struct dialect){.self = true};
	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(e, ERR_USAGE, 0, "dialect %s:%d:%d: %s", from, why.line, why.column,
		    root != NULL ? "expected an object" : why.text);
	}
	json_object_foreach(root, key, value)
		if (result == 0)
			result = take_key(d, key, value, from, e);
	json_decref(root);
	if (result == 0)
		result = check(d, from, e);
	if (result != 0)
		dialect_release(d);
	return result;
}

static int
load_file(struct dialect *d, const char *path, struct err *e)
{
	FILE *file = fopen(path, "r");
	char *text = malloc(FILE_MAX + 1);
	size_t len = 0;
	int result;

	if (file == NULL || text == NULL) {
		result = err_set(e, ERR_IO, errno, "cannot read the dialect %s: %s", path,
		    strerror(errno));
	} else {
		len = fread(text, 1, FILE_MAX + 1, file);
		result = len > FILE_MAX ? err_set(e, ERR_USAGE, 0,
		    "the dialect %s is longer than %d bytes", path, FILE_MAX) :
		    dialect_parse(d, text, len, path, e);
	}
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

int
dialect_load(struct dialect *d, const char *name, struct err *e)
{
	*d = (struct dialect){0};
	if (is_path(name))
		return load_file(d, name, e);
	for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
		if (dialect_parse(d, built_in[i], strlen(built_in[i]), name, e) != 0)
			return -1;
		if (strcmp(d->name, name) == 0)
			return 0;
		dialect_release(d);
	}
	return err_set(e, ERR_USAGE, 0,
	    "no dialect '%s': expected hail, plain or the path of a file", name);
}

void
dialect_release(struct dialect *d)
{
	free(d->name);
	free(d->description);
	free(d->path);
	free(d->echo_path);
	free(d->subscribe);
	free(d->publish);
	for (size_t i = 0; i < d->on_open_count; i++)
		free(d->on_open[i]);
	*d = (struct dialect){0};
}
