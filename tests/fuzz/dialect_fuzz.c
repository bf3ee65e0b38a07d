/* dialect_fuzz.c: a dialect that is accepted has what a run relies on: a name, paths that may stand
 * in a request, and a payload with the stamp in it. */
#include <string.h>

#include "bench/load/payload.h"
#include "bench/plan/dialect.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json_pointer.h"
#include "tests/fuzz/fuzz.h"

static const struct template_values values = {"hail-0", "0", "n:1", "t", NULL};

static void
check_path(const char *path)
{
	struct buf target;

	if (path == NULL)
		return;
	buf_init(&target, 1 << 20);
	require(template_expand(&target, path, &values) == 0 && target.data[0] == '/');
	for (size_t i = 0; i < target.len; i++)
		require(target.data[i] > ' ' && target.data[i] < 0x7f && target.data[i] != '#');
	buf_release(&target);
}

static void
check_payload(const char *template)
{
	struct payload p;

	require(template != NULL && payload_make(&p, template, 64, &values, NULL) == 0);
	require(p.stamp_at + STAMP_LENGTH <= p.len);
	payload_release(&p);
}

static void
check_poll(const struct dialect_poll *p)
{
	const char *const pointers[] = {p->id, p->data, p->cursor};

	check_path(p->path);
	for (int i = 0; i < 3; i++)
		require(pointers[i] == NULL || json_pointer_check(pointers[i], NULL) == 0);
}

static void
check(const struct dialect *d)
{
	require(d->name != NULL && d->name[0] != '\0');
	require(d->publish != NULL || d->post.path != NULL);
	require(d->poll.answered && d->on_open_count <= DIALECT_ON_OPEN);
	check_payload(dialect_payload(d, true));
	if (d->publish != NULL)
		check_payload(dialect_payload(d, false));
	for (int t = 0; t < TRANSPORTS; t++)
		check_path(dialect_path(d, (enum transport)t));
	check_path(d->echo_path);
	check_path(d->post.path);
	check_poll(&d->longpoll);
	check_poll(&d->poll);
	require(d->post.type == NULL || strpbrk(d->post.type, "\r\n") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dialect d;
	struct err e = {0};

	if (dialect_parse(&d, (const char *)data, size, "fuzz", &e) == 0) {
		check(&d);
		dialect_release(&d);
	} else {
		require(e.class == ERR_USAGE);
		require_sentence(e.text);
		require(d.name == NULL && d.publish == NULL && d.on_open_count == 0);
	}
	return 0;
}
