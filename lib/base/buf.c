#include "lib/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With the NUL behind it a small block of malloc: thousands of connections keep an id each. */
enum { CAP_LEAST = 23 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_release(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

uint8_t *
buf_reserve(struct buf *b, size_t len)
{
	size_t cap = b->cap > 0 ? b->cap : CAP_LEAST;
	uint8_t *grown;

	if (len > b->max - b->len)
		return NULL;
	while (cap < b->len + len)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->cap || b->data == NULL) {
		grown = realloc(b->data, cap + 1);   /* buf_addf may end in a NUL behind cap */
		if (grown == NULL)
			return NULL;
		b->data = grown;
		b->cap = cap;
	}
	return b->data + b->len;
}

int
buf_add(struct buf *b, const void *data, size_t len)
{
	uint8_t *at;

	if (len == 0)
		return 0;
	at = buf_reserve(b, len);
	if (at == NULL)
		return -1;
	memcpy(at, data, len);
	b->len += len;
	return 0;
}

int
buf_add_text(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int
buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;
	uint8_t *at;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return -1;
	at = buf_reserve(b, (size_t)len);
	if (at == NULL)
		return -1;
	va_start(args, format);
	vsnprintf((char *)at, (size_t)len + 1, format, args);
	va_end(args);
	b->len += (size_t)len;
	return 0;
}

void
buf_drop(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
}
