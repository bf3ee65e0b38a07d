#include "bench/load/payload.h"

#include <stdlib.h>
#include <string.h>

#include "bench/plan/plan.h"
#include "bench/plan/template.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { TEMPLATE_MAX = 64 * 1024 };

_Static_assert((int)PLAN_SIZE_MIN == (int)STAMP_LENGTH, "a payload holds at least its stamp");

int
payload_make(struct payload *p, const char *template, uint64_t size,
    const struct template_values *values, struct err *e)
{
	static const struct stamp none = {0};
	char *filler = malloc(size + 1);
	struct template_values stamped = *values;
	struct buf text;
	char *at;

	buf_init(&text, TEMPLATE_MAX + size * 2);
	if (filler == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for a payload");
	stamp_write(filler, &none);
	memset(filler + STAMP_LENGTH, '.', size - STAMP_LENGTH);
	filler[size] = '\0';
	stamped.stamp = filler;
	if (template_expand(&text, template, &stamped) != 0 || buf_add(&text, "", 1) != 0) {
		free(filler);
		buf_release(&text);
		return err_set(e, ERR_USAGE, 0, "the publish template grows too long");
	}
	at = memmem(text.data, text.len, filler, size);
	free(filler);
	if (at == NULL) {
		buf_release(&text);
		return err_set(e, ERR_USAGE, 0, "the publish template has no {stamp}");
	}
	p->stamp_at = (size_t)(at - (char *)text.data);
	p->len = text.len - 1;
	p->data = (char *)text.data;
	return 0;
}

void
payload_release(struct payload *p)
{
	free(p->data);
	*p = (struct payload){0};
}
