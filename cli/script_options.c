#include "cli/script_options.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cmd.h"
#include "cli/run_env.h"
#include "cli/run_failure.h"
#include "cli/show.h"
#include "cli/tty.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/script/script.h"

enum { LIMIT_S = 5 };            /* of an expectation, when nobody says */

static struct opt_list defines;
static const char *env_file, *root;
static bool allow_exec;
static struct script_define *taken;  /* of defines, … */
static size_t taken_count;
static const char *url;              /* … and {url} */

const struct opt script_options_rows[] = {
	{"define", 'D', OPT_LIST, &defines, "NAME=VALUE", "set a variable; repeatable", 0},
	{"env-file", 0, OPT_TEXT, &env_file, "FILE",
	    "lines of NAME=VALUE for {env:NAME}, behind the environment", 0},
	{"root", 0, OPT_TEXT, &root, "DIR",
	    "scripts may read files of this folder (the script's own)", 0},
	{"allow-exec", 0, OPT_FLAG, &allow_exec, NULL, "scripts may run commands", 0},
	{0},
};

/* --- options ------------------------------------------------------------------------------ */

static int
take_define(struct script_define *d, const char *text, struct err *e)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text)
		return err_set(e, ERR_USAGE, 0, "--define: expected NAME=VALUE, not '%.100s'",
		    text);
	d->name = strndup(text, (size_t)(equals - text));
	d->value = equals + 1;
	return d->name != NULL ? 0 : err_set(e, ERR_MEMORY, 0, "no memory for options");
}

int
script_options_take(struct err *e)
{
	taken = calloc(defines.count + 1, sizeof *taken);
	if (taken == NULL)
		return err_set(e, ERR_MEMORY, 0, "no memory for options");
	for (size_t i = 0; i < defines.count; i++)
		if (strncmp(defines.items[i], "url=", 4) == 0)
			url = defines.items[i] + 4;
		else if (take_define(&taken[taken_count++], defines.items[i], e) != 0)
			return -1;
	return env_file != NULL ? run_env_read(env_file, e) : 0;
}

void
script_options_release(void)
{
	for (size_t i = 0; taken != NULL && taken[i].name != NULL; i++)
		free((char *)(uintptr_t)taken[i].name);
	free(taken);
	taken = NULL;
	taken_count = 0;
	opt_list_release(&defines);
	run_env_release();
}

const char *
script_options_url(void)
{
	return url;
}

struct client_options
script_options_client(void)
{
	struct client_options o = client_options_taken();

	if (!client_timeout_given())
		o.open_timeout = LIMIT_S * NS_PER_S;
	return o;
}

/* --- reading ------------------------------------------------------------------------------ */

/* All of the standard input. */
static struct script *
read_input(const struct script_params *params, struct script_errors *errors)
{
	struct script *script = NULL;
	struct buf text;
	uint8_t *room;
	ssize_t n = 1;

	buf_init(&text, SCRIPT_FILE_MAX);
	while (n > 0 && (room = buf_reserve(&text, 65536)) != NULL) {
		n = read(STDIN_FILENO, room, 65536);
		text.len += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n == 0) {
		script = script_parse("(standard input)", (struct slice){(char *)text.data,
		    text.len}, ".", params, errors);
	} else {
		errors->count = 1;
		errors->items[0] = (struct script_error){.file = "(standard input)"};
		snprintf(errors->items[0].text, sizeof errors->items[0].text, "%s",
		    n < 0 ? strerror(errno) : "expected at most 16 MiB");
	}
	buf_release(&text);
	return script;
}

static void
tell_errors(const struct script_errors *errors, int color)
{
	struct show show = {.color = tty_wants_color(STDERR_FILENO, color), .raw_json = true,
	    .time = SHOW_NO_TIME};
	struct buf text;

	buf_init(&text, SIZE_MAX / 4);
	run_errors_text(&show, &text, errors);
	fwrite(text.data != NULL ? (char *)text.data : "", 1, text.len, stderr);
	buf_release(&text);
}

struct script *
script_options_read(const char *path, bool new_snapshots, int color)
{
	const struct script_params params = {.defines = taken, .define_count = taken_count,
	    .root = root, .allow_exec = allow_exec, .new_snapshots = new_snapshots,
	    .environment = run_env_get};
	struct script_errors *errors = calloc(1, sizeof *errors);
	struct script *script = NULL;

	if (errors == NULL) {
		cmd_complain("%s: no memory to read it", path);
		return NULL;
	}
	script = strcmp(path, "-") == 0 ? read_input(&params, errors) :
	    script_read(path, &params, errors);
	if (script == NULL)
		tell_errors(errors, color);
	free(errors);
	return script;
}
