/* child_test.c: commands of the shell beside a loop: their output, their end, and that of what they
 * left behind. */
#include "lib/script/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"
#include "tests/unit/tap.h"

enum { GUARD_S = 20 };

struct run {
	struct loop *loop;
	struct child *child;
	struct buf output;
	int status, ended;
	bool frees;                      /* from its own callback */
	unsigned turns;                  /* of the loop meanwhile */
	struct loop_timer guard, tick;
};

static void
ended(void *ctx, int status, struct slice output)
{
	struct run *r = ctx;

	r->status = status;
	r->ended++;
	buf_add(&r->output, output.data, output.len);
	if (r->frees) {
		child_free(r->child);
		r->child = NULL;
	}
	loop_stop(r->loop);
}

static void
give_up(evutil_socket_t fd, short events, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)events;
	loop_stop(r->loop);
}

static void
tick(evutil_socket_t fd, short events, void *ctx)
{
	struct run *r = ctx;

	(void)fd;
	(void)events;
	r->turns++;
	loop_timer_set(&r->tick, NS_PER_MS);
}

static void
set_up(struct run *r)
{
	struct err e;

	r->loop = loop_new(&e);
	buf_init(&r->output, 4 << 20);
	loop_timer_init(&r->guard, r->loop, give_up, r);
	loop_timer_init(&r->tick, r->loop, tick, r);
	loop_timer_set(&r->guard, GUARD_S * NS_PER_S);
	loop_timer_set(&r->tick, 0);
}

static void
start(struct run *r, const char *command)
{
	static const struct child_events events = {ended};
	struct err e = {0};

	r->child = child_new(r->loop, command, &events, r, &e);
	tap_ok(r->child != NULL && r->ended == 0, "%.60s: begun %s", command, e.text);
}

static void
tear_down(struct run *r)
{
	loop_timer_clear(&r->guard);
	loop_timer_clear(&r->tick);
	child_free(r->child);
	loop_free(r->loop);
	buf_release(&r->output);
}

/* `status`: of exit, or minus the signal. */
static void
check(const char *command, int status, const char *output)
{
	struct run r = {0};
	int got;

	set_up(&r);
	start(&r, command);
	loop_run(r.loop, NULL);
	got = WIFEXITED(r.status) ? WEXITSTATUS(r.status) : -WTERMSIG(r.status);
	tap_int(r.ended, 1, "it ended once");
	tap_int(got, status, command);
	tap_bytes(r.output.data, r.output.len, output, strlen(output), command);
	tear_down(&r);
}

static void
test_ends(void)
{
	check("true", 0, "");
	check("exit 7", 7, "");
	check("printf 'a\\nb'", 0, "a\nb");
	check("printf a; printf b >&1; exit 1", 1, "ab");
	check("kill -TERM $$", -SIGTERM, "");
	check("no-such-command-here 2>/dev/null", 127, "");
	check("cat", 0, "");
	check("(printf in; sleep 0.05; printf out)", 0, "inout");
	check("echo \"$0 $#\"", 0, "sh 0\n");
}

/* What the shell left in the background holds the pipe, and nobody waits for it. */
static void
test_background(void)
{
	struct run r = {0};
	uint64_t began = clock_ns();
	pid_t left;

	set_up(&r);
	start(&r, "sleep 5 & echo $!");
	loop_run(r.loop, NULL);
	tap_int(r.ended, 1, "a background process is not waited for");
	tap_ok(clock_ns() - began < 3 * NS_PER_S, "at once");
	buf_add(&r.output, "", 1);
	left = (pid_t)strtol((char *)r.output.data, NULL, 10);
	tap_ok(left > 1 && kill(left, SIGKILL) == 0, "and goes on");
	tear_down(&r);
}

static void
test_large_output(void)
{
	struct run r = {0};

	set_up(&r);
	start(&r, "head -c 3000000 /dev/zero; exit 2");
	loop_run(r.loop, NULL);
	tap_int((long long)r.output.len, CHILD_OUTPUT_MAX, "of much output the beginning is kept");
	tap_int(WEXITSTATUS(r.status), 2, "and the command ends all the same");
	tear_down(&r);
}

static void
test_loop_goes_on(void)
{
	struct run r = {.frees = true};

	set_up(&r);
	start(&r, "sleep 0.1");
	loop_run(r.loop, NULL);
	tap_ok(r.turns > 20, "the loop goes on meanwhile (%u turns)", r.turns);
	tap_ok(r.child == NULL, "it can be freed when it tells that it ended");
	tear_down(&r);
}

/* Whether a process is there, and no zombie. */
static bool
lives(pid_t pid)
{
	char path[64], text[256] = "";
	int fd;
	ssize_t n;
	const char *state;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	if (fd >= 0)
		close(fd);
	state = n > 0 ? strrchr(text, ')') : NULL;
	return state != NULL && state[2] != 'Z';
}

static void
first_line(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	loop_stop(ctx);
}

/* Freeing it kills all of its group: the shell, and what that has started. */
static void
test_killed(void)
{
	struct run r = {0};
	int ends[2];
	char command[200], text[32] = "";
	struct event event;
	pid_t inner;

	set_up(&r);
	if (pipe(ends) != 0)
		abort();
	snprintf(command, sizeof command, "sleep 100 & echo $! >/dev/fd/%d; wait", ends[1]);
	start(&r, command);
	event_assign(&event, loop_base(r.loop), ends[0], EV_READ, first_line, r.loop);
	event_add(&event, NULL);
	loop_run(r.loop, NULL);
	event_del(&event);
	tap_ok(read(ends[0], text, sizeof text - 1) > 0, "it has begun");
	inner = (pid_t)strtol(text, NULL, 10);
	tap_ok(inner > 1 && lives(inner), "with a process of its own");
	child_free(r.child);
	r.child = NULL;
	for (int i = 0; i < 1000 && lives(inner); i++)
		usleep(1000);
	tap_ok(!lives(inner), "which is killed, too");
	tap_int(r.ended, 0, "nothing is told");
	close(ends[0]);
	close(ends[1]);
	tear_down(&r);
}

/* Other children of this process are none of its business. */
static void
test_others(void)
{
	struct run r = {0};
	pid_t other = fork();
	int status = 0;

	if (other == 0)
		_exit(9);
	set_up(&r);
	start(&r, "true");
	loop_run(r.loop, NULL);
	tear_down(&r);
	tap_ok(waitpid(other, &status, 0) == other && WEXITSTATUS(status) == 9,
	    "another child is left to whoever started it");
}

static void
test_signals(void)
{
	struct run r = {0};

	set_up(&r);
	start(&r, "kill -PIPE $$; exit 5");
	loop_run(r.loop, NULL);
	tap_ok(WIFSIGNALED(r.status) && WTERMSIG(r.status) == SIGPIPE,
	    "signals that we ignore are not ignored there");
	tear_down(&r);
}

int
main(void)
{
	test_ends();
	test_background();
	test_large_output();
	test_loop_goes_on();
	test_killed();
	test_others();
	test_signals();
	return tap_done();
}
