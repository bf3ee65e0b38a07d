/* server_cpu_test.c: what the kernel says of a process, and what becomes of it in a run. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/report/verdict.h"
#include "bench/run/run.h"
#include "bench/run/server_cpu.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "tests/unit/tap.h"

/* Fields 4 to 22 and more: 14 is 250, 15 is 50, 22 is 987654. */
#define REST \
	" 1 2 3 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 5 0 987654 1000 200 18446744073709551615\n"

static const struct {
	const char *text, *name;
	char state;
} good[] = {
	{"4711 (hail) S" REST, "hail", 'S'},
	{"4711 ((a) b) R" REST, "(a) b", 'R'},
	{"4711 () S" REST, "", 'S'},
	{"4711 ()) S 1 2 () Z" REST, ")) S 1 2 (", 'Z'},
	{"4711 (a\nb) S" REST, "a\nb", 'S'},
	{"4711 (\xff) S 1) D" REST, "\xff) S 1", 'D'},
	{"4711 (a name of a kernel's that goes on and on, and on, and on, and on and on) I" REST,
	    "a name of a kernel's that goes on and on, and on, and on, and o", 'I'},
};

static void
test_good(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		size_t len = strlen(good[i].text);
		char *guarded = tap_guard(good[i].text, len);
		struct server_stat s = {.ticks = 5};
		int result = server_stat_parse(&s, guarded, len);

		tap_ok(result == 0 && strcmp(s.name, good[i].name) == 0 &&
		    s.state == good[i].state && s.ticks == 300 && s.started == 987654,
		    "parsed: number %zu", i);
		tap_guard_free(guarded, len);
	}
}

static void
test_bad(void)
{
	static const char *const bad[] = {
		"", "4711", "4711 hail S" REST, "4711 )hail( S" REST, "4711 (hail S" REST,
		"4711 hail) S" REST, "4711 (hail)S" REST, "4711 (hail)", "4711 (hail) ",
		"4711 (hail) S 1 2 3", "4711 (hail)  S" REST,
		"4711 (hail) S 1 2 3 0 -1 4194304 100 0 0 0 x 50 7 8 20 0 5 0 987654 1",
		"4711 (hail) S 1 2 3 0 -1 4194304 100 0 0 0 250 -50 7 8 20 0 5 0 987654 1",
		"4711 (hail) S 1 2 3 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 5 0 9k 1",
	};
	struct server_stat s;
	char longest[4096];
	size_t end = (size_t)(strstr(good[0].text, "987654") + 6 - good[0].text);
	bool cut = true;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char *guarded = tap_guard(bad[i], strlen(bad[i]));

		tap_ok(server_stat_parse(&s, guarded, strlen(bad[i])) == -1, "refused: number %zu",
		    i);
		tap_guard_free(guarded, strlen(bad[i]));
	}
	memset(longest, ')', sizeof longest);
	tap_int(server_stat_parse(&s, longest, sizeof longest), -1, "far too long");
	tap_int(server_stat_parse(&s, "1 (\0) S" REST, 9 + sizeof REST), -1, "a NUL");
	for (size_t len = 0; len <= end; len++)
		cut = cut && server_stat_parse(&s, good[0].text, len) == -1;
	tap_ok(cut, "cut short anywhere before the end of what counts");
}

/* --- processes ------------------------------------------------------------------------ */

static void
test_adding(void)
{
	static const char *const bad[] = {"", "0", "-1", "+5", "5 ", "x", "99999999999999999999",
	    "2147483647"};
	struct server_cpu s = {0};
	struct err e = {0};
	char self[24];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		tap_ok(server_cpu_add(&s, bad[i], &e) == -1 && e.class == ERR_USAGE &&
		    strstr(e.text, "--server-pid: ") == e.text, "refused: '%s'", bad[i]);
	snprintf(self, sizeof self, "%ld", (long)getpid());
	tap_int(server_cpu_add(&s, self, &e), 0, "this process");
	tap_text(s.list[0].last.name, "server_cpu_test", "… has its name");
	tap_ok(server_cpu_add(&s, self, &e) == -1 && strstr(e.text, "before") != NULL,
	    "… and is taken once");
	tap_int((long long)s.count, 1, "one was taken");
}

static void
follow(struct server_cpu *s, enum run_phase phase)
{
	server_cpu_follow(s, &(struct run_progress){.phase = phase});
}

/* Until some ticks of the clock were used. */
static void
use_ticks(void)
{
	uint64_t begun = clock_cpu_ns();

	while (clock_cpu_ns() - begun < 50 * NS_PER_MS)
		;
}

static void
test_load(void)
{
	struct server_cpu s = {0};
	struct document_server list[SERVER_CPU_MAX];
	struct verdict v = {.valid = true};
	uint64_t first;
	char self[24];

	snprintf(self, sizeof self, "%ld", (long)getpid());
	server_cpu_add(&s, self, NULL);
	use_ticks();
	server_cpu_ready(&s);
	follow(&s, RUN_OPENING);
	follow(&s, RUN_WARMUP);
	tap_ok(server_cpu_used(&s, false, list) == 1 && list[0].cpu_ns == 0,
	    "what is used before the load does not count");
	use_ticks();
	follow(&s, RUN_LOADING);
	use_ticks();
	follow(&s, RUN_DRAINING);
	use_ticks();
	follow(&s, RUN_CLOSING);
	use_ticks();
	follow(&s, RUN_OVER);
	server_cpu_used(&s, false, list);
	first = list[0].cpu_ns;
	tap_ok(first >= 120 * NS_PER_MS && first < 200 * NS_PER_MS && list[0].pid == getpid(),
	    "three times 50 ms under load");
	server_cpu_ready(&s);
	server_cpu_used(&s, false, list);
	tap_ok(list[0].cpu_ns == 0, "the next run begins with nothing");
	follow(&s, RUN_LOADING);
	use_ticks();
	follow(&s, RUN_CLOSING);
	server_cpu_used(&s, true, list);
	tap_ok(list[0].cpu_ns >= first + 30 * NS_PER_MS, "both runs together");
	server_cpu_judge(&s, &v);
	tap_int((long long)v.warnings.count, 0, "nobody went away");
}

static void
test_going(void)
{
	struct server_cpu s = {0};
	struct document_server list[SERVER_CPU_MAX];
	struct verdict v = {.valid = true};
	pid_t child = fork();
	char number[24];

	if (child == 0)
		for (;;)
			pause();
	snprintf(number, sizeof number, "%ld", (long)child);
	tap_int(server_cpu_add(&s, number, NULL), 0, "a child");
	server_cpu_ready(&s);
	follow(&s, RUN_LOADING);
	kill(child, SIGKILL);
	waitid(P_PID, (id_t)child, &(siginfo_t){0}, WEXITED | WNOWAIT);
	follow(&s, RUN_CLOSING);
	tap_ok(server_cpu_used(&s, false, list) == 1 && list[0].pid == child,
	    "one that ended under load is listed");
	server_cpu_judge(&s, &v);
	tap_ok(v.warnings.count == 1 && strstr(v.warnings.text[0], number) != NULL,
	    "… and told of");
	tap_ok(server_cpu_add(&(struct server_cpu){0}, number, NULL) == -1,
	    "what is left of a process is none");
	waitpid(child, NULL, 0);
	server_cpu_ready(&s);
	follow(&s, RUN_LOADING);
	follow(&s, RUN_CLOSING);
	tap_int((long long)server_cpu_used(&s, false, list), 0, "in the next run it is absent");
}

int
main(void)
{
	test_good();
	test_bad();
	test_adding();
	test_load();
	test_going();
	return tap_done();
}
