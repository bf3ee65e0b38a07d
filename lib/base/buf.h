/* buf.h: a growable run of bytes, born with a maximum.
 *
 * An empty buf holds no memory. What buf_add refuses leaves the buf as it was. A buf over an array
 * of the caller's own, whose fields are set by hand, has a max within cap, and the array one byte
 * more than cap. */
#ifndef HAIL_BASE_BUF_H
#define HAIL_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;   /* NULL while nothing was ever added */
	size_t len;
	size_t cap;
	size_t max;      /* len never exceeds this */
};

void buf_init(struct buf *b, size_t max);

/* Frees the bytes; the buf is empty and usable again. */
void buf_release(struct buf *b);

/* Appends. -1: it would exceed max, or no memory. `data` may be NULL when len is 0. */
int buf_add(struct buf *b, const void *data, size_t len);

int buf_add_text(struct buf *b, const char *text);

int buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for `len` more bytes at data + len; the caller then raises len itself. NULL as above. */
uint8_t *buf_reserve(struct buf *b, size_t len);

/* Removes `len` bytes (at most all) from the front. */
void buf_drop(struct buf *b, size_t len);

#endif
