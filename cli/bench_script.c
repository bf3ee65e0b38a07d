#include "cli/bench_script.h"

#include <stdlib.h>
#include <string.h>

#include "bench/ledger/tally.h"
#include "bench/ledger/tally_script.h"
#include "bench/plan/plan.h"
#include "bench/report/require.h"
#include "bench/run/script_run.h"
#include "cli/cmd.h"
#include "cli/script_options.h"
#include "lib/base/err.h"
#include "lib/script/script.h"

static void
add_label(struct bench_script *b, const char *label)
{
	for (size_t i = 0; i < b->label_count; i++)
		if (strcmp(b->labels[i], label) == 0)
			return;
	if (b->label_count < TALLY_LABELS)
		b->labels[b->label_count++] = label;
}

static int
take_labels(struct bench_script *b, struct err *e)
{
	const struct script *s = b->script;

	b->labels = calloc(TALLY_LABELS, sizeof *b->labels);
	if (b->labels == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for the script");
	for (size_t i = 0; i < s->step_count; i++)
		if (s->steps[i]->label != NULL)
			add_label(b, s->steps[i]->label);
	return 0;
}

int
bench_script_read(struct bench_script *b, struct plan *p, struct require_list *list,
    struct err *e)
{
	if (p->script == NULL)
		return 0;
	if (script_options_take(e) != 0)
		return -1;
	if (script_options_url() != NULL)
		return err_set(e, ERR_USAGE, 0, "-D url: expected URLs behind the script");
	b->script = script_options_read(p->script, false, 0);
	if (b->script == NULL)
		return EXIT_USAGE;
	if (take_labels(b, e) != 0)
		return -1;
	script_run_plan(p, b->script);
	if (p->targeted_each > 0 && p->target_count == 0)
		return err_set(e, ERR_USAGE, 0, "%.150s opens {url}: expected URLs behind it",
		    p->script);
	list->labels = b->labels;
	list->label_count = b->label_count;
	return 0;
}

void
bench_script_release(struct bench_script *b)
{
	script_free(b->script);
	free(b->labels);
	*b = (struct bench_script){0};
	script_options_release();
}

void
bench_script_explain(const struct tally *t)
{
	const struct tally_failure *worst = tally_script_worst(t->script);

	if (worst == NULL)
		return;
	if (worst->at.line > 0)
		cmd_complain("%llu × failed at %s:%u, the first: %s",
		    (unsigned long long)worst->count, worst->at.file, worst->at.line,
		    worst->first.text);
	else
		cmd_complain("%llu × failed at the end of %s, the first: %s",
		    (unsigned long long)worst->count, worst->at.file, worst->first.text);
}
