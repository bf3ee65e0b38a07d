/* json_keys.h: what a document is made of, for unit tests. In a header since a unit test is linked
 * with nothing but tap.o. */
#ifndef HAIL_TESTS_JSON_KEYS_H
#define HAIL_TESTS_JSON_KEYS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* "a b c": the keys of an object, in their order; lent until the next call. */
static const char *
json_keys(const json_t *object)
{
	static char list[1024];
	const char *key;
	json_t *value;
	size_t len = 0;

	list[0] = '\0';
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
		    len > 0 ? " " : "", key);
	return list;
}

#endif
