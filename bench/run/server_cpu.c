#include "bench/run/server_cpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/report/verdict.h"
#include "bench/run/run.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

enum {
	STAT_MAX = 1024,
	/* Fields as the manual numbers them; the name is the second. */
	FIELD_STATE = 3, FIELD_USER = 14, FIELD_SYSTEM = 15, FIELD_STARTED = 22,
};

/* --- one line of the kernel's ------------------------------------------------------------ */

/* The name ends at the last ')': those within are its own. */
static const char *
take_name(struct server_stat *s, const char *text, const char *end)
{
	const char *open = memchr(text, '(', (size_t)(end - text));
	const char *close = memrchr(text, ')', (size_t)(end - text));
	size_t len;

	if (open == NULL || close == NULL || close < open || end - close < 2 || close[1] != ' ')
		return NULL;
	len = (size_t)(close - open - 1);
	len = len < sizeof s->name ? len : sizeof s->name - 1;
	memcpy(s->name, open + 1, len);
	s->name[len] = '\0';
	return close + 2;
}

/* A number that is all of a field. */
static bool
take_number(const char *field, const char *end, uint64_t *value)
{
	char *after;

	*value = strtoull(field, &after, 10);
	return after == end && *field >= '0' && *field <= '9';
}

static bool
take_field(struct server_stat *s, int number, const char *field, const char *end)
{
	uint64_t value = 0;

	if (number == FIELD_STATE)
		s->state = *field;
	else if (number != FIELD_USER && number != FIELD_SYSTEM && number != FIELD_STARTED)
		return true;
	else if (!take_number(field, end, &value))
		return false;
	if (number == FIELD_STARTED)
		s->started = value;
	else
		s->ticks += value;
	return true;
}

int
server_stat_parse(struct server_stat *s, const char *text, size_t len)
{
	char copy[STAT_MAX];
	const char *at;
	size_t field_len;

	if (len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*s = (struct server_stat){0};
	at = take_name(s, copy, copy + len);
	for (int number = FIELD_STATE; at != NULL && number <= FIELD_STARTED; number++) {
		field_len = strcspn(at, " ");
		if (field_len == 0 || at[field_len] == '\0' ||
		    !take_field(s, number, at, at + field_len))
			return -1;
		at += field_len + 1;
	}
	return at != NULL ? 0 : -1;
}

/* --- processes --------------------------------------------------------------------------- */

/* -1: there is no such process, or only what is left of it. */
static int
read_stat(int64_t pid, struct server_stat *s)
{
	char path[48], text[STAT_MAX];
	FILE *file;
	size_t len;

	snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	len = fread(text, 1, sizeof text, file);
	fclose(file);
	return server_stat_parse(s, text, len) == 0 && s->state != 'Z' && s->state != 'X' ? 0 : -1;
}

int
server_cpu_add(struct server_cpu *s, const char *pid, struct err *e)
{
	struct server_process *process = &s->list[s->count];
	uint64_t number;

	if (s->count == SERVER_CPU_MAX)
		return err_set(e, ERR_USAGE, 0, "--server-pid: at most %d", SERVER_CPU_MAX);
	if (!take_number(pid, pid + strlen(pid), &number) || number == 0 || number > INT32_MAX)
		return err_set(e, ERR_USAGE, 0, "--server-pid: '%.40s' is not the number of a "
		    "process", pid);
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].pid == (int64_t)number)
			return err_set(e, ERR_USAGE, 0, "--server-pid: %s was named before", pid);
	*process = (struct server_process){.pid = (int64_t)number};
	if (read_stat(process->pid, &process->last) != 0)
		return err_set(e, ERR_USAGE, 0, "--server-pid: there is no process %s here", pid);
	s->count++;
	return 0;
}

void
server_cpu_ready(struct server_cpu *s)
{
	for (size_t i = 0; i < s->count; i++) {
		s->list[i].ticks = 0;
		s->list[i].absent = s->list[i].gone;
	}
	s->running = false;
}

static void
read_process(struct server_process *p)
{
	struct server_stat now;

	if (p->gone)
		return;
	if (read_stat(p->pid, &now) == 0 && now.started == p->last.started)
		p->last = now;
	else
		p->gone = true;
}

static void
begin(struct server_cpu *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct server_process *p = &s->list[i];

		read_process(p);
		p->absent = p->gone;
		p->begun = p->last.ticks;
	}
	s->running = true;
}

static void
go_on(struct server_cpu *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct server_process *p = &s->list[i];
		uint64_t before = p->ticks;

		read_process(p);
		p->ticks = p->last.ticks - p->begun;
		p->total += p->ticks - before;
	}
}

void
server_cpu_follow(struct server_cpu *s, const struct run_progress *p)
{
	switch (p->phase) {
	case RUN_OPENING:
		break;
	case RUN_WARMUP:
	case RUN_LOADING:
	case RUN_DRAINING:
		if (s->running)
			go_on(s);
		else
			begin(s);
		break;
	case RUN_CLOSING:
	case RUN_OVER:
		if (s->running)
			go_on(s);
		s->running = false;
		break;
	}
}

/* --- results ----------------------------------------------------------------------------- */

static uint64_t
ticks_ns(uint64_t ticks)
{
	return ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

size_t
server_cpu_used(const struct server_cpu *s, bool all_runs, struct document_server *list)
{
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct server_process *p = &s->list[i];
		struct document_server *d = &list[count];

		if (p->absent && !(all_runs && p->total > 0))
			continue;
		*d = (struct document_server){.pid = p->pid,
		    .cpu_ns = ticks_ns(all_runs ? p->total : p->ticks)};
		snprintf(d->name, sizeof d->name, "%s", p->last.name);
		count++;
	}
	return count;
}

void
server_cpu_judge(const struct server_cpu *s, struct verdict *v)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct server_process *p = &s->list[i];

		if (p->gone)
			verdict_warn(v, "the server's process %" PRId64 " (%.40s) ended before the"
			    " load did: its processor time is what was read last", p->pid,
			    p->last.name);
	}
}
