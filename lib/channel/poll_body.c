/* poll_body.c: jansson says whether a body is JSON; what is told is then cut out of its text. */
#include "lib/channel/poll_body.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json_pointer.h"
#include "lib/base/json_text.h"
#include "lib/channel/resume.h"

/* One reading of a body. */
struct reading {
	const struct poll_shape *shape;
	struct slice body;           /* as it came */
	struct slice json;           /* its value; data NULL: it is not read as JSON */
	struct slice list;           /* the array of messages; data NULL: the body is one message */
	bool none;                   /* there is no message */
	struct buf data, id;         /* what had to be decoded of the message that is told */
};

static int
no_memory(struct err *e)
{
	return err_set(e, ERR_MEMORY, 0, "no memory for the messages of an answer");
}

/* --- what kind of body it is ------------------------------------------------------------- */

/* RFC 6839, 3.1: a media type that ends in +json is JSON. */
static bool
says_json(struct slice type)
{
	struct slice media = slice_trim(slice_cut(&type, ';'));

	return slice_eq_nocase(media, "application/json") || slice_eq_nocase(media, "text/json") ||
	    (media.len > 5 && strncasecmp(media.data + media.len - 5, "+json", 5) == 0);
}

static bool
is_json(const struct poll_shape *shape, struct slice type)
{
	return shape->unpack == POLL_ITEMS_POINTER || shape->id != NULL || shape->data != NULL ||
	    shape->cursor != NULL || (shape->unpack == POLL_ITEMS_AUTO && says_json(type));
}

/* A byte order mark may be ignored (RFC 8259, 8.1), and some servers send one. */
static struct slice
without_mark(struct slice text)
{
	if (text.len < 3 || memcmp(text.data, "\xef\xbb\xbf", 3) != 0)
		return text;
	return (struct slice){text.data + 3, text.len - 3};
}

/* The tree is only good for knowing that the text is valid; no number is taken from it. */
static int
check_json(struct slice text, struct err *e)
{
	json_error_t why;
	json_t *root = json_loadb(text.data, text.len,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);

	if (root == NULL && json_error_code(&why) == json_error_out_of_memory)
		return no_memory(e);
	if (root == NULL)
		return err_set(e, ERR_PROTOCOL, 0, "the body is not JSON: line %d, column %d: %s",
		    why.line, why.column, why.text);
	json_decref(root);
	return 0;
}

static bool
is_null(struct slice value)
{
	return slice_eq(value, "null");
}

/* Finds r->list, or that there is no message. */
static int
find_list(struct reading *r, struct err *e)
{
	bool pointed = r->shape->unpack == POLL_ITEMS_POINTER;
	const char *place = pointed ? r->shape->items : "";
	struct slice value;

	if (r->json.data == NULL || r->shape->unpack == POLL_ITEMS_NONE)
		return 0;
	value = json_pointer_text(r->json, place);
	if (value.data == NULL)
		return err_set(e, ERR_PROTOCOL, 0,
		    "the body has nothing at '%.80s': expected the array of messages", place);
	if (value.data[0] == '[')
		r->list = value;
	else if (is_null(value))
		r->none = true;
	else if (pointed)
		return err_set(e, ERR_PROTOCOL, 0,
		    "what the body has at '%.80s' is no array of messages", place);
	return 0;
}

/* Before anything is told: each message has to have its data. */
static int
check_items(const struct reading *r, struct err *e)
{
	struct slice rest = r->list, key, item;
	const char *list = r->shape->unpack == POLL_ITEMS_POINTER ? r->shape->items : "";

	if (r->shape->data == NULL || r->none)
		return 0;
	if (r->list.data == NULL && json_pointer_text(r->json, r->shape->data).data == NULL)
		return err_set(e, ERR_PROTOCOL, 0,
		    "the body has nothing at '%.80s': expected the message", r->shape->data);
	for (size_t i = 0; json_text_next(&rest, &key, &item); i++)
		if (json_pointer_text(item, r->shape->data).data == NULL)
			return err_set(e, ERR_PROTOCOL, 0,
			    "the body has nothing at '%.60s/%zu%.60s': expected a message", list, i,
			    r->shape->data);
	return 0;
}

static int
begin(struct reading *r, struct slice type, struct err *e)
{
	struct slice text = without_mark(r->body);

	r->none = text.len == 0;
	if (!r->none && is_json(r->shape, type)) {
		r->json = json_text_value(text);
		r->none = r->json.len == 0;
		if (!r->none && check_json(text, e) != 0)
			return -1;
	}
	if (r->none)
		return 0;
	return find_list(r, e) == 0 ? check_items(r, e) : -1;
}

/* --- telling ----------------------------------------------------------------------------- */

/* A value as a message shows it. `into` holds what does not stand in the body like that. */
static int
show_value(struct buf *into, struct slice value, struct slice *shown)
{
	into->len = 0;
	if (value.data[0] == '"')
		return json_text_string(into, value, shown);
	if (json_text_compact(into, value) != 0)
		return -1;
	*shown = (struct slice){(const char *)into->data, into->len};
	return 0;
}

/* The same for what can be an id: a string or a number; anything else is none. */
static int
show_id(struct buf *into, struct slice value, struct slice *shown)
{
	*shown = (struct slice){NULL, 0};
	if (value.data == NULL || strchr("\"-0123456789", value.data[0]) == NULL)
		return 0;
	return show_value(into, value, shown);
}

static int
show_item(struct reading *r, struct slice item, struct slice *data, struct slice *id)
{
	const struct poll_shape *shape = r->shape;
	const char *id_at = shape->id;

	*data = r->body;
	*id = (struct slice){NULL, 0};
	if (item.data == NULL)
		return 0;
	if (id_at == NULL && shape->unpack != POLL_ITEMS_NONE)
		id_at = "/id";
	if (id_at != NULL && show_id(&r->id, json_pointer_text(item, id_at), id) != 0)
		return -1;
	if (shape->data != NULL)
		return show_value(&r->data, json_pointer_text(item, shape->data), data);
	return shape->unpack == POLL_ITEMS_NONE ? 0 : show_value(&r->data, item, data);
}

/* Tells them. Returns how many, -1: no memory. *enough: the caller wants no more. */
static long
tell_all(struct reading *r, poll_item_fn *tell, void *ctx, bool *enough)
{
	struct slice rest = r->list, key, item = r->json, data, id;
	long told = 0;

	while (!*enough) {
		if (r->list.data == NULL ? told == 1 : !json_text_next(&rest, &key, &item))
			break;
		if (show_item(r, item, &data, &id) != 0)
			return -1;
		told++;
		*enough = tell(ctx, data, id) != 0;
	}
	return told;
}

static int
take_cursor(struct reading *r, struct poll_cursor *cursor, struct err *e)
{
	const char *place = r->shape->cursor;
	struct slice text;

	if (show_id(&r->id, json_pointer_text(r->json, place), &text) != 0)
		return no_memory(e);
	if (text.len == 0)
		return 0;
	if (text.len > cursor->into->max)
		return err_set(e, ERR_LIMIT, 0, "a cursor of more than %zu bytes at '%.80s'",
		    cursor->into->max, place);
	if (memchr(text.data, '\0', text.len) != NULL)
		return err_set(e, ERR_LIMIT, 0, "the cursor at '%.80s' has a NUL in it", place);
	if (resume_set(cursor->into, text) != 0)
		return no_memory(e);
	cursor->found = true;
	return 0;
}

long
poll_body_read(const struct poll_shape *shape, struct slice type, struct slice body,
    poll_item_fn *tell, void *ctx, struct poll_cursor *cursor, struct err *e)
{
	struct reading r = {.shape = shape, .body = body};
	bool enough = false, points = cursor != NULL && shape->cursor != NULL;
	long told = 0;

	buf_init(&r.data, body.len);       /* decoding makes nothing longer */
	buf_init(&r.id, body.len);
	if (cursor != NULL)
		cursor->found = cursor->list = false;
	if (begin(&r, type, e) != 0)
		return -1;
	if (cursor != NULL)
		cursor->list = r.list.data != NULL;
	if (!r.none && (told = tell_all(&r, tell, ctx, &enough)) < 0)
		no_memory(e);
	if (told >= 0 && !enough && points && r.json.len > 0 && take_cursor(&r, cursor, e) != 0)
		told = -1;
	buf_release(&r.data);
	buf_release(&r.id);
	return told;
}
