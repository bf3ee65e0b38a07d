/* json.h: the one thing that jansson leaves to us: quoting bytes straight into a buf, without a
 * tree in between. Everything else uses jansson itself. */
#ifndef HAIL_BASE_JSON_H
#define HAIL_BASE_JSON_H

#include <stddef.h>

struct buf;

/* Appends `text` as a JSON string (RFC 8259, 7), quotes included. The bytes must be UTF-8; what
 * is not ASCII is kept as it is. -1 when the buf is full. */
int json_quote(struct buf *into, const char *text, size_t len);

#endif
