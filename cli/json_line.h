/* json_line.h: events as JSON objects, one a line (hail-connect(1), hail-run(1)). All of it is
 * appended to a buf; where there is no memory something is missing at the end. */
#ifndef HAIL_CLI_JSON_LINE_H
#define HAIL_CLI_JSON_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/slice.h"

struct buf;
struct channel_end;
struct message;

/* `{"t":0.123456,"type":"open"`: `t` in seconds. */
void json_line_begin(struct buf *into, const char *type, uint64_t ns);
void json_line_end(struct buf *into);

/* A member; the text must be UTF-8. */
void json_line_text(struct buf *into, const char *key, const char *text, size_t len);
void json_line_words(struct buf *into, const char *key, const char *text);

/* A member, if the slice is there and UTF-8. */
void json_line_slice(struct buf *into, const char *key, struct slice text);

/* A peer's bytes: "data" when they are UTF-8, else "base64". */
void json_line_bytes(struct buf *into, const void *data, size_t len);

/* kind, event, id, data or base64, size. */
void json_line_message(struct buf *into, const struct message *m);

/* class, message, and the status of a refusal. */
void json_line_why(struct buf *into, const struct channel_end *end);

#endif
