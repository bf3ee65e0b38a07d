#include "cli/cluster_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cluster_part.h"
#include "cli/cmd.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

enum {
	LINES_SHOWN = 10,
	PROBE_MS = 20,              /* between two questions to a part that is starting */
	START_S = 10,
	PART_GRACE_S = 3,
	COMMAND_GRACE_S = 5,
	ORPHANS_GRACE_S = 2,
};

int
cluster_watch_init(struct cluster_watch *w, struct cluster_part *parts, size_t count,
    struct err *e)
{
	sigset_t set;

	*w = (struct cluster_watch){.parts = parts, .count = count};
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN) {   /* it is ignored under nohup(1) */
		signal(SIGHUP, SIG_DFL);
		sigaddset(&set, SIGHUP);
	}
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &w->mask);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->signals < 0)
		return err_set(e, ERR_IO, errno, "signalfd: %s", strerror(errno));
	return 0;
}

void
cluster_watch_release(struct cluster_watch *w)
{
	close(w->signals);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
}

static struct cluster_part *
find_part(struct cluster_watch *w, pid_t pid)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->parts[i].pid == pid)
			return &w->parts[i];
	return NULL;
}

static void
reap(struct cluster_watch *w)
{
	struct cluster_part *part;
	char text[64];
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		part = find_part(w, pid);
		if (part != NULL) {
			cluster_part_ended(part, status);
			if (!part->up || w->ending)
				continue;
			cmd_complain("%s (pid %ld) ended with %s", part->name, (long)pid,
			    cluster_status_text(text, sizeof text, status));
			cluster_part_show(part, LINES_SHOWN);
		} else if (pid == w->command) {
			w->command = 0;
			w->command_status = status;
		}
	}
}

static void
note_stop(struct cluster_watch *w, int signal)
{
	if (w->command != 0 && (signal == SIGINT || signal == SIGQUIT))
		return;
	w->stop = signal;
	w->stops++;
}

void
cluster_watch_step(struct cluster_watch *w, int ms)
{
	struct pollfd fd = {.fd = w->signals, .events = POLLIN};
	struct signalfd_siginfo info;

	poll(&fd, 1, ms);
	while (read(w->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			note_stop(w, (int)info.ssi_signo);
	reap(w);
}

int
cluster_watch_until(struct cluster_watch *w, struct cluster_part *part,
    bool (*ready)(const struct cluster_part *part, const void *arg), const void *arg,
    struct err *e)
{
	uint64_t deadline = clock_ns() + START_S * NS_PER_S;
	char text[64];

	for (;;) {
		if (w->stop != 0)
			return err_set(e, ERR_INTERRUPTED, 0, "interrupted while starting");
		if (part->ended)
			return err_set(e, ERR_IO, 0, "%s did not start: it ended with %s",
			    part->name, cluster_status_text(text, sizeof text, part->status));
		if (ready(part, arg)) {
			part->up = true;
			return 0;
		}
		if (clock_ns() > deadline)
			return err_set(e, ERR_TIMEOUT, 0, "%s did not answer within %d s",
			    part->name, START_S);
		cluster_watch_step(w, PROBE_MS);
	}
}

static bool
any_runs(const struct cluster_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (parts[i].pid != 0)
			return true;
	return false;
}

static int
ms_until(uint64_t deadline)
{
	uint64_t now = clock_ns();

	return now >= deadline ? 0 : (int)((deadline - now) / NS_PER_MS) + 1;
}

/* Status 0, or dead by the signal it was sent, or the status that says so. */
static bool
ended_cleanly(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGTERM :
	    WEXITSTATUS(status) == EXIT_FINE || WEXITSTATUS(status) == 128 + SIGTERM ||
	    WEXITSTATUS(status) == EXIT_INTERRUPTED;
}

void
cluster_watch_end(struct cluster_watch *w, struct cluster_part *parts, size_t count)
{
	uint64_t deadline = clock_ns() + PART_GRACE_S * NS_PER_S;
	int stops = w->stops;
	char text[64];

	w->ending = true;
	for (size_t i = 0; i < count; i++)
		cluster_part_signal(&parts[i], SIGTERM);
	while (any_runs(parts, count) && w->stops == stops && ms_until(deadline) > 0)
		cluster_watch_step(w, ms_until(deadline));
	for (size_t i = 0; i < count; i++)
		cluster_part_signal(&parts[i], SIGKILL);
	while (any_runs(parts, count))
		cluster_watch_step(w, -1);
	for (size_t i = 0; i < count; i++)
		if (parts[i].up && parts[i].stopped && !ended_cleanly(parts[i].status)) {
			cmd_complain("%s ended with %s when it was told to stop",
			    parts[i].name,
			    cluster_status_text(text, sizeof text, parts[i].status));
			cluster_part_show(&parts[i], LINES_SHOWN);
		}
}

/* Sends `signal` to every child that is no part: what the command started and left behind came
 * to us. Returns how many there were. */
static int
signal_orphans(struct cluster_watch *w, int signal)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	int orphans = 0;
	long pid;

	if (children == NULL)
		return 0;
	while (fscanf(children, "%ld", &pid) == 1)
		if (find_part(w, (pid_t)pid) == NULL) {
			kill((pid_t)pid, signal);
			orphans++;
		}
	fclose(children);
	return orphans;
}

static void
end_orphans(struct cluster_watch *w)
{
	uint64_t deadline = clock_ns() + ORPHANS_GRACE_S * NS_PER_S;

	reap(w);
	if (signal_orphans(w, SIGTERM) == 0)
		return;
	while (signal_orphans(w, 0) > 0 && ms_until(deadline) > 0)
		cluster_watch_step(w, ms_until(deadline));
	/* Killing one may bring us its children. */
	while (signal_orphans(w, SIGKILL) > 0)
		cluster_watch_step(w, PROBE_MS);
}

int
cluster_watch_command(struct cluster_watch *w)
{
	uint64_t deadline = 0;
	int stops = w->stops;

	while (w->command != 0) {
		cluster_watch_step(w, deadline != 0 ? ms_until(deadline) : -1);
		if (w->command == 0)
			break;
		if (w->stops > stops) {
			kill(w->command, w->stop);
			deadline = clock_ns() + COMMAND_GRACE_S * NS_PER_S;
			stops = w->stops;
		}
		if (deadline != 0 && ms_until(deadline) == 0)
			kill(w->command, SIGKILL);
	}
	end_orphans(w);
	return WIFSIGNALED(w->command_status) ? 128 + WTERMSIG(w->command_status) :
	    WEXITSTATUS(w->command_status);
}
