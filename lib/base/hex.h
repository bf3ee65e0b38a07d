/* hex.h: the value of a hexadecimal digit. */
#ifndef HAIL_BASE_HEX_H
#define HAIL_BASE_HEX_H

/* 0..15, in either case; -1 for any other character. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

#endif
