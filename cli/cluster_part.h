/* cluster_part.h: one process that `hail cluster` keeps: Redis, a node or the load balancer.
 *
 * A part runs in a process group of its own, so that Ctrl-C on the terminal reaches only the
 * user's command, and dies with the supervisor, even when that is killed (PR_SET_PDEATHSIG).
 * What it prints goes to a file and is shown only when something went wrong. */
#ifndef HAIL_CLI_CLUSTER_PART_H
#define HAIL_CLI_CLUSTER_PART_H

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct err;

struct cluster_part {
	char name[16];            /* "redis", "n1", "lb" */
	char output[PATH_MAX];    /* where its stdout and stderr go */
	pid_t pid;                /* 0 before the start and after the end was noticed */
	int status;               /* as waitpid gave it, once `ended` */
	bool ended;
	bool up;                  /* it has answered once; set by the supervisor */
	bool stopped;             /* it was sent a signal by cluster_part_signal */
};

/* How a child begins its life, the same for parts and for the user's command: with the signal
 * mask `mask`, and with `signal` as soon as the supervisor is gone. Called after fork, before
 * exec; `supervisor` is the pid of the process that forked. */
void cluster_child_begin(pid_t supervisor, const sigset_t *mask, int signal);

/* Starts argv[0], found in PATH or in the directories of system programs; argv ends with NULL.
 * `name` is copied; the output goes to `directory`/`name`.log. -1 with class ERR_IO: no
 * process could be made. That the program cannot be run shows as an early end, status 127. */
int cluster_part_start(struct cluster_part *part, const char *name, const char *directory,
    const char *const *argv, const sigset_t *mask, struct err *e);

/* Notes that the process is gone; `status` is waitpid's. */
void cluster_part_ended(struct cluster_part *part, int status);

/* Asks it to end, with SIGTERM or SIGKILL. Does nothing when it does not run. */
void cluster_part_signal(struct cluster_part *part, int signal);

/* "status 3" or "signal 9 (Killed)"; returns `into`. */
const char *cluster_status_text(char *into, size_t size, int status);

/* Prints the last `lines` lines that the part wrote, each behind its name, to stderr. */
void cluster_part_show(const struct cluster_part *part, int lines);

/* The port that a node announced in its output ("… listening on http://HOST:PORT"); 0 while
 * it has not. */
uint16_t cluster_part_port(const struct cluster_part *part);

/* The path of a program in PATH, /usr/local/sbin, /usr/sbin or /sbin (where Debian keeps
 * haproxy, outside a user's PATH). False when there is none. */
bool cluster_find_program(const char *name, char *path, size_t size);

#endif
