#include "lib/script/scope.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/script/script.h"

enum { UUID_SIZE = 37 };                 /* with its NUL */

struct value {
	char *data;                      /* NULL: it has not changed yet */
	size_t len, cap;
};

struct scope {
	struct scope_params params;
	uint64_t iteration, seq;
	struct value *values;            /* one for each slot; NULL until the first is set */
	char (*uuids)[UUID_SIZE];        /* NULL until the first is asked for; "": not made yet */
};

struct scope *
scope_new(const struct scope_params *params)
{
	struct scope *s = calloc(1, sizeof *s);

	if (s != NULL)
		s->params = *params;
	return s;
}

static void
forget(struct scope *s)
{
	for (size_t i = 0; s->values != NULL && i < s->params.script->slot_count; i++)
		free(s->values[i].data);
	free(s->values);
	free(s->uuids);
	s->values = NULL;
	s->uuids = NULL;
}

void
scope_free(struct scope *s)
{
	if (s == NULL)
		return;
	forget(s);
	free(s);
}

void
scope_begin(struct scope *s, uint64_t iteration)
{
	forget(s);
	s->iteration = iteration;
	s->seq = 0;
}

/* --- variables --------------------------------------------------------------------------- */

static int
make_room(struct value *v, size_t len)
{
	char *grown;

	if (v->data != NULL && v->cap >= len)
		return 0;
	grown = realloc(v->data, len + (len == 0));
	if (grown == NULL)
		return -1;
	v->data = grown;
	v->cap = len;
	return 0;
}

int
scope_set(struct scope *s, size_t slot, struct slice value)
{
	struct value *v;

	if (value.len > SCOPE_VALUE_MAX)
		return -1;
	if (s->values == NULL)
		s->values = calloc(s->params.script->slot_count, sizeof *s->values);
	if (s->values == NULL)
		return -1;
	v = &s->values[slot];
	/* A part of its own value is no longer than that, so stays where it is. */
	if (make_room(v, value.len) != 0)
		return -1;
	if (value.len > 0)
		memmove(v->data, value.data, value.len);
	v->len = value.len;
	return 0;
}

struct slice
scope_get(const struct scope *s, size_t slot)
{
	const struct script_slot *first = &s->params.script->slots[slot];

	if (s->values != NULL && s->values[slot].data != NULL)
		return (struct slice){s->values[slot].data, s->values[slot].len};
	return (struct slice){first->value, first->value != NULL ? first->len : 0};
}

/* --- what is made ------------------------------------------------------------------------ */

const struct scope_params *
scope_params(const struct scope *s)
{
	return &s->params;
}

uint64_t
scope_iteration(const struct scope *s)
{
	return s->iteration;
}

uint64_t
scope_next(struct scope *s)
{
	return ++s->seq;
}

/* RFC 9562, 4 and 5.4: version and variant stand in between random bits. */
static void
make_uuid(char into[UUID_SIZE], struct rng *rng)
{
	uint64_t high = (rng_u64(rng) & ~UINT64_C(0xf000)) | 0x4000;
	uint64_t low = (rng_u64(rng) & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;

	snprintf(into, UUID_SIZE, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
	    (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xffff),
	    (unsigned)(low >> 48), (unsigned long long)(low & 0xffffffffffff));
}

const char *
scope_uuid(struct scope *s, size_t number)
{
	if (s->uuids == NULL)
		s->uuids = calloc(s->params.script->uuid_count, sizeof *s->uuids);
	if (s->uuids == NULL)
		return NULL;
	if (s->uuids[number][0] == '\0')
		make_uuid(s->uuids[number], s->params.rng);
	return s->uuids[number];
}
