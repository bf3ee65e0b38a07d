/* hostile.c: a server that misbehaves on purpose, for tests of WebSocket clients.
 *
 *     hostile MODE [NUMBER...]        prints "listening PORT", then what its clients do:
 *                                     "connected", "request", "message" (a data frame with
 *                                     FIN), "close CODE" (0: without a code), "gone"
 *
 * Apart from what the mode says it behaves: it upgrades, echoes data frames, answers pings and
 * close frames. It shares nothing with the client's codec, so that the two can disagree. */
#define ZLIB_CONST
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/base/base64.h"
#include "lib/base/buf.h"
#include "lib/base/rng.h"

enum {
	PEERS_MAX = 4096,
	REQUEST_MAX = 64 << 10,
	IN_MAX = 32 << 20,
	OUT_MAX = 64 << 20,
	READ_SIZE = 64 << 10,
	FILL_SIZE = 16 << 10,        /* how much an endless answer makes at a time */
	ZEROS = 1 << 20,             /* that are compressed at a time */
	QUEUE_FILLERS = 4,           /* connections that wait to be accepted for ever */
	RSV1 = 0x40,
	OPCODE_TEXT = 1,
	OPCODE_CLOSE = 8,
	OPCODE_PING = 9,
	OPCODE_PONG = 10,
};

struct peer {
	int fd;
	struct buf in, out;
	const char *key;             /* Sec-WebSocket-Key, while the request is answered */
	bool requested, close_sent;
	bool filling;                /* mode->fill makes more whenever `out` is empty */
	bool ending;                 /* nothing more is answered; closed once `out` is empty: */
	bool resetting;              /* at once and with a RST, */
	bool shut;                   /* or with a FIN, reading on until the client closes */
	bool gone;
	unsigned long messages;      /* data frames with FIN so far */
};

struct mode {
	const char *name, *text;
	void (*accepted)(struct peer *);   /* on accept; NULL: waits for the request, which */
	void (*answer)(struct peer *);     /* gets this; NULL: upgrade, then `bytes` */
	void (*fill)(struct peer *);       /* adds to peer->out; see peer.filling */
	void (*echoed)(struct peer *);     /* after a message was echoed */
	const char *bytes;
	size_t len;
	int status;
	bool deflates;                     /* the upgrade agrees on permessage-deflate */
	bool trickles;                     /* one byte a millisecond */
	bool deaf;                         /* reads nothing once upgraded */
	bool mute;                         /* echoes nothing */
	bool keeps_open;                   /* neither answers a close frame nor closes */
	bool full;                         /* accepts nobody: the queue is full */
};

#define BYTES(literal) .bytes = (literal), .len = sizeof(literal) - 1

static const struct mode *mode;
static unsigned long numbers[2] = {1, 1};    /* the arguments behind MODE */
static struct peer peers[PEERS_MAX];
static size_t npeers;

/* --- answers to the request ------------------------------------------------------------ */

static void
say(struct peer *p, const char *text)
{
	buf_add_text(&p->out, text);
}

static void
say_and_end(struct peer *p)
{
	buf_add(&p->out, mode->bytes, mode->len);
	p->ending = true;
}

static void
say_nothing(struct peer *p)
{
	(void)p;
}

static void
reset(struct peer *p)
{
	p->resetting = p->ending = true;
}

static void
end(struct peer *p)
{
	p->ending = true;
}

static void
say_and_stay(struct peer *p)
{
	buf_add(&p->out, mode->bytes, mode->len);
}

static void
say_and_fill(struct peer *p)
{
	say_and_stay(p);
	p->filling = true;
}

/* mode->bytes: the reason phrase, and further fields each behind a CRLF. */
static void
refuse(struct peer *p)
{
	char body[64];
	int len = snprintf(body, sizeof body, "{\"error\":%d}\n", mode->status);

	buf_addf(&p->out, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %d\r\nConnection: close\r\n\r\n%s", mode->status, mode->bytes,
	    len, body);
	p->ending = true;
}

static void
answer_garbage(struct peer *p)
{
	uint8_t bytes[512];
	struct rng rng;

	rng_init(&rng, 1);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(rng_u64(&rng) | 0x80);   /* no "HTTP" among them */
	buf_add(&p->out, bytes, sizeof bytes);
	p->ending = true;
}

static void
make_accept(char *into, const char *key)
{
	char text[128];
	unsigned char digest[SHA_DIGEST_LENGTH];

	snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	SHA1((const unsigned char *)text, strlen(text), digest);
	base64_encode(into, digest, sizeof digest);
}

/* `fields`: further header lines, each with its CRLF. */
static void
upgrade_with(struct peer *p, const char *key, const char *fields)
{
	char accept[64];

	make_accept(accept, key);
	buf_addf(&p->out, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n%s\r\n", accept, fields);
}

static void
upgrade(struct peer *p)
{
	upgrade_with(p, p->key, mode->deflates ? "Upgrade: websocket\r\n"
	    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n" :
	    "Upgrade: websocket\r\n");
	buf_add(&p->out, mode->bytes, mode->len);
	p->filling = mode->fill != NULL;
}

static void
upgrade_wrong_accept(struct peer *p)
{
	upgrade_with(p, "AAAAAAAAAAAAAAAAAAAAAA==", "Upgrade: websocket\r\n");
}

static void
upgrade_with_fields(struct peer *p)
{
	upgrade_with(p, p->key, mode->bytes);
}

/* --- endless answers ------------------------------------------------------------------- */

static void
fill_header_lines(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		say(p, "X-Filler: there is always one more\r\n");
}

static void
fill_letters(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		say(p, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void
fill_messages(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		say(p, "\x81\x1d""one more that nobody ordered!");
}

static void
fill_pings(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		say(p, "\x89\x04""ping");
}

/* A text message of empty fragments that never ends. */
static void
fill_fragments(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		buf_add(&p->out, "\0\0", 2);
}

static void
fill_long_fragments(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		buf_add(&p->out, "\0\x10""more of the same", 18);
}

static void
fill_interim(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		say(p, "HTTP/1.1 103 Early Hints\r\n\r\n");
}

static void
fill_chunks(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		say(p, "1;the-longer=the-better\r\na\r\n");
}

/* Warnings (RFC 5246, 7.2), each in a record of its own. */
static void
fill_alerts(struct peer *p)
{
	while (p->out.len < FILL_SIZE)
		buf_add(&p->out, "\x15\x03\x03\0\x02\x01\x5a", 7);
}

/* --- after so many echoes -------------------------------------------------------------- */

static void
send_frame(struct peer *p, uint8_t first, const uint8_t *payload, size_t len)
{
	uint8_t head[10] = {first};
	size_t size = 2;

	if (len < 126) {
		head[1] = (uint8_t)len;
	} else {
		size = len <= UINT16_MAX ? 4 : 10;
		head[1] = size == 4 ? 126 : 127;
		for (size_t i = size, left = len; i > 2; left >>= 8)
			head[--i] = (uint8_t)left;
	}
	buf_add(&p->out, head, size);
	buf_add(&p->out, payload, len);
}

static void
drop_after(struct peer *p)
{
	p->ending = p->messages >= numbers[0];
}

static void
reset_after(struct peer *p)
{
	p->resetting = p->ending = p->messages >= numbers[0];
}

static void
close_after(struct peer *p)
{
	const uint8_t payload[] = {(uint8_t)(numbers[0] >> 8), (uint8_t)numbers[0], 'b', 'y',
	    'e'};

	if (p->messages < numbers[1] || p->close_sent)
		return;
	send_frame(p, 0x80 | OPCODE_CLOSE, payload, sizeof payload);
	p->close_sent = true;
}

/* --- compressed ------------------------------------------------------------------------ */

/* So many zeros as a raw deflate stream without a final block, complete in itself; `into` holds
 * FILL_SIZE. */
static size_t
deflate_zeros(uint8_t *into)
{
	static const uint8_t zeros[ZEROS];
	z_stream z = {.next_in = zeros, .avail_in = ZEROS, .next_out = into,
	    .avail_out = FILL_SIZE};

	if (deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FULL_FLUSH) != Z_OK)
		abort();
	deflateEnd(&z);
	return FILL_SIZE - z.avail_out;
}

/* A message of numbers[0] times ZEROS. */
static void
fill_bombs(struct peer *p)
{
	static uint8_t packed[FILL_SIZE];
	static size_t len;
	struct buf payload;

	if (len == 0)
		len = deflate_zeros(packed);
	buf_init(&payload, OUT_MAX);
	for (unsigned long i = 0; i < numbers[0]; i++)
		buf_add(&payload, packed, len);
	/* without its last four bytes (RFC 7692, 7.2.1) */
	send_frame(p, 0x80 | RSV1 | OPCODE_TEXT, payload.data, payload.len - 4);
	buf_release(&payload);
}

/* --- the modes ------------------------------------------------------------------------- */

static const struct mode modes[] = {
	/* instead of an upgrade */
	{"refuse-401", "401 with WWW-Authenticate and a body", .answer = refuse, .status = 401,
	    BYTES("Unauthorized\r\nWWW-Authenticate: Bearer realm=\"hostile\"")},
	{"refuse-403", "403 with a body", .answer = refuse, .status = 403, BYTES("Forbidden")},
	{"refuse-404", "404 with a body", .answer = refuse, .status = 404, BYTES("Not Found")},
	{"refuse-426", "426 with the version it wants", .answer = refuse, .status = 426,
	    BYTES("Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 99")},
	{"refuse-429", "429 with Retry-After", .answer = refuse, .status = 429,
	    BYTES("Too Many Requests\r\nRetry-After: 1")},
	{"refuse-500", "500 with a body", .answer = refuse, .status = 500,
	    BYTES("Internal Server Error")},
	{"redirect", "302 to another path", .answer = refuse, .status = 302,
	    BYTES("Found\r\nLocation: /elsewhere")},
	{"plain-200", "200 with a body, as if it were a page", .answer = refuse, .status = 200,
	    BYTES("OK")},
	{"garbage", "512 bytes that are no HTTP", .answer = answer_garbage},
	{"silent", "accepts and never answers", .answer = say_nothing},
	{"endless-headers", "header lines for ever", .answer = say_and_fill,
	    .fill = fill_header_lines, BYTES("HTTP/1.1 101 Switching Protocols\r\n")},
	{"huge-header-line", "one header line for ever", .answer = say_and_fill,
	    .fill = fill_letters, BYTES("HTTP/1.1 101 Switching Protocols\r\nX-Filler: ")},
	{"wrong-accept", "the accept value of another key", .answer = upgrade_wrong_accept},
	{"no-upgrade-header", "101 without Upgrade", .answer = upgrade_with_fields, BYTES("")},
	{"bad-subprotocol", "a subprotocol that nobody offered", .answer = upgrade_with_fields,
	    BYTES("Upgrade: websocket\r\nSec-WebSocket-Protocol: never-offered\r\n")},
	{"extension-not-offered", "an extension that nobody offered",
	    .answer = upgrade_with_fields,
	    BYTES("Upgrade: websocket\r\nSec-WebSocket-Extensions: x-never-offered\r\n")},
	{"close-at-once", "accepts and closes", .accepted = end},
	{"reset-at-once", "accepts and resets (RST)", .accepted = reset},
	{"half-head", "half a head, then closes", .answer = say_and_end,
	    BYTES("HTTP/1.1 101 Switching Pro")},
	{"stalled-head", "half a head, then nothing", .answer = say_and_stay,
	    BYTES("HTTP/1.1 101 Switching Pro")},
	{"endless-1xx", "answers before the answer for ever", .answer = say_and_fill,
	    .fill = fill_interim},
	{"no-accept", "accepts nobody, the queue is full", .full = true},

	/* a refusal whose body does not come to an end */
	{"refuse-endless", "403, a terabyte", .answer = say_and_fill, .fill = fill_letters,
	    BYTES("HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000000000\r\n\r\n")},
	{"refuse-unending", "403, a body without a length for ever", .answer = say_and_fill,
	    .fill = fill_letters, BYTES("HTTP/1.1 403 Forbidden\r\n\r\n")},
	{"refuse-chunked", "403, chunks for ever", .answer = say_and_fill, .fill = fill_chunks,
	    BYTES("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n")},
	{"refuse-chunk-line", "403, a chunk whose head never ends", .answer = say_and_fill,
	    .fill = fill_letters,
	    BYTES("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1;")},
	{"refuse-trailers", "403, trailers for ever", .answer = say_and_fill,
	    .fill = fill_header_lines,
	    BYTES("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")},
	{"refuse-stalled", "403, half a body, then nothing", .answer = say_and_stay,
	    BYTES("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf of it")},
	{"refuse-broken", "403, half a body, then closes", .answer = say_and_end,
	    BYTES("HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\nhalf of it")},

	/* before anybody asks: to one who takes this for a proxy, or speaks TLS */
	{"blunt-garbage", "512 bytes of garbage", .accepted = answer_garbage},
	{"blunt-endless", "a garbage of letters for ever", .accepted = say_and_fill,
	    .answer = say_nothing, .fill = fill_letters},
	{"tls-half", "half of a TLS record, then nothing", .accepted = say_and_stay,
	    .answer = say_nothing, BYTES("\x16\x03\x03\x40\0\x02")},
	{"tls-endless", "a TLS handshake of letters for ever", .accepted = say_and_fill,
	    .answer = say_nothing, .fill = fill_letters, BYTES("\x16\x03\x03\x40\0\x02")},
	{"tls-alert", "a fatal TLS alert", .accepted = say_and_end,
	    BYTES("\x15\x03\x03\0\x02\x02\x28")},
	{"tls-alerts", "TLS warnings for ever", .accepted = say_and_fill,
	    .answer = say_nothing, .fill = fill_alerts},
	{"socks-half", "half of SOCKS5's method, then nothing", .accepted = say_and_stay,
	    BYTES("\x05")},
	{"socks-half-reply", "half of SOCKS5's reply, then nothing", .accepted = say_and_stay,
	    BYTES("\x05\0\x05\0\0\x03\xff""a name of 255 bytes")},
	{"socks-cut-reply", "half of SOCKS5's reply, then closes", .accepted = say_and_end,
	    BYTES("\x05\0\x05\0\0\x01\0")},
	{"socks-refuse", "SOCKS5: not allowed", .accepted = say_and_end,
	    BYTES("\x05\0\x05\x02\0\x01\0\0\0\0\0\0")},
	{"socks-password", "SOCKS5: a method that nobody offered", .accepted = say_and_end,
	    BYTES("\x05\x02")},
	{"socks-endless", "SOCKS5's reply, then letters for ever", .accepted = say_and_fill,
	    .answer = say_nothing, .fill = fill_letters,
	    BYTES("\x05\0\x05\0\0\x01\0\0\0\0\0\0")},

	/* right after the upgrade */
	{"oversize-frame", "a frame of 2^40 bytes, and streams it", .fill = fill_letters,
	    .mute = true, BYTES("\x82\x7f\0\0\x01\0\0\0\0\0")},
	{"negative-length", "a length with its top bit set",
	    BYTES("\x82\x7f\xff\0\0\0\0\0\0\0")},
	{"endless-fragments", "a message of empty fragments for ever", .fill = fill_fragments,
	    .mute = true, BYTES("\x01\x01""a")},
	{"long-fragments", "a message of fragments for ever", .fill = fill_long_fragments,
	    .mute = true, BYTES("\x01\x01""a")},
	{"deflate-bomb", "N: a compressed message of N MiB, 1000 times smaller",
	    .deflates = true, .fill = fill_bombs, .mute = true},
	{"deflate-garbage", "a compressed message that is none", .deflates = true,
	    BYTES("\xc1\x04\xff\xff\xff\xff")},
	{"reserved-rsv", "RSV2 set", BYTES("\xa1\x02hi")},
	{"reserved-rsv1", "RSV1 set though nothing is compressed", BYTES("\xc1\x02hi")},
	{"reserved-opcode", "opcode 3", BYTES("\x83\x02hi")},
	{"masked", "a masked frame", BYTES("\x81\x82\0\0\0\0hi")},
	{"bad-utf8", "a text that is no UTF-8", BYTES("\x81\x02\xc3\x28")},
	{"bad-utf8-split", "a text that ends inside a character",
	    BYTES("\x01\x01\xe2\x80\x01\x82")},
	{"non-minimal", "five bytes with a 16-bit length", BYTES("\x81\x7e\0\x05hello")},
	{"fragmented-control", "a ping without FIN", BYTES("\x09\0")},
	{"long-control", "a ping of 126 bytes", BYTES("\x89\x7e\0\x7e")},
	{"stray-continuation", "a continuation of nothing", BYTES("\x80\x02hi")},
	{"interleaved", "a new message inside a fragmented one",
	    BYTES("\x01\x01""a\x81\x01""b")},
	{"bad-close-code", "a close frame with 1005", BYTES("\x88\x02\x03\xed")},
	{"close-1-byte", "a close frame with half a code", BYTES("\x88\x01\x03")},
	{"close-and-stay", "a close frame with 1011, and TCP stays open",
	    BYTES("\x88\x02\x03\xf3"), .keeps_open = true},
	{"bid-and-stay", "a close frame with 1000, and TCP stays open",
	    BYTES("\x88\x02\x03\xe8"), .keeps_open = true},
	{"bid-and-flood", "a close frame with 1000, then letters for ever",
	    BYTES("\x88\x02\x03\xe8"), .fill = fill_letters, .keeps_open = true},
	{"bad-close-reason", "a close frame whose reason is no UTF-8",
	    BYTES("\x88\x04\x03\xe8\xc3\x28")},

	/* during the conversation */
	{"echo", "behaves", .bytes = NULL},
	{"never-close", "neither answers a close frame nor closes", .keeps_open = true},
	{"drop-after", "N: closes TCP after N echoes", .echoed = drop_after},
	{"reset-after", "N: resets TCP after N echoes", .echoed = reset_after},
	{"close-after", "CODE N: a close frame with CODE after N echoes",
	    .echoed = close_after},
	{"slow-byte", "behaves, one byte a millisecond", .trickles = true},
	{"flood", "messages as fast as they are taken", .fill = fill_messages},
	{"ping-flood", "pings as fast as they are taken", .fill = fill_pings},
	{"flood-on", "messages for ever, whatever the client says", .fill = fill_messages,
	    .mute = true, .keeps_open = true},
	{"no-read", "upgrades and never reads again", .deaf = true},
	{"no-read-flood", "the same, and messages for ever", .deaf = true,
	    .fill = fill_messages},
	{.name = NULL},
};

/* --- what clients send ----------------------------------------------------------------- */

static void
take_close(struct peer *p, const uint8_t *payload, size_t len)
{
	printf("close %d\n", len >= 2 ? payload[0] << 8 | payload[1] : 0);
	if (mode->keeps_open)
		return;
	if (!p->close_sent)
		send_frame(p, 0x80 | OPCODE_CLOSE, payload, len);
	p->filling = false;
	p->ending = true;
}

static void
take_frame(struct peer *p, uint8_t first, const uint8_t *payload, size_t len)
{
	switch (first & 0xf) {
	case OPCODE_CLOSE:
		take_close(p, payload, len);
		return;
	case OPCODE_PING:
		send_frame(p, 0x80 | OPCODE_PONG, payload, len);
		return;
	case OPCODE_PONG:
		return;
	}
	if (!mode->mute)
		send_frame(p, first, payload, len);
	if ((first & 0x80) == 0)
		return;
	puts("message");
	p->messages++;
	if (mode->echoed != NULL)
		mode->echoed(p);
}

/* Takes one masked frame off p->in; false when it is not all there. An unmasked one ends p. */
static bool
take_input(struct peer *p)
{
	const uint8_t *in = p->in.data;
	size_t head = 2, len;
	uint8_t *payload;

	if (p->in.len < head || p->ending)
		return false;
	len = in[1] & 0x7f;
	if ((in[1] & 0x80) == 0) {
		puts("unmasked");
		p->ending = true;
		return false;
	}
	if (len >= 126) {
		head = len == 126 ? 4 : 10;
		if (p->in.len < head)
			return false;
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | in[i];
	}
	head += 4;
	if (len > IN_MAX || p->in.len < head + len) {
		p->ending = len > IN_MAX;
		return false;
	}
	payload = p->in.data + head;
	for (size_t i = 0; i < len; i++)
		payload[i] ^= payload[(ptrdiff_t)(i % 4) - 4];
	take_frame(p, in[0], payload, len);
	buf_drop(&p->in, head + len);
	return true;
}

/* The request's end, and the key in it: *key is lent until the request is dropped. */
static size_t
find_request(struct peer *p, const char **key)
{
	static const char field[] = "\r\nSec-WebSocket-Key:";
	char *text, *blank, *value;

	if (buf_add(&p->in, "", 1) != 0)      /* a NUL, for the searches; taken back below */
		return 0;
	p->in.len--;
	text = (char *)p->in.data;
	blank = strstr(text, "\r\n\r\n");
	if (blank == NULL)
		return 0;
	blank[2] = '\0';
	value = strcasestr(text, field);
	*key = "";
	if (value != NULL) {
		value += sizeof field - 1;
		value += strspn(value, " \t");
		value[strcspn(value, "\r")] = '\0';
		*key = value;
	}
	return (size_t)(blank - text) + 4;
}

static void
take_request(struct peer *p)
{
	size_t len = find_request(p, &p->key);

	if (len == 0) {
		p->ending = p->in.len > REQUEST_MAX;
		return;
	}
	puts("request");
	p->requested = true;
	(mode->answer != NULL ? mode->answer : upgrade)(p);
	p->key = NULL;
	buf_drop(&p->in, len);
}

/* --- the loop -------------------------------------------------------------------------- */

static void
read_from(struct peer *p)
{
	uint8_t *into = buf_reserve(&p->in, READ_SIZE);
	ssize_t len = into != NULL ? recv(p->fd, into, READ_SIZE, MSG_DONTWAIT) : 0;

	if (len < 0 && errno == EAGAIN)
		return;
	if (len <= 0) {
		p->gone = true;
		return;
	}
	p->in.len += (size_t)len;
	if (!p->requested && !p->ending)
		take_request(p);
	if (p->ending)
		p->in.len = 0;
	else if (p->requested && mode->answer != NULL)
		p->in.len = 0;                /* never a WebSocket: ignored */
	else if (p->requested && !mode->deaf)
		while (take_input(p))
			continue;
}

static void
write_to(struct peer *p)
{
	ssize_t len;

	if (p->out.len == 0 && p->filling)
		mode->fill(p);
	if (p->out.len == 0)
		return;
	len = send(p->fd, p->out.data, mode->trickles ? 1 : p->out.len,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (len > 0)
		buf_drop(&p->out, (size_t)len);
	else if (errno != EAGAIN)
		p->gone = true;
}

/* Closing with bytes unread would send a RST in place of a FIN, and could destroy what the
 * client has not read yet: so half of the connection is closed, and then the client's turn. */
static bool
is_done(struct peer *p)
{
	if (p->gone || !p->ending || p->out.len > 0)
		return p->gone;
	if (!p->resetting && !p->shut) {
		shutdown(p->fd, SHUT_WR);
		p->shut = true;
	}
	return p->resetting;
}

static void
release(struct peer *p)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	if (p->resetting)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(p->fd);
	buf_release(&p->in);
	buf_release(&p->out);
	puts("gone");
}

static void
accept_one(int listener)
{
	struct peer *p;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), yes = 1;

	if (fd < 0)
		return;
	if (npeers == PEERS_MAX) {
		close(fd);
		return;
	}
	puts("connected");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	p = &peers[npeers++];
	*p = (struct peer){.fd = fd};
	buf_init(&p->in, IN_MAX + READ_SIZE);
	buf_init(&p->out, OUT_MAX);
	if (mode->accepted != NULL)
		mode->accepted(p);
}

static short
interest(const struct peer *p)
{
	bool reads = p->ending || !(mode->deaf && p->requested);
	bool writes = !mode->trickles && (p->out.len > 0 || p->filling);

	return (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

static void
serve(struct peer *p, short events)
{
	if (events & (POLLIN | POLLHUP | POLLERR))
		read_from(p);
	if ((events & POLLOUT) || mode->trickles)
		write_to(p);
}

static void
turn(int listener)
{
	static struct pollfd fds[PEERS_MAX + 1];
	size_t count = npeers, kept = 0;

	fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (size_t i = 0; i < count; i++)
		fds[i + 1] = (struct pollfd){.fd = peers[i].fd, .events = interest(&peers[i])};
	if (poll(fds, count + 1, mode->trickles && count > 0 ? 1 : -1) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		serve(&peers[i], fds[i + 1].revents);
	if (fds[0].revents != 0)
		accept_one(listener);
	for (size_t i = 0; i < npeers; i++) {
		if (is_done(&peers[i]))
			release(&peers[i]);
		else
			peers[kept++] = peers[i];
	}
	npeers = kept;
}

/* Takes the queue of those who wait to be accepted, so that nobody is connected any more. */
static void
fill_queue(const struct sockaddr_in *address)
{
	for (int i = 0; i < QUEUE_FILLERS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd >= 0 && connect(fd, (const struct sockaddr *)address,
		    sizeof *address) != 0 && errno != EINPROGRESS)
			perror("hostile");
	}
}

static int
listen_somewhere(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
	    listen(fd, mode->full ? 0 : 1024) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return -1;
	if (mode->full)
		fill_queue(&address);
	printf("listening %u\n", ntohs(address.sin_port));
	return fd;
}

static const struct mode *
find_mode(const char *name)
{
	for (const struct mode *m = modes; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static void
usage(FILE *to)
{
	fputs("usage: hostile MODE [NUMBER...]\n\n", to);
	for (const struct mode *m = modes; m->name != NULL; m++)
		fprintf(to, "  %-22s %s\n", m->name, m->text);
}

int
main(int argc, char **argv)
{
	int listener;

	mode = argc >= 2 && argc <= 4 ? find_mode(argv[1]) : NULL;
	if (mode == NULL) {
		usage(stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++)
		numbers[i - 2] = strtoul(argv[i], NULL, 10);
	setvbuf(stdout, NULL, _IOLBF, 0);
	listener = listen_somewhere();
	if (listener < 0) {
		perror("hostile");
		return 1;
	}
	while (mode->full)
		pause();
	for (;;)
		turn(listener);
}
