#include "lib/script/shown.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/utf8.h"

static const char ellipsis[] = "…";

enum {
	TWIN_MAX = 40,           /* so much of texts may be the same and still be shown */
	TWIN_SHOWN = 20,         /* of that, when it is more */
	QUOTED_MAX = 6 * 3 * SHOWN_MAX,
};

static bool
is_within_character(struct slice text, size_t at)
{
	return at < text.len && ((unsigned char)text.data[at] & 0xc0) == 0x80;
}

/* The place, or that of the character it is in, as far as there are characters. */
static size_t
boundary(struct slice text, size_t at)
{
	size_t back = at;

	for (int i = 0; i < 3 && back > 0 && is_within_character(text, back); i++)
		back--;
	return is_within_character(text, back) ? at : back;
}

static struct slice
cut_to(struct slice text, size_t max)
{
	if (text.len > max)
		text.len = boundary(text, max);
	return text;
}

/* JSON lets DEL and U+0080 to U+009F stand in strings; terminals do not. */
static void
add_tame(struct buf *into, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		unsigned next = i + 1 < len ? (unsigned char)text[i + 1] : 0;

		if (c == 0x7f)
			buf_add_text(into, "\\u007f");
		else if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
			buf_addf(into, "\\u%04x", next);
			i++;
		} else
			buf_add(into, text + i, 1);
	}
}

/* --- texts ------------------------------------------------------------------------------- */

static void
add_quoted(struct buf *into, const char *before, struct slice text, const char *after)
{
	struct buf repaired, quoted;

	buf_init(&repaired, QUOTED_MAX);
	buf_init(&quoted, QUOTED_MAX + 2);
	buf_addf(into, "\"%s", before);
	if (utf8_repair(&repaired, text.data, text.len) == 0 && repaired.len > 0 &&
	    json_quote(&quoted, (const char *)repaired.data, repaired.len) == 0)
		add_tame(into, (const char *)quoted.data + 1, quoted.len - 2);
	buf_addf(into, "%s\"", after);
	buf_release(&quoted);
	buf_release(&repaired);
}

static void
add_cut(struct buf *into, const char *before, struct slice text)
{
	struct slice part = cut_to(text, SHOWN_MAX);

	add_quoted(into, before, part, part.len < text.len ? ellipsis : "");
}

void
shown_text(struct buf *into, struct slice text)
{
	add_cut(into, "", text);
}

void
shown_line(struct buf *into, struct slice text, size_t max)
{
	struct slice part = cut_to(text, max);

	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.data[i];
		bool control = c < ' ' || c == 0x7f ||
		    (c == 0xc2 && i + 1 < part.len && (unsigned char)part.data[i + 1] < 0xa0);

		buf_add(into, control ? " " : part.data + i, 1);
		i += c == 0xc2 && control;
	}
	if (part.len < text.len)
		buf_add_text(into, ellipsis);
}

static size_t
common_front(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len, at = 0;

	while (at < len && a.data[at] == b.data[at])
		at++;
	return at;
}

static struct slice
from(struct slice text, size_t at)
{
	return (struct slice){text.data + at, text.len - at};
}

void
shown_difference(struct buf *into, struct slice expected, struct slice got)
{
	size_t same = common_front(expected, got), start = 0;
	const char *before = "";

	if (same > TWIN_MAX && (expected.len > SHOWN_MAX || got.len > SHOWN_MAX)) {
		start = boundary(expected, same - TWIN_SHOWN);
		before = ellipsis;
		buf_addf(into, "differ at byte %zu: ", same);
	}
	buf_add_text(into, "expected ");
	add_cut(into, before, from(expected, start));
	buf_add_text(into, ", got ");
	add_cut(into, before, from(got, start));
}

/* --- JSON -------------------------------------------------------------------------------- */

struct sink {
	char text[SHOWN_MAX + 4];        /* the last character may be cut */
	size_t len;
};

/* -1 ends the dump: the rest would not be shown. */
static int
take(const char *data, size_t len, void *ctx)
{
	struct sink *s = ctx;
	size_t room = sizeof s->text - s->len, n = len < room ? len : room;

	memcpy(s->text + s->len, data, n);
	s->len += n;
	return s->len > SHOWN_MAX ? -1 : 0;
}

static void
add_nested(struct buf *into, const json_t *value)
{
	struct sink s = {.len = 0};
	struct slice all, part;

	json_dump_callback(value, take, &s,
	    JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	all = (struct slice){s.text, s.len};
	part = cut_to(all, SHOWN_MAX);
	add_tame(into, part.data, part.len);
	if (part.len < all.len)
		buf_add_text(into, ellipsis);
}

static bool
says(const char *text, size_t len, double value)
{
	json_t *read = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	bool same = json_is_real(read) && !(json_real_value(read) < value) &&
	    !(json_real_value(read) > value);

	json_decref(read);
	return same;
}

int
shown_number(struct buf *into, const json_t *value)
{
	static const size_t precisions[] = {JSON_REAL_PRECISION(15), JSON_REAL_PRECISION(16),
	    JSON_REAL_PRECISION(17)};
	char text[64];
	size_t len = 0;

	if (json_is_integer(value))
		return buf_addf(into, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	for (size_t i = 0; i < 3; i++) {
		len = json_dumpb(value, text, sizeof text, JSON_ENCODE_ANY | precisions[i]);
		if (len <= sizeof text && says(text, len, json_real_value(value)))
			break;
	}
	return len <= sizeof text ? buf_add(into, text, len) : -1;
}

void
shown_json(struct buf *into, const json_t *value)
{
	if (json_is_string(value))
		shown_text(into, (struct slice){json_string_value(value),
		    json_string_length(value)});
	else if (json_is_number(value))
		shown_number(into, value);
	else
		add_nested(into, value);
}
