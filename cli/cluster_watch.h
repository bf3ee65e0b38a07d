/* cluster_watch.h: the waiting of `hail cluster`: signals, ends of processes, and time.
 *
 * Signals that ask for an end are blocked and read from a descriptor, so nothing happens
 * between two statements. There is one watch in the program: it changes the signal mask and
 * makes the process the parent of orphans, so that nothing the user's command left behind
 * outlives it. */
#ifndef HAIL_CLI_CLUSTER_WATCH_H
#define HAIL_CLI_CLUSTER_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cluster_part;
struct err;

struct cluster_watch {
	struct cluster_part *parts;   /* lent by cluster_watch_init's caller */
	size_t count;
	int signals;                  /* a signalfd */
	sigset_t mask;                /* as it was before: what children get */
	pid_t command;                /* the user's command, 0 while none runs */
	int command_status;           /* as waitpid gave it, once command is 0 again */
	int stop;                     /* the last signal that asked for an end, else 0 */
	int stops;                    /* how many did */
	bool ending;                  /* ends of parts are no longer news */
};

int cluster_watch_init(struct cluster_watch *w, struct cluster_part *parts, size_t count,
    struct err *e);
void cluster_watch_release(struct cluster_watch *w);

/* Waits at most `ms` milliseconds (-1: without limit) for a signal or the end of a process and
 * takes note of it. A part that ends after it was `up` is reported on stderr. While the
 * command runs, the terminal's SIGINT and SIGQUIT are its affair and are not noted here. */
void cluster_watch_step(struct cluster_watch *w, int ms);

/* Waits until `ready(part, arg)`, and marks the part as up. -1: it ended before (ERR_IO), did
 * not get ready in 10 s (ERR_TIMEOUT), or a signal came (ERR_INTERRUPTED). */
int cluster_watch_until(struct cluster_watch *w, struct cluster_part *part,
    bool (*ready)(const struct cluster_part *part, const void *arg), const void *arg,
    struct err *e);

/* Ends `count` parts and waits for them: SIGTERM, and SIGKILL after 3 s or at the next signal
 * that asks for an end. Complains about a node that did not end cleanly. */
void cluster_watch_end(struct cluster_watch *w, struct cluster_part *parts, size_t count);

/* Waits for the command. A SIGTERM or SIGHUP is passed on to it, and it is killed when that
 * has not ended it in 5 s. What it left running is ended too. Returns its exit status, 128 + N
 * when it died by signal N. */
int cluster_watch_command(struct cluster_watch *w);

#endif
