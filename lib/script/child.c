/*   RUNNING ──the shell has ended──► what it has printed is read ──► ended
 *
 * What the shell left in the background may hold the pipe open: nobody waits for that. */
#include "lib/script/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/loop/loop.h"

enum {
	READ_SIZE = 16384,
	READS_A_TURN = 16,
	LOOK_MS = 10,                    /* between looks whether it has ended, where the kernel
	                                  * does not tell */
};

struct child {
	struct loop *loop;
	const struct child_events *events;
	void *ctx;
	pid_t pid;                       /* 0: it is reaped */
	int pidfd;                       /* -1: there are none here */
	int pipe;                        /* -1: all of it is read */
	struct buf output;
	struct event printed, exited;
	struct loop_timer look;
};

/* --- what it prints ---------------------------------------------------------------------- */

/* What is too much is read all the same, or it would never end. */
static void
keep(struct child *c, const char *data, size_t len)
{
	size_t room = CHILD_OUTPUT_MAX - c->output.len;

	buf_add(&c->output, data, len < room ? len : room);
}

static void
end_pipe(struct child *c)
{
	if (c->pipe < 0)
		return;
	event_del(&c->printed);
	close(c->pipe);
	c->pipe = -1;
}

/* Reads what is there, so many times at most. */
static void
read_pipe(struct child *c, int times)
{
	char bytes[READ_SIZE];
	ssize_t n = 1;

	while (c->pipe >= 0 && times-- > 0 && n > 0) {
		n = read(c->pipe, bytes, sizeof bytes);
		if (n > 0)
			keep(c, bytes, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			end_pipe(c);
	}
}

static void
printed(evutil_socket_t fd, short events, void *ctx)
{
	(void)fd;
	(void)events;
	read_pipe(ctx, READS_A_TURN);
}

/* --- its end ----------------------------------------------------------------------------- */

static void
stop_watching(struct child *c)
{
	end_pipe(c);
	loop_timer_clear(&c->look);
	if (c->pidfd < 0)
		return;
	event_del(&c->exited);
	close(c->pidfd);
	c->pidfd = -1;
}

static void
exited(evutil_socket_t fd, short events, void *ctx)
{
	struct child *c = ctx;
	pid_t pid;
	int status = 0;

	(void)fd;
	(void)events;
	pid = waitpid(c->pid, &status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR)) {
		if (c->pidfd < 0)
			loop_timer_set(&c->look, LOOK_MS * NS_PER_MS);
		return;
	}
	if (pid < 0)                     /* somebody else has reaped it */
		status = 127 << 8;
	c->pid = 0;
	read_pipe(c, CHILD_OUTPUT_MAX / READ_SIZE + READS_A_TURN);
	stop_watching(c);
	c->events->ended(c->ctx, status, (struct slice){c->output.len > 0 ?
	    (const char *)c->output.data : "", c->output.len});
}

/* --- its beginning ----------------------------------------------------------------------- */

/* Signals are as in any other program, whatever we made of them. */
static int
set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
	    POSIX_SPAWN_SETSIGMASK) | posix_spawnattr_setpgroup(a, 0) |
	    posix_spawnattr_setsigmask(a, &none) | posix_spawnattr_setsigdefault(a, &all);
}

static int
spawn(pid_t *pid, const char *command, int output)
{
	char *argv[] = {"sh", "-c", (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed;

	failed = posix_spawn_file_actions_init(&actions);
	if (failed)
		return failed;
	failed = posix_spawnattr_init(&attributes);
	if (!failed) {
		failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) |
		    posix_spawn_file_actions_adddup2(&actions, output, 1) |
		    set_attributes(&attributes);
		if (!failed)
			failed = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static void
watch(struct child *c)
{
	struct event_base *base = loop_base(c->loop);

	event_assign(&c->printed, base, c->pipe, EV_READ | EV_PERSIST, printed, c);
	event_add(&c->printed, NULL);
	loop_timer_init(&c->look, c->loop, exited, c);
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd >= 0) {
		fcntl(c->pidfd, F_SETFD, FD_CLOEXEC);
		event_assign(&c->exited, base, c->pidfd, EV_READ | EV_PERSIST, exited, c);
		event_add(&c->exited, NULL);
	} else {
		loop_timer_set(&c->look, LOOK_MS * NS_PER_MS);
	}
}

/* The end that is written to must be none of the three that the shell begins with, and, as it does
 * not know that it is a pipe, one that blocks. */
static int
open_pipe(int ends[2])
{
	int higher;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	if (ends[1] <= 2) {
		higher = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
		close(ends[1]);
		ends[1] = higher;
	}
	return ends[1] < 0 ? -1 : fcntl(ends[1], F_SETFL, 0);
}

struct child *
child_new(struct loop *l, const char *command, const struct child_events *events, void *ctx,
    struct err *e)
{
	struct child *c = calloc(1, sizeof *c);
	int ends[2] = {-1, -1}, failed;

	if (c == NULL) {
		err_set(e, ERR_MEMORY, 0, "no memory to run a command");
		return NULL;
	}
	failed = open_pipe(ends) != 0 ? errno : spawn(&c->pid, command, ends[1]);
	if (ends[1] >= 0)
		close(ends[1]);
	if (failed) {
		err_set(e, ERR_IO, failed, "cannot run a command: %s", strerror(failed));
		if (ends[0] >= 0)
			close(ends[0]);
		free(c);
		return NULL;
	}
	c->loop = l;
	c->events = events;
	c->ctx = ctx;
	c->pipe = ends[0];
	buf_init(&c->output, CHILD_OUTPUT_MAX);
	watch(c);
	return c;
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	stop_watching(c);
	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	buf_release(&c->output);
	free(c);
}
