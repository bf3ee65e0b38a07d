/* server_cpu.h: the processor time that servers' own processes use while the load lasts, where
 * they run on this machine. */
#ifndef HAIL_RUN_SERVER_CPU_H
#define HAIL_RUN_SERVER_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/document.h"

struct err;
struct run_progress;
struct verdict;

enum { SERVER_CPU_MAX = 64 };

/* What /proc/PID/stat says (proc_pid_stat(5)). */
struct server_stat {
	char name[64];                   /* of the program; it may hold anything but NUL */
	char state;
	uint64_t ticks;                  /* user and system time of all threads, no children's */
	uint64_t started;                /* tells a process from a later one of the same number */
};

/* Parses it. -1: it is none. */
int server_stat_parse(struct server_stat *s, const char *text, size_t len);

struct server_cpu {
	size_t count;
	bool running;                    /* the load lasts */
	struct server_process {
		int64_t pid;
		struct server_stat last;     /* as it was read last */
		uint64_t begun;              /* its ticks when the load began */
		uint64_t ticks, total;       /* under the load of the last run, of all runs */
		bool gone;                   /* before the load ended */
		bool absent;                 /* before it began */
	} list[SERVER_CPU_MAX];
};

/* Adds a process by its number. -1 with class ERR_USAGE when it makes no sense or there is none. */
int server_cpu_add(struct server_cpu *s, const char *pid, struct err *e);

/* A run is about to begin. */
void server_cpu_ready(struct server_cpu *s);

/* Reads what there is to read at this point of a run; for run_params.progress. */
void server_cpu_follow(struct server_cpu *s, const struct run_progress *p);

/* Of the last run, or of all: those that were there when the load began. Returns how many;
 * `list` has room for SERVER_CPU_MAX. */
size_t server_cpu_used(const struct server_cpu *s, bool all_runs, struct document_server *list);

/* Warns of those that are gone, be it since an earlier run. */
void server_cpu_judge(const struct server_cpu *s, struct verdict *v);

#endif
