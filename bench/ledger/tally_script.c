#include "bench/ledger/tally_script.h"

#include <stdlib.h>
#include <string.h>

#include "bench/ledger/hist.h"
#include "lib/base/slice.h"

enum { TEXT_MAX = 256 << 20 };   /* bytes of a tally's names and failures */

/* --- life -------------------------------------------------------------------------------- */

struct tally_script *
tally_script_new(const char *file)
{
	struct tally_script *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	arena_init(&s->arena, TEXT_MAX);
	s->file = arena_text(&s->arena, slice_of(file));
	s->play = hist_new();
	if (s->file != NULL && s->play != NULL)
		return s;
	tally_script_free(s);
	return NULL;
}

void
tally_script_free(struct tally_script *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->label_count; i++)
		hist_free(s->labels[i].latency);
	hist_free(s->play);
	arena_release(&s->arena);
	free(s);
}

void
tally_script_clear(struct tally_script *s)
{
	for (size_t i = 0; i < s->label_count; i++)
		if (s->labels[i].latency != NULL)
			hist_clear(s->labels[i].latency);
	hist_clear(s->play);
	s->begun = s->completed = s->failed = s->unfinished = 0;
	s->unconnected = s->requests = 0;
	s->failures = NULL;
}

/* -1: no memory. */
static int
copy_line(struct tally_script *s, struct tally_line *into, struct tally_line at)
{
	into->line = at.line;
	into->file = arena_text(&s->arena, slice_of(at.file));
	return into->file != NULL ? 0 : -1;
}

/* --- labels ------------------------------------------------------------------------------ */

int
tally_script_label(struct tally_script *s, const char *name, struct tally_line at)
{
	struct tally_label *l = &s->labels[s->label_count];

	for (size_t i = 0; i < s->label_count; i++)
		if (strcmp(s->labels[i].name, name) == 0)
			return (int)i;
	if (s->label_count == TALLY_LABELS ||
	    (l->name = arena_text(&s->arena, slice_of(name))) == NULL ||
	    copy_line(s, &l->first, at) != 0)
		return -1;
	return (int)s->label_count++;
}

/* Its histogram, made when there is none. NULL: no memory. */
static struct hist *
latency_of(struct tally_label *l)
{
	if (l->latency == NULL)
		l->latency = hist_new();
	return l->latency;
}

int
tally_script_measured(struct tally_script *s, size_t label, uint64_t took_ns)
{
	struct hist *h = latency_of(&s->labels[label]);

	if (h == NULL)
		return -1;
	hist_record(h, took_ns);
	return 0;
}

/* --- failures ---------------------------------------------------------------------------- */

static bool
is_before(const struct tally_failure *f, size_t step, enum err_class class)
{
	return f->step < step || (f->step == step && f->first.class < class);
}

/* The failures of a step for one reason, made when there are none. NULL: no memory. */
static struct tally_failure *
failure_at(struct tally_script *s, size_t step, struct tally_line at, const struct err *why)
{
	struct tally_failure **place = &s->failures, *f;

	while (*place != NULL && is_before(*place, step, why->class))
		place = &(*place)->next;
	if (*place != NULL && (*place)->step == step && (*place)->first.class == why->class)
		return *place;
	f = arena_take(&s->arena, sizeof *f);
	if (f == NULL || copy_line(s, &f->at, at) != 0)
		return NULL;
	f->step = step;
	f->first = *why;
	f->next = *place;
	*place = f;
	return f;
}

int
tally_script_failed(struct tally_script *s, size_t step, struct tally_line at,
    const struct err *why)
{
	struct tally_failure *f = failure_at(s, step, at, why);

	if (f == NULL)
		return -1;
	f->count++;
	s->failed++;
	return 0;
}

const struct tally_failure *
tally_script_worst(const struct tally_script *s)
{
	const struct tally_failure *worst = s->failures;

	for (const struct tally_failure *f = s->failures; f != NULL; f = f->next)
		if (f->count > worst->count)
			worst = f;
	return worst;
}

/* --- merging ----------------------------------------------------------------------------- */

static int
merge_labels(struct tally_script *into, const struct tally_script *from)
{
	for (size_t i = 0; i < from->label_count; i++) {
		const struct tally_label *l = &from->labels[i];
		int label = tally_script_label(into, l->name, l->first);
		struct hist *h;

		if (label < 0)
			return -1;
		if (l->latency == NULL)
			continue;
		h = latency_of(&into->labels[label]);
		if (h == NULL)
			return -1;
		hist_merge(h, l->latency);
	}
	return 0;
}

static int
merge_failures(struct tally_script *into, const struct tally_script *from)
{
	for (const struct tally_failure *f = from->failures; f != NULL; f = f->next) {
		struct tally_failure *sum = failure_at(into, f->step, f->at, &f->first);

		if (sum == NULL)
			return -1;
		sum->count += f->count;
	}
	return 0;
}

int
tally_script_merge(struct tally_script *into, const struct tally_script *from)
{
	into->begun += from->begun;
	into->completed += from->completed;
	into->failed += from->failed;
	into->unfinished += from->unfinished;
	into->unconnected += from->unconnected;
	into->requests += from->requests;
	hist_merge(into->play, from->play);
	return merge_labels(into, from) != 0 || merge_failures(into, from) != 0 ? -1 : 0;
}
