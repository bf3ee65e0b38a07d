/* pattern_fuzz.c: a pattern keeps the promises of pattern.h against any value, and what snapshots
 * are made of, they match.
 *
 * The input is a pattern, a NUL and a JSON value. */
#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/script/pattern.h"
#include "tests/fuzz/fuzz.h"

enum { PLENTY = 1 << 20 };

static struct pattern *
read_pattern(struct slice text)
{
	char *own = copy_of(text.data, text.len);
	struct err e = {.class = ERR_NONE};
	struct pattern *p = pattern_new((struct slice){own, text.len}, &e);
	size_t length = pattern_length((struct slice){own, text.len});

	require(length <= text.len);
	if (p == NULL) {
		require(e.class == ERR_USAGE);
		require(e.code >= 0 && (size_t)e.code <= text.len);
		require_sentence(e.text);
	} else if (text.data[0] == '{' || text.data[0] == '[') {
		/* Whether it is right or not, it ends where the reader says. */
		require(length > 0);
		for (size_t i = length; i < text.len; i++)
			require(strchr(" \t\r\n", own[i]) != NULL && own[i] != '\0');
	}
	free(own);
	return p;
}

/* Groups are lent from the strings of the value. */
static bool
is_lent(struct slice group, const json_t *value)
{
	const char *key;
	const json_t *member;
	size_t i;

	if (json_is_string(value)) {
		const char *text = json_string_value(value);

		return group.data >= text &&
		    group.data + group.len <= text + json_string_length(value);
	}
	json_array_foreach(value, i, member)
		if (is_lent(group, member))
			return true;
	json_object_foreach((json_t *)value, key, member)
		if (is_lent(group, member))
			return true;
	return false;
}

static void
match(const struct pattern *p, const json_t *value)
{
	size_t count = pattern_names(p);
	struct slice *groups = calloc(count + 1, sizeof *groups);
	struct buf why;

	require(groups != NULL);
	buf_init(&why, PLENTY);
	for (int exactly = 0; exactly < 2; exactly++) {
		bool matches = pattern_match(p, value, exactly, groups, NULL);

		for (size_t i = 0; i < count; i++)
			require(groups[i].data == NULL || is_lent(groups[i], value));
		why.len = 0;
		require(pattern_match(p, value, exactly, NULL, &why) == matches);
		require((why.len == 0) == matches);
		buf_add(&why, "", 1);
		if (!matches)
			require_sentence((char *)why.data);
		require(!exactly || !matches || pattern_match(p, value, false, NULL, NULL));
	}
	buf_release(&why);
	free(groups);
}

/* false: there can be none. */
static bool
snapshot(const struct pattern *old, const json_t *value, struct buf *text)
{
	struct err e = {.class = ERR_NONE};
	struct pattern *p;

	buf_init(text, PLENTY);
	if (pattern_snapshot(old, value, text, &e) != 0) {
		require(e.class == ERR_MATCH || e.class == ERR_LIMIT);
		require_sentence(e.text);
		buf_release(text);
		return false;
	}
	p = read_pattern((struct slice){(char *)text->data, text->len});
	require(p != NULL && pattern_match(p, value, true, NULL, NULL));
	require(old != NULL || pattern_names(p) == 0);
	pattern_free(p);
	return true;
}

/* A snapshot that fits already is written as it is. */
static void
check_again(const struct buf *text, const json_t *value)
{
	struct pattern *p = read_pattern((struct slice){(char *)text->data, text->len});
	struct buf again;

	require(snapshot(p, value, &again));
	require_same(text, &again);
	buf_release(&again);
	pattern_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size}, text = slice_cut(&rest, '\0');
	struct pattern *p = read_pattern(text);
	json_t *value = rest.data != NULL ? json_loadb(rest.data, rest.len,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
	struct buf fresh, renewed;

	if (p != NULL && value != NULL)
		match(p, value);
	if (value != NULL && snapshot(NULL, value, &fresh)) {
		check_again(&fresh, value);
		buf_release(&fresh);
	}
	if (p != NULL && value != NULL && snapshot(p, value, &renewed)) {
		check_again(&renewed, value);
		buf_release(&renewed);
	}
	json_decref(value);
	pattern_free(p);
	return 0;
}
