/* http_body.c: what ends a body, and the chunked coding (RFC 9112, 7.1):
 *
 *     SIZE ─hex─► SIZE ─;─► EXTENSION ─CR─► SIZE_LF ─LF─► DATA ─► DATA_CR ─► DATA_LF ─► SIZE
 *                                             └─ size 0 ─► TRAILER ─CR─► END_LF ─LF─► DONE
 *                              TRAILER_LINE ─CR─► TRAILER_LF ─LF─► TRAILER */
#include "lib/codec/http_body.h"

#include "lib/base/err.h"
#include "lib/base/hex.h"
#include "lib/codec/http_head.h"

enum state {
	BODY_DONE,
	BODY_LENGTH,
	BODY_CLOSE,                /* until the connection ends */
	CHUNK_SIZE,
	CHUNK_SPACE,               /* behind the size: white space, ';' or the end */
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	TRAILER,                   /* at the start of a line */
	TRAILER_LINE,
	TRAILER_LF,
	TRAILER_END_LF,
};

enum { SIZE_DIGITS = 15 };         /* hexadecimal digits of a chunk's size: below 2^60 */

/* --- framing ----------------------------------------------------------------------------- */

/* 1*DIGIT, not beyond what is ever meant; -1: not that. */
static int64_t
parse_length(struct slice text)
{
	int64_t length = 0;

	if (text.len == 0 || text.len > 18)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		length = length * 10 + (text.data[i] - '0');
	}
	return length;
}

/* All lengths in all fields, which must be the same one (RFC 9110, 8.6). */
static int
find_length(const struct http_head *head, int64_t *length, struct err *e)
{
	*length = -1;
	for (size_t i = 0; i < head->count; i++) {
		struct slice value = head->fields[i].value, rest = value;

		if (!slice_eq_nocase(head->fields[i].name, "Content-Length"))
			continue;
		do {
			int64_t one = parse_length(slice_trim(slice_cut(&rest, ',')));

			if (one < 0 || (*length >= 0 && one != *length))
				return err_set(e, ERR_PROTOCOL, 0,
				    "Content-Length is '%.*s': expected one number "
				    "(RFC 9112, 6.3)",
				    value.len < 60 ? (int)value.len : 60, value.data);
			*length = one;
		} while (rest.data != NULL);
	}
	return 0;
}

static int
check_coding(const struct http_head *head, struct slice coding, bool both, struct err *e)
{
	if (!slice_eq_nocase(coding, "chunked") ||
	    http_head_count(head, "Transfer-Encoding") > 1)
		return err_set(e, ERR_PROTOCOL, 0,
		    "Transfer-Encoding is '%.*s': expected chunked, once",
		    coding.len < 60 ? (int)coding.len : 60, coding.data);
	if (head->minor == 0)
		return err_set(e, ERR_PROTOCOL, 0,
		    "Transfer-Encoding in an answer of HTTP/1.0 (RFC 9112, 6.1)");
	if (both)
		return err_set(e, ERR_PROTOCOL, 0,
		    "both Transfer-Encoding and Content-Length (RFC 9112, 6.3)");
	return 0;
}

int
http_body_begin(struct http_body *b, const struct http_head *head, bool to_head,
    struct err *e)
{
	struct slice coding = http_head_field(head, "Transfer-Encoding");
	int64_t length;

	*b = (struct http_body){.state = BODY_DONE};
	if (to_head || head->status < 200 || head->status == 204 || head->status == 304)
		return 0;
	if (find_length(head, &length, e) != 0)
		return -1;
	if (coding.data != NULL && check_coding(head, coding, length >= 0, e) != 0)
		return -1;
	if (coding.data != NULL) {
		b->state = CHUNK_SIZE;
	} else if (length < 0) {
		b->state = BODY_CLOSE;
	} else if (length > 0) {
		b->state = BODY_LENGTH;
		b->left = (uint64_t)length;
	}
	return 0;
}

/* --- the chunked coding ------------------------------------------------------------------ */

static int
bad_byte(char c, const char *expected, struct err *e)
{
	return err_set(e, ERR_PROTOCOL, 0,
	    "byte 0x%02x in a chunked body: expected %s (RFC 9112, 7.1)", (unsigned char)c,
	    expected);
}

/* Counts a byte of a line that is dropped. Tabs aside no control character may be in it. */
static int
drop(struct http_body *b, char c, uint32_t max, struct err *e)
{
	if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
		return bad_byte(c, "a line that ends in CR LF", e);
	if (++b->line > max)
		return err_set(e, ERR_LIMIT, 0, "more than %u bytes of %s in a chunked body",
		    (unsigned)max, max == HTTP_TRAILERS_MAX ? "trailers" : "a chunk's head");
	return 0;
}

static int
take_size(struct http_body *b, char c, struct err *e)
{
	int value = hex_value(c);

	if (value < 0 && b->digits == 0)
		return bad_byte(c, "the size of a chunk", e);
	if (value < 0) {
		b->state = CHUNK_SPACE;
		return 0;
	}
	if (++b->digits > SIZE_DIGITS)
		return err_set(e, ERR_LIMIT, 0, "a chunk's size of more than %d digits",
		    SIZE_DIGITS);
	b->left = b->left * 16 + (uint64_t)value;
	return 0;
}

static int
expect(struct http_body *b, char c, char wanted, enum state next, struct err *e)
{
	if (c != wanted)
		return bad_byte(c, wanted == '\r' ? "CR" : "LF", e);
	b->state = (uint8_t)next;
	return 0;
}

static void
begin_chunk(struct http_body *b)
{
	b->state = CHUNK_SIZE;
	b->left = 0;
	b->digits = 0;
	b->line = 0;
}

/* One byte that is not body. */
static int
take_byte(struct http_body *b, char c, struct err *e)
{
	switch ((enum state)b->state) {
	case CHUNK_SIZE:
		if (take_size(b, c, e) != 0)
			return -1;
		return b->state == CHUNK_SPACE ? take_byte(b, c, e) : 0;
	case CHUNK_SPACE:
		if (c == '\r')
			return expect(b, c, '\r', CHUNK_SIZE_LF, e);
		if (c == ';')
			b->state = CHUNK_EXTENSION;
		else if (c != ' ' && c != '\t')
			return bad_byte(c, "';' or CR LF behind the size of a chunk", e);
		return drop(b, c, HTTP_CHUNK_LINE_MAX, e);
	case CHUNK_EXTENSION:
		if (c == '\r')
			return expect(b, c, '\r', CHUNK_SIZE_LF, e);
		return drop(b, c, HTTP_CHUNK_LINE_MAX, e);
	case CHUNK_SIZE_LF:
		b->line = b->left > 0 ? b->line : 0;
		return expect(b, c, '\n', b->left > 0 ? CHUNK_DATA : TRAILER, e);
	case CHUNK_DATA_CR:
		return expect(b, c, '\r', CHUNK_DATA_LF, e);
	case CHUNK_DATA_LF:
		begin_chunk(b);
		return expect(b, c, '\n', CHUNK_SIZE, e);
	case TRAILER:
		if (c == '\r')
			return expect(b, c, '\r', TRAILER_END_LF, e);
		b->state = TRAILER_LINE;
		return drop(b, c, HTTP_TRAILERS_MAX, e);
	case TRAILER_LINE:
		if (c == '\r')
			return expect(b, c, '\r', TRAILER_LF, e);
		return drop(b, c, HTTP_TRAILERS_MAX, e);
	case TRAILER_LF:
		return expect(b, c, '\n', TRAILER, e);
	case TRAILER_END_LF:
		return expect(b, c, '\n', BODY_DONE, e);
	case BODY_DONE:
	case BODY_LENGTH:
	case BODY_CLOSE:
	case CHUNK_DATA:
		break;
	}
	return 0;
}

static bool
in_data(const struct http_body *b)
{
	return b->state == BODY_LENGTH || b->state == BODY_CLOSE || b->state == CHUNK_DATA;
}

ssize_t
http_body_next(struct http_body *b, const char *data, size_t len, struct slice *piece,
    struct err *e)
{
	size_t used = 0, n;

	*piece = (struct slice){data, 0};
	while (used < len && !in_data(b) && b->state != BODY_DONE)
		if (take_byte(b, data[used++], e) != 0)
			return -1;
	if (used == len || !in_data(b))
		return (ssize_t)used;
	n = len - used;
	if (b->state != BODY_CLOSE) {
		n = b->left < n ? (size_t)b->left : n;
		b->left -= n;
		if (b->left == 0)
			b->state = b->state == CHUNK_DATA ? CHUNK_DATA_CR : BODY_DONE;
	}
	*piece = (struct slice){data + used, n};
	return (ssize_t)(used + n);
}

bool
http_body_done(const struct http_body *b)
{
	return b->state == BODY_DONE;
}

int
http_body_end(const struct http_body *b, struct err *e)
{
	if (b->state == BODY_DONE || b->state == BODY_CLOSE)
		return 0;
	return err_set(e, ERR_CLOSED, 0,
	    "the server closed the connection within the body of its answer");
}
