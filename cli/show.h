/* show.h: how a conversation looks to people: messages, frames, heads, notices. All of it is
 * text appended to a buf; nothing is printed here. Control characters of a peer never reach the
 * terminal as such. */
#ifndef HAIL_CLI_SHOW_H
#define HAIL_CLI_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct channel_compression;
struct channel_end;
struct channel_opened;
struct channel_polling;
struct channel_wire;
struct message;
struct slice;

enum show_time { SHOW_CLOCK, SHOW_DELTA, SHOW_NO_TIME };

struct show {
	bool color;
	bool raw_json;               /* JSON stays as it came */
	enum show_time time;
	unsigned columns;            /* 0: unlimited */
	size_t max_bytes;            /* of a message; more is cut, with a note of its size */
	uint64_t last;               /* clock_ns of the line before, for SHOW_DELTA */
};

/* "12:00:01.234 < {…}" in or "> …" out; JSON over several lines and coloured, binary as hex and
 * ASCII. */
void show_message(struct show *s, struct buf *into, const struct message *m, bool out);

/* A line about the conversation itself: "* connected to …". */
void show_notice(struct show *s, struct buf *into, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same in red. */
void show_error(struct show *s, struct buf *into, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What was agreed when it opened (subprotocol, extensions), with `phases` also TLS and how long
 * each step took, as a small waterfall, and with `certificate` whose it is. */
void show_opened(struct show *s, struct buf *into, const struct channel_opened *o,
    const char *where, bool phases, bool certificate);

/* What permessage-deflate made of the messages, in each direction that had compressed ones. */
void show_compression(struct show *s, struct buf *into, const struct channel_compression *c);

/* What polling took; nothing where nothing was asked for. */
void show_polling(struct show *s, struct buf *into, const struct channel_polling *p);

/* Code with its name, reason, who began, or the error. */
void show_end(struct show *s, struct buf *into, const struct channel_end *end);

/* Status line, headers, body, and the likely cause in a sentence of its own. */
void show_refusal(struct show *s, struct buf *into, const struct channel_end *end);

/* A head line by line ("> GET /…", "< HTTP/1.1 101 …"), or a frame: direction, opcode, FIN, RSV,
 * mask, length, first bytes. */
void show_wire(struct show *s, struct buf *into, const struct channel_wire *w);

/* "4.2 KiB", "831 ms". `into` holds 32 bytes. */
const char *show_size(char *into, uint64_t bytes);
const char *show_time_text(char *into, uint64_t ns);

/* The name of a close code in RFC 6455 and the IANA registry; "" for one without a name. */
const char *show_code_name(unsigned code);

#endif
