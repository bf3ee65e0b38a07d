/* run.c: `hail run`: reads scripts, plays them, some at a time, and judges. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cmd.h"
#include "cli/output.h"
#include "cli/run_view.h"
#include "cli/script_options.h"
#include "cli/signals.h"
#include "cli/tty.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rng.h"
#include "lib/loop/loop.h"
#include "lib/script/option.h"
#include "lib/script/verb.h"

enum {
	JOBS_MAX = 1000,
	LAST_WORDS_MS = 2000,            /* for the output after an interrupt; else it has time */
};

static const char *junit;
static bool tap, json, check, list, new_snapshots, fail_fast, quiet;
static uint64_t jobs = 1;
static int verbose, color;

static const struct opt rows[] = {
	{"jobs", 'j', OPT_COUNT, &jobs, "N", "play so many scripts at once (1)", 0},
	{"fail-fast", 0, OPT_FLAG, &fail_fast, NULL, "begin no script once one has failed", 0},
	{"tap", 0, OPT_FLAG, &tap, NULL, "print TAP instead of a transcript", 0},
	{"junit", 0, OPT_TEXT, &junit, "FILE", "write a JUnit report, too", 0},
	{"json", 0, OPT_FLAG, &json, NULL, "print each event as a JSON object, one a line", 0},
	{"check", 0, OPT_FLAG, &check, NULL, "only read the scripts", 0},
	{"list", 0, OPT_FLAG, &list, NULL, "list the words of the language", 0},
	{"update-snapshots", 0, OPT_FLAG, &new_snapshots, NULL,
	    "write the files of `json @FILE` anew from what comes", 0},
	{"color", 0, OPT_CHOICE, &color, "auto|always|never", "colours (auto)", 0},
	{"quiet", 'q', OPT_FLAG, &quiet, NULL, "only failures", 0},
	{"verbose", 'v', OPT_TALLY, &verbose, NULL, "show each line as it begins", 0},
	{0},
};

static const struct opt *const groups[] = {rows, script_options_rows, client_rows, NULL};

enum { VIEWS = 2 };

struct run;

/* One script. */
struct part {
	struct run *run;
	struct player *player;           /* NULL: it does not play */
	struct run_play play;
};

struct run {
	struct loop *loop;
	struct rng rng;
	struct client_options client;
	struct stage *stage;
	struct output *output;
	bool output_failed;              /* and not because the reader went away */
	struct run_view *views[VIEWS];   /* the second, if there is one, is the JUnit report */
	struct script **scripts;
	struct part *parts;
	size_t count, next, playing;
	struct run_summary summary;
	uint64_t began;
	int exit_code;
	bool stopping;                   /* nothing new begins */
	unsigned interrupts;
	struct loop_timer turn;          /* to begin what comes next */
	struct signals signals;
};

/* --- the words of the language ------------------------------------------------------------ */

static void
list_rows(const char *title, const struct verb_row *row)
{
	printf("%s\n", title);
	for (; row->word != NULL; row++)
		printf("  %-44s %s\n", row->usage, row->help);
}

static int
list_words(void)
{
	char usage[128];

	list_rows("lines", verb_rows);
	list_rows("\nbehind < and <!", verb_matchers);
	list_rows("\nat the end of a line", verb_clauses);
	printf("\noptions of open and http\n");
	for (const struct script_option *o = script_options; o->name != NULL; o++) {
		snprintf(usage, sizeof usage, "%s%s%s", o->name, o->argument != NULL ? " " : "",
		    o->argument != NULL ? o->argument : "");
		printf("  %-44s %s%s\n", usage, o->help, o->of_http ? "" : " (open)");
	}
	return fflush(stdout) == 0 ? EXIT_FINE : EXIT_LOCAL;
}

/* --- reading ------------------------------------------------------------------------------ */

/* What a script has that can be checked, but not played. */
static bool
may_play(const struct script *s)
{
	if (s->endless)
		cmd_complain("%s: `repeat forever` is for `hail bench script`: expected a number",
		    s->name);
	return !s->endless;
}

/* All of them, so that all errors are told in one go. 0: fine; else the exit code. */
static int
read_scripts(struct run *r, char **paths)
{
	int code = EXIT_FINE;

	for (size_t i = 0; i < r->count; i++) {
		r->scripts[i] = script_options_read(paths[i], new_snapshots, color);
		if (r->scripts[i] == NULL || (!check && !may_play(r->scripts[i])))
			code = EXIT_USAGE;
	}
	return code;
}

static int
tell_checked(const struct run *r)
{
	for (size_t i = 0; !quiet && i < r->count; i++)
		printf("%s: %zu step%s, %zu part%s\n", r->scripts[i]->name,
		    r->scripts[i]->step_count, r->scripts[i]->step_count == 1 ? "" : "s",
		    r->scripts[i]->party_count, r->scripts[i]->party_count == 1 ? "y" : "ies");
	return fflush(stdout) == 0 ? EXIT_FINE : EXIT_LOCAL;
}

/* --- playing ------------------------------------------------------------------------------ */

/* Bad news of one script may not hide that of another: a broken promise comes first. */
static void
judge(struct run *r, const struct player_failure *f)
{
	static const int order[] = {EXIT_FINE, EXIT_CONNECTION, EXIT_CHECK, EXIT_LOCAL,
	    EXIT_INTERRUPTED};
	int code = f->why.class == ERR_INTERRUPTED ? EXIT_INTERRUPTED :
	    f->why.class == ERR_IO || f->why.class == ERR_MEMORY ? EXIT_LOCAL :
	    f->connecting ? EXIT_CONNECTION : EXIT_CHECK;

	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if (order[i] == code)
			return;
		if (order[i] == r->exit_code)
			r->exit_code = code;
	}
}

static void
told(void *ctx, const struct player_told *t)
{
	struct part *part = ctx;

	part->play.steps += t->act == PLAYER_DONE;
	for (int i = 0; i < VIEWS && part->run->views[i] != NULL; i++)
		if (part->run->views[i]->ops->told != NULL)
			part->run->views[i]->ops->told(part->run->views[i], &part->play, t);
}

static void
over(void *ctx, const struct player_failure *f)
{
	struct part *part = ctx;
	struct run *r = part->run;

	part->play.ended = clock_ns();
	part->play.failure = f;
	r->summary.passed += f == NULL;
	r->summary.failed += f != NULL && f->why.class != ERR_INTERRUPTED;
	if (f != NULL) {
		judge(r, f);
		r->stopping |= fail_fast;
	}
	for (int i = 0; i < VIEWS && r->views[i] != NULL; i++)
		r->views[i]->ops->over(r->views[i], &part->play);
	part->play.failure = NULL;
	player_free(part->player);
	part->player = NULL;
	r->playing--;
	loop_timer_set(&r->turn, 0);
}

static const struct player_events player_events = {told, NULL, over};

static void
play_next(struct run *r)
{
	struct part *part = &r->parts[r->next];
	struct player_params params = {.stage = r->stage, .script = r->scripts[r->next],
	    .conn = r->next, .url = script_options_url(),
	    .events = &player_events, .ctx = part};

	part->run = r;
	part->play = (struct run_play){.number = r->next, .script = r->scripts[r->next],
	    .began = clock_ns()};
	r->next++;
	part->player = player_new(&params);
	if (part->player == NULL) {
		r->exit_code = EXIT_LOCAL;
		r->stopping = true;
		return;
	}
	for (int i = 0; i < VIEWS && r->views[i] != NULL; i++)
		if (r->views[i]->ops->play != NULL)
			r->views[i]->ops->play(r->views[i], &part->play);
	r->playing++;
	player_play(part->player, 1);
}

static void
turn(evutil_socket_t fd, short events, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)events;
	while (!r->stopping && r->next < r->count && r->playing < jobs)
		play_next(r);
	if (r->playing == 0)
		loop_stop(r->loop);
}

static void
stop(struct run *r)
{
	r->stopping = true;
	for (size_t i = 0; i < r->next; i++)
		if (r->parts[i].player != NULL)
			player_stop(r->parts[i].player);
	loop_timer_set(&r->turn, 0);
}

static void
signalled(evutil_socket_t number, short events, void *ctx)
{
	struct run *r = ctx;

	(void)number;
	(void)events;
	r->exit_code = EXIT_INTERRUPTED;
	stop(r);
}

/* --- around it ---------------------------------------------------------------------------- */

static void
output_ignored(void *ctx)
{
	(void)ctx;
}

/* A reader that has seen enough (head) is no failure of ours, but there is no point in going on. */
static void
output_broken(void *ctx, int code)
{
	struct run *r = ctx;

	r->output_failed = code != EPIPE;
	stop(r);
}

static const struct output_events output_events = {output_ignored, output_ignored, output_broken};

static int
make_views(struct run *r, struct err *e)
{
	struct run_view_params p = {.color = tty_wants_color(STDOUT_FILENO, color), .quiet = quiet,
	    .together = jobs > 1, .verbose = verbose};

	r->output = output_new(r->loop, STDOUT_FILENO, &output_events, r, e);
	if (r->output == NULL)
		return -1;
	p.out = r->output;
	r->views[0] = json ? run_json_new(&p) : tap ? run_tap_new(&p) : run_text_new(&p);
	if (junit != NULL)
		r->views[1] = run_junit_new(junit);
	if (r->views[0] == NULL || (junit != NULL && r->views[1] == NULL))
		return err_set(e, ERR_MEMORY, 0, "no memory for output");
	return 0;
}

static int
make_stage(struct run *r, struct err *e)
{
	struct stage_params p = {.loop = r->loop, .rng = &r->rng, .client = &r->client,
	    .new_snapshots = new_snapshots};
	uint64_t seed;

	rng_secret(&seed, sizeof seed);
	rng_init(&r->rng, seed);
	r->client = script_options_client();
	p.limit_ns = r->client.open_timeout;
	r->client.compress |= !client_compress_given();
	r->client.max_refusal = SCRIPT_TOLD * 100;
	r->stage = stage_new(&p, e);
	return r->stage != NULL ? 0 : -1;
}

static int
finish(struct run *r, struct err *e)
{
	r->summary.not_run = r->count - r->summary.passed - r->summary.failed;
	r->summary.took_ns = clock_ns() - r->began;
	for (int i = 0; i < VIEWS && r->views[i] != NULL; i++)
		r->views[i]->ops->end(r->views[i], &r->summary);
	signals_leave(&r->signals);
	output_finish(r->output, r->exit_code == EXIT_INTERRUPTED ? LAST_WORDS_MS : -1);
	if (r->views[1] != NULL && run_junit_failed(r->views[1], e))
		return -1;
	return r->exit_code == EXIT_FINE && r->output_failed ? EXIT_LOCAL : r->exit_code;
}

static int
play_all(struct run *r, struct err *e)
{
	r->loop = loop_new(e);
	r->parts = calloc(r->count, sizeof *r->parts);
	if (r->loop == NULL)
		return -1;
	if (r->parts == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for scripts");
	loop_timer_init(&r->turn, r->loop, turn, r);
	if (make_views(r, e) != 0 || make_stage(r, e) != 0)
		return -1;
	signals_take(&r->signals, r->loop, signalled, r);
	r->began = clock_ns();
	r->summary.scripts = r->count;
	if (r->views[0]->ops->begin != NULL)
		r->views[0]->ops->begin(r->views[0], r->count);
	loop_timer_set(&r->turn, 0);
	return loop_run(r->loop, e) != 0 ? -1 : finish(r, e);
}

static void
release(struct run *r)
{
	signals_leave(&r->signals);
	if (r->loop != NULL)
		loop_timer_clear(&r->turn);
	for (size_t i = 0; r->parts != NULL && i < r->next; i++)
		player_free(r->parts[i].player);
	stage_free(r->stage);
	for (int i = 0; i < VIEWS; i++)
		if (r->views[i] != NULL)
			r->views[i]->ops->free(r->views[i]);
	output_free(r->output);
	if (r->loop != NULL)
		loop_free(r->loop);
	for (size_t i = 0; r->scripts != NULL && i < r->count; i++)
		script_free(r->scripts[i]);
	free(r->scripts);
	free(r->parts);
	script_options_release();
}

static int
check_options(int argc, char **argv, struct err *e)
{
	size_t inputs = 0;

	for (int i = 0; i < argc; i++)
		inputs += strcmp(argv[i], "-") == 0;
	if (argc == 0)
		return err_set(e, ERR_USAGE, 0, "expected a script (see `hail run --help`)");
	if (inputs > 1)
		return err_set(e, ERR_USAGE, 0, "the standard input holds one script, not %zu",
		    inputs);
	if (tap && json)
		return err_set(e, ERR_USAGE, 0, "--tap and --json: one or the other");
	if (client_transport_given())
		return err_set(e, ERR_USAGE, 0, "-t: each `open` of a script says what it speaks");
	if (jobs < 1 || jobs > JOBS_MAX)
		return err_set(e, ERR_USAGE, 0, "--jobs: expected 1 to %d", JOBS_MAX);
	return script_options_take(e);
}

static int
run_scripts(struct run *r, int argc, char **argv, struct err *e)
{
	int code;

	r->count = (size_t)argc;
	r->scripts = calloc(r->count, sizeof *r->scripts);
	if (r->scripts == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for scripts");
	code = read_scripts(r, argv);
	if (code != EXIT_FINE)
		return code;
	return check ? tell_checked(r) : play_all(r, e);
}

static int
run(int argc, char **argv, char **rest)
{
	struct run r = {0};
	struct err e = {0};
	int result = -1;

	(void)rest;
	if (list)
		return list_words();
	if (check_options(argc, argv, &e) == 0)
		result = run_scripts(&r, argc, argv, &e);
	release(&r);
	if (result >= 0)
		return result;
	cmd_complain("%s", e.text);
	return err_exit_code(e.class);
}

const struct cmd cmd_run = {
	"run", "FILE...", "Plays scripts and fails on the first broken promise of each",
	groups,
	"`hail run --list` prints the words of the language; hail-script(5) has the rest.\n"
	"Exit status 1 is a broken promise, 2 a bad script, 3 a connection that was not had.",
	run,
};
