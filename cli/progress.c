#include "cli/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/ledger/tally_script.h"
#include "bench/run/run.h"
#include "lib/base/clock.h"
#include "lib/base/units.h"

static bool line_shown;

static void
show_line(const struct run_progress *p)
{
	char worst[32];

	fprintf(stderr, "\r\033[K%s %.0fs  open %llu", run_phase_name(p->phase),
	    (double)p->phase_ns / (double)NS_PER_S, (unsigned long long)p->open);
	if (p->failed > 0 && p->script == NULL)
		fprintf(stderr, "  failed %llu", (unsigned long long)p->failed);
	if (p->dropped > 0)
		fprintf(stderr, "  dropped %llu", (unsigned long long)p->dropped);
	if (p->script != NULL)
		fprintf(stderr, "  plays %llu (%.0f/s), %llu failed",
		    (unsigned long long)p->script->completed, p->plays_per_s,
		    (unsigned long long)p->script->failed);
	if (p->sent > 0)
		fprintf(stderr, "  sent %.0f/s  received %.0f/s  longest %s", p->sent_per_s,
		    p->received_per_s, units_duration_text(worst, sizeof worst,
		    (double)p->worst_ns / (double)NS_PER_MS));
	fflush(stderr);
	line_shown = true;
}

/* Only what begins, for a log. */
static void
show_phase(const struct run_progress *p)
{
	if (p->begins && p->phase != RUN_OVER)
		fprintf(stderr, "hail: %s, %llu open, %llu failed, %llu dropped\n",
		    run_phase_name(p->phase), (unsigned long long)p->open,
		    (unsigned long long)p->failed, (unsigned long long)p->dropped);
}

void
progress_show(const struct run_progress *p)
{
	if (isatty(STDERR_FILENO))
		show_line(p);
	else
		show_phase(p);
}

void
progress_end(void)
{
	if (line_shown)
		fputs("\r\033[K", stderr);
	line_shown = false;
}
