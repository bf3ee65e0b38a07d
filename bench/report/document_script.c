#include "bench/report/document_script.h"

#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "bench/report/document.h"

/* As in document.c: I an integer, o a value handed over, o* one that is left out when NULL. */
typedef json_int_t integer;

static json_t *
plays_of(const struct tally *t)
{
	const struct tally_script *s = t->script;

	return json_pack("{s:I, s:I, s:I, s:I, s:o*}", "begun", (integer)s->begun,
	    "completed", (integer)s->completed, "failed", (integer)s->failed,
	    "unfinished", (integer)s->unfinished,
	    "per_s", document_per_second(s->completed, t->load_ns));
}

/* The end of a script has no line. */
static json_t *
line_number(struct tally_line at)
{
	return at.line > 0 ? json_integer((integer)at.line) : NULL;
}

static json_t *
steps_of(const struct tally_script *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->label_count; i++) {
		const struct tally_label *l = &s->labels[i];

		json_array_append_new(list, json_pack("{s:o, s:o*, s:o, s:o*}",
		    "file", document_string(l->first.file), "line", line_number(l->first),
		    "label", document_string(l->name),
		    "latency_ms", document_dist(l->latency)));
	}
	return list;
}

static json_t *
failures_of(const struct tally_script *s)
{
	json_t *list = json_array();

	for (const struct tally_failure *f = s->failures; f != NULL; f = f->next)
		json_array_append_new(list, json_pack("{s:o, s:o*, s:s, s:o, s:I}",
		    "file", document_string(f->at.file), "line", line_number(f->at),
		    "class", err_class_name(f->first.class),
		    "message", document_string(f->first.text), "count", (integer)f->count));
	return list;
}

json_t *
document_script(const struct tally *t)
{
	const struct tally_script *s = t->script;

	if (s == NULL)
		return NULL;
	return json_pack("{s:o, s:o, s:I, s:o*, s:o, s:o}", "file", document_string(s->file),
	    "plays", plays_of(t), "requests", (integer)s->requests,
	    "play_ms", document_dist(s->play), "steps", steps_of(s),
	    "failures", failures_of(s));
}
