/* progress.h: the line on stderr that shows a bench run while it runs. */
#ifndef HAIL_CLI_PROGRESS_H
#define HAIL_CLI_PROGRESS_H

struct run_progress;

/* On a terminal one line is kept up to date; elsewhere each phase is one line. */
void progress_show(const struct run_progress *p);

/* Leaves the terminal clean. */
void progress_end(void);

#endif
