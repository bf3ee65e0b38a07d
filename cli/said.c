#include "cli/said.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"
#include "lib/base/json_text.h"

enum {
	WORD_LEAST = 6,              /* bytes of a word that is no accident */
	TABLE_FIRST = 256,
	TABLE_MAX = 1 << 21,         /* places; 16 MiB */
	STRING_MAX = 1 << 20,        /* bytes of a string with escapes */
};

/* --- the set ----------------------------------------------------------------------------- */

static uint64_t
hash_of(struct slice text)
{
	uint64_t h = hash_bytes(HASH_START, text.data, text.len);

	return h != 0 ? h : 1;       /* 0 is an empty place */
}

static uint64_t
hash_of_number(struct slice key, struct slice digits)
{
	uint64_t h = hash_bytes(hash_bytes(HASH_START, key.data, key.len), "", 1);

	h = hash_bytes(h, digits.data, digits.len);
	return h != 0 ? h : 1;
}

/* The place where it is, or may go. */
static uint64_t *
place_of(const struct said *s, uint64_t h)
{
	size_t at = h & (s->cap - 1);

	while (s->table[at] != 0 && s->table[at] != h)
		at = (at + 1) & (s->cap - 1);
	return &s->table[at];
}

static bool
has(const struct said *s, uint64_t h)
{
	return s->cap > 0 && *place_of(s, h) == h;
}

static bool
grow(struct said *s)
{
	struct said old = *s;

	if (old.count + 1 <= old.cap / 2)
		return true;
	if (old.cap >= TABLE_MAX)
		return false;
	s->cap = old.cap > 0 ? old.cap * 2 : TABLE_FIRST;
	s->table = calloc(s->cap, sizeof *s->table);
	if (s->table == NULL) {
		*s = old;
		return false;
	}
	for (size_t i = 0; i < old.cap; i++)
		if (old.table[i] != 0)
			*place_of(s, old.table[i]) = old.table[i];
	free(old.table);
	return true;
}

static void
add(struct said *s, uint64_t h)
{
	if (has(s, h) || !grow(s))
		return;
	*place_of(s, h) = h;
	s->count++;
}

void
said_release(struct said *s)
{
	free(s->table);
	*s = (struct said){0};
}

bool
said_text(const struct said *s, struct slice text)
{
	return has(s, hash_of(text));
}

bool
said_number(const struct said *s, struct slice key, struct slice digits)
{
	return has(s, hash_of_number(key, digits)) ||
	    (digits.len >= WORD_LEAST && said_text(s, digits));
}

/* --- what is in a message ---------------------------------------------------------------- */

static bool
is_of_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static bool
is_of_time(char c)
{
	return is_of_name(c) || strchr(".:+", c) != NULL;
}

static bool
is_of_token(char c)
{
	return !isspace((unsigned char)c) && strchr("\"'`,;(){}[]<>", c) == NULL;
}

static void
add_words(struct said *s, struct slice text, bool (*is_part)(char))
{
	size_t from = 0;

	for (size_t at = 0; at <= text.len; at++) {
		if (at < text.len && is_part(text.data[at]))
			continue;
		if (at - from >= WORD_LEAST)
			add(s, hash_of((struct slice){text.data + from, at - from}));
		from = at + 1;
	}
}

static void
add_text(struct said *s, struct slice text)
{
	add(s, hash_of(text));
	add_words(s, text, is_of_name);
	add_words(s, text, is_of_time);
	add_words(s, text, is_of_token);
}

static void
add_scalar(struct said *s, struct slice key, struct slice value)
{
	struct slice name = key, text;
	struct buf b, k;

	buf_init(&b, STRING_MAX);
	buf_init(&k, STRING_MAX);
	if (value.data[0] == '"') {
		if (json_text_string(&b, value, &text) == 0)
			add_text(s, text);
	} else if (key.data == NULL || json_text_string(&k, key, &name) == 0) {
		add(s, hash_of_number(name, value));
		if (value.len >= WORD_LEAST)
			add(s, hash_of(value));
	}
	buf_release(&b);
	buf_release(&k);
}

/* Depth is no worry: it is what jansson has accepted. */
static void
add_value(struct said *s, struct slice key, struct slice value)
{
	struct slice rest = value, inner_key, inner;

	if (value.data[0] != '{' && value.data[0] != '[') {
		add_scalar(s, key, value);
		return;
	}
	while (json_text_next(&rest, &inner_key, &inner))
		add_value(s, inner_key, inner);
}

void
said_add(struct said *s, struct slice text, bool json)
{
	struct slice none = {NULL, 0};

	if (!json) {
		add_text(s, text);
		return;
	}
	add(s, hash_of(text));
	add_value(s, none, json_text_value(text));
}
