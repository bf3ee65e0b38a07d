/* http_reader.c: one answer after the other:
 *
 *     IDLE ─begin─► HEAD ─1xx─► HEAD ─► BODY ─its end, or the connection's─► IDLE
 *                                         └ http_body ─► http_coding ─► items */
#include "lib/codec/http_reader.h"

#include "lib/base/err.h"
#include "lib/codec/http_coding.h"
#include "lib/codec/http_head.h"

enum state {
	IDLE,                      /* nothing was asked, or the answer to it is complete */
	HEAD,
	BODY,                      /* behind the head, even where there is none */
};

void
http_reader_begin(struct http_reader *r, bool to_head)
{
	http_coding_free(r->coding);
	*r = (struct http_reader){.state = HEAD, .to_head = to_head};
}

void
http_reader_release(struct http_reader *r)
{
	http_coding_free(r->coding);
	*r = (struct http_reader){.state = IDLE};
}

/* --- the head ---------------------------------------------------------------------------- */

/* An answer that has no body whatever its head says (RFC 9112, 6.3): does the head say what
 * may make a body come nevertheless? Where there is one http_body_begin refuses such a head. */
static bool
is_doubtful(const struct http_head *head)
{
	size_t lengths = http_head_count(head, "Content-Length");
	size_t codings = http_head_count(head, "Transfer-Encoding");

	if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0) ||
	    (codings > 0 && head->minor == 0))
		return true;
	return head->status == 204 && (codings > 0 ||
	    (lengths > 0 && !slice_eq(http_head_field(head, "Content-Length"), "0")));
}

/* RFC 9112, 9.3. */
static bool
may_persist(const struct http_reader *r, const struct http_head *head)
{
	bool done = http_body_done(&r->body);
	bool until_close = !done && http_body_end(&r->body, NULL) == 0;

	if (until_close || (done && is_doubtful(head)) ||
	    http_head_lists(head, "Connection", "close"))
		return false;
	return head->minor > 0 || http_head_lists(head, "Connection", "keep-alive");
}

static int
begin_coding(struct http_reader *r, const struct http_head *head, struct err *e)
{
	static const char name[] = "Content-Encoding";

	if (http_body_done(&r->body))
		return 0;
	if (http_head_count(head, name) > 1)
		return err_set(e, ERR_PROTOCOL, 0, "several %s fields: expected one", name);
	return http_coding_new(&r->coding, http_head_field(head, name), e);
}

static int
begin_body(struct http_reader *r, const struct http_head *head, struct err *e)
{
	if (http_body_begin(&r->body, head, r->to_head, e) != 0 ||
	    begin_coding(r, head, e) != 0)
		return -1;
	r->persists = may_persist(r, head);
	r->state = BODY;
	return 0;
}

static int
take_interim(struct http_reader *r, const struct http_head *head, struct err *e)
{
	if (head->status == 101)
		return err_set(e, ERR_PROTOCOL, 0,
		    "101 %.*s: expected an answer to a request that asks for no upgrade",
		    head->reason.len < 80 ? (int)head->reason.len : 80, head->reason.data);
	if (r->interim == HTTP_INTERIM_MAX)
		return err_set(e, ERR_LIMIT, 0,
		    "more than %d answers of 1xx before the answer", HTTP_INTERIM_MAX);
	r->interim++;
	return 0;
}

static ssize_t
take_head(struct http_reader *r, const char *data, size_t len, struct http_head *head,
    struct http_item *item, struct err *e)
{
	ssize_t used = http_head_parse(head, data, len, r->seen, e);
	bool interim;

	if (used < 0 && e != NULL && e->class == ERR_HANDSHAKE)
		e->class = ERR_PROTOCOL;         /* nothing is upgraded here */
	r->seen = used == 0 ? (uint32_t)len : 0;
	if (used <= 0)
		return used;
	interim = head->status < 200;
	if ((interim ? take_interim(r, head, e) : begin_body(r, head, e)) != 0)
		return -1;
	item->kind = interim ? HTTP_ITEM_INTERIM : HTTP_ITEM_HEAD;
	item->bytes = (struct slice){data, (size_t)used};
	return used;
}

/* --- the body ---------------------------------------------------------------------------- */

/* Connections may be many and idle for long: what decodes does not wait with them. */
static void
complete(struct http_reader *r)
{
	http_coding_free(r->coding);
	r->coding = NULL;
	r->state = IDLE;
}

/* Up to the next piece, which may be empty. */
static ssize_t
take_piece(struct http_reader *r, const char *data, size_t len, struct slice *piece,
    struct err *e)
{
	struct http_body before = r->body;
	ssize_t used = http_body_next(&r->body, data, len, piece, e), decoded;
	struct slice coded = *piece;

	if (used < 0 || r->coding == NULL || coded.len == 0)
		return used;
	decoded = http_coding_next(r->coding, coded.data, coded.len, piece, e);
	if (decoded < 0 || (size_t)decoded == coded.len)
		return decoded < 0 ? -1 : used;
	/* The rest will be shown again: the body goes back to where the coding is. */
	used = coded.data - data + decoded;
	r->body = before;
	return http_body_next(&r->body, data, (size_t)used, &coded, e);
}

static ssize_t
take_body(struct http_reader *r, const char *data, size_t len, struct http_item *item,
    struct err *e)
{
	size_t used = 0;

	while (used < len && item->bytes.len == 0 && !http_body_done(&r->body)) {
		ssize_t n = take_piece(r, data + used, len - used, &item->bytes, e);

		if (n < 0)
			return -1;
		used += (size_t)n;
	}
	if (item->bytes.len > 0) {
		item->kind = HTTP_ITEM_DATA;
	} else if (http_body_done(&r->body)) {
		if (r->coding != NULL && http_coding_end(r->coding, e) != 0)
			return -1;
		item->kind = HTTP_ITEM_END;
		complete(r);
	}
	return (ssize_t)used;
}

/* --- both -------------------------------------------------------------------------------- */

/* The first line says most: a server may announce that it gives an idle connection up. */
static ssize_t
unasked(const char *data, size_t len, struct err *e)
{
	struct slice rest = {data, len}, line;

	if (len == 0)
		return 0;
	line = slice_cut(&rest, '\n');
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return err_set(e, ERR_PROTOCOL, 0, "the server sent what nobody asked for: '%.*s'",
	    line.len < 60 ? (int)line.len : 60, line.data);
}

static ssize_t
take(struct http_reader *r, const char *data, size_t len, struct http_head *head,
    struct http_item *item, struct err *e)
{
	switch ((enum state)r->state) {
	case IDLE:
		break;
	case HEAD:
		return take_head(r, data, len, head, item, e);
	case BODY:
		return take_body(r, data, len, item, e);
	}
	return unasked(data, len, e);
}

ssize_t
http_reader_next(struct http_reader *r, const uint8_t *data, size_t len,
    struct http_head *head, struct http_item *item, struct err *e)
{
	ssize_t used;

	*item = (struct http_item){.kind = HTTP_ITEM_NONE};
	used = take(r, (const char *)data, len, head, item, e);
	if (used < 0) {
		*item = (struct http_item){.kind = HTTP_ITEM_NONE};
		r->state = IDLE;
		r->persists = false;
	}
	return used;
}

static int
cut(const char *where, struct err *e)
{
	return err_set(e, ERR_CLOSED, 0, "the server closed the connection %s", where);
}

static int
end_head(const struct http_reader *r, struct err *e)
{
	if (r->seen > 0)
		return cut("within the head of its answer", e);
	if (r->interim > 0)
		return cut("after an interim answer, before the answer itself", e);
	return cut("before it answered", e);
}

/* A coding that is not complete is how a body that has no other end shows that it was cut. */
static int
end_body(struct http_reader *r, struct err *e)
{
	if (http_body_end(&r->body, e) != 0)
		return -1;
	if (r->coding != NULL && http_coding_end(r->coding, e) != 0) {
		if (e != NULL && !http_body_done(&r->body))
			e->class = ERR_CLOSED;
		return -1;
	}
	complete(r);
	r->persists = false;
	return 1;
}

int
http_reader_end(struct http_reader *r, struct err *e)
{
	switch ((enum state)r->state) {
	case IDLE:
		break;
	case HEAD:
		return end_head(r, e);
	case BODY:
		return end_body(r, e);
	}
	return 0;
}

bool
http_reader_untouched(const struct http_reader *r)
{
	return r->state == HEAD && r->seen == 0 && r->interim == 0;
}

bool
http_reader_persists(const struct http_reader *r)
{
	return r->persists;
}
