#include "bench/plan/template.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

/* "{name}" at the front of `at`, the name all lower-case letters or '_'. */
static bool
name_at(const char *at, struct slice *name)
{
	size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");

	*name = (struct slice){at + 1, len};
	return len > 0 && at[1 + len] == '}';
}

static bool
is_known(struct slice name, enum template_kind kind)
{
	static const struct {
		const char *name;
		enum template_kind kind;     /* TEMPLATE_PLAIN: in all of them */
	} known[] = {
		{"topic", TEMPLATE_PLAIN}, {"conn", TEMPLATE_PLAIN}, {"node", TEMPLATE_PLAIN},
		{"token", TEMPLATE_PLAIN}, {"stamp", TEMPLATE_PUBLISH},
		{"last_id", TEMPLATE_POLL}, {"wait", TEMPLATE_POLL}, {"wait_ms", TEMPLATE_POLL},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_eq(name, known[i].name))
			return known[i].kind == TEMPLATE_PLAIN || known[i].kind == kind;
	return false;
}

static const char *
names_of(enum template_kind kind)
{
	switch (kind) {
	case TEMPLATE_PLAIN:
		break;
	case TEMPLATE_PUBLISH:
		return "{topic}, {conn}, {node}, {token} or {stamp}";
	case TEMPLATE_POLL:
		return "{topic}, {conn}, {node}, {token}, {last_id}, {wait} or {wait_ms}";
	}
	return "{topic}, {conn}, {node} or {token}";
}

int
template_check(const char *text, const char *what, enum template_kind kind, struct err *e)
{
	struct slice name;

	for (const char *at = text; (at = strchr(at, '{')) != NULL; at++)
		if (name_at(at, &name) && !is_known(name, kind))
			return err_set(e, ERR_USAGE, 0,
			    "%s: {%.*s} is not known here; expected %s", what,
			    name.len < 40 ? (int)name.len : 40, name.data, names_of(kind));
	return 0;
}

static const char *
value_of(const struct template_values *v, struct slice name)
{
	const struct {
		const char *name, *value;
	} values[] = {{"topic", v->topic}, {"conn", v->conn}, {"node", v->node},
	    {"token", v->token}, {"stamp", v->stamp}};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (slice_eq(name, values[i].name))
			return values[i].value;
	return NULL;
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
